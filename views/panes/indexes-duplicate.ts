import type {Check, Line, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, figure, hit, numbers, qualified, remedies, sizeOf, text, told, total} from '../figures.ts';
import {bytes, count} from '../format.ts';
import {dropIndex} from './index-actions.ts';

export type DuplicateIndexesRow = {
	readonly indexrelid: string;
	readonly nspname: string;
	readonly tablename: string;
	readonly relname: string;
	readonly keeper: string;
	/** false: it is the beginning of a longer one */
	readonly same: boolean;
	readonly partitioned: boolean;
	readonly size_bytes: number | null;
	readonly size_exact: boolean;
	readonly idx_scan: number | null;
	readonly keeper_scan: number | null;
	readonly definition: string | null;
	readonly keeper_definition: string | null;
	readonly mend: string;
	readonly undo: string | null;
};

function why(row: Row): string {
	return row.same ? `the same as ${text(row.keeper)}` : `the beginning of ${text(row.keeper)}`;
}

const check: Check = {
	id: 'duplicate-index',
	class: 'care',
	title: 'duplicate index',
	when: (input, limit) =>
		(input.rows['duplicate-indexes'] ?? []).flatMap(row =>
			hit(figure(row, 'size_bytes'), limit, {
				subject: qualified(row.nspname, row.tablename),
				rowKey: text(row.indexrelid),
				field: 'size_bytes',
				title: `${qualified(row.nspname, row.relname)} (${sizeOf(row)}) is ${why(row)}`,
				detail: `${count(row.idx_scan)} scans, ${count(row.keeper_scan)} of the other one, which can serve them all`,
				remedy: `${text(row.mend)}   undo: ${text(row.undo)}`,
			}),
		),
};

export const duplicates: Table = table<DuplicateIndexesRow>({
	id: 'duplicate-indexes',
	title: 'duplicate',
	empty: 'No index is made superfluous by another one.',
	from: {sql: 'duplicate-indexes'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.indexrelid,
	columns: [
		{field: 'relname', title: 'index', width: 20, grow: 1, priority: 1, show: (_, row) => qualified(row.nspname, row.relname)},
		{field: 'tablename', title: 'table', width: 14, priority: 4},
		{...numbers<DuplicateIndexesRow>('size_bytes', 'size', 8, 1, text), show: (_, row) => sizeOf(row)},
		numbers('idx_scan', 'scans', 7, 3, count),
		{field: 'keeper', title: 'why', width: 24, grow: 1, priority: 2, show: (_, row) => why(row)},
		{field: 'mend', title: 'mend', width: 30, grow: 1, priority: 5},
	],
	filters: {schema: 'nspname', table: 'tablename', index: 'relname'},
	order: descending('size_bytes'),
	summary: (rows): readonly Line[] =>
		rows.length === 0
			? []
			: [
					[
						{text: `${rows.length} superfluous, ${bytes(total(rows, 'size_bytes'))}`, tone: 'strong'},
						{text: '   plans that use them will use the other one', tone: 'dim'},
					],
				],
	detail: {
		title: row => `Index ${qualified(row.nspname, row.relname)}`,
		ask: [],
		sections: row => [
			{
				title: 'Superfluous',
				lines: [
					told('it is', why(row)),
					told('this one', row.definition ?? 'its table is locked: not asked'),
					told('the other one', row.keeper_definition ?? 'its table is locked: not asked'),
					told('scans', `${count(row.idx_scan)}, of the other one ${count(row.keeper_scan)}`),
				],
			},
			...remedies(row.mend, row.undo),
		],
	},
	checks: [check],
	actions: [dropIndex],
});
