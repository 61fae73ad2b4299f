import type {Column, Input, Line, Pane, Row, Segment, Tile, Value} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, figure, numbers, text} from '../figures.ts';
import {atLeast, bytes, count, duration, milliseconds, moment, percent, perSecond} from '../format.ts';
import {resetStatements} from './maintenance-actions.ts';
import {averageResponse, evictions, manySlow, slowShare, statementMean} from './queries-checks.ts';
import {counters, inInterval, ownName, ownShare, sinceReset, statementKey, sumsOf, unlistedShare} from './queries-counting.ts';
import {detail, explain} from './queries-detail.ts';
import type {StatementsRow} from './queries-rows.ts';
import {running} from './queries-running.ts';

function statementText(value: Value, row: Row): string {
	if (row.kind === 'all') return `all ${count(row.entries)} statements`;
	if (row.kind === 'hidden') return `${count(row.entries)} statements of ${text(row.usename)}: their texts need pg_read_all_stats`;
	const shown = typeof value === 'string' ? value.trim() : `queryid ${text(row.queryid)}`;
	const own = ownName(row);
	if (own !== null) return `(pgperf: ${own}) ${shown.replace(/ \/\* pgperf:.*? \*\//, '')}`;
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
/** pgperf's own are told apart by their label, and do not draw the eye. */
function quietly(columns: readonly Column[]): readonly Column<StatementsRow>[] {
	return columns.map(column => ({...column, tone: row => (ownName(row) === null ? column.tone?.(row) : 'dim')})) as readonly Column<StatementsRow>[];
}

const usename: Column = {field: 'usename', title: 'user', width: 10, priority: 4};
const datname: Column = {field: 'datname', title: 'db', width: 10, priority: 6};

const interval = table<StatementsRow>({
	id: 'queries',
	title: 'interval',
	empty: 'No statement has finished since the last sample.',
	from: {sql: 'statements'},
	scope: 'server',
	every: 'slow',
	rowKey: statementKey,
	counters,
	columns: quietly([
		{...numbers('time_share', 'time', 6, 1, percent), tone: row => ((figure(row, 'time_share') ?? 0) >= 0.5 ? 'strong' : undefined)},
		numbers('time_per_s', 'time/s', 7, 5, milliseconds),
		numbers('calls_per_s', 'calls/s', 7, 1, count),
		numbers('mean', 'mean', 7, 1, milliseconds),
		numbers('rows_per_call', 'rows', 6, 5, count),
		numbers('hit', 'hit', 6, 3, percent),
		numbers('read_bytes_per_s', 'read/s', 8, 5, bytes),
		numbers('temp_bytes_per_s', 'temp/s', 8, 5, bytes),
		numbers('wal_bytes_per_s', 'wal/s', 8, 7, bytes),
		usename,
		datname,
		query,
	]),
	groups: ['usename', 'datname'],
	filters: {user: 'usename', db: 'datname'},
	order: descending('time_share', 'time_per_s', 'total_exec_time'),
	hidden: row => row.kind === 'all' || (row as Row).calls_d === 0,
	derive: inInterval,
	summary: intervalSummary,
	lookup: {sql: 'statement-texts', key: 'queryid', fields: ['query']},
	detail,
	explain,
	checks: [statementMean(), averageResponse(), slowShare(), evictions()],
	actions: [resetStatements],
});

const totals = table<StatementsRow>({
	id: 'statements-total',
	title: 'since reset',
	empty: 'pg_stat_statements has counted nothing yet.',
	from: {sql: 'statements'},
	scope: 'server',
	every: 'slow',
	rowKey: statementKey,
	columns: quietly([
		numbers('time_share', 'time', 6, 1, percent),
		numbers('total_time', 'total', 6, 3, value => duration(figure({value}, 'value') === null ? null : Number(value) / 1000)),
		numbers('calls', 'calls', 6, 1, count),
		numbers('mean', 'mean', 7, 1, milliseconds),
		numbers('stddev_exec_time', 'stddev', 7, 4, milliseconds),
		numbers('max_exec_time', 'max', 7, 3, milliseconds),
		numbers('rows_per_call', 'rows', 6, 6, count),
		numbers('hit', 'hit', 6, 4, percent),
		numbers('read_bytes', 'read', 7, 6, bytes),
		numbers('temp_bytes', 'temp', 7, 6, bytes),
		numbers('wal_bytes', 'wal', 7, 7, bytes),
		numbers('since_s', 'counted', 7, 8, duration),
		usename,
		datname,
		query,
	]),
	groups: ['usename', 'datname'],
	filters: {user: 'usename', db: 'datname'},
	order: descending('time_share', 'total_time'),
	hidden: row => row.kind === 'all',
	derive: sinceReset,
	summary: totalSummary,
	lookup: {sql: 'statement-texts', key: 'queryid', fields: ['query']},
	detail,
	explain,
	checks: [manySlow()],
	actions: [resetStatements],
});

/** How much of the interval's time the listed statements explain, and whether the ranking can be trusted. */
function intervalSummary(rows: readonly Row[]): readonly Line[] {
	const sums = sumsOf(rows);
	if (!sums) return [];
	const load = figure(sums, 'time_per_s');
	if (load === null) return [[{text: 'rates come with the second sample', tone: 'dim'}]];
	const line: Segment[] = [
		{text: `${(load / 1000).toFixed(load < 9950 ? 1 : 0)}`, tone: 'strong'},
		{text: ' statements ran on average   ', tone: 'dim'},
		{text: sums.lower_bound ? `${atLeast(sums.calls_per_s)}/s` : perSecond(sums.calls_per_s), tone: 'strong'},
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
	line.push(...ownLoad(rows));
	return [line];
}

/** A lower bound while texts of this role's statements are not known. */
function ownLoad(rows: readonly Row[]): readonly Segment[] {
	const part = ownShare(rows);
	const all = rows.every(row => row.kind !== 'statement' || typeof row.query === 'string' || !(figure(row, 'time_share') ?? 0));
	return part === null ? [] : [{text: `   pgperf itself ${all ? '' : '≥'}${percent(part)}`, tone: 'dim'}];
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
	line.push(...ownLoad(rows));
	return [line];
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
