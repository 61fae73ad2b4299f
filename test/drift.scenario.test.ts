import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {startServer, type TestServer, until} from './support/servers.ts';
import {openWatching, type Watching} from './support/watching.ts';

let server: TestServer;

before(async () => {
	server = await startServer();
	await server.createRoles();
	await server.run('create role drifter login in role pg_monitor, pg_signal_backend');
	await server.createDatabase('shop', 'create table orders (id int primary key); create extension pg_stat_statements');
});
after(async () => {
	await server.stop();
});

async function watching(options: Parameters<typeof openWatching>[0], use: (one: Watching) => Promise<void>): Promise<void> {
	const one = await openWatching(options);
	try {
		await one.comes(state => state.servers[state.watched]?.feed.is === 'live' && one.vitals() !== undefined);
		await use(one);
	} finally {
		await one.close();
	}
}

const facts = (one: Watching) => one.state().servers[one.state().watched]!.facts!;
const logged = (one: Watching, said: RegExp) => one.comes(state => state.log.some(entry => said.test(entry.text)));

test('rights that are taken away are noticed, said, and missed; given back, everything returns by itself', async () => {
	const busy = await server.connect({database: 'shop', user: 'plain_role'});
	await watching({servers: [server.uri({database: 'shop', user: 'drifter'})], pane: 'sessions'}, async one => {
		assert.equal(facts(one).canReadAll, true);
		assert.equal(one.vitals()!.hidden, 0);
		await server.run('revoke pg_monitor, pg_signal_backend from drifter');
		await logged(one, /role drifter has lost pg_read_all_stats/);
		await logged(one, /role drifter has lost pg_signal_backend/);
		assert.equal(facts(one).canReadAll, false);
		await one.comes(() => Number(one.vitals()!.hidden) > 0);
		assert.match(one.state().notice?.text ?? '', /has lost/);
		await server.run('grant pg_monitor, pg_signal_backend to drifter');
		await logged(one, /role drifter has gained pg_read_all_stats/);
		await one.comes(() => one.vitals()!.hidden === 0 && facts(one).canSignal);
	});
	await busy.end();
});

test('a function that is revoked costs its pane alone, with the reason, until it is granted again', async () => {
	await server.run('revoke execute on function pg_stat_get_wal() from public; grant execute on function pg_stat_get_wal() to plain_role', 'shop');
	await watching({servers: [server.uri({database: 'shop', user: 'plain_role'})], pane: 'wal'}, async one => {
		await one.comes(state => state.tables.wal?.at !== undefined);
		await server.run('revoke execute on function pg_stat_get_wal() from plain_role', 'shop');
		const problem = await one.comes(state => state.tables.wal?.problem);
		assert.match(problem.reason, /permission denied for function pg_stat_get_wal/);
		assert.match(one.screen(), /permission denied/);
		assert.equal(one.state().servers[one.state().watched]!.feed.is, 'live');
		await server.run('grant execute on function pg_stat_get_wal() to public', 'shop');
		one.dispatch({type: 'refreshed', at: performance.now()});
		await one.comes(state => state.tables.wal?.problem === undefined);
	});
	await server.run('grant execute on function pg_stat_get_wal() to public', 'shop');
});

test('an extension that is dropped and created again, elsewhere, is followed', async () => {
	await watching({servers: [server.uri({database: 'shop'})], pane: 'queries'}, async one => {
		await one.comes(() => (one.state().tables.queries?.rows.length ?? 0) > 0);
		await server.run('drop extension pg_stat_statements', 'shop');
		await logged(one, /the extension pg_stat_statements was dropped/);
		await one.comes(() => /create extension pg_stat_statements/.test(one.screen()));
		await server.run('create schema "Odd, place"; create extension pg_stat_statements schema "Odd, place"', 'shop');
		await logged(one, /the extension pg_stat_statements was created \(1\.\d+\)/);
		// A sample that is younger than the drop.
		const before = performance.now();
		await one.comes(state => state.tables.queries?.problem === undefined && (state.tables.queries?.at ?? 0) > before);
		await server.run('drop extension pg_stat_statements; drop schema "Odd, place"; create extension pg_stat_statements version \'1.10\'', 'shop');
		await logged(one, /pg_stat_statements was updated from 1\.12 to 1\.10|pg_stat_statements was created \(1\.10\)/);
		const later = performance.now();
		await one.comes(state => state.tables.queries?.problem === undefined && (state.tables.queries?.at ?? 0) > later);
	});
});

