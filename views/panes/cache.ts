import type {Check, Column, Input, Line, Pane, Row, Tile, Value} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {ascending, blockSize, descending, figure, hit, hitRatio, inPercent, share, text, told, total} from '../figures.ts';
import {bytes, count, date, duration, milliseconds, percent, perSecond} from '../format.ts';
import {isSystem} from './databases-rows.ts';

export type RelationIoRow = {
	readonly relid: string;
	/** `table` (with what it keeps out of line) or `index` */
	readonly kind: string;
	readonly nspname: string;
	readonly relname: string;
	readonly tablename: string | null;
	readonly partitioned: boolean;
	readonly parts: number;
	readonly blks_hit: number;
	readonly blks_read: number;
};

export type IoRow = {
	readonly backend_type: string;
	readonly object: string;
	readonly context: string;
	readonly reads: number | null;
	readonly read_bytes: number | null;
	readonly read_time: number | null;
	readonly writes: number | null;
	readonly write_bytes: number | null;
	readonly write_time: number | null;
	readonly extend_bytes: number | null;
	readonly hits: number | null;
	readonly evictions: number | null;
	readonly reuses: number | null;
	readonly fsyncs: number | null;
	readonly fsync_time: number | null;
	readonly stats_since: number | null;
};

/** Ratios of the interval, and those since the statistics began beside them. No traffic is neither 0 % nor 100 %: it is unknown. */
export function withRatios(rows: readonly Row[], input: Input): readonly Row[] {
	const block = blockSize(input);
	const all = total(rows, 'blks_read_d');
	return rows.map(row => {
		const reads = figure(row, 'blks_read_per_s');
		return {
			...row,
			hit: hitRatio(figure(row, 'blks_hit_d'), figure(row, 'blks_read_d')),
			hit_total: hitRatio(figure(row, 'blks_hit'), figure(row, 'blks_read')),
			read_bytes_per_s: reads === null ? null : reads * block,
			read_share: share(figure(row, 'blks_read_d'), all),
		};
	});
}

/** Blocks, not operations: since 18 one read may be of many blocks, so they are counted by bytes. */
export function withBlocks(rows: readonly Row[], input: Input): readonly Row[] {
	const block = blockSize(input);
	const ratio = (row: Row, suffix: '' | '_d') => {
		const read = figure(row, `read_bytes${suffix}`);
		return hitRatio(figure(row, `hits${suffix}`), read === null ? null : read / block);
	};
	return rows.map(row => ({...row, hit: ratio(row, '_d'), hit_total: ratio(row, '')}));
}

/** Of the whole server, in the interval and since the statistics began. */
export function serverRatio(rows: readonly Row[]): {readonly now: number | null; readonly total: number | null; readonly since: number | null} {
	const known = rows.flatMap(row => figure(row, 'stats_since') ?? []);
	return {
		now: hitRatio(total(rows, 'blks_hit_d'), total(rows, 'blks_read_d')),
		total: hitRatio(total(rows, 'blks_hit'), total(rows, 'blks_read')),
		since: known.length > 0 ? Math.min(...known) : null,
	};
}

function number(field: string, title: string, width: number, priority: number, show: (value: Value) => string, tone?: Column['tone']): Column {
	return {field, title, width, priority, align: 'right', show: value => show(value), tone};
}

const interval = [
	number('hit', 'hit', 6, 1, percent),
	number('read_share', 'of reads', 8, 3, percent),
	number('read_bytes_per_s', 'read/s', 8, 1, bytes),
	number('blks_hit_per_s', 'hits/s', 7, 4, count),
];
const cumulative = number('hit_total', 'in all', 6, 2, percent, () => 'dim');

