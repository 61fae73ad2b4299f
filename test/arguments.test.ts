import assert from 'node:assert/strict';
import {test} from 'node:test';
import {namedServer, nearestOf, parseArguments} from '../source/arguments.ts';

const parse = (line: string) => parseArguments(line.split(' ').filter(Boolean), '1.2.3');

const flags: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[]])[] = [
	['top', {}, []],
	['top shop', {}, ['shop']],
	['top -h db1 -p 5433 -U dba -d shop', {host: 'db1', port: '5433', username: 'dba', dbname: 'shop'}, []],
	['top -hdb1 -p5433', {host: 'db1', port: '5433'}, []],
	['top --host=db1 --interval 2', {host: 'db1', interval: '2'}, []],
	['top -W', {password: true}, []],
	['top -w', {'no-password': true}, []],
	['top --no-audit --no-color --read-only', {'no-audit': true, 'no-color': true, 'read-only': true}, []],
	['top --replica a --replica b', {replica: ['a', 'b']}, []],
	['top -- -odd', {}, ['-odd']],
];
for (const [line, expected, input] of flags) {
	test(`pgperf ${line}`, () => {
		const parsed = parse(line);
		assert.ok('flags' in parsed, JSON.stringify(parsed));
		assert.deepEqual({...parsed.flags}, expected);
		assert.deepEqual(parsed.input, input);
	});
}

const problems: readonly (readonly [string, RegExp])[] = [
	['tpo', /There is no command "tpo"\. Did you mean "top"\?/],
	['--read-only top', /stands before the command/],
	['top --intervall 2', /There is no option "--intervall"\. Did you mean "--interval"\?/],
	['top -Z', /There is no option "-Z"/],
	['top --interval', /--interval needs a value/],
	['top --host --port 1', /--host needs a value/],
	['top --read-only=yes', /--read-only takes no value/],
	['top --interval 1 --interval 2', /--interval was given twice/],
	['top one two', /"two" is one word too many/],
];
for (const [line, says] of problems) {
	test(`pgperf ${line}: a sentence, and exit 64`, () => {
		const parsed = parse(line);
		assert.ok('problem' in parsed, JSON.stringify(parsed));
		assert.match(parsed.problem, says);
		assert.equal(parsed.exit, 64);
	});
}

test('help and version are printed', () => {
	for (const line of ['', '--help', 'help']) assert.match((parse(line) as {readonly print: string}).print, /^Usage: pgperf COMMAND/);
	assert.match((parse('report --help') as {readonly print: string}).print, /^Usage: pgperf report/);
	assert.match((parse('demo --help') as {readonly print: string}).print, /^Usage: pgperf demo/);
	assert.deepEqual(parse('--version'), {print: 'pgperf 1.2.3'});
});

test('what follows demo is a command line of its own', () => {
	assert.deepEqual((parse('demo report --format json') as {readonly input: readonly string[]}).input, ['report', '--format', 'json']);
});

test('the nearest word: letters put in, left out, mistaken or swapped; nothing where none is near', () => {
	for (const [word, nearest] of [
		['tpo', 'top'],
		['reprot', 'report'],
		['repor', 'report'],
		['zzz', undefined],
	] as const)
		assert.equal(nearestOf(word, ['top', 'report', 'sql']), nearest);
});

test('a server among words that name none is told by its form, and what to type with it', () => {
	const told = (words: readonly string[], keywords = true) => namedServer('check', words, keywords)?.split('-d: ')[1];
	assert.equal(told(['postgres://db1/shop']), 'pgperf check -d postgres://db1/shop');
	assert.equal(told(['blocked', 'postgresql://db1/shop?sslmode=require', 'lag']), "pgperf check -d 'postgresql://db1/shop?sslmode=require' blocked lag");
	assert.equal(told(['host=db1 dbname=shop']), "pgperf check -d 'host=db1 dbname=shop'");
	assert.equal(told(["password=it's"]), "pgperf check -d 'password=it'\\''s'");
	assert.equal(told(['a=b'], false), undefined);
	assert.equal(told(['blocked', 'shop']), undefined);
});
