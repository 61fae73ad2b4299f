import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {startServer} from './support/servers.ts';
import {closes, openTop, quits} from './support/top.ts';

/** Longer than any lock_timeout of pgperf's sampling (100 ms), so that every wait that outlives it is logged. */
const conf = {log_lock_waits: 'on', deadlock_timeout: '150ms', log_line_prefix: '%a|', log_min_error_statement: 'error'};

test('the biggest tables locked, DDL going on, every pane visited: pgperf waits for nobody beyond its limit, and nobody for pgperf', async t => {
	const server = await startServer({conf});
	t.after(() => server.stop());
	const holder = await server.connect();
	await holder.query(`create table big (id int primary key, note text); insert into big select g, repeat('x', 200) from generate_series(1, 20000) g;
		create index on big (note); create materialized view big_view as select * from big; create unique index on big_view (id);
		create table parts (id int) partition by range (id); create table parts_1 partition of parts for values from (0) to (10);
		create sequence counted; create table small (id int primary key); create table other (id int primary key, small int references small);
		analyze`);
	await holder.query('begin; lock table big, parts, parts_1, other in access exclusive mode; refresh materialized view big_view');
	// The control: somebody who does wait is logged.
	const waiter = await server.connect();
	await waiter.query("set application_name = 'waiter'");
	void waiter.query('select count(*) from big').catch(() => undefined);

	let going = true;
	let changes = 0;
	const ddl = (async () => {
		const client = await server.connect();
		await client.query("set application_name = 'migration'");
		while (going) {
			await client.query(`begin; lock table small in access exclusive mode; alter table small alter column id set default ${++changes}; commit`);
			await client.query('create index made on small (id); drop index made');
			if (changes % 20 === 0) await client.query('vacuum full pg_class');
		}
		await client.end();
	})();
	let looks = 0;
	const blamed: unknown[] = [];
	const watching = (async () => {
		const client = await server.connect();
		await client.query("set application_name = 'watcher'");
		while (going) {
			const {rows} = await client.query(`select w.application_name as waits, w.query, p.query as for_query
				from pg_stat_activity w, unnest(pg_blocking_pids(w.pid)) b join pg_stat_activity p on p.pid = b
				where w.wait_event_type = 'Lock' and p.application_name like 'pgperf%' and clock_timestamp() - w.query_start > interval '150 ms'`);
			blamed.push(...rows);
			looks++;
		}
		await client.end();
	})();

	// A failure of theirs is told at the end.
	for (const one of [ddl, watching]) one.catch(() => undefined);
	const screen = await openTop(server.conninfo, {args: ['--interval', '0.5'], columns: 160, rows: 45});
	try {
		await screen.waitFor(/● live/);
		const panes = [...'2345678901', ...['wal', 'set', 'dat', 'job', 'wai', 'ext'].map(word => `g${word}\r`)];
		for (const pane of panes) {
			screen.type(pane);
			// Each table of the pane, and what its first row tells.
			for (const keys of ['r', 'mr', '\r', 'esc', 'mr']) {
				const bytes = screen.bytes;
				if (keys === 'esc') await closes(screen);
				else {
					screen.type(keys);
					await screen.waitFor(() => screen.bytes > bytes);
				}
			}
		}
		await screen.waitFor(/● live/);
		await quits(screen);
	} finally {
		going = false;
		await screen.close();
		assert.deepEqual(await Promise.all([ddl, watching].map(one => one.then(() => 'done', String))), ['done', 'done']);
	}
	const log = readFileSync(server.log, 'utf8').split('\n');
	const waits = log.filter(line => / still waiting for /.test(line));
	assert.ok(
		waits.some(line => line.startsWith('waiter|')),
		'the control was logged',
	);
	assert.deepEqual(
		waits.filter(line => line.startsWith('pgperf')),
		[],
	);
	assert.deepEqual(blamed, []);
	assert.ok(looks > 100 && changes > 20, `${looks} looks, ${changes} changes`);
	const deadlocks = log.filter(line => /deadlock detected/.test(line));
	assert.deepEqual(deadlocks, []);
});
