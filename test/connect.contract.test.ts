import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, statSync, writeFileSync} from 'node:fs';
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net';
import {userInfo} from 'node:os';
import {dirname, join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {promisify} from 'node:util';
import {connect, disconnect, type Options} from '../source/io/connect.ts';
import {type Flags, isProblem, resolve, type Target} from '../source/io/conninfo.ts';
import {type Certificates, makeCertificates} from './support/certificates.ts';
import {newDirectory} from './support/scratch.ts';
import {freePort, startServer, type TestServer, until} from './support/servers.ts';
import {findTool, type Tool} from './support/tools.ts';

const execute = promisify(execFile);
const scratch = newDirectory();

/** The sentence to skip with, where there is none. */
let psql: Tool | string;
let openssl: Tool | string;

/** `secure` has TLS and pg_hba lines of many kinds, `standby` streams from it, `open` is another primary; both without TLS and with trust. */
let secure: TestServer;
let standby: TestServer;
let open: TestServer;
let dead: number;
let certificates: Certificates;
const osUser = userInfo().username;

const hba = (tls: boolean) => `local all all trust
${tls ? 'hostssl' : 'host'} all tls_only all trust
${tls ? 'hostnossl' : 'host'} all plain_only all trust
host all rejected all reject
host all scram_user all scram-sha-256
host all md5_user all md5
host all clear_user all password
${tls ? 'hostssl all cert_user all cert\nhost all cert_user,tls_only,plain_only all reject' : ''}
host all all all trust
host replication all all trust
`;

before(async () => {
	[psql, openssl] = await Promise.all([findTool('psql'), findTool('openssl')]);
	const tls = typeof openssl !== 'string';
	secure = await startServer({major: 18});
	open = await startServer({major: 16});
	dead = await freePort();
	const roles = `create role tls_only login; create role plain_only login; create role rejected login; create role cert_user login;
		create role "${osUser}" superuser login; create role no_login; create role limited login connection limit 0; create role "we ird@/:" login;
		set password_encryption = 'scram-sha-256'; create role scram_user login password 'sc ram''\\:@';
		set password_encryption = 'md5'; create role md5_user login password 'md five'; create role clear_user login password 'clear'`;
	for (const server of [secure, open]) {
		await server.run(roles);
		for (const database of [osUser, 'shop', 'scram_user', 'my shop/eu']) await server.createDatabase(database);
		await server.run('create database closed allow_connections false');
		await server.run('revoke connect on database shop from public; grant connect on database shop to scram_user, "we ird@/:"');
	}
	if (typeof openssl !== 'string') {
		certificates = makeCertificates(openssl, scratch);
		const {uid, gid} = statSync(secure.dataDir);
		for (const [from, to] of [
			[certificates.server.certificate, 'server.crt'],
			[certificates.server.key, 'server.key'],
			[certificates.authority, 'root.crt'],
		] as const) {
			copyFileSync(from, join(secure.dataDir, to));
			chownSync(join(secure.dataDir, to), uid, gid);
			chmodSync(join(secure.dataDir, to), 0o600);
		}
		for (const setting of [`ssl = on`, `ssl_ca_file = 'root.crt'`]) await secure.run(`alter system set ${setting}`);
	}
	writeFileSync(join(secure.dataDir, 'pg_hba.conf'), hba(tls));
	await secure.run('select pg_reload_conf()');
	if (tls) await untilTls();
	standby = await secure.addStandby();
});
after(async () => {
	for (const server of [standby, secure, open]) await server?.stop();
});

/** A reload is over when a new connection sees it. */
async function untilTls(): Promise<void> {
	for (const deadline = Date.now() + 20_000; ; ) {
		const found = await ours(`host=127.0.0.1 port=${secure.port} user=postgres dbname=postgres sslmode=prefer`);
		if (found.who.endsWith('tls')) return;
		if (Date.now() > deadline) throw new Error(`no TLS: ${found.who}`);
	}
}

type Case = {
	readonly conninfo?: string;
	readonly flags?: Flags;
	readonly env?: Readonly<Record<string, string>>;
	readonly home?: Readonly<Record<string, string>>;
};
type Outcome = {readonly who: string; readonly why: string};

const identity = `select concat_ws(' ', current_user, current_database(), current_setting('port'), case when inet_server_addr() is null then 'socket' else 'tcp' end,
	case when ssl then 'tls' else 'plain' end) from pg_stat_ssl where pid = pg_backend_pid()`;

async function ours(
	conninfo: string | undefined,
	{flags = {}, env = {}, home = '/nonexistent'}: {flags?: Flags; env?: Case['env']; home?: string} = {},
): Promise<Outcome> {
	const target = resolve(conninfo, {password: 'never', ...flags}, {env, home, osUser});
	if (isProblem(target)) return {who: 'refused', why: target.problem};
	const connected = await connect(target, {applicationName: 'pgperf', pipeline: true});
	if (isProblem(connected)) return {who: 'refused', why: connected.problem};
	const {rows} = await connected.client.query({text: identity, rowMode: 'array'});
	await disconnect(connected.client);
	const who = String(rows[0]?.[0]);
	assert.equal(connected.tls, who.endsWith(' tls'));
	return {who, why: ''};
}

async function theirs(psql: Tool, {conninfo, flags = {}, env = {}}: Case, home: string): Promise<Outcome> {
	const words = [
		['-h', flags.host],
		['-p', flags.port],
		['-U', flags.username],
		['-d', flags.dbname],
	].flatMap(([flag, value]) => (value ? [flag!, value] : []));
	// A second word would be the user.
	const given = conninfo === undefined ? [] : [conninfo];
	try {
		const {stdout} = await execute(psql.file, ['-X', '-A', '-t', '-w', '-c', identity, ...words, ...given], {
			env: {PATH: process.env.PATH, HOME: home, LC_ALL: 'C', ...psql.env, ...env},
			timeout: 30_000,
		});
		return {who: stdout.trim(), why: ''};
	} catch (error) {
		return {who: 'refused', why: error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)};
	}
}

