import {writeSync} from 'node:fs';
import {after} from 'node:test';
import {type IPty, spawn} from '@lydell/node-pty';
import graphemes from '@xterm/addon-unicode-graphemes';
import headless from '@xterm/headless';

const sequences = {
	up: '\x1b[A',
	down: '\x1b[B',
	right: '\x1b[C',
	left: '\x1b[D',
	home: '\x1b[H',
	end: '\x1b[F',
	pageup: '\x1b[5~',
	pagedown: '\x1b[6~',
	delete: '\x1b[3~',
	tab: '\t',
	'shift+tab': '\x1b[Z',
	enter: '\r',
	esc: '\x1b',
	backspace: '\x7f',
	space: ' ',
} as const;
/** A named key, `ctrl+c`, or the character itself. */
export type Key = keyof typeof sequences | `ctrl+${string}` | (string & {});

export type Cell = {
	readonly text: string;
	/** Number of the palette, '#rrggbb', or 'default'. */
	readonly colour: number | string;
	readonly background: number | string;
	readonly bold: boolean;
	readonly dim: boolean;
	readonly underline: boolean;
	readonly inverse: boolean;
};
export type Exit = {readonly code: number; readonly signal: number | undefined};
export type Screen = {
	readonly pid: number;
	/** The program may still read several keys as one chunk. After a lone Esc the next one waits until nobody could take both for one key. */
	press(...keys: readonly Key[]): Promise<void>;
	type(text: string): void;
	/** In brackets where the program asked for them, as terminals do. */
	paste(text: string): void;
	raw(bytes: string | Uint8Array): void;
	/** Looks whenever something arrived; the error shows the screen. Resolves to the visible text. */
	waitFor(what: RegExp | ((text: string) => boolean), options?: {readonly limitMs?: number}): Promise<string>;
	/** The visible rows without trailing blanks. */
	text(): string;
	cell(x: number, y: number): Cell;
	readonly cursor: {readonly x: number; readonly y: number};
	readonly cursorVisible: boolean;
	readonly alternate: boolean;
	readonly bracketedPaste: boolean;
	readonly wraps: boolean;
	/** Which reports of the mouse the program has asked for. */
	readonly mouse: string;
	readonly title: string;
	/** What the program put into the clipboard by OSC 52. */
	readonly clipboard: string;
	/** Bytes that the program sent until now. */
	readonly bytes: number;
	resize(columns: number, rows: number): void;
	/** The terminal stops reading, as over a line that hangs; `false` lets it read again. */
	stall(on: boolean): void;
	kill(signal: NodeJS.Signals): void;
	readonly exit: Promise<Exit>;
	/** Closes the terminal's end; a program that outlives that by two seconds is killed. */
	close(): Promise<void>;
};

const open = new Set<number>();
const endAll = () => {
	for (const pid of open) end(pid, 'SIGKILL');
};
process.on('exit', endAll);
/** A test that failed before it closed its screen must not keep the process waiting for the program. */
if (process.env.NODE_TEST_CONTEXT) after(endAll);
/** The child leads a session and a process group of its own. */
function end(pid: number, signal: NodeJS.Signals): void {
	for (const target of [-pid, pid]) {
		try {
			process.kill(target, signal);
		} catch {
			// It has ended.
		}
	}
}

