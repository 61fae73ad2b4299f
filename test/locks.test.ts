import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {LocksRow, Tree} from '../source/forest.ts';
import {chosenRows} from '../source/keys.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Input, Line, Row} from '../source/pane.ts';
import {freshView, visible} from '../source/visible.ts';
import {visibleRows} from '../source/window.ts';
import {locks} from '../views/panes/locks.ts';
import {type Vitals, vitals} from '../views/panes/vitals.ts';
import {fixture, inputOf} from './support/fixture.ts';
import {edge, edges} from './support/forest.ts';
import {roundsOf} from './support/rounds.ts';

const table = locks.tables[0]!;
const recorded = inputOf(fixture('locks'), vitals, locks);

function input(rows: readonly LocksRow[], change: Partial<Vitals> = {}): Input {
	const before: Input = {...recorded, rows: {vitals: [{...recorded.rows.vitals![0], ...change} as Row], waits: rows}};
	return {...before, rows: {...before.rows, locks: table.derive!(rows as readonly Row[], before)}};
}
function text(lines: readonly Line[]): string {
	return lines.map(line => line.map(segment => segment.text).join('')).join('\n');
}
function summary(rows: readonly LocksRow[], change: Partial<Vitals> = {}): string {
	const seen = input(rows, change);
	return text(table.summary!(seen.rows.locks!, seen));
}

test('the demo: one tree, the cause first, the readers behind the ALTER', () => {
	const shown = visible(table, recorded.rows.locks!, freshView);
	assert.equal(shown.filter(({prefix}) => prefix === '').length, 1);
	assert.equal(shown[0]!.row.state, 'idle in transaction');
	assert.equal(shown[0]!.row.holds_up, shown.length - 1);
	const alter = shown.find(({row}) => String(row.query).startsWith('alter table'))!;
	assert.ok(Number(alter.row.holds_up) > 0);
});

test('marking all that passes a filter leaves out whom the branches alone show: the cause that somebody waits for', () => {
	const {happened, round} = roundsOf([vitals, locks], {db: {}});
	const waiting = [edge(2, 1, {usename: 'web', blocker_usename: 'payroll'}), edge(3, 1, {usename: 'web', blocker_usename: 'payroll'})];
	happened({type: 'opened', pane: 'locks'});
	round(1000, {db: {locks: waiting as readonly Row[]}});
	for (const event of [
		{type: 'called', overlay: 'filter'},
		{type: 'typed', text: 'user:web', at: 1},
		{type: 'chosen', at: 1},
	] as const)
		happened(event);
	happened({type: 'marked', all: true});
	const state = round(2000, {db: {locks: waiting as readonly Row[]}});
	assert.deepEqual(
		visibleRows(state, table).map(one => one.key),
		['1', '2', '3'],
	);
	assert.deepEqual(
		chosenRows(state).map(one => one.row.pid),
		[2, 3],
	);
});

test('how long the cause has been idle is not cut off', () => {
	const column = table.columns.find(one => one.field === 'state')!;
	const [root] = input([edge(2, 1, {blocker_state_s: 12 * 3600 + 34 * 60})]).rows.locks!;
	const shown = column.show!(root!.state!, root!);
	assert.equal(shown, 'idle in xact 12h34');
	assert.ok(shown.length <= column.width);
});

test('the mildest cure is to cancel who waits and is waited for; the cause costs more', () => {
	assert.equal(
		summary(edges('2<1 3<1 4<3 5<3').map(row => (row.pid === 3 ? {...row, backend_xid: null} : row))),
		'4 wait  mildest cure: cancel 3 lets 2 of 4 go, nothing lost\n        the cause: terminate 1: frees 2 of 4 (idle in transaction 20s, has written: rolls back)',
	);
	assert.match(summary(edges('3<1 4<3').map(row => ({...row, backend_xid: '9'}))), /only its statement fails/);
	assert.match(summary(edges('3<1 4<3').map(row => ({...row, backend_xid: '9', xact_start: 'earlier'}))), /its transaction rolls back/);
});

