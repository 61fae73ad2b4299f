import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isQueryText, masked, withoutLiterals, withoutPasswords} from '../source/mask.ts';
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

test('where a backslash may or may not escape the quote, nothing after it is shown', () => {
	for (const sql of ["insert into t values ('C:\\', 'secret')", "insert into t values ('it\\'s secret', 'secret')"]) assert.doesNotMatch(masked(sql), /secret/);
});

test('no secret survives, whatever stands around it', () => {
	const around = ["'", "''", '"', '$$', '$a$', '/*', '*/', '--', '\n', '\\', "E'", ' ', '1', 'x', '$1', ';'];
	let seed = 7;
	const random = (n: number) => {
		seed = (seed * 1103515245 + 12345) % 2147483648;
		return seed % n;
	};
	for (let turn = 0; turn < 3000; turn++) {
		const text = Array.from({length: random(6)}, () => around[random(around.length)]).join('');
		const sql = `select ${text.replaceAll(/['"$\\/*-]/g, '')} , 'secret', $q$secret$q$, E'secret'`;
		assert.doesNotMatch(masked(sql), /secret/, sql);
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

test('passwords go also where values are kept', () => {
	assert.equal(withoutPasswords("alter role a password 'x' valid until '2030-01-01'"), "alter role a password ? valid until '2030-01-01'");
	assert.equal(withoutPasswords("select dblink('host=a password=hunter2 user=b')"), "select dblink('host=a password=? user=b')");
	assert.equal(withoutPasswords('postgres://app:hunter2@db1/shop'), 'postgres://app:?@db1/shop');
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
