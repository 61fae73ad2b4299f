import {writeSync} from 'node:fs';
import {Writable} from 'node:stream';
import {plain} from '../plain.ts';
import {capture} from './captured.ts';
import {type Row, readRow} from './cells.ts';
import {type Frame, frameReader} from './ink-frame.ts';
import {filteredInput} from './input.ts';
import type {References} from './references.ts';
import {repaint} from './screen-diff.ts';

export type Size = {readonly columns: number; readonly rows: number};
/** Ink's instance, with a rerender that takes the size: it must paint synchronously (Ink's `concurrent` off). */
export type Painter = {rerender(size: Size): void; unmount(): void};
export type Terminal = {
	/** For Ink: takes whole frames, and lets only the changed cells through. */
	readonly stdout: NodeJS.WriteStream;
	readonly stdin: NodeJS.ReadStream;
	size(): Size;
	/** The name under which a screen, lines with SGR, goes through Ink. */
	refer(lines: readonly string[]): string;
	/** A picture before Ink's first one: lines with SGR. */
	show(lines: readonly string[]): void;
	/** After Ink's render(). */
	attach(painter: Painter): void;
	/** Everything anew: Ctrl-L, and when the process was stopped behind our back. */
	redraw(): void;
	/** Ctrl-Z: gives the terminal back to the shell, stops the process group, resolves when it was continued and the screen is back. */
	suspend(): Promise<void>;
	title(text: string): void;
	/** Into the clipboard of the terminal's own machine (OSC 52), where it allows that. */
	copy(text: string): void;
	/** What was sent since the start. */
	bytes(): {readonly frames: number; readonly bytes: number};
	/** What others tried to print while the screen was ours, the newest 200 lines. */
	readonly captured: readonly string[];
	/** Until it was restored for good. */
	readonly open: boolean;
	/** Restores everything at once, as often as it is called; resolves when the terminal has taken it, or after a second. */
	close(): Promise<void>;
};
export type Streams = {readonly stdin: NodeJS.ReadStream; readonly stdout: NodeJS.WriteStream & {readonly fd: number}; readonly stderr: NodeJS.WriteStream};

/**
 * Ink's own ways of saving bytes and of entering the alternate screen are off: this file does both, so that the screen comes back also when Ink can't.
 * `interactive` because Ink draws nothing when CI is set; `patchConsole` because the console is captured here.
 */
export const inkOptions = {
	alternateScreen: false,
	incrementalRendering: false,
	concurrent: false,
	interactive: true,
	exitOnCtrlC: false,
	patchConsole: false,
	maxFps: 60,
} as const;

// A program that died may have left the mouse, the keypad, drawn characters, inserting, margins and their origin as it used them.
const enter = '\x1b[?1049h\x1b[?1000;1002;1003l\x1b>\x1b(B\x0f\x1b[4l\x1b[?6l\x1b[r\x1b[?7l\x1b[?25l';
// Cleared first, for those that have no second screen: the Linux console, screen(1) unless told otherwise.
const leave = '\x1b[m\x1b[?2004l\x1b[?7h\x1b[H\x1b[2J\x1b[?25h\x1b[?1049l';

type Problem = {readonly problem: string; readonly exit: 64};

/** Why there can be no screen here. */
export function unfit({stdin, stdout}: Streams, env: NodeJS.ProcessEnv): Problem | undefined {
	const elsewhere = '`pgperf report` prints the same once, as text.';
	if (!stdout.isTTY) return {problem: `The output is not a terminal. ${elsewhere}`, exit: 64};
	if (!stdin.isTTY) return {problem: `The input is not a terminal, so no key could be read. ${elsewhere}`, exit: 64};
	const dumb = process.platform !== 'win32' && (env.TERM === 'dumb' || !env.TERM);
	return dumb ? {problem: `This terminal can't move its cursor (TERM is ${env.TERM ? 'dumb' : 'not set'}). ${elsewhere}`, exit: 64} : undefined;
}

/** Wide enough for any reference. */
const narrow = 16;