/** Runs the real program in a pseudo-terminal that xterm reads. When the test dies the terminal hangs up, and with it the program. */
export async function openScreen(options: {
	readonly command: string;
	readonly args?: readonly string[];
	/** Added to the environment; `undefined` takes a variable away. CI is never passed on: Ink draws nothing there. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly columns?: number;
	readonly rows?: number;
	readonly cwd?: string;
}): Promise<Screen> {
	const {columns = 100, rows = 30} = options;
	const env = {...process.env, LANG: 'C.UTF-8', TERM: 'xterm-256color', CI: undefined, NODE_TEST_CONTEXT: undefined, ...options.env};
	const pty = spawn(options.command, [...(options.args ?? [])], {
		name: env.TERM,
		cols: columns,
		rows,
		cwd: options.cwd ?? process.cwd(),
		env: Object.fromEntries(Object.entries(env).filter(entry => entry[1] !== undefined)) as Record<string, string>,
		encoding: null,
	});
	open.add(pty.pid);
	const emulator = openEmulator(columns, rows);
	const {terminal} = emulator;
	let bytes = 0;
	let ended: Exit | undefined;
	let escaped = 0;
	const waiting = new Set<() => void>();
	const look = () => {
		for (const check of waiting) check();
	};
	// One chunk at a time: what a test found is still there when it goes on to look.
	let fed = Promise.resolve();
	const feed = (data: Uint8Array | string) => {
		fed = fed.then(() => new Promise(resolve => terminal.write(data, resolve)));
		return fed;
	};
	(pty.onData as unknown as (listener: (data: Buffer) => void) => void)(data => {
		bytes += data.length;
		void feed(data).then(look);
	});
	const write = writer(pty);
	terminal.onData(write);
	const exit = new Promise<Exit>(resolve => {
		pty.onExit(({exitCode, signal}) => {
			void feed('').then(() => {
				ended = {code: exitCode, signal: signal || undefined};
				open.delete(pty.pid);
				look();
				resolve(ended);
			});
		});
	});

	const screen: Screen = {
		pid: pty.pid,
		async press(...keys) {
			for (const key of keys) {
				const since = performance.now() - escaped;
				// Ink takes Esc and what follows within 20 ms for one key, as every program has to.
				if (since < 60) await new Promise(resolve => setTimeout(resolve, 60 - since));
				const control = /^ctrl\+(.)$/.exec(key)?.[1];
				write(control ? String.fromCharCode(control.toUpperCase().charCodeAt(0) & 31) : (sequences[key as keyof typeof sequences] ?? key));
				if (key === 'esc') escaped = performance.now();
			}
		},
		type: write,
		paste: text => write(terminal.modes.bracketedPasteMode ? `\x1b[200~${text}\x1b[201~` : text),
		raw: write,
		waitFor(what, {limitMs = 20_000} = {}) {
			const holds = (text: string) => (typeof what === 'function' ? what(text) : what.test(text));
			return new Promise((resolve, reject) => {
				const stop = () => {
					clearTimeout(limit);
					waiting.delete(check);
				};
				const check = () => {
					// Terminals show a frame that is announced when it is whole.
					if (emulator.state.frameOpen && !ended) return;
					const text = emulator.text();
					if (holds(text)) {
						stop();
						resolve(text);
					} else if (ended) {
						stop();
						reject(new Error(`the program ended (${JSON.stringify(ended)}) before ${what}:\n${text}`));
					}
				};
				const limit = setTimeout(() => {
					stop();
					reject(new Error(`after ${limitMs} ms no ${what}:\n${emulator.text()}`));
				}, limitMs);
				waiting.add(check);
				check();
			});
		},
		text: emulator.text,
		cell: emulator.cell,
		get cursor() {
			return {x: terminal.buffer.active.cursorX, y: terminal.buffer.active.cursorY};
		},
		get cursorVisible() {
			return emulator.state.cursorVisible;
		},
		get alternate() {
			return terminal.buffer.active.type === 'alternate';
		},
		get bracketedPaste() {
			return terminal.modes.bracketedPasteMode;
		},
		get wraps() {
			return terminal.modes.wraparoundMode;
		},
		get mouse() {
			return terminal.modes.mouseTrackingMode;
		},
		get title() {
			return emulator.state.title;
		},
		get clipboard() {
			return emulator.state.clipboard;
		},
		get bytes() {
			return bytes;
		},
		resize(nextColumns, nextRows) {
			// The emulator first: what the program paints for the new size must not meet the old one.
			terminal.resize(nextColumns, nextRows);
			pty.resize(nextColumns, nextRows);
		},
		stall: on => (on ? pty.pause() : pty.resume()),
		kill: signal => process.kill(pty.pid, signal),
		exit,
		async close() {
			if (!ended) {
				const limit = setTimeout(() => end(pty.pid, 'SIGKILL'), 2000);
				pty.resume();
				end(pty.pid, 'SIGHUP');
				end(pty.pid, 'SIGCONT');
				await exit;
				clearTimeout(limit);
			}
			terminal.dispose();
		},
	};
	return screen;
}

/**
 * Writes as much as the terminal takes, the rest when the program has read, and nothing to one that has gone. The library's own writing
 * is of the blocking kind: in front of a full terminal it never returns, though the program that should read may be dead.
 */
function writer(pty: IPty): (data: string | Uint8Array) => void {
	const {fd, _socket: socket} = pty as unknown as {readonly fd: number; readonly _socket: {readonly destroyed: boolean}};
	let rest = Buffer.alloc(0);
	let later: NodeJS.Timeout | undefined;
	const write = () => {
		later = undefined;
		// The number may be another file's by now.
		if (socket.destroyed) return;
		try {
			while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest));
		} catch (error) {
			if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') later = setTimeout(write, 5);
		}
	};
	return data => {
		rest = Buffer.concat([rest, typeof data === 'string' ? Buffer.from(data) : data]);
		if (!later) write();
	};
}

/** xterm without a window, with the widths of emoji that today's terminals have. */
export function openEmulator(columns: number, rows: number) {
	const terminal = new headless.Terminal({cols: columns, rows, allowProposedApi: true, scrollback: 1000, logLevel: 'off'});
	terminal.loadAddon(new graphemes.UnicodeGraphemesAddon());
	const state = {cursorVisible: true, frameOpen: false, title: '', clipboard: ''};
	for (const final of ['h', 'l']) {
		terminal.parser.registerCsiHandler({prefix: '?', final}, parameters => {
			if (parameters.includes(25)) state.cursorVisible = final === 'h';
			if (parameters.includes(2026)) state.frameOpen = final === 'h';
			return false;
		});
	}
	terminal.parser.registerOscHandler(52, data => {
		state.clipboard = Buffer.from(data.slice(data.indexOf(';') + 1), 'base64').toString();
		return true;
	});
	terminal.onTitleChange(title => {
		state.title = title;
	});
	const line = (y: number) => terminal.buffer.active.getLine(terminal.buffer.active.viewportY + y);
	return {
		terminal,
		state: state as Readonly<typeof state>,
		text: () => Array.from({length: terminal.rows}, (_, y) => line(y)?.translateToString(true) ?? '').join('\n'),
		cell(x: number, y: number): Cell {
			const cell = line(y)?.getCell(x);
			if (!cell) throw new Error(`no cell ${x},${y} on a screen of ${terminal.cols}x${terminal.rows}`);
			const colour = (palette: boolean, rgb: boolean, value: number) => (rgb ? `#${value.toString(16).padStart(6, '0')}` : palette ? value : 'default');
			return {
				text: cell.getChars(),
				colour: colour(cell.isFgPalette(), cell.isFgRGB(), cell.getFgColor()),
				background: colour(cell.isBgPalette(), cell.isBgRGB(), cell.getBgColor()),
				bold: cell.isBold() !== 0,
				dim: cell.isDim() !== 0,
				underline: cell.isUnderline() !== 0,
				inverse: cell.isInverse() !== 0,
			};
		},
	};
}
