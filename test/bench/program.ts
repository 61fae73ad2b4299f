import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {spawn} from '@lydell/node-pty';

export type Burst = {readonly at: number; readonly end: number; readonly bytes: number};
/** A program in a pseudo-terminal that nobody looks at: what it sends is counted, not drawn. */
export type Program = {
	readonly pid: number;
	/** performance.now() of the spawn. */
	readonly started: number;
	/** Milliseconds from the spawn until the text without its escape sequences matches; rejects after 20 s and when the program ends. */
	until(pattern: RegExp): Promise<number>;
	/** Milliseconds from a key until the end of the frame that follows; undefined when none came in time. */
	key(bytes: string, limitMs?: number): Promise<{readonly ms: number; readonly bytes: number} | undefined>;
	send(bytes: string): void;
	readonly bytes: number;
	/** Seconds of all its threads until now. */
	cpu(): number;
	/** Resident megabytes. */
	memory(): number;
	end(): Promise<void>;
};

const running = new Set<number>();
process.on('exit', () => {
	for (const pid of running) kill(pid, 'SIGKILL');
});

function kill(pid: number, signal: NodeJS.Signals): void {
	for (const target of [-pid, pid]) {
		try {
			process.kill(target, signal);
		} catch {
			// It has ended.
		}
	}
}

export function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Program {
	const started = performance.now();
	const pty = spawn(command, [...args], {
		cols: 180,
		rows: 50,
		cwd: '/',
		env: {PATH: process.env.PATH ?? '', TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env},
		encoding: null,
	});
	running.add(pty.pid);
	let bytes = 0;
	let text = '';
	let ended = false;
	const watching = new Set<(chunk: string) => void>();
	const exit = new Promise<void>(resolve => {
		pty.onExit(() => {
			ended = true;
			running.delete(pty.pid);
			for (const look of watching) look('');
			resolve();
		});
	});
	(pty.onData as unknown as (listener: (data: Buffer) => void) => void)(data => {
		bytes += data.length;
		const chunk = data.toString('latin1');
		// Kept for what has just started; a screen is about 20 kB.
		text = (text + chunk).slice(-100_000);
		for (const look of watching) look(chunk);
	});
	return {
		pid: pty.pid,
		started,
		until: pattern =>
			new Promise((resolve, reject) => {
				const stop = () => {
					clearTimeout(limit);
					watching.delete(look);
				};
				const look = () => {
					const plain = text.replace(/\x1b(?:\[[\d;?]*[A-Za-z]|\][^\x07]*\x07|[()].|[=>78])/g, '');
					if (pattern.test(plain)) {
						stop();
						resolve(performance.now() - started);
					} else if (ended) {
						stop();
						reject(new Error(`${command} ended before ${pattern}: ${plain.slice(-500)}`));
					}
				};
				const limit = setTimeout(() => {
					stop();
					reject(new Error(`${command}: no ${pattern} within 20 s: ${text.slice(-500)}`));
				}, 20_000);
				watching.add(look);
				look();
			}),
		key: (sent, limitMs = 5000) =>
			new Promise(resolve => {
				const from = performance.now();
				const before = bytes;
				let settle: NodeJS.Timeout | undefined;
				const done = (result: {ms: number; bytes: number} | undefined) => {
					clearTimeout(settle);
					clearTimeout(limit);
					watching.delete(look);
					resolve(result);
				};
				const limit = setTimeout(() => done(undefined), limitMs);
				let last = 0;
				const look = (chunk: string) => {
					if (ended) return done(undefined);
					last = performance.now();
					// The end of a synchronized update is the end of a frame; programs without it are done when nothing more comes.
					if (chunk.includes('\x1b[?2026l')) return done({ms: last - from, bytes: bytes - before});
					clearTimeout(settle);
					settle = setTimeout(() => done({ms: last - from, bytes: bytes - before}), 40);
				};
				watching.add(look);
				pty.write(sent);
			}),
		send: sent => pty.write(sent),
		get bytes() {
			return bytes;
		},
		cpu: () => cpuOf(pty.pid),
		memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pty.pid}/status`, 'utf8'))?.[1]) / 1024,
		async end() {
			if (!ended) {
				kill(pty.pid, 'SIGTERM');
				const limit = setTimeout(() => kill(pty.pid, 'SIGKILL'), 2000);
				await exit;
				clearTimeout(limit);
			}
		},
	};
}

/** From the scheduler, in nanoseconds; the ticks of /proc/PID/stat are ten milliseconds long. */
function cpuOf(pid: number): number {
	let sum = 0;
	for (const thread of readdirSync(`/proc/${pid}/task`)) {
		const file = `/proc/${pid}/task/${thread}/schedstat`;
		if (existsSync(file)) sum += Number(readFileSync(file, 'utf8').split(' ')[0]);
	}
	return sum / 1e9;
}
