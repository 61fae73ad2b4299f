import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import type pg from 'pg';
import {compareVersions, names, paramsOf, parseCatalog, pick} from '../source/catalog.ts';
import {factsOf} from '../source/facts.ts';
import type {Facts, Query, Row, Value} from '../source/pane.ts';
import {sqlFiles, typescriptFiles} from './support/queries.ts';
import {majors, startServer, type TestServer, until} from './support/servers.ts';

const files = sqlFiles();
const catalog = parseCatalog(files);
const queries = [...catalog.values()].flat();
const samplesOf = new Map(files.map(file => [file.file, paramsOf(file).map(param => (param.sample === 'NULL' ? null : param.sample))]));
const typeNames: Readonly<Record<number, string>> = {16: 'bool', 23: 'int4', 25: 'text', 701: 'float8'};

/** Something of everything: what is empty on every server would be tested by nobody. */
const world = `
	create schema shop;
	create table shop.accounts (id int primary key, name text not null, note varchar(20));
	create table shop.orders (id bigserial primary key, account_id int references shop.accounts, placed_at timestamptz not null default now(), total numeric);
	create index orders_total on shop.orders (total);
	create index orders_total_again on shop.orders (total);
	create table shop.events (id bigint, at timestamptz not null, what text) partition by range (at);
	create table shop.events_2026_10 partition of shop.events for values from ('2026-10-01 00:00+00') to ('2026-11-01 00:00+00');
	create table shop.events_2026_11 partition of shop.events for values from ('2026-11-01 00:00+00') to ('2026-12-01 00:00+00');
	create table shop.events_default partition of shop.events default;
	create table shop.regions (id int, region text) partition by list (region);
	create table shop.regions_eu partition of shop.regions for values in ('de', 'fr');
	create table shop.hashed (id int) partition by hash (id);
	create table shop.hashed_0 partition of shop.hashed for values with (modulus 2, remainder 0);
	create materialized view shop.daily as select placed_at::date as day, count(*) as n from shop.orders group by 1;
	create unique index daily_day on shop.daily (day);
	create table shop."Odd ""name"".x" (id int primary key);
	insert into shop.accounts select n, 'name ' || n from generate_series(1, 200) n;
	insert into shop.orders (account_id, total) select 1 + n % 200, n from generate_series(1, 2000) n;
	insert into shop.events select n, '2026-10-15 00:00+00', 'x' from generate_series(1, 100) n;
	insert into shop.events values (1, '2027-05-01 00:00+00', 'default');
	refresh materialized view shop.daily;
	delete from shop.orders where id % 3 = 0;
	analyze;
	create publication shop_changes for table shop.orders;
	select count(*) from shop.orders o join shop.accounts a on a.id = o.account_id;
`;

/** The columns that the server sent, by query: variants and majors must agree. */
const fields = new Map<string, {readonly file: string; readonly types: string}>();
/** Rows that came back anywhere, by query: what is null in them must be declared so. */
const seen = new Map<string, Row[]>();

async function prepare(client: pg.Client): Promise<Facts> {
	const row = (await client.query(catalog.get('facts')![0]!.text)).rows[0] as Row;
	const facts = factsOf(row, false);
	const path = ['pg_catalog', ...facts.extensionSchemas].join(', ');
	await client.query("select set_config('search_path', $1, false), set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false)", [path]);
	await client.query("select set_config('statement_timeout', '10s', false), set_config('lock_timeout', '100ms', false)");
	await client.query("select set_config('default_transaction_read_only', 'on', false)");
	return facts;
}

/** Files that some server ran: a variant that no supported server takes is dead. */
const ran = new Set<string>();

/** What this server would be asked: of every name the variant that it satisfies. */
function asked(facts: Facts): readonly Query[] {
	const picked = names(catalog).map(name => pick(catalog, name, facts));
	return picked.flatMap(one => ('query' in one ? [one.query] : []));
}

/** PostgreSQL may refuse only what the header says, and says without an "else". */
function mayRefuse(query: Query): boolean {
	return /^(pg_\w+|superuser|select on|usage on|execute on|connect on|ownership|member)/i.test(query.privilege) && !/\belse\b/.test(query.privilege);
}

