import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runOnce} from '../source/checks.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Facts, Input, Row} from '../source/pane.ts';
import {jobs} from '../views/panes/jobs.ts';
import {partitions} from '../views/panes/partitions.ts';
import {refreshes, views} from '../views/panes/views.ts';

const [matviews] = views.tables;
const [jobTable] = jobs.tables;
const [partitioned] = partitions.tables;
const day = 86_400;
const now = Date.UTC(2026, 10, 20, 12) / 1000;

function input(rows: Readonly<Record<string, readonly Row[]>>): Input {
	return {rows, facts: {db: {database: 'shop', timezone: 'America/New_York'} as Facts}, watched: 'db', history: {}};
}

const view: Row = {
	...{server_time: now, oid: '1', schema: 'shop', name: 'daily', relation: 'shop.daily', owner: 'app', may_refresh: true, populated: true, bytes: 8192},
	...{bytes_at_least: 8192, rows: 10, unique_index: 'shop.daily_day', partial_index: null, expression_index: null, invalid_index: null, indexes: 1},
	...{row_version: '700', committed_at: null, commits_tracked: false, refreshing_pid: null, refreshing_s: null, refreshing_by: null},
};
const job: Row = {
	...{server_time: now, jobid: '1', jobname: 'nightly', schedule: '0 3 * * *', command: 'refresh materialized view concurrently shop.daily', database: 'shop'},
	...{username: 'app', active: true, status: 'succeeded', message: null, pid: null, started_at: now - 100, ended_at: now - 90, took_s: 10},
	...{succeeded_at: now - 90, failures: 0},
};

function seen(row: Row, before: readonly Row[] = [], jobRows: readonly Row[] = []): Row {
	return matviews!.derive!([row], input({views: before, jobs: jobRows}))[0]!;
}

test('why a view can not be refreshed concurrently', () => {
	const cases: [Row, string | null][] = [
		[{}, null],
		[{populated: false}, 'it was never filled'],
		[{unique_index: null}, 'it has no unique index'],
		[{unique_index: null, partial_index: 'p'}, 'unique index p has a condition'],
		[{unique_index: null, expression_index: 'e'}, 'unique index e is over an expression'],
		[{unique_index: null, invalid_index: 'i', partial_index: 'p'}, 'unique index i is invalid'],
	];
	for (const [change, obstacle] of cases) assert.equal(seen({...view, ...change}).obstacle, obstacle);
});

test('the last refresh: by its commit, by watching its row, by its job, or unknown', () => {
	const first = seen(view);
	assert.deepEqual([first.refreshed_at, first.known_by], [null, null]);
	const same = seen({...view, server_time: now + 600}, [first]);
	assert.deepEqual([same.refreshed_at, same.watched_since], [null, now]);
	const changed = seen({...view, server_time: now + 700, row_version: '701'}, [same]);
	assert.deepEqual([changed.refreshed_at, changed.known_by], [now + 700, 'watch']);
	const still = seen({...view, server_time: now + 800, row_version: '701'}, [changed]);
	assert.deepEqual([still.refreshed_at, still.known_by, still.refreshed_s], [now + 700, 'watch', 100]);
	const committed = seen({...view, committed_at: now - 5}, [changed], [job]);
	assert.deepEqual([committed.refreshed_at, committed.known_by], [now - 5, 'commit']);
	const byJob = seen(view, [], [job]);
	assert.deepEqual([byJob.refreshed_at, byJob.known_by, byJob.job], [now - 90, 'pg_cron', 'nightly']);
	const elsewhere = seen(view, [], [{...job, database: 'other'}]);
	assert.deepEqual([elsewhere.refreshed_at, elsewhere.job], [null, null]);
	const empty = seen({...view, populated: false, committed_at: now - 5});
	assert.equal(empty.refreshed_at, null, 'without data its row tells when it was made');
});

