import {edgesOf, victimsOf, waitsOf} from '../../source/forest.ts';
import {levelOf} from '../../source/limits.ts';
import type {Answers, Check, Hit, Input, Line, Pane, Row, Section, Tone, Value} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {count, duration, milliseconds, plain, unknown} from '../format.ts';
import {cancel, isActive, isIdleInTransaction, type Signalled, stateWord, terminate} from '../signals.ts';
import {horizon} from './sessions-horizon.ts';
import {limits} from './sessions-limits.ts';
import {seenCount, vitalsOf} from './vitals.ts';

/** queries/sessions.sql: one backend. */
export type SessionsRow = {
	readonly pid: number;
	readonly leader_pid: number | null;
	readonly usename: string | null;
	readonly datname: string | null;
	readonly application_name: string | null;
	readonly client: string | null;
	readonly backend_type: string | null;
	readonly state: string | null;
	readonly state_s: number | null;
	readonly wait_event_type: string | null;
	readonly wait_event: string | null;
	readonly backend_s: number | null;
	readonly xact_s: number | null;
	readonly query_s: number | null;
	readonly backend_xid: string | null;
	readonly xmin_age: number | null;
	readonly query_id: string | null;
	readonly query: string | null;
	readonly backend_start: string | null;
	readonly xact_start: string | null;
	readonly query_start: string | null;
	readonly state_change: string | null;
	readonly own: boolean;
	readonly hidden: boolean;
};

/** `blocks`: how many wait behind it, through others too; `waits_for`: its blockers. `place` is the order of the groups. */
export type Session = SessionsRow & {readonly blocks: number; readonly waits_for: string | null; readonly wait: string | null; readonly place: number};

function derive(rows: readonly SessionsRow[], input: Input): readonly Session[] {
	const waits = waitsOf(edgesOf(input.rows.waits));
	const victims = victimsOf(waits);
	return rows.map(row => {
		const blocks = victims.get(String(row.pid))?.size ?? 0;
		const blockers = waits.get(String(row.pid))?.blockers;
		const wait =
			row.wait_event === null || (row.state?.startsWith('idle') && row.wait_event_type === 'Client') ? null : `${row.wait_event_type}:${row.wait_event}`;
		return {...row, blocks, waits_for: blockers ? [...blockers].join(', ') : null, wait, place: placeOf(row, blocks)};
	});
}

function placeOf(row: SessionsRow, blocks: number): number {
	if (blocks > 0) return row.wait_event_type === 'Lock' ? 1 : 0;
	if (row.own) return 9;
	if (row.backend_type === 'walsender') return 6;
	if (row.backend_type === 'autovacuum worker') return 7;
	if (row.hidden) return 4;
	if (row.backend_type !== 'client backend' && row.backend_type !== 'parallel worker') return 8;
	if (row.wait_event_type === 'Lock') return 1;
	if (isActive(row.state)) return 2;
	return isIdleInTransaction(row.state) ? 3 : 5;
}

/** Blockers, those who wait, the active by the age of their query, idle in transaction by its age; servers of others last. */
function order(a: Session, b: Session): number {
	if (a.place !== b.place) return a.place - b.place;
	if (a.place <= 1 && a.blocks !== b.blocks) return b.blocks - a.blocks;
	const age = (row: Session) => (row.place === 2 ? row.query_s : row.state_s) ?? -1;
	return age(b) - age(a) || a.pid - b.pid;
}

/** Idle clients, and the server's own processes while they only wait for work. */
function isHidden(row: Session): boolean {
	if (row.blocks > 0) return false;
	if (row.backend_type === 'client backend') return row.state === 'idle' || row.own;
	return row.backend_type === null ? !row.hidden : row.place === 8 && (row.wait_event_type === 'Activity' || row.wait_event_type === null);
}

function stateOf(row: Session): string {
	if (row.hidden) return 'hidden';
	// Where the column of waits has no room any more, this must still be seen.
	if (row.wait_event_type === 'Lock' && isActive(row.state)) return 'waits for lock';
	return row.backend_type === 'client backend' || row.backend_type === 'parallel worker' ? stateWord(row.state) : (row.backend_type ?? unknown);
}

function stateTone(row: Session): Tone | undefined {
	if (row.blocks > 0) return 'critical';
	if (row.wait_event_type === 'Lock' || row.state === 'idle in transaction (aborted)') return 'warning';
	return row.own || row.hidden || row.state === 'idle' ? 'dim' : isIdleInTransaction(row.state) ? 'strong' : undefined;
}

