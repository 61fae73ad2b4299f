import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {refusal} from '../source/io/runner.ts';
import {openProxy} from './support/proxy.ts';
import {startServer, type TestServer, until} from './support/servers.ts';
import {openWatching, rules, type Watching} from './support/watching.ts';

let shop: TestServer;
let other: TestServer;

before(async () => {
	shop = await startServer({standby: true});
	other = await startServer({major: 16});
	await shop.createRoles();
	await shop.createDatabase(
		'shop',
		'create table orders (id int primary key); create materialized view endless as select 1 as n from pg_sleep(120) with no data',
	);
	await shop.createDatabase('billing', 'create table bills (id int primary key)');
	await shop.createDatabase('closed');
	await shop.run('revoke connect on database closed from public');
});
after(async () => {
	await shop.standby?.stop();
	await shop.stop();
	await other.stop();
});

async function watching(options: Parameters<typeof openWatching>[0], use: (watching: Watching) => Promise<void>): Promise<void> {
	const one = await openWatching(options);
	try {
		await use(one);
	} finally {
		await one.close();
	}
}

const live = (one: Watching) => one.comes(state => state.servers[state.watched]?.feed.is === 'live' && one.vitals() !== undefined);
const sessions = async (server: TestServer): Promise<readonly string[]> => {
	const client = await server.connect();
	const {rows} = await client.query<{datname: string}>(
		"select datname from pg_stat_activity where application_name like 'pgperf%' and backend_type = 'client backend' order by 1",
	);
	await client.end();
	return rows.map(row => row.datname);
};

const none = (server: TestServer) =>
	until(
		() => sessions(server),
		found => found.length === 0,
	);

test('who has stopped watching is held by no timer', async () => {
	const timers = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
	const before = timers();
	await watching({servers: [shop.uri({database: 'shop'})]}, async one => {
		await live(one);
		// Who leaves while a session is being opened is kept by it, until it is: all that open by themselves are open first.
		await one.comes(() => one.events.some(event => event.type === 'refreshedFacts'));
		await until(
			() => sessions(shop),
			found => found.length === 3,
		);
		assert.ok(timers() > before);
	});
	assert.equal(timers(), before);
});

test('another database of the same server is watched: line 1 says it, what was shown is gone, the old sessions are closed', async () => {
	await watching({servers: [shop.uri({database: 'shop'})], pane: 'tables'}, async one => {
		await live(one);
		await one.comes(() => /shop, 1 of 4 databases/.test(one.screen()));
		await one.comes(() => /orders/.test(one.screen()));
		await one.comes(state => Object.keys(state.history).length > 0);
		const remembered: number[] = [];
		one.watch.store.subscribe((state, event) => {
			if (event.type === 'watched') remembered.push(Object.keys(state.history).length);
		});
		one.dispatch({type: 'typed', text: 'x', at: 0});
		await one.go('database billing');
		await one.comes(state => state.servers[state.watched]?.title === `billing @ 127.0.0.1:${shop.port}`);
		assert.match(one.screen().split('\n')[0]!, new RegExp(`billing @ 127.0.0.1:${shop.port}`));
		assert.doesNotMatch(one.screen(), /orders/);
		await one.comes(() => /bills/.test(one.screen()));
		await one.comes(() => /billing, 1 of 4 databases/.test(one.screen()));
		assert.deepEqual(Object.keys(one.state().servers), [one.state().watched]);
		await until(
			() => sessions(shop),
			found => found.length > 0 && found.every(name => name === 'billing'),
		);
		assert.deepEqual(remembered, [0]);
		await one.go('database shop');
		await one.comes(() => /orders/.test(one.screen()));
		await until(
			() => sessions(shop),
			found => found.length > 0 && found.every(name => name === 'shop'),
		);
	});
	await none(shop);
});

