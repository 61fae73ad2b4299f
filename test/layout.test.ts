import assert from 'node:assert/strict';
import {test} from 'node:test';
import graphemes from '@xterm/addon-unicode-graphemes';
import headless from '@xterm/headless';
import stringWidth from 'string-width';
import type {Line, Segment, Tone} from '../source/pane.ts';
import {between, cut, harmless, joined, pad, revealed, toWidth, widthOf, widthOfLine, wrap, wrapLine} from '../views/layout.ts';
import {asciiOf, markOf, painted, sgr, unpainted} from '../views/theme.ts';
import {hostileText, seeded} from './support/hostile.ts';

const cases = 8000;
/** Nothing of it may reach a terminal: controls, format and bidi characters, separators, surrogates, what has no assignment, what can't be seen. */
const harm = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const tones: readonly Tone[] = ['plain', 'dim', 'strong', 'accent', 'good', 'notice', 'warning', 'critical'];

function hostileLine(random: () => number): Line {
	return Array.from(
		{length: Math.floor(random() * 6)},
		(): Segment => ({text: hostileText(random, 6), tone: tones[Math.floor(random() * 8)]!, inverse: random() < 0.2}),
	);
}

test('server text becomes one harmless line', () => {
	const cases: readonly (readonly [string, string])[] = [
		['select 1', 'select 1'],
		['a  b', 'a  b'],
		['select 1,\n\t2\r\nfrom t', 'select 1, 2 from t'],
		['\u001b[31mred\u001b[0m', ' [31mred [0m'],
		['\u009b2Jx', ' 2Jx'],
		['a\u0000b', 'a b'],
		['a\u202eb\u2066c', 'abc'],
		['a\u200bb\u00adc\ufeff', 'abc'],
		['a\u{e0041}b', 'ab'],
		['a\ud83db', 'a\ufffdb'],
		['a\u2028b', 'a b'],
		['a\u3000b', 'a b'],
		['🇩🇪', 'DE'],
		['👩‍👩‍👧', '👩👩👧'],
		['👍🏽', '👍'],
		['❤️', '❤'],
		['e\u0301', 'é'],
		['\u0301a', 'a'],
		['\u1112\u1161\u11ab', '한'],
		['\u1100', '\ufffd'],
	];
	for (const [text, safe] of cases) assert.equal(harmless(text), safe, JSON.stringify(text));
});

test('no text brings anything through that moves, reorders or hides', () => {
	const random = seeded(1);
	for (let i = 0; i < cases; i++) {
		const text = hostileText(random);
		const safe = harmless(text);
		assert.doesNotMatch(safe, harm, JSON.stringify(text));
		assert.equal(harmless(safe), safe, `twice is once: ${JSON.stringify(text)}`);
		assert.doesNotMatch(revealed(text).replaceAll('\n', ''), harm, JSON.stringify(text));
	}
});

test('the fast path is right about every character', () => {
	for (let code = 0; code < 0x10000; code++) {
		const one = harmless(String.fromCharCode(code));
		assert.equal(widthOf(one), stringWidth(one), code.toString(16));
		// A wide character in front keeps both off the fast path.
		const slow = harmless(`中${one}`);
		if (!/^\p{M}/u.test(one) && one !== '') assert.equal(slow.slice(1), one, code.toString(16));
	}
});

test('cells are cut and filled exactly, whatever is in them', () => {
	const random = seeded(2);
	for (let i = 0; i < cases; i++) {
		const text = hostileText(random);
		const width = 1 + Math.floor(random() * 60);
		const short = cut(text, width);
		assert.ok(widthOf(short) <= width, `${JSON.stringify(text)} in ${width}`);
		assert.equal(widthOf(text) > width, short !== harmless(text), JSON.stringify(text));
		for (const align of ['left', 'right'] as const) assert.equal(widthOf(pad(text, width, align)), width, `${JSON.stringify(text)} in ${width}`);
	}
});

