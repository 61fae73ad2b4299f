import assert from 'node:assert/strict';
import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, existsSync, mkdirSync, readdirSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {after, type TestContext, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {Redis} from 'ioredis';
import pg from 'pg';
import {serverAccount} from '../source/demo/account.ts';
import {binaries} from '../source/demo/binaries.ts';
import type {DemoContext} from '../source/demo/demo.ts';
import {isProblem} from '../source/demo/problem.ts';
import {processesIn} from '../source/demo/processes.ts';
import {openRoom} from '../source/demo/room.ts';
import {newDirectory} from './support/scratch.ts';
import {startServer, until} from './support/servers.ts';

const script = fileURLToPath(new URL('support/demo.ts', import.meta.url));
const shelf = newDirectory();
// The servers' account has to get through.
chmodSync(shelf, 0o755);
const demos = new Set<Demo>();
after(async () => {
	for (const demo of demos) await gone(demo);
});

type Demo = {
	readonly child: ChildProcess;
	readonly home: string;
	readonly said: () => string;
	readonly look: () => Set<string>;
	readonly left: () => readonly string[];
	readonly line: () => Promise<string>;
};

/**
 * A demo of its own below a directory of its own, so that what it leaves behind can be told from everybody else's. It ends with its test:
 * when that fails by our hand, when this process is killed by the end of the channel.
 */
function begin(t: TestContext, name: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Demo {
	const home = join(shelf, name);
	mkdirSync(home, {recursive: true});
	const child = spawn(process.execPath, ['--import', 'tsx', script, ...words], {
		env: {...process.env, TMPDIR: home, ...env},
		stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
	});
	t.after(() => {
		child.kill('SIGKILL');
	});
	let said = '';
	child.stderr!.setEncoding('utf8').on('data', text => {
		said += text;
	});
	const rooms = () => (existsSync(home) ? readdirSync(home) : []).filter(entry => entry.startsWith('pgperf-room-'));
	const seen = new Set<string>();
	const look = () => {
		for (const room of rooms()) for (const directory of [join(home, room), join('/dev/shm', room)]) seen.add(directory);
		return seen;
	};
	const demo: Demo = {
		child,
		home,
		said: () => said,
		look,
		/** Everything of it that is still there: processes and directories. */
		left: () => [...processesIn([...look()]).map(one => one.command), ...[...look()].filter(directory => existsSync(directory))],
		/** The first line that it prints; when it ends instead, what it said. */
		line: () =>
			new Promise<string>((resolve, reject) => {
				createInterface(child.stdout!).once('line', line => {
					look();
					resolve(line);
				});
				child.once('exit', () => reject(new Error(`the demo ended: ${said}`)));
			}),
	};
	demos.add(demo);
	return demo;
}

/** Where a stack listens; its configuration is a file. */
const portsOf = ({config, ...uris}: DemoContext) => Object.values(uris).map(uri => Number(new URL(uri).port));

/** The ports of a stack, found without the code that is to clear them. */
const listening = async (context: DemoContext) => {
	const ports = portsOf(context);
	const answers = await Promise.all(
		ports.map(
			port =>
				new Promise<boolean>(resolve => {
					const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
					socket.on('connect', () => socket.destroy());
				}),
		),
	);
	return ports.filter((_, n) => answers[n]);
};
const contextOf = async (demo: Demo) => JSON.parse(await demo.line()) as {command: string[]; context: DemoContext};
const gone = (demo: Demo) => until(demo.left, left => left.length === 0);
const exit = async (child: ChildProcess) =>
	child.exitCode === null && child.signalCode === null ? ((await once(child, 'exit')) as [number | null, string | null]) : [child.exitCode, child.signalCode];

async function client(uri: string): Promise<pg.Client> {
	const connected = new pg.Client({connectionString: uri});
	connected.on('error', () => {});
	await connected.connect();
	return connected;
}

const waiting = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`;
const index = (name: string) => `(select oid from pg_class where relname = '${name}')`;

/** Each is a question with one boolean. */
const onPrimary: Readonly<Record<string, string>> = {
	'six wait behind one that is idle in transaction': `select exists (select from pg_stat_activity r where state = 'idle in transaction'
		and (with recursive held(pid) as (select r.pid union select a.pid from pg_stat_activity a join held on held.pid = any (pg_blocking_pids(a.pid))) select count(*) from held) >= 7)`,
	'an ALTER stands in the queue, and readers behind it': `select exists (select from pg_stat_activity a join pg_stat_activity r on a.pid = any (pg_blocking_pids(r.pid)) where a.query like 'alter table%' and r.query like 'select%')`,
	'an import is idle in transaction with a snapshot': `select exists (select from pg_stat_activity where application_name = 'etl-import' and state = 'idle in transaction' and backend_xmin is not null)`,
	'a table is starved of autovacuum': `select n_dead_tup > 0.2 * n_live_tup and last_autovacuum is null and reloptions @> '{autovacuum_enabled=off}' from pg_stat_user_tables join pg_class c on c.oid = relid where c.relname = 'orders'`,
	'a slow statement': `select exists (select from pg_stat_statements where mean_exec_time > 500 and query like 'select%')`,
	'a frequent statement': `select exists (select from pg_stat_statements where calls > 200 and mean_exec_time < 20)`,
	'a spilling statement': `select exists (select from pg_stat_statements where temp_blks_written > 1000 and query like 'select%')`,
	'buffers are missed after they were hit': `select blks_hit > 100000 and blks_read > 1000 from pg_stat_database where datname = 'shop'`,
	'a standby streams': `select exists (select from pg_stat_replication where application_name = 'standby' and state = 'streaming')`,
	'an inactive slot retains WAL': `select pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) > 10 * 1024 * 1024 and not active from pg_replication_slots where slot_name = 'dr_site'`,
	'a logical slot is inactive': `select not active from pg_replication_slots where slot_name = 'warehouse_cdc'`,
	'the next month is missing': `select count(*) = 4 and not exists (select from pg_class where relname = 'audit_logs_' || to_char(now() + interval '1 month', 'YYYY_MM')) from pg_inherits join pg_class c on c.oid = inhrelid where inhparent = 'audit_logs'::regclass and c.relname <> 'audit_logs_default'`,
	'the default partition holds rows': 'select count(*) > 0 from audit_logs_default',
	"tomorrow's rows stand in the way of tomorrow's partition": 'select count(*) > 0 from delivery_pings_default where pinged_at > now()',
	'hash partitions': `select count(*) = 4 from pg_inherits where inhparent = 'commissions'::regclass`,
	'a hash partition is missing': `select count(*) = 3 from pg_inherits where inhparent = 'coupons'::regclass`,
	'a stale materialized view with a unique index': `select exists (select from pg_index where indrelid = 'daily_revenue'::regclass and indisunique) and (select sum(revenue) from daily_revenue) <> (select sum(total) from orders where status = 'delivered')`,
	'a materialized view without a unique index': `select not exists (select from pg_index where indrelid = 'restaurant_ranking'::regclass)`,
	'an unused index': `select idx_scan = 0 and pg_relation_size(indexrelid) > 5 * 1024 * 1024 from pg_stat_user_indexes where indexrelname = 'orders_note_idx'`,
	'a duplicate index': `select a.indkey = b.indkey and a.indrelid = b.indrelid from pg_index a, pg_index b where a.indexrelid = ${index('orders_restaurant_idx')} and b.indexrelid = ${index('orders_by_restaurant')}`,
	'an invalid index': `select not indisvalid from pg_index where indexrelid = ${index('orders_total_idx')}`,
	'a foreign key without an index': `select not exists (select from pg_index i join pg_attribute a on a.attrelid = indrelid and a.attnum = indkey[0] where indrelid = 'orders'::regclass and attname = 'customer_id')`,
	'a key that will run out': `select last_value > 0.85 * 2147483647 from pg_sequences where sequencename = 'support_tickets_id_seq'`,
	'several tenants': 'select count(*) > 3 from tenants',
};

test('every symptom is there, and comes back when it is cured', {timeout: 240_000, concurrency: true}, async t => {
	const demo = begin(t, 'symptoms', ['report']);
	const {context} = await contextOf(demo);
	assert.deepEqual(await exit(demo.child), [7, null]);
	await gone(demo);
	assert.ok(context.conninfo);

	const running = begin(t, 'symptoms', ['top']);
	const {command, context: now} = await contextOf(running);
	assert.deepEqual(command, ['top']);
	const primary = await client(now.conninfo);
	const standby = await client(now.replica!);
	const heard = new Set<string>();
	primary.on('notification', ({channel}) => heard.add(channel));
	await primary.query('listen cache_invalidation; listen performance_alert');
	const holds = async (connection: pg.Client, sql: string) => {
		// A table that the seed has not made yet.
		const answer = await connection.query({text: sql, rowMode: 'array'}).catch(() => undefined);
		return answer?.rows[0]?.[0] === true;
	};
	const eventually = (connection: pg.Client, sql: string) => until(() => holds(connection, sql), Boolean, 100_000);
	// These come by the clock, half a minute apart: all else is seen meanwhile.
	const rare = [
		t.test('a deadlock', async () => {
			await eventually(primary, `select deadlocks > 0 from pg_stat_database where datname = 'shop'`);
		}),
		t.test('replay is paused now and then, and goes on again', async () => {
			await eventually(standby, 'select pg_is_wal_replay_paused()');
			await eventually(standby, 'select not pg_is_wal_replay_paused()');
		}),
	];
	await Promise.all(Object.entries(onPrimary).map(([name, sql]) => t.test(name, async () => void (await eventually(primary, sql)))));
	await t.test('notifications on both channels', async () => {
		await until(
			() => [...heard].sort().join(),
			channels => channels === 'cache_invalidation,performance_alert',
			60_000,
		);
	});
	await t.test('cache keys under tags, with hits, misses and orphaned tags', {skip: now.redis ? false : 'no redis-server here'}, async () => {
		const redis = new Redis(now.redis!);
		await until(
			() => redis.keys('cache:menu:*'),
			keys => keys.length > 300,
		);
		assert.ok((await redis.scard('tag:restaurant:7')) > 0);
		assert.ok((await redis.ttl('cache:menu:7')) > 0);
		const orphans = await redis.smembers('tag:campaign:2023');
		assert.ok(orphans.length > 0 && (await redis.exists(...orphans)) === 0);
		const count = async (name: string) => Number(new RegExp(`keyspace_${name}:(\\d+)`).exec(await redis.info('stats'))?.[1]);
		await until(async () => (await count('hits')) > 100 && (await count('misses')) > 10, Boolean);
		redis.disconnect();
	});
	await t.test('clients wait for a pool that is too small', {skip: now.pgbouncer ? false : 'no pgbouncer here'}, async () => {
		const admin = await client(now.pgbouncer!);
		await until(
			async () => (await admin.query('show pools')).rows.find(pool => pool.database === 'shop')?.cl_waiting,
			waiting => waiting >= 2,
		);
		await admin.end();
	});
	await t.test('everybody who is terminated comes again', async () => {
		const {rows} = await primary.query(
			`select pg_terminate_backend(pid), pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
		);
		assert.ok(rows.length > 25);
		await until(
			async () => (await primary.query(waiting)).rows[0].n,
			n => n >= 6,
			60_000,
		);
		const workers = `select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and pid <> all ($1)`;
		await until(
			async () => (await primary.query(workers, [rows.map(row => row.pid)])).rows[0].n,
			n => n >= rows.length,
			60_000,
		);
	});
	await t.test('a waiter that is cancelled comes again', async () => {
		// It was terminated with all others, and need not be the first who is back.
		const {rows} = await until(
			() => primary.query(`select pg_cancel_backend(pid) from pg_stat_activity where query like 'alter table%' and wait_event_type = 'Lock'`),
			result => result.rows.length > 0,
		);
		assert.equal(rows.length, 1);
		await until(
			async () => (await primary.query(waiting)).rows[0].n,
			n => n >= 6,
			60_000,
		);
	});
	await Promise.all(rare);
	await primary.end();
	await standby.end();
	const guarded = processesIn([...running.look()]);
	assert.ok(guarded.length > 30, `${guarded.length} processes`);
	assert.equal((await listening(now)).length, portsOf(now).length);
	running.child.kill('SIGKILL');
	await gone(running);
	assert.deepEqual(await listening(now), []);
});

