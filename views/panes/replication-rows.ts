import type {Value} from '../../source/pane.ts';
import {plain} from '../format.ts';
import type {Replay} from './replay.ts';

/** One row of queries/replication.sql. Positions are bytes behind this server; all of them null without pg_read_all_stats. */
export type ReplicationRow = {
	readonly server_time: number;
	readonly pid: number;
	readonly usename: string | null;
	readonly application_name: string | null;
	readonly client: string | null;
	readonly slot_name: string | null;
	readonly kind: string | null;
	readonly state: string | null;
	readonly sync_state: string | null;
	readonly sync_priority: number | null;
	readonly sent_bytes: number | null;
	readonly write_bytes: number | null;
	readonly flush_bytes: number | null;
	readonly replay_bytes: number | null;
	readonly write_lag_s: number | null;
	readonly flush_lag_s: number | null;
	readonly replay_lag_s: number | null;
	readonly reply_age_s: number | null;
	readonly connected_s: number | null;
	readonly xmin_age: number | null;
	readonly sent_lsn: string | null;
	readonly replay_lsn: string | null;
};

/** A sender, or one that should be there: then `state` is missing and `why` says who misses it. */
export type Sender = ReplicationRow & {
	readonly server: string;
	readonly lag_s: number | null;
	readonly lag_bytes: number | null;
	/** Taken off the lag: recovery_min_apply_delay of the standby, where it was asked. */
	readonly delay_s: number | null;
	readonly note: string;
	/** Epoch seconds of the server since when it was seen to replay nothing while bytes waited. */
	readonly stuck_at: number | null;
	/** Epoch seconds of the server when it was noticed to be gone. */
	readonly gone_at: number | null;
	readonly away_s: number | null;
	/** What on the server still waits for one that is away, 'its slot s1'; null: it is only remembered. */
	readonly kept_by: string | null;
};

/** What a server in recovery says of itself: one row of queries/standby.sql. */
export type StandbyRow = {
	readonly server_time: number;
	readonly receiver_pid: number | null;
	readonly receiver_status: string | null;
	readonly sender_host: string | null;
	readonly sender_port: number | null;
	readonly slot_name: string | null;
	readonly application_name: string | null;
	readonly timeline: number | null;
	readonly heard_s: number | null;
	readonly silence_s: number | null;
	readonly replay_bytes: number | null;
	readonly unreplayed_bytes: number | null;
	readonly replay_position: number | null;
	readonly replayed_commit_s: number | null;
	readonly paused: boolean;
	readonly apply_delay_s: number | null;
	readonly streams: boolean | null;
	readonly feedback: boolean | null;
	readonly has_target: boolean | null;
	readonly conflicts: number | null;
	readonly replay_wait: string | null;
	readonly replay_blockers: string | null;
	readonly oldest_pid: number | null;
	readonly oldest_user: string | null;
	readonly oldest_application: string | null;
	readonly oldest_query_s: number | null;
};
export type Standby = StandbyRow & {
	readonly server: string;
	readonly conflicts_d?: number | null;
	/** `streaming` and heard of lately, or why its lag can't be known. */
	readonly link: 'streaming' | 'silent' | 'connecting' | 'disconnected' | 'archive' | 'hidden' | 'unreachable';
	readonly lag_s: number | null;
	/** A lower bound when the link is not streaming. */
	readonly lag_bytes: number | null;
	readonly note: string;
} & Replay;

/** One row of queries/slots.sql. */
export type SlotsRow = {
	readonly slot_name: string;
	readonly slot_type: string;
	readonly plugin: string | null;
	readonly database: string | null;
	readonly temporary: boolean;
	readonly active: boolean;
	readonly active_pid: number | null;
	readonly wal_status: string | null;
	readonly retained_bytes: number | null;
	readonly safe_bytes: number | null;
	readonly unconfirmed_bytes: number | null;
	readonly unreserved: boolean;
	readonly xmin_age: number | null;
	readonly catalog_xmin_age: number | null;
	readonly conflicting: boolean | null;
	readonly invalidation_reason: string | null;
	readonly inactive_s: number | null;
	readonly failover: boolean;
	readonly synced: boolean;
};
export type Slot = SlotsRow & {
	readonly server: string;
	readonly retained_bytes_per_s: number | null;
	/** `lost` comes before everything else: by its numbers a lost slot looks healthy. */
	readonly status: string;
	readonly time_left_s: number | null;
	readonly horizon_age: number | null;
	readonly note: string;
};

/** One row of queries/subscriptions.sql. */
export type SubscriptionsRow = {
	readonly subname: string;
	readonly database: string;
	readonly enabled: boolean;
	readonly slot_name: string | null;
	readonly worker_pid: number | null;
	readonly publications: string | null;
	readonly received_lsn: string | null;
	readonly heard_s: number | null;
	readonly transit_s: number | null;
	readonly reported_s: number | null;
	readonly tables: number | null;
	readonly tables_not_ready: number | null;
	readonly apply_errors: number | null;
	readonly sync_errors: number | null;
};
export type Subscription = SubscriptionsRow & {
	readonly server: string;
	readonly apply_errors_d: number | null;
	readonly sync_errors_d: number | null;
	readonly status: string;
	/** Errors since the sample before; null where the server does not count them or there is no sample before. */
	readonly errors_d: number | null;
};

/** The one row of queries/wal-rate.sql. */
export type WalRateRow = {
	readonly server_time: number;
	readonly recovery: boolean;
	readonly wal_bytes: number | null;
	readonly archive_mode: string;
	readonly archived: number;
	readonly failed: number;
	readonly last_archived_wal: string | null;
	readonly last_failed_wal: string | null;
	readonly last_archived_s: number | null;
	readonly last_failed_s: number | null;
	readonly failing: boolean;
	readonly ready: number | null;
	readonly synchronous_standby_names: string;
	readonly slot_keep_bytes: number | null;
};
export type WalRate = WalRateRow & {
	readonly server: string;
	readonly wal_bytes_per_s: number | null;
	readonly archiver: string;
};

/** 0 for a negative number: a standby can report while we look. Unknown stays unknown. */
export function clamped(value: Value | undefined): number | null {
	return typeof value === 'number' ? Math.max(0, value) : null;
}

export function isStandby(row: Pick<Sender, 'kind' | 'application_name'>): boolean {
	// A table being copied by a subscription comes and goes.
	return row.kind !== 'backup' && row.application_name !== 'pg_receivewal' && !/^pg_\d+_sync_\d+/.test(row.application_name ?? '');
}

/** The name by which people know it: the slot tells standbys apart that all call themselves walreceiver. */
export function nameOf(row: Pick<Sender, 'application_name' | 'slot_name' | 'client'>): string {
	const name = row.application_name ?? '';
	return name !== '' && name !== 'walreceiver' ? name : (row.slot_name ?? row.client ?? (name || 'a standby'));
}

/** Of 'shop @ db2:5432' what tells the servers apart: all are asked in the same database. */
export function machineOf(server: Value): string {
	return plain(server).replace(/^.* @ /, '');
}
