import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type CheckState, type Coverage, firstFive, freshChecks, runChecks, runOnce, score, toneOf, worstOf} from '../source/checks.ts';
import {defaultLimits, levelOf} from '../source/limits.ts';
import type {Check, Finding, Hit, Input, Row, Table} from '../source/pane.ts';

const limits = defaultLimits;

/** Hits for each row whose `value` reaches the limit. */
function byValue(id: string, extra: Partial<Check> = {}): Check {
	return {
		id,
		class: 'now',
		title: id,
		when(input, limit) {
			return (input.rows.things ?? []).flatMap((row): Hit[] => {
				const level = levelOf(row.value, limit);
				if (!level) return [];
				const title = `${row.name} ${row.value}`;
				return [
					{level, subject: String(row.top ?? row.name), rowKey: String(row.name), field: 'value', title, detail: '', remedy: '', value: Number(row.value)},
				];
			});
		},
		...extra,
	};
}

function things(checks: readonly Check[], id = 'things', from: Table['from'] = {sql: 'things'}): Table {
	return {id, title: id, empty: '', from, scope: 'server', every: 'tick', rowKey: row => String(row.name), columns: [], checks};
}

function input(rows: readonly Row[] | undefined): Input {
	return {rows: rows ? {things: rows} : {}, facts: {}, watched: 'a', history: {}};
}

/** Runs one sample per value (undefined: no row) and tells the level shown after each. */
function levelsOver(values: readonly (number | undefined)[], check = byValue('connections')): (string | undefined)[] {
	let state: CheckState = freshChecks;
	return values.map(value => {
		const rows = value === undefined ? [] : [{name: 'x', value}];
		const checked = runChecks(state, [things([check])], input(rows), limits, 'a', new Set(['things']));
		state = checked.state;
		return checked.findings[0]?.level;
	});
}

const n = (count: number, value: number | undefined) => Array.from({length: count}, () => value);
const _ = undefined;

test('a finding rises with the third sample in a row and clears with the tenth', () => {
	assert.deepEqual(levelsOver([85, 85, 85]), [_, _, 'warning']);
	assert.deepEqual(levelsOver([...n(3, 85), ...n(10, 50)]), [_, _, ...n(10, 85).map(() => 'warning'), _]);
	assert.deepEqual(
		levelsOver([...n(3, 85), ...n(9, 50), 85, ...n(9, 50)]).slice(2),
		n(20, 0)
			.map(() => 'warning')
			.slice(0, 20),
	);
});

test('a value that flaps never rises', () => {
	assert.deepEqual(levelsOver([85, 85, 50, 85, 85, 50, 85, 50]), n(8, _));
});

test('a worse level has to hold too, and what jumps between two levels settles at the milder', () => {
	assert.deepEqual(levelsOver([85, 95, 85]), [_, _, 'warning']);
	assert.deepEqual(levelsOver([95, 95, 95]), [_, _, 'critical']);
	assert.deepEqual(levelsOver([...n(3, 85), 95, 95, 85, 95, 95, 95]).slice(3), ['warning', 'warning', 'warning', 'warning', 'warning', 'critical']);
	assert.equal(levelsOver([...n(3, 95), ...n(5, 85), ...n(5, 50)]).at(-1), 'warning');
	assert.equal(levelsOver([...n(3, 95), ...n(10, 85)]).at(-1), 'warning');
});

test('a check says its own hold; hygiene is shown at once', () => {
	assert.deepEqual(levelsOver([95, 50], byValue('connections', {hold: {rise: 1, clear: 1}})), ['critical', _]);
	assert.deepEqual(levelsOver([95, 50], byValue('connections', {class: 'care'})), ['critical', _]);
});

test('only samples of the own table count, and a table made of others counts with them', () => {
	const table = things([byValue('connections')]);
	const made = things([byValue('disk')], 'made', {tables: ['things']});
	const rows: Input = {...input([{name: 'x', value: 95}]), rows: {things: [{name: 'x', value: 95}], made: []}};
	let state: CheckState = freshChecks;
	for (const sampled of [['things'], [], ['other'], ['things'], []]) {
		const checked = runChecks(state, [table, made], rows, limits, 'a', new Set(sampled));
		assert.deepEqual(checked.findings, []);
		state = checked.state;
	}
	const third = runChecks(state, [table, made], rows, limits, 'a', new Set(['things']));
	assert.deepEqual(
		third.findings.map(finding => finding.id),
		['connections', 'disk'],
	);
	const quiet = runChecks(third.state, [table, made], rows, limits, 'a', new Set());
	assert.deepEqual(quiet.findings, third.findings);
});

