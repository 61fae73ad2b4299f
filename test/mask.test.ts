import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isQueryText, masked, withoutLiterals, withoutSecretsOfRows, withoutSecretsOfSql} from '../source/mask.ts';
import {withoutSecrets} from '../source/secrets.ts';
import {seeded} from './support/hostile.ts';
import {sqlFiles} from './support/queries.ts';

test('values go, names and parameters stay', () => {
	const cases: readonly (readonly [string, string])[] = [
		["select * from t1 where a = 'x''y' and b = 12.5e-3 and c = $1", 'select * from t1 where a = ? and b = ? and c = $1'],
		["select E'a\\'b', U&'d', B'01', X'ff', N'g'", 'select ?, ?, ?, ?, ?'],
		["select $tag$ it's $$ $tag$, $$x$$", 'select ?, ?'],
		['select 0xFF, 1_000, .5, -3, a.b2, t1.c', 'select ?, ?, ?, -?, a.b2, t1.c'],
		['select "My\'Tab 1", "a""1" from x', 'select "My\'Tab 1", "a""1" from x'],
		["select a||'b'||c, date '2024-01-01'", 'select a||?||c, date ?'],
		["name'glued'", 'name?'],
		['select é1, ü$2 from größe', 'select é1, ü$2 from größe'],
		["/* action='pay',user=4711 */ select 1 -- for 'me' 2024-01-01", '/* action=?,user=? */ select ? -- for ? ?'],
	];
	for (const [sql, expected] of cases) assert.equal(masked(sql), expected);
});

test('what was cut off within a value is masked to the end', () => {
	assert.equal(masked("select 'unterminated secr"), 'select ?');
	assert.equal(masked("select E'unterminated \\' secr"), 'select ?');
	assert.equal(masked('select $x$ secr'), 'select ?');
	assert.equal(masked("select 1 /* user='secr"), 'select ? /* user=?');
});

test('a comment ends where the server ends it: behind a carriage return, and behind those within it', () => {
	assert.equal(masked("select 1 -- don't\rfrom t where a = 'secret'"), 'select ? -- don?\rfrom t where a = ?');
	assert.equal(masked("select /* a /* 1 */ don't */ b from t where a = 'secret' and c = 5"), 'select /* a /* ? */ don? b from t where a = ? and c = ?');
	assert.equal(masked("select 1 /* /* a */ user='secr"), 'select ? /* /* a */ user=?');
});

test('where a backslash may or may not escape the quote, nothing after it is shown', () => {
	for (const sql of ["insert into t values ('C:\\', 'secret')", "insert into t values ('it\\'s secret', 'secret')"]) assert.doesNotMatch(masked(sql), /secret/);
});

test('no value survives, and no name is lost, whatever stands around them', () => {
	const values = [
		"'secret'",
		"'it''s secret'",
		"E'it\\'s secret'",
		"U&'secret'",
		"'-- secret'",
		"'/* secret'",
		'$$secret$$',
		"$$ it's secret $$",
		'$a$ $$ secret $a$',
	];
	const around = [
		'1',
		'$1',
		'(',
		',',
		'::text',
		'"a\'b"',
		'"--"',
		'"/*"',
		"/* don't */",
		"/* /* ' */ ' */",
		'/*/ $$ */',
		"-- don't\n",
		"-- $$ '\r",
		'\n',
		' - ',
		' * ',
	];
	const random = seeded(7);
	const one = (of: readonly string[]) => of[Math.floor(random() * of.length)];
	const some = (of: readonly string[]) => Array.from({length: random() * 4}, () => one(of)).join(' ');
	for (let turn = 0; turn < 3000; turn++) {
		const sql = Array.from({length: 3}, () => `kept ${some(around)} ${one(values)} ${some(around)}`).join(' ');
		const told = masked(sql);
		assert.doesNotMatch(told, /secret/, sql);
		assert.equal(told.match(/kept/g)?.length, 3, `${sql}\n${told}`);
	}
});

