import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {after, before, test} from 'node:test';
import {Ajv2020} from 'ajv/dist/2020.js';
import type pg from 'pg';
import type {Report, ServerReport, TableReport} from '../source/report.ts';
import {type Pileup, pileUp} from './support/pileup.ts';
import {program} from './support/program.ts';
import {pgperf, type Run, scratch} from './support/run.ts';
import {freePort, startServer, type TestServer, until} from './support/servers.ts';

let server: TestServer;
let shop: string;
before(async () => {
	server = await startServer();
	await server.createRoles();
	shop = await server.createDatabase(
		'shop',
		'create table orders (id int primary key, note text); insert into orders select g, repeat($$x$$, 200) from generate_series(1, 30000) g; create table small (id int)',
	);
	await server.run('create extension pg_stat_statements', 'shop');
});
after(() => server.stop());

async function reported(...words: readonly string[]): Promise<{readonly run: Run; readonly report: Report; readonly server: ServerReport}> {
	const run = await pgperf(['report', ...words, '--format', 'json']);
	assert.equal(run.err, '');
	const report = JSON.parse(run.out) as Report;
	return {run, report, server: report.servers[0]!};
}

function tablesOf(report: ServerReport): ReadonlyMap<string, TableReport> {
	return new Map(report.sections.flatMap(section => section.tables.map(table => [table.id, table])));
}

test('a calm server: every section is answered, and the report fits its schema', async () => {
	const {run, report, server: told} = await reported(shop, '--interval', '0.5', '--fail-on', 'critical');
	assert.equal(run.code, 0);
	const schema = JSON.parse(readFileSync(new URL('../source/report.schema.json', import.meta.url), 'utf8')) as object;
	const fits = new Ajv2020({formats: {'date-time': true}, allowUnionTypes: true}).compile(schema);
	fits(report);
	assert.deepEqual(fits.errors ?? [], []);
	assert.equal(told.where?.database, 'shop');
	assert.equal(told.where?.databases, 2);
	assert.deepEqual(
		told.sections.flatMap(section => section.tables.filter(table => table.status === 'failed').map(table => `${table.id}: ${table.reason}`)),
		[],
	);
	assert.ok(told.coverage.evaluated.includes('blocked'));
	assert.ok(told.sections.some(section => section.tables.some(table => table.database === 'shop')));
	const vitals = tablesOf(told).get('vitals')!.rows[0]!;
	assert.equal(typeof vitals.values.commits_per_s, 'number', 'two samples give a rate');
});

test('--once has no rates, and says so', async () => {
	const {report, server: told} = await reported(shop, '--once', '--only', 'vitals');
	assert.equal(report.interval_s, null);
	assert.equal(tablesOf(told).get('vitals')!.rows[0]!.values.commits_per_s, null);
});

test('a statement before the last sample is counted over the whole interval', async () => {
	const client = await server.connect({database: 'shop'});
	let running = true;
	let count = 0;
	const busy = (async () => {
		while (running) {
			await client.query('select 1');
			count += 1;
		}
	})();
	const {server: told} = await reported(shop, '--interval', '2', '--only', 'vitals').finally(async () => {
		running = false;
		await busy;
		await client.end();
	});
	const values = tablesOf(told).get('vitals')!.rows[0]!.values;
	assert.ok(Number(values.commits_d) > 0 && Number(values.commits_d) <= count + 20);
	const seconds = Number(values.commits_d) / Number(values.commits_per_s);
	assert.ok(seconds >= 1.9, `${seconds} s`);
	assert.ok(told.series.find(one => one.id === 'active')!.points.length >= 2, 'the series has a point a second');
});

