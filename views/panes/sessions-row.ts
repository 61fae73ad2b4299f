/** queries/sessions.sql: one backend. */
export type SessionsRow = {
	readonly pid: number;
	readonly leader_pid: number | null;
	readonly usename: string | null;
	readonly datname: string | null;
	readonly application_name: string | null;
	readonly client: string | null;
	readonly backend_type: string | null;
	readonly state: string | null;
	readonly state_s: number | null;
	readonly wait_event_type: string | null;
	readonly wait_event: string | null;
	readonly backend_s: number | null;
	readonly xact_s: number | null;
	readonly query_s: number | null;
	readonly backend_xid: string | null;
	readonly xmin_age: number | null;
	readonly query_id: string | null;
	readonly query: string | null;
	readonly backend_start: string | null;
	readonly xact_start: string | null;
	readonly query_start: string | null;
	readonly state_change: string | null;
	readonly own: boolean;
	readonly hidden: boolean;
};

/** `blocks`: how many wait behind it, through others too; `waits_for`: its blockers. `place` is the order of the groups. */
export type Session = SessionsRow & {readonly blocks: number; readonly waits_for: string | null; readonly wait: string | null; readonly place: number};
