import stringWidth from 'string-width';
import {graphemes} from '../source/graphemes.ts';
import type {Line, Segment} from '../source/pane.ts';
import {spelt, unseen} from '../source/spelling.ts';

/**
 * Everything but printable ASCII, Latin, Greek, Cyrillic and the glyphs that pgperf itself paints, all of them one cell wide.
 * Text without a match needs neither cleaning nor a segmenter: 0.8 us against 170 us for 180 cells.
 */
const unusual =
	/[^\x20-\x7e\xa1-\xac\xae-\u02ff\u0391-\u03a1\u03a3-\u03c9\u0400-\u0482\u048a-\u052f\u2010-\u2015\u2018-\u2022\u2026\u2190-\u2199\u2248\u2260\u2264\u2265\u23ce\u2500-\u25a0\u25b2\u25b4\u25b8\u25bc\u25be\u25c2\u25cb\u25cc\u25cf\u2716\u275a\u2800-\u28ff]/;

const invisible = /[\p{Cf}\p{Me}\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}]/gu;
const breaking = / *[\p{Cc}\p{Zl}\p{Zp}][\p{Cc}\p{Zl}\p{Zp} ]*/gu;
const unassigned = /[\p{Cn}\p{Co}]/gu;
const jamo = /[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]/g;
const regional = /[\u{1f1e6}-\u{1f1ff}]/gu;

/**
 * Server text as it may reach a terminal: one line, nothing that moves the cursor, reorders or hides, and nothing whose width
 * terminals disagree about. Joined emoji fall apart into their parts, flags become their letters.
 */
export function harmless(text: string): string {
	if (!unusual.test(text)) return text;
	return text
		.toWellFormed()
		.replace(invisible, '')
		.replace(/\p{Zs}/gu, ' ')
		.replace(breaking, ' ')
		.replace(unassigned, '\ufffd')
		.replace(regional, letter => String.fromCharCode(letter.codePointAt(0)! - 0x1f1e6 + 65))
		.normalize('NFC')
		.replace(jamo, '\ufffd')
		.replace(/^\p{M}+/u, '')
		.replace(/(\p{M}{4})\p{M}+/gu, '$1');
}

const hidden = new RegExp(String.raw`[${unseen}\p{Zs}]|(?<=^|\n|\p{M}{4})\p{M}`, 'gu');

/** What harmless() would take away, flatten or compose, spelt out: for statements, which are shown word for word. Keeps line feeds. */
export function revealed(text: string): string {
	if (!/[^\x20-\x7e]/.test(text)) return text;
	const lines = text.replace(/\r\n/g, '\n').replaceAll('\t', '  ').toWellFormed();
	const seen =
		lines.normalize('NFC') === lines ? lines : lines.replace(/\P{ASCII}/gu, one => (/\p{M}/u.test(one) || one.normalize('NFC') !== one ? spelt(one) : one));
	return seen.replace(hidden, one => (one === ' ' || one === '\n' ? one : spelt(one)));
}

// The same texts come back with every frame; bounded, as a console runs for weeks.
const widths = new Map<string, number>();

function remembered(text: string, measure: (text: string) => number): number {
	const known = widths.get(text);
	if (known !== undefined) return known;
	const width = measure(text);
	if (text.length > 512) return width;
	if (widths.size >= 4096) widths.clear();
	widths.set(text, width);
	return width;
}

function clusterWidth(cluster: string): number {
	return unusual.test(cluster) ? remembered(cluster, stringWidth) : cluster.length;
}

/** Terminal cells that the text takes once it is harmless. */
export function widthOf(text: string): number {
	return unusual.test(text) ? remembered(harmless(text), whole) : text.length;
}

function whole(safe: string): number {
	return measured(safe, Number.POSITIVE_INFINITY).width;
}

/** The longest beginning of a harmless text that fits, in UTF-16 units and cells. */
function measured(safe: string, room: number): {readonly units: number; readonly width: number} {
	if (!unusual.test(safe)) {
		const length = Math.min(safe.length, Math.max(0, room));
		return {units: length, width: length};
	}
	let width = 0;
	for (const {segment, index} of graphemes(safe)) {
		const next = width + clusterWidth(segment);
		if (next > room) return {units: index, width};
		width = next;
	}
	return {units: safe.length, width};
}

/** A cell needs only the beginning of a text of megabytes; marks and invisible characters take no room, hence the factor. */
function reach(text: string, width: number): string {
	const most = 16 * width + 1024;
	return text.length > most ? text.slice(0, most) : text;
}

/** At most `width` cells, harmless; what was longer ends in `…`. */
export function cut(text: string, width: number): string {
	if (width <= 0) return '';
	const near = reach(text, width);
	if (!unusual.test(near)) return near.length <= width ? near : `${near.slice(0, width - 1)}…`;
	const safe = harmless(near);
	const fit = measured(safe, width);
	return fit.units === safe.length ? safe : `${safe.slice(0, measured(safe, width - 1).units)}…`;
}

