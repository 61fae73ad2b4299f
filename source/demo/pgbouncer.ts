import {chownSync, readFileSync, writeFileSync} from 'node:fs';
import {createConnection} from 'node:net';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {installed, libraries, unpacked} from './debian.ts';
import type {Problem} from './problem.ts';
import {type Room, reachable} from './room.ts';
import {freePort, lastWords, type Server, spawnServer} from './servers.ts';

export type Pooler = {
	readonly name: string;
	/** Name for clients to libpq's keyword/value string of the server behind. */
	readonly databases: Readonly<Record<string, string>>;
	readonly mode: 'session' | 'transaction' | 'statement';
	/** Connections to the server per database and user. */
	readonly size: number;
	/** Who may log in, with which password; without it everybody may, as anybody. */
	readonly passwords?: Readonly<Record<string, string>>;
};

/** A PgBouncer on a free port, with `postgres` as its admin and `stats` who may only look: PGPERF_PGBOUNCER, else the PATH, else fetched from the distribution's archive into the cache. */
export async function startPgBouncer(room: Room, pooler: Pooler): Promise<Server | Problem> {
	const found = await findPgBouncer(room);
	if (!found) return {problem: 'PgBouncer is left out: there is no pgbouncer on the PATH (apt install pgbouncer, brew install pgbouncer).'};
	for (let attempt = 1; ; attempt++) {
		const port = await freePort();
		const file = join(room.dir, `${pooler.name}.ini`);
		give(room, file, settings(pooler, port, join(room.dir, `${pooler.name}.users`)));
		give(
			room,
			join(room.dir, `${pooler.name}.users`),
			Object.entries(pooler.passwords ?? {}).map(([user, password]) => `"${user}" "${password}"`),
		);
		const server = spawnServer(room, {
			name: pooler.name,
			port,
			program: found.program,
			arguments: [file],
			env: found.env,
			fast: 'SIGTERM',
			immediate: 'SIGKILL',
		});
		if (await ready(server)) return server;
		await server.stop();
		if (attempt === 3) return {problem: `PgBouncer is left out: it did not start: ${lastWords(readFileSync(server.log, 'utf8'))}`};
	}
}

/** What a pooled client must not see may stand in these files. */
function give(room: Room, file: string, lines: readonly string[]): void {
	writeFileSync(file, `${lines.join('\n')}\n`, {mode: 0o600});
	if (room.account) chownSync(file, room.account.uid, room.account.gid);
}

function settings(pooler: Pooler, port: number, users: string): readonly string[] {
	return [
		'[databases]',
		...Object.entries(pooler.databases).map(([name, conninfo]) => `${name} = ${conninfo}`),
		'[pgbouncer]',
		'listen_addr = 127.0.0.1',
		`listen_port = ${port}`,
		'unix_socket_dir =',
		...(pooler.passwords ? ['auth_type = scram-sha-256', `auth_file = ${users}`] : ['auth_type = any']),
		'admin_users = postgres',
		'stats_users = stats',
		`pool_mode = ${pooler.mode}`,
		`default_pool_size = ${pooler.size}`,
		'max_client_conn = 200',
	];
}

async function findPgBouncer(room: Room): Promise<{readonly program: string; readonly env?: NodeJS.ProcessEnv} | undefined> {
	const program = process.env.PGPERF_PGBOUNCER || installed(['pgbouncer']);
	if (program) return {program};
	const root = await unpacked('pgbouncer', ['pgbouncer', 'libevent-2.1-7', 'libevent-2.1-7t64', 'libc-ares2', 'libcares2'], 'usr/sbin/pgbouncer');
	if (!root) return undefined;
	const place = reachable(room, root, 'pgbouncer');
	return {program: join(place, 'usr/sbin/pgbouncer'), env: {LD_LIBRARY_PATH: join(place, libraries)}};
}

async function ready(server: Server): Promise<boolean> {
	for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
		await pause(10);
		if (!server.running()) return false;
		if (await listens(server.port)) return server.running();
	}
	return false;
}

function listens(port: number): Promise<boolean> {
	return new Promise(resolve => {
		const socket = createConnection({port, host: '127.0.0.1'}, () => resolve(true));
		socket.on('error', () => resolve(false));
		socket.on('connect', () => socket.destroy());
	});
}
