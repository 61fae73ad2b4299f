import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import {type Catalog, parseCatalog, pick} from '../source/catalog.ts';
import type {Coverage} from '../source/checks.ts';
import {factsOf} from '../source/facts.ts';
import type {Facts, Finding, Row} from '../source/pane.ts';
import {replication} from '../views/panes/replication.ts';
import {worstLag} from '../views/panes/replication-lag.ts';
import {sqlFiles} from './support/queries.ts';
import {type Rounds, roundsOf} from './support/rounds.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

const catalog: Catalog = parseCatalog(sqlFiles());
const asked = ['wal-rate', 'slots', 'standby', 'subscriptions', 'replication'];
const MB = 1048576;

type Watched = {readonly name: string; readonly client: pg.Client; readonly facts: Facts};

async function watch(name: string, server: TestServer, user = 'postgres'): Promise<Watched> {
	const client = await server.connect({user});
	await client.query("set search_path = pg_catalog; set timezone = 'UTC'; set lock_timeout = '100ms'; set application_name = 'pgperf'");
	return {name, client, facts: factsOf((await client.query(catalog.get('facts')![0]!.text)).rows[0], false)};
}

async function answers({client, facts}: Watched): Promise<Readonly<Record<string, readonly Row[]>>> {
	const rows: Record<string, readonly Row[]> = {};
	for (const name of asked) {
		const picked = pick(catalog, name, facts);
		assert.ok('query' in picked);
		rows[name] = (await client.query(picked.query.text)).rows as Row[];
	}
	return rows;
}

type Seen = {readonly rows: Readonly<Record<string, readonly Row[]>>; readonly findings: readonly Finding[]; readonly coverage: Coverage};

/** Looks at all servers, as a tick does; a server that does not answer keeps what it said last. */
function looker(watched: readonly Watched[]): {readonly look: () => Promise<Seen>; readonly away: Set<string>} {
	const rounds: Rounds = roundsOf([replication], Object.fromEntries(watched.map(one => [one.name, one.facts])));
	const away = new Set<string>();
	const start = performance.now();
	const look = async () => {
		const round: Record<string, Readonly<Record<string, readonly Row[]>>> = {};
		for (const one of watched) if (!away.has(one.name)) round[one.name] = await answers(one);
		const {tables, findings, coverage} = rounds.round(performance.now() - start, round);
		return {rows: Object.fromEntries(Object.entries(tables).map(([id, data]) => [id, data.rows])), findings, coverage};
	};
	return {look, away};
}

const rowsOf = (seen: Seen, table: string): readonly Row[] => seen.rows[table] ?? [];
const findingOf = (seen: Seen, id: string): Finding | undefined => seen.findings.find(finding => finding.id === id);
const lagOf = (seen: Seen): number | null => worstLag({rows: seen.rows, facts: {}, watched: 'db1', history: {}});

