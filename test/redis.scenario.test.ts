import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {Redis} from 'ioredis';
import {freePort} from '../source/demo/servers.ts';
import type {CacheRules} from '../source/io/place.ts';
import type {Row} from '../source/pane.ts';
import type {Plan} from '../source/state.ts';
import {screenOf} from '../views/frame.ts';
import {unpainted} from '../views/theme.ts';
import {makeCertificates} from './support/certificates.ts';
import {type Console, openConsole, readable} from './support/console.ts';
import {openProxy} from './support/proxy.ts';
import {pgperf, scratch} from './support/run.ts';
import {startCache, startServer, type TestServer, until} from './support/servers.ts';
import {findTool} from './support/tools.ts';

type Cache = NonNullable<Awaited<ReturnType<typeof startCache>>>;
let server: TestServer;
let cache: Cache | undefined;
/** Looks at Redis beside the console. */
let redis: Redis;

before(async () => {
	server = await startServer({conf: {autovacuum: 'off'}});
	cache = await startCache(['maxmemory 0', `unixsocket ${join(server.socketDir, 'redis.sock')}`, 'unixsocketperm 700']);
	if (cache) redis = await beside(cache.url);
});
after(async () => {
	redis?.disconnect();
	await cache?.stop();
	await server.stop();
});

async function beside(url: string): Promise<Redis> {
	const made = new Redis(url, {lazyConnect: true, enableReadyCheck: false});
	made.on('error', () => undefined);
	await made.connect();
	return made;
}

/** Reported as skipped, not passed, where no Redis is to be had. */
function cached(name: string, body: (cache: Cache) => Promise<void>): void {
	test(name, async context => {
		if (!cache) return context.skip('no redis-server on the PATH, and none could be fetched');
		await redis.flushall();
		await redis.config('RESETSTAT');
		await body(cache);
	});
}

type Rules = Partial<CacheRules> & {readonly channels?: readonly string[]; readonly invalidate?: Readonly<Record<string, string>>};

async function watching(url: string, use: (open: Console) => Promise<void>, {channels, ...rules}: Rules = {}): Promise<void> {
	const cacheRules = {scheme: 'set', prefix: '', invalidate: {}, ...rules};
	const settings = rules.invalidate ? {invalidate: rules.invalidate} : {};
	const open = await openConsole(server, {belongings: {redis: url, cache: cacheRules}, settings, channels});
	try {
		await use(open);
	} finally {
		await open.close();
	}
}

async function fill(tag: string, keys: readonly string[], on: Redis = redis): Promise<void> {
	for (let i = 0; i < keys.length; i += 5000) {
		const part = keys.slice(i, i + 5000);
		const pipeline = on.pipeline();
		for (const key of part) pipeline.set(key, 'x', 'EX', 600);
		pipeline.sadd(`tag:${tag}`, ...part);
		await pipeline.exec();
	}
}
const numbered = (prefix: string, count: number) => Array.from({length: count}, (_, n) => `${prefix}:${n}`);
const others = (count = 1000) => fill('others', numbered('other', count));

/** Rows of a table; asked again until they satisfy. */
async function rows(open: Console, table: string, satisfied: (row: Readonly<Record<string, unknown>>) => boolean) {
	if (open.state().pane !== 'redis') open.watch.store.dispatch({type: 'opened', pane: 'redis'});
	return until(
		() => {
			open.watch.store.dispatch({type: 'refreshed', at: performance.now()});
			return open.state().tables[table]?.rows ?? [];
		},
		found => found.some(satisfied),
		10_000,
	);
}
const tagged = (open: Console, tag: string) => open.choose('redis', 'redis-tags', row => row.tag === tag && row.keys !== null);
const screen = (open: Console) => screenOf(open.state()).map(unpainted).join('\n');
const facts = (plan: Plan) => plan.facts.map(line => line.map(part => part.text).join('')).join('\n');
const progress = (open: Console) =>
	open
		.state()
		.overlays.flatMap(overlay => (overlay.is === 'progress' ? overlay.lines.flat().map(part => part.text) : []))
		.join(' ');
/** What the pane says where its rows would be. */
async function complaint(open: Console, pattern: RegExp): Promise<string> {
	open.watch.store.dispatch({type: 'opened', pane: 'redis'});
	return until(
		() => open.state().tables['redis-tags']?.problem?.reason ?? '',
		text => pattern.test(text),
		15_000,
	);
}
/** The console goes on: PostgreSQL is asked again and again. */
async function isLive(open: Console): Promise<void> {
	const asked = () => open.state().answers.db?.vitals?.sample?.at ?? 0;
	const before = asked();
	await until(asked, at => at > before, 10_000);
	assert.equal(open.state().servers.db?.feed.is, 'live');
}

