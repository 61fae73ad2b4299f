import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import type pg from 'pg';
import {newDirectory} from './support/scratch.ts';
import {startServer, type TestServer, until} from './support/servers.ts';
import {program} from './support/top.ts';
import {openTranscript} from './support/transcript.ts';

const word = 'S3cr3tHunter';
/** Each place has one of its own, so that a leak tells where it came from; with signs that have to be encoded in a URI. */
const secret = (place: number) => `${word}${place}/+=x`;
const encoded = (place: number) => encodeURIComponent(secret(place));
/** The middle of base64, whatever stands before: three ways to be aligned. */
const inBase64 = ['', 'a', 'ab'].map(before => btoa(`${before}${word}`).slice(before === '' ? 0 : 4, -4));
const leak = new RegExp(`.{0,60}(?:${word}|${inBase64.map(text => text.replace(/[+/]/g, '\\$&')).join('|')}).{0,20}`, 'i');

function assertNone(text: string, what: string): void {
	assert.equal(leak.exec(text)?.[0], undefined, what);
	// The clipboard's bytes are base64 of their own.
	for (const [, copied] of text.matchAll(/\x1b\]52;c;([^\x07]*)/g)) assert.equal(leak.exec(atob(copied!))?.[0], undefined, `${what}: clipboard`);
}

let server: TestServer;
let home: string;
const held: pg.Client[] = [];
const url = (place: number) => `postgresql://app:${encoded(place)}@db1.example/shop`;

before(async () => {
	server = await startServer();
	home = newDirectory();
	const client = await server.connect();
	const run = (sql: string) => client.query(sql);
	for (const sql of [
		`create role dba login superuser password '${secret(1)}'`,
		`create role bob login password '${secret(2)}'`,
		`alter role bob password '${secret(3)}'`,
		`alter role bob set app.api_key = '${secret(4)}'`,
		`alter role bob set app.upstream = '${url(5)}'`,
		`alter system set primary_conninfo = 'host=db9 password=${secret(6)}'`,
		`alter system set restore_command = 'PGPASSWORD=${secret(7)} fetch %f %p'`,
		`alter system set ssl_passphrase_command = 'echo ${secret(8)}'`,
		`alter system set archive_cleanup_command = 'curl -H "Authorization: Bearer ${secret(9)}" x'`,
		`create publication p`,
		`create subscription s connection 'host=nowhere.example password=${secret(10)}' publication p with (connect = false, enabled = false)`,
		`create foreign data wrapper w`,
		`create server f foreign data wrapper w`,
		`create user mapping for bob server f options (user 'x', password '${secret(11)}')`,
		`create table held (n int primary key, note text); insert into held values (1)`,
		`create index held_note on held (note) where note <> 'password=${secret(12)}'`,
		`create materialized view seen as select 'host=a password=${secret(13)}'::text as source`,
		`create function failing() returns int language plpgsql as $$ begin raise exception using message = 'could not connect to "${url(14)}"', detail = 'password=${secret(14)}'; end $$`,
		`create materialized view broken as select failing() as n with no data`,
		`comment on table held is 'password=${secret(15)}'`,
		`select pg_reload_conf()`,
		`select 1 as told, '${url(16)}' as source`,
		`/* ${url(17)} */ select 2`,
	])
		await run(sql);
	const hba = path.join(server.dataDir, 'pg_hba.conf');
	writeFileSync(hba, `host all dba 127.0.0.1/32 scram-sha-256\n${readFileSync(hba, 'utf8')}`);
	await run('select pg_reload_conf()');
	const hold = async (...texts: readonly string[]) => {
		const one = await server.connect();
		held.push(one);
		for (const text of texts.slice(0, -1)) await one.query(text);
		void one.query(texts.at(-1)!).catch(() => undefined);
	};
	await hold(`set application_name = '${url(18).slice(0, 63)}'`, 'begin', 'update held set n = 2', `alter role bob password '${secret(19)}'`);
	await hold(`update held set note = 'password=${secret(20)}'`);
	await hold(`select pg_sleep(600), '${url(21)}'`);
	await hold(`select pg_sleep(600), '{"Authorization": "Basic ${btoa(`u:${secret(22)}`)}"}'`);
	await hold(`select pg_sleep(600) /* token=${secret(23)} */`);
	await hold(`select pg_sleep(600), 'AKIAIOSFODNN7EXAMPLE', '${secret(24)}'`);
	await until(
		async () => (await run("select count(*) from pg_stat_activity where wait_event in ('PgSleep', 'transactionid')")).rows[0].count,
		n => Number(n) >= 5,
	);

	mkdirSync(path.join(home, 'pgperf'));
	writeFileSync(path.join(home, '.pgpass'), `127.0.0.1:${server.port}:postgres:dba:${secret(1)}\nelsewhere:*:*:*:${secret(30)}\n`, {mode: 0o600});
	writeFileSync(path.join(home, '.pg_service.conf'), `[shop]\nhost=127.0.0.1\nport=${server.port}\nuser=dba\ndbname=postgres\npassword=${secret(1)}\n`);
	writeFileSync(
		path.join(home, 'pgperf', 'config.toml'),
		`[servers.shop]\nurl = "postgresql://dba:${encoded(1)}@127.0.0.1:${server.port}/postgres"\nredis = "redis://u:${encoded(31)}@127.0.0.1:1"\npgbouncer = "postgresql://u:${encoded(32)}@127.0.0.1:1/pgbouncer"\nreplicas = ["postgresql://u:${encoded(33)}@127.0.0.1:1/x"]\n\n[servers.other]\nurl = "postgresql://u:${encoded(34)}@127.0.0.1:1/other"\n`,
		{mode: 0o600},
	);
});
after(async () => {
	for (const client of held) void client.end().catch(() => undefined);
	await server.stop();
});