function makeHome(files: Case['home'] = {}): string {
	const home = mkdtempSync(join(scratch, 'home-'));
	for (const [name, text] of Object.entries(files)) {
		const [file = '', mode = '600'] = name.split('#');
		mkdirSync(dirname(join(home, file)), {recursive: true});
		if (text.startsWith('copy:')) copyFileSync(text.slice(5), join(home, file));
		else writeFileSync(join(home, file), text);
		chmodSync(join(home, file), Number.parseInt(mode, 8));
	}
	return home;
}

/** Placeholders, as ports and files are known only when the servers run. */
function fill<T>(value: T): T {
	const places: Readonly<Record<string, string>> = {
		SECURE: String(secure.port),
		STANDBY: String(standby.port),
		OPEN: String(open.port),
		DEAD: String(dead),
		DIR: secure.socketDir,
		ENCODED: encodeURIComponent(secure.socketDir),
		OS: osUser,
		...(typeof openssl !== 'string'
			? {
					CA: certificates.authority,
					STRANGER: certificates.stranger,
					CERT: certificates.client.certificate,
					KEY: certificates.client.key,
					LOCKED: certificates.client.locked,
					REVOKED: certificates.revoked,
				}
			: {}),
	};
	return JSON.parse(JSON.stringify(value).replace(/\{(\w+)\}/g, (whole, name: string) => places[name] ?? whole)) as T;
}

const scramPassword = "sc%20ram'%5C%3A%40";
const passfile = `#\n127.0.0.1:{SECURE}:*:scram_user:sc ram'\\\\\\:@\nlocalhost:*:*:scram_user:sc ram'\\\\:@\n*:*:*:md5_user:md five\n`;
const service =
	'[one]\nhost=127.0.0.1\nport={OPEN}\nuser=postgres\ndbname=postgres\n\n[pw]\nhost=127.0.0.1\nport={SECURE}\nuser=clear_user\npassword=clear\ndbname=postgres\n';

