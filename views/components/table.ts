import type {Column, Line, Row, Segment, Table} from '../../source/pane.ts';
import type {VisibleRow} from '../../source/visible.ts';
import {plain} from '../format.ts';
import {cut, joined, pad, toWidth, widthOf} from '../layout.ts';
import {asciiOf} from '../theme.ts';

/** A column in its place. `before` are the blank cells to its left: the gutter of the first, the gap of the others. */
export type Placed = {readonly column: Column; readonly width: number; readonly before: number};

const gap = 1;
const gutter = 1;
/** A column squeezed below this says nothing any more. */
const readable = 8;
/** From this width on the query keeps two fifths of it. */
const roomy = 60;

/** The one column that has the largest share is read, the others are looked at. The first is a name, however far it may grow. */
function textOf(columns: readonly Column[]): Column | undefined {
	const most = Math.max(0, ...columns.map(column => column.grow ?? 0));
	const widest = columns.filter(column => most > 0 && column.grow === most);
	return widest.length === 1 && widest[0] !== columns[0] ? widest[0] : undefined;
}

function leastWidth(column: Column, text: Column | undefined, width: number): number {
	return column === text && width >= roomy ? Math.max(column.width, Math.ceil(width * 0.4)) : column.width;
}

/** Highest priority number first, the rightmost among equals; the first column always stays. */
function byPriority(columns: readonly Column[], least: (column: Column) => number, width: number): readonly Column[] {
	const kept = [...columns];
	const leaving = columns
		.slice(1)
		.reverse()
		.sort((a, b) => b.priority - a.priority);
	const needed = () => kept.reduce((sum, column) => sum + least(column), gutter + gap * (kept.length - 1));
	while (leaving.length > 0 && needed() > width) kept.splice(kept.indexOf(leaving.shift()!), 1);
	return kept;
}

/** From left to right as far as they go: only so does scrolling reach every column. */
function inOrder(columns: readonly Column[], least: (column: Column) => number, width: number): readonly Column[] {
	let used = gutter;
	const end = columns.findIndex((column, index) => {
		used += least(column) + (index > 0 ? gap : 0);
		return index > 1 && used > width;
	});
	return end < 0 ? columns : columns.slice(0, end);
}

/** Room that no column takes would stay blank: the most important text that did not fit, of which at least the beginning can be read there. A cut number says the wrong thing. */
function begin(columns: readonly Column[], fitting: readonly Column[], room: number): Column | undefined {
	if (room - gap < readable) return undefined;
	const texts = columns.filter(column => column.align !== 'right' && !fitting.includes(column));
	// While columns are scrolled the next in line comes first: those to the left have been seen.
	const last = columns.indexOf(fitting.at(-1)!);
	const next = texts.filter(column => columns.indexOf(column) > last);
	return [...(next.length > 0 ? next : texts)].sort((a, b) => a.priority - b.priority)[0];
}

/** What is seen at each step of scrolling: first the most important columns, then from left to right up to the last. */
function steps(table: Table, least: (column: Column) => number, width: number): readonly (readonly Column[])[] {
	const [first, ...others] = table.columns;
	const important = byPriority(table.columns, least, width);
	if (!first || important.length === table.columns.length) return [important];
	const views = [important];
	for (let skipped = 0; skipped < others.length; skipped++) {
		const rest = [first, ...others.slice(skipped)];
		const view = inOrder(rest, least, width);
		if (views.length > 1 || view.some((column, i) => column !== important[i])) views.push(view);
		if (view.length === rest.length) break;
	}
	return views;
}

/** The furthest that scrolling helps: there the last column is seen. 0 when all columns fit. */
export function lastOffset(table: Table, width: number): number {
	const text = textOf(table.columns);
	return steps(table, column => leastWidth(column, text, width), width).length - 1;
}

/**
 * The columns that are seen in `width` cells, scrolled by `offset` steps behind the first. Widths come from the declaration
 * alone, never from the data: nothing jumps with the numbers.
 */
