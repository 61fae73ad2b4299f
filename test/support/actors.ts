import type pg from 'pg';
import type {LocksRow, Tree} from '../../source/forest.ts';
import type {TestServer} from './servers.ts';
import {until} from './servers.ts';

/** Sessions with names, so that a test can say who waits for whom. */
export type Actors = {
	/** Runs statements and waits for them. */
	readonly does: (name: string, sql: string) => Promise<readonly Record<string, unknown>[]>;
	/** Starts a statement and returns once the server says that it waits for a lock. */
	readonly waits: (name: string, sql: string) => Promise<void>;
	/** Starts a statement and returns once it runs. */
	readonly runs: (name: string, sql: string) => Promise<void>;
	readonly pid: (name: string) => number;
	/** What became of the statement that `waits` or `runs` started. */
	readonly outcome: (name: string) => Promise<string>;
	readonly nameOf: (pid: number) => string;
	readonly end: () => Promise<void>;
};

type Actor = {readonly client: pg.Client; readonly pid: number; outcome: Promise<string>};

export async function actorsOn(server: TestServer, options: {readonly user?: string; readonly database?: string} = {}): Promise<Actors> {
	const actors = new Map<string, Promise<Actor>>();
	const byPid = new Map<number, string>();
	const ready = new Map<string, Actor>();
	const watcher = await server.connect();
	/** `name@database` or `name@role/database` is connected there. */
	const actor = (full: string): Promise<Actor> => {
		const known = actors.get(full);
		if (known) return known;
		const made = open(server, full, options).then(one => {
			byPid.set(one.pid, full);
			ready.set(full, one);
			return one;
		});
		actors.set(full, made);
		return made;
	};
	const start = async (name: string, sql: string) => {
		const one = await actor(name);
		one.outcome = one.client.query(sql).then(
			() => 'done',
			(error: {readonly code?: string; readonly message: string}) => error.code ?? error.message,
		);
		return one;
	};
	const isIn = async (pid: number, condition: string) => {
		const {rows} = await watcher.query(`select ${condition} as is from pg_stat_activity where pid = $1`, [pid]);
		return rows[0]?.is === true;
	};
	return {
		does: async (name, sql) => {
			const result = await (await actor(name)).client.query(sql);
			return Array.isArray(result) ? [] : result.rows;
		},
		waits: async (name, sql) => {
			const one = await start(name, sql);
			await until(
				() => isIn(one.pid, "wait_event_type = 'Lock'"),
				is => is,
			);
		},
		runs: async (name, sql) => {
			const one = await start(name, sql);
			await until(
				// The server tells the query a moment before it tells the transaction: a question made in between is about another one.
				() => isIn(one.pid, "state = 'active' and xact_start is not null"),
				is => is,
			);
		},
		pid: name => ready.get(name)!.pid,
		outcome: name => ready.get(name)!.outcome,
		nameOf: pid => byPid.get(pid) ?? `somebody (${pid})`,
		end: async () => {
			// Waiters would hold up their own end: everybody's transaction goes first.
			await watcher.query('select pg_terminate_backend(pid) from unnest($1::int4[]) pid', [[...byPid.keys()]]);
			await Promise.all([...ready.values()].map(one => one.client.end().catch(() => undefined)));
			await watcher.end();
		},
	};
}

async function open(server: TestServer, full: string, options: {readonly user?: string; readonly database?: string}): Promise<Actor> {
	const place = full.split('@')[1]?.split('/') ?? [];
	const [database, user] = [...place].reverse();
	const client = await server.connect({user: user ?? options.user, database: database ?? options.database});
	await client.query("select set_config('application_name', $1, false)", [full.split('@')[0]]);
	const {rows} = await client.query('select pg_backend_pid() as pid');
	return {client, pid: rows[0].pid as number, outcome: Promise.resolve('done')};
}

/** Who a node of the forest is, by the name of its actor. */
export function whoOf(actors: Actors): (tree: Tree) => string {
	return tree => (tree.pid === null ? tree.key : actors.nameOf(tree.pid));
}

export function edgeNames(actors: Actors, rows: readonly LocksRow[]): readonly string[] {
	return rows.map(row => `${actors.nameOf(row.pid)} < ${row.blocker_pid === 0 ? row.blocker_gid : actors.nameOf(row.blocker_pid)}`);
}
