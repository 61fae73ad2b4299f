import type {Check, Input, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, figure, hit, inPercent, numbers, share, text} from '../figures.ts';
import {bytes, percent} from '../format.ts';

/** queries/disk.sql: a place where the server keeps files. */
export type DiskRow = {
	readonly what: string;
	/** Null where it is hidden from this role */
	readonly path: string | null;
	readonly pid: number;
	readonly usename: string;
	readonly datname: string;
};

/** What pgperf measured beside the server, or why it did not. */
type Disk = DiskRow & {readonly total_bytes: number | null; readonly free_bytes: number | null; readonly unseen: string | null};

export function withUsed(rows: readonly Row[]): readonly Row[] {
	return rows.map(row => {
		const total = figure(row, 'total_bytes');
		const free = figure(row, 'free_bytes');
		return {...row, used: total === null || free === null ? null : share(total - free, total)};
	});
}

const full: Check = {
	id: 'disk',
	class: 'now',
	title: 'disk used',
	hold: {rise: 1, clear: 1},
	unseen(input: Input) {
		const rows = input.rows.disk ?? [];
		const [first] = rows;
		return rows.some(row => typeof row.used === 'number') ? undefined : first ? text(first.unseen) || 'it was not measured' : 'the server told no path';
	},
	when: (input, limit) =>
		(input.rows.disk ?? []).flatMap(row => {
			const used = figure(row, 'used');
			return hit(inPercent(used), limit, {
				subject: text(row.path),
				rowKey: text(row.what),
				field: 'used',
				title: `the disk of ${text(row.what)} is ${percent(used)} full, ${bytes(row.free_bytes)} left`,
				detail: `${text(row.path)}: ${bytes(row.free_bytes)} of ${bytes(row.total_bytes)} free`,
				remedy:
					'See what grows: sizes in Databases, WAL kept by slots in Replication, temporary files in Queries, the server’s log. A full disk of WAL stops the server; never remove files of pg_wal by hand.',
			});
		}),
};

export const disks: Table = table<Disk>({
	id: 'disk',
	title: 'disks',
	empty: 'The server told no path.',
	from: {sql: 'disk'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.what,
	columns: [
		{field: 'what', title: 'holds', width: 16, grow: 1, priority: 1},
		numbers('used', 'used', 6, 1, percent),
		numbers('free_bytes', 'free', 8, 1, bytes),
		numbers('total_bytes', 'size', 8, 2, bytes),
		{field: 'path', title: 'path', width: 20, grow: 2, priority: 3, show: (_, row) => row.unseen ?? text(row.path)},
	],
	order: descending('used'),
	derive: withUsed,
	checks: [full],
});
