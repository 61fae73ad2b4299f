/** The vocabulary of pgperf: what a pane is made of. Types only; every room of the house speaks them. */

/** All that SQL may return (queries/README.md): text, int4 or float8, bool; `null` is SQL NULL and means unknown, painted `–`. */
export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

/** `database @ host:port`, the name of a server in the configuration, or whatever else is unique among the known servers. */
export type ServerId = string;
/** Basename of a file of `queries/` without variant: `locks` stands for locks.sql and locks.14.sql, `actions/cancel` for a plan. */
export type QueryName = string;
export type TableId = string;
export type PaneId = string;
/** Stable identity of a row within its table, never an index. */
export type RowKey = string;

export type Tone = 'plain' | 'dim' | 'strong' | 'accent' | 'good' | 'notice' | 'warning' | 'critical';
export type Segment = {readonly text: string; readonly tone?: Tone; readonly inverse?: boolean};
/** One line of the screen or of a report: differently toned parts. Everything that is painted is lines of segments. */
export type Line = readonly Segment[];

/** What one query returned: `at` is monotonic milliseconds, `cost` the server's milliseconds without the round trip. */
export type Sample = {readonly at: number; readonly rows: readonly Row[]; readonly cost: number};

/** The answer to one question. Errors are values: `skipped` was not sent (or is not sent again until the facts change), `failed` may work next time. */
export type Result =
	| {readonly status: 'ok'; readonly sample: Sample}
	| {readonly status: 'skipped'; readonly reason: string; readonly remedy: string | undefined}
	| {readonly status: 'failed'; readonly message: string; readonly code: string | undefined};

/** What is true of a server until it restarts, fails over or changes its extensions. Read by queries/facts.sql. */
export type Facts = {
	/** `18.4` */
	readonly version: string;
	readonly major: number;
	readonly recovery: boolean;
	/** Epoch seconds. */
	readonly started_at: number;
	readonly system_identifier: string | null;
	readonly database: string;
	readonly role: string;
	readonly superuser: boolean;
	/** Member of pg_read_all_stats: sees the sessions of others. */
	readonly canReadAll: boolean;
	/** Member of pg_monitor. */
	readonly monitor: boolean;
	/** Member of pg_signal_backend: may cancel the sessions of others that are no superusers. */
	readonly canSignal: boolean;
	/** Member of pg_signal_autovacuum_worker (18+). */
	readonly canSignalAutovacuum: boolean;
	/** Extension name to installed version, of this database. */
	readonly extensions: Readonly<Record<string, string>>;
	/** The schemas of those extensions that pgperf uses, already quoted. */
	readonly extensionSchemas: readonly string[];
	/** True when a pooler stands between: BackendKeyData names another process than pg_backend_pid(). */
	readonly pooled: boolean;
	/** `rds`, `aurora`, `cloudsql`, `azure`, ...; null on a server of one's own. */
	readonly provider: string | null;
	readonly timezone: string;
	readonly maxConnections: number;
	/** superuser_reserved_connections + reserved_connections: not for ordinary roles. */
	readonly reservedConnections: number;
	readonly blockSize: number;
};

/** One file of `queries/`. `text` is the SQL alone, with the marker that names it in the server's log. */
export type Query = {
	readonly name: QueryName;
	readonly file: string;
	readonly about: string;
	readonly source: string;
	readonly needs: readonly Need[];
	readonly privilege: string;
	readonly cost: string;
	readonly text: string;
};
export type Need =
	| {readonly kind: 'server'; readonly version: number}
	| {readonly kind: 'extension'; readonly name: string; readonly version: string}
	| {readonly kind: 'primary'}
	| {readonly kind: 'standby'};

/** A ring of numbers, oldest first; `null` is a gap: nothing was asked, or nothing is known. */
export type History = Readonly<Record<string, readonly (number | null)[]>>;

/** What the pure functions of a pane may look at. */
export type Input = {
	/** The derived rows of every table that was answered, in no particular order. */
	readonly rows: Readonly<Record<TableId, readonly Row[]>>;
	/** The watched server's facts, and those of its companions. */
	readonly facts: Readonly<Record<ServerId, Facts>>;
	readonly watched: ServerId;
	readonly history: History;
	/** Companions that can't be asked now, and why. What they said last still stands in `rows`. */
	readonly lost?: Readonly<Record<ServerId, string>>;
};

export type Column<R extends Row = Row> = {
	readonly field: string;
	readonly title: string;
	/** Least width in cells. Numbers keep their column still: choose the width of the widest usual value. */
	readonly width: number;
	/** Share of the spare width; a query column has the most. */
	readonly grow?: number;
	readonly align?: 'left' | 'right';
	readonly show?: (value: Value, row: R) => string;
	readonly tone?: (row: R) => Tone | undefined;
	/** 1 stays to the last; the highest leaves first when the width shrinks. */
	readonly priority: number;
};

