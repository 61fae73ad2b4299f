import assert from 'node:assert/strict';
import {test} from 'node:test';
import {defaultLimits} from '../source/limits.ts';
import type {Facts, Input, Line, Row} from '../source/pane.ts';
import {freshView, visible} from '../source/visible.ts';
import {sessions} from '../views/panes/sessions.ts';
import {longTransaction} from '../views/panes/sessions-checks.ts';
import type {Session, SessionsRow} from '../views/panes/sessions-row.ts';
import {type Vitals, vitals} from '../views/panes/vitals.ts';
import {cancel, terminate} from '../views/signals.ts';
import {fixture, inputOf} from './support/fixture.ts';
import {edges} from './support/forest.ts';

const table = sessions.tables[0]!;
const recorded = fixture('sessions');

function session(pid: number, more: Partial<SessionsRow> = {}): SessionsRow {
	return {
		pid,
		leader_pid: null,
		usename: 'app',
		datname: 'shop',
		application_name: 'web',
		client: '10.0.4.7',
		backend_type: 'client backend',
		state: 'active',
		state_s: 10,
		wait_event_type: null,
		wait_event: null,
		backend_s: 100,
		xact_s: 10,
		query_s: 10,
		backend_xid: null,
		xmin_age: 3,
		query_id: null,
		query: 'select 1',
		backend_start: '2026-11-20 13:00:00.000001+00',
		xact_start: '2026-11-20 13:51:40.004211+00',
		query_start: '2026-11-20 13:51:40.004211+00',
		state_change: '2026-11-20 13:51:40.004212+00',
		own: false,
		hidden: false,
		...more,
	};
}
const idle = {state: 'idle', xact_s: null, query_s: null, xact_start: null, wait_event_type: 'Client', wait_event: 'ClientRead'} as const;
const inTransaction = {...idle, state: 'idle in transaction', xact_s: 30} as const;
const lock = {wait_event_type: 'Lock', wait_event: 'relation'} as const;
const unseen = {
	state: null,
	state_s: null,
	xact_s: null,
	query_s: null,
	backend_type: null,
	backend_start: null,
	client: null,
	hidden: true,
	query: '<insufficient privilege>',
} as const;

function derived(rows: readonly SessionsRow[], waits = ''): Input {
	const input: Input = {rows: {waits: waits === '' ? [] : edges(waits), vitals: []}, facts: {}, watched: 'shop', history: {}};
	return {...input, rows: {...input.rows, sessions: table.derive!(rows as unknown as readonly Row[], input)}};
}
function shown(rows: readonly SessionsRow[], waits = '', showHidden = false): readonly string[] {
	return visible(table, derived(rows, waits).rows.sessions!, {...freshView, showHidden}).map(({row, prefix}) => `${prefix}${row.pid}`);
}
function text(lines: readonly Line[]): string {
	return lines.map(line => line.map(segment => segment.text).join('')).join('\n');
}

test('blockers, those who wait, the active by age, idle in transaction by age, the hidden; the servers of others last', () => {
	const rows = [
		session(1, {backend_type: 'autovacuum worker'}),
		session(2, {backend_type: 'walsender', wait_event_type: 'Activity'}),
		session(3, unseen),
		session(4, {...inTransaction, state_s: 5}),
		session(5, {...inTransaction, state_s: 50}),
		session(6, {query_s: 1}),
		session(7, {query_s: 70}),
		session(8, lock),
		session(9, {...inTransaction, state_s: 1}),
		session(10, lock),
	];
	assert.deepEqual(shown(rows, '8<9 10<8'), ['9', '8', '10', '7', '6', '5', '4', '3', '2', '1']);
});

test('idle sessions and what the server does for itself are hidden until asked for, unless they hold somebody up', () => {
	const rows = [
		session(1, idle),
		session(2, {backend_type: 'checkpointer', state: null, wait_event_type: 'Activity', wait_event: 'CheckpointerMain'}),
		session(3, {own: true, application_name: 'pgperf', state: 'idle'}),
		session(4, idle),
		session(5, lock),
	];
	assert.deepEqual(shown(rows, '5<4'), ['4', '5']);
	assert.deepEqual(shown(rows, '5<4', true).toSorted(), ['1', '2', '3', '4', '5']);
});

