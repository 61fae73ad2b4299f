import {defaultLimits, levelOf} from '../../source/limits.ts';
import type {Check, Column, Input, Line, Pane, Row, Section, Segment, Tile, Value} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {added, answered, blockSize, descending, elapsed, figure, hit, hitRatio, share, text, told} from '../figures.ts';
import {bytes, count, duration, milliseconds, moment, percent, perSecond} from '../format.ts';

export type StatementsRow = {
	/** `statement`, `hidden` (all that one user ran in one database, unseen without privilege), `all` (sums without nested statements) */
	readonly kind: string;
	readonly entries: number;
	readonly queryid: string | null;
	readonly userid: string | null;
	readonly dbid: string | null;
	readonly toplevel: boolean;
	readonly usename: string | null;
	readonly datname: string | null;
	readonly here: boolean | null;
	readonly calls: number;
	readonly plans: number;
	readonly total_exec_time: number;
	readonly total_plan_time: number;
	readonly mean_exec_time: number | null;
	readonly stddev_exec_time: number | null;
	readonly max_exec_time: number;
	readonly rows: number;
	readonly shared_blks_hit: number;
	readonly shared_blks_read: number;
	readonly shared_blks_dirtied: number;
	readonly temp_blks_read: number;
	readonly temp_blks_written: number;
	readonly read_time: number;
	readonly write_time: number;
	readonly wal_bytes: number;
	readonly since: number | null;
	readonly since_s: number | null;
	readonly stats_reset: number | null;
	readonly dealloc: number | null;
	/** Entries of the last hour; null before 1.11 */
	readonly fresh_entries: number | null;
	readonly max_entries: number | null;
	readonly io_timed: boolean | null;
};

export type RunningRow = {
	readonly pid: number;
	readonly usename: string | null;
	readonly datname: string | null;
	readonly application_name: string | null;
	readonly query_s: number | null;
	readonly xact_s: number | null;
	readonly wait_event_type: string | null;
	readonly wait_event: string | null;
	readonly backend_start: string;
	readonly query_start: string | null;
	readonly hidden: number;
	readonly query: string | null;
};

const counters = [
	'calls',
	'total_exec_time',
	'total_plan_time',
	'rows',
	'shared_blks_hit',
	'shared_blks_read',
	'temp_blks_read',
	'temp_blks_written',
	'wal_bytes',
] as const;

/** A reset makes another row of it: what was counted before must not be subtracted from what is counted since. */
function statementKey(row: StatementsRow): string {
	const since = text(row.kind === 'all' ? row.stats_reset : row.since);
	return [row.kind, row.userid, row.dbid, row.queryid, row.toplevel ? 'top' : 'nested', since].map(text).join(' ');
}

/** Where there are no more entries than this, each sample has all of them. */
const everything = 1000;
/** Entries of the last hour come back as long as they are no more than 200; the margin is for those of the sample before. */
const mostFresh = 150;
const hour = 3600;

/**
 * A statement that the sample before did not have ran all of its calls since, if that sample would have had it. The age of the entry
 * alone does not tell: it begins with the first call, and only its end makes the entry visible.
 */
function withFirstCalls(row: Row, sums: Row | undefined, seconds: number | null): Row {
	if (row.kind !== 'statement' || figure(row, 'calls_d') !== null || seconds === null || figure(sums, 'calls_d') === null) return row;
	const complete = (figure(sums, 'entries') ?? everything + 1) <= everything && (figure(sums, 'dealloc_d') ?? 0) === 0;
	const fresh = figure(sums, 'fresh_entries');
	const young = fresh !== null && fresh <= mostFresh && (figure(row, 'since_s') ?? hour) <= hour - seconds;
	if (!complete && !young) return row;
	const changes = counters.flatMap(counter => [
		[`${counter}_d`, row[counter] ?? null],
		[`${counter}_per_s`, share(figure(row, counter), seconds)],
	]);
	return {...row, ...Object.fromEntries(changes)};
}

