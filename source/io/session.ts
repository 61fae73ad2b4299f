import type pg from 'pg';
import type {Facts, Query, Result, Row, Value} from '../pane.ts';
import {withoutSecrets} from '../secrets.ts';
import {connect, disconnect} from './connect.ts';
import {isProblem, type Problem, type Target} from './conninfo.ts';

/** What a session may do: how long its statements run, how long they wait for a lock, whether they may write; `work_mem` in MB where it needs its own. */
export type Bounds = {readonly statementMs: number; readonly lockMs: number; readonly readOnly: boolean; readonly workMb?: number};

export const bounds = {
	/** Asked once, in a report: what waits for it is no screen, and a server in trouble is slow. */
	once: {statementMs: 5000, lockMs: 100, readOnly: true},
	sample: {statementMs: 500, lockMs: 100, readOnly: true},
	// With the default of 4 MB the statistics of 10,000 statements go through temporary files, 4 to 7 MB each time.
	survey: {statementMs: 5000, lockMs: 100, readOnly: true, workMb: 16},
	act: {statementMs: 1000, lockMs: 100, readOnly: false},
	work: {statementMs: 0, lockMs: 300, readOnly: false},
} as const satisfies Record<string, Bounds>;

export type Parameters = readonly (Value | readonly Value[])[];
export type Asked = {readonly query: Query; readonly params?: Parameters};

/** One connection to a server, set up so that it can do no harm. */
export type Session = {
	/** The backend, as the server names it; behind a pooler it changes from transaction to transaction. */
	readonly pid: number;
	readonly pooled: boolean;
	readonly tls: boolean;
	readonly host: string;
	/** All down one connection in one round trip; errors are values. Lost connections give 'failed' and `onLost`. */
	ask(asked: readonly Asked[]): Promise<{readonly results: readonly Result[]; readonly roundTrip: number}>;
	/**
	 * One statement as it stands. With parameters, even none, by the extended protocol, which refuses a second statement behind it; without
	 * them by the simple one. Rejects with the server's error.
	 */
	send(text: string, params?: Parameters, limitMs?: number): Promise<readonly Row[]>;
	readonly alive: boolean;
	/** Timeouts, read only, search_path: once the facts are known, and again when they change. Rejects where another server answers than the one of the facts. */
	setUp(facts: Facts): Promise<void>;
	onLost(listener: (message: string) => void): void;
	onNotification(listener: (channel: string, payload: string) => void): void;
	close(): Promise<void>;
};

export const applicationName = 'pgperf';

/** As in queries/facts.sql. */
const startedAt = "pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())::float8";

/** These do not go away by asking again: the question waits until the facts change. */
const final = new Set(['42501', '42P01', '42883', '42703', '55000', '0A000', '3F000']);

/** Of an administrator, a crash, a limit for idle ones, a dropped database: the session is over. */
const ending = /^57P0[1245]$|^25P0[34]$/;

export function isEnding(error: unknown): boolean {
	return ending.test(codeOf(error) ?? '');
}

export type Opening = {
	readonly target: Target;
	readonly askPassword?: (prompt: string) => Promise<string | undefined>;
	readonly signal?: AbortSignal;
	/** One look is wanted of it, not one each second. */
	readonly once?: boolean;
};

