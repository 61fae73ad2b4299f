import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {parseCatalog} from '../source/catalog.ts';
import {factsOf} from '../source/facts.ts';
import type {Facts, Row} from '../source/pane.ts';
import {sqlFiles} from './support/queries.ts';
import {startServer, type TestServer} from './support/servers.ts';

const text = parseCatalog(sqlFiles()).get('facts')![0]!.text;

for (const major of [13, 18]) {
	describe(`facts of PostgreSQL ${major}`, () => {
		let server: TestServer;
		before(async () => {
			server = await startServer({major, conf: {TimeZone: 'Europe/Berlin', max_connections: '50', ...(major >= 16 ? {reserved_connections: '4'} : {})}});
			await server.createRoles();
		});
		after(() => server.stop());

		async function facts(options: {readonly user?: string; readonly database?: string; readonly first?: string} = {}): Promise<Facts & {readonly row: Row}> {
			const client = await server.connect(options);
			try {
				if (options.first) await client.query(options.first);
				const row = (await client.query(text)).rows[0] as Row;
				return {...factsOf(row, false), row};
			} finally {
				await client.end();
			}
		}

		test('who we are and what we may', async () => {
			const mine = async (user: string) => {
				const {role, superuser, canReadAll, monitor, canSignal, canSignalAutovacuum} = await facts({user});
				return [role, superuser, canReadAll, monitor, canSignal, canSignalAutovacuum];
			};
			assert.deepEqual(await mine('postgres'), ['postgres', true, true, true, true, true]);
			assert.deepEqual(await mine('monitor_role'), ['monitor_role', false, true, true, false, false]);
			assert.deepEqual(await mine('signal_role'), ['signal_role', false, true, true, true, false]);
			assert.deepEqual(await mine('plain_role'), ['plain_role', false, false, false, false, false]);
			await server.run('create role asks_first login noinherit; grant pg_monitor to asks_first');
			assert.deepEqual((await mine('asks_first')).slice(2), [false, false, false, false], 'a membership that is not inherited shows nothing until set role');
			assert.equal((await facts({user: 'asks_first', first: 'set role pg_monitor'})).role, 'pg_monitor');
		});

		test('what the server is, whatever pgperf has set for its own session', async () => {
			const plain = await facts({user: 'plain_role', first: "set timezone = 'UTC'"});
			assert.equal(plain.timezone, 'Europe/Berlin');
			assert.equal(plain.major, major);
			assert.match(plain.version, new RegExp(`^${major}\\.\\d+$`));
			assert.deepEqual([plain.maxConnections, plain.reservedConnections, plain.blockSize, plain.recovery], [50, major >= 16 ? 7 : 3, 8192, false]);
			assert.match(plain.system_identifier!, /^\d{15,20}$/);
			assert.equal(plain.row.tls, false);
			assert.ok(Math.abs(plain.started_at - Number(plain.row.server_time)) < 600);
		});

		test('a function that was taken away leaves a gap, not an error', async () => {
			await server.run('revoke execute on function pg_control_system() from public', 'postgres');
			assert.equal((await facts({user: 'plain_role'})).system_identifier, null);
			assert.notEqual((await facts()).system_identifier, null);
		});

		test('extensions with their versions and schemas, whatever these are called', async () => {
			await server.createDatabase(
				'odd',
				`create schema "Odd, ""name"""; create extension pg_stat_statements schema "Odd, ""name"""; create extension pgstattuple`,
			);
			const odd = await facts({database: 'odd'});
			assert.deepEqual(Object.keys(odd.extensions).toSorted(), ['pg_stat_statements', 'pgstattuple', 'plpgsql']);
			assert.match(odd.extensions.pg_stat_statements!, /^1\.\d+$/);
			assert.deepEqual(odd.extensionSchemas.toSorted(), ['"Odd, ""name"""', 'public']);
			assert.deepEqual((await facts({database: 'odd', user: 'plain_role'})).extensionSchemas, ['public'], 'a schema that may not be used is of no use');
			await server.createDatabase('bare');
			assert.deepEqual((await facts({database: 'bare'})).extensionSchemas, []);
		});

		test('a managed service is known by its roles and functions', async () => {
			assert.equal((await facts()).provider, null);
			for (const [role, provider] of [
				['rds_superuser', 'rds'],
				['cloudsqlsuperuser', 'cloudsql'],
				['alloydbsuperuser', 'alloydb'],
				['azure_pg_admin', 'azure'],
				['neon_superuser', 'neon'],
				['supabase_admin', 'supabase'],
			]) {
				await server.run(`create role ${role}`);
				assert.equal((await facts({user: 'plain_role'})).provider, provider);
				await server.run(`drop role ${role}`);
			}
			await server.run("create role rds_superuser; create function aurora_version() returns text language sql as 'select ''16.4.0'''");
			assert.equal((await facts()).provider, 'aurora');
		});
	});
}
