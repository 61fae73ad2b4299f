import type {Cluster, Redis} from 'ioredis';
import {type CacheScheme, parseInfo} from '../cache-schemes.ts';
import type {Result, Row} from '../pane.ts';

/** Redis as pgperf needs it: one node or a cluster, and the tags that were found so far. */
export type RedisLink = {
	readonly scheme: CacheScheme;
	/** One row about the server. */
	info(): Promise<Result>;
	/** A row per tag that was found until now; each call looks through another slice of the keys. */
	tags(): Promise<Result>;
	/** For actions: commands of one key each go to the node that has it. */
	readonly client: Promise<Redis | Cluster>;
	/** Names of the tags that were found. */
	known(): readonly string[];
	stop(): void;
};

/** Of each tag so many members are looked at for TTL, size and whether they still exist. */
const sampled = 5;
const mostTags = 10_000;
/** Longest time that one call looks for tags, ms; so that Redis and the console have pauses. */
const slice = 100;
const detailsAtOnce = 200;
const rescanAfter = 60_000;

type Tag = {keys: number; bytes: number | null; shortest: number | null; longest: number | null; orphaned: number | null; at: number};

/** Connects on first use; errors are values, and no password is in them. */
export function createRedis(url: string, scheme: CacheScheme): RedisLink {
	let opened: Promise<Redis | Cluster> | undefined;
	let stopped = false;
	const tags = new Map<string, Tag>();
	let scan: {readonly nodes: readonly Redis[]; node: number; cursor: string; looked: number; total: number; done: number | undefined} | undefined;

	const client = () => {
		opened ??= open(url).then(
			made => {
				if (stopped) made.disconnect();
				return made;
			},
			error => {
				opened = undefined;
				throw error;
			},
		);
		return opened;
	};

	async function answered(work: (redis: Redis | Cluster) => Promise<readonly Row[]>): Promise<Result> {
		const start = performance.now();
		try {
			const rows = await work(await client());
			const at = performance.now();
			return {status: 'ok', sample: {at, rows, cost: at - start}};
		} catch (error) {
			return {status: 'failed', message: `Redis: ${told(error, url)}`, code: undefined};
		}
	}

	async function look(redis: Redis | Cluster): Promise<void> {
		const now = performance.now();
		if (!scan || (scan.done !== undefined && now - scan.done > rescanAfter)) {
			const nodes = mastersOf(redis);
			const sizes = await Promise.all(nodes.map(node => node.dbsize()));
			scan = {nodes, node: 0, cursor: '0', looked: 0, total: sizes.reduce((sum, size) => sum + size, 0), done: undefined};
		}
		while (scan.done === undefined && performance.now() - now < slice) {
			const node = scan.nodes[scan.node];
			if (!node || tags.size >= mostTags) {
				scan.done = performance.now();
				break;
			}
			const [cursor, keys] = await node.scan(scan.cursor, 'MATCH', scheme.pattern, 'COUNT', 1000);
			scan.looked += 1000;
			for (const key of keys) {
				const tag = scheme.tagOf(key);
				if (tag !== undefined && !tags.has(tag)) tags.set(tag, {keys: 0, bytes: null, shortest: null, longest: null, orphaned: null, at: 0});
			}
			scan.cursor = cursor;
			if (cursor === '0') scan.node++;
		}
	}

	/** The tags that were looked at longest ago. */
	async function describe(redis: Redis | Cluster): Promise<void> {
		const oldest = [...tags].sort(([, a], [, b]) => a.at - b.at).slice(0, detailsAtOnce);
		await Promise.all(
			oldest.map(async ([name, tag]) => {
				const key = scheme.keyOfTag(name);
				const keys = scheme.kind === 'set' ? await redis.scard(key) : await redis.zcard(key);
				if (keys === 0) return void tags.delete(name);
				const members = scheme.kind === 'set' ? await redis.srandmember(key, sampled) : await redis.zrange(key, '0', String(sampled - 1));
				const seen = await Promise.all(members.map(member => measured(redis, scheme.keyOf(member))));
				const there = seen.filter(one => one.ttl !== -2);
				const ttls = there.map(one => one.ttl).filter(ttl => ttl >= 0);
				const sizes = there.flatMap(one => (one.bytes === null ? [] : [one.bytes]));
				Object.assign(tag, {
					keys,
					bytes: sizes.length > 0 ? (sizes.reduce((sum, one) => sum + one, 0) / sizes.length) * keys * (there.length / seen.length) : null,
					shortest: ttls.length > 0 ? Math.min(...ttls) : null,
					longest: ttls.length > 0 ? Math.max(...ttls) : null,
					orphaned: seen.length > 0 ? 1 - there.length / seen.length : null,
					at: performance.now(),
				} satisfies Tag);
			}),
		);
	}

	const scanned = () => (!scan ? 0 : scan.done !== undefined ? 1 : Math.min(0.99, scan.looked / Math.max(1, scan.total)));

	return {
		scheme,
		get client() {
			return client();
		},
		info: () => answered(async redis => [await infoRow(redis, scanned(), tags.size)]),
		tags: () =>
			answered(async redis => {
				await look(redis);
				await describe(redis);
				return [...tags].map(([tag, one]) => ({
					tag,
					keys: one.keys,
					bytes: one.bytes,
					ttl_min_s: one.shortest,
					ttl_max_s: one.longest,
					orphaned: one.orphaned,
				}));
			}),
		known: () => [...tags.keys()],
		stop() {
			stopped = true;
			void opened?.then(made => made.disconnect()).catch(() => undefined);
		},
	};
}