/** Connects with no startup parameter but the application's name. Nothing is set yet: the session's `setUp` does it once the facts are known. */
export async function openSession(
	{target, askPassword, signal}: Opening,
	limits: Bounds,
): Promise<{readonly session: Session; readonly pinned: Target; readonly title: string} | Problem> {
	const connected = await connect(target, {applicationName, askPassword, signal, pipeline: true});
	if (isProblem(connected)) return connected;
	const {client, tls, host} = connected;
	const lostListeners: ((message: string) => void)[] = [];
	let alive = true;
	let pooled = false;
	let loss: string | undefined;
	/** Before it ends a session the server says why, to the statement that runs or as a notice; the broken connection afterwards does not. */
	let farewell: string | undefined;
	const hear = ({code, message}: {readonly code?: string; readonly message?: string}) => {
		if (code !== undefined && ending.test(code)) farewell = message;
	};
	for (const event of ['errorMessage', 'notice'] as const) client.connection.on(event, hear);
	const lose = (message: string) => {
		if (!alive) return;
		alive = false;
		loss = farewell ?? message;
		client.connection.stream.destroy();
		for (const listener of lostListeners) listener(loss);
	};
	client.on('error', error => lose(sentence(error)));
	client.on('end', () => lose('the server closed the connection'));

	/** The server's statement_timeout should end it; where the server itself hangs, the connection is given up. */
	async function bounded<T>(work: Promise<T>, limitMs: number): Promise<T> {
		if (limitMs <= 0) return work;
		let timer: NodeJS.Timeout | undefined;
		const limit = new Promise<never>((_, reject) => {
			timer = setTimeout(() => {
				const message = `no answer for ${Math.round(limitMs / 1000)} s`;
				reject(new Error(message));
				lose(message);
			}, limitMs);
		});
		work.catch(() => undefined);
		try {
			return await Promise.race([work, limit]);
		} finally {
			clearTimeout(timer);
		}
	}

	let local = '';

	/** Behind a transaction pooler a setting must not outlive its transaction: it would leak to the application. */
	async function one(asked: Asked): Promise<Row[]> {
		const {query, params = []} = asked;
		if (!pooled) {
			// A named statement is parsed once for the session; the file's name changes with the variant.
			const result = await client.query({name: `pgperf:${query.file}`, text: query.text, values: params as unknown[]});
			return result.rows as Row[];
		}
		const parts = [
			client.query('begin read only'),
			client.query(local),
			client.query({text: query.text, values: params as unknown[]}),
			client.query('commit'),
		] as const;
		for (const part of parts) part.catch(() => undefined);
		const result = await parts[2];
		return result.rows as Row[];
	}

	/** A pooler that hands out its connections for single statements would drop us at the first question. */
	async function transactable(): Promise<void> {
		// In one packet: what is written to a pooler that has hung up already takes its reason away.
		client.connection.stream.cork();
		const parts = ['begin read only', local, 'commit'].map(part => client.query(part));
		process.nextTick(() => client.connection.stream.uncork());
		try {
			await bounded(Promise.all(parts), 10_000);
		} catch (error) {
			for (const part of parts) part.catch(() => undefined);
			if (!/statement pooling/.test(sentence(error))) throw error;
			throw Object.assign(new Error(`${sentence(error)}: connect directly, or through a pool with pool_mode=transaction`), {code: codeOf(error)});
		}
	}

	async function round(asked: readonly Asked[]): ReturnType<Session['ask']> {
		const start = performance.now();
		let last = start;
		let roundTrip = Number.POSITIVE_INFINITY;
		// In one packet: a second one to a server that has ended the session breaks the connection before its reason is read.
		client.connection.stream.cork();
		const answers = asked.map(async ({query, params}, index): Promise<Result> => {
			try {
				const rows = await one({query, params});
				const at = performance.now();
				const cost = at - last;
				last = at;
				if (index === 0) roundTrip = at - start;
				return {status: 'ok', sample: {at, rows, cost}};
			} catch (error) {
				last = performance.now();
				return failure(error, query, limits);
			}
		});
		process.nextTick(() => client.connection.stream.uncork());
		const limit = Math.max(limits.statementMs, 500) * Math.min(asked.length, 4) + 2000;
		try {
			return {results: await bounded(Promise.all(answers), limit), roundTrip};
		} catch (error) {
			return {results: asked.map(() => ({status: 'failed', message: sentence(error), code: undefined})), roundTrip};
		}
	}

	const session: Session = {
		pid: processIdOf(client),
		get pooled() {
			return pooled;
		},
		tls,
		host,
		get alive() {
			return alive;
		},
		async ask(asked) {
			// What the server has said by now, the end of the session for one, is heard first.
			await new Promise(heard => setImmediate(heard));
			if (!alive) {
				const message = loss ?? 'the connection is lost';
				return {results: asked.map(() => ({status: 'failed', message, code: undefined})), roundTrip: Number.POSITIVE_INFINITY};
			}
			const first = await round(asked);
			const garbled = asked.filter((_, index) => isGarbled(first.results[index]!));
			if (garbled.length === 0 || !limits.readOnly || pooled || !alive) return first;
			// One name or statement in another encoding would hide all others: from now on the bytes come as they are.
			await session.send("set client_encoding to 'SQL_ASCII'").catch(() => undefined);
			const again = await round(garbled);
			return {...first, results: first.results.map((result, index) => again.results[garbled.indexOf(asked[index]!)] ?? result)};
		},
		async send(text, params, limitMs = limits.statementMs === 0 ? 0 : limits.statementMs + 2000) {
			if (!alive) throw new Error(loss ?? 'the connection is lost');
			const result = await bounded(params ? client.query(extended(text, params)) : client.query(text), limitMs);
			return (Array.isArray(result) ? [] : result.rows) as Row[];
		},
		async setUp(facts) {
			pooled = facts.pooled;
			const settings = settingsOf(facts, limits)
				.map(([name, value]) => `pg_catalog.set_config('${name}', '${value.replaceAll("'", "''")}', ${facts.pooled})`)
				.join(', ');
			const text = `select /* pgperf:session */ ${settings}`;
			if (facts.pooled) {
				local = text;
				return transactable();
			}
			// In a transaction of its own kind: that of the role's settings may be none that a standby knows.
			const parts = ['begin isolation level read committed', `${text}, ${startedAt} as started_at`, 'commit'].map(part => session.send(part));
			for (const part of parts) part.catch(() => undefined);
			const [row] = await parts[1]!;
			await parts[2];
			// Behind one address there may be another server by now: a failover, a proxy, a restart.
			if (row?.started_at !== facts.started_at) throw new Error('another server answers there than the one that is shown (a failover, or a balancer between)');
		},
		onLost(listener) {
			lostListeners.push(listener);
			// The end may have come in the same packet as the last answer of the set-up.
			if (loss !== undefined) listener(loss);
		},
		onNotification(listener) {
			client.on('notification', ({channel, payload}) => listener(channel, payload ?? ''));
		},
		async close() {
			alive = false;
			await disconnect(client);
		},
	};
	return {session, pinned: connected.pinned, title: connected.title};
}

