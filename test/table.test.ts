import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Column, Row, Table} from '../source/pane.ts';
import type {VisibleRow} from '../source/visible.ts';
import {headerLine, lastOffset, placeColumns, rowLine} from '../views/components/table.ts';
import {duration} from '../views/format.ts';
import {widthOfLine} from '../views/layout.ts';
import {unpainted} from '../views/theme.ts';
import {hostileText, seeded} from './support/hostile.ts';

const columns: readonly Column[] = [
	{field: 'pid', title: 'pid', width: 7, align: 'right', priority: 1},
	{field: 'user', title: 'user', width: 10, priority: 3, grow: 1},
	{field: 'db', title: 'db', width: 8, priority: 4},
	{field: 'app', title: 'app', width: 10, priority: 6, grow: 1},
	{field: 'client', title: 'client', width: 12, priority: 8},
	{field: 'state', title: 'state', width: 14, priority: 2, tone: row => (row.state === 'idle in transaction' ? 'warning' : undefined)},
	{field: 'wait', title: 'wait', width: 16, priority: 5},
	{field: 'xact_s', title: 'xact', width: 6, align: 'right', priority: 4, show: duration},
	{field: 'query_s', title: 'age', width: 6, align: 'right', priority: 2, show: duration},
	{field: 'query', title: 'query', width: 10, grow: 6, priority: 1},
];
const sessions = tableOf(columns);
const row: Row = {
	pid: 4711,
	user: 'app_user',
	db: 'shop',
	app: 'web',
	client: '10.0.4.7',
	state: 'idle in transaction',
	wait: null,
	xact_s: 720,
	query_s: 719,
	query: 'UPDATE inventory SET stock = stock - 1',
};

function tableOf(of: readonly Column[]): Table {
	return {id: 't', title: 't', empty: '', from: {sql: 'x'}, scope: 'server', every: 'tick', rowKey: one => String(one.pid), columns: of};
}

function shown(one: Row, more: Partial<VisibleRow> = {}): VisibleRow {
	return {key: '1', row: one, prefix: '', marked: false, gone: false, ...more};
}

function randomTable(random: () => number): Table {
	return tableOf(
		Array.from(
			{length: 1 + Math.floor(random() * 12)},
			(_, i): Column => ({
				field: `f${i}`,
				title: hostileText(random, 3),
				width: 1 + Math.floor(random() * 20),
				priority: 1 + Math.floor(random() * 9),
				align: random() < 0.4 ? 'right' : 'left',
				...(random() < 0.3 ? {grow: Math.ceil(random() * 5)} : {}),
			}),
		),
	);
}

test('any table with any rows is exactly as wide as the screen', () => {
	const random = seeded(11);
	for (let i = 0; i < 6000; i++) {
		const table = randomTable(random);
		const width = 1 + Math.floor(random() * 300);
		const placed = placeColumns(table, width, random() < 0.5 ? 0 : Math.floor(random() * 14));
		const hostile = Object.fromEntries(table.columns.map(({field}) => [field, random() < 0.1 ? null : random() < 0.3 ? random() * 1e6 : hostileText(random)]));
		const visible = shown(hostile, {
			prefix: random() < 0.5 ? '' : `${'│  '.repeat(Math.floor(random() * 9))}├─ `,
			marked: random() < 0.5,
			gone: random() < 0.2,
			...(random() < 0.1 ? {heading: hostileText(random)} : {}),
		});
		const line = rowLine(placed, visible, {selected: random() < 0.3, ascii: random() < 0.2, width});
		assert.equal(widthOfLine(line), width, JSON.stringify([table.columns, visible, width]));
		assert.equal(widthOfLine(headerLine(placed, {field: 'f1', desc: random() < 0.5}, width)), width);
		assert.ok(placed.reduce((sum, one) => sum + one.width + one.before, 0) <= Math.max(width, table.columns.length), 'columns fit');
		assert.equal(placed[0]?.column, table.columns[0], 'the first column stays');
	}
});

test('columns leave by priority as the width shrinks, and come back in their order', () => {
	const fields = (width: number) => placeColumns(sessions, width, 0).map(one => one.column.field);
	assert.deepEqual(
		fields(200),
		columns.map(one => one.field),
	);
	assert.deepEqual(fields(120), ['pid', 'user', 'db', 'state', 'xact_s', 'query_s', 'query']);
	assert.deepEqual(fields(80), ['pid', 'user', 'state', 'query_s', 'query']);
	assert.deepEqual(fields(40), ['pid', 'state', 'query']);
	assert.deepEqual(fields(10), ['pid']);
	for (let width = 40; width < 300; width++) {
		const gone = columns.filter(one => !fields(width).includes(one.field));
		const least = Math.max(...placeColumns(sessions, width, 0).map(one => one.column.priority));
		for (const one of gone) assert.ok(one.priority >= least, `${one.field} left at ${width} before a less important column`);
	}
});

test('the query keeps two fifths of the width from 60 cells on', () => {
	for (let width = 60; width <= 300; width++) {
		const query = placeColumns(sessions, width, 0).find(one => one.column.field === 'query')!;
		assert.ok(query.width >= width * 0.4, `${query.width} of ${width}`);
	}
});

test('a name that grows takes nothing from the numbers', () => {
	const relations = tableOf([{field: 'relname', title: 'table', width: 24, grow: 1, priority: 1}, ...columns.filter(one => one.align === 'right')]);
	assert.equal(placeColumns(relations, 60, 0).length, 4);
});

