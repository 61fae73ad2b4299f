import assert from 'node:assert/strict';
import {test} from 'node:test';
import {symptoms} from '../source/demo/workload/relapse.ts';
import {majors, startShop} from './support/servers.ts';

const nextMonth = `to_char(now() + interval '1 month', 'YYYY_MM')`;
/** How a person cures each symptom of the seed. */
const cures: Readonly<Record<string, readonly string[]>> = {
	'a slot that nobody reads': [`select pg_drop_replication_slot('dr_site')`],
	'an invalid index': ['reindex index concurrently orders_total_idx'],
	'a duplicate index': ['drop index concurrently orders_by_restaurant'],
	'an unused index': ['drop index concurrently orders_note_idx'],
	'foreign keys without an index': ['create index concurrently on orders (customer_id)', 'create index concurrently mended on order_items (menu_item_id)'],
	'the next partition of audit_logs is missing': [
		`do $$ begin execute format('create table %I partition of audit_logs for values from (%L) to (%L)', 'audit_logs_' || ${nextMonth}, date_trunc('month', now()) + interval '1 month', date_trunc('month', now()) + interval '2 months'); end $$`,
	],
	'the next partition of delivery_pings is missing': [
		'delete from delivery_pings_default',
		`do $$ begin execute format('create table tomorrow partition of delivery_pings for values from (%L) to (%L)', date_trunc('day', now()) + interval '1 day', date_trunc('day', now()) + interval '2 days'); end $$`,
	],
	'rows in the default partition of audit_logs': ['delete from audit_logs_default'],
	'rows in the default partition of delivery_pings': ['delete from delivery_pings_default'],
	'a missing hash partition': ['create table coupons_3 partition of coupons for values with (modulus 4, remainder 3)'],
	'a table without autovacuum': ['alter table orders reset (autovacuum_enabled)'],
};

for (const major of [majors[0], majors.at(-1)!])
	test(`on PostgreSQL ${major} every symptom of the seed can be cured, and comes back`, async t => {
		const server = await startShop({major});
		const client = await server.connect({database: 'shop'});
		const cured = async (sql: string) => (await client.query({text: sql, rowMode: 'array'})).rows[0]?.[0];
		assert.deepEqual(symptoms.map(symptom => symptom.name).sort(), Object.keys(cures).sort());
		for (const symptom of symptoms)
			await t.test(symptom.name, async () => {
				assert.equal(await cured(symptom.cured), false);
				for (const statement of cures[symptom.name]!) await client.query(statement);
				assert.equal(await cured(symptom.cured), true);
				for (const statement of symptom.again) await client.query(statement);
				assert.equal(await cured(symptom.cured), false);
			});
		await client.end();
		await server.stop();
	});
