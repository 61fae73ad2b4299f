import assert from 'node:assert/strict';
import {fileURLToPath} from 'node:url';
import {newDirectory} from './scratch.ts';
import {openScreen, type Screen} from './screen.ts';

export const program = fileURLToPath(new URL('../../bin/pgperf.cjs', import.meta.url));

export type TopOptions = {
	readonly columns?: number;
	readonly rows?: number;
	readonly args?: readonly string[];
	readonly env?: Readonly<Record<string, string | undefined>>;
	/** What runs pgperf, before Node: `['faketime', ...]`. */
	readonly through?: readonly string[];
};

/** The built program as a person has it, in a home of its own that goes with it. */
export function openTop(uri: string, {columns = 120, rows = 32, args = [], env = {}, through = []}: TopOptions = {}): Promise<Screen> {
	const home = newDirectory();
	const words = [...through, process.execPath, program, 'top', uri, ...args];
	return openScreen({
		command: words[0]!,
		args: words.slice(1),
		columns,
		rows,
		cwd: '/',
		env: {PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: home, XDG_CONFIG_HOME: home, ...env},
	});
}

const footer = (text: string) => text.split('\n').at(-1)!;
/** Nothing is open before it. */
export const onPane = (text: string): boolean => /q quit/.test(footer(text));

/**
 * Closes what is open. An Esc of which nobody has seen yet that it was obeyed may be read together with the next key, and both are no key then: that
 * the picture changed is not enough, as a clock in it does so too.
 */
export async function closes(screen: Screen): Promise<void> {
	await screen.press('esc');
	await screen.waitFor(onPane);
}

/** Keys that open and close something on any pane: each must be seen to have been obeyed before the next is pressed. */
export async function answersKeys(screen: Screen): Promise<void> {
	const opens = async (key: string) => {
		await screen.press(key);
		await screen.waitFor(text => /Esc (?:back|undo)/.test(footer(text)));
	};
	for (const key of ['?', 'g', 'f', 'l', 'w']) {
		await opens(key);
		await closes(screen);
	}
	for (const key of ['4', '1', '2']) {
		const before = screen.text();
		await screen.press(key);
		await screen.waitFor(text => text !== before);
	}
	await opens('/');
	await screen.press('x');
	await screen.waitFor(text => /^ \/x/.test(footer(text)));
	await closes(screen);
	await opens('a');
	await closes(screen);
}

/** Leaves as a person does; while a fault lasts nothing of the server may be needed for it. */
export async function quits(screen: Screen): Promise<void> {
	await screen.press('q');
	assert.deepEqual(await screen.exit, {code: 0, signal: undefined});
	assert.equal(screen.alternate, false);
	assert.equal(screen.cursorVisible, true);
}
