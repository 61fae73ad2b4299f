import {writeFileSync} from 'node:fs';
import type {Problem} from './conninfo.ts';
import {codeOf} from './session.ts';

/** Writes a text to a file, or to stdout, where a reader that has seen enough (`| head`) is no error. */
export async function print(text: string, file?: string): Promise<Problem | undefined> {
	if (file !== undefined && file !== '-') {
		try {
			writeFileSync(file, text);
			return undefined;
		} catch (error) {
			return {problem: `${file} can't be written (${codeOf(error) ?? 'unknown error'}).`, exit: 64};
		}
	}
	return new Promise(resolve => {
		process.stdout.once('error', error => resolve(codeOf(error) === 'EPIPE' ? undefined : {problem: `stdout: ${codeOf(error) ?? error.message}`, exit: 64}));
		process.stdout.write(text, () => resolve(undefined));
	});
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