test('a database that can not be entered is said, and the watched one stays', async () => {
	await watching({servers: [shop.uri({database: 'shop', user: 'plain_role'})]}, async one => {
		await live(one);
		one.dispatch({type: 'called', overlay: 'servers'});
		const closed = await one.comes(state => {
			const menu = state.overlays.at(-1);
			return menu?.is === 'menu' && menu.items.find(item => item.text === 'database closed');
		});
		assert.match(closed.disabled ?? '', /plain_role may not connect: grant connect on database/);
		one.dispatch({type: 'closed'});
		await shop.run('create database vanishing');
		one.dispatch({type: 'called', overlay: 'servers'});
		await one.comes(state => {
			const menu = state.overlays.at(-1);
			return menu?.is === 'menu' && menu.items.some(item => item.text === 'database vanishing');
		});
		await shop.run('drop database vanishing');
		one.dispatch({type: 'typed', text: 'vanishing', at: 0});
		one.dispatch({type: 'chosen', at: 0});
		const said = await one.comes(state => state.notice?.text.startsWith('still watching') && state.notice.text);
		assert.match(said, /still watching shop @ 127\.0\.0\.1:\d+: .*vanishing/);
		assert.equal(one.state().servers[one.state().watched]!.title, `shop @ 127.0.0.1:${shop.port}`);
		assert.equal(one.state().servers[one.state().watched]!.feed.is, 'live');
		assert.equal(Object.keys(one.state().servers).length, 1);
	});
});

test('a server of the configuration brings its label and its rules, and the first one can be gone back to', async () => {
	const places = [
		{name: 'prod', servers: [other.uri()], rules: {label: 'PROD', readOnly: true, confirm: 'type' as const, limits: {...rules.limits}}},
		{name: 'gone', servers: ['postgresql://postgres@127.0.0.1:1/postgres']},
	];
	await watching({servers: [shop.uri({database: 'shop'})], places}, async one => {
		await live(one);
		assert.equal(one.state().settings.readOnly, false);
		await one.comes(state => state.places.some(place => place.text === 'database billing'));
		const offered: string[] = [];
		one.watch.store.subscribe((state, event) => {
			if (event.type === 'sampled' && event.server === 'prod') offered.push(...state.places.map(place => place.text));
		});
		await one.go('prod');
		await one.comes(state => state.watched === 'prod');
		await live(one);
		assert.ok(!offered.includes('database billing'), 'a database of the former server is offered as one of this');
		assert.ok(offered.some(text => text.startsWith('shop @')));
		const {label, readOnly, confirm} = one.state().settings;
		assert.deepEqual({label, readOnly, confirm}, {label: 'PROD', readOnly: true, confirm: 'type'});
		assert.match(one.screen().split('\n')[0]!, /PROD {2}postgres @ 127\.0\.0\.1:\d+ {2}READ ONLY/);
		await none(shop);
		await one.go('gone');
		const said = await one.comes(state => state.notice?.text.startsWith('still watching') && state.notice.text);
		assert.match(said, /127\.0\.0\.1:1/);
		assert.equal(one.state().watched, 'prod');
		await one.go('shop @');
		await one.comes(state => state.watched.startsWith('shop @'));
		await live(one);
		assert.deepEqual([one.state().settings.label, one.state().settings.readOnly], [null, false]);
		await none(other);
	});
});

test('what a notification invalidates goes by the rules of the server that is watched, also when the first one is gone back to', async () => {
	const places = [{name: 'prod', servers: [other.uri()], rules: {invalidate: {menu: 'other:{id}'}}}];
	await watching({servers: [shop.uri({database: 'shop'})], places, settings: {invalidate: {menu: 'menu:{id}'}}}, async one => {
		await live(one);
		const tag = () => {
			one.dispatch({type: 'notified', server: one.state().watched, channel: 'cache_invalidation', payload: '{"table":"menu","id":3}'});
			return one.state().log.at(-1)?.tag;
		};
		assert.equal(tag(), 'menu:3');
		await one.go('prod');
		await one.comes(state => state.watched === 'prod');
		assert.equal(tag(), 'other:3');
		await one.go('shop @');
		await one.comes(state => state.watched.startsWith('shop @'));
		assert.equal(tag(), 'menu:3');
	});
});

