import type {Input, Line, Pane, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {added, descending, figure, hitRatio, numbers, share, text, told, total} from '../figures.ts';
import {bytes, count, duration, moment, percent, perSecond} from '../format.ts';
import {checks, wayToStop} from './databases-checks.ts';
import {disks} from './databases-disk.ts';
import {type DatabaseSizesRow, type DatabasesRow, isSystem, type System} from './databases-rows.ts';

export function withDatabaseRates(rows: readonly Row[], input: Input): readonly Row[] {
	const sizes = new Map((input.rows['database-sizes'] ?? []).map(row => [row.datid, row.size_bytes ?? null]));
	return rows.map(row => {
		const all = added(figure(row, 'xact_commit_d'), figure(row, 'xact_rollback_d'));
		return {
			...row,
			system: isSystem(row, input),
			tps: added(figure(row, 'xact_commit_per_s'), figure(row, 'xact_rollback_per_s')),
			rollback_share: share(figure(row, 'xact_rollback_d'), all),
			hit: hitRatio(figure(row, 'blks_hit_d'), figure(row, 'blks_read_d')),
			size_bytes: sizes.get(row.datid ?? null) ?? null,
			busy: perSecondOf(row, 'active_time'),
			idle_in_xact: perSecondOf(row, 'idle_in_transaction_time'),
			wraparound: wayToStop(row),
		};
	});
}

/** Milliseconds per second of many sessions: how many there were on average. */
function perSecondOf(row: Row, field: string): number | null {
	const rate = figure(row, `${field}_per_s`);
	return rate === null ? null : rate / 1000;
}

const average = (value: unknown) => (typeof value === 'number' ? value.toFixed(value < 9.95 ? 1 : 0) : '–');

const counters: Table = table<DatabasesRow & System>({
	id: 'databases',
	title: 'databases',
	empty: 'The server has no database.',
	from: {sql: 'databases'},
	scope: 'server',
	every: 'slow',
	rowKey: row => row.datid,
	counters: [
		'xact_commit',
		'xact_rollback',
		'blks_hit',
		'blks_read',
		'tup_returned',
		'tup_fetched',
		'tup_inserted',
		'tup_updated',
		'tup_deleted',
		'temp_files',
		'temp_bytes',
		'deadlocks',
		'conflicts',
		'active_time',
		'idle_in_transaction_time',
		'sessions',
		'sessions_abandoned',
		'sessions_fatal',
		'sessions_killed',
	],
	columns: [
		{
			field: 'datname',
			title: 'database',
			width: 16,
			grow: 1,
			priority: 1,
			show: value => (value === null ? '(shared by all)' : text(value)),
			tone: row => (row.here ? 'strong' : undefined),
		},
		numbers('size_bytes', 'size', 8, 2, bytes),
		{
			...numbers<DatabasesRow & System>('numbackends', 'conn', 7, 1, count),
			show: (value, row) => (row.datconnlimit === null ? count(value) : `${count(value)}/${count(row.datconnlimit)}`),
		},
		numbers('tps', 'tps', 6, 1, count),
		numbers('busy', 'active', 6, 3, average),
		numbers('idle_in_xact', 'in xact', 7, 4, average),
		numbers('rollback_share', 'rollback', 8, 3, percent),
		numbers('hit', 'hit', 6, 2, percent),
		numbers('tup_fetched_per_s', 'fetched', 8, 6, perSecond),
		numbers('tup_inserted_per_s', 'ins', 7, 5, perSecond),
		numbers('tup_updated_per_s', 'upd', 7, 5, perSecond),
		numbers('tup_deleted_per_s', 'del', 7, 6, perSecond),
		numbers('temp_bytes_per_s', 'temp/s', 8, 3, bytes),
		numbers('deadlocks', 'deadlocks', 9, 5, count),
		numbers('conflicts', 'conflicts', 9, 8, count),
		numbers('sessions_per_s', 'new/s', 6, 6, count),
		numbers('wraparound', 'to stop', 7, 4, percent),
		numbers('stats_s', 'since', 6, 7, duration, () => 'dim'),
	],
	filters: {db: 'datname'},
	order: descending('tps', 'xact_commit'),
	hidden: row => row.template || row.system,
	derive: withDatabaseRates,
	beside: ['database-sizes'],
	summary: rows => {
		const ours = rows.filter(row => !row.system);
		return [
			[
				{text: `${ours.filter(row => row.datname !== null && !row.template).length} databases`, tone: 'strong'},
				{text: `   ${perSecond(total(ours, 'tps'))} transactions, ${bytes(total(ours, 'size_bytes'))}`, tone: 'dim'},
			],
		];
	},
	detail: {
		title: row => `Database ${row.datname ?? '(shared objects)'}`,
		ask: [],
		sections: row => [
			{
				title: `Since ${moment(row.stats_since)}`,
				lines: [
					told('transactions', `${count(row.xact_commit)} committed, ${count(row.xact_rollback)} rolled back`),
					told('rows', `${count(row.tup_inserted)} inserted, ${count(row.tup_updated)} updated, ${count(row.tup_deleted)} deleted`),
					told('temporary files', `${count(row.temp_files)}, ${bytes(row.temp_bytes)}`),
					told('deadlocks, conflicts', `${count(row.deadlocks)}, ${count(row.conflicts)}`),
					told('checksum failures', row.checksum_failures === null ? 'checksums are off' : count(row.checksum_failures)),
					told(
						'sessions',
						row.sessions === null
							? 'told since PostgreSQL 14'
							: `${count(row.sessions)}: ${count(row.sessions_abandoned)} lost, ${count(row.sessions_fatal)} failed, ${count(row.sessions_killed)} killed`,
					),
				],
			},
			{
				title: 'Age',
				lines: [
					told('transactions', `${count(row.xid_age)}, autovacuum freezes at ${count(row.freeze_max_age)}`),
					told('multixacts', `${count(row.mxid_age)}, autovacuum freezes at ${count(row.mxid_freeze_max_age)}`),
					told('to the stop', percent((row as Row).wraparound)),
				],
			},
		],
	},
	checks,
});

const sizes: Table = table<DatabaseSizesRow & System>({
	id: 'database-sizes',
	title: 'sizes',
	empty: 'The server has no database.',
	from: {sql: 'database-sizes'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.datid,
	counters: ['size_bytes'],
	columns: [
		{field: 'datname', title: 'database', width: 16, grow: 1, priority: 1, tone: row => (row.here ? 'strong' : undefined)},
		numbers('size_bytes', 'size', 8, 1, bytes),
		numbers('size_bytes_per_s', 'grows/h', 8, 2, value => (typeof value === 'number' ? bytes(value * 3600) : '–')),
		{field: 'owner', title: 'owner', width: 14, priority: 3},
		{field: 'spcname', title: 'tablespace', width: 12, priority: 4},
		{field: 'encoding', title: 'encoding', width: 9, priority: 5},
		{field: 'datcollate', title: 'collation', width: 12, priority: 6},
	],
	filters: {db: 'datname', owner: 'owner'},
	order: descending('size_bytes'),
	hidden: row => row.template || row.system,
	derive: (rows, input) => rows.map(row => ({...row, system: isSystem(row, input)})),
	summary: (all): readonly Line[] => {
		const rows = all.filter(row => !row.system);
		const unknown = rows.filter(row => row.size_bytes === null).length;
		return [
			[
				{text: bytes(total(rows, 'size_bytes')), tone: 'strong'},
				...(unknown > 0 ? [{text: `   ${unknown} can't be measured: grant connect on them, or pg_read_all_stats`, tone: 'notice' as const}] : []),
			],
		];
	},
});

/** Every database of the server: what it does, what it weighs, how old it is. */
export const databases: Pane = {id: 'databases', title: 'Databases', tables: [counters, sizes, disks], arrange: 'stack'};