/** Who is asked. `sql` is a file of queries/; `tables` is derived from other tables without asking anybody. */
export type From =
	| {readonly sql: QueryName}
	| {readonly redis: 'tags' | 'info'}
	| {readonly pgbouncer: string}
	| {readonly tables: readonly TableId[]}
	| {readonly log: 'actions' | 'findings' | 'notifications'};

export type Section = {readonly title: string; readonly lines: readonly Line[]};
/** One more question about the row that is opened. */
export type Ask<R extends Row = Row> = {
	readonly id: string;
	readonly sql: QueryName;
	readonly params: (row: R) => readonly (Value | readonly Value[])[];
	readonly session: 'sample' | 'survey';
};
export type Answers = Readonly<Record<string, Result>>;
export type Detail<R extends Row = Row> = {
	readonly title: (row: R) => string;
	readonly ask: readonly Ask<R>[];
	readonly sections: (row: R, answers: Answers, input: Input) => readonly Section[];
};

/** Where the text of a row's statement comes from: `e` shows its plan, which is made without running it. */
export type Explain<R extends Row = Row> = {
	/**
	 * Answers with one row: `query` is the whole text, `here` whether it is of the database that is watched. Of a session also `state`, and
	 * `query_size`: the server keeps no more bytes of a text.
	 */
	readonly sql: QueryName;
	readonly params: (row: R) => readonly (Value | readonly Value[])[];
	/** 'statement 4711': what the plan is of. */
	readonly subject: (row: R) => string;
	/** Why not, as a sentence; nothing when it can be done. */
	readonly disabled?: (row: R, facts: Facts) => string | undefined;
};

/** One question and its answer as rows. */
export type Table<R extends Row = Row> = {
	readonly id: TableId;
	readonly title: string;
	/** The sentence for no rows: 'Nobody waits for a lock.' */
	readonly empty: string;
	readonly from: From;
	/** 'cluster': every known server is asked; rows carry `server`, and rowKey starts with it. */
	readonly scope: 'server' | 'cluster';
	/** Each tick; 5 s when open and 30 s behind; 60 s (sizes, bloat). */
	readonly every: 'tick' | 'slow' | 'rare';
	readonly rowKey: (row: R) => RowKey;
	readonly columns: readonly Column<R>[];
	/** A counter keeps its field and gains `<field>_d` (change since the last sample) and `<field>_per_s`; null when that is unknown. */
	readonly counters?: readonly string[];
	/** Makes a tree: siblings are sorted, a filter keeps ancestors, a cycle is cut at the first repeat. */
	readonly parent?: (row: R) => RowKey | null;
	/** What `b` can group by: fields. */
	readonly groups?: readonly string[];
	/** How many a row stands for: the heading of a group tells the sum. */
	readonly weight?: (row: R) => number;
	/** Short names for the filter: `user:app` looks into the field that `user` names. */
	readonly filters?: Readonly<Record<string, string>>;
	/** Order of the rows before the user sorts; total, by the end of it the rowKey decides. */
	readonly order?: (a: R, b: R) => number;
	/** Rows that `i` hides until asked for: idle sessions. */
	readonly hidden?: (row: R) => boolean;
	/** Ratios, ranks, joins over tables and servers. Gets the rows with their counters' changes. */
	readonly derive?: (rows: readonly R[], input: Input) => readonly Row[];
	/** Tables that `derive` looks at besides: whichever is answered last, the rows are made of both. It is called more than once for one sample. */
	readonly beside?: readonly TableId[];
	/** Lines above the header: groups, the mildest cure. What is wider than `columns` is cut; a report does not say. */
	readonly summary?: (rows: readonly R[], input: Input, columns?: number) => readonly Line[];
	/** Why a part of what it is about is not in it, as a sentence: rows that this role does not see. */
	readonly unseen?: (rows: readonly R[], input: Input) => string | undefined;
	/** Asked once per unknown key among the visible rows, kept in a bounded cache (statement texts). */
	readonly lookup?: {readonly sql: QueryName; readonly key: string; readonly fields: readonly string[]};
	readonly detail?: Detail<R>;
	readonly explain?: Explain<R>;
	readonly checks?: readonly Check[];
	readonly actions?: readonly Action<R>[];
	/** `F` takes a row off the screen that pgperf alone still knows of; nothing is sent. Why not, as a sentence; nothing when it can be done. */
	readonly forget?: (row: R) => string | undefined;
};

/** A number over time, kept in a ring of 900 points. */
export type Series = {
	readonly id: string;
	readonly title: string;
	/** Null where nothing is known: a gap, never a line across. */
	readonly value: (input: Input) => number | null;
	readonly show: (value: number) => string;
};

/** A pane's face on the overview. */
export type Tile = {
	readonly title: string;
	readonly lines: readonly Line[];
	readonly series?: string;
	/** The check whose warning is drawn into the chart; percent are taken for shares of 1. */
	readonly limit?: string;
	/** In the unit of the series, where that is another one than the limit's. */
	readonly threshold?: number;
	readonly tone?: Tone;
};

