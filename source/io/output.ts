import {chmodSync, lstatSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import type {Problem} from './conninfo.ts';
import {codeOf} from './session.ts';

/** Of a name that can't be one: the words on the command line are to be mended, not the machine. */
const wrongName = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG']);

/** Writes a text to a file, or to stdout, where a reader that has seen enough (`| head`) is no error. */
export async function print(text: string, file?: string): Promise<Problem | undefined> {
	if (file !== undefined && file !== '-') {
		try {
			writeWhole(file, text);
			return undefined;
		} catch (error) {
			const code = codeOf(error) ?? 'unknown error';
			return {problem: `${file} can't be written (${code}).`, exit: wrongName.has(code) ? 64 : 74};
		}
	}
	return new Promise(resolve => {
		process.stdout.write(text, error => {
			const code = error ? (codeOf(error) ?? error.message) : undefined;
			resolve(code === undefined || code === 'EPIPE' ? undefined : {problem: `the output can't be written (${code}).`, exit: 74});
		});
	});
}

/** Errors of the standard streams are told to whoever writes (`print`); unheard, Node would end the program with a trace, in the middle of an action too. */
export function hearStreams(): void {
	for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** Whole or not at all: what was there before stays until the new text is complete, also on a disk that is full. */
export function writeWhole(file: string, text: string, mode?: number): void {
	const before = statSync(file, {throwIfNoEntry: false});
	// A device or a pipe can't be replaced, and a link is to stay one.
	if ((before && !before.isFile()) || lstatSync(file, {throwIfNoEntry: false})?.isSymbolicLink()) {
		writeFileSync(file, text);
		return;
	}
	const made = `${file}.${process.pid}.tmp`;
	try {
		// In a folder of everybody its name can be guessed: a link that lies there is not followed.
		rmSync(made, {force: true});
		writeFileSync(made, text, {mode: mode ?? before?.mode, flag: 'wx'});
		// The mask for new files is none for one that was there.
		if (before && mode === undefined) chmodSync(made, before.mode);
		renameSync(made, file);
	} catch (error) {
		rmSync(made, {force: true});
		// A file may be written in a folder where none may be made.
		if (!before || !wrongName.has(codeOf(error) ?? '')) throw error;
		writeFileSync(file, text);
	}
}

/** Cells of a line: of the terminal, of COLUMNS, or what reads well in a file. */
export function outputWidth(): number {
	const told = Number(process.env.COLUMNS);
	const width = process.stdout.columns || (Number.isInteger(told) && told > 0 ? told : 100);
	return Math.max(40, Math.min(250, width));
}

/** Colour goes to terminals alone. */
export function hasColour(asked: boolean, file: string | undefined): boolean {
	return asked && process.stdout.isTTY === true && (file === undefined || file === '-');
}
