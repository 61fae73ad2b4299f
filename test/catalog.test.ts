import assert from 'node:assert/strict';
import {test} from 'node:test';
import {compareVersions, nameOf, names, paramsOf, parseCatalog, pick} from '../source/catalog.ts';
import type {Facts} from '../source/pane.ts';

function sql(name: string, needs: string, body = 'select 1::int4 as one'): string {
	return `-- ${name}: what it tells\n-- source: a view\n-- needs: ${needs}\n-- privilege: none\n-- cost: cheap\n${body}\n`;
}

const facts = {
	version: '15.8',
	major: 15,
	recovery: false,
	database: 'shop',
	extensions: {pg_stat_statements: '1.10'},
	provider: null,
} as unknown as Facts;

const catalog = parseCatalog([
	{file: 'locks.14.sql', text: sql('locks', 'server >= 14')},
	{file: 'locks.sql', text: sql('locks', 'server >= 13')},
	{file: 'locks.16.sql', text: sql('locks', 'server >= 16')},
	{file: 'statements.1-11.sql', text: sql('statements', 'extension pg_stat_statements >= 1.11')},
	{file: 'statements.1-9.sql', text: sql('statements', 'extension pg_stat_statements >= 1.9')},
	{file: 'statements.sql', text: sql('statements', 'extension pg_stat_statements >= 1.8')},
	{file: 'wal.sql', text: sql('wal', 'server >= 13 ; primary')},
	{file: 'wal.standby.sql', text: sql('wal', 'server >= 13 ; standby')},
	{file: 'replay.sql', text: sql('replay', 'standby')},
	{file: 'actions/cancel.sql', text: sql('actions/cancel', 'server >= 13')},
]);

function chosen(name: string, with_: Partial<Facts> = {}): string {
	const picked = pick(catalog, name, {...facts, ...with_});
	return 'query' in picked ? picked.query.file : `${picked.skipped.reason} | ${picked.skipped.remedy}`;
}

test('the highest variant that is satisfied is chosen, and a newer server runs the newest', () => {
	assert.equal(chosen('locks', {major: 13}), 'locks.sql');
	assert.equal(chosen('locks'), 'locks.14.sql');
	assert.equal(chosen('locks', {major: 42}), 'locks.16.sql');
	assert.equal(chosen('statements'), 'statements.1-9.sql');
	assert.equal(chosen('statements', {extensions: {pg_stat_statements: '1.12'}}), 'statements.1-11.sql');
	assert.equal(chosen('statements', {major: 18, extensions: {pg_stat_statements: '1.8'}}), 'statements.sql');
	assert.equal(chosen('wal'), 'wal.sql');
	assert.equal(chosen('wal', {recovery: true}), 'wal.standby.sql');
});

test('what is not satisfied says why, and what would change it', () => {
	assert.equal(chosen('locks', {major: 12, version: '12.22'}), 'needs PostgreSQL 13, this is 12.22 | undefined');
	assert.equal(
		chosen('statements', {extensions: {}}),
		'needs the extension pg_stat_statements 1.8, which database shop does not have | add pg_stat_statements to shared_preload_libraries, restart, then create extension pg_stat_statements',
	);
	assert.match(chosen('statements', {extensions: {}, provider: 'rds'}), /in the instance's parameter group, restart, then create extension/);
	assert.match(chosen('statements', {extensions: {}, recovery: true}), /then create extension pg_stat_statements on the primary$/);
	assert.equal(
		chosen('statements', {extensions: {pg_stat_statements: '1.7'}}),
		'needs the extension pg_stat_statements 1.8, installed is 1.7 | alter extension pg_stat_statements update',
	);
	assert.equal(chosen('replay'), 'only a standby knows, this is a primary | undefined');
	assert.throws(() => pick(catalog, 'nothing', facts), /queries\/nothing\.sql/);
});

test('names are those of files without their variant', () => {
	assert.deepEqual(names(catalog), ['actions/cancel', 'locks', 'replay', 'statements', 'wal']);
	assert.equal(nameOf('actions/reset-statements.sql'), 'actions/reset-statements');
	assert.equal(nameOf('statements.1-11.sql'), 'statements');
});

test('the text is named, on one line, without comments; literals are left alone', () => {
	const body = [
		'-- why',
		"select '--no comment', ' two  spaces ', 'it''s', /* gone */ \"a -- b\", $1::int4 -- tail",
		'from pg_catalog.pg_class where a - -1 = b/2',
		"and x ~ $re$ '  -- $re$",
	].join('\n');
	const [query] = parseCatalog([{file: 'x.sql', text: sql('x', 'server >= 13', body)}]).get('x')!;
	assert.equal(
		query!.text,
		"select /* pgperf:x */ '--no comment', ' two  spaces ', 'it''s', \"a -- b\", $1::int4 from pg_catalog.pg_class where a - -1 = b/2 and x ~ $re$ '  -- $re$",
	);
});

test('a broken header of our own throws and names the line', () => {
	const parse = (text: string) => () => parseCatalog([{file: 'x.sql', text}]);
	assert.throws(parse('select 1'), /queries\/x\.sql: the first line must be "-- x: /);
	assert.throws(parse(sql('y', 'server >= 13')), /the first line/);
	assert.throws(parse(sql('x', 'server >= 13').replace('-- cost: cheap\n', '')), /line 5 must be "-- cost: /);
	assert.throws(parse(sql('x', 'server > 13')), /needs "server > 13"/);
	assert.throws(parse(sql('x', 'server >= 13', '-- nothing')), /there is no statement/);
});

test('parameters are numbered from 1 and carry a sample', () => {
	const params = (lines: string) => paramsOf({file: 'x.sql', text: `-- x: y\n${lines}\nselect $1::int4`});
	assert.deepEqual(params('-- param: $1 int4[] pids = {0}\n-- param: $2 text name\n-- param: $3 int4 n'), [
		{type: 'int4[]', name: 'pids', sample: '{0}'},
		{type: 'text', name: 'name', sample: ''},
		{type: 'int4', name: 'n', sample: '0'},
	]);
	assert.throws(() => params('-- param: $2 int4 n'), /must be "-- param: \$1/);
});

test('versions of extensions are numbers between dots', () => {
	assert.ok(compareVersions('1.8', '1.10') < 0);
	assert.ok(compareVersions('1.10', '1.9') > 0);
	assert.equal(compareVersions('1.10', '1.10.0'), 0);
	assert.ok(compareVersions('2', '1.99') > 0);
});
