import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type pg from 'pg';
import {identifier, inOneLine, literal, spelled, spelledSql} from '../source/spelling.ts';
import {harmless} from '../views/layout.ts';
import {hostileText, seeded} from './support/hostile.ts';
import {startServer} from './support/servers.ts';

let server: Awaited<ReturnType<typeof startServer>>;
let client: pg.Client;
before(async () => {
	server = await startServer();
	client = await server.connect();
});
after(() => server.stop());

const random = seeded(20261122);
const crafted = [
	'user',
	'order',
	'a"b',
	'a\\b',
	"a'b",
	'a b',
	'Ünï',
	'; drop table x; --',
	'a\nb',
	'\\',
	'U&"x"',
	'$$',
	'$a$',
	'1a',
	'é',
	'e\u0301',
	'\u212b',
	'a\u200bb',
	'оrders',
	'{x}',
];

/** A name as the server may hold it: at most 63 bytes, no NUL, never empty. */
function nameOf(): string {
	let name = hostileText(random, 8).toWellFormed().replaceAll('\0', '');
	while (Buffer.byteLength(name) > 63) name = [...name].slice(0, -1).join('');
	return name === '' ? 'x' : name;
}

const names = [...crafted, ...Array.from({length: 10_000}, nameOf)];

test('10,000 hostile names, written for people to copy, mean the same to the server', async () => {
	for (let start = 0; start < names.length; start += 1000) {
		const some = names.slice(start, start + 1000);
		const written = some.map(name => `1 as ${identifier(name)}`);
		for (const text of written) assert.equal(harmless(text), text, 'the screen and the clipboard leave it alone');
		const {fields} = await client.query(`select ${written.join(', ')}`);
		assert.deepEqual(
			fields.map(field => field.name),
			some,
		);
		const quoted = some.map(text => literal(text));
		for (const text of quoted) assert.equal(harmless(text), text);
		const {rows} = await client.query({text: `values ${quoted.map(text => `(${text})`).join(', ')}`, rowMode: 'array'});
		assert.deepEqual(rows.flat(), some);
	}
});

test('statements that the server has made mean the same when they were spelt out', async () => {
	const {rows} = await client.query<{statement: string; told: string; name: string}>(
		`select format('select %L as v, 1 as %I, %L || E''\\n'' as w', n, n, n) as statement, format('Look: drop index concurrently %I.%I; don''t', n, n) as told, n as name from unnest($1::text[]) n`,
		[names],
	);
	const some = rows.filter((_, index) => index % 10 === 0);
	for (const {statement, told} of some) {
		assert.equal(harmless(spelledSql(statement)), spelledSql(statement));
		assert.equal(harmless(spelled(told)), spelled(told));
	}
	for (const {statement, name} of some) {
		const result = await client.query(spelledSql(statement));
		assert.deepEqual([result.rows[0].v, result.fields[1]!.name, result.rows[0].w], [name, name, `${name}\n`]);
	}
});

test('a statement that was copied onto one line gives the same rows', async () => {
	const ends = ['\n', '\r', '\r\n', '\f'];
	const statements = [
		...ends.map(end => `select n from generate_series(1, 3) n -- the old ones${end} where n < 2\n order by n`),
		"select /* a /* b */ -- c */ 'x' as v -- don't\n, '--' as w",
		'select $$ -- a\nb\\n\u200b$$ as v, $é$ -- b\r$é$ as w, $t$--$t$ as x',
		'select a$b$ -- $b$\n from (select 1 as a$b$) t',
	];
	const answered = async (sql: string) =>
		client.query({text: sql, rowMode: 'array'}).then(
			({rows}) => rows,
			(error: Error) => error.message,
		);
	for (const sql of statements) {
		const copied = harmless(spelledSql(inOneLine(sql)));
		assert.doesNotMatch(copied, /[\n\r\f]/);
		assert.deepEqual(await answered(copied), await answered(sql), JSON.stringify([sql, copied]));
	}
	assert.deepEqual(await answered(statements[1]!), [[1]], 'a carriage return ends a comment');
});
