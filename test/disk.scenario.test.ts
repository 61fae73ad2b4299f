import assert from 'node:assert/strict';
import {statfsSync} from 'node:fs';
import {before, describe, test} from 'node:test';
import {runOnce} from '../source/checks.ts';
import {measured} from '../source/io/disk.ts';
import {defaultLimits, limitsWith} from '../source/limits.ts';
import type {Input, Result, Row} from '../source/pane.ts';
import {disks, withUsed} from '../views/panes/databases-disk.ts';
import {asker} from './support/ask.ts';
import {startServer, type TestServer} from './support/servers.ts';

const answer = (rows: readonly Row[]): Result => ({status: 'ok', sample: {at: 0, rows, cost: 1}});
const rowsOf = (result: Result) => (result.status === 'ok' ? withUsed(result.sample.rows) : []);
const judged = (rows: readonly Row[], limits = defaultLimits) => {
	const input: Input = {rows: {disk: rows}, facts: {}, watched: 'here', history: {}};
	return runOnce([disks], input, limits, 'here');
};

describe('the disk of the server', {skip: process.platform === 'linux' ? false : 'only seen on Linux'}, () => {
	let server: TestServer;
	before(async () => {
		server = await startServer({major: 18});
		await server.createRoles();
	});

	test('beside the server it is seen, once for each file system, and judged', async () => {
		const rows = rowsOf(await measured(answer(await (await asker(await server.connect())).ask('disk'))));
		const [first] = rows;
		assert.match(String(first?.what), /^data/);
		const {blocks, bsize} = statfsSync(server.dataDir);
		assert.ok(Number(first?.total_bytes) > 0 && Number(first?.total_bytes) <= blocks * bsize);
		assert.ok(Number(first?.used) >= 0 && Number(first?.used) <= 1);
		const {findings, coverage} = judged(rows, limitsWith({disk: {warning: 0, critical: 101}}, 'flag'));
		assert.equal(findings[0]?.level, 'warning');
		assert.match(findings[0]!.title, /^the disk of data.* is .*% full, .* left$/);
		assert.deepEqual(coverage.unseen, []);
	});

	test('a server elsewhere has the same path and another process: nothing is seen, and that is said', async () => {
		const told = await (await asker(await server.connect())).ask('disk');
		for (const more of [{pid: process.pid}, {datname: 'another'}, {usename: 'other'}] as readonly Row[]) {
			const rows = rowsOf(await measured(answer(told.map(row => ({...row, ...more})))));
			assert.ok(rows.every(row => row.used === null));
			const {findings, coverage} = judged(rows);
			assert.deepEqual([findings, coverage.evaluated], [[], []]);
			assert.deepEqual(coverage.unseen, [{id: 'disk', why: 'the server does not run on this machine'}]);
		}
	});

	test('a role that may not know the path is told the grant', async () => {
		const rows = rowsOf(await measured(answer(await (await asker(await server.connect({user: 'plain_role'}))).ask('disk'))));
		assert.deepEqual(judged(rows).coverage.unseen, [{id: 'disk', why: 'its path is hidden: grant pg_monitor'}]);
	});

	test('what is no longer there, or does not answer, is no zero', async () => {
		const told = await (await asker(await server.connect())).ask('disk');
		const rows = rowsOf(await measured(answer(told.map(row => ({...row, path: `${row.path}/gone`})))));
		assert.ok(rows.every(row => row.used === null && row.unseen === 'there is no such place on this machine'));
	});
});
