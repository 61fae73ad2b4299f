import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {program} from './support/program.ts';
import {pgperf, scratch} from './support/run.ts';
import {openScreen} from './support/screen.ts';
import {startServer, type TestServer} from './support/servers.ts';

let server: TestServer;
const file = () => scratch('config', 'pgperf', 'config.toml');
const env = () => ({HOME: scratch(), XDG_CONFIG_HOME: scratch('config'), XDG_STATE_HOME: scratch('state')});

function configure(text: string, mode = 0o600): void {
	mkdirSync(path.dirname(file()), {recursive: true});
	writeFileSync(file(), text);
	chmodSync(file(), mode);
}

before(async () => {
	server = await startServer();
	await server.createDatabase('billing', 'create table bills (id int primary key)');
	await server.createDatabase('shop');
});
after(async () => {
	await server.stop();
});

test('pgperf top NAME: label, rules and pace come from the configuration; w goes on to the others', async () => {
	configure(`
refresh = 0.5
[servers.prod]
url = "${server.uri({database: 'billing'})}"
label = "PROD"
read_only = true
refresh = 2
[servers.test]
url = "${server.uri({database: 'shop'})}"
label = "TEST"
`);
	const screen = await openScreen({
		command: process.execPath,
		args: [...program, 'top', 'prod', '--pane', 'sessions'],
		columns: 140,
		rows: 36,
		cwd: fileURLToPath(new URL('..', import.meta.url)),
		env: env(),
	});
	try {
		await screen.waitFor(/PROD {2}billing @ 127\.0\.0\.1:\d+ {2}READ ONLY[\s\S]*● live 2\.0s/);
		assert.match(screen.title, /^pgperf PROD billing @ 127\.0\.0\.1:\d+$/);
		await screen.press('w');
		const menu = await screen.waitFor(/database shop/);
		assert.match(menu, /PROD {2}billing @ 127\.0\.0\.1:\d+ +watched now/);
		assert.match(menu, /TEST {2}test +shop @ 127\.0\.0\.1:\d+/);
		await screen.press('t', 'e', 's', 't', 'enter');
		const text = await screen.waitFor(/TEST {2}shop @ 127\.0\.0\.1:\d+/);
		assert.doesNotMatch(text.split('\n')[0]!, /READ ONLY|PROD/);
		assert.match(screen.title, /^pgperf TEST shop @/);
		await screen.waitFor(/● live 2\.0s/);
		await screen.press('q');
		assert.equal((await screen.exit).code, 0);
	} finally {
		await screen.close();
	}
});

test('a wrong key ends every command with file, line and the known keys', async () => {
	configure('[servers.prod]\nurl = "host=127.0.0.1"\nlable = "PROD"\n');
	for (const words of [
		['check', '--list'],
		['report', 'prod', '--once'],
		['doctor', 'prod'],
	]) {
		const run = await pgperf(words, env());
		assert.equal(run.code, 64, run.err);
		assert.match(run.err, /config\.toml:3: servers\.prod\.lable is no key of a server\. Did you mean "label"\? Known: label, url, /);
	}
});

test('others can read the passwords: said, and it goes on; limits know where they are from', async () => {
	configure(`[limits]\nconnections = "70/85"\n[servers.billing]\nurl = "postgresql://postgres:pw@127.0.0.1:${server.port}/shop"\n`, 0o644);
	const list = await pgperf(['check', '--list'], env());
	assert.equal(list.code, 0, list.err);
	assert.match(list.err, /^WARNING: the configuration \S+config\.toml holds passwords and others can read it: chmod 0600 \S+\n$/);
	assert.match(list.out, /^connections .*70\/85 % \(config\)/m);
	// A database has the same name: the configuration goes first, and -d means the database where a server can be named.
	const named = await pgperf(['check', 'connections', '-d', 'billing', '--limit', 'connections=71/86'], env());
	assert.equal(named.code, 0, named.err + named.out);
	const report = await pgperf(['report', 'billing', '--once', '--only', 'databases', '--format', 'json'], env());
	assert.match(report.out, /"database": ?"shop"/);
	const direct = await pgperf(
		['report', '--once', '--only', 'databases', '--format', 'json', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', '-d', 'billing'],
		env(),
	);
	assert.match(direct.out, /"database": ?"billing"/);
});

test('a name that is not there is taken for a database, and the names that are there are told', async () => {
	configure(`[servers.prod]\nurl = "host=127.0.0.1 port=${server.port} user=postgres"\n`);
	const screen = await openScreen({
		command: process.execPath,
		args: [...program, 'top', 'prd', '-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres'],
		cwd: fileURLToPath(new URL('..', import.meta.url)),
		env: env(),
	});
	try {
		assert.equal((await screen.exit).code, 69);
		assert.match(screen.text().replaceAll('\n', ''), /"prd" does not exist.*Servers of .*config\.toml: prod\./);
	} finally {
		await screen.close();
	}
});
