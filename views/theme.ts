import {graphemes} from '../source/graphemes.ts';
import type {Level, Line, Tone} from '../source/pane.ts';
import {harmless, widthOf} from './layout.ts';

type Look = {readonly on: string; readonly off: string};

const none: Look = {on: '', off: ''};
const bold: Look = {on: '\u001b[1m', off: '\u001b[22m'};
const coloured = (code: number): Look => ({on: `\u001b[${code}m`, off: '\u001b[39m'});

/** The terminal's own 16 colours, so that the user's theme decides. */
const looks: Readonly<Record<Tone, Look>> = {
	plain: none,
	dim: {on: '\u001b[2m', off: '\u001b[22m'},
	strong: bold,
	accent: coloured(36),
	good: coloured(32),
	notice: coloured(94),
	warning: coloured(33),
	critical: {on: '\u001b[1m\u001b[31m', off: '\u001b[39m\u001b[22m'},
};
/** Without colour, weight is left; the words and marks tell the rest. */
const colourless: Readonly<Record<Tone, Look>> = {...looks, accent: none, good: none, notice: none, warning: bold, critical: bold};

/** Text as the terminal gets it. The only place where escape sequences are written, and nothing of a server's text passes it raw. */
export function sgr(tone: Tone | undefined, text: string, colour: boolean, inverse = false): string {
	const {on, off} = (colour ? looks : colourless)[tone ?? 'plain'];
	const safe = harmless(text);
	if (safe === '') return '';
	return inverse ? `\u001b[7m${on}${safe}${off}\u001b[27m` : `${on}${safe}${off}`;
}

export function painted(line: Line, colour: boolean): string {
	let text = '';
	for (const segment of line) text += sgr(segment.tone, segment.text, colour, segment.inverse);
	return text;
}

/** The words alone: for files and pipes. */
export function unpainted(line: Line): string {
	return line.map(segment => harmless(segment.text)).join('');
}

const marks: Readonly<Record<Level | 'good', readonly [string, string]>> = {critical: ['✖', 'x'], warning: ['▲', '!'], notice: ['●', '*'], good: ['●', 'o']};

/** The sign of a level, so that colour is never alone. */
export function markOf(level: Level | 'good', ascii = false): string {
	return marks[level][ascii ? 1 : 0];
}

const plainer: Readonly<Record<string, string>> = Object.fromEntries(
	[
		['─━╌┄═', '-'],
		['│┃┆║', '|'],
		['┌┐└┘├┤┬┴┼╭╮╯╰╔╗╚╝', '+'],
		['…', '~'],
		['–—‐', '-'],
		['·', '.'],
		['●◌○', '*oo'],
		['▲✖', '!x'],
		['❚', '|'],
		['▾▼▴◂▸', 'vv^<>'],
		['←→↑↓⏎', '<>^v>'],
		['≥≤≈×', '><~x'],
		['▁▂▃▄▅▆▇█', '_.:-=+*#'],
		['▏▎▍▌▋▊▉', '||||###'],
		['░▒▓■', '.:%#'],
		['‘’“”', '\'\'""'],
	].flatMap(([from, to]) => Array.from(from!, (glyph, i) => [glyph, to![Math.min(i, to!.length - 1)]!])),
);

/** For terminals and locales without UTF-8: our glyphs become the nearest ASCII, all else `?`. Keeps the width. */
export function asciiOf(line: Line): Line {
	return line.map(segment => ({...segment, text: asciiText(segment.text)}));
}

export function asciiText(text: string): string {
	if (!/[^\x20-\x7e]/.test(text)) return text;
	let ascii = '';
	for (const {segment: cluster} of graphemes(harmless(text))) {
		ascii += cluster >= ' ' && cluster <= '~' && cluster.length === 1 ? cluster : (plainer[cluster] ?? '?'.repeat(widthOf(cluster)));
	}
	return ascii;
}