test('another server starts afresh, and its state is not kept for later', () => {
	const table = things([byValue('connections', {hold: {rise: 1, clear: 10}})]);
	const bad = input([{name: 'x', value: 95}]);
	const a = runChecks(freshChecks, [table], bad, limits, 'a', new Set(['things']));
	assert.equal(a.findings.length, 1);
	const b = runChecks(a.state, [table], input([]), limits, 'b', new Set());
	assert.deepEqual(b.findings, []);
	assert.deepEqual(b.state, {});
});

test('one finding per check and subject, of its worst hit, with the count', () => {
	const rows: Row[] = [
		{name: 'p1', top: 'p', value: 82},
		{name: 'p2', top: 'p', value: 97},
		{name: 'p3', top: 'p', value: 91},
		{name: 'q', value: 81},
	];
	const {findings} = runOnce([things([byValue('connections')])], input(rows), limits, 'a');
	assert.deepEqual(
		findings.map(({subject, level, count, rowKey, limit}) => ({subject, level, count, rowKey, limit})),
		[
			{subject: 'p', level: 'critical', count: 3, rowKey: 'p2', limit: 90},
			{subject: 'q', level: 'warning', count: 1, rowKey: 'q', limit: 80},
		],
	);
});

test('worst first is a total order, whatever the order of the rows', () => {
	const rows = ['d', 'b', 'a', 'c'].flatMap(name => [{name, value: name === 'a' ? 99 : 92}]);
	const checks = [byValue('disk', {class: 'care'}), byValue('connections'), byValue('hit-ratio')];
	const orders = [rows, rows.toReversed()].map(some =>
		runOnce([things(checks)], input(some), limits, 'a').findings.map(finding => `${finding.id} ${finding.subject}`),
	);
	assert.deepEqual(orders[0], orders[1]);
	assert.deepEqual(orders[0]!.slice(0, 5), ['connections a', 'connections b', 'connections c', 'connections d', 'disk a']);
});

test('where less is worse, the least comes first', () => {
	const rows = [
		{name: 'x', value: 60},
		{name: 'y', value: 20},
	];
	const {findings} = runOnce([things([byValue('hit-ratio')])], input(rows), limits, 'a');
	assert.deepEqual(
		findings.map(finding => finding.subject),
		['y', 'x'],
	);
});

test('a finding of a cluster table belongs to the server of its row', () => {
	const table: Table = {...things([byValue('connections')]), scope: 'cluster'};
	const {findings} = runOnce([table], input([{name: 'x', value: 95, server: 'standby'}]), limits, 'a');
	assert.equal(findings[0]!.server, 'standby');
});

test('what could not be asked or judged is unseen with its reason, and a finding about it goes', () => {
	const blind = byValue('lag', {unseen: () => 'needs pg_monitor'});
	const tables = [
		things([byValue('connections', {hold: {rise: 1, clear: 10}}), blind]),
		things([byValue('disk')], 'away'),
		things([byValue('bloat')], 'later'),
	];
	const rows = input([{name: 'x', value: 95}]);
	const checked = runChecks(freshChecks, tables, rows, limits, 'a', new Set(['things']), {away: 'permission denied'});
	assert.deepEqual(checked.coverage, {
		evaluated: ['connections'],
		waiting: ['bloat'],
		unseen: [
			{id: 'disk', why: 'permission denied'},
			{id: 'lag', why: 'needs pg_monitor'},
		],
	});
	const gone = runChecks(checked.state, tables, rows, limits, 'a', new Set(), {things: 'revoked', away: 'permission denied'});
	assert.deepEqual(gone.findings, []);
});

test('a check on two tables: one that answers is enough, one that says it is blind is not', () => {
	const lag = byValue('lag');
	const blind = byValue('lag', {unseen: () => 'hidden'});
	const seen = (tables: readonly Table[], problems = {}) => runOnce(tables, input([]), limits, 'a', problems).coverage;
	assert.deepEqual(seen([things([lag]), things([lag], 'away')], {away: 'no'}).evaluated, ['lag']);
	assert.deepEqual(seen([things([blind]), things([lag])]).unseen, [{id: 'lag', why: 'hidden'}]);
	assert.deepEqual(seen([things([blind]), things([lag])]).evaluated, []);
});

