import type {Line} from '../../source/pane.ts';
import {toWidth, widthOf, wrap} from '../layout.ts';

/** A line of the key table: `where` is the heading that it stands under. */
export type KeyHelp = {readonly key: string; readonly does: string; readonly where: string};

/** Below this a second column would leave no words per line. */
const columnWidth = 48;

/** The key table under its headings, in as many columns as fit, read downwards. */
export function helpLines(keys: readonly KeyHelp[], width: number): Line[] {
	const columns = Math.max(1, Math.floor(width / columnWidth));
	const each = Math.floor(width / columns);
	const keyWidth = Math.min(Math.max(0, ...keys.map(({key}) => widthOf(key))), Math.floor(each / 2));
	const places = [...new Set(keys.map(({where}) => where))];
	const blocks = places.map(where => block(where, keys, keyWidth, each));
	const total = blocks.reduce((sum, lines) => sum + lines.length, 0);
	const heaps: Line[][] = Array.from({length: columns}, () => []);
	let heap = 0;
	for (const lines of blocks) {
		if (heap < columns - 1 && heaps[heap]!.length > 0 && heaps[heap]!.length + lines.length / 2 > total / columns) heap++;
		heaps[heap]!.push(...lines);
	}
	// The blank line below the last block is nobody's.
	const height = Math.max(0, ...heaps.map(lines => lines.length - 1));
	return Array.from({length: height}, (_, row) =>
		toWidth(
			heaps.flatMap(lines => toWidth(lines[row] ?? [], each)),
			width,
		),
	);
}

function block(where: string, keys: readonly KeyHelp[], keyWidth: number, width: number): Line[] {
	const entries = keys
		.filter(one => one.where === where)
		.flatMap(({key, does}) =>
			wrap(does, Math.max(1, width - keyWidth - 4)).map(
				(text, i): Line => [...toWidth([{text: i === 0 ? key : '', tone: 'accent'}], keyWidth), {text: `  ${text}`}],
			),
		);
	return [...(where === '' ? [] : [[{text: where, tone: 'strong'}] satisfies Line]), ...entries, []];
}
