import {plot} from 'asciichart';
import type {Line, Segment, Tone} from '../../source/pane.ts';
import {unknown} from '../format.ts';
import {joined, pad, toWidth, widthOf, widthOfLine} from '../layout.ts';

/** Oldest first; `null` is a gap. */
export type Values = readonly (number | null)[];

const blocks = '▁▂▃▄▅▆▇█';

function known(value: number | null | undefined): value is number {
	return typeof value === 'number' && Number.isFinite(value);
}

/** The newest `width` values, blank in front where there are fewer. */
function newest(values: Values, width: number): Values {
	const shown = width > 0 ? values.slice(-width) : [];
	return [...Array<null>(Math.max(0, width - shown.length)).fill(null), ...shown];
}

/** The next of 1, 2, 5, 10, ...: a scale that follows the highest value itself would move all the time. */
export function ceilingOf(highest: number): number {
	if (!(highest > 0)) return 1;
	const power = 10 ** Math.floor(Math.log10(highest));
	const step = [1, 2, 5, 10].find(one => one * power >= highest) ?? 10;
	return Number.isFinite(step * power) && step * power > 0 ? step * power : highest;
}

/** The newest values from 0 to the highest of them, one per cell; a gap is blank. */
export function sparkline(values: Values, width: number, ceiling?: number): string {
	const shown = newest(values, width);
	const highest = ceiling ?? Math.max(0, ...shown.filter(known));
	return shown
		.map(value => {
			if (!known(value)) return ' ';
			const level = highest > 0 ? Math.round((Math.max(0, value) / highest) * (blocks.length - 1)) : 0;
			return blocks[Math.min(level, blocks.length - 1)];
		})
		.join('');
}

export type ChartOptions = {
	readonly width: number;
	readonly height: number;
	/** Drawn as a line where it is within sight: not more than four times the highest value. */
	readonly threshold?: number | null;
	readonly show: (value: number) => string;
	readonly tone?: Tone;
};

/** The newest values as a curve over an axis from 0: always `height` lines of `width` cells, with or without data. */
export function chart(values: Values, options: ChartOptions): Line[] {
	const {width, height, show} = options;
	if (height <= 0) return [];
	const highest = Math.max(0, ...values.slice(-Math.max(1, width)).filter(known));
	const threshold = known(options.threshold) && options.threshold > 0 && options.threshold <= highest * 4 ? options.threshold : undefined;
	const fitting = ceilingOf(Math.max(highest, threshold ?? 0));
	// Of what is shown as nothing the axis would have two zeros.
	const ceiling = show(fitting) === show(0) ? Math.max(1, fitting) : fitting;
	const top = height - 1;
	const limitRow = threshold === undefined ? -1 : Math.round((threshold / ceiling) * top);
	const middle = Math.round(top / 2);
	const between = show((ceiling * middle) / top);
	const isTold = height > 4 && limitRow < 0 && between !== show(ceiling) && between !== show(0);
	const labels = new Map<number, string>([
		[0, height > 1 ? show(0) : ''],
		...(isTold ? [[middle, between] as const] : []),
		[top, show(ceiling)],
		...(threshold === undefined ? [] : [[limitRow, show(threshold)] as const]),
	]);
	// Seven cells hold what format.ts gives; a wider label may not eat the chart.
	const labelWidth = Math.min(Math.max(7, ...[...labels.values()].map(widthOf)), Math.floor(width / 3));
	const room = Math.max(0, width - labelWidth - 2);
	const shown = newest(values, room);
	const rows = curve(shown, ceiling, height);
	return rows.map((glyphs, i) => {
		const level = top - i;
		const label = pad(labels.get(level) ?? '', labelWidth, 'right');
		const limited = level === limitRow;
		const body = limited ? glyphs.replaceAll(' ', '╌') : glyphs;
		const tone = limited || (limitRow >= 0 && level > limitRow) ? 'warning' : (options.tone ?? 'accent');
		const empty = !shown.some(known) && i === Math.floor(top / 2) ? pad(unknown, room) : body;
		return toWidth(
			[
				{text: `${label} ${labels.has(level) ? '┤' : '│'}`, tone: 'dim'},
				{text: empty, tone},
			],
			width,
		);
	});
}

/**
 * asciichart draws each unbroken run by itself, in units of rows: it takes null for 0, breaks on NaN and on an empty series, answers a flat
 * series with a single line, and rounds the number of rows unless the scale begins at 0.
 */