async function problemsOf(client: pg.Client, facts: Facts, role: string): Promise<readonly string[]> {
	const problems: string[] = [];
	for (const query of asked(facts)) {
		ran.add(query.file);
		const where = `${query.file} on ${facts.major} as ${role}`;
		try {
			const result = await client.query(query.text, samplesOf.get(query.file)!);
			problems.push(...shapeProblems(query, result, where));
		} catch (error) {
			const {code, message} = error as {readonly code?: string; readonly message: string};
			if (code === '42501' && role !== 'postgres' && mayRefuse(query)) continue;
			problems.push(`${where}: ${code} ${message}`);
		}
	}
	return problems;
}

function shapeProblems(query: Query, result: pg.QueryResult, where: string): readonly string[] {
	const problems: string[] = [];
	for (const field of result.fields) {
		if (!typeNames[field.dataTypeID]) problems.push(`${where}: ${field.name} has type ${field.dataTypeID}, not text, int4, float8 or bool`);
		if (field.name === '?column?') problems.push(`${where}: a field has no name`);
	}
	const names = result.fields.map(field => field.name);
	if (new Set(names).size !== names.length) problems.push(`${where}: a field comes twice`);
	const types = result.fields
		.map(field => `${field.name} ${typeNames[field.dataTypeID]}`)
		.sort()
		.join(', ');
	const known = fields.get(query.name);
	if (!known) fields.set(query.name, {file: query.file, types});
	else if (known.types !== types) problems.push(`${where} returns\n  ${types}\nbut ${known.file}\n  ${known.types}`);
	const rows = result.rows as Row[];
	if (rows.length > 1 && !/\border by\b/.test(query.text)) problems.push(`${where}: returns several rows and has no order by`);
	const wrong = rows.flatMap(row => Object.entries(row)).find(([, value]) => !isValue(value));
	if (wrong) problems.push(`${where}: ${wrong[0]} came as ${JSON.stringify(wrong[1])}`);
	seen.set(query.name, [...(seen.get(query.name) ?? []), ...rows.slice(0, 200)]);
	return problems;
}

function isValue(value: unknown): value is Value {
	return value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && !Number.isNaN(value));
}

for (const major of majors) {
	describe(`PostgreSQL ${major}`, () => {
		let server: TestServer;
		const open: pg.Client[] = [];
		before(async () => {
			server = await startServer({major, standby: true, conf: {track_commit_timestamp: 'on'}});
			await server.createRoles();
			await server.createDatabase('shop', world);
			await hold(server, open);
		});
		after(async () => {
			for (const client of open) await client.end();
			await server.standby?.stop();
			await server.stop();
		});
		for (const role of ['postgres', 'monitor_role', 'plain_role']) {
			test(`every query runs as ${role} and returns its fields`, async () => {
				const client = await server.connect({user: role, database: 'shop'});
				open.push(client);
				assert.deepEqual(await problemsOf(client, await prepare(client), role), []);
			});
			test(`every query runs on a standby as ${role}`, async () => {
				const client = await server.standby!.connect({user: role, database: 'postgres'});
				open.push(client);
				assert.deepEqual(await problemsOf(client, await prepare(client), role), []);
			});
		}
		test('an extension older than the server is asked what it knows', async () => {
			for (const version of oldVersions(await installed(server))) {
				const database = `with ${version}`;
				await server.createDatabase(database, `create extension pg_stat_statements version '${version}'; select 1`);
				const client = await server.connect({database});
				open.push(client);
				assert.deepEqual(await problemsOf(client, await prepare(client), `postgres with pg_stat_statements ${version}`), []);
			}
		});
		test('no query waits while tables, a partition and a materialized view are locked', async () => {
			const locker = await server.connect({database: 'shop'});
			open.push(locker);
			await locker.query('begin');
			await locker.query('lock table shop.orders, shop.events_2026_10, shop.regions in access exclusive mode');
			await locker.query('drop materialized view shop.daily');
			const client = await server.connect({database: 'shop'});
			open.push(client);
			assert.deepEqual(await problemsOf(client, await prepare(client), 'postgres'), []);
			await locker.query('rollback');
		});
	});
}

