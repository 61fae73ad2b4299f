import type pg from 'pg';
import {keepWorking, pause, type Target} from './worker.ts';

/** A symptom that was cured from the console comes back after this time. */
const patience = 180_000;

type Symptom = {
	readonly name: string;
	/** SQL of one boolean: is it cured? */
	readonly cured: string;
	/** Statements, each in a transaction of its own. */
	readonly again: readonly string[];
};

const missing = (relation: string) => `select to_regclass('${relation}') is null`;
const dropWhere = (query: string) => `do $$ declare name text; begin for name in ${query} loop execute 'drop ' || name; end loop; end $$`;
const indexOn = (table: string, column: string) =>
	`select indexrelid::regclass from pg_index where indrelid = '${table}'::regclass and indkey[0] = (select attnum from pg_attribute where attrelid = '${table}'::regclass and attname = '${column}')`;
const future = (table: string) =>
	`select inhrelid::regclass from pg_inherits join pg_class c on c.oid = inhrelid where inhparent = '${table}'::regclass and (regexp_match(pg_get_expr(relpartbound, c.oid), 'FROM \\(''([^'']+)'))[1]::timestamptz > now()`;

export const symptoms: readonly Symptom[] = [
	{
		name: 'a slot that nobody reads',
		cured: `select not exists (select from pg_replication_slots where slot_name = 'dr_site' and wal_status <> 'lost')`,
		again: [
			`select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'dr_site' and not active`,
			`select pg_create_physical_replication_slot('dr_site', true)`,
		],
	},
	{
		name: 'an invalid index',
		cured: `select not exists (select from pg_index where indexrelid = to_regclass('orders_total_idx') and not indisvalid)`,
		again: [
			'create index if not exists orders_total_idx on orders (total)',
			`update pg_catalog.pg_index set indisvalid = false where indexrelid = 'orders_total_idx'::regclass`,
		],
	},
	{name: 'a duplicate index', cured: missing('orders_by_restaurant'), again: ['create index if not exists orders_by_restaurant on orders (restaurant_id)']},
	{name: 'an unused index', cured: missing('orders_note_idx'), again: ['create index if not exists orders_note_idx on orders (note)']},
	{
		name: 'foreign keys without an index',
		cured: `select exists (${indexOn('orders', 'customer_id')}) or exists (${indexOn('order_items', 'menu_item_id')})`,
		again: [dropWhere(`select 'index ' || i from (${indexOn('orders', 'customer_id')} union all ${indexOn('order_items', 'menu_item_id')}) as found(i)`)],
	},
	{
		name: 'rows in the default partition of audit_logs',
		cured: 'select not exists (select from audit_logs_default)',
		again: [
			`insert into audit_logs (tenant_id, actor, action, created_at) select 1 + n % 6, 'import', 'refund', date_trunc('month', now()) - interval '18 months' + n * interval '1 hour' from generate_series(1, 300) n`,
		],
	},
	{
		name: 'rows in the default partition of delivery_pings',
		cured: 'select not exists (select from delivery_pings_default where pinged_at >= now())',
		again: [
			`insert into delivery_pings select n % 25, 53.5, 9.9, date_trunc('day', now()) + interval '1 day' + n * interval '10 minutes' from generate_series(1, 120) n`,
		],
	},
	...['audit_logs', 'delivery_pings'].map(table => ({
		name: `the next partition of ${table} is missing`,
		cured: `select exists (${future(table)})`,
		again: [dropWhere(`select 'table ' || i from (${future(table)}) as found(i)`)],
	})),
	{
		name: 'a missing hash partition',
		cured: "select count(*) = 4 from pg_inherits where inhparent = 'coupons'::regclass",
		again: ['drop table if exists coupons_3'],
	},
	{
		name: 'a table without autovacuum',
		cured: `select n_dead_tup < 10000 or not coalesce(reloptions @> '{autovacuum_enabled=off}', false) from pg_stat_user_tables s join pg_class c on c.oid = relid where relid = 'orders'::regclass`,
		again: ['alter table orders set (autovacuum_enabled = off)', `update orders set total = total + 1 where id % 3 = 0`],
	},
];

/** Brings back what was cured, one after the other. */
export async function relapse(target: Target, over: AbortSignal): Promise<void> {
	const since = new Map<string, number>();
	await keepWorking(target, {role: 'postgres', application: 'relapse'}, over, async client => {
		await client.query(`set lock_timeout = '2s'`);
		for (const symptom of symptoms) await check(client, symptom, since);
		await pause(10_000, over);
	});
}

async function check(client: pg.Client, symptom: Symptom, since: Map<string, number>): Promise<void> {
	try {
		const {rows} = await client.query({text: symptom.cured, rowMode: 'array'});
		if (rows[0]?.[0] !== true) {
			since.delete(symptom.name);
			return;
		}
		const first = since.get(symptom.name) ?? performance.now();
		since.set(symptom.name, first);
		if (performance.now() - first < patience) return;
		since.delete(symptom.name);
		for (const statement of symptom.again) await client.query(statement);
	} catch (error) {
		// A lock that was not granted is asked for again the next time; a lost connection is the loop's affair.
		if (!(error instanceof Error && 'severity' in error && error.severity === 'ERROR')) throw error;
	}
}
