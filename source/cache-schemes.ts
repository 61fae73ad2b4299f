/** How applications keep cache tags in Redis: which keys are tags, and which keys a member stands for. */
export type CacheScheme = {
	/** For SCAN MATCH: glob characters of the prefix are taken literally. */
	readonly pattern: string;
	/** The tag's name; undefined for a key that only looks like one. */
	readonly tagOf: (key: string) => string | undefined;
	readonly keyOfTag: (tag: string) => string;
	readonly kind: 'set' | 'zset';
	readonly keyOf: (member: string) => string;
};

type Shape = {readonly before: string; readonly after: string; readonly kind: 'set' | 'zset'; readonly member: (prefix: string, member: string) => string};

const whole = (_: string, member: string) => member;
const shapes = {
	/** `{prefix}tag:{tag}` is a set whose members are keys. */
	set: {before: 'tag:', after: '', kind: 'set', member: whole},
	/** Laravel 10 and newer: `{prefix}tag:{tag}:entries` is a sorted set by expiry; members go without the prefix. */
	laravel: {before: 'tag:', after: ':entries', kind: 'zset', member: (prefix, member) => prefix + member},
	/** Symfony's RedisTagAwareAdapter: members are whole ids. */
	symfony: {before: '\x01tags\x01', after: '', kind: 'set', member: whole},
	/** The npm package redis-tag-cache: data lie under `data:`. */
	'redis-tag-cache': {before: 'tags:', after: '', kind: 'set', member: (prefix, member) => `${prefix}data:${member}`},
} as const satisfies Record<string, Shape>;
export type SchemeName = keyof typeof shapes;

export function cacheScheme(name: SchemeName, prefix: string): CacheScheme {
	const {before, after, kind, member} = shapes[name] as Shape;
	const start = prefix + before;
	return {
		pattern: `${literal(start)}*${literal(after)}`,
		tagOf: key =>
			key.startsWith(start) && key.endsWith(after) && key.length > start.length + after.length ? key.slice(start.length, key.length - after.length) : undefined,
		keyOfTag: tag => start + tag + after,
		kind,
		keyOf: one => member(prefix, one),
	};
}

function literal(text: string): string {
	return text.replace(/[\\*?[\]^]/g, '\\$&');
}

/** INFO's lines as a record; sections and blank lines are passed over. */
export function parseInfo(text: string): Readonly<Record<string, string>> {
	return Object.fromEntries(
		text.split('\n').flatMap(line => {
			const colon = line.indexOf(':');
			return line.startsWith('#') || colon < 1 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
		}),
	);
}

/** The tag that a rule makes of a notification, or why there is none. The payload only fills the rule: it is never a pattern. */
export function tagOfNotification(payload: string, rules: Readonly<Record<string, string>>): {readonly tag: string} | {readonly problem: string} {
	let read: unknown;
	try {
		read = JSON.parse(payload);
	} catch {
		return {problem: 'its payload is no JSON: it names no table'};
	}
	if (typeof read !== 'object' || read === null || Array.isArray(read)) return {problem: 'its payload is no JSON object: it names no table'};
	const fields = read as Readonly<Record<string, unknown>>;
	const table = typeof fields.table === 'string' ? fields.table : undefined;
	if (table === undefined) return {problem: 'its payload has no "table"'};
	const rule = rules[table] ?? rules['*'];
	if (rule === undefined) return {problem: `no rule makes a tag of table "${table}": add it under invalidate in the configuration`};
	let missing: string | undefined;
	const tag = rule.replace(/\{(\w+)\}/g, (_, name: string) => {
		const value = fields[name];
		if (typeof value === 'string' || typeof value === 'number') return String(value);
		missing ??= name;
		return '';
	});
	return missing === undefined ? {tag} : {problem: `its payload has no "${missing}", which the rule "${rule}" needs`};
}
