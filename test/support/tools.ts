import {execFile} from 'node:child_process';
import {existsSync, globSync} from 'node:fs';
import path from 'node:path';
import {promisify} from 'node:util';
import {cacheDirectory} from '../../source/demo/cache.ts';
import {libraries, unpacked} from '../../source/demo/debian.ts';

const execute = promisify(execFile);

/** `file` is run (libfaketime's is preloaded), with `env` beside everything else that it needs. */
export type Tool = {readonly file: string; readonly env: Readonly<Record<string, string>>};

type Wanted = {readonly package: string /** Below the root of the package: a pattern. */; readonly file: string};
const wanted = {
	tmux: {package: 'tmux', file: 'usr/bin/tmux'},
	screen: {package: 'screen', file: 'usr/bin/screen'},
	openssl: {package: 'openssl', file: 'usr/bin/openssl'},
	// Not the one in /usr/bin, which is a wrapper of Debian's that starts this one, slowly.
	psql: {package: 'postgresql-client', file: 'usr/lib/postgresql/*/bin/psql'},
	pgbench: {package: 'postgresql', file: 'usr/lib/postgresql/*/bin/pgbench'},
	faketime: {package: 'libfaketime', file: `${libraries}/faketime/libfaketime.so.1`},
} as const satisfies Readonly<Record<string, Wanted>>;
export type ToolName = keyof typeof wanted;

/** The tool of this machine, else Debian's, fetched into the cache without being installed; else the sentence to skip with. */
export async function findTool(name: ToolName): Promise<Tool | string> {
	const {package: packageName, file} = wanted[name];
	const installed = newest('/', file) ?? onPath(name);
	if (installed) return {file: installed, env: {}};
	const root = path.join(cacheDirectory(), name);
	const lack = newest(root, file) ? undefined : await fetched(name, packageName, file);
	if (lack !== undefined) return `${name} is not installed, and ${lack}: install ${packageName}`;
	return {
		file: newest(root, file)!,
		env: {
			// Some of Debian's packages still have theirs outside /usr.
			LD_LIBRARY_PATH: [libraries, libraries.replace('usr/', '')].map(place => path.join(root, place)).join(':'),
			// It looks for this only where the package would have been installed.
			...(name === 'openssl' ? {OPENSSL_CONF: path.join(root, 'etc/ssl/openssl.cnf')} : {}),
		},
	};
}

function onPath(name: string): string | undefined {
	const places = (process.env.PATH ?? '').split(path.delimiter).filter(place => path.isAbsolute(place));
	return places.map(place => path.join(place, name)).find(file => existsSync(file));
}

function newest(root: string, pattern: string): string | undefined {
	const version = (file: string) => Number(/\/(\d+)\//.exec(file)?.[1] ?? 0);
	const [file] = globSync(pattern, {cwd: root}).sort((a, b) => version(b) - version(a));
	return file && path.join(root, file);
}

/** Undefined once it lies in the cache; else why it could not be brought. */
async function fetched(name: string, packageName: string, file: string): Promise<string | undefined> {
	if (process.platform !== 'linux') return 'there are no packages of Debian here';
	try {
		const {stdout: depends} = await execute('/usr/bin/apt-cache', ['depends', packageName]);
		// Some packages only name the one of today's version.
		const versioned = [...depends.matchAll(/^\s*Depends: (\S+)$/gm)]
			.map(match => match[1]!)
			.find(other => other.startsWith(`${packageName}-`) && /\d$/.test(other));
		const {stdout: plan} = await execute('/usr/bin/apt-get', ['--simulate', '--no-install-recommends', 'install', packageName]);
		// Of what would be installed with it: its libraries. A second C library does not go with the loader of the first, and nothing here is written in Perl.
		const needed = [...plan.matchAll(/^Inst (lib\S+)/gm)].map(match => match[1]!).filter(library => !/^lib(c6|gcc-s1)$|perl/.test(library));
		const version = /\d+$/.exec(versioned ?? '')?.[0] ?? '';
		const packages = [...new Set([versioned ?? packageName, ...needed])];
		if (await unpacked(name, packages, file.replace('*', version))) return undefined;
		return `apt-get could not download ${packages.join(', ')}`;
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'there is no apt-get to fetch it with';
		return 'apt knows no such package here (its lists are empty until `apt-get update` has run)';
	}
}
