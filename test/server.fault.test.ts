import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {type TestContext, test} from 'node:test';
import type pg from 'pg';
import {newDirectory} from './support/scratch.ts';
import type {Screen} from './support/screen.ts';
import {startServer, type TestServer, until} from './support/servers.ts';
import {findTool} from './support/tools.ts';
import {answersKeys, closes, openTop, quits, type TopOptions} from './support/top.ts';

async function serverFor(t: TestContext, options: Parameters<typeof startServer>[0] = {}): Promise<TestServer> {
	const server = await startServer(options);
	t.after(() => server.stop());
	return server;
}

async function topFor(t: TestContext, uri: string, options: TopOptions = {}): Promise<Screen> {
	const screen = await openTop(uri, options);
	t.after(() => screen.close());
	await screen.waitFor(/● live/);
	return screen;
}

/** Every process of a server, the postmaster first. */
async function processes(server: TestServer): Promise<readonly number[]> {
	const client = await server.connect();
	const {rows} = await client.query<{pid: number}>('select pid from pg_stat_activity where pid <> pg_backend_pid()');
	await client.end();
	return [server.pid, ...rows.map(row => row.pid)];
}

test('stopped and continued: keys go on, the age is told, lost in the end, and back by itself', async t => {
	const server = await serverFor(t);
	const [screen, leaver] = await Promise.all([topFor(t, server.conninfo), topFor(t, server.conninfo)]);
	const pids = await processes(server);
	for (const pid of pids) process.kill(pid, 'SIGSTOP');
	try {
		// What is said of the loss gives way to what the next try says: it may be seen while keys are pressed.
		const lost = screen.waitFor(/✖ lost: .*, [\d.]+s old[\s\S]*no answer for/);
		const left = async () => {
			await screen.waitFor(/◌ stale [\d.]+s/);
			await answersKeys(screen);
			await quits(leaver);
		};
		await Promise.all([lost, left()]);
		await answersKeys(screen);
	} finally {
		for (const pid of pids) process.kill(pid, 'SIGCONT');
	}
	await screen.waitFor(/● live/, {limitMs: 40_000});
	await quits(screen);
});

for (const [name, signal] of [
	['killed', 'SIGKILL'],
	['stopped at once', 'SIGQUIT'],
	['restarted', 'SIGINT'],
] as const) {
	test(`${name}: lost with a countdown, the rows stay, and live when it is there again`, async t => {
		const server = await serverFor(t);
		const [screen, leaver] = await Promise.all([topFor(t, server.conninfo), topFor(t, server.conninfo)]);
		await screen.press('2');
		await screen.waitFor(/of \d+ connections/);
		process.kill(server.pid, signal);
		await screen.waitFor(/✖ lost/);
		assert.match(screen.text(), /of \d+ connections/);
		await answersKeys(screen);
		await screen.waitFor(/refuses connections/);
		await quits(leaver);
		await server.stop();
		await server.start();
		await screen.waitFor(/● live/, {limitMs: 40_000});
		await quits(screen);
	});
}

for (const major of [13, 18]) {
	test(`a process that crashes takes every session with it, and the server recovers in a moment: that it did is said, and stays in the log (${major})`, async t => {
		const server = await serverFor(t, {major});
		const screen = await topFor(t, server.conninfo, {columns: 160});
		const victim = await server.connect();
		const {rows} = await victim.query<{pid: number}>('select pg_backend_pid() as pid');
		process.kill(rows[0]!.pid, 'SIGKILL');
		await screen.waitFor(/back after [\d.]+ s without an answer: terminating connection because of crash of another server process/);
		await screen.press('l');
		await screen.waitFor(/lost: terminating connection because of crash/);
		await closes(screen);
		await screen.waitFor(/● live/);
		await quits(screen);
	});
}

test('what a server says before it ends a session is heard also by a console that was held up meanwhile', async t => {
	const server = await serverFor(t);
	const screen = await topFor(t, server.conninfo, {columns: 160});
	const own = async () => {
		const client = await server.connect();
		const {rows} = await client.query("select pid from pg_stat_activity where application_name = 'pgperf'");
		await client.end();
		return rows.length;
	};
	await until(own, count => count >= 3);
	screen.kill('SIGSTOP');
	try {
		await server.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgperf'");
		await until(own, count => count === 0);
		// By now its next questions are due: they must not go out before it has listened.
		const late = performance.now() + 1500;
		await until(
			() => performance.now(),
			now => now > late,
		);
	} finally {
		screen.kill('SIGCONT');
	}
	await screen.waitFor(/back after [\d.]+ s without an answer: terminating connection due to administrator command/);
	await quits(screen);
});

