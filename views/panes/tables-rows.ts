export type TablesRow = {
	readonly relid: string;
	readonly nspname: string;
	readonly relname: string;
	readonly relkind: string;
	readonly parts: number;
	readonly size_bytes: number;
	readonly index_bytes: number;
	readonly size_exact: boolean;
	readonly table_rows: number | null;
	readonly live: number;
	readonly dead: number;
	readonly n_tup_ins: number;
	readonly n_tup_upd: number;
	readonly n_tup_del: number;
	readonly n_tup_hot_upd: number;
	readonly seq_scan: number;
	readonly seq_tup_read: number;
	/** Null where the table has no index */
	readonly idx_scan: number | null;
	readonly vacuum_s: number | null;
	readonly analyze_s: number | null;
	/** Of the table and what it keeps out of line, the older */
	readonly xid_age: number | null;
	readonly mxid_age: number | null;
	readonly autovacuum: boolean;
	readonly enabled: boolean;
	readonly vacuum_at: number | null;
	/** How much of each threshold of autovacuum is reached: 1 is due */
	readonly vacuum_due: number | null;
	readonly insert_due: number | null;
	readonly analyze_due: number | null;
	readonly freeze_due: number | null;
};

export type ProgressRow = {
	readonly kind: string;
	readonly pid: number;
	readonly datname: string | null;
	readonly relation: string | null;
	readonly phase: string | null;
	readonly done: number | null;
	readonly whole: number | null;
	readonly unit: string | null;
	readonly usename: string | null;
	readonly autovacuum: boolean | null;
	readonly wraparound: boolean | null;
	readonly xact_s: number | null;
	readonly age_s: number | null;
	readonly wait_event_type: string | null;
	readonly wait_event: string | null;
	readonly workers: number;
	readonly max_workers: number;
	/** Since when all the workers that run now have been running */
	readonly workers_s: number | null;
	readonly backend_start: string | null;
	readonly server_time: number;
};

export type SequencesRow = {
	readonly seqrelid: string;
	readonly nspname: string;
	readonly relname: string;
	readonly tablename: string | null;
	readonly attname: string | null;
	readonly typname: string;
	/** The column that it fills ends before the sequence does */
	readonly by_column: boolean | null;
	readonly cycles: boolean;
	readonly denied: boolean;
	readonly increment: number;
	readonly least_value: number;
	readonly most_value: number;
	readonly last_value: number | null;
};

export type TableBloatRow = {
	readonly relid: string;
	readonly nspname: string;
	readonly relname: string;
	readonly heap_bytes: number;
	/** Null where the widths of the columns can't be read */
	readonly bloat_bytes: number | null;
	readonly fillfactor: number;
	readonly table_rows: number;
	readonly columns_known: number;
	readonly columns: number;
	readonly analyze_s: number | null;
};
