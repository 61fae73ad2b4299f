import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Row, Table} from '../source/pane.ts';
import {cursorIndex, freshView, type View, visible} from '../source/visible.ts';

const column = (field: string) => ({field, title: field, width: 5, priority: 1});
const flat: Table = {
	id: 't',
	title: 'T',
	empty: 'Nothing.',
	from: {sql: 't'},
	scope: 'server',
	every: 'tick',
	rowKey: row => String(row.id),
	columns: [column('id'), column('user'), column('n')],
	filters: {u: 'user'},
	hidden: row => row.idle === true,
};
const forest: Table = {...flat, parent: row => (row.above === null ? null : String(row.above)), order: (a, b) => Number(a.id) - Number(b.id)};
const look = (table: Table, rows: readonly Row[], view: Partial<View> = {}) => visible(table, rows, {...freshView, ...view});
const ids = (rows: readonly {readonly row: Row; readonly prefix: string}[]) => rows.map(one => `${one.prefix}${one.row.id}`);

const people: readonly Row[] = [
	{id: 1, user: 'app', n: 3, idle: false, query: 'SELECT one'},
	{id: 2, user: 'etl', n: null, idle: false, query: 'copy'},
	{id: 3, user: 'app', n: 7, idle: true, query: 'select three'},
];

test('hidden rows come when asked for', () => {
	assert.deepEqual(ids(look(flat, people)), ['1', '2']);
	assert.deepEqual(ids(look(flat, people, {showHidden: true})), ['1', '2', '3']);
});

test('unknown values are last, whichever way is sorted', () => {
	for (const desc of [true, false]) assert.equal(ids(look(flat, people, {showHidden: true, sort: {field: 'n', desc}})).at(-1), '2');
});

test('filters: free text, a field, a negation, a number', () => {
	const all = {showHidden: true};
	assert.deepEqual(ids(look(flat, people, {...all, filter: 'select'})), ['1', '3']);
	assert.deepEqual(ids(look(flat, people, {...all, filter: 'u:app -three'})), ['1']);
	assert.deepEqual(ids(look(flat, people, {...all, filter: '7'})), ['3']);
	assert.deepEqual(ids(look(flat, people, {...all, filter: 'u:nobody'})), []);
});

test('groups have headings with counts, the largest first, and the cursor passes them by', () => {
	const rows = look(flat, people, {showHidden: true, group: 'user'});
	assert.deepEqual(
		rows.map(one => one.heading ?? one.row.id),
		['app  2', 1, 3, 'etl  1', 2],
	);
	assert.equal(cursorIndex(rows, freshView), 1);
});

test('a heading tells of how many, where some are hidden, and sums up what its rows stand for', () => {
	const headings = (table: Table, view: Partial<View>) => look(table, people, view).flatMap(one => one.heading ?? []);
	assert.deepEqual(headings(flat, {group: 'user'}), ['app  1 of 2', 'etl  1']);
	assert.deepEqual(headings(flat, {group: 'user', filter: 'one'}), ['app  1']);
	assert.deepEqual(headings({...flat, weight: row => Number(row.n ?? 20)}, {group: 'user', showHidden: true}), ['etl  20', 'app  10']);
});

test('a selected row that is gone stays in its place', () => {
	const rows = look(flat, [people[0]!], {cursor: '2', index: 1, gone: people[1]!});
	assert.deepEqual(
		rows.map(one => [one.key, one.gone]),
		[
			['1', false],
			['2', true],
		],
	);
});

test('the order that is held stays while values change; new rows come last', () => {
	const held = {held: ['3', '1', '2'], showHidden: true, sort: {field: 'n', desc: true}} as const;
	assert.deepEqual(ids(look(flat, [...people, {id: 4, user: 'x', n: 99, idle: false}], held)), ['3', '1', '2', '4']);
});

test('a forest: branches, siblings in order, ancestors of matches kept', () => {
	const rows: Row[] = [
		{id: 1, above: null},
		{id: 3, above: 1},
		{id: 2, above: 1},
		{id: 4, above: 3, query: 'needle'},
		{id: 5, above: null},
	];
	assert.deepEqual(ids(look(forest, rows)), ['1', '├─ 2', '└─ 3', '   └─ 4', '5']);
	assert.deepEqual(ids(look(forest, rows, {filter: 'needle'})), ['1', '└─ 3', '   └─ 4']);
});

test('a cycle is cut at the first repeat, and an orphan is a root', () => {
	const cycle: Row[] = [
		{id: 1, above: 2},
		{id: 2, above: 1},
		{id: 3, above: 99},
	];
	assert.deepEqual(ids(look(forest, cycle)), ['3', '1', '└─ 2']);
	assert.deepEqual(ids(look(forest, [{id: 1, above: 1}])), ['1']);
});

test('a chain of 10,000 neither overflows nor grows without end', () => {
	const chain = Array.from({length: 10_000}, (_, i): Row => ({id: i, above: i === 0 ? null : i - 1}));
	const rows = look(forest, chain);
	assert.equal(rows.length, 10_000);
	assert.ok(rows.every(one => one.prefix.length < 40));
});