export type Pane = {
	readonly id: PaneId;
	/** '1'..'9', '0'; without a key it is found under `g`. */
	readonly key?: string;
	readonly title: string;
	readonly tables: readonly Table[];
	/** 'stack': all tables, one below the other; 'switch': one at a time, `m` goes to the next. */
	readonly arrange: 'stack' | 'switch';
	/** 'frame' is asked every tick whatever is open and has no tab: the vitals. 'overview' paints the tiles of all. */
	readonly place?: 'frame' | 'overview';
	readonly series?: readonly Series[];
	/** The series drawn as a chart above the tables. */
	readonly chart?: string;
	readonly tile?: (input: Input) => Tile;
};

export type Level = 'critical' | 'warning' | 'notice';
/** `now` hurts at this moment; `care` is hygiene. */
export type CheckClass = 'now' | 'care';
/** Thresholds of one check in its own unit; at or above (or, with `below`, under) them it rises. */
export type Limit = {
	readonly notice?: number;
	readonly warning?: number;
	readonly critical?: number;
	readonly below?: boolean;
	/** Less traffic, size or time than this means nothing. */
	readonly floor?: number;
	/** How many objects at once make a matter of their own: see the limit's title. */
	readonly many?: number;
};

/** What a check saw of one object. The engine adds server, table, hold and count. */
export type Hit = {
	readonly level: Level;
	/** Top-level object: one finding per check and object. */
	readonly subject: string;
	readonly rowKey?: RowKey;
	readonly field?: string;
	/** One line with the number: '5 sessions wait behind 4711, idle in transaction 12m'. */
	readonly title: string;
	/** Evidence. */
	readonly detail: string;
	/** What to do about it. */
	readonly remedy: string;
	readonly value: number;
};
export type Check = {
	/** Also the key of its thresholds in limits.ts. */
	readonly id: string;
	readonly class: CheckClass;
	readonly title: string;
	/** Samples in a row to rise and to clear; unless said 3 and 10 for `now`, 1 and 1 for `care`: the catalog does not flap. */
	readonly hold?: {readonly rise: number; readonly clear: number};
	/** Why it can't judge although its table was answered, as a sentence: no privilege, not there on this service. */
	readonly unseen?: (input: Input) => string | undefined;
	/** Whether something else is the matter with it by now, or it is gone: then its finding is over at once, without the hold. */
	readonly isOver?: (input: Input, subject: string) => boolean;
	/** Returns only what is above its floor (enough traffic to mean something) and its limit. `limits` are those of all checks, by id. */
	readonly when: (input: Input, limit: Limit, limits: Readonly<Record<string, Limit>>) => readonly Hit[];
};
export type Finding = Hit & {
	readonly id: string;
	readonly class: CheckClass;
	readonly server: ServerId;
	readonly table: TableId;
	readonly count: number;
	readonly limit: number | undefined;
};

/** One statement that an action sends, word for word. The steps of one group are one transaction; its begin, set local and commit are steps too. */
export type Step = {readonly on: 'postgres' | 'redis'; readonly text: string; readonly args: readonly Value[]; readonly group: string};

export type Field = {
	readonly id: string;
	readonly label: string;
	readonly kind: 'text' | 'number' | 'choice';
	readonly initial: string;
	readonly choices?: readonly string[];
	/** A sentence when the text can't be used. */
	readonly problem?: (text: string) => string | undefined;
};

/**
 * Something that changes a server. The plan (a file of queries/actions/) returns the statements that would run,
 * a question shows them, the runner sends exactly those.
 */
export type Action<R extends Row = Row> = {
	readonly id: string;
	readonly key: string;
	/** 'Terminate': the button of the question and the menu's line. */
	readonly label: string;
	/** 'ask' waits for y, 'type' for a typed word: the plan's `typed`, or the count of targets. */
	readonly danger: 'ask' | 'type';
	/** Works on all marked rows at once; otherwise on the row under the cursor alone. */
	readonly many: boolean;
	readonly input?: readonly Field[];
	readonly plan: {readonly sql: QueryName} | {readonly redis: 'invalidate'};
	/**
	 * 'signal' runs on act and checks afterwards whether the target is gone; 'call' is one function call on act, on standbys too;
	 * 'ddl' and 'long' run on a session of their own.
	 */
	readonly run: 'signal' | 'call' | 'ddl' | 'long' | 'redis';
	/** Parameters of the plan's file, in order. The facts are those of the server that will be asked. */
	readonly params: (rows: readonly R[], input: Readonly<Record<string, string>>, facts: Facts) => readonly (Value | readonly Value[])[];
	/** Why not, as a sentence; nothing when it can be done. */
	readonly disabled?: (row: R, facts: Facts) => string | undefined;
	/** Lines for the question from what the console already knows: how many are freed, who is next. */
	readonly cost?: (rows: readonly R[], input: Input) => readonly Line[];
	/** The role, grant or state that it needs, for the menu. */
	readonly needs: string;
};

/** Types the fields and callbacks of one table; erased in the registry, where all tables are equal. */
export function table<R extends Row>(declared: Table<R>): Table {
	return declared as unknown as Table;
}
