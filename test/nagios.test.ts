import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runOnce} from '../source/checks.ts';
import {defaultLimits, levelOf} from '../source/limits.ts';
import {type Looked, unknownOf, verdictOf} from '../source/nagios.ts';
import type {Check, Input, Limit, Row, Table} from '../source/pane.ts';
import type {CoverageReport} from '../source/report.ts';
import {facts} from './support/world.ts';

/** A check of one number of the first row; under its floor it says nothing. */
function check(id: string, title: (value: number) => string): Check {
	return {
		id,
		class: 'now',
		title: id,
		when: (input: Input, limit: Limit) =>
			(input.rows.numbers ?? []).flatMap(row => {
				const value = row[id];
				const level = typeof value === 'number' && (limit.floor === undefined || Number(row.traffic) >= limit.floor) ? levelOf(value, limit) : undefined;
				return level ? [{level, subject: String(row.name), title: title(Number(value)), detail: '', remedy: '', value: Number(value)}] : [];
			}),
	};
}

const lag = check('lag', n => `lags ${n}`);
const checks = [check('blocked', n => `waits | ${n}s\nlong`), check('hit-ratio', n => `hit ${n}`), check('connections', n => `used ${n}`)];
const table: Table = {
	id: 'numbers',
	title: '',
	empty: '',
	from: {sql: 'numbers'},
	scope: 'server',
	every: 'tick',
	rowKey: row => String(row.name),
	columns: [],
	checks,
};

function looked(rows: readonly Row[], unseen: CoverageReport['unseen'] = []): Looked {
	const input: Input = {rows: {numbers: rows}, facts: {db: facts}, watched: 'db', history: {}};
	const {findings, coverage} = runOnce([table], input, defaultLimits, 'db');
	const evaluated = coverage.evaluated.filter(id => !unseen.some(one => one.check === id));
	return {checks: checks.map(one => ({check: one, table})), input, limits: defaultLimits, findings, coverage: {evaluated, unseen}};
}

test('nothing found: OK, and every value beside its limits all the same', () => {
	const {exit, line} = verdictOf(looked([{name: 'a', blocked: 0.2, 'hit-ratio': 99.5, connections: 12, traffic: 9000}]));
	assert.equal(exit, 0);
	assert.equal(line, "PGPERF OK - 3 checks made, nothing found | 'blocked'=0.2s;5;30;0 'hit-ratio'=99.5%;90:;70:;0 'connections'=12%;80;90;0");
});

test('a standby that is level lags 0, one that is behind by too little to be named as much as it does; without any nothing is known', () => {
	const lagOf = (rows: readonly Row[]) => {
		const one = looked(rows);
		return verdictOf({...one, checks: [{check: lag, table}], coverage: {evaluated: ['lag'], unseen: []}}).line;
	};
	assert.equal(lagOf([{name: 's1', lag: 0, traffic: 0}]), "PGPERF OK - lag, nothing found | 'lag'=0s;1;10;0");
	assert.match(lagOf([{name: 's1', lag: 0.2, traffic: 700}]), /'lag'=0\.2s;/);
	assert.match(lagOf([]), /'lag'=U;/);
	const ends = [
		{check: {...lag, when: () => []}, table},
		{check: lag, table},
	];
	const standby = {...looked([{name: 's1', lag: 44, traffic: 0}]), checks: ends, coverage: {evaluated: ['lag'], unseen: []}};
	assert.match(verdictOf(standby).line, /'lag'=44s;/, 'the check of the other end has nothing to say there');
});

test('the worst of several objects counts: the highest, or the lowest where less is worse', () => {
	const rows = [
		{name: 'a', blocked: 1, 'hit-ratio': 95, connections: 1, traffic: 9000},
		{name: 'b', blocked: 7, 'hit-ratio': 80, connections: 2, traffic: 9000},
	];
	const {exit, line} = verdictOf(looked(rows));
	assert.equal(exit, 1);
	assert.match(line, /'blocked'=7s;5;30;0 'hit-ratio'=80%;90:;70:;0 'connections'=2%/);
});

test('the words can neither begin the numbers nor a second line', () => {
	const {exit, line} = verdictOf(looked([{name: 'a', blocked: 31, traffic: 0}]));
	assert.equal(exit, 2);
	assert.match(line, /^PGPERF CRITICAL - waits \/ 31s long \| /);
	assert.equal(line.split('|').length, 2);
	assert.doesNotMatch(line, /\n/);
});

test('what is unknown is U, and not 0', () => {
	const {line} = verdictOf(looked([{name: 'a', 'hit-ratio': 50, traffic: 1}]));
	assert.match(line, /'blocked'=0s;5;30;0 'hit-ratio'=U;90:;70:;0 'connections'=U;80;90;0/);
});

test('a gap is UNKNOWN when it could be closed; what was found is worse than a gap', () => {
	const gap = {check: 'blocked', why: 'hidden: grant pg_read_all_stats', remedy: null, possible: true};
	const calm = [{name: 'a', 'hit-ratio': 99, connections: 1, traffic: 9000}];
	const blind = verdictOf(looked(calm, [gap]));
	assert.equal(blind.exit, 3);
	assert.match(blind.line, /^PGPERF UNKNOWN - 1 of 3 checks could not be made: blocked \(hidden: grant pg_read_all_stats\) \| /);
	assert.doesNotMatch(blind.line, /'blocked'=/);
	assert.equal(verdictOf(looked(calm, [{...gap, possible: false}])).exit, 0);
	assert.equal(verdictOf(looked([{name: 'a', 'hit-ratio': 60, traffic: 9000}], [gap])).exit, 2);
	assert.deepEqual(unknownOf('db1|x refuses'), {exit: 3, line: 'PGPERF UNKNOWN - db1/x refuses'});
});
