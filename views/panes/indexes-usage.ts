import type {Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {answered, descending, figure, numbers, qualified, share, sizeOf, text, told} from '../figures.ts';
import {count, duration, perSecond} from '../format.ts';
import {reindex} from './index-actions.ts';

export type IndexUsageRow = {
	readonly indexrelid: string;
	readonly nspname: string;
	readonly tablename: string;
	readonly relname: string;
	readonly amname: string;
	readonly is_unique: boolean;
	readonly is_primary: boolean;
	readonly is_valid: boolean;
	readonly partitioned: boolean;
	readonly parts: number;
	readonly size_bytes: number;
	readonly size_exact: boolean;
	readonly table_rows: number | null;
	readonly idx_scan: number;
	readonly idx_tup_read: number;
	readonly idx_tup_fetch: number;
	readonly last_scan_s: number | null;
};

export function withScans(rows: readonly Row[]): readonly Row[] {
	return rows.map(row => ({
		...row,
		rows_per_scan: share(figure(row, 'idx_tup_read_d'), figure(row, 'idx_scan_d')) ?? share(figure(row, 'idx_tup_read'), figure(row, 'idx_scan')),
		kind: row.is_primary ? 'primary' : row.is_unique ? 'unique' : text(row.amname),
	}));
}

export const usage: Table = table<IndexUsageRow>({
	id: 'indexes',
	title: 'usage',
	empty: 'This database has no index of its own.',
	from: {sql: 'index-usage'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.indexrelid,
	counters: ['idx_scan', 'idx_tup_read', 'idx_tup_fetch'],
	columns: [
		{
			field: 'relname',
			title: 'index',
			width: 20,
			grow: 2,
			priority: 1,
			show: (_, row) => (row.partitioned ? `${qualified(row.nspname, row.relname)} (${row.parts} parts)` : qualified(row.nspname, row.relname)),
		},
		{field: 'tablename', title: 'table', width: 14, grow: 1, priority: 3},
		{field: 'kind', title: 'kind', width: 7, priority: 5},
		{...numbers<IndexUsageRow>('size_bytes', 'size', 8, 1, text), show: (_, row) => sizeOf(row)},
		numbers('idx_scan_per_s', 'scans/s', 8, 2, perSecond),
		numbers('idx_scan', 'scans', 7, 1, count, row => (row.idx_scan === 0 ? 'notice' : undefined)),
		numbers('rows_per_scan', 'rows', 6, 4, count),
		numbers('last_scan_s', 'last', 6, 4, duration),
	],
	filters: {schema: 'nspname', table: 'tablename', index: 'relname'},
	order: descending('size_bytes'),
	derive: withScans,
	actions: [reindex],
	detail: {
		title: row => `Index ${qualified(row.nspname, row.relname)}`,
		ask: [{id: 'definition', sql: 'index-definition', params: row => [row.indexrelid], session: 'sample'}],
		sections: (row, answers) => {
			const found = answered(answers, 'definition');
			const definition =
				'line' in found
					? [found.line]
					: [
							[
								{
									text: found.rows[0]?.definition
										? text(found.rows[0].definition)
										: 'Somebody holds or awaits the table: not asked, so as not to wait with them.',
								},
							],
						];
			return [
				{title: 'Definition', lines: definition},
				{
					title: 'Usage',
					lines: [
						told('scans', scansOf(row)),
						told('entries read', count(row.idx_tup_read)),
						told('rows fetched', count(row.idx_tup_fetch)),
						told('size', sizeOf(row)),
						told('rows of the table', count(row.table_rows)),
					],
				},
			];
		},
	},
});

function scansOf(row: IndexUsageRow): string {
	if (row.idx_scan === 0) return 'none since the statistics began';
	return `${count(row.idx_scan)}, the last ${row.last_scan_s === null ? 'unknown (told since PostgreSQL 16)' : `${duration(row.last_scan_s)} ago`}`;
}