const databases = table<Row>({
	id: 'cache',
	title: 'databases',
	empty: 'The server has no database.',
	from: {sql: 'databases'},
	scope: 'server',
	every: 'slow',
	rowKey: row => text(row.datid),
	counters: ['blks_hit', 'blks_read', 'blk_read_time'],
	columns: [
		{field: 'datname', title: 'database', width: 16, grow: 1, priority: 1, show: value => (value === null ? '(shared by all)' : text(value))},
		...interval,
		number('blk_read_time_per_s', 'waiting', 7, 5, value => (value === null ? milliseconds(null) : percent(Number(value) / 1000))),
		cumulative,
		number('stats_s', 'since', 6, 3, duration, () => 'dim'),
	],
	filters: {db: 'datname'},
	order: descending('blks_read_d', 'blks_read'),
	hidden: row => row.system === true || (row.blks_hit === 0 && row.blks_read === 0),
	derive: (rows, input) => withRatios(rows, input).map(row => ({...row, system: isSystem(row, input)})),
	summary: headline,
	checks: [hitCheck()],
});

/** The interval speaks; what has added up since the statistics began is small print. */
function headline(rows: readonly Row[]): readonly Line[] {
	const ratio = serverRatio(rows);
	const reads = total(rows, 'read_bytes_per_s');
	return [
		[
			{text: 'hit ratio since the last sample ', tone: 'dim'},
			{text: percent(ratio.now), tone: 'strong'},
			{text: reads === null ? '' : `, ${bytes(reads)}/s read from outside shared buffers`, tone: 'dim'},
			{text: `   in all ${percent(ratio.total)} since ${date(ratio.since)}`, tone: 'dim'},
		],
	];
}

function relations(id: string, kind: 'table' | 'index', title: string): ReturnType<typeof table> {
	return table<RelationIoRow>({
		id,
		title,
		empty: `No ${kind} of this database has been read.`,
		from: {sql: 'relation-io'},
		scope: 'server',
		every: 'slow',
		rowKey: row => `${row.kind} ${row.relid}`,
		counters: ['blks_hit', 'blks_read'],
		columns: [
			{field: 'relname', title: kind, width: 24, grow: 2, priority: 1, show: (_, row) => relationName(row)},
			...(kind === 'index' ? [{field: 'tablename', title: 'table', width: 16, grow: 1, priority: 4}] : []),
			...(interval as unknown as Column<RelationIoRow>[]),
			cumulative as unknown as Column<RelationIoRow>,
			{field: 'blks_read', title: 'blocks read', width: 11, align: 'right', priority: 6, show: value => count(value), tone: () => 'dim'},
		],
		filters: {schema: 'nspname', table: kind === 'index' ? 'tablename' : 'relname'},
		order: descending('blks_read_d', 'blks_read'),
		derive: (rows, input) =>
			withRatios(
				rows.filter(row => row.kind === kind),
				input,
			),
	});
}

function relationName(row: RelationIoRow): string {
	const name = row.nspname === 'public' ? row.relname : `${row.nspname}.${row.relname}`;
	return row.partitioned ? `${name} (${row.parts} partitions)` : name;
}