test("a role's own settings, however strict, and on a standby too: live, and acting is not kept from it", async t => {
	const primary = await serverFor(t, {standby: true});
	const standby = primary.standby!;
	t.after(() => standby.stop());
	const strict = ['statement_timeout = 1', 'lock_timeout = 1', "idle_session_timeout = '3s'", "idle_in_transaction_session_timeout = '200ms'"];
	const kind = ["default_transaction_isolation = 'serializable'", 'default_transaction_deferrable = on', 'default_transaction_read_only = on'];
	const look = ['search_path = nowhere', "datestyle = 'german'", "client_encoding = 'latin1'", 'standard_conforming_strings = off', 'row_security = off'];
	await primary.run(`create role strict login superuser; ${[...strict, ...kind, ...look].map(one => `alter role strict set ${one}`).join('; ')}`);
	const known = async () => {
		const client = await standby.connect();
		const {rows} = await client.query("select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole where rolname = 'strict'");
		await client.end();
		return rows.length;
	};
	await until(known, count => count > 0);
	for (const server of [primary, standby]) {
		const screen = await topFor(t, server.uri({user: 'strict'}), {args: ['--interval', '0.5', '--pane', 'sessions']});
		await screen.waitFor(/of \d+ connections/);
		for (const pane of ['4', '8', '1']) {
			await screen.press(pane);
			const bytes = screen.bytes;
			await screen.waitFor(() => screen.bytes > bytes + 500);
			assert.doesNotMatch(screen.text(), /serializable|lost/);
			// On a busy machine one question may take longer than it may; with that role's limits all of them would.
			await screen.waitFor(text => !/took longer|gave up/.test(text));
		}
		await screen.waitFor(/● live/);
		await quits(screen);
	}
});

test('a standby that is promoted while it is watched becomes a primary on the screen', async t => {
	const primary = await serverFor(t, {standby: true});
	const standby = primary.standby!;
	t.after(() => standby.stop());
	const screen = await topFor(t, standby.conninfo);
	await screen.waitFor(/standby/);
	await standby.run('select pg_promote()');
	await screen.waitFor(/18\.\d+ primary/);
	await screen.waitFor(/● live/);
	await quits(screen);
});

test('its own sessions ended by somebody: each comes back', async t => {
	const server = await serverFor(t);
	const screen = await topFor(t, server.conninfo);
	const watcher = await server.connect();
	t.after(() => watcher.end());
	const own = async () => {
		const {rows} = await watcher.query<{pid: number}>("select pid from pg_stat_activity where application_name = 'pgperf' order by backend_start");
		return rows.map(row => row.pid);
	};
	const before = await until(own, pids => pids.length >= 3);
	for (const pid of before) {
		await watcher.query('select pg_terminate_backend($1)', [pid]);
		await answersKeys(screen);
	}
	const after = await until(own, pids => pids.length >= 3 && pids.every(pid => !before.includes(pid)));
	await screen.waitFor(/● live/);
	// All at once, while a pane is open that asks on another session.
	await screen.press('8');
	for (const pid of after) void watcher.query('select pg_terminate_backend($1)', [pid]);
	await until(own, pids => pids.length >= 3 && pids.every(pid => !after.includes(pid)));
	await screen.waitFor(/● live/);
	await quits(screen);
});

test('no slot free at the start and later: said, keys go on, and it comes in when one is free', async t => {
	const server = await serverFor(t, {conf: {max_connections: '12', max_wal_senders: '0', wal_level: 'replica', superuser_reserved_connections: '2'}});
	await server.createRoles();
	const uri = server.uri({user: 'monitor_role'});
	const crowd: pg.Client[] = [];
	t.after(() => Promise.all(crowd.map(client => client.end().catch(() => undefined))));
	const fill = async () => {
		for (;;) {
			try {
				crowd.push(await server.connect({user: 'plain_role'}));
			} catch {
				return;
			}
		}
	};
	const empty = () => Promise.all(crowd.splice(0).map(client => client.end()));
	await fill();
	const screen = await openTop(uri);
	t.after(() => screen.close());
	await screen.waitFor(/✖ lost[\s\S]*(too many|slots)/);
	await answersKeys(screen);
	await empty();
	await screen.waitFor(/● live/, {limitMs: 40_000});
	// Later: what is connected stays, what is not waits.
	await fill();
	await screen.press('8');
	await screen.waitFor(/● live/);
	await answersKeys(screen);
	// It may be back before the crowd has taken its place: then it is sent away again.
	await until(
		async () => {
			await server.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgperf'");
			await fill();
			return screen.text();
		},
		text => /✖ lost[\s\S]*(too many|slots)/.test(text),
	);
	await answersKeys(screen);
	await empty();
	await screen.waitFor(/● live/, {limitMs: 60_000});
	await quits(screen);
});

