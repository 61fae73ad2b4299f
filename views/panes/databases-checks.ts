import type {Check, Input, Limit, Row} from '../../source/pane.ts';
import {added, figure, hit, inPercent, share, text} from '../figures.ts';
import {bytes, count, date, duration, percent, perSecond} from '../format.ts';
import {stop} from './tables-size.ts';

function databases(input: Input): readonly Row[] {
	return input.rows.databases ?? [];
}

function nameOf(row: Row): string {
	return row.datname === null ? 'shared objects' : text(row.datname);
}

/** Of what the service does in a database of its own nothing can be changed. */
function ours(input: Input): readonly Row[] {
	return databases(input).filter(row => row.system !== true);
}

function perDatabase(
	value: (row: Row, limit: Limit) => number | null,
	field: string,
	words: (row: Row) => {readonly title: string; readonly detail: string; readonly remedy: string},
	rows = ours,
): Check['when'] {
	return (input, limit) => rows(input).flatMap(row => hit(value(row, limit), limit, {subject: nameOf(row), rowKey: text(row.datid), field, ...words(row)}));
}

/** Events are rare: one is enough, and it stays to be read. */
const once = {rise: 1, clear: 12};

export const checks: readonly Check[] = [
	{
		id: 'deadlocks',
		class: 'now',
		title: 'deadlocks',
		hold: once,
		when: perDatabase(
			row => figure(row, 'deadlocks_d'),
			'deadlocks_per_s',
			row => ({
				title: `${count(row.deadlocks_d)} ${row.deadlocks_d === 1 ? 'deadlock' : 'deadlocks'} in ${nameOf(row)} since the last sample`,
				detail: `${count(row.deadlocks)} since ${date(row.stats_since)}`,
				remedy: 'The server’s log names both statements. Take locks in one order, and keep transactions short.',
			}),
		),
	},
	{
		id: 'temp-spill',
		class: 'now',
		title: 'temporary files',
		when: perDatabase(
			row => figure(row, 'temp_bytes_per_s'),
			'temp_bytes_per_s',
			row => ({
				title: `${nameOf(row)} writes ${bytes(row.temp_bytes_per_s)}/s of temporary files`,
				detail: `${count(row.temp_files_d)} files since the last sample (counted when they are closed)`,
				remedy: 'Sort Queries by temp: give the statement an index or a larger work_mem for its role, not for everybody.',
			}),
		),
	},
	{
		id: 'rollbacks',
		class: 'now',
		title: 'rollbacks',
		when: perDatabase(
			(row, limit) => {
				const all = added(figure(row, 'xact_commit_d'), figure(row, 'xact_rollback_d'));
				return all === null || all < (limit.floor ?? 0) ? null : inPercent(share(figure(row, 'xact_rollback_d'), all));
			},
			'rollback_share',
			row => ({
				title: `${percent(row.rollback_share)} of the transactions of ${nameOf(row)} roll back`,
				detail: `${perSecond(row.xact_rollback_per_s)} of ${perSecond(row.tps)}`,
				remedy: 'Look into the application’s and the server’s log for the error that repeats.',
			}),
		),
	},
	{
		id: 'checksum',
		class: 'care',
		title: 'checksum failures',
		unseen: input =>
			databases(input).some(row => row.checksum_failures !== null)
				? undefined
				: 'data checksums are off (pg_checksums turns them on while the server is stopped)',
		when: perDatabase(
			row => figure(row, 'checksum_failures'),
			'checksum_failures',
			row => ({
				title: `${count(row.checksum_failures)} checksum failures in ${nameOf(row)}: data on disk is damaged`,
				detail: row.checksum_s === null ? 'when is unknown' : `the last ${duration(row.checksum_s)} ago`,
				remedy: 'The server’s log names the block. Secure backups and a standby first; check disk and controller; restore the relation.',
			}),
			databases,
		),
	},
	{
		id: 'wraparound',
		class: 'now',
		// It neither comes nor goes from one sample to the next.
		hold: {rise: 1, clear: 1},
		title: 'wraparound',
		when: perDatabase(
			row => inPercent(figure(row, 'wraparound')),
			'wraparound',
			row => ({
				title: `${nameOf(row)} is ${percent(row.wraparound)} of the way to the stop against wraparound`,
				detail: `age ${count(row.xid_age)} transactions, ${count(row.mxid_age)} multixacts; autovacuum freezes from ${count(row.freeze_max_age)} on`,
				remedy:
					'Tables shows the oldest ones ("to stop"): find what keeps their vacuum from finishing (xmin horizon, cancelled autovacuum), then vacuum (freeze) them.',
			}),
			databases,
		),
	},
];

/** The nearer of both stops: transaction ids or multixacts. */
export function wayToStop(row: Row): number | null {
	const xid = figure(row, 'xid_age');
	const mxid = figure(row, 'mxid_age');
	return xid === null && mxid === null ? null : Math.max(xid ?? 0, mxid ?? 0) / stop;
}
