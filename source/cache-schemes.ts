/** How applications keep cache tags in Redis: which keys are tags, and which keys a member stands for. */
export type CacheScheme = {
	/** For SCAN MATCH: glob characters of the prefix are taken literally. */
	readonly pattern: string;
	/** The tag's name; undefined for a key that only looks like one. */
	readonly tagOf: (key: string) => string | undefined;
	readonly keyOfTag: (tag: string) => string;
	readonly kind: 'set' | 'zset';
	/** What stands around a member to make a key of it. */
	readonly around: readonly [before: string, after: string];
};

/** Texts around `{tag}` and `{key}`, in which `{prefix}` stands for what the user says. */
type Shape = {readonly tag: string; readonly kind: 'set' | 'zset'; readonly key: string};

const shapes = {
	/** A set whose members are keys. */
	set: {tag: '{prefix}tag:{tag}', kind: 'set', key: '{key}'},
	/** Laravel 10 and newer: a sorted set by expiry; members go without the prefix. */
	laravel: {tag: '{prefix}tag:{tag}:entries', kind: 'zset', key: '{prefix}{key}'},
	/** Symfony's RedisTagAwareAdapter: members are whole ids. */
	symfony: {tag: '{prefix}\x01tags\x01{tag}', kind: 'set', key: '{key}'},
	/** The npm package redis-tag-cache: data lie under `data:`. */
	'redis-tag-cache': {tag: '{prefix}tags:{tag}', kind: 'set', key: '{prefix}data:{key}'},
} as const satisfies Record<string, Shape>;
export const schemeNames = Object.keys(shapes) as readonly (keyof typeof shapes)[];
/** One of `schemeNames`, or a pattern of one's own. */
export type SchemeName = string;

/** A sentence when the text names no scheme and is no pattern like `{prefix}tag:{tag}` or `tags/{tag}={prefix}{key}`. */
export function schemeProblem(text: string): string | undefined {
	if (Object.hasOwn(shapes, text)) return undefined;
	const shape = shapeOf(text);
	return shape && [shape.tag.split('{tag}'), shape.key.split('{key}')].every(parts => parts.length === 2) && shape.tag.replace('{tag}', '') !== ''
		? undefined
		: `takes ${schemeNames.join(', ')}, or how tags and keys are named, like {prefix}tag:{tag} or tags/{tag}=data/{key}`;
}

/** `TAG` or `TAG=KEY`; without the second part members are whole keys. */
function shapeOf(text: string): Shape | undefined {
	if (Object.hasOwn(shapes, text)) return shapes[text as keyof typeof shapes];
	if (!text.includes('{tag}')) return undefined;
	const equals = text.indexOf('=', text.indexOf('{tag}'));
	return {tag: equals < 0 ? text : text.slice(0, equals), kind: 'set', key: equals < 0 ? '{key}' : text.slice(equals + 1)};
}

export function cacheScheme(name: SchemeName, prefix: string): CacheScheme {
	const shape = shapeOf(name) ?? shapes.set;
	const around = (text: string, hole: string): readonly [string, string] => {
		const at = text.indexOf(hole);
		return [text.slice(0, at).replaceAll('{prefix}', () => prefix), text.slice(at + hole.length).replaceAll('{prefix}', () => prefix)];
	};
	const [before, after] = around(shape.tag, '{tag}');
	return {
		pattern: `${literal(before)}*${literal(after)}`,
		tagOf: key =>
			key.startsWith(before) && key.endsWith(after) && key.length > before.length + after.length
				? key.slice(before.length, key.length - after.length)
				: undefined,
		keyOfTag: tag => before + tag + after,
		kind: shape.kind,
		around: around(shape.key, '{key}'),
	};
}

function literal(text: string): string {
	return text.replace(/[\\*?[\]^]/g, '\\$&');
}

/** A word of a command as redis-cli takes it: quoted where it has to be. */
export function quoted(word: string): string {
	if (/^[^\s"'\\\p{Cc}\p{Cf}]+$/u.test(word)) return word;
	const escaped = word.replace(/["\\]/g, '\\$&').replace(/[\p{Cc}\p{Cf}]/gu, one => [...new TextEncoder().encode(one)].map(hexadecimal).join(''));
	return `"${escaped}"`;
}

function hexadecimal(byte: number): string {
	return `\\x${byte.toString(16).padStart(2, '0')}`;
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
	const table = own(read, 'table');
	if (typeof table !== 'string') return {problem: 'its payload has no "table"'};
	const rule = own(rules, table) ?? own(rules, '*');
	if (typeof rule !== 'string') return {problem: `no rule makes a tag of table "${table}": add it under invalidate in the configuration`};
	let missing: string | undefined;
	const tag = rule.replace(/\{(\w+)\}/g, (_, name: string) => {
		const value = own(read, name);
		if ((typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isFinite(value))) return String(value);
		missing ??= name;
		return '';
	});
	return missing === undefined ? {tag} : {problem: `its payload has no "${missing}", which the rule "${rule}" needs`};
}

/** A payload may name what every object inherits. */
function own(record: object, name: string): unknown {
	return Object.hasOwn(record, name) ? (record as Readonly<Record<string, unknown>>)[name] : undefined;
}
