import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runOnce} from '../source/checks.ts';
import {defaultLimits, limitsOfEnvironment, limitsWith} from '../source/limits.ts';
import type {Input, Row} from '../source/pane.ts';
import {queries} from '../views/panes/queries.ts';
import {inInterval, sinceReset, unlistedShare} from '../views/panes/queries-counting.ts';
import {unpainted} from '../views/theme.ts';
import {changed, fixture, inputOf} from './support/fixture.ts';
import {facts} from './support/world.ts';

const [interval, totals] = queries.tables;
const input: Input = {rows: {}, facts: {here: facts}, watched: 'here', history: {}};

const zero = {
	...{kind: 'statement', entries: 1, userid: '10', dbid: '5', toplevel: true, usename: 'app', datname: 'shop', here: true},
	...{calls: 0, plans: 0, total_exec_time: 0, total_plan_time: 0, mean_exec_time: 0, stddev_exec_time: 0, max_exec_time: 0, rows: 0},
	...{shared_blks_hit: 0, shared_blks_read: 0, shared_blks_dirtied: 0, temp_blks_read: 0, temp_blks_written: 0, read_time: 0, write_time: 0, wal_bytes: 0},
	...{since: 1000, since_s: 90_000, stats_reset: null, dealloc: null, fresh_entries: null, max_entries: null, io_timed: null},
};
const statement = (queryid: string, change: Record<string, Row[string]> = {}): Row => ({...zero, queryid, ...change});
const nothing = Object.fromEntries(Object.entries(zero).map(([field, value]) => [field, typeof value === 'number' ? null : value]));
/** The sums, and what pg_stat_statements says of itself. */
const all = (change: Record<string, Row[string]> = {}): readonly Row[] => {
	const since = change.stats_reset ?? 1000;
	const about = {entries: 2, stats_reset: 1000, dealloc: 0, fresh_entries: 0, max_entries: 5000, ...change};
	return [
		{...zero, kind: 'all', queryid: null, entries: about.entries, ...change, since, dealloc: null} as Row,
		{...nothing, ...about, kind: 'about', queryid: null, calls: null, total_exec_time: null, total_plan_time: null, since} as Row,
	];
};

/** Both samples through the engine's counting and the pane's own derivation, 5 s apart. */
function derived(before: readonly Row[], now: readonly Row[]): readonly Row[] {
	return inInterval(changed(interval!, before, now, 5), input);
}
const of = (rows: readonly Row[], queryid: string): Row => rows.find(row => row.queryid === queryid)!;

test('shares are of top-level time: what ran inside a function is in the time of its caller', () => {
	const rows = derived(
		[statement('outer'), statement('inner', {toplevel: false}), ...all()],
		[
			statement('outer', {calls: 1, total_exec_time: 202}),
			statement('inner', {calls: 1, total_exec_time: 201, toplevel: false}),
			...all({calls: 1, total_exec_time: 202}),
		],
	);
	assert.equal(of(rows, 'outer').time_share, 1);
	assert.equal(of(rows, 'inner').time_share, null);
	assert.equal(unlistedShare(rows), 0);
});

test('planning counts: where it is tracked, it is part of the time', () => {
	const rows = derived(
		[statement('1'), ...all()],
		[statement('1', {calls: 2, total_exec_time: 10, total_plan_time: 30}), ...all({calls: 2, total_exec_time: 10, total_plan_time: 30})],
	);
	assert.equal(of(rows, '1').mean, 20);
});

test('a reset makes everything unknown, also where the counters have already grown past what they were', () => {
	const before = [statement('1', {calls: 10, total_exec_time: 100}), ...all({calls: 10, total_exec_time: 100})];
	const now = [statement('1', {calls: 50, total_exec_time: 900, since: 2000}), ...all({calls: 50, total_exec_time: 900, stats_reset: 2000})];
	const rows = derived(before, now);
	assert.equal(of(rows, '1').calls_d, null);
	assert.equal(of(rows, '1').time_share, null);
	assert.match(unpainted(interval!.summary!(rows, input)[0]!), /second sample/);
});

test('without traffic there is no mean and no hit ratio, neither 0 nor NaN', () => {
	const rows = derived([statement('1', {calls: 5}), ...all({calls: 5})], [statement('1', {calls: 5}), ...all({calls: 5})]);
	assert.deepEqual([of(rows, '1').calls_d, of(rows, '1').mean, of(rows, '1').hit, of(rows, '1').rows_per_call], [0, null, null, null]);
	assert.ok(interval!.hidden!(of(rows, '1')), 'a statement that did not run is hidden until asked for');
});