test('a half-visible server: what is hidden is said with its grant, is no good news, and is 3 with --fail-on', async () => {
	const uri = server.uri({user: 'plain_role', database: 'shop'});
	const other = await server.connect();
	const text = await pgperf(['report', uri, '--interval', '0.5', '--fail-on', 'critical', '--only', 'vitals,sessions,locks']);
	assert.equal(text.code, 3);
	assert.match(text.out, /Not seen[\s\S]*idle-in-transaction[\s\S]*grant pg_read_all_stats/);
	const {server: told} = await reported(uri, '--interval', '0.5', '--only', 'vitals,sessions,locks');
	assert.ok(told.coverage.unseen.some(one => one.check === 'idle-in-transaction' && one.possible));
	assert.equal((await pgperf(['report', uri, '--once', '--only', 'vitals,sessions,locks'])).code, 0, 'without --fail-on it is just a report');
	assert.equal((await pgperf(['check', 'idle-in-transaction', '-d', uri])).code, 3);
	await other.end();
});

test('a single look tells whose slot is inactive, though slots are answered after the senders', async () => {
	await server.run("select pg_create_physical_replication_slot('abandoned', true)");
	try {
		const check = await pgperf(['check', 'standby-missing', '-d', server.conninfo]);
		assert.deepEqual([check.code, /standby abandoned is away/.test(check.out)], [2, true], check.out);
		const {server: told} = await reported(server.conninfo, '--once', '--only', 'replication,databases');
		assert.ok(told.findings.some(finding => finding.check === 'standby-missing'));
		const rows = told.sections.flatMap(section => section.tables).find(table => table.id === 'databases')!.rows;
		assert.ok(Number(rows.find(row => row.values.datname === 'shop')?.values.size_bytes) > 1e6, 'a size that was answered after the databases');
	} finally {
		await server.run("select pg_drop_replication_slot('abandoned')");
	}
});