/** What ran since the sample before. Shares are of top-level time: what runs inside a function is in the time of its caller. */
export function inInterval(rows: readonly Row[], input: Input): readonly Row[] {
	const seconds = elapsed(rows, 'calls');
	const sums = sumsOf(rows);
	const counted = rows.map(row => withFirstCalls(row, sums, seconds));
	const dealloc = figure(sums, 'dealloc_d');
	const block = blockSize(input);
	const all = timeOf(sums, '_d');
	return counted.map(row => {
		const time = timeOf(row, '_d');
		const calls = figure(row, 'calls_d');
		return {
			...row,
			time_share: row.toplevel === true ? share(time, all) : null,
			time_per_s: timeOf(row, '_per_s'),
			mean: share(time, calls),
			rows_per_call: share(figure(row, 'rows_d'), calls),
			hit: hitRatio(figure(row, 'shared_blks_hit_d'), figure(row, 'shared_blks_read_d')),
			read_bytes_per_s: scaled(figure(row, 'shared_blks_read_per_s'), block),
			temp_bytes_per_s: scaled(added(figure(row, 'temp_blks_read_per_s'), figure(row, 'temp_blks_written_per_s')), block),
			evictions: dealloc,
			query: row.query ?? null,
		};
	});
}

/** What ran since the statistics were reset. */
export function sinceReset(rows: readonly Row[], input: Input): readonly Row[] {
	const sums = rows.find(row => row.kind === 'all');
	const block = blockSize(input);
	const all = timeOf(sums, '');
	return rows.map(row => {
		const time = timeOf(row, '');
		const calls = figure(row, 'calls');
		return {
			...row,
			time_share: row.toplevel === true ? share(time, all) : null,
			total_time: time,
			mean: share(time, calls),
			rows_per_call: share(figure(row, 'rows'), calls),
			hit: hitRatio(figure(row, 'shared_blks_hit'), figure(row, 'shared_blks_read')),
			read_bytes: scaled(figure(row, 'shared_blks_read'), block),
			temp_bytes: scaled(added(figure(row, 'temp_blks_read'), figure(row, 'temp_blks_written')), block),
			query: row.query ?? null,
		};
	});
}

/** Planning and execution in ms; `suffix` chooses total, change or rate. */
function timeOf(row: Row | undefined, suffix: '' | '_d' | '_per_s'): number | null {
	return added(figure(row, `total_exec_time${suffix}`), figure(row, `total_plan_time${suffix}`));
}

function scaled(value: number | null, factor: number): number | null {
	return value === null ? null : value * factor;
}

function statementText(value: Value, row: Row): string {
	if (row.kind === 'all') return `all ${count(row.entries)} statements`;
	if (row.kind === 'hidden') return `${count(row.entries)} statements of ${text(row.usename)}: their texts need pg_read_all_stats`;
	const shown = typeof value === 'string' ? value.trim() : `queryid ${text(row.queryid)}`;
	return row.toplevel === false ? `(nested) ${shown}` : shown;
}

const query: Column = {
	field: 'query',
	title: 'query',
	width: 20,
	grow: 1,
	priority: 1,
	show: statementText,
	tone: row => (row.kind === 'statement' ? undefined : 'dim'),
};
const usename: Column = {field: 'usename', title: 'user', width: 10, priority: 4};
const datname: Column = {field: 'datname', title: 'db', width: 10, priority: 6};

function number(field: string, title: string, width: number, priority: number, show: (value: Value) => string): Column {
	return {field, title, width, priority, align: 'right', show: value => show(value)};
}