function queryOf(row: Session): string {
	if (row.hidden) return 'hidden: needs pg_read_all_stats';
	if (row.query === null || row.query === '') return row.backend_type === 'client backend' ? unknown : '';
	return isActive(row.state) || row.backend_type !== 'client backend' ? row.query : `last: ${row.query}`;
}

function summary(rows: readonly Row[], input: Input): readonly Line[] {
	const sessions = (rows as readonly Session[]).filter(row => (row.backend_type === 'client backend' || row.hidden) && !row.own);
	const of = (wanted: (row: Session) => boolean) => sessions.filter(wanted);
	const active = of(row => isActive(row.state));
	const waiting = of(row => row.wait_event_type === 'Lock');
	const idle = of(row => row.state === 'idle in transaction');
	const aborted = of(row => row.state === 'idle in transaction (aborted)');
	const hidden = of(row => row.hidden);
	const oldest = (some: readonly Session[]) => duration(Math.max(...some.map(row => row.state_s ?? 0)));
	const parts: (readonly [string, Tone])[] = [[`${active.length} active`, 'plain']];
	if (waiting.length > 0) parts.push([`${waiting.length} waiting for locks`, 'warning']);
	if (idle.length > 0) parts.push([`${idle.length} idle in transaction (${oldest(idle)})`, 'strong']);
	if (aborted.length > 0) parts.push([`${aborted.length} aborted (${oldest(aborted)})`, 'warning']);
	parts.push([`${of(row => row.state === 'idle').length} idle`, 'plain']);
	if (hidden.length > 0) parts.push([`${hidden.length} hidden: grant pg_read_all_stats`, 'warning']);
	const vitals = vitalsOf(input);
	if (vitals) parts.push([`${vitals.hidden > 0 ? '≈' : ''}${vitals.connections} of ${vitals.usable} connections`, 'plain']);
	if (vitals?.sessions_per_s != null) parts.push([`${vitals.sessions_per_s.toFixed(1)} new/s`, 'dim']);
	return [parts.flatMap(([text, tone], index) => [...(index > 0 ? [{text: '  ', tone: 'dim' as const}] : []), {text, tone}])];
}

const held = {rise: 1, clear: 1};

const idleInTransaction: Check = {
	id: 'idle-in-transaction',
	class: 'now',
	title: 'Idle in transaction',
	hold: held,
	unseen: unseenStates,
	when: (input, limit) =>
		clients(input)
			.filter(row => isIdleInTransaction(row.state))
			.flatMap(row => {
				const level = levelOf(row.state_s, limit);
				return level
					? [
							hitOf(row, level, 'state_s', row.state_s, `${row.pid} is ${row.state} for ${duration(row.state_s)}`, {
								detail: `${nameOf(row)}, transaction ${duration(row.xact_s)} old, last: ${(row.query ?? '').slice(0, 160)}`,
								remedy: `K terminates it${row.backend_xid === null ? '' : ' (has written: rolls back)'}; idle_in_transaction_session_timeout does so by itself`,
							}),
						]
					: [];
			}),
};

/** Dumps and walsenders are meant to take long. */
const exempt = new Set(['pg_dump', 'pg_dumpall', 'pg_basebackup', 'pg_receivewal', 'pg_restore']);

const longTransaction: Check = {
	id: 'long-transaction',
	class: 'now',
	title: 'Long transactions',
	hold: held,
	unseen: unseenStates,
	when: (input, limit) =>
		clients(input)
			.filter(row => !isIdleInTransaction(row.state) && !exempt.has(row.application_name ?? ''))
			.flatMap(row => {
				const level = levelOf(row.xact_s, limit);
				const horizon = row.xmin_age === null ? '' : `, vacuum can't remove what ${count(row.xmin_age)} transactions since then deleted`;
				return level
					? [
							hitOf(row, level, 'xact_s', row.xact_s, `transaction of ${row.pid} is ${duration(row.xact_s)} old, ${stateWord(row.state)}`, {
								detail: `${nameOf(row)}${horizon}: ${(row.query ?? '').slice(0, 160)}`,
								remedy: 'C cancels its query, K ends its session; statement_timeout or transaction_timeout (17+) bound it',
							}),
						]
					: [];
			}),
};

function clients(input: Input): readonly Session[] {
	return ((input.rows.sessions ?? []) as readonly Session[]).filter(row => row.backend_type === 'client backend' && !row.own);
}

function unseenStates(input: Input): string | undefined {
	const rows = (input.rows.sessions ?? []) as readonly Session[];
	const hidden = rows.filter(row => row.hidden).length;
	return hidden > 0 && hidden === rows.filter(row => (row.hidden || row.backend_type === 'client backend') && !row.own).length
		? 'the states of other users are hidden: grant pg_read_all_stats'
		: undefined;
}