const uri = (place = 1) => `postgresql://dba:${encoded(place)}@127.0.0.1:${server.port}/postgres`;
const environment = () => ({PATH: process.env.PATH ?? '', HOME: home, XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, TERM: 'xterm-256color', LANG: 'C.UTF-8'});

/** What a command says, and what others read of it in the table of processes. */
async function said(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{readonly text: string; readonly code: number | null}> {
	const child = spawn(process.execPath, [program, ...words], {env: {...environment(), ...env}, cwd: home, stdio: ['ignore', 'pipe', 'pipe']});
	let text = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', part => {
			text += part;
		});
	const ended = new Promise<number | null>(resolve => child.on('close', resolve));
	let over = false;
	void ended.then(() => {
		over = true;
	});
	if (process.platform === 'linux')
		await until(
			() => (over ? '' : readFileSync(`/proc/${child.pid}/cmdline`, 'latin1')),
			line => !leak.test(line),
		).catch(error => {
			if (!over) throw error;
		});
	return {code: await ended, text};
}

/** Everything that was written to a file of this account, but for what holds the secrets to begin with. */
function filesOf(folder: string): readonly (readonly [string, string])[] {
	return readdirSync(folder, {recursive: true, withFileTypes: true})
		.filter(entry => entry.isFile() && !/^(\.pgpass|\.pg_service\.conf|config\.toml)$/.test(entry.name))
		.map(entry => path.join(entry.parentPath, entry.name))
		.map(file => [file, readFileSync(file, 'utf8')] as const);
}

test('the sieve of this test finds what it looks for', () => {
	for (const text of [secret(1), encoded(2), btoa(`u:${secret(3)}`), btoa(`aa${secret(3)}`), btoa(secret(3)), JSON.stringify({x: secret(4)})])
		assert.match(text, leak);
});