const interval = table<StatementsRow>({
	id: 'queries',
	title: 'interval',
	empty: 'No statement has finished since the last sample.',
	from: {sql: 'statements'},
	scope: 'server',
	every: 'slow',
	rowKey: statementKey,
	counters: [...counters, 'dealloc'],
	columns: [
		{...number('time_share', 'time', 6, 1, percent), tone: row => ((figure(row, 'time_share') ?? 0) >= 0.5 ? 'strong' : undefined)},
		number('time_per_s', 'time/s', 7, 5, milliseconds),
		number('calls_per_s', 'calls/s', 7, 1, count),
		number('mean', 'mean', 7, 1, milliseconds),
		number('rows_per_call', 'rows', 6, 5, count),
		number('hit', 'hit', 6, 3, percent),
		number('read_bytes_per_s', 'read/s', 8, 5, bytes),
		number('temp_bytes_per_s', 'temp/s', 8, 5, bytes),
		number('wal_bytes_per_s', 'wal/s', 8, 7, bytes),
		usename,
		datname,
		query,
	] as Column<StatementsRow>[],
	groups: ['usename', 'datname'],
	filters: {user: 'usename', db: 'datname'},
	order: descending('time_share', 'time_per_s', 'total_exec_time'),
	hidden: row => row.kind === 'all' || (row as Row).calls_d === 0,
	derive: inInterval,
	summary: intervalSummary,
	lookup: {sql: 'statement-texts', key: 'queryid', fields: ['query']},
	detail: {
		title: row => `Statement ${text(row.queryid)}`,
		ask: [
			{id: 'text', sql: 'statement-text', params: row => [row.queryid ?? '0', row.userid ?? '0', row.dbid ?? '0'], session: 'survey'},
			{id: 'sessions', sql: 'statement-sessions', params: row => [row.queryid ?? '0'], session: 'sample'},
		],
		sections,
	},
	checks: [statementMean(), averageResponse(), slowShare(), evictions()],
});

const totals = table<StatementsRow>({
	id: 'statements-total',
	title: 'since reset',
	empty: 'pg_stat_statements has counted nothing yet.',
	from: {sql: 'statements'},
	scope: 'server',
	every: 'slow',
	rowKey: statementKey,
	columns: [
		number('time_share', 'time', 6, 1, percent),
		number('total_time', 'total', 6, 3, value => duration(figure({value}, 'value') === null ? null : Number(value) / 1000)),
		number('calls', 'calls', 6, 1, count),
		number('mean', 'mean', 7, 1, milliseconds),
		number('stddev_exec_time', 'stddev', 7, 4, milliseconds),
		number('max_exec_time', 'max', 7, 3, milliseconds),
		number('rows_per_call', 'rows', 6, 6, count),
		number('hit', 'hit', 6, 4, percent),
		number('read_bytes', 'read', 7, 6, bytes),
		number('temp_bytes', 'temp', 7, 6, bytes),
		number('wal_bytes', 'wal', 7, 7, bytes),
		number('since_s', 'counted', 7, 8, duration),
		usename,
		datname,
		query,
	] as Column<StatementsRow>[],
	groups: ['usename', 'datname'],
	filters: {user: 'usename', db: 'datname'},
	order: descending('time_share', 'total_time'),
	hidden: row => row.kind === 'all',
	derive: sinceReset,
	summary: totalSummary,
	lookup: {sql: 'statement-texts', key: 'queryid', fields: ['query']},
	detail: interval.detail,
	checks: [manySlow()],
});

const running = table<RunningRow>({
	id: 'running',
	title: 'running now',
	empty: 'No statement runs at this moment.',
	from: {sql: 'running'},
	scope: 'server',
	every: 'tick',
	rowKey: row => `${row.pid} ${row.backend_start}`,
	columns: [
		{field: 'query_s', title: 'age', width: 6, align: 'right', priority: 1, show: value => duration(value)},
		{field: 'pid', title: 'pid', width: 7, align: 'right', priority: 2},
		{field: 'usename', title: 'user', width: 10, priority: 3},
		{field: 'datname', title: 'db', width: 10, priority: 4},
		{field: 'application_name', title: 'app', width: 12, priority: 6},
		{field: 'wait_event', title: 'wait', width: 18, priority: 5, show: (_, row) => (row.wait_event ? `${row.wait_event_type}:${row.wait_event}` : 'running')},
		{field: 'query', title: 'query', width: 20, grow: 1, priority: 1},
	],
	groups: ['usename', 'datname', 'application_name'],
	filters: {user: 'usename', db: 'datname', app: 'application_name'},
	order: descending('query_s'),
	summary: rows => {
		const hidden = rows[0]?.hidden ?? 0;
		return hidden > 0 ? [[{text: `${hidden} sessions of other users can't be seen: grant pg_read_all_stats`, tone: 'notice'}]] : [];
	},
	detail: {
		title: row => `Statement of ${row.pid}`,
		ask: [],
		sections: row => [{title: 'Text', lines: textLines(row.query)}],
	},
});

