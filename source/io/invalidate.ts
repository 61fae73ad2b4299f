import {quoted} from '../cache-schemes.ts';
import type {Line, Row, Step} from '../pane.ts';
import type {Outcome, Target} from '../state.ts';
import {keyOf, keysOf, type RedisLink, sizeOf, someMembers} from './redis.ts';
import {type Connection, counted, mastersOf, permitted} from './redis-connection.ts';

const batch = 200;
/** Above so many keys, or this share of all, the count is typed. */
const many = 10_000;
const large = 0.05;
/** Members of each tag that are looked for under other tags, and under how many, of all targets together. */
const looked = 20;
const othersLooked = 200;

export type Invalidation = {readonly targets: readonly Target[]; readonly facts: readonly Line[]; readonly typed: string | null};

/** What would be unlinked, counted now; a sentence where it can't be known. */
export async function planInvalidation(link: RedisLink, wanted: readonly string[], info: Row | undefined): Promise<Invalidation | {readonly problem: string}> {
	const tags = [...new Set(wanted)];
	try {
		const redis = await link.client;
		// Started from a shell nothing has been looked for yet.
		if (link.known().length === 0) await link.tags();
		const counts = await Promise.all(tags.map(tag => sizeOf(redis, link.scheme, tag, link.tally)));
		const shared = await Promise.all(tags.map(tag => alsoUnder(redis, link, tag, tags)));
		const all = await keysOf(mastersOf(redis), link.tally);
		const keys = counts.reduce((sum, count) => sum + count, 0);
		const share = all === null ? 0 : keys / Math.max(1, all);
		const targets = tags.map((tag, i): Target => {
			const count = counts[i]!;
			return {
				key: tag,
				subject: tag,
				statements: count === 0 ? [] : stepsOf(link, tag, count),
				why: count === 0 ? 'it has no keys' : null,
				guard: {keys: count, nothing: count === 0},
			};
		});
		const facts: Line[] = [[{text: `up to ${keys} keys of ${all ?? 'an unknown number'} in all`, tone: share > large ? 'warning' : 'plain'}]];
		tags.forEach((tag, i) => {
			if (shared[i]) facts.push([{text: `${tag}: ${shared[i]}`, tone: 'notice'}]);
		});
		const hits = Number(info?.hits_d ?? 0);
		const reads = hits + Number(info?.misses_d ?? 0);
		if (reads > 0) facts.push([{text: `hit rate now ${((100 * hits) / reads).toFixed(1)} %: what misses falls on PostgreSQL`, tone: 'dim'}]);
		return {targets, facts, typed: keys > many || share > large ? String(keys) : null};
	} catch (error) {
		return {problem: `Redis: ${link.told(error)}: nothing was sent`};
	}
}

/** What is sent, as redis-cli would take it, again and again until the tag is gone. */
function stepsOf({scheme, pace}: RedisLink, tag: string, members: number): readonly Step[] {
	const key = quoted(scheme.keyOfTag(tag));
	const letter = scheme.kind === 'set' ? 's' : 'z';
	const [before, after] = scheme.around.map(part => (part === '' ? '' : quoted(part)));
	const texts = [
		`${letter}scan ${key} CURSOR count ${batch}`,
		`unlink ${before}MEMBER${after} ...   (${members} members, ${batch} at once, ${pace} a second)`,
		`${letter}rem ${key} MEMBER ...`,
	];
	return texts.map(text => ({on: 'redis', text, args: [], group: tag}));
}

