import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {inspect} from 'node:util';
import {type Flags, isProblem, resolve, type Target, titleOf} from '../source/io/conninfo.ts';
import {readGreeting} from '../source/io/greeting.ts';
import {type as keys} from '../source/io/password.ts';
import {findPassword} from '../source/io/pgpass.ts';
import {newDirectory} from './support/scratch.ts';

const home = newDirectory();
writeFileSync(
	join(home, '.pg_service.conf'),
	'# ours\n[shop]\nhost=db1\nport = 6000\n\n[shop2]\n  host=db2\nport=6001\nuser=svc\ndbname=svcdb\npassword=s3rvice=\n[shop2]\nhost=never\n[nested]\nservice=shop\n[odd]\nhots=x\n',
);
mkdirSync(join(home, 'etc'));
writeFileSync(join(home, 'etc', 'pg_service.conf'), '[system]\nhost=db9\n');

type Env = Readonly<Record<string, string>>;
const go = (conninfo: string | undefined, flags: Flags = {}, env: Env = {}) => resolve(conninfo, flags, {env, home, osUser: 'os'});
/** `user:password@host:port,host:port/database`, a hostaddr in round brackets. */
const short = (target: Target) => {
	const hosts = target.hosts.map(({name, address, port}) => `${name ?? ''}${address ? `(${address})` : ''}:${port}`).join(',');
	return `${target.user}${target.password() ? `:${target.password()}` : ''}@${hosts}/${target.database}`;
};
const outcome = (conninfo: string | undefined, flags: Flags = {}, env: Env = {}) => {
	const found = go(conninfo, flags, env);
	return isProblem(found) ? found.problem : short(found);
};