test('a text of megabytes is masked in no time', () => {
	const start = process.cpuUsage();
	masked(`${'x'.repeat(500_000)}'${"''".repeat(500_000)}`);
	masked('/*'.repeat(300_000));
	masked('1'.repeat(500_000));
	masked(`${'$'.repeat(200_000)}`);
	masked("'".repeat(300_001));
	assert.ok(process.cpuUsage(start).user < 5e6);
});

const secret = 'S3cr3tHunter';
const statementsWithSecrets = [
	`ALTER ROLE bob PASSWORD '${secret}' VALID UNTIL '2030-01-01'`,
	`alter role bob with encrypted password E'${secret}\\'${secret}'`,
	`alter role bob password /* now */ '${secret}'`,
	`create user u password $$${secret}$$`,
	`create user u password $a$${secret}$a$`,
	`alter role x password '${secret}`,
	`CREATE SUBSCRIPTION s CONNECTION 'host=a password=${secret} user=b' PUBLICATION p`,
	`select dblink('host=a password=${secret} user=b', 'select 1')`,
	`select dblink_connect('x', 'host=a password=''a ${secret}'' user=b')`,
	`create user mapping for u server s options (user 'x', password '${secret}')`,
	`select 'postgresql://u:${secret}@h/db'`,
	`select 'postgresql://u:${encodeURIComponent(`a@/${secret}`)}@h/db'`,
	`select aws_commons.create_aws_credentials('AKIAIOSFODNN7EXAMPLE', '${secret}', '')`,
	`select http(('GET', 'http://x', array[http_header('Authorization', 'Bearer ${secret}')], null, null))`,
	`select set_config('request.jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${secret}', false)`,
	`insert into users (name, password) values ('bob', '${secret}')`,
	`update users set password='${secret}' where id=4`,
	`select crypt('${secret}', gen_salt('bf'))`,
	`select pgp_sym_decrypt(c, '${secret}') from t`,
	`set my.api_key = '${secret}'`,
	`set my.password to '${secret}'`,
	`select '{"password": "${secret}", "a": 1}'::jsonb`,
	`select E'{\\"password\\":\\"${secret}\\"}'`,
	`/* password=${secret} */ select 1`,
	`-- postgres://u:${secret}@h\nselect 1`,
	`copy t from program 'curl --password ${secret}'`,
	`-- don't\ralter role bob password '${secret}'`,
	`/* /* */ don't */ alter role bob password '${secret}'`,
];
const textsWithSecrets = [
	`host=a password=${secret} user=b`,
	`host=a password='a b ${secret}' user=b`,
	`password=a\\ ${secret}`,
	`password=p&${secret} user=x`,
	`postgres://u@h/db?password=${secret}&x=1`,
	`postgres://u:pp@${secret}@h/x`,
	`postgresql://user:${secret}`,
	`redis://:${secret}@h`,
	`PGPASSWORD=${secret} restore`,
	`AWS_SECRET_ACCESS_KEY=${secret} aws s3 cp`,
	`ldapbindpasswd="${secret}"`,
	`invalid connection option "password": ${secret}`,
	`Authorization: Basic ${btoa(`u:${secret}`)}`,
];

test('secrets go also where values are kept', () => {
	assert.equal(withoutSecretsOfSql("alter role a password 'x' valid until '2030-01-01'"), 'alter role a password ? valid until ?');
	assert.equal(
		withoutSecretsOfSql("select * from orders where token = $1 and id = 4 and note = 'x'"),
		'select * from orders where token = $1 and id = 4 and note = ?',
	);
	for (const text of statementsWithSecrets) assert.doesNotMatch(withoutSecretsOfSql(text), /S3cr3t|UzNjcjN0/, text);
	for (const text of textsWithSecrets) assert.doesNotMatch(withoutSecrets(text), /S3cr3t|UzNjcjN0/, text);
	assert.equal(withoutSecrets('host=a password=hunter2 user=b'), 'host=a password=? user=b');
	assert.equal(withoutSecrets('postgres://app:hunter2@db1/shop'), 'postgres://app:?@db1/shop');
});