/** What psql and pgperf must both answer: role, database, server, way, encryption. */
const cases: readonly (readonly [what: string, given: Case, expected: string])[] = [
	['a URI', {conninfo: 'postgresql://postgres@127.0.0.1:{OPEN}/shop'}, 'postgres shop {OPEN} tcp plain'],
	['the short scheme', {conninfo: 'postgres://postgres@127.0.0.1:{OPEN}/shop'}, 'postgres shop {OPEN} tcp plain'],
	['no database: that of the user', {conninfo: 'postgresql://scram_user:sc%20ram%27%5C%3A%40@127.0.0.1:{OPEN}'}, 'scram_user scram_user {OPEN} tcp plain'],
	['no user: that of the account', {conninfo: 'postgresql://127.0.0.1:{OPEN}/shop'}, '{OS} shop {OPEN} tcp plain'],
	['names with signs', {conninfo: 'postgresql://we%20ird%40%2F%3A@127.0.0.1:{OPEN}/my%20shop%2Feu'}, 'we ird@/: my shop/eu {OPEN} tcp plain'],
	['a slash in the path', {conninfo: 'postgresql://postgres@127.0.0.1:{OPEN}/my%20shop/eu'}, 'postgres my shop/eu {OPEN} tcp plain'],
	['a name that is resolved', {conninfo: 'postgresql://postgres@localhost:{OPEN}/shop'}, 'postgres shop {OPEN} tcp plain'],
	['keyword/value', {conninfo: 'host=127.0.0.1 port={OPEN} user=postgres dbname=shop'}, 'postgres shop {OPEN} tcp plain'],
	['quotes', {conninfo: "host = 127.0.0.1 port={OPEN} user='we ird@/:' dbname='my shop/eu'"}, 'we ird@/: my shop/eu {OPEN} tcp plain'],
	['backslashes', {conninfo: 'host=127.0.0.1 port={OPEN} user=we\\ ird@/: dbname=my\\ shop/eu'}, 'we ird@/: my shop/eu {OPEN} tcp plain'],
	['flags', {flags: {host: '127.0.0.1', port: '{OPEN}', username: 'postgres', dbname: 'shop'}}, 'postgres shop {OPEN} tcp plain'],
	['flags and a database', {conninfo: 'shop', flags: {host: '127.0.0.1', port: '{OPEN}'}}, '{OS} shop {OPEN} tcp plain'],
	['-d with a URI', {flags: {dbname: 'postgres://postgres@127.0.0.1:{OPEN}/shop'}}, 'postgres shop {OPEN} tcp plain'],
	['a URI beside flags', {conninfo: 'postgres://127.0.0.1:{OPEN}/shop', flags: {username: 'postgres', port: '{DEAD}'}}, 'postgres shop {OPEN} tcp plain'],
	['an unknown parameter', {conninfo: 'postgres://postgres@127.0.0.1:{OPEN}/shop?ssl_mode=disable'}, 'refused'],
	['an unknown keyword', {conninfo: 'host=127.0.0.1 port={OPEN} usr=postgres'}, 'refused'],
	['the environment', {env: {PGHOST: '127.0.0.1', PGPORT: '{OPEN}', PGUSER: 'postgres', PGDATABASE: 'shop'}}, 'postgres shop {OPEN} tcp plain'],
	['the environment without a user', {env: {PGHOST: '127.0.0.1', PGPORT: '{OPEN}'}}, '{OS} {OS} {OPEN} tcp plain'],
	['the environment fills', {conninfo: 'postgres:///shop', env: {PGHOST: '127.0.0.1', PGPORT: '{OPEN}', PGUSER: 'postgres'}}, 'postgres shop {OPEN} tcp plain'],
	['PGHOST is a directory', {conninfo: 'shop', env: {PGHOST: '{DIR}', PGPORT: '{OPEN}'}}, '{OS} shop {OPEN} socket plain'],
	['PGHOSTADDR', {conninfo: 'host=no.such.invalid port={OPEN} user=postgres', env: {PGHOSTADDR: '127.0.0.1'}}, 'postgres postgres {OPEN} tcp plain'],
	['hostaddr alone', {conninfo: 'hostaddr=127.0.0.1 port={OPEN} user=postgres'}, 'postgres postgres {OPEN} tcp plain'],
	['-h is a directory', {conninfo: 'shop', flags: {host: '{DIR}', port: '{SECURE}', username: 'postgres'}}, 'postgres shop {SECURE} socket plain'],
	['a directory as parameter', {conninfo: 'postgresql:///shop?host={DIR}&port={SECURE}&user=postgres'}, 'postgres shop {SECURE} socket plain'],
	['an encoded directory', {conninfo: 'postgresql://postgres@{ENCODED}:{SECURE}/shop'}, 'postgres shop {SECURE} socket plain'],
	[
		'no TLS on a socket, whatever sslmode says',
		{conninfo: 'host={DIR} port={SECURE} user=postgres sslmode=require'},
		'postgres postgres {SECURE} socket plain',
	],
	['a directory without socket', {conninfo: 'host=/nonexistent port={SECURE} user=postgres'}, 'refused'],
	['hosts in order', {conninfo: 'postgres://postgres@127.0.0.1:{DEAD},127.0.0.1:{OPEN},127.0.0.1:{SECURE}/shop'}, 'postgres shop {OPEN} tcp plain'],
	['a host that is unknown first', {conninfo: 'host=no.such.invalid,127.0.0.1 port={OPEN} user=postgres'}, 'postgres postgres {OPEN} tcp plain'],
	['lists in the environment', {env: {PGHOST: '127.0.0.1,127.0.0.1', PGPORT: '{DEAD},{OPEN}', PGUSER: 'postgres'}}, 'postgres postgres {OPEN} tcp plain'],
	['a directory in a list', {conninfo: 'host=/nonexistent,{DIR} port={OPEN} user=postgres'}, 'postgres postgres {OPEN} socket plain'],
	['none of several', {conninfo: 'host=127.0.0.1,127.0.0.1 port={DEAD}'}, 'refused'],
	['more ports than hosts', {conninfo: 'host=127.0.0.1 port={OPEN},{SECURE} user=postgres'}, 'refused'],
	['a wrong password ends the list', {conninfo: 'host=127.0.0.1,127.0.0.1 port={SECURE},{OPEN} user=md5_user password=no dbname=postgres'}, 'refused'],
	[
		'read-write',
		{conninfo: 'host=127.0.0.1,127.0.0.1 port={STANDBY},{SECURE} user=postgres sslmode=disable target_session_attrs=read-write'},
		'postgres postgres {SECURE} tcp plain',
	],
	[
		'primary',
		{conninfo: 'postgres://postgres@127.0.0.1:{STANDBY},127.0.0.1:{OPEN}/postgres?target_session_attrs=primary'},
		'postgres postgres {OPEN} tcp plain',
	],
	[
		'standby',
		{conninfo: 'postgres://postgres@127.0.0.1:{OPEN},127.0.0.1:{STANDBY}/postgres?target_session_attrs=standby'},
		'postgres postgres {STANDBY} tcp plain',
	],
	[
		'read-only',
		{conninfo: 'postgres://postgres@127.0.0.1:{OPEN},127.0.0.1:{STANDBY}/postgres?target_session_attrs=read-only'},
		'postgres postgres {STANDBY} tcp plain',
	],
	[
		'prefer-standby, there is one',
		{conninfo: 'postgres://postgres@127.0.0.1:{OPEN},127.0.0.1:{STANDBY}/postgres?target_session_attrs=prefer-standby'},
		'postgres postgres {STANDBY} tcp plain',
	],
	[
		'prefer-standby, there is none',
		{conninfo: 'postgres://postgres@127.0.0.1:{DEAD},127.0.0.1:{OPEN}/postgres?target_session_attrs=prefer-standby'},
		'postgres postgres {OPEN} tcp plain',
	],
	['PGTARGETSESSIONATTRS unmet', {conninfo: 'host=127.0.0.1 port={STANDBY} user=postgres', env: {PGTARGETSESSIONATTRS: 'primary'}}, 'refused'],
	[
		'a read-only default',
		{conninfo: 'host=127.0.0.1 port={OPEN} user=postgres target_session_attrs=read-write', env: {PGOPTIONS: '-c default_transaction_read_only=on'}},
		'refused',
	],
	['a service', {conninfo: 'service=one', home: {'.pg_service.conf': service}}, 'postgres postgres {OPEN} tcp plain'],
	['PGSERVICE', {env: {PGSERVICE: 'one'}, home: {'.pg_service.conf': service}}, 'postgres postgres {OPEN} tcp plain'],
	['PGSERVICE with a password', {env: {PGSERVICE: 'pw', PGSSLMODE: 'disable'}, home: {'.pg_service.conf': service}}, 'clear_user postgres {SECURE} tcp plain'],
	[
		'a service wins over the environment',
		{env: {PGSERVICE: 'one', PGPORT: '{DEAD}', PGUSER: 'nobody'}, home: {'.pg_service.conf': service}},
		'postgres postgres {OPEN} tcp plain',
	],
	['a URI wins over its service', {conninfo: 'postgres://127.0.0.1/shop?service=one', home: {'.pg_service.conf': service}}, 'postgres shop {OPEN} tcp plain'],
	['an unknown service', {env: {PGSERVICE: 'two', PGSYSCONFDIR: '/nonexistent'}, home: {'.pg_service.conf': service}}, 'refused'],
	['a password in a URI', {conninfo: `postgres://scram_user:${scramPassword}@127.0.0.1:{SECURE}/shop?sslmode=disable`}, 'scram_user shop {SECURE} tcp plain'],
	[
		'a password in quotes',
		{conninfo: "host=127.0.0.1 port={SECURE} user=scram_user password='sc ram\\'\\\\:@' sslmode=disable"},
		'scram_user scram_user {SECURE} tcp plain',
	],
	[
		'PGPASSWORD',
		{conninfo: 'host=127.0.0.1 port={SECURE} user=md5_user dbname=postgres sslmode=disable', env: {PGPASSWORD: 'md five'}},
		'md5_user postgres {SECURE} tcp plain',
	],
	['a wrong PGPASSWORD', {conninfo: 'host=127.0.0.1 port={SECURE} user=md5_user dbname=postgres', env: {PGPASSWORD: 'no'}}, 'refused'],
	['an open password', {conninfo: 'postgres://clear_user:clear@127.0.0.1:{SECURE}/postgres?sslmode=disable'}, 'clear_user postgres {SECURE} tcp plain'],
	[
		'~/.pgpass',
		{conninfo: 'host=127.0.0.1 port={SECURE} user=scram_user sslmode=disable', home: {'.pgpass': passfile}},
		'scram_user scram_user {SECURE} tcp plain',
	],
	[
		'~/.pgpass by stars',
		{conninfo: 'host=127.0.0.1 port={SECURE} user=md5_user dbname=postgres sslmode=disable', home: {'.pgpass': passfile}},
		'md5_user postgres {SECURE} tcp plain',
	],
	['~/.pgpass that others can read', {conninfo: 'host=127.0.0.1 port={SECURE} user=scram_user', home: {'.pgpass#644': passfile}}, 'refused'],
	[
		'~/.pgpass of another host',
		{conninfo: 'host=localhost hostaddr=127.0.0.1 port={SECURE} user=clear_user dbname=postgres', home: {'.pgpass': '127.0.0.1:*:*:*:clear\n'}},
		'refused',
	],
	[
		'~/.pgpass by the name, not the address',
		{conninfo: 'host=localhost hostaddr=127.0.0.1 port={SECURE} user=clear_user dbname=postgres sslmode=disable', home: {'.pgpass': 'localhost:*:*:*:clear\n'}},
		'clear_user postgres {SECURE} tcp plain',
	],
	[
		'PGPASSFILE',
		{conninfo: 'host=127.0.0.1 port={SECURE} user=clear_user dbname=postgres sslmode=disable', env: {PGPASSFILE: '{HOME}/x'}, home: {x: '*:*:*:*:clear\n'}},
		'clear_user postgres {SECURE} tcp plain',
	],
	['no password anywhere', {conninfo: 'host=127.0.0.1 port={SECURE} user=scram_user'}, 'refused'],
	['a role that is missing', {conninfo: 'host=127.0.0.1 port={OPEN} user=nobody_knows dbname=shop'}, 'refused'],
	['a role without login', {conninfo: 'host=127.0.0.1 port={OPEN} user=no_login dbname=postgres'}, 'refused'],
	['a database that is missing', {conninfo: 'host=127.0.0.1 port={OPEN} user=postgres dbname=nowhere'}, 'refused'],
	['a line that rejects', {conninfo: 'host=127.0.0.1 port={SECURE} user=rejected dbname=postgres'}, 'refused'],
	['PGOPTIONS that are wrong', {conninfo: 'host=127.0.0.1 port={OPEN} user=postgres', env: {PGOPTIONS: '-c nothing=1'}}, 'refused'],
	['a wrong PGSSLMODE', {conninfo: 'host=127.0.0.1 port={OPEN} user=postgres', env: {PGSSLMODE: 'on'}}, 'refused'],
	['require without TLS there', {conninfo: 'host=127.0.0.1 port={OPEN} user=postgres sslmode=require'}, 'refused'],
	['prefer without TLS there', {conninfo: 'host=127.0.0.1 port={OPEN} user=postgres sslmode=prefer'}, 'postgres postgres {OPEN} tcp plain'],
	[
		'channel_binding=require without TLS',
		{conninfo: "host=127.0.0.1 port={OPEN} user=scram_user password='sc ram\\'\\\\:@' channel_binding=require"},
		'refused',
	],
];