cached('tags are found by SCAN, with what is known of their keys, whatever they are called', async ({url}) => {
	await fill('menu', numbered('page', 30));
	await fill('a b', ['x 1']);
	await fill('🍕', ['🍕 1']);
	await fill('\x1b[2J\x1b]0;gone\x07', ['\x1b[31m']);
	await redis.sadd('tag:half', 'page:1', 'page:2', 'long gone', 'gone too');
	await redis.sadd('tag:all gone', 'nowhere');
	await redis.set('tag:string', 'only looks like a tag');
	await redis.persist('page:3');
	await watching(url, async open => {
		const found = await rows(open, 'redis-tags', row => row.tag === '🍕' && row.keys === 1);
		const named = Object.fromEntries(found.map(row => [row.tag, row]));
		assert.deepEqual(Object.keys(named).sort(), ['menu', 'half', 'a b', '🍕', 'all gone', '\x1b[2J\x1b]0;gone\x07'].sort());
		assert.equal(named.menu!.keys, 30);
		assert.ok(Number(named.menu!.bytes) > 30 * 40, String(named.menu!.bytes));
		assert.ok(Number(named.menu!.ttl_min_s) > 500 && Number(named.menu!.ttl_max_s) <= 600);
		assert.equal(named.menu!.orphaned, 0);
		assert.equal(named.half!.orphaned, 0.5);
		assert.equal(named['all gone']!.orphaned, 1);
		assert.equal(named['all gone']!.bytes, null);
		assert.doesNotMatch(screen(open), /\x1b/);
		assert.match(screen(open), /🍕/);
		const commands = await redis.info('commandstats');
		assert.match(commands, /cmdstat_scan:/);
		assert.doesNotMatch(commands, /cmdstat_(keys|smembers|sort|eval)\b/);
	});
});

cached('the hit ratio is that of the interval, not since the start', async ({url}) => {
	await redis.set('there', '1');
	// What the pane itself looks up hits and misses too, and is none of the application's.
	await fill('menu', numbered('page', 30));
	await redis.sadd('tag:gone', ...numbered('gone', 30));
	await Promise.all(Array.from({length: 50}, () => redis.get('missing')));
	await watching(url, async open => {
		await rows(open, 'redis-info', row => row.commands_per_s !== null && row.commands_per_s !== undefined);
		const seen: Row[] = [];
		open.watch.store.subscribe(state => {
			const row = state.tables['redis-info']?.rows[0];
			if (row && Number(row.hits_d) + Number(row.misses_d) > 0 && seen.at(-1)?.commands !== row.commands) seen.push(row);
		});
		const pipeline = redis.pipeline();
		for (let n = 0; n < 90; n++) pipeline.get('there');
		for (let n = 0; n < 10; n++) pipeline.get('missing');
		await pipeline.exec();
		await until(
			() => seen.reduce((sum, row) => sum + Number(row.misses_d), 0),
			sum => sum >= 10,
		);
		const [row] = await rows(open, 'redis-info', found => found.hits === 90);
		// One sample, unless it was taken in the middle of them.
		assert.deepEqual([seen.reduce((sum, one) => sum + Number(one.hits_d), 0), seen.reduce((sum, one) => sum + Number(one.misses_d), 0)], [90, 10]);
		if (seen.length === 1) assert.equal(seen[0]!.hit, 0.9);
		const looks = Number(/cmdstat_ttl:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]);
		assert.ok(looks >= 20, `${looks} look-ups of our own`);
		assert.equal(row!.role, 'master');
		assert.match(String(row!.version), /^(Redis|Valkey) \d/);
	});
});

cached('an invalidation, asked, read, answered: the keys and the tag are gone, others stay, and the audit has both lines', async ({url}) => {
	await others();
	await fill('menu', numbered('page', 40));
	await fill('tenant:1', [...numbered('page', 30), 'lone']);
	await redis.del('page:39');
	await watching(url, async open => {
		await rows(open, 'redis-tags', row => row.tag === 'tenant:1' && row.keys === 31);
		await tagged(open, 'menu');
		const question = readable(await open.ask('invalidate'));
		assert.equal(question.plan!.typed, null);
		assert.deepEqual(
			question.plan!.targets.flatMap(target => target.statements.map(step => step.text)),
			['sscan tag:menu CURSOR count 200', 'unlink MEMBER ...   (40 members, 200 at once, 2000 a second)', 'srem tag:menu MEMBER ...'],
		);
		assert.match(facts(question.plan!), /up to 40 keys of 10\d\d in all/);
		assert.match(facts(question.plan!), /menu: ≈\d+ % of its keys are under tenant:1 too/);
		assert.equal(await redis.scard('tag:menu'), 40, 'asking changes nothing');
		const [outcome] = await open.settled(open.yes());
		assert.deepEqual([outcome!.done, outcome!.text], [true, 'menu: 39 keys unlinked, 1 were gone already, and the tag with them']);
		assert.equal(await redis.exists('tag:menu', 'page:0', 'page:1', 'page:38'), 0);
		assert.equal(await redis.exists('lone', 'other:1', 'tag:others', 'tag:tenant:1'), 4);
		assert.deepEqual(
			open.auditLines().map(line => [line.action, line.target, line.outcome]),
			[
				['invalidate', 'menu', 'asked'],
				['invalidate', 'menu', 'done'],
			],
		);
		open.watch.store.dispatch({type: 'closed'});
		assert.match(await refusedOnce(open), /menu: it has no keys/);
	});
});

