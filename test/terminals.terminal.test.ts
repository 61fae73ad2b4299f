import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {constants} from 'node:os';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {hostileText, seeded} from './support/hostile.ts';
import {type Pileup, pileUp} from './support/pileup.ts';
import {newDirectory} from './support/scratch.ts';
import {openScreen, type Screen} from './support/screen.ts';
import {startServer, type TestServer, until} from './support/servers.ts';
import {findTool} from './support/tools.ts';
import {answersKeys, closes, openTop, program, quits, type TopOptions} from './support/top.ts';

let server: TestServer;
let pile: Pileup;

before(async () => {
	server = await startServer();
	pile = await pileUp(server);
});
after(async () => {
	await server.stop();
});

async function live(options: TopOptions = {}): Promise<Screen> {
	const screen = await openTop(server.conninfo, options);
	await screen.waitFor(/● live|\* live|live/);
	return screen;
}

/** The frame stands: head on top, keys at the bottom, nothing torn. Rows are compared cell by cell by the emulator's own width. */
function whole(text: string, columns: number, rows: number): boolean {
	const lines = text.split('\n');
	return lines.length === rows && lines.every(line => [...line].length <= columns) && /^ ?pgperf/.test(lines[0]!) && /[↑?]/.test(lines.at(-1)!);
}

const sizes = [
	[40, 12],
	[41, 13],
	[79, 15],
	[80, 16],
	[80, 24],
	[119, 31],
	[120, 32],
	[200, 50],
	[300, 100],
] as const;

