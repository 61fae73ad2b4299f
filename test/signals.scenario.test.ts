import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import type {Question} from '../source/state.ts';
import {type Console, openConsole} from './support/console.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

for (const major of [13, 18]) {
	describe(`signals on PostgreSQL ${major}`, () => {
		let server: TestServer;
		let open: Console;
		const clients: pg.Client[] = [];
		before(async () => {
			server = await startServer({major});
			await server.createRoles();
			open = await openConsole(server);
		});
		after(async () => {
			await open.close();
			for (const client of clients) await client.end().catch(() => undefined);
			await server.stop();
		});

		async function session(name: string, user = 'postgres'): Promise<pg.Client & {readonly pid: number}> {
			const client = await server.connect({user});
			clients.push(client);
			await client.query(`set application_name = '${name}'`);
			const pid = (await client.query<{pid: number}>('select pg_backend_pid() as pid')).rows[0]!.pid;
			return Object.assign(client, {pid});
		}

		const shown = (question: Question | string): Question => {
			if (typeof question === 'string') assert.fail(question);
			return question;
		};

		test('cancel ends the query, and the audit has a line before and one after', async () => {
			const victim = await session('sleeper');
			const ended = victim.query('select pg_sleep(600)').catch((error: {readonly code?: string}) => error.code);
			await open.choose('sessions', 'sessions', row => row.pid === victim.pid && row.state === 'active');
			const question = shown(await open.ask('cancel'));
			assert.match(
				question.plan!.targets[0]!.statements[0]!.text,
				new RegExp(`^select pg_cancel_backend\\(pid\\) from pg_stat_activity where pid = ${victim.pid}\n`),
			);
			const [outcome] = await open.settled(open.yes());
			assert.match(outcome!.text, /cancel sent, and the query has ended/);
			assert.equal(await ended, '57014');
			assert.deepEqual(
				open.auditLines().map(line => [line.action, line.target, line.outcome]),
				[
					['cancel', String(victim.pid), 'asked'],
					['cancel', String(victim.pid), 'done'],
				],
			);
		});

		test('a session that runs something else by now is left alone', async () => {
			const victim = await session('changing');
			const first = victim.query('select pg_sleep(600)').catch(() => undefined);
			await open.choose('sessions', 'sessions', row => row.pid === victim.pid && row.state === 'active');
			shown(await open.ask('cancel'));
			await server.run(`select pg_cancel_backend(${victim.pid})`);
			await first;
			const second = victim.query('select 2, pg_sleep(600)').catch((error: {readonly code?: string}) => error.code);
			await until(
				async () =>
					(await server.connect().then(async one => one.query(`select query from pg_stat_activity where pid = ${victim.pid}`).finally(() => one.end())))
						.rows[0],
				row => row.query.startsWith('select 2'),
			);
			const [outcome] = await open.settled(open.yes());
			assert.match(outcome!.text, /has changed since the question was made: nothing was sent/);
			assert.equal(outcome!.done, false);
			assert.equal(open.auditLines().at(-1)!.outcome, 'failed');
			const {rows} = await clients[0]!.query('select state from pg_stat_activity where pid = $1', [victim.pid]);
			assert.equal(rows[0].state, 'active');
			await server.run(`select pg_terminate_backend(${victim.pid})`);
			await second;
		});

		test('idle in transaction is not cancelled but terminated', async () => {
			const victim = await session('idler');
			await victim.query('begin');
			await victim.query('select 1');
			await open.choose('sessions', 'sessions', row => row.pid === victim.pid && row.state === 'idle in transaction');
			assert.match((await open.ask('cancel')) as string, /idle in transaction: cancel does nothing there/);
			shown(await open.ask('terminate'));
			const [outcome] = await open.settled(open.yes());
			assert.match(outcome!.text, /terminate sent, and it is gone/);
			const {rows} = await clients[0]!.query('select 1 from pg_stat_activity where pid = $1', [victim.pid]);
			assert.equal(rows.length, 0);
		});

		test('several are ended by typing their count; the one that changed is told apart', async () => {
			const victims = [await session('crowd'), await session('crowd'), await session('crowd')];
			for (const victim of victims) await victim.query('begin; select 1');
			const rows = await open.choose('sessions', 'sessions', row => row.application_name === 'crowd' && row.state === 'idle in transaction');
			assert.equal(rows.length, 3);
			const question = shown(await open.ask('terminate'));
			assert.equal(question.plan!.typed, '3');
			await victims[1]!.query('commit');
			const outcomes = await open.settled(open.yes());
			assert.deepEqual(outcomes.map(outcome => outcome.done).sort(), [false, true, true]);
			assert.match(outcomes.find(outcome => !outcome.done)!.text, /nothing was sent/);
			const left = await clients[0]!.query("select pid from pg_stat_activity where application_name = 'crowd'");
			assert.deepEqual(
				left.rows.map(row => row.pid),
				[victims[1]!.pid],
			);
			open.watch.store.dispatch({type: 'closed'});
		});

		test('another role without the grant is told the grant, and nothing is sent', async () => {
			const victim = await session('theirs', 'postgres');
			const other = await session('others', 'plain_role');
			for (const one of [victim, other]) await one.query('begin; select 1');
			const monitor = await openConsole(server, {user: 'monitor_role'});
			try {
				await monitor.choose('sessions', 'sessions', row => row.pid === other.pid && row.state === 'idle in transaction');
				assert.match((await monitor.ask('terminate')) as string, /grant pg_signal_backend to monitor_role/);
				assert.deepEqual(monitor.auditLines(), []);
			} finally {
				await monitor.close();
			}
			const signaller = await openConsole(server, {user: 'signal_role'});
			try {
				await signaller.choose('sessions', 'sessions', row => row.pid === victim.pid);
				assert.match((await signaller.ask('terminate')) as string, /superuser/);
				signaller.watch.store.dispatch({type: 'closed'});
				await signaller.choose('sessions', 'sessions', row => row.pid === other.pid);
				shown(await signaller.ask('terminate'));
				const [outcome] = await signaller.settled(signaller.yes());
				assert.match(outcome!.text, /it is gone/);
			} finally {
				await signaller.close();
			}
		});

		test('read-only refuses, and so does an audit log that can not be written', async () => {
			const victim = await session('kept');
			await victim.query('begin; select 1');
			const careful = await openConsole(server, {settings: {readOnly: true}});
			try {
				await careful.choose('sessions', 'sessions', row => row.pid === victim.pid);
				assert.match((await careful.ask('terminate')) as string, /read-only/);
			} finally {
				await careful.close();
			}
			await open.choose('sessions', 'sessions', row => row.pid === victim.pid && row.state === 'idle in transaction');
			shown(await open.ask('terminate'));
			open.watch.store.dispatch({type: 'auditChanged', audit: {is: 'broken', why: 'the disk is full'}});
			const [outcome] = await open.settled(open.yes());
			assert.match(outcome!.text, /the disk is full: nothing was sent/);
			const {rows} = await clients[0]!.query('select state from pg_stat_activity where pid = $1', [victim.pid]);
			assert.equal(rows[0].state, 'idle in transaction');
		});
	});
}
