import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseCatalog} from '../source/catalog.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Input, Row} from '../source/pane.ts';
import {horizon, type XminHorizonRow} from '../views/panes/sessions-horizon.ts';
import {type ConnectionLimitsRow, limits} from '../views/panes/sessions-limits.ts';
import {actorsOn} from './support/actors.ts';
import {sqlFiles} from './support/queries.ts';
import {startServer, until} from './support/servers.ts';

const catalog = parseCatalog(sqlFiles());
const text = (name: string) => catalog.get(name)![0]!.text;

function found(table: typeof horizon, rows: readonly Row[], change: Partial<(typeof defaultLimits)[string]>): readonly string[] {
	const check = table.checks![0]!;
	const input: Input = {rows: {[table.id]: table.derive ? table.derive(rows, {} as Input) : rows}, facts: {}, watched: 'x', history: {}};
	return check.when(input, {...defaultLimits[check.id]!, ...change}, defaultLimits).map(hit => `${hit.level}: ${hit.title}`);
}

for (const major of [13, 18]) {
	test(`everybody who holds back vacuum is named with how far, PostgreSQL ${major}`, async () => {
		const server = await startServer({major});
		const watcher = await server.connect();
		await watcher.query("set application_name = 'pgperf'");
		const actors = await actorsOn(server);
		const rows = async () => (await watcher.query(text('xmin-horizon'))).rows as XminHorizonRow[];
		const standby = await server.addStandby('replica', {slot: 'replica'});
		try {
			await server.run('create table t as select 1 as i');
			await server.run("select pg_create_logical_replication_slot('reader', 'pgoutput')");
			await actors.does('old', 'begin isolation level repeatable read; select * from t');
			await server.run("begin; update t set i = 2; prepare transaction 'left'");
			const remote = await standby.connect();
			await until(
				async () => (await remote.query("select to_regclass('t') is not null as there")).rows[0].there as boolean,
				there => there,
			);
			await remote.query('begin isolation level repeatable read; select * from t');
			await server.run('do $$ begin for i in 1..50 loop perform txid_current(); commit; end loop; end $$');
			const seen = await until(rows, all => all.some(row => row.kind === 'slot' && row.holder === 'replica' && (row.xid_age ?? 0) >= 50));
			const of = (kind: string, holder: string) => seen.find(row => row.kind === kind && row.holder === holder);
			const session = of('session', String(actors.pid('old')))!;
			assert.deepEqual([session.state, session.datname, session.of_catalog], ['idle in transaction', 'postgres', false]);
			assert.ok(session.xid_age! >= 50 && session.since_s! >= 0);
			assert.ok(of('prepared', 'left')!.xid_age! >= 50);
			assert.equal(of('slot', 'reader')!.of_catalog, true);
			assert.equal(of('slot', 'replica')!.of_catalog, false);
			assert.ok(!seen.some(row => row.application_name === 'pgperf'));
			assert.deepEqual(
				seen.map(row => row.xid_age),
				seen.map(row => row.xid_age).toSorted((a, b) => b! - a!),
			);
			const findings = found(horizon, seen, {warning: 50});
			assert.ok(
				findings.some(one => one.startsWith('warning: prepared transaction left holds back vacuum for ')),
				findings.join('\n'),
			);
			assert.deepEqual(found(horizon, seen, {}), []);
			await remote.end();
		} finally {
			await actors.end();
			await watcher.end();
			await server.run("rollback prepared 'left'").catch(() => undefined);
			await standby.stop();
			await server.stop();
		}
	});
}

test('limits of roles and databases, and how near they are', async () => {
	const server = await startServer({major: 18});
	try {
		await server.run('create role few login connection limit 2; create role boss login superuser connection limit 1; create role many login');
		await server.createDatabase('small');
		await server.run('alter database small connection limit 10');
		const sessions = await Promise.all(['few', 'few', 'many', 'boss'].map(user => server.connect({user, database: user === 'many' ? 'small' : undefined})));
		const watcher = await server.connect();
		const rows = (await watcher.query(text('connection-limits'))).rows as ConnectionLimitsRow[];
		assert.deepEqual(rows, [
			{kind: 'role', name: 'few', used: 2, connection_limit: 2},
			{kind: 'database', name: 'small', used: 1, connection_limit: 10},
		]);
		assert.deepEqual(found(limits, rows, {}), ['critical: role few uses 2 of its 2 connections']);
		await assert.rejects(server.connect({user: 'few'}), /too many connections for role/);
		for (const session of [...sessions, watcher]) await session.end();
	} finally {
		await server.stop();
	}
});
