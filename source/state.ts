import {type CheckState, type Coverage, freshChecks, noCoverage} from './checks.ts';
import type {Source} from './due.ts';
import type {Explained} from './explain.ts';
import type {Limits} from './limits.ts';
import type {
	Action,
	Answers,
	Facts,
	Finding,
	History,
	Line,
	Pane,
	PaneId,
	QueryName,
	Result,
	Row,
	RowKey,
	Sample,
	ServerId,
	Step,
	Table,
	TableId,
	Tone,
} from './pane.ts';
import type {View} from './visible.ts';

export type Size = {readonly columns: number; readonly rows: number};

/** How it stands with the stream of samples of one server. Times are monotonic milliseconds. */
export type Feed =
	| {readonly is: 'connecting'; readonly since: number}
	| {readonly is: 'live'; readonly since: number}
	/** `reason`: of the loss; `message`: of the last try. */
	| {readonly is: 'lost'; readonly since: number; readonly reason: string; readonly message: string; readonly retryAt: number};

export type Server = {
	readonly id: ServerId;
	/** 'shop @ db1:5432' */
	readonly title: string;
	readonly feed: Feed;
	/** Grows with each connection; what was asked under an older one is dropped. */
	readonly generation: number;
	readonly facts?: Facts;
	/** Backends of pgperf itself. */
	readonly ownPids: readonly number[];
	/** Smallest round trip seen, ms. */
	readonly roundTrip?: number;
	readonly tls?: boolean;
	/** Said in the header: 'in reserved slots, 1 left'. */
	readonly note?: string;
	/** What the settings become when it is watched. */
	readonly rules?: Rules;
	/** When the tick queries were asked last, on the schedule: a late tick does not move the next one. */
	readonly tickAt: number;
	readonly busy: Partial<Record<Source, number>>;
	/** What pgperf cost the server in the last round, ms. */
	readonly cost: number;
};

/** What is known of one question to one server. */
export type Answer = {
	readonly result?: Result;
	/** The last sample that came, and the one before it. They stay while a later question fails. */
	readonly sample?: Sample;
	readonly previous?: Sample;
	/** A reconnect or restart lies between: no change may be computed across it. */
	readonly cut: boolean;
	readonly askedAt: number;
	readonly asking?: number;
	/** After a failure: not asked again before. */
	readonly notBefore: number;
	readonly failures: number;
};

/** Derived rows of a table, of the watched server or of all. */
export type TableData = {
	readonly rows: readonly Row[];
	/** When its oldest part was sampled; undefined: nothing yet. */
	readonly at?: number;
	/** Why there is nothing, or why what is shown is old. */
	readonly problem?: {readonly reason: string; readonly remedy: string | undefined; readonly final: boolean};
};

/** Something the user asked for that will be shown before it is sent. */
export type Target = {readonly key: RowKey; readonly subject: string; readonly statements: readonly Step[]; readonly why: string | null; readonly guard: Row};
export type Plan = {
	readonly action: string;
	readonly label: string;
	readonly server: ServerId;
	readonly generation: number;
	readonly at: number;
	readonly targets: readonly Target[];
	readonly facts: readonly Line[];
	/** What must be typed; null: y is enough. */
	readonly typed: string | null;
};
/** `refused`: nothing was sent at all. */
export type Outcome = {readonly subject: string; readonly done: boolean; readonly tone: Tone; readonly text: string; readonly refused?: true};
export type Notice = {readonly text: string; readonly tone: Tone; readonly until: number};

export type Question = {
	readonly is: 'question';
	readonly request: number;
	readonly table: TableId;
	readonly action: Action;
	readonly rows: readonly Row[];
	readonly input: Readonly<Record<string, string>>;
	readonly stage: 'form' | 'planning' | 'shown' | 'refused';
	readonly field: number;
	readonly plan?: Plan;
	readonly problem?: string;
	/** When the question was painted: keys before that, and 400 ms after it, do not answer. */
	readonly paintedAt?: number;
	readonly typed: string;
	readonly scroll: number;
};

export type MenuItem = {readonly id: string; readonly text: string; readonly note?: string; readonly disabled?: string};
export type Overlay =
	| {
			readonly is: 'detail';
			readonly request: number;
			readonly table: TableId;
			readonly key: RowKey;
			readonly row: Row;
			readonly answers: Answers;
			readonly scroll: number;
	  }
	| Question
	| {
			readonly is: 'explain';
			readonly request: number;
			readonly table: TableId;
			readonly row: Row;
			readonly subject: string;
			/** The text is fetched; as superuser it is shown and asked about; it is planned; the plan, or why there is none. */
			readonly stage: 'reading' | 'asked' | 'planning' | 'shown';
			readonly text?: string;
			/** As a question's. */
			readonly paintedAt?: number;
			readonly result?: Explained;
			readonly scroll: number;
	  }
	| {
			readonly is: 'progress';
			readonly request: number;
			readonly title: string;
			readonly lines: readonly Line[];
			readonly since: number;
			readonly cancel: 'possible' | 'asked' | 'impossible';
			readonly outcomes?: readonly Outcome[];
	  }
	/** `cursor`: the row that was selected. */
	| {readonly is: 'filter'; readonly text: string; readonly before: string; readonly cursor: RowKey | null}
	| {
			readonly is: 'menu';
			readonly menu: 'goto' | 'actions' | 'servers' | 'leave';
			readonly title: string;
			readonly items: readonly MenuItem[];
			readonly text: string;
			readonly cursor: number;
	  }
	| {readonly is: 'help'; readonly scroll: number}
	| {readonly is: 'findings'; readonly scroll: number}
	| {readonly is: 'log'; readonly scroll: number};

