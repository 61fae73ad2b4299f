import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runOnce} from '../source/checks.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Input, Row, Table} from '../source/pane.ts';
import {databases, withDatabaseRates} from '../views/panes/databases.ts';
import {settings, withUnit} from '../views/panes/settings.ts';
import {tables} from '../views/panes/tables.ts';
import {withBloatShare} from '../views/panes/tables-bloat.ts';
import {bar, withShare} from '../views/panes/tables-progress.ts';
import {withUse} from '../views/panes/tables-sequences.ts';
import {nextOf, withShares} from '../views/panes/tables-size.ts';
import {wal, withCheckpointShares} from '../views/panes/wal.ts';
import {changed, fixture, inputOf} from './support/fixture.ts';
import {facts} from './support/world.ts';

const [sizes, progress, bloat, sequences] = tables.tables;
const input: Input = {rows: {}, facts: {here: facts}, watched: 'here', history: {}};
const judged = (table: Table | undefined, rows: readonly Row[], also: Partial<Input> = {}) =>
	runOnce([table!], {...input, ...also, rows: {[table!.id]: rows}}, defaultLimits, 'here');

const heap = (change: Record<string, Row[string]> = {}): Row => ({
	...{
		relid: '1',
		nspname: 'public',
		relname: 't',
		relkind: 'r',
		parts: 1,
		size_bytes: 1e9,
		index_bytes: 1e8,
		size_exact: true,
		table_rows: 1e6,
		live: 1e6,
		dead: 0,
	},
	...{n_tup_ins: 0, n_tup_upd: 0, n_tup_del: 0, n_tup_hot_upd: 0, seq_scan: 0, seq_tup_read: 0, idx_scan: 0, vacuum_s: null, analyze_s: null},
	...{xid_age: 1000, mxid_age: 0, autovacuum: true, enabled: true, vacuum_at: 200_050, vacuum_due: 0, insert_due: 0, analyze_due: 0, freeze_due: 0},
	...change,
});

test('what autovacuum does next: what is due, else what is nearest', () => {
	assert.equal(nextOf(heap({vacuum_due: 0.4, analyze_due: 0.7})), 'analyze 70.0%');
	assert.equal(nextOf(heap({vacuum_due: 1.2, analyze_due: 3, insert_due: 0.9})), 'vacuum, analyze due');
	assert.equal(nextOf(heap()), 'nothing to do');
	assert.equal(nextOf(heap({vacuum_due: null, insert_due: null, analyze_due: null, freeze_due: null})), 'nothing to do');
});

test('a table that autovacuum leaves alone is still frozen, and only that', () => {
	assert.equal(nextOf(heap({enabled: false, vacuum_due: 9})), 'told to leave it alone');
	assert.equal(nextOf(heap({autovacuum: false, vacuum_due: 9, freeze_due: 1.1})), 'freeze due (autovacuum is off)');
});

test('what a standby does not count is unknown there, not 0', () => {
	const there: Input = {...input, facts: {here: {...facts, recovery: true}}};
	const zero = heap({live: 0, table_rows: 50_000, n_tup_ins_per_s: 0, n_tup_upd_per_s: 0, n_tup_del_per_s: 0});
	const [row] = withShares([zero], there);
	assert.deepEqual([row!.live, row!.dead, row!.dead_share, row!.writes_per_s, row!.next], [50_000, null, null, null, null]);
	assert.equal(withShares([{...zero, table_rows: null}], there)[0]!.live, null);
	assert.equal(withShares([{...zero, freeze_due: 1.2}], there)[0]!.next, 'freeze due');
	assert.match(judged(sizes, [row!], there).coverage.unseen.find(one => one.id === 'dead-rows')!.why, /ask its primary/);
	assert.equal(withShares([zero], input)[0]!.live, 0);
	const vacuumed = sizes!.detail!.sections(row!, {}, there).find(section => section.title === 'Autovacuum')!.lines;
	assert.doesNotMatch(vacuumed.map(line => line.map(segment => segment.text).join('')).join('\n'), /never/);
});

test('the nearer of both stops counts: multixacts too', () => {
	const [byXid, byMxid] = withShares([heap({xid_age: 1_000_000_000}), heap({xid_age: 1000, mxid_age: 1_500_000_000})], input);
	assert.ok(Math.abs((byXid!.wraparound as number) - 0.466) < 0.001);
	assert.ok(Math.abs((byMxid!.wraparound as number) - 0.699) < 0.001);
});

