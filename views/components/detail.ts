import type {Answers, Input, Line, Row, Section, Table} from '../../source/pane.ts';
import {cut, toWidth, widthOf, wrapLine} from '../layout.ts';
import {cellText} from './table.ts';

export function detailTitle(table: Table | undefined, row: Row): string {
	if (!table) return '';
	const first = table.columns.find(column => column.align !== 'right') ?? table.columns[0];
	return table.detail?.title(row) ?? `${table.title}: ${first ? cellText(first, row) : ''}`;
}

/** What the table says of the opened row; a table that says nothing of its own shows every column whole. */
export function detailSections(table: Table | undefined, row: Row, answers: Answers, input: Input): readonly Section[] {
	if (!table) return [];
	if (table.detail) return table.detail.sections(row, answers, input);
	const titles = Math.max(...table.columns.map(column => widthOf(column.title)));
	const lines = table.columns.map((column): Line => [{text: `${column.title.padEnd(titles)}  `, tone: 'dim'}, {text: cellText(column, row)}]);
	return [{title: '', lines}];
}

/** Sections one below the other, their titles as rules. Lines are wrapped, never cut: a query is shown whole, with its line feeds. */
export function detailLines(sections: readonly Section[], width: number): Line[] {
	return sections.flatMap(({title, lines}, i) => [
		...(i > 0 ? [toWidth([], width)] : []),
		...(title === '' ? [] : [rule(title, width)]),
		...lines.flatMap(line => wrapLine(line, Math.max(1, width - 1))).map(line => toWidth([{text: ' '}, ...line], width)),
	]);
}

function rule(title: string, width: number): Line {
	const name = cut(title, width);
	return toWidth(
		[
			{text: name, tone: 'strong'},
			{text: ` ${'─'.repeat(Math.max(0, width - widthOf(name) - 1))}`, tone: 'dim'},
		],
		width,
	);
}
