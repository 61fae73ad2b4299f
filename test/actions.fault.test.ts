import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, describe, test} from 'node:test';
import {type Console, openConsole, readable} from './support/console.ts';
import {openProxy} from './support/proxy.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const own = "application_name = 'pgperf'";
const isLive = (open: Console) => open.state().servers.db?.feed.is === 'live';

for (const major of [13, 18]) {
	describe(`actions while the server fails, PostgreSQL ${major}`, () => {
		let server: TestServer;
		let other: TestServer;
		before(async () => {
			[server, other] = await Promise.all([startServer({major}), startServer({major})]);
			for (const one of [server, other])
				await one.run(`create function slow() returns int language plpgsql as 'begin perform pg_sleep(600); return 1; end';
					create function stubborn() returns int language plpgsql as
						'begin for i in 1..12 loop begin perform pg_sleep(600); exception when query_canceled then null; end; end loop; return 1; end';
					create materialized view stubborn as select stubborn() as n with no data;
					create materialized view stuck as select slow() as n with no data; create materialized view brief as select 1 as n with no data`);
		});
		after(() => Promise.all([server.stop(), other.stop()]));

		test('what was asked about one server is never sent to another that answers at its address', async () => {
			const proxy = await openProxy(server.port);
			const open = await openConsole(server, {port: proxy.port});
			try {
				await open.choose('views', 'views', row => row.relation === 'brief');
				readable(await open.ask('refresh'));
				// From now on every new connection is to the other one; those that stand stay where they are.
				proxy.lead(other.port);
				const [refused] = await open.settled(open.yes());
				assert.match(refused!.text, /another server answers there than the one that is shown .*: nothing was sent/);
				assert.ok(isLive(open));
				for (const one of [server, other]) assert.equal(await one.value("select relispopulated from pg_class where relname = 'brief'"), false);
				// The session for actions is opened anew, and finds the other one: no plan is made there.
				open.watch.store.dispatch({type: 'closed'});
				await server.run(`select pg_terminate_backend(pid) from pg_stat_activity where ${own} and pid <> ${open.state().servers.db!.ownPids[0]}`);
				await until(
					() => open.watch.links.get('db')!.one('act', 'actions/work', [0]),
					result => result.status === 'failed' && /another server/.test(result.message),
				);
				assert.match(String(await open.ask('refresh')), /another server answers there/);
				assert.deepEqual(
					open.auditLines().map(line => line.outcome),
					['asked', 'refused'],
				);
			} finally {
				await open.close();
				await proxy.close();
			}
		});

		test('what goes on while the line swallows it is told as unknown once the server shows that it has ended, and nothing is sent twice', async () => {
			const proxy = await openProxy(server.port);
			const open = await openConsole(server, {port: proxy.port});
			try {
				await open.choose('views', 'views', row => row.relation === 'stuck');
				readable(await open.ask('refresh'));
				const request = open.yes();
				const working = () => server.value("select pid from pg_stat_activity where query like 'refresh materialized view public.stuck' and state = 'active'");
				const pid = await until(working, found => found !== undefined);
				proxy.swallow();
				await until(
					() => open.state().servers.db?.feed.is,
					is => is === 'lost',
				);
				await until(
					() => isLive(open),
					live => live,
				);
				assert.equal(await working(), pid, 'the server goes on with it');
				await server.run(`select pg_terminate_backend(${pid})`);
				const [outcome] = await open.settled(request);
				assert.match(
					outcome!.text,
					/the connection was lost.*its session has ended; whether it was done before is unknown; look at public\.stuck before doing it again/,
				);
				assert.deepEqual(
					open.auditLines().map(line => line.outcome),
					['asked', 'unknown'],
				);
				assert.equal(await working(), undefined);
			} finally {
				await open.close();
				await proxy.close();
			}
		});

		/** Lines of the open panel. */
		const saidIn = (open: Console) =>
			open
				.state()
				.overlays.flatMap(one => (one.is === 'progress' ? one.lines.flat().map(({text}) => text) : []))
				.join('\n');

		/** While `meanwhile` lasts, no process of the server that has to do with us runs. */
		async function frozen(meanwhile: () => Promise<unknown>): Promise<void> {
			const client = await server.connect();
			const {rows} = await client.query<{pid: number}>(`select pid from pg_stat_activity where ${own}`);
			await client.end();
			const pids = [server.pid, ...rows.map(row => row.pid)];
			for (const pid of pids) process.kill(pid, 'SIGSTOP');
			try {
				await meanwhile();
			} finally {
				for (const pid of pids) process.kill(pid, 'SIGCONT');
			}
		}

		test('a server that freezes under its work and goes on: not known is said, and it can be cancelled afterwards', async () => {
			const open = await openConsole(server);
			const {store} = open.watch;
			const said = () => saidIn(open);
			try {
				await open.choose('views', 'views', row => row.relation === 'stuck');
				readable(await open.ask('refresh'));
				const request = open.yes();
				await until(said, text => /PgSleep/.test(text));
				await frozen(() => until(said, text => /what it does is not known: /.test(text)));
				await until(said, text => /PgSleep/.test(text) && !/not known/.test(text));
				store.dispatch({type: 'cancelled', request});
				const [outcome] = await open.settled(request);
				assert.match(outcome!.text, /^public\.stuck: cancelled/);
				assert.deepEqual(
					open.auditLines().map(line => line.outcome),
					['asked', 'failed'],
				);
			} finally {
				await open.close();
			}
		});

		test('that it could not be cancelled is said as long as that is true', async () => {
			const open = await openConsole(server);
			const said = () => saidIn(open);
			try {
				await open.choose('views', 'views', row => row.relation === 'stubborn');
				readable(await open.ask('refresh'));
				const request = open.yes();
				await until(said, text => /PgSleep/.test(text));
				await frozen(async () => {
					open.watch.store.dispatch({type: 'cancelled', request});
					// Asked behind the cancel, on the same session.
					await until(
						() => open.watch.links.get('db')!.one('act', 'actions/work', [0]),
						result => result.status === 'failed',
					);
				});
				await open.settled(request);
				assert.match(said(), /PgSleep/);
				assert.doesNotMatch(said(), /could not be cancelled/);
			} finally {
				await open.close();
			}
		});

		test('a signal of which nobody can tell what came is unknown in the audit', async () => {
			const victim = await server.connect();
			const {rows} = await victim.query('select pg_backend_pid() as pid');
			const {pid} = rows[0];
			await victim.query('begin; select 1');
			const breaker = await server.connect();
			const open = await openConsole(server);
			try {
				await open.choose('sessions', 'sessions', row => row.pid === pid);
				readable(await open.ask('terminate'));
				// From its end on, the view of the sessions fails for pgperf.
				await breaker.query('set allow_system_table_mods = on');
				await breaker.query(`create function public.fault() returns boolean language plpgsql volatile as $$ begin
					if current_setting('application_name') like 'pgperf%' and not exists (select from pg_stat_get_activity(${pid})) then raise 'the fault'; end if;
					return true; end $$`);
				const text = String(await server.value("select pg_get_viewdef('pg_catalog.pg_stat_activity'::regclass)"))
					.trim()
					.replace(/;$/, '');
				await breaker.query(
					`create or replace view pg_catalog.pg_stat_activity as select seen.* from (select public.fault() as fine offset 0) gate join (${text}) seen on gate.fine`,
				);
				try {
					const [outcome] = await open.settled(open.yes());
					assert.match(outcome!.text, /terminate was sent; what came of it could not be read/);
					assert.equal(outcome!.done, false);
					assert.equal(open.auditLines().at(-1)!.outcome, 'unknown');
				} finally {
					await breaker.query(`create or replace view pg_catalog.pg_stat_activity as ${text}`);
					await breaker.query('drop function public.fault()');
				}
			} finally {
				await open.close();
				await breaker.end();
			}
		});

		test('a server that lets nobody in any more is not knocked at with every tick', async () => {
			await server.run('create role watcher login superuser');
			const victim = await server.connect();
			const {rows} = await victim.query('begin; select pg_backend_pid() as pid').then(results => (results as unknown as (typeof results)[])[1]!);
			const open = await openConsole(server, {user: 'watcher'});
			try {
				await until(
					() => open.state().servers.db!.ownPids.length,
					count => count >= 2,
				);
				await server.run('alter role watcher nologin');
				const sample = open.state().servers.db!.ownPids[0];
				await server.run(`select pg_terminate_backend(pid) from pg_stat_activity where ${own} and pid <> ${sample}`);
				let ticks = 0;
				open.watch.store.subscribe((_, event) => {
					if (event.type === 'sampled' && event.session === 'sample') ticks++;
				});
				const refusals = () => readFileSync(server.log, 'utf8').split('"watcher" is not permitted to log in').length - 1;
				await until(refusals, count => count > 0);
				await until(
					() => ticks,
					count => count >= 8,
				);
				assert.ok(isLive(open), 'what is connected goes on');
				assert.ok(refusals() <= 2, `${refusals()} refusals in ${ticks} ticks`);
				await open.choose('sessions', 'sessions', row => row.pid === rows[0].pid);
				assert.match(String(await open.ask('terminate')), /the plan could not be made: .*not permitted to log in/);
				// Somebody mends it, and `r` does not wait for the back-off.
				await server.run('alter role watcher login');
				open.watch.store.dispatch({type: 'refreshed', at: performance.now()});
				await until(
					() => server.value(`select count(*)::int from pg_stat_activity where ${own} and usename = 'watcher'`),
					count => Number(count) >= 2,
				);
			} finally {
				await open.close();
			}
		});
	});
}

test('a question from before a promotion is asked again after it', async t => {
	const primary = await startServer({standby: true});
	const standby = primary.standby!;
	t.after(() => Promise.all([standby.stop(), primary.stop()]));
	const victim = await standby.connect();
	const {rows} = await victim.query('select pg_backend_pid() as pid');
	await victim.query('begin; select 1');
	const open = await openConsole(standby);
	t.after(() => open.close());
	await open.choose('sessions', 'sessions', row => row.pid === rows[0].pid);
	const before = readable(await open.ask('terminate'));
	await standby.run('select pg_promote()');
	await until(
		() => open.state().servers.db?.facts?.recovery,
		recovery => recovery === false,
	);
	open.yes();
	const again = await until(
		() => open.state().overlays.find(overlay => overlay.is === 'question' && overlay.stage === 'shown'),
		found => found !== undefined && found.is === 'question' && found.plan !== before.plan,
	);
	assert.match(again!.is === 'question' ? again!.problem! : '', /a change of the server/);
	assert.deepEqual(open.auditLines(), []);
	assert.equal((await victim.query('select 1 as alive')).rows[0].alive, 1);
	await until(
		() => isLive(open),
		live => live,
	);
});
