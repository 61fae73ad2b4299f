import {nearestOf} from '../arguments.ts';
import {type SchemeName, schemeNames, schemeProblem} from '../cache-schemes.ts';
import {defaultLimits, limitOf, type Override} from '../limits.ts';
import {isUnreadable, parseConnectionString} from './connection-string.ts';

/** What may be said of all servers at once, and of one alone. */
export type Shared = {
	/** Seconds between refreshes. */
	readonly refresh?: number;
	readonly read_only?: boolean;
	readonly confirm?: 'ask' | 'type';
	readonly cache_scheme?: SchemeName;
	readonly cache_prefix?: string;
	/** Keys that an invalidation unlinks in a second. */
	readonly cache_pace?: number;
	/** Table name, or `*`, to the tag that a notification of it invalidates: `menu:{tenant}`. */
	readonly invalidate?: Readonly<Record<string, string>>;
	readonly limits?: Readonly<Record<string, Override>>;
};
/** `url`, `replicas`, `redis` and `pgbouncer` are connection strings, and may hold passwords. */
export type ServerKeys = Shared & {
	readonly url: string;
	readonly replicas?: readonly string[];
	readonly redis?: string;
	readonly pgbouncer?: string;
	/** Stands in line 1 and in each question. */
	readonly label?: string;
};
export type TopKeys = Shared & {
	readonly ascii?: boolean;
	readonly color?: boolean;
	/** A file, or false for none. */
	readonly audit?: string | false;
};

/** Where in the file, and a sentence that never repeats what may hold a password. */
export type Wrong = {readonly at: readonly string[]; readonly wrong: string};
type Read = {readonly value: unknown} | Wrong;
type Reader = (value: unknown) => Read;

const wrong = (sentence: string, ...at: readonly string[]): Wrong => ({at, wrong: sentence});

export function isWrong(value: object): value is Wrong {
	return 'wrong' in value;
}

export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

const yesOrNo: Reader = value => (typeof value === 'boolean' ? {value} : wrong('has to be true or false'));

const text: Reader = value => (typeof value === 'string' && !/[\p{Cc}\p{Cf}]/u.test(value) ? {value} : wrong('has to be a text in quotes, on one line'));

const word = (longest: number): Reader => {
	return value => {
		const read = text(value);
		if (isWrong(read)) return read;
		const length = [...String(value)].length;
		return length > 0 && length <= longest ? read : wrong(`has to have 1 to ${longest} characters`);
	};
};

const oneOf = (words: readonly string[]): Reader => {
	return value => {
		if (typeof value === 'string' && words.includes(value)) return {value};
		const near = typeof value === 'string' ? nearestOf(value, words) : undefined;
		return wrong(`has to be one of ${words.map(one => `"${one}"`).join(', ')}${near ? `; did you mean "${near}"?` : ''}`);
	};
};

const cacheScheme: Reader = value => {
	const read = text(value);
	if (isWrong(read) || !String(value).includes('{')) return oneOf(schemeNames)(value);
	const problem = schemeProblem(String(value));
	return problem === undefined ? read : wrong(problem);
};

const pace: Reader = value =>
	typeof value === 'number' && value >= 1 && value <= 1e6 ? {value} : wrong('has to be a number of keys in a second, from 1 to 1000000');

const seconds = (least: number, most: number): Reader => {
	return value => (typeof value === 'number' && value >= least && value <= most ? {value} : wrong(`has to be a number of seconds from ${least} to ${most}`));
};

