import {type ChildProcess, spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {closeSync, openSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as pause} from 'node:timers/promises';
import pg from 'pg';
import {binaries, type Progress} from './binaries.ts';
import {startPgBouncer} from './pgbouncer.ts';
import {isProblem, messageOf, type Problem} from './problem.ts';
import {programArguments} from './program.ts';
import {type RedisServer, startRedis} from './redis.ts';
import {openRoom, type Room} from './room.ts';
import {type Postgres, type Server, startPostgres} from './servers.ts';

export type Stack = {
	/** URI of the primary's database `shop`, with the superuser's password. */
	readonly conninfo: string;
	readonly replica: string | undefined;
	readonly redis: string | undefined;
	/** The admin console. */
	readonly pgbouncer: string | undefined;
	/** A configuration that knows which cache tag a notification of the application means. */
	readonly config: string;
	/** Sentences about what could not be had. */
	readonly notes: readonly string[];
	/** Resolves when every symptom is there, or with the reason why it won't be. */
	readonly ready: Promise<Problem | undefined>;
	readonly close: () => Promise<void>;
};

export type StackOptions = {readonly load: 'light' | 'heavy' | 'none'; readonly onProgress: Progress; readonly onRoom?: (room: Room) => void};

/** What docker-compose.yml sets too. */
export const settings: Readonly<Record<string, string>> = {
	timezone: 'UTC',
	wal_level: 'logical',
	max_connections: '250',
	shared_buffers: '24MB',
	shared_preload_libraries: 'pg_stat_statements',
	track_io_timing: 'on',
	track_commit_timestamp: 'on',
	max_prepared_transactions: '10',
	min_wal_size: '32MB',
	max_wal_size: '128MB',
	// The slot that nobody reads must not fill the machine's memory.
	max_slot_wal_keep_size: '192MB',
	autovacuum_naptime: '10s',
	hot_standby_feedback: 'on',
};

/** Our own processes come by the socket, in a directory that only they may enter; whoever comes by TCP needs the password. */
const hba = ['local all all trust', 'local replication all trust', 'host all all 127.0.0.1/32 scram-sha-256'];

/** Starts the servers and the workload; the data are still being seeded when it returns. */
export async function startStack({load, onProgress, onRoom}: StackOptions): Promise<Stack | Problem> {
	const found = await binaries(18, {any: true, onProgress});
	if (isProblem(found)) return found;
	const room = openRoom();
	if (isProblem(room)) return room;
	onRoom?.(room);
	const fail = async (problem: Problem): Promise<Problem> => {
		await room.close();
		return problem;
	};
	onProgress('starting the servers');
	const [primary, redis] = await Promise.all([
		startPostgres(room, found, {name: 'primary', conf: {...settings, cluster_name: 'primary'}, hba}),
		startRedis(room),
	]);
	if (isProblem(primary)) return fail(primary);
	const password = randomBytes(16).toString('hex');
	try {
		await prepare(room, primary, password);
	} catch (error) {
		return fail({problem: `The database could not be made: ${messageOf(error)}.`});
	}
	const behind = `host=${room.socket} port=${primary.port}`;
	const [standby, pgbouncer] = await Promise.all([
		startPostgres(room, found, {
			name: 'standby',
			conf: {...settings, cluster_name: 'standby'},
			hba,
			primary: {conninfo: `${behind} user=postgres application_name=standby`, slot: 'standby'},
		}),
		startPgBouncer(room, {
			name: 'pgbouncer',
			databases: {shop: `${behind} dbname=shop user=webapp`},
			mode: 'transaction',
			size: 2,
			passwords: {postgres: password, webapp: password},
		}),
	]);
	if (!isProblem(standby)) await follows(room, standby);
	const uri = (server: Postgres) => `postgresql://postgres:${password}@127.0.0.1:${server.port}/shop`;
	const replica = isProblem(standby) ? undefined : standby;
	const redisServer = isProblem(redis) ? undefined : redis;
	const pooler = isProblem(pgbouncer) ? undefined : pgbouncer;
	const work = startWorkload(room, primary, load, {replica, redis: redisServer, pooler, password});
	return {
		conninfo: uri(primary),
		replica: replica && uri(replica),
		redis: redisServer?.url,
		pgbouncer: pooler && `postgresql://postgres:${password}@127.0.0.1:${pooler.port}/pgbouncer`,
		config: configuration(room),
		notes: [...(found.note ? [found.note] : []), ...[standby, redis, pgbouncer].filter(part => isProblem(part)).map(part => part.problem)],
		ready: readiness(work, onProgress),
		close: room.close,
	};
}

function configuration(room: Room): string {
	const file = join(room.dir, 'pgperf.toml');
	writeFileSync(file, '# The application keeps its pages under a tag of each tenant.\n[invalidate]\nmenu_items = "tenant:{tenant}"\n', {mode: 0o644});
	return file;
}

async function prepare(room: Room, primary: Postgres, password: string): Promise<void> {
	const client = new pg.Client({host: room.socket, port: primary.port, user: 'postgres', database: 'postgres', ssl: false});
	client.on('error', () => {});
	await client.connect();
	try {
		// A statement that carries a password is not for the statistics.
		await client.query('set pg_stat_statements.track_utility = off');
		await client.query(`alter role postgres password '${password}'`);
		await client.query('create database shop');
		// Before the standby starts: from here on all WAL is kept for it.
		await client.query(`select pg_create_physical_replication_slot('standby', true)`);
	} finally {
		await client.end();
	}
}

/** Until the standby has replayed the password and the database, it refuses whoever comes. */
async function follows(room: Room, standby: Postgres): Promise<void> {
	for (const deadline = Date.now() + 10_000; Date.now() < deadline; await pause(10)) {
		const client = new pg.Client({host: room.socket, port: standby.port, user: 'postgres', database: 'shop', ssl: false});
		client.on('error', () => {});
		try {
			await client.connect();
			return await client.end();
		} catch {}
	}
}

type Others = {readonly replica?: Server; readonly redis?: RedisServer; readonly pooler?: Server; readonly password: string};

/** A process of its own: what it does must not be felt in the console. */
function startWorkload(room: Room, primary: Postgres, load: StackOptions['load'], others: Others): ChildProcess {
	if (room.closed()) throw new Error('the workload was to be started while everything ends');
	const log = openSync(join(room.dir, 'workload.log'), 'a', 0o600);
	const child = spawn(
		process.execPath,
		[
			...programArguments('workload'),
			...['--seed', '--host', room.socket, '--port', String(primary.port)],
			...(others.replica ? ['--standby-host', room.socket, '--standby-port', String(others.replica.port)] : []),
			...(others.pooler ? ['--pooler-port', String(others.pooler.port)] : []),
			...(load === 'none' ? ['--no-load'] : ['--load', load]),
		],
		{
			cwd: '/',
			env: {PATH: process.env.PATH, PGPASSWORD: others.password, ...(others.redis && {REDIS_URL: others.redis.url})},
			stdio: ['pipe', 'pipe', log],
			detached: true,
		},
	);
	closeSync(log);
	child.on('error', () => {});
	child.stdin?.on('error', () => {});
	child.unref();
	return child;
}

async function readiness(work: ChildProcess, onProgress: Progress): Promise<Problem | undefined> {
	let last = 'it said nothing';
	for await (const line of createInterface(work.stdout!)) {
		if (line === 'ready') return undefined;
		last = line;
		onProgress(line);
	}
	return {problem: `The workload did not start: ${last}.`};
}
