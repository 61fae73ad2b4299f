import {levelOf} from '../../source/limits.ts';
import type {Check, Hit, Input, Line, Row, Section, Table, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {bytes, duration, plain} from '../format.ts';
import {judged, silence} from './replication-lag.ts';
import {awayFrom} from './replication-missing.ts';
import {clamped, isStandby, machineOf, nameOf, type Sender} from './replication-rows.ts';

function derive(rows: readonly Sender[], input: Input): readonly Row[] {
	const before = new Map(((input.rows.replication ?? []) as readonly Sender[]).map(row => [keyOf(row), row]));
	const present = rows.map(row => judged(row, before.get(keyOf(row)), input));
	return [...present, ...awayFrom(present, input)];
}

const lagCheck: Check = {
	id: 'lag',
	class: 'now',
	title: 'Replication lag',
	unseen: input => {
		const rows = (input.rows.replication ?? []) as readonly Sender[];
		return rows.some(row => isStandby(row) && row.state === null) ? 'The positions of standbys are hidden: grant pg_read_all_stats.' : undefined;
	},
	when: (input, limit) =>
		((input.rows.replication ?? []) as readonly Sender[]).flatMap((row): Hit[] => {
			if (!isStandby(row) || row.state === 'missing' || row.lag_bytes === null || row.lag_bytes < (limit.floor ?? 0)) return [];
			const unknown = row.lag_s === null && row.lag_bytes >= (limit.many ?? Number.POSITIVE_INFINITY);
			const level = unknown ? 'warning' : levelOf(row.lag_s, limit);
			if (!level) return [];
			const what = row.kind === 'logical' ? 'consumer' : 'standby';
			return [
				{
					level,
					subject: nameOf(row),
					rowKey: keyOf(row),
					field: unknown ? 'lag_bytes' : 'lag_s',
					title: `${what} ${nameOf(row)} lags ${unknown ? '' : `${duration(row.lag_s)}, `}${bytes(row.lag_bytes)}`,
					detail: `not sent ${bytes(row.sent_bytes)}, not flushed ${bytes(row.flush_bytes)}, not replayed ${bytes(row.lag_bytes)}. ${row.note}`,
					remedy: remedyOf(row),
					value: row.lag_s ?? 0,
				},
			];
		}),
};

/** The place where it waits: the largest of the three steps. */
function remedyOf(row: Sender): string {
	const sent = clamped(row.sent_bytes) ?? 0;
	const flush = Math.max(0, (clamped(row.flush_bytes) ?? 0) - sent);
	const replay = Math.max(0, (row.lag_bytes ?? 0) - sent - flush);
	if (sent >= flush && sent >= replay) return 'The network or this server is too slow to send: look at its bandwidth and at the sender’s wait event.';
	if (flush >= replay) return 'It receives and can’t write: look at the disk of the standby, and whether its WAL receiver hangs.';
	return 'It has the WAL and can’t replay it: look there for a paused replay, for queries that conflict with it, and at its CPU and disk.';
}

const missingCheck: Check = {
	id: 'standby-missing',
	class: 'now',
	title: 'A standby that should be there is away',
	when: (input, limit) =>
		((input.rows.replication ?? []) as readonly Sender[]).flatMap((row): Hit[] => {
			const level = row.state === 'missing' ? levelOf(row.away_s ?? 0, limit) : undefined;
			if (!level) return [];
			const away = row.away_s === null ? '' : ` for ${duration(row.away_s)}`;
			const consumer = row.kind === 'logical';
			return [
				{
					level: consumer && level === 'critical' ? 'warning' : level,
					subject: nameOf(row),
					rowKey: keyOf(row),
					field: 'state',
					title: `${consumer ? 'consumer' : 'standby'} ${nameOf(row)} is away${away}`,
					detail: row.note,
					remedy:
						'Start it, or see in its log why it can’t connect. If it is gone for good, drop its slot and take it out of synchronous_standby_names; then F in Replication forgets it.',
					value: row.away_s ?? 0,
				},
			];
		}),
};

export function keyOf(row: Pick<Sender, 'server' | 'pid' | 'application_name' | 'slot_name' | 'client' | 'state'>): string {
	return row.state === 'missing'
		? `${row.server} missing ${row.slot_name ?? ''} ${row.application_name ?? ''} ${row.client ?? ''}`
		: `${row.server} ${row.pid}`;
}

const stateTones: Readonly<Record<string, Tone>> = {missing: 'critical', catchup: 'warning', startup: 'warning', stopping: 'warning', backup: 'dim'};

export const senders: Table = table<Sender>({
	id: 'replication',
	title: 'Standbys and consumers',
	empty: 'No standby is connected, and nothing waits for one.',
	from: {sql: 'replication'},
	scope: 'cluster',
	every: 'tick',
	rowKey: keyOf,
	columns: [
		{field: 'application_name', title: 'standby', width: 14, grow: 1, priority: 1, show: (_, row) => nameOf(row)},
		{field: 'state', title: 'state', width: 9, priority: 1, show: value => plain(value ?? 'hidden'), tone: row => stateTones[row.state ?? ''] ?? 'plain'},
		{field: 'lag_s', title: 'lag', width: 6, align: 'right', priority: 1, show: duration},
		{field: 'lag_bytes', title: 'replay', width: 7, align: 'right', priority: 2, show: bytes},
		{field: 'sync_state', title: 'sync', width: 6, priority: 3},
		{field: 'sent_bytes', title: 'unsent', width: 7, align: 'right', priority: 4, show: value => bytes(clamped(value))},
		{field: 'write_bytes', title: 'write', width: 7, align: 'right', priority: 7, show: value => bytes(clamped(value))},
		{field: 'flush_bytes', title: 'flush', width: 7, align: 'right', priority: 5, show: value => bytes(clamped(value))},
		{
			field: 'reply_age_s',
			title: 'reply',
			width: 6,
			align: 'right',
			priority: 5,
			show: duration,
			tone: row => ((row.reply_age_s ?? 0) > silence ? 'warning' : 'plain'),
		},
		{field: 'kind', title: 'kind', width: 8, priority: 6},
		{field: 'client', title: 'client', width: 14, priority: 7},
		{field: 'server', title: 'from', width: 16, show: machineOf, priority: 8},
		{field: 'note', title: 'note', width: 12, grow: 2, priority: 2, tone: row => (row.state === 'missing' ? 'critical' : 'dim')},
	],
	filters: {state: 'state', app: 'application_name', client: 'client', slot: 'slot_name', server: 'server'},
	groups: ['server', 'state', 'sync_state'],
	order: (a, b) => rankOf(b) - rankOf(a) || (b.lag_s ?? -1) - (a.lag_s ?? -1),
	derive,
	beside: ['standby', 'slots', 'wal-rate'],
	detail: {title: row => `Sender ${nameOf(row)}`, ask: [], sections: sectionsOf},
	checks: [lagCheck, missingCheck],
	forget: row => {
		if (row.state !== 'missing') return 'it is connected';
		return row.kept_by === null
			? undefined
			: `${row.kept_by} still waits for it: ${row.kept_by.startsWith('its slot') ? 'drop that first' : 'take it out there first'}`;
	},
});

function rankOf(row: Sender): number {
	return row.state === 'missing' ? 2 : isStandby(row) ? 1 : 0;
}

function sectionsOf(row: Sender): readonly Section[] {
	const pair = (label: string, text: string): Line => [{text: label.padEnd(18), tone: 'dim'}, {text}];
	const step = (label: string, behind: number | null, lag: number | null): Line => pair(label, `${bytes(clamped(behind))} behind, ${duration(lag)}`);
	return [
		{title: '', lines: row.note === '' ? [] : [[{text: row.note, tone: row.state === 'missing' ? 'critical' : 'plain'}]]},
		{
			title: 'Connection',
			lines: [
				pair('application name', plain(row.application_name)),
				pair('client', plain(row.client)),
				pair('slot', plain(row.slot_name)),
				pair('kind', plain(row.kind)),
				pair('synchronous', `${plain(row.sync_state)}, priority ${plain(row.sync_priority)}`),
				pair('pid', plain(row.pid)),
				pair('connected for', duration(row.connected_s)),
				pair('last reply', duration(row.reply_age_s)),
			],
		},
		{
			title: 'Position',
			lines: [
				step('not sent', row.sent_bytes, null),
				step('not written', row.write_bytes, row.write_lag_s),
				step('not flushed', row.flush_bytes, row.flush_lag_s),
				step('not replayed', row.replay_bytes, row.replay_lag_s),
				pair('replayed up to', plain(row.replay_lsn)),
				pair('holds xmin back', row.xmin_age === null ? plain(null) : `${row.xmin_age} transactions`),
			],
		},
	];
}
