import {execFile} from 'node:child_process';
import {setTimeout as pause} from 'node:timers/promises';
import {promisify} from 'node:util';
import type {TestServer} from '../support/servers.ts';
import {findTool} from '../support/tools.ts';
import {median, quantile} from './figures.ts';
import type {Field} from './live.ts';

/** Milliseconds. */
const warmUp = 30_000;

const execute = promisify(execFile);

export type Throughput = {readonly watched: string; readonly median: number; readonly quartiles: readonly [number, number]};

/**
 * Transactions a second of a pgbench that takes what the machine gives: watched by nobody, and by each program at one refresh a second, in turns.
 * The programs run all the time, so that none is measured while it starts; who has no turn is stopped. pgbench has the first processor for itself and
 * the server's backends the second: left to the scheduler, figures jump between 13,000 and 20,000 by themselves.
 */
export async function throughput(server: TestServer, {contenders}: Field, rounds: number, seconds: number): Promise<readonly Throughput[] | string> {
	const pgbench = await findTool('pgbench');
	if (typeof pgbench === 'string') return pgbench;
	const {file} = pgbench;
	const run = async (...args: readonly string[]) =>
		(
			await execute('taskset', ['-c', '0', file, '-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', ...args, 'postgres'], {
				env: {...process.env, ...pgbench.env},
			})
		).stdout;
	// Without waiting for the disk: a server that is bound by its processors feels every watcher.
	await server.run('alter database postgres set synchronous_commit = off');
	await execute('taskset', ['-p', '-c', '1', String(server.pid)]);
	await run('-i', '-q', '-s', '10');
	const one = async () => Number(/tps = ([\d.]+)/.exec(await run('-n', '-M', 'prepared', '-c', '4', '-T', String(seconds)))?.[1]);
	const programs = contenders.filter(({tool, pane}) => tool !== 'pgperf' || pane === 'overview').map(({tool, start}) => ({tool, running: start(server.port)}));
	const nobody: {readonly watched: string; readonly pid?: number} = {watched: 'nobody'};
	const turns = [nobody, ...programs.map(({tool, running}) => ({watched: tool === 'pgperf' ? 'pgperf, overview' : tool, pid: running.pid}))].map(turn => ({
		...turn,
		figures: [] as number[],
	}));
	const signal = (turn: {readonly pid?: number}, name: NodeJS.Signals) => turn.pid !== undefined && process.kill(turn.pid, name);
	try {
		await one();
		await pause(warmUp);
		for (const turn of turns) signal(turn, 'SIGSTOP');
		for (let round = 0; round < rounds; round++) {
			// Who comes first changes: a server's tables and logs grow meanwhile.
			for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
				signal(turn, 'SIGCONT');
				turn.figures.push(await one());
				signal(turn, 'SIGSTOP');
			}
		}
	} finally {
		for (const turn of turns) signal(turn, 'SIGCONT');
		for (const {running} of programs) await running.end();
	}
	return turns.map(({watched, figures}) => ({
		watched,
		median: median(figures),
		quartiles: [quantile(figures, 0.25), quantile(figures, 0.75)],
	}));
}