/** The same question again, by what a script would ask: the row has left the pane. */
async function refusedOnce(open: Console): Promise<string> {
	const action = open
		.state()
		.panes.flatMap(pane => pane.tables.flatMap(table => table.actions ?? []))
		.find(one => one.id === 'invalidate')!;
	const planned = await open.watch.actions!.plan({action, rows: [{tag: 'menu'}], input: {}}, false);
	assert.ok('problem' in planned && planned.nothing === true);
	return planned.problem;
}

cached('several marked tags go one after the other, above 5 % the count is typed, and strange names are meant exactly', async ({url}) => {
	await others(100);
	const names = ['a*', 'a b', '🍕', '\x1b[2J', '{x}'];
	for (const name of names) await fill(name, [`${name} 1`, `${name} 2`]);
	await fill('ab', ['spared']);
	await watching(url, async open => {
		await rows(open, 'redis-tags', row => row.tag === '{x}' && row.keys === 2);
		await open.choose('redis', 'redis-tags', row => names.includes(String(row.tag)));
		const question = readable(await open.ask('invalidate'));
		assert.equal(question.plan!.typed, '10');
		assert.doesNotMatch(screen(open), /\x1b/);
		const outcomes = await open.settled(open.yes());
		assert.deepEqual(
			outcomes.map(one => one.done),
			names.map(() => true),
		);
		for (const name of names) assert.equal(await redis.exists(`tag:${name}`, `${name} 1`, `${name} 2`), 0, JSON.stringify(name));
		assert.equal(await redis.exists('tag:ab', 'spared', 'tag:others', 'other:99'), 4);
	});
});

cached('members that are no UTF-8 are the keys that they are', async ({url}) => {
	const key = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
	await redis.set(key, 'x');
	await redis.set(Buffer.from(key.toString()), 'what a decoder makes of it');
	await redis.sadd('tag:bytes', key);
	await watching(url, async open => {
		await tagged(open, 'bytes');
		const question = readable(await open.ask('invalidate'));
		assert.equal(question.plan!.typed, '1');
		const [outcome] = await open.settled(open.yes());
		assert.equal(outcome!.text, 'bytes: 1 keys unlinked, and the tag with them');
		assert.equal(await redis.exists(key), 0);
		assert.equal(await redis.exists(Buffer.from(key.toString())), 1);
	});
});

cached('a key that is written anew meanwhile keeps its tag', async ({url}) => {
	await fill('menu', numbered('page', 4000));
	await watching(
		url,
		async open => {
			await tagged(open, 'menu');
			await open.ask('invalidate');
			const request = open.yes();
			let over = false;
			const settled = open.settled(request).finally(() => {
				over = true;
			});
			// An application that misses and writes at once, all the time.
			for (let n = 0; !over; n = (n + 1) % 4000)
				if ((await redis.exists(`page:${n}`)) === 0) await redis.multi().set(`page:${n}`, 'new').sadd('tag:menu', `page:${n}`).exec();
			const [outcome] = await settled;
			assert.equal(outcome!.done, true, outcome!.text);
			const [alive, members] = await Promise.all([redis.keys('page:*'), redis.smembers('tag:menu')]);
			assert.ok(alive.length > 0);
			assert.deepEqual(
				alive.filter(key => !members.includes(key)),
				[],
			);
		},
		{pace: 8000},
	);
});

