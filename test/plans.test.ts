import assert from 'node:assert/strict';
import {test} from 'node:test';
import {refusal} from '../source/io/runner.ts';
import {isNamed} from '../source/io/work.ts';
import type {Action, Facts, Row} from '../source/pane.ts';
import {missingAhead, newestOf, nextOnes, olderThan, type Partitioned, parseAge} from '../source/partition-choice.ts';
import {groupsOf, isNothing, notesOf, serverOf, targetsOf, typedWord} from '../source/plans.ts';
import type {Plan, State} from '../source/state.ts';
import {connected, facts, terminate} from './support/world.ts';

const step = (target: string, statement: string | null, more: Row = {}): Row => ({
	target,
	statement,
	step_group: null,
	ready: true,
	why: null,
	note: null,
	...more,
});

test('rows with one target are its steps; those of one group are one transaction, the others stand alone', () => {
	const [a, b] = targetsOf([
		step('a', 'set lock_timeout = 0'),
		step('a', 'detach'),
		step('a', 'begin', {step_group: 'drop'}),
		step('a', 'drop', {step_group: 'drop'}),
		step('a', 'commit', {step_group: 'drop'}),
		step('b', 'begin', {step_group: 'drop'}),
	]);
	assert.deepEqual(
		groupsOf(a!.statements).map(group => group.map(one => one.text)),
		[['set lock_timeout = 0'], ['detach'], ['begin', 'drop', 'commit']],
	);
	assert.equal(b!.statements.length, 1);
	assert.notEqual(a!.statements.at(-1)!.group, b!.statements[0]!.group);
});

test('a target that is not ready, or has nothing to send, has no statements at all', () => {
	const targets = targetsOf([
		step('a', null, {ready: false, why: 'it is locked'}),
		step('b', 'begin'),
		step('b', null, {ready: false, why: 'half of it'}),
		step('c', null),
		step('d', null, {ready: false, why: 'it is gone already', nothing: true}),
	]);
	assert.deepEqual(
		targets.map(target => [target.why, target.statements.length, isNothing(target)]),
		[
			['it is locked', 0, false],
			['half of it', 0, false],
			['there is nothing to send', 0, false],
			['it is gone already', 0, true],
		],
	);
});

test('notes are said once, line by line', () => {
	const rows = [step('a', 'x', {note: 'one\ntwo'}), step('a', 'y', {note: 'one\ntwo'}), step('b', 'z', {note: 'two\nthree'})];
	assert.deepEqual(
		notesOf(rows).map(line => line[0]!.text),
		['one', 'two', 'three'],
	);
});

test('what must be typed: the count of marked rows, the word of the plan, the name, or nothing', () => {
	const ask: Action = {...terminate, danger: 'ask'};
	const type: Action = {...terminate, danger: 'type'};
	const named = targetsOf([step('a', 'x', {typed: 'reset'})]);
	const plain = targetsOf([step('a', 'x')]);
	const two = targetsOf([step('a', 'x'), step('b', 'y')]);
	assert.equal(typedWord(ask, plain, 1, false), null);
	assert.equal(typedWord(ask, plain, 1, true), 'a');
	assert.equal(typedWord(ask, two, 2, false), '2');
	assert.equal(typedWord(ask, two, 1, false), null, 'one row that comes to two steps is one decision');
	assert.equal(typedWord(type, plain, 1, false), 'a');
	assert.equal(typedWord(type, named, 1, false), 'reset');
	assert.equal(typedWord(type, two, 1, false), '2');
});

test('rows of a cluster say whose they are; of two servers at once nothing is done', () => {
	assert.equal(serverOf([{server: 'b'}], 'a', ['a', 'b']), 'b');
	assert.equal(serverOf([{}], 'a', ['a', 'b']), 'a');
	assert.equal(serverOf([{server: 'a'}, {server: 'b'}], 'a', ['a', 'b']), undefined);
	assert.equal(serverOf([{server: 'never heard of'}], 'a', ['a']), 'a');
	assert.equal(serverOf([], 'a', ['a']), 'a');
});

