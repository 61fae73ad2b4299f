import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import {type Console, openConsole, readable} from './support/console.ts';
import {openProxy} from './support/proxy.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const odd = '"Odd ""S.📦"';
const world = `
	create role keeper;
	create role reader;
	create schema ${odd};
	create table ${odd}."Log.Entries" (
		id bigint generated always as identity, at timestamptz not null, body text, size int generated always as (length(body)) stored, primary key (id, at)
	) partition by range (at);
	create index on ${odd}."Log.Entries" (body);
	create table ${odd}."Log.Entries_2026_10" partition of ${odd}."Log.Entries" for values from ('2026-10-01 00:00+00') to ('2026-11-01 00:00+00');
	create table ${odd}."Log.Entries_2026_11" partition of ${odd}."Log.Entries" for values from ('2026-11-01 00:00+00') to ('2026-12-01 00:00+00') with (fillfactor = 70);
	create table ${odd}."Log.Entries_rest" partition of ${odd}."Log.Entries" default;
	grant select on ${odd}."Log.Entries_2026_11" to reader;
	grant insert, select on ${odd}."Log.Entries_2026_11" to keeper with grant option;
	alter table ${odd}."Log.Entries_2026_11" enable row level security;
	alter table ${odd}."Log.Entries_2026_11" replica identity full;
	create index only_here on ${odd}."Log.Entries_2026_11" (id, body);
	insert into ${odd}."Log.Entries" (at, body) values ('2026-11-05 00:00+00', 'in place');

	create table strays (at date not null, n int) partition by range (at);
	create table strays_202610 partition of strays for values from ('2026-10-01') to ('2026-11-01');
	create table strays_202611 partition of strays for values from ('2026-11-01') to ('2026-12-01');
	create table strays_default partition of strays default;
	insert into strays select date '2026-12-01' + n % 31, n from generate_series(1, 5000) n;
	insert into strays values ('2030-01-01', 0);

	create table hashed (id int primary key) partition by hash (id);
	create table hashed_0 partition of hashed for values with (modulus 3, remainder 0);
	create table hashed_2 partition of hashed for values with (modulus 3, remainder 2);

	create table old (at timestamptz not null, n int) partition by range (at);
	create table old_2020 partition of old for values from ('2020-01-01 00:00+00') to ('2021-01-01 00:00+00');
	create table old_2021 partition of old for values from ('2021-01-01 00:00+00') to ('2022-01-01 00:00+00');
	create table old_2022 partition of old for values from ('2022-01-01 00:00+00') to ('2023-01-01 00:00+00');
	create table old_now partition of old for values from ('2023-01-01 00:00+00') to ('2090-01-01 00:00+00');
	insert into old select '2020-06-01 00:00+00', n from generate_series(1, 100) n;
	create table old_full (like old) partition by range (at);
	create table old_full_2020 partition of old_full for values from ('2020-01-01 00:00+00') to ('2021-01-01 00:00+00');
	create table old_full_default partition of old_full default;
	create schema y2020;
	create schema y2089;
	create table years (at date not null) partition by range (at);
	create table y2020.january partition of years for values from ('2020-01-01') to ('2020-02-01');
	create table y2089.january partition of years for values from ('2089-01-01') to ('2089-02-01');
	create table y2020.february partition of years for values from ('2020-02-01') to ('2020-03-01') partition by range (at);
	create table y2020.february_all partition of y2020.february for values from ('2020-02-01') to ('2020-03-01');
	insert into years select '2020-02-03' from generate_series(1, 700);
	insert into years values ('2020-01-03'), ('2089-01-03');
	analyze y2020.february_all;
	create table daily (at timestamptz not null) partition by range (at);
	create table daily_20261119 partition of daily for values from ('2026-11-19 00:00+00') to ('2026-11-20 00:00+00');
	create table daily_20261120 partition of daily for values from ('2026-11-20 00:00+00') to ('2026-11-21 00:00+00');
`;

