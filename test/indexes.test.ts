import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runOnce} from '../source/checks.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Input, Row} from '../source/pane.ts';
import {indexes} from '../views/panes/indexes.ts';
import {causeOf, isBroken} from '../views/panes/indexes-invalid.ts';
import {withSequentialScans} from '../views/panes/indexes-missing.ts';
import {notAsked, verdicts} from '../views/panes/indexes-unused.ts';
import {withScans} from '../views/panes/indexes-usage.ts';
import {unpainted} from '../views/theme.ts';
import {changed, fixture, inputOf} from './support/fixture.ts';
import {facts} from './support/world.ts';

const [usage, unused, duplicates, invalid, , scans] = indexes.tables;
const input: Input = {rows: {}, facts: {primary: facts}, watched: 'primary', history: {}};
const day = 86_400;
const MiB = 1024 * 1024;

const server = (name: string, change: Record<string, Row[string]> = {}): Row => ({
	...{kind: 'server', server: name, indexrelid: null, nspname: null, tablename: null, relname: null, keep: null},
	...{recovery: name !== 'primary', standbys: 0, stats_since: 1_790_000_000, stats_s: 60 * day, size_bytes: null},
	...change,
});
const index = (name: string, on: string, change: Record<string, Row[string]> = {}): Row => ({
	...{kind: 'index', server: on, indexrelid: name, nspname: 'public', tablename: 'orders', relname: name, partitioned: false, parts: 1},
	...{
		size_bytes: 20 * MiB,
		size_exact: true,
		table_rows: 1000,
		table_writes: 5000,
		keep: null,
		mend: `drop index concurrently public.${name}`,
		undo: 'CREATE INDEX',
	},
	...{recovery: null, standbys: null, stats_since: 1_790_000_000, stats_s: 60 * day},
	...change,
});
const findings = (rows: readonly Row[]) => runOnce([unused!], {...input, rows: {'unused-indexes': rows}}, defaultLimits, 'primary');

test('an index that a standby scans is not unused, and is hidden until asked for', () => {
	const rows = verdicts([server('primary', {standbys: 1}), server('standby'), index('a', 'primary'), index('b', 'primary'), index('a', 'standby')], input);
	assert.deepEqual(
		rows.map(row => [row.relname, row.unused, row.verdict]),
		[
			['a', true, 'unused for 60d00h on 2 servers'],
			['b', false, 'used on standby'],
		],
	);
	assert.ok(unused!.hidden!(rows[1]!));
	assert.deepEqual(
		findings(rows).findings.map(finding => finding.subject),
		['orders'],
	);
});

test('a standby that nobody asked may use it: no verdict, no finding, and the reason', () => {
	const rows = verdicts([server('primary', {standbys: 2}), index('a', 'primary')], input);
	assert.equal(rows[0]!.verdict, 'unused here, 2 servers not asked');
	const {findings: found, coverage} = findings(rows);
	assert.deepEqual(found, []);
	assert.match(coverage.unseen[0]!.why, /2 servers of the cluster were not asked/);
});

test('on a standby alone the primary is among those not asked', () => {
	assert.equal(notAsked([server('standby')]), 1);
	assert.equal(notAsked([server('primary', {standbys: 1}), server('standby')]), 0);
	assert.equal(notAsked([server('primary', {standbys: 1}), server('standby', {standbys: 2})]), 2);
});

test('the youngest statistics of the cluster decide, and days of them prove nothing', () => {
	const rows = verdicts([server('primary', {standbys: 1}), server('standby', {stats_s: 2 * day}), index('a', 'primary'), index('a', 'standby')], input);
	assert.equal(rows[0]!.verdict, 'unused for 2d00h only');
	assert.deepEqual(findings(rows).findings, []);
});

test('a server that returned as many as it may says nothing about the rest', () => {
	const many = Array.from({length: 300}, (_, i) => index(`other${i}`, 'standby'));
	const rows = verdicts([server('primary', {standbys: 1}), server('standby'), index('a', 'primary'), ...many], input);
	assert.equal(rows[0]!.verdict, 'unused here, 1 server not asked');
});

test('what an index is kept for is said instead', () => {
	const rows = verdicts([server('primary'), index('a', 'primary', {keep: 'the only index of a foreign key'})], input);
	assert.deepEqual([rows[0]!.unused, rows[0]!.verdict], [false, 'the only index of a foreign key']);
	assert.ok(unused!.hidden!(rows[0]!));
});

test('without an answer of the watched server there are no rows', () => {
	assert.deepEqual(verdicts([server('standby'), index('a', 'standby')], input), []);
});

test('an index that is being built is no finding; one that perhaps is neither', () => {
	const broken = {
		...{indexrelid: '1', nspname: 'public', tablename: 't', relname: 'i', cause: 'failed build', ready: true, maybe_building: false, mend: 'reindex'},
	} as Row;
	const building = {...broken, indexrelid: '2', relname: 'j', cause: 'building', builder: 4711, phase: 'building index: scanning table'} as Row;
	const perhaps = {...broken, indexrelid: '3', relname: 'k', maybe_building: true} as Row;
	assert.deepEqual([broken, building, perhaps].map(isBroken), [true, false, false]);
	assert.equal(causeOf(building), 'being built by 4711: building index: scanning table');
	const found = runOnce([invalid!], {...input, rows: {'invalid-indexes': [broken, building, perhaps]}}, defaultLimits, 'primary').findings;
	assert.deepEqual(
		found.map(finding => finding.subject),
		['i'],
	);
});