async function installed(server: TestServer): Promise<string> {
	const client = await server.connect();
	try {
		return (await prepare(client)).extensions.pg_stat_statements!;
	} finally {
		await client.end();
	}
}

/** Those that a variant was written for: after pg_upgrade the extension stays as it was. */
function oldVersions(newest: string): readonly string[] {
	const wanted = queries.flatMap(query => query.needs.flatMap(need => (need.kind === 'extension' && need.name === 'pg_stat_statements' ? [need.version] : [])));
	return [...new Set(wanted)].filter(version => compareVersions(version, newest) < 0);
}

/** One holds a row, one waits for it; one is prepared; a slot is kept. */
async function hold(server: TestServer, open: pg.Client[]): Promise<void> {
	// Before anybody writes: making a logical slot waits for every open transaction.
	await server.run("select pg_create_logical_replication_slot('kept', 'pgoutput')", 'shop');
	const [holder, waiter, preparer] = await Promise.all([0, 1, 2].map(() => server.connect({database: 'shop'})));
	open.push(holder!, waiter!, preparer!);
	await holder!.query('begin; update shop.accounts set name = name where id = 1');
	await waiter!.query('begin');
	waiter!.query('update shop.accounts set name = name where id = 1').catch(() => undefined);
	await preparer!.query("begin; update shop.accounts set name = name where id = 2; prepare transaction 'left open'");
	await until(
		async () => (await holder!.query("select count(*)::int4 as n from pg_stat_activity where wait_event_type = 'Lock'")).rows[0].n as number,
		n => n === 1,
	);
}

test('every file was asked on some server', () => {
	const elsewhere = new Set(['pg_cron', 'hypopg', 'pg_partman']);
	const dead = queries.filter(query => !ran.has(query.file) && !query.needs.some(need => need.kind === 'extension' && elsewhere.has(need.name)));
	assert.deepEqual(
		dead.map(query => query.file),
		[],
	);
});

describe('row types', () => {
	const declared = typescriptFiles('views', 'source').flatMap(({file, text}) =>
		[...text.matchAll(/^export type (\w+)Row = (?:Row & )?\{\n([\s\S]*?)\n\};/gm)].map(([, name, body]) => ({file, name: name!, body: body!})),
	);
	test('they say what the servers return, field by field', () => {
		const problems: string[] = [];
		for (const [name, {types, file: sql}] of fields) {
			const typed = declared.find(one => one.name === pascal(name));
			if (!typed) continue;
			const real = new Map(types.split(', ').map(field => field.split(' ') as [string, string]));
			const said = new Map([...typed.body.matchAll(/^\treadonly (\w+): (.+);$/gm)].map(match => [match[1]!, match[2]!]));
			for (const [field, type] of real) {
				const wanted = said.get(field);
				if (wanted === undefined) problems.push(`${typed.file}: ${typed.name}Row lacks ${field}, which queries/${sql} returns`);
				else if (!wanted.split(' | ').includes(tsType(type)))
					problems.push(`${typed.file}: ${typed.name}Row.${field} is ${wanted}, queries/${sql} returns ${type}`);
				else if (!wanted.includes('null') && seen.get(name)?.some(row => row[field] === null))
					problems.push(`${typed.file}: ${typed.name}Row.${field} came as null`);
			}
			for (const field of said.keys()) if (!real.has(field)) problems.push(`${typed.file}: queries/${sql} does not return ${typed.name}Row.${field}`);
		}
		assert.deepEqual(problems, []);
	});
	test('the queries of sessions, locks and vitals have theirs, and rows came for them', () => {
		for (const name of ['sessions', 'locks', 'vitals']) {
			assert.ok(
				declared.some(one => one.name === pascal(name)),
				`${pascal(name)}Row`,
			);
			assert.ok((seen.get(name)?.length ?? 0) > 0, `rows of ${name}`);
		}
	});
});

function pascal(name: string): string {
	return name.replace(/(?:^|[-/])([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function tsType(type: string): string {
	return type === 'text' ? 'string' : type === 'bool' ? 'boolean' : 'number';
}
