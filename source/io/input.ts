import {PassThrough} from 'node:stream';

/** Milliseconds that the rest of a torn sequence may be late. */
const late = 500;
/** Characters of one paste that are kept. */
const longest = 1 << 20;

const pasteStart = '\x1b[200~';
const pasteEnd = '\x1b[201~';
/**
 * What needs more than Ink's own parser: a paste, a click in the oldest mouse protocol (three characters that are no keys), a key by xterm's modifyOtherKeys,
 * the start of an answer (OSC, DCS, SOS, PM, APC), and at the end a sequence that is not complete.
 */
const special = /\x1b\[200~|\x1b\[M.{3}|\x1b\[27;(?<modifiers>\d{1,3});(?<code>\d{1,6})~|\x1b[\]P_^X]|\x1b(?:\[[0-?]*[ -/]*|\[M.{0,2}|O[\d;]*)$/s;
/** Its own end, or what can only be a key. */
const answerEnd = /\x07|\x1b\\|\x9c|(?=\x03)|(?=\x1b[^\\])/;
const eightBit: Readonly<Record<string, string>> = {'\x8f': '\x1bO', '\x90': '\x1bP', '\x9b': '\x1b[', '\x9d': '\x1b]'};

/**
 * Chunks as the terminal sends them -> what Ink's parser makes the right keys of. `now` in milliseconds.
 * Programs that ran before may have left modes on and questions open: what the terminal answers or reports is no key. Sequences that a slow line tore apart are made whole,
 * also where Ink would no longer wait; a paste goes on as one, and one that never ends gives way to Esc and Ctrl-C.
 */
export function inputFilter(): (chunk: string, now: number) => string {
	let mode: 'keys' | 'paste' | 'answer' = 'keys';
	let held = '';
	let escaped = false;
	let last = Number.NEGATIVE_INFINITY;
	let answerSince = 0;
	let paste = '';

	/** Takes what stands at the start of the text in this mode: what it means for Ink, and what is left. */
	const keys = (text: string): readonly [keys: string, rest: string] => {
		const match = special.exec(text);
		if (!match) return [text, ''];
		const [found] = match;
		const before = text.slice(0, match.index);
		const rest = text.slice(match.index + found.length);
		if (match.groups?.code) return [before + plainKey(Number(match.groups.modifiers), Number(match.groups.code)), rest];
		if (found === pasteStart) mode = 'paste';
		else if (/^\x1b\[M.{3}/s.test(found)) return [before, rest];
		// An introducer alone may be Alt and a letter: the next chunk tells.
		else if (rest === '') held = found;
		else mode = 'answer';
		return [before, rest];
	};
	const pasted = (text: string): readonly [keys: string, rest: string] => {
		const from = Math.max(0, paste.length - pasteEnd.length);
		paste += text;
		const end = paste.indexOf(pasteEnd, from);
		if (end < 0) {
			// Enough of its end to see the mark.
			if (paste.length > longest) paste = paste.slice(0, longest - pasteEnd.length) + paste.slice(-pasteEnd.length);
			return ['', ''];
		}
		const whole = [pasteStart + paste.slice(0, end) + pasteEnd, paste.slice(end + pasteEnd.length)] as const;
		mode = 'keys';
		paste = '';
		return whole;
	};
	const answered = (text: string): readonly [keys: string, rest: string] => {
		const match = answerEnd.exec(text);
		if (match) {
			mode = 'keys';
			return ['', text.slice(match.index + match[0].length)];
		}
		if (text.endsWith('\x1b')) held = '\x1b';
		return ['', ''];
	};
	const meant = (text: string, now: number): string => {
		const out: string[] = [];
		for (let left = text; left !== ''; ) {
			const was = mode;
			const [found, rest] = mode === 'keys' ? keys(left) : mode === 'paste' ? pasted(left) : answered(left);
			if (mode === 'answer' && was !== 'answer') answerSince = now;
			out.push(found);
			left = rest;
		}
		return out.join('');
	};

	return (chunk, now) => {
		const silence = now - last;
		last = now;
		if (mode === 'paste') {
			if (silence < 300 || (chunk !== '\x1b' && chunk !== '\x03')) return meant(chunk, now);
			mode = 'keys';
			paste = '';
		}
		if (mode === 'answer' && now - answerSince > late) {
			mode = 'keys';
			held = '';
		}
		const before = silence > late ? '' : held;
		const wasEscaped = escaped && silence <= late;
		held = '';
		escaped = false;
		if (mode === 'answer') return meant(before + chunk, now);

		const text = chunk.replace(/[\x8f\x90\x9b\x9d]/g, character => eightBit[character] as string);
		// The rest of an answer is longer than a key.
		if (before !== '' && !/^\x1b[[O]/.test(before) && (text.length === 1 || /^\x1b[^\\]/.test(text))) return meant(text, now);
		// Ink was given the Esc, and may or may not still wait for what follows: NUL, which is no key, ends that.
		const torn = wasEscaped && /^(?:[[O]|[\]P_^X].)/.test(text);
		const keyed = meant(torn ? `\x1b${text}` : before + text, now);
		escaped = keyed.endsWith('\x1b');
		return torn ? `\0${keyed}` : keyed;
	};
}

/** The key as terminals send it by default. Modifiers are 1 + a sum of 1 Shift, 2 Alt, 4 Ctrl. */
function plainKey(modifiers: number, code: number): string {
	const bits = modifiers - 1;
	if ((bits & ~7) !== 0) return '';
	const character = String.fromCodePoint(code);
	const key = bits & 4 && /^[@-_a-z]$/.test(character) ? String.fromCharCode(code & 31) : character;
	return bits & 2 ? `\x1b${key}` : key;
}

/** The terminal's input as Ink may read it. Reads only while Ink does: what is typed before and after is the shell's. */
export function filteredInput(stdin: NodeJS.ReadStream): NodeJS.ReadStream {
	const filter = inputFilter();
	const output = new PassThrough();
	const forward = (chunk: string | Buffer) => {
		const keys = filter(chunk.toString(), performance.now());
		if (keys !== '') output.write(keys);
	};
	stdin.on('error', error => output.destroy(error));
	stdin.on('end', () => output.end());
	stdin.on('close', () => output.destroy());
	let reading = false;
	const filtered = Object.assign(output, {
		isTTY: true,
		isRaw: false,
		setRawMode(on: boolean) {
			stdin.setRawMode(on);
			if (on && !reading) {
				reading = true;
				stdin.setEncoding('utf8');
				stdin.on('data', forward);
			}
			return filtered;
		},
		ref() {
			stdin.ref();
			return filtered;
		},
		unref() {
			stdin.unref();
			return filtered;
		},
	});
	return filtered as unknown as NodeJS.ReadStream;
}