test('every pane at every size from 40x12 to 300x100', async () => {
	const screen = await live({columns: 40, rows: 12});
	try {
		for (const [columns, rows] of sizes) {
			screen.resize(columns, rows);
			for (const pane of '1234567890') {
				await screen.press(pane);
				await screen.waitFor(text => whole(text, columns, rows));
				assert.doesNotMatch(screen.text(), /undefined|NaN|\[object/);
			}
		}
		await quits(screen);
	} finally {
		await screen.close();
	}
});

test('resize storms while answers come and keys are pressed', async () => {
	const screen = await live({args: ['--interval', '0.5', '--pane', 'locks']});
	try {
		for (let storm = 1; storm <= 6; storm++) {
			let last: readonly [number, number] = [0, 0];
			for (let step = 0; step < 25; step++) {
				last = [40 + ((storm * 37 + step * 53) % 261), 12 + ((storm * 17 + step * 29) % 89)];
				screen.resize(...last);
				if (step % 5 === 0) await screen.press(step % 10 === 0 ? 'j' : 'k');
				await new Promise(resolve => setImmediate(resolve));
			}
			await screen.waitFor(text => whole(text, ...last) && /wait 4/.test(text));
		}
		screen.resize(120, 32);
		await screen.waitFor(text => whole(text, 120, 32));
		// What stands there now is what a screen that was never resized shows.
		await screen.press('p');
		await screen.waitFor(/paused/);
		const stormed = screen.text();
		await screen.press('ctrl+l');
		await screen.waitFor(text => text === stormed);
		await quits(screen);
	} finally {
		await screen.close();
	}
});

test('CI in the environment changes nothing', async () => {
	const screen = await live({env: {CI: 'true', CONTINUOUS_INTEGRATION: '1'}});
	try {
		await answersKeys(screen);
		await quits(screen);
	} finally {
		await screen.close();
	}
});

function colours(screen: Screen, columns: number, rows: number): ReadonlySet<number | string> {
	const found = new Set<number | string>();
	for (let y = 0; y < rows; y++) {
		for (let x = 0; x < columns; x++) {
			const cell = screen.cell(x, y);
			for (const colour of [cell.colour, cell.background]) if (colour !== 'default') found.add(colour);
		}
	}
	return found;
}

for (const [name, options] of [
	['NO_COLOR', {env: {NO_COLOR: '1'}}],
	['--no-color', {args: ['--no-color']}],
] as const) {
	test(`${name}: not one cell has a colour, and the selection is still seen`, async () => {
		const screen = await live({...options, args: [...('args' in options ? options.args : []), '--pane', 'locks']});
		try {
			await screen.waitFor(/inventory/);
			assert.deepEqual([...colours(screen, 120, 32)], []);
			const inverse = Array.from({length: 32}, (_, y) => screen.cell(2, y).inverse);
			assert.ok(inverse.some(Boolean), screen.text());
			await quits(screen);
		} finally {
			await screen.close();
		}
	});
}

test('only the sixteen colours of the terminal are used', async () => {
	const screen = await live({args: ['--pane', 'locks'], env: {COLORTERM: 'truecolor', FORCE_COLOR: '3'}});
	try {
		await screen.waitFor(/inventory/);
		const found = [...colours(screen, 120, 32)];
		assert.ok(found.length > 0);
		for (const colour of found) assert.ok(typeof colour === 'number' && colour < 16, String(colour));
		await quits(screen);
	} finally {
		await screen.close();
	}
});

for (const [name, options] of [
	['--ascii', {args: ['--ascii']}],
	['a locale without UTF-8', {env: {LANG: 'C', LC_ALL: 'C', LC_CTYPE: undefined}}],
	['a Latin-1 locale', {env: {LANG: 'de_DE.ISO-8859-1', LC_ALL: undefined, LC_CTYPE: undefined}}],
] as const) {
	test(`${name}: nothing but ASCII is sent, on any pane, whatever the server says`, async () => {
		const evil = await server.connect();
		await evil.query(`select set_config('application_name', 'naïve 名前 ─', false)`);
		await evil.query('begin');
		await evil.query(`select 'é 漢字 👩‍👩‍👧 ${'\u009b2J'} … │' as "ключ"`);
		const screen = await openRaw(['--pane', 'sessions', ...('args' in options ? options.args : [])], 'env' in options ? options.env : {});
		try {
			await screen.until(/idle in xact[\s\S]*select '/);
			for (const key of ['1', '4', '3', '?', '\x1b', 'f', '\x1b', '2', '\r']) {
				const bytes = screen.seen().length;
				screen.write(key);
				await until(
					() => screen.seen().length,
					length => length > bytes,
				);
			}
			const wrong = screen.seen().match(/[^\x00-\x7f].{0,20}/);
			assert.equal(wrong, null, `sent ${JSON.stringify(wrong?.[0])}`);
		} finally {
			await screen.end();
			await evil.end();
		}
	});
}

/** The bytes themselves, by a pseudo-terminal of script(1)'s kind that keeps them. */
async function openRaw(args: readonly string[], env: Readonly<Record<string, string | undefined>>) {
	const {spawn: open} = await import('@lydell/node-pty');
	const given = {PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env};
	const pty = open(process.execPath, [program, 'top', server.conninfo, '--no-audit', ...args], {
		cols: 200,
		rows: 50,
		cwd: '/',
		env: Object.fromEntries(Object.entries(given).filter(entry => entry[1] !== undefined)) as Record<string, string>,
		encoding: 'latin1',
	});
	let seen = '';
	pty.onData(data => {
		seen += data;
	});
	const ended = new Promise<void>(resolve => pty.onExit(() => resolve()));
	process.once('exit', () => pty.kill('SIGKILL'));
	return {
		seen: () => seen,
		write: (keys: string) => pty.write(keys),
		until: (pattern: RegExp) =>
			until(
				() => seen,
				text => pattern.test(text.replace(/\x1b\[[\d;?]*[A-Za-z]/g, '')),
			),
		async end() {
			pty.kill('SIGTERM');
			await ended;
		},
	};
}

test('keys in one chunk are as many keys: jjj moves by three, and what asks is not answered by what follows', async () => {
	const screen = await live({args: ['--pane', 'locks']});
	const selected = () => Array.from({length: 32}, (_, y) => y).find(y => screen.cell(2, y).inverse) ?? -1;
	try {
		await screen.waitFor(/inventory/);
		await screen.press('home');
		await screen.press('p');
		await screen.waitFor(/paused/);
		const from = selected();
		screen.type('jjj');
		await screen.waitFor(() => selected() === from + 3);
		screen.type('\x1b[A\x1b[A');
		await screen.waitFor(() => selected() === from + 1);
		screen.type('kKyyyyy');
		await screen.waitFor(/y {2}terminate/);
		await closes(screen);
		await screen.press('p');
		await screen.waitFor(/● live/);
		const {rows} = await (await server.connect()).query('select count(*)::int as n from pg_stat_activity where pid = any($1)', [Object.values(pile.pids)]);
		assert.equal(rows[0].n, Object.values(pile.pids).length, 'nobody was terminated');
		await quits(screen);
	} finally {
		await screen.close();
	}
});

test('a paste of 100 kB is no keys: nothing is asked, nobody is terminated, and the console goes on', async () => {
	const screen = await live({args: ['--pane', 'locks']});
	try {
		// Before the program has asked for brackets, a paste is keys, and this one begins with K and has Ctrl-C in it.
		await screen.waitFor(text => /inventory/.test(text) && screen.bracketedPaste);
		screen.paste('Ky\nqC\x03'.repeat(20_000));
		await answersKeys(screen);
		// Into a field it goes as one line, and out again.
		await screen.press('/');
		await screen.waitFor(/Esc undo/);
		screen.paste('x'.repeat(100_000));
		await screen.waitFor(/xxxx/);
		await screen.press('esc');
		await screen.waitFor(text => !/xxxx/.test(text));
		assert.equal((await server.connect().then(client => client.query('select 1 as one'))).rows[0].one, 1);
		await quits(screen);
	} finally {
		await screen.close();
	}
});

test('escape sequences torn apart by a slow line: an arrow never becomes C, and never Esc and letters', async () => {
	const screen = await live({args: ['--pane', 'locks']});
	try {
		await screen.waitFor(/inventory/);
		const torn = ['\x1b[A', '\x1b[B', '\x1b[C', '\x1b[D', '\x1bOC', '\x1bOA', '\x1b[5~', '\x1b[1;5C', '\x1b[3~', '\x1b[H'];
		for (const sequence of torn) {
			for (let at = 1; at < sequence.length; at++) {
				screen.raw(sequence.slice(0, at));
				// A packet of the line later.
				await new Promise(resolve => setTimeout(resolve, 30));
				screen.raw(sequence.slice(at));
				await new Promise(resolve => setTimeout(resolve, 30));
				assert.doesNotMatch(screen.text(), /pg_(cancel|terminate)_backend|does nothing|typed|copied/, JSON.stringify([sequence, at]));
			}
		}
		await answersKeys(screen);
		await quits(screen);
	} finally {
		await screen.close();
	}
});

/** What others asked of the terminal, or switched on and died; each ends before the next begins. */
const strays = [
	'\x1b]11;rgb:ffff/ffff/ffff\x07',
	'\x1b]10;rgb:1e1e/1e1e/1e1e\x1b\\',
	'\x1bP>|XTerm(370)\x1b\\',
	'\x1bP!|7E7E5000\x1b\\',
	'\x1bP1+r524742=38\x1b\\',
	'\x1b_Gi=1;OK\x1b\\',
	'\x1b]lK y q\x1b\\',
	'\x1b[?64;1;2;6;9;15;18;21;22c',
	'\x1b[12;40R',
	'\x1b[I',
	'\x1b[O',
	'\x1b[<0;43;12M',
	'\x1b[<0;43;12m',
	'\x1b[M KC',
	'\x1b[M qy',
	'\x1b[113;9u',
	'\x1b[113;1:3u',
	'\x1b[107;1:3u',
	'\x1b[1;1:3B',
	'\u009bC',
	'\x1bOC',
	'\x1bq',
	'\x1bK',
];

test('what a terminal answers to others, reports of the mouse, of keys let go and of focus are no keys', async () => {
	const screen = await live({args: ['--pane', 'locks']});
	try {
		await screen.waitFor(/inventory/);
		await screen.press('p', 'home', 'down');
		await screen.waitFor(/paused/);
		const answered = async () => {
			await screen.press('?');
			await screen.waitFor(/Everywhere/);
			await closes(screen);
		};
		// The last of these keys may be read after the picture of the first.
		await answered();
		// Without the head, where findings come, and without ages.
		const steady = () => {
			const rows = screen.text().split('\n').slice(4);
			return [...rows.map(row => row.replace(/\d+(?:\.\d+)?[smh]\d*/g, '')), rows.findIndex((_, y) => screen.cell(2, y + 4).inverse)];
		};
		const before = steady();
		for (const stray of strays) {
			screen.raw(Buffer.from(stray));
			// Whatever it did is on the screen when the picture of a key that follows has come and gone.
			await answered();
			assert.deepEqual(steady(), before, JSON.stringify(stray));
		}
		await quits(screen);
	} finally {
		await screen.close();
	}
});

/** Esc and help in turns, as a person does who sees that nothing happens, or does not know where he is. */
async function comesBack(screen: Screen): Promise<void> {
	const keys = ['\x1b', '?'];
	const knock = setInterval(() => {
		screen.raw(keys[0]!);
		keys.reverse();
	}, 400);
	await screen.waitFor(/Everywhere/).finally(() => clearInterval(knock));
	await closes(screen);
}

test('a paste that never ends freezes nobody: Esc ends it, and nothing of it was a key', async () => {
	const screen = await live({args: ['--pane', 'locks']});
	try {
		await screen.waitFor(text => /inventory/.test(text) && screen.bracketedPaste);
		screen.raw(`\x1b[200~${'Ky\nq'.repeat(1000)}`);
		await comesBack(screen);
		await answersKeys(screen);
		await quits(screen);
	} finally {
		await screen.close();
	}
});

test('keys of xterm with modifyOtherKeys, as vim leaves it when it is killed: Ctrl-C quits', async () => {
	const screen = await live();
	try {
		screen.raw('\x1b[27;5;99~');
		assert.equal((await screen.exit).code, 0);
	} finally {
		await screen.close();
	}
});

test('modes that a killed program left behind do not touch the picture', async () => {
	const modes = '\\033[?1000h\\033[?1003h\\033=\\033(0\\033[4h\\033[5;10r\\033[?6h';
	const screen = await openScreen({
		command: 'bash',
		args: ['-c', `printf '${modes}'; exec "$@"`, 'bash', process.execPath, program, 'top', server.conninfo, '--no-audit', '--pane', 'locks'],
		columns: 120,
		rows: 32,
		cwd: '/',
		env: {PATH: process.env.PATH ?? '', HOME: '/nonexistent'},
	});
	try {
		await screen.waitFor(text => whole(text, 120, 32) && /● live/.test(text) && /inventory/.test(text));
		await answersKeys(screen);
		assert.equal(screen.mouse, 'none');
		await quits(screen);
	} finally {
		await screen.close();
	}
});

test('of what DEBUG asks of the shell’s other programs nothing is printed, least of all a password', async () => {
	const screen = await live({env: {DEBUG: '*', REDIS_URL: 'redis://:geheim@127.0.0.1:1/0'}});
	try {
		await answersKeys(screen);
		await quits(screen);
		assert.doesNotMatch(screen.text(), /ioredis|geheim/);
	} finally {
		await screen.close();
	}
});

test('random bytes as keys neither end nor break it', async () => {
	const random = seeded(7);
	const screen = await live({args: ['--read-only']});
	try {
		for (let i = 0; i < 300; i++) {
			// Not those that leave, suspend or quit.
			const text = hostileText(random, 6).replace(/[qQ\x03\x1a\x1c\x11\x13]/g, '');
			screen.raw(text);
			if (i % 50 === 49) {
				await screen.press('esc', 'esc', 'esc', 'esc');
				await screen.press('ctrl+l');
				await screen.waitFor(text => whole(text, 120, 32));
			}
		}
		await comesBack(screen);
		await answersKeys(screen);
		await screen.press('ctrl+c');
		assert.equal((await screen.exit).code, 0);
	} finally {
		await screen.close();
	}
});

test('stdin that ends, and stdout that nobody reads any more, end the program', async () => {
	for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const) {
		const screen = await live();
		try {
			screen.kill(signal);
			if (signal === 'SIGPIPE') {
				// It is a write that fails, not an end: nobody hangs up here.
				await answersKeys(screen);
				await quits(screen);
				continue;
			}
			const exit = await screen.exit;
			assert.equal(exit.code, 128 + constants.signals[signal], signal);
			assert.doesNotMatch(screen.text(), /Debugger/);
			assert.equal(screen.alternate, false);
			assert.equal(screen.cursorVisible, true);
			assert.equal(screen.wraps, true);
			assert.equal(screen.bracketedPaste, false);
		} finally {
			await screen.close();
		}
	}
	const screen = await live();
	const {pid} = screen;
	await screen.close();
	await until(
		() => spawnSync('kill', ['-0', String(pid)]).status,
		status => status !== 0,
	);
});

test('report into a pipe whose reader has gone ends quietly', async () => {
	const child = spawn('sh', ['-c', `"$0" "$1" report --once "$2" | head -c 10 >/dev/null; echo "end"`, process.execPath, program, server.conninfo], {
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	let said = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.on('data', data => {
			said += data;
		});
	}
	await once(child, 'close');
	assert.equal(said, 'end\n');
});

for (const multiplexer of ['tmux', 'screen'] as const) {
	test(`inside ${multiplexer}: a whole picture after a resize, and the shell's screen comes back`, async t => {
		const tool = await findTool(multiplexer);
		if (typeof tool === 'string') return t.skip(tool);
		const {file, env} = tool;
		const home = newDirectory();
		const config = path.join(home, 'config');
		// Neither keeps a session without a terminal: it ends with this one, however this one ends.
		writeFileSync(config, multiplexer === 'tmux' ? 'set -g destroy-unattached on\nset -s escape-time 0\n' : 'autodetach off\nstartup_message off\n');
		const outer = await openScreen({
			command: file,
			args: multiplexer === 'tmux' ? ['-S', path.join(home, 'socket'), '-f', config, '-u', 'new-session'] : ['-U', '-c', config, '-s', '/bin/sh'],
			columns: 120,
			rows: 32,
			env: {...env, PS1: '$ ', SHELL: '/bin/sh', TMUX: undefined, STY: undefined, SCREENDIR: home},
		});
		try {
			outer.type('\r');
			await outer.waitFor(/[$#]\s*$/m);
			outer.type(`echo before; '${process.execPath}' '${program}' top '${server.conninfo}' --no-audit --pane locks\r`);
			await outer.waitFor(/● live[\s\S]*inventory/);
			for (const [columns, rows] of [
				[90, 20],
				[140, 40],
				[100, 30],
			] as const) {
				outer.resize(columns, rows);
				await outer.waitFor(text => /^ ?pgperf/.test(text) && /inventory/.test(text) && text.split('\n').some(line => /[↑?].*quit/.test(line)));
			}
			await outer.press('down', '?');
			await outer.waitFor(/Everywhere/);
			// Multiplexers wait for what may follow an Esc: the next key comes when it was obeyed, and the picture of that is whole.
			await outer.press('esc');
			await outer.waitFor(text => !/Everywhere/.test(text) && /inventory/.test(text));
			await outer.press('2');
			await outer.waitFor(/of \d+ connections/);
			await outer.press('4');
			await outer.waitFor(/mildest/);
			outer.type('q');
			// screen(1) has no second screen unless it is told so: the picture is gone at least.
			await outer.waitFor(text => /[$#] *$/m.test(text) && !/live|quit|pgperf {2}/.test(text) && (multiplexer === 'screen' || /before/.test(text)));
		} finally {
			await outer.close();
		}
	});
}

for (const term of ['xterm', 'vt100', 'linux', 'screen', 'tmux-256color', 'rxvt', 'ansi']) {
	test(`TERM=${term}: the picture is the same`, async () => {
		const screen = await live({env: {TERM: term}, args: ['--pane', 'locks']});
		try {
			await screen.waitFor(text => whole(text, 120, 32) && /inventory/.test(text));
			await answersKeys(screen);
			await quits(screen);
			assert.doesNotMatch(screen.text(), /pgperf /, 'nothing of the title is left in the picture');
		} finally {
			await screen.close();
		}
	});
}
