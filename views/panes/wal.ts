import type {Check, Column, Line, Pane, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {added, figure, hit, numbers, share, text} from '../figures.ts';
import {bytes, count, date, duration, milliseconds, percent, perSecond} from '../format.ts';
import type {IoRow} from './cache.ts';

export type WalRow = {
	readonly recovery: boolean;
	readonly lsn_bytes: number | null;
	readonly wal_records: number | null;
	readonly wal_fpi: number | null;
	readonly wal_bytes: number | null;
	readonly wal_buffers_full: number | null;
	readonly wal_write: number | null;
	readonly wal_sync: number | null;
	readonly wal_write_time: number | null;
	readonly wal_sync_time: number | null;
	readonly stats_since: number | null;
	readonly since_redo_bytes: number | null;
	readonly checkpoint_s: number | null;
	readonly checkpoint_timeout: string;
	readonly max_wal_bytes: number;
	readonly wal_level: string;
	readonly synchronous_commit: string;
	readonly full_page_writes: boolean;
	readonly wal_compression: string;
};

export type CheckpointsRow = {
	readonly timed: number;
	readonly requested: number;
	/** Null before 18: `timed` counts those that were skipped, too */
	readonly done: number | null;
	readonly restartpoints_timed: number | null;
	readonly restartpoints_requested: number | null;
	readonly restartpoints_done: number | null;
	readonly write_time: number;
	readonly sync_time: number;
	readonly buffers_checkpoint: number;
	readonly slru_checkpoint: number | null;
	readonly buffers_clean: number;
	readonly maxwritten_clean: number;
	readonly buffers_backend: number | null;
	readonly buffers_backend_fsync: number | null;
	readonly buffers_alloc: number;
	readonly stats_since: number | null;
	readonly stats_s: number | null;
};

export type WalFilesRow = {
	readonly files: number;
	readonly size_bytes: number | null;
	/** Ready to be used again */
	readonly recycled: number;
	/** Waiting to be archived */
	readonly ready: number;
};

function withWalShares(rows: readonly Row[]): readonly Row[] {
	return rows.map(row => ({
		...row,
		image_share: share(figure(row, 'wal_fpi_d'), figure(row, 'wal_records_d')),
		filled: share(figure(row, 'since_redo_bytes'), figure(row, 'max_wal_bytes')),
		write_mean: share(figure(row, 'wal_write_time_d'), figure(row, 'wal_write_d')),
		sync_mean: share(figure(row, 'wal_sync_time_d'), figure(row, 'wal_sync_d')),
	}));
}

const rate: Table = table<WalRow>({
	id: 'wal',
	title: 'WAL',
	empty: 'Nothing is known of the WAL.',
	from: {sql: 'wal'},
	scope: 'server',
	every: 'slow',
	rowKey: () => 'wal',
	counters: ['lsn_bytes', 'wal_records', 'wal_fpi', 'wal_buffers_full', 'wal_write', 'wal_sync', 'wal_write_time', 'wal_sync_time'],
	columns: [
		numbers('lsn_bytes_per_s', 'WAL/s', 8, 1, bytes),
		numbers('wal_records_per_s', 'records', 8, 2, perSecond),
		numbers('image_share', 'images', 7, 2, percent),
		numbers('wal_buffers_full_per_s', 'buffers full', 12, 3, perSecond),
		numbers('wal_write_per_s', 'writes', 8, 3, perSecond),
		numbers('write_mean', 'write', 7, 4, milliseconds),
		numbers('wal_sync_per_s', 'syncs', 8, 3, perSecond),
		numbers('sync_mean', 'sync', 7, 4, milliseconds),
		numbers('since_redo_bytes', 'since redo', 10, 1, bytes),
		numbers('filled', 'of max_wal', 10, 2, percent),
		numbers('checkpoint_s', 'checkpoint', 10, 1, duration),
	],
	derive: withWalShares,
	summary: (rows): readonly Line[] =>
		rows.slice(0, 1).map(row => [
			{
				text: `wal_level ${row.wal_level}, synchronous_commit ${row.synchronous_commit}, checkpoint_timeout ${row.checkpoint_timeout}, max_wal_size ${bytes(row.max_wal_bytes)}, wal_compression ${row.wal_compression}`,
				tone: 'dim',
			},
			...(row.full_page_writes ? [] : [{text: '   full_page_writes is off: a crash may tear pages', tone: 'warning' as const}]),
		]),
});

export function withCheckpointShares(rows: readonly Row[]): readonly Row[] {
	return rows.map(row => {
		const all = added(figure(row, 'buffers_checkpoint_d'), figure(row, 'buffers_clean_d'), figure(row, 'buffers_backend_d'));
		const total = added(figure(row, 'timed'), figure(row, 'requested'));
		return {
			...row,
			requested_share: share(figure(row, 'requested'), total),
			backend_share: share(figure(row, 'buffers_backend_d'), all),
			between_s: share(figure(row, 'stats_s'), figure(row, 'done') ?? total),
		};
	});
}

const forced: Check = {
	id: 'checkpoints',
	class: 'care',
	title: 'checkpoints forced by WAL',
	when: (input, limit) =>
		(input.rows.checkpoints ?? [])
			.filter(row => (figure(row, 'timed') ?? 0) + (figure(row, 'requested') ?? 0) >= (limit.floor ?? 0))
			.flatMap(row => {
				const part = figure(row, 'requested_share');
				return hit(part === null ? null : 100 * part, limit, {
					subject: 'checkpoints',
					rowKey: 'checkpoints',
					field: 'requested_share',
					title: `${percent(part)} of the checkpoints were asked for before their time`,
					detail: `${count(row.requested)} of ${count((figure(row, 'timed') ?? 0) + (figure(row, 'requested') ?? 0))} since ${date(row.stats_since)}; by WAL, base backups or by hand`,
					remedy: 'Raise max_wal_size until checkpoint_timeout decides: each checkpoint makes the first change of every page a full image.',
				});
			}),
};

const checkpoints: Table = table<CheckpointsRow>({
	id: 'checkpoints',
	title: 'Checkpoints and buffers',
	empty: 'Nothing is known of checkpoints.',
	from: {sql: 'checkpoints'},
	scope: 'server',
	every: 'slow',
	rowKey: () => 'checkpoints',
	counters: ['timed', 'requested', 'buffers_checkpoint', 'buffers_clean', 'maxwritten_clean', 'buffers_backend', 'buffers_alloc', 'write_time', 'sync_time'],
	columns: [
		numbers('timed', 'timed', 7, 1, count),
		numbers('requested', 'forced', 7, 1, count),
		numbers('requested_share', 'forced', 7, 2, percent),
		numbers('done', 'done', 7, 4, count),
		numbers('between_s', 'every', 7, 2, duration),
		numbers('buffers_checkpoint_per_s', 'checkpointer', 12, 2, perSecond),
		numbers('buffers_clean_per_s', 'bgwriter', 9, 3, perSecond),
		numbers('buffers_backend_per_s', 'backends', 9, 2, perSecond),
		numbers('backend_share', 'by backends', 11, 3, percent),
		numbers('buffers_alloc_per_s', 'allocated', 10, 4, perSecond),
		numbers('stats_s', 'since', 7, 5, duration, () => 'dim'),
	],
	derive: withCheckpointShares,
	checks: [forced],
});

const files: Table = table<WalFilesRow>({
	id: 'wal-files',
	title: 'Files',
	empty: 'There are no WAL files.',
	from: {sql: 'wal-files'},
	scope: 'server',
	every: 'slow',
	rowKey: () => 'files',
	columns: [
		numbers('files', 'files', 7, 1, count),
		numbers('size_bytes', 'size', 8, 1, bytes),
		numbers('recycled', 'reusable', 9, 2, count),
		numbers('ready', 'wait for archive', 17, 1, count, row => (row.ready > 0 ? 'notice' : undefined)),
	],
});

type ArchiverRow = {readonly archive_mode: string; readonly failing: boolean; readonly archived: number; readonly failed: number};

const archiver: Table = table<ArchiverRow>({
	id: 'archiver',
	title: 'Archiver',
	empty: 'Nothing is known of the archiver.',
	from: {sql: 'wal-rate'},
	scope: 'server',
	every: 'slow',
	rowKey: () => 'archiver',
	counters: ['archived', 'failed'],
	columns: [
		{field: 'archive_mode', title: 'mode', width: 7, priority: 1},
		// The count of failures never falls: only the order of the last two times tells whether it fails now.
		{
			field: 'failing',
			title: 'state',
			width: 10,
			priority: 1,
			show: (value, row) => (row.archive_mode === 'off' ? 'off' : value ? 'fails' : 'works'),
			tone: row => (row.failing && row.archive_mode !== 'off' ? 'critical' : undefined),
		},
		numbers('ready', 'waiting', 8, 1, count),
		numbers('archived_per_s', 'files/s', 8, 3, perSecond),
		numbers('last_archived_s', 'last', 7, 1, duration),
		{field: 'last_archived_wal', title: 'last file', width: 24, priority: 4},
		numbers('failed', 'failures in all', 15, 3, count),
		numbers('last_failed_s', 'last failure', 12, 2, duration),
		{field: 'last_failed_wal', title: 'failed file', width: 24, priority: 5},
	] as Column<ArchiverRow>[],
});

const io: Table = table<IoRow>({
	id: 'wal-io',
	title: 'I/O of WAL',
	empty: 'pg_stat_io tells of WAL since PostgreSQL 18.',
	from: {sql: 'io'},
	scope: 'server',
	every: 'slow',
	rowKey: row => `${row.backend_type} ${row.object} ${row.context}`,
	counters: ['writes', 'write_bytes', 'write_time', 'fsyncs', 'fsync_time'],
	columns: [
		{field: 'backend_type', title: 'process', width: 18, grow: 1, priority: 1},
		{field: 'context', title: 'context', width: 10, priority: 3},
		numbers('writes_per_s', 'writes', 8, 1, perSecond),
		numbers('write_bytes_per_s', 'write/s', 8, 1, bytes),
		numbers('fsyncs_per_s', 'fsyncs', 8, 2, perSecond),
		{...numbers<IoRow>('fsync_mean', 'fsync', 7, 2, milliseconds)},
	],
	order: (a, b) => (figure(b, 'write_bytes_d') ?? 0) - (figure(a, 'write_bytes_d') ?? 0),
	derive: rows =>
		rows.filter(row => text(row.object) === 'wal').map(row => ({...row, fsync_mean: share(figure(row, 'fsync_time_d'), figure(row, 'fsyncs_d'))})),
});

/** How much WAL is written, what checkpoints cost, and whether it reaches the archive. */
export const wal: Pane = {
	id: 'wal',
	title: 'WAL',
	tables: [rate, checkpoints, archiver, files, io],
	arrange: 'stack',
	chart: 'wal-rate',
	series: [
		{
			id: 'wal-rate',
			title: 'WAL written per second',
			value: input => figure(input.rows.wal?.[0], 'lsn_bytes_per_s'),
			show: value => bytes(value),
		},
	],
};