test('a size behind a lock is an estimate and says so', () => {
	const size = sizes!.columns.find(column => column.field === 'size_bytes')!;
	assert.equal(size.show!(1e9, heap()), '954 MB');
	assert.equal(size.show!(1e9, heap({size_exact: false})), '≈954 MB');
});

test('dead rows are a finding from their floor on, with what to do about it', () => {
	assert.deepEqual(judged(sizes, withShares([heap({live: 100, dead: 900})], input)).findings, []);
	const {findings} = judged(sizes, withShares([heap({live: 100_000, dead: 60_000, enabled: false})], input));
	assert.deepEqual(
		findings.map(finding => [finding.id, finding.level]),
		[
			['dead-rows', 'warning'],
			['autovacuum-off', 'notice'],
		],
	);
	assert.match(findings[0]!.remedy, /alter table public\.t reset \(autovacuum_enabled\)/);
});

test('HOT without any update is unknown', () => {
	assert.equal(withShares([heap()], input)[0]!.hot_share, null);
});

const vacuum = (phase: string, done: number, whole: number | null, change: Record<string, Row[string]> = {}): Row => ({
	...{
		kind: 'vacuum',
		pid: 7,
		datname: 'shop',
		relation: 't',
		phase,
		done,
		whole,
		unit: 'blocks',
		usename: null,
		autovacuum: true,
		wraparound: false,
		xact_s: 5,
		age_s: 5,
	},
	...{wait_event_type: null, wait_event: null, workers: 1, max_workers: 3, workers_s: 900, backend_start: 'x', server_time: 10_000},
	...change,
});

test('a phase that begins again has no rate and no time left across the change', () => {
	const rows = withShare(changed(progress!, [vacuum('scanning heap', 90, 100)], [vacuum('vacuuming heap', 95, 100)], 5), input);
	assert.equal(rows[0]!.left_s, null);
	const same = withShare(changed(progress!, [vacuum('scanning heap', 50, 100)], [vacuum('scanning heap', 60, 100)], 5), input);
	assert.deepEqual([same[0]!.part, same[0]!.left_s], [0.6, 20]);
});

test('a whole that is not known has no bar', () => {
	assert.equal(withShare([vacuum('vacuuming indexes', 1, null)], input)[0]!.part, null);
	assert.equal(bar(null), '');
	assert.equal(bar(0.62), '██████░░░░ 62.0%');
	assert.equal(bar(1.3), '██████████  100%');
});

test('workers are busy when all of them are, and all of them for long', () => {
	const busy = (workers: number, workers_s: number | null) =>
		judged(progress, withShare([vacuum('scanning heap', 1, 2, {workers, workers_s})], input)).findings.length;
	assert.equal(busy(2, 9000), 0);
	assert.equal(busy(3, 30), 0);
	assert.equal(busy(3, null), 0);
	assert.equal(busy(3, 900), 1);
	// Each worker ends after its database and is followed by the next: none is ever old.
	const looks = (times: readonly number[], workers: (turn: number) => number) =>
		times.reduce<readonly Row[]>(
			(before, server_time, turn) =>
				withShare([vacuum('scanning heap', 1, 2, {workers: workers(turn), workers_s: 5, server_time})], {...input, rows: {progress: before}}),
			[],
		);
	const every = (seconds: number) => Array.from({length: 25}, (_, turn) => turn * seconds);
	assert.match(
		judged(
			progress,
			looks(every(30), () => 3),
		).findings[0]?.title ?? '',
		/all 3 autovacuum workers have been busy at every look for 12m/,
	);
	assert.deepEqual(
		judged(
			progress,
			looks(every(30), turn => (turn === 20 ? 2 : 3)),
		).findings,
		[],
	);
	assert.deepEqual(
		judged(
			progress,
			looks(every(300), () => 3),
		).findings,
		[],
		'nobody looked in between',
	);
	const blind = judged(progress, [], {facts: {here: {...facts, canReadAll: false}}});
	assert.equal(blind.coverage.unseen[0]?.id, 'autovacuum-busy');
});

const sequence = (change: Record<string, Row[string]>): Row => ({
	...{seqrelid: '1', nspname: 'public', relname: 's', tablename: 't', attname: 'id', typname: 'integer', by_column: true, cycles: false, denied: false},
	...{increment: 1, least_value: 1, most_value: 2_147_483_647, last_value: 2_000_000_000},
	...change,
});

test('a sequence that may not be read is unknown, not unused', () => {
	const [readable, hidden, fresh] = withUse([sequence({}), sequence({last_value: null, denied: true}), sequence({last_value: null})]);
	assert.ok(Math.abs((readable!.used as number) - 0.9313) < 0.001);
	assert.deepEqual([hidden!.used, fresh!.used], [null, 0]);
	assert.equal(judged(sequences, [readable!]).findings[0]?.level, 'critical');
	assert.equal(judged(sequences, [hidden!]).coverage.unseen[0]?.id, 'sequence');
	assert.deepEqual(judged(sequences, withUse([sequence({cycles: true})])).findings, []);
});

