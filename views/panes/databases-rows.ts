import type {Input, Row} from '../../source/pane.ts';
import {isOfService} from '../../source/provider.ts';

export type DatabasesRow = {
	readonly datid: string;
	/** Null: what all databases share */
	readonly datname: string | null;
	readonly here: boolean | null;
	readonly template: boolean;
	readonly connectable: boolean;
	readonly numbackends: number;
	readonly datconnlimit: number | null;
	readonly xact_commit: number;
	readonly xact_rollback: number;
	readonly blks_hit: number;
	readonly blks_read: number;
	readonly tup_returned: number;
	readonly tup_fetched: number;
	readonly tup_inserted: number;
	readonly tup_updated: number;
	readonly tup_deleted: number;
	readonly temp_files: number;
	readonly temp_bytes: number;
	readonly deadlocks: number;
	readonly conflicts: number;
	/** Null where checksums are off */
	readonly checksum_failures: number | null;
	readonly checksum_s: number | null;
	readonly blk_read_time: number;
	readonly blk_write_time: number;
	readonly session_time: number | null;
	readonly active_time: number | null;
	readonly idle_in_transaction_time: number | null;
	readonly sessions: number | null;
	readonly sessions_abandoned: number | null;
	readonly sessions_fatal: number | null;
	readonly sessions_killed: number | null;
	/** Reset, or the last crash, which empties all counters without saying so in pg_stat_database */
	readonly stats_since: number | null;
	readonly stats_s: number | null;
	readonly xid_age: number | null;
	readonly mxid_age: number | null;
	readonly freeze_max_age: number;
	readonly mxid_freeze_max_age: number;
};

export type DatabaseSizesRow = {
	readonly datid: string;
	readonly datname: string;
	readonly here: boolean;
	readonly template: boolean;
	readonly size_bytes: number | null;
	readonly owner: string;
	readonly spcname: string | null;
	readonly encoding: string;
	readonly datcollate: string | null;
	readonly connectable: boolean;
};

/** What the row gains: whether it is the managed service's own, which nobody else may enter. */
export type System = {readonly system: boolean};

export function isSystem(row: Row, input: Input): boolean {
	return isOfService(input.facts[input.watched], null, typeof row.datname === 'string' ? row.datname : null);
}
