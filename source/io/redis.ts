import type {Redis} from 'ioredis';
import {type CacheScheme, parseInfo} from '../cache-schemes.ts';
import type {Result, Row} from '../pane.ts';
import {type Connection, counted, isTimeout, mastersOf, open, permitted, type Tally, told} from './redis-connection.ts';

/** Redis as pgperf needs it: one node or a cluster, and the tags that were found so far. */
export type RedisLink = {
	readonly scheme: CacheScheme;
	/** Keys that an invalidation unlinks in a second. */
	readonly pace: number;
	readonly tally: Tally;
	/** One row about the server. */
	info(): Promise<Result>;
	/** A row per tag that was found until now; each call looks through another slice of the keys. */
	tags(): Promise<Result>;
	/** For actions: commands of one key each go to the node that has it. */
	readonly client: Promise<Connection>;
	/** Names of the tags that were found. */
	known(): readonly string[];
	/** A sentence about what went wrong, without what is secret. */
	told(error: unknown): string;
	stop(): void;
};

/** Of each tag so many members are looked at for TTL, size and whether they still exist. */
const sampled = 5;
const mostTags = 10_000;
/** Longest time that one call looks for tags, ms; so that Redis and the console have pauses. */
const slice = 100;
const detailsAtOnce = 200;
/** Begun anew after so many times what it took, and at the latest after so many ms: a small Redis shows new tags at once, a large one is left in peace. */
const rescanShare = 50;
const rescanAfter = 60_000;
/** The database must survive the misses. */
const defaultPace = 2000;

/** Unknown is null; `stranger`: a key that has the name of a tag, but is none. */
type Tag = {
	readonly keys: number | null;
	readonly bytes: number | null;
	readonly shortest: number | null;
	readonly longest: number | null;
	readonly orphaned: number | null;
	readonly stranger?: true;
	readonly at: number;
};
const unknownTag: Tag = {keys: null, bytes: null, shortest: null, longest: null, orphaned: null, at: 0};
type Scan = {
	readonly nodes: readonly Redis[];
	node: number;
	cursor: string;
	looked: number;
	/** Of all nodes; null: unknown. */
	readonly total: number | null;
	/** ms. */
	spent: number;
	done: number | undefined;
};

