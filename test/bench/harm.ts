import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import type {TestServer} from '../support/servers.ts';
import {findTool} from '../support/tools.ts';
import {median, quantile} from './figures.ts';
import type {Field} from './live.ts';

const execute = promisify(execFile);

export type Throughput = {readonly watched: string; readonly median: number; readonly low: number; readonly high: number};

/** Transactions a second of a pgbench that takes what the machine gives: watched by nobody, and by each program at one refresh a second, in turns. */
export async function throughput(server: TestServer, {contenders}: Field, rounds: number, seconds: number): Promise<readonly Throughput[] | string> {
	const pgbench = await findTool('pgbench');
	if (typeof pgbench === 'string') return pgbench;
	const {file} = pgbench;
	const run = async (...args: readonly string[]) =>
		(await execute(file, ['-h', '127.0.0.1', '-p', String(server.port), '-U', 'postgres', ...args, 'postgres'], {env: {...process.env, ...pgbench.env}}))
			.stdout;
	// Without waiting for the disk: a server that is bound by its processors feels every watcher.
	await server.run('alter database postgres set synchronous_commit = off');
	await run('-i', '-q', '-s', '10');
	const one = async () => Number(/tps = ([\d.]+)/.exec(await run('-n', '-M', 'prepared', '-c', '4', '-T', String(seconds)))?.[1]);
	const watchers = [undefined, ...contenders.filter(({tool, pane}) => tool !== 'pgperf' || pane === 'overview')];
	const told = new Map(watchers.map(watcher => [watcher, [] as number[]]));
	await one();
	for (let round = 0; round < rounds; round++) {
		// Who comes first changes: a server's tables and logs grow meanwhile.
		for (const watcher of round % 2 === 0 ? watchers : watchers.toReversed()) {
			const watching = watcher?.start(server.port);
			await watching?.until(/conn \d+\/\d+|pgbench|postgres/);
			told.get(watcher)!.push(await one());
			await watching?.end();
		}
	}
	return [...told].map(([watcher, figures]) => ({
		watched: watcher ? `${watcher.tool}${watcher.tool === 'pgperf' ? `, ${watcher.pane}` : ''}` : 'nobody',
		median: median(figures),
		low: quantile(figures, 0.001),
		high: quantile(figures, 1),
	}));
}
