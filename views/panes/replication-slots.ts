import {levelOf} from '../../source/limits.ts';
import type {Check, Hit, Input, Line, Row, Section, Table, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {literal} from '../../source/spelling.ts';
import {bytes, count, duration, plain, yes} from '../format.ts';
import {dropSlot} from './replication-actions.ts';
import {clamped, machineOf, type Slot} from './replication-rows.ts';

function derive(rows: readonly Slot[]): readonly Row[] {
	return rows.map(row => {
		const status = statusOf(row);
		const horizon = Math.max(row.xmin_age ?? -1, row.catalog_xmin_age ?? -1);
		const slot = {...row, status, retained_bytes: status === 'lost' ? null : clamped(row.retained_bytes), time_left_s: timeLeft(row, status)};
		return {...slot, horizon_age: horizon < 0 ? null : horizon, note: noteOf(slot)};
	});
}

function statusOf(row: Slot): string {
	if (row.wal_status === 'lost' || row.invalidation_reason !== null || row.conflicting === true) return 'lost';
	if (row.unreserved) return 'unused';
	return row.wal_status ?? (row.active ? 'reserved' : 'inactive');
}

/** At the rate at which what it keeps grows; a slot that moves on, or is used and well within its bounds, has no end in sight. */
function timeLeft(row: Slot, status: string): number | null {
	if (status === 'lost' || status === 'unused' || (row.active && status === 'reserved')) return null;
	if (status === 'unreserved') return 0;
	const growth = row.retained_bytes_per_s;
	if (row.safe_bytes === null || growth === null || growth <= 0) return null;
	return Math.max(0, row.safe_bytes) / growth;
}

function noteOf(row: Omit<Slot, 'note' | 'horizon_age'>): string {
	if (row.status === 'lost') {
		const why = row.invalidation_reason ?? (row.conflicting ? 'conflict with recovery' : 'its WAL was removed');
		return `lost (${why}): ${row.slot_type === 'logical' ? 'its consumer must start over' : 'its standby must be rebuilt'}`;
	}
	if (row.status === 'unused') return 'never used: it keeps nothing';
	const notes: string[] = [];
	if (row.time_left_s === 0) notes.push('lost at the next checkpoint');
	else if (row.time_left_s !== null) notes.push(`lost in about ${duration(row.time_left_s)} at ${bytes(row.retained_bytes_per_s)}/s`);
	else if (!row.active && row.safe_bytes === null) notes.push('keeps WAL without bounds: max_slot_wal_keep_size is -1');
	if (!row.active) notes.push(row.inactive_s === null ? 'inactive' : `inactive for ${duration(row.inactive_s)}`);
	if (row.synced) notes.push('synchronised from the primary');
	return notes.join('; ');
}

function hits(input: Input, judge: (row: Slot) => Pick<Hit, 'level' | 'field' | 'title' | 'remedy' | 'value'> | undefined): readonly Hit[] {
	return ((input.rows.slots ?? []) as readonly Slot[]).flatMap(row => {
		const found = judge(row);
		return found ? [{subject: row.slot_name, rowKey: keyOf(row), detail: detailOf(row), ...found}] : [];
	});
}

function detailOf(row: Slot): string {
	const owner = row.slot_type === 'logical' ? `logical (${row.plugin}, database ${row.database})` : 'physical';
	return `${owner}, ${row.active ? `active by pid ${row.active_pid}` : 'inactive'}, wal_status ${plain(row.wal_status)}, keeps ${bytes(row.retained_bytes)}. ${row.note}`;
}

const lostCheck: Check = {
	id: 'slot-lost',
	class: 'now',
	title: 'A slot is lost',
	hold: {rise: 1, clear: 2},
	when: (input, limit) =>
		hits(input, row => {
			const level = row.status === 'lost' ? levelOf(1, limit) : undefined;
			return level && {level, field: 'status', title: `slot ${row.slot_name} is lost`, remedy: lostRemedy(row), value: 1};
		}),
};

function lostRemedy(row: Slot): string {
	const rebuild = row.slot_type === 'logical' ? 'Start its consumer over with a new slot' : 'Rebuild its standby';
	return `${rebuild}, then select pg_drop_replication_slot(${literal(row.slot_name)}). A larger max_slot_wal_keep_size gives it more time.`;
}

/** What is lost keeps nothing and can't be lost again; nor can what was dropped. */
function isOver(input: Input, subject: string): boolean {
	return !((input.rows.slots ?? []) as readonly Slot[]).some(row => row.slot_name === subject && row.status !== 'lost');
}

const retainedCheck: Check = {
	id: 'slot-retained',
	class: 'now',
	title: 'A slot keeps much WAL',
	isOver,
	when: (input, limit) =>
		hits(input, row => {
			const level = levelOf(row.retained_bytes, limit);
			const title = `slot ${row.slot_name} keeps ${bytes(row.retained_bytes)} of WAL${row.active ? '' : ', nobody reads it'}`;
			const remedy = row.active ? 'Find out why its consumer is slow.' : 'Start its consumer, or drop the slot if nobody will come back for it.';
			return level && {level, field: 'retained_bytes', title, remedy, value: row.retained_bytes ?? 0};
		}),
};

const timeLeftCheck: Check = {
	id: 'slot-time-left',
	class: 'now',
	title: 'A slot is about to be lost',
	isOver,
	when: (input, limit) =>
		hits(input, row => {
			const level = levelOf(row.time_left_s, limit);
			const when = row.time_left_s === 0 ? 'at the next checkpoint' : `in about ${duration(row.time_left_s)}`;
			const remedy = 'Start its consumer now, or raise max_slot_wal_keep_size (a reload is enough) if the disk has room.';
			return level && {level, field: 'time_left_s', title: `slot ${row.slot_name} is lost ${when}`, remedy, value: row.time_left_s ?? 0};
		}),
};

function keyOf(row: Slot): string {
	return `${row.server} ${row.slot_name}`;
}

const statusTones: Readonly<Record<string, Tone>> = {lost: 'critical', unreserved: 'critical', extended: 'warning', unused: 'dim'};
const statusRanks: readonly string[] = ['lost', 'unreserved', 'extended'];

export const slots: Table = table<Slot>({
	id: 'slots',
	title: 'Slots',
	empty: 'There are no replication slots.',
	from: {sql: 'slots'},
	scope: 'cluster',
	every: 'slow',
	rowKey: keyOf,
	columns: [
		{field: 'slot_name', title: 'slot', width: 14, grow: 1, priority: 1},
		{field: 'status', title: 'status', width: 10, priority: 1, tone: row => statusTones[row.status]},
		{field: 'active', title: 'active', width: 6, priority: 2, show: yes, tone: row => (row.active ? 'plain' : 'warning')},
		{field: 'retained_bytes', title: 'keeps', width: 7, align: 'right', priority: 1, show: bytes},
		{field: 'safe_bytes', title: 'safe', width: 7, align: 'right', priority: 4, show: bytes},
		{field: 'time_left_s', title: 'left', width: 6, align: 'right', priority: 3, show: duration},
		{field: 'slot_type', title: 'kind', width: 8, priority: 5},
		{field: 'horizon_age', title: 'xmin', width: 6, align: 'right', priority: 6, show: count},
		{field: 'unconfirmed_bytes', title: 'unread', width: 7, align: 'right', priority: 7, show: value => bytes(clamped(value))},
		{field: 'server', title: 'on', width: 16, show: machineOf, priority: 8},
		{field: 'note', title: 'note', width: 12, grow: 2, priority: 2, tone: row => (row.status === 'lost' ? 'critical' : 'dim')},
	],
	counters: ['retained_bytes'],
	filters: {status: 'status', kind: 'slot_type', db: 'database', server: 'server'},
	groups: ['server', 'status', 'slot_type'],
	order: (a, b) => rankOf(a) - rankOf(b) || (b.retained_bytes ?? 0) - (a.retained_bytes ?? 0),
	derive,
	detail: {title: row => `Slot ${row.slot_name}`, ask: [], sections: sectionsOf},
	checks: [lostCheck, retainedCheck, timeLeftCheck],
	actions: [dropSlot],
});

function rankOf(row: Slot): number {
	const rank = statusRanks.indexOf(row.status);
	return rank < 0 ? statusRanks.length : rank;
}

function sectionsOf(row: Slot): readonly Section[] {
	const pair = (label: string, text: string): Line => [{text: label.padEnd(20), tone: 'dim'}, {text}];
	return [
		{title: '', lines: row.note === '' ? [] : [[{text: row.note, tone: statusTones[row.status]}]]},
		{
			title: 'Slot',
			lines: [
				pair('kind', `${row.slot_type}${row.plugin === null ? '' : `, plugin ${row.plugin}, database ${row.database}`}`),
				pair('active', row.active ? `yes, pid ${row.active_pid}` : 'no'),
				pair('wal_status', plain(row.wal_status)),
				pair('invalidation', plain(row.invalidation_reason)),
				pair('keeps', `${bytes(row.retained_bytes)}, growing ${bytes(row.retained_bytes_per_s)}/s`),
				pair('safe', bytes(row.safe_bytes)),
				pair('holds xmin back', `${plain(row.xmin_age)} transactions, catalog ${plain(row.catalog_xmin_age)}`),
				pair('failover', `${yes(row.failover)}, synchronised ${yes(row.synced)}`),
			],
		},
	];
}
