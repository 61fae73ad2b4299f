import assert from 'node:assert/strict';
import {chmodSync, copyFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe, test} from 'node:test';
import {openConsole, readable} from './support/console.ts';
import {newDirectory} from './support/scratch.ts';
import {startServer, type TestServer, until} from './support/servers.ts';
import {findTool} from './support/tools.ts';

for (const major of [13, 18]) {
	describe(`slots and replay on PostgreSQL ${major}`, () => {
		let primary: TestServer;
		let standby: TestServer;
		before(async () => {
			primary = await startServer({major, standby: true});
			standby = primary.standby!;
			await primary.run('create table parted (at date) partition by range (at)');
			await primary.run("create table parted_1 partition of parted for values from ('2026-01-01') to ('2026-02-01')");
			await until(
				() => standby.value("select to_regclass('parted_1')"),
				found => found !== null,
			);
		});
		after(async () => {
			await standby.stop();
			await primary.stop();
		});

		test('a paused replay goes on by typing it, on the standby that is meant and not on the one that is watched', async () => {
			await standby.value('select pg_wal_replay_pause()');
			const open = await openConsole(primary, {companion: standby});
			try {
				await open.choose('replication', 'standby', row => row.server === 'companion' && row.paused === true);
				const question = readable(await open.ask('resume-replay'));
				assert.equal(question.plan!.server, 'companion');
				assert.equal(question.plan!.typed, 'resume');
				const [outcome] = await open.settled(open.yes());
				assert.equal(outcome!.done, true, outcome!.text);
				assert.equal(await standby.value('select pg_is_wal_replay_paused()'), false);
				assert.deepEqual(
					open.auditLines().map(line => [line.action, line.outcome]),
					[
						['resume-replay', 'asked'],
						['resume-replay', 'done'],
					],
				);
			} finally {
				await open.close();
			}
		});

		test('on a standby what changes the database is refused, by the row and by the plan', async () => {
			const open = await openConsole(standby);
			try {
				await open.choose('partitions', 'partitions', row => row.relation === 'parted');
				assert.match((await open.ask('partitions')) as string, /this is a standby/);
				assert.deepEqual(open.auditLines(), []);
			} finally {
				await open.close();
			}
		});

		test('with a recovery target it is not resumed: it would promote', async () => {
			const second = await primary.addStandby('targeted', {conf: {recovery_target_name: 'never', recovery_target_action: 'pause'}});
			try {
				await second.value('select pg_wal_replay_pause()');
				const open = await openConsole(second);
				try {
					await open.choose('replication', 'standby', row => row.paused === true);
					assert.match((await open.ask('resume-replay')) as string, /recovery target is set: .* promote it/);
				} finally {
					await open.close();
				}
				assert.equal(await second.value('select pg_is_wal_replay_paused()'), true);
			} finally {
				await second.stop();
				await primary.run("select pg_drop_replication_slot('targeted')");
			}
		});

		test('an active slot, or one that is inactive since a moment ago, is not dropped', async () => {
			await primary.run("select pg_create_physical_replication_slot('resting', true)");
			const open = await openConsole(primary);
			try {
				await open.choose('replication', 'slots', row => row.slot_name === 'standby' && row.active === true);
				assert.match((await open.ask('drop-slot')) as string, /it is active/);
				await open.choose('replication', 'slots', row => row.slot_name === 'resting');
				assert.match((await open.ask('drop-slot')) as string, major >= 17 ? /inactive for less than 24 h/ : /not known before PostgreSQL 17/);
				assert.equal(Number(await primary.value('select count(*) from pg_replication_slots')), 2);
			} finally {
				await open.close();
			}
		});
	});

	test(`a lost slot is dropped by typing its name on PostgreSQL ${major}`, async () => {
		const server = await startServer({major, conf: {wal_keep_size: '0', max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '32MB'}});
		try {
			await server.run("select pg_create_physical_replication_slot('gone_away', true); create table filler (t text)");
			await until(
				async () => {
					await server.run("insert into filler select repeat('x', 1000) from generate_series(1, 2000)");
					await server.run('select pg_switch_wal()');
					await server.run('checkpoint');
					return server.value("select wal_status from pg_replication_slots where slot_name = 'gone_away'");
				},
				status => status === 'lost',
			);
			const open = await openConsole(server);
			try {
				await open.choose('replication', 'slots', row => row.slot_name === 'gone_away' && row.wal_status === 'lost');
				const question = readable(await open.ask('drop-slot'));
				assert.equal(question.plan!.typed, 'gone_away');
				assert.match(question.plan!.facts.flatMap(line => line.map(part => part.text)).join('\n'), /its standby must be rebuilt/);
				const [outcome] = await open.settled(open.yes());
				assert.equal(outcome!.done, true, outcome!.text);
				assert.equal(Number(await server.value('select count(*) from pg_replication_slots')), 0);
				assert.equal(open.auditLines().at(-1)!.outcome, 'done');
			} finally {
				await open.close();
			}
		} finally {
			await server.stop();
		}
	});
}

test('a slot that nobody has used for a day is dropped by typing its name, and not an hour earlier', async t => {
	const faketime = await findTool('faketime');
	if (typeof faketime === 'string') return t.skip(faketime);
	// Of an account that may not enter our home.
	const folder = newDirectory();
	chmodSync(folder, 0o755);
	const library = path.join(folder, 'faketime.so');
	const clock = path.join(folder, 'clock');
	copyFileSync(faketime.file, library);
	const ahead = (hours: number) => writeFileSync(clock, `+${hours}h`);
	ahead(0);
	const env = {LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1'};
	const server = await startServer({major: 18, env});
	try {
		await server.run("select pg_create_physical_replication_slot('forsaken', true)");
		const open = await openConsole(server);
		const since = (hours: number) => open.choose('replication', 'slots', row => row.slot_name === 'forsaken' && Number(row.inactive_s) > 3600 * hours - 600);
		try {
			ahead(23);
			await since(23);
			assert.match((await open.ask('drop-slot')) as string, /inactive for less than 24 h/);
			ahead(25);
			await since(25);
			const question = readable(await open.ask('drop-slot'));
			assert.equal(question.plan!.typed, 'forsaken');
			assert.match(question.plan!.targets[0]!.statements[0]!.text, /and inactive_since = '/);
			const [outcome] = await open.settled(open.yes());
			assert.equal(outcome!.done, true, outcome!.text);
			assert.equal(Number(await server.value('select count(*) from pg_replication_slots')), 0);
		} finally {
			await open.close();
		}
	} finally {
		await server.stop();
	}
});
