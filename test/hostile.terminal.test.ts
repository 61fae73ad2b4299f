import assert from 'node:assert/strict';
import {test} from 'node:test';
import {hostileText, seeded} from './support/hostile.ts';
import {startServer} from './support/servers.ts';
import {openTranscript} from './support/transcript.ts';

/** Everything that pgperf itself ever sends besides text. */
const own =
	/\x1b\[(?:\d+(?:;\d+)*)?[mHGABCDKJrST]|\x1b\[\d*[LMPX@]|\x1b\[\?(?:1049|7|25|2004|2026)[hl]|\x1b\[2[23];2t|\x1b\]2;[^\x00-\x1f\x7f-\x9f]*\x07|[\r\n\b]|\x1b[MD]|\x1b\[\?1000;1002;1003l\x1b>\x1b\(B\x0f\x1b\[4l\x1b\[\?6l/g;

const quoted = (name: string) => `"${name.replaceAll('"', '""').replaceAll('\0', '')}"`;

test('a server whose every name is hostile: nothing but text and our own sequences reaches the terminal, on any pane', async () => {
	const server = await startServer();
	const client = await server.connect();
	const random = seeded(11);
	// A name has 63 bytes at most and no NUL; the ending keeps them apart.
	let count = 0;
	const name = () => {
		const text = hostileText(random, 8).toWellFormed().replaceAll('\0', '');
		let cut = `\x1b[2J\u202e${text}`;
		while (Buffer.byteLength(cut) > 56) cut = [...cut].slice(0, -1).join('');
		return `${cut}${++count}`;
	};
	const schema = name();
	await client.query(`create schema ${quoted(schema)}`);
	for (let i = 0; i < 12; i++) {
		const table = `${quoted(schema)}.${quoted(name())}`;
		const [id, other] = [quoted(name()), quoted(name())];
		await client.query(`create table ${table} (${id} int primary key, ${other} text); insert into ${table} select g, g from generate_series(1, 500) g`);
		for (let j = 0; j < 2; j++) await client.query(`create index ${quoted(name())} on ${table} (${other})`);
		await client.query(`create materialized view ${quoted(schema)}.${quoted(name())} as select * from ${table}`);
		const parted = `${quoted(schema)}.${quoted(name())}`;
		await client.query(`create table ${parted} (at date) partition by range (at)`);
		await client.query(`create table ${quoted(schema)}.${quoted(name())} partition of ${parted} for values from ('2020-01-01') to ('2020-02-01')`);
		await client.query(`create role ${quoted(name())} login`);
		await client.query(`create sequence ${quoted(schema)}.${quoted(name())}`);
		await client.query(`select ${other} as ${quoted(name())} from ${table}`);
	}
	const database = name();
	await client.query(`create database ${quoted(database)}`);
	await client.query(`select pg_create_physical_replication_slot('slot_of_nobody')`);
	const held = `${quoted(schema)}.${quoted(name())}`;
	await client.query(`create table ${held} (n int); insert into ${held} values (1)`);
	const holder = await server.connect();
	await holder.query(`set application_name = ${quoted(name())}`);
	await holder.query(`begin; update ${held} set n = 2; select 'x' /* ${'\x1b]52;c;aGFoYQ==\x07\x9b31m'} */`);
	const waiter = await server.connect();
	void waiter.query(`update ${held} set n = 3 /* \x1b[?1049l \u2066 */`).catch(() => undefined);

	const console = await openTranscript(['top', server.conninfo, '--no-audit', '--interval', '0.5'], {
		columns: 160,
		rows: 45,
		cwd: '/',
		env: {PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm-256color', LANG: 'C.UTF-8'},
	});
	try {
		await client.query(`select pg_notify('performance_alert', $1)`, [`\x1b[2J${hostileText(random, 12).toWellFormed().replaceAll('\0', '')}`]);
		const panes = [...'1234567890', 'gwal\r', 'gset\r', 'gdat\r', 'gjob\r', 'gwai\r', 'gext\r'];
		for (const pane of panes) {
			for (const keys of [pane, 'ij\r', '\x1b', 'mj\r', '\x1b', '\x1b[C\x1b[C']) await console.press(keys);
		}
		for (const keys of ['f', '\x1b', 'l', '\x1b', 'w', '\x1b', '4', 'K', '\x1b', 'C', '\x1b', 'a']) await console.press(keys);
	} finally {
		await console.end();
	}
	const {sent} = console;
	await server.stop();
	const rest = sent.slice(0, sent.lastIndexOf('\x1b[?1049l')).replace(own, '');
	const strange = /.{0,30}[\p{Cc}\p{Cf}\u2028\u2029\ufffe].{0,30}/u.exec(rest);
	assert.equal(strange, null, JSON.stringify(strange?.[0]));
	assert.equal(sent.split('\x1b[?1049h').length, 2, 'entered once');
	assert.doesNotMatch(sent, /\x1b\]52|\x1b\[\?1049l.*\x1b\[\?1049l/);
	assert.ok(rest.length > 50_000, `${rest.length} characters were painted`);
});
