import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import type {Explained} from '../source/explain.ts';
import type {Row} from '../source/pane.ts';
import type {Overlay} from '../source/state.ts';
import {type Console, openConsole} from './support/console.ts';
import {startPooler, startServer, type TestServer, until} from './support/servers.ts';

type Explaining = Extract<Overlay, {is: 'explain'}>;

function shownIn(console: Console): Explaining | undefined {
	return console.state().overlays.find((one): one is Explaining => one.is === 'explain');
}

/** `e` on the row under the cursor; as superuser with `y` behind it. */
async function explain(console: Console): Promise<Explained> {
	const {store} = console.watch;
	store.dispatch({type: 'inspected'});
	assert.ok(shownIn(console), console.state().notice?.text);
	await until(
		() => shownIn(console)?.stage,
		stage => stage === 'asked' || stage === 'shown',
	);
	const {request, stage} = shownIn(console)!;
	if (stage === 'asked') store.dispatch({type: 'answered', request, yes: true, at: performance.now()});
	const {result} = (await until(
		() => shownIn(console),
		one => one?.stage === 'shown',
	))!;
	store.dispatch({type: 'closed'});
	return result!;
}

function planOf(result: Explained): readonly string[] {
	assert.equal(result.is, 'plan', result.is === 'refused' ? result.why : '');
	return (result as Extract<Explained, {is: 'plan'}>).lines;
}

function whyNot(result: Explained): string {
	assert.equal(result.is, 'refused', JSON.stringify(result));
	return (result as Extract<Explained, {is: 'refused'}>).why;
}