const at = 'host=127.0.0.1 port={SECURE} dbname=postgres';
const named = 'host=localhost port={SECURE} dbname=postgres';
const own = {'.postgresql/postgresql.crt': 'copy:{CERT}', '.postgresql/postgresql.key': 'copy:{KEY}'};
const tlsCases: typeof cases = [
	['prefer is the default', {conninfo: `${at} user=postgres`}, 'postgres postgres {SECURE} tcp tls'],
	['disable', {conninfo: `${at} user=postgres sslmode=disable`}, 'postgres postgres {SECURE} tcp plain'],
	['allow is plain first', {conninfo: `${at} user=postgres sslmode=allow`}, 'postgres postgres {SECURE} tcp plain'],
	['allow, but TLS is demanded', {conninfo: `${at} user=tls_only sslmode=allow`}, 'tls_only postgres {SECURE} tcp tls'],
	['disable, but TLS is demanded', {conninfo: `${at} user=tls_only sslmode=disable`}, 'refused'],
	['prefer, but TLS is forbidden', {conninfo: `${at} user=plain_only`}, 'plain_only postgres {SECURE} tcp plain'],
	['require, but TLS is forbidden', {conninfo: `${at} user=plain_only sslmode=require`}, 'refused'],
	['require does not verify', {conninfo: `${at} user=postgres sslmode=require`}, 'postgres postgres {SECURE} tcp tls'],
	['PGSSLMODE', {conninfo: `${at} user=postgres`, env: {PGSSLMODE: 'require'}}, 'postgres postgres {SECURE} tcp tls'],
	['ssl=true in a URI', {conninfo: 'postgres://postgres@127.0.0.1:{SECURE}/postgres?ssl=true'}, 'postgres postgres {SECURE} tcp tls'],
	['a root.crt makes require verify', {conninfo: `${at} user=postgres sslmode=require`, home: {'.postgresql/root.crt': 'copy:{STRANGER}'}}, 'refused'],
	['and prefer goes on without', {conninfo: `${at} user=postgres`, home: {'.postgresql/root.crt': 'copy:{STRANGER}'}}, 'postgres postgres {SECURE} tcp plain'],
	['verify-ca', {conninfo: `${at} user=postgres sslmode=verify-ca sslrootcert={CA}`}, 'postgres postgres {SECURE} tcp tls'],
	['verify-ca, signed by somebody else', {conninfo: `${at} user=postgres sslmode=verify-ca sslrootcert={STRANGER}`}, 'refused'],
	['verify-ca without a root', {conninfo: `${at} user=postgres sslmode=verify-ca`}, 'refused'],
	['require with a root that is missing', {conninfo: `${at} user=postgres sslmode=require sslrootcert=/nonexistent`}, 'postgres postgres {SECURE} tcp tls'],
	['verify-full by the right name', {conninfo: `${named} user=postgres sslmode=verify-full sslrootcert={CA}`}, 'postgres postgres {SECURE} tcp tls'],
	[
		'verify-full by the name, at an address',
		{conninfo: `${named} hostaddr=127.0.0.1 user=postgres sslmode=verify-full sslrootcert={CA}`},
		'postgres postgres {SECURE} tcp tls',
	],
	['verify-full by an address', {conninfo: `${at} user=postgres sslmode=verify-full sslrootcert={CA}`}, 'refused'],
	['verify-full without a name', {conninfo: 'hostaddr=127.0.0.1 port={SECURE} user=postgres sslmode=verify-full sslrootcert={CA}'}, 'refused'],
	['verify-full and nobody signed', {conninfo: `${named} user=postgres sslmode=verify-full sslrootcert={STRANGER}`}, 'refused'],
	['PGSSLROOTCERT', {conninfo: `${named} user=postgres`, env: {PGSSLMODE: 'verify-full', PGSSLROOTCERT: '{CA}'}}, 'postgres postgres {SECURE} tcp tls'],
	[
		'~/.postgresql/root.crt',
		{conninfo: `${named} user=postgres sslmode=verify-full`, home: {'.postgresql/root.crt': 'copy:{CA}'}},
		'postgres postgres {SECURE} tcp tls',
	],
	['a revoked certificate', {conninfo: `${at} user=postgres sslmode=verify-ca sslrootcert={CA} sslcrl={REVOKED}`}, 'refused'],
	['a client certificate', {conninfo: `${at} user=cert_user sslmode=require sslcert={CERT} sslkey={KEY}`}, 'cert_user postgres {SECURE} tcp tls'],
	['PGSSLCERT and PGSSLKEY', {conninfo: `${at} user=cert_user`, env: {PGSSLCERT: '{CERT}', PGSSLKEY: '{KEY}'}}, 'cert_user postgres {SECURE} tcp tls'],
	['~/.postgresql/postgresql.crt', {conninfo: `${at} user=cert_user`, home: own}, 'cert_user postgres {SECURE} tcp tls'],
	['a locked key', {conninfo: `${at} user=cert_user sslcert={CERT} sslkey={LOCKED} sslpassword='open sesame'`}, 'cert_user postgres {SECURE} tcp tls'],
	['a locked key, the wrong password', {conninfo: `${at} user=cert_user sslcert={CERT} sslkey={LOCKED} sslpassword=no`}, 'refused'],
	['a key that others can read', {conninfo: `${at} user=cert_user sslmode=require`, home: {...own, '.postgresql/postgresql.key#644': 'copy:{KEY}'}}, 'refused'],
	['a certificate without key', {conninfo: `${at} user=cert_user sslmode=require sslcert={CERT}`}, 'refused'],
	['no client certificate', {conninfo: `${at} user=cert_user sslmode=require`}, 'refused'],
	[
		'SCRAM over TLS, bound to the channel',
		{conninfo: `postgres://scram_user:${scramPassword}@127.0.0.1:{SECURE}/shop?channel_binding=require`},
		'scram_user shop {SECURE} tcp tls',
	],
	['channel_binding=require and trust', {conninfo: `${at} user=postgres channel_binding=require`}, 'refused'],
	[
		'a standby without TLS among hosts with',
		{conninfo: 'host=127.0.0.1,127.0.0.1 port={STANDBY},{SECURE} user=postgres sslmode=prefer target_session_attrs=primary'},
		'postgres postgres {SECURE} tcp tls',
	],
	['a service over TLS', {env: {PGSERVICE: 'pw'}, home: {'.pg_service.conf': service}}, 'clear_user postgres {SECURE} tcp tls'],
	[
		'~/.pgpass over TLS',
		{conninfo: 'host=localhost port={SECURE} user=scram_user', home: {'.pgpass': "localhost:*:*:scram_user:sc ram'\\\\\\:@\n"}},
		'scram_user scram_user {SECURE} tcp tls',
	],
];

