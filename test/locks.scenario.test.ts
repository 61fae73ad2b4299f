import assert from 'node:assert/strict';
import {after, afterEach, before, beforeEach, describe, test} from 'node:test';
import type pg from 'pg';
import {type Catalog, parseCatalog, pick} from '../source/catalog.ts';
import {factsOf} from '../source/facts.ts';
import {forestOf, type LocksRow} from '../source/forest.ts';
import type {Facts} from '../source/pane.ts';
import {freedLine} from '../views/signals.ts';
import {type Actors, actorsOn, edgeNames, whoOf} from './support/actors.ts';
import {drawn} from './support/forest.ts';
import {sqlFiles} from './support/queries.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const catalog: Catalog = parseCatalog(sqlFiles());

for (const major of [13, 18]) {
	describe(`lock trees on PostgreSQL ${major}`, () => {
		let server: TestServer;
		let watcher: pg.Client;
		let facts: Facts;
		let actors: Actors;
		before(async () => {
			server = await startServer({major, conf: {deadlock_timeout: '1h', max_parallel_workers_per_gather: '2'}});
			await server.createRoles();
			await server.createDatabase(
				'shop',
				`create table inventory (id int primary key, n int);
				insert into inventory select i, 0 from generate_series(1, 10) i;
				create table orders (id int);
				create table big as select i from generate_series(1, 20000) i;
				grant all on all tables in schema public to public; grant all on schema public to public`,
			);
			await server.createDatabase('crm', 'create table leads (id int)');
			watcher = await server.connect({database: 'shop'});
			facts = factsOf((await watcher.query(catalog.get('facts')![0]!.text)).rows[0], false);
			await watcher.query("set search_path = pg_catalog; set timezone = 'UTC'");
		});
		after(async () => {
			await watcher.end();
			await server.stop();
		});
		beforeEach(async () => {
			actors = await actorsOn(server, {database: 'shop'});
		});
		afterEach(async () => {
			await actors.end();
			await until(
				async () => (await watcher.query("select count(*)::int4 as n from pg_stat_activity where wait_event_type = 'Lock'")).rows[0].n as number,
				n => n === 0,
			);
		});

		async function locks(client: pg.Client = watcher): Promise<readonly LocksRow[]> {
			const picked = pick(catalog, 'locks', facts);
			assert.ok('query' in picked);
			return (await client.query(picked.query.text)).rows as LocksRow[];
		}
		/** Which of two racing waiters is first is the server's business: ask until all of them are there. */
		async function forest(waiters: number): Promise<string> {
			const rows = await until(locks, found => new Set(found.map(row => row.pid)).size === waiters);
			return drawn(forestOf(rows), whoOf(actors));
		}

		test('nobody waits', async () => {
			await actors.does('root', 'begin; update inventory set n = 1 where id = 1');
			assert.deepEqual(await locks(), []);
		});

		test('a queue for one row: all behind the one that holds it', async () => {
			await actors.does('root', 'begin; update inventory set n = 1 where id = 1');
			for (const name of ['first', 'second', 'third']) await actors.waits(name, 'update inventory set n = 2 where id = 1');
			assert.equal(await forest(3), 'root holds 3\n  first holds 2\n    second holds 1\n    third +1');
			const rows = await locks();
			assert.deepEqual([...new Set(rows.map(row => row.waiters))], [3]);
			const first = rows.find(row => row.pid === actors.pid('first'))!;
			assert.deepEqual([first.locktype, first.mode], ['transactionid', 'ShareLock']);
			assert.match(first.object!, /^transaction \d+$/);
			assert.ok(first.blocker_backend_xid !== null && first.blocker_state === 'idle in transaction');
			const second = rows.find(row => row.pid === actors.pid('second'))!;
			assert.match(second.object!, /^public\.inventory page 0 tuple 1$/);
			assert.equal(first.wait_exact, major >= 14);
			assert.ok(first.wait_s !== null && first.wait_s >= 0 && first.wait_s < 60);
		});

		test('an ALTER that waits holds up the readers that come after it', async () => {
			await actors.does('reader', 'begin; select * from orders');
			await actors.does('writer', 'begin; insert into orders values (1)');
			await actors.waits('alter', 'alter table orders add column note text');
			await actors.waits('late', 'select * from orders');
			await actors.waits('later', 'select count(*) from orders');
			const text = await forest(3);
			const [one, other] = text.startsWith('reader') ? ['reader', 'writer'] : ['writer', 'reader'];
			assert.equal(text, `${one} holds 3\n  alter holds 2 +1\n    late\n    later\n${other} holds 3`);
			const rows = await locks();
			assert.deepEqual(edgeNames(actors, rows).toSorted(), ['alter < reader', 'alter < writer', 'late < alter', 'later < alter']);
			assert.equal(freedLine([String(actors.pid('alter'))], rows)![0]!.text.split(';')[0], 'frees 2 of 2');
			assert.equal(freedLine([String(actors.pid('reader'))], rows)![0]!.text, 'frees 0 of 3: each of them waits for others too');
			await actors.does('reader', 'commit');
			await actors.does('writer', 'commit');
			assert.deepEqual(await Promise.all(['alter', 'late', 'later'].map(name => actors.outcome(name))), ['done', 'done', 'done']);
		});

		test('what the question promises is what happens: those freed go on, the others do not', async () => {
			await actors.does('root', 'begin; update inventory set n = 1 where id in (1, 2)');
			await actors.does('second root', 'begin; update inventory set n = 1 where id = 3');
			await actors.waits('free', 'update inventory set n = 2 where id = 1');
			await actors.waits('alter', 'alter table inventory add column x int');
			const line = freedLine([String(actors.pid('root'))], await locks())![0]!.text;
			assert.match(line, /^frees 1 of 2; next: \d+ UPDATE gets ShareLock on transaction \d+, and 1 wait behind it$/);
			await watcher.query('select pg_terminate_backend($1)', [actors.pid('root')]);
			assert.equal(await actors.outcome('free'), 'done');
			assert.deepEqual(edgeNames(actors, await locks()), ['alter < second root']);
		});

		test('a prepared transaction is a root with its name', async () => {
			await actors.does('preparer', "begin; update inventory set n = 1 where id = 4; lock table orders in share mode; prepare transaction 'pay ''42'''");
			try {
				await actors.waits('row', 'update inventory set n = 2 where id = 4');
				await actors.waits('next', 'update inventory set n = 3 where id = 4');
				await actors.waits('insert', 'insert into orders values (2)');
				assert.equal(await forest(3), "prepared pay '42' holds 3\n  row holds 1\n    next\n  insert");
				const [row] = await locks();
				assert.deepEqual([row!.blocker_pid, row!.blocker_gid, row!.blocker_owner, row!.blocker_prepared_database], [0, "pay '42'", 'postgres', 'shop']);
				assert.ok(row!.blocker_transaction !== null && row!.blocker_prepared_s !== null);
			} finally {
				await server.run("rollback prepared 'pay ''42'''", 'shop');
			}
		});

		test('of several prepared transactions on one table those are told that are in the way', async () => {
			for (const [gid, mode] of [
				['harmless', 'access share'],
				['b', 'row exclusive'],
				['c', 'row exclusive'],
			]) {
				await server.run(`begin; lock table orders in ${mode} mode; prepare transaction '${gid}'`, 'shop');
			}
			try {
				await actors.waits('share', 'begin; lock table orders in share mode');
				const rows = await locks();
				assert.deepEqual(edgeNames(actors, rows), ['share < b', 'share < c']);
				assert.deepEqual([rows[0]!.object, rows[0]!.mode, rows[0]!.blockers], ['public.orders', 'ShareLock', 1]);
			} finally {
				for (const gid of ['harmless', 'b', 'c']) await server.run(`rollback prepared '${gid}'`, 'shop');
			}
		});

		test('a prepared transaction keeps its name over a restart of the server', async () => {
			await server.run("begin; update inventory set n = 1 where id = 9; prepare transaction 'survivor'", 'shop');
			await watcher.end();
			await actors.end();
			await server.stop();
			await server.start();
			watcher = await server.connect({database: 'shop'});
			await watcher.query("set search_path = pg_catalog; set timezone = 'UTC'");
			actors = await actorsOn(server, {database: 'shop'});
			try {
				await actors.waits('row', 'update inventory set n = 2 where id = 9');
				assert.deepEqual(edgeNames(actors, await locks()), ['row < survivor']);
			} finally {
				await server.run("rollback prepared 'survivor'", 'shop');
			}
		});

		test('a parallel query is one blocker, however many workers it has', async () => {
			await actors.does(
				'parallel',
				'set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0; set max_parallel_workers_per_gather = 2; analyze big',
			);
			await actors.runs('parallel', 'select count(*) from big where pg_sleep(0.005) is null');
			await until(
				async () => (await watcher.query("select count(*)::int4 as n from pg_stat_activity where backend_type = 'parallel worker'")).rows[0].n as number,
				n => n > 0,
			);
			await actors.waits('alter', 'alter table big add column x int');
			const {rows} = await watcher.query('select pg_blocking_pids($1) as pids', [actors.pid('alter')]);
			assert.ok(rows[0].pids.length > 1, 'the server tells the leader once per process');
			assert.deepEqual(edgeNames(actors, await locks()), ['alter < parallel']);
			assert.equal((await locks())[0]!.blockers, 1);
		});

		test('a lock of another database is named honestly', async () => {
			await actors.does('root@crm', 'begin; lock table leads');
			await actors.waits('reader@crm', 'select * from leads');
			const [row] = await locks();
			const {rows} = await actors.does('other@crm', "select 'leads'::regclass::oid as oid").then(found => ({rows: found}));
			assert.equal(row!.object, `relation ${rows[0]!.oid} of database crm`);
			assert.equal(await forest(1), 'root@crm holds 1\n  reader@crm');
		});

		test('keys of advisory locks are told as they were given', async () => {
			await actors.does('root', 'begin; select pg_advisory_xact_lock(42), pg_advisory_xact_lock(-7, 9), pg_advisory_xact_lock(-9000000000)');
			await actors.waits('a', 'select pg_advisory_lock(42)');
			await actors.waits('b', 'select pg_advisory_lock(-7, 9)');
			await actors.waits('c', 'select pg_advisory_lock(-9000000000)');
			const rows = await locks();
			assert.deepEqual(
				['a', 'b', 'c'].map(name => rows.find(row => row.pid === actors.pid(name))!.object),
				['advisory 42', 'advisory -7, 9', 'advisory -9000000000'],
			);
		});

		test('a role that sees nothing else sees who waits for whom', async () => {
			await actors.does('root', 'begin; update inventory set n = 1 where id = 6');
			await actors.waits('waiter', 'update inventory set n = 2 where id = 6');
			const plain = await server.connect({user: 'plain_role', database: 'shop'});
			try {
				const rows = await locks(plain);
				assert.deepEqual(edgeNames(actors, rows), ['waiter < root']);
				assert.deepEqual([rows[0]!.state, rows[0]!.backend_start, rows[0]!.blocker_state, rows[0]!.query], [null, null, null, '<insufficient privilege>']);
			} finally {
				await plain.end();
			}
		});

		test('a circle of waiters is shown while the server has not yet ended it', async () => {
			await actors.does('a', 'begin; update inventory set n = 1 where id = 7');
			await actors.does('b', 'begin; update inventory set n = 1 where id = 8');
			await actors.waits('a', 'update inventory set n = 1 where id = 8');
			await actors.waits('b', 'update inventory set n = 1 where id = 7');
			const trees = forestOf(await locks());
			assert.equal(trees.length, 2);
			assert.deepEqual(
				trees.map(tree => [tree.holds_up, tree.waits]),
				[
					[1, true],
					[1, true],
				],
			);
			assert.equal(trees.filter(tree => tree.circle).length, 1);
		});
	});
}
