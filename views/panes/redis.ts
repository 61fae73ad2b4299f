import type {Action, Check, Input, Line, Pane, Row, Segment} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {added, figure, hit, hitRatio, inPercent, share} from '../figures.ts';
import {bytes, count, duration, percent, perSecond, unknown} from '../format.ts';
import {notifications} from './log.ts';

/** source/io/redis.ts: one row about the server, or the sum of a cluster's masters. */
export type RedisInfoRow = {
	readonly version: string;
	readonly role: string | null;
	readonly nodes: number;
	readonly uptime_s: number | null;
	readonly keys: number | null;
	readonly used_bytes: number | null;
	readonly max_bytes: number | null;
	readonly policy: string | null;
	readonly clients: number | null;
	readonly blocked: number | null;
	readonly hits: number | null;
	readonly misses: number | null;
	readonly evicted: number | null;
	readonly expired: number | null;
	readonly commands: number | null;
	readonly rejected: number | null;
	readonly scanned: number;
	readonly tags: number;
};
type Info = RedisInfoRow & {
	readonly hits_d: number | null;
	readonly misses_d: number | null;
	readonly evicted_d: number | null;
	readonly commands_per_s: number | null;
	readonly hit: number | null;
};

export type RedisTagRow = {
	readonly tag: string;
	/** Null: not looked at yet. */
	readonly keys: number | null;
	/** Estimated from a few of its keys. */
	readonly bytes: number | null;
	readonly ttl_min_s: number | null;
	readonly ttl_max_s: number | null;
	/** Share of a few of its members that no longer exist. */
	readonly orphaned: number | null;
};

function infoOf(input: Input): Info | undefined {
	return input.rows['redis-info']?.[0] as Info | undefined;
}

function summary(input: Input): readonly Line[] {
	const info = infoOf(input);
	if (!info) return [];
	const line: Segment[] = [
		{text: `${info.version}${info.nodes > 1 ? `, ${info.nodes} masters` : ''}${info.role === 'slave' ? ', a replica' : ''}  `, tone: 'strong'},
		{text: 'hit ', tone: 'dim'},
		{text: `${percent(info.hit)}  `, tone: 'strong'},
		{text: `${perSecond(info.commands_per_s)} commands  `},
		{text: `${bytes(info.used_bytes)}${info.max_bytes === null ? '' : ` of ${bytes(info.max_bytes)}, ${info.policy ?? ''}`}  `},
		{text: `${count(info.keys)} keys  ${info.clients} clients  `},
		...(info.evicted_d ? [{text: `${count(info.evicted_d)} evicted  `, tone: 'warning' as const}] : []),
		...(info.scanned < 1 ? [{text: `scanned ${Math.floor(info.scanned * 100)} %`, tone: 'notice' as const}] : []),
	];
	return [line];
}

const lowHitRatio: Check = {
	id: 'redis-hit-ratio',
	class: 'now',
	title: 'Redis hit ratio of the interval',
	when(input, limit) {
		const info = infoOf(input);
		const reads = added(figure(info, 'hits_d'), figure(info, 'misses_d'));
		if (!info || reads === null || reads < (limit.floor ?? 0)) return [];
		return hit(inPercent(info.hit), limit, {
			subject: 'redis',
			title: `Redis hit ratio ${percent(info.hit)}`,
			detail: `${count(info.misses_d)} misses of ${count(reads)} reads since the last sample`,
			remedy: 'Look for keys that expire too soon, are evicted, or were invalidated at once.',
		});
	},
};
const memory: Check = {
	id: 'redis-memory',
	class: 'now',
	title: 'Redis memory used of maxmemory',
	when(input, limit) {
		const info = infoOf(input);
		if (!info) return [];
		const used = share(info.used_bytes, info.max_bytes);
		return hit(inPercent(used), limit, {
			subject: 'redis',
			title: `Redis uses ${percent(used)} of its memory`,
			detail: `${bytes(info.used_bytes)} of ${bytes(info.max_bytes)}, policy ${info.policy ?? unknown}`,
			remedy: info.policy === 'noeviction' ? 'Raise maxmemory: with noeviction the next write fails.' : 'Raise maxmemory, or let keys expire sooner.',
		});
	},
};
const evictions: Check = {
	id: 'redis-evictions',
	class: 'now',
	title: 'Redis keys evicted in the interval',
	when(input, limit) {
		const info = infoOf(input);
		const evicted = figure(info, 'evicted_d');
		return hit(evicted, limit, {
			subject: 'redis',
			title: `Redis evicts keys: ${count(evicted)} since the last sample`,
			detail: `maxmemory ${bytes(info?.max_bytes)}`,
			remedy: 'Raise maxmemory: what is evicted is read from PostgreSQL again.',
		});
	},
};

