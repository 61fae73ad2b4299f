import assert from 'node:assert/strict';
import {test} from 'node:test';
import stringWidth from 'string-width';
import {type Row, readRow, transition} from '../source/io/cells.ts';
import {frameReader} from '../source/io/ink-frame.ts';
import {repaint} from '../source/io/screen-diff.ts';
import {openEmulator} from './support/screen.ts';

function dice(seed: number): (sides: number) => number {
	let state = seed;
	return sides => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % sides;
	};
}

const plainGlyphs = [...'abcXYZ0189   .:_-', '─', '│', '█', '▁', '▇', '⣿', '●', '✖', '▲', '…', '–', 'é', '≥', '↑'];
const wideGlyphs = ['漢', '字', 'カ', '한', '😀', '👩‍👩‍👧‍👦', '🇩🇪', '👍🏽', '❤️', 'é', 'ไ', 'ש', '⚡', '1️⃣'];
const styles = [
	['', ''],
	['', ''],
	['\x1b[1m', '\x1b[22m'],
	['\x1b[2m', '\x1b[22m'],
	['\x1b[31m', '\x1b[39m'],
	['\x1b[92m', '\x1b[39m'],
	['\x1b[7m', '\x1b[27m'],
	['\x1b[44m', '\x1b[49m'],
	['\x1b[38;5;208m', '\x1b[39m'],
	['\x1b[48;2;1;2;3m', '\x1b[49m'],
	['\x1b[1m\x1b[4m\x1b[33m', '\x1b[39m\x1b[24m\x1b[22m'],
	['\x1b[7m\x1b[2m', '\x1b[0m'],
] as const;

function randomLine(roll: (sides: number) => number, columns: number): string {
	const wild = roll(3) === 0;
	let left = roll(4) === 0 ? roll(columns + 1) : columns;
	let text = '';
	while (left > 0) {
		const [on, off] = styles[roll(styles.length)] as readonly [string, string];
		let part = '';
		for (let count = 1 + roll(12); count > 0 && left > 0; count--) {
			const from = wild && roll(4) === 0 ? wideGlyphs : plainGlyphs;
			const glyph = from[roll(from.length)] as string;
			const width = stringWidth(glyph);
			if (width > left) continue;
			part += glyph;
			left -= width;
		}
		text += on + part + off;
		if (roll(30) === 0) break;
	}
	return text;
}