/** All sessions of one user and application are one object: a pool that leaks has a hundred of them. */
function hitOf(row: Session, level: Hit['level'], field: string, value: number | null, title: string, words: Pick<Hit, 'detail' | 'remedy'>): Hit {
	return {level, subject: nameOf(row), rowKey: String(row.pid), field, title, value: value ?? 0, ...words};
}

function nameOf(row: Session): string {
	return [row.usename ?? unknown, row.application_name ? `(${row.application_name})` : '', row.datname ? `on ${row.datname}` : ''].filter(Boolean).join(' ');
}

type Answered = {readonly [field: string]: Value};

function rowOf(answers: Answers, id: string): Answered | undefined {
	const answer = answers[id];
	return answer?.status === 'ok' ? answer.sample.rows[0] : undefined;
}

function problemOf(answers: Answers, id: string): readonly Line[] {
	const answer = answers[id];
	if (!answer) return [[{text: 'asking …', tone: 'dim'}]];
	if (answer.status === 'failed') return [[{text: answer.message, tone: 'warning'}]];
	return answer.status === 'skipped' ? [[{text: `${answer.reason}${answer.remedy ? `: ${answer.remedy}` : ''}`, tone: 'dim'}]] : [];
}

/** The whole text and the times of one session, as the server has them now. */
export function statementLines(row: Signalled, answers: Answers): readonly Section[] {
	const now = rowOf(answers, 'statement');
	const active = isActive(row.state);
	const text = typeof now?.query === 'string' ? now.query : row.query;
	const size = typeof now?.query_size === 'number' ? now.query_size : null;
	const query: Line[] = [[{text: text ?? unknown}]];
	if (text !== null && text !== undefined && size !== null && new TextEncoder().encode(text).length >= size - 4) {
		query.push([{text: `cut by the server: track_activity_query_size is ${size}`, tone: 'dim'}]);
	}
	const pairs: readonly (readonly [string, Value | undefined])[] = [
		['user', row.usename],
		['database', row.datname],
		['application', row.application_name],
		['client', row.client],
		['backend', row.backend_type],
		['state', row.state === null ? null : `${row.state} ${duration(row.state_s)}`],
		['connected', row.backend_start],
		['transaction since', row.xact_start],
		[active ? 'query since' : 'last query at', row.query_start],
		['state since', row.state_change],
		['has written', row.backend_xid === null ? 'nothing yet' : `yes, as transaction ${row.backend_xid}`],
		['holds back vacuum', typeof now?.xmin_age === 'number' ? `${count(now.xmin_age)} transactions` : null],
		['encryption', now?.ssl === true ? `${now.tls_version} ${now.cipher}` : now?.ssl === false ? 'none' : null],
	];
	const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
	const gone: Line[] = answers.statement?.status === 'ok' && !now ? [[{text: 'it has gone since', tone: 'warning'}]] : [];
	return [
		{title: active ? 'Query' : 'Last query', lines: [...gone, ...query]},
		{
			title: 'Session',
			lines: [...known.map(([name, value]): Line => [{text: name.padEnd(19), tone: 'dim'}, {text: plain(value)}]), ...problemOf(answers, 'statement')],
		},
	];
}

export function lockLines(answers: Answers): readonly Section[] {
	const answer = answers.locks;
	const rows = answer?.status === 'ok' ? answer.sample.rows : [];
	const all = typeof rows[0]?.locks === 'number' ? rows[0].locks : rows.length;
	const lines = rows.map(
		(row): Line => [
			{text: row.granted === true ? 'holds  ' : 'awaits ', tone: row.granted === true ? 'dim' : 'warning'},
			{text: `${String(row.mode).padEnd(25)} ${row.locktype === 'relation' ? '' : `${row.locktype} `}${row.object ?? ''}`},
		],
	);
	return [
		{
			title: `Locks (${rows.length < all ? `${rows.length} of ` : ''}${all})`,
			lines: lines.length > 0 ? lines : [...problemOf(answers, 'locks'), ...(answer?.status === 'ok' ? [[{text: 'none'}]] : [])],
		},
	];
}

function statisticsLines(row: Session, answers: Answers): readonly Section[] {
	const known = rowOf(answers, 'statistics');
	if (!known) return row.query_id === null ? [] : [{title: 'Its statement since the reset', lines: problemOf(answers, 'statistics')}];
	return [
		{
			title: 'Its statement since the reset',
			lines: [
				[
					{
						text: `${count(known.calls)} calls, mean ${milliseconds(known.mean_ms)}, longest ${milliseconds(known.max_ms)}, ${count(known.rows)} rows, ${count(known.shared_blks_read)} blocks read, ${count(known.temp_blks_written)} temporary blocks written`,
					},
				],
			],
		},
	];
}

