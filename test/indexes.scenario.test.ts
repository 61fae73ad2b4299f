import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import type {Facts, Row} from '../source/pane.ts';
import {causeOf, isBroken} from '../views/panes/indexes-invalid.ts';
import {withSequentialScans} from '../views/panes/indexes-missing.ts';
import {verdicts} from '../views/panes/indexes-unused.ts';
import {type Asker, asker} from './support/ask.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const world = `
	create table parents (id int primary key, code text);
	create table children (
		id int primary key, parent_id int references parents, other_id int references parents, a int, b int, c text,
		constraint children_c_key unique (c)
	);
	create index children_parent_idx on children (parent_id);
	create index children_a_idx on children (a);
	create index children_a_again on children (a);
	create index children_a_b_idx on children (a, b);
	create index children_c_idx on children (c);
	create index children_lower_1 on children (lower(c)) where a > 3;
	create index children_lower_2 on children   (lower( c ))   where (a  >  3);
	create index children_partial on children (a) where b = 1;
	create index children_b_desc on children (b desc);
	create index children_b on children (b);
	create unique index children_b_unique on children (b, id);
	create table events (id int, at date not null, what int) partition by range (at);
	create table events_1 partition of events for values from ('2026-01-01') to ('2027-01-01');
	create table events_2 partition of events for values from ('2027-01-01') to ('2028-01-01');
	create index events_what_idx on events (what);
	create index events_id_idx on only events (id);
	create table "Odd ""name" (id int primary key, "a b" int);
	create index "odd ""index" on "Odd ""name" ("a b");
	insert into parents select n, 'p' || n from generate_series(1, 100) n;
	insert into children select n, 1 + n % 100, 1 + n % 100, n % 10, n, 'c' || n from generate_series(1, 20000) n;
	insert into events select n, '2026-05-01', n from generate_series(1, 1000) n;
	analyze;