function redigit(line: string, digit: number): string {
	return line.replace(/\x1b\[[\d;]*m|\d/g, part => (part.length > 1 ? part : String(digit)));
}

/** Mostly as frames change: a few lines, few cells; at times everything, a shift, or fewer lines. */
function change(lines: readonly string[], roll: (sides: number) => number, columns: number, rows: number): string[] {
	const kind = roll(10);
	if (kind === 0 || lines.length !== rows) return Array.from({length: rows}, () => randomLine(roll, columns));
	if (kind === 1) return [...lines.slice(1), randomLine(roll, columns)];
	if (kind === 2) return [lines[0] as string, randomLine(roll, columns), ...lines.slice(1, -1)];
	if (kind === 3) {
		// Rows come and go within a block, while numbers in the others change.
		const top = roll(rows);
		const bottom = top + roll(rows - top);
		const moved = lines.map(line => (roll(2) === 0 ? redigit(line, roll(10)) : line));
		for (let times = 1 + roll(3); times > 0; times--) {
			if (roll(2) === 0) {
				moved.splice(top, 1);
				moved.splice(bottom, 0, randomLine(roll, columns));
			} else {
				moved.splice(bottom, 1);
				moved.splice(top, 0, randomLine(roll, columns));
			}
		}
		return moved;
	}
	return lines.map(line => {
		const how = roll(6);
		if (how === 0) return randomLine(roll, columns);
		if (how === 1) return redigit(line, roll(10));
		if (how === 2) return line.replace(/[aX ]/g, ' ');
		if (how === 3) return line.replaceAll('\x1b[31m', '\x1b[1;36m');
		return line;
	});
}

/** As Ink 8 writes with incrementalRendering off. */
function inkWrites(before: number, text: string): string[] {
	const erase = Array.from({length: before}, (_, index) => `\x1b[2K${index < before - 1 ? '\x1b[1A' : ''}`).join('') + (before > 0 ? '\x1b[G' : '');
	return ['\x1b[?2026h', erase + text, '\x1b[?2026l'];
}

async function shows(emulator: ReturnType<typeof openEmulator>, bytes: string): Promise<void> {
	await new Promise<void>(resolve => emulator.terminal.write(bytes, resolve));
}

/** One string per row: glyphs with colours and attributes. */
function picture({terminal}: ReturnType<typeof openEmulator>): string[] {
	const buffer = terminal.buffer.active;
	const cell = buffer.getNullCell();
	return Array.from({length: terminal.rows}, (_, y) => {
		let row = '';
		for (let x = 0; x < terminal.cols; x++) {
			buffer.getLine(buffer.viewportY + y)?.getCell(x, cell);
			const glyph = cell.getChars();
			const seen = `${cell.getBgColorMode() + cell.getBgColor()}${cell.isInverse() ? 'i' : ''}${cell.isUnderline() ? 'u' : ''}`;
			// A blank looks the same whether it was written or never touched; its colour of ink is not seen.
			row +=
				glyph === ' ' || glyph === ''
					? ` ${seen}`
					: `${glyph}${seen},${cell.getFgColorMode() + cell.getFgColor()}${cell.isBold() ? 'b' : ''}${cell.isDim() ? 'd' : ''} `;
		}
		return row;
	});
}

for (const seed of [1, 2, 3]) {
	test(`every frame is shown exactly, whatever was there before (seed ${seed})`, async () => {
		const roll = dice(seed);
		let columns = 40;
		let rows = 8;
		const ours = openEmulator(columns, rows);
		const plain = openEmulator(columns, rows);
		const read = frameReader();
		let lines: string[] = [];
		let erased = 0;
		let shown: readonly Row[] | undefined;
		for (const {terminal} of [ours, plain]) await new Promise<void>(resolve => terminal.write('\x1b[?1049h\x1b[?7l', resolve));
		for (let step = 0; step < 800; step++) {
			if (roll(25) === 0) {
				columns = 10 + roll(60);
				rows = 3 + roll(12);
				for (const {terminal} of [ours, plain]) terminal.resize(columns, rows);
				shown = undefined;
				lines = [];
			}
			lines = change(lines, roll, columns, rows);
			const short = roll(12) === 0 ? lines.slice(0, -1) : lines;
			const text = short.join('\n') + (short.length < rows ? '\n' : '');
			const frames = inkWrites(erased, text).map(chunk => read(chunk).frame);
			erased = text.split('\n').length;
			const frame = frames.at(-1);
			assert.ok(frame && frames.slice(0, -1).every(other => !other), 'one frame, when it is complete');
			assert.deepEqual(frame.lines.slice(0, short.length), short);
			const next = Array.from({length: rows}, (_, y) => readRow(frame.lines[y] ?? '', columns));
			const bytes = repaint(shown, next);
			shown = next;
			const anew = `\x1b[m\x1b[H\x1b[2J${short.map((line, y) => `\x1b[${y + 1}H\x1b[m${line}`).join('')}`;
			await Promise.all([shows(ours, bytes), shows(plain, anew)]);
			const expected = picture(plain);
			for (const [y, row] of picture(ours).entries()) assert.equal(row, expected[y], `seed ${seed} step ${step} row ${y}`);
		}
	});
}

test('a frame that did not change costs nothing', () => {
	const rows = ['a \x1b[31mred\x1b[39m', '漢字'].map(text => readRow(text, 20));
	assert.equal(
		repaint(
			rows,
			['a \x1b[31mred\x1b[39m', '漢字'].map(text => readRow(text, 20)),
		),
		'',
	);
});

test('one digit costs a move and the digit', () => {
	const rows = (seconds: number) => ['head', `4711  ${seconds}s`, `4712  ${seconds}s`].map(text => readRow(text, 40));
	assert.equal(repaint(rows(11), rows(12)), '\x1b[2;8H2\x1b[B\b2');
});

test('a gap that is cheaper to write than to jump over is written', () => {
	assert.equal(repaint([readRow('11:22:33', 20)], [readRow('12:23:34', 20)]), '\x1b[1;2H2:23:34');
});

test('text that ends early is erased, not overwritten with blanks', () => {
	assert.equal(repaint([readRow('select * from orders', 40)], [readRow('select', 40)]), '\x1b[1;8H\x1b[K');
});

test('behind a glyph that terminals measure differently the whole rest is written', () => {
	const bytes = repaint([readRow('1s 漢字 abcdef', 20)], [readRow('2s 漢字 abcdeX', 20)]);
	assert.equal(bytes, '\x1b[H2\x1b[1;4H漢字 abcdeX\x1b[K');
});

test('nothing but text and colours of the frame reaches the screen', () => {
	const {glyphs} = readRow('a\x1b[2Jb\x1b]0;title\x07c\x1b[6nd\x1b(0e\x07f\x9b31mg\x1bPq\x1b\\h\u202ei\x1b[?1049l', 20);
	assert.doesNotMatch(glyphs.join(''), /[\p{Cc}\p{Cf}]/u);
	const {frame} = frameReader()('a\x1b[?1049lb\x1b[5Sc\x1b[r\x1b[?2004h');
	assert.doesNotMatch(readRow(frame?.lines[0] ?? '', 10).glyphs.join(''), /[\p{Cc}]/u);
});

test('a list that scrolls by a line costs one new line', () => {
	const list = (from: number) =>
		['head', ...Array.from({length: 20}, (_, y) => `${y + from} select ${String.fromCharCode(97 + y + from).repeat(60)}`), 'footer'].map(text =>
			readRow(text, 80),
		);
	const bytes = repaint(list(100), list(101));
	assert.match(bytes, /^\x1b\[2;21r\x1b\[2H\x1b\[1M\x1b\[r\x1b\[21H120 select /);
	assert.ok(bytes.length < 110, JSON.stringify(bytes));
	assert.ok(repaint(list(101), list(100)).length < 110);
});

test('styles change by the shortest sequence', () => {
	assert.equal(transition('1;31', '1;32'), '\x1b[32m');
	assert.equal(transition('1;31', ''), '\x1b[m');
	assert.equal(transition('1', '2'), '\x1b[0;2m');
	assert.equal(transition('1;2', '1'), '\x1b[0;1m');
	assert.equal(transition('', '7'), '\x1b[7m');
});

test('the cursor is where Ink wants it', () => {
	const read = frameReader();
	const first = read('\x1b[?2026hone\ntwo\nthree\x1b[1A\x1b[4G\x1b[?25h\x1b[?2026l').frame;
	assert.deepEqual(first?.cursor, {x: 3, y: 1});
	const moved = read('\x1b[?25l\x1b[1B\x1b[G\x1b[2A\x1b[2G\x1b[?25h').frame;
	assert.deepEqual(moved, {lines: ['one', 'two', 'three'], cursor: {x: 1, y: 0}});
});