function curve(shown: Values, ceiling: number, height: number): readonly string[] {
	const top = height - 1;
	const canvas = Array.from({length: height}, () => Array<string>(shown.length).fill(' '));
	for (let start = 0; start < shown.length; ) {
		const run: number[] = [];
		for (let value = shown[start]; known(value); value = shown[start + run.length]) run.push(Math.min(top, (Math.max(0, value) / ceiling) * top));
		if (run.length === 0) {
			start++;
			continue;
		}
		// A cell tells the way to the next value: the last one is repeated to get a cell too. A label of '' would swallow the first cell.
		const drawn = top === 0 ? `┤${'─'.repeat(run.length)}` : plot([...run, run.at(-1)!], {min: 0, max: top, height: top, offset: 1, format: () => ' '});
		for (const [row, text] of drawn.split('\n').entries()) {
			for (const [i, glyph] of Array.from(text).slice(1).entries()) if (glyph !== ' ') canvas[row]![start + i] = glyph;
		}
		start += run.length;
	}
	return canvas.map(row => row.join(''));
}

/** One kind of load over time. `glyph` is one cell, so that the kinds differ without colour. */
export type Load = {readonly title: string; readonly tone: Tone; readonly glyph: string; readonly values: Values};

export type StackOptions = {readonly width: number; readonly height: number; readonly show: (value: number) => string};

/** The kinds stacked on each other, first at the bottom; one column per moment. A moment of which no kind knows anything is blank. */
export function stackedBars(loads: readonly Load[], options: StackOptions): Line[] {
	const {width, height, show} = options;
	if (height <= 0) return [];
	const kinds = loads.map(load => newest(load.values, width));
	const totals = Array.from({length: Math.max(0, width)}, (_, x) => kinds.reduce((sum, values) => sum + amount(values[x]), 0));
	const ceiling = ceilingOf(Math.max(0, ...totals));
	const labelWidth = Math.min(Math.max(4, widthOf(show(ceiling))), Math.floor(width / 3));
	const room = Math.max(0, width - labelWidth - 2);
	return Array.from({length: height}, (_, i) => {
		const level = height - 1 - i;
		const label = i === 0 ? show(ceiling) : level === 0 ? show(0) : '';
		const line: Segment[] = [{text: `${pad(label, labelWidth, 'right')} ${label ? '┤' : '│'}`, tone: 'dim'}];
		for (let x = width - room; x < width; x++) line.push(cellAt(loads, kinds, x, level, ceiling / height));
		return toWidth(joined(line), width);
	});
}

function amount(value: number | null | undefined): number {
	return known(value) ? Math.max(0, value) : 0;
}

function cellAt(loads: readonly Load[], kinds: readonly Values[], x: number, level: number, unit: number): Segment {
	let below = 0;
	let largest = -1;
	for (let kind = 0; kind < kinds.length; kind++) {
		const part = amount(kinds[kind]![x]);
		below += part;
		if (part > 0 && (largest < 0 || part > amount(kinds[largest]![x]))) largest = kind;
		if (below >= (level + 0.5) * unit && part > 0) return {text: loads[kind]!.glyph, tone: loads[kind]!.tone};
	}
	// Too little for half a cell is still not nothing.
	return level === 0 && largest >= 0 ? {text: loads[largest]!.glyph, tone: loads[largest]!.tone} : {text: ' '};
}

/** What the glyphs of stackedBars() stand for, with the newest values. */
export function legend(loads: readonly Load[], show: (value: number) => string, width: number): Line {
	const whole = loads.map(load => {
		const value = load.values.at(-1);
		return {...load, amount: amount(value), name: ` ${load.title}`, figure: ` ${known(value) ? show(value) : unknown}`};
	});
	const line = (entries: typeof whole, gap: string) =>
		entries.flatMap(({glyph, tone, name, figure}): Segment[] => [{text: glyph, tone}, {text: name + figure + gap}]);
	if (widthOfLine(line(whole, '  ')) - 2 <= width) return toWidth(line(whole, '  '), width);
	// Of what there is least now the figure gives way to the rest, then its name.
	let kept = whole;
	for (const part of ['figure', 'name'] as const) {
		for (const least of whole.toReversed().toSorted((a, b) => a.amount - b.amount)) {
			if (widthOfLine(line(kept, ' ')) - 1 <= width || kept.length === 1) break;
			kept = part === 'figure' ? kept.map(one => (one.glyph === least.glyph ? {...one, figure: ''} : one)) : kept.filter(one => one.glyph !== least.glyph);
		}
	}
	return toWidth(line(kept, ' '), width);
}
