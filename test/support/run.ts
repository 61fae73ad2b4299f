import {spawn} from 'node:child_process';
import path from 'node:path';
import {program} from './program.ts';
import {newDirectory} from './scratch.ts';

export type Run = {readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly out: string; readonly err: string; readonly ms: number};

const made = newDirectory();

/** A path in a directory of this test file, which is gone afterwards. */
export function scratch(...names: readonly string[]): string {
	return path.join(made, ...names);
}

/** The program as a user runs it, in an environment of its own, until it has ended. */
export async function pgperf(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
	return ran(process.execPath, [...program, ...words], {PATH: process.env.PATH, HOME: scratch(), LANG: 'C.UTF-8', ...env});
}

/** Any command, until it has ended and nobody holds its output any more. */
export async function ran(command: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<Run> {
	const start = performance.now();
	const child = spawn(command, [...words], {env, stdio: ['ignore', 'pipe', 'pipe']});
	let out = '';
	let err = '';
	child.stdout.setEncoding('utf8').on('data', part => {
		out += part;
	});
	child.stderr.setEncoding('utf8').on('data', part => {
		err += part;
	});
	return new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('close', (code, signal) => resolve({code, signal, out, err, ms: performance.now() - start}));
	});
}
