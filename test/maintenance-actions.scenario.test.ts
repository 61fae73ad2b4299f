import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import {type Console, openConsole, readable} from './support/console.ts';
import {openProxy} from './support/proxy.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const world = `
	create schema "Shop.1";
	create table "Shop.1".orders (id int primary key, customer int, total numeric);
	insert into "Shop.1".orders select n, n % 10, n from generate_series(1, 5000) n;
	create table "Shop.1".customers (id int primary key);
	insert into "Shop.1".customers select n from generate_series(0, 9) n;
	alter table "Shop.1".orders add constraint "has a ""customer""" foreign key (customer) references "Shop.1".customers;
	create index "Total.📈" on "Shop.1".orders (total);
	create index "Total.again" on "Shop.1".orders (total);
	create materialized view "Shop.1"."By ""Day""" as select customer, sum(total) as total from "Shop.1".orders group by 1;
	create unique index on "Shop.1"."By ""Day""" (customer);
	create materialized view plain as select count(*) as n from "Shop.1".orders;
	create function slowly(float8) returns int language sql volatile as $$ select 1 from pg_sleep($1) $$;
	create materialized view slow_a as select slowly(120) as n with no data;
	create materialized view slow_b as select slowly(120) as n with no data;
	create materialized view brief as select slowly(3) as n with no data;
	analyze;
