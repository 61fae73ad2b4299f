import {defaultLimits} from '../../source/limits.ts';
import type {Check, Input, Line, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, figure, hit, numbers, qualified, remedies, sizeOf, text, told, total} from '../figures.ts';
import {bytes, count, date, duration} from '../format.ts';
import {dropIndex} from './index-actions.ts';

export type UnusedIndexesRow = {
	/** `index`, or `server`: one row about the server that answered */
	readonly kind: string;
	readonly indexrelid: string | null;
	readonly nspname: string | null;
	readonly tablename: string | null;
	readonly relname: string | null;
	readonly partitioned: boolean | null;
	readonly parts: number | null;
	readonly size_bytes: number | null;
	readonly size_exact: boolean | null;
	readonly table_rows: number | null;
	readonly table_writes: number | null;
	readonly keep: string | null;
	readonly mend: string | null;
	readonly undo: string | null;
	readonly recovery: boolean | null;
	readonly standbys: number | null;
	readonly stats_since: number | null;
	readonly stats_s: number | null;
};

/** How many rows a server returns at most: beyond that, absence proves nothing. */
const most = 300;
const day = 86_400;

/**
 * Statistics are of one server alone: unused is what no server of the cluster has scanned. Rows of the watched server, each with a
 * verdict; `unused` is true only when every server was asked.
 */
export function verdicts(rows: readonly Row[], input: Input): readonly Row[] {
	const servers = rows.filter(row => row.kind === 'server');
	const own = servers.find(row => row.server === input.watched);
	if (!own) return [];
	const others = servers.filter(row => row.server !== input.watched);
	const seen = Map.groupBy(
		rows.filter(row => row.kind === 'index'),
		row => row.server,
	);
	const names = new Map(others.map(row => [row.server, new Set((seen.get(row.server ?? null) ?? []).map(nameOf))]));
	const missing = notAsked(servers);
	const youngest = servers.reduce<number | null>((least, row) => younger(least, figure(row, 'stats_s')), figure(own, 'stats_s'));
	return (seen.get(input.watched) ?? []).map(row => {
		const absent = others.filter(other => !names.get(other.server)?.has(nameOf(row)));
		const used = absent.filter(other => (names.get(other.server)?.size ?? 0) < most).map(other => text(other.server));
		const unknown = absent.length - used.length + missing;
		const unused = row.keep === null && used.length === 0 && unknown === 0;
		return {
			...row,
			stats_s: youngest,
			servers_asked: servers.length,
			servers_missing: unknown,
			used_on: used.join(', ') || null,
			unused,
			verdict: verdict(row, used, unknown, youngest, servers.length),
		};
	});
}

function verdict(row: Row, used: readonly string[], unknown: number, age: number | null, asked: number): string {
	if (row.keep !== null) return text(row.keep);
	if (used.length > 0) return `used on ${used.join(', ')}`;
	if (unknown > 0) return `unused here, ${unknown} ${unknown === 1 ? 'server' : 'servers'} not asked`;
	const days = defaultLimits['unused-index']?.floor ?? 0;
	if (age === null || age < days * day) return `unused for ${duration(age)} only`;
	return asked === 1 ? `unused for ${duration(age)}` : `unused for ${duration(age)} on ${asked} servers`;
}

/** Standbys that a server sends to and that nobody asked, and the primary where only standbys were. */
export function notAsked(servers: readonly Row[]): number {
	const standbys = servers.reduce((sum, row) => sum + (figure(row, 'standbys') ?? 0), 0);
	const asked = servers.filter(row => row.recovery === true).length;
	const primary = servers.some(row => row.recovery === false);
	return primary ? Math.max(0, standbys - asked) : 1 + Math.max(0, standbys - Math.max(0, asked - 1));
}

function younger(a: number | null, b: number | null): number | null {
	return a === null || b === null ? null : Math.min(a, b);
}

function nameOf(row: Row): string {
	return `${text(row.nspname)}.${text(row.relname)}`;
}

const check: Check = {
	id: 'unused-index',
	class: 'care',
	title: 'unused index',
	unseen: input => {
		const row = input.rows['unused-indexes']?.[0];
		const missing = figure(row, 'servers_missing') ?? 0;
		return missing > 0 ? `${missing} servers of the cluster were not asked: name them with --replica` : undefined;
	},
	when: (input, limit) =>
		(input.rows['unused-indexes'] ?? [])
			.filter(row => row.unused === true && (figure(row, 'stats_s') ?? 0) >= (limit.floor ?? 0) * day)
			.flatMap(row =>
				hit(figure(row, 'size_bytes'), limit, {
					subject: qualified(row.nspname, row.tablename),
					rowKey: rowKey(row as UnusedIndexesRow & Row),
					field: 'size_bytes',
					title: `${qualified(row.nspname, row.relname)} (${sizeOf(row)}) was not scanned for ${duration(row.stats_s)}`,
					detail: `statistics since ${date(row.stats_since)}; ${count(row.table_writes)} writes of ${text(row.tablename)} kept it up to date`,
					remedy: `${text(row.mend)}   undo: ${text(row.undo)}`,
				}),
			),
};

function rowKey(row: UnusedIndexesRow): string {
	return `${text((row as Row).server)} ${row.kind} ${text(row.indexrelid)}`;
}

function summary(rows: readonly Row[]): readonly Line[] {
	const first = rows[0];
	if (!first) return [];
	const unused = rows.filter(row => row.keep === null && row.used_on === null);
	return [
		[
			{text: `${unused.length} unused, ${bytes(total(unused, 'size_bytes'))}`, tone: 'strong'},
			{text: `   statistics since ${date(first.stats_since)} (${duration(first.stats_s)})`, tone: 'dim'},
			...((figure(first, 'servers_missing') ?? 0) > 0 ? [{text: `   ${text(first.servers_missing)} of the cluster not asked`, tone: 'notice' as const}] : []),
		],
	];
}

export const unused: Table = table<UnusedIndexesRow>({
	id: 'unused-indexes',
	title: 'unused',
	empty: 'Every index that may be dropped has been scanned.',
	from: {sql: 'unused-indexes'},
	scope: 'cluster',
	every: 'rare',
	rowKey,
	columns: [
		{field: 'relname', title: 'index', width: 20, grow: 1, priority: 1, show: (_, row) => qualified(row.nspname, row.relname)},
		{field: 'tablename', title: 'table', width: 14, priority: 3},
		{...numbers<UnusedIndexesRow>('size_bytes', 'size', 8, 1, text), show: (_, row) => sizeOf(row)},
		numbers('table_writes', 'writes', 7, 4, count),
		{field: 'verdict', title: 'verdict', width: 24, grow: 1, priority: 2},
		{field: 'mend', title: 'mend', width: 30, grow: 1, priority: 6},
	],
	filters: {schema: 'nspname', table: 'tablename', index: 'relname'},
	order: descending('size_bytes'),
	hidden: row => row.keep !== null || (row as Row).used_on !== null,
	derive: verdicts,
	summary,
	detail: {
		title: row => `Index ${qualified(row.nspname, row.relname)}`,
		ask: [],
		sections: row => [
			{
				title: 'Unused',
				lines: [
					told('verdict', text((row as Row).verdict)),
					told('statistics since', `${date(row.stats_since)}, the youngest of ${text((row as Row).servers_asked)} servers ${duration(row.stats_s)} old`),
					told('size', sizeOf(row)),
					told('writes of the table', count(row.table_writes)),
				],
			},
			...remedies(row.mend, row.undo),
		],
	},
	checks: [check],
	actions: [dropIndex],
});
