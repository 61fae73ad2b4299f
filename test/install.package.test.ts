import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readdirSync, readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {newDirectory} from './support/scratch.ts';
import {startServer, type TestServer} from './support/servers.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
let folder: string;
let server: TestServer;
let program: string;

before(async () => {
	folder = newDirectory();
	await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {cwd: root});
	const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'))!;
	await run('npm', ['install', '--global', '--offline', '--prefix', path.join(folder, 'prefix'), path.join(folder, tarball)], {cwd: folder});
	program = path.join(folder, 'prefix', 'bin', 'pgperf');
	server = await startServer();
});
after(async () => {
	await server?.stop();
});

const pgperf = (...args: readonly string[]) => run(process.execPath, [program, ...args], {cwd: '/', env: {PATH: process.env.PATH, HOME: folder}});

test('the package carries what it needs and nothing else, and has nothing to install', () => {
	const installed = path.join(folder, 'prefix', 'lib', 'node_modules', 'pgperf');
	assert.deepEqual(readdirSync(installed).sort(), ['LICENSE', 'README.md', 'THIRD-PARTY-LICENSES', 'bin', 'dist', 'package.json']);
	const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
	assert.equal(manifest.dependencies, undefined);
	assert.ok(readdirSync(path.join(installed, 'dist', 'queries')).length > 20);
	const licences = readFileSync(path.join(installed, 'THIRD-PARTY-LICENSES'), 'utf8');
	for (const name of ['ink', 'react', 'pg', 'meow', 'yoga-layout']) assert.match(licences, new RegExp(`^${name} \\d`, 'm'));
	assert.ok(statSync(path.join(installed, 'dist', 'cli.js')).size < 2_000_000);
});

test('it runs from anywhere: version, help, sql and a report on a real server', async () => {
	assert.match((await pgperf('--version')).stdout, /^pgperf \d+\.\d+\.\d+\n$/);
	assert.match((await pgperf('--help')).stdout, /pgperf COMMAND \[OPTIONS\]/);
	assert.match((await pgperf('sql', '-d', server.conninfo, 'locks')).stdout, /pg_blocking_pids/);
	const report = JSON.parse((await pgperf('report', server.conninfo, '--once', '--format', 'json')).stdout);
	assert.ok(report.schema);
});

test('wrong words are sentences that name the nearest, and exit 64', async () => {
	for (const [args, says] of [
		[['tpo'], /Did you mean "top"/],
		[['report', '--formt', 'json'], /Did you mean "--format"/],
	] as const) {
		const error = await pgperf(...args).then(
			() => assert.fail('it should have failed'),
			(thrown: {readonly code: number; readonly stderr: string}) => thrown,
		);
		assert.equal(error.code, 64);
		assert.match(error.stderr, says);
	}
});