test('what names a secret without telling it stays as it is', () => {
	for (const text of [
		'select "password", a::text from tokens where password = $1',
		'alter role x password $1',
		'password authentication failed for user "x"',
		'syntax error at or near "token"',
		'postgresql://host:5432/db',
		'postgresql://h1:5432,h2:5433/db',
		'http://x:8080/a',
		'set password_encryption = md5',
		'update t set token = null',
	])
		assert.equal(withoutSecretsOfSql(text), text);
});

test('secrets are looked for in no time in a text of megabytes', () => {
	const start = process.cpuUsage();
	for (const text of [
		'password',
		"password='",
		'password ',
		'a://b:',
		'\\',
		'"',
		'eyJaaaaaaa',
		'-----BEGIN PRIVATE KEY-----',
		'$a$',
		"password ''a",
		'basic a',
		'password $a$',
	])
		withoutSecretsOfSql(`password=${text.repeat(300_000 / text.length)}`);
	assert.ok(process.cpuUsage(start).user < 5e6);
});

test('rows: texts of others are masked, removed or kept; all else is left alone', () => {
	const rows = [{pid: 4711, query: "select 'x'", blocker_query: null, object: "o'x"}];
	assert.deepEqual(withoutLiterals(rows, 'masked'), [{pid: 4711, query: 'select ?', blocker_query: null, object: "o'x"}]);
	assert.deepEqual(withoutLiterals(rows, 'removed'), [{pid: 4711, query: null, blocker_query: null, object: "o'x"}]);
	assert.deepEqual(withoutLiterals(rows, 'kept'), rows);
	const setting = [{name: 'primary_conninfo', setting: 'host=db1 user=rep password=hunter2 sslmode=require'}];
	assert.deepEqual(withoutLiterals(setting, 'kept'), [{name: 'primary_conninfo', setting: 'host=db1 user=rep password=? sslmode=require'}]);
});

test('every field of the queries that is taken from a query column is known to hold a query', () => {
	const missed = sqlFiles().flatMap(file =>
		[...file.text.matchAll(/\b\w+\.(?:query|command|last_error|errmsg|return_message|conninfo|statement)\b[^,\n]*?\bas (\w+)/g)]
			.map(match => match[1]!)
			.filter(field => !isQueryText(field) && !/_(size|start|id|s|hidden|bytes)$|^(application_name|queryid|wraparound)$/.test(field))
			.map(field => `${file.file}: ${field}`),
	);
	assert.deepEqual(missed, []);
});

test('rows for a screen: texts keep their values but for secrets, and names are names', () => {
	const rows = [
		{pid: 1, query: "select 'x'", application_name: 'app', relation: 'token=a'},
		{pid: 2, query: "select crypt('x')", application_name: 'postgres://a:b@c', relation: 'token=b'},
	];
	const safe = withoutSecretsOfRows(rows);
	assert.equal(safe[0], rows[0]);
	assert.deepEqual(safe[1], {pid: 2, query: 'select crypt(?)', application_name: 'postgres://a:?@c', relation: 'token=b'});
	assert.equal(withoutSecretsOfRows(rows.slice(0, 1))[0], rows[0]);
});

test('what was looked at the last time is neither believed of another field nor missed when it comes again', () => {
	const rows = [
		{pid: 1, query: 'select 1', application_name: 'postgres://a:b@c'},
		{pid: 2, query: "alter role a password 'b'", application_name: "select crypt('x')"},
	];
	const first = withoutSecretsOfRows(rows);
	assert.doesNotMatch(JSON.stringify(first), /:b@|'b'/);
	assert.deepEqual(withoutSecretsOfRows(rows, first), first);
	assert.equal(withoutSecretsOfRows(first, first), first);
	const moved = [{pid: 3, query: "select crypt('x')", application_name: "alter role a password 'b'"}];
	assert.deepEqual(withoutSecretsOfRows(moved, first), withoutSecretsOfRows(moved));
});
