import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type pg from 'pg';
import {runOnce} from '../source/checks.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Input, Row} from '../source/pane.ts';
import {settingRemedy} from '../source/provider.ts';
import type {Report} from '../source/report.ts';
import {cache} from '../views/panes/cache.ts';
import {databases} from '../views/panes/databases.ts';
import {pgperf} from './support/run.ts';
import {startServer, type TestServer, until} from './support/servers.ts';
import {openWatching, type Watching} from './support/watching.ts';

/** A server that looks like the service: its roles, its database, its function. */
let server: TestServer;
const open: pg.Client[] = [];

before(async () => {
	server = await startServer();
	await server.createRoles();
	await server.createDatabase('shop');
	await server.run('create role rdsadmin superuser login; create role rds_superuser; create role dba login in role rds_superuser');
	await server.createDatabase('rdsadmin');
	await server.run('revoke connect on database rdsadmin from public');
	open.push(await server.connect({user: 'rdsadmin', database: 'rdsadmin'}), await server.connect({user: 'rdsadmin', database: 'postgres'}));
	await open[1]!.query('begin');
});
after(async () => {
	for (const client of open) await client.end();
	await server.stop();
});

async function watching(options: Parameters<typeof openWatching>[0], use: (one: Watching) => Promise<void>): Promise<void> {
	const one = await openWatching(options);
	try {
		await one.comes(state => state.servers[state.watched]?.feed.is === 'live' && one.vitals() !== undefined);
		await use(one);
	} finally {
		await one.close();
	}
}

test("the service's own sessions are the system's, for a role that sees everything and for one that does not", async () => {
	for (const user of ['monitor_role', 'dba']) {
		await watching({servers: [server.uri({user, database: 'shop'})], pane: 'sessions'}, async one => {
			assert.match(one.screen().split('\n')[0]!, /Amazon RDS/);
			const rows = await one.comes(state => {
				const found = state.tables.sessions?.rows.filter(row => row.usename === 'rdsadmin') ?? [];
				return found.length === 2 && found;
			});
			assert.deepEqual(
				rows.map(row => [row.backend_type, row.hidden]),
				[
					['system', false],
					['system', false],
				],
			);
			assert.doesNotMatch(one.screen(), /hidden: grant|rdsadmin/);
			one.dispatch({type: 'unhid'});
			assert.match(one.screen(), /system/);
		});
	}
});

test("the service's database is not one of ours", async () => {
	await watching({servers: [server.uri({user: 'dba', database: 'shop'})], pane: 'indexes'}, async one => {
		await one.comes(() => /shop, 1 of 2 databases/.test(one.screen()));
		one.dispatch({type: 'called', overlay: 'servers'});
		const menu = one.state().overlays.at(-1);
		assert.ok(menu?.is === 'menu');
		assert.deepEqual(
			menu.items.map(item => item.text),
			[`shop @ 127.0.0.1:${server.port}`, 'database postgres'],
		);
	});
});

