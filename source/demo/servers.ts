import {type ChildProcess, execFile, spawn} from 'node:child_process';
import {accessSync, appendFileSync, closeSync, constants, existsSync, openSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {dirname, join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {promisify} from 'node:util';
import type {Binaries} from './binaries.ts';
import {cacheDirectory, draft, keep} from './cache.ts';
import {codeOf, messageOf, type Problem} from './problem.ts';
import {copyCluster, discard, type Room, reachable} from './room.ts';

const execute = promisify(execFile);

/** A running server that is our child. `signal` null: it ended by itself. */
export type Server = {
	readonly name: string;
	readonly pid: number;
	readonly port: number;
	/** Everything that it wrote to stderr. */
	readonly log: string;
	readonly running: () => boolean;
	readonly kill: (signal: NodeJS.Signals) => void;
	/** Fast shutdown, after 5 s an immediate one. */
	readonly stop: () => Promise<void>;
};
export type Postgres = Server & {readonly dir: string; readonly binaries: Binaries};

export type Cluster = {
	/** Also its directory within the room. */
	readonly name: string;
	readonly conf: Readonly<Record<string, string>>;
	/** Lines of pg_hba.conf instead of trust for everybody. */
	readonly hba?: readonly string[];
	/** Where a standby streams from: libpq's keyword/value string. The slot, if named, has to exist. */
	readonly primary?: {readonly conninfo: string; readonly slot?: string};
	/** Beside what every server gets. */
	readonly env?: NodeJS.ProcessEnv;
};

/** Locales other than C may be missing, and inherited PG* variables do harm. */
const environment = {PATH: process.env.PATH, LC_ALL: 'C'};

/** Makes a cluster from the template and starts it. Every cluster of a version is a copy of one template, so that any can follow any other. */
export async function startPostgres(room: Room, binaries: Binaries, cluster: Cluster): Promise<Postgres | Problem> {
	const template = await templateOf(room, binaries);
	if (typeof template !== 'string') return template;
	const dir = join(room.data, cluster.name);
	try {
		copyCluster(template, dir, room.account);
		if (cluster.hba) writeFileSync(join(dir, 'pg_hba.conf'), `${cluster.hba.join('\n')}\n`);
		if (cluster.primary) writeFileSync(join(dir, 'standby.signal'), '');
		appendFileSync(join(dir, 'postgresql.conf'), settings(room, cluster));
	} catch (error) {
		discard(dir);
		return {
			problem: `The cluster ${dir} could not be made (${codeOf(error)}): is there space left in ${dirname(room.data) === room.dir ? dirname(room.dir) : dirname(room.data)}?`,
		};
	}
	return restartPostgres(room, binaries, cluster.name, undefined, cluster.env);
}

/** Starts a cluster of the room: on a free port, or on the one that it had. */
export async function restartPostgres(room: Room, binaries: Binaries, name: string, samePort?: number, env?: NodeJS.ProcessEnv): Promise<Postgres | Problem> {
	const dir = join(room.data, name);
	for (let attempt = 1; ; attempt++) {
		const port = samePort ?? (await freePort());
		const server = spawnServer(room, {
			name,
			port,
			program: join(programs(room, binaries), 'postgres'),
			arguments: ['-D', dir, '-p', String(port)],
			env,
			fast: 'SIGINT',
			immediate: 'SIGQUIT',
		});
		if (await ready(server, join(dir, 'postmaster.pid'))) return {...server, dir, binaries};
		await server.stop();
		const said = readFileSync(server.log, 'utf8');
		// Somebody else may have taken the port between finding and using it.
		if (attempt === 3 || samePort !== undefined || !/Address already in use|could not bind/.test(said))
			return {problem: `PostgreSQL ${binaries.version} did not start: ${lastWords(said)}`};
	}
}

function settings(room: Room, cluster: Cluster): string {
	const lines = {
		unix_socket_directories: room.socket,
		listen_addresses: '127.0.0.1',
		// Nothing here has to survive a crash.
		fsync: 'off',
		synchronous_commit: 'off',
		full_page_writes: 'off',
		// Segments lie in the cluster's directory and vanish with it; those of the default would outlive a server that is killed.
		dynamic_shared_memory_type: 'mmap',
		...(cluster.primary
			? {primary_conninfo: cluster.primary.conninfo, primary_slot_name: cluster.primary.slot ?? '', wal_retrieve_retry_interval: '200ms'}
			: {}),
		...cluster.conf,
	};
	return `\n${Object.entries(lines)
		.map(([key, value]) => `${key} = '${value.replaceAll("'", "''")}'`)
		.join('\n')}\n`;
}

function programs(room: Room, binaries: Binaries): string {
	const root = dirname(binaries.bin);
	return existsSync(join(root, 'pg-symlinks.json')) ? join(reachable(room, root, `postgresql-${binaries.version}`), 'bin') : binaries.bin;
}

/** A cache that several accounts share holds clusters that only their maker may read. */
function readable(path: string): boolean {
	try {
		accessSync(path, constants.R_OK | constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

const building = new Map<string, Promise<string | Problem>>();

/** A fresh cluster to copy from, kept in the cache; where the cache can't be written, in the room. */
async function templateOf(room: Room, binaries: Binaries): Promise<string | Problem> {
	const cache = cacheDirectory();
	const place = join(cache, `cluster-${binaries.version}`);
	if (readable(place)) return place;
	const local = join(room.data, `template-${binaries.version}`);
	if (!building.has(local)) building.set(local, buildTemplate(room, binaries, local));
	const built = await building.get(local)!;
	if (typeof built !== 'string') return built;
	const directory = await draft(cache);
	if (typeof directory !== 'string') return local;
	try {
		copyCluster(local, join(directory, 'cluster'), undefined);
		keep(join(directory, 'cluster'), place);
	} catch {
		// No space to keep it: the next run makes it again.
	} finally {
		discard(directory);
	}
	return local;
}

async function buildTemplate(room: Room, binaries: Binaries, place: string): Promise<string | Problem> {
	try {
		await execute(join(programs(room, binaries), 'initdb'), ['-D', place, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'], {
			cwd: '/',
			env: environment,
			...identity(room),
		});
		return place;
	} catch (error) {
		const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : messageOf(error);
		return {problem: `initdb of PostgreSQL ${binaries.version} failed: ${lastWords(said)}`};
	}
}

function identity(room: Room): {readonly uid?: number; readonly gid?: number} {
	return room.account ? {uid: room.account.uid, gid: room.account.gid} : {};
}

export type Program = {
	readonly name: string;
	readonly port: number;
	readonly program: string;
	/** What it calls itself, if not by the path of its file. */
	readonly title?: string;
	readonly arguments: readonly string[];
	readonly env?: NodeJS.ProcessEnv;
	readonly fast: NodeJS.Signals;
	readonly immediate: NodeJS.Signals;
};

/** Starts a server as our child in a session of its own: Ctrl-C in the terminal has to reach the console alone. */
export function spawnServer(room: Room, program: Program): Server {
	// What is started behind the guard's back would stay for ever.
	if (room.closed()) throw new Error(`${program.name} was to be started while everything ends`);
	const log = join(room.dir, `${program.name}.log`);
	// A pipe that nobody empties would stop the server at 64 kB.
	const output = openSync(log, 'a', 0o600);
	const child = spawn(program.program, [...program.arguments], {
		argv0: program.title,
		cwd: '/',
		env: {...environment, ...program.env},
		stdio: ['ignore', output, output],
		detached: true,
		...identity(room),
	});
	closeSync(output);
	child.unref();
	child.on('error', error => appendFileSync(log, `${program.program} could not be started: ${codeOf(error)}\n`));
	const running = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
	return {
		name: program.name,
		pid: child.pid ?? -1,
		port: program.port,
		log,
		running,
		kill: signal => {
			if (running()) child.kill(signal);
		},
		stop: () => stop(child, running, program),
	};
}

async function stop(child: ChildProcess, running: () => boolean, program: Program): Promise<void> {
	if (!running()) return;
	const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
	const timers = [setTimeout(() => child.kill(program.immediate), 5000), setTimeout(() => child.kill('SIGKILL'), 8000)];
	child.ref();
	child.kill(program.fast);
	// A stopped process hears nothing before it continues.
	child.kill('SIGCONT');
	await gone;
	timers.forEach(clearTimeout);
}

/** What pg_ctl waits for: line 8 of postmaster.pid. */
async function ready(server: Server, pidFile: string): Promise<boolean> {
	for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
		await pause(10);
		if (!server.running()) return false;
		const lines = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n') : [];
		if (Number(lines[0]) === server.pid && /^(ready|standby)/.test(lines[7] ?? '')) return true;
	}
	return false;
}

/** A port of 127.0.0.1 that nobody uses now. */
export async function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const probe = createServer();
		probe.once('error', reject);
		probe.listen(0, '127.0.0.1', () => {
			const address = probe.address();
			probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
		});
	});
}

export function lastWords(text: string): string {
	const lines = text.split('\n').map(line => line.trim());
	return (
		lines
			.filter(line => /FATAL|ERROR|error|could not|denied/.test(line))
			.slice(-2)
			.join(' ') ||
		lines.filter(Boolean).at(-1) ||
		'it said nothing'
	);
}