`;

for (const major of [13, 18]) {
	describe(`indexes of PostgreSQL ${major}`, () => {
		let server: TestServer;
		let standby: TestServer;
		let console: Asker;
		let shop: pg.Client;
		const facts: Record<string, Facts> = {};
		before(async () => {
			server = await startServer({major, standby: true, conf: {autovacuum: 'off'}});
			standby = server.standby!;
			await server.createRoles();
			await server.createDatabase('shop', world);
			shop = await server.connect({database: 'shop'});
			console = await asker(await server.connect({database: 'shop'}));
			facts.primary = console.facts;
		});
		after(async () => {
			await standby.stop();
			await server.stop();
		});

		const named = (rows: readonly Row[], name: string) => rows.find(row => row.relname === name);

		test('unused: kept are unique ones, constraints, expressions with statistics, the only one of a foreign key, and children of partitioned ones', async () => {
			const rows = (await console.ask('unused-indexes')).filter(row => row.kind === 'index');
			for (const name of ['children_pkey', 'children_c_key', 'children_b_unique', 'events_1_what_idx', 'events_2_what_idx'])
				assert.equal(named(rows, name), undefined, name);
			assert.equal(named(rows, 'children_parent_idx')!.keep, 'the only index of a foreign key');
			assert.equal(named(rows, 'children_lower_1')!.keep, 'the planner uses its statistics of an expression');
			assert.equal(named(rows, 'children_a_idx')!.keep, null);
			const partitioned = named(rows, 'events_what_idx')!;
			assert.deepEqual([partitioned.partitioned, partitioned.parts, partitioned.mend], [true, 2, 'drop index public.events_what_idx']);
		});

		test('unused: what a standby scans is used, and a standby that is not asked is a reason for doubt', async () => {
			await until(
				async () => (await (await standby.connect()).query("select count(*)::int4 as n from pg_database where datname = 'shop'")).rows[0].n as number,
				n => n === 1,
			);
			const other = await asker(await standby.connect({database: 'shop'}));
			facts.standby = other.facts;
			const reader = await standby.connect({database: 'shop'});
			await until(
				async () => (await reader.query("select to_regclass('children') is not null as there")).rows[0].there as boolean,
				there => there,
			);
			await until(
				async () => {
					// Each look is a scan: the statistics of a session come late.
					await reader.query('set enable_seqscan = off; select * from "Odd ""name" where "a b" = 1');
					return named(await other.ask('unused-indexes'), 'odd "index');
				},
				row => row === undefined,
			);
			const cluster = async (servers: Readonly<Record<string, Asker>>) => {
				const rows = await Promise.all(Object.entries(servers).map(async ([id, one]) => (await one.ask('unused-indexes')).map(row => ({...row, server: id}))));
				return verdicts(rows.flat(), {rows: {}, facts, watched: 'primary', history: {}});
			};
			const both = await cluster({primary: console, standby: other});
			assert.equal(named(both, 'odd "index')!.used_on, 'standby');
			assert.deepEqual([named(both, 'children_a_again')!.unused, named(both, 'children_a_again')!.servers_asked], [true, 2]);
			const alone = await cluster({primary: console});
			assert.deepEqual([named(alone, 'children_a_again')!.unused, named(alone, 'children_a_again')!.verdict], [false, 'unused here, 1 server not asked']);
		});

		test('duplicates: equal ones however they were written, beginnings of longer ones, never the one that a constraint needs', async () => {
			const rows = await console.ask('duplicate-indexes');
			const found = Object.fromEntries(rows.map(row => [row.relname, [row.keeper, row.same]]));
			assert.deepEqual(found, {
				children_a_again: ['children_a_idx', true],
				children_a_idx: ['children_a_b_idx', false],
				children_b: ['children_b_unique', false],
				children_c_idx: ['children_c_key', true],
				children_lower_2: ['children_lower_1', true],
			});
		});

		test('every mend runs, and every undo brings back what was there', async () => {
			const definitions = async () =>
				(
					await shop.query(
						"select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as text from pg_index where indisvalid and indrelid::regclass::text not like 'pg_%' order by 1",
					)
				).rows;
			const first = await definitions();
			const all = [...(await console.ask('unused-indexes')).filter(row => row.kind === 'index'), ...(await console.ask('duplicate-indexes'))];
			assert.ok(all.some(row => row.relname === 'odd "index'));
			for (const row of all) {
				await shop.query(String(row.mend));
				await shop.query(String(row.undo));
			}
			assert.deepEqual(await definitions(), first);
			const missing = await console.ask('missing-fk-indexes');
			for (const row of missing) {
				await shop.query(String(row.mend));
				assert.equal(
					(await console.ask('missing-fk-indexes')).find(one => one.conoid === row.conoid),
					undefined,
				);
				await shop.query(String(row.undo));
			}
			assert.deepEqual(await definitions(), first);
		});

		test('foreign keys without an index are those whose columns no index begins with, in any order', async () => {
			assert.deepEqual(
				(await console.ask('missing-fk-indexes')).map(row => row.columns),
				['other_id'],
			);
			await shop.query(
				'create table pairs (x int, y int, unique (x, y)); create table refs (y int, x int, z int, foreign key (x, y) references pairs (x, y)); create index refs_idx on refs (y, x, z)',
			);
			assert.deepEqual(
				(await console.ask('missing-fk-indexes')).map(row => row.relname),
				['children'],
			);
			await shop.query('drop index refs_idx; create index refs_idx on refs (z, x, y)');
			assert.deepEqual((await console.ask('missing-fk-indexes')).map(row => row.relname).sort(), ['children', 'refs']);
		});

		test('invalid: a failed build is one, a build that goes on is not, nor what a partitioned one still waits for', async () => {
			await shop.query('insert into parents values (1001, $$twice$$), (1002, $$twice$$)');
			await assert.rejects(shop.query('create unique index concurrently parents_code_idx on parents (code)'));
			const holder = await server.connect({database: 'shop'});
			const builder = await server.connect({database: 'shop'});
			await holder.query('begin isolation level repeatable read');
			await holder.query('update parents set code = code where id = 1');
			const building = builder.query('create index concurrently parents_id_code_idx on parents (id, code)');
			const rows = await until(
				() => console.ask('invalid-indexes'),
				found => named(found, 'parents_id_code_idx')?.cause === 'building',
			);
			assert.equal(isBroken(named(rows, 'parents_id_code_idx')!), false);
			assert.match(causeOf(named(rows, 'parents_id_code_idx')!), /^being built by \d+: /);
			const partial = named(rows, 'events_id_idx')!;
			assert.deepEqual([partial.cause, partial.parts_missing, partial.mend], ['partitions', 2, null]);
			// The progress of another user's build is hidden, its lock is not.
			const plain = await asker(await server.connect({user: 'plain_role', database: 'shop'}));
			assert.equal(isBroken(named(await plain.ask('invalid-indexes'), 'parents_id_code_idx')!), false);
			await holder.query('rollback');
			await building;
			const after = await console.ask('invalid-indexes');
			assert.equal(named(after, 'parents_id_code_idx'), undefined);
			const failed = named(after, 'parents_code_idx')!;
			assert.deepEqual([isBroken(failed), failed.cause, failed.mend], [true, 'failed build', 'reindex index concurrently public.parents_code_idx']);
			await shop.query('delete from parents where id > 1000');
			await shop.query(String(failed.mend));
			assert.equal(named(await console.ask('invalid-indexes'), 'parents_code_idx'), undefined);
		});

		test('nothing waits for a locked table: its size is an estimate, its definitions are not asked for', async () => {
			const locker = await server.connect({database: 'shop'});
			await locker.query('begin; lock table children in access exclusive mode');
			const usage = await console.ask('index-usage');
			assert.equal(named(usage, 'children_a_idx')!.size_exact, false);
			assert.ok((named(usage, 'children_a_idx')!.size_bytes as number) > 0);
			assert.equal(named(usage, 'parents_pkey')!.size_exact, true);
			assert.equal(named(await console.ask('tables'), 'children')!.size_exact, false);
			const unused = named(await console.ask('unused-indexes'), 'children_a_idx')!;
			assert.deepEqual([unused.size_exact, unused.undo, unused.mend], [false, null, 'drop index concurrently public.children_a_idx']);
			const definition = await console.ask('index-definition', String(unused.indexrelid));
			assert.equal(definition[0]!.definition, null);
			await locker.query('rollback');
			const waiting = await server.connect({database: 'shop'});
			const reader = await server.connect({database: 'shop'});
			await reader.query('begin; select count(*) from children');
			// Who only waits for the lock already blocks everybody behind.
			const queued = waiting.query('begin; lock table children in access exclusive mode; rollback');
			try {
				await until(
					async () => (await shop.query("select from pg_locks where relation = 'children'::regclass and not granted")).rowCount,
					count => count === 1,
				);
				assert.equal(named(await console.ask('tables'), 'children')!.size_exact, false);
			} finally {
				await reader.query('rollback');
				await queued;
			}
		});

		test('a large table that is read whole is told, a table without index has no share', async () => {
			const row = await until(
				async () => {
					await shop.query('select count(*) from children where c like $1', ['%x%']);
					return withSequentialScans(await console.ask('tables')).find(one => one.relname === 'children');
				},
				found => found !== undefined && (found.seq_tup_read as number) >= 20_000,
			);
			assert.ok((row!.rows_per_scan_total as number) > 1000);
		});

		test('a crash empties the statistics: their age begins there', async () => {
			const [first] = (await console.ask('unused-indexes')).filter(row => row.kind === 'server');
			server.kill('SIGQUIT');
			await server.stop();
			await server.start();
			const again = await asker(await server.connect({database: 'shop'}));
			const [now] = (await again.ask('unused-indexes')).filter(row => row.kind === 'server');
			assert.ok((now!.stats_since as number) > (first!.stats_since as number), `${now!.stats_since} is not after ${first!.stats_since}`);
			const database = (await again.ask('databases')).find(row => row.here === true)!;
			assert.equal(database.stats_since, now!.stats_since);
		});
	});
}
