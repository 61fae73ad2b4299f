import {accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {homedir} from 'node:os';
import {join} from 'node:path';
import {codeOf, type Problem} from './problem.ts';
import {alive} from './processes.ts';

/** Where binaries and templates are kept between runs: PGPERF_CACHE, else $XDG_CACHE_HOME/pgperf, else ~/.cache/pgperf. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
	return env.PGPERF_CACHE || (env.XDG_CACHE_HOME ? join(env.XDG_CACHE_HOME, 'pgperf') : join(homedir(), '.cache', 'pgperf'));
}

/** A directory of our own inside the cache, to be filled and then moved into place by `keep`. */
export async function draft(cache: string): Promise<string | Problem> {
	try {
		mkdirSync(cache, {recursive: true});
		accessSync(cache, constants.W_OK);
		removeDeadDrafts(cache);
		const directory = await mkdtemp(join(cache, `draft-${process.pid}-`));
		// Ctrl-C in the middle of a download.
		process.once('exit', () => rmSync(directory, {recursive: true, force: true}));
		return directory;
	} catch (error) {
		return {problem: `The cache ${cache} can't be written (${codeOf(error)}): set PGPERF_CACHE to a directory that can.`};
	}
}

/** Renaming is atomic: another process sees the whole directory or none. If one was quicker, its result is as good as ours. */
export function keep(from: string, to: string): void {
	try {
		renameSync(from, to);
	} catch (error) {
		if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) throw error;
	}
}

/** A process that was killed during a download could not take its draft away. */
function removeDeadDrafts(cache: string): void {
	for (const name of readdirSync(cache)) {
		const pid = /^draft-(\d+)-/.exec(name)?.[1];
		if (pid !== undefined && !alive(Number(pid))) rmSync(join(cache, name), {recursive: true, force: true});
	}
}