test('two demos at the same time; each signal ends one of them and nothing is left', {timeout: 120_000}, async t => {
	const one = begin(t, 'one', ['--keep', '--no-load']);
	const two = begin(t, 'two', ['--no-load', 'top']);
	const [line, {context}] = await Promise.all([one.line(), contextOf(two)]);
	const uri = line.replace(/^\w+ +/, '');
	assert.notEqual(uri, context.conninfo);
	for (const conninfo of [uri, context.conninfo]) await (await client(conninfo)).end();
	one.child.kill('SIGTERM');
	assert.deepEqual(await exit(one.child), [143, null]);
	await gone(one);
	// The end of what it runs is the end of the demo, with that exit code.
	two.child.stdin!.end();
	assert.deepEqual(await exit(two.child), [7, null]);
	await gone(two);
	assert.deepEqual(await listening(context), []);
});

test('a demo ends with the process of the test that began it', {timeout: 60_000}, async t => {
	const demo = begin(t, 'orphan', ['--keep', '--no-load']);
	await demo.line();
	demo.child.disconnect();
	assert.deepEqual(await exit(demo.child), [null, 'SIGKILL']);
	await gone(demo);
});

test('a demo that is killed while it starts leaves nothing', {timeout: 60_000}, async t => {
	for (const [signal, moment] of [
		['SIGKILL', 's'],
		['SIGKILL', 'primary.log'],
		['SIGINT', 'redis.conf'],
		['SIGHUP', 'standby.log'],
	] as const) {
		const demo = begin(t, `early-${moment}`, ['--keep']);
		await until(() => [...demo.look()].some(directory => existsSync(join(directory, moment))), Boolean);
		demo.child.kill(signal);
		await exit(demo.child);
		await gone(demo);
	}
});

