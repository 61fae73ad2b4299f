import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import type pg from 'pg';
import {openAudit} from '../source/io/audit.ts';
import {type Run, ran} from './support/run.ts';
import {newDirectory} from './support/scratch.ts';
import {startServer, type TestServer, until} from './support/servers.ts';
import {program} from './support/top.ts';

let server: TestServer;
let home: string;

before(async () => {
	server = await startServer();
	home = newDirectory();
});
after(async () => {
	await server.stop();
});

/** The built program as a shell starts it: `$pgperf` is the program, `$db` the server. */
function shell(line: string, env: Readonly<Record<string, string | undefined>> = {}): Promise<Run> {
	const all = {PATH: process.env.PATH, HOME: home, pgperf: `${process.execPath} ${program}`, db: server.conninfo, LANG: 'C.UTF-8', ...env};
	return ran('sh', ['-c', line], Object.fromEntries(Object.entries(all).filter(entry => entry[1] !== undefined)));
}

function assertSentence({err}: Run, line: string): void {
	assert.doesNotMatch(err, /\n\s+at |internal error|node:|\.js:\d/, `${line}\n${err.slice(0, 2000)}`);
}

const full = existsSync('/dev/full') ? false : 'there is no /dev/full';

test('output that can not be written is said, and the exit code tells it: nothing looks as if it were whole', {skip: full}, async () => {
	await shell(`$pgperf report $db --once --only sessions --output ${home}/a.json`);
	const cases: readonly (readonly [string, number])[] = [
		['$pgperf --help', 74],
		['$pgperf --version', 74],
		['$pgperf report $db --once --only sessions', 74],
		['$pgperf doctor $db', 74],
		['$pgperf sql', 74],
		['$pgperf sql vitals -d $db', 74],
		[`$pgperf diff ${home}/a.json ${home}/a.json`, 74],
		// Whoever monitors knows 0 to 3.
		['$pgperf check -d $db connections', 3],
		['$pgperf act analyze pg_class -d $db --yes', 74],
	];
	for (const [line, code] of cases) {
		const ran = await shell(`${line} > /dev/full`);
		assert.equal(ran.code, code, line);
		assert.match(ran.err, /pgperf: the output can't be written \(ENOSPC\)/, line);
		assertSentence(ran, line);
	}
	// Of a reader that has seen enough nothing is said, and what was begun goes on.
	for (const line of ['$pgperf --help', '$pgperf sql', '$pgperf act analyze pg_class -d $db --yes']) {
		const ran = await shell(`{ ${line}; echo $? >&2; } | true`);
		assert.match(ran.err, /^0$/m, `${line}\n${ran.err.slice(0, 2000)}`);
		assertSentence(ran, line);
	}
	const deaf = await shell('$pgperf act analyze pg_class -d $db --yes 2> /dev/full');
	assert.equal(deaf.code, 0);
});

test('a file is replaced whole or not at all, keeps its mode, and stays a link', async () => {
	const file = path.join(home, 'report.json');
	assert.equal((await shell(`$pgperf report $db --once --only sessions --output ${file}`)).code, 0);
	chmodSync(file, 0o640);
	const before = readFileSync(file, 'utf8');
	// A limit on the size of files is a disk that is full in the middle.
	const cut = await shell(`ulimit -f 1; $pgperf report $db --once --output ${file}`);
	assert.equal(cut.code, 74, cut.err);
	assert.match(cut.err, /report\.json can't be written \(EFBIG\)/);
	assert.equal(readFileSync(file, 'utf8'), before);
	assert.equal((await shell(`$pgperf report $db --once --only locks --output ${file}`)).code, 0);
	assert.notEqual(readFileSync(file, 'utf8'), before);
	assert.equal(statSync(file).mode & 0o777, 0o640);
	const link = path.join(home, 'link.json');
	symlinkSync(file, link);
	assert.equal((await shell(`$pgperf report $db --once --only cache --output ${link}`)).code, 0);
	assert.ok(lstatSync(link).isSymbolicLink());
	assert.match(readFileSync(file, 'utf8'), /"cache"/);
	assert.deepEqual(
		readdirSync(home).filter(name => name.includes('.tmp')),
		[],
	);
});

test('a line of the audit that was cut takes no other with it', () => {
	const file = path.join(home, 'torn.jsonl');
	writeFileSync(file, '{"when":"2026-11-20T14:0');
	const audit = openAudit(file);
	assert.ok('write' in audit);
	const line = {when: '', who: '', server: '', role: '', action: 'cancel', target: '1', statements: [], outcome: 'asked'} as const;
	for (const _ of [1, 2]) assert.equal(audit.write(line), undefined);
	const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
	assert.equal(lines.length, 3);
	assert.deepEqual(
		lines.slice(1).map(one => JSON.parse(one).action),
		['cancel', 'cancel'],
	);
});

test('no home, and an account that nobody knows: files are never left in the folder where it happens to be', async t => {
	const empty = mkdtempSync(path.join(home, 'here-'));
	const ran = await shell(`cd ${empty}; $pgperf audit`, {HOME: ''});
	assertSentence(ran, 'audit');
	assert.deepEqual(readdirSync(empty), []);
	await t.test('unknown account', {skip: process.getuid?.() === 0 ? false : 'only root can become somebody else'}, async () => {
		const strange = spawn(process.execPath, [program, 'act', 'analyze', 'pg_class', '-d', server.conninfo, '--yes'], {
			uid: 54_321,
			gid: 54_321,
			cwd: '/',
			env: {PATH: process.env.PATH},
			stdio: ['ignore', 'ignore', 'pipe'],
		});
		let err = '';
		for await (const part of strange.stderr) err += part;
		assert.match(err, /the audit log .* can't be written/);
	});
});

test('a server that lets nobody in: the sentence is the server’s, and nobody is said to be gone who was not seen', async () => {
	const going = await startServer();
	const holder: pg.Client = await going.connect();
	try {
		going.kill('SIGTERM');
		await until(
			() =>
				going.connect().then(
					client => client.end().then(() => ''),
					(error: Error) => error.message,
				),
			said => /shutting down/.test(said),
		);
		const cases: readonly (readonly [string, number])[] = [
			['$pgperf sql vitals -d $db', 69],
			['$pgperf report $db --once --timeout 2', 69],
			['$pgperf doctor $db --timeout 2', 69],
			['$pgperf check -d $db --timeout 2', 3],
			['$pgperf act cancel 12345 -d $db --yes', 69],
			['$pgperf act analyze pg_class -d $db --yes', 69],
		];
		await Promise.all(
			cases.map(async ([line, code]) => {
				const ran = await shell(line, {db: going.conninfo});
				assert.match(ran.out + ran.err, /the database system is shutting down/, line);
				assert.equal(ran.code, code, line);
				assertSentence(ran, line);
			}),
		);
	} finally {
		await holder.end();
		await going.stop();
	}
});

test('a server that stops answering: every command ends with a sentence', async () => {
	const hanging = await startServer();
	hanging.kill('SIGSTOP');
	try {
		const db = `${hanging.conninfo}?connect_timeout=2`;
		const cases: readonly (readonly [string, number])[] = [
			['$pgperf sql vitals -d $db', 69],
			['$pgperf report $db --once --timeout 1.5', 69],
			['$pgperf doctor $db --timeout 2', 69],
			['$pgperf check -d $db --timeout 1.5', 3],
			['$pgperf act cancel 12345 -d $db --yes', 69],
		];
		await Promise.all(
			cases.map(async ([line, code]) => {
				const ran = await shell(line, {db});
				assert.match(ran.out + ran.err, /did not answer in time|No answer within (1\.5|2) s/, line);
				assert.equal(ran.code, code, line);
				assertSentence(ran, line);
			}),
		);
	} finally {
		hanging.kill('SIGCONT');
		await hanging.stop();
	}
});
