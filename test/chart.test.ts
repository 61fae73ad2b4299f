import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ceilingOf, chart, legend, sparkline, stackedBars, type Values} from '../views/components/chart.ts';
import {bytes, count} from '../views/format.ts';
import {widthOf, widthOfLine} from '../views/layout.ts';
import {unpainted} from '../views/theme.ts';
import {seeded} from './support/hostile.ts';

const odd: readonly (number | null)[] = [null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0, 1e308, 5e-324, Number.MAX_VALUE];

function series(random: () => number): Values {
	const scale = 10 ** Math.floor(random() * 12 - 3);
	const flat = random() < 0.2 ? random() * scale : undefined;
	return Array.from({length: Math.floor(random() * 200)}, () => (random() < 0.1 ? odd[Math.floor(random() * odd.length)]! : (flat ?? random() * scale)));
}

test('a chart is exactly as high and as wide as asked, whatever the values', () => {
	const random = seeded(21);
	for (let i = 0; i < 3000; i++) {
		const values = series(random);
		const width = 1 + Math.floor(random() * 200);
		const height = Math.floor(random() * 14);
		const threshold = random() < 0.5 ? null : random() * 1000;
		const lines = chart(values, {width, height, threshold, show: bytes});
		assert.equal(lines.length, height);
		for (const line of lines) assert.equal(widthOfLine(line), width, JSON.stringify([values, width, height]));
		const loads = [
			{title: 'running', tone: 'good', glyph: '█', values},
			{title: 'Lock', tone: 'critical', glyph: '▒', values: series(random)},
		] as const;
		const bars = stackedBars(loads, {width, height, show: count});
		assert.equal(bars.length, height);
		for (const line of [...bars, legend(loads, count, width)]) assert.equal(widthOfLine(line), width);
		assert.equal(widthOf(sparkline(values, width)), width);
	}
});

test('no two ticks of an axis say the same', () => {
	for (const highest of [0.01, 0.2, 0.4, 0.6, 1, 1.4, 2, 3, 900, 1000, 1024, 5e6]) {
		for (const height of [2, 3, 5, 6, 7, 9, 12]) {
			const labels = chart([0, highest], {width: 40, height, show: bytes}).flatMap(line =>
				unpainted(line).includes('┤') ? [unpainted(line).split('┤')[0]!.trim()] : [],
			);
			assert.equal(new Set(labels).size, labels.length, `${highest} over ${height} lines: ${labels.join(', ')}`);
		}
	}
});

test('the curve shows what was measured', () => {
	const lines = chart([0, 0, 10, 10, 5, 5], {width: 20, height: 3, show: count}).map(unpainted);
	assert.deepEqual(lines, ['    10 ┤       ╭─╮  ', '       │       │ ╰──', '     0 ┤      ─╯    ']);
});

test('a gap is a gap, never a line across', () => {
	const lines = chart([10, 10, null, 10], {width: 13, height: 2, show: count}).map(unpainted);
	assert.equal(lines[0]!.slice(-4), '── ─');
	assert.equal(lines[1]!.slice(-4).trim(), '');
});

test('without a single value the chart says that it is unknown', () => {
	for (const values of [[], [null, null], [Number.NaN]]) assert.match(chart(values, {width: 30, height: 4, show: count}).map(unpainted).join('\n'), /–/);
});

test('the threshold is drawn where it is within sight', () => {
	const near = chart([1, 2, 3], {width: 40, height: 8, threshold: 8, show: count}).map(unpainted);
	assert.ok(
		near.some(line => /8 ┤╌+/.test(line)),
		near.join('\n'),
	);
	const far = chart([1, 2, 3], {width: 40, height: 8, threshold: 800, show: count}).map(unpainted);
	assert.ok(!far.some(line => line.includes('╌')), 'a far threshold would flatten the curve');
});

test('the scale moves in steps', () => {
	assert.deepEqual([0, -1, Number.NaN, 0.3, 1, 1.1, 4, 7, 10, 11, 499, 501].map(ceilingOf), [1, 1, 1, 0.5, 1, 2, 5, 10, 10, 20, 500, 1000]);
	for (const extreme of [1e308, Number.MAX_VALUE, 5e-324]) assert.ok(ceilingOf(extreme) >= extreme && Number.isFinite(ceilingOf(extreme)));
});

test('a sparkline begins at zero', () => {
	assert.equal(sparkline([0, 5, 10], 3), '▁▅█');
	assert.equal(sparkline([9, 10], 4), '  ▇█');
	assert.equal(sparkline([0, 0], 2), '▁▁');
	assert.equal(sparkline([1, null, Number.NaN, 1], 4), '█  █');
	assert.equal(sparkline([1, 2], 0), '');
	assert.equal(sparkline([5], 1, 10), '▅');
});

test('loads are stacked from the bottom, and little is not nothing', () => {
	const loads = [
		{title: 'running', tone: 'good', glyph: '#', values: [2, 4, 0, null, 0.01]},
		{title: 'Lock', tone: 'critical', glyph: 'L', values: [2, 6, 0, null, 0]},
	] as const;
	const lines = stackedBars(loads, {width: 12, height: 5, show: count}).map(unpainted);
	assert.deepEqual(
		lines.map(line => line.slice(-5)),
		[' L   ', ' L   ', ' L   ', 'L#   ', '##  #'],
	);
	assert.equal(unpainted(legend(loads, count, 30)).trimEnd(), '# running 0.0  L Lock 0');
	// Narrower, the gaps go first, then the figure of what there is least of, then its name.
	assert.equal(unpainted(legend(loads, count, 22)), '# running 0.0 L Lock 0');
	assert.equal(unpainted(legend(loads, count, 20)), '# running 0.0 L Lock');
	assert.equal(unpainted(legend(loads, count, 15)).trimEnd(), '# running');
});