test('connections are counted by user, application, database and client, the idle ones too; what is hidden is unknown', () => {
	const counting = sessions.tables.find(one => one.id === 'connection-counts')!;
	const input = derived([
		session(1, {xact_s: 40}),
		session(2, {...idle, backend_s: 4000}),
		session(3, {...inTransaction, xact_s: 70}),
		session(4, {...lock, application_name: 'etl'}),
		session(5, {...unseen, usename: 'other'}),
		session(6, {leader_pid: 1, backend_type: 'parallel worker'}),
		session(7, {backend_type: 'walsender'}),
	]);
	const rows = counting.derive!([], input).toSorted(counting.order!);
	const picked = (row: Row) =>
		['usename', 'application_name', 'connections', 'active', 'waiting', 'idle_in_transaction', 'idle', 'xact_s', 'backend_s'].map(f => row[f]);
	assert.deepEqual(rows.map(picked), [
		['app', 'web', 3, 1, 0, 1, 1, 70, 4000],
		['app', 'etl', 1, 1, 1, 0, 0, 10, 100],
		['other', 'web', 1, null, null, null, null, null, 100],
	]);
	const headings = visible(counting, rows, {...freshView, group: 'usename'}).flatMap(one => one.heading ?? []);
	assert.deepEqual(headings, ['app  4', 'other  1']);
});

test('the longest transaction is named once it is a minute old', () => {
	const said = (seconds: number) => {
		const input = derived([session(1, {xact_s: 3}), session(2, {...inTransaction, xact_s: seconds})]);
		return text(table.summary!(input.rows.sessions!, input));
	};
	assert.match(said(720), /longest transaction 12m \(2\)/);
	assert.doesNotMatch(said(59), /longest/);
});

test('workers of a parallel query stand under their leader', () => {
	const rows = [
		session(1),
		session(2, {leader_pid: 1, backend_type: 'parallel worker'}),
		session(3, {leader_pid: 1, backend_type: 'parallel worker'}),
		session(4, {query_s: 60}),
	];
	assert.deepEqual(shown(rows), ['4', '1', '├─ 2', '└─ 3']);
});

test('what a session that waits for its client does is no wait', () => {
	const rows = derived([session(1, idle), session(2, inTransaction), session(3, {wait_event_type: 'IO', wait_event: 'DataFileRead'}), session(4)]).rows
		.sessions!;
	assert.deepEqual(
		rows.map(row => row.wait),
		[null, null, 'IO:DataFileRead', null],
	);
});

test('the summary counts neither pgperf nor the server, and says what it can not see', () => {
	const rows = [
		session(1),
		session(2, lock),
		session(3, {...inTransaction, state_s: 720}),
		session(4, {...inTransaction, state: 'idle in transaction (aborted)', state_s: 4}),
		session(5, idle),
		session(6, {own: true}),
		session(7, {backend_type: 'checkpointer', state: null}),
		session(8, unseen),
	];
	const input = derived(rows);
	assert.equal(
		text(table.summary!(input.rows.sessions!, input)),
		'≥2 active  1 waiting for locks  1 idle in transaction (12m)  1 aborted (4.0s)  ≥1 idle  1 hidden: grant pg_read_all_stats',
	);
});

function found(id: string, rows: readonly SessionsRow[]): readonly (readonly [string, string, number])[] {
	const check = table.checks!.find(one => one.id === id)!;
	return check.when(derived(rows), defaultLimits[id]!, defaultLimits).map(hit => [hit.level, hit.subject, hit.value] as const);
}

test('idle in transaction rises with its age, one finding for a user and application', () => {
	const rows = [60, 299, 300, 1800].map((state_s, index) => session(index + 1, {...inTransaction, state_s}));
	assert.deepEqual(found('idle-in-transaction', [...rows, session(9, {state_s: 9999}), session(10, {...inTransaction, state_s: 9999, own: true})]), [
		['warning', 'app (web) on shop', 300],
		['critical', 'app (web) on shop', 1800],
	]);
});

test('a long transaction is one that works: dumps and those idle in transaction are told elsewhere', () => {
	const long = {xact_s: 10_000};
	const rows = [
		session(1, long),
		session(2, {...long, application_name: 'pg_dump'}),
		session(3, {...inTransaction, ...long}),
		session(4, {...long, backend_type: 'walsender'}),
	];
	assert.deepEqual(found('long-transaction', rows), [['critical', 'app (web) on shop', 10_000]]);
});

