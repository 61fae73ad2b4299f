import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import type {Row} from '../source/pane.ts';
import {queries} from '../views/panes/queries.ts';
import {inInterval, ownName, sinceReset} from '../views/panes/queries-counting.ts';
import {type Asker, asker} from './support/ask.ts';
import {changed} from './support/fixture.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const [interval, totals] = queries.tables;
const input = {rows: {}, facts: {}, watched: 'here', history: {}};

for (const major of [13, 14, 18]) {
	// What a version can't tell is no test of it: the pure tests say what is shown instead.
	const since = (first: number) => (major >= first ? test : () => undefined);
	describe(`statements of PostgreSQL ${major}`, () => {
		let server: TestServer;
		let app: pg.Client;
		let console: Asker;
		before(async () => {
			server = await startServer({major, conf: {'pg_stat_statements.track': 'all', 'pg_stat_statements.max': '100'}});
			await server.createRoles();
			await server.run(`
				create table orders (id int primary key, note text);
				insert into orders select n, 'note ' || n from generate_series(1, 1000) n;
				create function slow() returns bigint language plpgsql as $$ begin perform pg_sleep(0.05); return (select count(*) from orders); end $$;
			`);
			app = await server.connect();
			console = await asker(await server.connect());
		});
		after(() => server.stop());

		/** The statements' rows before and after some work, through the engine's counting and the pane's derivation. */
		async function during(work: () => Promise<unknown>, who = console): Promise<readonly Row[]> {
			const first = await who.ask('statements');
			await work();
			const second = await who.ask('statements');
			return inInterval(changed(interval!, first, second, 5), input);
		}

		async function textOf(row: Row): Promise<string> {
			const [found] = await console.ask('statement-texts', [row.queryid ?? '0']);
			return String(found?.query);
		}

		async function withText(rows: readonly Row[], wanted: RegExp): Promise<Row> {
			for (const row of rows) if (row.kind === 'statement' && row.calls_d !== 0 && wanted.test(await textOf(row))) return row;
			throw new Error(`no statement like ${wanted} ran`);
		}

		test('a slow first call counts in the interval that it ended in', async () => {
			const rows = await during(() => app.query('select count(*), pg_sleep(0.2) from orders where id > 3'));
			const row = await withText(rows, /pg_sleep/);
			assert.equal(row.calls_d, 1);
			assert.ok((row.mean as number) >= 200);
			assert.ok((row.time_share as number) > 0.5);
		});

		since(14)('nested statements are not counted twice', async () => {
			const rows = await during(() => app.query('select slow()'));
			const outer = await withText(rows, /^select slow/);
			const inner = await withText(rows, /count\(\*\) from orders\)$/);
			assert.deepEqual([outer.toplevel, inner.toplevel, inner.time_share], [true, false, null]);
			const listed = rows.reduce((sum, row) => sum + (row.kind === 'all' ? 0 : ((row.time_share as number | null) ?? 0)), 0);
			assert.ok(Math.abs(listed - 1) < 0.01, `shares add up to ${listed}`);
		});

		test('after a reset nothing is told of the interval', async () => {
			await app.query('select count(*) from orders');
			const rows = await during(async () => {
				await app.query('select pg_stat_statements_reset()');
				for (let i = 0; i < 20; i++) await app.query('select count(*) from orders');
			});
			assert.equal(rows.find(row => row.kind === 'all')!.calls_d, null);
			assert.ok(rows.every(row => row.calls_d === null));
		});

		test('since the reset the whole is the sum of its parts', async () => {
			const rows = sinceReset(await console.ask('statements'), input);
			const listed = rows.filter(row => row.kind === 'statement').reduce((sum, row) => sum + ((row.time_share as number | null) ?? 0), 0);
			assert.ok(Math.abs(listed - 1) < 1e-6);
			assert.equal(totals!.lookup!.sql, 'statement-texts');
		});

		test("pgperf's own statements are known by their texts, also normalized", async () => {
			const own = await during(() => console.ask('sessions'));
			const named: (string | null)[] = [];
			for (const row of own) if (row.kind === 'statement' && row.calls_d !== 0) named.push(ownName({query: await textOf(row)}));
			assert.ok(named.includes('sessions') && named.includes('statements'), named.join());
		});

		test('a plain role sees that others run something, and how much', async () => {
			const plain = await asker(await server.connect({user: 'plain_role'}));
			const rows = await during(() => app.query('select count(*), pg_sleep(0.05) from orders'), plain);
			const hidden = rows.find(row => row.kind === 'hidden' && row.usename === 'postgres')!;
			assert.ok((hidden.entries as number) > 1);
			assert.ok((hidden.calls_d as number) >= 1);
			assert.ok(rows.every(row => row.kind !== 'statement' || row.usename === 'plain_role'));
		});

		test('the whole text is found again, and who runs it', async () => {
			const long = `select ${Array.from({length: 300}, (_, i) => `id + ${i} as "column ${i}"`).join(', ')} from orders limit 1`;
			const rows = await during(() => app.query(long));
			const row = await withText(rows, /column 0/);
			assert.equal((await textOf(row)).length, 2000);
			const [whole] = await console.ask('statement-text', String(row.queryid), String(row.userid), String(row.dbid));
			assert.match(String(whole!.query), /column 299/);
			if (major < 14) return;
			const sleeper = app.query('select pg_sleep(10) from orders limit 1').catch(() => undefined);
			const found = await until(
				() => console.ask('running'),
				running => running.length > 0,
			);
			assert.match(String(found[0]!.query), /pg_sleep\(10\)/);
			await server.run(`select pg_cancel_backend(${found[0]!.pid})`);
			await sleeper;
		});

		since(14)('evictions are seen, and the sums are at least what is listed', async () => {
			await app.query('select pg_stat_statements_reset()');
			await app.query('select count(*) from orders');
			const rows = await during(async () => {
				for (let i = 1; i < 250; i++) await app.query(`select ${Array.from({length: i}, () => '1').join(' + ')}`);
			});
			assert.ok((rows.find(row => row.kind === 'all')!.dealloc_d as number) > 0);
			assert.equal(rows.find(row => row.kind === 'all')!.lower_bound, true);
			const listed = rows.reduce((sum, row) => sum + (row.kind === 'all' ? 0 : ((row.time_share as number | null) ?? 0)), 0);
			assert.ok(listed <= 1 + 1e-9, `shares add up to ${listed}`);
		});

		test('a database without the extension says what is missing', async () => {
			await server.createDatabase('bare');
			const bare = await asker(await server.connect({database: 'bare'}));
			assert.match(bare.refused('statements')!, /needs the extension pg_stat_statements 1\.8, which database bare does not have/);
			assert.equal(bare.refused('running'), undefined);
		});
	});
}