async function measured(redis: Redis | Cluster, key: string): Promise<{readonly ttl: number; readonly bytes: number | null}> {
	const [ttl, bytes] = await Promise.all([redis.ttl(key), redis.memory('USAGE', key).catch(() => null)]);
	return {ttl, bytes};
}

/** `redis://user:password@host:port/db`, `rediss://` for TLS, `unix://`; several nodes with commas, or one node of a cluster. */
async function open(url: string): Promise<Redis | Cluster> {
	const {Cluster, Redis} = await import('./ioredis.ts');
	const options = {
		connectTimeout: 3000,
		commandTimeout: 5000,
		maxRetriesPerRequest: 0,
		enableOfflineQueue: false,
		lazyConnect: true,
		retryStrategy: (times: number) => Math.min(10_000, 250 * 2 ** times),
		connectionName: 'pgperf',
	} as const;
	const [first, ...others] = url.split(',');
	const address = first!.replace(/^unix:\/\//, '');
	const redis = new Redis(address, options);
	// Unheard, ioredis prints errors where the screen is.
	redis.on('error', () => undefined);
	try {
		await redis.connect();
		const isCluster = others.length > 0 || parseInfo(await redis.info('cluster')).cluster_enabled === '1';
		if (!isCluster) return redis;
		const {host, port, username, password, tls} = redis.options;
		redis.disconnect();
		const nodes = [
			{host, port},
			...others.map(one => ({
				host: new URL(one.includes('://') ? one : `redis://${one}`).hostname,
				port: Number(new URL(one.includes('://') ? one : `redis://${one}`).port || 6379),
			})),
		];
		const cluster = new Cluster(nodes, {lazyConnect: true, enableOfflineQueue: false, redisOptions: {...options, username, password, tls}});
		cluster.on('error', () => undefined);
		await cluster.connect();
		return cluster;
	} catch (error) {
		redis.disconnect();
		throw error;
	}
}

export function mastersOf(redis: Redis | Cluster): readonly Redis[] {
	return 'nodes' in redis ? redis.nodes('master') : [redis];
}

async function infoRow(redis: Redis | Cluster, scanned: number, tags: number): Promise<Row> {
	const nodes = await Promise.all(mastersOf(redis).map(async node => ({info: parseInfo(await node.info()), keys: await node.dbsize()})));
	const first = nodes[0]!.info;
	const sum = (name: string) => nodes.reduce((total, {info}) => total + Number(info[name] ?? 0), 0);
	return {
		version: first.valkey_version ? `Valkey ${first.valkey_version}` : `Redis ${first.redis_version ?? ''}`,
		role: first.role ?? null,
		nodes: nodes.length,
		uptime_s: Number(first.uptime_in_seconds ?? 0),
		keys: nodes.reduce((total, node) => total + node.keys, 0),
		used_bytes: sum('used_memory'),
		max_bytes: sum('maxmemory') || null,
		policy: first.maxmemory_policy ?? null,
		clients: sum('connected_clients'),
		blocked: sum('blocked_clients'),
		hits: sum('keyspace_hits'),
		misses: sum('keyspace_misses'),
		evicted: sum('evicted_keys'),
		expired: sum('expired_keys'),
		commands: sum('total_commands_processed'),
		rejected: sum('rejected_connections'),
		scanned,
		tags,
	};
}

/** What went wrong, without the secret of the URL. */
export function told(error: unknown, url: string): string {
	const message = error instanceof Error ? (error.message === 'Command timed out' ? 'it does not answer' : error.message || error.name) : String(error);
	const secret = /:\/\/[^@/]*:([^@/]+)@/.exec(url)?.[1];
	const hidden = secret ? message.replaceAll(secret, '***').replaceAll(decodeURIComponent(secret), '***') : message;
	return /Connection is closed|isn't writeable|ECONNREFUSED/.test(hidden)
		? `it can't be reached${/ECONNREFUSED/.test(hidden) ? ': nothing listens there' : ''}`
		: hidden;
}
