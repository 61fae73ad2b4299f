import type {Row} from './cells.ts';

/** Rows `top` to `bottom` of the screen move up by `by` lines (down when negative); what they leave is blank. */
export type Shift = {readonly top: number; readonly bottom: number; readonly by: number};

/** Fewer cells are not worth the search, or the sequences. */
const worthwhile = 60;
const farthest = 12;

/** How many cells have to be written to make one row of the other. */
function distance(from: Row, to: Row): number {
	if (from.text === to.text) return 0;
	const firm = Math.min(from.firm, to.firm);
	const columns = to.glyphs.length;
	let cells = 0;
	for (let x = 0; x < columns; x++) {
		if (from.glyphs[x] === to.glyphs[x] && from.styles[x] === to.styles[x]) continue;
		if (x >= firm) return cells + columns - firm;
		cells++;
	}
	return cells;
}

/** A list that scrolled, a row that came or went: the one move of rows that saves the most cells. The rows need not be equal, their numbers may have changed as well. */
export function findShift(before: readonly Row[], after: readonly Row[], blank: Row): Shift | undefined {
	const stay = after.map((row, y) => distance(before[y] as Row, row));
	const all = stay.reduce((sum, cells) => sum + cells, 0);
	if (all < 4 * worthwhile) return;
	const anew = after.map(row => distance(blank, row));
	let best: Shift | undefined;
	let most = Math.max(worthwhile, all / 10);
	for (let by = -farthest; by <= farthest; by++) {
		if (by === 0) continue;
		// The contiguous rows with the greatest sum of what is saved (Kadane).
		let sum = 0;
		let from = 0;
		for (let y = Math.max(0, -by); y < after.length - Math.max(0, by); y++) {
			if (sum <= 0) {
				sum = 0;
				from = y;
			}
			sum += (stay[y] as number) - distance(before[y + by] as Row, after[y] as Row);
			if (sum <= most) continue;
			const top = Math.min(from, from + by);
			const bottom = Math.max(y, y + by);
			let lost = 0;
			for (let left = by > 0 ? y + 1 : top; left <= (by > 0 ? bottom : from - 1); left++) lost += (anew[left] as number) - (stay[left] as number);
			if (sum - lost > most) {
				most = sum - lost;
				best = {top, bottom, by};
			}
		}
	}
	return best;
}

export function shifted(rows: readonly Row[], {top, bottom, by}: Shift, blank: Row): Row[] {
	return rows.map((row, y) => (y < top || y > bottom ? row : y + by >= top && y + by <= bottom ? (rows[y + by] as Row) : blank));
}

/** Within scroll margins, so that nothing else moves; every terminal since the VT102 deletes and inserts lines. */
export function shiftLines({top, bottom, by}: Shift): string {
	return `\x1b[${top + 1};${bottom + 1}r\x1b[${top + 1}H\x1b[${Math.abs(by)}${by > 0 ? 'M' : 'L'}`;
}
