import {defaultLimits} from '../../source/limits.ts';
import type {Check, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, figure, hit, inPercent, numbers, qualified, remedies, share, sizeOf, text, told} from '../figures.ts';
import {count, percent, perSecond} from '../format.ts';
import {createIndex} from './index-actions.ts';
import {maintain} from './maintenance-actions.ts';
import type {TablesRow} from './tables-rows.ts';

export type MissingFkIndexesRow = {
	readonly conoid: string;
	readonly conname: string;
	readonly nspname: string;
	readonly relname: string;
	readonly columns: string;
	readonly partitioned: boolean;
	readonly parent_nspname: string;
	readonly parent: string;
	readonly acts_on_delete: boolean;
	readonly size_bytes: number | null;
	readonly size_exact: boolean | null;
	readonly table_rows: number | null;
	readonly parent_deletes: number | null;
	readonly parent_updates: number | null;
	readonly seq_scan: number | null;
	readonly mend: string;
	readonly undo: string;
};

const foreignKeyCheck: Check = {
	id: 'missing-fk-index',
	class: 'care',
	title: 'foreign key without index',
	when: (input, limit) =>
		(input.rows['missing-fk-indexes'] ?? []).flatMap(row =>
			hit(figure(row, 'size_bytes'), limit, {
				subject: qualified(row.nspname, row.relname),
				rowKey: text(row.conoid),
				field: 'size_bytes',
				title: `${qualified(row.nspname, row.relname)} (${sizeOf(row)}) has no index for ${text(row.conname)} (${text(row.columns)})`,
				detail: `each delete in ${text(row.parent)} reads all of it: ${count(row.parent_deletes)} deletes so far`,
				remedy: `${text(row.mend)}   undo: ${text(row.undo)}`,
			}),
		),
};