test('what a failed build costs depends on whether writes keep it up to date', () => {
	const row = {cause: 'failed build', maybe_building: false} as Row;
	assert.match(causeOf({...row, ready: true}), /every write pays for it/);
	assert.match(causeOf({...row, ready: false}), /not kept up to date/);
	assert.match(causeOf({cause: 'partitions', parts_missing: 3}), /3 partitions have no valid index attached/);
});

const heap = (change: Record<string, Row[string]>): Row => ({
	...{relid: '1', nspname: 'public', relname: 't', table_rows: 100_000, live: 100_000, size_bytes: 50 * MiB, size_exact: true},
	...{seq_scan: 0, seq_tup_read: 0, idx_scan: 0},
	...change,
});
const scanned = (before: Row, now: Row) => withSequentialScans(changed(scans!, [before], [now], 60));

test('a table without any index has no share of scans by index, and is not told to use one', () => {
	const [row] = scanned(heap({idx_scan: null}), heap({idx_scan: null, seq_scan: 2000, seq_tup_read: 2000}));
	assert.equal(row!.index_share, null);
	const found = runOnce([scans!], {...input, rows: {'sequential-scans': [row!]}}, defaultLimits, 'primary').findings;
	assert.deepEqual(found, []);
});

test('a small table is best read whole, however often', () => {
	assert.deepEqual(scanned(heap({table_rows: 500, live: 500}), heap({table_rows: 500, live: 500, seq_scan: 1e6, seq_tup_read: 5e8})), []);
});

test('a large table that is read whole is a finding of this interval, not of last year', () => {
	const old = scanned(heap({seq_scan: 900, seq_tup_read: 9e7, idx_scan: 1e6}), heap({seq_scan: 900, seq_tup_read: 9e7, idx_scan: 1e6}));
	assert.equal(old[0]!.rows_per_scan, null);
	const now = scanned(heap({idx_scan: 1e6}), heap({seq_scan: 60, seq_tup_read: 6e6, idx_scan: 1e6}));
	assert.equal(now[0]!.rows_per_scan, 100_000);
	const judge = (rows: readonly Row[]) =>
		runOnce([scans!], {...input, rows: {'sequential-scans': rows}}, defaultLimits, 'primary').findings.map(finding => finding.id);
	assert.deepEqual(judge(old), []);
	assert.deepEqual(judge(now), ['sequential-scans']);
});

test('an index that was never scanned has no rows per scan', () => {
	const row = {...{indexrelid: '1', idx_scan: 0, idx_tup_read: 0, idx_tup_fetch: 0, is_primary: false, is_unique: false, amname: 'btree'}} as Row;
	assert.equal(withScans(changed(usage!, [row], [row], 60))[0]!.rows_per_scan, null);
});

test('an index that was never scanned has no last scan, on any version', () => {
	const told = (idx_scan: number, last_scan_s: number | null) =>
		usage!
			.detail!.sections({indexrelid: '1', idx_scan, last_scan_s, idx_tup_read: 0, idx_tup_fetch: 0} as Row, {}, input)
			.flatMap(section => section.lines.map(unpainted))
			.find(line => line.startsWith('scans'))!
			.replace(/ +/g, ' ');
	assert.equal(told(0, null), 'scans none since the statistics began');
	assert.equal(told(3, 60), 'scans 3, the last 1m ago');
	assert.equal(told(3, null), 'scans 3, the last unknown (told since PostgreSQL 16)');
});

test('of a real primary and its standby: nothing is proved by an hour of statistics, and each finding carries its statement', () => {
	const recorded = inputOf(fixture('indexes'), indexes);
	const rows = recorded.rows['unused-indexes']!;
	assert.ok(rows.length > 0 && rows.every(row => row.servers_asked === 2 && row.servers_missing === 0));
	assert.ok(rows.filter(row => row.keep === null).every(row => /^unused for .* only$|^used on/.test(String(row.verdict))));
	assert.ok(recorded.rows['duplicate-indexes']!.every(row => /^drop index/.test(String(row.mend)) && /^CREATE/.test(String(row.undo))));
	const found = runOnce(indexes.tables, recorded, defaultLimits, 'primary').findings;
	assert.deepEqual([...new Set(found.map(finding => finding.id))].sort(), ['duplicate-index', 'invalid-index', 'missing-fk-index', 'sequential-scans']);
	assert.ok(found.every(finding => finding.remedy.length > 10));
	assert.ok(duplicates!.summary!(recorded.rows['duplicate-indexes']!, recorded).length === 1);
	assert.deepEqual(
		indexes.tile!(recorded)
			.lines.map(unpainted)
			.map(line => line.replace(/, .*/, '')),
		['1 invalid', '5 unused', '2 duplicate', '2 foreign keys without one', '1 large tables read whole'],
	);
});

test('where nothing is known yet, the tile says so instead of 0', () => {
	assert.ok(
		indexes.tile!(input)
			.lines.map(unpainted)
			.every(line => line.startsWith('–')),
	);
});