test('the runner refuses by itself, whatever the screen let through', () => {
	const state = connected();
	const {generation} = state.servers.db!;
	const plan: Plan = {action: 'x', label: 'X', server: 'db', generation, at: 0, targets: [], facts: [], typed: null};
	const ddl: Action = {...terminate, run: 'ddl'};
	const withFacts = (change: Partial<Facts>): State => ({...state, servers: {db: {...state.servers.db!, facts: {...facts, ...change}}}});
	assert.equal(refusal(state, terminate, plan), undefined);
	assert.equal(refusal(state, ddl, plan), undefined);
	assert.match(refusal({...state, settings: {...state.settings, readOnly: true}}, terminate, plan)!, /read-only/);
	assert.match(refusal({...state, settings: {...state.settings, audit: {is: 'broken', why: 'disk full'}}}, terminate, plan)!, /disk full/);
	assert.match(refusal(state, terminate, {...plan, generation: generation - 1})!, /connection was lost/);
	assert.match(refusal(withFacts({recovery: true}), ddl, plan)!, /standby/);
	assert.match(refusal(withFacts({pooled: true}), ddl, plan)!, /pooler/);
	assert.equal(refusal(withFacts({recovery: true, pooled: true}), terminate, plan), undefined, 'signals work there');
	assert.match(refusal({...state, servers: {}}, terminate, plan)!, /connection was lost/);
});

const monthly = (...months: readonly string[]) =>
	JSON.stringify(
		months.map(month => {
			const next = new Date(`${month}-01T00:00:00Z`);
			next.setUTCMonth(next.getUTCMonth() + 1);
			const bound = `FOR VALUES FROM ('${month}-01 00:00:00+00') TO ('${next.toISOString().slice(0, 10)} 00:00:00+00')`;
			return [`log_${month.replace('-', '_')}`, bound, false, month.replace('-', '')];
		}),
	);
const at = (time: string, bounds: string, more: Partial<Partitioned> = {}): Partitioned => ({
	server_time: Date.parse(time) / 1000,
	name: 'log',
	strategy: 'r',
	key_types: 'timestamp with time zone',
	bounds,
	key_last: null,
	own_bound: null,
	...more,
});

test('as many are missing as do not lie ahead yet, and those up to now where the last ended long ago', () => {
	const row = at('2026-11-21T00:00:00Z', monthly('2026-10', '2026-11', '2026-12'));
	assert.equal(missingAhead(row, 3, 'UTC'), 2);
	assert.equal(missingAhead(row, 1, 'UTC'), 0);
	assert.equal(missingAhead(at('2026-11-21T00:00:00Z', monthly('2026-10', '2026-11')), 3, 'UTC'), 3);
	// November is missing too, so that three lie ahead of now.
	assert.equal(missingAhead(at('2026-11-21T00:00:00Z', monthly('2026-09', '2026-10')), 3, 'UTC'), 4);
	const hash = at('2026-11-21T00:00:00Z', JSON.stringify([['h_0', 'FOR VALUES WITH (modulus 3, remainder 0)', false]]), {strategy: 'h', key_types: 'integer'});
	assert.equal(missingAhead(hash, 9, 'UTC'), 2);
	const numbers = JSON.stringify([['n_0', 'FOR VALUES FROM (0) TO (1000)', false]]);
	assert.ok(typeof missingAhead(at('2026-11-21T00:00:00Z', numbers, {key_types: 'bigint'}), 1, 'UTC') === 'object');
	assert.equal(missingAhead(at('2026-11-21T00:00:00Z', numbers, {key_types: 'bigint', key_last: 500}), 1, 'UTC'), 1);
});

const oldOnes = (row: Partitioned, age: {readonly months: number; readonly days: number}, zone = 'UTC') => {
	const old = olderThan(row, age, zone);
	return 'refused' in old ? old.refused : old.map(one => one.name);
};

test('months are counted back as the server does: three before the end of May is the end of February, not the third of March', () => {
	const dates = (time: string) => at(time, monthly('2026-01', '2026-02', '2026-03').replaceAll(' 00:00:00+00', ''), {key_types: 'date'});
	for (const row of [at('2026-05-31T12:00:00Z', monthly('2026-01', '2026-02', '2026-03')), dates('2026-05-31T12:00:00Z')]) {
		assert.deepEqual(oldOnes(row, {months: 3, days: 0}), ['log_2026_01']);
	}
	assert.deepEqual(oldOnes(dates('2026-06-01T12:00:00Z'), {months: 3, days: 0}), ['log_2026_01', 'log_2026_02']);
	assert.deepEqual(oldOnes(dates('2028-02-29T12:00:00Z'), {months: 24, days: 0}), ['log_2026_01']);
	// In Denver it is still the last of February: a month before is 28 January.
	assert.deepEqual(oldOnes(dates('2026-03-01T03:00:00Z'), {months: 1, days: 0}, 'America/Denver'), []);
	assert.deepEqual(oldOnes(dates('2026-03-01T03:00:00Z'), {months: 1, days: 0}), ['log_2026_01']);
});

