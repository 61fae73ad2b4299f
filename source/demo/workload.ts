import {setMaxListeners} from 'node:events';
import {parseArgs} from 'node:util';
import {messageOf} from './problem.ts';
import {seed} from './seed.ts';
import {cachePages} from './workload/cache.ts';
import {pileUp} from './workload/pile-up.ts';
import {relapse} from './workload/relapse.ts';
import {pauseReplay, readStandby} from './workload/standby.ts';
import {queue, traffic} from './workload/traffic.ts';
import {connect, keepWorking, pause, type Target} from './workload/worker.ts';

/** Above this size of the database nothing is written any more: a stack that is left alone for days must not fill the machine's memory. */
const sizeLimit = 220 << 20;

/** What docker-compose.yml may use too. */
export const workloadOptions = {
	host: {type: 'string', default: '127.0.0.1'},
	port: {type: 'string', default: '5432'},
	dbname: {type: 'string', default: 'shop'},
	'standby-host': {type: 'string'},
	'standby-port': {type: 'string', default: '5432'},
	'pooler-host': {type: 'string', default: '127.0.0.1'},
	'pooler-port': {type: 'string'},
	load: {type: 'string', default: 'light'},
	'no-load': {type: 'boolean', default: false},
	seed: {type: 'boolean', default: false},
	detached: {type: 'boolean', default: false},
} as const;

/**
 * Seeds if asked, then works until its stdin ends or it is told to stop. Says `ready` when the load has begun.
 * `workload --host H --port P [--dbname shop] [--standby-host H --standby-port P] [--seed] [--no-load] [--load light|heavy] [--detached]`; Redis by REDIS_URL.
 */
export async function workload(argv: readonly string[]): Promise<number> {
	const {values} = parseArgs({args: [...argv], options: workloadOptions});
	const over = new AbortController();
	// Many workers wait for the same end.
	setMaxListeners(0, over.signal);
	// Whoever waits for a lock can't hear that it is over.
	over.signal.addEventListener('abort', () => setTimeout(() => process.exit(0), 300));
	for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => over.abort());
	// Whoever started us holds the other end.
	if (!values.detached)
		process.stdin
			.resume()
			.once('end', () => over.abort())
			.once('error', () => over.abort());
	process.stdout.on('error', () => {});
	const password = process.env.PGPASSWORD;
	const target = {host: values.host, port: Number(values.port), database: values.dbname, password};
	try {
		if (values.seed) await seed(target, line => console.log(line));
	} catch (error) {
		console.log(`the data could not be seeded: ${messageOf(error)}`);
		return 1;
	}
	if (values['no-load']) {
		console.log('ready');
		return 0;
	}
	const standby = values['standby-host'] ? {...target, host: values['standby-host'], port: Number(values['standby-port'])} : undefined;
	const pooler = values['pooler-port'] ? {...target, host: values['pooler-host'], port: Number(values['pooler-port'])} : undefined;
	await Promise.all([...start({target, standby, pooler}, values.load === 'heavy' ? 'heavy' : 'light', over.signal), announce(target, over.signal)]);
	return 0;
}

type Targets = {readonly target: Target; readonly standby: Target | undefined; readonly pooler: Target | undefined};

function start({target, standby, pooler}: Targets, load: 'light' | 'heavy', over: AbortSignal): readonly Promise<void>[] {
	let size = 0;
	const watchSize = keepWorking(target, {role: 'postgres', application: 'size-watch'}, over, async client => {
		size = Number((await client.query('select pg_database_size(current_database())')).rows[0].pg_database_size);
		await pause(30_000, over);
	});
	return [
		pileUp(target, over),
		...traffic(target, load, () => size > sizeLimit, over),
		relapse(target, over),
		watchSize,
		...(standby ? [pauseReplay(standby, over), readStandby(standby, over)] : []),
		...(pooler ? queue(pooler, over) : []),
		...(process.env.REDIS_URL ? [cachePages(process.env.REDIS_URL, over)] : []),
	];
}

/** The pile-up forms last: six sessions wait. */
async function announce(target: Target, over: AbortSignal): Promise<void> {
	const client = await connect(target, {role: 'postgres', application: 'size-watch'});
	for (; !over.aborted; await pause(50, over)) {
		const {rows} = await client.query(`select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'`);
		if (rows[0].waiting >= 6) break;
	}
	await client.end();
	if (!over.aborted) console.log('ready');
}
