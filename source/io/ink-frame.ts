/** What Ink wants on the screen: its lines with SGR, from the top, and where it wants the cursor. */
export type Frame = {readonly lines: readonly string[]; readonly cursor: {readonly x: number; readonly y: number} | undefined};

const control = /\x1b\[([?>=]?)([\d;]*)([A-Za-ln-z])|\n/g;

/**
 * Follows what Ink 8 writes (incrementalRendering off: the frame before is erased line by line, then the whole text follows, all within ?2026h and ?2026l) and returns the frame when it is complete.
 * Everything but text, SGR and these moves is dropped, so that nothing else can reach the terminal; `paste` is told apart because Ink turns bracketed paste on and off.
 */
export function frameReader(): (chunk: string) => {readonly frame: Frame | undefined; readonly paste: boolean} {
	const lines: string[] = [];
	let row = 0;
	let column = 0;
	let cursor: Frame['cursor'];
	let open = false;
	let changed = false;
	let paste = false;

	const text = (part: string) => {
		if (part === '') return;
		while (lines.length <= row) lines.push('');
		lines[row] += part;
		changed = true;
	};
	const obey = (mark: string, digits: string, letter: string) => {
		const count = Math.max(1, Number.parseInt(digits, 10) || 1);
		if (mark === '?') {
			const on = letter === 'h';
			if (digits === '2026') open = on;
			else if (digits === '2004') paste = on;
			else if (digits === '25') {
				cursor = on ? {x: column, y: row} : undefined;
				changed = true;
			}
		} else if (letter === 'A') row = Math.max(0, row - count);
		else if (letter === 'B') row += count;
		else if (letter === 'E') {
			row += count;
			column = 0;
		} else if (letter === 'G') column = count - 1;
		else if (letter === 'H') {
			row = 0;
			column = 0;
		} else if (letter === 'J') lines.length = Math.min(lines.length, row);
		else if (letter === 'K' && row < lines.length) lines[row] = '';
	};

	return chunk => {
		let from = 0;
		for (const match of chunk.matchAll(control)) {
			text(chunk.slice(from, match.index));
			from = match.index + match[0].length;
			if (match[0] === '\n') {
				row++;
				column = 0;
				changed = true;
			} else obey(match[1] as string, match[2] as string, match[3] as string);
		}
		text(chunk.slice(from));
		const frame = changed && !open ? {lines: [...lines], cursor} : undefined;
		if (frame) changed = false;
		return {frame, paste};
	};
}