test('an override changes the verdict', () => {
	const own = {...limits, connections: {...limits.connections!, warning: 30, critical: 40}};
	assert.equal(runOnce([things([byValue('connections')])], input([{name: 'x', value: 41}]), own, 'a').findings[0]!.limit, 40);
});

function finding(id: string, part: Partial<Finding> = {}): Finding {
	return {
		...{id, class: 'now', level: 'warning', server: 'a', table: 't', subject: id, title: id, detail: '', remedy: '', value: 1, count: 1, limit: 1},
		...part,
	};
}

const seenAll: Coverage = {evaluated: ['a', 'b', 'c'], waiting: [], unseen: []};

test('the score takes the worst of each check in full, the rest of it by a tenth and at most once more', () => {
	const many = Array.from({length: 100}, (_, index) => finding('unused-index', {class: 'care', subject: String(index)}));
	const cases: [Finding[], number, string][] = [
		[[], 100, 'A'],
		[[finding('lag')], 90, 'A'],
		[[finding('lag', {level: 'notice'})], 98, 'A'],
		[[finding('slot-lost', {level: 'critical'})], 75, 'C'],
		[many, 92, 'A'],
		[[finding('a', {level: 'critical'}), finding('b', {level: 'critical'})], 50, 'F'],
		[['a', 'b', 'c', 'd', 'e'].map(id => finding(id, {level: 'critical'})), 0, 'F'],
		[[finding('a', {level: 'critical'}), finding('b')], 65, 'D'],
		[[finding('a'), finding('b')], 80, 'B'],
	];
	for (const [findings, total, grade] of cases) {
		const result = score(findings, seenAll);
		assert.deepEqual([result.score, result.grade], [total, grade], findings.map(each => each.id).join());
	}
});

test('what can not be seen is not counted as good: it lowers the coverage, and below half there is no score', () => {
	const some = score([], {evaluated: ['a', 'b', 'c'], waiting: [], unseen: [{id: 'd', why: 'no'}]});
	assert.deepEqual([some.score, some.coveragePercent], [100, 75]);
	const few = score([finding('a')], {evaluated: ['a'], waiting: ['b'], unseen: [{id: 'd', why: 'no'}]});
	assert.deepEqual([few.score, few.grade, few.coveragePercent, few.deductions.length], [null, null, 33, 1]);
	assert.equal(score([], {evaluated: [], waiting: [], unseen: []}).score, null);
});

test('deductions come largest first and say why', () => {
	const {deductions} = score(
		[finding('lag', {title: 'lag 2 s'}), finding('lag', {title: 'lag 1 s'}), finding('slot-lost', {level: 'critical', title: 'lost'})],
		seenAll,
	);
	assert.deepEqual(deductions, [
		{id: 'slot-lost', points: 25, why: 'lost'},
		{id: 'lag', points: 11, why: 'lag 2 s (+1)'},
	]);
});

test('a list shows five of a check and how many more there are', () => {
	const findings = [...Array.from({length: 42}, (_, index) => finding('unused-index', {subject: String(index)})), finding('lag')];
	const listed = firstFive(findings);
	assert.equal(listed.length, 7);
	assert.deepEqual(listed[5], {is: 'more', id: 'unused-index', count: 37});
	assert.deepEqual(
		listed.slice(6).map(entry => entry.is),
		['finding'],
	);
	assert.equal(firstFive(findings.slice(0, 5)).length, 5);
});

test('a cell and a tab take the tone of their worst finding', () => {
	const findings = [
		finding('a', {level: 'critical', table: 't', rowKey: '1', field: 'f'}),
		finding('b', {table: 't', rowKey: '1', field: 'f'}),
		finding('c', {table: 'u', class: 'care'}),
	];
	assert.equal(toneOf(findings, 't', '1', 'f'), 'critical');
	assert.equal(toneOf(findings, 't', '2', 'f'), undefined);
	assert.equal(worstOf(findings, ['t']), 'critical');
	assert.equal(worstOf(findings, ['u']), undefined);
});
