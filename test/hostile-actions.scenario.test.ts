import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type pg from 'pg';
import {hostileText, seeded} from './support/hostile.ts';
import {pgperf} from './support/run.ts';
import {startServer, type TestServer} from './support/servers.ts';

let server: TestServer;
let client: pg.Client;
const random = seeded(23);
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const crafted = [
	'user',
	'a"b',
	"a'b",
	'a\\b',
	'a b',
	'; drop table x; --',
	'a\nb',
	'o\u200brders',
	'orders',
	'оrders',
	'e\u0301',
	'\u00e9',
	'\u202eabc',
	'\x1b[31m',
	'$x$',
	'{a,b}',
	'%s',
];
let count = 0;

/** At most 40 bytes, as the names of indexes and partitions are made of it. */
function nameOf(text: string): string {
	let name = text.toWellFormed().replaceAll('\0', '');
	while (Buffer.byteLength(name) > 40) name = [...name].slice(0, -1).join('');
	return `${name}_${++count}`;
}

const names = [...crafted.map(nameOf), ...Array.from({length: 20}, () => nameOf(hostileText(random, 6)))];
const schema = nameOf('s "\u200b\\\x1b[2J');
const full = (name: string) => `${quoted(schema)}.${quoted(name)}`;

before(async () => {
	server = await startServer();
	client = await server.connect();
	await client.query(`create schema ${quoted(schema)}`);
	for (const name of names) {
		await client.query(`create table ${full(name)} (${quoted(name)} int primary key, other text)`);
		await client.query(`create index ${quoted(`i${name}`)} on ${full(name)} (other)`);
		await client.query(`create materialized view ${full(`m${name}`)} as select 1 as ${quoted(name)} with no data`);
		await client.query(`create table ${full(`p${name}`)} (at date, note text) partition by range (at)`);
		for (const month of ['01', '02'])
			await client.query(
				`create table ${full(`p${name}_2026_${month}`)} partition of ${full(`p${name}`)} for values from ('2026-${month}-01') to ('2026-0${Number(month) + 1}-01')`,
			);
	}
});
after(async () => {
	await client.end();
	await server.stop();
});

/** What a dry run prints, run as somebody would who has copied it. */
async function copiedAndRun(...words: readonly string[]): Promise<readonly string[]> {
	const {out, err} = await pgperf(['act', ...words, '--dry-run', '--dbname', server.conninfo]);
	for (const text of [out, err]) assert.doesNotMatch(text, /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u, text);
	const statements = out.split(/;\n/).filter(Boolean);
	assert.ok(statements.length > 0, err);
	for (const statement of statements) await client.query(statement);
	return statements;
}

const one = async (sql: string, ...params: readonly unknown[]) => (await client.query({text: sql, values: [...params], rowMode: 'array'})).rows[0]?.[0];
/** As psql shows and takes them. */
const written = async (some: readonly string[]) =>
	(
		await client.query<{name: string}>('select n::regclass::text as name from unnest($1::text[]) with ordinality as u (n, place) order by place', [
			some.map(full),
		])
	).rows.map(row => row.name);

test('statements about objects of any name can be copied from the terminal and mean those objects', async () => {
	const words = await written(names.map(name => `m${name}`));
	await copiedAndRun('refresh', ...words);
	assert.equal(Number(await one('select count(*) from pg_matviews where ispopulated and schemaname = $1', schema)), names.length);

	await copiedAndRun('reindex', ...(await written(names.slice(0, 6).map(name => `i${name}`))));
	const half = names.filter((_, index) => index % 2 === 0);
	await copiedAndRun('drop-index', ...(await written(half.map(name => `i${name}`))));
	const {rows} = await client.query({
		text: "select substr(indexname, 2) from pg_indexes where schemaname = $1 and indexname like 'i%' and tablename not like 'p%'",
		values: [schema],
		rowMode: 'array',
	});
	const left = new Set(rows.flat());
	assert.deepEqual(
		names.filter(name => left.has(name)),
		names.filter((_, index) => index % 2 === 1),
	);
	await copiedAndRun('analyze', ...(await written(names)));
});

test('partitions of tables of any name', async () => {
	for (const name of [...names.slice(0, 8), ...names.slice(-4)]) {
		const before = Number(await one('select count(*) from pg_inherits where inhparent = $1::regclass', full(`p${name}`)));
		await copiedAndRun('partitions', ...(await written([`p${name}`])), '--ahead', '1');
		assert.ok(Number(await one('select count(*) from pg_inherits where inhparent = $1::regclass', full(`p${name}`))) > before, JSON.stringify(name));
	}
});

test('what is done to objects of any name is one line of the audit before and one after', async () => {
	const some = await written(names.slice(0, 12));
	const {code, out, err} = await pgperf(['act', 'analyze', ...some, '--yes', '--dbname', server.conninfo]);
	assert.equal(code, 0, err);
	for (const text of [out, err]) assert.doesNotMatch(text, /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
	const log = await pgperf(['audit', '--format', 'json']);
	const lines = log.out
		.trimEnd()
		.split('\n')
		.map(line => JSON.parse(line) as {readonly outcome: string; readonly statements: readonly string[]});
	assert.deepEqual(
		[...Map.groupBy(lines, line => line.outcome)].map(([outcome, same]) => [outcome, same.length]),
		[
			['asked', 12],
			['done', 12],
		],
	);
	const told = await pgperf(['audit']);
	assert.doesNotMatch(told.out, /(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u);
});
