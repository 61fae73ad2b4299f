import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {newDirectory} from './support/scratch.ts';
import {openScreen, type Screen} from './support/screen.ts';
import {findTool} from './support/tools.ts';

const program = [process.execPath, '--import', 'tsx', 'test/fixtures/programs/frame.tsx'];

/** The program, and behind it a shell's last words: its exit code, the terminal's modes, and a line typed as in a cooked terminal. */
const script = `echo before; "$@"; echo "code $?"; stty -a | grep -oE -- '-?(icanon|echo|isig|icrnl|ixon|opost)\\b' | sort | tr '\\n' ' '; echo; echo ready; read -r line; echo "typed $line"`;

async function shell(env: Record<string, string> = {}): Promise<Screen> {
	return openScreen({command: 'bash', args: ['-c', script, 'bash', ...program], columns: 60, rows: 10, env});
}
function pid(screen: Screen): number {
	return Number(/pid (\d+)/.exec(screen.text())?.[1]);
}
function expected(columns: number, rows: number, ticks: number, keys = '', of = 0): string {
	const lines = Array.from({length: rows - 2}, (_, y) => `${String(4700 + y).padEnd(6)} ${String(ticks + y).padStart(6)}s  text ${'-'.repeat(200)}`);
	return [`${columns}x${rows} ticks ${ticks} keys [${keys}] pid ${of}`, ...lines, 'footer'].map(line => line.slice(0, columns).trimEnd()).join('\n');
}

async function restored(screen: Screen, code: number): Promise<string> {
	await screen.waitFor(new RegExp(`code ${code}\\n(.*\\n)*ready`));
	screen.type('hello\r');
	const text = await screen.waitFor(/typed hello/);
	assert.match(text, /^before$/m, 'the screen from before is back');
	assert.match(text, /^echo icanon icrnl isig ixon opost\s*$/m);
	assert.match(text, /^hello$/m, 'what is typed is echoed');
	assert.equal(screen.alternate, false);
	assert.equal(screen.cursorVisible, true);
	assert.equal(screen.wraps, true);
	assert.equal(screen.bracketedPaste, false);
	assert.doesNotMatch(text, /footer/);
	assert.deepEqual(await screen.exit, {code: 0, signal: undefined});
	return text;
}