/** The server's own errors, by its own executor: the view that all of pgperf's questions look at fails for pgperf alone. */
async function failing(server: TestServer): Promise<{readonly fail: (condition: string | undefined) => Promise<void>}> {
	const client = await server.connect();
	await client.query('set allow_system_table_mods = on');
	await client.query('create table public.fault (condition text)');
	await client.query(`create function public.fault() returns boolean language plpgsql volatile as $$
		declare wanted text := (select condition from public.fault);
		begin
			if wanted is not null and current_setting('application_name') like 'pgperf%' then
				execute format('do $x$ begin raise exception %L using errcode = %L; end $x$', 'the fault ' || wanted, wanted);
			end if;
			return true;
		end $$`);
	const {rows} = await client.query("select pg_get_viewdef('pg_catalog.pg_stat_activity'::regclass) as text");
	const text = String(rows[0].text).trim().replace(/;$/, '');
	await client.query(`create or replace view pg_catalog.pg_stat_activity as select * from (${text}) seen where public.fault()`);
	return {
		fail: async condition => {
			await client.query('delete from public.fault');
			if (condition) await client.query('insert into public.fault values ($1)', [condition]);
		},
	};
}

for (const [condition, what] of [
	['disk_full', '53100'],
	['out_of_memory', '53200'],
] as const) {
	test(`errors of a server that is out of something (${what}): said, aged, and over when they are`, async t => {
		const server = await serverFor(t);
		const {fail} = await failing(server);
		const screen = await topFor(t, server.conninfo, {args: ['--pane', 'sessions']});
		await screen.waitFor(/of \d+ connections/);
		await fail(condition);
		await screen.waitFor(new RegExp(`the fault ${condition}`));
		await screen.waitFor(/stale|old/);
		await answersKeys(screen);
		await fail(undefined);
		await screen.waitFor(text => /● live/.test(text) && !/fault/.test(text), {limitMs: 80_000});
		await quits(screen);
	});
}

test('rights that are revoked while it runs: what is missing is named with its grant, and seen again when granted', async t => {
	const server = await serverFor(t);
	await server.createRoles();
	const other = await server.connect();
	await other.query('begin; select 1');
	t.after(() => other.end());
	const screen = await topFor(t, server.uri({user: 'monitor_role'}), {args: ['--pane', 'sessions'], columns: 160});
	await screen.waitFor(/idle in xact/);
	await server.run('revoke pg_monitor from monitor_role');
	await screen.waitFor(/pg_monitor|pg_read_all_stats/);
	await answersKeys(screen);
	await server.run('grant pg_monitor to monitor_role');
	await screen.waitFor(text => /idle in xact/.test(text) && !/grant pg_/.test(text));
	await quits(screen);
});

test('an extension that is dropped while it is asked: the pane says so, and shows it again when it is created', async t => {
	const server = await serverFor(t);
	const screen = await topFor(t, server.conninfo, {args: ['--pane', 'queries']});
	await screen.waitFor(text => /interval/.test(text) && !/needs the extension|asking the server/.test(text));
	await server.run('drop extension pg_stat_statements');
	await screen.waitFor(/pg_stat_statements[\s\S]*create extension pg_stat_statements/);
	await answersKeys(screen);
	await screen.press('3');
	await server.run('create extension pg_stat_statements');
	await screen.waitFor(text => !/create extension/.test(text) && /calls/.test(text), {limitMs: 80_000});
	await quits(screen);
});

