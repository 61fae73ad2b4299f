import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {Redis} from 'ioredis';
import pg from 'pg';
import {alive} from '../source/demo/processes.ts';
import {majors, startCache, startPooler, startServer, until} from './support/servers.ts';

test('every supported major starts, answers, and has its roles and databases', async () => {
	for (const major of majors) {
		const server = await startServer({major});
		await server.createRoles();
		await server.createDatabase('shop', 'create table orders(id int)');
		const client = await server.connect({user: 'plain_role', database: 'shop'});
		const {rows} = await client.query(
			`select current_setting('server_version_num')::int / 10000 as major, current_user::text as role, to_regclass('orders') is not null as seeded`,
		);
		assert.deepEqual(rows, [{major, role: 'plain_role', seeded: true}]);
		await client.end();
		const superuser = await server.connect();
		assert.equal((await superuser.query('select count(*)::int as n from pg_stat_statements')).rows.length, 1);
		await superuser.end();
		await server.stop();
		assert.equal(alive(server.pid), false);
	}
});

test('a standby streams, and a second one can be added later', async () => {
	const primary = await startServer({standby: true});
	await primary.run('create table orders(id int); insert into orders select generate_series(1, 1000)');
	const later = await primary.addStandby('later');
	for (const standby of [primary.standby!, later]) {
		const client = await standby.connect();
		await until(
			async () => (await client.query(`select to_regclass('orders')::text as relation, pg_is_in_recovery() as recovery`)).rows[0],
			row => row.relation === 'orders' && row.recovery,
		);
		await client.end();
	}
	await later.stop();
	await primary.stop();
});

test('a server comes back on its port', async () => {
	const server = await startServer();
	await server.run('create table kept()');
	server.kill('SIGINT');
	await until(
		() => alive(server.pid),
		running => !running,
	);
	await server.start();
	await server.run('drop table kept');
	await server.stop();
});

test('a test process that is killed leaves neither process nor directory', async () => {
	const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('support/victim.ts', import.meta.url))], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
	const {pids, directories} = JSON.parse(line) as {pids: number[]; directories: string[]};
	assert.ok(pids.every(alive) && directories.every(directory => existsSync(directory)));
	child.kill('SIGKILL');
	await until(
		() => [...pids.filter(alive), ...directories.filter(directory => existsSync(directory))],
		left => left.length === 0,
		5000,
	);
});

test('a pooler and a cache stand beside the servers, where they can be had', async t => {
	const server = await startServer();
	const pooler = await startPooler(server, {size: 1});
	await t.test('pgbouncer', {skip: pooler ? false : 'no pgbouncer here'}, async () => {
		const client = new pg.Client({connectionString: pooler!.uri()});
		await client.connect();
		assert.equal((await client.query('select inet_server_port() as port')).rows[0].port, server.port);
		await client.end();
		await pooler!.stop();
	});
	const cache = await startCache();
	await t.test('redis', {skip: cache ? false : 'no redis-server here'}, async () => {
		const redis = new Redis(cache!.url);
		assert.equal(await redis.dbsize(), 0);
		redis.disconnect();
		await cache!.stop();
	});
	await server.stop();
});
