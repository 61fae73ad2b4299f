import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import {program} from './support/program.ts';
import {repository} from './support/queries.ts';
import {openScreen} from './support/screen.ts';
import {roomDirectories, startCache, startServer, type TestServer, until} from './support/servers.ts';

type Ran = {readonly code: number | null; readonly out: string; readonly err: string};

const world = `
	create table orders (id int primary key, n int);
	insert into orders select n, n from generate_series(1, 100) n;
	create table items (id int primary key, order_id int constraint "items→orders" references orders);
	create index "Spare.Index" on orders (n);
	create materialized view "Daily.📊" as select count(*) as n from orders;
	create materialized view keyed as select id, n from orders;
	create unique index on keyed (id);
	create schema other;
	create materialized view other.keyed as select 1 as one;
	create table events (at timestamptz not null) partition by range (at);
	create table old_events (at timestamptz not null) partition by range (at);
`;

for (const major of [13, 18]) {
	describe(`act on PostgreSQL ${major}`, () => {
		let server: TestServer;
		let client: pg.Client;
		let home: string;
		before(async () => {
			server = await startServer({major});
			await server.run(world);
			const months = [-2, -1, 0].map(n => new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + n, 1)));
			for (const month of months) {
				const next = new Date(month);
				next.setUTCMonth(month.getUTCMonth() + 1);
				const name = `events_${month.toISOString().slice(0, 7).replace('-', '_')}`;
				await server.run(`create table ${name} partition of events for values from ('${month.toISOString()}') to ('${next.toISOString()}')`);
			}
			await server.run("create table old_events_2001 partition of old_events for values from ('2001-01-01 00:00+00') to ('2002-01-01 00:00+00')");
			await server.run("create table old_events_2002 partition of old_events for values from ('2002-01-01 00:00+00') to ('2003-01-01 00:00+00')");
			client = await server.connect();
			home = mkdtempSync(path.join(roomDirectories()[0]!, 'home-'));
		});
		after(async () => {
			await client.end();
			await server.stop();
			rmSync(home, {recursive: true, force: true});
		});
		const start = (...words: readonly string[]) =>
			spawn(process.execPath, [...program, 'act', '-d', server.conninfo, ...words], {
				cwd: repository,
				env: {PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: home, LANG: 'C.UTF-8'},
				stdio: ['ignore', 'pipe', 'pipe'],
			});
		const ended = async (child: ReturnType<typeof start>): Promise<Ran> => {
			let out = '';
			let err = '';
			child.stdout.on('data', data => (out += data));
			child.stderr.on('data', data => (err += data));
			const code = await new Promise<number | null>(resolve => child.on('close', resolve));
			return {code, out, err};
		};
		const act = (...words: readonly string[]) => ended(start(...words));
		const audit = () => {
			const file = path.join(home, 'pgperf', 'audit.jsonl');
			return existsSync(file)
				? readFileSync(file, 'utf8')
						.split('\n')
						.filter(Boolean)
						.map(line => JSON.parse(line) as {readonly action: string; readonly outcome: string; readonly target: string; readonly detail?: string})
				: [];
		};
		const one = async (sql: string) => (await client.query({text: sql, rowMode: 'array'})).rows[0]?.[0];
		const expectCode = (ran: Ran, code: number) => assert.equal(ran.code, code, `${ran.out}\n${ran.err}`);

		test('a dry run prints the statements, sends nothing, and writes nothing', async () => {
			const ran = await act('refresh', 'Daily.📊', '--dry-run');
			expectCode(ran, 0);
			assert.equal(ran.out, `set lock_timeout = '300ms';\nrefresh materialized view public."Daily.📊";\n`);
			assert.match(ran.err, /nobody can read it until it is done/);
			assert.deepEqual(audit(), []);
			const concurrent = await act('refresh', 'public.keyed', '--dry-run');
			assert.equal(concurrent.out, 'set lock_timeout = 0;\nrefresh materialized view concurrently public.keyed;\n');
		});

		test('without a terminal it needs --yes; names that are not there or mean two things are refused', async () => {
			const silent = await act('refresh', 'public.keyed');
			expectCode(silent, 2);
			assert.match(silent.err, /--yes/);
			const lost = await act('refresh', 'nowhere', '--yes');
			expectCode(lost, 2);
			assert.match(lost.err, /there is no materialized view nowhere/);
			const twice = await act('refresh', 'keyed', '--yes');
			expectCode(twice, 2);
			assert.match(twice.err, /other\.keyed or public\.keyed/);
			expectCode(await act('refrsh', 'keyed'), 64);
			expectCode(await act('partitions', 'events'), 64);
			expectCode(await act('cancel', 'all'), 64);
			assert.deepEqual(audit(), []);
		});

		test('of several words those that mean nothing are told; what is named twice is done once', async () => {
			const index = await act('drop-index', 'Spare.Index', 'public.Spare.Index', 'Spare.Indx', '--dry-run');
			expectCode(index, 0);
			assert.equal(index.out.match(/drop index/g)?.length, 1, index.out);
			assert.match(index.err, /-- left out: there is no index Spare\.Indx in database/);
			const idle = await server.connect();
			try {
				await idle.query('begin');
				const {rows} = await idle.query<{pid: number}>('select pg_backend_pid() as pid');
				const session = await act('terminate', String(rows[0]!.pid), '999999999', '--dry-run');
				expectCode(session, 0);
				assert.match(session.err, /-- left out: 999999999: no such session: gone already/);
			} finally {
				await idle.end();
			}
		});

		test('refresh, vacuum and analyze do what they say, and again, with two lines in the audit each', async () => {
			await client.query('insert into orders values (101, 1)');
			for (const words of [
				['refresh', 'Daily.📊'],
				['refresh', 'public.keyed', 'other.keyed'],
				['vacuum', 'orders'],
				['analyze', 'orders'],
				['analyze', 'events'],
			]) {
				expectCode(await act(...words, '--yes'), 0);
				expectCode(await act(...words, '--yes'), 0);
			}
			assert.equal(Number(await one('select n from "Daily.📊"')), 101);
			assert.equal(Number(await one('select count(*) from keyed')), 101);
			assert.ok(Number(await one("select vacuum_count from pg_stat_get_vacuum_count('orders'::regclass) as vacuum_count")) >= 1);
			assert.equal(audit().filter(line => line.outcome === 'done').length, 12);
			assert.equal(audit().filter(line => line.outcome === 'asked').length, 12);
		});

		test('partitions are made until as many lie ahead; the second time there is nothing to do', async () => {
			expectCode(await act('partitions', 'events', '--ahead', '3', '--yes'), 0);
			assert.equal(Number(await one("select count(*) from pg_inherits where inhparent = 'events'::regclass")), 6);
			const again = await act('partitions', 'events', '--ahead', '3', '--yes');
			expectCode(again, 3);
			assert.match(again.err, /3 partitions lie ahead already/);
			expectCode(await act('partitions', 'events', '--ahead', '4', '--yes'), 0);
			assert.equal(Number(await one("select count(*) from pg_inherits where inhparent = 'events'::regclass")), 7);
		});

		test('old partitions are detached, or dropped when that is said; then there is nothing to do', async () => {
			expectCode(await act('partitions', 'old_events', '--older-than', '23 years', '--yes'), 0);
			assert.equal(await one("select to_regclass('old_events_2001')::text"), 'old_events_2001');
			assert.equal(Number(await one("select count(*) from pg_inherits where inhparent = 'old_events'::regclass")), 0);
			expectCode(await act('partitions', 'old_events', '--older-than', '23 years', '--yes'), 3);
			await client.query("create table gone partition of old_events for values from ('2001-01-01 00:00+00') to ('2002-01-01 00:00+00')");
			expectCode(await act('partitions', 'old_events', '--older-than', '2y', '--drop', '--yes'), 0);
			assert.equal(await one("select to_regclass('gone')"), null);
		});

		test('an index is dropped once, one for a foreign key built once, and one is built anew', async () => {
			const dry = await act('drop-index', 'Spare.Index', '--dry-run');
			assert.match(dry.err, /undo: CREATE INDEX CONCURRENTLY "Spare\.Index" ON public\.orders/);
			expectCode(await act('reindex', 'Spare.Index', '--yes'), 0);
			expectCode(await act('drop-index', 'Spare.Index', '--yes'), 0);
			assert.equal(await one(`select to_regclass('"Spare.Index"')`), null);
			expectCode(await act('drop-index', 'Spare.Index', '--yes'), 3);
			const constraint = await act('drop-index', 'orders_pkey', '--yes');
			expectCode(constraint, 2);
			assert.match(constraint.err, /constraint orders_pkey/);
			expectCode(await act('create-index', 'items→orders', '--yes'), 0);
			assert.equal(Number(await one("select count(*) from pg_index where indrelid = 'items'::regclass and indisvalid")), 2);
			expectCode(await act('create-index', 'items→orders', '--yes'), 3);
		});

		test('sessions are cancelled and ended; who has gone is nothing to do', async () => {
			const victim = await server.connect();
			const pid = String((await victim.query('select pg_backend_pid() as pid')).rows[0].pid);
			const fate = victim.query('select pg_sleep(600)').catch((error: {readonly code?: string}) => error.code);
			await until(
				() => one(`select state from pg_stat_activity where pid = ${pid}`),
				state => state === 'active',
			);
			expectCode(await act('cancel', pid, '--yes'), 0);
			assert.equal(await fate, '57014');
			const idle = await act('cancel', pid, '--yes');
			expectCode(idle, 3);
			assert.match(idle.err, /it runs nothing: there is nothing to cancel/, 'it is there, and idle');
			expectCode(await act('terminate', pid, '--yes'), 0);
			expectCode(await act('terminate', pid, '--yes'), 3);
			const line = audit().find(one => one.action === 'terminate' && one.outcome === 'asked') as {readonly evidence?: string} | undefined;
			assert.match(readFileSync(line!.evidence!, 'utf8'), /"sessions"/);
		});

		test('a cache tag is invalidated once; then there is nothing to do', async t => {
			const cache = await startCache();
			if (!cache) return t.skip('no redis-server to be had');
			const {Redis} = await import('ioredis');
			const redis = new Redis(cache.url);
			try {
				await redis.mset('menu:1', 'a', 'menu:2', 'b', 'other', 'c');
				await redis.sadd('tag:menus', 'menu:1', 'menu:2');
				const words = ['invalidate', 'menus', '--redis', cache.url];
				const dry = await act(...words, '--dry-run');
				expectCode(dry, 0);
				assert.equal(await redis.exists('menu:1', 'menu:2'), 2);
				expectCode(await act(...words, '--yes'), 0);
				assert.equal(await redis.exists('menu:1', 'menu:2', 'tag:menus'), 0);
				assert.equal(await redis.exists('other'), 1);
				expectCode(await act(...words, '--yes'), 3);
			} finally {
				redis.disconnect();
				await cache.stop();
			}
		});

		test('at a terminal it asks: what destroys wants its name typed, anything else is no', async () => {
			await client.query('create index spare on orders (n)');
			const ask = () =>
				openScreen({
					command: process.execPath,
					args: [...program, 'act', '-d', server.conninfo, 'drop-index', 'spare'],
					columns: 100,
					rows: 20,
					cwd: repository,
					env: {PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: home, TERM: 'xterm-256color', LANG: 'C.UTF-8'},
				});
			const careful = await ask();
			await careful.waitFor(/type public\.spare to do it/);
			careful.type('yes\r');
			assert.equal((await careful.exit).code, 2);
			assert.equal(await one("select to_regclass('spare')::text"), 'spare');
			const sure = await ask();
			await sure.waitFor(/drop index concurrently public\.spare;[\s\S]*type public\.spare to do it/);
			sure.type('public.spare\r');
			assert.equal((await sure.exit).code, 0);
			assert.equal(await one("select to_regclass('spare')"), null);
		});

		test('Ctrl-C cancels a refresh on the server; SIGTERM leaves it running, and the audit says so', async () => {
			await client.query('create function slow() returns int language sql volatile as $$ select 1 from pg_sleep(2) $$');
			await client.query('create materialized view slow_view as select slow() as n with no data');
			const working = () => one("select pid from pg_stat_activity where query like 'refresh materialized view public.slow_view%' and state = 'active'");
			const cancelled = start('refresh', 'slow_view', '--yes');
			const first = ended(cancelled);
			await until(working, pid => pid !== undefined);
			cancelled.kill('SIGINT');
			const ran = await first;
			expectCode(ran, 130);
			assert.match(ran.err, /cancelled/);
			assert.equal(await one("select relispopulated from pg_class where relname = 'slow_view'"), false);
			assert.equal(audit().at(-1)!.outcome, 'failed');
			const leaving = start('refresh', 'slow_view', '--yes');
			const second = ended(leaving);
			await until(working, pid => pid !== undefined);
			leaving.kill('SIGTERM');
			expectCode(await second, 143);
			assert.equal(audit().at(-1)!.outcome, 'unknown');
			assert.match(audit().at(-1)!.detail!, /pgperf ended while it ran/);
			await until(
				() => one("select relispopulated from pg_class where relname = 'slow_view'"),
				populated => populated === true,
			);
		});
	});
}