function sumsOf(rows: readonly Row[]): Row | undefined {
	return rows.find(row => row.kind === 'all');
}

/** How much of the interval's time the listed statements explain, and whether the ranking can be trusted. */
function intervalSummary(rows: readonly Row[]): readonly Line[] {
	const sums = sumsOf(rows);
	if (!sums) return [];
	const load = figure(sums, 'time_per_s');
	if (load === null) return [[{text: 'rates come with the second sample', tone: 'dim'}]];
	const line: Segment[] = [
		{text: `${(load / 1000).toFixed(load < 9950 ? 1 : 0)}`, tone: 'strong'},
		{text: ' statements ran on average   ', tone: 'dim'},
		{text: perSecond(sums.calls_per_s), tone: 'strong'},
		{text: ' of mean ', tone: 'dim'},
		{text: milliseconds(sums.mean), tone: 'strong'},
	];
	const unlisted = unlistedShare(rows);
	if (unlisted !== null && unlisted >= 0.05) {
		line.push({text: `   ${percent(unlisted)} of the time is of statements that are new or not listed`, tone: 'notice'});
	}
	const gone = figure(sums, 'dealloc_d') ?? 0;
	if (gone > 0)
		line.push({text: `   ${gone} evictions: the ranking is not reliable, raise pg_stat_statements.max (${text(sums.max_entries)})`, tone: 'warning'});
	return [line];
}

export function unlistedShare(rows: readonly Row[]): number | null {
	const listed = rows.filter(row => row.kind !== 'all').reduce((sum, row) => sum + (figure(row, 'time_share') ?? 0), 0);
	return figure(sumsOf(rows), 'time_share') === null ? null : Math.max(0, 1 - listed);
}

function totalSummary(rows: readonly Row[]): readonly Line[] {
	const sums = sumsOf(rows);
	if (!sums) return [];
	const reset = figure(sums, 'stats_reset');
	const line: Segment[] = [
		{text: `${count(sums.entries)} of ${count(sums.max_entries)} entries`, tone: 'strong'},
		{text: reset === null ? '   since a time that this version does not tell' : `   since ${moment(reset)}`, tone: 'dim'},
	];
	const dealloc = figure(sums, 'dealloc') ?? 0;
	if (dealloc > 0) line.push({text: `   entries were thrown away ${count(dealloc)} times: rare statements are missing`, tone: 'notice'});
	return [line];
}

function textLines(value: Value): readonly Line[] {
	if (typeof value !== 'string') return [[{text: 'unknown', tone: 'dim'}]];
	return value
		.trim()
		.split('\n')
		.map(part => [{text: part}]);
}

function sections(row: StatementsRow, answers: Record<string, never> | Parameters<typeof answered>[0], input: Input): readonly Section[] {
	const whole = answered(answers, 'text');
	const sessions = answered(answers, 'sessions');
	const current = input.rows.queries?.find(one => statementKey(one as unknown as StatementsRow) === statementKey(row)) ?? (row as Row);
	const kept = input.rows['statements-total']?.find(one => statementKey(one as unknown as StatementsRow) === statementKey(row)) ?? (row as Row);
	const textSection =
		'line' in whole
			? [whole.line]
			: whole.rows.length === 0
				? [[{text: 'It is no longer among the statements: evicted or reset.', tone: 'notice' as const}]]
				: textLines(whole.rows[0]!.query ?? null);
	const running = 'line' in sessions ? [sessions.line] : sessions.rows.map(sessionLine);
	return [
		{title: 'Text', lines: textSection},
		{
			title: 'Since the last sample',
			lines: [
				told('share of all time', percent(current.time_share)),
				told('calls', `${perSecond(current.calls_per_s)}, ${count(current.calls_d)} in all`),
				told('mean', milliseconds(current.mean)),
				told('rows per call', count(current.rows_per_call)),
				told('found in the cache', percent(current.hit)),
			],
		},
		{
			title: row.since === null ? 'Since reset' : `Since ${moment(row.since)}`,
			lines: [
				told('share of all time', percent(kept.time_share)),
				told('calls', count(row.calls)),
				told('mean, deviation, max', `${milliseconds(row.mean_exec_time)}, ${milliseconds(row.stddev_exec_time)}, ${milliseconds(row.max_exec_time)}`),
				told(
					'planned',
					row.plans > 0 ? `${count(row.plans)} times, ${milliseconds(row.total_plan_time)} in all` : 'not counted (pg_stat_statements.track_planning)',
				),
				told('blocks', `${count(row.shared_blks_hit)} hit, ${count(row.shared_blks_read)} read, ${count(row.shared_blks_dirtied)} dirtied`),
				told(
					'I/O time',
					sumsOf(input.rows.queries ?? [])?.io_timed === false
						? 'not measured (track_io_timing is off)'
						: `${milliseconds(row.read_time)} read, ${milliseconds(row.write_time)} write`,
				),
				told('temporary blocks', `${count(row.temp_blks_read)} read, ${count(row.temp_blks_written)} written`),
				told('WAL', bytes(row.wal_bytes)),
			],
		},
		{title: 'Sessions that run it now', lines: running.length > 0 ? running : [[{text: 'none', tone: 'dim'}]]},
	];
}