const readable: readonly [what: string, conninfo: string | undefined, expected: string, flags?: Flags, env?: Env][] = [
	['nothing', undefined, 'os@:5432/os'],
	['an empty string is nothing', '', 'os@:5432/os'],
	['a database name', 'shop', 'os@:5432/shop'],
	['a whole URI', 'postgresql://app:pw@db1:6000/shop', 'app:pw@db1:6000/shop'],
	['the short scheme', 'postgres://db1/shop', 'os@db1:5432/shop'],
	['an empty URI', 'postgresql://', 'os@:5432/os'],
	['a URI without host', 'postgresql:///shop', 'os@:5432/shop'],
	['a user alone', 'postgresql://app@/shop', 'app@:5432/shop'],
	['an empty password', 'postgresql://app:@db1/shop', 'app@db1:5432/shop'],
	['percent-encoding', 'postgresql://a%40b:p%2Fw%25@db1/my%20shop', 'a@b:p/w%@db1:5432/my shop'],
	['a password with colons', 'postgresql://app:a:b@db1/shop', 'app:a:b@db1:5432/shop'],
	['a plus is a plus', 'postgresql://app:a+b@db1/shop', 'app:a+b@db1:5432/shop'],
	['IPv6', 'postgresql://[::1]:6000/shop', 'os@::1:6000/shop'],
	['IPv6 without port', 'postgresql://[2001:db8::1]/shop', 'os@2001:db8::1:5432/shop'],
	['several hosts', 'postgresql://db1:1,db2:2,db3/shop', 'os@db1:1,db2:2,db3:5432/shop'],
	['several hosts, one port for all', 'postgresql://db1,db2/shop?port=7', 'os@db1:7,db2:7/shop'],
	['a socket directory, encoded', 'postgresql://%2Ftmp%2Fs/shop', 'os@/tmp/s:5432/shop'],
	['a socket directory as parameter', 'postgresql:///shop?host=/tmp/s&port=6', 'os@/tmp/s:6/shop'],
	['a slash within the name of the database', 'postgresql://db1/shop/eu', 'os@db1:5432/shop/eu'],
	['a parameter wins over its place', 'postgresql://db1/shop?dbname=other&user=x', 'x@db1:5432/other'],
	['ssl=true', 'postgresql://db1/shop?ssl=true', 'os@db1:5432/shop'],
	['keyword/value', 'host=db1 port=6 dbname=shop user=app', 'app@db1:6/shop'],
	['spaces around =', '  host = db1   dbname =shop ', 'os@db1:5432/shop'],
	['quotes', "host=db1 password='two words' dbname='it\\'s'", "os:two words@db1:5432/it's"],
	['a backslash without quotes', 'host=db1 password=a\\ b\\\\c', 'os:a b\\c@db1:5432/os'],
	['an empty value', "host=db1 password='' user=", 'os@db1:5432/os'],
	['an empty value hides the environment', "host='' dbname=shop", 'os@:5432/shop', {}, {PGHOST: 'db1'}],
	['the last of two', 'host=db1 host=db2', 'os@db2:5432/os'],
	['a list with gaps', 'host=db1,,db3 port=1,,3', 'os@db1:1,:5432,db3:3/os'],
	['hostaddr', 'host=db1 hostaddr=10.0.0.1', 'os@db1(10.0.0.1):5432/os'],
	['hostaddr alone', 'hostaddr=10.0.0.1,10.0.0.2 port=1', 'os@(10.0.0.1):1,(10.0.0.2):1/os'],
	['flags', undefined, 'app@db1:6/shop', {host: 'db1', port: '6', username: 'app', dbname: 'shop'}],
	['flags and a database', 'shop', 'app@db1:5432/shop', {host: 'db1', username: 'app'}],
	['-d with a URI', undefined, 'app@db1:5432/shop', {dbname: 'postgres://app@db1/shop'}],
	['the connection string wins over flags, as in psql', 'host=db1 user=app', 'app@db1:7/app', {host: 'db2', username: 'x', port: '7'}],
	['but -d beside it wins', 'postgres://db1/shop', 'os@db1:5432/other', {dbname: 'other'}],
	['empty flags are none', undefined, 'os@db1:5432/os', {host: '', dbname: ''}, {PGHOST: 'db1'}],
	['the environment', undefined, 'e:pw@db1:7/d', {}, {PGHOST: 'db1', PGPORT: '7', PGUSER: 'e', PGDATABASE: 'd', PGPASSWORD: 'pw'}],
	['the environment fills a URI', 'postgres://db2/shop', 'e:pw@db2:7/shop', {}, {PGHOST: 'db1', PGPORT: '7', PGUSER: 'e', PGPASSWORD: 'pw'}],
	['lists in the environment', undefined, 'os@db1:1,db2:2/os', {}, {PGHOST: 'db1,db2', PGPORT: '1,2'}],
	['PGHOSTADDR', 'host=db1', 'os@db1(10.0.0.1):5432/os', {}, {PGHOSTADDR: '10.0.0.1'}],
	['empty variables are none', undefined, 'os@:5432/os', {}, {PGHOST: '', PGUSER: '', PGSSLMODE: '', PGSERVICE: ''}],
	['a service', 'service=shop2', 'svc:s3rvice=@db2:6001/svcdb'],
	['PGSERVICE', undefined, 'svc:s3rvice=@db2:6001/svcdb', {}, {PGSERVICE: 'shop2'}],
	['a service in a URI', 'postgres:///mine?service=shop2', 'svc:s3rvice=@db2:6001/mine'],
	['a service wins over the environment', undefined, 'svc:s3rvice=@db2:6001/svcdb', {}, {PGSERVICE: 'shop2', PGHOST: 'db1', PGUSER: 'x'}],
	['flags win over a service', undefined, 'x:s3rvice=@db3:6001/svcdb', {host: 'db3', username: 'x'}, {PGSERVICE: 'shop2'}],
	["the system's service file", 'service=system', 'os@db9:5432/os', {}, {PGSYSCONFDIR: '/SYSTEM'}],
	['PGSERVICEFILE', 'service=system', 'os@db9:5432/os', {}, {PGSERVICEFILE: '/SYSTEM/pg_service.conf'}],
	['DATABASE_URL', undefined, 'app:pw@db1:5432/shop', {}, {DATABASE_URL: 'postgresql://app:pw@db1/shop'}],
	['DATABASE_URL of a driver', undefined, 'app@db1:5432/shop', {}, {DATABASE_URL: 'postgresql+asyncpg://app@db1/shop?schema=public&connection_limit=5'}],
	['DATABASE_URL beside PGUSER', undefined, 'e@db1:5432/shop', {}, {DATABASE_URL: 'postgresql://db1/shop', PGUSER: 'e'}],
	['DATABASE_URL beside -W', undefined, 'os@db1:5432/shop', {password: 'ask'}, {DATABASE_URL: 'postgresql://db1/shop'}],
	['not beside PGHOST', undefined, 'os@db2:5432/os', {}, {DATABASE_URL: 'postgresql://db1/shop', PGHOST: 'db2'}],
	['not beside PGSERVICE', undefined, 'svc:s3rvice=@db2:6001/svcdb', {}, {DATABASE_URL: 'postgresql://db1/shop', PGSERVICE: 'shop2'}],
	['not beside a flag', undefined, 'x@:5432/x', {username: 'x'}, {DATABASE_URL: 'postgresql://db1/shop'}],
	['not beside a database', 'shop', 'os@:5432/shop', {}, {DATABASE_URL: 'postgresql://db1/x', PGPERF_DATABASE_URL: 'postgres://db2/x'}],
	['PGPERF_DATABASE_URL first', undefined, 'os@db2:5432/x', {}, {DATABASE_URL: 'postgresql://db1/x', PGHOST: 'h', PGPERF_DATABASE_URL: 'postgres://db2/x'}],
];

