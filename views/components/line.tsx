import {Text} from 'ink';
import {memo, type ReactElement} from 'react';
import type {Line} from '../../source/pane.ts';
import {painted} from '../theme.ts';

/**
 * The one door from lines to Ink. The line is already as wide as it may be; `truncate` keeps Ink from wrapping where it measures
 * otherwise. Escape sequences are ours: chalk would drop the inverse cursor with the colours. A line that stays is not rendered again.
 */
const PaintedText = memo(({text}: {readonly text: string}): ReactElement => <Text wrap="truncate">{text || ' '}</Text>);

export type Painting = {
	readonly colour: boolean;
	/** The name under which a line goes through Ink; without it Ink gets the text. */
	readonly refer?: (text: string) => string;
};

export function PaintedLine({line, colour, refer = itself}: Painting & {readonly line: Line}): ReactElement {
	return <PaintedText text={refer(painted(line, colour))} />;
}

/** A screen or a part of it, one Text per line. */
export function PaintedLines({lines, colour, refer = itself}: Painting & {readonly lines: readonly Line[]}): readonly ReactElement[] {
	// biome-ignore lint/suspicious/noArrayIndexKey: a place on the screen is what a painted line is.
	return lines.map((line, row) => <PaintedText key={row} text={refer(painted(line, colour))} />);
}

function itself(text: string): string {
	return text;
}
