import {spawn} from '@lydell/node-pty';
import {until} from './servers.ts';
import {program} from './top.ts';

/** The built program in a pseudo-terminal that nobody draws: for what is asked of every byte that it sends. */
export type Transcript = {
	readonly pid: number;
	/** All of it, as it was sent. */
	readonly sent: string;
	/** Until something was sent since. A key that changes nothing sends nothing: the next answer does. */
	press(keys: string): Promise<void>;
	end(): Promise<void>;
};

/** Live before it is returned. */
export async function openTranscript(
	words: readonly string[],
	{columns, rows, cwd, env}: {readonly columns: number; readonly rows: number; readonly cwd: string; readonly env: Readonly<Record<string, string>>},
): Promise<Transcript> {
	const pty = spawn(process.execPath, [program, ...words], {cols: columns, rows, cwd, env, encoding: 'utf8'});
	process.once('exit', () => pty.kill('SIGKILL'));
	let sent = '';
	pty.onData(data => {
		sent += data;
	});
	const ended = new Promise<void>(resolve => pty.onExit(() => resolve()));
	const transcript: Transcript = {
		pid: pty.pid,
		get sent() {
			return sent;
		},
		async press(keys) {
			const before = sent.length;
			pty.write(keys);
			await until(
				() => sent.length,
				length => length > before,
			);
		},
		async end() {
			pty.kill('SIGTERM');
			await ended;
		},
	};
	try {
		await until(
			() => sent,
			text => /live/.test(text),
		);
	} catch (error) {
		await transcript.end();
		throw error;
	}
	return transcript;
}
