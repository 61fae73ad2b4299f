import {levelOf} from '../../source/limits.ts';
import type {Check, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {count, duration} from '../format.ts';
import type {Subscription} from './replication-rows.ts';

function derive(rows: readonly Subscription[]): readonly Row[] {
	return rows.map(row => {
		const errors_d = row.apply_errors_d === null && row.sync_errors_d === null ? null : (row.apply_errors_d ?? 0) + (row.sync_errors_d ?? 0);
		return {...row, errors_d, status: statusOf(row, errors_d)};
	});
}

/** Between two crashes the worker is not there: a missing pid and a rising count of errors are the same trouble. */
function statusOf(row: Subscription, errors: number | null): string {
	if (!row.enabled) return 'disabled';
	if ((errors ?? 0) > 0) return 'failing';
	if (row.worker_pid === null) return 'no worker';
	return (row.tables_not_ready ?? 0) > 0 ? 'copying' : 'running';
}

const errorCheck: Check = {
	id: 'subscription-error',
	class: 'now',
	title: 'A subscription does not get on',
	hold: {rise: 2, clear: 3},
	when: (input, limit) =>
		((input.rows.subscriptions ?? []) as readonly Subscription[]).flatMap(row => {
			const failing = row.status === 'failing' || row.status === 'no worker';
			const errors = Math.max(1, row.errors_d ?? 0);
			const level = failing ? levelOf(errors, limit) : undefined;
			if (!level) return [];
			const title = `subscription ${row.subname} in ${row.database}: ${row.status === 'failing' ? `${row.errors_d} errors since the last look` : 'no worker runs'}`;
			const detail = `apply errors ${count(row.apply_errors)}, table errors ${count(row.sync_errors)}, last message ${duration(row.heard_s)} ago`;
			const remedy = 'The reason is in the log of this server: a conflicting row, a missing table or column, or no free logical replication worker.';
			return [{level, subject: row.subname, rowKey: keyOf(row), field: 'status', title, detail, remedy, value: errors}];
		}),
};

function keyOf(row: Subscription): string {
	return `${row.server} ${row.database} ${row.subname}`;
}

export const subscriptions: Table = table<Subscription>({
	id: 'subscriptions',
	title: 'Subscriptions',
	empty: 'This server subscribes to nothing.',
	from: {sql: 'subscriptions'},
	scope: 'cluster',
	every: 'slow',
	rowKey: keyOf,
	columns: [
		{field: 'subname', title: 'subscription', width: 14, grow: 1, priority: 1},
		{
			field: 'status',
			title: 'status',
			width: 9,
			priority: 1,
			tone: row => (row.status === 'failing' || row.status === 'no worker' ? 'critical' : row.status === 'running' ? 'plain' : 'warning'),
		},
		{field: 'heard_s', title: 'heard', width: 6, align: 'right', priority: 2, show: duration},
		{field: 'apply_errors', title: 'apply err', width: 9, align: 'right', priority: 3, show: count},
		{field: 'sync_errors', title: 'table err', width: 9, align: 'right', priority: 4, show: count},
		{field: 'tables', title: 'tables', width: 6, align: 'right', priority: 5},
		{field: 'tables_not_ready', title: 'copying', width: 7, align: 'right', priority: 4},
		{field: 'slot_name', title: 'slot', width: 12, priority: 6},
		{field: 'database', title: 'database', width: 10, priority: 5},
		{field: 'server', title: 'on', width: 14, priority: 8},
		{field: 'publications', title: 'publications', width: 10, grow: 1, priority: 6},
	],
	counters: ['apply_errors', 'sync_errors'],
	filters: {status: 'status', db: 'database', server: 'server'},
	order: (a, b) => Number(b.status === 'failing' || b.status === 'no worker') - Number(a.status === 'failing' || a.status === 'no worker'),
	derive,
	checks: [errorCheck],
});
