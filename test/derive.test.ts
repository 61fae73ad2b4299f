import assert from 'node:assert/strict';
import {test} from 'node:test';
import {pushed, withChanges} from '../source/derive.ts';
import type {Row, Sample} from '../source/pane.ts';

const table = {counters: ['calls', 'blocks'], rowKey: (row: Row) => String(row.id)};
const sample = (at: number, ...rows: Row[]): Sample => ({at, rows, cost: 0});
const row = (id: string, calls: number | null, blocks: number | null = 0): Row => ({id, calls, blocks});

const cases: readonly {
	readonly name: string;
	readonly before: Sample | undefined;
	readonly now: Sample;
	readonly change: number | null;
	readonly rate: number | null;
}[] = [
	{name: 'no sample before', before: undefined, now: sample(1000, row('a', 5)), change: null, rate: null},
	{name: 'per second of real elapsed time, not of the interval', before: sample(0, row('a', 5)), now: sample(2500, row('a', 10)), change: 5, rate: 2},
	{name: 'one event in a long time is not rounded to 0', before: sample(0, row('a', 5)), now: sample(4000, row('a', 6)), change: 1, rate: 0.25},
	{name: 'nothing happened', before: sample(0, row('a', 5)), now: sample(1000, row('a', 5)), change: 0, rate: 0},
	{name: 'backwards: it was reset', before: sample(0, row('a', 5)), now: sample(1000, row('a', 1)), change: null, rate: null},
	{name: 'another counter of the row went backwards', before: sample(0, row('a', 5, 9)), now: sample(1000, row('a', 8, 2)), change: null, rate: null},
	{
		name: 'reset, and more than before already',
		before: sample(0, {...row('a', 5), stats_reset: 100}),
		now: sample(1000, {...row('a', 8), stats_reset: 200}),
		change: null,
		rate: null,
	},
	{
		name: 'reset for the first time',
		before: sample(0, {...row('a', 5), stats_since: null}),
		now: sample(1000, {...row('a', 8), stats_since: 200}),
		change: null,
		rate: null,
	},
	{
		name: 'since the same time',
		before: sample(0, {...row('a', 5), stats_since: 200}),
		now: sample(1000, {...row('a', 8), stats_since: 200}),
		change: 3,
		rate: 3,
	},
	{name: 'a new row', before: sample(0, row('b', 5)), now: sample(1000, row('a', 7)), change: null, rate: null},
	{name: 'unknown before', before: sample(0, row('a', null)), now: sample(1000, row('a', 7)), change: null, rate: null},
	{name: 'unknown now', before: sample(0, row('a', 5)), now: sample(1000, row('a', null)), change: null, rate: null},
	{name: 'too long ago', before: sample(0, row('a', 5)), now: sample(99_001, row('a', 7)), change: null, rate: null},
	{name: 'no time between', before: sample(1000, row('a', 5)), now: sample(1000, row('a', 7)), change: null, rate: null},
];

for (const {name, before, now, change, rate} of cases) {
	test(`counters: ${name}`, () => {
		const [derived] = withChanges(table, now, before, 99_000);
		assert.equal(derived?.calls, now.rows[0]?.calls);
		assert.equal(derived?.calls_d, change);
		assert.equal(derived?.calls_per_s, rate);
	});
}

test('a ring holds the newest points, and a gap for what is not a number', () => {
	let ring: readonly (number | null)[] | undefined;
	for (let i = 0; i < 2000; i++) ring = pushed(ring, i % 7 === 0 ? Number.NaN : i, 900);
	assert.equal(ring?.length, 900);
	assert.equal(ring?.at(-1), 1999);
	assert.equal(ring?.at(-5), null);
});