test('what survived its guard too is swept by the next start', {timeout: 60_000}, async t => {
	const victim = begin(t, 'swept', ['--no-load', 'top']);
	await contextOf(victim);
	const guard = () => processesIn([...victim.look()]).find(one => one.command.includes('guard'));
	const first = guard()!.pid;
	process.kill(first, 'SIGKILL');
	// A guard that is ended alone is replaced.
	await until(guard, now => now !== undefined && now.pid !== first);
	victim.child.kill('SIGSTOP');
	process.kill(guard()!.pid, 'SIGKILL');
	victim.child.kill('SIGKILL');
	await exit(victim.child);
	const rooms = [...victim.look()];
	assert.ok(processesIn(rooms).length > 5);
	const next = begin(t, 'swept', ['--no-load', 'top']);
	await contextOf(next);
	await until(
		() => [...processesIn(rooms), ...rooms.filter(directory => existsSync(directory))],
		left => left.length === 0,
	);
	next.child.stdin!.end();
	await exit(next.child);
	await gone(next);
});

test('a problem is a sentence, and nothing is left', {timeout: 120_000}, async t => {
	const refused = async (name: string, words: readonly string[], env: NodeJS.ProcessEnv, code: number, sentence: RegExp) =>
		t.test(name, async t => {
			const demo = begin(t, name.replaceAll(' ', '-'), words, env);
			assert.deepEqual(await exit(demo.child), [code, null]);
			assert.match(demo.said(), sentence);
			assert.doesNotMatch(demo.said(), /\n\s+at /);
			await gone(demo);
		});
	await refused('a wrong load', ['--load', 'huge'], {}, 64, /--load is light or heavy, not "huge"/);
	await refused('an unknown option', ['--nope'], {}, 64, /demo has no option "--nope"/);
	await refused('keep with a command', ['--keep', 'report'], {}, 64, /--keep stays without a command/);
	await refused('wrong programs', [], {PGPERF_PG_BIN: '/nowhere/bin'}, 69, /\/nowhere\/bin\/postgres can't be run: PGPERF_PG_BIN has to name/);
});

test('no temporary directory', async () => {
	await withEnvironment({TMPDIR: join(shelf, 'missing')}, async () => {
		const answer = openRoom();
		assert.ok(isProblem(answer));
		assert.match(answer.problem, /No directory could be made in \S+missing \(ENOENT\): set TMPDIR/);
	});
});

test('programs that are named are used, those of another major only where any will do', async () => {
	const [old, current] = await Promise.all([binaries(17), binaries(18)]);
	assert.ok(!isProblem(old) && !isProblem(current));
	await withEnvironment({}, async () => {
		process.env.PGPERF_PG_BIN = old.bin;
		assert.deepEqual(await binaries(18), current);
		assert.deepEqual(await binaries(18, {any: true}), old);
		assert.deepEqual(await binaries(17), old);
	});
	await withEnvironment({PGPERF_PG_BIN_18: current.bin, PGPERF_CACHE: '/dev/null/cache'}, async () => {
		assert.deepEqual(await binaries(18), current);
	});
});

test('a cache that cannot be written', async () => {
	await withEnvironment({PGPERF_CACHE: '/dev/null/cache'}, async () => {
		const answer = await binaries(17);
		assert.ok(isProblem(answer) || answer.note);
		assert.match(isProblem(answer) ? answer.problem : answer.note!, /The cache \/dev\/null\/cache can't be written \(ENOTDIR\): set PGPERF_CACHE/);
	});
});

test('no network for the first download', {timeout: 60_000}, async () => {
	const closed = createServer().listen(0, '127.0.0.1');
	await once(closed, 'listening');
	const {port} = closed.address() as {port: number};
	await new Promise(resolve => closed.close(resolve));
	const cache = join(shelf, 'empty');
	await withEnvironment({PGPERF_CACHE: cache, npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_cache: join(shelf, 'npm')}, async () => {
		const answer = await binaries(17);
		assert.ok(isProblem(answer) || answer.note);
		assert.match(isProblem(answer) ? answer.problem : answer.note!, /npm could not fetch PostgreSQL 17\.\d+ \(ECONNREFUSED: .*\)/);
		assert.deepEqual(readdirSync(cache), []);
	});
});

test('a first download that is interrupted leaves neither npm nor a half of it', {timeout: 60_000}, async t => {
	const silent = createServer().listen(0, '127.0.0.1');
	await once(silent, 'listening');
	const {port} = silent.address() as {port: number};
	for (const signal of ['SIGKILL', 'SIGINT'] as const) {
		const cache = join(shelf, `cache-${signal}`);
		const env = {PGPERF_CACHE: cache, PGPERF_PG_BIN: '', npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_cache: join(shelf, 'npm')};
		const demo = begin(t, `download-${signal}`, ['report'], env);
		const drafts = () => (existsSync(cache) ? readdirSync(cache).map(name => join(cache, name)) : []);
		await until(() => processesIn(drafts()).filter(one => one.command.startsWith('npm')).length, Boolean);
		const left = drafts();
		demo.child.kill(signal);
		await exit(demo.child);
		await until(
			() => [...drafts(), ...processesIn(left).map(one => one.command)],
			list => list.length === 0,
		);
	}
	silent.close();
});

test('a platform without ready programs', async () => {
	const arch = Object.getOwnPropertyDescriptor(process, 'arch')!;
	Object.defineProperty(process, 'arch', {...arch, value: 'mips'});
	try {
		const answer = await binaries(17);
		assert.ok(isProblem(answer) || answer.note);
		assert.match(isProblem(answer) ? answer.problem : answer.note!, /no ready PostgreSQL programs for \w+-mips/);
	} finally {
		Object.defineProperty(process, 'arch', arch);
	}
});

test('root without an account to lend', {skip: process.getuid?.() === 0 ? false : 'needs root'}, () => {
	const answer = serverAccount(['no-such-account']);
	assert.ok(answer && isProblem(answer));
	assert.match(answer.problem, /PostgreSQL refuses to run as root, and this machine has no account no-such-account/);
});

test('a port that somebody else took', async () => {
	const server = await startServer();
	await server.stop();
	const thief = createServer().listen(server.port, '127.0.0.1');
	await once(thief, 'listening');
	await assert.rejects(server.start(), /did not start: .*(Address already in use|could not)/);
	await new Promise(resolve => thief.close(resolve));
	await server.start();
	await server.run('select 1');
	await server.stop();
});

async function withEnvironment(changes: NodeJS.ProcessEnv, work: () => Promise<void>): Promise<void> {
	const before = {...process.env};
	Object.assign(process.env, {...changes, PGPERF_PG_BIN: ''});
	try {
		await work();
	} finally {
		for (const name of [...Object.keys(changes), 'PGPERF_PG_BIN']) {
			if (before[name] === undefined) delete process.env[name];
			else process.env[name] = before[name];
		}
	}
}