test('who only waits for a lock has no long transaction: whoever it waits for is the finding', () => {
	const waiting = {wait_event_type: 'Lock', wait_event: 'transactionid'};
	const behind = (rows: readonly SessionsRow[], waits: readonly Row[]) =>
		longTransaction.when(input(rows, waits), defaultLimits['long-transaction']!, defaultLimits).map(hit => hit.rowKey);
	const input = (rows: readonly SessionsRow[], waits: readonly Row[]): Input => {
		const before = derived(rows);
		return {...before, rows: {...before.rows, waits}};
	};
	const victim = session(1, {...waiting, xact_s: 10_000, query_s: 9999});
	const old = session(2, {...waiting, xact_s: 10_000, query_s: 100});
	const uncut = session(3, {...waiting, xact_s: 10_000, query_s: 10_000});
	assert.deepEqual(
		behind(
			[victim, old, uncut],
			[
				{pid: 1, wait_s: 9990},
				{pid: 2, wait_s: 90},
				{pid: 3, wait_s: 5},
			],
		),
		['2', '3'],
	);
	assert.deepEqual(behind([victim, old], []), ['2'], 'of more waiters than are asked for only the age of the statement is known');
});

test('a check that sees nobody says so instead of calling it good', () => {
	const [idles, works] = table.checks!.map(
		check =>
			(...rows: readonly SessionsRow[]) =>
				check.unseen!(derived(rows)),
	);
	const grant = /grant pg_read_all_stats/;
	for (const check of [idles!, works!]) {
		assert.match(check(session(1, unseen), session(2, {own: true}))!, grant);
		assert.match(
			check(session(1, unseen), session(2, {...unseen, own: true}), session(3, idle))!,
			grant,
			'one of pgperf that is hidden too, and one that is idle',
		);
		assert.equal(check(session(2, {...unseen, own: true})), undefined);
		assert.equal(check(), undefined);
	}
	assert.match(idles!(session(1, unseen), session(2))!, grant, 'one that works is not among those that idle in a transaction');
	assert.equal(idles!(session(1, unseen), session(2, inTransaction)), undefined);
	assert.equal(works!(session(1, unseen), session(2)), undefined);
});

const facts = {role: 'dba', superuser: false, canSignal: true, canSignalAutovacuum: false, major: 17} as Facts;
const signalled = (more: Partial<SessionsRow>) => session(7, more) as unknown as Session;

test('signals that can do nothing are not offered, with the reason', () => {
	const why = (more: Partial<SessionsRow>) => [cancel.disabled!(signalled(more), facts), terminate.disabled!(signalled(more), facts)];
	assert.deepEqual(why({}), [undefined, undefined]);
	assert.deepEqual(why(inTransaction), ['it is idle in transaction: cancel does nothing there, K terminates it', undefined]);
	assert.deepEqual(why(idle), ['it runs nothing: there is nothing to cancel', undefined]);
	assert.match(why(unseen)[1]!, /can't prove that it is still the same session: grant pg_read_all_stats to dba/);
	assert.deepEqual(why({application_name: 'pgperf'}), Array(2).fill('it is pgperf itself'));
	assert.deepEqual(why({backend_type: 'checkpointer'}), Array(2).fill('checkpointer is part of the server: not from here'));
	assert.deepEqual(why({backend_type: 'parallel worker'}), Array(2).fill('a parallel worker: choose its leader'));
	assert.deepEqual(why({backend_type: 'autovacuum worker'}), Array(2).fill('an autovacuum worker: only a superuser may signal it before PostgreSQL 18'));
	assert.deepEqual(why({backend_type: 'walsender', application_name: 'standby'}), [
		'a walsender sends WAL: cancel does nothing there, K terminates it',
		undefined,
	]);
});

test('a real server: every row has an answer in every column and in its detail', () => {
	const input = inputOf(recorded, vitals, sessions);
	assert.ok(input.rows.sessions!.length > 20);
	assert.ok((input.rows.vitals![0] as Vitals).connections > 10);
	for (const row of input.rows.sessions!) {
		for (const column of table.columns) assert.doesNotMatch(String(column.show?.(row[column.field] ?? null, row) ?? ''), /undefined|NaN|null/, column.field);
		const sections = table.detail!.sections(row, {}, input).flatMap(section => [section.title, text(section.lines)]);
		assert.doesNotMatch(sections.join('\n'), /undefined|NaN|null/);
	}
	const [first] = visible(table, input.rows.sessions!, freshView);
	assert.ok(Number(first!.row.blocks) > 0, 'the cause of the demo is the first row');
});

test('ten thousand sessions are derived and ordered within a tick', () => {
	const rows = Array.from({length: 10_000}, (_, index) => session(index + 1, index % 10 === 0 ? {query_s: index} : idle));
	const start = performance.now();
	assert.equal(shown(rows).length, 1000);
	assert.ok(performance.now() - start < 2000);
});