/** `x`: the tag's keys, counted first. */
export const invalidate: Action<RedisTagRow> = {
	id: 'invalidate',
	key: 'x',
	label: 'Invalidate',
	danger: 'ask',
	many: true,
	plan: {redis: 'invalidate'},
	run: 'redis',
	params: rows => rows.map(row => row.tag),
	disabled: row => (row.keys === 0 ? 'it has no keys' : undefined),
	needs: 'sscan and srem on the tag, unlink and exists on its keys (zscan and zrem for laravel)',
};

const tags = table<RedisTagRow>({
	id: 'redis-tags',
	title: 'Tags',
	empty: 'No cache tags were found. Another scheme or prefix? --cache-scheme and --cache-prefix choose them.',
	from: {redis: 'tags'},
	scope: 'server',
	every: 'slow',
	rowKey: row => row.tag,
	columns: [
		{field: 'tag', title: 'tag', width: 24, grow: 1, priority: 1},
		{field: 'keys', title: 'keys', width: 8, align: 'right', show: count, priority: 1},
		{field: 'bytes', title: 'memory', width: 9, align: 'right', show: value => (value === null ? unknown : `≈${bytes(value)}`), priority: 2},
		{field: 'ttl_min_s', title: 'ttl from', width: 8, align: 'right', show: duration, priority: 3},
		{field: 'ttl_max_s', title: 'to', width: 8, align: 'right', show: duration, priority: 3},
		{
			field: 'orphaned',
			title: 'gone',
			width: 8,
			align: 'right',
			show: value => (value === null ? unknown : value === 0 ? '0%' : `≈${percent(value)}`),
			tone: row => ((row.orphaned ?? 0) >= 0.5 ? 'warning' : undefined),
			priority: 4,
		},
	],
	order: (a, b) => (b.keys ?? -1) - (a.keys ?? -1),
	summary: (_, input) => summary(input),
	actions: [invalidate],
});

const info = table<Info>({
	id: 'redis-info',
	title: 'Server',
	empty: 'Redis told nothing about itself.',
	from: {redis: 'info'},
	scope: 'server',
	every: 'slow',
	rowKey: () => 'redis',
	counters: ['hits', 'misses', 'evicted', 'expired', 'commands', 'rejected'],
	derive: rows => rows.map((row): Row => ({...row, hit: hitRatio(row.hits_d, row.misses_d)})),
	columns: [
		{field: 'version', title: 'server', width: 14, grow: 1, priority: 1},
		{field: 'hit', title: 'hit', width: 7, align: 'right', show: percent, priority: 1},
		{field: 'commands_per_s', title: 'cmds/s', width: 8, align: 'right', show: perSecond, priority: 2},
		{field: 'used_bytes', title: 'used', width: 8, align: 'right', show: bytes, priority: 2},
		{field: 'max_bytes', title: 'of', width: 8, align: 'right', show: bytes, priority: 3},
		{field: 'keys', title: 'keys', width: 7, align: 'right', show: count, priority: 3},
		{field: 'evicted_d', title: 'evicted', width: 8, align: 'right', show: count, priority: 4},
		{field: 'expired_d', title: 'expired', width: 8, align: 'right', show: count, priority: 5},
		{field: 'clients', title: 'clients', width: 8, align: 'right', show: count, priority: 4},
		{field: 'blocked', title: 'blocked', width: 8, align: 'right', show: count, priority: 6},
		{field: 'rejected_d', title: 'refused', width: 8, align: 'right', show: count, priority: 6},
		{field: 'policy', title: 'policy', width: 16, priority: 5},
		{field: 'uptime_s', title: 'up', width: 7, align: 'right', show: duration, priority: 5},
	],
	checks: [lowHitRatio, memory, evictions],
});

const announced = notifications({
	id: 'redis-notifications',
	title: 'Notifications of cache_invalidation',
	empty: 'No cache_invalidation has been announced since the console was opened.',
	hidden: row => row.channel !== 'cache_invalidation',
});

export const redis: Pane = {
	id: 'redis',
	title: 'Redis cache',
	tables: [tags, info, announced],
	arrange: 'stack',
	series: [{id: 'redis-hit', title: 'Redis hit ratio of the interval', value: input => infoOf(input)?.hit ?? null, show: percent}],
};