test('bloat that can’t be estimated is unknown, not none', () => {
	const row = {...{relid: '1', nspname: 'public', relname: 't', heap_bytes: 1e9, fillfactor: 100, table_rows: 1, columns: 4, analyze_s: 60}};
	const [known, unknown] = withBloatShare([
		{...row, bloat_bytes: 7e8, columns_known: 4},
		{...row, bloat_bytes: null, columns_known: 0},
	]);
	assert.deepEqual([known!.bloat_share, unknown!.bloat_share], [0.7, null]);
	assert.equal(judged(bloat, [known!, unknown!]).findings.length, 1);
	assert.match(judged(bloat, [unknown!]).coverage.unseen[0]!.why, /pg_read_all_data/);
});

test('databases: rollbacks need traffic, deadlocks one sample, checksums their switch', () => {
	const [table] = databases.tables;
	const shop = {...fixture('databases').samples.databases!.primary![1].find(row => row.datname === 'shop')!, checksum_failures: null};
	const after = (change: Record<string, number | null>): readonly Row[] => {
		const next = {
			...shop,
			...Object.fromEntries(Object.entries(change).map(([field, by]) => [field, by === null ? null : ((shop as Row)[field] as number) + by])),
		};
		return withDatabaseRates(changed(table!, [shop], [next], 5), input);
	};
	const ids = (rows: readonly Row[]) => judged(table, rows).findings.map(finding => finding.id);
	assert.deepEqual(ids(after({xact_commit: 10, xact_rollback: 10})), []);
	assert.deepEqual(ids(after({xact_commit: 500, xact_rollback: 50})), ['rollbacks']);
	assert.deepEqual(ids(after({deadlocks: 1})), ['deadlocks']);
	assert.deepEqual(ids(after({temp_bytes: 5 * 200 * 1024 * 1024})), ['temp-spill']);
	assert.match(judged(table, after({})).coverage.unseen[0]!.why, /checksums are off/);
	const checksum = table!.checks!.find(one => one.id === 'checksum')!;
	assert.equal(checksum.class, 'care', 'where it can not be made, pgperf check without names would be unknown for ever');
	assert.deepEqual(ids([{...after({})[0]!, checksum_failures: 2}]), ['checksum']);
	const [stop] = judged(table, [{...after({})[0]!, wraparound: 0.996}]).findings;
	assert.deepEqual([stop!.id, stop!.level, stop!.class], ['wraparound', 'critical', 'now'], 'it is in the header, and in what check makes of itself');
});

test('checkpoints are judged when there were some', () => {
	const table = wal.tables.find(one => one.id === 'checkpoints');
	const row = {timed: 1, requested: 3, done: null, stats_s: 600, stats_since: 1} as Row;
	assert.deepEqual(judged(table, withCheckpointShares([row])).findings, []);
	assert.equal(judged(table, withCheckpointShares([{...row, timed: 10, requested: 30}])).findings[0]?.id, 'checkpoints');
	assert.equal(withCheckpointShares([{...row, timed: 0, requested: 0}])[0]!.between_s, null);
});

test('settings are told as one would write them', () => {
	assert.equal(withUnit('8192', '8kB'), '64MB');
	assert.equal(withUnit('131072', 'kB'), '128MB');
	assert.equal(withUnit('300', 's'), '5min');
	assert.equal(withUnit('1500', 'ms'), '1500ms');
	assert.equal(withUnit('-1', 'kB'), '-1');
	assert.equal(withUnit('on', null), 'on');
	assert.equal(withUnit(null, 'kB'), '–');
});

test('of a real server: panes of tables, databases, WAL and settings hold no number that is none', () => {
	for (const [name, pane] of Object.entries({tables, databases, wal, settings})) {
		const recorded = inputOf(fixture(name), pane);
		for (const table of pane.tables) {
			assert.ok(recorded.rows[table.id], `${name}: ${table.id} was not recorded`);
			for (const row of recorded.rows[table.id]!) for (const value of Object.values(row)) assert.ok(typeof value !== 'number' || Number.isFinite(value));
			for (const row of recorded.rows[table.id]!)
				for (const column of table.columns) if (column.show) assert.doesNotMatch(column.show(row[column.field] ?? null, row), /NaN|undefined|null/);
		}
	}
});
