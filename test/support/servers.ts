import {after} from 'node:test';
import pg from 'pg';
import {binaries} from '../../source/demo/binaries.ts';
import {startPgBouncer} from '../../source/demo/pgbouncer.ts';
import {isProblem, type Problem} from '../../source/demo/problem.ts';
import {startRedis} from '../../source/demo/redis.ts';
import {openRoom, type Room} from '../../source/demo/room.ts';
import {seed} from '../../source/demo/seed.ts';
import {freePort, type Postgres, restartPostgres, startPostgres} from '../../source/demo/servers.ts';

export {majors} from '../../source/demo/binaries.ts';
export {freePort};

/**
 * A real PostgreSQL with trust for everybody, superuser `postgres`, pg_stat_statements preloaded and created in `postgres`.
 * It ends with the test process, however that ends; `stop` and `kill` are for tests that need the server gone.
 */
export type TestServer = {
	readonly major: number;
	/** `18.4` */
	readonly version: string;
	readonly host: '127.0.0.1';
	readonly port: number;
	readonly socketDir: string;
	readonly dataDir: string;
	/** stderr of the server. */
	readonly log: string;
	/** URI of the superuser and database `postgres`. */
	readonly conninfo: string;
	/** The postmaster. */
	readonly pid: number;
	readonly uri: (options?: {readonly user?: string; readonly database?: string}) => string;
	/** A connected client; an error that reaches it while idle is swallowed, as queries report theirs. End it, or let the process end. */
	readonly connect: (options?: {readonly user?: string; readonly database?: string}) => Promise<pg.Client>;
	/** Runs statements as the superuser on a connection of its own. */
	readonly run: (sql: string, database?: string) => Promise<void>;
	/** First column of the first row, as the superuser on a connection of its own; undefined without rows. */
	readonly value: (sql: string) => Promise<unknown>;
	readonly createDatabase: (name: string, sql?: string) => Promise<string>;
	/** `plain_role` may log in and no more; `monitor_role` is a member of pg_monitor; `signal_role` of pg_signal_backend too. */
	readonly createRoles: () => Promise<void>;
	readonly stop: () => Promise<void>;
	/** The same cluster on the same port. */
	readonly start: () => Promise<void>;
	readonly kill: (signal: NodeJS.Signals) => void;
	/** A streaming standby of this server, at any time in its life; `slot` is made before. */
	readonly addStandby: (name?: string, options?: {readonly slot?: string; readonly conf?: Readonly<Record<string, string>>}) => Promise<TestServer>;
	/** There with `standby: true`: named `standby`, on the slot `standby`. */
	readonly standby: TestServer | undefined;
};

/** A test that failed before it ended its clients must not keep the process waiting for them. */
const clients = new Set<pg.Client>();
if (process.env.NODE_TEST_CONTEXT) {
	after(async () => {
		for (const client of clients) client.end().catch(() => {});
		await opened?.close();
	});
}

let opened: Room | undefined;
let count = 0;

function room(): Room {
	opened ??= sure(openRoom());
	return opened;
}

function sure<T extends object>(value: T | Problem): T {
	if (isProblem(value)) throw new Error(value.problem);
	return value as T;
}

const defaults: Readonly<Record<string, string>> = {
	shared_preload_libraries: 'pg_stat_statements',
	max_prepared_transactions: '10',
	wal_level: 'logical',
	track_io_timing: 'on',
	shared_buffers: '32MB',
	// A standby can be made at any time: all WAL since the template is still there.
	wal_keep_size: '1GB',
	hot_standby: 'on',
};

export async function startServer(
	options: {
		readonly major?: number;
		readonly conf?: Readonly<Record<string, string>>;
		readonly standby?: boolean;
		/** Of the server's process, and of those that it starts. */
		readonly env?: NodeJS.ProcessEnv;
	} = {},
): Promise<TestServer> {
	const found = sure(await binaries(options.major ?? 18));
	const conf = {...defaults, ...options.conf};
	const name = `server-${++count}`;
	const postgres = sure(await startPostgres(room(), found, {name, conf, env: options.env}));
	const server = describe(postgres, conf);
	await server.run('create extension if not exists pg_stat_statements');
	return options.standby ? Object.assign(server, {standby: await server.addStandby()}) : server;
}

/** A server with the demo's databases, roles and data, but without its load: everything is in the database `shop`. */
export async function startShop(options: {readonly major?: number; readonly conf?: Readonly<Record<string, string>>} = {}): Promise<TestServer> {
	const server = await startServer({...options, conf: {timezone: 'UTC', ...options.conf}});
	await server.createDatabase('shop');
	await seed({host: server.host, port: server.port, database: 'shop'}, () => {});
	return server;
}

