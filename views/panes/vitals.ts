import {levelOf} from '../../source/limits.ts';
import type {Check, Input, Line, Pane, Row, Segment, Series, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {sparkline} from '../components/chart.ts';
import {atLeast, bytes, count, duration, percent, perSecond, unknown} from '../format.ts';
import {cut, pad, widthOf} from '../layout.ts';
import {ageOf, followed, isFollowed, type Replay} from './replay.ts';
import {awayStandbys, worstLag} from './replication-lag.ts';

/** queries/vitals.sql: one row about the whole server. */
export type VitalsRow = {
	readonly server_time: number;
	readonly recovery: boolean;
	readonly started_at: number;
	readonly extensions: string;
	readonly can_read_all: boolean;
	readonly usable: number;
	readonly connections: number;
	readonly own: number;
	readonly hidden: number;
	readonly active: number;
	readonly idle: number;
	readonly idle_in_transaction: number;
	readonly idle_in_transaction_s: number | null;
	readonly oldest_xact_s: number | null;
	readonly blocked: number;
	readonly blocked_at_most_s: number | null;
	readonly sync_waits: number;
	readonly sync_wait_at_most_s: number | null;
	readonly autovacuum_workers: number;
	readonly walsenders: number;
	readonly replay_wait: string | null;
	readonly load_running: number;
	readonly load_io: number;
	readonly load_lock: number;
	readonly load_lwlock: number;
	readonly load_ipc: number;
	readonly load_client: number;
	readonly load_other: number;
	readonly top_wait: string | null;
	readonly top_wait_count: number | null;
	readonly commits: number;
	readonly rollbacks: number;
	readonly blks_hit: number;
	readonly blks_read: number;
	readonly tup_returned: number;
	readonly tup_fetched: number;
	readonly tup_written: number;
	readonly deadlocks: number;
	readonly conflicts: number;
	readonly temp_files: number;
	readonly temp_bytes: number;
	readonly sessions: number | null;
	readonly sessions_broken: number | null;
	readonly stats_reset: number | null;
	readonly prepared: number;
	readonly prepared_s: number | null;
	readonly prepared_gid: string | null;
	readonly prepared_owner: string | null;
	readonly prepared_database: string | null;
	readonly wal_bytes: number | null;
	readonly standbys: number;
	readonly streaming: boolean | null;
	readonly lag_bytes: number | null;
	readonly lag_s: number | null;
};

const counters = [
	'commits',
	'rollbacks',
	'blks_hit',
	'blks_read',
	'tup_returned',
	'tup_fetched',
	'tup_written',
	'deadlocks',
	'conflicts',
	'temp_files',
	'temp_bytes',
	'sessions',
	'sessions_broken',
	'wal_bytes',
] as const;

/** What the row gains by derive; all of it null where the change is unknown, `hit` also without traffic. */
export type Vitals = VitalsRow & {
	readonly [Counter in (typeof counters)[number] as `${Counter}_d` | `${Counter}_per_s`]?: number | null;
} & {readonly tps: number | null; readonly hit: number | null; readonly rollback_share: number | null; readonly used_share: number | null} & Partial<Replay>;

function derive(rows: readonly VitalsRow[], input: Input): readonly Row[] {
	const before = vitalsOf(input);
	return (rows as readonly Vitals[]).map(row => {
		const {commits_per_s = null, rollbacks_per_s = null, blks_hit_d = null, blks_read_d = null, commits_d = null, rollbacks_d = null} = row;
		return {
			...row,
			tps: commits_per_s === null || rollbacks_per_s === null ? null : commits_per_s + rollbacks_per_s,
			hit: share(blks_hit_d, blks_read_d),
			rollback_share: share(rollbacks_d, commits_d),
			used_share: row.usable > 0 ? row.connections / row.usable : null,
			...(row.recovery && replayOf(row, before)),
		};
	});
}

/** What the standby says of itself is the age of the last commit that it replayed: that is no lag while there is none to replay. */
function replayOf(row: VitalsRow, before: Vitals | undefined): Replay & Pick<VitalsRow, 'lag_s'> {
	const end = row.lag_bytes === null ? null : row.wal_bytes;
	const replayed = end === null ? null : end - row.lag_bytes!;
	const replay = followed(row.server_time, end, replayed, before);
	const age = ageOf(row.server_time, replayed, replay);
	const isMeasured = row.lag_bytes === 0 || (row.lag_bytes !== null && isFollowed(replay, row.server_time));
	return {...replay, lag_s: row.lag_s === null || !isMeasured ? null : Math.min(row.lag_s, age ?? row.lag_s)};
}

/** The part of `one` in both; null without any of them. */
function share(one: number | null, other: number | null): number | null {
	return one === null || other === null || one + other <= 0 ? null : one / (one + other);
}

export function vitalsOf(input: Input): Vitals | undefined {
	return input.rows.vitals?.[0] as Vitals | undefined;
}

/** Why a table that is made of sessions tells less than there is; the same words everywhere, so that they are told once. */
export function hiddenStates(input: Input): string | undefined {
	return (vitalsOf(input)?.hidden ?? 0) > 0 ? 'the states of other users are hidden: grant pg_read_all_stats' : undefined;
}

/** A count of what can be seen: with sessions hidden from this role it is a lower bound, and none is unknown. */
export function seenCount(n: number, row: Pick<VitalsRow, 'hidden'>): string {
	if (row.hidden === 0) return count(n);
	return n === 0 ? unknown : atLeast(n);
}

/** The longest wait for a lock: exact where the lock table tells it, else at most that. */
function longestWait(input: Input): string {
	const row = vitalsOf(input);
	const waits = (input.rows.waits ?? []).map(wait => wait.wait_s).filter(wait => typeof wait === 'number');
	const exact = (input.rows.waits ?? []).every(wait => wait.wait_exact === true);
	if (waits.length > 0) return `${exact ? '' : '≤'}${duration(Math.max(...waits))}`;
	return row?.blocked_at_most_s == null ? unknown : `≤${duration(row.blocked_at_most_s)}`;
}

function value(id: string, title: string, field: keyof Vitals, show: (value: number) => string): Series {
	return {
		id,
		title,
		value: input => {
			const found = vitalsOf(input)?.[field];
			return typeof found === 'number' ? found : null;
		},
		show,
	};
}

/** Where sessions are hidden from this role none that it sees is not none: a curve at 0 would say so. */
function seen(id: string, title: string, field: keyof Vitals): Series {
	const one = value(id, title, field, count);
	return {...one, value: input => ((vitalsOf(input)?.hidden ?? 0) > 0 ? one.value(input) || null : one.value(input))};
}

const series: readonly Series[] = [
	seen('waiting', 'Sessions waiting for a lock', 'blocked'),
	seen('active', 'Active sessions', 'active'),
	value('connections', 'Connections', 'connections', count),
	value('connections-used', 'Connections used of usable', 'used_share', percent),
	seen('idle-in-transaction', 'Idle in transaction', 'idle_in_transaction'),
	{id: 'lag', title: 'Worst replication lag', value: worstLag, show: duration},
	value('lag-bytes', 'Worst replication lag in bytes', 'lag_bytes', bytes),
	value('tps', 'Transactions per second', 'tps', perSecond),
	value('hit', 'Hit ratio of the interval', 'hit', percent),
	value('wal', 'WAL per second', 'wal_bytes_per_s', bytes),
	seen('load-running', 'running', 'load_running'),
	seen('load-io', 'IO', 'load_io'),
	seen('load-lock', 'Lock', 'load_lock'),
	seen('load-lwlock', 'LWLock', 'load_lwlock'),
	seen('load-ipc', 'IPC', 'load_ipc'),
	seen('load-client', 'Client', 'load_client'),
	seen('load-other', 'other', 'load_other'),
];

type Part = {readonly label: string; readonly text: string; readonly width: number; readonly tone?: Tone; readonly series?: string};

function partsOf(input: Input, row: Vitals, width: number): readonly Part[] {
	const blocked = row.blocked > 0 || row.hidden > 0 ? seenCount(row.blocked, row) : '0';
	const room = width < 100 ? 10 : 16;
	const event = row.top_wait === null ? '' : ` (${cut(row.top_wait.slice(row.top_wait.indexOf(':') + 1), room)})`;
	const idle = seenCount(row.idle_in_transaction, row);
	const away = awayStandbys(input).length > 0;
	const standbys = row.standbys > 0 || row.recovery || away;
	const lag = worstLag(input);
	return [
		{
			label: 'wait',
			text: row.blocked > 0 ? `${blocked} (${longestWait(input)})` : blocked,
			width: 7,
			tone: row.blocked > 0 ? 'critical' : undefined,
			series: 'waiting',
		},
		{label: 'act', text: `${seenCount(row.active, row)}${event}`, width: room + 5, series: 'active'},
		{label: 'conn', text: `${row.hidden > 0 ? '≈' : ''}${row.connections}/${row.usable}`, width: 7, series: 'connections'},
		{
			label: 'idle-in-xact',
			text: row.idle_in_transaction > 0 ? `${idle}/${duration(row.idle_in_transaction_s)}` : idle,
			width: 6,
			tone: row.idle_in_transaction > 0 ? 'strong' : undefined,
		},
		{
			label: 'lag',
			text: away && lag === null ? 'away' : standbys ? duration(lag) : 'none',
			width: 4,
			tone: away ? 'critical' : undefined,
			series: standbys ? 'lag' : undefined,
		},
		{label: 'tps', text: count(row.tps === null ? null : Math.round(row.tps)), width: 4, series: 'tps'},
		{label: 'hit', text: percent(row.hit), width: 5},
	];
}

const sparkWidth = 6;

/** The line of vitals in at most `width` cells: what comes first survives, and a graph only where all words fit. Parts keep their places while numbers change. */
export function vitalsLine(input: Input, width: number): Line {
	const row = vitalsOf(input);
	if (!row) return [{text: cut(' waiting for the first answer', width), tone: 'dim'}];
	const parts = partsOf(input, row, width);
	const cells = (part: Part) => part.label.length + 1 + Math.max(part.width, widthOf(part.text));
	let spare = width - 1;
	const kept = parts.filter((part, index) => {
		const needed = cells(part) + (index > 0 ? 2 : 0);
		const fits = spare >= needed;
		spare = fits ? spare - needed : -1;
		return fits;
	});
	spare = Math.max(0, spare);
	const line: Segment[] = [];
	for (const part of kept) {
		line.push({text: line.length === 0 ? ' ' : '  '}, {text: `${part.label} `, tone: 'dim'});
		const graph = part.series !== undefined && kept.length === parts.length && spare > sparkWidth;
		if (graph) spare -= sparkWidth + 1;
		line.push({text: pad(part.text, Math.max(part.width, widthOf(part.text))), tone: part.tone ?? 'plain'});
		if (graph) line.push({text: ` ${sparkline((input.history[part.series!] ?? []).slice(-60), sparkWidth)}`, tone: 'accent'});
	}
	return line;
}

const connections: Check = {
	id: 'connections',
	class: 'now',
	title: 'Connections used',
	when: (input, limit) => {
		const row = vitalsOf(input);
		if (!row || row.used_share === null) return [];
		const used = row.used_share * 100;
		const level = levelOf(used, limit);
		if (!level) return [];
		const most = row.idle > row.connections / 2 ? `${row.idle} of them are idle: a pooler would do with less` : `${row.active} are active`;
		return [
			{
				level,
				subject: 'connections',
				field: 'connections',
				title: `${row.connections} of ${row.usable} connections used`,
				detail: `${percent(row.used_share)} of what ordinary roles can have (max_connections less the reserved ones)${row.hidden > 0 ? ', parallel workers counted too' : `; ${most}`}`,
				remedy: 'end idle sessions that nobody needs, put a pooler between, or raise max_connections (restart)',
				value: used,
			},
		];
	},
};

const vitalsTable = table<VitalsRow>({
	id: 'vitals',
	title: 'Vitals',
	empty: 'The server said nothing.',
	from: {sql: 'vitals'},
	scope: 'server',
	every: 'tick',
	rowKey: () => 'vitals',
	columns: [
		{field: 'connections', title: 'conn', width: 6, align: 'right', priority: 1},
		{field: 'usable', title: 'usable', width: 6, align: 'right', priority: 2},
		{field: 'active', title: 'active', width: 6, align: 'right', show: (n, row) => seenCount(Number(n), row), priority: 1},
		{field: 'blocked', title: 'waiting', width: 7, align: 'right', show: (n, row) => seenCount(Number(n), row), priority: 1},
		{field: 'idle_in_transaction', title: 'idle in xact', width: 12, align: 'right', show: (n, row) => seenCount(Number(n), row), priority: 2},
		{field: 'idle_in_transaction_s', title: 'oldest', width: 6, align: 'right', show: duration, priority: 2},
		{field: 'tps', title: 'tps', width: 6, align: 'right', show: perSecond, priority: 2},
		{field: 'hit', title: 'hit', width: 6, align: 'right', show: percent, priority: 2},
		{field: 'lag_s', title: 'lag of connected', width: 16, align: 'right', show: duration, priority: 2},
		{field: 'lag_bytes', title: 'lag bytes', width: 9, align: 'right', show: bytes, priority: 3},
		{field: 'wal_bytes_per_s', title: 'wal/s', width: 7, align: 'right', show: bytes, priority: 3},
		{field: 'temp_bytes_per_s', title: 'temp/s', width: 7, align: 'right', show: bytes, priority: 4},
		{field: 'deadlocks_d', title: 'deadlocks', width: 9, align: 'right', priority: 4},
		{field: 'sessions_per_s', title: 'new/s', width: 6, align: 'right', show: perSecond, priority: 5},
	],
	counters,
	derive,
	unseen: (_, input) => hiddenStates(input),
	checks: [connections],
});

/** Who waits for whom, raw, every tick whatever is open: the forest, the order of sessions and the longest wait are made of it. */
const waitsTable = table({
	id: 'waits',
	title: 'Lock waits',
	empty: 'Nobody waits for a lock.',
	from: {sql: 'locks'},
	scope: 'server',
	every: 'tick',
	rowKey: row => `${row.pid} ${row.blocker_pid} ${row.blocker_gid ?? ''}`,
	columns: [
		{field: 'pid', title: 'pid', width: 7, align: 'right', priority: 1},
		{field: 'blocker_pid', title: 'blocker', width: 7, align: 'right', priority: 1},
		{field: 'wait_s', title: 'waits', width: 6, align: 'right', show: duration, priority: 1},
		{field: 'mode', title: 'mode', width: 20, priority: 2},
		{field: 'object', title: 'object', width: 20, grow: 1, priority: 2},
	],
});

export const vitals: Pane = {
	id: 'vitals',
	title: 'Vitals',
	tables: [vitalsTable, waitsTable],
	arrange: 'stack',
	place: 'frame',
	series,
};