for (const major of [13, 18]) {
	describe(`partitions on PostgreSQL ${major}`, () => {
		let server: TestServer;
		let open: Console;
		let client: pg.Client;
		const others: pg.Client[] = [];
		before(async () => {
			server = await startServer({major, conf: {synchronous_commit: 'on'}});
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
		const choose = (relation: string, consoled = open) => consoled.choose('partitions', 'partitions', row => row.relation === relation);
		const one = async (sql: string, params: unknown[] = []) => (await client.query({text: sql, values: params, rowMode: 'array'})).rows[0]?.[0];
		const partitionsOf = (relation: string) =>
			one(
				"select coalesce(string_agg(c.relname, ',' order by c.relname), '') from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass",
				[relation],
			);
		const log = `${odd}."Log.Entries"`;

		test('new ones are made like the newest sibling while a reader holds the parent, whatever the names are', async () => {
			const reader = await session();
			try {
				await reader.query(`begin; select count(*) from ${log} where at >= '2026-11-02' and at < '2026-11-03'`);
				assert.equal(await one('select count(*)::int from pg_locks where relation = $1::regclass and granted', [log]), 1);
				await choose(log);
				const question = readable(await open.ask('partitions', {count: '2'}));
				assert.deepEqual(
					question.plan!.targets.map(target => target.subject),
					[`${odd}."Log.Entries_2026_12"`, `${odd}."Log.Entries_2027_01"`],
				);
				const steps = question.plan!.targets[0]!.statements.map(step => step.text);
				assert.deepEqual(steps.slice(0, 3), [
					'begin',
					"set local lock_timeout = '300ms'",
					`create table ${odd}."Log.Entries_2026_12" (like ${log} including all excluding identity) with (fillfactor = '70')`,
				]);
				assert.equal(
					steps.at(-2),
					`alter table ${log} attach partition ${odd}."Log.Entries_2026_12" for values from ('2026-12-01 00:00:00+00') to ('2027-01-01 00:00:00+00')`,
				);
				assert.equal(steps.at(-1), 'commit');
				assert.match(question.plan!.facts.flatMap(line => line.map(part => part.text)).join('\n'), /not taken over from Log\.Entries_2026_11: index only_here/);
				const outcomes = await open.settled(open.yes());
				assert.deepEqual(
					outcomes.map(outcome => outcome.done),
					[true, true],
					outcomes.map(outcome => outcome.text).join('\n'),
				);
			} finally {
				await reader.end();
			}
			const made = `${odd}."Log.Entries_2026_12"`;
			assert.match(await one('select relacl::text from pg_class where oid = $1::regclass', [made]), /keeper=a\*r\*\/postgres/);
			assert.match(await one('select relacl::text from pg_class where oid = $1::regclass', [made]), /reader=r\/postgres/);
			assert.deepEqual(await one('select reloptions from pg_class where oid = $1::regclass', [made]), ['fillfactor=70']);
			assert.equal(await one('select relrowsecurity from pg_class where oid = $1::regclass', [made]), true);
			assert.equal(await one('select relreplident from pg_class where oid = $1::regclass', [made]), 'f');
			assert.equal(await one('select count(*)::int from pg_index where indrelid = $1::regclass and indisvalid', [made]), 2);
			await client.query(`insert into ${log} (at, body) values ('2027-01-31 23:00+00', 'lands')`);
			assert.equal(await one(`select tableoid::regclass::text from ${log} where body = 'lands'`), `${odd}."Log.Entries_2027_01"`);
			const audit = open.auditLines().filter(line => line.action === 'partitions');
			assert.deepEqual(
				audit.map(line => line.outcome),
				['asked', 'done', 'asked', 'done'],
			);
			assert.ok(audit[0]!.statements.includes('commit'));
		});

		test('asked again, the next ones come; where two consoles do the same, the second is told', async () => {
			await choose(log);
			await until(
				() => open.state().tables.partitions!.rows.find(row => row.relation === log)?.partitions,
				n => n === 5,
			);
			const question = readable(await open.ask('partitions', {count: '1'}));
			assert.deepEqual(
				question.plan!.targets.map(target => target.subject),
				[`${odd}."Log.Entries_2027_02"`],
			);
			await client.query(`create table ${odd}."Log.Entries_2027_02" partition of ${log} for values from ('2027-02-01 00:00+00') to ('2027-03-01 00:00+00')`);
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, false);
			assert.match(outcome!.text, /already exists/);
			open.watch.store.dispatch({type: 'closed'});
		});

		test('a lock that is not granted is tried again, and given up with the name of who holds it', async () => {
			await choose('strays');
			const holder = await session();
			try {
				await holder.query('begin; lock table strays in share update exclusive mode');
				readable(await open.ask('move-default', {count: '1'}));
				const request = open.yes();
				await until(
					() =>
						open
							.state()
							.overlays.find(overlay => overlay.is === 'progress')
							?.lines.flat()
							.map(part => part.text)
							.join(' ') ?? '',
					text => /try [2-9] of 10/.test(text),
				);
				await holder.query('commit');
				const [outcome] = await open.settled(request);
				assert.match(outcome!.text, /done in/);
			} finally {
				await holder.end();
			}
			assert.equal(await one('select count(*)::int from only strays_202612'), 5000);
			assert.equal(await one('select count(*)::int from only strays_default'), 1);
			assert.match(await partitionsOf('strays'), /strays_202612/);
			open.watch.store.dispatch({type: 'closed'});
		});

		test('rows of the new range in the default partition are counted, and make it refuse', async () => {
			await client.query("insert into strays values ('2027-01-15', 1), ('2027-01-16', 2)");
			await choose('strays');
			await until(
				() => open.state().tables.partitions!.rows.find(row => row.relation === 'strays')?.partitions,
				n => n === 4,
			);
			assert.match((await open.ask('partitions', {count: '1'})) as string, /rows of its range are in public\.strays_default \(2\): move them \(M, or --move\)/);
		});

		test('none is made behind one that is left out: it would leave a gap', async () => {
			await choose('strays');
			const refused = (await open.ask('partitions', {count: '3'})) as string;
			assert.match(refused, /strays_202701: rows of its range are in/);
			assert.match(refused, /strays_202702: the one before it can't be made/);
			assert.match(refused, /strays_202703: the one before it can't be made/);
		});

		test('moving refuses where a trigger on delete would fire', async () => {
			await client.query('create function noop() returns trigger language plpgsql as $$ begin return old; end $$');
			await client.query('create trigger kept after delete on strays_default for each row execute function noop()');
			await choose('strays');
			assert.match((await open.ask('move-default', {count: '1'})) as string, /triggers on delete/);
			await client.query('drop trigger kept on strays_default');
			assert.equal(await one('select count(*)::int from only strays_default'), 3);
		});

		test('a default partition that is large is not looked through while it is locked: a check that is proved before spares that', async () => {
			await client.query(`
				create table heavy (at date not null, body text) partition by range (at);
				create table heavy_202611 partition of heavy for values from ('2026-11-01') to ('2026-12-01');
				create table heavy_202612 partition of heavy for values from ('2026-12-01') to ('2027-01-01');
				create unlogged table heavy_default (like heavy);
				alter table heavy_default alter body set storage plain;
				insert into heavy_default select '2020-01-01', repeat('x', 8000) from generate_series(1, 33000);
				create index on heavy_default (at);
				alter table heavy attach partition heavy_default default`);
			await choose('heavy');
			assert.match((await open.ask('move-default', {count: '1'})) as string, /heavy_default has 258 MB, .*: move its rows in parts by hand/);
			const refused = (await open.ask('partitions', {count: '1'})) as string;
			assert.match(refused, /heavy_default has 258 MB, which would be looked through while nobody can read or write it\. Prove first/);
			const cure = refused.match(/everybody goes on: (alter table .*? not valid); (alter table .*?); then ask again/)!;
			await client.query(cure[1]!);
			assert.match((await open.ask('partitions', {count: '1'})) as string, /Prove first/, 'it is not proved yet');
			await client.query(cure[2]!);
			const question = readable(await open.ask('partitions', {count: '1'}));
			assert.match(
				question
					.plan!.facts.flat()
					.map(part => part.text)
					.join('\n'),
				/is locked for a moment and not looked through: its check without_heavy_202701/,
			);
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(await partitionsOf('heavy'), 'heavy_202611,heavy_202612,heavy_202701,heavy_default');
			assert.equal(await one("select count(*)::int from pg_constraint where conrelid = 'heavy_default'::regclass and contype = 'c'"), 0);
			open.watch.store.dispatch({type: 'closed'});
			await client.query('drop table heavy');
		});

		test('lower levels: each goes on for itself, none beyond the range of its own, and none is missed there', async () => {
			await client.query(`
				create table tiers (at date not null, region text not null, id int not null) partition by range (at);
				create table tiers_202610 partition of tiers for values from ('2026-10-01') to ('2026-11-01') partition by list (region);
				create table tiers_202610_eu partition of tiers_202610 for values in ('de', 'fr') partition by hash (id);
				create table tiers_202610_eu_0 partition of tiers_202610_eu for values with (modulus 2, remainder 0);
				create table tiers_202610_rest partition of tiers_202610 default;
				create table tiers_202611 partition of tiers for values from ('2026-11-01') to ('2026-12-01') partition by range (at);
				create table tiers_202611_a partition of tiers_202611 for values from ('2026-11-01') to ('2026-11-11');
				create table tiers_202611_b partition of tiers_202611 for values from ('2026-11-11') to ('2026-11-21');
				create table tiers_202611_rest partition of tiers_202611 default;
				create table tiers_209001 partition of tiers for values from ('2090-01-01') to ('2090-02-01') partition by range (at);
				create table tiers_209001_a partition of tiers_209001 for values from ('2090-01-01') to ('2090-01-16');
				create table tiers_209001_b partition of tiers_209001 for values from ('2090-01-16') to ('2090-02-01');
				create table areas (region text not null, at date not null) partition by list (region);
				create table areas_de partition of areas for values in ('de') partition by range (at);
				create table areas_de_202001 partition of areas_de for values from ('2020-01-01') to ('2020-02-01');
				create table areas_de_202002 partition of areas_de for values from ('2020-02-01') to ('2020-03-01')`);
			await choose('tiers_202610');
			assert.match((await open.ask('partitions')) as string, /A list has no next value/);
			await choose('tiers_202610_eu');
			const hash = readable(await open.ask('partitions', {count: '5'}));
			assert.deepEqual(
				hash.plan!.targets.map(target => target.subject),
				['public.tiers_202610_eu_1'],
			);
			const [made] = await open.settled(open.yes());
			assert.equal(made!.done, true, made!.text);
			open.watch.store.dispatch({type: 'closed'});
			await client.query("insert into tiers select '2026-10-05', 'de', n from generate_series(1, 50) n");
			await client.query("insert into tiers values ('2026-11-25', 'de', 1)");
			await choose('tiers_202611');
			const strays = (await open.ask('partitions', {count: '3'})) as string;
			assert.match(strays, /rows of its range are in public\.tiers_202611_rest \(1\)/);
			const lower = readable(await open.ask('move-default', {count: '3'}));
			assert.equal(lower.plan!.targets.length, 1, 'what lies behind its own range never comes here');
			const [moved] = await open.settled(open.yes());
			assert.equal(moved!.done, true, moved!.text);
			assert.equal(await one('select count(*)::int from only tiers_202611_rest'), 0);
			open.watch.store.dispatch({type: 'closed'});
			await choose('tiers_202611');
			await until(
				() => open.state().tables.partitions!.rows.find(row => row.relation === 'tiers_202611')?.partitions,
				n => n === 4,
			);
			assert.match(
				(await open.ask('partitions')) as string,
				/Its own range is from \('2026-11-01'\) to \('2026-12-01'\): rows behind that go to other partitions of its parent/,
			);
			await choose('areas_de');
			assert.match(readable(await open.ask('partitions', {count: '1'})).plan!.targets[0]!.subject, /areas_de_202003/);
			open.watch.store.dispatch({type: 'closed'});
			const missed = open
				.state()
				.findings.filter(finding => finding.id === 'partition-missing')
				.map(finding => finding.subject);
			assert.ok(missed.includes('areas_de'), missed.join());
			assert.deepEqual(
				missed.filter(name => /^tiers_/.test(name)),
				[],
			);
			await client.query('drop table tiers, areas');
		});

		test('one whose partitions are partitioned themselves is told so, at the top', async () => {
			await client.query(`
				create table tops (at date not null, id int not null) partition by range (at);
				create table tops_202610 partition of tops for values from ('2026-10-01') to ('2026-11-01') partition by hash (id);
				create table tops_202611 partition of tops for values from ('2026-11-01') to ('2026-12-01') partition by hash (id)`);
			await choose('tops');
			const said = (await open.ask('partitions', {count: '1'})) as string;
			assert.match(said, /its partitions are partitioned themselves \(public\.tops_202611\): make the next with its own partitions by hand/);
			await client.query('drop table tops');
		});

		test('a hash table gets the remainder that is missing', async () => {
			await choose('hashed');
			const question = readable(await open.ask('partitions', {count: '5'}));
			assert.equal(question.plan!.targets.length, 1);
			const [outcome] = await open.settled(open.yes());
			assert.match(outcome!.text, /done in/);
			assert.equal(await partitionsOf('hashed'), 'hashed_0,hashed_1,hashed_2');
			await client.query('insert into hashed select generate_series(1, 100)');
			open.watch.store.dispatch({type: 'closed'});
		});

		test('old ones are detached or dropped by their names, never the others', async () => {
			await choose('old');
			const question = readable(await open.ask('old-partitions', {age: '4 years', what: 'detach'}));
			assert.deepEqual(
				question.plan!.targets.map(target => target.subject),
				['public.old_2020', 'public.old_2021'],
			);
			assert.equal(question.plan!.typed, 'public.old');
			const concurrent = question.plan!.targets[0]!.statements.some(step => step.text.endsWith('detach partition public.old_2020 concurrently'));
			assert.equal(concurrent, major >= 14);
			const outcomes = await open.settled(open.yes());
			assert.deepEqual(
				outcomes.map(outcome => outcome.done),
				[true, true],
				outcomes.map(outcome => outcome.text).join('\n'),
			);
			assert.equal(await partitionsOf('old'), 'old_2022,old_now');
			assert.equal(await one('select count(*)::int from old_2020'), 100);
			open.watch.store.dispatch({type: 'closed'});
			await choose('old_full');
			const drop = readable(await open.ask('old-partitions', {age: '2y', what: 'drop'}));
			assert.equal(drop.plan!.typed, 'public.old_full_2020');
			assert.ok(drop.plan!.targets[0]!.statements.some(step => step.text === 'drop table public.old_full_2020'));
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(await one("select to_regclass('old_full_2020')"), null);
			open.watch.store.dispatch({type: 'closed'});
		});

		// Concurrently is new in 14.
		if (major >= 14) {
			test('a detach that waits can be cancelled; what is left is named with its cure, and the cure works', {
				skip: major < 14 ? 'concurrently is new in 14' : false,
			}, async () => {
				const reader = await session();
				try {
					await reader.query('begin; select count(*) from old');
					await choose('old');
					await until(
						() => open.state().tables.partitions!.rows.find(row => row.relation === 'old')?.partitions,
						n => n === 2,
					);
					readable(await open.ask('old-partitions', {age: '2 years', what: 'detach'}));
					const request = open.yes();
					await until(
						() => one("select inhdetachpending from pg_inherits where inhrelid = 'old_2022'::regclass"),
						pending => pending === true,
					);
					open.watch.store.dispatch({type: 'cancelled', request});
					const [outcome] = await open.settled(request);
					assert.equal(outcome!.done, false);
					assert.match(
						outcome!.text,
						/cancelled.*left over: partition that is half detached public\.old_2022, cure: alter table public\.old detach partition public\.old_2022 finalize/,
					);
				} finally {
					await reader.end();
				}
				open.watch.store.dispatch({type: 'closed'});
				const question = readable(await open.ask('old-partitions', {age: '2 years', what: 'detach'}));
				assert.match(question.plan!.targets[0]!.statements.at(-1)!.text, /finalize$/);
				const [outcome] = await open.settled(open.yes());
				assert.equal(outcome!.done, true, outcome!.text);
				assert.equal(await partitionsOf('old'), 'old_now');
				open.watch.store.dispatch({type: 'closed'});
			});
		}

		test('of two partitions with one name in two schemas the old one goes alone; what is partitioned itself tells what is in it', async () => {
			await choose('years');
			const question = readable(await open.ask('old-partitions', {age: '2 years', what: 'drop'}));
			assert.deepEqual(
				question.plan!.targets.map(target => target.subject),
				['y2020.january', 'y2020.february'],
			);
			const facts = question.plan!.facts.flatMap(line => line.map(part => part.text));
			assert.ok(facts.includes('y2020.january: how much is in it is not known, it was never analyzed, gone for good'), facts.join('\n'));
			assert.ok(
				facts.some(line => /^y2020\.february: about 700 rows, \d+ kB, gone for good$/.test(line)),
				facts.join('\n'),
			);
			const outcomes = await open.settled(open.yes());
			assert.deepEqual(
				outcomes.map(outcome => outcome.done),
				[true, true],
				outcomes.map(outcome => outcome.text).join('\n'),
			);
			assert.equal(await one("select string_agg(at::text, ',') from years"), '2089-01-03');
		});

		test('a table that was dropped meanwhile is told, and nothing is left of it', async () => {
			await choose('daily');
			readable(await open.ask('partitions', {count: '1'}));
			await client.query('drop table daily');
			const [outcome] = await open.settled(open.yes());
			assert.match(outcome!.text, /the server refused: relation "public\.daily" does not exist/);
			assert.equal(await one("select count(*)::int from pg_class where relname like 'daily%'"), 0);
			assert.equal(open.auditLines().at(-1)!.outcome, 'failed');
		});

		// Where extensions lie can be said since 18: a stand-in with the two objects that are asked for.
		if (major >= 18) {
			test('a table that pg_partman keeps is left to it: its own maintenance is proposed', async () => {
				const folder = path.join(server.dataDir, 'extension');
				mkdirSync(folder);
				writeFileSync(path.join(folder, 'pg_partman.control'), "default_version = '5.2.4'\nrelocatable = false\nschema = partman\n");
				writeFileSync(
					path.join(folder, 'pg_partman--5.2.4.sql'),
					'create table part_config (parent_table text primary key); create table ran (parent_table text);' +
						" create function run_maintenance(text) returns void language sql as 'insert into partman.ran values ($1)';",
				);
				for (const file of readdirSync(folder)) chmodSync(path.join(folder, file), 0o644);
				await client.query('create schema partman');
				await client.query(`alter system set extension_control_path = '$system:${server.dataDir}'`);
				await client.query('select pg_reload_conf()');
				const fresh = await session();
				await fresh.query('create extension pg_partman');
				await fresh.query("insert into partman.part_config values ('public.hashed'), ('public.kept')");
				await fresh.query('create table kept (at date not null) partition by range (at)');
				await fresh.query("create table kept_p202611 partition of kept for values from ('2026-11-01') to ('2026-12-01')");
				await fresh.query("create table kept_p202612 partition of kept for values from ('2026-12-01') to ('2027-01-01')");
				const kept = await openConsole(server);
				try {
					await choose('kept', kept);
					const question = readable(await kept.ask('partitions', {count: '1'}));
					assert.deepEqual(
						question.plan!.targets.map(target => target.statements.map(step => step.text)),
						[["select partman.run_maintenance('public.kept')"]],
					);
					const [outcome] = await kept.settled(kept.yes());
					assert.equal(outcome!.done, true, outcome!.text);
					assert.equal(await one('select parent_table from partman.ran'), 'public.kept');
				} finally {
					await kept.close();
				}
				await client.query('drop extension pg_partman');
			});
		}

		test('a commit that no synchronous standby confirms is told as what it is: done here, not there', async () => {
			await client.query('create table quiet (at date not null) partition by range (at)');
			await client.query("create table quiet_202611 partition of quiet for values from ('2026-11-01') to ('2026-12-01')");
			await client.query("create table quiet_202612 partition of quiet for values from ('2026-12-01') to ('2027-01-01')");
			const proxy = await openProxy(server.port);
			const far = await openConsole(server, {port: proxy.port});
			await choose('quiet');
			await choose('quiet', far);
			await client.query("alter system set synchronous_standby_names = 'nobody'");
			await client.query('select pg_reload_conf()');
			try {
				readable(await open.ask('partitions', {count: '1'}));
				const request = open.yes();
				await until(
					() =>
						open
							.state()
							.overlays.find(overlay => overlay.is === 'progress')
							?.lines.flat()
							.map(part => part.text)
							.join(' ') ?? '',
					text => /committed here; waits for a synchronous standby/.test(text),
				);
				open.watch.store.dispatch({type: 'cancelled', request});
				const [outcome] = await open.settled(request);
				assert.equal(outcome!.done, true);
				assert.match(outcome!.text, /done here in .*, but no synchronous standby has confirmed it/);
				assert.equal(await one("select to_regclass('quiet_202701')::text"), 'quiet_202701');
				open.watch.store.dispatch({type: 'closed'});
				// The same with a line that breaks while the commit is under way.
				await client.query('set synchronous_commit = local');
				await client.query('drop table quiet_202701');
				readable(await far.ask('partitions', {count: '1'}));
				const second = far.yes();
				await until(
					() => one("select count(*)::int from pg_stat_activity where wait_event = 'SyncRep'"),
					n => n === 1,
				);
				proxy.cut(true);
				const [unknown] = await far.settled(second);
				assert.equal(unknown!.done, false);
				assert.match(unknown!.text, /the connection was lost .*: the server goes on with it; look at public\.quiet_202701/);
				assert.equal(far.auditLines().at(-1)!.outcome, 'unknown');
			} finally {
				await client.query('alter system reset synchronous_standby_names');
				await client.query('select pg_reload_conf()');
				await far.close();
				await proxy.close();
			}
		});

		test('an account that may not is told why, and a plan from before a reconnect is made again', async () => {
			await server.run('create role plain login');
			const plain = await openConsole(server, {user: 'plain'});
			try {
				await choose('strays', plain);
				assert.match((await plain.ask('partitions')) as string, /it belongs to postgres/);
			} finally {
				await plain.close();
			}
		});
	});
}