test('cut says that there was more', () => {
	assert.equal(cut('abcdef', 6), 'abcdef');
	assert.equal(cut('abcdef', 4), 'abc…');
	assert.equal(cut('abcdef', 1), '…');
	assert.equal(cut('abcdef', 0), '');
	assert.equal(cut('日本語', 6), '日本語');
	assert.equal(cut('日本語', 5), '日本…');
	assert.equal(cut('日本語', 4), '日…');
	assert.equal(cut('日本語', 1), '…');
	assert.equal(cut('xe\u0323\u0302y', 2), 'x…');
	assert.equal(cut('क्षx', 2).includes('\u094d…'), false, 'a conjunct stays whole');
	assert.equal(pad('日本', 5, 'right'), ' 日本');
	assert.equal(cut('x'.repeat(5_000_000), 10), 'xxxxxxxxx…');
});

test('a line is exactly as wide as it must be', () => {
	const random = seeded(3);
	for (let i = 0; i < cases; i++) {
		const line = hostileLine(random);
		const width = Math.floor(random() * 300) + (i % 100 === 0 ? 0 : 1);
		const exact = toWidth(line, width);
		assert.equal(widthOfLine(exact), width, JSON.stringify([line, width]));
		assert.equal(widthOf(unpainted(exact)), width, 'parts put side by side are as wide as each by itself');
		assert.doesNotMatch(unpainted(exact), harm);
	}
});

test('a part of a line is as wide as its cells', () => {
	const random = seeded(4);
	for (let i = 0; i < cases; i++) {
		const line = toWidth(hostileLine(random), 60);
		const from = Math.floor(random() * 60);
		const to = from + Math.floor(random() * (61 - from));
		assert.equal(widthOfLine(between(line, from, to)), to - from, JSON.stringify([line, from, to]));
	}
	assert.deepEqual(between([{text: '日本語', tone: 'good'}], 1, 5), [{text: ' 本 ', tone: 'good'}]);
});

test('only spaces are lost without a sign', () => {
	assert.equal(unpainted(toWidth([{text: 'abc'}, {text: '   '}], 4)), 'abc ');
	assert.equal(unpainted(toWidth([{text: 'abc'}, {text: '  d'}], 4)), 'abc…');
});

test('neighbours that look the same become one', () => {
	assert.deepEqual(joined([{text: 'a'}, {text: ' '}, {text: 'b', tone: 'plain'}, {text: ''}, {text: 'c', tone: 'good'}, {text: ' ', inverse: true}]), [
		{text: 'a b'},
		{text: 'c', tone: 'good'},
		{text: ' ', inverse: true},
	]);
});

test('prose is broken at its spaces', () => {
	assert.deepEqual(wrap('frees 4 of 5; next: 4810', 13), ['frees 4 of 5;', 'next: 4810']);
	assert.deepEqual(wrap('abcdefgh ij', 3), ['abc', 'def', 'gh', 'ij']);
	assert.deepEqual(wrap('', 10), ['']);
	assert.deepEqual(wrap('日本語', 4), ['日本', '語']);
	const random = seeded(5);
	for (let i = 0; i < 5000; i++) {
		const text = hostileText(random, 30);
		const width = 1 + Math.floor(random() * 40);
		const rows = wrap(text, width);
		for (const row of rows) assert.ok(widthOf(row) <= width, JSON.stringify([text, width, row]));
		if (width > 3) assert.equal(rows.join('').replaceAll(' ', ''), harmless(text).replaceAll(' ', ''), JSON.stringify([text, width]));
	}
});

