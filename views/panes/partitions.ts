import type {KeyKind, Point} from '../../source/bounds.ts';
import {levelOf} from '../../source/limits.ts';
import type {Answers, Check, Hit, Input, Level, Limit, Line, Pane, Row, Section, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {nowOn, reachOf, siblingsOf} from '../../source/partition-choice.ts';
import {coveredUntil, type Layout, layoutOf} from '../../source/partitions.ts';
import {secondsOf, stepName, stepOf} from '../../source/steps.ts';
import {literalOf, wallText} from '../../source/zone.ts';
import {about, bytes, count, duration, plain, unknown} from '../format.ts';
import {moveOut, newPartitions, oldPartitions} from './partition-actions.ts';

/** One row of queries/partitions.sql: a partitioned table. `bounds` is JSON: [name, bound or null, detaching, oid][]. */
export type PartitionsRow = {
	readonly server_time: number;
	readonly oid: string;
	readonly schema: string;
	readonly name: string;
	readonly relation: string;
	readonly parent: string | null;
	/** Null where the key begins with another column than its parent's, or it has no parent. */
	readonly own_bound: string | null;
	readonly strategy: string;
	readonly key: string | null;
	readonly key_types: string | null;
	readonly partitions: number;
	readonly detaching: number;
	/** Somebody holds or awaits it exclusively: then its key is not asked for. */
	readonly locked: boolean;
	readonly rows: number;
	readonly bytes: number;
	readonly bounds: string;
	readonly default_name: string | null;
	readonly default_rows: number | null;
	readonly key_last: number | null;
	readonly owner: string;
	readonly owned: boolean;
	readonly bounds_zone: string;
};
export type Partitioned = PartitionsRow & {
	readonly kind: string;
	/** `monthly`; null where no step can be told. */
	readonly step: string | null;
	readonly step_s: number | null;
	readonly first: string | null;
	readonly last: string | null;
	readonly until: string | null;
	/** Seconds from now on in which each row finds its partition; 0 when now has none; null for keys without time, infinite ones included. */
	readonly covered_s: number | null;
	/** Seconds since the end of the last partition; 0 while that is ahead. */
	readonly ended_s: number;
	readonly gaps: number;
	readonly note: string;
};

/** Zones in which the bounds may have been thought: the server's, UTC. */
function zonesOf(input: Input): readonly string[] {
	return [...new Set([input.facts[input.watched]?.timezone ?? 'UTC', 'UTC'])];
}

function derive(rows: readonly PartitionsRow[], input: Input): readonly Row[] {
	const zones = zonesOf(input);
	return rows.map(row => {
		const {layout, step} = read(row, zones);
		const zone = 'zone' in step && layout.kind === 'timestamptz' ? step.zone : 'UTC';
		const now = nowOn(row, layout.kind, zones[0]!);
		const reach = reachOf(row, layout.kind);
		// Of one that is made ahead the first rows count, not those of now.
		const since = now !== null && now < reach.from ? reach.from : now;
		const until = since === null ? null : coveredUntil(layout.spans, since);
		const isWhole = now !== null && (now >= reach.to || (until !== null && until >= reach.to));
		const show = (point: Point | undefined) => (point === undefined ? null : pointText(point, layout.kind, zone));
		const last = layout.spans.reduce<Point | undefined>((most, span) => (most === undefined || span.to > most ? span.to : most), undefined);
		return {
			...row,
			kind: layout.kind,
			step: 'refused' in step ? null : stepName(step),
			step_s: 'refused' in step ? null : secondsOf(step),
			first: show(layout.spans[0]?.from),
			last: show(last),
			until: until === null ? null : show(until),
			covered_s: layout.kind === 'integer' || now === null || isWhole || layout.spans.length === 0 ? null : coveredFor(until, now),
			ended_s: endedFor(layout.kind, last, now),
			gaps: layout.strategy === 'h' ? layout.missing.length : layout.gaps.length,
			note: noteOf(row, layout, isWhole ? now : until, now, zone),
		};
	});
}

type Read = {readonly bounds: string; readonly zones: string; readonly layout: Layout; readonly step: ReturnType<typeof stepOf>};
/** Bounds seldom change, and 20,000 of them take 100 ms to read. */
const cache = new Map<string, Read>();

function read(row: PartitionsRow, zones: readonly string[]): Read {
	const key = `${row.oid} ${row.relation}`;
	const known = cache.get(key);
	if (known?.bounds === row.bounds && known.zones === zones.join()) return known;
	const layout = layoutOf(row.strategy, row.key_types, siblingsOf(row));
	const fresh = {bounds: row.bounds, zones: zones.join(), layout, step: stepOf(layout.spans, layout.kind, zones)};
	if (cache.size > 1000) cache.clear();
	cache.set(key, fresh);
	return fresh;
}

function coveredFor(until: Point | null, now: Point): number | null {
	if (until === null) return 0;
	return until === Number.POSITIVE_INFINITY ? null : (Number(until) - Number(now)) / 1000;
}

function endedFor(kind: KeyKind, last: Point | undefined, now: Point | null): number {
	if (kind === 'integer' || last === undefined || now === null || !Number.isFinite(Number(last))) return 0;
	return Math.max(0, (Number(now) - Number(last)) / 1000);
}

function pointText(point: Point, kind: KeyKind, zone: string): string {
	if (point === Number.POSITIVE_INFINITY) return 'MAXVALUE';
	if (point === Number.NEGATIVE_INFINITY) return 'MINVALUE';
	if (typeof point === 'bigint') return String(point);
	return (kind === 'timestamptz' ? literalOf(point, zone) : wallText(point)).replace(/ 00:00:00(?:[+-][\d:]+)?$/, '');
}

function noteOf(row: PartitionsRow, layout: Layout, until: Point | null, now: Point | null, zone: string): string {
	const notes: string[] = [];
	if (layout.spans.length > 0 && now !== null && until === null)
		notes.push(layout.hasDefault ? 'rows of now go to the default partition' : 'rows of now find no partition');
	const gap = layout.gaps[0];
	if (gap)
		notes.push(
			`gap ${pointText(gap.from, layout.kind, zone)} to ${pointText(gap.to, layout.kind, zone)}${layout.gaps.length > 1 ? ` and ${layout.gaps.length - 1} more` : ''}`,
		);
	if (layout.missing.length > 0) notes.push(`no partition for remainder ${layout.missing.slice(0, 5).join(', ')} of ${layout.modulus}`);
	if (row.default_rows !== null && row.default_rows > 0) notes.push(`about ${count(row.default_rows)} rows in ${row.default_name}`);
	if (row.detaching > 0) notes.push(`${row.detaching} half detached: alter table ... detach partition ... finalize`);
	if (row.locked) notes.push('locked exclusively');
	if (layout.strange > 0) notes.push(`${layout.strange} bounds are neither times nor integers`);
	if (layout.strategy === 'l') notes.push(`${layout.values} values named`);
	return notes.join('; ');
}

function hits(input: Input, judge: (row: Partitioned) => Omit<Hit, 'subject' | 'rowKey' | 'detail'> | undefined): readonly Hit[] {
	return ((input.rows.partitions ?? []) as readonly Partitioned[]).flatMap(row => {
		const hit = judge(row);
		const span = row.first === null ? '' : `, from ${row.first} to ${row.last}`;
		return hit ? [{subject: row.relation, rowKey: row.relation, detail: `${row.partitions} partitions${span}. ${row.note}`, ...hit}] : [];
	});
}

/**
 * Seven days are too few for months and too many for days: the thresholds shrink with the step. What ended long ago is not used any more,
 * and with a default partition nothing fails.
 */
function missingLevel(row: Partitioned, limit: Limit): Level | undefined {
	if (row.covered_s === null) return undefined;
	const share = row.step_s === null || !limit.warning ? 1 : Math.min(1, row.step_s / limit.warning);
	const scale = (threshold: number | undefined) => (threshold === undefined ? undefined : threshold * share);
	const level = levelOf(row.covered_s, {...limit, warning: scale(limit.warning), critical: scale(limit.critical)});
	if (!level) return undefined;
	if (row.covered_s === 0 && row.ended_s > Math.max(30 * 86_400, 3 * (row.step_s ?? 0))) return 'notice';
	return level === 'critical' && row.default_name !== null ? 'warning' : level;
}

const missingCheck: Check = {
	id: 'partition-missing',
	class: 'care',
	title: 'New rows will find no partition',
	when: (input, limit) =>
		hits(input, row => {
			const level = missingLevel(row, limit);
			const title = row.covered_s === 0 ? `${row.relation}: no partition for now` : `${row.relation}: no partition after ${row.until}`;
			const remedy = 'Press n on it in Partitions to make the next ones, and see to it that a job does so.';
			return level && {level, field: 'until', title, remedy, value: row.covered_s ?? 0};
		}),
};

const defaultCheck: Check = {
	id: 'partition-default',
	class: 'care',
	title: 'Rows in a default partition',
	when: (input, limit) =>
		hits(input, row => {
			// A list with a default for everything else is a design, not an accident.
			const level = row.strategy === 'r' ? levelOf(row.default_rows, limit) : undefined;
			const title = `${row.relation}: about ${count(row.default_rows)} rows in ${row.default_name}`;
			const remedy = 'While they are there no partition for their range can be attached: move them, then make the partition.';
			return level && {level, field: 'default_rows', title, remedy, value: row.default_rows ?? 0};
		}),
};

const gapCheck: Check = {
	id: 'partition-gap',
	class: 'care',
	title: 'Gaps between partitions',
	when: (input, limit) =>
		hits(input, row => {
			const level = levelOf(row.gaps, limit);
			const one = row.gaps === 1;
			const what = row.strategy === 'h' ? `${one ? 'remainder' : 'remainders'} without partition` : `${one ? 'gap' : 'gaps'} between its partitions`;
			const remedy =
				row.default_name === null ? 'Rows that fall there are refused: attach partitions for them.' : 'Rows that fall there go to the default partition.';
			return (
				level && {level: row.default_name === null ? level : 'notice', field: 'gaps', title: `${row.relation}: ${row.gaps} ${what}`, remedy, value: row.gaps}
			);
		}),
};

const detachCheck: Check = {
	id: 'partition-detach',
	class: 'care',
	title: 'Interrupted detach',
	when: (input, limit) =>
		hits(input, row => {
			const level = levelOf(row.detaching, limit);
			const remedy = 'alter table ... detach partition ... finalize';
			return level && {level, field: 'partitions', title: `${row.relation}: ${row.detaching} partitions are half detached`, remedy, value: row.detaching};
		}),
};

const strategies: Readonly<Record<string, string>> = {r: 'range', l: 'list', h: 'hash'};

const partitioned: Table = table<Partitioned>({
	id: 'partitions',
	title: 'Partitioned tables',
	empty: 'This database has no partitioned tables.',
	from: {sql: 'partitions'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.relation,
	parent: row => row.parent,
	columns: [
		{field: 'relation', title: 'table', width: 20, grow: 1, priority: 1},
		{field: 'strategy', title: 'by', width: 5, priority: 5, show: value => strategies[String(value)] ?? plain(value)},
		{field: 'step', title: 'step', width: 10, priority: 3},
		{field: 'partitions', title: 'parts', width: 5, align: 'right', priority: 4},
		{field: 'first', title: 'first', width: 10, priority: 6},
		{field: 'until', title: 'covered until', width: 13, priority: 1, show: untilText},
		{field: 'covered_s', title: 'left', width: 6, align: 'right', priority: 1, show: duration},
		{field: 'gaps', title: 'gaps', width: 4, align: 'right', priority: 2},
		{
			field: 'default_rows',
			title: 'in default',
			width: 10,
			align: 'right',
			priority: 4,
			show: (value, row) => (row.default_name === null ? 'none' : about(count(value))),
		},
		{field: 'last', title: 'last', width: 10, priority: 7},
		{field: 'bytes', title: 'size', width: 8, align: 'right', priority: 7, show: value => about(bytes(value))},
		{field: 'rows', title: 'rows', width: 7, align: 'right', priority: 8, show: value => about(count(value))},
		{field: 'key', title: 'key', width: 16, priority: 8},
		{field: 'owner', title: 'owner', width: 12, priority: 9},
		{field: 'note', title: 'note', width: 12, grow: 2, priority: 2, tone: () => 'dim'},
	],
	groups: ['schema', 'strategy', 'owner'],
	filters: {schema: 'schema', owner: 'owner', by: 'strategy'},
	order: (a, b) => (a.covered_s ?? Number.POSITIVE_INFINITY) - (b.covered_s ?? Number.POSITIVE_INFINITY) || 0,
	derive,
	detail: {title: row => `Partitions of ${row.relation}`, ask: [], sections: sectionsOf},
	checks: [missingCheck, defaultCheck, gapCheck, detachCheck],
	actions: [newPartitions, moveOut, oldPartitions],
});

function untilText(_: unknown, row: Partitioned): string {
	if (row.until !== null) return row.until;
	if (row.covered_s === 0) return 'not now';
	return unknown;
}

function sectionsOf(row: Partitioned, _: Answers, __: Input): readonly Section[] {
	const pair = (label: string, text: string): Line => [{text: label.padEnd(16), tone: 'dim'}, {text}];
	const siblings = siblingsOf(row);
	const width = Math.min(40, Math.max(8, ...siblings.map(sibling => sibling.name.length)));
	return [
		{title: '', lines: row.note === '' ? [] : [[{text: row.note}]]},
		{
			title: 'Table',
			lines: [
				pair('key', plain(row.key)),
				pair('step', plain(row.step)),
				pair('covered', `${plain(row.first)} to ${plain(row.last)}${row.covered_s === null ? '' : `, from now on for ${duration(row.covered_s)}`}`),
				pair('size', `${about(bytes(row.bytes))}, ${about(count(row.rows))} rows, by the last vacuum or analyze`),
				pair('owner', row.owner),
			],
		},
		{
			title: `Partitions (${siblings.length}, bounds in ${row.bounds_zone})`,
			lines: siblings.map(
				(sibling): Line => [
					{text: `${sibling.name.padEnd(width)}  `},
					{text: sibling.bound ?? 'locked: not read', tone: sibling.bound === null ? 'warning' : 'dim'},
				],
			),
		},
	];
}

/** Partitioned tables: how far they reach, what is missing, and when. */
export const partitions: Pane = {id: 'partitions', key: '9', title: 'Partitions', tables: [partitioned], arrange: 'stack'};