const io = table<IoRow>({
	id: 'io',
	title: 'I/O',
	empty: 'No process has read or written anything.',
	from: {sql: 'io'},
	scope: 'server',
	every: 'slow',
	rowKey: row => `${row.backend_type} ${row.object} ${row.context}`,
	counters: ['reads', 'read_bytes', 'read_time', 'writes', 'write_bytes', 'write_time', 'extend_bytes', 'hits', 'evictions', 'fsyncs'],
	columns: [
		{field: 'backend_type', title: 'process', width: 18, grow: 1, priority: 1},
		{field: 'object', title: 'object', width: 13, priority: 3},
		{field: 'context', title: 'context', width: 10, priority: 2},
		{field: 'hit', title: 'hit', width: 6, align: 'right', priority: 2, show: value => percent(value)},
		{field: 'read_bytes_per_s', title: 'read/s', width: 8, align: 'right', priority: 1, show: value => bytes(value)},
		{field: 'write_bytes_per_s', title: 'write/s', width: 8, align: 'right', priority: 1, show: value => bytes(value)},
		{field: 'extend_bytes_per_s', title: 'extend/s', width: 8, align: 'right', priority: 4, show: value => bytes(value)},
		{field: 'evictions_per_s', title: 'evicted', width: 8, align: 'right', priority: 4, show: value => perSecond(value)},
		{field: 'fsyncs_per_s', title: 'fsyncs', width: 8, align: 'right', priority: 5, show: value => perSecond(value)},
		{field: 'hit_total', title: 'in all', width: 6, align: 'right', priority: 5, show: value => percent(value), tone: () => 'dim'},
	],
	groups: ['backend_type', 'object', 'context'],
	filters: {type: 'backend_type'},
	order: descending('read_bytes_d', 'write_bytes_d', 'read_bytes'),
	derive: withBlocks,
	detail: {
		title: row => `${row.backend_type}, ${row.object}, ${row.context}`,
		ask: [],
		sections: row => [
			{
				title: row.stats_since === null ? 'In all' : `Since ${date(row.stats_since)}`,
				lines: [
					told('read', `${count(row.reads)} operations, ${bytes(row.read_bytes)}, ${milliseconds(row.read_time)}`),
					told('written', `${count(row.writes)} operations, ${bytes(row.write_bytes)}, ${milliseconds(row.write_time)}`),
					told('extended', bytes(row.extend_bytes)),
					told('hit', `${count(row.hits)} blocks`),
					told('evicted, reused', `${count(row.evictions)}, ${count(row.reuses)} buffers`),
					told('fsync', `${count(row.fsyncs)}, ${milliseconds(row.fsync_time)}`),
				],
			},
			...(row.context === 'bulkread'
				? [{title: 'About bulkread', lines: [[{text: 'Large sequential scans go through a small ring of buffers: they miss by design.'}]]}]
				: []),
		],
	},
});

function hitCheck(): Check {
	return {
		id: 'hit-ratio',
		class: 'now',
		title: 'cache hit ratio',
		when: (input, limit) =>
			(input.rows.cache ?? [])
				.filter(row => row.system !== true && (figure(row, 'blks_hit_d') ?? 0) + (figure(row, 'blks_read_d') ?? 0) >= (limit.floor ?? 0))
				.flatMap(row => {
					const ratio = figure(row, 'hit');
					return hit(inPercent(ratio), limit, {
						subject: text(row.datname ?? 'shared objects'),
						rowKey: text(row.datid),
						field: 'hit',
						title: `${text(row.datname ?? 'shared objects')} finds ${percent(ratio)} of its blocks in shared buffers`,
						detail: `${bytes(row.read_bytes_per_s)}/s read since the last sample; ${percent(row.hit_total)} since ${date(row.stats_since)}. A read may still come from the system's cache.`,
						remedy: 'Look in Cache at the tables that are read most (m), and in Queries at the statements that read them: often one scan lacks an index.',
					});
				}),
	};
}

function tile(input: Input): Tile {
	const rows = input.rows.cache ?? [];
	const ratio = serverRatio(rows);
	const worst = rows
		.filter(row => figure(row, 'hit') !== null && (figure(row, 'read_bytes_per_s') ?? 0) > 0)
		.sort(ascending('hit'))
		.slice(0, 2);
	return {
		title: 'Cache',
		lines: [
			[
				{text: 'hit ', tone: 'dim'},
				{text: percent(ratio.now), tone: 'strong'},
				{text: `   in all ${percent(ratio.total)} since ${date(ratio.since)}`, tone: 'dim'},
			],
			...worst.map(
				(row): Line => [
					{text: `${percent(row.hit).padStart(6)} `},
					{text: `${bytes(row.read_bytes_per_s)}/s `},
					{text: text(row.datname ?? 'shared objects'), tone: 'dim'},
				],
			),
		],
		series: 'cache-hit',
		limit: 'hit-ratio',
	};
}

export const cache: Pane = {
	id: 'cache',
	key: '6',
	title: 'Cache',
	tables: [databases, relations('cache-tables', 'table', 'tables'), relations('cache-indexes', 'index', 'indexes'), io],
	arrange: 'switch',
	chart: 'cache-hit',
	series: [
		{
			id: 'cache-hit',
			title: 'cache hit ratio of the interval',
			value: input => serverRatio(input.rows.cache ?? []).now,
			show: percent,
		},
	],
	tile,
};