test('columns fill the width whenever one of them grows', () => {
	for (let width = 30; width <= 300; width++) {
		const placed = placeColumns(sessions, width, 0);
		assert.equal(
			placed.reduce((sum, one) => sum + one.width + one.before, 0),
			width,
		);
	}
});

test('scrolling reaches every column, the first stays, and it ends at the last', () => {
	for (const width of [40, 60, 80, 100, 120, 160, 200]) {
		const seen = new Set<string>();
		const last = lastOffset(sessions, width);
		for (let offset = 0; offset <= last; offset++) {
			const placed = placeColumns(sessions, width, offset);
			assert.equal(placed[0]!.column.field, 'pid');
			for (const one of placed) seen.add(one.column.field);
		}
		assert.equal(seen.size, columns.length, `at ${width}: ${[...seen]}`);
		assert.equal(placeColumns(sessions, width, last).at(-1)!.column.field, 'query');
		assert.deepEqual(placeColumns(sessions, width, last + 50), placeColumns(sessions, width, last));
	}
	assert.equal(lastOffset(sessions, 300), 0, 'nothing to scroll where all is seen');
});

test('a row in its columns, the unknown as –', () => {
	const placed = placeColumns(sessions, 120, 0);
	assert.equal(
		unpainted(headerLine(placed, {field: 'query_s', desc: true}, 120)).trimEnd(),
		'     pid user         db       state            xact   ▾age query',
	);
	assert.equal(
		unpainted(rowLine(placed, shown({...row, db: null}), {selected: false, width: 120})).trimEnd(),
		'    4711 app_user     –        idle in trans…    12m    11m UPDATE inventory SET stock = stock - 1',
	);
	assert.equal(
		unpainted(headerLine(placed, {field: 'pid', desc: false}, 120, true)).trimEnd(),
		'    ^pid user         db       state            xact    age query',
	);
});

test('branches push the cells to the right until there is room again', () => {
	const placed = placeColumns(sessions, 120, 0);
	const lines = ['', '├─ ', '│  └─ '].map(prefix => unpainted(rowLine(placed, shown(row, {prefix}), {selected: false, width: 120})).trimEnd());
	assert.deepEqual(lines, [
		'    4711 app_user     shop     idle in trans…    12m    11m UPDATE inventory SET stock = stock - 1',
		' ├─ 4711 app_user     shop     idle in trans…    12m    11m UPDATE inventory SET stock = stock - 1',
		' │  └─ 4711 app_user  shop     idle in trans…    12m    11m UPDATE inventory SET stock = stock - 1',
	]);
});

test('marks, the cursor and a row that is gone', () => {
	const placed = placeColumns(sessions, 80, 0);
	assert.equal(unpainted(rowLine(placed, shown(row, {marked: true}), {selected: false, width: 80}))[0], '*');
	const selected = rowLine(placed, shown(row), {selected: true, width: 80});
	assert.deepEqual(
		selected.map(({inverse, tone}) => ({inverse, tone})),
		[{inverse: true, tone: undefined}],
	);
	const gone = rowLine(placed, shown(row, {gone: true}), {selected: true, width: 80});
	assert.match(unpainted(gone), / gone $/);
	assert.ok(gone.every(one => one.tone === 'dim' && one.inverse));
	const plain = rowLine(placed, shown(row), {selected: false, width: 80});
	assert.equal(plain.find(one => one.text.startsWith('idle in'))?.tone, 'warning');
});

test('a heading stands over its group', () => {
	const line = rowLine(placeColumns(sessions, 80, 0), shown(row, {heading: 'app_user  34'}), {selected: false, width: 80});
	assert.equal(unpainted(line).trimEnd(), ' app_user  34');
});

test('room that no column takes is not left blank: a text that did not fit begins there, a number never', () => {
	const narrow = tableOf([
		{field: 'pid', title: 'time', width: 7, align: 'right', priority: 1},
		{field: 'xact_s', title: 'calls', width: 7, align: 'right', priority: 1},
		{field: 'query', title: 'query', width: 30, grow: 1, priority: 2},
		{field: 'query_s', title: 'total', width: 20, align: 'right', priority: 1},
	]);
	const seen = (width: number, offset = 0) => placeColumns(narrow, width, offset).map(({column, width: cells}) => `${column.title} ${cells}`);
	assert.deepEqual(seen(38), ['time 7', 'calls 7', 'total 20']);
	assert.deepEqual(seen(35), ['time 7', 'calls 7', 'query 18']);
	assert.deepEqual(seen(24), ['time 7', 'calls 7']);
	// Scrolled, the next in line; what was seen to the left is not.
	const locks = tableOf([
		{field: 'pid', title: 'pid', width: 7, priority: 1},
		{field: 'user', title: 'user', width: 9, priority: 3},
		{field: 'state', title: 'state', width: 16, priority: 1},
		{field: 'wait', title: 'lock', width: 30, grow: 1, priority: 1},
		{field: 'query', title: 'query', width: 20, grow: 1, priority: 2},
	]);
	assert.deepEqual(
		placeColumns(locks, 60, 1).map(({column, width: cells}) => `${column.title} ${cells}`),
		['pid 7', 'user 9', 'state 16', 'lock 24'],
	);
});