test('a root is ended in the way that fits it', () => {
	const cure = (more: Partial<LocksRow>) => summary([edge(2, 1, more)]).replace('1 waits  mildest cure: ', '');
	assert.equal(cure({blocker_state: 'active', blocker_backend_xid: null}), 'cancel 1: frees 1 of 1 (active 20s, has written nothing)');
	assert.equal(cure({blocker_backend_type: 'autovacuum worker', blocker_query: 'autovacuum: VACUUM t'}), 'cancel 1: frees 1 of 1; autovacuum comes back later');
	assert.match(cure({blocker_backend_type: 'autovacuum worker', blocker_query: 'autovacuum: VACUUM t (to prevent wraparound)'}), /^let 1 finish/);
	assert.match(cure({blocker_state: 'idle'}), /^terminate 1: frees 1 of 1 \(idle: holds a lock of its session/);
	assert.match(cure({blocker_state: null}), /^look at 1: its state is hidden/);
	assert.equal(
		cure({blocker_pid: 0, blocker_gid: "pay '42'", blocker_prepared_database: 'shop', blocker_owner: 'app'}),
		"rollback prepared 'pay ''42''' in database shop, or commit prepared, as its owner app",
	);
	assert.match(summary(edges('1<2 2<1')), /1 stands in a circle: PostgreSQL ends one of them after deadlock_timeout/);
});

test('what is in no lock table is told here too', () => {
	assert.equal(
		summary([], {sync_waits: 3, sync_wait_at_most_s: 12, replay_wait: null}),
		'3 commits wait for a synchronous standby, ≤12s: in no lock table, see Replication',
	);
	assert.match(summary([], {sync_waits: 0, replay_wait: 'relation'}), /replay waits for queries on this standby \(relation\)/);
	assert.equal(summary([], {sync_waits: 0, replay_wait: null}), '');
});

test('two hundred of five thousand waiters are lower bounds', () => {
	const rows = Array.from({length: 200}, (_, index) => edge(index + 2, 1, {waiters: 5130}));
	assert.match(summary(rows), /^200 of 5\.1k waiters {2}mildest cure: terminate 1: frees 200 of ≥200/);
	const [root] = visible(table, input(rows).rows.locks!, freshView);
	const column = table.columns.find(one => one.field === 'holds_up')!;
	assert.equal(column.show!(root!.row.holds_up!, root!.row), 'holds up ≥200, 10s');
});

function blocked(rows: readonly LocksRow[]): readonly (readonly [string, string, string])[] {
	const check = table.checks!.find(one => one.id === 'blocked')!;
	return check.when(input(rows), defaultLimits.blocked!, defaultLimits).map(hit => [hit.level, hit.subject, hit.title] as const);
}

test('a short wait is no finding; a long one, or one of five, is', () => {
	assert.deepEqual(blocked([edge(2, 1, {wait_s: 4.9})]), []);
	assert.deepEqual(blocked([edge(2, 1, {wait_s: 5})]), [['warning', '1', '1 session waits behind 1, idle in xact 20s']]);
	assert.deepEqual(blocked([edge(2, 1, {wait_s: 30})])[0]![0], 'critical');
	const five = edges('2<1 3<1 4<1 5<1 6<1');
	assert.deepEqual(blocked(five.map(row => ({...row, wait_s: 6})))[0], ['critical', '1', '5 sessions wait behind 1, idle in xact 20s']);
	assert.deepEqual(blocked(five.map(row => ({...row, wait_s: 1}))), [], 'a queue of a second is how locks work');
	assert.deepEqual(blocked([edge(2, 1, {wait_s: null})]), [], 'what is not known is no finding');
});

test('a prepared transaction and commits that wait are findings of their own', () => {
	const of = (id: string, change: Partial<Vitals>) => table.checks!.find(one => one.id === id)!.when(input([], change), defaultLimits[id]!, defaultLimits);
	const [prepared] = of('prepared-transaction', {prepared: 2, prepared_s: 400, prepared_gid: "it's", prepared_owner: 'app', prepared_database: 'shop'});
	assert.equal(prepared!.title, "prepared transaction it's is open for 6m (2 in all)");
	assert.match(prepared!.remedy, /in database shop: rollback prepared 'it''s'/);
	assert.deepEqual(of('prepared-transaction', {prepared: 1, prepared_s: 100}), []);
	assert.equal(of('sync-commit-wait', {sync_waits: 1, sync_wait_at_most_s: 31})[0]!.level, 'critical');
	assert.deepEqual(of('sync-commit-wait', {sync_waits: 0, sync_wait_at_most_s: null}), []);
	const unseen = table.checks!.find(one => one.id === 'sync-commit-wait')!.unseen!;
	assert.match(unseen(input([], {hidden: 3}))!, /grant pg_read_all_stats/);
});

test('every row of the demo has an answer in every column and in its detail', () => {
	const prepared = input([edge(2, 0, {blocker_gid: 'x', blocker_state: null, blocker_usename: null, blocker_query: null})]);
	for (const seen of [recorded, prepared]) {
		for (const row of seen.rows.locks as readonly Tree[]) {
			for (const column of table.columns)
				assert.doesNotMatch(String(column.show?.((row as Row)[column.field] ?? null, row as Row) ?? ''), /undefined|NaN|null/, column.field);
			const sections = table.detail!.sections(row as Row, {}, seen).flatMap(section => [section.title, text(section.lines)]);
			assert.doesNotMatch(sections.join('\n'), /undefined|NaN|null/);
		}
	}
});