describe('what can be read', () => {
	for (const [what, conninfo, expected, flags = {}, env = {}] of readable)
		test(what, () => {
			const here = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace('/SYSTEM', join(home, 'etc'))]));
			assert.equal(outcome(conninfo, flags, here), expected);
		});
});

const refused: readonly [what: string, conninfo: string | undefined, sentence: RegExp, flags?: Flags, env?: Env][] = [
	['an unknown parameter', 'postgres://db1/shop?ssl_mode=require', /"ssl_mode" is no parameter .* Did you mean "sslmode"\?/],
	['an unknown keyword', 'host=db1 pasword=secret', /"pasword" is no keyword .* Did you mean "password"\?/],
	['an unknown keyword like no other', 'host=db1 zzzzzzzzz=1', /"zzzzzzzzz" is no keyword of a connection string\.$/],
	["a driver's parameter, typed by hand", 'postgres://db1/shop?schema=public', /"schema" is no parameter/],
	['a password with a slash', 'postgres://app:secret/x@db1/shop', /@ in the wrong place.*%2F/],
	['a password with digits and a slash', 'postgres://app:12/secret@db1/shop', /@ in the wrong place/],
	['a password with an @', 'postgres://app:se@cret@db1/shop', /@ in the wrong place.*%40/],
	['half a percent sign', 'postgres://app:secret%2@db1/shop', /password .* percent-encoded/],
	['a zero byte', 'postgres://app:secret%00@db1/shop', /password .* percent-encoded/],
	['an open bracket', 'postgres://[::1/shop', /\[address\]:port for IPv6/],
	['IPv6 without brackets', 'postgres://::1/shop', /\[address\]:port for IPv6/],
	['a parameter without =', 'postgres://db1/shop?sslmode', /has no "="/],
	['a parameter with two =', 'postgres://db1/shop?options=a=b', /second "="/],
	['words without =', "host=db1 password=secret words dbname='x'", /without "=" after "password"/],
	['an open quote', "host=db1 password='secret", /"password" .* no closing quote/],
	['a port that is none', 'postgres://db1:secret/shop', /port is no number/],
	['port 0', 'port=0', /from 1 to 65535/],
	['more ports than hosts', 'host=a,b port=1,2,3', /3 ports are given for 2 hosts/],
	['hosts and addresses that differ in number', 'host=a,b hostaddr=10.0.0.1', /2 hosts but 1 values of hostaddr/],
	['a wrong sslmode', 'sslmode=on', /sslmode can't be "on": it is one of disable, allow, prefer/],
	['a wrong PGSSLMODE', undefined, /sslmode can't be "on"/, {}, {PGSSLMODE: 'on'}],
	['wrong attributes', 'target_session_attrs=master', /target_session_attrs can't be "master"/],
	['a wrong timeout', 'connect_timeout=soon', /connect_timeout is a whole number/],
	['weak trust in everybody', 'sslrootcert=system sslmode=require', /too weak/],
	['direct TLS, perhaps', 'sslnegotiation=direct', /needs sslmode=require/],
	['requirepeer', 'requirepeer=postgres', /can't check requirepeer/],
	['GSSAPI', 'gssencmode=require', /can't do GSSAPI encryption/],
	['an unknown service', 'service=none', /service "none" is in no service file/, {}, {PGSYSCONFDIR: '/nonexistent'}],
	['a beginning of a service', 'service=sho', /in no service file/, {}, {PGSYSCONFDIR: '/nonexistent'}],
	['a service file that is missing', 'service=shop', /service file \/nonexistent can't be read/, {}, {PGSERVICEFILE: '/nonexistent'}],
	['services that nest', 'service=nested', /do not nest/],
	['a word that is no keyword in the service file', 'service=odd', /Line 17 .* no connection keyword/],
	['two databases', 'shop', /Two databases/, {dbname: 'other'}],
	['two connection strings', 'host=a', /Two connection strings/, {dbname: 'host=b'}],
	['a DATABASE_URL of another system', undefined, /DATABASE_URL names no PostgreSQL server/, {}, {DATABASE_URL: 'mysql://app:secret@db1/shop'}],
	['a broken DATABASE_URL', undefined, /^DATABASE_URL: .* @ in the wrong place/, {}, {DATABASE_URL: 'postgres://app:s@ecret@db1/shop'}],
	['mixed require_auth', 'require_auth=md5,!password', /mixes/],
];

describe('what is refused, in a sentence without secrets', () => {
	for (const [what, conninfo, sentence, flags = {}, env = {}] of refused)
		test(what, () => {
			const found = go(conninfo, flags, env);
			assert.ok(isProblem(found), 'it was taken');
			assert.match(found.problem, sentence);
			assert.equal(found.exit, 64);
			assert.doesNotMatch(found.problem, /secret|cret/);
		});
});

const target = (conninfo: string | undefined, flags: Flags = {}, env: Env = {}): Target => {
	const found = go(conninfo, flags, env);
	assert.ok(!isProblem(found), isProblem(found) ? found.problem : '');
	return found;
};

test('settings besides the place', () => {
	const usual = target(undefined);
	assert.deepEqual(
		[usual.ssl.mode, usual.timeout, usual.sessionAttrs, usual.ask, usual.passwordFile, usual.ssl.root, usual.keepAlive, usual.databaseNamed],
		['prefer', 10_000, 'any', 'when-wanted', join(home, '.pgpass'), join(home, '.postgresql', 'root.crt'), 10_000, false],
	);
	assert.equal(target('connect_timeout=0').timeout, 0);
	assert.equal(target('connect_timeout=-1').timeout, 0);
	assert.equal(target(undefined, {}, {PGCONNECT_TIMEOUT: '3'}).timeout, 3000);
	assert.equal(target('sslrootcert=system').ssl.mode, 'verify-full');
	assert.equal(target('postgres://db1/x?ssl=true').ssl.mode, 'require');
	assert.equal(target('requiressl=1').ssl.mode, 'require');
	assert.equal(target(undefined, {}, {PGSSLMODE: 'verify-ca', PGSSLROOTCERT: '/r', PGSSLCERT: '/c', PGSSLKEY: '/k'}).ssl.mode, 'verify-ca');
	assert.equal(target('target_session_attrs=read-write').sessionAttrs, 'read-write');
	assert.equal(target(undefined, {}, {PGTARGETSESSIONATTRS: 'standby', PGLOADBALANCEHOSTS: 'random'}).shuffle, true);
	assert.equal(target(undefined, {}, {PGOPTIONS: '-c geqo=off'}).options, '-c geqo=off');
	assert.equal(target(undefined, {}, {PGPASSFILE: '/p'}).passwordFile, '/p');
	assert.equal(target(undefined, {password: 'ask'}).ask, 'always');
	assert.equal(target(undefined, {password: 'never'}).ask, 'never');
	assert.equal(target('keepalives=0').keepAlive, 0);
	assert.deepEqual(target('require_auth=!password,!md5').authMethods, ['gss', 'sspi', 'scram-sha-256', 'oauth', 'none']);
	assert.equal(target(undefined, {}, {DATABASE_URL: 'postgres://db1/x?sslmode=no-verify'}).ssl.mode, 'require');
});

test('titles', () => {
	assert.equal(titleOf(target('postgres://app:pw@db1/shop')), 'shop @ db1:5432');
	assert.equal(titleOf(target('postgres://[::1]:6/shop')), 'shop @ [::1]:6');
	assert.equal(titleOf(target('host=/tmp dbname=shop port=6')), 'shop @ [local]:6');
	assert.equal(titleOf(target('shop')), 'shop @ [local]:5432');
	assert.equal(titleOf(target('host=a,b dbname=shop')), 'shop @ a:5432,b:5432');
	assert.equal(titleOf(target("host=a dbname='\u001b[31mx\u202ey\nz'")), 'shop @ a:5432'.replace('shop', '[31mxy z'));
});

test('no print of a target shows a secret', () => {
	const secret = target('postgres://app:hunter2@db1/shop?sslpassword=hunter3');
	assert.doesNotMatch(inspect(secret, {depth: 9}) + JSON.stringify(secret), /hunter/);
});

test('the password file', () => {
	const file = join(home, 'pgpass');
	const write = (text: string, mode = 0o600) => {
		writeFileSync(file, text);
		chmodSync(file, mode);
	};
	const find = (host = 'db1', port = 5432, database = 'shop', user = 'app') => findPassword(file, {host, port, database, user}, false);
	write('# a comment\r\n\r\ndb1:5432:shop:app:first\r\ndb1:*:*:*:second\n*:6:sh\\:op:a\\\\b:p\\:w:rest\n\\*:1:x:y:star\nbroken\n::1:1:x:y:never\n');
	assert.equal(find().password, 'first');
	assert.equal(find('db1', 1, 'x', 'y').password, 'second');
	assert.equal(find('db2', 6, 'sh:op', 'a\\b').password, 'p:w:rest');
	assert.equal(find('db2', 1, 'x', 'y').password, undefined);
	assert.equal(find('*', 1, 'x', 'y').password, 'star');
	write('*:*:*:*:open', 0o640);
	assert.equal(find().password, undefined);
	assert.match(find().note ?? '', /chmod 0600/);
	assert.deepEqual(findPassword(join(home, 'absent'), {host: 'a', port: 1, database: 'b', user: 'c'}), {});
	assert.match(findPassword(home, {host: 'a', port: 1, database: 'b', user: 'c'}).note ?? '', /no plain file/);
});

test("the server's first words", () => {
	const asks = (code: number, rest = '') => {
		const bytes = Buffer.alloc(9 + rest.length);
		bytes.write('R', 0);
		bytes.writeUInt32BE(8 + rest.length, 1);
		bytes.writeUInt32BE(code, 5);
		bytes.write(rest, 9, 'latin1');
		return bytes;
	};
	assert.deepEqual(readGreeting(asks(0)), {is: 'asks', method: 'none', mechanisms: []});
	assert.deepEqual(readGreeting(asks(7)), {is: 'asks', method: 'gss', mechanisms: []});
	assert.deepEqual(readGreeting(asks(12345)), {is: 'asks', method: 'other', mechanisms: []});
	const scram = asks(10, 'SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0');
	assert.deepEqual(readGreeting(scram), {is: 'asks', method: 'scram-sha-256', mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']});
	for (let length = 1; length < scram.length; length++) assert.equal(readGreeting(scram.subarray(0, length)).is, 'incomplete');
	assert.deepEqual(readGreeting(Buffer.from('HTTP/1.1 400 Bad Request\r\n')), {is: 'foreign', heard: 'it answered "HTTP/1.1 400 Bad Request"'});
	assert.equal(readGreeting(Buffer.from('RTSP/1.0 200 OK')).is, 'foreign');
	assert.equal(readGreeting(Buffer.from('EHLO mail.example.com')).is, 'foreign');
	assert.deepEqual(readGreeting(Buffer.from('\u001b[2J\u0007')), {is: 'foreign', heard: 'it answered "[2J"'});
});

test('keys of a password', () => {
	assert.deepEqual(keys('', 'abc'), {text: 'abc', rest: ''});
	assert.deepEqual(keys('a', 'b\rq'), {text: 'ab', end: 'entered', rest: 'q'});
	assert.deepEqual(keys('añ', '\u007f😀\u007fb\n'), {text: 'ab', end: 'entered', rest: ''});
	assert.deepEqual(keys('abc', '\u0015x\r'), {text: 'x', end: 'entered', rest: ''});
	assert.deepEqual(keys('', '\u001b[200~a b\u001b[201~\u001b[A\u001bOP\r'), {text: 'a b', end: 'entered', rest: ''});
	assert.equal(keys('abc', 'd\u0003').end, 'interrupted');
	assert.equal(keys('abc', 'd\u0003').text, '');
	assert.equal(keys('', '\u0004').end, 'closed');
	assert.equal(keys('a', '\u0004').end, undefined);
});

test('what has a scheme is no database, and what it holds is not repeated', () => {
	for (const text of ['postgre://u:S3cr3t@h/db', 'mysql://u:S3cr3t@h/db?sslmode=require', 'POSTGRES://u:S3cr3t@h', 'postgresql://h/db?word=S3cr3t@h'])
		for (const target of [resolve(text, {}, {env: {}, home: '/', osUser: 'me'}), resolve(undefined, {dbname: text}, {env: {}, home: '/', osUser: 'me'})]) {
			assert.ok('problem' in target, text);
			assert.doesNotMatch(target.problem, /S3cr3t/);
		}
});
