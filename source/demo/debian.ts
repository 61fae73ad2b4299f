import {execFile} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {cacheDirectory, draft, keep} from './cache.ts';

const execute = promisify(execFile);

/** A program on the PATH or where it is usually installed; `name` may have a twin (`valkey-server`). */
export function installed(names: readonly string[]): string | undefined {
	const places = [
		...(process.env.PATH ?? '').split(':'),
		'/usr/bin',
		'/usr/sbin',
		'/usr/local/bin',
		'/opt/homebrew/bin',
		'/opt/homebrew/opt/redis/bin',
		'/opt/homebrew/opt/valkey/bin',
	];
	return places.flatMap(place => names.map(name => join(place, name))).find(path => path.startsWith('/') && existsSync(path));
}

/** A package's files below the cache, not installed: no root, no daemon, the system stays as it is. Undefined where there is no apt, or it has no lists. */
export async function unpacked(name: string, packages: readonly string[], program: string): Promise<string | undefined> {
	const place = join(cacheDirectory(), name);
	if (existsSync(join(place, program))) return place;
	if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg')) return undefined;
	const directory = await draft(cacheDirectory());
	if (typeof directory !== 'string') return undefined;
	try {
		const known = await available(packages);
		await execute('/usr/bin/apt-get', ['download', '-q', ...known], {cwd: directory, timeout: 60_000});
		const root = join(directory, 'root');
		mkdirSync(root);
		for (const file of readdirSync(directory).filter(file => file.endsWith('.deb'))) await execute('/usr/bin/dpkg', ['-x', join(directory, file), root]);
		if (!existsSync(join(root, program))) return undefined;
		keep(root, place);
		return place;
	} catch {
		return undefined;
	} finally {
		rmSync(directory, {recursive: true, force: true});
	}
}

/** Libraries are named differently from release to release: of all candidates those that this one has. */
async function available(packages: readonly string[]): Promise<readonly string[]> {
	const {stdout} = await execute('/usr/bin/apt-cache', ['policy', ...packages]);
	return [...stdout.matchAll(/^(\S+):\n\s+Installed: .*\n\s+Candidate: (?!\(none\))/gm)].map(match => match[1]!);
}

/** Where an unpacked package keeps its libraries, below its root. */
export const libraries = `usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