test('a restart is seen through: the data stays and is marked, changes begin anew', async () => {
	await watching({servers: [server.uri({database: 'shop'})], pane: 'sessions'}, async one => {
		const {started_at} = facts(one);
		await server.stop();
		await one.comes(state => state.servers[state.watched]!.feed.is === 'lost');
		assert.match(one.screen().split('\n')[0]!, /✖ lost: (retry in \d+s|trying)/);
		await server.start();
		await one.comes(state => state.servers[state.watched]!.feed.is === 'live');
		assert.notEqual(facts(one).started_at, started_at);
		await logged(one, /it was restarted: changes are counted anew/);
		await one.comes(state => {
			const answer = state.answers[state.watched]?.vitals;
			return answer?.sample !== undefined && answer.previous !== undefined && Number(answer.previous.rows[0]!.started_at) === facts(one).started_at;
		});
	});
});

test('statistics that are reset are said, and no rate goes below zero', async () => {
	await watching({servers: [server.uri({database: 'shop'})], pane: 'overview'}, async one => {
		await one.comes(state => state.answers[state.watched]?.vitals?.previous !== undefined);
		const rates: number[] = [];
		const stop = one.watch.store.subscribe(state => {
			for (const row of state.tables.vitals?.rows ?? [])
				for (const [field, value] of Object.entries(row)) if (/_per_s$|_d$/.test(field) && typeof value === 'number') rates.push(value);
		});
		await server.run('select pg_stat_reset()', 'shop');
		await logged(one, /statistics were reset: changes are counted anew/);
		await one.comes(state => {
			const answer = state.answers[state.watched]?.vitals;
			return answer?.previous !== undefined && answer.previous.rows[0]?.stats_reset === answer.sample?.rows[0]?.stats_reset;
		});
		stop();
		assert.ok(rates.length > 0);
		assert.deepEqual(
			rates.filter(rate => rate < 0),
			[],
		);
	});
});

test('its own sessions may be ended: they come back', async () => {
	await watching({servers: [server.uri({database: 'shop'})], channels: ['news'], pane: 'tables'}, async one => {
		const other = await server.connect({database: 'shop'});
		const pids = async () =>
			(await other.query<{pid: number}>("select pid from pg_stat_activity where application_name = 'pgperf' order by pid")).rows.map(row => row.pid);
		const before = await until(pids, found => found.length === 4);
		await other.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgperf'");
		await until(pids, found => found.length === 4 && found.every(pid => !before.includes(pid)));
		await one.comes(state => state.servers[state.watched]!.feed.is === 'live');
		// A session is there a moment before it listens.
		await until(
			async () => {
				await other.query("notify news, 'still heard'");
				return one.state().log.some(entry => entry.text.includes('still heard'));
			},
			heard => heard,
		);
		await other.end();
	});
});

test('of several hosts it follows to the one that lives, and says so; a promotion is noticed', async () => {
	const primary = await startServer({standby: true});
	const standby = primary.standby!;
	const hosts = `postgresql://postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres?connect_timeout=2`;
	await watching({servers: [hosts]}, async any => {
		await watching({servers: [`${hosts}&target_session_attrs=primary`, standby.conninfo]}, async writer => {
			const first = `postgres @ 127.0.0.1:${primary.port}`;
			const second = `postgres @ 127.0.0.1:${standby.port}`;
			assert.equal(any.state().servers[any.state().watched]!.title, first);
			assert.equal(writer.state().servers[writer.state().watched]!.title, first);
			await primary.stop();
			await any.comes(state => state.servers[state.watched]!.title === second);
			await logged(any, /is left, postgres @ 127\.0\.0\.1:\d+ answers/);
			await any.comes(() => /standby/.test(any.screen().split('\n')[0]!));
			// It does not take a standby for what it is told to watch.
			await writer.comes(
				state => state.servers[state.watched]!.feed.is === 'lost' && /target_session_attrs/.test(JSON.stringify(state.servers[state.watched]!.feed)),
			);
			await standby.run('select pg_promote()');
			await logged(any, /it was promoted: a primary now/);
			await any.comes(() => /primary/.test(any.screen().split('\n')[0]!));
			await writer.comes(state => state.servers[state.watched]!.feed.is === 'live' && state.servers[state.watched]!.title === second);
			// The same server as companion: its role is read again too.
			await writer.comes(state => state.servers[second]?.facts?.recovery === false, 30_000);
		});
	});
	await standby.stop();
});