function sections(row: Session, answers: Answers): readonly Section[] {
	const waits: Line[] = [];
	if (row.wait !== null) waits.push([{text: row.wait, tone: 'strong'}, {text: row.waits_for === null ? '' : `  behind ${row.waits_for}`}]);
	if (row.blocks > 0) waits.push([{text: `holds up ${row.blocks}`, tone: 'critical'}]);
	return [
		...(waits.length > 0 ? [{title: 'Waits', lines: waits}] : []),
		...statementLines(row, answers),
		...lockLines(answers),
		...statisticsLines(row, answers),
	];
}

const sessionsTable = table<Session>({
	id: 'sessions',
	title: 'Sessions',
	empty: 'Nobody is connected but pgperf. i shows idle sessions and the processes of the server.',
	from: {sql: 'sessions'},
	scope: 'server',
	every: 'tick',
	rowKey: row => String(row.pid),
	parent: row => (row.leader_pid === null ? null : String(row.leader_pid)),
	columns: [
		{field: 'pid', title: 'pid', width: 7, align: 'right', priority: 1},
		{field: 'usename', title: 'user', width: 10, show: (name, row) => (row.own ? 'pgperf' : plain(name)), priority: 3},
		{field: 'datname', title: 'db', width: 9, show: plain, priority: 5},
		{field: 'application_name', title: 'app', width: 12, show: name => (name ? plain(name) : unknown), priority: 6},
		{field: 'client', title: 'client', width: 13, show: plain, priority: 8},
		{field: 'state', title: 'state', width: 14, show: (_, row) => stateOf(row), tone: stateTone, priority: 2},
		{field: 'state_s', title: 'for', width: 6, align: 'right', show: duration, tone: stateTone, priority: 2},
		{
			field: 'wait',
			title: 'wait',
			width: 18,
			show: (wait, row) => (wait === null ? (isActive(row.state) ? 'running' : '') : String(wait)),
			tone: row => (row.wait_event_type === 'Lock' ? 'warning' : undefined),
			priority: 3,
		},
		{field: 'xact_s', title: 'xact', width: 6, align: 'right', show: duration, priority: 4},
		{field: 'query_s', title: 'query', width: 6, align: 'right', show: duration, priority: 7},
		{
			field: 'blocks',
			title: 'blocks',
			width: 6,
			align: 'right',
			show: n => (n === 0 ? '' : plain(n)),
			tone: row => (row.blocks > 0 ? 'critical' : undefined),
			priority: 7,
		},
		{field: 'query', title: 'text', width: 20, grow: 1, show: (_, row) => queryOf(row), tone: row => (isActive(row.state) ? undefined : 'dim'), priority: 1},
	],
	groups: ['usename', 'application_name', 'datname', 'state', 'client', 'wait'],
	filters: {user: 'usename', db: 'datname', app: 'application_name', client: 'client', state: 'state', wait: 'wait', pid: 'pid'},
	order,
	hidden: isHidden,
	derive: derive as (rows: readonly Session[], input: Input) => readonly Session[],
	summary,
	detail: {
		title: row => `Session ${row.pid}`,
		ask: [
			{id: 'statement', sql: 'session-statement', params: row => [row.pid, row.backend_start ?? ''], session: 'survey'},
			{id: 'locks', sql: 'session-locks', params: row => [row.pid], session: 'survey'},
			{id: 'statistics', sql: 'session-statistics', params: row => [row.query_id ?? '', row.datname ?? ''], session: 'survey'},
		],
		sections,
	},
	checks: [idleInTransaction, longTransaction],
	actions: [cancel, terminate],
});

export const sessions: Pane = {id: 'sessions', key: '2', title: 'Sessions', tables: [sessionsTable, horizon, limits], arrange: 'switch', tile};

function tile(input: Input): ReturnType<NonNullable<Pane['tile']>> {
	const row = vitalsOf(input);
	if (!row) return {title: 'Connections', lines: [[{text: unknown, tone: 'dim'}]], series: 'connections', limit: 'connections'};
	return {
		title: 'Connections',
		lines: [
			[{text: `${row.hidden > 0 ? '≈' : ''}${row.connections}`, tone: 'strong'}, {text: ` of ${row.usable} used`}],
			[{text: `${seenCount(row.active, row)} active  ${seenCount(row.idle_in_transaction, row)} idle in transaction  ${seenCount(row.idle, row)} idle`}],
			...(row.sessions_per_s == null ? [] : [[{text: `${row.sessions_per_s.toFixed(1)} new/s`, tone: 'dim' as const}]]),
		],
		series: 'connections',
		limit: 'connections',
	};
}