test('a statement whose first call has just ended ran in this interval, however long ago it began', () => {
	const seen = statement('1', {calls: 1, total_exec_time: 5});
	const slow = statement('slow', {calls: 1, total_exec_time: 8000, since_s: 9});
	const rows = derived(
		[seen, ...all({entries: 1, calls: 1, total_exec_time: 5})],
		[{...seen, calls: 2, total_exec_time: 10}, slow, ...all({calls: 3, total_exec_time: 8010})],
	);
	assert.equal(of(rows, 'slow').calls_d, 1);
	assert.equal(of(rows, 'slow').mean, 8000);
	assert.ok(Math.abs((of(rows, 'slow').time_share as number) - 8000 / 8005) < 1e-9);
});

test('where only the first of many entries come back, one that has come in is unknown, and the summary tells how much of the time that is', () => {
	const rows = derived(
		[statement('1', {calls: 1}), ...all({entries: 9000, calls: 1, fresh_entries: 400})],
		[
			statement('1', {calls: 2, total_exec_time: 10}),
			statement('risen', {calls: 900, total_exec_time: 90_000}),
			...all({entries: 9000, calls: 20, total_exec_time: 100, fresh_entries: 400}),
		],
	);
	assert.equal(of(rows, 'risen').calls_d, null);
	assert.ok(Math.abs(unlistedShare(rows)! - 0.9) < 1e-9);
	assert.match(unpainted(interval!.summary!(rows, input)[0]!), /90\.0% of the time is of statements that are new or not listed/);
});

test('of many entries, the young ones are all listed: one that was not there before is new', () => {
	const rows = derived(
		[statement('1', {calls: 1}), ...all({entries: 9000, calls: 1, fresh_entries: 20})],
		[
			statement('1', {calls: 2}),
			statement('new', {calls: 3, total_exec_time: 60, since_s: 40}),
			statement('old', {calls: 7, since_s: 90_000}),
			...all({entries: 9000, calls: 5, fresh_entries: 21}),
		],
	);
	assert.equal(of(rows, 'new').calls_d, 3);
	assert.equal(of(rows, 'old').calls_d, null);
});

test('before 1.9 only sums that fell tell of a reset: then nothing is known, whatever single statements show', () => {
	const old = {stats_reset: null, dealloc: null, since: null, fresh_entries: null};
	const before = [statement('1', {calls: 10, since: null}), statement('2', {calls: 90, since: null}), ...all({...old, calls: 100})];
	const now = [statement('1', {calls: 60, since: null}), ...all({...old, entries: 1, calls: 60})];
	const rows = derived(before, now);
	assert.deepEqual([of(rows, '1').calls_d, of(rows, '1').calls_per_s, of(rows, '1').mean], [null, null, null]);
});

test('sums that fell because entries were thrown away are at least what is listed', () => {
	const before = [statement('1', {calls: 10}), ...all({entries: 99, calls: 500, max_entries: 100})];
	const now = [statement('1', {calls: 30, total_exec_time: 40}), ...all({entries: 96, calls: 300, total_exec_time: 40, dealloc: 1, max_entries: 100})];
	const rows = derived(before, now);
	assert.deepEqual([of(rows, '1').calls_d, of(rows, '1').time_share], [20, 1]);
	assert.match(unpainted(interval!.summary!(rows, input)[0]!), /≥4\/s of mean/);
});

test('evictions are told, and what comes back after one is not called new', () => {
	const before = [statement('1', {calls: 1}), ...all({entries: 99, calls: 1, max_entries: 100})];
	const now = [statement('1', {calls: 2}), statement('back', {calls: 4}), ...all({entries: 96, calls: 6, dealloc: 2, max_entries: 100})];
	const rows = derived(before, now);
	assert.equal(of(rows, 'back').calls_d, null);
	assert.match(unpainted(interval!.summary!(rows, input)[0]!), /2 evictions: the ranking is not reliable, raise pg_stat_statements\.max \(100\)/);
	const {findings} = runOnce([interval!], {...input, rows: {queries: rows}}, defaultLimits, 'here');
	assert.deepEqual(
		findings.map(finding => finding.id),
		['statement-evictions'],
	);
});

test("other users' statements are one row that says what it would take to see them", () => {
	const hidden = {...zero, kind: 'hidden', queryid: null, entries: 12, calls: 3, total_exec_time: 30} as Row;
	const rows = derived([{...hidden, calls: 0, total_exec_time: 0}, ...all()], [hidden, ...all({calls: 3, total_exec_time: 30})]);
	const query = interval!.columns.find(column => column.field === 'query')!;
	assert.equal(query.show!(null, rows.find(row => row.kind === 'hidden')!), '12 statements of app: their texts need pg_read_all_stats');
	assert.equal(rows.find(row => row.kind === 'hidden')!.time_share, 1);
	const {coverage} = runOnce([interval!], {...input, rows: {queries: rows}}, defaultLimits, 'here');
	assert.deepEqual(
		coverage.unseen.map(one => one.id),
		['statement-mean', 'slow-share'],
	);
});

