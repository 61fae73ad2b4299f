import {type ChildProcess, spawn} from 'node:child_process';
import {rmSync} from 'node:fs';
import {setTimeout as pause} from 'node:timers/promises';
import {processesIn} from './processes.ts';
import {programArguments} from './program.ts';

/**
 * Starts a process that outlives us and holds nothing but the end of a pipe: however we end, also by kill -9, the pipe breaks,
 * and the guard ends what runs in the directories and removes them. Has to run before the first server does.
 */
export function startGuard(directories: readonly string[]): {readonly release: () => Promise<void>} {
	let guardian = watch(directories);
	let released = false;
	let replacements = 0;
	const replace = () => {
		// Somebody ended it: without a guard we could leave everything behind. One that can't live is not born for ever.
		if (!released && replacements++ < 5) guardian = watch(directories).once('exit', replace);
	};
	guardian.once('exit', replace);
	return {
		release: () =>
			new Promise(resolve => {
				released = true;
				if (guardian.exitCode !== null || guardian.signalCode !== null || guardian.pid === undefined) return resolve();
				guardian.ref();
				guardian.once('exit', () => resolve());
				guardian.stdin?.end();
			}),
	};
}

function watch(directories: readonly string[]): ChildProcess {
	const child = spawn(process.execPath, [...programArguments('guard'), ...directories], {
		cwd: '/',
		env: {PATH: process.env.PATH},
		stdio: ['pipe', 'ignore', 'ignore'],
		// A session of its own: Ctrl-C in the terminal must not reach it.
		detached: true,
	});
	child.on('error', () => {});
	child.stdin.on('error', () => {});
	child.unref();
	// The stream of a child's stdin is a socket, which can be unreferenced; the type only knows the stream.
	(child.stdin as unknown as {unref(): void}).unref();
	return child;
}

/** The guard itself: waits for the end of its stdin, then clears. */
export async function guard(directories: readonly string[]): Promise<number> {
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
	process.stdin.resume();
	await new Promise(resolve => process.stdin.once('close', resolve).once('end', resolve).once('error', resolve));
	await clear(directories);
	return 0;
}

/** Ends everything that runs in the directories and removes them. The data are thrown away, so servers need no orderly shutdown. */
export async function clear(directories: readonly string[]): Promise<void> {
	for (const [signal, patience] of [
		['SIGQUIT', 1500],
		['SIGKILL', 1500],
	] as const) {
		const deadline = Date.now() + patience;
		for (let round = 0; ; round++) {
			const left = processesIn(directories);
			if (left.length === 0) break;
			const pids = new Set(left.map(({pid}) => pid));
			// A server ends its own children; one that was stopped hears nothing before it continues.
			const heads = signal === 'SIGKILL' ? left : left.filter(({parent}) => !pids.has(parent));
			if (round === 0 || signal === 'SIGKILL') for (const {pid} of heads) for (const name of [signal, 'SIGCONT'] as const) send(pid, name);
			if (Date.now() > deadline) break;
			await pause(20);
		}
	}
	for (const directory of directories) rmSync(directory, {recursive: true, force: true, maxRetries: 3});
}

function send(pid: number, signal: NodeJS.Signals): void {
	try {
		process.kill(pid, signal);
	} catch {}
}