const endings: readonly (readonly [string, number, RegExp | undefined, (screen: Screen) => void | Promise<void>])[] = [
	['q', 0, undefined, screen => screen.press('q')],
	['Ctrl-C', 0, undefined, screen => screen.press('ctrl+c')],
	['process.exit', 3, undefined, screen => screen.press('e')],
	['SIGTERM', 143, /goodbye after SIGTERM/, screen => void process.kill(pid(screen), 'SIGTERM')],
	['SIGHUP', 129, /goodbye after SIGHUP/, screen => void process.kill(pid(screen), 'SIGHUP')],
	['SIGINT', 130, /goodbye after SIGINT/, screen => void process.kill(pid(screen), 'SIGINT')],
	['SIGQUIT', 131, /goodbye after SIGQUIT/, screen => void process.kill(pid(screen), 'SIGQUIT')],
	['an exception', 70, /internal error: a defect near postgres:\/\/\*\*\*@db\/shop/, screen => screen.press('x')],
	['an unhandled rejection', 70, /internal error: nobody waited/, screen => screen.press('r')],
	['a crash while painting', 70, /internal error: can't paint/, screen => screen.press('p')],
];
for (const [name, code, said, how] of endings) {
	test(`the terminal is restored after ${name}`, async t => {
		const screen = await shell();
		t.after(() => screen.close());
		await screen.waitFor(/footer/);
		assert.equal(screen.alternate, true);
		assert.equal(screen.cursorVisible, false);
		assert.equal(screen.bracketedPaste, true);
		await how(screen);
		const text = await restored(screen, code);
		if (said) assert.match(text, said);
		assert.doesNotMatch(text, /secret/);
	});
}

for (const [end, redirect] of [
	['input', '<'],
	['output', '>'],
] as const) {
	test(`the program ends when its ${end} hangs up, without a signal`, async t => {
		// The other terminal second: a child inherits the ends of the terminals before it, and would keep this one open.
		const screen = await openScreen({
			command: 'bash',
			args: ['-c', `read -r device; "$@" ${redirect} $device; echo "code $?"; stty -a | grep -oE -- '-?(icanon|echo)\\b'`, 'bash', ...program],
			env: {EVERY_MS: '20'},
		});
		t.after(() => screen.close());
		const other = await openScreen({command: 'bash', args: ['-c', 'tty; exec sleep 600'], columns: 60, rows: 10});
		t.after(() => other.close());
		screen.type(`${/\/dev\/\S+/.exec(await other.waitFor(/\/dev\/\S+/))?.[0]}\r`);
		await (end === 'input' ? screen : other).waitFor(/ticks [1-9]/);
		await other.close();
		const text = await screen.waitFor(/code \d+\n(.*\n)*echo/);
		assert.match(text, /^code 129$/m);
		assert.match(text, /^icanon$/m);
		assert.match(text, /the terminal is gone/);
		assert.equal(screen.alternate, false);
		assert.equal(screen.cursorVisible, true);
	});
}

test('a terminal that vanishes leaves no process behind', async t => {
	const screen = await shell();
	t.after(() => screen.close());
	await screen.waitFor(/footer/);
	const child = pid(screen);
	await screen.close();
	await gone(child);
});

test('Ctrl-Z gives the shell a clean terminal, fg brings the picture back', async t => {
	const screen = await openScreen({command: 'bash', args: ['--norc', '--noprofile', '-i'], columns: 60, rows: 10, env: {PS1: '$ ', HISTFILE: undefined}});
	t.after(() => screen.close());
	await screen.waitFor(/\$ $/m);
	screen.type(`${program.join(' ')}\r`);
	await screen.waitFor(/footer/);
	const child = pid(screen);
	await screen.press('t', 'a');
	await screen.waitFor(text => text === expected(60, 10, 1, 'a', child));

	const stops: readonly (readonly [string, () => void | Promise<void>])[] = [
		['Ctrl-Z', () => screen.press('ctrl+z')],
		['SIGTSTP from outside', () => void process.kill(child, 'SIGTSTP')],
		['Ctrl-Z again', () => screen.press('ctrl+z')],
	];
	for (const [name, stop] of stops) {
		await stop();
		await screen.waitFor(text => !screen.alternate && /Stopped/.test(text) && /\$ $/.test(text.trimEnd().concat(' ')));
		assert.equal(screen.cursorVisible, true, name);
		assert.equal(screen.wraps, true, name);
		// The prompt of bash turns bracketed paste on by itself, so the modes are asked of a command.
		screen.type('stty -a | grep -oE -- "-?(icanon|echo)\\b"; echo $((40 + 2))\r');
		await screen.waitFor(/^42$/m);
		assert.match(screen.text(), /^icanon\necho$/m, name);
		screen.type('clear; fg\r');
		await screen.waitFor(text => screen.alternate && text === expected(60, 10, 1, 'a', child));
		assert.equal(screen.cursorVisible, false, name);
		assert.equal(screen.bracketedPaste, true, name);
		assert.equal(screen.wraps, false, name);
	}

	process.kill(child, 'SIGSTOP');
	await screen.waitFor(/Stopped/);
	screen.type('fg\r');
	await screen.waitFor(text => text === expected(60, 10, 1, 'a', child));
	await screen.press('t');
	await screen.waitFor(text => text === expected(60, 10, 2, 'a', child));

	await screen.press('q');
	await screen.waitFor(() => !screen.alternate);
	screen.type('exit\r');
	await screen.exit;
});

test('Ctrl-Z where no shell could continue the program comes back by itself', async t => {
	const screen = await openScreen({command: program[0] as string, args: program.slice(1), columns: 60, rows: 10});
	t.after(() => screen.close());
	await screen.waitFor(/footer/);
	const child = pid(screen);
	await screen.press('ctrl+z', 't');
	await screen.waitFor(text => screen.alternate && text === expected(60, 10, 1, '', child));
	await screen.press('q');
	assert.equal((await screen.exit).code, 0);
});

test('resize storms leave the right picture', async t => {
	const screen = await openScreen({command: program[0] as string, args: program.slice(1), columns: 60, rows: 10, env: {EVERY_MS: '7'}});
	t.after(() => screen.close());
	await screen.waitFor(/footer/);
	const child = pid(screen);
	for (let storm = 1; storm <= 8; storm++) {
		const sizes = Array.from({length: 25}, (_, step) => [40 + ((storm * 31 + step * 17) % 120), 12 + ((storm * 13 + step * 7) % 40)] as const);
		for (const [columns, rows] of sizes) {
			screen.resize(columns, rows);
			await new Promise(resolve => setImmediate(resolve));
		}
		const [columns, rows] = sizes.at(-1) as readonly [number, number];
		await screen.waitFor(text => text === expected(columns, rows, Number(/ticks (\d+)/.exec(text)?.[1]), '', child));
	}
	// There and back again before anybody looks: the size is the same, the picture is not.
	screen.kill('SIGSTOP');
	screen.resize(45, 8);
	screen.resize(100, 20);
	screen.kill('SIGCONT');
	await screen.waitFor(text => text === expected(100, 20, Number(/ticks (\d+)/.exec(text)?.[1]), '', child));
	await screen.press('q');
	assert.equal((await screen.exit).code, 0);
});

test('what is printed inside does not shift the frame', async t => {
	const screen = await openScreen({command: program[0] as string, args: program.slice(1), columns: 60, rows: 10});
	t.after(() => screen.close());
	await screen.waitFor(/footer/);
	const child = pid(screen);
	await screen.press('n');
	await screen.waitFor(text => text === expected(60, 10, 0, 'captured 5', child));
	await screen.press('q');
	await screen.exit;
	assert.doesNotMatch(screen.text(), /noise/);
});

test('a terminal that stops reading neither stops the program nor makes it hoard frames', async t => {
	const home = newDirectory();
	const heartbeat = path.join(home, 'beats');
	const beats = () => Number(existsSync(heartbeat) && readFileSync(heartbeat, 'utf8'));
	const beyond = (count: number) =>
		until(
			() => beats() > count,
			() => `${beats()} beats`,
		);
	// Each frame replaces the whole screen: 200 of them are twenty times what the kernel holds.
	const screen = await openScreen({command: program[0] as string, args: program.slice(1), columns: 180, rows: 50, env: {EVERY_MS: '5', HEARTBEAT: heartbeat}});
	t.after(() => screen.close());
	await screen.waitFor(/ticks [1-9]/);
	const child = pid(screen);
	screen.stall(true);
	const before = screen.bytes;
	const from = beats();
	await beyond(from + 200);
	screen.stall(false);
	await screen.waitFor(text => Number(/ticks (\d+)/.exec(text)?.[1]) > from + 200);
	assert.ok(screen.bytes - before < 200_000, `200 frames cost ${screen.bytes - before} bytes`);

	screen.stall(true);
	await beyond(beats() + 100);
	process.kill(child, 'SIGTERM');
	await gone(child);
});

test('title and clipboard are harmless and travel', async t => {
	const screen = await openScreen({command: program[0] as string, args: program.slice(1), columns: 60, rows: 10});
	t.after(() => screen.close());
	await screen.waitFor(/footer/);
	await screen.press('T', 'y');
	await screen.waitFor(() => screen.clipboard !== '' && screen.title !== '');
	assert.equal(screen.title, 'shop ]0;evil wait 5');
	assert.equal(screen.clipboard, 'select 1 -- ✓');
	await screen.press('q');
	await screen.exit;
	assert.equal(screen.title, '');
});

test('a paste of 100 kB arrives as one', async t => {
	const screen = await openScreen({command: program[0] as string, args: program.slice(1), columns: 60, rows: 10});
	t.after(() => screen.close());
	await screen.waitFor(/footer/);
	screen.paste('q'.repeat(100_000));
	await screen.waitFor(/<paste 100000>/);
	await screen.press('q');
	assert.equal((await screen.exit).code, 0);
});

test('wide text stays in its columns while numbers before it change', async t => {
	const screen = await openScreen({command: program[0] as string, args: program.slice(1), columns: 60, rows: 10, env: {WIDE: '1'}});
	t.after(() => screen.close());
	await screen.waitFor(/footer/);
	for (let tick = 1; tick <= 20; tick++) {
		await screen.press('t', 'down');
		await screen.waitFor(new RegExp(`ticks ${tick} `));
	}
	for (let y = 1; y < 9; y++) assert.equal(screen.text().split('\n')[y], `${4699 + y}   ${String(19 + y).padStart(6)}s  漢字 😀 カタ ${'-'.repeat(60 - 29)}`);
	await screen.press('q');
	await screen.exit;
});

test('no terminal, no screen: a sentence names the report', () => {
	const run = (env: NodeJS.ProcessEnv) => spawnSync(program[0] as string, program.slice(1), {env: {...process.env, ...env}, encoding: 'utf8'});
	const {status, stdout, stderr} = run({TERM: 'xterm'});
	assert.equal(status, 64);
	assert.equal(stdout, '');
	assert.match(stderr, /not a terminal.*`pgperf report`/);
});

for (const [name, term, input] of [
	['TERM=dumb', 'dumb', ''],
	['input from a pipe', 'xterm', '< /dev/null'],
	['output into a pipe', 'xterm', '| cat'],
] as const) {
	test(`${name}: a sentence, and the terminal is not touched`, async t => {
		const screen = await openScreen({
			command: 'bash',
			args: ['-o', 'pipefail', '-c', `"$@" ${input}; echo "code $?"`, 'bash', ...program],
			columns: 120,
			env: {TERM: term},
		});
		t.after(() => screen.close());
		const text = await screen.waitFor(/code \d+/);
		assert.match(text, /code 64/);
		assert.match(text, /`pgperf report`/);
		assert.equal(screen.alternate, false);
	});
}

test('a program that does not read, and dies, does not hold who writes to it', async t => {
	const screen = await openScreen({command: 'sh', args: ['-c', 'stty raw -echo; echo ready; exec sleep 60']});
	t.after(() => screen.close());
	await screen.waitFor(/ready/);
	screen.paste('x'.repeat(100_000));
	screen.kill('SIGKILL');
	assert.equal((await screen.exit).signal, 9);
	screen.type('nobody hears this');
});

test('what is written to a program that reads slowly arrives, all of it and in order', async t => {
	const screen = await openScreen({command: 'sh', args: ['-c', 'stty raw -echo; echo ready; head -c 100000 | md5sum; head -c 4']});
	t.after(() => screen.close());
	await screen.waitFor(/ready/);
	const text = Array.from({length: 100_000}, (_, n) => String.fromCharCode(97 + ((n * n) % 26))).join('');
	screen.paste(text);
	await screen.press('d', 'o', 'n', 'e');
	await screen.waitFor(new RegExp(`${createHash('md5').update(text).digest('hex')}[\\s\\S]*done`));
});

test('inside tmux', async t => {
	const tmux = await findTool('tmux');
	if (typeof tmux === 'string') return t.skip(tmux);
	const {file, env} = tmux;
	const home = newDirectory();
	const words = ['-S', path.join(home, 'tmux'), '-f', '/dev/null'];
	const run = (...args: string[]) => execFileSync(file, [...words, ...args], {env: {...process.env, ...env}, encoding: 'utf8'});
	// A session that ends with the terminal that it was opened in, however that ends.
	const command = [...words, '-u', 'set', '-g', 'status', 'off', ';', 'set', '-g', 'destroy-unattached', 'on', ';', 'new-session'];
	const outer = await openScreen({
		command: file,
		args: [...command, `WIDE=1 ${program.join(' ')}; echo code $?; exec sleep 60`],
		columns: 60,
		rows: 10,
		env: {...env, TMUX: undefined},
	});
	t.after(async () => {
		await outer.close();
	});
	const look = () => run('capture-pane', '-p');
	await outer.waitFor(/footer/);
	for (let tick = 0; tick < 5; tick++) run('send-keys', 't', 'Down');
	await until(() => /ticks 5 /.test(look()), look);
	for (const [columns, rows] of [
		[80, 14],
		[50, 9],
		[50, 30],
		[120, 20],
	]) {
		run('resize-window', '-x', String(columns), '-y', String(rows));
		const row = (y: number) => `${String(4700 + y).padEnd(6)} ${String(5 + y).padStart(6)}s  漢字 😀 カタ ${'-'.repeat((columns ?? 0) - 29)}`;
		const want = Array.from({length: (rows ?? 0) - 2}, (_, y) => row(y)).join('\n');
		await until(() => look().includes(`${want}\nfooter`), look);
	}
	run('send-keys', 'q');
	await until(() => /code 0/.test(look()), look);
	assert.equal(run('display', '-p', 'alternate #{alternate_on}, cursor #{cursor_flag}, wrap #{wrap_flag}'), 'alternate 0, cursor 1, wrap 1\n');
});

async function until(holds: () => boolean, shown: () => string): Promise<void> {
	const limit = performance.now() + 20_000;
	while (!holds()) {
		if (performance.now() > limit) assert.fail(`not within 20 s:\n${shown()}`);
		await new Promise(resolve => setTimeout(resolve, 10));
	}
}
async function gone(child: number): Promise<void> {
	const alive = () => {
		try {
			return process.kill(child, 0);
		} catch {
			return false;
		}
	};
	await until(
		() => !alive(),
		() => `${child} is still there`,
	);
}
