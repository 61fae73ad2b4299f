import {type Row, readRow, transition} from './cells.ts';
import {findShift, shifted, shiftLines} from './shift.ts';

type Pen = {readonly x: number; readonly y: number};

/** Control characters of one byte beat sequences: `\b`, `\r`, `\r\n`. Relative moves only from a place that is certain. */
function move(pen: Pen | undefined, x: number, y: number): string {
	const absolute = x === 0 ? (y === 0 ? '\x1b[H' : `\x1b[${y + 1}H`) : `\x1b[${y + 1};${x + 1}H`;
	if (!pen || y < pen.y) return absolute;
	const down = y - pen.y;
	if (down === 1 && x === 0) return '\r\n';
	const vertical = down === 0 ? '' : down === 1 ? '\x1b[B' : `\x1b[${down}B`;
	const relative = vertical + across(pen.x, x);
	return relative.length <= absolute.length ? relative : absolute;
}
function across(from: number, to: number): string {
	if (from === to) return '';
	if (to === 0) return '\r';
	const steps = Math.abs(to - from);
	if (to < from && steps <= 3) return '\b'.repeat(steps);
	const letter = to > from ? 'C' : 'D';
	const relative = steps === 1 ? `\x1b[${letter}` : `\x1b[${steps}${letter}`;
	const column = `\x1b[${to + 1}G`;
	return relative.length <= column.length ? relative : column;
}

function blankFrom(row: Row): number {
	let end = row.glyphs.length;
	while (end > 0 && row.glyphs[end - 1] === ' ' && row.styles[end - 1] === '') end--;
	return end;
}
function same(a: Row, b: Row, x: number): boolean {
	return a.glyphs[x] === b.glyphs[x] && a.styles[x] === b.styles[x];
}

/**
 * The bytes that turn the screen `before` into `after`; both have one width. `before` is undefined when nobody knows what the screen shows: it is cleared first.
 * Starts from default style, ends in default style, and needs line wrap off or a terminal that wraps late.
 */
export function repaint(before: readonly Row[] | undefined, after: readonly Row[]): string {
	const out: string[] = [];
	let pen: Pen | undefined;
	let style = '';
	const restyle = (to: string) => {
		out.push(transition(style, to));
		style = to;
	};
	const put = (row: Row, x: number, y: number) => {
		if (!pen || pen.y !== y || pen.x !== x) {
			const step = move(pen, x, y);
			const gap = pen?.y === y && pen.x < x ? row.glyphs.slice(pen.x, x) : [];
			const from = x - gap.length;
			const through =
				gap.length > 0 && gap.length <= step.length && gap.every((glyph, index) => row.styles[from + index] === style && glyph.length === 1 && glyph <= '~');
			out.push(through ? gap.join('') : step);
		}
		if (row.styles[x] !== style) restyle(row.styles[x] as string);
		out.push(row.glyphs[x] as string);
		// The cursor rests on the last column until the next glyph: where it is then differs between terminals.
		let next = x + 1;
		while (row.glyphs[next] === '') next++;
		pen = next < row.glyphs.length ? {x: next, y} : undefined;
	};
	const erase = (x: number, y: number) => {
		if (!pen || pen.y !== y || pen.x !== x) out.push(move(pen, x, y));
		pen = {x, y};
		if (style !== '') restyle('');
		out.push('\x1b[K');
	};

	const blank = readRow('', after[0]?.glyphs.length ?? 0);
	let now: readonly Row[] = before ?? after.map(() => blank);
	if (!before) out.push('\x1b[m\x1b[H\x1b[2J');
	else {
		let moves = 0;
		for (let shift = findShift(now, after, blank); shift && moves < 4; shift = findShift(now, after, blank)) {
			out.push(shiftLines(shift));
			now = shifted(now, shift, blank);
			moves++;
		}
		if (moves > 0) out.push('\x1b[r');
	}
	for (const [y, row] of after.entries()) {
		const old = now[y] as Row;
		if (old.text === row.text) continue;
		const columns = row.glyphs.length;
		const firm = Math.min(old.firm, row.firm);
		const end = blankFrom(row);
		let last = columns - 1;
		while (last >= 0 && same(old, row, last)) last--;
		for (let x = 0; x < firm && x <= last; x++) {
			if (same(old, row, x)) continue;
			if (x >= end && last - x > 3) {
				erase(x, y);
				last = -1;
			} else put(row, x, y);
		}
		// Where terminals disagree about widths, only writing the whole rest keeps it right in all of them.
		if (last >= firm) {
			pen = undefined;
			for (let x = firm; x < end; x++) if (row.glyphs[x] !== '') put(row, x, y);
			if (end < columns) erase(Math.max(firm, end), y);
			pen = undefined;
		}
	}
	if (style !== '') restyle('');
	return out.join('');
}