/** Connects on first use; errors are values, and no password is in them. */
export function createRedis(url: string, scheme: CacheScheme, pace = defaultPace): RedisLink {
	const stopping = new AbortController();
	let opened: Promise<Connection> | undefined;
	const tags = new Map<string, Tag>();
	const tally: Tally = {hits: 0, misses: 0, commands: 0};
	let scan: Scan | undefined;

	const client = () => {
		if (opened) return opened;
		const made = open(url, stopping.signal);
		opened = made;
		// A failure is told to whoever asked; the next one tries again.
		made.catch(() => forget(made));
		return made;
	};

	function forget(made: Promise<Connection>): void {
		if (opened !== made) return;
		opened = undefined;
		scan = undefined;
		made.then(redis => redis.disconnect()).catch(() => undefined);
	}

	async function answered(work: (redis: Connection) => Promise<readonly Row[]>): Promise<Result> {
		const start = performance.now();
		const made = client();
		try {
			const rows = await work(await made);
			const at = performance.now();
			return {status: 'ok', sample: {at, rows, cost: at - start}};
		} catch (error) {
			if (isTimeout(error)) forget(made);
			return {status: 'failed', message: `Redis: ${told(error, url)}`, code: undefined};
		}
	}

	async function look(redis: Connection): Promise<void> {
		const now = performance.now();
		if (!scan || (scan.done !== undefined && now - scan.done > Math.min(rescanAfter, rescanShare * scan.spent))) {
			const nodes = mastersOf(redis);
			scan = {nodes, node: 0, cursor: '0', looked: 0, total: await keysOf(nodes, tally), spent: 0, done: undefined};
		}
		try {
			const start = performance.now();
			await lookOn(scan, start + slice);
			scan.spent += performance.now() - start;
		} catch (error) {
			// Nodes of a cluster come and go: begun anew with those that are there then.
			scan = undefined;
			throw error;
		}
	}

	async function lookOn(on: Scan, end: number): Promise<void> {
		while (on.done === undefined && performance.now() < end) {
			const node = on.nodes[on.node];
			if (!node || tags.size >= mostTags) {
				on.done = performance.now();
				return;
			}
			const [cursor, keys] = await counted(tally, node.scan(on.cursor, 'MATCH', scheme.pattern, 'COUNT', 1000));
			on.looked += 1000;
			for (const key of keys) {
				const tag = scheme.tagOf(key);
				if (tag !== undefined && !tags.has(tag)) tags.set(tag, unknownTag);
			}
			on.cursor = cursor;
			if (cursor === '0') on.node++;
		}
	}

	/** The tags that were looked at longest ago. */
	async function describe(redis: Connection): Promise<void> {
		const oldest = [...tags].sort(([, a], [, b]) => a.at - b.at).slice(0, detailsAtOnce);
		await Promise.all(
			oldest.map(async ([name]) => {
				const seen = await lookAt(redis, scheme, name, tally);
				if (seen) tags.set(name, seen);
				else tags.delete(name);
			}),
		);
	}

	function scanned(): number {
		if (!scan) return 0;
		if (scan.done !== undefined && tags.size < mostTags) return 1;
		return scan.total === null ? 0 : Math.min(0.99, scan.looked / Math.max(1, scan.total));
	}

	const found = () => [...tags].filter(([, tag]) => !tag.stranger);

	return {
		scheme,
		pace,
		tally,
		get client() {
			return client();
		},
		info: () => answered(async redis => [await infoRow(redis, tally, {scanned: scanned(), tags: found().length})]),
		tags: () =>
			answered(async redis => {
				await look(redis);
				await describe(redis);
				return found().map(([tag, {keys, bytes, shortest, longest, orphaned}]) => ({
					tag,
					keys,
					bytes,
					ttl_min_s: shortest,
					ttl_max_s: longest,
					orphaned,
				}));
			}),
		known: () => found().map(([tag]) => tag),
		told: error => told(error, url),
		stop() {
			stopping.abort();
			if (opened) forget(opened);
		},
	};
}

/** Undefined: it is gone. What this user may not ask is null. */
async function lookAt(redis: Connection, scheme: CacheScheme, name: string, tally: Tally): Promise<Tag | undefined> {
	const key = scheme.keyOfTag(name);
	const at = performance.now();
	let keys: number;
	try {
		keys = await sizeOf(redis, scheme, name, tally);
	} catch (error) {
		if (error instanceof Error && error.message.startsWith('WRONGTYPE')) {
			tally.commands++;
			tally.hits++;
			return {...unknownTag, stranger: true, at};
		}
		throw error;
	}
	if (keys === 0) return undefined;
	const members = (await permitted(someMembers(redis, scheme, key, sampled, tally))) ?? [];
	const seen = await Promise.all(members.map(member => measured(redis, keyOf(scheme, member), tally)));
	const there = seen.filter(one => one.ttl !== -2);
	const ttls = there.flatMap(({ttl}) => (ttl !== null && ttl >= 0 ? [ttl] : []));
	const sizes = there.flatMap(({bytes}) => (bytes === null ? [] : [bytes]));
	return {
		keys,
		bytes: sizes.length > 0 ? (sizes.reduce((sum, one) => sum + one, 0) / sizes.length) * keys * (there.length / seen.length) : null,
		shortest: ttls.length > 0 ? Math.min(...ttls) : null,
		longest: ttls.length > 0 ? Math.max(...ttls) : null,
		orphaned: seen.length > 0 && seen.every(one => one.ttl !== null) ? 1 - there.length / seen.length : null,
		at,
	};
}