test('a job’s command names a view or does not', () => {
	const cases: [string, string, string, boolean][] = [
		['refresh materialized view shop.daily', 'shop', 'daily', true],
		['REFRESH MATERIALIZED VIEW CONCURRENTLY daily;', 'shop', 'daily', true],
		['select 1; refresh materialized view "shop"."daily" with data', 'shop', 'daily', true],
		['refresh materialized view shop.daily_sums', 'shop', 'daily', false],
		['refresh materialized view other.daily', 'shop', 'daily', false],
		['refresh materialized view shop."Odd ""x"', 'shop', 'Odd "x', true],
		['refresh materialized view shop.odd', 'shop', 'Odd', false],
		['vacuum shop.daily', 'shop', 'daily', false],
	];
	for (const [command, schema, name, expected] of cases) assert.equal(refreshes(command, {schema, name}), expected, command);
});

function findingsOf(pane: typeof views, rows: Readonly<Record<string, readonly Row[]>>): readonly (readonly [string, string])[] {
	return runOnce(pane.tables, input(rows), defaultLimits, 'db').findings.map(finding => [finding.id, finding.level]);
}

test('an old view, an empty one, and one of which nothing is known', () => {
	const rows = (change: Row) => ({views: [seen({...view, ...change})]});
	assert.deepEqual(findingsOf(views, rows({committed_at: now - 3600})), []);
	assert.deepEqual(findingsOf(views, rows({committed_at: now - 2 * day})), [['matview-stale', 'warning']]);
	assert.deepEqual(findingsOf(views, rows({committed_at: now - 9 * day})), [['matview-stale', 'critical']]);
	assert.deepEqual(findingsOf(views, rows({populated: false})), [['matview-unpopulated', 'warning']]);
	const blind = runOnce(views.tables, input(rows({})), defaultLimits, 'db').coverage;
	assert.match(blind.unseen[0]!.why, /track_commit_timestamp/);
});

test('jobs that fail, and those that are switched off', () => {
	const rows = (change: Row) => ({jobs: jobTable!.derive!([{...job, ...change}], input({}))});
	assert.deepEqual(findingsOf(jobs, rows({})), []);
	assert.deepEqual(findingsOf(jobs, rows({status: 'failed', failures: 1})), [['cron-failed', 'warning']]);
	assert.deepEqual(findingsOf(jobs, rows({status: 'failed', failures: 3})), [['cron-failed', 'critical']]);
	assert.deepEqual(findingsOf(jobs, rows({active: false, failures: 3})), []);
});

const parent: Row = {
	...{server_time: now, oid: '1', schema: 'shop', name: 'events', relation: 'shop.events', parent: null, strategy: 'r', key: 'RANGE (d)', key_types: 'date'},
	...{
		own_bound: null,
		partitions: 2,
		detaching: 0,
		locked: false,
		rows: 0,
		bytes: 0,
		default_name: null,
		default_rows: null,
		key_last: null,
		owner: 'app',
		owned: true,
	},
	bounds_zone: 'UTC',
};
function ranges(...pairs: readonly (readonly [string, string])[]): string {
	return JSON.stringify(pairs.map(([from, to]) => [`events_${from.replaceAll('-', '_')}`, `FOR VALUES FROM ('${from}') TO ('${to}')`, false]));
}
function covered(change: Row): Row {
	return partitioned!.derive!([{...parent, ...change}], input({}))[0]!;
}

