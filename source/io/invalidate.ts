import type {Cluster, Redis} from 'ioredis';
import type {Line, Row} from '../pane.ts';
import type {Outcome, Target} from '../state.ts';
import {mastersOf, type RedisLink, told} from './redis.ts';

/** Keys that are unlinked in a second: the database must survive the misses. */
const pace = 2000;
const batch = 200;
/** Above so many keys, or this share of all, the count is typed. */
const many = 10_000;
const large = 0.05;

export type Invalidation = {readonly targets: readonly Target[]; readonly facts: readonly Line[]; readonly typed: string | null};

/** What would be unlinked, counted now; a sentence where it can't be known. */
export async function planInvalidation(link: RedisLink, tags: readonly string[], info: Row | undefined): Promise<Invalidation | {readonly problem: string}> {
	try {
		const redis = await link.client;
		const counts = await Promise.all(tags.map(tag => sizeOf(redis, link, tag)));
		const shared = await Promise.all(tags.map(tag => alsoUnder(redis, link, tag)));
		const all = (await Promise.all(mastersOf(redis).map(node => node.dbsize()))).reduce((sum, size) => sum + size, 0);
		const keys = counts.reduce((sum, count) => sum + count, 0);
		const targets = tags.map((tag, i): Target => {
			const key = link.scheme.keyOfTag(tag);
			const [scan, remove] = link.scheme.kind === 'set' ? ['sscan', 'srem'] : ['zscan', 'zrem'];
			const text = `${scan} ${key} … : unlink the keys of its ${counts[i]} members, ${pace} a second; ${remove} ${key} each when it is gone`;
			return {
				key: tag,
				subject: tag,
				statements: [{on: 'redis', text, args: [], group: tag}],
				why: counts[i] === 0 ? 'it has no keys: nothing to do' : null,
				guard: {keys: counts[i] ?? 0},
			};
		});
		const facts: Line[] = [[{text: `${keys} keys of ${all} in all`, tone: keys > all * large ? 'warning' : 'plain'}]];
		tags.forEach((tag, i) => {
			if (shared[i]) facts.push([{text: `${tag}: ${shared[i]}`, tone: 'notice'}]);
		});
		const hits = Number(info?.hits_d ?? 0);
		const reads = hits + Number(info?.misses_d ?? 0);
		if (reads > 0) facts.push([{text: `hit rate now ${((100 * hits) / reads).toFixed(1)} %: what misses falls on PostgreSQL`, tone: 'dim'}]);
		return {targets, facts, typed: keys > many || keys > all * large ? String(keys) : null};
	} catch (error) {
		return {problem: `Redis: ${told(error, '')}: nothing was sent`};
	}
}

async function sizeOf(redis: Redis | Cluster, {scheme}: RedisLink, tag: string): Promise<number> {
	return scheme.kind === 'set' ? redis.scard(scheme.keyOfTag(tag)) : redis.zcard(scheme.keyOfTag(tag));
}

/** Of a few of its members: are they under other tags too? Those lose them without a word. */
async function alsoUnder(redis: Redis | Cluster, {scheme, known}: RedisLink, tag: string): Promise<string | undefined> {
	if (scheme.kind !== 'set') return undefined;
	const members = await redis.srandmember(scheme.keyOfTag(tag), 20);
	if (members.length === 0) return undefined;
	const others = known()
		.filter(other => other !== tag)
		.slice(0, 100);
	const found = await Promise.all(
		others.map(async other => ({
			other,
			shared: (await Promise.all(members.map(member => redis.sismember(scheme.keyOfTag(other), member)))).filter(one => one === 1).length,
		})),
	);
	const sharing = found.filter(one => one.shared > 0).sort((a, b) => b.shared - a.shared);
	if (sharing.length === 0) return undefined;
	return `≈${Math.round((100 * sharing[0]!.shared) / members.length)} % of its keys are under ${sharing[0]!.other} too${sharing.length > 1 ? `, and ${sharing.length - 1} other tags share some` : ''}`;
}

type Watch = {readonly cancel: AbortSignal; readonly report: (lines: readonly Line[]) => void};

/**
 * Unlinks the keys under a tag, batch by batch, and takes each member out of the tag once its key is gone: whenever it stops, what is
 * left under the tag is what is left to do, and a member that comes meanwhile keeps its tag.
 */
export async function invalidate(link: RedisLink, target: Target, {cancel, report}: Watch): Promise<Outcome> {
	const {subject} = target;
	const {scheme} = link;
	const key = scheme.keyOfTag(subject);
	const planned = Number(target.guard.keys ?? 0);
	const start = performance.now();
	let gone = 0;
	let taken = 0;
	try {
		const redis = await link.client;
		let cursor = '0';
		do {
			const [next, found] = scheme.kind === 'set' ? await redis.sscan(key, cursor, 'COUNT', batch) : await redis.zscan(key, cursor, 'COUNT', batch);
			const members = scheme.kind === 'set' ? found : found.filter((_, i) => i % 2 === 0);
			for (let i = 0; i < members.length; i += batch) {
				if (cancel.aborted) return stopped(subject, gone, planned);
				const part = members.slice(i, i + batch);
				gone += await unlinked(redis, part.map(scheme.keyOf));
				if (scheme.kind === 'set') await redis.srem(key, ...part);
				else await redis.zrem(key, ...part);
				taken += part.length;
				report([[{text: `${gone} keys gone, ${taken} of ${planned} members looked at`}]]);
				await paced(start, taken, cancel);
			}
			cursor = next;
		} while (cursor !== '0');
		if (cancel.aborted) return stopped(subject, gone, planned);
		const orphans = taken - gone;
		return {
			subject,
			done: true,
			tone: 'good',
			text: `${subject}: ${gone} keys unlinked${orphans > 0 ? `, ${orphans} had expired already` : ''}, and the tag with them`,
		};
	} catch (error) {
		const text = `${subject}: Redis: ${told(error, '')}: ${gone} keys are gone, of the last ${batch} it is not known; what is left under ${key} is left to do`;
		return {subject, done: false, tone: /NOPERM|READONLY/.test(String(error)) && gone === 0 ? 'warning' : 'critical', text};
	}
}

function stopped(subject: string, gone: number, planned: number): Outcome {
	return {subject, done: false, tone: 'notice', text: `${subject}: stopped: ${gone} of ${planned} keys are gone, the others are still under the tag`};
}

/** In a cluster each key goes to its own node. */
async function unlinked(redis: Redis | Cluster, keys: readonly string[]): Promise<number> {
	if (!('nodes' in redis)) return redis.unlink(...keys);
	const counts = await Promise.all(keys.map(key => redis.unlink(key)));
	return counts.reduce((sum, count) => sum + count, 0);
}

async function paced(start: number, taken: number, cancel: AbortSignal): Promise<void> {
	const wait = start + (taken * 1000) / pace - performance.now();
	if (wait <= 0 || cancel.aborted) return;
	await new Promise<void>(resolve => {
		const done = () => {
			clearTimeout(timer);
			cancel.removeEventListener('abort', done);
			resolve();
		};
		const timer = setTimeout(done, wait);
		cancel.addEventListener('abort', done);
	});
}