export type LogEntry = {
	/** Counts up: the row's identity. */
	readonly n: number;
	readonly wall: number;
	readonly kind: 'action' | 'finding' | 'notification' | 'console';
	readonly text: string;
	readonly tone: Tone;
	/** Of a notification, and the server that was watched when it came. */
	readonly channel?: string;
	readonly server?: ServerId;
	/** The cache tag that the rules make of it, or why they make none. */
	readonly tag?: string;
	readonly noTag?: string;
};

/** What the configuration says of one server. */
export type Rules = {
	readonly label: string | null;
	readonly readOnly: boolean;
	/** Every question of the design is a y/n; 'type' asks for the word each time. */
	readonly confirm: 'ask' | 'type';
	readonly limits: Limits;
	/** Table, or `*`, to the tag that a notification of it names. */
	readonly invalidate?: Readonly<Record<string, string>>;
};

/** What was decided at the start and holds for the run; the rules are those of the watched server. */
export type Settings = Rules & {
	/** 'off' by --no-audit; a sentence when the file can't be written. */
	readonly audit: {readonly is: 'on'; readonly path: string} | {readonly is: 'off'} | {readonly is: 'broken'; readonly why: string};
	readonly ascii: boolean;
	readonly colour: boolean;
};

export type State = {
	readonly panes: readonly Pane[];
	readonly settings: Settings;
	/** Monotonic and wall-clock milliseconds of the last tick of our own clock. */
	readonly now: number;
	readonly wall: number;
	readonly interval: number;
	readonly paused: boolean;
	/** Everything that was asked before this is due again: `r`. */
	readonly refreshAt: number;
	/** When the pane or its mode was last changed: what is shown then is asked anew unless it is fresh. */
	readonly openedAt: number;
	readonly size: Size;
	readonly watched: ServerId;
	/** The place that was chosen and has not answered yet. */
	readonly going: string | null;
	readonly servers: Readonly<Record<ServerId, Server>>;
	readonly answers: Readonly<Record<ServerId, Readonly<Record<QueryName, Answer>>>>;
	readonly tables: Readonly<Record<TableId, TableData>>;
	readonly history: History;
	readonly checks: CheckState;
	readonly findings: readonly Finding[];
	readonly coverage: Coverage;
	readonly lookups: Readonly<Record<string, Row>>;
	readonly pane: PaneId;
	/** The shown table of panes that switch. */
	readonly shown: Readonly<Record<PaneId, number>>;
	/** The table that has the cursor in panes that stack. */
	readonly focus: Readonly<Record<PaneId, TableId>>;
	readonly views: Readonly<Record<TableId, View>>;
	readonly overlays: readonly Overlay[];
	readonly notice: Notice | null;
	readonly log: readonly LogEntry[];
	/** Actions under way, by request. */
	readonly running: readonly {readonly request: number; readonly title: string; readonly cancellable: boolean; readonly cancelled?: boolean}[];
	readonly requests: number;
	/** What `w` offers besides the servers already known: names of the configuration, databases of this server. */
	readonly places: readonly MenuItem[];
	/** How many databases the watched server has; null: not known. */
	readonly databases: number | null;
	/** Queries that know one database alone. */
	readonly local: ReadonlySet<QueryName>;
	readonly leaving: boolean;
};

export function paneOf(state: State, id: PaneId = state.pane): Pane {
	return state.panes.find(pane => pane.id === id)!;
}

/** The tables of the open pane that are on the screen. */
export function shownTables(state: State, pane: Pane = paneOf(state)): readonly Table[] {
	if (pane.arrange === 'stack') return pane.tables;
	const table = pane.tables[(state.shown[pane.id] ?? 0) % Math.max(1, pane.tables.length)];
	return table ? [table] : [];
}

/** The table that the keys speak of. */
export function focusedTable(state: State): Table | undefined {
	const tables = shownTables(state);
	return tables.find(table => table.id === state.focus[state.pane]) ?? tables[0];
}

export function topOverlay(state: State): Overlay | undefined {
	return state.overlays[state.overlays.length - 1];
}

/** Before anything has been asked. */
export function initialState(options: {
	readonly panes: readonly Pane[];
	readonly settings: Settings;
	readonly watched: ServerId;
	readonly interval: number;
	readonly size: Size;
	readonly now: number;
	readonly wall: number;
	readonly pane?: PaneId;
	readonly local?: ReadonlySet<QueryName>;
}): State {
	const {panes, settings, watched, interval, size, now, wall} = options;
	return {
		panes,
		settings,
		now,
		wall,
		interval,
		paused: false,
		refreshAt: Number.NEGATIVE_INFINITY,
		openedAt: now,
		size,
		watched,
		going: null,
		servers: {},
		answers: {},
		tables: {},
		history: {},
		checks: freshChecks,
		findings: [],
		coverage: noCoverage,
		lookups: {},
		pane: options.pane ?? panes.find(pane => pane.place !== 'frame')!.id,
		shown: {},
		focus: {},
		views: {},
		overlays: [],
		notice: null,
		log: [],
		running: [],
		requests: 0,
		places: [],
		databases: null,
		local: options.local ?? new Set(),
		leaving: false,
	};
}
