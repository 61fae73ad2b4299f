import {readFileSync, statSync} from 'node:fs';

/** `note` says why an existing file was not used, or which line it came from. */
export type Found = {readonly password?: string; readonly note?: string};

/** The first line of the password file that fits. `host` is a name, an address or a socket directory; for the default directory it is `localhost`. */
export function findPassword(
	file: string,
	wanted: {readonly host: string; readonly port: number; readonly database: string; readonly user: string},
	windows = process.platform === 'win32',
): Found {
	let text: string;
	try {
		const found = statSync(file);
		if (!found.isFile()) return {note: `The password file ${file} is no plain file and was not used.`};
		if (!windows && (found.mode & 0o077) !== 0)
			return {note: `The password file ${file} can be read by others and was not used, as in psql: chmod 0600 ${file}`};
		text = readFileSync(file, 'utf8');
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EACCES' ? {note: `The password file ${file} can't be read.`} : {};
	}
	const fields = [wanted.host, String(wanted.port), wanted.database, wanted.user];
	for (const line of text.split(/\r?\n/)) {
		if (line.startsWith('#') || line === '') continue;
		const password = passwordIn(line, fields);
		if (password) return {password, note: `The password was taken from ${file}.`};
	}
	return {};
}

function passwordIn(line: string, fields: readonly string[]): string | undefined {
	let rest = line;
	for (const field of fields) {
		const part = /^((?:\\.|[^:\\])*):/.exec(rest);
		if (!part) return undefined;
		if (part[1] !== '*' && literal(part[1] ?? '') !== field) return undefined;
		rest = rest.slice(part[0].length);
	}
	return literal(rest);
}

function literal(text: string): string {
	return text.replace(/\\(.)/g, '$1');
}