test('what was begun while another server was on its way keeps the one that it runs on, and can still be cancelled', async () => {
	const proxy = await openProxy(other.port);
	proxy.hole(true);
	const far = other.uri().replace(`:${other.port}/`, `:${proxy.port}/`);
	try {
		await watching({servers: [shop.uri({database: 'shop'})], places: [{name: 'far', servers: [far]}], pane: 'views'}, async one => {
			await live(one);
			const here = one.state().watched;
			// The way there is given up after a while: nothing that takes long is waited for on it.
			await one.comes(state => state.tables.views?.rows.some(row => row.name === 'endless'));
			await one.go('far');
			await one.comes(state => state.going !== null);
			one.dispatch({type: 'moved', by: 'top'});
			one.dispatch({type: 'asked', action: 'refresh', at: performance.now()});
			const {request} = await one.comes(state => {
				const overlay = state.overlays.at(-1);
				return overlay?.is === 'question' && overlay.stage === 'shown' && overlay;
			});
			one.dispatch({type: 'answered', request, yes: true, at: performance.now()});
			await one.comes(state => JSON.stringify(state.overlays).includes('refresh materialized view'));
			proxy.hole(false);
			const said = await one.comes(state => state.going === null && state.notice?.text);
			assert.match(said, /^still running here: .*endless/);
			assert.equal(one.state().watched, here);
			assert.deepEqual(Object.keys(one.state().servers), [here]);
			await none(other);
			const asked = one.events.length;
			await one.comes(() => one.events.slice(asked).some(event => event.type === 'sampled' && event.server === here));
			assert.equal(one.state().overlays.at(-1)?.is, 'progress');
			one.dispatch({type: 'cancelled', request});
			const settled = await one.comes(() => one.events.find(event => event.type === 'settled' && event.request === request));
			assert.ok(settled.type === 'settled');
			assert.match(settled.outcomes[0]!.text, /endless: cancelled/);
		});
	} finally {
		await proxy.close();
	}
});

test('read_only holds in the runner, whatever the screen lets through; confirm = "type" asks for the word', async () => {
	const victim = await other.connect();
	const {pid} = (await victim.query<{pid: number}>('select pg_backend_pid() as pid')).rows[0]!;
	const typing = {name: 'typing', servers: [other.uri()], rules: {confirm: 'type' as const}};
	const reading = {name: 'reading', servers: [other.uri()], rules: {readOnly: true}};
	await watching({servers: [shop.uri({database: 'shop'})], places: [typing, reading]}, async one => {
		await live(one);
		await one.go('typing');
		await one.comes(state => state.watched === 'typing');
		one.dispatch({type: 'opened', pane: 'sessions'});
		one.dispatch({type: 'unhid'});
		await one.comes(state => state.tables.sessions?.rows.some(row => row.pid === pid));
		one.dispatch({type: 'called', overlay: 'filter'});
		one.dispatch({type: 'typed', text: String(pid), at: 0});
		one.dispatch({type: 'chosen', at: 0});
		one.dispatch({type: 'moved', by: 'top'});
		one.dispatch({type: 'asked', action: 'terminate', at: performance.now()});
		const question = await one.comes(state => {
			const overlay = state.overlays.at(-1);
			return overlay?.is === 'question' && overlay.stage === 'shown' && overlay;
		});
		assert.equal(question.plan?.typed, String(pid));
		const {action, plan, rows} = question;
		one.dispatch({type: 'closed'});
		await one.go('reading');
		await one.comes(state => state.watched === 'reading');
		await live(one);
		one.dispatch({type: 'opened', pane: 'sessions'});
		one.dispatch({type: 'asked', action: 'terminate', at: performance.now()});
		assert.equal(one.state().overlays.length, 0);
		assert.match(
			refusal(one.state(), action, {...plan!, server: 'reading', generation: one.state().servers.reading!.generation}) ?? '',
			/^read-only: nothing was sent/,
		);
		assert.match(refusal(one.state(), action, plan!) ?? '', /nothing was sent/);
		assert.equal(rows.length, 1);
	});
	assert.equal((await victim.query<{n: number}>('select 1 as n')).rows[0]!.n, 1);
	await victim.end();
});

