import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runOnce} from '../source/checks.ts';
import {inputOf} from '../source/input.ts';
import {defaultLimits, type Limits, limitsWith} from '../source/limits.ts';
import type {Input, Row, TableId} from '../source/pane.ts';
import {panes} from '../views/panes/index.ts';
import {withSequentialScans} from '../views/panes/indexes-missing.ts';
import {recorded} from './support/recorded.ts';
import {facts} from './support/world.ts';

const tables = panes.flatMap(pane => pane.tables);

/** What is found in rows of one table, as `id level subject`. */
function found(id: TableId, rows: readonly Row[], limits: Limits = defaultLimits): string[] {
	const input: Input = {rows: {[id]: rows}, facts: {here: facts}, watched: 'here', history: {}};
	const own = tables.filter(table => table.id === id);
	return runOnce(own, input, limits, 'here').findings.map(finding => `${finding.id} ${finding.level} ${finding.subject}`);
}

test('of a real server: every finding has its evidence and its remedy, in words', () => {
	const input = inputOf(recorded('overview', {columns: 120, rows: 32}));
	const {findings} = runOnce(tables, input, defaultLimits, input.watched);
	assert.ok(new Set(findings.map(finding => finding.id)).size >= 8, findings.map(finding => finding.id).join());
	for (const {id, title, detail, remedy, value, limit} of findings) {
		assert.ok(title.length > 10 && detail.length > 3 && remedy.length > 10, `${id}: ${title} | ${detail} | ${remedy}`);
		assert.doesNotMatch(`${title} ${detail} ${remedy}`, /undefined|NaN|null|\[object/, id);
		assert.ok(Number.isFinite(value), id);
		assert.notEqual(limit, undefined, id);
	}
});

test('a limit that is off finds nothing, in any pane', () => {
	const input = inputOf(recorded('overview', {columns: 120, rows: 32}));
	const off = {notice: undefined, warning: undefined, critical: undefined};
	const limits = limitsWith(Object.fromEntries(Object.keys(defaultLimits).map(id => [id, off])), 'flag');
	assert.deepEqual(runOnce(tables, input, limits, input.watched).findings, []);
	const failing = {server: 'here', failing: true, archiver: 'fails', ready: 900, last_archived_s: null, failed: 3};
	assert.deepEqual(found('wal-rate', [failing]), ['archiver critical here']);
	assert.deepEqual(found('wal-rate', [failing], limits), []);
});

test('ten slow statements are a habit of every server, eleven are a finding; rare ones and nested ones do not count', () => {
	const slow = (n: number, change: Row = {}) =>
		Array.from({length: n}, (_, i): Row => ({kind: 'statement', toplevel: true, queryid: `${i}`, calls: 100, mean: 2000, query: 'select 1', ...change}));
	assert.deepEqual(found('statements-total', slow(10)), []);
	assert.deepEqual(found('statements-total', slow(11)), ['statement-calls warning statements']);
	assert.deepEqual(found('statements-total', slow(11, {calls: 99})), []);
	assert.deepEqual(found('statements-total', slow(11, {mean: 1999})), []);
	assert.deepEqual(found('statements-total', slow(11, {toplevel: false})), []);
});

test('indexes that scans pass by: of large tables, and of some scans', () => {
	const table = (change: Row) =>
		withSequentialScans([{relid: '1', nspname: 'public', relname: 'orders', live: 50_000, seq_scan: 300, idx_scan: 900, seq_tup_read: 1, ...change}]);
	assert.deepEqual(found('sequential-scans', table({})), ['index-effectiveness warning orders']);
	assert.deepEqual(found('sequential-scans', table({idx_scan: 9000})), []);
	assert.deepEqual(found('sequential-scans', table({seq_scan: 30, idx_scan: 90})), [], 'below the floor of scans');
	assert.deepEqual(found('sequential-scans', table({live: 500})), [], 'a small table is best read whole');
	assert.deepEqual(found('sequential-scans', table({idx_scan: null})), [], 'no index, no share');
});

test('settings: what waits for a restart, and what may lose data', () => {
	const setting = (name: string, value: string, change: Row = {}): Row => ({
		...{name, value, unit: null, boot_val: 'on', source: 'configuration file', sourcefile: null, sourceline: null, context: 'sighup', pending_restart: false},
		...change,
	});
	assert.deepEqual(found('settings', [setting('work_mem', '65536')]), []);
	assert.deepEqual(found('settings', [setting('fsync', 'off'), setting('autovacuum', 'off')]).sort(), [
		'dangerous-setting warning autovacuum',
		'dangerous-setting warning fsync',
	]);
	assert.deepEqual(found('settings', [setting('shared_buffers', '1', {pending_restart: true})]), ['pending-restart notice settings']);
});

test('limits of a role or a database rise at four fifths of them', () => {
	const limit = (used: number): Row => ({kind: 'role', name: 'webapp', used, allowed: 100, share: used / 100});
	assert.deepEqual(found('connection-limits', [limit(79)]), []);
	assert.match(found('connection-limits', [limit(80)]).join(), /^connection-limit warning/);
	assert.match(found('connection-limits', [limit(90)]).join(), /^connection-limit critical/);
});

test('no job to be seen is no proof that none fails, but for a superuser', () => {
	const judged = (superuser: boolean, rows: readonly Row[]) =>
		runOnce(
			tables.filter(table => table.id === 'jobs'),
			{rows: {jobs: rows}, facts: {here: {...facts, superuser}}, watched: 'here', history: {}},
			defaultLimits,
			'here',
		).coverage;
	assert.deepEqual(judged(true, []).evaluated, ['cron-failed']);
	assert.match(judged(false, []).unseen[0]!.why, /its own jobs/);
	assert.deepEqual(judged(false, [{active: true, failures: 0}]).evaluated, ['cron-failed']);
});