for (const major of [13, 18]) {
	describe(`replication on PostgreSQL ${major}`, () => {
		let primary: TestServer;
		let standby: TestServer;
		let db1: Watched;
		let db2: Watched;
		let writer: pg.Client;
		before(async () => {
			primary = await startServer({major, conf: {wal_keep_size: '512MB', wal_sender_timeout: '0', autovacuum: 'off'}});
			await primary.createRoles();
			await primary.run('create table filler (t text)');
			standby = await primary.addStandby('s1', {conf: {wal_receiver_status_interval: '1s', wal_receiver_timeout: '4s', hot_standby_feedback: 'off'}});
			db1 = await watch('db1', primary);
			db2 = await watch('db2', standby);
			writer = await primary.connect();
		});
		after(async () => {
			for (const client of [writer, db1.client, db2.client]) await client.end();
			await standby.stop();
			await primary.stop();
		});

		const write = (megabytes: number) => writer.query(`insert into filler select repeat('x', 1000) from generate_series(1, ${megabytes * 1000})`);

		test('an idle primary is no lag, whatever the age of its last commit says', async () => {
			const {look} = looker([db1, db2]);
			await write(1);
			const level = await until(look, state => rowsOf(state, 'replication')[0]?.lag_bytes === 0 && rowsOf(state, 'standby')[0]?.lag_bytes === 0);
			assert.equal(lagOf(level), 0);
			const old = await until(look, state => Number(rowsOf(state, 'standby')[0]!.replayed_commit_s) > 1.5);
			assert.equal(rowsOf(old, 'standby')[0]!.lag_s, 0);
			assert.equal(rowsOf(old, 'replication')[0]!.lag_s, 0);
			assert.deepEqual(old.findings, []);
		});

		test('paused replay is lag at both ends, says who waits, and ends', async () => {
			const {look} = looker([db1, db2]);
			await db2.client.query('select pg_wal_replay_pause()');
			await write(3);
			const late = await until(look, state => Number(rowsOf(state, 'standby')[0]?.lag_s) > 1.2 && findingOf(state, 'lag') !== undefined);
			assert.ok(Number(lagOf(late)) > 1);
			assert.ok(Number(rowsOf(late, 'replication')[0]!.lag_bytes) > 2 * MB);
			assert.equal(findingOf(late, 'replay-paused')?.level, 'warning');
			await db2.client.query('select pg_wal_replay_resume()');
			await until(look, state => lagOf(state) === 0);
		});

		test('a delay on purpose is no lag', async () => {
			const {look} = looker([db1, db2]);
			await standby.run("alter system set recovery_min_apply_delay = '4s'");
			await standby.run('select pg_reload_conf()');
			await until(look, state => rowsOf(state, 'standby')[0]?.apply_delay_s === 4);
			// Only commits wait for their time, and what comes after the first that does.
			await write(1);
			await write(2);
			const delayed = await until(
				look,
				state => Number(rowsOf(state, 'standby')[0]!.replayed_commit_s) > 2 && Number(rowsOf(state, 'standby')[0]!.lag_bytes) > MB,
			);
			assert.equal(rowsOf(delayed, 'standby')[0]!.lag_s, 0);
			assert.equal(rowsOf(delayed, 'replication')[0]!.lag_s, 0);
			assert.equal(findingOf(delayed, 'lag'), undefined);
			assert.match(String(rowsOf(delayed, 'replication')[0]!.note), /4\.0s delay on purpose/);
			await standby.run('alter system reset recovery_min_apply_delay');
			await standby.run('select pg_reload_conf()');
			await until(look, state => lagOf(state) === 0);
		});

		test('a role that may not look sees that something is hidden, not zero', async () => {
			const plain = await watch('db1', primary, 'plain_role');
			const state = await looker([plain]).look();
			await plain.client.end();
			const [row] = rowsOf(state, 'replication');
			assert.deepEqual([row!.state, row!.lag_s, row!.lag_bytes], [null, null, null]);
			assert.equal(lagOf(state), null);
			assert.match(state.coverage.unseen.find(one => one.id === 'lag')!.why, /pg_read_all_stats/);
		});

		test('a receiver that hangs claims to be level, and is not believed', async () => {
			const {look} = looker([db1, db2]);
			const pid = Number(rowsOf(await look(), 'standby')[0]!.receiver_pid);
			process.kill(pid, 'SIGSTOP');
			try {
				await write(3);
				const silent = await until(look, state => rowsOf(state, 'standby')[0]!.link === 'silent');
				const [own] = rowsOf(silent, 'standby');
				assert.equal(own!.unreplayed_bytes, 0, 'what it received it has replayed');
				assert.equal(own!.lag_s, null);
				assert.ok(Number(own!.lag_bytes) > 2 * MB);
				assert.ok(Number(rowsOf(silent, 'replication')[0]!.flush_bytes) > 2 * MB);
				assert.notEqual(lagOf(silent), 0);
			} finally {
				process.kill(pid, 'SIGCONT');
			}
			await until(look, state => rowsOf(state, 'standby')[0]!.link === 'streaming' && lagOf(state) === 0);
		});

		test('a standby that was cut off is not level, though it has replayed all that it received', async () => {
			const {look} = looker([db1, db2]);
			await look();
			const {rows} = await db2.client.query("select current_setting('primary_conninfo') as conninfo");
			await standby.run("alter system set primary_conninfo = 'host=/nowhere port=1'");
			await standby.run('select pg_reload_conf()');
			await until(look, seen => rowsOf(seen, 'standby')[0]!.link === 'disconnected');
			await write(2);
			const cut = await until(look, seen => {
				const [own] = rowsOf(seen, 'standby');
				const missing = rowsOf(seen, 'replication').filter(row => row.state === 'missing');
				return own!.unreplayed_bytes === 0 && Number(own!.lag_bytes) > MB && missing.length > 0 && findingOf(seen, 'standby-missing') !== undefined;
			});
			assert.equal(rowsOf(cut, 'standby')[0]!.lag_s, null);
			assert.deepEqual(
				rowsOf(cut, 'replication').map(row => [row.slot_name, row.state]),
				[['s1', 'missing']],
			);
			assert.notEqual(lagOf(cut), 0);
			await standby.run(`alter system set primary_conninfo = '${rows[0].conninfo.replaceAll("'", "''")}'`);
			await standby.run('select pg_reload_conf()');
			await until(look, state => rowsOf(state, 'replication').every(row => row.state === 'streaming') && lagOf(state) === 0);
		});

		test('a standby of a standby is seen, and its sender has no WAL position of its own', async () => {
			const cascaded = await standby.addStandby('s2');
			const {look} = looker([db1, db2]);
			const state = await until(look, seen => rowsOf(seen, 'replication').some(row => row.server === 'db2' && row.state === 'streaming'));
			const row = rowsOf(state, 'replication').find(one => one.server === 'db2')!;
			assert.equal(row.application_name, 's2');
			assert.equal(typeof row.lag_bytes, 'number');
			await cascaded.stop();
			await until(
				async () => (await db2.client.query("select pg_drop_replication_slot('s2') from pg_replication_slots where slot_name = 's2' and not active")).rowCount,
				count => count === 1,
			);
		});

		test('a subscription that trips over the same row again and again', async () => {
			await primary.createDatabase('source', 'create table t (id int primary key); create publication p for table t');
			await primary.run("select pg_create_logical_replication_slot('sub', 'pgoutput')", 'source');
			await primary.createDatabase('target', 'create table t (id int primary key); insert into t values (1)');
			const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres dbname=source`;
			await primary.run(
				`create subscription sub connection '${conninfo}' publication p with (create_slot = false, slot_name = 'sub', copy_data = false)`,
				'target',
			);
			await primary.run('alter system set wal_retrieve_retry_interval = 200');
			await primary.run('select pg_reload_conf()');
			const {look} = looker([db1]);
			await until(look, state => rowsOf(state, 'subscriptions')[0]?.status === 'running');
			await primary.run('insert into t values (1)', 'source');
			const failing = await until(look, state => findingOf(state, 'subscription-error') !== undefined);
			assert.equal(findingOf(failing, 'subscription-error')!.subject, 'sub');
			if (major >= 15) await until(look, state => Number(rowsOf(state, 'subscriptions')[0]!.errors_d) > 0);
			await primary.run('alter subscription sub disable', 'target');
			await primary.run('alter subscription sub set (slot_name = none)', 'target');
			await primary.run('drop subscription sub', 'target');
			await until(
				async () =>
					(await db1.client.query("select pg_drop_replication_slot('sub') from pg_replication_slots where slot_name = 'sub' and not active")).rowCount,
				count => count === 1,
			);
		});

		test('a standby that stops is missing at once, and its slot is lost later and looks it', async () => {
			const {look, away} = looker([db1, db2]);
			await until(look, state => rowsOf(state, 'replication').some(row => row.state === 'streaming'));
			await primary.run("alter system set synchronous_standby_names = 'FIRST 1 (s1)'");
			await primary.run('alter system set synchronous_commit = local');
			await primary.run("alter system set max_slot_wal_keep_size = '16MB'");
			await primary.run('alter system set wal_keep_size = 0');
			await primary.run('select pg_reload_conf()');
			away.add('db2');
			await standby.stop();
			const named = /slot s1 is inactive.*synchronous_standby_names names s1.*seen before/;
			const gone = await until(
				look,
				seen => findingOf(seen, 'standby-missing') !== undefined && rowsOf(seen, 'replication').some(row => named.test(String(row.note))),
			);
			const missing = rowsOf(gone, 'replication').filter(row => row.state === 'missing');
			assert.equal(missing.length, 1, 'one standby, though its slot, a setting and the memory all name it');
			assert.equal(findingOf(gone, 'standby-missing')!.level, 'critical');
			assert.notEqual(lagOf(gone), 0);
			await write(40);
			await writer.query('select pg_switch_wal()');
			await writer.query('checkpoint');
			const lost = await until(
				async () => {
					await writer.query('checkpoint');
					return look();
				},
				state => rowsOf(state, 'slots').some(row => row.slot_name === 's1' && row.status === 'lost'),
			);
			const slot = rowsOf(lost, 'slots').find(row => row.slot_name === 's1')!;
			assert.deepEqual([slot.retained_bytes, slot.safe_bytes], [null, null]);
			assert.equal(findingOf(lost, 'slot-lost')!.level, 'critical');
			await standby.start();
		});
	});
}