function sessionLine(row: Row): Line {
	const wait = row.wait_event ? `${text(row.wait_event_type)}:${text(row.wait_event)}` : 'running';
	return [
		{text: text(row.pid).padEnd(8)},
		{text: duration(row.query_s).padEnd(7)},
		{text: wait.padEnd(24), tone: 'dim'},
		{text: `${text(row.usename)} ${text(row.application_name)}`},
	];
}

function nameOf(row: Row): string {
	const known = typeof row.query === 'string' ? row.query.replace(/\s+/g, ' ').trim() : '';
	const shown = known.length > 60 ? `${known.slice(0, 59)}…` : known;
	return `${text(row.usename)}@${text(row.datname)} ${shown || `queryid ${text(row.queryid)}`}`;
}

/** The greater part is of other users and can't be told apart. */
function mostlyHidden(input: Input): string | undefined {
	const rows = input.rows.queries ?? [];
	const hidden = rows.filter(row => row.kind === 'hidden').reduce((sum, row) => sum + (figure(row, 'entries') ?? 0), 0);
	return hidden > rows.filter(row => row.kind === 'statement').length ? "other users' statements are hidden: grant pg_read_all_stats" : undefined;
}

function topLevel(input: Input, id: 'queries' | 'statements-total'): readonly Row[] {
	return (input.rows[id] ?? []).filter(row => row.kind === 'statement' && row.toplevel === true);
}

function statementMean(): Check {
	return {
		id: 'statement-mean',
		class: 'now',
		title: 'slow statement',
		unseen: mostlyHidden,
		when: (input, limit) =>
			topLevel(input, 'queries')
				.filter(row => (figure(row, 'calls_d') ?? 0) >= (limit.floor ?? 0))
				.flatMap(row =>
					hit(figure(row, 'mean'), limit, {
						subject: `${text(row.queryid)} ${text(row.usename)}@${text(row.datname)}`,
						rowKey: statementKey(row as unknown as StatementsRow),
						field: 'mean',
						title: `${milliseconds(row.mean)} per call, ${percent(row.time_share)} of the time: ${nameOf(row)}`,
						detail: `${count(row.calls_d)} calls since the last sample; mean since reset ${milliseconds(row.mean_exec_time)}`,
						remedy: 'Look at its plan (e) and its waits; a mean far above the one since reset is a change of plan, data or cache.',
					}),
				),
	};
}

function averageResponse(): Check {
	return {
		id: 'average-response',
		class: 'now',
		title: 'average response',
		when: (input, limit) => {
			const sums = sumsOf(input.rows.queries ?? []);
			if (!sums || (figure(sums, 'calls_d') ?? 0) < (limit.floor ?? 0)) return [];
			return hit(figure(sums, 'mean'), limit, {
				subject: 'all statements',
				title: `statements take ${milliseconds(sums.mean)} on average`,
				detail: `${count(sums.calls_d)} calls since the last sample, ${perSecond(sums.calls_per_s)}`,
				remedy: 'Sort the Queries pane by time: the first few usually hold most of it.',
			});
		},
	};
}