cached('100,000 keys: Redis and the console answer meanwhile, Esc stops and says how many went, and once more ends it', async ({url}) => {
	await fill('huge', numbered('page', 100_000));
	await watching(
		url,
		async open => {
			await tagged(open, 'huge');
			const question = readable(await open.ask('invalidate'));
			assert.equal(question.plan!.typed, '100000');
			const request = open.yes();
			let slowest = 0;
			let pings = 0;
			await until(
				async () => {
					const start = performance.now();
					await redis.ping();
					slowest = Math.max(slowest, performance.now() - start);
					pings++;
					return Number(/^(\d+) keys gone/.exec(progress(open))?.[1] ?? 0);
				},
				gone => gone >= 20_000,
				30_000,
			);
			assert.ok(pings >= 20, `${pings} pings`);
			assert.ok(slowest < 1000, `a ping took ${slowest} ms`);
			await isLive(open);
			open.watch.store.dispatch({type: 'cancelled', request});
			const [outcome] = await open.settled(request);
			const gone = Number(/huge: stopped: (\d+) of 100000 keys are gone, the others are still under the tag/.exec(outcome!.text)?.[1]);
			assert.ok(gone >= 20_000 && gone < 100_000, outcome!.text);
			assert.equal(await redis.scard('tag:huge'), 100_000 - gone);
			assert.equal((await redis.dbsize()) - 1, 100_000 - gone);
			assert.deepEqual(
				open.auditLines().map(line => line.outcome),
				['asked', 'failed'],
			);
			open.watch.store.dispatch({type: 'closed'});
			await rows(open, 'redis-tags', row => row.tag === 'huge' && row.keys === 100_000 - gone);
			await tagged(open, 'huge');
			assert.equal(readable(await open.ask('invalidate')).plan!.typed, String(100_000 - gone));
			const [rest] = await open.settled(open.yes());
			assert.equal(rest!.text, `huge: ${100_000 - gone} keys unlinked, and the tag with them`);
			assert.equal(await redis.dbsize(), 0);
		},
		{pace: 30_000},
	);
});

cached('the pace is kept', async ({url}) => {
	await fill('menu', numbered('page', 1500));
	await watching(
		url,
		async open => {
			await tagged(open, 'menu');
			await open.ask('invalidate');
			const start = performance.now();
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true);
			const seconds = (performance.now() - start) / 1000;
			assert.ok(seconds > 0.9, `1,500 keys at 1,000 a second took ${seconds} s`);
		},
		{pace: 1000},
	);
});

cached('laravel keeps its tags in sorted sets, and members go without the prefix', async ({url}) => {
	await others(100);
	for (const n of [1, 2, 3]) await redis.set(`app_page:${n}`, 'x', 'EX', 60);
	await redis.zadd('app_tag:menu:entries', -1, 'page:1', 1_900_000_000, 'page:2', 1_900_000_000, 'page:3', 5, 'gone');
	await watching(
		url,
		async open => {
			const [row] = await rows(open, 'redis-tags', found => found.tag === 'menu' && found.keys === 4);
			assert.equal(row!.orphaned, 0.25);
			await tagged(open, 'menu');
			readable(await open.ask('invalidate'));
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.text, 'menu: 3 keys unlinked, 1 were gone already, and the tag with them');
			assert.equal(await redis.exists('app_page:1', 'app_page:2', 'app_page:3', 'app_tag:menu:entries'), 0);
		},
		{scheme: 'laravel', prefix: 'app_'},
	);
});

