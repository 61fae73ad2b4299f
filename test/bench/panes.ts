import type pg from 'pg';
import {pick} from '../../source/catalog.ts';
import {due, sqlOf} from '../../source/due.ts';
import {factsOf} from '../../source/facts.ts';
import {loadCatalog} from '../../source/io/files.ts';
import type {Facts, Row} from '../../source/pane.ts';
import {reducer} from '../../source/reduce.ts';
import type {State} from '../../source/state.ts';
import {panes} from '../../views/panes/index.ts';
import {openConsole} from '../support/console.ts';
import type {TestServer} from '../support/servers.ts';

export type Cost = {
	readonly pane: string;
	readonly query: string;
	/** How often it is asked while its pane is open. */
	readonly every: string;
	readonly rows: number;
	readonly planMs: number;
	readonly runMs: number;
	/** Pages of 8 kB that were looked at, found or read. */
	readonly planBuffers: number;
	readonly runBuffers: number;
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
				planBuffers: pages(plan.Planning),
				runBuffers: pages(plan.Plan),
			});
		}
	}
	await client.end();
	return found;
}

/** What an open pane, the vitals and the checks behind it cost the server, per refresh. */
export type Load = {readonly pane: string; readonly statements: number; readonly ms: number; readonly buffers: number};

/** Ten minutes of a console at one refresh a second, by its own schedule and the costs that were measured. */
export async function loads(server: TestServer, found: readonly Cost[]): Promise<readonly Load[]> {
	const opened = await openConsole(server);
	const seen = opened.state();
	await opened.close();
	// Nothing is under way where nothing is asked.
	const live: State = {
		...seen,
		interval: 1000,
		answers: {},
		servers: Object.fromEntries(Object.entries(seen.servers).map(([id, one]) => [id, {...one, busy: {}}])),
	};
	const cost = new Map(found.map(one => [one.query, one]));
	const reduce = reducer(() => 0);
	const [id] = Object.keys(live.servers);
	return panes
		.filter(pane => pane.place !== 'frame' && (pane.place === 'overview' || pane.tables.some(table => cost.has(sqlOf(table) ?? ''))))
		.map(pane => {
			let state: State = reduce(live, {type: 'opened', pane: pane.id});
			const sum = {statements: 0, ms: 0, buffers: 0};
			const [warming, counted] = [120, 600];
			for (let second = 0; second < warming + counted; second++) {
				const at = live.now + 100_000 + second * 1000;
				for (let rounds = due(state, at); rounds.length > 0; rounds = due(state, at)) {
					for (const {session, queries} of rounds) {
						const request = state.requests + 1;
						state = reduce(state, {type: 'requested', server: id!, session, request, queries, at});
						const results = Object.fromEntries(
							queries.map(name => [
								name,
								{status: 'ok', sample: {at, rows: seen.answers[id!]?.[name]?.sample?.rows ?? [], cost: cost.get(name)?.runMs ?? 1}} as const,
							]),
						);
						state = reduce(state, {type: 'sampled', server: id!, session, generation: state.servers[id!]!.generation, request, at, results, roundTrip: 1});
						if (second < warming) continue;
						for (const name of queries) {
							sum.statements += 1 / counted;
							// Prepared once: later only run.
							sum.ms += (cost.get(name)?.runMs ?? 0) / counted;
							sum.buffers += (cost.get(name)?.runBuffers ?? 0) / counted;
						}
					}
				}
			}
			return {pane: pane.id, ...sum};
		});
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
