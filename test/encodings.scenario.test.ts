import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import type pg from 'pg';
import type {Report} from '../source/report.ts';
import {pgperf} from './support/run.ts';
import {startServer, type TestServer, until} from './support/servers.ts';

let server: TestServer;
const held: pg.Client[] = [];
const encodings = ['SQL_ASCII', 'LATIN1', 'EUC_JP'] as const;
const database = (encoding: string) => `in_${encoding.toLowerCase()}`;

/** Bytes as they are, whatever the client thinks of them. */
async function runs(encoding: string, bytes: Buffer): Promise<void> {
	const client = await server.connect({database: database(encoding)});
	held.push(client);
	await client.query(`set client_encoding to ${encoding}`);
	const body = Buffer.concat([bytes, Buffer.from([0])]);
	const head = Buffer.from([0x51, 0, 0, 0, 0]);
	head.writeInt32BE(body.length + 4, 1);
	(client as unknown as {connection: {stream: NodeJS.WritableStream}}).connection.stream.write(Buffer.concat([head, body]));
}

before(async () => {
	server = await startServer();
	for (const encoding of encodings)
		await server.run(`create database ${database(encoding)} encoding '${encoding}' template template0 lc_collate 'C' lc_ctype 'C'`);
	await server.run(
		`do $$ begin for i in 233 .. 235 loop execute 'create table t_' || convert_from(set_byte('\\x00', 0, i), 'SQL_ASCII') || ' (id int primary key)'; end loop; end $$`,
		database('SQL_ASCII'),
	);
	await runs('SQL_ASCII', Buffer.from("select pg_sleep(600) /* \xe9\xff\xfe\x80\x9b31m */, 'x\xc3'", 'latin1'));
	await runs('LATIN1', Buffer.from('select pg_sleep(600) /* caf\xe9 */', 'latin1'));
	await runs('EUC_JP', Buffer.concat([Buffer.from('select pg_sleep(600) /* '), Buffer.from([0xa4, 0xa2]), Buffer.from(' */')]));
	const client = await server.connect();
	held.push(client);
	void client.query('select pg_sleep(600) /* Жук 日本 */').catch(() => undefined);
	await until(
		async () => {
			const asking = await server.connect();
			const {rows} = await asking.query("select count(*) from pg_stat_activity where wait_event = 'PgSleep'");
			await asking.end();
			return Number(rows[0].count);
		},
		n => n === 4,
	);
});
after(async () => {
	for (const client of held) void client.end().catch(() => undefined);
	await server.stop();
});

for (const encoding of ['UTF8', ...encodings]) {
	test(`in a database of ${encoding} no session, table or statement of another encoding hides the others`, async () => {
		const uri = encoding === 'UTF8' ? server.conninfo : server.uri({database: database(encoding)});
		const {out, err} = await pgperf(['report', uri, '--interval', '0.5', '--with-literals', '--format', 'json']);
		assert.equal(err, '');
		const [watched] = (JSON.parse(out) as Report).servers;
		const tables = watched!.sections.flatMap(section => section.tables);
		assert.deepEqual(
			tables.filter(table => table.status === 'failed').map(table => `${table.id}: ${table.reason}`),
			[],
		);
		const rowsOf = (id: string) => tables.find(table => table.id === id)!.rows.map(row => row.values);
		const sleeping = rowsOf('sessions').filter(row => String(row.query).startsWith('select pg_sleep(600) /* '));
		assert.deepEqual(new Set(sleeping.map(row => row.datname)), new Set(['postgres', ...encodings.map(database)]));
		if (encoding !== 'LATIN1') assert.ok(sleeping.some(row => row.query === 'select pg_sleep(600) /* Жук 日本 */'));
		else assert.ok(sleeping.some(row => row.query === 'select pg_sleep(600) /* café */'));
		if (encoding === 'SQL_ASCII') assert.equal(rowsOf('tables').filter(row => String(row.relname).startsWith('t_')).length, 3);
	});
}
