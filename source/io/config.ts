import {readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import {parse, TomlError} from 'smol-toml';
import {plain} from '../plain.ts';
import {isTable, isWrong, readServerKeys, readTopKeys, type ServerKeys, type TopKeys} from './config-keys.ts';
import {isProblem, type Problem, type World} from './conninfo.ts';
import {codeOf} from './session.ts';

export type NamedServer = ServerKeys & {readonly name: string};
/** The configuration file, checked. `file` undefined: there is none. */
export type Config = TopKeys & {
	readonly file: string | undefined;
	readonly servers: readonly NamedServer[];
	/** Sentences to be said once, before the screen is open. */
	readonly warnings: readonly string[];
};

/** `$XDG_CONFIG_HOME/pgperf/config.toml`; a relative one does not count, by that specification. */
export function configPath({env, home}: Pick<World, 'env' | 'home'>): string {
	const base = env.XDG_CONFIG_HOME;
	return path.join(base && path.isAbsolute(base) ? base : path.join(home, '.config'), 'pgperf', 'config.toml');
}

/** The file that was named, which must be there, or the usual one, which need not. */
export function readConfig(named: string | undefined, world: Pick<World, 'env' | 'home'>): Config | Problem {
	const file = named ?? configPath(world);
	let text: string;
	let readable: boolean;
	try {
		text = readFileSync(file, 'utf8');
		readable = process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0;
	} catch (error) {
		const code = codeOf(error);
		if (named === undefined && (code === 'ENOENT' || code === 'ENOTDIR')) return {file: undefined, servers: [], warnings: []};
		return {problem: `The configuration ${file} can't be read (${code ?? 'unknown error'})${code === 'ENOENT' ? ': is --config right?' : ''}.`, exit: 64};
	}
	const config = parseConfig(text, file, world.home);
	if (isProblem(config) || !readable || !holdsPassword(config)) return config;
	return {...config, warnings: [`WARNING: the configuration ${file} holds passwords and others can read it: chmod 0600 ${file}`]};
}

/** What is wrong is told with file, line and the known keys; nothing that may be a piece of a password is repeated. */
export function parseConfig(text: string, file: string, home: string): Config | Problem {
	const source = text.replace(/^\uFEFF/, '');
	let given: Readonly<Record<string, unknown>>;
	try {
		given = parse(source);
	} catch (error) {
		if (!(error instanceof TomlError)) throw error;
		const said = plain(error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, ''));
		return {problem: `${file}:${error.line}: this is no TOML: ${said}.`, exit: 64};
	}
	const fail = (at: readonly string[], sentence: string): Problem => {
		const name = at.map(key => (/^[\w-]+$/.test(key) ? key : JSON.stringify(plain(key)))).join('.');
		return {problem: `${file}:${lineOf(source, at)}: ${name} ${/[.?]$/.test(sentence) ? sentence : `${sentence}.`}`, exit: 64};
	};
	const top = readTopKeys(given);
	if (isWrong(top)) return fail(top.at, top.wrong);
	if (given.servers !== undefined && !isTable(given.servers)) return fail(['servers'], 'has to be a table: [servers.NAME] for each server');
	const servers: NamedServer[] = [];
	for (const [name, keys] of Object.entries(given.servers ?? {})) {
		const at = ['servers', name];
		if (name === '' || plain(name) !== name || /[=/]/.test(name)) return fail(at, "can't be a name: it is typed after pgperf top, so no = and no / are in it");
		const server = readServerKeys(keys);
		if (isWrong(server)) return fail([...at, ...server.at], server.wrong);
		servers.push({name, ...server});
	}
	const audit = typeof top.audit === 'string' ? path.resolve(path.dirname(file), top.audit.replace(/^~(?=\/)/, home)) : top.audit;
	return {...top, ...(audit !== undefined && {audit}), file, servers, warnings: []};
}

/**
 * The line where a key is set. The parser tells no positions, but it can be asked: the statement that the shortest readable
 * beginning with that key ends with is the one.
 */
function lineOf(text: string, at: readonly string[]): number {
	const lines = text.split('\n');
	let before = 0;
	for (let count = 1; count <= lines.length; count++) {
		let found: unknown;
		try {
			found = parse(lines.slice(0, count).join('\n'));
		} catch {
			continue;
		}
		if (has(found, at)) return before + 1;
		before = count;
	}
	return 1;
}

function has(value: unknown, at: readonly string[]): boolean {
	const [key, ...rest] = at;
	return key === undefined || (isTable(value) && Object.hasOwn(value, key) && has(value[key], rest));
}

function holdsPassword({servers}: Config): boolean {
	const secret = /^[a-z+]+:\/\/[^@/]*:[^@/]+@|[?&](sentinel_)?password=|(^|\s)password\s*=/;
	return servers.some(({url, replicas = [], redis = '', pgbouncer = ''}) => [url, ...replicas, redis, pgbouncer].some(one => secret.test(one)));
}