test('a wrapped statement keeps every character', () => {
	assert.deepEqual(wrapLine([{text: "select 'a   b'\nfrom t"}], 11).map(unpainted), ["select 'a  ", " b'", 'from t']);
	assert.deepEqual(wrapLine([{text: 'drop table "a\u200b\u202e"'}], 80).map(unpainted), ['drop table "a<U+200B><U+202E>"']);
	const random = seeded(6);
	for (let i = 0; i < 5000; i++) {
		const line = hostileLine(random);
		const width = 4 + Math.floor(random() * 40);
		const rows = wrapLine(line, width);
		for (const row of rows) assert.ok(widthOfLine(row) <= width, JSON.stringify([line, width]));
		const whole = line.flatMap(segment => revealed(segment.text).split('\n').map(harmless)).join('');
		assert.equal(rows.map(unpainted).join(''), whole, JSON.stringify([line, width]));
	}
});

test('ASCII is as wide as what it stands for', () => {
	const random = seeded(8);
	for (let i = 0; i < 5000; i++) {
		const line = hostileLine(random);
		const plain = unpainted(asciiOf(line));
		assert.match(plain, /^[\x20-\x7e]*$/);
		assert.equal(plain.length, widthOfLine(line), JSON.stringify(line));
	}
	assert.equal(unpainted(asciiOf([{text: '├─ 4711 … – ✖▲● ▁▄█ ≥5 日本 é'}])), '+- 4711 ~ - x!* _-# >5 ???? ?');
});

test('without colour no colour is written, but weight and the inverse cursor are', () => {
	const line: Line = tones.map(tone => ({text: tone, tone, inverse: tone === 'good'}));
	assert.match(painted(line, true), /\u001b\[3[1236]m/);
	assert.doesNotMatch(painted(line, false), /\u001b\[(3|4|9)\d/);
	assert.match(painted(line, false), /\u001b\[7mgood\u001b\[27m/);
	assert.equal(sgr('critical', 'x\u001b[2J', true), '\u001b[1m\u001b[31mx [2J\u001b[39m\u001b[22m');
	assert.deepEqual(
		(['critical', 'warning', 'notice', 'good'] as const).map(level => markOf(level) + markOf(level, true)),
		['✖x', '▲!', '●*', '●o'],
	);
});

test('a real terminal measures as we do', async () => {
	// Indic marks that take a cell in some terminals and none in others, and half-wide voicing marks, are left out: there is no right answer.
	const random = seeded(9);
	const texts = Array.from({length: 4000}, () => harmless(hostileText(random, 8))).filter(
		text => !/[\p{Mc}\u0900-\u0fff\uff9e\uff9f]|[\u{10000}-\u{1efff}]|[\u{20000}-\u{3ffff}]/u.test(text),
	);
	assert.ok(texts.length > 1000);
	const terminal = new headless.Terminal({cols: 400, rows: 10, scrollback: texts.length, allowProposedApi: true});
	terminal.loadAddon(new graphemes.UnicodeGraphemesAddon());
	await new Promise<void>(done => terminal.write(texts.map(text => `${text}|\r\n`).join(''), done));
	texts.forEach((text, row) => {
		const line = terminal.buffer.active.getLine(row)!;
		let end = 399;
		while (end > 0 && line.getCell(end)!.getChars() === '') end--;
		assert.equal(end, widthOf(text), JSON.stringify(text));
	});
	terminal.dispose();
});

test('what is shown word for word loses nothing on the way to the screen, and no two texts look the same', () => {
	const random = seeded(31);
	for (let turn = 0; turn < 10_000; turn++) {
		const text = hostileText(random)
			.toWellFormed()
			.replace(/[\r\t]/g, ' ');
		for (const line of revealed(text).split('\n')) assert.equal(harmless(line), line, JSON.stringify(text));
	}
	const alike = ['é', 'e\u0301', 'DE', '\u{1f1e9}\u{1f1ea}', 'Å', '\u212b', 'a', 'a\u200b', `a${'\u0316'.repeat(4)}`, `a${'\u0316'.repeat(5)}`];
	assert.equal(new Set(alike.map(text => harmless(revealed(text)))).size, alike.length);
});