/** Of a few of its members: are they under other tags too? Those lose them without a word. */
async function alsoUnder(redis: Connection, {scheme, known, tally}: RedisLink, tag: string, together: readonly string[]): Promise<string | undefined> {
	const members = (await permitted(someMembers(redis, scheme, scheme.keyOfTag(tag), looked, tally))) ?? [];
	const others = known().filter(other => !together.includes(other));
	const asked = others.slice(0, Math.max(5, Math.floor(othersLooked / together.length)));
	const isUnder = async (other: string, member: Buffer) => {
		const key = scheme.keyOfTag(other);
		const score = scheme.kind === 'set' ? redis.sismember(key, member) : redis.zscore(key, member);
		const answer = await counted<number | string | null>(tally, score, () => true);
		return scheme.kind === 'set' ? answer === 1 : answer !== null;
	};
	const found = await Promise.all(
		asked.map(async other => ({
			other,
			shared: (await Promise.all(members.map(member => permitted(isUnder(other, member))))).filter(Boolean).length,
		})),
	);
	const sharing = found.filter(one => one.shared > 0).sort((a, b) => b.shared - a.shared);
	if (sharing.length === 0) return undefined;
	const more = sharing.length > 1 ? `, and ${sharing.length - 1} other tag${sharing.length > 2 ? 's' : ''} share some` : '';
	const seen = asked.length < others.length ? ` (${asked.length} of ${others.length} other tags looked at)` : '';
	return `≈${Math.round((100 * sharing[0]!.shared) / members.length)} % of its keys are under ${sharing[0]!.other} too${more}${seen}`;
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
	/** Keys whose fate is not known until the answer is there. */
	let underWay = 0;
	const said = (done: boolean, tone: Outcome['tone'], text: string): Outcome => ({subject, done, tone, text: `${subject}: ${text}`});
	const stopped = () => said(false, 'notice', `stopped: ${gone} of ${planned} keys are gone, the others are still under the tag`);
	try {
		const redis = await link.client;
		let cursor = '0';
		do {
			const [next, members] = await some(redis, link, key, cursor);
			for (let i = 0; i < members.length; i += batch) {
				if (cancel.aborted) return stopped();
				const part = members.slice(i, i + batch);
				const keys = part.map(({member}) => keyOf(scheme, member));
				underWay = keys.length;
				gone += await unlinked(redis, link, keys);
				underWay = 0;
				await untagged(redis, link, key, part, keys);
				taken += part.length;
				report([[{text: `${gone} keys gone, ${taken} of ${planned} members looked at`}]]);
				await paced(start + (taken * 1000) / link.pace, cancel);
			}
			cursor = next;
		} while (cursor !== '0' && !cancel.aborted);
		if (cursor !== '0') return stopped();
		const expired = taken > gone ? `, ${taken - gone} were gone already` : '';
		const left = await sizeOf(redis, scheme, subject, link.tally);
		return said(true, 'good', `${gone} keys unlinked${expired}${left > 0 ? `; ${left} came meanwhile and stay under it` : ', and the tag with them'}`);
	} catch (error) {
		// What Redis refuses it has not done.
		const refused = error instanceof Error && error.name === 'ReplyError' && !('nodes' in (await link.client.catch(() => ({}))));
		const unknown = underWay > 0 && !refused ? `, of ${underWay} more it is not known` : '';
		const left = gone === 0 && unknown === '' ? 'nothing was changed' : `${gone} keys are gone${unknown}; what is left under ${quoted(key)} is left to do`;
		return said(false, unknown === '' ? 'warning' : 'critical', `Redis: ${link.told(error)}: ${left}`);
	}
}

type Member = {readonly member: Buffer; readonly score: string};

async function some(redis: Connection, {scheme, tally}: RedisLink, key: string, cursor: string): Promise<readonly [string, readonly Member[]]> {
	if (scheme.kind === 'set') {
		const [next, members] = await counted(tally, redis.sscanBuffer(key, cursor, 'COUNT', batch), () => true);
		return [next.toString(), members.map(member => ({member, score: ''}))];
	}
	const [next, pairs] = await counted(tally, redis.zscanBuffer(key, cursor, 'COUNT', batch), () => true);
	return [next.toString(), pairs.flatMap((member, i) => (i % 2 === 0 ? [{member, score: pairs[i + 1]!.toString()}] : []))];
}

/** In a cluster each key goes to its own node. */
async function unlinked(redis: Connection, {tally}: RedisLink, keys: readonly Buffer[]): Promise<number> {
	if (!('nodes' in redis)) return counted(tally, redis.unlink(...keys));
	const counts = await Promise.all(keys.map(key => counted(tally, redis.unlink(key))));
	return counts.reduce((sum, count) => sum + count, 0);
}

/** A key that was written anew in between would be invalidated by nobody any more: it gets its tag back. */
async function untagged(redis: Connection, {scheme, tally}: RedisLink, key: string, part: readonly Member[], keys: readonly Buffer[]): Promise<void> {
	const isSet = scheme.kind === 'set';
	const members = part.map(({member}) => member);
	await counted(tally, isSet ? redis.srem(key, ...members) : redis.zrem(key, ...members));
	const there = await Promise.all(keys.map(one => permitted(counted(tally, redis.exists(one), count => count === 1))));
	const again = part.filter((_, i) => there[i] === 1);
	if (again.length === 0) return;
	await counted<number | string>(
		tally,
		isSet ? redis.sadd(key, ...again.map(({member}) => member)) : redis.zadd(key, ...again.flatMap(({member, score}) => [score, member])),
	);
}

/** Until that time, or until it is cancelled. */
async function paced(until: number, cancel: AbortSignal): Promise<void> {
	const wait = until - performance.now();
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
