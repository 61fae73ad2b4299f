// A process of its own: sessions that keep a server busy until stdin ends. Arguments: URI, how many extra active sessions.
import {setTimeout as pause} from 'node:timers/promises';
import pg from 'pg';

const [uri, extra = '0'] = process.argv.slice(2);
const clients: pg.Client[] = [];

async function session(name: string): Promise<pg.Client> {
	const client = new pg.Client({connectionString: uri, application_name: name});
	client.on('error', () => {});
	await client.connect();
	clients.push(client);
	return client;
}

async function writer(number: number): Promise<void> {
	const client = await session(`bench-writer-${number}`);
	const beat = async () => {
		const id = 1 + Math.floor(Math.random() * 100_000);
		await client.query('begin');
		await client.query('update bench_accounts set balance = balance + $1 where id = $2', [number, id]);
		await client.query('select balance from bench_accounts where id = $1', [id]);
		await client.query('commit');
	};
	// 25 transactions a second each.
	for (;;) await Promise.all([beat().catch(() => undefined), pause(40)]);
}

async function sleeper(number: number): Promise<void> {
	const client = await session(`bench-active-${number}`);
	const words = `select o.id, o.total, c.name from orders o join customers c on c.id = o.customer_id where o.state = 'open' and o.region = ${number % 9}`;
	void client.query(`select pg_sleep(3600) /* ${words} order by o.created_at desc limit 100 */`).catch(() => undefined);
}

/** One holds a row, one waits for it, a migration waits for both, a reader behind the migration. */
async function lockChain(): Promise<void> {
	const [holder, second, migration, reader, watcher] = await Promise.all(
		['holder', 'second', 'migration', 'reader', 'watcher'].map(name => session(`bench-${name}`)),
	);
	await holder!.query('begin');
	await holder!.query('update bench_stock set n = n + 1 where id = 1');
	for (const [client, text] of [
		[second!, 'update bench_stock set n = n + 2 where id = 1'],
		[migration!, 'alter table bench_stock alter column n set default 0'],
		[reader!, 'select sum(n) from bench_stock'],
	] as const) {
		void client.query(text).catch(() => undefined);
		await waiting(watcher!, text);
	}
	await watcher!.end();
}

async function waiting(watcher: pg.Client, text: string): Promise<void> {
	for (;;) {
		const {rows} = await watcher.query('select 1 from pg_stat_activity where query = $1 and wait_event_type = $2', [text, 'Lock']);
		if (rows.length > 0) return;
	}
}

const first = await session('bench-set-up');
await first.query(`create table if not exists bench_accounts as select g as id, 0 as balance from generate_series(1, 100000) g;
	create unique index if not exists bench_accounts_id on bench_accounts (id);
	create table if not exists bench_stock as select g as id, 0 as n from generate_series(1, 9) g`);
await first.end();
await lockChain();
for (let i = 0; i < 20; i++) {
	const idle = await session(`bench-idle-${i}`);
	await idle.query(`select count(*) from bench_accounts where id < ${i}`);
}
for (let i = 0; i < 8; i++) void writer(i);
for (let i = 0; i < Number(extra); i += 20) await Promise.all(Array.from({length: Math.min(20, Number(extra) - i)}, (_, j) => sleeper(i + j)));
console.log('ready');
process.stdin.on('end', () => void leave()).resume();

/** One that sleeps in a statement does not notice that its client is gone, and its snapshot would keep dead rows from being cleared. */
async function leave(): Promise<void> {
	const last = await session('bench-end');
	await last.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'bench-%' and pid <> pg_backend_pid()");
	process.exit(0);
}
