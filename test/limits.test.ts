import assert from 'node:assert/strict';
import {test} from 'node:test';
import {defaultLimits, levelOf, limitOf, limitsOfEnvironment, limitsWith, parseLimit} from '../source/limits.ts';
import {panes} from '../views/panes/index.ts';

function overridesOf(text: string): unknown {
	const parsed = parseLimit(text);
	return 'problem' in parsed ? parsed.problem : parsed.overrides;
}

test('a limit is read with or without units, one threshold or both', () => {
	const cases: [string, unknown][] = [
		['connections=85/95', {connections: {warning: 85, critical: 95}}],
		['connections = 85% / 95%', {connections: {warning: 85, critical: 95}}],
		['connections=85', {connections: {warning: 85}}],
		['connections=/95', {connections: {critical: 95}}],
		['lag=500ms/5s', {lag: {warning: 0.5, critical: 5}}],
		['idle-in-transaction=10m/2h', {'idle-in-transaction': {warning: 600, critical: 7200}}],
		['slot-retained=1GB/10GB', {'slot-retained': {warning: 2 ** 30, critical: 10 * 2 ** 30}}],
		['statement-mean=250', {'statement-mean': {notice: 250}}],
		['average-response=2s', {'average-response': {notice: 2000}}],
		['hit-ratio=95/80', {'hit-ratio': {warning: 95, critical: 80}}],
		['lag=off', {lag: {notice: undefined, warning: undefined, critical: undefined}}],
	];
	for (const [text, expected] of cases) assert.deepEqual(overridesOf(text), expected, text);
});

test('what can not be read is a sentence that names the way out', () => {
	const cases: [string, RegExp][] = [
		['conections=85', /There is no limit "conections"\. Known: .*connections/],
		['connections', /write it as ID=WARNING\/CRITICAL/],
		['=5', /write it as ID=/],
		['connections=', /percent/],
		['connections=a/b', /percent/],
		['connections=1/2/3', /percent/],
		['connections=-5', /percent/],
		['connections=85/120', /more than 100 %/],
		['connections=95/85', /warning \(95\) above its critical value \(85\)/],
		['connections=95', /warning \(95\) above its critical value \(90\)/],
		['hit-ratio=70/90', /warning \(70\) below its critical value \(90\)/],
		['lag=1GB', /seconds/],
		['lag=1constructor', /seconds/],
		['slot-retained=5m', /bytes/],
	];
	for (const [text, expected] of cases) assert.match(String(overridesOf(text)), expected, text);
});

test('names of objects are not limits', () => {
	for (const name of ['constructor', '__proto__', 'toString']) assert.match(String(overridesOf(`${name}=1`)), /There is no limit/, name);
});

test('the environment sets limits, and the slow query threshold is the mean of a statement', () => {
	const parsed = limitsOfEnvironment({PGPERF_LIMIT_LAG: '2/20', PGPERF_LIMIT_HIT_RATIO: '95', SLOW_QUERY_THRESHOLD: '250', PGPERF_OTHER: 'x'});
	assert.deepEqual(parsed, {overrides: {'statement-mean': {notice: 250}, 'hit-ratio': {warning: 95}, lag: {warning: 2, critical: 20}}});
	const wrong = limitsOfEnvironment({PGPERF_LIMIT_LAGG: '2'});
	assert.match('problem' in wrong ? wrong.problem : '', /^PGPERF_LIMIT_LAGG: There is no limit "lagg"/);
	const slow = limitsOfEnvironment({SLOW_QUERY_THRESHOLD: 'fast'});
	assert.match('problem' in slow ? slow.problem : '', /SLOW_QUERY_THRESHOLD="fast" can't be read: give milliseconds/);
});

test('a flag wins over the environment, the rest stays, and each limit knows where it came from', () => {
	const environment = limitsWith({lag: {warning: 2, critical: 20}}, 'environment');
	const limits = limitsWith({lag: {warning: 3}}, 'flag', environment);
	assert.deepEqual([limits.lag!.warning, limits.lag!.critical, limits.lag!.origin, limits.lag!.floor], [3, 20, 'flag', 65536]);
	assert.equal(limits.connections!.origin, 'default');
	assert.equal(defaultLimits.lag!.warning, 1);
});

test('a limit that is off never rises', () => {
	const parsed = limitOf('lag', 'off');
	assert.ok('overrides' in parsed);
	assert.equal(levelOf(1e9, limitsWith(parsed.overrides, 'flag').lag!), undefined);
});

test('a value at its threshold has reached it; below counts downwards; unknown is never bad', () => {
	const cases: [unknown, string, string | undefined][] = [
		[79.9, 'connections', undefined],
		[80, 'connections', 'warning'],
		[90, 'connections', 'critical'],
		[null, 'connections', undefined],
		[undefined, 'connections', undefined],
		[Number.NaN, 'connections', undefined],
		['95', 'connections', undefined],
		[90, 'hit-ratio', undefined],
		[89.9, 'hit-ratio', 'warning'],
		[0, 'hit-ratio', 'critical'],
		[100, 'average-response', 'notice'],
		[1e9, 'average-response', 'notice'],
	];
	for (const [value, id, expected] of cases) assert.equal(levelOf(value as number, defaultLimits[id]!), expected, `${id} ${value}`);
});

test('every limit has a title, a threshold, and its warning before its critical value', () => {
	for (const limit of Object.values(defaultLimits)) {
		assert.ok(limit.title.length > 5, limit.id);
		assert.ok(
			[limit.notice, limit.warning, limit.critical].some(value => value !== undefined),
			limit.id,
		);
		if (limit.warning === undefined || limit.critical === undefined) continue;
		assert.ok(limit.below ? limit.warning > limit.critical : limit.warning < limit.critical, limit.id);
	}
});

test('every check of every pane has its limit, and every table, series and tab its own name', () => {
	const tables = panes.flatMap(pane => pane.tables);
	const checks = tables.flatMap(table => table.checks ?? []);
	assert.deepEqual(
		checks.filter(check => !Object.hasOwn(defaultLimits, check.id)).map(check => check.id),
		[],
	);
	for (const names of [
		tables.map(table => table.id),
		panes.flatMap(pane => pane.series ?? []).map(series => series.id),
		panes.flatMap(pane => pane.key ?? []),
	]) {
		assert.deepEqual(
			names.filter((name, index) => names.indexOf(name) !== index),
			[],
		);
	}
	for (const table of tables) {
		for (const check of table.checks ?? []) assert.equal(table.checks!.filter(other => other.id === check.id).length, 1, `${table.id} ${check.id}`);
	}
});