test('a slow statement is a finding from its floor of calls on', () => {
	const judged = (calls: number) => {
		const rows = derived([statement('1'), ...all()], [statement('1', {calls, total_exec_time: 1500 * calls}), ...all({calls, total_exec_time: 1500 * calls})]);
		return runOnce([interval!], {...input, rows: {queries: rows}}, defaultLimits, 'here').findings.map(finding => finding.id);
	};
	assert.ok(!judged(2).includes('statement-mean'));
	assert.ok(judged(3).includes('statement-mean'));
	assert.deepEqual(judged(60).sort(), ['average-response', 'slow-share', 'statement-mean']);
});

test('what is slow is what the threshold says, for the share of slow statements too', () => {
	const rows = derived([statement('1'), ...all()], [statement('1', {calls: 60, total_exec_time: 3000}), ...all({calls: 60, total_exec_time: 3000})]);
	const judged = (limits: typeof defaultLimits) =>
		runOnce([interval!], {...input, rows: {queries: rows}}, limits, 'here')
			.findings.map(finding => finding.id)
			.sort();
	assert.deepEqual(judged(defaultLimits), []);
	const {overrides} = limitsOfEnvironment({SLOW_QUERY_THRESHOLD: '40'}) as {overrides: Parameters<typeof limitsWith>[0]};
	assert.deepEqual(judged(limitsWith(overrides, 'environment')), ['slow-share', 'statement-mean']);
});

test("pgperf's own statements are labelled and dim, told in the summary, and in no finding", () => {
	const own = {query: 'with /* pgperf:statements */ entry as (select 1) select 2'};
	const slow = {calls: 60, total_exec_time: 90_000};
	const rows = derived(
		[statement('own', own), statement('theirs', {query: 'select /* pgperf-like */ 1'}), ...all()],
		[
			statement('own', {...own, ...slow}),
			statement('theirs', {query: 'select /* pgperf-like */ 1', calls: 60, total_exec_time: 10_000}),
			...all({calls: 120, total_exec_time: 100_000}),
		],
	);
	const query = interval!.columns.find(column => column.field === 'query')!;
	assert.equal(query.show!(own.query, of(rows, 'own')), '(pgperf: statements) with entry as (select 1) select 2');
	assert.equal(query.show!(String(of(rows, 'theirs').query), of(rows, 'theirs')), 'select /* pgperf-like */ 1');
	assert.ok(interval!.columns.every(column => column.tone?.(of(rows, 'own')) === 'dim'));
	assert.notEqual(interval!.columns[0]!.tone?.(of(rows, 'theirs')), 'dim');
	assert.match(unpainted(interval!.summary!(rows, input)[0]!), /pgperf itself 90\.0%/);
	const judged = runOnce([interval!], {...input, rows: {queries: rows}}, defaultLimits, 'here').findings.map(finding => finding.id);
	assert.ok(!judged.includes('statement-mean') && !judged.includes('slow-share'), judged.join());
	const some = rows.map(row => (row.queryid === 'theirs' ? {...row, query: null} : row));
	assert.match(unpainted(interval!.summary!(some, input)[0]!), /pgperf itself ≥90\.0%/);
});

test('since the reset: means of all calls, shares without nested time', () => {
	const rows = sinceReset(
		[
			statement('1', {calls: 4, total_exec_time: 40}),
			statement('2', {calls: 1, total_exec_time: 40, toplevel: false}),
			...all({calls: 5, total_exec_time: 40}),
		],
		input,
	);
	assert.deepEqual([of(rows, '1').mean, of(rows, '1').time_share, of(rows, '2').time_share], [10, 1, null]);
	assert.deepEqual(runOnce([totals!], {...input, rows: {'statements-total': rows}}, defaultLimits, 'here').findings, []);
});

test('of a real server: the statement that takes the time comes first, and the listed ones explain all of it', () => {
	const recorded = inputOf(fixture('queries'), queries);
	const rows = [...recorded.rows.queries!].filter(row => !interval!.hidden!(row)).sort(interval!.order!);
	assert.match(String(rows[0]!.query), /from orders a join orders b/);
	assert.ok((rows[0]!.time_share as number) > 0.5);
	assert.ok(unlistedShare(recorded.rows.queries!)! < 0.01);
	for (const row of recorded.rows.queries!) for (const value of Object.values(row)) assert.ok(typeof value !== 'number' || Number.isFinite(value));
	const tile = queries.tile!(recorded);
	assert.match(unpainted(tile.lines[1]!), /from orders a join orders b/);
});