cached('a user that may not: the sentence names the command, and what it may not ask is unknown', async ({url, port}) => {
	await fill('menu', numbered('page', 10));
	await others(500);
	await redis.call('acl', 'setuser', 'reader', 'on', '>se:cr@t/1', '~*', '+@read', '+ping', '+hello', '+auth', '-info');
	await redis.call('acl', 'setuser', 'half', 'on', '>pw', '~*', '+@all', '-srem');
	const reader = `redis://reader:${encodeURIComponent('se:cr@t/1')}@127.0.0.1:${port}`;
	await watching(reader, async open => {
		const [row] = await rows(open, 'redis-tags', found => found.tag === 'menu' && found.keys === 10);
		assert.ok(row);
		assert.match(open.state().tables['redis-info']?.problem?.reason ?? '', /Redis: this user may not do that \(NOPERM .*info/);
		await tagged(open, 'menu');
		readable(await open.ask('invalidate'));
		const [outcome] = await open.settled(open.yes());
		assert.match(outcome!.text, /^menu: Redis: this user may not do that \(NOPERM .*unlink.*\): nothing was changed$/);
		assert.doesNotMatch(JSON.stringify(open.auditLines()) + screen(open), /se:cr@t|se%3Acr/);
	});
	assert.equal(await redis.exists(...numbered('page', 10)), 10);
	await watching(`redis://half:pw@127.0.0.1:${port}`, async open => {
		await tagged(open, 'menu');
		readable(await open.ask('invalidate'));
		const [outcome] = await open.settled(open.yes());
		assert.match(outcome!.text, /NOPERM .*srem.*: 10 keys are gone; what is left under tag:menu is left to do$/);
		assert.equal(outcome!.done, false);
	});
	await redis.call('acl', 'deluser', 'reader', 'half');
	assert.ok(url);
});

cached('a wrong password, a database that is not there, nobody there: a sentence without the secret', async ({port}) => {
	const closed = await openProxy(port);
	await closed.close();
	const cases: readonly (readonly [string, RegExp])[] = [
		[`redis://:hunter2@127.0.0.1:${port}`, /it refuses this user or password/],
		[`redis://127.0.0.1:${port}`, /it wants a password/],
		[`redis://:hunter2@127.0.0.1:${closed.port}`, /nothing listens there/],
		[`unix://:hunter2@${scratch('none.sock')}`, /there is no such socket/],
		[`redis://:hun ter2@nowhere.invalid:${port}`, /host name is not known|does not answer|cannot be read/],
		['redis://:hunter2@:::', /URL cannot be read/],
		// Without the name of a primary it went on as the path of a socket.
		['redis+sentinel://:hunter2@127.0.0.1:26379', /URL cannot be read.*redis\+sentinel/],
		[`${cache!.url.replace(/0$/, '')}99`, /DB index is out of range/],
		[`${cache!.url.replace(/0$/, '')}abc`, /URL cannot be read/],
	];
	for (const [url, pattern] of cases)
		await watching(url, async open => {
			const text = await complaint(open, pattern);
			assert.doesNotMatch(text + screen(open), /hunter2|hun%20ter2/);
			await isLive(open);
		});
});

cached('the database of the URL, and a socket', async ({url, port}) => {
	const second = await beside(url.replace(/0$/, '2'));
	await fill('second', ['in 2'], second);
	await fill('first', ['in 0']);
	const secret = /:([^@:]*)@/.exec(url)![1]!;
	for (const [address, tag, key] of [
		[url.replace(/0$/, '2'), 'second', 'in 2'],
		[`unix://:${secret}@${join(server.socketDir, 'redis.sock')}`, 'first', 'in 0'],
	] as const)
		await watching(address, async open => {
			const found = await rows(open, 'redis-tags', row => row.keys === 1);
			assert.deepEqual(
				found.map(row => row.tag),
				[tag],
			);
			await tagged(open, tag);
			readable(await open.ask('invalidate'));
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(await (tag === 'second' ? second : redis).exists(key), 0);
		});
	second.disconnect();
	assert.ok(port);
});

cached('a read-only replica says so, and nothing is changed', async ({url, port}) => {
	const secret = /:([^@:]*)@/.exec(url)![1]!;
	const replica = (await startCache([`replicaof 127.0.0.1 ${port}`, `masterauth ${secret}`]))!;
	try {
		await fill('menu', numbered('page', 10));
		const own = await beside(replica.url);
		await until(
			() => own.exists('tag:menu'),
			there => there === 1,
		);
		await watching(replica.url, async open => {
			await tagged(open, 'menu');
			await rows(open, 'redis-info', row => row.role === 'slave');
			readable(await open.ask('invalidate'));
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.text, 'menu: Redis: it is a read-only replica: name its primary: nothing was changed');
		});
		assert.equal(await own.scard('tag:menu'), 10);
		own.disconnect();
	} finally {
		await replica.stop();
	}
});

cached('stopped in the middle: what is gone is said, what is not known too, and the console goes on', async ({url, kill}) => {
	await fill('menu', numbered('page', 30_000));
	await watching(url, async open => {
		await tagged(open, 'menu');
		readable(await open.ask('invalidate'));
		const request = open.yes();
		await until(
			() => progress(open),
			text => /^[1-9]\d* keys gone/.test(text),
		);
		kill('SIGSTOP');
		try {
			await isLive(open);
			const [outcome] = await open.settled(request);
			assert.match(
				outcome!.text,
				/^menu: Redis: it does not answer: \d+ keys are gone(, of \d+ more it is not known)?; what is left under tag:menu is left to do$/,
			);
			assert.deepEqual([open.auditLines().at(-1)!.outcome === 'done', outcome!.done], [false, false]);
			await isLive(open);
		} finally {
			kill('SIGCONT');
		}
		open.watch.store.dispatch({type: 'closed'});
		const left = await redis.scard('tag:menu');
		assert.ok(left > 0 && left < 30_000);
		await rows(open, 'redis-tags', row => row.tag === 'menu' && row.keys === left);
	});
});

cached('cut off in the middle, and back: what is left under the tag is left to do', async ({url, port}) => {
	await fill('menu', numbered('page', 10_000));
	const proxy = await openProxy(port);
	try {
		await watching(url.replace(`:${port}/`, `:${proxy.port}/`), async open => {
			await tagged(open, 'menu');
			readable(await open.ask('invalidate'));
			const request = open.yes();
			await until(
				() => progress(open),
				text => /^[1-9]\d* keys gone/.test(text),
			);
			proxy.cut(true);
			const [outcome] = await open.settled(request);
			assert.match(outcome!.text, /^menu: Redis: (the connection was lost|nothing listens there|it does not answer): \d+ keys are gone/);
			assert.equal(outcome!.done, false);
			open.watch.store.dispatch({type: 'closed'});
			const left = await redis.scard('tag:menu');
			await rows(open, 'redis-tags', row => row.tag === 'menu' && row.keys === left);
			await isLive(open);
			assert.equal((await redis.dbsize()) - 1 <= left, true, 'no key lives that its tag has lost');
		});
	} finally {
		await proxy.close();
	}
});