/** Exactly `width` cells. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
	const short = cut(text, width);
	const spare = ' '.repeat(Math.max(0, width - widthOf(short)));
	return align === 'left' ? short + spare : spare + short;
}

/** Where the rows of a harmless text begin. With `hang`, spaces at a row's end take no room. */
function breaks(safe: string, width: number, hang: boolean): readonly number[] {
	const room = Math.max(1, width);
	const starts = [0];
	let column = 0;
	let chance = 0;
	let sinceChance = 0;
	const clusters = unusual.test(safe) ? graphemes(safe) : Array.from(safe, (segment, index) => ({segment, index}));
	for (const {segment, index} of clusters) {
		const cells = clusterWidth(segment);
		const blank = segment === ' ';
		if (column + cells > room && column > 0 && !(hang && blank)) {
			const wordFits = chance > starts.at(-1)! && sinceChance + cells <= room;
			starts.push(wordFits ? chance : index);
			column = wordFits ? sinceChance : 0;
			if (!wordFits) sinceChance = 0;
		}
		column += cells;
		sinceChance += cells;
		if (blank) {
			chance = index + 1;
			sinceChance = 0;
		}
	}
	return starts;
}

/** Prose in rows of at most `width` cells, broken at spaces where possible. */
export function wrap(text: string, width: number): string[] {
	const safe = harmless(text);
	const starts = breaks(safe, width, true);
	return starts.map((start, row) => cut(safe.slice(start, starts[row + 1]).trimEnd(), Math.max(1, width)));
}

/**
 * A line in rows of at most `width` cells that keep every character: joined, they are the line again. Line feeds within a segment
 * begin a new row, and what can't be seen is spelt out.
 */
export function wrapLine(line: Line, width: number): Line[] {
	const rows: Segment[][] = [[]];
	for (const segment of line) {
		revealed(segment.text)
			.split('\n')
			.forEach((text, part) => {
				if (part > 0) rows.push([]);
				rows.at(-1)!.push({...segment, text: harmless(text)});
			});
	}
	return rows.flatMap(row => {
		const starts = breaks(row.map(segment => segment.text).join(''), width, false);
		return starts.map((start, i) => toMost(sliced(row, start, starts[i + 1] ?? Number.POSITIVE_INFINITY), Math.max(1, width)));
	});
}

/** Between two indices, in UTF-16 units. */
function sliced(line: Line, from: number, to: number): Line {
	const parts: Segment[] = [];
	let at = 0;
	for (const segment of line) {
		const text = segment.text.slice(Math.max(0, from - at), Math.max(0, to - at));
		if (text) parts.push({...segment, text});
		at += segment.text.length;
	}
	return parts;
}

export function widthOfLine(line: Line): number {
	let width = 0;
	for (const segment of line) width += widthOf(segment.text);
	return width;
}

/** Harmless, and with its cells; each text is looked at once, as a screen has thousands. */
function counted(line: Line, width: number): {readonly safe: Line; readonly cells: number} {
	let cells = 0;
	const safe = line.map(segment => {
		const near = reach(segment.text, width);
		if (!unusual.test(near)) {
			cells += near.length;
			return near === segment.text ? segment : {...segment, text: near};
		}
		const text = harmless(near);
		cells += widthOf(text);
		return {...segment, text};
	});
	return {safe, cells};
}

/** Cut with `…`, unless only spaces are lost. */
function shortened(safe: Line, width: number): Line {
	const rest = between(safe, width, Number.POSITIVE_INFINITY);
	const full = between(safe, 0, width);
	if (width > 0 && widthOfLine(full) === width && rest.every(segment => segment.text.trim() === '')) return full;
	if (width <= 0) return [];
	const kept = between(safe, 0, width - 1);
	const last = kept.at(-1) ?? safe[0];
	return [...kept, {...last, text: '…'}];
}

/** At most `width` cells. */
function toMost(line: Line, width: number): Line {
	const {safe, cells} = counted(line, width);
	return cells <= width ? safe : shortened(safe, width);
}

/** Exactly `width` cells: cut with `…`, or filled with spaces. */
export function toWidth(line: Line, width: number): Line {
	const {safe, cells} = counted(line, width);
	const most = cells <= width ? safe : shortened(safe, width);
	const spare = width - (most === safe ? cells : widthOfLine(most));
	return joined(spare > 0 ? [...most, {text: ' '.repeat(spare)}] : most);
}

/** The cells from `from` up to `to`; half a wide character becomes a space. */
export function between(line: Line, from: number, to: number): Line {
	const parts: Segment[] = [];
	let at = 0;
	for (const segment of line) {
		if (at >= to) break;
		const safe = harmless(segment.text);
		if (!unusual.test(safe)) {
			const text = safe.slice(Math.max(0, from - at), Math.max(0, to - at));
			if (text) parts.push({...segment, text});
			at += safe.length;
			continue;
		}
		let text = '';
		for (const {segment: cluster} of graphemes(safe)) {
			const cells = clusterWidth(cluster);
			const seen = Math.min(to, at + cells) - Math.max(from, at);
			if (seen === cells && (cells > 0 || text)) text += cluster;
			else if (seen > 0) text += ' '.repeat(seen);
			at += cells;
			if (at >= to) break;
		}
		if (text) parts.push({...segment, text});
	}
	return parts;
}

/** Neighbours that look the same become one segment: fewer colour changes on the wire. */
export function joined(line: Line): Line {
	const parts: Segment[] = [];
	for (const segment of line) {
		if (segment.text === '') continue;
		const before = parts.at(-1);
		const blank = segment.text.trim() === '' && !segment.inverse && !before?.inverse;
		if (before && (blank || ((before.tone ?? 'plain') === (segment.tone ?? 'plain') && Boolean(before.inverse) === Boolean(segment.inverse)))) {
			parts[parts.length - 1] = {...before, text: before.text + segment.text};
		} else parts.push(segment);
	}
	return parts;
}
