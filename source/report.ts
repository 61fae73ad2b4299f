import type {Grade} from './checks.ts';
import type {Origin, Unit} from './limits.ts';
import type {Literals} from './mask.ts';
import type {CheckClass, History, Level, PaneId, QueryName, Row, RowKey, TableId, Tone} from './pane.ts';

/**
 * A report as data: what `--format json` prints and what all other formats are painted from, saved ones too. Fields are only ever
 * added; report.schema.json describes them. Times are ISO 8601 in UTC, `_s` are seconds, `_ms` milliseconds.
 */
export type Report = {
	readonly schema: typeof schemaVersion;
	/** Version of pgperf. */
	readonly pgperf: string;
	/** By the clock of the machine that ran pgperf. */
	readonly taken_at: string;
	/** Between the two samples; null: one sample, and no rates. */
	readonly interval_s: number | null;
	readonly literals: Literals;
	readonly servers: readonly ServerReport[];
};
export const schemaVersion = 1;

export type ServerReport = {
	readonly id: string;
	readonly title: string;
	/** The label of the configuration: PROD. */
	readonly label: string | null;
	/** `partial`: some of what was asked was not answered, or can't be seen. */
	readonly status: 'ok' | 'partial' | 'unreachable';
	/** Why it is unreachable. */
	readonly problem: string | null;
	readonly where: Where | null;
	readonly grade: GradeReport | null;
	readonly coverage: CoverageReport;
	/** Worst first. */
	readonly findings: readonly FindingReport[];
	/** The thresholds that held, one for each check that was in the report. */
	readonly limits: readonly LimitReport[];
	readonly sections: readonly SectionReport[];
	readonly series: readonly SeriesReport[];
	/** Other servers that were asked for cluster tables. */
	readonly companions: readonly {readonly id: string; readonly title: string; readonly problem: string | null; readonly where: Where | null}[];
};

export type Where = {
	readonly version: string;
	readonly recovery: boolean;
	readonly started_at: string;
	readonly uptime_s: number | null;
	readonly database: string;
	/** Databases of the server that can be connected to; null: not asked. */
	readonly databases: number | null;
	readonly role: string;
	readonly superuser: boolean;
	readonly pg_monitor: boolean;
	readonly pg_read_all_stats: boolean;
	readonly pg_signal_backend: boolean;
	readonly provider: string | null;
	readonly pooled: boolean;
	readonly tls: boolean | null;
	readonly round_trip_ms: number | null;
	/** What the last round of cheap queries cost the server. */
	readonly cost_ms: number | null;
	readonly system_identifier: string | null;
	readonly time_zone: string;
	readonly max_connections: number;
	readonly reserved_connections: number;
	readonly extensions: Readonly<Record<string, string>>;
};

export type GradeReport = {
	/** 0 to 100; null while less than half of the checks could be made. */
	readonly score: number | null;
	readonly grade: Grade | null;
	readonly coverage_percent: number;
	readonly deductions: readonly {readonly check: string; readonly points: number; readonly why: string}[];
};

export type CoverageReport = {
	readonly evaluated: readonly string[];
	/** `possible`: this server would answer, if only the role, a lock or the time allowed it. */
	readonly unseen: readonly {readonly check: string; readonly why: string; readonly remedy: string | null; readonly possible: boolean}[];
};

export type FindingReport = {
	/** The same for the same matter in every report: `blocked shop.orders`. */
	readonly key: string;
	readonly check: string;
	readonly class: CheckClass;
	readonly level: Level;
	readonly server: string;
	readonly table: string;
	readonly row: RowKey | null;
	readonly field: string | null;
	readonly subject: string;
	readonly title: string;
	readonly evidence: string;
	readonly remedy: string;
	readonly value: number | null;
	/** What the value went over, in `unit`. */
	readonly threshold: number | null;
	readonly unit: Unit | null;
	/** Where the threshold came from. */
	readonly origin: Origin | null;
	/** Rows that it was seen in. */
	readonly count: number;
};

export type LimitReport = {
	readonly check: string;
	readonly title: string;
	readonly class: CheckClass;
	readonly unit: Unit;
	readonly notice: number | null;
	readonly warning: number | null;
	readonly critical: number | null;
	/** The check rises under the threshold, not over it. */
	readonly below: boolean;
	readonly floor: number | null;
	/** How many objects at once make a matter of their own: `many` in the title. */
	readonly many: number | null;
	readonly origin: Origin;
};