test('killed in the middle', async context => {
	const own = await startCache(['maxmemory 0']);
	if (!own) return context.skip('no redis-server on the PATH, and none could be fetched');
	const filler = await beside(own.url);
	await fill('menu', numbered('page', 20_000), filler);
	filler.disconnect();
	await watching(own.url, async open => {
		await tagged(open, 'menu');
		readable(await open.ask('invalidate'));
		const request = open.yes();
		await until(
			() => progress(open),
			text => /^[1-9]\d* keys gone/.test(text),
		);
		own.kill('SIGKILL');
		const [outcome] = await open.settled(request);
		assert.match(outcome!.text, /^menu: Redis: (the connection was lost|nothing listens there): \d+ keys are gone/);
		await complaint(open, /the connection was lost|nothing listens there/);
		await isLive(open);
	});
});

/** A notification that comes before is heard by nobody. */
async function listening(): Promise<void> {
	const client = await server.connect();
	try {
		await until(
			async () => (await client.query("select count(*)::int as n from pg_stat_activity where query ilike 'listen%performance_alert%'")).rows[0].n,
			count => count > 0,
		);
	} finally {
		await client.end();
	}
}

cached('the primary that sentinels name is asked, and after its death the next one; who is not known there is told', async () => {
	const first = (await startCache())!;
	const next = (await startCache())!;
	const {password} = new URL(first.url);
	const secret = async (url: string) => {
		const one = await beside(url);
		await one.config('SET', 'masterauth', password, 'requirepass', password);
		one.disconnect();
		return beside(url.replace(new URL(url).password, password));
	};
	const [old, own] = [await secret(first.url), await secret(next.url)];
	const rules = ['auth-pass shop '.concat(password), 'down-after-milliseconds shop 300', 'failover-timeout shop 3000'];
	const sentinel = (await startCache([`sentinel monitor shop 127.0.0.1 ${first.port} 1`, ...rules.map(rule => `sentinel ${rule}`)], ['--sentinel']))!;
	const look = await beside(sentinel.url);
	const sentinelPassword = new URL(sentinel.url).password;
	const asked = (name: string) => `redis+sentinel://:${password}@127.0.0.1:1,127.0.0.1:${sentinel.port}/${name}/0?sentinel_password=${sentinelPassword}`;
	try {
		await own.replicaof('127.0.0.1', first.port);
		await fill('menu', numbered('menu', 10), old);
		await watching(asked('nobody'), async open => {
			assert.match(await complaint(open, /./), /no sentinel of its URL answers, or none knows a primary of this name/);
		});
		for (const wrong of [asked('shop').replace(/sentinel_password=.*/, ''), asked('shop').replace(/sentinel_password=.*/, 'sentinel_password=hunter2')]) {
			await watching(wrong, async open => {
				assert.match(await complaint(open, /./), /a sentinel of its URL wants another password: \?sentinel_password=/);
			});
		}
		await watching(asked('shop'), async open => {
			await rows(open, 'redis-tags', row => row.tag === 'menu' && row.keys === 10);
			// A sentinel hears of replicas every ten seconds.
			await until(
				() => look.call('sentinel', 'replicas', 'shop') as Promise<unknown[]>,
				found => found.length === 1,
			);
			await until(
				() => own.scard('tag:menu'),
				n => n === 10,
			);
			old.disconnect();
			first.kill('SIGKILL');
			await until(
				async () => (await own.role())[0],
				role => role === 'master',
			);
			await fill('after', numbered('after', 7), own);
			await rows(open, 'redis-tags', row => row.tag === 'after' && row.keys === 7);
			await isLive(open);
		});
	} finally {
		for (const one of [look, own, old]) one.disconnect();
		for (const one of [sentinel, next, first]) await one.stop();
	}
});

