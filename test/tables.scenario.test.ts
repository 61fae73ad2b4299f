import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import type {Row} from '../source/pane.ts';
import {withShare} from '../views/panes/tables-progress.ts';
import {withUse} from '../views/panes/tables-sequences.ts';
import {nextOf} from '../views/panes/tables-size.ts';
import {type Asker, asker} from './support/ask.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const world = `
	create table plain (id serial primary key, body text);
	create table tuned (id int primary key, body text) with (autovacuum_vacuum_threshold = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_freeze_max_age = 100000, fillfactor = 50);
	create table alone (id smallserial primary key) with (autovacuum_enabled = off);
	create table wide (id bigint generated always as identity (sequence name wide_key) primary key);
	create sequence shared_key as integer;
	create table keyed (id int primary key default nextval('shared_key'));
	insert into plain (body) select repeat('x', 100) from generate_series(1, 20000);
	insert into tuned select n, repeat('x', 100) from generate_series(1, 1000) n;
	select setval('plain_id_seq', 2000000000), setval('shared_key', 1900000000), setval('alone_id_seq', 32000);
	delete from plain where id % 2 = 0;
	delete from tuned where id <= 12;
`;

for (const major of [13, 18]) {
	describe(`tables of PostgreSQL ${major}`, () => {
		let server: TestServer;
		let shop: pg.Client;
		let console: Asker;
		let monitor: Asker;
		let plain: Asker;
		before(async () => {
			server = await startServer({major, conf: {autovacuum: 'off', ...(major >= 18 && {autovacuum_vacuum_max_threshold: '1000'})}});
			await server.createRoles();
			await server.createDatabase('shop', world);
			await server.createDatabase('closed', 'revoke connect on database closed from public');
			await server.run('analyze', 'shop');
			shop = await server.connect({database: 'shop'});
			console = await asker(await server.connect({database: 'shop'}));
			monitor = await asker(await server.connect({user: 'monitor_role', database: 'shop'}));
			plain = await asker(await server.connect({user: 'plain_role', database: 'shop'}));
		});
		after(() => server.stop());

		const named = (rows: readonly Row[], name: string) => rows.find(row => row.relname === name)!;

		test('what autovacuum waits for is computed as it does: options of the table first, and the cap of 18', async () => {
			const rows = await until(
				() => console.ask('tables'),
				found => (named(found, 'tuned').dead as number) >= 12 && (named(found, 'plain').dead as number) >= 10_000,
			);
			assert.equal(named(rows, 'tuned').vacuum_at, 10);
			assert.ok((named(rows, 'tuned').vacuum_due as number) >= 1);
			assert.equal(named(rows, 'plain').vacuum_at, major >= 18 ? 1000 : 50 + 0.2 * 10_000);
			assert.equal(nextOf(named(rows, 'plain')), 'autovacuum is off');
			assert.equal(named(rows, 'alone').enabled, false);
			// A hundred thousand transactions instead of the server's two hundred million.
			assert.equal(named(rows, 'tuned').freeze_due, (named(rows, 'tuned').xid_age as number) / 100_000);
		});

		test('the age of a table is that of what it keeps out of line, too', async () => {
			const [{age}] = (
				await shop.query(
					"select greatest(age(c.relfrozenxid), age(t.relfrozenxid)) as age from pg_class c join pg_class t on t.oid = c.reltoastrelid where c.relname = 'plain'",
				)
			).rows as [{age: number}];
			const row = named(await console.ask('tables'), 'plain');
			assert.ok(Math.abs((row.xid_age as number) - age) <= 5);
		});

		test('bloat is estimated where widths may be read, and unknown where not: never none', async () => {
			const known = named(await console.ask('table-bloat'), 'plain');
			assert.ok((known.bloat_bytes as number) > 0.3 * (known.heap_bytes as number), `${known.bloat_bytes} of ${known.heap_bytes}`);
			const tuned = named(await console.ask('table-bloat'), 'tuned');
			assert.ok((tuned.bloat_bytes as number) < 0.2 * (tuned.heap_bytes as number), 'the fill factor is no bloat');
			const unseen = named(await monitor.ask('table-bloat'), 'plain');
			assert.deepEqual([unseen.bloat_bytes, unseen.columns_known], [null, 0]);
		});

		test('keys are judged by the column that ends first, also where nothing owns the sequence', async () => {
			const rows = withUse(await console.ask('sequences'));
			assert.deepEqual(
				rows.map(row => [row.relname, row.attname, row.by_column]),
				[
					['alone_id_seq', 'id', false],
					['plain_id_seq', 'id', false],
					['shared_key', 'id', false],
				],
			);
			assert.ok(rows.every(row => (row.used as number) > 0.8));
			const unseen = withUse(await plain.ask('sequences'));
			assert.ok(unseen.length === 3 && unseen.every(row => row.used === null && row.denied === true));
		});

		test('a running build has a bar, and whose it is', async () => {
			const holder = await server.connect({database: 'shop'});
			await holder.query('begin; update plain set body = body where id = 1');
			const building = shop.query('create index concurrently plain_body on plain (body)');
			const [row] = withShare(
				await until(
					() => console.ask('progress'),
					rows => rows.some(one => one.kind === 'create index concurrently' && String(one.phase).startsWith('waiting for writers')),
				),
				{rows: {}, facts: {}, watched: 'here', history: {}},
			);
			assert.deepEqual([row!.relation, row!.unit, row!.usename], ['public.plain', 'lockers', 'postgres']);
			assert.match(String(row!.phase), /\(for \d+\)$/);
			await holder.query('rollback');
			await building;
		});

		test('a database that may not be entered has no size, and takes none from the others', async () => {
			const sizes = await plain.ask('database-sizes');
			assert.equal(sizes.find(row => row.datname === 'closed')!.size_bytes, null);
			assert.ok((sizes.find(row => row.datname === 'shop')!.size_bytes as number) > 1e6);
			assert.ok(((await monitor.ask('database-sizes')).find(row => row.datname === 'closed')!.size_bytes as number) > 1e6);
		});

		test('settings: what this session has set is not told as the server’s, and secrets stay where they are', async () => {
			await server.run("alter system set primary_conninfo = 'host=db1 user=repl password=''se cret'' application_name=x'");
			await server.run("alter system set archive_command = 'AWS_SECRET_ACCESS_KEY=abc123 upload --url https://me:hunter2@store/x %p'");
			await server.run('alter system set max_connections = 123');
			await server.run('alter role plain_role set work_mem = $$64MB$$');
			await server.run('select pg_reload_conf()');
			const rows = await until(
				() => console.ask('settings'),
				found => found.some(row => row.name === 'max_connections' && row.pending_restart === true) && found.some(row => row.name === 'primary_conninfo'),
			);
			assert.ok(
				!rows.some(row => ['lock_timeout', 'statement_timeout', 'application_name', 'default_transaction_read_only', 'search_path'].includes(String(row.name))),
			);
			assert.doesNotMatch(JSON.stringify(rows), /se cret|abc123|hunter2/);
			assert.match(String(rows.find(row => row.name === 'primary_conninfo')!.value), /host=db1 user=repl password=\*\*\* application_name=x/);
			assert.deepEqual(
				(await console.ask('role-settings')).map(row => [row.rolname, row.name, row.value]),
				[['plain_role', 'work_mem', '64MB']],
			);
		});
	});
}
