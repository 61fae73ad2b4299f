import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {Line, Pane, Result, Row} from '../source/pane.ts';
import {widthOfLine} from '../views/layout.ts';
import {jobs} from '../views/panes/jobs.ts';
import {partitions} from '../views/panes/partitions.ts';
import {replication} from '../views/panes/replication.ts';
import {views} from '../views/panes/views.ts';
import {vitals} from '../views/panes/vitals.ts';
import {waits} from '../views/panes/waits.ts';
import {golden} from './support/golden.ts';
import {bodyOf, type Round, type Rows, recordedRows, stateOf} from './support/rounds.ts';

const sizes = [
	{columns: 80, rows: 17},
	{columns: 120, rows: 25},
	{columns: 200, rows: 43},
];

type Ends = {readonly primary: Rows; readonly standby: Rows; readonly plain: Rows};
const ends = recordedRows<Ends>('replication');
/** Its slot is lost, the standby has no receiver any more. */
const cut = recordedRows<Ends>('replication-cut');

/** The same a second later: counters have grown, and what had to be seen twice was. */
function later(rows: Rows, change: Readonly<Record<string, (row: Row) => Row>>): Rows {
	return Object.fromEntries(Object.entries(rows).map(([name, some]) => [name, some.map(row => (change[name] ? change[name](row) : row))]));
}

const grown = {
	'wal-rate': (row: Row) => ({...row, wal_bytes: Number(row.wal_bytes) + 38 * 1048576, server_time: Number(row.server_time) + 1}),
	slots: (row: Row) => ({...row, retained_bytes: row.retained_bytes === null ? null : Number(row.retained_bytes) + 1048576}),
};
const bothEnds: readonly Round[] = [
	{at: 1000, servers: {db1: ends.primary, db2: ends.standby}},
	{at: 2000, servers: {db1: later(ends.primary, grown), db2: later(ends.standby, grown)}},
];
const lag = {lag: [...Array.from({length: 60}, (_, i) => i / 10), null, null, 6.3, 6.4]};

const partitioned = recordedRows<{readonly rows: Rows}>('partitions').rows;
const matviews = recordedRows<{readonly rows: Rows}>('views').rows;
const cron = recordedRows<{readonly rows: Rows}>('jobs').rows;
const waiting = recordedRows<{readonly rows: Rows}>('waits').rows;
const load = {'load-running': [1, 2, 1, 0, 2], 'load-lock': [0, 0, 3, 3, 3], 'load-other': [1, 1, 1, 1, 1]};

const skipped: Result = {
	status: 'skipped',
	reason: 'pg_cron is not installed in this database',
	remedy: 'create extension pg_cron, in the database that cron.database_name names',
};

type Picture = {
	readonly name: string;
	readonly panes: readonly Pane[];
	readonly rounds: readonly Round[];
	readonly history?: Readonly<Record<string, readonly (number | null)[]>>;
};
const pictures: readonly Picture[] = [
	{name: 'replication', panes: [replication, vitals], rounds: bothEnds, history: lag},
	{name: 'replication.cut', panes: [replication], rounds: [{at: 1000, servers: {db1: cut.primary, db2: cut.standby}}]},
	{name: 'replication.plain', panes: [replication], rounds: [{at: 1000, servers: {db1: ends.plain}}]},
	{
		name: 'replication.empty',
		panes: [replication],
		rounds: [{at: 1000, servers: {db1: {...ends.primary, replication: [], slots: [], subscriptions: [], standby: []}}}],
	},
	{name: 'partitions', panes: [partitions], rounds: [{at: 1000, servers: {db1: partitioned}}]},
	{name: 'partitions.empty', panes: [partitions], rounds: [{at: 1000, servers: {db1: {partitions: []}}}]},
	{
		name: 'views',
		panes: [views, jobs],
		rounds: [
			{at: 1000, servers: {db1: {...matviews, jobs: cron.jobs!}}},
			{at: 2000, servers: {db1: {...matviews}}},
		],
	},
	{name: 'views.empty', panes: [views], rounds: [{at: 1000, servers: {db1: {views: []}}}]},
	{name: 'jobs', panes: [jobs], rounds: [{at: 1000, servers: {db1: cron}}]},
	{name: 'jobs.skipped', panes: [jobs], rounds: [{at: 1000, servers: {db1: {jobs: skipped}}}]},
	{name: 'waits', panes: [waits], rounds: [{at: 1000, servers: {db1: waiting}}], history: load},
	{name: 'waits.empty', panes: [waits], rounds: []},
];

for (const {name, panes, rounds, history} of pictures) {
	describe(name, () => {
		for (const size of name.includes('.') ? sizes.slice(0, 1) : sizes) {
			test(`at ${size.columns}x${size.rows}`, () => {
				const lines: readonly Line[] = bodyOf(stateOf(panes, rounds, size, {database: 'postgres'}, history), panes[0]!.id);
				for (const line of lines) assert.equal(widthOfLine(line), size.columns);
				const [first, ...rest] = name.split('.');
				golden(`recorded/${[first, size.columns, ...rest].join('.')}`, lines);
			});
		}
	});
}

test('every recorded row is opened without a hole in its detail', () => {
	for (const {panes, rounds} of pictures) {
		const state = stateOf(panes, rounds, sizes[1]!, {database: 'postgres'});
		for (const table of panes.flatMap(pane => pane.tables)) {
			for (const row of state.tables[table.id]?.rows ?? []) {
				const sections = table.detail?.sections(row, {}, {rows: {}, facts: {}, watched: 'db1', history: {}}) ?? [];
				const text = sections.flatMap(section => section.lines.flatMap(line => line.map(segment => segment.text))).join('\n');
				assert.doesNotMatch(text, /undefined|NaN|\[object/, `${table.id}: ${text}`);
				assert.doesNotMatch(table.columns.map(column => column.show?.(row[column.field] ?? null, row) ?? '').join('\n'), /undefined|NaN|null/, table.id);
			}
		}
	}
});