function compare(table: typeof cases): void {
	for (const [what, unfilled, expectedUnfilled] of table)
		test(what, async t => {
			if (typeof psql === 'string') return t.skip(psql);
			if (table === tlsCases && typeof openssl === 'string') return t.skip(openssl);
			const [given, expected] = fill([unfilled, expectedUnfilled] as const);
			const home = makeHome(given.home);
			const env = Object.fromEntries(Object.entries(given.env ?? {}).map(([name, value]) => [name, value.replace('{HOME}', home)]));
			const [mine, psqls] = await Promise.all([ours(given.conninfo, {flags: given.flags ?? {}, env, home}), theirs(psql, {...given, env}, home)]);
			assert.equal(psqls.who, expected, `psql: ${psqls.why}`);
			assert.equal(mine.who, expected, `pgperf: ${mine.why}`);
			assert.equal(mine.why === '', expected !== 'refused');
		});
}

describe('as psql does', () => compare(cases));
describe('as psql does, with TLS', () => compare(tlsCases));

/** Own behaviour: what psql does otherwise, or what it has no words for. */
describe('sentences', () => {
	const problems: readonly (readonly [what: string, given: Case, code: string, sentence: RegExp])[] = [
		[
			'refused',
			{conninfo: 'host=127.0.0.1 port={DEAD}'},
			'ECONNREFUSED',
			/^127\.0\.0\.1:\d+ refuses connections: nothing listens there\. Is PostgreSQL running/,
		],
		['an unknown host', {conninfo: 'host=no.such.invalid'}, 'ENOTFOUND', /name can't be resolved/],
		['no socket', {conninfo: 'host=/nonexistent'}, 'ENOENT', /^There is no socket \/nonexistent\/\.s\.PGSQL\.5432\./],
		['several hosts', {conninfo: 'host=127.0.0.1,no.such.invalid port={DEAD}'}, 'ENOTFOUND', /^None of 2 addresses would do\. .* refuses .* resolved/],
		[
			'no database',
			{conninfo: 'host=127.0.0.1 port={OPEN} user=postgres dbname=nowhere'},
			'3D000',
			/says: database "nowhere" does not exist\. Name another database with -d\./,
		],
		['no database named', {conninfo: 'host=127.0.0.1 port={OPEN} user=plain_only'}, '3D000', /No database was named, so the name of the user was taken/],
		['a closed database', {conninfo: 'host=127.0.0.1 port={OPEN} user=postgres dbname=closed'}, '55000', /Name another database/],
		['no right to connect', {conninfo: 'host=127.0.0.1 port={OPEN} user=clear_user dbname=shop'}, '42501', /GRANT CONNECT ON DATABASE/],
		['no role', {conninfo: 'host=127.0.0.1 port={OPEN} user=nobody_knows'}, '28000', /role "nobody_knows" does not exist\. Name another role with -U/],
		['no login', {conninfo: 'host=127.0.0.1 port={OPEN} user=no_login'}, '28000', /not permitted to log in\. .*LOGIN/],
		['rejected', {conninfo: 'host=127.0.0.1 port={SECURE} user=rejected'}, '28000', /pg_hba\.conf has no line that lets/],
		['a wrong password', {conninfo: 'host=127.0.0.1 port={SECURE} user=md5_user password=hidden'}, '28P01', /The password for md5_user is wrong/],
		[
			'a wrong password from a file',
			{conninfo: 'host=127.0.0.1 port={SECURE} user=md5_user', home: {'.pgpass': '*:*:*:*:hidden\n'}},
			'28P01',
			/was taken from .*\.pgpass/,
		],
		['no password', {conninfo: 'host=127.0.0.1 port={SECURE} user=scram_user'}, '28P01', /wants a password for scram_user, and there is none\./],
		[
			'no password, though there is a file',
			{conninfo: 'host=127.0.0.1 port={SECURE} user=scram_user', home: {'.pgpass#644': '*:*:*:*:hidden\n'}},
			'28P01',
			/chmod 0600/,
		],
		['too many', {conninfo: 'host=127.0.0.1 port={OPEN} user=limited dbname=postgres'}, '53300', /too many connections .* slots for this role are taken/],
		[
			'no TLS',
			{conninfo: 'host=127.0.0.1 port={OPEN} user=postgres sslmode=verify-full sslrootcert=system'},
			'NO_TLS',
			/offers no TLS, and sslmode=verify-full asks for it/,
		],
		[
			'attributes',
			{conninfo: 'host=127.0.0.1 port={STANDBY} user=postgres target_session_attrs=primary'},
			'SESSION_ATTRS',
			/is a standby, and target_session_attrs=primary does not want that/,
		],
		[
			'a method that is not allowed',
			{conninfo: 'host=127.0.0.1 port={SECURE} user=clear_user password=hidden require_auth=scram-sha-256'},
			'REQUIRE_AUTH',
			/asks for the authentication password, and require_auth allows scram-sha-256 only/,
		],
		['hostile names', {conninfo: "host=127.0.0.1 port={OPEN} user='\u001b[31mevil\u202e\n'"}, '28000', /role "\[31mevil ?" does not exist/],
	];
	for (const [what, unfilled, code, sentence] of problems)
		test(what, async () => {
			const given = fill(unfilled);
			const target = resolve(given.conninfo, {password: 'never'}, {env: {}, home: makeHome(given.home), osUser});
			assert.ok(!isProblem(target), isProblem(target) ? target.problem : '');
			const found = await connect(target, {applicationName: 'pgperf'});
			assert.ok(isProblem(found), 'it connected');
			assert.match(found.problem, sentence);
			assert.doesNotMatch(found.problem, /hidden|[\p{Cc}\p{Cf}]/u);
			assert.deepEqual([found.code, found.exit], [code, 69]);
		});

	test('a certificate of nobody known, and of another name', async t => {
		if (typeof openssl === 'string') return t.skip(openssl);
		const at = `port=${secure.port} user=postgres`;
		assert.match(
			(await ours(`host=127.0.0.1 ${at} sslmode=verify-full sslrootcert=${certificates.authority}`)).why,
			/certificate of 127\.0\.0\.1:\d+ is for another name/,
		);
		assert.match((await ours(`host=localhost ${at} sslmode=verify-full sslrootcert=${certificates.stranger}`)).why, /signed by nobody in .*stranger\.crt/);
		assert.match((await ours(`host=localhost ${at} sslmode=verify-full sslrootcert=system`)).why, /signed by nobody in the system's authorities/);
		assert.match((await ours(`host=localhost ${at} sslmode=verify-ca`)).why, /needs the certificate of the authority.*sslrootcert=system/);
	});
});

describe('ports where no PostgreSQL is', {concurrency: 8}, () => {
	const listening = async (greet: (socket: Socket) => void): Promise<Server> => {
		const server = createServer(greet).listen(0, '127.0.0.1');
		await once(server, 'listening');
		return server;
	};
	const answers: readonly (readonly [what: string, greet: (socket: Socket) => void, sentence: RegExp])[] = [
		[
			'a web server',
			socket => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
			/protocol: it answered "HTTP\/1\.1 400 Bad Request"\. Is the port right\?/,
		],
		['one that speaks first', socket => socket.write('SSH-2.0-OpenSSH_9\r\n'), /it answered "SSH-2\.0-OpenSSH_9"/],
		['one that closes', socket => socket.once('data', () => socket.end()), /closed the connection without a word/],
		['one that resets', socket => socket.once('data', () => socket.resetAndDestroy()), /closed the connection without a word/],
		['one that is silent', () => {}, /did not answer in time.*connect_timeout/],
		[
			'one that says yes to TLS and is not',
			socket => socket.on('data', bytes => socket.write(bytes.length === 8 ? 'S' : 'nonsense nonsense')),
			/TLS with .* failed|it answered/,
		],
		[
			'noise like an error',
			socket => socket.once('data', () => socket.write(Buffer.from('Eternity and a day, and more'))),
			/protocol|answered the question for TLS with an error/,
		],
	];
	for (const [what, greet, sentence] of answers)
		for (const mode of ['disable', 'require'])
			test(`${what}, sslmode=${mode}`, async () => {
				const open = new Set<Socket>();
				const server = await listening(socket => {
					open.add(socket.on('error', () => {}));
					greet(socket);
				});
				const {port} = server.address() as AddressInfo;
				const {why} = await ours(`host=127.0.0.1 port=${port} sslmode=${mode} connect_timeout=1`);
				for (const socket of open) socket.destroy();
				server.close();
				assert.match(why, what.includes('yes to TLS') && mode === 'disable' ? /answer/ : sentence);
			});
});

describe('the way of a session', () => {
	const targetOf = (conninfo: string, flags: Flags = {}, env: Case['env'] = {}) => {
		const target = resolve(conninfo, flags, {env, home: '/nonexistent', osUser});
		assert.ok(!isProblem(target));
		return target;
	};
	const session = async (target: Target, options: Partial<Options> = {}) => {
		const connected = await connect(target, {applicationName: 'pgperf', ...options});
		assert.ok(!isProblem(connected), isProblem(connected) ? connected.problem : '');
		return connected;
	};

	test('a password is asked for once, when the server wants it, and kept', async () => {
		const target = targetOf(`host=127.0.0.1 port=${secure.port} user=md5_user dbname=postgres`);
		const prompts: string[] = [];
		const askPassword = async (prompt: string) => {
			prompts.push(prompt);
			return prompts.length === 1 ? 'wrong' : 'md five';
		};
		const first = await connect(target, {applicationName: 'pgperf', askPassword});
		assert.ok(isProblem(first) && first.code === '28P01');
		await disconnect((await session(target, {askPassword})).client);
		await disconnect((await session(target)).client);
		assert.deepEqual(prompts, ['Password for user md5_user: ', 'Password for user md5_user: ']);
	});

	test('further sessions stay on the server that was found, with the password that was typed', async () => {
		const conninfo = `host=127.0.0.1,localhost,127.0.0.1 port=${dead},${secure.port},${open.port} user=md5_user dbname=postgres`;
		const first = await session(targetOf(conninfo), {askPassword: async () => 'md five'});
		const second = await session(first.pinned);
		assert.deepEqual([second.host, second.port, second.title], ['localhost', secure.port, first.title]);
		assert.deepEqual(first.pinned.hosts, [{name: 'localhost', address: first.pinned.hosts[0]?.address, port: secure.port}]);
		assert.match(first.pinned.hosts[0]?.address ?? '', /^(127\.0\.0\.1|::1)$/);
		const local = await session(targetOf(`host=/nonexistent,${open.socketDir} port=${open.port} user=postgres`));
		assert.deepEqual(local.pinned.hosts, [{name: open.socketDir, address: undefined, port: open.port}]);
		for (const {client} of [first, second, local]) await disconnect(client);
	});

	test('a password that stops working later is not asked for again: the screen is open by then', async () => {
		await secure.run(`set password_encryption = 'scram-sha-256'; create role moody login password 'one'`);
		const target = targetOf(`host=127.0.0.1 port=${secure.port} user=moody dbname=postgres`);
		writeFileSync(join(secure.dataDir, 'pg_hba.conf'), `host all moody all scram-sha-256\n${hba(typeof openssl !== 'string')}`);
		await secure.run('select pg_reload_conf()');
		const asked: string[] = [];
		const askPassword = async (prompt: string) => {
			asked.push(prompt);
			return 'one';
		};
		await until(
			async () => {
				await disconnect((await session(target, {askPassword})).client);
				return asked.length;
			},
			times => times === 1,
		);
		await secure.run(`alter role moody password 'two'`);
		const found = await connect(target, {applicationName: 'pgperf', askPassword});
		assert.ok(isProblem(found) && found.code === '28P01', JSON.stringify(found));
		await secure.run(`alter role moody password 'one'`);
		await disconnect((await session(target, {askPassword})).client);
		assert.equal(asked.length, 1);
	});

	test('-W asks before, -w never, and nobody is asked for nothing', async () => {
		const conninfo = `host=127.0.0.1 port=${open.port} user=postgres`;
		let asked = 0;
		const askPassword = async () => {
			asked++;
			return 'md five';
		};
		const always = targetOf(conninfo, {password: 'ask'});
		const both = await Promise.all([session(always, {askPassword}), session(always, {askPassword})]);
		for (const {client} of both) await disconnect(client);
		assert.equal(asked, 1);
		await disconnect((await session(targetOf(conninfo), {askPassword})).client);
		const never = targetOf(`host=127.0.0.1 port=${secure.port} user=md5_user`, {password: 'never'});
		assert.ok(isProblem(await connect(never, {applicationName: 'pgperf', askPassword})));
		assert.equal(asked, 1);
	});

	test('nothing but application_name is said at the start, whatever the environment of pg holds', async () => {
		const variables = {
			PGSSLNEGOTIATION: 'direct',
			PGOPTIONS: '-c geqo=off',
			PGREPLICATION: 'database',
			PGCLIENT_ENCODING: 'LATIN1',
			PGAPPNAME: 'x',
			PGPASSWORD: 'x',
			PGSSLMODE: 'verify-full',
		};
		const before = {...process.env};
		Object.assign(process.env, variables);
		try {
			const {client, title, host, port} = await session(targetOf(`host=127.0.0.1 port=${open.port} user=postgres`));
			const {rows} = await client.query({
				text: `select current_setting('application_name'), current_setting('geqo'), current_setting('client_encoding')`,
				rowMode: 'array',
			});
			assert.deepEqual(rows[0], ['pgperf', 'on', 'UTF8']);
			assert.deepEqual([title, host, port], [`postgres @ 127.0.0.1:${open.port}`, '127.0.0.1', open.port]);
			await disconnect(client);
		} finally {
			for (const name of Object.keys(variables)) {
				if (before[name] === undefined) delete process.env[name];
				else process.env[name] = before[name];
			}
		}
	});

	test('TLS at once, and of the version that is wanted', async t => {
		if (typeof openssl === 'string') return t.skip(openssl);
		const conninfo = `host=127.0.0.1 port=${secure.port} user=postgres sslmode=require`;
		for (const [more, version] of [
			['sslnegotiation=direct', 'TLSv1.3'],
			['ssl_max_protocol_version=TLSv1.2', 'TLSv1.2'],
		] as const) {
			const {client, tls} = await session(targetOf(`${conninfo} ${more}`));
			assert.equal(tls, true);
			assert.equal((await client.query('select version from pg_stat_ssl where pid = pg_backend_pid()')).rows[0].version, version);
			await disconnect(client);
		}
		assert.match((await ours(`${conninfo} ssl_max_protocol_version=TLSv1`)).why, /^TLS with 127\.0\.0\.1:\d+ failed: no protocols available\.$/);
	});

	test('options are those of the user', async () => {
		const {client} = await session(targetOf(`host=127.0.0.1 port=${open.port} user=postgres`, {}, {PGOPTIONS: '-c geqo=off'}));
		assert.equal((await client.query('show geqo')).rows[0].geqo, 'off');
		await disconnect(client);
	});

	test('queries of a pipeline fail one by one', async () => {
		const {client} = await session(targetOf(`host=127.0.0.1 port=${secure.port} user=postgres`), {pipeline: true});
		const found = await Promise.allSettled(['select 1', 'select 1/0', 'select 3'].map(text => client.query(text)));
		assert.deepEqual(
			found.map(({status}) => status),
			['fulfilled', 'rejected', 'fulfilled'],
		);
		await disconnect(client);
	});

	test('a server that hangs is given up in time, and by the signal at once', async () => {
		const target = targetOf(`host=127.0.0.1 port=${open.port} user=postgres connect_timeout=1`);
		open.kill('SIGSTOP');
		try {
			const found = await connect(target, {applicationName: 'pgperf'});
			assert.ok(isProblem(found) && found.code === 'TIMEOUT', JSON.stringify(found));
			const control = new AbortController();
			const given = connect(targetOf(`host=127.0.0.1 port=${open.port} user=postgres connect_timeout=0`), {applicationName: 'pgperf', signal: control.signal});
			control.abort();
			const aborted = await given;
			assert.ok(isProblem(aborted) && aborted.code === 'ABORTED', JSON.stringify(aborted));
		} finally {
			open.kill('SIGCONT');
		}
		await disconnect((await session(targetOf(`host=127.0.0.1 port=${open.port} user=postgres`))).client);
	});

	test('good-bye does not wait for a backend that hangs', async () => {
		const {client} = await session(targetOf(`host=127.0.0.1 port=${open.port} user=postgres`));
		const {processID} = client as unknown as {processID: number};
		process.kill(processID, 'SIGSTOP');
		try {
			await disconnect(client);
		} finally {
			process.kill(processID, 'SIGCONT');
		}
	});

	test('a session that the server ends does not end the program', async () => {
		const {client} = await session(targetOf(`host=127.0.0.1 port=${secure.port} user=postgres`));
		const ended = new Promise(resolve => client.once('end', resolve));
		await secure.run(`select pg_terminate_backend(${(client as unknown as {processID: number}).processID})`);
		await ended;
		await assert.rejects(client.query('select 1'));
		await disconnect(client);
	});

	test('a server that shuts down says so, and the next host is tried', async () => {
		const last = await startServer({major: 18});
		const {client} = await session(targetOf(last.conninfo));
		last.kill('SIGTERM');
		const outcome = await until(async () => {
			const found = await connect(targetOf(last.conninfo), {applicationName: 'pgperf'});
			if (!isProblem(found)) await disconnect(found.client);
			return found;
		}, isProblem);
		assert.ok(isProblem(outcome) && outcome.code === '57P03', JSON.stringify(outcome));
		assert.match(outcome.problem, /try again soon/);
		const next = await session(targetOf(`host=127.0.0.1,127.0.0.1 port=${last.port},${open.port} user=postgres`));
		assert.equal(next.port, open.port);
		for (const one of [client, next.client]) await disconnect(one);
		await last.stop();
	});
});
