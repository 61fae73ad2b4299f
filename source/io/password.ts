import {openSync} from 'node:fs';
import {StringDecoder} from 'node:string_decoder';
import tty from 'node:tty';

/** What a key does to what was typed so far: text, or the end of it. */
export type Typed = {readonly text: string; readonly end?: 'entered' | 'closed' | 'interrupted'; readonly rest: string};

/**
 * Asks on the terminal without showing what is typed, on stderr so that a piped report stays clean; where stdin is no terminal, on the
 * controlling one. Undefined when there is no terminal, or nothing was entered. Ctrl-C ends the program with 130.
 */
export async function askPassword(prompt: string): Promise<string | undefined> {
	const answer = before.then(() => askOnce(prompt));
	before = answer.catch(() => undefined);
	return answer;
}

/** Several servers may want a password at once; there is one keyboard. */
let before: Promise<unknown> = Promise.resolve();

async function askOnce(prompt: string): Promise<string | undefined> {
	// Raw already: the screen is open, and a prompt would be painted over it and take its keys.
	const terminal = process.stdin.isRaw ? undefined : openTerminal();
	if (!terminal) return undefined;
	const {input, output, release} = terminal;
	const decoder = new StringDecoder('utf8');
	input.setRawMode(true);
	output.write(prompt);
	const typed = await new Promise<Typed>(resolve => {
		let text = '';
		const end = (typed: Typed) => {
			input.off('data', read);
			input.off('end', close);
			input.off('error', close);
			input.setRawMode(false);
			output.write('\n');
			resolve(typed);
		};
		const close = () => end({text: '', end: 'closed', rest: ''});
		const read = (bytes: Buffer | string) => {
			const typed = type(text, typeof bytes === 'string' ? bytes : decoder.write(bytes));
			text = typed.text;
			if (typed.end) end(typed);
		};
		input.on('data', read);
		input.once('end', close);
		input.once('error', close);
	});
	input.pause();
	if (typed.end === 'interrupted') process.exit(130);
	if (typed.rest) input.unshift(Buffer.from(typed.rest));
	release();
	return typed.end === 'entered' && typed.text !== '' ? typed.text : undefined;
}

/** Pure: keys may come one by one or many in a chunk. What follows Enter is left for the program. */
export function type(before: string, keys: string): Typed {
	let text = before;
	// Pasted text comes between two escape sequences on some terminals; cursor keys mean nothing here.
	const shown = keys.replace(/\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.)?/g, '');
	const letters = [...shown];
	for (const [index, letter] of letters.entries()) {
		const rest = letters.slice(index + 1).join('');
		if (letter === '\r' || letter === '\n') return {text, end: 'entered', rest};
		if (letter === '\x03') return {text: '', end: 'interrupted', rest: ''};
		if (letter === '\x04' && text === '') return {text, end: 'closed', rest};
		if (letter === '\x7f' || letter === '\b') text = [...text].slice(0, -1).join('');
		else if (letter === '\x15' || letter === '\x17') text = '';
		else if (letter >= ' ') text += letter;
	}
	return {text, rest: ''};
}

type Terminal = {readonly input: tty.ReadStream; readonly output: NodeJS.WritableStream; readonly release: () => void};

function openTerminal(): Terminal | undefined {
	if (process.stdin.isTTY && process.stderr.isTTY) return {input: process.stdin, output: process.stderr, release: () => {}};
	if (process.platform === 'win32') return undefined;
	try {
		const input = new tty.ReadStream(openSync('/dev/tty', 'r+'));
		const output = new tty.WriteStream(openSync('/dev/tty', 'w'));
		return {
			input,
			output,
			release: () => {
				input.destroy();
				output.destroy();
			},
		};
	} catch {
		return undefined;
	}
}
