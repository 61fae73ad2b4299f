import type {Check, Line, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, figure, hit, inPercent, numbers, qualified, share, text, told} from '../figures.ts';
import {about, bytes, count, duration, percent} from '../format.ts';
import {maintain} from './maintenance-actions.ts';
import type {TableBloatRow} from './tables-rows.ts';

export function withBloatShare(rows: readonly Row[]): readonly Row[] {
	return rows.map(row => ({...row, bloat_share: share(figure(row, 'bloat_bytes'), figure(row, 'heap_bytes'))}));
}

function unreadable(rows: readonly Row[]): number {
	return rows.filter(row => row.bloat_bytes === null).length;
}

const check: Check = {
	id: 'bloat',
	class: 'care',
	title: 'bloat',
	unseen: input => {
		const rows = input.rows['table-bloat'] ?? [];
		return rows.length > 0 && unreadable(rows) === rows.length ? 'pg_stats hides the widths of tables that may not be read: grant pg_read_all_data' : undefined;
	},
	when: (input, limit) =>
		(input.rows['table-bloat'] ?? [])
			.filter(row => (figure(row, 'bloat_bytes') ?? 0) >= (limit.floor ?? 0))
			.flatMap(row => {
				const part = figure(row, 'bloat_share');
				return hit(inPercent(part), limit, {
					subject: qualified(row.nspname, row.relname),
					rowKey: text(row.relid),
					field: 'bloat_share',
					title: `about ${percent(part)} of ${qualified(row.nspname, row.relname)} is empty space (${bytes(row.bloat_bytes)})`,
					detail: `estimated from pg_stats as of ${duration(row.analyze_s)} ago; pgstattuple_approx() would measure it`,
					remedy:
						'Look for what keeps vacuum from cleaning up; then pg_repack or pg_squeeze rewrite it without stopping writes (vacuum full stops everything).',
				});
			}),
};

export const bloat: Table = table<TableBloatRow>({
	id: 'table-bloat',
	title: 'bloat',
	empty: 'No table of this database is large enough to judge.',
	from: {sql: 'table-bloat'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.relid,
	columns: [
		{field: 'relname', title: 'table', width: 22, grow: 1, priority: 1, show: (_, row) => qualified(row.nspname, row.relname)},
		numbers('heap_bytes', 'heap', 8, 2, bytes),
		numbers('bloat_bytes', 'empty', 9, 1, value => about(bytes(value))),
		numbers('bloat_share', 'share', 7, 1, value => about(percent(value))),
		numbers('fillfactor', 'fill', 5, 5, count),
		numbers('table_rows', 'rows', 6, 4, count),
		numbers('analyze_s', 'as of', 6, 3, duration),
		{field: 'columns_known', title: 'source', width: 26, priority: 3, show: (_, row) => sourceOf(row)},
	],
	filters: {schema: 'nspname', table: 'relname'},
	order: descending('bloat_bytes'),
	derive: withBloatShare,
	summary: (rows): readonly Line[] => [
		[
			{text: 'an estimate: pages beyond what rows of average width would fill', tone: 'dim'},
			...(unreadable(rows) > 0 ? [{text: `   ${unreadable(rows)} tables can't be judged: grant pg_read_all_data`, tone: 'notice' as const}] : []),
		],
	],
	detail: {
		title: row => `Bloat of ${qualified(row.nspname, row.relname)}`,
		ask: [],
		sections: row => [
			{
				title: 'Estimate',
				lines: [
					told('heap', bytes(row.heap_bytes)),
					told('beyond its rows', about(bytes(row.bloat_bytes))),
					told('source', sourceOf(row)),
					told('statistics are', `${duration(row.analyze_s)} old`),
					told('to measure it', `select * from pgstattuple_approx('${row.relid}'::oid::regclass)`),
				],
			},
		],
	},
	checks: [check],
	actions: [maintain],
});

function sourceOf(row: TableBloatRow): string {
	if (row.columns_known === row.columns) return `pg_stats, ${row.columns} columns`;
	return row.columns_known === 0 ? 'pg_stats not readable' : `${row.columns_known} of ${row.columns} columns known`;
}
