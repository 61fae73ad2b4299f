import type pg from 'pg';
import {pick} from '../../source/catalog.ts';
import {sqlOf} from '../../source/due.ts';
import {factsOf} from '../../source/facts.ts';
import {loadCatalog} from '../../source/io/files.ts';
import type {Facts, Row} from '../../source/pane.ts';
import {panes} from '../../views/panes/index.ts';
import type {TestServer} from '../support/servers.ts';

export type Cost = {
	readonly pane: string;
	readonly query: string;
	/** How often it is asked while its pane is open. */
	readonly every: string;
	readonly rows: number;
	readonly planMs: number;
	readonly runMs: number;
	/** Pages of 8 kB that were looked at, found or read, planning too. */
	readonly buffers: number;
};

type Plan = {
	readonly Plan: {readonly 'Actual Rows': number; readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number};
	readonly Planning?: {readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number};
	readonly 'Planning Time': number;
	readonly 'Execution Time': number;
};

/** What each query of each pane costs this server, the second time that it is asked. */
export async function costs(server: TestServer): Promise<readonly Cost[]> {
	const client = await server.connect();
	const catalog = loadCatalog();
	const facts = await factsFrom(client, catalog);
	await client.query(`set search_path = pg_catalog, ${facts.extensionSchemas.join(', ')}; set jit = off; set max_parallel_workers_per_gather = 0`);
	await client.query(`set statement_timeout = '60s'; set default_transaction_read_only = on`);
	const asked = new Set<string>();
	const found: Cost[] = [];
	for (const pane of panes) {
		for (const table of pane.tables) {
			const name = sqlOf(table);
			if (name === undefined || asked.has(name)) continue;
			asked.add(name);
			const picked = pick(catalog, name, facts);
			if (!('query' in picked)) continue;
			const explain = async () => {
				const {rows} = await client.query(`explain (analyze, buffers, timing off, format json) ${picked.query.text}`);
				return (rows[0]['QUERY PLAN'] as readonly Plan[])[0]!;
			};
			await explain();
			const plan = await explain();
			const pages = (part: Plan['Planning']) => (part ? part['Shared Hit Blocks'] + part['Shared Read Blocks'] : 0);
			found.push({
				pane: pane.id,
				query: name,
				every: table.every,
				rows: plan.Plan['Actual Rows'],
				planMs: plan['Planning Time'],
				runMs: plan['Execution Time'],
				buffers: pages(plan.Plan) + pages(plan.Planning),
			});
		}
	}
	await client.end();
	return found;
}

async function factsFrom(client: pg.Client, catalog: ReturnType<typeof loadCatalog>): Promise<Facts> {
	const {rows} = await client.query<Row>(catalog.get('facts')!.at(-1)!.text);
	return factsOf(rows[0]!, true);
}

/** A schema of many tables, each with a primary key and a second index, committed by the thousand: locks are counted. */
export async function manyTables(server: TestServer, count: number): Promise<void> {
	const client = await server.connect();
	await client.query('create schema if not exists bench_many');
	await client.query(`create or replace procedure bench_many.fill(many int) language plpgsql as $$
		begin
			for i in 1..many loop
				execute format('create table bench_many.t%s (id int primary key, owner int, note text)', i);
				execute format('create index on bench_many.t%s (owner)', i);
				if i % 500 = 0 then commit; end if;
			end loop;
		end $$`);
	await client.query(`call bench_many.fill(${count})`);
	await client.query('analyze pg_class; analyze pg_index; analyze pg_attribute');
	await client.end();
}