/** Without values, `pg` would take the simple protocol unless told. */
function extended(text: string, params: Parameters): pg.QueryConfig {
	return {text, values: params as unknown[], queryMode: 'extended'} as pg.QueryConfig;
}

function processIdOf(client: pg.Client): number {
	return (client as unknown as {readonly processID: number | null}).processID ?? 0;
}

function settingsOf(facts: Facts, limits: Bounds): readonly (readonly [string, string])[] {
	return [
		['statement_timeout', String(limits.statementMs)],
		['lock_timeout', String(limits.lockMs)],
		['search_path', ['pg_catalog', ...facts.extensionSchemas].join(', ')],
		['TimeZone', 'UTC'],
		['DateStyle', 'ISO'],
		['IntervalStyle', 'postgres'],
		['extra_float_digits', '1'],
		// A role's or database's own would make each question wait for a safe snapshot, or be refused on a standby.
		['default_transaction_isolation', 'read committed'],
		['default_transaction_deferrable', 'off'],
		['jit', 'off'],
		['max_parallel_workers_per_gather', '0'],
		...(limits.workMb === undefined ? [] : ([['work_mem', `${limits.workMb}MB`]] as const)),
		['idle_in_transaction_session_timeout', limits.readOnly ? '10000' : '0'],
		...(limits.readOnly ? ([['default_transaction_read_only', 'on']] as const) : []),
		// An administrator's limits for idle sessions would end the one that must be ready in the incident.
		...(facts.major >= 14 ? ([['idle_session_timeout', '0']] as const) : []),
		...(facts.major >= 17 ? ([['transaction_timeout', '0']] as const) : []),
	];
}

function failure(error: unknown, query: Query, limits: Bounds): Result {
	const code = codeOf(error);
	if (code === '57014') return {status: 'failed', message: `took longer than ${limits.statementMs} ms on the server`, code};
	if (code === '55P03') return {status: 'failed', message: `a table is locked: gave up after ${limits.lockMs} ms`, code};
	if (code !== undefined && final.has(code))
		return {status: 'skipped', reason: sentence(error), remedy: code === '42501' ? `needs ${query.privilege}` : undefined};
	return {status: 'failed', message: sentence(error), code};
}

/** A text that the encoding of the database does not allow, or that can't be told in UTF-8: databases of one server may differ. */
function isGarbled(result: Result): boolean {
	return result.status === 'failed' && (result.code === '22021' || result.code === '22P05');
}

export function codeOf(error: unknown): string | undefined {
	return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What went wrong, in one line. */
export function sentence(error: unknown): string {
	const message = broken(codeOf(error)) ?? (error instanceof Error ? error.message : String(error));
	if (message === 'Connection terminated unexpectedly') return 'the server, or what lies between, closed the connection without a word';
	return message === '' ? 'the connection broke' : withoutSecrets(message.split('\n')[0] ?? message);
}

function broken(code: string | undefined): string | undefined {
	switch (code) {
		case 'ECONNRESET':
		case 'EPIPE':
			return `the connection was reset (${code})`;
		case 'ETIMEDOUT':
		case 'EHOSTUNREACH':
		case 'ENETUNREACH':
			return `the network does not reach the server any more (${code})`;
		default:
			return undefined;
	}
}