test('statistics that are reset: no negative rate, no NaN, at no moment', async t => {
	const server = await serverFor(t);
	const busy = await server.connect();
	t.after(() => busy.end());
	await busy.query('create table busy (id int primary key); insert into busy select generate_series(1, 2000)');
	const screen = await topFor(t, server.conninfo, {args: ['--interval', '0.5'], columns: 200, rows: 60});
	const wrong: string[] = [];
	const look = (text: string) => {
		for (const line of text.split('\n')) if (/NaN|Infinity|undefined|(?:tps|hit|\/s)\s+-\d|[\s(]-\d[\d.]*(?:\/s|%)/.test(line)) wrong.push(line);
	};
	for (const pane of ['1', '3', '6', '8']) {
		await screen.press(pane);
		for (let round = 0; round < 3; round++) {
			await busy.query('select count(*) from busy; update busy set id = id where id < 200');
			await server.run(`select pg_stat_reset(); select pg_stat_statements_reset(); select pg_stat_reset_shared('bgwriter'); select pg_stat_reset_shared('wal');
				select pg_stat_reset_shared('io')`);
			const bytes = screen.bytes;
			await screen.waitFor(text => {
				look(text);
				return screen.bytes > bytes + 200;
			});
		}
	}
	assert.deepEqual(wrong, []);
	await quits(screen);
});

test('DDL under every question: no pane breaks, and all of them are live afterwards', async t => {
	const server = await serverFor(t);
	let going = true;
	const ddl = async (name: string) => {
		const client = await server.connect();
		for (let i = 0; going; i++) {
			await client.query(`drop schema if exists ${name} cascade; create schema ${name};
				create table ${name}.t (id int primary key, at timestamptz, note text) partition by range (id);
				create table ${name}.t1 partition of ${name}.t for values from (0) to (100); create index on ${name}.t (at);
				create materialized view ${name}.v as select count(*) from ${name}.t; alter table ${name}.t add column more int default ${i};
				create sequence ${name}.s; drop table ${name}.t1; create role ${name}_${i}; drop role ${name}_${i}`);
			if (i % 5 === 0) for (const text of ['vacuum full pg_class', 'vacuum full pg_attribute', 'reindex table pg_index']) await client.query(text);
			rounds += 1;
		}
		await client.end();
	};
	let rounds = 0;
	const working = ddl('ddl').then(() => 'done', String);
	const screen = await topFor(t, server.conninfo, {args: ['--interval', '0.5']});
	try {
		for (let round = 0; round < 3 || rounds < 100; round++) {
			for (const pane of '2345678901') {
				await screen.press(pane, 'r');
				const bytes = screen.bytes;
				await screen.waitFor(() => screen.bytes > bytes + 150);
				assert.doesNotMatch(screen.text(), /internal error/);
			}
		}
	} finally {
		going = false;
		assert.equal(await working, 'done');
	}
	for (const pane of '23456789') {
		await screen.press(pane, 'r');
		await screen.waitFor(text => /● live/.test(text) && !/could not open relation|cache lookup|cached plan|gave up/.test(text), {limitMs: 60_000});
	}
	await quits(screen);
});

test('a clock that is set back an hour: ages go on, live stays live', async t => {
	const faketime = await findTool('faketime');
	if (typeof faketime === 'string') return t.skip(faketime);
	const server = await serverFor(t);
	const home = newDirectory();
	const clock = path.join(home, 'clock');
	writeFileSync(clock, '+0');
	const env = {LD_PRELOAD: faketime.file, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1'};
	const holder = await server.connect();
	t.after(() => holder.end());
	await holder.query('begin; select 1');
	const screen = await topFor(t, server.conninfo, {env, args: ['--pane', 'sessions']});
	await screen.waitFor(/idle in xact/);
	const hour = () => /(\d\d):\d\d:\d\dZ/.exec(screen.text())?.[1];
	const before = hour();
	for (const jump of ['-3600', '+7200']) {
		writeFileSync(clock, jump);
		for (let second = 0; second < 3; second++) {
			const seen = /\d\d:\d\d:\d\dZ/.exec(screen.text())?.[0];
			await screen.waitFor(text => /\d\d:\d\d:\d\dZ/.exec(text)?.[0] !== seen);
			assert.match(screen.text(), /● live/);
			assert.doesNotMatch(screen.text(), /stale|lost| -\d/);
		}
	}
	// The clock of the screen is the server's.
	const now = new Date().toISOString().slice(11, 13);
	assert.ok([before, now].includes(hour()), `${hour()} is neither ${before} nor ${now}`);
	await quits(screen);
});
