import type {Check, Line, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, figure, hit, inPercent, numbers, qualified, share, text, written} from '../figures.ts';
import {count, percent} from '../format.ts';
import type {SequencesRow} from './tables-rows.ts';

/** How much of its range is used up. A value that can't be read is unknown, not zero. */
export function withUse(rows: readonly Row[]): readonly Row[] {
	return rows.map(row => {
		const last = figure(row, 'last_value');
		const least = figure(row, 'least_value') ?? 0;
		const most = figure(row, 'most_value');
		const range = most === null ? null : most - least + 1;
		return {
			...row,
			used: last === null ? (row.denied ? null : 0) : share(last - least + 1, range),
			left: last === null || most === null ? null : (most - last) / (figure(row, 'increment') ?? 1),
		};
	});
}

const check: Check = {
	id: 'sequence',
	class: 'care',
	title: 'sequence used up',
	unseen: input => {
		const rows = input.rows.sequences ?? [];
		return rows.length > 0 && rows.every(row => row.denied === true) ? 'no sequence may be read: grant pg_read_all_data' : undefined;
	},
	when: (input, limit) =>
		(input.rows.sequences ?? [])
			.filter(row => row.cycles !== true)
			.flatMap(row => {
				const used = figure(row, 'used');
				const column = `${text(row.tablename)}.${text(row.attname)}`;
				return hit(inPercent(used), limit, {
					subject: qualified(row.nspname, row.relname),
					rowKey: text(row.seqrelid),
					field: 'used',
					title: `${qualified(row.nspname, row.relname)} has used ${percent(used)} of what ${row.attname === null ? 'it' : column} can hold`,
					detail: `${count(row.last_value)} of ${count(row.most_value)} (${text(row.typname)}), ${count(row.left)} values left`,
					remedy:
						row.attname === null
							? `alter sequence ${written(row.nspname, row.relname)} as bigint`
							: `Make ${column} a bigint before it is full: a new column, filled in batches and swapped; alter column type rewrites the table under an exclusive lock.`,
				});
			}),
};

export const sequences: Table = table<SequencesRow>({
	id: 'sequences',
	title: 'keys',
	empty: 'No sequence has a small range.',
	from: {sql: 'sequences'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.seqrelid,
	counters: ['last_value'],
	columns: [
		{field: 'relname', title: 'sequence', width: 22, grow: 1, priority: 1, show: (_, row) => qualified(row.nspname, row.relname)},
		{field: 'attname', title: 'column', width: 20, grow: 1, priority: 2, show: (value, row) => (value === null ? '' : `${text(row.tablename)}.${text(value)}`)},
		{field: 'typname', title: 'type', width: 8, priority: 3},
		numbers('used', 'used', 6, 1, percent),
		numbers('last_value', 'last', 7, 3, count),
		numbers('left', 'left', 7, 2, count),
		{
			field: 'cycles',
			title: 'note',
			width: 16,
			priority: 4,
			show: (_, row) => (row.denied ? 'no privilege' : row.cycles ? 'starts again' : row.by_column ? 'column ends first' : ''),
		},
	],
	filters: {schema: 'nspname', table: 'tablename'},
	order: descending('used'),
	derive: withUse,
	summary: (rows): readonly Line[] => {
		const denied = rows.filter(row => row.denied).length;
		return denied > 0 ? [[{text: `${denied} sequences can't be read: grant select on them, or pg_read_all_data`, tone: 'notice'}]] : [];
	},
	checks: [check],
});
