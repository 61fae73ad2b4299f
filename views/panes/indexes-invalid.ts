import type {Check, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, hit, numbers, qualified, remedies, sizeOf, text, told} from '../figures.ts';
import {dropIndex, reindex} from './index-actions.ts';

export type InvalidIndexesRow = {
	readonly indexrelid: string;
	readonly nspname: string;
	readonly tablename: string;
	readonly relname: string;
	readonly partitioned: boolean;
	readonly ready: boolean;
	readonly is_unique: boolean;
	readonly size_bytes: number | null;
	readonly size_exact: boolean;
	/** `building`, `failed build`, `new copy` and `old copy` (of a reindex), `partitions` (not attached everywhere) */
	readonly cause: string;
	readonly builder: number | null;
	readonly phase: string | null;
	readonly maybe_building: boolean | null;
	readonly parts_missing: number | null;
	readonly definition: string | null;
	readonly mend: string | null;
};

/** What it is and what it costs, in a sentence. */
export function causeOf(row: Row): string {
	if (row.maybe_building === true) return 'perhaps being built: another user builds on this table';
	switch (row.cause) {
		case 'building':
			return `being built by ${text(row.builder)}${row.phase ? `: ${text(row.phase)}` : ''}`;
		case 'new copy':
			return 'left by a REINDEX CONCURRENTLY that failed: drop it, then reindex again';
		case 'old copy':
			return 'replaced by a REINDEX CONCURRENTLY that could not drop it';
		case 'partitions':
			return `${text(row.parts_missing)} partitions have no valid index attached`;
		default:
			return row.ready
				? 'left by a failed build: every write pays for it, no query may use it'
				: 'left by a failed build: not kept up to date, no query may use it';
	}
}

export function isBroken(row: Row): boolean {
	return row.cause !== 'building' && row.maybe_building !== true;
}

const check: Check = {
	id: 'invalid-index',
	class: 'care',
	title: 'invalid index',
	when: (input, limit) =>
		(input.rows['invalid-indexes'] ?? []).filter(isBroken).flatMap(row =>
			hit(1, limit, {
				subject: qualified(row.nspname, row.relname),
				rowKey: text(row.indexrelid),
				field: 'cause',
				title: `${qualified(row.nspname, row.relname)} is invalid: ${causeOf(row)}`,
				detail: `on ${text(row.tablename)}, ${sizeOf(row)}`,
				remedy:
					row.mend === null ? 'Create the index on each partition that lacks it and attach it: alter index PARENT attach partition CHILD.' : text(row.mend),
			}),
		),
};

export const invalid: Table = table<InvalidIndexesRow>({
	id: 'invalid-indexes',
	title: 'invalid',
	empty: 'All indexes are valid.',
	from: {sql: 'invalid-indexes'},
	scope: 'server',
	every: 'slow',
	rowKey: row => row.indexrelid,
	columns: [
		{field: 'relname', title: 'index', width: 20, grow: 1, priority: 1, show: (_, row) => qualified(row.nspname, row.relname)},
		{field: 'tablename', title: 'table', width: 14, priority: 3},
		{...numbers<InvalidIndexesRow>('size_bytes', 'size', 8, 2, text), show: (_, row) => sizeOf(row)},
		{field: 'cause', title: 'cause', width: 24, grow: 2, priority: 1, show: (_, row) => causeOf(row), tone: row => (isBroken(row) ? undefined : 'dim')},
		{field: 'mend', title: 'mend', width: 30, grow: 1, priority: 5},
	],
	filters: {schema: 'nspname', table: 'tablename', index: 'relname'},
	order: descending('size_bytes'),
	detail: {
		title: row => `Index ${qualified(row.nspname, row.relname)}`,
		ask: [],
		sections: row => [
			{
				title: 'Invalid',
				lines: [
					told('cause', causeOf(row)),
					told('kept up to date', row.ready ? 'yes' : 'no'),
					told('definition', row.definition ?? 'its table is locked: not asked'),
				],
			},
			...remedies(isBroken(row) ? row.mend : 'nothing while it is being built', row.definition),
		],
	},
	checks: [check],
	actions: [reindex, dropIndex],
});
