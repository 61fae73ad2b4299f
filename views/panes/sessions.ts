import {edgesOf, victimsOf, waitsOf} from '../../source/forest.ts';
import type {Input, Line, Pane, Row, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {isOfService} from '../../source/provider.ts';
import {duration, plain, unknown} from '../format.ts';
import {cancel, isActive, isIdleInTransaction, stateWord, terminate} from '../signals.ts';
import {idleInTransaction, longTransaction} from './sessions-checks.ts';
import {connections} from './sessions-counts.ts';
import {sections} from './sessions-detail.ts';
import {horizon} from './sessions-horizon.ts';
import {limits} from './sessions-limits.ts';
import type {Session, SessionsRow} from './sessions-row.ts';
import {seenCount, vitalsOf} from './vitals.ts';

function derive(rows: readonly SessionsRow[], input: Input): readonly Session[] {
	const waits = waitsOf(edgesOf(input.rows.waits));
	const victims = victimsOf(waits);
	const facts = input.facts[input.watched];
	return rows.map(seen => {
		// What a managed service does there is nobody's here: no client's, and nothing that a grant would show.
		const row = !seen.own && isOfService(facts, seen.usename, seen.datname) ? {...seen, backend_type: 'system', hidden: false} : seen;
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
	if (row.backend_type === 'system') return true;
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
	// What is hidden may be active or idle.
	const seen = (n: number) => seenCount(n, {hidden: hidden.length});
	const parts: (readonly [string, Tone])[] = [[`${seen(active.length)} active`, 'plain']];
	if (waiting.length > 0) parts.push([`${waiting.length} waiting for locks`, 'warning']);
	if (idle.length > 0) parts.push([`${idle.length} idle in transaction (${oldest(idle)})`, 'strong']);
	if (aborted.length > 0) parts.push([`${aborted.length} aborted (${oldest(aborted)})`, 'warning']);
	parts.push([`${seen(of(row => row.state === 'idle').length)} idle`, 'plain']);
	if (hidden.length > 0) parts.push([`${hidden.length} hidden: grant pg_read_all_stats`, 'warning']);
	const vitals = vitalsOf(input);
	if (vitals) parts.push([`${vitals.hidden > 0 ? '≈' : ''}${vitals.connections} of ${vitals.usable} connections`, 'plain']);
	if (vitals?.sessions_per_s != null) parts.push([`${vitals.sessions_per_s.toFixed(1)} new/s`, 'dim']);
	const longest = of(row => row.xact_s !== null).reduce<Session | undefined>((most, row) => (row.xact_s! > (most?.xact_s ?? 0) ? row : most), undefined);
	if (longest && longest.xact_s! >= 60) parts.push([`longest transaction ${duration(longest.xact_s)} (${longest.pid})`, 'plain']);
	return [parts.flatMap(([text, tone], index) => [...(index > 0 ? [{text: '  ', tone: 'dim' as const}] : []), {text, tone}])];
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
		{field: 'datname', title: 'db', width: 9, show: plain, priority: 6},
		{field: 'application_name', title: 'app', width: 10, grow: 6, show: name => (name ? plain(name) : unknown), priority: 4},
		{field: 'client', title: 'client', width: 13, grow: 1, show: plain, priority: 8},
		{field: 'state', title: 'state', width: 14, show: (_, row) => stateOf(row), tone: stateTone, priority: 2},
		{field: 'state_s', title: 'for', width: 6, align: 'right', show: duration, tone: stateTone, priority: 2},
		{
			field: 'wait',
			title: 'wait',
			width: 18,
			grow: 1,
			show: (wait, row) => (wait === null ? (isActive(row.state) ? 'running' : '') : String(wait)),
			tone: row => (row.wait_event_type === 'Lock' ? 'warning' : undefined),
			priority: 3,
		},
		{field: 'xact_s', title: 'xact', width: 6, align: 'right', show: duration, priority: 5},
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
		{field: 'query', title: 'text', width: 20, grow: 7, show: (_, row) => queryOf(row), tone: row => (isActive(row.state) ? undefined : 'dim'), priority: 1},
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
	explain: {
		sql: 'session-statement',
		params: row => [row.pid, row.backend_start ?? ''],
		subject: row => `what ${row.pid} runs`,
		disabled(row, facts) {
			if (row.hidden) return 'its statement is hidden: grant pg_read_all_stats';
			if (row.backend_type !== 'client backend' || row.state !== 'active') return 'it runs no statement at this moment';
			return row.datname === facts.database ? undefined : `it runs in database ${row.datname}: watch that one (w)`;
		},
	},
	checks: [idleInTransaction, longTransaction],
	actions: [cancel, terminate],
});

export const sessions: Pane = {id: 'sessions', key: '2', title: 'Sessions', tables: [sessionsTable, connections, limits, horizon], arrange: 'switch', tile};

function tile(input: Input): ReturnType<NonNullable<Pane['tile']>> {
	const row = vitalsOf(input);
	if (!row) return {title: 'Connections', lines: [[{text: unknown, tone: 'dim'}]], series: 'connections-used', limit: 'connections'};
	return {
		title: 'Connections',
		lines: [
			[{text: `${row.hidden > 0 ? '≈' : ''}${row.connections}`, tone: 'strong'}, {text: ` of ${row.usable} used`}],
			[{text: `${seenCount(row.active, row)} active  ${seenCount(row.idle_in_transaction, row)} idle in transaction  ${seenCount(row.idle, row)} idle`}],
			...(row.sessions_per_s == null ? [] : [[{text: `${row.sessions_per_s.toFixed(1)} new/s`, tone: 'dim' as const}]]),
		],
		series: 'connections-used',
		limit: 'connections',
	};
}