test('how long partitions last, and how bad that is at their pace', () => {
	const monthly = (last: string): readonly (readonly [string, string])[] => [
		['2026-10-01', '2026-11-01'],
		['2026-11-01', last],
	];
	const days = (to: string): readonly (readonly [string, string])[] => [
		['2026-11-19', '2026-11-20'],
		['2026-11-20', '2026-11-21'],
		...(to > '2026-11-21' ? ([['2026-11-21', '2026-11-22']] as const) : []),
	];
	const cases: [string, Row, string | undefined][] = [
		['ten days of months left', {bounds: ranges(...monthly('2026-12-01'))}, undefined],
		['five days left', {server_time: now + 6 * day, bounds: ranges(...monthly('2026-12-01'))}, 'warning'],
		['half a day left', {server_time: now + 10 * day, bounds: ranges(...monthly('2026-12-01'))}, 'critical'],
		['none for now', {server_time: now + 20 * day, bounds: ranges(...monthly('2026-12-01'))}, 'critical'],
		['none for now, but a default', {server_time: now + 20 * day, default_name: 'd', bounds: ranges(...monthly('2026-12-01'))}, 'warning'],
		['ended a year ago: nobody uses it', {server_time: now + 400 * day, bounds: ranges(...monthly('2026-12-01'))}, 'notice'],
		['days, tomorrow is there', {bounds: ranges(...days('2026-11-22'))}, undefined],
		['days, tomorrow is not', {bounds: ranges(...days('2026-11-21'))}, 'warning'],
		['up to MAXVALUE', {bounds: JSON.stringify([['a', "FOR VALUES FROM ('2026-01-01') TO (MAXVALUE)", false]])}, undefined],
		['nothing at all yet', {bounds: '[]'}, undefined],
		['locked', {bounds: JSON.stringify([['a', null, false]]), locked: true}, undefined],
	];
	for (const [name, change, level] of cases) {
		const found = findingsOf(partitions, {partitions: [covered(change)]}).find(([id]) => id === 'partition-missing');
		assert.equal(found?.[1], level, name);
	}
});

test('now is the server’s day for keys without a zone', () => {
	// 2026-11-21 03:00 in UTC is still the 20th in New York.
	const late = {server_time: Date.UTC(2026, 10, 21, 3) / 1000, bounds: ranges(['2026-11-20', '2026-11-21'])};
	assert.equal(covered(late).covered_s, 2 * 3600);
	const zoned = {
		...late,
		key_types: 'timestamp with time zone',
		bounds: JSON.stringify([['e', "FOR VALUES FROM ('2026-11-20 05:00:00+00') TO ('2026-11-21 05:00:00+00')", false]]),
	};
	assert.deepEqual([covered(zoned).covered_s, covered(zoned).until, covered(zoned).step], [2 * 3600, '2026-11-21', 'daily']);
});

test('the last date of all is no end, and a year of five digits is one', () => {
	const until = (to: string, key_types = 'date') => {
		const bound = `FOR VALUES FROM ('2026-11-01') TO ('${to}')`;
		const row = covered({key_types, bounds: JSON.stringify([['p', bound, false]])});
		return [row.until, row.covered_s === null, row.note];
	};
	assert.deepEqual(until('5874897-12-31'), ['MAXVALUE', true, '']);
	assert.deepEqual(until('294276-12-31 23:59:59', 'timestamp without time zone'), ['MAXVALUE', true, '']);
	assert.deepEqual(until('294276-12-31 23:59:59+00', 'timestamp with time zone'), ['MAXVALUE', true, '']);
	assert.deepEqual(until('10000-01-01'), ['10000-01-01', false, '']);
});

test('gaps, remainders, rows in the default and interrupted detaches are told', () => {
	const gap = covered({bounds: ranges(['2026-11-01', '2026-12-01'], ['2027-01-01', '2027-02-01'])});
	assert.deepEqual([gap.gaps, gap.note], [1, 'gap 2026-12-01 to 2027-01-01']);
	assert.deepEqual(findingsOf(partitions, {partitions: [gap]}), [['partition-gap', 'warning']]);
	const hash = covered({strategy: 'h', key_types: 'uuid', bounds: JSON.stringify([['h', 'FOR VALUES WITH (modulus 3, remainder 1)', false]])});
	assert.match(String(hash.note), /remainder 0, 2 of 3/);
	const far = {bounds: ranges(['2026-11-01', '2027-12-01'])};
	assert.deepEqual(findingsOf(partitions, {partitions: [covered({...far, default_name: 'd', default_rows: 12})]}), [['partition-default', 'warning']]);
	assert.deepEqual(findingsOf(partitions, {partitions: [covered({...far, detaching: 1})]}), [['partition-detach', 'warning']]);
	const list = covered({
		strategy: 'l',
		key_types: 'text',
		default_name: 'd',
		default_rows: 12,
		bounds: JSON.stringify([['l', "FOR VALUES IN ('a', 'b')", false]]),
	});
	assert.deepEqual(findingsOf(partitions, {partitions: [list]}), []);
});
