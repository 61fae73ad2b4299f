import type {Line, Section} from '../../source/pane.ts';
import {cut, toWidth, widthOf, wrapLine} from '../layout.ts';

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
