// Writes test/fixtures/NAME.json from the demo's servers: npx tsx test/support/record.ts queries=statements,running cache=databases,io
import {writeFileSync} from 'node:fs';
import pg from 'pg';
import {parseCatalog, pick} from '../../source/catalog.ts';
import {isProblem} from '../../source/demo/problem.ts';
import {startStack} from '../../source/demo/stack.ts';
import {factsOf} from '../../source/facts.ts';
import type {Facts, Row} from '../../source/pane.ts';
import {sqlFiles} from './queries.ts';

const seconds = 5;
const catalog = parseCatalog(sqlFiles());
const wanted = process.argv.slice(2).map(argument => argument.split('=') as [string, string]);
const clusterWide = new Set(['unused-indexes']);
const names = [...new Set(wanted.flatMap(([, queries]) => queries.split(',')))];

const stack = await startStack({load: 'heavy', onProgress: () => {}});
if (isProblem(stack)) throw new Error(stack.problem);
const problem = await stack.ready;
if (problem) throw new Error(problem.problem);

async function open(conninfo: string): Promise<{readonly client: pg.Client; readonly facts: Facts}> {
	const client = new pg.Client(conninfo);
	await client.connect();
	const facts = factsOf((await client.query(catalog.get('facts')![0]!.text)).rows[0] as Row, false);
	await client.query(
		`set search_path to pg_catalog, ${facts.extensionSchemas.join(', ') || 'pg_catalog'}; set timezone to 'UTC'; set application_name to 'pgperf'; set lock_timeout to '100ms'`,
	);
	return {client, facts};
}

async function ask(server: Awaited<ReturnType<typeof open>>, name: string): Promise<readonly Row[] | undefined> {
	const picked = pick(catalog, name, server.facts);
	return 'query' in picked ? ((await server.client.query(picked.query.text)).rows as Row[]) : undefined;
}

const servers = {primary: await open(stack.conninfo), ...(stack.replica && {standby: await open(stack.replica)})};
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
const take = async () =>
	Object.fromEntries(await Promise.all(Object.entries(servers).map(async ([id, server]) => [id, Object.fromEntries(await sampled(server))])));
async function sampled(server: Awaited<ReturnType<typeof open>>): Promise<[string, readonly Row[]][]> {
	const answers: [string, readonly Row[]][] = [];
	for (const name of names) {
		// Standbys are asked what only a cluster can judge.
		if (server.facts.recovery && !clusterWide.has(name)) continue;
		const rows = await ask(server, name);
		if (rows) answers.push([name, rows]);
	}
	return answers;
}
await pause(15_000);
const before = await take();
await pause(seconds * 1000);
const now = await take();
const texts = catalog.get('statement-texts')![0]!.text;
const ids = ((now.primary?.statements ?? []) as Row[]).flatMap(row => (row.queryid ? [row.queryid] : []));
const found = ids.length > 0 ? ((await servers.primary.client.query(texts, [ids])).rows as Row[]) : [];
for (const [name, queries] of wanted) {
	const samples = Object.fromEntries(
		queries
			.split(',')
			.map(query => [query, Object.fromEntries(Object.keys(servers).flatMap(id => (now[id]?.[query] ? [[id, [before[id]?.[query], now[id]?.[query]]]] : [])))]),
	);
	const recorded = {
		watched: 'primary',
		seconds,
		facts: Object.fromEntries(Object.entries(servers).map(([id, server]) => [id, {...server.facts, system_identifier: '7'}])),
		samples,
		texts: queries.includes('statements') ? Object.fromEntries(found.map(row => [row.queryid, row.query])) : {},
	};
	writeFileSync(
		new URL(`../fixtures/${name}.json`, import.meta.url),
		`${JSON.stringify(recorded, null, '\t').replaceAll(/\{[^{}[\]]*\}/g, one => one.replaceAll(/\s*\n\s*/g, ' '))}\n`,
	);
}
for (const server of Object.values(servers)) await server.client.end();
await stack.close();
