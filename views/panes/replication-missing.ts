import type {Input} from '../../source/pane.ts';
import {duration} from '../format.ts';
import {isStandby, nameOf, type Sender, type Slot, type WalRate} from './replication-rows.ts';

/** Who should be connected to a primary and is not: owners of inactive slots, names of synchronous_standby_names, and who was seen before. */
export function awayFrom(present: readonly Sender[], input: Input): readonly Sender[] {
	const servers = (input.rows['wal-rate'] ?? []) as readonly WalRate[];
	// On a standby idle slots are usual: failover managers and slot synchronisation keep them there.
	return servers
		.filter(server => !server.recovery)
		.flatMap(server =>
			awayFromOne(
				server,
				present.filter(row => row.server === server.server),
				input,
			),
		);
}

/** More slots than any server has; names of companions that come and go may be more. */
const mostAway = 1000;

function awayFromOne(server: WalRate, present: readonly Sender[], input: Input): readonly Sender[] {
	const slots = ((input.rows.slots ?? []) as readonly Slot[]).filter(slot => slot.server === server.server);
	const before = ((input.rows.replication ?? []) as readonly Sender[]).filter(row => row.server === server.server);
	const away = new Map<string, Sender>();
	const add = (row: Sender) => {
		const key = nameOf(row).toLowerCase();
		const other = away.get(key);
		away.set(key, other ? {...other, ...longer(other, row), kept_by: other.kept_by ?? row.kept_by, note: `${other.note}; ${row.note}`} : row);
	};
	for (const slot of slots) {
		const waits = slot.slot_type === 'physical' && !slot.active && !slot.temporary && !slot.synced && !slot.unreserved;
		// Slots are asked less often than senders: one that is just connected may still look inactive.
		if (!waits || present.some(row => row.slot_name === slot.slot_name)) continue;
		const since = slot.inactive_s === null ? '' : ` for ${duration(slot.inactive_s)}`;
		// Under the name by which it was known: a slot is often called otherwise.
		const owner = before.find(row => row.slot_name === slot.slot_name);
		const {application_name = null, client = null} = owner ?? {};
		const known = {application_name, client, slot_name: slot.slot_name, kind: 'physical', away_s: slot.inactive_s};
		add(absent(server, {...known, kept_by: `its slot ${slot.slot_name}`, note: `its slot ${slot.slot_name} is inactive${since}`}));
	}
	const names = present.map(row => (row.application_name ?? '').toLowerCase());
	const wanted = namesOf(server.synchronous_standby_names);
	for (const name of wanted.names) {
		if (names.includes(name.toLowerCase())) continue;
		add(absent(server, {application_name: name, kind: 'physical', kept_by: 'synchronous_standby_names', note: `synchronous_standby_names names ${name}`}));
	}
	const streaming = present.filter(row => isStandby(row)).length;
	if (wanted.any && streaming < wanted.count) {
		const note = `synchronous_standby_names wants ${wanted.count}, ${streaming} are there`;
		add(absent(server, {application_name: 'any standby', kind: 'physical', kept_by: 'synchronous_standby_names', note}));
	}
	for (const row of before) {
		const gone = row.gone_at !== null || row.state === 'streaming';
		if (!gone || !isStandby(row) || present.some(one => isSame(one, row))) continue;
		const at = row.gone_at ?? server.server_time;
		const away_s = Math.max(0, server.server_time - at);
		const isDropped = input.rows.slots !== undefined && wasDropped(row, slots);
		if (isDropped && away_s >= retired) continue;
		const seen = `seen before, gone for ${duration(away_s)}`;
		const note = isDropped ? `${seen}; its slot was dropped: forgotten after an hour, or by F` : seen;
		add(absent(server, {...row, away_s, gone_at: at, kept_by: null, note}));
	}
	return [...away.values()].slice(0, mostAway);
}

/** Seconds. A cluster manager drops the slot of a host that crashed, too: after half an hour (Patroni), or within a minute. */
const retired = 3600;

/** Its slot went after it did. The temporary one of a WAL receiver goes with the connection and says nothing. */
function wasDropped(row: Sender, slots: readonly Slot[]): boolean {
	const {slot_name} = row;
	return slot_name !== null && !/^pg_walreceiver_\d+$/.test(slot_name) && !slots.some(slot => slot.slot_name === slot_name);
}

function isSame(a: Sender, b: Sender): boolean {
	return a.slot_name !== null && b.slot_name !== null ? a.slot_name === b.slot_name : a.application_name === b.application_name && a.client === b.client;
}

function longer(a: Sender, b: Sender): Pick<Sender, 'away_s' | 'lag_s' | 'gone_at'> {
	const away_s = a.away_s === null ? b.away_s : Math.max(a.away_s, b.away_s ?? 0);
	return {away_s, lag_s: away_s, gone_at: a.gone_at ?? b.gone_at};
}

/** It lags at least as long as it is away; how far nobody knows. */
function absent(server: WalRate, known: Partial<Sender>): Sender {
	return {
		server: server.server,
		server_time: server.server_time,
		pid: 0,
		usename: null,
		application_name: known.application_name ?? null,
		client: known.client ?? null,
		slot_name: known.slot_name ?? null,
		kind: known.kind ?? null,
		state: 'missing',
		sync_state: null,
		sync_priority: null,
		sent_bytes: null,
		write_bytes: null,
		flush_bytes: null,
		replay_bytes: null,
		write_lag_s: null,
		flush_lag_s: null,
		replay_lag_s: null,
		reply_age_s: null,
		connected_s: null,
		xmin_age: null,
		sent_lsn: null,
		replay_lsn: null,
		lag_s: known.away_s ?? null,
		lag_bytes: null,
		delay_s: null,
		stuck_at: null,
		note: known.note ?? '',
		gone_at: known.gone_at ?? null,
		away_s: known.away_s ?? null,
		kept_by: known.kept_by ?? null,
	};
}

/** `s1, s2`, `2 (s1, s2)`, `FIRST 2 (s1, s2)`, `ANY 1 (*)`; names may be quoted. `any` is true when `*` stands for all. */
export function namesOf(setting: string | null): {readonly names: readonly string[]; readonly count: number; readonly any: boolean} {
	const match = /^\s*(?:(?:first|any)\s+)?(\d+)\s*\((.*)\)\s*$/is.exec(setting ?? '');
	const list = match ? match[2]! : (setting ?? '');
	const names = [...list.matchAll(/"((?:[^"]|"")*)"|[^\s,]+/g)].map(found => (found[1] === undefined ? found[0] : found[1].replaceAll('""', '"')));
	return {names: [...new Set(names.filter(name => name !== '*'))], count: names.length === 0 ? 0 : match ? Number(match[1]) : 1, any: names.includes('*')};
}
