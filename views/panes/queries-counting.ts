import type {Input, Row} from '../../source/pane.ts';
import {added, blockSize, elapsed, figure, hitRatio, share, text} from '../figures.ts';
import type {StatementsRow} from './queries-rows.ts';

const counted = [
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
export const counters: readonly string[] = [...counted, 'dealloc'];

/** A reset makes another row of it: what was counted before must not be subtracted from what is counted since. */
export function statementKey(row: StatementsRow): string {
	return `${text(row.kind)} ${text(row.userid)} ${text(row.dbid)} ${text(row.queryid)} ${row.toplevel ? 'top' : 'nested'} ${text(row.since)}`;
}

/** The row of the sums. It carries what is known of pg_stat_statements itself: evictions, size, since when. */
export function sumsOf(rows: readonly Row[]): Row | undefined {
	return rows.find(row => row.kind === 'all');
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
function withFirstCalls(row: Row, about: Row | undefined, seconds: number): Row {
	if (row.kind !== 'statement' || figure(row, 'calls_d') !== null || (figure(about, 'dealloc_d') ?? 0) > 0) return row;
	const complete = (figure(about, 'entries') ?? everything + 1) <= everything;
	const fresh = figure(about, 'fresh_entries');
	const young = fresh !== null && fresh <= mostFresh && (figure(row, 'since_s') ?? hour) <= hour - seconds;
	if (!complete && !young) return row;
	const changes = counted.flatMap(counter => [
		[`${counter}_d`, row[counter] ?? null],
		[`${counter}_per_s`, share(figure(row, counter), seconds)],
	]);
	return {...row, ...Object.fromEntries(changes)};
}

/** The sums fall by what is thrown away: then they are at least what the listed statements add up to. */
function withLowerBound(sums: Row, rows: readonly Row[], seconds: number): Row {
	const top = rows.filter(row => row.kind !== 'all' && row.toplevel === true);
	const changes = counted.flatMap(counter => {
		const listed = top.reduce((sum, row) => sum + (figure(row, `${counter}_d`) ?? 0), 0);
		const change = Math.max(listed, figure(sums, `${counter}_d`) ?? 0);
		return [
			[`${counter}_d`, change],
			[`${counter}_per_s`, change / seconds],
		];
	});
	return {...sums, ...Object.fromEntries(changes), lower_bound: true};
}

const unknown = Object.fromEntries(counted.flatMap(counter => [`${counter}_d`, `${counter}_per_s`].map(field => [field, null])));

/** The interval's changes as far as they are true, and the sums as the row that everything is a share of. */
function trueChanges(rows: readonly Row[]): readonly Row[] {
	const about = rows.find(row => row.kind === 'about');
	const sums = sumsOf(rows);
	if (!sums) return rows;
	const told = {...sums, ...pick(about)};
	const others = rows.filter(row => row.kind !== 'all' && row.kind !== 'about');
	const seconds = elapsed(rows, 'calls') ?? elapsed(rows, 'dealloc');
	const evicted = (figure(about, 'dealloc_d') ?? 0) > 0;
	// Before 1.9 nothing tells of a reset but sums that fell; one statement may have grown past what it was by now.
	if (seconds === null || (figure(sums, 'calls_d') === null && !evicted)) {
		return figure(sums, 'calls_d') === null ? [told, ...others.map(row => ({...row, ...unknown}))] : [told, ...others];
	}
	const known = others.map(row => withFirstCalls(row, about, seconds));
	return [evicted ? withLowerBound(told, known, seconds) : told, ...known];
}

function pick(about: Row | undefined): Row {
	return Object.fromEntries(
		['entries', 'dealloc', 'dealloc_d', 'stats_reset', 'max_entries', 'fresh_entries', 'io_timed'].map(field => [field, about?.[field] ?? null]),
	);
}

/** What ran since the sample before. Shares are of top-level time: what runs inside a function is in the time of its caller. */
export function inInterval(rows: readonly Row[], input: Input): readonly Row[] {
	const known = trueChanges(rows);
	const all = timeOf(sumsOf(known), 'change');
	const block = blockSize(input);
	return known.map(row => {
		const time = timeOf(row, 'change');
		const calls = figure(row, 'calls_d');
		return {
			...row,
			time_share: row.toplevel === true ? share(time, all) : null,
			time_per_s: timeOf(row, 'rate'),
			mean: share(time, calls),
			rows_per_call: share(figure(row, 'rows_d'), calls),
			hit: hitRatio(figure(row, 'shared_blks_hit_d'), figure(row, 'shared_blks_read_d')),
			read_bytes_per_s: times(figure(row, 'shared_blks_read_per_s'), block),
			temp_bytes_per_s: times(added(figure(row, 'temp_blks_read_per_s'), figure(row, 'temp_blks_written_per_s')), block),
			query: row.query ?? null,
		};
	});
}

/** What ran since the statistics were reset. */
export function sinceReset(rows: readonly Row[], input: Input): readonly Row[] {
	const about = rows.find(row => row.kind === 'about');
	const all = timeOf(sumsOf(rows), 'total');
	const block = blockSize(input);
	return rows
		.filter(row => row.kind !== 'about')
		.map(row => {
			const time = timeOf(row, 'total');
			const calls = figure(row, 'calls');
			return {
				...row,
				...(row.kind === 'all' && pick(about)),
				time_share: row.toplevel === true ? share(time, all) : null,
				total_time: time,
				mean: share(time, calls),
				rows_per_call: share(figure(row, 'rows'), calls),
				hit: hitRatio(figure(row, 'shared_blks_hit'), figure(row, 'shared_blks_read')),
				read_bytes: times(figure(row, 'shared_blks_read'), block),
				temp_bytes: times(added(figure(row, 'temp_blks_read'), figure(row, 'temp_blks_written')), block),
				query: row.query ?? null,
			};
		});
}

const spent = {
	total: ['total_exec_time', 'total_plan_time'],
	change: ['total_exec_time_d', 'total_plan_time_d'],
	rate: ['total_exec_time_per_s', 'total_plan_time_per_s'],
} as const;

/** Planning and execution, in ms. */
function timeOf(row: Row | undefined, what: keyof typeof spent): number | null {
	const [exec, plan] = spent[what];
	return added(figure(row, exec), figure(row, plan));
}

function times(value: number | null, factor: number): number | null {
	return value === null ? null : value * factor;
}

/** Each text of queries/ has its name behind its first word: `locks`; null: it is somebody else's, or unknown. */
export function ownName(row: Row): string | null {
	return typeof row.query === 'string' ? (/^\w+ \/\* pgperf:([\w/.-]+) \*\//.exec(row.query)?.[1] ?? null) : null;
}

/** What pgperf itself costs the server, as a share of all time. Statements whose texts are not known yet may be more of it. */
export function ownShare(rows: readonly Row[]): number | null {
	const own = rows.filter(row => row.toplevel === true && ownName(row) !== null && figure(row, 'time_share') !== null);
	return own.length === 0 ? null : own.reduce((sum, row) => sum + (figure(row, 'time_share') ?? 0), 0);
}

/** How much of the interval's time is of statements that the list does not tell of. */
export function unlistedShare(rows: readonly Row[]): number | null {
	const listed = rows.filter(row => row.kind !== 'all').reduce((sum, row) => sum + (figure(row, 'time_share') ?? 0), 0);
	return figure(sumsOf(rows), 'time_share') === null ? null : Math.max(0, 1 - listed);
}