test("the service's database is listed with `i` alone, and neither counted nor blamed", async () => {
	await watching({servers: [server.uri({user: 'dba', database: 'shop'})], pane: 'databases'}, async one => {
		const rows = await one.comes(state => state.tables['database-sizes']?.at !== undefined && state.tables.databases?.rows);
		assert.equal(rows.find(row => row.datname === 'rdsadmin')?.system, true);
		const screen = one.screen();
		assert.match(screen, /2 databases/);
		assert.doesNotMatch(screen, /rdsadmin|can't be measured/);
		one.dispatch({type: 'unhid'});
		assert.match(one.screen(), /rdsadmin/);
		one.dispatch({type: 'opened', pane: 'cache'});
		assert.doesNotMatch(one.screen(), /rdsadmin/);
	});
	const judged = (change: Row) => {
		const row: Row = {datid: '1', datname: 'rdsadmin', system: true, ...change};
		const input: Input = {rows: {databases: [row], cache: [row]}, facts: {}, watched: 'a', history: {}};
		return runOnce([...databases.tables, ...cache.tables], input, defaultLimits, 'a').findings.map(finding => finding.id);
	};
	assert.deepEqual(judged({deadlocks_d: 5, temp_bytes_per_s: 1e9, xact_commit_d: 900, xact_rollback_d: 900, hit: 0.1, blks_hit_d: 1e4, blks_read_d: 9e4}), []);
	assert.deepEqual(judged({checksum_failures: 1, wraparound: 0.9}).toSorted(), ['checksum', 'wraparound'], 'what stops or damages the server is everybody’s');
});

test("every database is reported but the service's", async () => {
	const {out, err} = await pgperf([
		'report',
		server.uri({user: 'dba', database: 'shop'}),
		'--once',
		'--all-databases',
		'--only',
		'indexes',
		'--format',
		'json',
	]);
	assert.equal(err, '');
	const {servers} = JSON.parse(out) as Report;
	assert.deepEqual(
		servers.map(one => [one.where?.database, one.where?.databases]),
		[
			['shop', 2],
			['postgres', 2],
		],
	);
});

test('doctor and report speak of the service as the console does', async () => {
	const {out} = await pgperf(['doctor', server.uri({user: 'dba', database: 'shop'})]);
	assert.match(out, /PostgreSQL \S+ primary on Amazon RDS/);
	assert.match(out, /set track_activity_query_size to 16384 in the instance's parameter group, then restart/);
	assert.match(out, /add pg_stat_statements to shared_preload_libraries in the instance's parameter group, restart/);
	assert.doesNotMatch(out, /parameters of the service/);
});

test('what the service does not have is not asked, and is out of the coverage', async () => {
	const covered = async (database: string) => {
		let result: {unseen: readonly string[]; waiting: readonly string[]; evaluated: readonly string[]} | undefined;
		await watching({servers: [server.uri({database})], pane: 'replication'}, async one => {
			await one.comes(state => state.coverage.waiting.length === 0 || state.tables.replication?.problem?.final || state.tables.replication?.at !== undefined);
			for (const pane of ['wal', 'overview']) {
				one.dispatch({type: 'opened', pane});
				await one.comes(state => state.tables.checkpoints?.problem?.final || state.tables.checkpoints?.at !== undefined);
			}
			result = {...one.state().coverage, unseen: one.state().coverage.unseen.map(({id}) => id)};
			if (database === 'aurora') {
				assert.match(one.screen().split('\n')[0]!, /Aurora/);
				assert.match(one.state().tables.checkpoints?.problem?.reason ?? '', /^n\/a on Aurora: its storage writes the log/);
			}
		});
		return result!;
	};
	const rds = await covered('shop');
	assert.ok(rds.evaluated.includes('checkpoints'), JSON.stringify(rds));
	await server.createDatabase('aurora', "create function aurora_version() returns text language sql as 'select ''16.4.0'''");
	const aurora = await covered('aurora');
	assert.ok(
		!aurora.evaluated.includes('checkpoints') && !aurora.unseen.includes('checkpoints') && !aurora.waiting.includes('checkpoints'),
		JSON.stringify(aurora),
	);
});

test('remedies speak of where the service keeps its settings', async () => {
	await server.run('drop extension if exists pg_stat_statements', 'shop');
	await watching({servers: [server.uri({database: 'shop'})], pane: 'queries'}, async one => {
		await until(
			() => one.screen(),
			screen => /add pg_stat_statements to shared_preload_libraries in the instance's parameter group, restart/.test(screen),
		);
	});
	assert.equal(settingRemedy({provider: 'cloudsql'}, 'fsync', undefined, 'reload'), "set fsync back in the instance's database flags");
	assert.equal(settingRemedy({provider: 'azure'}, 'autovacuum', 'on', 'restart'), 'set autovacuum to on in the server parameters, then restart');
	assert.equal(settingRemedy({provider: null}, 'autovacuum', 'on', 'reload'), 'alter system set autovacuum = on, then select pg_reload_conf()');
});