cached('a notification names a table: X invalidates the tag that the rule makes of it, and asks', async ({url}) => {
	await others();
	await fill('tenant:3', ['page:1', 'page:2']);
	await fill('tenant:*', ['star']);
	await watching(
		url,
		async open => {
			await listening();
			for (const payload of ['{"table":"menu_items","tenant":3}', '{"table":"menu_items","tenant":"*"}', '{"table":"carts"}', 'no json \x1b[2J'])
				await server.run(`select pg_notify('cache_invalidation', $t$${payload}$t$)`);
			await server.run(`select pg_notify('performance_alert', '{"table":"menu_items","tenant":3}')`);
			const log = () => open.state().tables['log-notifications']?.rows ?? [];
			await until(log, found => found.length === 5);
			assert.deepEqual(
				log().map(row => row.tag),
				['tenant:3', 'tenant:*', null, null, null],
			);
			await open.choose('log', 'log-notifications', row => row.tag === 'tenant:3');
			const question = readable(await open.ask('invalidate-named'));
			assert.deepEqual(
				question.plan!.targets.map(target => target.subject),
				['tenant:3'],
			);
			assert.doesNotMatch(screen(open), /\x1b/);
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(await redis.exists('page:1', 'page:2', 'tag:tenant:3'), 0);
			assert.equal(await redis.exists('star', 'tag:tenant:*', 'other:1'), 3, 'a payload is no pattern');
			open.watch.store.dispatch({type: 'closed'});
			await open.choose('log', 'log-notifications', row => row.tag === 'tenant:*' || String(row.text).includes('carts'));
			const several = readable(await open.ask('invalidate-named'));
			assert.match(
				several
					.plan!.facts.flat()
					.map(part => part.text)
					.join(' '),
				/1 of 2 marked can't be chosen and are left out/,
			);
			for (let times = 0; times < 2; times++) open.watch.store.dispatch({type: 'closed'});
			await open.choose('log', 'log-notifications', row => String(row.text).includes('carts'));
			assert.match(String(await open.ask('invalidate-named')), /no rule makes a tag of table "carts"/);
			await open.choose('log', 'log-notifications', row => row.channel === 'performance_alert');
			assert.match(String(await open.ask('invalidate-named')), /no notification of cache_invalidation/);
		},
		{invalidate: {menu_items: 'tenant:{tenant}'}, channels: ['cache_invalidation', 'performance_alert']},
	);
});

cached('from the shell: dry, for real, and once more with nothing to do; a config may say how tags are named', async ({url}) => {
	await others();
	await fill('menu', numbered('page', 5));
	await redis.sadd('my/m/tags', '1');
	await redis.set('my/data/1', 'x');
	const words = ['-d', server.conninfo, '--redis', url, '--audit', scratch('audit.jsonl')];
	const dry = await pgperf(['act', 'invalidate', 'menu', '--dry-run', ...words]);
	assert.equal(dry.code, 0, dry.err);
	assert.match(dry.out, /^sscan tag:menu CURSOR count 200;\nunlink MEMBER/);
	assert.equal(await redis.scard('tag:menu'), 5);
	const unasked = await pgperf(['act', 'invalidate', 'menu', ...words]);
	assert.equal(unasked.code, 2, unasked.err);
	const real = await pgperf(['act', 'invalidate', 'menu', 'menu', '--yes', ...words]);
	assert.equal(real.code, 0, real.err);
	assert.match(real.err, /menu: 5 keys unlinked, and the tag with them/);
	const again = await pgperf(['act', 'invalidate', 'menu', '--yes', ...words]);
	assert.equal(again.code, 3, again.err);
	assert.match(again.err, /menu: it has no keys: nothing to do/);
	const config = scratch('config.toml');
	writeFileSync(config, 'cache_scheme = "{prefix}{tag}/tags={prefix}data/{key}"\ncache_prefix = "my/"\n', {mode: 0o600});
	const own = await pgperf(['act', 'invalidate', 'm', '--yes', '--config', config, ...words]);
	assert.equal(own.code, 0, own.err);
	assert.equal(await redis.exists('my/m/tags', 'my/data/1'), 0);
	const wrong = await pgperf(['act', 'invalidate', 'm', '--cache-scheme', 'sets', ...words]);
	assert.equal(wrong.code, 64, wrong.err);
});