const conninfo: Reader = value => {
	if (typeof value !== 'string' || value === '') return wrong('has to be a connection string in quotes: "postgresql://user@host:5432/database"');
	if (!value.includes('=') && !/^postgres(ql)?:\/\//.test(value)) return wrong('has to be a URI that starts with postgresql://, or keyword=value pairs');
	const parsed = parseConnectionString(value);
	return isUnreadable(parsed) ? wrong(`can't be read: ${parsed.problem}`) : {value};
};

const conninfos: Reader = value => {
	if (!Array.isArray(value)) return wrong('has to be a list of connection strings: ["postgresql://user@host:5432/database"]');
	for (const [index, one] of value.entries()) {
		const read = conninfo(one);
		if (isWrong(read)) return wrong(`${value.length > 1 ? `(entry ${index + 1}) ` : ''}${read.wrong}`);
	}
	return {value};
};

const redisUrl: Reader = value =>
	typeof value === 'string' && /^(rediss?(\+sentinel)?|unix):\/\/\S+$/.test(value)
		? {value}
		: wrong('has to be a URL that starts with redis://, rediss://, redis+sentinel:// or unix://');

const auditFile: Reader = value =>
	value === false ? {value} : typeof value === 'string' && value !== '' ? text(value) : wrong('has to be a file name, or false for none');

const tagRules: Reader = value => {
	if (!isTable(value)) return wrong('has to be a table: orders = "orders:{tenant}"');
	for (const [name, rule] of Object.entries(value)) {
		if (typeof rule !== 'string' || rule === '' || /[\p{Cc}\p{Cf}]/u.test(rule)) return wrong('has to be the name of a tag in quotes: "orders:{tenant}"', name);
		if (/[{}]/.test(rule.replace(/\{\w+\}/g, ''))) return wrong('has a brace without its partner: fields of the notification are written {tenant}', name);
	}
	return {value: {...value}};
};

const limits: Reader = value => {
	if (!isTable(value)) return wrong('has to be a table: connections = "85/95"');
	const overrides: Record<string, Override> = {};
	for (const [id, given] of Object.entries(value)) {
		if (!Object.hasOwn(defaultLimits, id)) return unknownKey(id, Object.keys(defaultLimits).sort(), [id], 'limit');
		if (typeof given !== 'string' && typeof given !== 'number') return wrong('has to be a text such as "85/95", or a number', id);
		const parsed = limitOf(id, String(given));
		if ('problem' in parsed) return wrong(parsed.problem.replace(/^The limit \S+ /, '').replace(/\.$/, ''), id);
		Object.assign(overrides, parsed.overrides);
	}
	return {value: overrides};
};

const shared = {
	refresh: seconds(0.5, 60),
	read_only: yesOrNo,
	confirm: oneOf(['ask', 'type']),
	cache_scheme: cacheScheme,
	cache_prefix: text,
	cache_pace: pace,
	invalidate: tagRules,
	limits,
} as const satisfies Readonly<Record<keyof Shared, Reader>>;

const ofServer = {
	url: conninfo,
	replicas: conninfos,
	redis: redisUrl,
	pgbouncer: conninfo,
	label: word(20),
	...shared,
} as const satisfies Readonly<Record<keyof ServerKeys, Reader>>;

const ofTop = {ascii: yesOrNo, color: yesOrNo, audit: auditFile, ...shared} as const satisfies Readonly<Record<keyof TopKeys, Reader>>;

export function readServerKeys(given: unknown): ServerKeys | Wrong {
	if (!isTable(given)) return wrong('has to be a table: [servers.NAME] with a url');
	const read = readKeys(given, ofServer, 'key of a server');
	return isWrong(read) || 'url' in read
		? (read as ServerKeys | Wrong)
		: wrong('has no url: say where the server is, url = "postgresql://user@host:5432/database"');
}

/** All but the servers themselves. */
export function readTopKeys(given: Readonly<Record<string, unknown>>): TopKeys | Wrong {
	const {servers: _, ...rest} = given;
	return readKeys(rest, ofTop, 'key', ['servers']) as TopKeys | Wrong;
}

function readKeys(
	given: Readonly<Record<string, unknown>>,
	readers: Readonly<Record<string, Reader>>,
	what: string,
	others: readonly string[] = [],
): Readonly<Record<string, unknown>> | Wrong {
	const found: Record<string, unknown> = {};
	for (const [key, value] of Object.entries(given)) {
		const reader = Object.hasOwn(readers, key) ? readers[key] : undefined;
		if (!reader) return unknownKey(key, [...Object.keys(readers), ...others], [key], what);
		const read = reader(value);
		if (isWrong(read)) return {...read, at: [key, ...read.at]};
		found[key] = read.value;
	}
	return found;
}

function unknownKey(key: string, known: readonly string[], at: readonly string[], what: string): Wrong {
	const near = nearestOf(key.toLowerCase().replaceAll('-', what === 'limit' ? '-' : '_'), known);
	const sorted = near === undefined ? known : [near, ...known.filter(one => one !== near)];
	return {at, wrong: `is no ${what}.${near ? ` Did you mean "${near}"?` : ''} Known: ${sorted.join(', ')}`};
}
