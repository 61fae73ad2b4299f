import type pg from 'pg';
import type {TestServer} from './servers.ts';

export type Pileup = {
	/** pid of the idle-in-transaction holder that everybody waits for. */
	readonly root: number;
	/** holder, first, second, migration, reader. */
	readonly pids: Readonly<Record<string, number>>;
	end(): Promise<void>;
};

/** Idle-in-transaction holder, two row waiters, an ALTER in the queue, a reader behind it. Resolves when all of them wait. */
export async function pileUp(server: TestServer): Promise<Pileup> {
	await server.run(
		'create table if not exists inventory (id int primary key, n int not null); insert into inventory select g, 0 from generate_series(1, 9) g on conflict do nothing',
	);
	const clients: pg.Client[] = [];
	const pids: Record<string, number> = {};
	const session = async (name: string, ...statements: readonly string[]) => {
		const client = await server.connect();
		clients.push(client);
		await client.query(`set application_name = '${name}'`);
		pids[name] = (await client.query<{pid: number}>('select pg_backend_pid() as pid')).rows[0]!.pid;
		for (const statement of statements.slice(0, -1)) await client.query(statement);
		// The last one may wait for ever: it ends with the session.
		const last = client.query(statements.at(-1)!).catch(() => undefined);
		return last;
	};
	await session('holder', 'begin', 'update inventory set n = n + 1 where id = 1', 'select 1').then(() => undefined);
	const watcher = await server.connect();
	clients.push(watcher);
	const waiting = async (count: number) => {
		for (;;) {
			const {rows} = await watcher.query<{n: number}>('select count(*)::int as n from pg_locks where not granted and pid = any($1::int[])', [
				Object.values(pids),
			]);
			if (rows[0]!.n >= count) return;
		}
	};
	void session('first', 'update inventory set n = n + 1 where id = 1');
	await waiting(1);
	void session('second', 'update inventory set n = n + 2 where id = 1');
	await waiting(2);
	void session('migration', 'alter table inventory alter column n set default 0');
	await waiting(3);
	void session('reader', 'select sum(n) from inventory');
	await waiting(4);
	return {
		root: pids.holder!,
		pids,
		async end() {
			await server.run(`select pg_terminate_backend(pid) from pg_stat_activity where pid = any(array[${Object.values(pids).join(',')}])`);
			await Promise.all(clients.map(client => client.end().catch(() => undefined)));
		},
	};
}
