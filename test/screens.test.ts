import assert from 'node:assert/strict';
import {test} from 'node:test';
import {inputOf} from '../source/input.ts';
import type {State} from '../source/state.ts';
import {freshView} from '../source/visible.ts';
import {bodyLines, screenOf} from '../views/frame.ts';
import {widthOfLine} from '../views/layout.ts';
import {panes} from '../views/panes/index.ts';
import {unpainted} from '../views/theme.ts';
import {golden} from './support/golden.ts';
import {type Play, recorded} from './support/recorded.ts';

const sizes = [
	[80, 24],
	[120, 32],
	[200, 50],
] as const;
const shown = panes.filter(pane => pane.place !== 'frame');

function everyLineFits(state: State): void {
	const lines = screenOf(state);
	assert.equal(lines.length, state.size.rows);
	for (const line of lines) assert.equal(widthOfLine(line), state.size.columns, JSON.stringify(line));
}

for (const pane of shown) {
	const faces =
		pane.arrange === 'switch' && pane.place !== 'overview'
			? pane.tables.map((table, index) => ({name: `${pane.id}.${table.id}`, index}))
			: [{name: pane.id, index: 0}];
	for (const face of faces) {
		for (const [columns, rows] of sizes) {
			test(`${face.name} at ${columns}x${rows}`, () => {
				const state = {...recorded(pane.id, {columns, rows}), shown: {[pane.id]: face.index}};
				everyLineFits(state);
				golden(`screens/${face.name}.${columns}`, bodyLines(state));
			});
		}
	}
	for (const play of ['empty', 'skipped'] satisfies Play[]) {
		test(`${pane.id}, ${play}`, () => {
			const state = recorded(pane.id, {columns: 80, rows: 24}, play);
			everyLineFits(state);
			golden(`screens/${pane.id}.${play}`, bodyLines(state));
		});
	}
}

/** What the recorded world does not have: one pane with other answers. */
const variants = ['jobs.cron', 'views.kinds', 'partitions.kinds', 'replication.paused', 'replication.cut', 'replication.plain'] as const;
for (const variant of variants) {
	for (const [columns, rows] of sizes) {
		test(`${variant} at ${columns}x${rows}`, () => {
			const state = recorded(variant.split('.')[0]!, {columns, rows}, 'full', variant);
			everyLineFits(state);
			golden(`screens/${variant}.${columns}`, bodyLines(state));
		});
	}
}

test('every row is opened without a hole in its detail', () => {
	let opened = 0;
	for (const variant of [undefined, ...variants]) {
		const state = recorded('sessions', {columns: 120, rows: 32}, 'full', variant);
		const input = inputOf(state);
		for (const table of panes.flatMap(pane => pane.tables)) {
			for (const row of state.tables[table.id]?.rows ?? []) {
				const lines = table.detail?.sections(row, {}, input).flatMap(section => section.lines.map(line => unpainted(line))) ?? [];
				const cells = table.columns.map(column => column.show?.(row[column.field] ?? null, row) ?? '');
				assert.doesNotMatch([...lines, ...cells].join('\n'), /undefined|NaN|\[object|^null$/m, `${table.id} ${table.rowKey(row)}`);
				opened++;
			}
		}
	}
	assert.ok(opened > 1000, String(opened));
});

test('the whole frame', () => {
	for (const [columns, rows] of sizes) golden(`screens/frame.${columns}`, screenOf(recorded('sessions', {columns, rows})));
});

test('every line is exactly as wide as the screen, at any size and scrolled anywhere', () => {
	for (const pane of shown) {
		for (const [columns, rows] of [
			[40, 12],
			[57, 15],
			[133, 41],
			[300, 100],
		] as const) {
			const state = recorded(pane.id, {columns, rows});
			for (const offset of [0, 1, 5, 50]) {
				for (const top of [0, 3, 1000]) {
					const views = Object.fromEntries(pane.tables.map(table => [table.id, {...freshView, offset, top}]));
					everyLineFits({...state, views});
				}
			}
		}
	}
});