export function placeColumns(table: Table, width: number, offset: number): readonly Placed[] {
	if (table.columns.length === 0) return [];
	const text = textOf(table.columns);
	const least = (column: Column) => leastWidth(column, text, width);
	const fitting =
		offset > 0
			? steps(table, least, width)
					.slice(0, offset + 1)
					.at(-1)!
			: byPriority(table.columns, least, width);
	const sum = (columns: readonly Column[]) => columns.reduce((cells, column) => cells + least(column), gutter + gap * (columns.length - 1));
	const begun = fitting.some(column => column.grow) ? undefined : begin(table.columns, fitting, width - sum(fitting));
	const kept = begun ? table.columns.filter(column => column === begun || fitting.includes(column)) : fitting;
	const room = width - sum(fitting) - gap;
	const widths = kept.map(column => (column === begun ? Math.min(room, column.grow ? room : column.width) : least(column)));
	let spare = width - widths.reduce((cells, one) => cells + one, gutter + gap * (kept.length - 1));
	// Narrower than the columns that must stay: the last of them give way.
	for (let i = kept.length - 1; i >= 0 && spare < 0; i--) {
		const given = Math.min(widths[i]!, -spare);
		widths[i]! -= given;
		spare += given;
	}
	const shares = kept.reduce((sum, column) => sum + (column.grow ?? 0), 0);
	if (shares > 0 && spare > 0) {
		const grown = kept.map(column => Math.floor((spare * (column.grow ?? 0)) / shares));
		const rest = spare - grown.reduce((sum, one) => sum + one, 0);
		const taker = text && kept.includes(text) ? kept.indexOf(text) : kept.findLastIndex(column => (column.grow ?? 0) > 0);
		grown.forEach((more, i) => {
			widths[i]! += more + (i === taker ? rest : 0);
		});
	}
	return kept.map((column, i) => ({column, width: widths[i]!, before: i === 0 ? gutter : gap}));
}

/** Titles over their columns, the sorted one with its mark. Exactly `width` cells, as all lines here. */
export function headerLine(
	placed: readonly Placed[],
	sort: {readonly field: string; readonly desc: boolean} | null | undefined,
	width: number,
	ascii = false,
): Line {
	const line: Segment[] = [];
	for (const {column, width: cells, before} of placed) {
		const sorted = sort?.field === column.field;
		const mark = sorted ? (sort.desc ? '▾' : '▴') : '';
		const title = cut(column.title, Math.max(0, cells - mark.length));
		// The title of numbers ends where the numbers end.
		const text = column.align === 'right' ? `${mark}${title}` : `${title}${mark}`;
		line.push({text: ' '.repeat(before)}, {text: pad(text, cells, column.align), tone: sorted ? 'strong' : 'dim'});
	}
	const exact = toWidth(line, width);
	return ascii ? asciiOf(exact) : exact;
}

/** What a cell says, before it is cut. */
export function cellText(column: Column, row: Row): string {
	const value = row[column.field] ?? null;
	return column.show ? column.show(value, row) : plain(value);
}

export type RowOptions = {readonly selected: boolean; readonly width: number; readonly ascii?: boolean};

/** One row: the gutter with `*` when marked, the cells, inverse from edge to edge when selected, dim and called gone when it has left. */
export function rowLine(placed: readonly Placed[], visible: VisibleRow, options: RowOptions): Line {
	const {width, selected} = options;
	const cells =
		visible.heading === undefined ? cellsOf(placed, visible) : ([{text: ' '.repeat(gutter)}, {text: visible.heading, tone: 'strong'}] satisfies Line);
	let line = toWidth(cells, width);
	if (visible.gone) {
		const note = ' gone ';
		line = [...toWidth(line, Math.max(0, width - note.length)).map(segment => ({...segment, tone: 'dim' as const})), {text: note, tone: 'dim'}];
		line = toWidth(line, width);
	}
	// One look from edge to edge: a coloured patch under the cursor would read as a finding.
	if (selected) line = [{text: line.map(segment => segment.text).join(''), inverse: true, ...(visible.gone ? {tone: 'dim' as const} : {})}];
	return options.ascii ? asciiOf(line) : line;
}

function cellsOf(placed: readonly Placed[], visible: VisibleRow): Line {
	const line: Segment[] = [];
	// Branches push the cells to the right; each gives the room that it does not need, so that the columns soon stand in line again.
	let pushed = 0;
	const most = Math.max(1, ...placed.map(({column}) => column.grow ?? 0));
	placed.forEach(({column, width, before}, i) => {
		const text = cellText(column, visible.row);
		const tone = column.tone?.(visible.row) ?? 'plain';
		line.push(i === 0 && visible.marked && before > 0 ? {text: '*'.padEnd(before), tone: 'strong'} : {text: ' '.repeat(before)});
		if (i === 0) {
			const branch = cut(visible.prefix, Math.max(0, width * 4));
			const room = branch ? Math.max(width, widthOf(branch) + Math.min(width, widthOf(text))) : width;
			pushed = room - width;
			if (branch) line.push({text: branch, tone: 'dim'});
			line.push({text: pad(text, room - widthOf(branch), branch ? 'left' : column.align), tone});
			return;
		}
		if (pushed === 0) {
			line.push({text: pad(text, width, column.align), tone});
			return;
		}
		const needed = column.grow === most && width - pushed >= readable ? 0 : Math.min(width, widthOf(text));
		const room = Math.max(0, width - pushed, needed);
		pushed -= width - room;
		line.push({text: pad(text, room, column.align), tone});
	});
	return joined(line);
}