/** Members are bytes: not every application keeps to UTF-8, and another key must not be meant. */
export function keyOf({around: [before, after]}: CacheScheme, member: Buffer): Buffer {
	return Buffer.concat([Buffer.from(before), member, Buffer.from(after)]);
}

/** How many members a tag has. */
export function sizeOf(redis: Connection, {kind, keyOfTag}: CacheScheme, tag: string, tally: Tally): Promise<number> {
	return counted(tally, kind === 'set' ? redis.scard(keyOfTag(tag)) : redis.zcard(keyOfTag(tag)), size => size > 0);
}

/** Any few of them; of a sorted set, on servers before 6.2, the first. */
export async function someMembers(redis: Connection, {kind}: CacheScheme, key: string, most: number, tally: Tally): Promise<readonly Buffer[]> {
	const someFound = (found: readonly Buffer[]) => found.length > 0;
	if (kind === 'set') return counted(tally, redis.srandmemberBuffer(key, most), someFound);
	const random = await permitted(counted(tally, redis.zrandmemberBuffer(key, most) as Promise<unknown> as Promise<readonly Buffer[]>, someFound));
	return random ?? counted(tally, redis.zrangeBuffer(key, '0', String(most - 1)), someFound);
}

async function measured(redis: Connection, key: Buffer, tally: Tally): Promise<{readonly ttl: number | null; readonly bytes: number | null}> {
	const [ttl, bytes] = await Promise.all([
		permitted(counted(tally, redis.ttl(key), seconds => seconds !== -2)),
		permitted(counted(tally, redis.memory('USAGE', key))),
	]);
	return {ttl, bytes};
}

/** Of all masters; null where this user may not ask. */
export async function keysOf(nodes: readonly Redis[], tally: Tally): Promise<number | null> {
	const sizes = await Promise.all(nodes.map(node => permitted(counted(tally, node.dbsize()))));
	return sizes.reduce<number | null>((sum, size) => (sum === null || size === null ? null : sum + size), 0);
}

async function infoRow(redis: Connection, tally: Tally, progress: {readonly scanned: number; readonly tags: number}): Promise<Row> {
	const nodes = mastersOf(redis);
	const before = {...tally};
	const infos = (await Promise.all(nodes.map(node => counted(tally, node.info())))).map(parseInfo);
	const keys = await keysOf(nodes, tally);
	const first = infos[0] ?? {};
	// Services hide what they like: what is not told is unknown, and not none.
	const sum = (name: string) =>
		infos.reduce<number | null>((total, info) => (total === null || info[name] === undefined ? null : total + Number(info[name])), 0);
	const ofOthers = (name: string, own: number) => {
		const all = sum(name);
		return all === null ? null : all - own;
	};
	// Counted from zero by a restart or a reset: what we had added is gone too.
	const hasReset = (sum('total_commands_processed') ?? Number.POSITIVE_INFINITY) < before.commands;
	if (hasReset) Object.assign(tally, {hits: 0, misses: 0, commands: 0});
	const own = hasReset ? {hits: 0, misses: 0, commands: 0} : before;
	return {
		version: first.valkey_version ? `Valkey ${first.valkey_version}` : `Redis ${first.redis_version ?? ''}`.trim(),
		role: first.role ?? null,
		nodes: nodes.length,
		uptime_s: first.uptime_in_seconds === undefined ? null : Number(first.uptime_in_seconds),
		keys,
		used_bytes: sum('used_memory'),
		max_bytes: sum('maxmemory') || null,
		policy: first.maxmemory_policy ?? null,
		clients: sum('connected_clients'),
		blocked: sum('blocked_clients'),
		hits: ofOthers('keyspace_hits', own.hits),
		misses: ofOthers('keyspace_misses', own.misses),
		evicted: sum('evicted_keys'),
		expired: sum('expired_keys'),
		commands: ofOthers('total_commands_processed', own.commands),
		rejected: sum('rejected_connections'),
		...progress,
	};
}