for (const major of [13, 18]) {
	describe(`explain on PostgreSQL ${major}`, () => {
		let server: TestServer;
		let app: pg.Client;
		let boss: Console;
		before(async () => {
			server = await startServer({major, conf: {track_activity_query_size: '400', log_statement: 'all', jit: 'off', 'pg_stat_statements.track': 'all'}});
			await server.createRoles();
			await server.run(`
				create schema store;
				create table store.orders (id int primary key, placed int, note text) partition by range (id);
				create table store.orders_1 partition of store.orders for values from (0) to (1000);
				create table store.orders_2 partition of store.orders for values from (1000) to (2000);
				insert into store.orders select n, n, 'note ' || n from generate_series(0, 1999) n;
				create table store.lines (id int primary key, amount int);
				create table store.written (id int);
				create function store.writes() returns int language plpgsql as $$ begin insert into store.written values (1); return 1; end $$;
				create function store.leaves() returns int language plpgsql immutable as $$ begin return store.writes(); end $$;
				analyze;
				alter role postgres set search_path = store, public;
				select pg_stat_statements_reset();
			`);
			app = await server.connect();
			boss = await openConsole(server);
		});
		after(async () => {
			await boss.close();
			await app.end();
			await server.stop();
		});

		/** The row of a statement that has just been run, under the cursor. */
		async function on(text: string, wanted: RegExp, console = boss): Promise<Row> {
			await app.query(text).catch(() => undefined);
			const {rows} = await app.query<{queryid: string}>(
				"select s.queryid::text as queryid from pg_stat_statements s join pg_database d on d.oid = s.dbid where s.query ~ $1 and s.query !~ 'pg_stat_statements' and d.datname = current_database()",
				[wanted.source],
			);
			assert.ok(rows[0], `nothing like ${wanted} is counted`);
			const [row] = await console.choose('queries', 'statements-total', one => one.queryid === rows[0]!.queryid && one.toplevel === true);
			return row!;
		}

		/** A session that runs a text now, under the cursor. */
		async function onRunning(text: string, work: () => Promise<void>, user?: string): Promise<void> {
			const client = await server.connect({user});
			const {rows} = await client.query('select pg_backend_pid() as pid');
			const running = client.query(text).catch(() => undefined);
			try {
				await boss.choose('sessions', 'sessions', row => row.pid === rows[0].pid && row.state === 'active' && String(row.query).startsWith(text.slice(0, 10)));
				await work();
			} finally {
				await server.run(`select pg_cancel_backend(${rows[0].pid})`);
				await running;
				await client.end();
			}
		}

		test('a normalized text with parameters has a plan, with the names that the role itself would find', async () => {
			await on("select note from lines l join orders o using (id) where l.amount > 5 and o.note = 'x'", /from lines l join orders/);
			const result = await explain(boss);
			const lines = planOf(result);
			assert.match(lines[0]!, /\(cost=/);
			assert.match(lines.join('\n'), /amount > \$1/);
			assert.equal(result.is === 'plan' && result.searchPath, 'store, public');
		});

		test('what the parameters would choose of the partitions is shown as a whole, and said', async () => {
			await on('select count(*) from orders where id > 1500', /from orders where id/);
			const result = await explain(boss);
			assert.match(planOf(result).join('\n'), /orders_1[\s\S]*orders_2/);
			assert.doesNotMatch(planOf(result).join('\n'), /Subplans Removed/);
			assert.equal(result.is === 'plan' && result.everyPartition, true);
		});

		test('a change is planned, not made, and nothing of it is run', async () => {
			await app.query('begin');
			await on('delete from lines where id < 100', /^delete from lines/);
			await app.query('commit');
			await server.run('insert into store.lines select n, n from generate_series(1, 50) n');
			assert.match(planOf(await explain(boss))[0]!, /^Delete on lines/);
			assert.equal((await app.query('select count(*)::int as n from lines')).rows[0].n, 50);
			assert.doesNotMatch(readFileSync(server.log, 'utf8'), /explain[^\n]*analyze/i);
		});

		test('as superuser it is asked before, word for word, and no is no', async () => {
			await on('select amount from lines where id = 3', /select amount from lines/);
			boss.watch.store.dispatch({type: 'inspected'});
			const asked = (await until(
				() => shownIn(boss),
				one => one?.stage === 'asked',
			))!;
			assert.equal(asked.text, 'select amount from lines where id = $1');
			boss.watch.store.dispatch({type: 'answered', request: asked.request, yes: false, at: performance.now()});
			assert.equal(shownIn(boss), undefined);
			assert.doesNotMatch(readFileSync(server.log, 'utf8'), /pgperf_explain as select amount from lines where id/);
		});

		test('functions that planning runs can write nothing', async () => {
			await app.query('explain select 1 from lines where amount = store.leaves()');
			assert.ok((await app.query('select count(*)::int as n from written')).rows[0].n > 0, 'planning runs it');
			await app.query('truncate written');
			await onRunning('select pg_sleep(60) from lines where amount = store.leaves()', async () => {
				assert.match(whyNot(await explain(boss)), /read-only transaction/);
			});
			assert.equal((await app.query('select count(*)::int as n from written')).rows[0].n, 0);
		});

		test('a second statement behind the first does nothing, also where it ends the transaction before', async () => {
			await onRunning('select pg_sleep(60); commit; create table store.pwned (id int)', async () => {
				assert.match(whyNot(await explain(boss)), /several statements/);
			});
			const {rows} = await app.query("select to_regclass('store.pwned') as made");
			assert.equal(rows[0].made, null);
			const sent = readFileSync(server.log, 'utf8');
			assert.doesNotMatch(sent, /(execute|statement)[^\n]*: create table store\.pwned/);
		});

		test('a running statement has a plan', async () => {
			await onRunning("select pg_sleep(60), note from orders where note like 'n%' limit 1", async () => {
				assert.match(planOf(await explain(boss)).join('\n'), /Seq Scan on orders_1/);
			});
		});

		test('a text that the server cut is not planned', async () => {
			await onRunning(`select pg_sleep(60) from lines where amount in (${Array.from({length: 200}, (_, i) => i).join(', ')})`, async () => {
				assert.match(whyNot(await explain(boss)), /kept only the first 400 bytes/);
			});
		});

		test('what can not be planned says why: parameters where none may stand, utilities, another database', async () => {
			await on("select now() - interval '3 days' as three_days", /three_days/);
			assert.match(whyNot(await explain(boss)), /can't be parsed \(syntax error at or near "\$1"\).*interval \$1/);
			await on('create table if not exists made_by_utility (id int)', /made_by_utility/);
			assert.match(whyNot(await explain(boss)), /CREATE is a utility statement/);
			await server.createDatabase('elsewhere');
			const other = await server.connect({database: 'elsewhere'});
			await other.query('select 42 as from_elsewhere');
			await other.end();
			await boss.choose('queries', 'statements-total', one => one.datname === 'elsewhere' && one.kind === 'statement');
			boss.watch.store.dispatch({type: 'inspected'});
			assert.equal(shownIn(boss), undefined);
			assert.match(boss.state().notice!.text, /of database elsewhere: watch that one/);
		});

		test('a role without rights on the tables reads what it would take, and is not asked', async () => {
			const monitor = await openConsole(server, {user: 'monitor_role'});
			try {
				await on('select sum(amount) from store.lines where amount <> 7', /select sum\(amount\)/, monitor);
				assert.match(whyNot(await explain(monitor)), /permission denied for .*store.*monitor_role does not have/);
				await server.run('grant usage on schema store to monitor_role; grant select on store.lines to monitor_role');
				assert.match(planOf(await explain(monitor)).join('\n'), /on lines/);
			} finally {
				await monitor.close();
			}
		});

		test('behind a lock nobody waits: it gives up', async () => {
			await on('select min(amount) from lines where amount > 3', /select min\(amount\)/);
			const holder = await server.connect();
			await holder.query('begin; lock table store.lines in access exclusive mode');
			assert.match(whyNot(await explain(boss)), /locked: gave up/);
			await holder.end();
		});

		test('none of its sessions stays behind: sampling, surveying and acting remain', async () => {
			await until(
				async () => (await app.query("select count(*)::int as n from pg_stat_activity where application_name = 'pgperf'")).rows[0].n as number,
				n => n === 3,
			);
		});
	});
}

test('through a transaction pooler it is refused', async t => {
	const server = await startServer({major: 18});
	const pooler = await startPooler(server);
	if (!pooler) {
		await server.stop();
		return t.skip('there is no PgBouncer here');
	}
	const console = await openConsole({...server, uri: pooler.uri});
	try {
		await console.choose('queries', 'statements-total', row => row.kind === 'statement');
		console.watch.store.dispatch({type: 'inspected'});
		assert.equal(shownIn(console), undefined);
		assert.match(console.state().notice!.text, /connect directly/);
	} finally {
		await console.close();
		await pooler.stop();
		await server.stop();
	}
});
