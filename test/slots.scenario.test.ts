import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type pg from 'pg';
import {startServer, type TestServer, until} from './support/servers.ts';
import {openWatching, type Watching} from './support/watching.ts';

/** 20 slots, 3 of them reserved: 17 for everybody. */
let server: TestServer;
const others: pg.Client[] = [];

before(async () => {
	server = await startServer({conf: {max_connections: '20', max_wal_senders: '0', wal_level: 'minimal', wal_keep_size: '0', max_worker_processes: '20'}});
	await server.createRoles();
});
after(async () => {
	await server.stop();
});

async function fill(): Promise<void> {
	for (;;) {
		try {
			others.push(await server.connect({user: 'plain_role'}));
		} catch (error) {
			assert.equal((error as {code?: string}).code, '53300');
			return;
		}
	}
}

async function empty(): Promise<void> {
	await Promise.all(others.splice(0).map(client => client.end()));
}

async function watching(options: Partial<Parameters<typeof openWatching>[0]>, use: (one: Watching) => Promise<void>): Promise<void> {
	const one = await openWatching({servers: [server.conninfo], ...options});
	try {
		await use(one);
	} finally {
		await one.close();
		await empty();
	}
}

const note = (one: Watching) => one.state().servers[one.state().watched]?.note;
const isLive = (one: Watching) => one.comes(() => one.state().servers[one.state().watched]?.feed.is === 'live' && one.vitals() !== undefined);
/** What an ordinary role sees of it: asking needs no slot of its own. */
const ours = async (): Promise<number> => {
	const {rows} = await others[0]!.query<{n: number}>("select count(*)::int as n from pg_stat_activity where application_name = 'pgperf'");
	return rows[0]!.n;
};

test('when the slots fill up while it runs, it keeps two sessions, says so, and comes back', async () => {
	await watching({channels: ['news'], pane: 'tables'}, async one => {
		await isLive(one);
		others.push(await server.connect({user: 'plain_role'}));
		// sample, act, survey, listen
		await until(ours, n => n === 4);
		await fill();
		await one.comes(() => /^in reserved slots, [0-3] left$/.test(note(one) ?? ''));
		assert.match(one.screen().split('\n')[0]!, /in reserved slots, \d left/);
		await until(ours, n => n === 2);
		// Those that were given back are taken at once in the incident.
		await fill();
		await one.comes(() => /^in reserved slots/.test(note(one) ?? ''));
		one.dispatch({type: 'refreshed', at: performance.now()});
		await one.comes(() => /waits: no connection slot is free, and pgperf keeps to two sessions/.test(one.screen()));
		assert.equal(one.state().servers[one.state().watched]?.feed.is, 'live');
		await Promise.all(others.splice(1).map(client => client.end()));
		await one.comes(() => note(one) === undefined);
		await until(ours, n => n === 4);
	});
});

test('the superuser gets in when everything else is taken, and takes no more than two', async () => {
	await fill();
	await watching({channels: ['news']}, async one => {
		await isLive(one);
		await one.comes(() => /^in reserved slots, 1 left$/.test(note(one) ?? ''));
		await until(ours, n => n === 2);
		const before = one.vitals();
		await one.comes(() => one.vitals() !== before);
		assert.equal(await ours(), 2);
	});
});

test('an ordinary role that finds no slot at the start waits on the open screen and gets in by itself', async () => {
	await fill();
	await watching({servers: [server.uri({user: 'monitor_role'})]}, async one => {
		assert.equal(one.problem, undefined);
		const feed = one.state().servers[one.state().watched]!.feed;
		assert.equal(feed.is, 'lost');
		assert.match(one.screen().split('\n')[0]!, /✖ lost: /);
		assert.match(one.screen().split('\n')[2]!, /slots|too many clients/);
		await empty();
		await isLive(one);
	});
});

test('an ordinary role that has two sessions when the slots run out keeps them and waits with the rest', async () => {
	await watching({servers: [server.uri({user: 'monitor_role'})], pane: 'sessions'}, async one => {
		await isLive(one);
		others.push(await server.connect({user: 'plain_role'}));
		await until(ours, n => n >= 2);
		await fill();
		await one.comes(() => note(one) === 'no slot is free: two sessions at most');
		await until(ours, n => n <= 2);
		const before = one.vitals();
		await one.comes(() => one.vitals() !== before);
		assert.equal(one.state().servers[one.state().watched]?.feed.is, 'live');
	});
});