function slowShare(): Check {
	const slow = defaultLimits['statement-mean'] ?? {};
	return {
		id: 'slow-share',
		class: 'now',
		title: 'share of slow statements',
		unseen: mostlyHidden,
		when: (input, limit) => {
			const sums = sumsOf(input.rows.queries ?? []);
			if ((figure(sums, 'calls_d') ?? 0) < (limit.floor ?? 0)) return [];
			const rows = topLevel(input, 'queries').filter(row => levelOf(row.mean, slow) !== undefined);
			const part = rows.reduce((sum, row) => sum + (figure(row, 'time_share') ?? 0), 0);
			const worst = [...rows].sort(descending('time_share'))[0];
			return worst
				? hit(100 * part, limit, {
						subject: 'slow statements',
						title: `${percent(part)} of all statement time goes to ${rows.length} slow ${rows.length === 1 ? 'statement' : 'statements'}`,
						detail: `the first: ${milliseconds(worst.mean)} per call, ${nameOf(worst)}`,
						remedy: 'Open the first in the Queries pane and look at its plan.',
					})
				: [];
		},
	};
}

function evictions(): Check {
	return {
		id: 'statement-evictions',
		class: 'care',
		title: 'pg_stat_statements evicts entries',
		when: (input, limit) => {
			const sums = sumsOf(input.rows.queries ?? []);
			return hit(figure(sums, 'dealloc_d'), limit, {
				subject: 'pg_stat_statements',
				title: 'pg_stat_statements throws entries away: its ranking is not reliable',
				detail: `${text(sums?.dealloc_d)} times since the last sample, each about 5 % of ${text(sums?.max_entries)} entries`,
				remedy: `Raise pg_stat_statements.max above ${text(sums?.max_entries)} (restart), or send fewer distinct statements (bind parameters, IN lists as arrays).`,
			});
		},
	};
}

function manySlow(): Check {
	return {
		id: 'statement-calls',
		class: 'care',
		title: 'many slow statements',
		unseen: mostlyHidden,
		when: (input, limit) => {
			const rows = topLevel(input, 'statements-total')
				.filter(row => (figure(row, 'calls') ?? 0) >= (limit.floor ?? 0) && levelOf(row.mean, limit) !== undefined)
				.sort(descending('mean'));
			const worst = rows[0];
			return worst && rows.length > (limit.many ?? 0)
				? hit(figure(worst, 'mean'), limit, {
						subject: 'statements',
						title: `${rows.length} frequent statements are slow since reset`,
						detail: `the slowest: ${milliseconds(worst.mean)} per call, ${count(worst.calls)} calls, ${nameOf(worst)}`,
						remedy: 'Switch the Queries pane to "since reset" (m), sort by mean, and take the plans of the first.',
					})
				: [];
		},
	};
}

function tile(input: Input): Tile {
	const rows = input.rows.queries ?? [];
	const top = rows.filter(row => row.kind !== 'all' && (figure(row, 'time_share') ?? 0) > 0).sort(descending('time_share'));
	const sums = sumsOf(rows);
	const head: Line = [
		{text: perSecond(sums?.calls_per_s), tone: 'strong'},
		{text: ' of mean ', tone: 'dim'},
		{text: milliseconds(sums?.mean), tone: 'strong'},
	];
	const lines = top.slice(0, 5).map(
		(row): Line => [
			{text: `${percent(row.time_share).padStart(6)} `, tone: 'strong'},
			{text: `${milliseconds(row.mean).padStart(7)} `},
			{
				text:
					typeof row.query === 'string' || row.kind === 'hidden'
						? statementText(row.query ?? null, row)
						: `${text(row.usename)}@${text(row.datname)} ${text(row.queryid)}`,
				tone: 'dim',
			},
		],
	);
	return {title: 'Slow queries', lines: [head, ...lines], series: 'statement-load'};
}

export const queries: Pane = {
	id: 'queries',
	key: '3',
	title: 'Queries',
	tables: [interval, totals, running],
	arrange: 'switch',
	series: [
		{
			id: 'statement-load',
			title: 'statements running on average',
			value: input => {
				const load = figure(sumsOf(input.rows.queries ?? []), 'time_per_s');
				return load === null ? null : load / 1000;
			},
			show: value => value.toFixed(1),
		},
	],
	tile,
};