test('a companion of the same cluster counts and can be watched; one of another is said and does not', async () => {
	await watching({servers: [shop.uri({database: 'shop'}), shop.standby!.uri({database: 'shop'}), other.uri()], pane: 'replication'}, async one => {
		await live(one);
		const standby = `shop @ 127.0.0.1:${shop.standby!.port}`;
		const stranger = `postgres @ 127.0.0.1:${other.port}`;
		await one.comes(state => state.answers[standby]?.replication !== undefined || Object.keys(state.answers[standby] ?? {}).length > 0);
		await one.comes(state => state.servers[stranger]?.feed.is === 'live');
		assert.deepEqual(Object.keys(one.state().answers[stranger] ?? {}), []);
		assert.ok(one.state().log.some(entry => entry.text.startsWith(`${stranger} does not count: it belongs to another cluster`)));
		one.dispatch({type: 'called', overlay: 'servers'});
		const menu = one.state().overlays.at(-1);
		assert.ok(menu?.is === 'menu');
		assert.deepEqual(
			menu.items.slice(0, 3).map(item => item.note),
			['watched now', 'standby', 'does not count: it belongs to another cluster (system identifiers differ)'],
		);
		one.dispatch({type: 'closed'});
		await one.go(standby);
		await one.comes(state => state.watched === standby);
		await live(one);
		assert.match(one.screen().split('\n')[0]!, /standby/);
		// The former one stays as a companion, without the sessions that act.
		assert.equal(one.state().servers[`shop @ 127.0.0.1:${shop.port}`]?.feed.is, 'live');
		await until(
			() => sessions(shop.standby!),
			found => found.length >= 2,
		);
	});
});

test('a companion that is away is tried again, and never asks for a password', async () => {
	const prompts: string[] = [];
	await shop.standby!.stop();
	const askPassword = async (prompt: string) => {
		prompts.push(prompt);
		return undefined;
	};
	await watching({servers: [shop.uri({database: 'shop'}), shop.standby!.uri({database: 'shop'})], askPassword}, async one => {
		await live(one);
		const standby = `shop @ 127.0.0.1:${shop.standby!.port}`;
		await one.comes(state => state.servers[standby]?.feed.is === 'lost');
		await shop.standby!.start();
		await one.comes(state => state.servers[standby]?.feed.is === 'live');
		shop.standby!.kill('SIGQUIT');
		await one.comes(state => state.servers[standby]?.feed.is === 'lost');
		await until(
			async () => {
				await shop.standby!.start().catch(() => undefined);
				return one.state().servers[standby]?.feed.is;
			},
			feed => feed === 'live',
		);
		assert.deepEqual(prompts, []);
	});
});

test('passwords are asked for before the screen is open, kept for the way back, and never asked for after', async () => {
	await other.run("set password_encryption = 'scram-sha-256'; create role secretive login password 'pw'");
	const rules = path.join(other.dataDir, 'pg_hba.conf');
	writeFileSync(rules, `host all secretive 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, 'utf8')}`);
	await other.run('select pg_reload_conf()');
	const prompts: string[] = [];
	const askPassword = async (prompt: string) => {
		prompts.push(prompt);
		return 'pw';
	};
	const secret = other.uri({user: 'secretive'});
	const places = [{name: 'asking', servers: [secret]}];
	await watching({servers: [other.uri(), secret], places, askPassword}, async one => {
		const companion = `${one.state().watched} (2)`;
		await one.comes(state => Object.values(state.servers).every(server => server.feed.is === 'live'));
		assert.deepEqual(prompts, ['Password for user secretive: ']);
		const before = one.events.length;
		await other.run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'secretive'");
		await one.comes(() => one.events.slice(before).some(event => event.type === 'connected' && event.server === companion));
		await one.go('asking');
		const said = await one.comes(state => state.notice?.text.startsWith('still watching') && state.notice.text);
		assert.match(said, /password/);
		assert.equal(prompts.length, 1);
	});
});