test('a server in trouble has five seconds for each answer: a report is no screen that waits for the next tick', async () => {
	const start = readFileSync(server.log, 'utf8').length;
	await server.run("alter system set log_statement = 'all'");
	await server.run('select pg_reload_conf()');
	try {
		const limits = () =>
			[
				...readFileSync(server.log, 'utf8')
					.slice(start)
					.matchAll(/set_config\('statement_timeout', '(\d+)'/g),
			].map(match => match[1]);
		await until(
			() => pgperf(['report', server.conninfo, '--once', '--only', 'locks']),
			() => limits().length > 0,
		);
		assert.deepEqual([...new Set(limits())], ['5000']);
	} finally {
		await server.run('alter system reset log_statement');
		await server.run('select pg_reload_conf()');
	}
});

test('nobody there, a wrong database, a refused role: 69, and nothing on stdout', async () => {
	const port = await freePort();
	for (const target of [`postgresql://postgres@127.0.0.1:${port}/shop`, server.uri({database: 'nowhere'}), server.uri({user: 'nobody_knows'})]) {
		const run = await pgperf(['report', target, '--once', '--fail-on', 'critical']);
		assert.deepEqual([run.code, run.out], [69, '']);
		assert.match(run.err, /^pgperf: .+\n$/);
		const check = await pgperf(['check', '-d', target]);
		assert.equal(check.code, 3);
		assert.match(check.out, /^PGPERF UNKNOWN - .+\n$/);
	}
});

test('a wrong command line: 64, with the nearest known word', async () => {
	const cases: readonly (readonly [readonly string[], RegExp])[] = [
		[['report', '--format', 'yaml'], /text, json, markdown, html/],
		[['report', '--fail-on', 'notice'], /warning or critical/],
		[['report', '--only', 'lokcs'], /"locks"/],
		[['report', '--redact', '--with-literals'], /contradict/],
		[['report', '--interval', '30', '--timeout', '20'], /--once/],
		[['report', '--from', scratch('none.json')], /can't be read/],
		[['report', '--fromat', 'json'], /--format|--from/],
		[['check', 'blokced'], /"blocked"/],
		[['sql', 'lcoks'], /"locks"/],
		[['diff', 'a.json'], /two reports/],
		[['audit', '--since', 'yesterday'], /2026-11-20/],
	];
	for (const [words, said] of cases) {
		const run = await pgperf(words);
		assert.deepEqual([run.code, run.out], [64, ''], words.join(' '));
		assert.match(run.err, said);
	}
});

test('values in queries stay out of every format; --with-literals keeps them, --redact takes the whole text', async () => {
	const client = await server.connect({database: 'shop'});
	await client.query("begin; select 'confidential', 4711 from small where id = 12345");
	try {
		for (const format of ['text', 'json', 'markdown', 'html']) {
			const {out, code} = await pgperf(['report', shop, '--once', '--only', 'sessions', '--format', format], {COLUMNS: '250'});
			assert.equal(code, 0);
			assert.doesNotMatch(out, /confidential|12345/, format);
			assert.match(out, /from small where id =/, format);
		}
		assert.match((await pgperf(['report', shop, '--once', '--only', 'sessions', '--format', 'json', '--with-literals'])).out, /confidential/);
		assert.doesNotMatch((await pgperf(['report', shop, '--once', '--only', 'sessions', '--format', 'json', '--redact'])).out, /from small/);
	} finally {
		await client.end();
	}
});

test('a password of the connection is nowhere', async () => {
	const uri = shop.replace('postgres@', 'postgres:hunter2@');
	for (const words of [
		['report', uri, '--once', '--format', 'json'],
		['doctor', uri],
		['check', '-d', uri],
		['report', uri.replace('/shop', '/nowhere'), '--once'],
	]) {
		const {out, err} = await pgperf(words);
		assert.doesNotMatch(out + err, /hunter2/);
	}
});

test('an ALTER TABLE that holds the biggest table: the report ends in time and says what it passed over', async () => {
	const client = await server.connect({database: 'shop'});
	await client.query('begin; alter table orders add column more int');
	try {
		const {run, server: told} = await reported(shop, '--interval', '0.5', '--timeout', '20');
		assert.ok(run.ms < 20_000);
		assert.deepEqual(
			told.sections.flatMap(section => section.tables.filter(table => table.status === 'failed').map(table => `${table.id}: ${table.reason}`)),
			[],
		);
		assert.ok(told.sections.length > 3);
		const passed = [...tablesOf(told).values()].filter(table => table.reason?.includes('ACCESS EXCLUSIVE'));
		assert.ok(passed.length > 0);
		for (const table of passed) {
			assert.equal(table.status, 'partial');
			assert.match(table.reason!, /orders/);
		}
		const {out} = await pgperf(['report', shop, '--once']);
		assert.match(out, /Not seen[\s\S]*not measured, because somebody holds[\s\S]*orders/);
	} finally {
		await client.end();
	}
});

test('a pile-up: the root is found, the check is critical, limits of the command line decide', async () => {
	const pile: Pileup = await pileUp(server);
	try {
		await until(
			() => pgperf(['check', 'blocked', '-d', server.conninfo, '--limit', 'blocked=0.1/1']),
			run => run.code === 2,
		);
		const {run, server: told} = await reported(
			server.conninfo,
			'--interval',
			'0.5',
			'--fail-on',
			'critical',
			'--limit',
			'blocked=0.1/1',
			'--only',
			'locks,sessions',
		);
		assert.equal(run.code, 2);
		const finding = told.findings.find(one => one.check === 'blocked')!;
		assert.ok(finding.title.includes(String(pile.root)));
		assert.deepEqual([finding.level, finding.threshold, finding.unit, finding.origin], ['critical', 1, 's', 'flag']);
		const forest = tablesOf(told).get('locks')!;
		assert.deepEqual([forest.rows[0]!.key, forest.rows[0]!.prefix], [String(pile.root), '']);
		assert.equal((await pgperf(['report', server.conninfo, '--once', '--fail-on', 'warning', '--limit', 'blocked=0.1/9999', '--only', 'locks'])).code, 1);
		assert.equal((await pgperf(['report', server.conninfo, '--once', '--fail-on', 'critical', '--limit', 'blocked=0.1/9999', '--only', 'locks'])).code, 0);
		const one = await pgperf(['check', 'blocked', '-d', server.conninfo, '--limit', 'blocked=0.1/9999']);
		assert.equal(one.code, 1);
		assert.match(one.out, /^PGPERF WARNING - .+ \| 'blocked'=[\d.]+s;0\.1;9999;0\n$/);
	} finally {
		await pile.end();
	}
});

test('check: one line, 0 when nothing is found, the value beside its limits', async () => {
	const run = await pgperf(['check', 'connections', 'blocked', '-d', shop]);
	assert.equal(run.code, 0);
	assert.match(run.out, /^PGPERF OK - [^|\n]+ \| '\S+'=\S+ '\S+'=\S+\n$/);
	assert.match(run.out, /'connections'=[\d.]+%;80;90;0/);
	assert.match(run.out, /'blocked'=0s;5;30;0/);
	const list = await pgperf(['check', '--list', '--limit', 'connections=70/80']);
	assert.match(list.out, /^connections +now +70\/80 % \(flag\)/m);
});

test('doctor tells a poor role its grants as SQL to paste, and each of them works', async () => {
	await server.run('create role poor_role login');
	const uri = server.uri({user: 'poor_role', database: 'shop'});
	const other = await server.connect();
	const first = await pgperf(['doctor', uri]);
	assert.equal(first.code, 0);
	for (const table of ['Vitals', 'Load', 'Sessions', 'Connections', 'running now', 'Wait events'])
		assert.match(first.out, new RegExp(`${table} +in part`), `${table}: others are hidden`);
	assert.match(first.out, /workers can’t be told from other processes: grant pg_read_all_stats$/m, 'a reason for which the table has no room is told whole');
	const grants = [...first.out.matchAll(/^ +(grant pg_\w+ to "poor_role";)$/gm)].map(match => match[1]!);
	assert.ok(grants.length >= 2, first.out);
	for (const grant of grants) await server.run(grant);
	const second = await pgperf(['doctor', uri]);
	assert.doesNotMatch(second.out, /grant pg_(monitor|signal_backend|read_all_stats)/);
	for (const table of ['Vitals', 'Load', 'Sessions', 'Connections', 'running now', 'Wait events']) assert.match(second.out, new RegExp(`${table} +yes`), table);
	assert.match(second.out, /each refresh [\d.]+ms/);
	await other.end();
});

test('doctor: the preload line keeps what stands there', async () => {
	const bare = await startServer({conf: {shared_preload_libraries: 'auto_explain', track_io_timing: 'off'}}).catch(() => undefined);
	assert.ok(bare);
	try {
		await bare.run('drop extension pg_stat_statements');
		const {out} = await pgperf(['doctor', bare.conninfo]);
		const line = /(alter system set shared_preload_libraries = .*?;) -- restart, then: (create extension \w+;)/.exec(out.replace(/\n +/g, ' '))!;
		assert.match(out, /alter system set track_io_timing = on; select pg_reload_conf\(\);/);
		await bare.run(line[1]!);
		await bare.stop();
		await bare.start();
		await bare.run(line[2]!);
		const client: pg.Client = await bare.connect();
		assert.equal((await client.query('show shared_preload_libraries')).rows[0].shared_preload_libraries, 'auto_explain, pg_stat_statements');
		await client.query('select * from pg_stat_statements limit 1');
		await client.end();
	} finally {
		await bare.stop();
	}
});

test('saved reports: rendered again in every format, and compared', async () => {
	const [a, b] = [scratch('a.json'), scratch('b.json')];
	const client = await server.connect({database: 'shop'});
	for (let i = 0; i < 5; i++) await client.query('select count(*) from small');
	assert.equal((await pgperf(['report', shop, '--once', '--output', a])).code, 0);
	await server.run('create index on orders (note); analyze orders', 'shop');
	await server.run("alter system set work_mem = '7MB'");
	await server.run('select pg_reload_conf()');
	await server.run('select pg_stat_reset()', 'shop');
	for (let i = 0; i < 50; i++) await client.query('select count(*) from small');
	await client.end();
	assert.equal((await pgperf(['report', shop, '--once', '--output', b])).code, 0);
	const saved = await pgperf(['report', '--from', a]);
	assert.match(saved.out, /^pgperf report {2}shop @ /);
	for (const format of ['markdown', 'html', 'json']) assert.equal((await pgperf(['report', '--from', a, '--format', format])).code, 0);
	assert.deepEqual(JSON.parse((await pgperf(['report', '--from', a, '--format', 'json'])).out), JSON.parse(readFileSync(a, 'utf8')));
	const {out, code} = await pgperf(['diff', a, b], {COLUMNS: '200'});
	assert.equal(code, 0);
	assert.match(out, /select count\(\*\) from small[\s\S]*calls \+50/);
	assert.match(out, /orders_note_idx/);
	assert.match(out, /Settings[\s\S]*work_mem/);
	assert.match(out, /Not the same any more[\s\S]*Vitals: the statistics were reset at 20/);
	await server.run('alter system reset work_mem');
	await server.run('select pg_reload_conf()');
	writeFileSync(scratch('c.json'), '{}');
	assert.equal((await pgperf(['diff', a, scratch('c.json')])).code, 64);
});

test('every database of a server, one after the other, with a summary first', async () => {
	const {out, code} = await pgperf(['report', server.conninfo, '--once', '--all-databases', '--only', 'vitals,indexes']);
	assert.equal(code, 0);
	assert.match(out, /^pgperf report {2}2 databases or servers\n server[\s\S]*postgres @ [\s\S]*shop @ /);
	assert.match(out, /Indexes {2}database shop, one of 2/);
});

test('every server of the configuration: side by side first, and one that is gone keeps nobody waiting', async () => {
	const config = scratch('config.toml');
	const gone = await freePort();
	writeFileSync(config, `[servers.main]\nurl = "${shop}"\nlabel = "PROD"\n[servers.gone]\nurl = "postgresql://postgres@127.0.0.1:${gone}/x"\n`, {mode: 0o600});
	const {server: first, report, run} = await reported('--all', '--config', config, '--once', '--only', 'vitals', '--fail-on', 'critical');
	assert.equal(run.code, 3, 'what could not be reached could not be looked at');
	assert.deepEqual(
		report.servers.map(one => [one.label, one.status]),
		[
			['PROD', 'ok'],
			[null, 'unreachable'],
		],
	);
	assert.match(first.title, /^main {2}shop @ /);
	const {out} = await pgperf(['report', '--all', '--config', config, '--once', '--only', 'vitals']);
	assert.match(out, /^pgperf report {2}2 databases or servers\n server[^\n]*\n main [^\n]*\n gone [^\n]*refuses/);
	assert.equal((await pgperf(['report', 'main', '--all', '--config', config])).code, 64);
});

test('a Redis and a PgBouncer that are gone cost their own sections, and tell no password', async () => {
	const port = await freePort();
	const strangers = ['--redis', `redis://:hunter2@127.0.0.1:${port}`, '--pgbouncer', `postgresql://postgres:hunter2@127.0.0.1:${port}/pgbouncer`];
	const {run, server: told} = await reported(shop, '--once', '--timeout', '20', ...strangers);
	assert.equal(run.code, 0);
	assert.doesNotMatch(run.out, /hunter2/);
	const statuses = new Map(told.sections.map(section => [section.id, section.status]));
	assert.deepEqual([statuses.get('redis'), statuses.get('pools'), statuses.get('vitals')], ['failed', 'failed', 'ok']);
	assert.match((await pgperf(['report', shop, '--once', '--timeout', '20', ...strangers])).out, /Not seen[\s\S]*Redis/);
	const {server: without} = await reported(shop, '--once');
	assert.equal(
		without.sections.some(section => section.id === 'redis' || section.id === 'pools'),
		false,
		'nobody named one',
	);
	assert.equal((await pgperf(['check', '-d', shop])).code, 0);
});

test('a server that hangs: the whole time is the limit', async () => {
	const hung = await startServer();
	hung.kill('SIGSTOP');
	try {
		const run = await pgperf(['report', hung.conninfo, '--interval', '0.5', '--timeout', '2']);
		assert.deepEqual([run.code, run.out], [69, '']);
		assert.match(run.err, /^pgperf: .+\n$/);
		assert.ok(run.ms < 15_000);
	} finally {
		hung.kill('SIGCONT');
		await hung.stop();
	}
});

test('sql prints what is sent: the same words are in the log of the server', async () => {
	const {out} = await pgperf(['sql', 'locks', '-d', shop]);
	assert.match(out, /^-- queries\/locks\.14\.sql/);
	await server.run("alter database shop set log_statement = 'all'");
	await pgperf(['report', shop, '--once', '--only', 'vitals']);
	await server.run('alter database shop reset log_statement');
	const words = (text: string) =>
		text
			.replace(/--[^\n]*/g, ' ')
			.replace(/\/\*.*?\*\//g, ' ')
			.replace(/\s+/g, ' ')
			.replace(/;?\s*$/, '')
			.trim();
	const logged = readFileSync(server.log, 'utf8')
		.split('\n')
		.filter(line => line.includes('/* pgperf:locks */'))
		.map(line => words(line.replace(/^.*?(?=(?:with|select)\b)/, '')));
	assert.ok(logged.length > 0);
	assert.deepEqual([...new Set(logged)], [words(out)]);
	assert.match((await pgperf(['sql', 'actions/cancel', '-d', shop])).out, /pg_cancel_backend/);
	assert.match((await pgperf(['sql'])).out, /^locks +who waits for whom/m);
});

test('the audit log is printed as it was written, filtered, and moves no cursor', async () => {
	const file = scratch('audit.jsonl');
	const line = {
		when: '2026-11-20T14:00:00.000Z',
		who: 'ana',
		server: 'shop @ db1:5432',
		role: 'app',
		action: 'cancel',
		target: '4711',
		statements: ['select 1 /* \u001b[2J */'],
		outcome: 'asked',
	};
	const later = {...line, when: '2026-11-20T15:00:00.000Z', action: 'terminate', target: '4712', server: 'crm @ db2:5432'};
	writeFileSync(file, `${JSON.stringify(line)}\n${JSON.stringify({...line, outcome: 'done', detail: 'gone', ms: 3})}\nbroken\n${JSON.stringify(later)}\n`);
	const all = await pgperf(['audit', '--audit', file]);
	assert.equal(all.code, 0);
	assert.match(all.err, /1 line .* can't be read/);
	assert.equal(all.out.split('\n').filter(one => one.startsWith('2026')).length, 3);
	assert.doesNotMatch(all.out, /\u001b/);
	const ofAction = await pgperf(['audit', '--audit', file, '--action', 'terminate', '--format', 'json']);
	assert.deepEqual(JSON.parse(ofAction.out), later);
	assert.match((await pgperf(['audit', '--audit', file, '--server', 'crm', '--since', '2026-11-21'])).out, /^Nothing in /);
	assert.equal((await pgperf(['audit', '--audit', scratch('none.jsonl')])).code, 64);
});

test('a reader that has seen enough is no error', () => {
	const script = `"$@" report --from test/fixtures/report.json --format json | head -c 10; echo " \${PIPESTATUS[0]}"`;
	const run = spawnSync('bash', ['-c', script, 'bash', process.execPath, ...program], {encoding: 'utf8'});
	assert.match(run.stdout, / 0\n$/);
	assert.equal(run.stderr, '');
});