export type Status = 'ok' | 'partial' | 'skipped' | 'failed';
export type SectionReport = {
	readonly id: string;
	readonly title: string;
	/** Asked whatever is open: its first table is the vitals, the others are what panes are made of. */
	readonly frame: boolean;
	readonly status: Status;
	readonly tables: readonly TableReport[];
};

export type TableReport = {
	readonly id: string;
	readonly title: string;
	readonly status: Status;
	/** Why it is not `ok`, and what would mend it. */
	readonly reason: string | null;
	readonly remedy: string | null;
	/** It speaks of one database alone. */
	readonly database: string | null;
	readonly every: 'tick' | 'slow' | 'rare';
	/** Words for no rows. */
	readonly empty: string;
	/** Rows that there were; `rows` may hold fewer. */
	readonly total: number;
	/** Raw fields that only grow; rows hold their change and rate in the interval too. */
	readonly counters: readonly string[];
	readonly summary: readonly string[];
	readonly columns: readonly ColumnReport[];
	readonly rows: readonly RowReport[];
};

export type ColumnReport = {
	readonly field: string;
	readonly title: string;
	readonly align: 'left' | 'right';
	readonly width: number;
	readonly grow: number;
	readonly priority: number;
};

export type RowReport = {
	readonly key: RowKey;
	/** Branches of a tree. */
	readonly prefix: string;
	/** As the server told them and as derived, with `_d` and `_per_s` for counters. */
	readonly values: Row;
	/** What a person reads, one for each column; only the first rows have it. */
	readonly cells?: readonly string[];
	readonly tones?: Readonly<Record<string, Tone>>;
	/** Not worth a line to a person: idle sessions, sums that others are measured by. */
	readonly hidden?: true;
};

export type SeriesReport = {
	readonly id: string;
	readonly title: string;
	readonly section: string;
	/** Oldest first; null is a gap. */
	readonly points: readonly (number | null)[];
	readonly step_s: number;
	/** Where the axis ends, and what stands at it. */
	readonly ceiling: number;
	readonly ceiling_text: string;
	readonly last_text: string;
};

/** What a report is made of besides the state. */
export type DocumentOptions = {
	readonly literals: Literals;
	/** Rows of each table that are kept, and how many of them with the words that a person reads. */
	readonly rows: number;
	readonly cells: number;
	/** Points of the series where they were sampled more often than the tables. */
	readonly history?: {readonly rings: History; readonly step_s: number};
	/** Queries that this server can't answer whatever is granted: other version, other role, extension missing. */
	readonly impossible?: ReadonlySet<QueryName>;
	readonly databases?: number | null;
	/** How many rows each table has, where the state holds a part of them. */
	readonly totals?: Readonly<Record<TableId, number>>;
	/** Panes that the report is about; without it all of them. */
	readonly only?: ReadonlySet<PaneId>;
};

/** A server of which there is nothing but the reason. */
export function unreachable(id: string, title: string, problem: string): ServerReport {
	return {
		id,
		title,
		label: null,
		status: 'unreachable',
		problem,
		where: null,
		grade: null,
		coverage: {evaluated: [], unseen: []},
		findings: [],
		limits: [],
		sections: [],
		series: [],
		companions: [],
	};
}

/** With `--fail-on`: what was found counts more than what could not be looked at. 3: a check that is possible there was not made. */
export function exitOf(report: Report, failOn: 'warning' | 'critical' | undefined): 0 | 1 | 2 | 3 {
	if (failOn === undefined) return 0;
	const levels = new Set(report.servers.flatMap(server => server.findings.map(finding => finding.level)));
	if (levels.has('critical')) return 2;
	if (levels.has('warning') && failOn === 'warning') return 1;
	return report.servers.some(server => server.status === 'unreachable' || server.coverage.unseen.some(one => one.possible)) ? 3 : 0;
}

/** A saved report; a sentence where the text is none. */
export function parseReport(text: string): Report | {readonly problem: string} {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return {problem: 'is no JSON'};
	}
	if (typeof value !== 'object' || value === null || !('schema' in value) || !('servers' in value) || !Array.isArray(value.servers))
		return {problem: 'is no report of pgperf: write one with --format json'};
	if (typeof value.schema !== 'number' || value.schema > schemaVersion)
		return {problem: `was written by a newer pgperf (schema ${String(value.schema)}, known is ${schemaVersion})`};
	return value as Report;
}

export const levelRanks: Readonly<Record<Level, number>> = {notice: 1, warning: 2, critical: 3};
