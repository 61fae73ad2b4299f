import {Text} from 'ink';
import type {ReactElement} from 'react';
import type {Line} from '../../source/pane.ts';
import {painted} from '../theme.ts';

/**
 * The one door from lines to Ink. The line is already as wide as it may be; `truncate` keeps Ink from wrapping where it measures
 * otherwise. Escape sequences are ours: chalk would drop the inverse cursor with the colours.
 */
export function PaintedLine({line, colour}: {readonly line: Line; readonly colour: boolean}): ReactElement {
	return <Text wrap="truncate">{painted(line, colour) || ' '}</Text>;
}

/** A screen or a part of it, one Text per line. */
export function PaintedLines({lines, colour}: {readonly lines: readonly Line[]; readonly colour: boolean}): readonly ReactElement[] {
	// biome-ignore lint/suspicious/noArrayIndexKey: a place on the screen is what a painted line is.
	return lines.map((line, row) => <PaintedLine key={row} line={line} colour={colour} />);
}
