import type {Column, Line, Row, Segment, Table} from '../../source/pane.ts';
import type {ColumnReport, GradeReport, RowReport, SeriesReport} from '../../source/report.ts';
import {sparkline} from '../components/chart.ts';
import {headerLine, placeColumns, rowLine} from '../components/table.ts';
import {unknown} from '../format.ts';
import {cut, pad, toWidth, widthOf, wrap} from '../layout.ts';
import {asciiOf, markOf, painted, unpainted} from '../theme.ts';
import type {Block, Item} from './outline.ts';

export type Style = {readonly width: number; readonly colour: boolean; readonly ascii: boolean};

/** Blocks as lines of at most `width` cells; without colour the words and marks tell the same. */
export function textOf(blocks: readonly Block[], style: Style): string {
	const lines = blocks.flatMap((block, index) => linesOf(block, blocks[index - 1], style));
	return lines
		.map(line => (style.ascii ? asciiOf(line) : line))
		.map(line => (style.colour ? painted(trimmed(line), true) : unpainted(line).trimEnd()))
		.map(line => `${line}\n`)
		.join('');
}

function trimmed(line: Line): Line {
	const last = line.at(-1);
	return last && /\s$/.test(last.text) && !last.inverse ? [...line.slice(0, -1), {...last, text: last.text.trimEnd()}] : line;
}

function linesOf(block: Block, before: Block | undefined, style: Style): readonly Line[] {
	const {width} = style;
	switch (block.is) {
		case 'heading':
			return [...(before && !(before.is === 'heading' && before.level < block.level) ? [[]] : []), headingLine(block, width)];
		case 'facts':
			return pairs(block.items, width, 0);
		case 'sentence':
			return [...(before?.is === 'table' ? [[]] : []), ...wrap(block.text, width - 1).map((text): Line => [{text: ` ${text}`, tone: block.tone}])];
		case 'list':
			return block.items.flatMap(item => itemLines(item, style));
		case 'grade':
			return gradeLines(block.grade, block, style);
		case 'finding': {
			const {level, title} = block.finding;
			const head = wrap(title, width - 3).map((text, i): Line => [{text: i === 0 ? ` ${markOf(level, style.ascii)} ${text}` : `   ${text}`, tone: level}]);
			return [...(before?.is === 'finding' ? [[]] : []), ...head, ...pairs(block.items, width, 3)];
		}
		case 'table':
			return tableLines(block.columns, block.rows, block.rest, style);
		case 'charts':
			return chartLines(block.series, style);
	}
}

function headingLine(block: Extract<Block, {is: 'heading'}>, width: number): Line {
	const line: Segment[] = [
		{text: block.text, tone: 'strong'},
		...(block.note ? [{text: `  ${block.note}`, tone: block.level === 1 ? ('accent' as const) : ('dim' as const)}] : []),
	];
	if (block.level === 1) return toWidth(line, width);
	if (block.level === 3) return toWidth([{text: ' '}, ...line], width);
	const used = line.reduce((sum, segment) => sum + widthOf(segment.text), 0) + 1;
	return toWidth([...line, {text: ` ${'─'.repeat(Math.max(0, width - used))}`, tone: 'dim'}], width);
}

/** Labels in one column, what they say wrapped beside them. */
function pairs(items: readonly (readonly [string, string])[], width: number, indent: number): readonly Line[] {
	const label = Math.max(10, ...items.map(([name]) => name.length + 1));
	const room = Math.max(20, width - indent - label - 1);
	return items.flatMap(([name, value]) =>
		wrap(value, room).map((text, i): Line => [{text: ' '.repeat(indent)}, {text: pad(i === 0 ? name : '', label), tone: 'dim'}, {text: ` ${text}`}]),
	);
}

function itemLines(item: Item, style: Style): readonly Line[] {
	const mark = style.ascii ? '*' : '◌';
	return [
		...wrap(item.text, style.width - 3).map((text, i): Line => [{text: i === 0 ? ` ${mark} ` : '   ', tone: item.tone}, {text}]),
		...(item.more === undefined ? [] : wrap(item.more, style.width - 5).map((text): Line => [{text: `     ${text}`, tone: 'accent'}])),
	];
}

function gradeLines(grade: GradeReport, seen: {readonly evaluated: number; readonly all: number}, style: Style): readonly Line[] {
	const checks = `${seen.evaluated} of ${seen.all} checks made, ${grade.coverage_percent} %`;
	const tone = grade.grade === 'A' || grade.grade === 'B' ? 'good' : grade.grade === 'C' ? 'warning' : grade.grade === null ? 'notice' : 'critical';
	const head: Line =
		grade.score === null
			? [{text: 'Grade ', tone: 'strong'}, {text: unknown, tone}, {text: `  too little was seen: ${checks}`}]
			: [{text: 'Grade ', tone: 'strong'}, {text: `${grade.grade} `, tone}, {text: ` ${grade.score} of 100`}, {text: `  ${checks}`, tone: 'dim'}];
	const lines = grade.deductions.map((one): Line => toWidth([{text: `${pad(`-${one.points}`, 6, 'right')}  `, tone: 'dim'}, {text: one.why}], style.width));
	return [[], toWidth(head, style.width), ...lines];
}

/** A saved row has its words already: the columns hand them on. */
function tableFor(columns: readonly ColumnReport[], rows: readonly RowReport[]): Table {
	const byValues = new Map<Row, RowReport>(rows.map(row => [row.values, row]));
	return {
		id: '',
		title: '',
		empty: '',
		from: {tables: []},
		scope: 'server',
		every: 'rare',
		rowKey: () => '',
		columns: columns.map(
			(one, index): Column => ({
				...one,
				show: (_, row) => byValues.get(row)?.cells?.[index] ?? unknown,
				tone: row => byValues.get(row)?.tones?.[one.field],
			}),
		),
	};
}

function tableLines(columns: readonly ColumnReport[], rows: readonly RowReport[], rest: number, style: Style): readonly Line[] {
	// Each row has to be itself, also where several were saved without values.
	const own = rows.map(row => ({...row, values: {...row.values}}));
	const placed = placeColumns(tableFor(columns, own), style.width, 0);
	return [
		headerLine(placed, undefined, style.width),
		...own.map(row => rowLine(placed, {key: row.key, row: row.values, prefix: row.prefix, marked: false, gone: false}, {selected: false, width: style.width})),
		...(rest > 0 ? [[{text: ` +${rest} more`, tone: 'dim' as const}]] : []),
	];
}

function chartLines(series: readonly SeriesReport[], style: Style): readonly Line[] {
	const moving = series.filter(one => new Set(one.points).size > 1);
	const title = Math.max(0, ...moving.map(one => widthOf(one.title)));
	return moving.map(one => [
		{text: ` ${pad(one.title, Math.min(title, style.width - 30))}  `, tone: 'dim'},
		{text: sparkline(one.points, Math.min(one.points.length, 20)), tone: 'accent'},
		{text: cut(`  ${one.last_text}`, 20)},
	]);
}
