import assert from 'node:assert/strict';
import {test} from 'node:test';
import {inputFilter} from '../source/io/input.ts';

/** Chunks, each with the milliseconds since the one before -> what Ink is given, chunk by chunk. */
function through(...chunks: readonly (string | readonly [after: number, text: string])[]): readonly string[] {
	const filter = inputFilter();
	let now = 1000;
	return chunks.map(chunk => {
		const [after, text] = typeof chunk === 'string' ? [30, chunk] : chunk;
		now += after;
		return filter(text, now);
	});
}

test('keys, and sequences that Ink knows, pass as they came', () => {
	for (const text of [
		'j',
		'jjj',
		'\x1b',
		'\x1b[A',
		'\x1bOB',
		'\x1b[1;5C',
		'\x1b[[A',
		'\x1bq',
		'\x1b[113;1:3u',
		'\x1b\x1b',
		'ü漢😀',
		'\0',
		'\x03',
		'j\x1b[Bk',
	]) {
		assert.deepEqual(through(text), [text]);
	}
});

// What terminals send without a key, because a program before asked or left a mode on.
const answers = {
	'OSC 11, BEL': '\x1b]11;rgb:ffff/ffff/ffff\x07',
	'OSC 11, ST': '\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\',
	'a window title': '\x1b]lK y q\x1b\\',
	DA3: '\x1bP!|00000000\x1b\\',
	XTVERSION: '\x1bP>|XTerm(370)\x1b\\',
	XTGETTCAP: '\x1bP1+r524742=38\x1b\\',
	'a graphics answer': '\x1b_Gi=1;OK\x1b\\',
	'eight-bit OSC': '\x9d11;rgb:0/0/0\x9c',
	'a click at K, C': '\x1b[M KC',
	'a click at q': '\x1b[M qy',
};
for (const [name, text] of Object.entries(answers)) {
	test(`${name} is no key, however a slow line tears it`, () => {
		assert.deepEqual(through(`j${text}k`), ['jk']);
		for (let at = 1; at < text.length; at++) {
			const given = through(text.slice(0, at), text.slice(at), 'j').join('');
			// An Esc that stood alone had to be taken for the key.
			assert.match(given, /^(\x1b\0?)?j$/, JSON.stringify([at, given]));
		}
	});
}

test('an answer that never ends holds nobody for long, and never Ctrl-C or the next sequence', () => {
	assert.deepEqual(through('\x1b]11;rgb', [600, 'q']), ['', 'q']);
	assert.deepEqual(through('\x1b]11;rgb', '\x03'), ['', '\x03']);
	assert.deepEqual(through('\x1b]11;rgb', '\x1b[B'), ['', '\x1b[B']);
	assert.equal(
		through('\x1b]11;', ...Array.from({length: 40}, () => 'rgb:'))
			.join('')
			.includes('rgb'),
		true,
	);
});

test('Alt and a letter that begins an answer is a key that does nothing, and takes none with it', () => {
	assert.deepEqual(through('\x1bP', 'q'), ['', 'q']);
	assert.deepEqual(through('\x1b]', '\x1b[B'), ['', '\x1b[B']);
	assert.deepEqual(through('\x1b_', [600, 'jjj']), ['', 'jjj']);
});

test('torn sequences are made whole', () => {
	for (const text of ['\x1b[A', '\x1bOC', '\x1b[5~', '\x1b[1;5C', '\x1b[27;5;99~']) {
		const whole = text === '\x1b[27;5;99~' ? '\x03' : text;
		for (let at = 2; at < text.length; at++) assert.deepEqual(through(text.slice(0, at), text.slice(at)), ['', whole], JSON.stringify([text, at]));
		assert.deepEqual(through(text.slice(0, 1), text.slice(1)), ['\x1b', `\0${whole}`]);
	}
	assert.deepEqual(through('\x1b', '[', 'C'), ['\x1b', '\0', '\x1b[C']);
	// Long after, it is a key again.
	assert.deepEqual(through('\x1b[', [600, 'C']), ['', 'C']);
	assert.deepEqual(through('\x1b', [600, '[x']), ['\x1b', '[x']);
});

test('xterm with modifyOtherKeys sends the keys that it always did', () => {
	assert.deepEqual(through('\x1b[27;5;99~'), ['\x03']);
	assert.deepEqual(through('\x1b[27;5;108~'), ['\x0c']);
	assert.deepEqual(through('\x1b[27;2;75~\x1b[27;1;106~'), ['Kj']);
	assert.deepEqual(through('\x1b[27;3;113~'), ['\x1bq']);
	assert.deepEqual(through('\x1b[27;9;113~'), ['']);
});

const paste = '\x1b[200~Ky\nq\x1b[201~';
test('a paste goes on as one, however it is torn', () => {
	assert.deepEqual(through(`j${paste}k`), [`j${paste}k`]);
	for (let at = 2; at < paste.length; at++) {
		assert.equal(through(paste.slice(0, at), paste.slice(at)).join(''), paste, JSON.stringify(at));
	}
	assert.deepEqual(through('\x1b', paste.slice(1)), ['\x1b', `\0${paste}`]);
	assert.equal(through(...paste).join(''), `\x1b\0${paste}`);
	assert.deepEqual(through(paste + paste), [paste + paste]);
});

test('a paste that never ends gives way to Esc and Ctrl-C, and nothing of it is a key', () => {
	for (const key of ['\x1b', '\x03']) assert.deepEqual(through('\x1b[200~Ky', [1000, 'q'], [1000, key], [1000, 'q']), ['', '', key, 'q']);
	// In the middle of what comes, both are part of it.
	assert.deepEqual(through('\x1b[200~K', [5, '\x1b'], [5, '[201~']), ['', '', '\x1b[200~K\x1b[201~']);
});

test('of a paste without measure a million characters are kept', () => {
	const chunk = 'x'.repeat(60_000);
	const given = through('\x1b[200~', ...Array.from({length: 30}, () => [1, chunk] as const), '\x1b[201~', 'q');
	assert.equal(given.at(-1), 'q');
	const whole = given.at(-2) as string;
	assert.ok(whole.startsWith('\x1b[200~x') && whole.endsWith('x\x1b[201~'));
	assert.ok(whole.length <= (1 << 20) + 20, String(whole.length));
});

test('ten thousand reports in one chunk are none', () => {
	assert.deepEqual(through('\x1b[M !!'.repeat(10_000)), ['']);
});