/** Takes the screen. With `references`, what Ink writes are names of screens, and its own terminal is but `narrow` columns wide. */
export function openTerminal(streams: Streams, env: NodeJS.ProcessEnv, references?: References): Terminal | Problem {
	const problem = unfit(streams, env);
	if (problem) return problem;
	const {stdout: screen, stderr} = streams;
	const stdin = filteredInput(streams.stdin);
	for (const stream of [screen, stderr]) block(stream, false);
	// The Linux console knows no titles and would print a part of them.
	const titled = env.TERM !== 'linux';
	const captured = capture(screen, stderr);
	const read = frameReader();

	let size = measured({columns: 80, rows: 24});
	let frame: Frame | undefined;
	let shown: readonly Row[] | undefined;
	let cursor: Frame['cursor'];
	let paste = false;
	let title = '';
	let painter: Painter | undefined;
	let state: 'open' | 'held' | 'away' | 'closed' = 'open';
	let awake: (() => void) | undefined;
	let pending = 0;
	let frames = 0;
	let bytes = 0;

	function measured(last: Size): Size {
		try {
			const [columns, rows] = screen.getWindowSize();
			return columns > 0 && rows > 0 ? {columns, rows} : last;
		} catch {
			return last;
		}
	}
	function send(text: string, done?: () => void): void {
		bytes += Buffer.byteLength(text);
		pending++;
		captured.write(text, () => {
			pending--;
			done?.();
			// Frames that came while the terminal was slow are skipped: only the newest is painted.
			if (pending === 0) paint();
		});
	}
	function paint(): void {
		if (!frame || state !== 'open' || pending > 0) return;
		const rows = Array.from({length: size.rows}, (_, y) => {
			const text = frame?.lines[y] ?? '';
			const old = shown?.[y];
			return old?.text === text ? old : readRow(text, size.columns);
		});
		const changes = repaint(shown, rows);
		const moved = frame.cursor?.x !== cursor?.x || frame.cursor?.y !== cursor?.y;
		shown = rows;
		if (changes === '' && !moved) return;
		const hide = cursor ? '\x1b[?25l' : '';
		cursor = frame.cursor;
		const show = cursor ? `\x1b[${cursor.y + 1};${cursor.x + 1}H\x1b[?25h` : '';
		frames++;
		send(`\x1b[?2026h${hide}${changes}${show}\x1b[?2026l`);
	}
	function forget(): void {
		shown = undefined;
		cursor = undefined;
	}
	function named(text: string): string {
		return titled ? `\x1b]2;${text}\x07` : '';
	}
	function arrive(): void {
		send(`${titled ? '\x1b[22;2t' : ''}${enter}${paste ? '\x1b[?2004h' : ''}${title && named(title)}`);
		forget();
	}
	function farewell(): string {
		return `${leave}${titled ? `${title && named('')}\x1b[23;2t` : ''}`;
	}

	const output = new Writable({
		decodeStrings: false,
		write(chunk: string | Buffer, _encoding, done) {
			const seen = read(chunk.toString());
			if (seen.paste !== paste) {
				paste = seen.paste;
				if (state === 'open' || state === 'held') send(paste ? '\x1b[?2004h' : '\x1b[?2004l');
			}
			if (seen.frame) {
				const lines = references?.linesOf(seen.frame.lines[0] ?? '');
				frame = lines ? {...seen.frame, lines} : seen.frame;
				paint();
			}
			done();
		},
	});
	Object.defineProperties(output, {
		isTTY: {value: true},
		columns: {get: () => (references ? narrow : size.columns)},
		rows: {get: () => size.rows},
	});
	const stdout = output as unknown as NodeJS.WriteStream;

	const resized = () => {
		const now = measured(size);
		const unchanged = now.columns === size.columns && now.rows === size.rows;
		size = now;
		// Even at the same size: there and back again between two looks, the terminal has cut its rows.
		forget();
		if (state === 'open' && !unchanged) {
			state = 'held';
			try {
				painter?.rerender(size);
				stdout.emit('resize');
			} finally {
				if (state === 'held') state = 'open';
			}
		}
		paint();
	};
	const raw = (on: boolean) => {
		try {
			stdin.setRawMode(on);
		} catch {
			// The terminal is gone.
		}
	};
	const redraw = () => {
		if (state !== 'open') return;
		// Whoever had the terminal may have left it cooked; only a change of mode reaches it.
		raw(false);
		raw(true);
		send(`${enter}${paste ? '\x1b[?2004h' : ''}`);
		size = measured(size);
		forget();
		paint();
	};
	const continued = () => {
		if (state === 'away') awake?.();
		else redraw();
	};
	const suspend = async () => {
		if (state !== 'open' || process.platform === 'win32') return;
		state = 'away';
		raw(false);
		await new Promise<void>(resolve => send(farewell(), resolve));
		process.off('SIGTSTP', suspend);
		await new Promise<void>(resolve => {
			awake = resolve;
			process.kill(0, 'SIGTSTP');
			// Without a shell that could continue us (a process group of its own) the kernel ignores the signal: come back at once.
			setTimeout(resolve, 100);
		});
		awake = undefined;
		process.on('SIGTSTP', suspend);
		if (away()) {
			state = 'open';
			raw(true);
			arrive();
			resized();
		}
	};
	const away = () => state === 'away';
	const broken = (error: Error) => output.destroy(error);

	let closed: Promise<void> | undefined;
	const close = (): Promise<void> => closed ?? restore();
	const restore = () => {
		const ours = !away() && !screen.destroyed;
		state = 'closed';
		for (const [signal, listener] of signals) process.off(signal, listener);
		closed = ours
			? new Promise(resolve => {
					setTimeout(resolve, 1000).unref();
					send(farewell(), () => {
						block(screen, true);
						resolve();
					});
				})
			: Promise.resolve();
		// Only now what may fail: the tree may be what crashed, the input may be gone.
		try {
			painter?.unmount();
		} catch {}
		raw(false);
		streams.stdin.pause();
		stdin.unref();
		captured.release();
		return closed;
	};
	const exited = () => {
		const stuck = pending > 0;
		close();
		// What Node still holds dies with it. CAN ends a sequence that was cut in its middle.
		if (stuck) insist(screen.fd, `\x18${farewell()}`);
	};
	const signals = [
		['SIGWINCH', resized],
		['SIGCONT', continued],
		['SIGTSTP', suspend],
	] as const;

	for (const [signal, listener] of signals) process.on(signal, listener);
	process.on('exit', exited);
	screen.on('error', broken);
	// Who must know listens too; without a listener an error would end the program before the screen is back.
	output.on('error', () => {});
	stdin.on('error', () => {});
	// Ink does so too, later: what is typed until then must not be echoed.
	raw(true);
	arrive();

	return {
		stdout,
		stdin,
		size: () => size,
		refer: lines => references?.of(lines) ?? lines.join('\n'),
		show(lines) {
			frame = {lines, cursor: undefined};
			paint();
		},
		attach(ink) {
			painter = ink;
		},
		redraw,
		suspend,
		title(text) {
			const told = plain(text).slice(0, 200);
			if (told === title) return;
			title = told;
			if (state === 'open' && titled) send(named(title));
		},
		copy(text) {
			if (state === 'open') send(`\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`);
		},
		bytes: () => ({frames, bytes}),
		captured: captured.lines,
		get open() {
			return state !== 'closed';
		},
		close,
	};
}

/** A terminal that stopped reading must not stop the program: Node's writes to terminals block unless told otherwise. */
function block(stream: NodeJS.WriteStream, on: boolean): void {
	(stream as unknown as {_handle?: {setBlocking?: (on: boolean) => void}})._handle?.setBlocking?.(on);
}

/** Writes at the very end, for at most a second: later nobody could. */
function insist(fd: number, text: string): void {
	const bytes = Buffer.from(text);
	const pause = new Int32Array(new SharedArrayBuffer(4));
	for (let tries = 0, sent = 0; tries < 100 && sent < bytes.length; tries++) {
		try {
			sent += writeSync(fd, bytes, sent);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
			Atomics.wait(pause, 0, 0, 10);
		}
	}
}
