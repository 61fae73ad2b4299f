import assert from 'node:assert/strict';
import {after, afterEach, before, beforeEach, describe, test} from 'node:test';
import type pg from 'pg';
import {parseCatalog} from '../source/catalog.ts';
import type {Facts, Row} from '../source/pane.ts';
import {cancel, type Signalled, terminate} from '../views/signals.ts';
import {type Actors, actorsOn} from './support/actors.ts';
import {sqlFiles} from './support/queries.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const catalog = parseCatalog(sqlFiles());
const text = (name: string) => catalog.get(name)![0]!.text;

for (const major of [13, 18]) {
	describe(`signals on PostgreSQL ${major}`, () => {
		let server: TestServer;
		let watcher: pg.Client;
		let actors: Actors;
		before(async () => {
			server = await startServer({major});
			await server.createRoles();
			await server.run(
				'create role app login; create role boss login superuser; create table t as select 1 as i; grant all on t to app; grant all on schema public to app',
			);
			watcher = await connect('postgres');
		});
		after(async () => {
			await watcher.end();
			await server.stop();
		});
		beforeEach(async () => {
			actors = await actorsOn(server, {user: 'app'});
		});
		afterEach(() => actors.end());

		async function connect(user: string): Promise<pg.Client> {
			const client = await server.connect({user});
			await client.query("set timezone = 'UTC'; set datestyle = 'ISO'; set search_path = pg_catalog; set application_name = 'pgperf'");
			return client;
		}
		/** The row of the sessions pane, as the question got it. */
		async function rowOf(name: string, client: pg.Client = watcher): Promise<Signalled> {
			const {rows} = await client.query(text('sessions'));
			return (rows as Signalled[]).find(row => row.pid === actors.pid(name))!;
		}
		async function plan(action: typeof cancel, rows: readonly Signalled[], client: pg.Client = watcher): Promise<readonly Row[]> {
			assert.ok('sql' in action.plan);
			return (await client.query(text(action.plan.sql), action.params(rows, {}, {} as Facts) as unknown[])).rows as Row[];
		}
		async function send(row: Row | undefined, client: pg.Client = watcher): Promise<readonly Row[]> {
			assert.ok(row && typeof row.statement === 'string', String(row?.why));
			return (await client.query(row.statement)).rows as Row[];
		}
		const settled = (row: Row | undefined) =>
			until(
				async () => (await watcher.query(text('actions/outcome'), [[row!.pid], [row!.backend_start], [row!.query_start]])).rows as Row[],
				rows => rows[0]?.settled === true,
			);

		test('cancel ends the query and leaves the session', async () => {
			await actors.runs('victim', 'select pg_sleep(600)');
			const [row] = await plan(cancel, [await rowOf('victim')]);
			assert.equal(row!.ready, true);
			assert.deepEqual(await send(row), [{pg_cancel_backend: true}]);
			assert.equal(await actors.outcome('victim'), '57014');
			const [outcome] = await settled(row);
			assert.equal(outcome!.present, true);
			assert.deepEqual(await actors.does('victim', 'select 1 as one'), [{one: 1}]);
		});

		test('what a cancel takes along is the transaction, or the statement that is all of it', async () => {
			const noteOf = (name: string) =>
				until(
					async () => (await plan(cancel, [await rowOf(name)]))[0]!,
					row => row.has_xid === true,
				).then(row => row.note);
			await actors.runs('victim', 'update t set i = i returning pg_sleep(600)');
			assert.equal(await noteOf('victim'), 'has written: its statement fails and rolls back, there was none before it');
			await watcher.query('select pg_cancel_backend($1)', [actors.pid('victim')]);
			await actors.outcome('victim');
			await actors.does('other', 'begin; update t set i = i');
			await actors.runs('other', 'select pg_sleep(600)');
			assert.equal(await noteOf('other'), 'has written: the whole transaction fails and rolls back');
		});

		test('terminate ends the session that is idle in transaction, and says that it has written', async () => {
			await actors.does('victim', 'begin; update t set i = 2');
			const [row] = await plan(terminate, [await rowOf('victim')]);
			assert.match(String(row!.note), /has written: rolls back/);
			assert.equal(row!.has_xid, true);
			assert.deepEqual(await send(row), [{pg_terminate_backend: true}]);
			const [outcome] = await settled(row);
			assert.deepEqual([outcome!.present, outcome!.settled], [false, true]);
		});

		test('the statement names its target word for word', async () => {
			await actors.does('victim', 'begin; select 1');
			const session = await rowOf('victim');
			const [row] = await plan(terminate, [session]);
			assert.equal(
				row!.statement,
				`select pg_terminate_backend(pid) from pg_stat_activity where pid = ${session.pid}\n and backend_start = '${session.backend_start}'\n and xact_start = '${session.xact_start}'`,
			);
			await actors.does('victim', 'commit');
			const idle = await rowOf('victim');
			const [other] = await plan(terminate, [idle]);
			assert.equal(
				other!.statement,
				`select pg_terminate_backend(pid) from pg_stat_activity where pid = ${session.pid}\n and backend_start = '${session.backend_start}'\n and xact_start is null\n and state = 'idle' and state_change = '${idle.state_change}'`,
			);
		});

		test('a target that went on since the question gets nothing', async () => {
			await actors.does('victim', 'begin; select 1');
			const [row] = await plan(terminate, [await rowOf('victim')]);
			await actors.does('victim', 'commit; begin; select 2');
			assert.deepEqual(await send(row), []);
			await actors.does('victim', 'commit');
			const idle = await rowOf('victim');
			const [second] = await plan(terminate, [idle]);
			await actors.does('victim', 'select 3');
			assert.deepEqual(await send(second), [], 'an idle session that worked in between is another one');
			assert.deepEqual(await actors.does('victim', 'select 4 as four'), [{four: 4}]);
			await actors.runs('victim', 'select pg_sleep(600)');
			const [third] = await plan(cancel, [await rowOf('victim')]);
			await watcher.query('select pg_cancel_backend($1)', [actors.pid('victim')]);
			await actors.outcome('victim');
			// A client hears the error before the server shows the end.
			await settled(third);
			assert.deepEqual(await send(third), []);
			await actors.runs('victim', 'select pg_sleep(500)');
			assert.deepEqual(await send(third), [], 'its next query is not the one that was meant');
		});

		test('a plan made for a row that is old says what has changed', async () => {
			await actors.does('victim', 'begin; select 1');
			const old = await rowOf('victim');
			const why = async (action: typeof cancel, row: Signalled) => (await plan(action, [row]))[0]!.why;
			assert.equal(await why(cancel, old), 'it is idle in transaction: cancel does nothing there, terminate ends it');
			await actors.does('victim', 'commit; begin; select 1');
			assert.equal(await why(terminate, old), 'it has ended that transaction');
			await actors.does('victim', 'commit');
			assert.equal(await why(cancel, await rowOf('victim')), 'it runs nothing: there is nothing to cancel');
			assert.equal(
				await why(terminate, {...old, backend_start: '2001-02-03 04:05:06+00'}),
				'it has gone, and its process number belongs to another session now',
			);
			assert.equal(await why(terminate, {...old, pid: 999_999_999}), 'it is gone already');
		});

		test('neither the server, nor pgperf, nor what belongs to nobody of ours', async () => {
			const {rows} = await watcher.query(text('sessions'));
			const of = (wanted: (row: Signalled) => boolean) => (rows as Signalled[]).find(wanted)!;
			const [checkpointer, own] = await plan(terminate, [of(row => row.backend_type === 'checkpointer'), of(row => row.application_name === 'pgperf')]);
			assert.equal(checkpointer!.why, 'a checkpointer is part of the server: not from here');
			assert.equal(own!.why, 'it is pgperf itself');
		});

		test('a role without the grant is told which; with it superusers stay safe', async () => {
			await actors.does('victim', 'begin; select 1');
			await actors.does('super@boss/postgres', 'begin; select 1');
			const victim = await rowOf('victim');
			const boss = await rowOf('super@boss/postgres');
			const monitor = await connect('monitor_role');
			const signal = await connect('signal_role');
			const plain = await connect('plain_role');
			try {
				const why = async (client: pg.Client) => (await plan(terminate, [victim, boss], client)).map(row => row.why);
				assert.deepEqual(await why(monitor), [
					'it belongs to another role: grant pg_signal_backend to monitor_role',
					'it belongs to a superuser: only a superuser may signal it',
				]);
				assert.deepEqual(await why(signal), [null, 'it belongs to a superuser: only a superuser may signal it']);
				assert.deepEqual(await why(plain), Array(2).fill("pgperf can't prove that it is still the same session: grant pg_read_all_stats to plain_role"));
				const [row] = await plan(terminate, [victim], signal);
				assert.deepEqual(await send(row, signal), [{pg_terminate_backend: true}]);
				await settled(row);
			} finally {
				await Promise.all([monitor, signal, plain].map(client => client.end()));
			}
		});

		test('several targets come in the order given, each with its own note', async () => {
			await actors.does('a', 'begin; update t set i = 3');
			await actors.does('b', 'begin; select 1');
			const rows = await plan(terminate, [await rowOf('b'), await rowOf('a')]);
			assert.deepEqual(
				rows.map(row => row.target),
				[String(actors.pid('b')), String(actors.pid('a'))],
			);
			assert.deepEqual(
				rows.map(row => row.note),
				[null, `${actors.pid('a')}: has written: rolls back`],
			);
		});

		test('a build that would leave an invalid index behind says so', async () => {
			await actors.does('blocker', 'begin; update t set i = 4');
			await actors.waits('builder@postgres/postgres', 'create index concurrently t_i on t (i)');
			const [row] = await plan(cancel, [await rowOf('builder@postgres/postgres')]);
			assert.match(String(row!.note), /CREATE INDEX CONCURRENTLY of (public\.)?t, .*: the work is lost, and it leaves an invalid index behind/);
			await send(row);
			await settled(row);
			await actors.does('blocker', 'rollback');
			await server.run('drop index t_i');
		});
	});
}
