import {levelOf} from '../../source/limits.ts';
import type {Check, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {bytes, count, duration} from '../format.ts';
import type {WalRate} from './replication-rows.ts';
import {machineOf} from './replication-rows.ts';

function derive(rows: readonly WalRate[]): readonly Row[] {
	return rows.map(row => ({...row, archiver: archiverOf(row)}));
}

function archiverOf(row: WalRate): string {
	if (row.archive_mode === 'off' || (row.recovery && row.archive_mode !== 'always')) return 'off';
	const backlog = row.ready === null ? '' : `, ${row.ready} waiting`;
	if (row.failing) return `fails: ${row.last_failed_wal ?? ''} ${duration(row.last_failed_s)} ago${backlog}`;
	return row.last_archived_s === null ? `nothing archived yet${backlog}` : `last ${duration(row.last_archived_s)} ago${backlog}`;
}

const archiverCheck: Check = {
	id: 'archiver',
	class: 'now',
	title: 'WAL is not archived',
	when: (input, limit) =>
		((input.rows['wal-rate'] ?? []) as readonly WalRate[]).flatMap(row => {
			if (row.archiver === 'off') return [];
			const level = row.failing && limit.critical !== undefined ? 'critical' : levelOf(row.ready, limit);
			if (!level) return [];
			const title = row.failing ? `archiving fails on ${row.server}` : `${row.ready} WAL files wait to be archived on ${row.server}`;
			const last = row.last_archived_s === null ? 'nothing was ever archived' : `the last success was ${duration(row.last_archived_s)} ago`;
			const detail = `${row.archiver}; ${last}; ${count(row.failed)} failures in all`;
			const remedy = 'The server’s log has the output of archive_command. Until it works pg_wal grows, and backups can’t be restored to now.';
			return [{level, subject: row.server, rowKey: row.server, field: 'archiver', title, detail, remedy, value: row.ready ?? 0}];
		}),
};

export const wal: Table = table<WalRate>({
	id: 'wal-rate',
	title: 'WAL',
	empty: 'Nothing is known of the WAL yet.',
	from: {sql: 'wal-rate'},
	scope: 'cluster',
	every: 'tick',
	rowKey: row => row.server,
	columns: [
		{field: 'server', title: 'server', width: 16, grow: 1, show: machineOf, priority: 1},
		{field: 'recovery', title: 'role', width: 8, priority: 2, show: value => (value ? 'standby' : 'primary')},
		{field: 'wal_bytes_per_s', title: 'WAL/s', width: 8, align: 'right', priority: 1, show: bytes},
		{field: 'slot_keep_bytes', title: 'slots may keep', width: 14, align: 'right', priority: 5, show: value => (value === null ? 'all' : bytes(value))},
		{field: 'synchronous_standby_names', title: 'synchronous', width: 12, priority: 4, show: value => (value === '' ? 'none' : String(value))},
		{field: 'archiver', title: 'archiver', width: 12, grow: 1, priority: 1, tone: row => (row.failing && row.archiver !== 'off' ? 'critical' : 'dim')},
	],
	counters: ['wal_bytes'],
	derive,
	checks: [archiverCheck],
});
