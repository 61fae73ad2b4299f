import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {keywords, type Settings, type Unreadable} from './connection-string.ts';

/** Where packagers of PostgreSQL compile libpq's SYSCONFDIR to: Debian, Red Hat, Homebrew, source. */
const systemDirectories = [
	'/etc/postgresql-common',
	'/etc/sysconfig/pgsql',
	'/opt/homebrew/etc/postgresql',
	'/usr/local/etc/postgresql',
	'/usr/local/pgsql/etc',
	'/etc',
];

/** The settings of one service: from the user's file, else from the system's. */
export function readService(
	service: string,
	place: {readonly file: string | undefined; readonly home: string; readonly systemDirectory: string | undefined},
): Settings | Unreadable {
	const own = place.file ?? join(place.home, '.pg_service.conf');
	const text = textOf(own);
	if (text === undefined && place.file) return {problem: `The service file ${place.file} can't be read: is PGSERVICEFILE right?`};
	const found = text === undefined ? undefined : settingsOf(service, text, own);
	if (found) return found;
	for (const directory of place.systemDirectory ? [place.systemDirectory] : systemDirectories) {
		const file = join(directory, 'pg_service.conf');
		const text = textOf(file);
		const found = text === undefined ? undefined : settingsOf(service, text, file);
		if (found) return found;
	}
	return {problem: `The service "${service}" is in no service file: add [${service}] to ${own}, or name another one.`};
}

function settingsOf(service: string, text: string, file: string): Settings | Unreadable | undefined {
	const found: Record<string, string> = {};
	let within = false;
	for (const [index, raw] of text.split(/\r?\n/).entries()) {
		const line = raw.trim();
		if (line === '' || line.startsWith('#')) continue;
		if (line.startsWith('[')) {
			if (within) return found;
			within = line.startsWith(`[${service}]`);
			continue;
		}
		if (!within || line.startsWith('ldap')) continue;
		const wrong = (what: string): Unreadable => ({problem: `Line ${index + 1} of the service file ${file} ${what}.`});
		const equals = line.indexOf('=');
		if (equals < 0) return wrong('has no "="');
		const keyword = line.slice(0, equals);
		if (keyword === 'service' || keyword === 'servicefile') return wrong('names another service: services do not nest');
		if (!Object.hasOwn(keywords, keyword)) return wrong('starts with a word that is no connection keyword');
		found[keyword] ??= line.slice(equals + 1);
	}
	return within ? found : undefined;
}

function textOf(file: string): string | undefined {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return undefined;
	}
}