function describe(first: Postgres, conf: Readonly<Record<string, string>>): TestServer {
	let current = first;
	const uri: TestServer['uri'] = ({user = 'postgres', database = 'postgres'} = {}) => `postgresql://${user}@127.0.0.1:${first.port}/${database}`;
	const connect: TestServer['connect'] = async ({user = 'postgres', database = 'postgres'} = {}) => {
		const client = new pg.Client({host: '127.0.0.1', port: first.port, user, database, password: '', ssl: false});
		client.on('error', () => {});
		await client.connect();
		clients.add(client);
		client.on('end', () => clients.delete(client));
		return client;
	};
	const briefly = async <T>(database: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
		const client = await connect({database});
		try {
			return await work(client);
		} finally {
			await client.end();
		}
	};
	const run: TestServer['run'] = async (sql, database = 'postgres') => {
		await briefly(database, client => client.query(sql));
	};
	return {
		major: first.binaries.major,
		version: first.binaries.version,
		host: '127.0.0.1',
		port: first.port,
		socketDir: room().socket,
		dataDir: first.dir,
		log: first.log,
		conninfo: uri(),
		get pid() {
			return current.pid;
		},
		uri,
		connect,
		run,
		value: sql => briefly('postgres', async client => (await client.query({text: sql, rowMode: 'array'})).rows[0]?.[0]),
		createDatabase: async (name, sql) => {
			// Copying files is ten times as fast as writing the template through WAL, which is what 15 and newer do unless told.
			await run(`create database "${name}"${first.binaries.major >= 15 ? ' strategy file_copy' : ''}`);
			if (sql) await run(sql, name);
			return uri({database: name});
		},
		createRoles: async () => {
			await run(
				'create role plain_role login; create role monitor_role login in role pg_monitor; create role signal_role login in role pg_monitor, pg_signal_backend',
			);
		},
		stop: () => current.stop(),
		start: async () => {
			current = sure(await restartPostgres(room(), first.binaries, first.name, first.port));
		},
		kill: signal => current.kill(signal),
		addStandby: async (name = 'standby', options = {}) => {
			const slot = options.slot ?? `${name}`;
			await run(`select pg_create_physical_replication_slot('${slot}', true)`);
			const primary = {conninfo: `host=${room().socket} port=${first.port} user=postgres application_name=${name}`, slot};
			const cluster = {name: `${first.name}-${name}`, conf: {...conf, hot_standby_feedback: 'on', ...options.conf}, primary};
			return describe(sure(await startPostgres(room(), first.binaries, cluster)), conf);
		},
		standby: undefined,
	};
}

/**
 * A PgBouncer before a server, everybody trusted, admin console as user and database `postgres`/`pgbouncer`.
 * Undefined where there is none to be had: skip the test with that reason.
 */
export async function startPooler(
	server: TestServer,
	options: {readonly mode?: 'session' | 'transaction' | 'statement'; readonly size?: number; readonly passwords?: Readonly<Record<string, string>>} = {},
): Promise<{readonly port: number; readonly uri: TestServer['uri']; readonly stop: () => Promise<void>} | undefined> {
	const pooler = await startPgBouncer(room(), {
		name: `pgbouncer-${++count}`,
		databases: {'*': `host=127.0.0.1 port=${server.port} user=postgres`},
		mode: options.mode ?? 'transaction',
		size: options.size ?? 2,
		passwords: options.passwords,
	});
	if (isProblem(pooler)) return undefined;
	return {
		port: pooler.port,
		uri: ({user = 'postgres', database = 'postgres'} = {}) => `postgresql://${user}@127.0.0.1:${pooler.port}/${database}`,
		stop: pooler.stop,
	};
}

/**
 * A Redis of the test's own, empty, with `more` lines of redis.conf; with the flag `--sentinel` one that watches others. Undefined where there is
 * none to be had: skip the test with that reason.
 */
export async function startCache(
	more?: readonly string[],
	flags?: readonly string[],
): Promise<{readonly port: number; readonly url: string; readonly kill: (signal: NodeJS.Signals) => void; readonly stop: () => Promise<void>} | undefined> {
	const redis = await startRedis(room(), `redis-${++count}`, more, flags);
	return isProblem(redis) ? undefined : redis;
}

/** Asks until the answer satisfies; the last answer is in the error when it never does. */
export async function until<T>(ask: () => Promise<T> | T, satisfied: (answer: T) => boolean, patience = 20_000): Promise<T> {
	const deadline = Date.now() + patience;
	for (;;) {
		const answer = await ask();
		if (satisfied(answer)) return answer;
		if (Date.now() > deadline) throw new Error(`never came: the last answer was ${JSON.stringify(answer)}`);
		await new Promise(resolve => setTimeout(resolve, 20));
	}
}

/** The directories of this process's servers: gone once the process is. */
export function roomDirectories(): readonly string[] {
	return [room().dir, room().data];
}