export const foreignKeys: Table = table<MissingFkIndexesRow>({
	id: 'missing-fk-indexes',
	title: 'foreign keys',
	empty: 'Every foreign key has an index.',
	from: {sql: 'missing-fk-indexes'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.conoid,
	counters: ['parent_deletes', 'parent_updates'],
	columns: [
		{field: 'relname', title: 'table', width: 20, grow: 1, priority: 1, show: (_, row) => qualified(row.nspname, row.relname)},
		{field: 'columns', title: 'columns', width: 14, grow: 1, priority: 1},
		{...numbers<MissingFkIndexesRow>('size_bytes', 'size', 8, 1, text), show: (_, row) => sizeOf(row)},
		{field: 'parent', title: 'references', width: 14, priority: 3, show: (_, row) => qualified(row.parent_nspname, row.parent)},
		numbers('parent_deletes', 'deletes', 7, 2, count),
		numbers('parent_deletes_per_s', 'del/s', 7, 4, perSecond),
		{field: 'mend', title: 'mend', width: 30, grow: 1, priority: 5},
	],
	filters: {schema: 'nspname', table: 'relname'},
	order: (a, b) => descending('size_bytes')(a, b),
	detail: {
		title: row => `Foreign key ${row.conname}`,
		ask: [],
		sections: row => [
			{
				title: 'No index',
				lines: [
					told('referencing', `${qualified(row.nspname, row.relname)} (${row.columns}), ${sizeOf(row)}, ${count(row.table_rows)} rows`),
					told('referenced', qualified(row.parent_nspname, row.parent)),
					told('its deletes, updates', `${count(row.parent_deletes)}, ${count(row.parent_updates)}`),
					told(
						'on delete',
						row.acts_on_delete ? 'rows are changed or deleted here: found by reading the whole table' : 'rows are looked for here: by reading the whole table',
					),
				],
			},
			...remedies(row.mend, row.undo),
		],
	},
	checks: [foreignKeyCheck],
	actions: [createIndex],
});

const large = defaultLimits['sequential-scans']?.floor ?? 0;

/** Tables of some size that sequential scans read. A small table is best read whole, however often: it is not here. */
export function withSequentialScans(rows: readonly Row[]): readonly Row[] {
	return rows
		.filter(row => rowsOf(row) >= large && (figure(row, 'seq_scan') ?? 0) > 0 && !text(row.nspname).startsWith('pg_'))
		.map(row => {
			const seq = figure(row, 'seq_scan');
			const idx = figure(row, 'idx_scan');
			return {
				...row,
				rows_per_scan: share(figure(row, 'seq_tup_read_d'), figure(row, 'seq_scan_d')),
				rows_per_scan_total: share(figure(row, 'seq_tup_read'), seq),
				// A table without any index has no share: nothing could have been used.
				index_share: seq === null || idx === null ? null : share(idx, idx + seq),
			};
		});
}

function rowsOf(row: Row): number {
	return Math.max(figure(row, 'table_rows') ?? 0, figure(row, 'live') ?? 0);
}

const scanCheck: Check = {
	id: 'sequential-scans',
	class: 'care',
	title: 'large table read by sequential scans',
	// A nightly dump reads every table once: it takes two intervals in a row.
	hold: {rise: 2, clear: 5},
	when: (input, limit) =>
		(input.rows['sequential-scans'] ?? [])
			.filter(row => rowsOf(row) >= (limit.floor ?? 0))
			.flatMap(row =>
				hit(figure(row, 'rows_per_scan'), limit, {
					subject: qualified(row.nspname, row.relname),
					rowKey: text(row.relid),
					field: 'rows_per_scan',
					title: `${qualified(row.nspname, row.relname)} is read whole: ${count(row.rows_per_scan)} rows per scan, ${perSecond(row.seq_scan_per_s)}`,
					detail: `${sizeOf(row)}, ${count(rowsOf(row))} rows, ${row.index_share === null ? 'no index at all' : `${percent(row.index_share)} of its scans use an index`}`,
					remedy: 'Find the statements in Queries (sort by rows read) and give their conditions an index.',
				}),
			),
};

const effectivenessCheck: Check = {
	id: 'index-effectiveness',
	class: 'care',
	title: 'indexes rarely used',
	when: (input, limit) =>
		(input.rows['sequential-scans'] ?? [])
			.filter(row => (figure(row, 'seq_scan') ?? 0) + (figure(row, 'idx_scan') ?? 0) >= (limit.floor ?? 0))
			.flatMap(row => {
				const part = figure(row, 'index_share');
				return hit(inPercent(part), limit, {
					subject: qualified(row.nspname, row.relname),
					rowKey: text(row.relid),
					field: 'index_share',
					title: `only ${percent(part)} of the scans of ${qualified(row.nspname, row.relname)} use an index`,
					detail: `${count(row.seq_scan)} sequential scans of ${count(row.rows_per_scan_total)} rows, ${count(row.idx_scan)} index scans`,
					remedy: 'Find the statements in Queries and give their conditions an index.',
				});
			}),
};

export const scans: Table = table<TablesRow>({
	id: 'sequential-scans',
	title: 'read whole',
	empty: 'No large table is read by sequential scans.',
	from: {sql: 'tables'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.relid,
	counters: ['seq_scan', 'seq_tup_read', 'idx_scan'],
	columns: [
		{field: 'relname', title: 'table', width: 20, grow: 1, priority: 1, show: (_, row) => qualified(row.nspname, row.relname)},
		{...numbers<TablesRow>('size_bytes', 'size', 8, 2, text), show: (_, row) => sizeOf(row)},
		numbers('seq_scan_per_s', 'scans/s', 8, 2, perSecond),
		numbers('seq_tup_read_per_s', 'rows/s', 8, 1, perSecond),
		numbers('rows_per_scan', 'rows/scan', 9, 3, count),
		numbers('index_share', 'by index', 8, 2, percent),
		numbers('seq_scan', 'scans', 7, 4, count),
		numbers('rows_per_scan_total', 'rows/scan in all', 16, 5, count),
	],
	filters: {schema: 'nspname', table: 'relname'},
	order: descending('seq_tup_read_d', 'seq_tup_read'),
	derive: withSequentialScans,
	checks: [scanCheck, effectivenessCheck],
	actions: [maintain],
});
