import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {pileUp} from './support/pileup.ts';
import {newDirectory} from './support/scratch.ts';
import {openScreen, type Screen} from './support/screen.ts';
import {startServer, type TestServer} from './support/servers.ts';
import {answersKeys} from './support/top.ts';

const program = fileURLToPath(new URL('../bin/pgperf.cjs', import.meta.url));
let server: TestServer;
let home: string;

before(async () => {
	server = await startServer();
	await server.createRoles();
	home = newDirectory();
});
after(async () => {
	await server.stop();
});

type Options = {
	readonly columns?: number;
	readonly rows?: number;
	readonly args?: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
	readonly uri?: string;
};

function top({columns = 120, rows = 32, args = [], env = {}, uri = server.conninfo}: Options = {}): Promise<Screen> {
	return openScreen({
		command: process.execPath,
		args: [program, 'top', uri, ...args],
		columns,
		rows,
		cwd: '/',
		env: {PATH: process.env.PATH ?? '', HOME: home, XDG_STATE_HOME: home, TERM: 'xterm-256color', LANG: 'C.UTF-8', CI: '1', ...env},
	});
}

function auditLines(): readonly {readonly action: string; readonly outcome: string; readonly target: string; readonly evidence?: string}[] {
	const file = path.join(home, 'pgperf', 'audit.jsonl');
	return existsSync(file)
		? readFileSync(file, 'utf8')
				.split('\n')
				.filter(Boolean)
				.map(line => JSON.parse(line))
		: [];
}

