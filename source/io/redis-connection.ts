import type {Cluster, Redis, RedisOptions} from 'ioredis';
import {parseInfo} from '../cache-schemes.ts';

export type Connection = Redis | Cluster;

const options = {
	connectTimeout: 3000,
	commandTimeout: 5000,
	maxRetriesPerRequest: 0,
	enableOfflineQueue: false,
	// INFO is not for everybody, and a refusal would be printed where the screen is.
	enableReadyCheck: false,
	// What was under way when the connection was lost is told as unknown, and not sent again behind our back.
	autoResendUnfulfilledCommands: false,
	lazyConnect: true,
	retryStrategy: (times: number) => Math.min(10_000, 250 * 2 ** times),
	connectionName: 'pgperf',
	disableClientInfo: true,
} as const satisfies RedisOptions;

/**
 * `redis://user:password@host:port/db`, `rediss://` for TLS, `unix://`; several nodes with commas, or one node of a cluster;
 * `redis+sentinel://user:password@host:port,host:port/name/db?sentinel_password=...`: the primary that the sentinels name, also after a failover.
 */
export async function open(url: string, signal: AbortSignal): Promise<Connection> {
	const {Cluster, Redis} = await import('./ioredis.ts');
	const addresses = addressesOf(url);
	let redis: Redis | undefined;
	let problem: unknown;
	const made = (address: string | RedisOptions) => (typeof address === 'string' ? new Redis(address, options) : new Redis({...options, ...address}));
	for (const address of addresses) {
		try {
			redis = await answering(made(address), signal);
		} catch (error) {
			problem = error;
		}
		if (redis || signal.aborted) break;
	}
	if (!redis) throw problem;
	const info = await permitted(redis.info('cluster'));
	if (info === null || parseInfo(info).cluster_enabled !== '1') return redis;
	const {username, password, tls} = redis.options;
	redis.disconnect();
	const nodes = addresses.map(address => made(address).options).map(({host, port}) => ({host, port}));
	const cluster = new Cluster(nodes, {lazyConnect: true, enableOfflineQueue: false, redisOptions: {...options, username, password, tls}});
	cluster.on('error', () => undefined);
	const abort = () => cluster.disconnect();
	signal.addEventListener('abort', abort, {once: true});
	try {
		await cluster.connect();
		return cluster;
	} catch (error) {
		cluster.disconnect();
		throw error;
	} finally {
		signal.removeEventListener('abort', abort);
	}
}

/** Connected, logged in, and in the database that was named: ioredis goes on without a word where one of these was refused. */
async function answering(redis: Redis, signal: AbortSignal): Promise<Redis> {
	let refused: unknown;
	const abort = () => redis.disconnect();
	// Unheard, ioredis prints errors where the screen is.
	redis.on('error', error => {
		refused ??= error;
	});
	signal.addEventListener('abort', abort, {once: true});
	try {
		if (signal.aborted) throw new Error('Connection is closed.');
		await redis.connect();
		if (refused !== undefined) throw refused;
		await permitted(redis.ping());
		// From now on a failover is waited for.
		redis.options.sentinelRetryStrategy = options.retryStrategy;
		return redis;
	} catch (error) {
		redis.disconnect();
		throw refused ?? error;
	} finally {
		signal.removeEventListener('abort', abort);
	}
}

/** As ioredis reads them; it takes a socket by its path alone, without who logs in there. */
function addressesOf(url: string): readonly (string | RedisOptions)[] {
	const watched = watchedBy(url);
	if (watched) return [watched];
	const database = databaseOf(url);
	// Of a database that is no number ioredis makes number NaN, and an error that nobody hears.
	if (/^(?!rediss?:|unix:)[\w+.-]+:\/\//.test(url) || !/^\d*$/.test(database)) throw new Error('Invalid URL');
	const socket = /^unix:\/\/(?:([^:@/]*)(?::([^@]*))?@)?(\/[^?]*)/.exec(url);
	if (socket) {
		const [, username, password, path] = socket;
		return [{path, db: Number(database), ...(username && {username: decodeURIComponent(username)}), ...(password && {password: decodeURIComponent(password)})}];
	}
	const [first, ...others] = url.split(/,(?=[^@]*$|rediss?:\/\/)/);
	// The other nodes are reached as the first one.
	const start = /^rediss?:\/\/(?:.*@)?/.exec(first!)?.[0] ?? '';
	return [first!, ...others.map(one => (one.includes('://') ? one : start + one))];
}

function watchedBy(url: string): RedisOptions | undefined {
	const found = /^redis(s?)\+sentinel:\/\/(?:([^:@/]*)(?::([^@]*))?@)?([^/?@]+)\/([^/?]+)(?:\/(\d*))?(?:\?(.*))?$/.exec(url);
	if (!found) return undefined;
	const [, tls, username, password, hosts, name, database, query] = found;
	const sentinels = hosts!.split(',').map(host => {
		const [, bare, port] = /^\[?([^\]]+?)\]?(?::(\d+))?$/.exec(host) ?? [];
		return {host: bare ?? host, port: Number(port ?? 26_379)};
	});
	const sentinelPassword = new URLSearchParams(query).get('sentinel_password');
	return {
		sentinels,
		name: decodeURIComponent(name!),
		db: Number(database || 0),
		...(username && {username: decodeURIComponent(username)}),
		...(password && {password: decodeURIComponent(password)}),
		...(sentinelPassword !== null && {sentinelPassword}),
		...(tls && {tls: {}, enableTLSForSentinelMode: true}),
		// The first time it is told at once that nobody is there.
		sentinelRetryStrategy: () => null,
	};
}