`;

for (const major of [13, 18]) {
	describe(`views, tables and indexes on PostgreSQL ${major}`, () => {
		let server: TestServer;
		let open: Console;
		let client: pg.Client;
		const others: pg.Client[] = [];
		before(async () => {
			server = await startServer({major, conf: {autovacuum: 'off'}});
			await server.run(world);
			open = await openConsole(server);
			client = await server.connect();
		});
		after(async () => {
			await open.close();
			// A test that failed left them with locks in their hands.
			for (const one of [client, ...others]) await one.end().catch(() => undefined);
			await server.stop();
		});
		const session = async () => {
			const made = await server.connect();
			others.push(made);
			return made;
		};
		const one = async (sql: string, params: unknown[] = []) => (await client.query({text: sql, values: params, rowMode: 'array'})).rows[0]?.[0];
		const close = () => open.watch.store.dispatch({type: 'closed'});
		const unmark = () => open.watch.store.dispatch({type: 'closed'});
		const view = (relation: string) => open.choose('views', 'views', row => row.relation === relation);
		const progress = () =>
			open
				.state()
				.overlays.find(overlay => overlay.is === 'progress')
				?.lines.flat()
				.map(part => part.text)
				.join(' ') ?? '';
		const statements = (question: ReturnType<typeof readable>) => question.plan!.targets.flatMap(target => target.statements.map(step => step.text));
		const facts = (question: ReturnType<typeof readable>) => question.plan!.facts.flatMap(line => line.map(part => part.text)).join('\n');

		test('a view with a unique index is refreshed concurrently, and readers go on', async () => {
			const reader = await session();
			try {
				await reader.query('begin; select * from "Shop.1"."By ""Day"""');
				await client.query('insert into "Shop.1".orders values (6001, 1, 1000000)');
				const name = '"Shop.1"."By ""Day"""';
				await open.choose('views', 'views', row => row.relation === name);
				const question = readable(await open.ask('refresh'));
				assert.deepEqual(statements(question), ['set lock_timeout = 0', `refresh materialized view concurrently ${name}`]);
				assert.match(facts(question), /readers go on/);
				const [outcome] = await open.settled(open.yes());
				assert.equal(outcome!.done, true, outcome!.text);
				assert.ok(Number(await one(`select total from ${name} where customer = 1`)) > 1000000);
			} finally {
				await reader.end();
			}
			close();
		});

		test('a plain refresh says whom it stops, and does not queue in front of readers: it tries again', async () => {
			const reader = await session();
			await reader.query('begin; select * from plain');
			await open.choose('views', 'views', row => row.name === 'plain');
			const question = readable(await open.ask('refresh'));
			assert.match(facts(question), /nobody can read it until it is done: it has no unique index/);
			assert.match(facts(question), /1 read it now/);
			const request = open.yes();
			await until(progress, text => /try 2 of 10: the lock was not granted/.test(text));
			await until(
				() => one("select count(*)::int from pg_locks where relation = 'plain'::regclass and not granted"),
				n => n === 0,
			);
			await reader.end();
			const [outcome] = await open.settled(request);
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(Number(await one('select n from plain')), 5001);
			close();
		});

		test('nothing is sent while somebody waits for the relation already', async () => {
			const reader = await session();
			const waiter = await session();
			await reader.query('begin; select * from plain');
			await open.choose('views', 'views', row => row.name === 'plain');
			readable(await open.ask('refresh'));
			const granted = waiter.query('begin; lock table "Shop.1".orders in access exclusive mode; drop materialized view plain; rollback');
			await until(
				() => one("select count(*)::int from pg_locks where relation = 'plain'::regclass and not granted"),
				n => n === 1,
			);
			const request = open.yes();
			await until(progress, text => /not sent, because \d+ waits for AccessExclusiveLock on .*plain already/.test(text));
			await reader.end();
			await granted;
			const [outcome] = await open.settled(request);
			assert.equal(outcome!.done, true, outcome!.text);
			await waiter.end();
			close();
		});

		test('a running refresh is cancelled on the server, and those behind it are not begun', async () => {
			await open.choose('views', 'views', row => String(row.name).startsWith('slow_'));
			const question = readable(await open.ask('refresh'));
			assert.equal(question.plan!.typed, '2');
			const request = open.yes();
			await until(
				() => one("select count(*)::int from pg_stat_activity where query like 'refresh materialized view public.slow_a' and state = 'active'"),
				n => n === 1,
			);
			await until(progress, text => /refresh materialized view/.test(text));
			open.watch.store.dispatch({type: 'cancelled', request});
			const outcomes = await open.settled(request);
			assert.match(outcomes[0]!.text, /slow_a: cancelled/);
			assert.match(outcomes[1]!.text, /slow_b: not begun/);
			assert.equal(await one("select count(*)::int from pg_stat_activity where query like '%slow_a%' and state = 'active' and pid <> pg_backend_pid()"), 0);
			const lines = open.auditLines().filter(line => line.target.startsWith('public.slow_'));
			assert.deepEqual(
				lines.map(line => [line.target, line.outcome]),
				[
					['public.slow_a', 'asked'],
					['public.slow_a', 'failed'],
				],
			);
			close();
			unmark();
		});

		test('a second console sees that it is being refreshed, and refuses', async () => {
			await view('slow_a');
			readable(await open.ask('refresh'));
			const request = open.yes();
			await until(
				() => one("select count(*)::int from pg_locks where relation = 'slow_a'::regclass and mode = 'AccessExclusiveLock' and granted"),
				n => n === 1,
			);
			const other = await openConsole(server);
			try {
				await other.choose('views', 'views', row => row.relation === 'slow_a');
				assert.match((await other.ask('refresh')) as string, /\d+ refreshes it now/);
			} finally {
				await other.close();
			}
			open.watch.store.dispatch({type: 'cancelled', request});
			await open.settled(request);
			close();
		});

		test('somebody else ends the working session: said, not called done', async () => {
			await view('slow_a');
			readable(await open.ask('refresh'));
			const request = open.yes();
			const pid = await until(
				() => one("select pid from pg_stat_activity where query like 'refresh materialized view public.slow_a' and state = 'active'"),
				found => found !== undefined,
			);
			await client.query('select pg_terminate_backend($1)', [pid]);
			const [outcome] = await open.settled(request);
			assert.equal(outcome!.done, false);
			assert.match(outcome!.text, /its session was ended \(terminating connection due to administrator command\)/);
			close();
		});

		test('the line breaks in the middle: what is known is said, and the server goes on', async () => {
			const proxy = await openProxy(server.port);
			const far = await openConsole(server, {port: proxy.port});
			try {
				await far.choose('views', 'views', row => row.relation === 'brief');
				readable(await far.ask('refresh'));
				const request = far.yes();
				await until(
					() => one("select pid from pg_stat_activity where query like 'refresh materialized view public.brief' and state = 'active'"),
					found => found !== undefined,
				);
				proxy.cut(true);
				const [outcome] = await far.settled(request);
				assert.equal(outcome!.done, false);
				assert.match(
					outcome!.text,
					/the connection was lost .*(the server goes on with it|its session has ended; whether it was done before is unknown).*look at public\.brief/,
				);
				assert.equal(far.auditLines().at(-1)!.outcome, 'unknown');
				await until(
					() => one("select relispopulated from pg_class where relname = 'brief'"),
					populated => populated === true,
				);
			} finally {
				await far.close();
				await proxy.close();
			}
		});

		test('leaving with cancel ends the work; leaving without it is in the audit', async () => {
			const leaver = await openConsole(server);
			await leaver.choose('views', 'views', row => row.relation === 'slow_b');
			readable(await leaver.ask('refresh'));
			leaver.yes();
			const working = () => one("select count(*)::int from pg_stat_activity where query like 'refresh materialized view public.slow_b' and state = 'active'");
			await until(working, n => n === 1);
			const {store} = leaver.watch;
			store.dispatch({type: 'closed'});
			store.dispatch({type: 'quit', force: false});
			for (const by of [1, 1]) store.dispatch({type: 'moved', by});
			store.dispatch({type: 'chosen', at: performance.now()});
			assert.equal(store.get().leaving, true);
			await leaver.watch.stop();
			assert.equal(await working(), 0);
			assert.equal(leaver.auditLines().at(-1)!.outcome, 'failed');
			await leaver.close();
			const second = await openConsole(server);
			await second.choose('views', 'views', row => row.relation === 'slow_b');
			readable(await second.ask('refresh'));
			second.yes();
			await until(working, n => n === 1);
			second.watch.store.dispatch({type: 'quit', force: true});
			await second.watch.stop();
			assert.equal(await working(), 1);
			assert.match(second.auditLines().at(-1)!.detail!, /pgperf ended while it ran/);
			await second.close();
			await client.query("select pg_cancel_backend(pid) from pg_stat_activity where query like 'refresh materialized view public.slow_b'");
		});

		test('a table is vacuumed at the pace of autovacuum, not truncated, and analyzed', async () => {
			await client.query('delete from "Shop.1".orders where id > 2500');
			await open.choose('tables', 'tables', row => row.relname === 'orders');
			const question = readable(await open.ask('maintain', {what: 'vacuum and analyze'}));
			assert.deepEqual(statements(question), [
				'set lock_timeout = 0',
				"set vacuum_cost_delay = '2ms'",
				'set vacuum_cost_limit = 200',
				'vacuum (truncate false, analyze) "Shop.1".orders',
			]);
			const pages = await one('select pg_relation_size(\'"Shop.1".orders\')::int');
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(await one('select pg_relation_size(\'"Shop.1".orders\')::int'), pages);
			assert.equal(Number(await one('select reltuples from pg_class where oid = \'"Shop.1".orders\'::regclass')), 2500);
			close();
		});

		test('who may not vacuum is told so, where PostgreSQL would only warn and do nothing', async () => {
			await server.run('create role plain_user login; grant usage on schema "Shop.1" to plain_user');
			const plain = await openConsole(server, {user: 'plain_user'});
			try {
				await plain.choose('tables', 'tables', row => row.relname === 'orders');
				assert.match((await plain.ask('maintain')) as string, major >= 17 ? /grant maintain on "Shop\.1"\.orders to plain_user/ : /only its owner/);
				await plain.choose('views', 'views', row => row.relation === 'plain');
				assert.match((await plain.ask('refresh')) as string, /it belongs to postgres/);
			} finally {
				await plain.close();
			}
		});

		test('where the disk of the audit log is full nothing is sent', async () => {
			const full = await openConsole(server, {auditFile: '/dev/full'});
			try {
				await full.choose('tables', 'tables', row => row.relname === 'customers');
				const analyzed = await one('select pg_stat_get_last_analyze_time(\'"Shop.1".customers\'::regclass)::text');
				readable(await full.ask('maintain'));
				const [outcome] = await full.settled(full.yes());
				assert.match(outcome!.text, /ENOSPC.*: nothing was sent/);
				assert.equal(full.state().settings.audit.is, 'broken');
				assert.equal(await one('select pg_stat_get_last_analyze_time(\'"Shop.1".customers\'::regclass)::text'), analyzed);
				assert.match((await full.ask('maintain')) as string, /nothing is sent without an audit line/);
			} finally {
				await full.close();
			}
		});

		test('a duplicate index is dropped by its name, with the statement that would bring it back', async () => {
			const [row] = await open.choose('indexes', 'duplicate-indexes', one => String(one.relname).startsWith('Total.'));
			const question = readable(await open.ask('drop-index'));
			const name = `"Shop.1"."${row!.relname}"`;
			assert.equal(question.plan!.typed, name);
			assert.deepEqual(statements(question), ['set lock_timeout = 0', `drop index concurrently ${name}`]);
			assert.match(facts(question), /undo: CREATE INDEX CONCURRENTLY "Total\.(📈|again)" ON "Shop\.1"\.orders USING btree \(total\)/u);
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(await one("select count(*)::int from pg_class where relname like 'Total.%'"), 1);
			close();
			assert.match((await open.ask('drop-index')) as string, /gone/);
		});

		test('an index build that is cancelled leaves an invalid index, which is named, and can be built anew', async () => {
			const old = await session();
			await old.query('create index broken_before on "Shop.1".orders (id, total)');
			await old.query('update pg_index set indisvalid = false where indexrelid = to_regclass(\'"Shop.1".broken_before\')');
			await old.query('begin; select * from "Shop.1".orders limit 1; lock table "Shop.1".orders in row exclusive mode');
			await open.choose('indexes', 'missing-fk-indexes', row => row.relname === 'orders');
			const question = readable(await open.ask('create-index'));
			assert.match(statements(question)[1]!, /^create index concurrently orders_customer_idx on "Shop\.1"\.orders \(customer\)$/);
			assert.match(facts(question), /waits for every older transaction of this database; the oldest now is \d+ \(postgres, [a-z ]+\), 00:\d\d:\d\d old/);
			const request = open.yes();
			await until(progress, text => /create index concurrently: waiting for (writers|old snapshots)/.test(text));
			await until(
				() => one('select count(*)::int from pg_index where indexrelid = to_regclass(\'"Shop.1".orders_customer_idx\')'),
				n => n === 1,
			);
			open.watch.store.dispatch({type: 'cancelled', request});
			const [outcome] = await open.settled(request);
			assert.match(
				outcome!.text,
				/cancelled.*left over: invalid index "Shop\.1"\.orders_customer_idx, cure: drop index concurrently "Shop\.1"\.orders_customer_idx, or reindex/,
			);
			assert.doesNotMatch(outcome!.text, /broken_before/, 'what was broken before is not left over from this');
			await old.query('rollback');
			await old.query('drop index "Shop.1".broken_before');
			await old.end();
			close();
			await open.choose('indexes', 'invalid-indexes', row => row.relname === 'orders_customer_idx' && row.cause !== 'building');
			readable(await open.ask('reindex'));
			const [again] = await open.settled(open.yes());
			assert.equal(again!.done, true, again!.text);
			assert.equal(await one('select indisvalid from pg_index where indexrelid = \'"Shop.1".orders_customer_idx\'::regclass'), true);
			close();
		});

		test('the statistics of statements are reset by typing it', async () => {
			await client.query('select 4711 as told');
			await open.choose('queries', 'statements-total', row => row.kind === 'all');
			const question = readable(await open.ask('reset-statements'));
			assert.equal(question.plan!.typed, 'reset');
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(await one("select count(*)::int from pg_stat_statements where query like '%as told%'"), 0);
			close();
		});
	});
}
