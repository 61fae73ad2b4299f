import {constants} from 'node:os';
import {spoken} from '../plain.ts';
import {waitAtMost} from './patience.ts';
import type {Terminal} from './terminal.ts';

/** The signals that end a program and can be caught; the rarer ones so that the terminal is restored for them too. At SIGUSR1 Node would open a port for debuggers and print into the picture. */
const deadly = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGABRT', 'SIGALRM', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU', 'SIGVTALRM'] as const;
/** Longest time for `quit` in milliseconds: whoever ends us is not kept waiting by a server that hangs. */
const patience = 2000;

/**
 * Whatever ends the program restores the terminal first, then lets `quit` say goodbye (the audit), prints one line to stderr, and exits:
 * 128 + n for a signal, 129 when the terminal is gone, 70 for a defect. Returns the function that takes the listeners away.
 */
export function onSignals(terminal: Terminal, handlers: {quit(signal: NodeJS.Signals): Promise<void> | void}): () => void {
	let ending = false;
	const end = async (signal: NodeJS.Signals, line: string, code: number) => {
		if (ending) {
			// Asked twice to end, no longer waits for the goodbye. But a lost line hangs up twice: once the terminal, once its shell.
			if (signal !== 'SIGHUP') process.exit(code);
			return;
		}
		ending = true;
		const restored = terminal.close();
		try {
			process.stderr.write(`${spoken(line)}\n`);
			await waitAtMost(patience, Promise.resolve(handlers.quit(signal)));
			await restored;
		} finally {
			process.exit(code);
		}
	};
	const gone = () => {
		void end('SIGHUP', 'pgperf: the terminal is gone', 128 + constants.signals.SIGHUP);
	};
	const crashed = (thrown: unknown) => {
		// What breaks while the program is torn down must not cut the goodbye.
		if (!ending) void end('SIGTERM', `pgperf: internal error: ${told(thrown)}`, 70);
	};

	const listeners = deadly.map(signal => [signal, () => void end(signal, `pgperf: ended by ${signal}`, 128 + constants.signals[signal])] as const);
	for (const [signal, listener] of listeners) process.on(signal, listener);
	process.on('uncaughtException', crashed);
	process.on('unhandledRejection', crashed);
	for (const event of ['end', 'error', 'close']) terminal.stdin.on(event, gone);
	terminal.stdout.on('error', gone);
	process.stderr.on('error', ignore);

	return () => {
		for (const [signal, listener] of listeners) process.off(signal, listener);
		process.off('uncaughtException', crashed);
		process.off('unhandledRejection', crashed);
		for (const event of ['end', 'error', 'close']) terminal.stdin.off(event, gone);
		terminal.stdout.off('error', gone);
		process.stderr.off('error', ignore);
	};
}

function ignore(): void {}

/** One line, harmless, without the password of a URL; the trace when PGPERF_DEBUG asks for it. */
function told(thrown: unknown): string {
	const text = thrown instanceof Error ? `${thrown.message}${process.env.PGPERF_DEBUG ? `\n${thrown.stack}` : ''}` : String(thrown);
	return text
		.replace(/:\/\/[^@\s/]*@/g, '://***@')
		.replace(/[^\P{Cc}\n]/gu, ' ')
		.split('\n', process.env.PGPERF_DEBUG ? 50 : 1)
		.join('\n');
}
