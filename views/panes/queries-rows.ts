export type StatementsRow = {
	/**
	 * `statement`; `hidden`: all that one user ran in one database, unseen without privilege; `all`: the sums, without nested statements;
	 * `about`: what pg_stat_statements says of itself, without counters
	 */
	readonly kind: string;
	readonly entries: number;
	readonly queryid: string | null;
	readonly userid: string | null;
	readonly dbid: string | null;
	readonly toplevel: boolean;
	readonly usename: string | null;
	readonly datname: string | null;
	readonly here: boolean | null;
	readonly calls: number | null;
	readonly plans: number | null;
	readonly total_exec_time: number | null;
	readonly total_plan_time: number | null;
	readonly mean_exec_time: number | null;
	readonly stddev_exec_time: number | null;
	readonly max_exec_time: number | null;
	readonly rows: number | null;
	readonly shared_blks_hit: number | null;
	readonly shared_blks_read: number | null;
	readonly shared_blks_dirtied: number | null;
	readonly temp_blks_read: number | null;
	readonly temp_blks_written: number | null;
	readonly read_time: number | null;
	readonly write_time: number | null;
	readonly wal_bytes: number | null;
	readonly since: number | null;
	readonly since_s: number | null;
	readonly stats_reset: number | null;
	readonly dealloc: number | null;
	/** Entries of the last hour; null before 1.11 */
	readonly fresh_entries: number | null;
	readonly max_entries: number | null;
	readonly io_timed: boolean | null;
};

export type RunningRow = {
	readonly pid: number;
	readonly usename: string | null;
	readonly datname: string | null;
	readonly application_name: string | null;
	readonly query_s: number | null;
	readonly xact_s: number | null;
	readonly wait_event_type: string | null;
	readonly wait_event: string | null;
	readonly backend_start: string;
	readonly query_start: string | null;
	readonly hidden: number;
	readonly query: string | null;
};
