import assert from 'node:assert/strict';
import {after, afterEach, before, beforeEach, describe, test} from 'node:test';
import type pg from 'pg';
import {parseCatalog, pick} from '../source/catalog.ts';
import {factsOf} from '../source/facts.ts';
import type {VitalsRow} from '../views/panes/vitals.ts';
import {type Actors, actorsOn} from './support/actors.ts';
import {sqlFiles} from './support/queries.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const catalog = parseCatalog(sqlFiles());

for (const major of [13, 18]) {
	describe(`vitals on PostgreSQL ${major}`, () => {
		let primary: TestServer;
		let standby: TestServer;
		let actors: Actors;
		const clients = new Map<TestServer, pg.Client>();
		before(async () => {
			primary = await startServer({major, conf: major >= 16 ? {reserved_connections: '5'} : {}});
			await primary.createRoles();
			await primary.run('create table t as select 1 as i');
			standby = await primary.addStandby('replica', {conf: {max_standby_streaming_delay: '-1', hot_standby_feedback: 'off'}});
		});
		after(async () => {
			for (const client of clients.values()) await client.end().catch(() => undefined);
			await standby.stop();
			await primary.stop();
		});
		beforeEach(async () => {
			actors = await actorsOn(primary);
		});
		afterEach(() => actors.end());

		async function open(server: TestServer, user: string): Promise<pg.Client> {
			const client = await server.connect({user});
			await client.query("set search_path = pg_catalog; set application_name = 'pgperf'");
			return client;
		}
		async function vitals(server: TestServer = primary, client?: pg.Client): Promise<VitalsRow> {
			const own = client ?? clients.get(server) ?? (await open(server, 'postgres'));
			if (!client) clients.set(server, own);
			const facts = factsOf((await own.query(catalog.get('facts')![0]!.text)).rows[0], false);
			const picked = pick(catalog, 'vitals', facts);
			assert.ok('query' in picked);
			const {rows} = await own.query(picked.query.text);
			assert.equal(rows.length, 1);
			return rows[0] as VitalsRow;
		}

		test('sessions by what they do; pgperf itself is no load', async () => {
			const idle = await vitals();
			assert.deepEqual([idle.active, idle.load_running, idle.blocked, idle.idle_in_transaction, idle.idle_in_transaction_s], [0, 0, 0, 0, null]);
			assert.equal(idle.own, 1);
			await actors.does('root', 'begin; update t set i = 2');
			await actors.does('aborted', 'begin');
			await actors.does('aborted', 'select 1/0').catch(() => undefined);
			await actors.waits('waiter', 'update t set i = 3');
			await actors.runs('sleeper', 'select pg_sleep(600)');
			const busy = await until(vitals, row => row.idle_in_transaction === 2 && row.active === 2);
			assert.deepEqual([busy.blocked, busy.load_lock, busy.load_running], [1, 1, 0]);
			assert.equal(busy.connections - idle.connections, 4);
			assert.ok(busy.idle_in_transaction_s !== null && busy.blocked_at_most_s !== null && busy.oldest_xact_s !== null);
			assert.match(String(busy.top_wait), /^(Lock:transactionid|Timeout:PgSleep)$/);
			const {rows} = await clients.get(primary)!.query("select count(*)::int4 as n from pg_stat_activity where backend_type = 'client backend'");
			assert.equal(busy.connections, rows[0].n);
		});

		test('what ordinary roles can have is less than max_connections', async () => {
			assert.equal((await vitals()).usable, 100 - 3 - (major >= 16 ? 5 : 0));
		});

		test('a role that sees nothing counts what is hidden, and calls nothing idle', async () => {
			await actors.does('root', 'begin; update t set i = 2');
			await actors.waits('waiter', 'update t set i = 3');
			const plain = await open(primary, 'plain_role');
			try {
				const all = await vitals();
				const seen = await vitals(primary, plain);
				assert.equal(seen.connections, all.connections);
				assert.ok(seen.hidden >= 3, `${seen.hidden} hidden`);
				assert.deepEqual([seen.active, seen.blocked, seen.idle], [0, 0, 0]);
				assert.deepEqual([seen.standbys, seen.lag_s, seen.lag_bytes], [1, null, null], 'its lag is unknown, not none');
				assert.equal(seen.commits >= all.commits, true);
			} finally {
				await plain.end();
			}
		});

		test('a standby that has all is not late, however long nothing happens', async () => {
			const caughtUp = await until(vitals, row => row.lag_bytes === 0);
			assert.deepEqual([caughtUp.standbys, caughtUp.lag_s, caughtUp.streaming], [1, 0, null]);
			const there = await until(
				() => vitals(standby),
				row => row.lag_bytes === 0,
			);
			assert.deepEqual([there.recovery, there.streaming, there.lag_s, there.standbys], [true, true, 0, 0]);
		});

		test('a paused replay is late in bytes and in time, seen from both ends', async () => {
			// With synchronous_commit off the standby may have all that was written, and not yet one commit.
			await until(
				async () => (await clients.get(standby)!.query('select pg_last_xact_replay_timestamp() is not null as known')).rows[0].known as boolean,
				known => known,
			);
			await clients.get(standby)!.query('select pg_wal_replay_pause()');
			try {
				await actors.does('writer', 'create table if not exists filler as select generate_series(1, 20000) i');
				const from = await until(vitals, row => (row.lag_bytes ?? 0) > 100_000 && (row.lag_s ?? 0) > 0);
				assert.ok(from.lag_s! < 3600);
				const there = await until(
					() => vitals(standby),
					row => (row.lag_bytes ?? 0) > 100_000,
				);
				assert.ok(there.lag_s !== null && there.lag_s >= 0, JSON.stringify(there));
				assert.equal(there.streaming, true);
			} finally {
				await clients.get(standby)!.query('select pg_wal_replay_resume()');
			}
		});

		test('replay that waits for a query on the standby is told there', async () => {
			const reader = await standby.connect();
			try {
				await until(
					() => vitals(standby),
					row => row.lag_bytes === 0,
				);
				await reader.query('begin; select * from t');
				await actors.does('alter', 'alter table t add column if not exists x int');
				const waiting = await until(
					() => vitals(standby),
					row => row.replay_wait !== null,
				);
				assert.match(String(waiting.replay_wait), /relation|RecoveryConflict/);
			} finally {
				await reader.end();
			}
			await until(
				() => vitals(standby),
				row => row.replay_wait === null,
			);
		});

		test('commits that wait for a standby that is not there', async () => {
			await primary.run("alter system set synchronous_standby_names = 'nobody'");
			await primary.run('select pg_reload_conf()');
			try {
				await until(
					async () => (await clients.get(primary)!.query('show synchronous_standby_names')).rows[0].synchronous_standby_names as string,
					name => name === 'nobody',
				);
				await actors.does('writer', 'set synchronous_commit = on');
				await actors.runs('writer', 'update t set i = 9');
				const row = await until(vitals, one => one.sync_waits === 1);
				assert.ok(row.sync_wait_at_most_s !== null);
				assert.deepEqual([row.blocked, row.top_wait], [0, 'IPC:SyncRep']);
			} finally {
				await primary.run('alter system reset synchronous_standby_names').catch(() => undefined);
				await primary.run('select pg_reload_conf()');
			}
			assert.equal(await actors.outcome('writer'), 'done');
		});

		test('the oldest prepared transaction with its name', async () => {
			await primary.run("begin; select * from t for update; prepare transaction 'first'");
			await primary.run("begin; create table made (); prepare transaction 'second'");
			const row = await vitals();
			assert.deepEqual([row.prepared, row.prepared_gid, row.prepared_owner, row.prepared_database], [2, 'first', 'postgres', 'postgres']);
			assert.ok(row.prepared_s !== null && row.prepared_s >= 0);
			await primary.run("rollback prepared 'first'");
			await primary.run("rollback prepared 'second'");
			assert.deepEqual(await vitals().then(one => [one.prepared, one.prepared_s, one.prepared_gid]), [0, null, null]);
		});

		test('a receiver that is gone is not called caught up', async () => {
			await primary.stop();
			clients.delete(primary);
			const there = await until(
				() => vitals(standby),
				row => row.streaming === false,
			);
			assert.deepEqual([there.lag_s, there.lag_bytes], [null, null]);
			await primary.start();
			actors = await actorsOn(primary);
		});
	});
}