test('no command tells a secret of a server, or one that it was given', async () => {
	const parts = ['--interval', '1', '--timeout', '60'];
	const report = path.join(home, 'report.json');
	const other = path.join(home, 'other.json');
	const runs: readonly (readonly [readonly string[], Readonly<Record<string, string>>?])[] = [
		[['report', uri(), ...parts]],
		[['report', uri(), ...parts, '--format', 'json', '--output', report]],
		[['report', uri(), '--once', '--with-literals', '--format', 'json', '--output', other]],
		[['report', '--from', other]],
		[['report', '--from', other, '--format', 'html']],
		[['report', '--from', other, '--format', 'markdown']],
		[['diff', other, report]],
		[['diff', other, report, '--format', 'markdown']],
		[['report', 'shop', '--once', '--with-literals']],
		[['report', 'service=shop', '--once', '--only', 'sessions', '--with-literals']],
		[['report', '--once', '--only', 'sessions', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'dba', '-d', 'postgres']],
		[['report', '--all', '--once', '--with-literals']],
		[
			['report', '--once', '--only', 'settings'],
			{DATABASE_URL: uri(), REDIS_URL: `redis://:${encoded(40)}@127.0.0.1:1`, DATABASE_READ_URLS: `postgresql://u:${encoded(41)}@127.0.0.1:1/x`},
		],
		[['check', '--dbname', uri()]],
		[['doctor', uri()]],
		[['doctor', 'shop']],
		[['sql', 'sessions', '--dbname', uri()]],
		[['act', 'terminate', String((held[0] as unknown as {processID: number}).processID), '--dry-run', '--dbname', uri()]],
		[['act', 'refresh', 'public.broken', '--yes', '--dbname', uri()]],
		[['act', 'create-index', 'public.held', '--dry-run', '--dbname', uri()]],
		[['act', 'terminate', String((held[5] as unknown as {processID: number}).processID), '--yes', '--dbname', uri()]],
		[['audit']],
		[['audit', '--format', 'json']],
		[['--version']],
		// Nothing of these works.
		[['report', uri(42)]],
		[['report', '--once', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'dba', '-d', 'postgres'], {PGPASSWORD: secret(43)}],
		[['report', `postgresql://dba:${secret(44)}@127.0.0.1/x`]],
		[['report', `postgre://dba:${encoded(45)}@127.0.0.1/x`]],
		[['report', `host=127.0.0.1 port=${server.port} user=dba password='${secret(46)}' dbname=nowhere`]],
		[['report', `host=127.0.0.1 pasword=${secret(47)}`]],
		[['report', `host=127.0.0.1 password='${secret(48)}`]],
		[['report', 'shop', url(49)]],
		[['report', '--replica', url(50), '--redis', `redis:/${secret(51)}`, 'a', 'b']],
		[[url(52)]],
		[['act', 'cancel', url(53)]],
		[['report', `--paswrd=${secret(54)}`]],
		[
			[
				'report',
				uri(),
				'--once',
				'--only',
				'redis,cache,pools',
				'--redis',
				`redis://u:${encoded(55)}@127.0.0.1:1`,
				'--pgbouncer',
				`postgresql://u:${encoded(56)}@127.0.0.1:1/x`,
			],
		],
		[['report', '--config', path.join(home, 'wrong.toml')]],
	];
	writeFileSync(path.join(home, 'wrong.toml'), `[servers.a]\nurl = "postgresql://u:${secret(57)}@h/x"\nlabel = "${secret(57)}"\npassword = "x${secret(57)}\n`);
	const waiting = [...runs];
	const results = new Map<string, {readonly text: string; readonly code: number | null}>();
	for (const [words, env] of waiting) {
		const shown = words.join(' ').replaceAll(home, '~').slice(0, 90);
		const result = await said(words, env);
		results.set(shown, result);
		assertNone(result.text, shown);
		assert.doesNotMatch(result.text, /internal error/, shown);
	}
	rmSync(path.join(home, 'wrong.toml'));
	for (const [file, text] of filesOf(home)) assertNone(text, file);
	const texts = [...results.values()].map(result => result.text).join('\n');
	for (const seen of ['could not connect to', 'alter role bob', 'primary_conninfo', 'restore_command', 'app.api_key', 'pg_sleep', 'terminate'])
		assert.ok(texts.includes(seen), `${seen} was told`);
	assert.ok(readdirSync(path.join(home, 'pgperf', 'evidence')).length > 0, 'evidence was written');
});

test('no key of the console shows or copies a secret', async () => {
	const console = await openTranscript(['top', uri(), '--interval', '0.5', '--redis', `redis://u:${encoded(60)}@127.0.0.1:1`], {
		columns: 230,
		rows: 60,
		cwd: home,
		env: environment(),
	});
	try {
		if (process.platform === 'linux') assertNone(readFileSync(`/proc/${console.pid}/cmdline`, 'latin1'), 'the table of processes');
		const client = await server.connect();
		for (const channel of ['performance_alert', 'cache_invalidation'])
			await client.query('select pg_notify($1, $2)', [channel, `{"table": "held", "password": "${secret(61)}"}`]);
		for (const pane of [...'1234567890', 'gwal\r', 'gset\r', 'gdat\r', 'gjob\r', 'gwai\r', 'glog\r']) {
			for (const keys of [pane, 'iy', 'j\ry', '\x1b', 'je', '\x1b', 'mj\ry', '\x1b']) await console.press(keys);
		}
		for (const keys of ['f', '\x1b', 'l', '\x1b', 'w', '\x1b', 'W', '3', 'K', '\x1b', '2', 'K', '\x1b', 'l', '\x1b']) await console.press(keys);
	} finally {
		await console.end();
	}
	const {sent} = console;
	assertNone(sent, 'screen');
	for (const [file, text] of filesOf(home)) assertNone(text, file);
	assert.match(sent, /pg_sleep/);
	assert.match(sent, /\x1b\]52;c;/);
});
