import type pg from 'pg';
import {keepWorking, pause, type Target} from './worker.ts';

export type Load = 'light' | 'heavy';
/** How many of each kind are at work. */
const crowd: Readonly<Record<Load, {readonly shoppers: number; readonly idle: number; readonly reports: number}>> = {
	light: {shoppers: 4, idle: 12, reports: 1},
	heavy: {shoppers: 24, idle: 80, reports: 3},
};

/** What the business does all day. `full` tells when there is no room for more rows. */
export function traffic(target: Target, load: Load, full: () => boolean, over: AbortSignal): readonly Promise<void>[] {
	const {shoppers, idle, reports} = crowd[load];
	const times = <T>(count: number, make: (n: number) => T) => Array.from({length: count}, (_, n) => make(n + 1));
	return [
		...times(shoppers, n => shopper(target, n, full, over)),
		...times(idle, n => idler(target, n, over)),
		...times(reports, n => reporter(target, n, over)),
		importer(target, over),
		publisher(target, over),
		clumsy(target, 1, over),
		clumsy(target, 2, over),
		analyst(target, over),
	];
}

/** Many small statements: browsing, carts, now and then an order. */
async function shopper(target: Target, n: number, full: () => boolean, over: AbortSignal): Promise<void> {
	let round = n * 1000;
	await keepWorking(target, {role: 'webapp', application: `webapp-${n}`}, over, async client => {
		round++;
		const restaurant = 1 + ((round * 7) % 60);
		await client.query('select id, name, price from menu_items where restaurant_id = $1 and available order by name', [restaurant]);
		await client.query('select id, status, total from orders where restaurant_id = $1 order by id desc limit 20', [restaurant]);
		if (round % 3 === 0 && !full()) await fillCart(client, `session-${(n * 50 + round) % 200}`, restaurant);
		if (round % 8 === 0 && !full()) await order(client, restaurant, round);
		await pause(150 + (round % 5) * 40, over);
	});
}

async function fillCart(client: pg.Client, session: string, restaurant: number): Promise<void> {
	await client.query(`insert into shopping_carts values ($1, $2, $3) on conflict (session) do update set content = excluded.content, updated_at = now()`, [
		session,
		1 + (restaurant % 6),
		JSON.stringify({items: [restaurant, restaurant + 60]}),
	]);
}

async function order(client: pg.Client, restaurant: number, round: number): Promise<void> {
	await client.query('begin');
	const {rows} = await client.query(
		`insert into orders (tenant_id, restaurant_id, customer_id, status, total, placed_at, note) values ($1, $2, $3, 'placed', $4, now(), $5) returning id`,
		[1 + (restaurant % 6), restaurant, 1 + (round % 6000), 10 + (round % 80), `table ${round % 40}`],
	);
	await client.query('insert into commissions values ($1, $2, 0.12, 2.4)', [restaurant, rows[0].id]);
	await client.query(`insert into audit_logs (tenant_id, actor, action) values ($1, 'webapp', 'order placed')`, [1 + (restaurant % 6)]);
	// A customer in twelve changes his mind at the till.
	await client.query(round % 12 === 0 ? 'rollback' : 'commit');
}

/** Pools that keep far more connections than they use. */
async function idler(target: Target, n: number, over: AbortSignal): Promise<void> {
	const application = ['mobile-api', 'backoffice', 'mobile-api', 'printer-bridge'][n % 4]!;
	await keepWorking(target, {role: n % 4 === 1 ? 'reporting' : 'webapp', application}, over, async client => {
		await client.query('select name from tenants where id = $1', [1 + (n % 6)]);
		await pause(45_000 + n * 700, over);
	});
}

/** Slow by reading everything, and by sorting more than its memory holds. */
async function reporter(target: Target, n: number, over: AbortSignal): Promise<void> {
	await keepWorking(target, {role: 'reporting', application: `nightly-report-${n}`}, over, async client => {
		await client.query(
			`select c.name, count(*), sum(o.total) from orders o join customers c on c.id = o.customer_id where o.note like '%abc%' or o.note like '%' || c.email || '%' group by c.name order by 3 desc limit 20`,
		);
		await pause(8000, over);
		await client.query(
			`select a.customer_id, count(*) from orders a join orders b on b.customer_id = a.customer_id and b.id > a.id group by a.customer_id, a.note order by count(*) desc, a.note limit 10`,
		);
		await pause(6000, over);
		await client.query(
			`select a.restaurant_id, count(*) from orders a join orders b on b.restaurant_id = a.restaurant_id and b.placed_at between a.placed_at - interval '1 hour' and a.placed_at where a.restaurant_id <= 16 group by a.restaurant_id`,
		);
		await pause(8000, over);
	});
}

/** Reads a snapshot, and then talks to another system for a minute with its transaction open. */
async function importer(target: Target, over: AbortSignal): Promise<void> {
	await keepWorking(target, {role: 'etl', application: 'etl-import'}, over, async client => {
		await client.query('begin isolation level repeatable read');
		await client.query('select max(id) from orders');
		await pause(75_000, over);
		await client.query('commit');
		await pause(10_000, over);
	});
}

/** Changes prices, which the trigger announces, and sends what its own monitoring sees. */
async function publisher(target: Target, over: AbortSignal): Promise<void> {
	let round = 0;
	await keepWorking(target, {role: 'webapp', application: 'menu-publisher'}, over, async client => {
		round++;
		await client.query('update menu_items set price = price + $2, updated_at = now() where id = $1', [1 + ((round * 37) % 1800), round % 2 === 0 ? 0.1 : -0.1]);
		if (round % 5 === 0)
			await client.query(`select pg_notify('performance_alert', $1)`, [
				JSON.stringify({kind: 'slow_query', endpoint: '/search', ms: 900 + ((round * 13) % 700)}),
			]);
		await pause(4000, over);
	});
}

/** Two sessions that take the same two rows in opposite order: every half minute one of them is the victim of a deadlock. */
async function clumsy(target: Target, n: 1 | 2, over: AbortSignal): Promise<void> {
	await keepWorking(target, {role: 'webapp', application: `loyalty-sync-${n}`}, over, async client => {
		// Both start at the same moment.
		await pause(30_000 - (Date.now() % 30_000), over);
		const touch = (id: number) => client.query('update customers set name = name where id = $1', [id]);
		await client.query('begin');
		try {
			await touch(n);
			await pause(400, over);
			await touch(3 - n);
			await client.query('commit');
		} catch {
			await client.query('rollback');
		}
	});
}

/** Uses the other database. */
async function analyst(target: Target, over: AbortSignal): Promise<void> {
	await keepWorking(target, {role: 'reporting', application: 'notebook', database: 'analytics'}, over, async client => {
		await client.query('select count(*) from generate_series(1, 20000)');
		await pause(5000, over);
	});
}

/** Five kiosks that share two connections of a pool: three of them wait. */
export function queue(pooler: Target, over: AbortSignal): readonly Promise<void>[] {
	return [1, 2, 3, 4, 5].map(n =>
		keepWorking(pooler, {role: 'webapp', application: `kiosk-${n}`}, over, async client => {
			await client.query('select count(*), pg_sleep(2) from menu_items where available');
			await pause(100, over);
		}),
	);
}