test('a cluster: tags and keys on different nodes, found and unlinked', async context => {
	const nodes = (
		await Promise.all([1, 2, 3].map(async n => startCache(['cluster-enabled yes', `cluster-config-file nodes-${n}.conf`, `cluster-port ${await freePort()}`])))
	).filter(node => node !== undefined);
	if (nodes.length < 3) return context.skip('no redis-server 7 or newer on the PATH, and none could be fetched');
	const url = `redis://:pw@127.0.0.1:${nodes[0]!.port}`;
	const clients = await Promise.all(nodes.map(node => beside(node.url)));
	try {
		// A cluster has one password.
		await Promise.all(clients.map(client => client.config('SET', 'requirepass', 'pw')));
		const bounds = [0, 5461, 10923, 16384];
		await Promise.all(
			clients.map((client, i) => client.call('cluster', 'addslots', ...Array.from({length: bounds[i + 1]! - bounds[i]!}, (_, n) => String(bounds[i]! + n)))),
		);
		for (const [i, node] of nodes.entries()) {
			const [, busPort] = await clients[i]!.config('GET', 'cluster-port');
			if (i > 0) await clients[0]!.call('cluster', 'meet', '127.0.0.1', String(node.port), String(busPort));
		}
		for (const client of clients)
			await until(
				async () => String(await client.call('cluster', 'info')),
				info => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'),
			);
		const {Cluster} = await import('ioredis');
		const cluster = new Cluster([{host: '127.0.0.1', port: nodes[0]!.port}], {redisOptions: {password: 'pw'}});
		const keys = numbered('page', 300);
		await Promise.all(keys.map(key => cluster.set(key, 'x')));
		await cluster.sadd('tag:menu', ...keys);
		for (const tag of ['a', 'b', 'c', 'd', 'e']) await cluster.sadd(`tag:${tag}`, 'page:1');
		for (const address of [url, `${url},127.0.0.1:${nodes[2]!.port}`])
			await watching(address, async open => {
				const found = await rows(open, 'redis-tags', row => row.tag === 'e' && row.keys === 1);
				assert.deepEqual(
					found
						.map(row => row.tag)
						.filter(tag => tag !== 'menu')
						.sort(),
					['a', 'b', 'c', 'd', 'e'],
				);
				await rows(open, 'redis-info', row => row.nodes === 3);
				if (address !== url) return;
				await tagged(open, 'menu');
				const question = readable(await open.ask('invalidate'));
				assert.equal(question.plan!.typed, '300');
				const [outcome] = await open.settled(open.yes());
				assert.equal(outcome!.text, 'menu: 300 keys unlinked, and the tag with them');
			});
		assert.deepEqual(
			await Promise.all(keys.map(key => cluster.exists(key))),
			keys.map(() => 0),
		);
		cluster.disconnect();
	} finally {
		for (const client of clients) client.disconnect();
		await Promise.all(nodes.map(node => node.stop()));
	}
});

test('TLS: trusted by the authority that is named, refused otherwise', async context => {
	const openssl = await findTool('openssl');
	if (typeof openssl === 'string') return context.skip(openssl);
	const dir = scratch('tls');
	mkdirSync(dir, {recursive: true});
	const made = makeCertificates(openssl, dir);
	// Redis runs as another account, which reads its files below its own directory.
	const [certificate, key, authority] = [made.server.certificate, made.server.key, made.authority].map(file => join(server.socketDir, file.split('/').at(-1)!));
	for (const [from, to] of [
		[made.server.certificate, certificate],
		[made.server.key, key],
		[made.authority, authority],
	] as const) {
		execFileSync('cp', [from, to!]);
		execFileSync('chmod', ['0644', to!]);
	}
	const probe = await openProxy(server.port);
	const {port} = probe;
	await probe.close();
	const own = await startCache([
		`tls-port ${port}`,
		`tls-cert-file ${certificate}`,
		`tls-key-file ${key}`,
		`tls-ca-cert-file ${authority}`,
		'tls-auth-clients no',
	]);
	if (!own) return context.skip('no redis-server that can be had was built with TLS');
	const filler = await beside(own.url);
	try {
		await fill('menu', ['page:1'], filler);
		const secret = /:([^@:]*)@/.exec(own.url)![1]!;
		const words = [
			'act',
			'invalidate',
			'menu',
			'--yes',
			'-d',
			server.conninfo,
			'--redis',
			`rediss://:${secret}@localhost:${port}`,
			'--audit',
			scratch('tls.jsonl'),
		];
		const refused = await pgperf(words);
		assert.equal(refused.code, 2, refused.err);
		assert.match(refused.err, /its certificate is not trusted: NODE_EXTRA_CA_CERTS names a file with its authority/);
		assert.doesNotMatch(refused.err, new RegExp(secret));
		const trusted = await pgperf(words, {NODE_EXTRA_CA_CERTS: made.authority});
		assert.equal(trusted.code, 0, trusted.err);
		assert.equal(await filler.exists('page:1', 'tag:menu'), 0);
	} finally {
		filler.disconnect();
		await own.stop();
	}
});

cached('two consoles at once: every key goes once, and neither claims what the other did', async ({url}) => {
	await others();
	await fill('menu', numbered('page', 3000));
	await watching(url, async one => {
		await watching(url, async two => {
			for (const open of [one, two]) {
				await tagged(open, 'menu');
				assert.equal(readable(await open.ask('invalidate')).plan!.typed, '3000');
			}
			const outcomes = await Promise.all([one.settled(one.yes()), two.settled(two.yes())]);
			const texts = outcomes.map(([outcome]) => outcome!.text);
			assert.deepEqual(
				outcomes.map(([outcome]) => outcome!.done),
				[true, true],
				texts.join('\n'),
			);
			const unlinked = texts.map(text => Number(/^menu: (\d+) keys unlinked/.exec(text)![1]));
			assert.equal(unlinked[0]! + unlinked[1]!, 3000, texts.join('\n'));
			assert.equal(await redis.exists('tag:menu', 'page:0', 'page:2999'), 0);
		});
	});
});