test('a server in a zone that JavaScript does not know has partitions too; nothing is taken for older than it may be', () => {
	for (const zone of ['localtime', '<+03>-03', 'posix/Europe/Berlin']) {
		const dates = (time: string) => at(time, monthly('2026-01', '2026-02').replaceAll(' 00:00:00+00', ''), {key_types: 'date'});
		assert.equal(missingAhead(dates('2026-02-10T00:00:00Z'), 2, zone), 2);
		assert.ok('proposals' in nextOnes(dates('2026-02-10T00:00:00Z'), 1, zone));
		assert.deepEqual(oldOnes(dates('2026-02-11T01:00:00Z'), {months: 0, days: 10}, zone), []);
		assert.deepEqual(oldOnes(dates('2026-02-11T13:00:00Z'), {months: 0, days: 10}, zone), ['log_2026_01']);
		const hours = [0, 1].map(hour => [
			`h_${hour}`,
			`FOR VALUES FROM ('2026-01-01 0${hour}:00:00+00') TO ('2026-01-01 0${hour + 1}:00:00+00')`,
			false,
			String(hour),
		]);
		const next = nextOnes(at('2026-01-01T00:30:00Z', JSON.stringify(hours)), 1, zone);
		assert.deepEqual('proposals' in next && next.proposals[0]!.from, "'2026-01-01 02:00:00+00'");
	}
});

test('old is what ended before the age, by the calendar; keys without time have no age', () => {
	const row = at('2026-11-21T00:00:00Z', monthly('2025-10', '2025-11', '2025-12'));
	assert.deepEqual(oldOnes(row, {months: 12, days: 0}), ['log_2025_10']);
	assert.deepEqual(oldOnes(row, {months: 0, days: 326}), ['log_2025_10', 'log_2025_11']);
	assert.deepEqual(oldOnes(row, {months: 24, days: 0}), []);
	assert.ok(
		'refused' in olderThan({...row, key_types: 'bigint', bounds: JSON.stringify([['n', 'FOR VALUES FROM (0) TO (10)', false]])}, {months: 1, days: 0}, 'UTC'),
	);
});

test('ages are read as people write them', () => {
	assert.deepEqual(parseAge('90 days'), {months: 0, days: 90});
	assert.deepEqual(parseAge('6w'), {months: 0, days: 42});
	assert.deepEqual(parseAge('12 months'), {months: 12, days: 0});
	assert.deepEqual(parseAge(' 2Y '), {months: 24, days: 0});
	for (const text of ['', '0 days', 'soon', '-3 days', '3 minutes', '1.5 years']) assert.equal(parseAge(text), undefined, text);
});

test('new ones are like the last of the axis, not of the alphabet, and never like the default', () => {
	const row = at('2026-11-21T00:00:00Z', monthly('2026-11', '2026-12').replace('log_2026_12', 'a_later_one'));
	assert.equal(newestOf(row), '202612');
	assert.equal(newestOf(at('2026-11-21T00:00:00Z', JSON.stringify([['rest', 'DEFAULT', false, '7']]))), '');
});

test('where not all can be proposed, those that can are', () => {
	const row = at('2026-11-21T00:00:00Z', monthly('2026-11', '2026-12').slice(0, -1).concat(',["log_2027_03","DEFAULT",false]]'));
	const next = nextOnes(row, 5, 'UTC');
	assert.ok('proposals' in next);
	assert.deepEqual(
		next.proposals.map(one => one.name),
		['log_2027_01', 'log_2027_02'],
	);
});

test('a name is one of a statement as a whole only', () => {
	const statement = 'alter table public.orders detach partition public."Old" concurrently';
	for (const [name, expected] of [
		['public.orders', true],
		['public."Old"', true],
		['public.o', false],
		['blic.orders', false],
	] as const)
		assert.equal(isNamed(statement, name), expected, name);
	assert.equal(isNamed('drop index concurrently public.o, public.orders', 'public.o'), true);
	assert.equal(isNamed('reindex index concurrently public.größe', 'public.gr'), false);
	assert.equal(isNamed('reindex index concurrently public.a𐐷b', 'public.a'), false);
});