function databaseOf(url: string): string {
	const query = new URLSearchParams(/\?(.*)$/.exec(url)?.[1]);
	return /^rediss?:\/\/(?:.*@)?[^/]*\/([^?,]*)/.exec(url)?.[1] || (query.get('db') ?? '');
}

export function mastersOf(redis: Connection): readonly Redis[] {
	return 'nodes' in redis ? redis.nodes('master') : [redis];
}

/** Null where this user may not ask that, or the server does not know it. */
export async function permitted<T>(answer: Promise<T>): Promise<T | null> {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof Error && /^NOPERM|^ERR unknown command/.test(error.message)) return null;
		throw error;
	}
}

/** What this program itself has added to the counters of the server: they are to tell of the application. */
export type Tally = {hits: number; misses: number; commands: number};

/** Counts a command and, where `found` tells of one, the key that it looked up. */
export async function counted<T>(tally: Tally, answer: Promise<T>, found?: (value: T) => boolean): Promise<T> {
	const value = await answer;
	tally.commands++;
	if (found?.(value) === true) tally.hits++;
	if (found?.(value) === false) tally.misses++;
	return value;
}

const meanings: readonly (readonly [RegExp, string])[] = [
	[/All sentinels are unreachable.*(?:NOAUTH|WRONGPASS|invalid password)/, 'a sentinel of its URL wants another password: ?sentinel_password=...'],
	[/All sentinels are unreachable/, 'no sentinel of its URL answers, or none knows a primary of this name'],
	[/Command timed out|ETIMEDOUT/, 'it does not answer'],
	[/ECONNREFUSED/, 'nothing listens there'],
	[/ENOENT/, 'there is no such socket'],
	[/EACCES/, 'this account may not use its socket'],
	[/ENOTFOUND|EAI_AGAIN/, 'its host name is not known'],
	[
		/Invalid URL|URI malformed/,
		'its URL cannot be read: redis://user:password@host:port/db, redis+sentinel://user:password@host:port/name/db, special characters as %40',
	],
	[/^WRONGPASS|invalid password/, 'it refuses this user or password'],
	[/^NOAUTH/, 'it wants a password: redis://:password@host:port'],
	[/^READONLY/, 'it is a read-only replica: name its primary'],
	[/^NOPERM/, 'this user may not do that'],
	[/^WRONGTYPE/, 'a tag is kept there in another way: is the cache scheme right?'],
	[/certificate|self-signed/, 'its certificate is not trusted: NODE_EXTRA_CA_CERTS names a file with its authority'],
	[/Connection is closed|isn't writeable|max retries per request|ECONNRESET|EPIPE|None of startup nodes|Failed to refresh slots/, 'the connection was lost'],
];
/** Those say more than the sentence: which command, which name. */
const detailed = /^NOPERM|certificate|self-signed/;

/** What went wrong, without the secrets of the URL. */
export function told(error: unknown, url: string): string {
	const cause = error instanceof Error && 'lastNodeError' in error && error.lastNodeError instanceof Error ? error.lastNodeError : error;
	const message = cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause);
	const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
	const meaning = meanings.find(([pattern]) => pattern.test(message) || pattern.test(code))?.[1];
	if (meaning !== undefined && !detailed.test(message)) return meaning;
	const hidden = secretsOf(url).reduce((text, secret) => text.replaceAll(secret, '***'), message);
	return meaning === undefined ? hidden : `${meaning} (${hidden})`;
}

function secretsOf(url: string): readonly string[] {
	const raw = [...url.matchAll(/\/\/[^/@:]*:(.+?)@(?=[^@]*(?:,|$))|[?&]sentinel_password=([^&]+)/g)].map(match => match[1] ?? match[2]!);
	return raw.flatMap(secret => {
		try {
			return [secret, decodeURIComponent(secret)];
		} catch {
			return [secret];
		}
	});
}

/** The connection hangs: only another one can help. */
export function isTimeout(error: unknown): boolean {
	return error instanceof Error && error.message === 'Command timed out';
}