for (const [columns, rows] of [
	[80, 24],
	[120, 32],
	[200, 50],
] as const) {
	test(`a pile-up is seen as a tree, its root terminated, the tree gone, both lines in the audit: ${columns}x${rows}`, async () => {
		const pile = await pileUp(server);
		const screen = await top({columns, rows});
		try {
			await screen.waitFor(/4 sessions wait behind|wait 4/);
			await screen.press('4');
			const text = await screen.waitFor(/├─ +\d+ [\s\S]*└─ +\d+[\s\S]*└─ +\d+/);
			const line = (pid: number) =>
				text.split('\n').findIndex(one => new RegExp(`\\b${pid}\\b`).test(one) && !one.includes('sessions wait') && !one.includes('mildest'));
			assert.ok(line(pile.root) < line(pile.pids.first!), text);
			assert.match(text, new RegExp(`^ +${pile.root} `, 'm'));
			assert.match(text, new RegExp(`├─ +${pile.pids.first} `));
			assert.match(text, new RegExp(`│  └─ +${pile.pids.second} `));
			assert.match(text, new RegExp(`└─ +${pile.pids.migration} `));
			assert.match(text, new RegExp(`   └─ +${pile.pids.reader} `));
			const before = auditLines().length;
			await screen.press('K');
			const question = await screen.waitFor(/y {2}terminate/);
			assert.match(question, /pg_terminate_backend/);
			assert.match(question, /backend_start = '/);
			assert.match(question, /frees \d of 4/);
			// A key within 400 ms of the question is nobody's answer: pressed until it is taken.
			const knock = setInterval(() => screen.type('y'), 100);
			await screen.waitFor(/gone|Nobody waits/).finally(() => clearInterval(knock));
			await screen.waitFor(/Nobody waits for a lock/);
			const lines = auditLines().slice(before);
			assert.deepEqual(
				lines.map(one => [one.action, one.outcome, one.target]),
				[
					['terminate', 'asked', String(pile.root)],
					['terminate', 'done', String(pile.root)],
				],
			);
			assert.ok(existsSync(lines[0]!.evidence!), 'the evidence was written before the signal');
			await screen.press('q');
			assert.equal((await screen.exit).code, 0);
			assert.equal(screen.alternate, false);
			assert.equal(screen.cursorVisible, true);
		} finally {
			await screen.close();
			await pile.end();
		}
	});
}

test('every line is as wide as the screen, at any size, and below 40x12 it is one sentence', async () => {
	const screen = await top({columns: 80, rows: 24});
	try {
		await screen.waitFor(/● live/);
		for (const [columns, rows] of [
			[200, 50],
			[40, 12],
			[300, 100],
			[79, 15],
			[120, 32],
		] as const) {
			screen.resize(columns, rows);
			await screen.waitFor(text => text.split('\n').length <= rows && /pgperf/.test(text.split('\n')[0]!) && (/q quit|\? help|↑↓/.test(text) || columns < 60));
		}
		screen.resize(20, 6);
		await screen.waitFor(/pgperf needs 40x12/);
		screen.resize(80, 24);
		await screen.waitFor(/● live/);
		await screen.press('q');
		assert.equal((await screen.exit).code, 0);
	} finally {
		await screen.close();
	}
});

test('hostile text of a session reaches the terminal as harmless text', async () => {
	const evil = await server.connect();
	await evil.query("set application_name = 'evil\u202eapp'");
	void evil.query(`select pg_sleep(600) /* \x1b]0;owned\x07 \x1b[2J\x1b[31m \u202e\u2066 名前 👩‍👩‍👧 e\u0301 \r\n\t end */`).catch(() => undefined);
	const screen = await top({columns: 200, rows: 50});
	try {
		await screen.waitFor(/select pg_sleep\(600\)/);
		assert.match(screen.text(), /名前/);
		assert.doesNotMatch(screen.title, /owned/);
		assert.match(screen.text().split('\n')[0]!, /pgperf/);
		assert.doesNotMatch(screen.text(), /[\u202a-\u202e\u2066-\u2069]/);
		await screen.press('q');
		await screen.exit;
	} finally {
		await screen.close();
		await server.run(`select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()`);
	}
});

test('an audit file that can not be written: nothing is sent, and the screen says so', async () => {
	const holder = await server.connect();
	await holder.query('begin');
	await holder.query('select 1');
	const screen = await top({args: ['--audit', '/proc/no/such/audit.jsonl', '--pane', 'sessions']});
	try {
		await screen.waitFor(/audit broken/);
		await screen.waitFor(/idle in xact/);
		await screen.press('K');
		await screen.waitFor(/nothing is sent without an audit line/);
		assert.equal((await holder.query('select 1 as alive')).rows[0].alive, 1);
		await screen.press('q');
		await screen.exit;
	} finally {
		await screen.close();
		await holder.end();
	}
});

test('--read-only refuses', async () => {
	const holder = await server.connect();
	await holder.query('begin');
	await holder.query('select 1');
	const screen = await top({args: ['--read-only', '--pane', 'sessions']});
	try {
		await screen.waitFor(/READ ONLY[\s\S]*idle in xact/);
		await screen.press('K');
		await screen.waitFor(/read-only/);
		await screen.press('q');
		await screen.exit;
	} finally {
		await screen.close();
		await holder.end();
	}
});

test('a server that hangs: keys are answered, the age is told, and it comes back by itself', async () => {
	const hanging = await startServer();
	const screen = await top({uri: hanging.conninfo});
	try {
		await screen.waitFor(/● live/);
		const backends = await hanging.connect();
		const {rows} = await backends.query<{pid: number}>("select pid from pg_stat_activity where application_name = 'pgperf'");
		const pids = [hanging.pid, ...rows.map(row => row.pid)];
		for (const pid of pids) process.kill(pid, 'SIGSTOP');
		try {
			await answersKeys(screen);
			await screen.waitFor(/stale|lost/);
		} finally {
			for (const pid of pids) process.kill(pid, 'SIGCONT');
		}
		await screen.waitFor(/● live/);
		await backends.end();
		await screen.press('q');
		assert.equal((await screen.exit).code, 0);
	} finally {
		await screen.close();
		await hanging.stop();
	}
});

test('a server that is killed and started again: lost with a countdown, rows stay, then live', async () => {
	const dying = await startServer();
	const screen = await top({uri: dying.conninfo});
	try {
		await screen.waitFor(/● live/);
		await dying.stop();
		await screen.waitFor(/✖ lost/);
		await dying.start();
		await screen.waitFor(/● live/);
		await screen.press('q');
		assert.equal((await screen.exit).code, 0);
	} finally {
		await screen.close();
		await dying.stop();
	}
});

test('a plain role sees what it may, and is told what is missing', async () => {
	const screen = await top({uri: server.uri({user: 'plain_role'})});
	try {
		await screen.waitFor(/● live/);
		await screen.waitFor(/pg_monitor|pg_read_all_stats|can't be seen|privilege/);
		await screen.press('q');
		assert.equal((await screen.exit).code, 0);
	} finally {
		await screen.close();
	}
});

test('a password that was typed in a connection string is in no list of processes', {skip: process.platform !== 'linux' && 'there is no /proc'}, async () => {
	const screen = await top({uri: server.conninfo.replace('postgres@', 'postgres:hunter2@')});
	try {
		await screen.waitFor(/● live/);
		assert.doesNotMatch(readFileSync(`/proc/${screen.pid}/cmdline`, 'utf8'), /hunter2/);
		assert.doesNotMatch(screen.text(), /hunter2/);
		await screen.press('q');
		assert.equal((await screen.exit).code, 0);
	} finally {
		await screen.close();
	}
});

test('bad starts are sentences with the right exit code, never a trace', async () => {
	const cases: readonly {readonly name: string; readonly options: Options; readonly code: number; readonly says: RegExp}[] = [
		{name: 'nobody listens', options: {uri: 'postgresql://postgres@127.0.0.1:1/postgres'}, code: 69, says: /refuses connections/},
		{name: 'no such database', options: {uri: server.uri({database: 'nowhere'})}, code: 69, says: /nowhere/},
		{name: 'no such pane', options: {args: ['--pane', 'nope']}, code: 64, says: /There is no pane "nope"/},
		{name: 'bad interval', options: {args: ['--interval', 'soon']}, code: 64, says: /--interval takes seconds/},
		{name: 'unknown flag', options: {args: ['--intervall', '2']}, code: 64, says: /Did you mean "--interval"/},
		{name: 'dumb terminal', options: {env: {TERM: 'dumb'}}, code: 64, says: /pgperf report/},
	];
	for (const {name, options, code, says} of cases) {
		const screen = await top(options);
		try {
			const exit = await screen.exit;
			assert.match(screen.text(), says, name);
			assert.equal(exit.code, code, name);
			assert.doesNotMatch(screen.text(), /\bat .*\.js:\d+/, name);
			assert.equal(screen.alternate, false, name);
		} finally {
			await screen.close();
		}
	}
});
