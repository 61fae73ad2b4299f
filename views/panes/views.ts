import {levelOf} from '../../source/limits.ts';
import type {Check, Hit, Input, Line, Pane, Row, Section, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {about, bytes, count, duration, moment, plain, unknown, yes} from '../format.ts';
import {type Job, jobName} from './jobs.ts';
import {refresh} from './maintenance-actions.ts';

/** One row of queries/views.sql: a materialized view. */
export type ViewsRow = {
	readonly server_time: number;
	readonly oid: string;
	readonly schema: string;
	readonly name: string;
	readonly relation: string;
	readonly owner: string;
	readonly may_refresh: boolean;
	readonly populated: boolean;
	/** Null while it is locked. */
	readonly bytes: number | null;
	readonly bytes_at_least: number;
	readonly rows: number | null;
	readonly unique_index: string | null;
	readonly partial_index: string | null;
	readonly expression_index: string | null;
	readonly invalid_index: string | null;
	readonly indexes: number;
	/** xmin of its row in pg_class: a new one means refreshed, or granted, or altered. */
	readonly row_version: string;
	readonly committed_at: number | null;
	readonly commits_tracked: boolean;
	readonly refreshing_pid: number | null;
	readonly refreshing_s: number | null;
	readonly refreshing_by: string | null;
};
export type View = ViewsRow & {
	/** Epoch seconds of the last refresh, as far as it can be known. */
	readonly refreshed_at: number | null;
	readonly refreshed_s: number | null;
	readonly known_by: 'commit' | 'watch' | 'pg_cron' | null;
	/** Watched since, without a refresh. */
	readonly watched_since: number;
	/** Why not concurrently; null when it can be. */
	readonly obstacle: string | null;
	readonly job: string | null;
	readonly job_status: string | null;
	readonly job_failures: number | null;
};

function derive(rows: readonly ViewsRow[], input: Input): readonly Row[] {
	const before = new Map(((input.rows.views ?? []) as readonly View[]).map(row => [row.oid, row]));
	const database = input.facts[input.watched]?.database;
	const jobs = ((input.rows.jobs ?? []) as readonly Job[]).filter(job => database === undefined || job.database === database);
	return rows.map(row => {
		const job = jobs.find(one => refreshes(one.command, row));
		const seen = watched(row, before.get(row.oid));
		const known = knownRefresh(row, seen, job);
		return {
			...row,
			...known,
			refreshed_s: known.refreshed_at === null ? null : Math.max(0, row.server_time - known.refreshed_at),
			watched_since: seen.since,
			obstacle: obstacleOf(row),
			job: job ? jobName(job) : null,
			job_status: job?.status ?? null,
			job_failures: job?.failures ?? null,
		};
	});
}

/** A new row version while pgperf looks dates the refresh to the pace of looking. */
function watched(row: ViewsRow, before: View | undefined): {readonly at: number | null; readonly since: number} {
	if (!before) return {at: null, since: row.server_time};
	if (before.row_version !== row.row_version) return {at: row.server_time, since: row.server_time};
	return {at: before.known_by === 'watch' ? before.refreshed_at : null, since: before.watched_since};
}

/** The commit time is exact, what was watched nearly; the job's success is a hint, for it may refresh other things after this one. */
function knownRefresh(row: ViewsRow, seen: {readonly at: number | null}, job: Job | undefined): Pick<View, 'refreshed_at' | 'known_by'> {
	// Without data its row tells when it was made.
	if (!row.populated) return {refreshed_at: null, known_by: null};
	if (row.committed_at !== null) return {refreshed_at: row.committed_at, known_by: 'commit'};
	if (seen.at !== null) return {refreshed_at: seen.at, known_by: 'watch'};
	if (job && job.succeeded_at !== null) return {refreshed_at: job.succeeded_at, known_by: 'pg_cron'};
	return {refreshed_at: null, known_by: null};
}

/** Whether a statement refreshes this view: its name bare or with its schema, quoted or not. */
export function refreshes(command: string, row: Pick<ViewsRow, 'schema' | 'name'>): boolean {
	const name = (part: string) => {
		const quoted = `"${part.replaceAll('"', '""')}"`;
		const escaped = quoted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
		return /^[a-z_][a-z0-9_$]*$/.test(part) ? `(?:${part.replaceAll('$', '\\$')}|${escaped})` : escaped;
	};
	const pattern = `refresh\\s+materialized\\s+view\\s+(?:concurrently\\s+)?(?:${name(row.schema)}\\s*\\.\\s*)?${name(row.name)}(?=\\s|;|$)`;
	return new RegExp(pattern, 'i').test(command);
}

function obstacleOf(row: ViewsRow): string | null {
	if (!row.populated) return 'it was never filled';
	if (row.unique_index !== null) return null;
	if (row.invalid_index !== null) return `unique index ${row.invalid_index} is invalid`;
	if (row.partial_index !== null) return `unique index ${row.partial_index} has a condition`;
	if (row.expression_index !== null) return `unique index ${row.expression_index} is over an expression`;
	return 'it has no unique index';
}

function hits(input: Input, judge: (row: View) => Omit<Hit, 'subject' | 'rowKey'> | undefined): readonly Hit[] {
	return ((input.rows.views ?? []) as readonly View[]).flatMap(row => {
		const hit = judge(row);
		return hit ? [{subject: row.relation, rowKey: row.relation, ...hit}] : [];
	});
}

const staleCheck: Check = {
	id: 'matview-stale',
	class: 'care',
	title: 'A materialized view is old',
	unseen: input => {
		const rows = (input.rows.views ?? []) as readonly View[];
		const filled = rows.filter(row => row.populated);
		const blind = filled.length > 0 && filled.every(row => row.refreshed_at === null);
		return blind ? 'When materialized views were refreshed is not recorded: set track_commit_timestamp = on (restart).' : undefined;
	},
	when: (input, limit) =>
		hits(input, row => {
			const level = row.populated ? levelOf(row.refreshed_s, limit) : undefined;
			const detail = `last refresh ${moment(row.refreshed_at)}, told by ${plain(row.known_by)}${row.job === null ? '' : `; refreshed by ${row.job}, last run ${plain(row.job_status)}`}`;
			const title = `${row.relation} was refreshed ${duration(row.refreshed_s)} ago`;
			const remedy = row.job_failures ? 'Its pg_cron job fails: see Jobs.' : 'Press R on it in Views, or see why nothing refreshes it.';
			return level && {level, field: 'refreshed_s', title, detail, remedy, value: row.refreshed_s ?? 0};
		}),
};

const emptyCheck: Check = {
	id: 'matview-unpopulated',
	class: 'care',
	title: 'A materialized view can’t be read',
	when: (input, limit) =>
		hits(input, row => {
			const level = row.populated ? undefined : levelOf(1, limit);
			const detail = 'It was made or refreshed with no data: every query on it fails.';
			return level && {level, field: 'populated', title: `${row.relation} was never filled`, detail, remedy: 'Press R on it in Views.', value: 1};
		}),
};

const matviews: Table = table<View>({
	id: 'views',
	title: 'Materialized views',
	empty: 'This database has no materialized views.',
	from: {sql: 'views'},
	scope: 'server',
	every: 'slow',
	rowKey: row => row.relation,
	columns: [
		{field: 'relation', title: 'view', width: 20, grow: 1, priority: 1},
		{
			field: 'bytes',
			title: 'size',
			width: 8,
			align: 'right',
			priority: 2,
			show: (value, row) => (value === null ? about(bytes(row.bytes_at_least)) : bytes(value)),
		},
		{field: 'rows', title: 'rows', width: 7, align: 'right', priority: 6, show: value => about(count(value))},
		{field: 'populated', title: 'filled', width: 6, priority: 3, show: yes, tone: row => (row.populated ? 'plain' : 'warning')},
		{field: 'refreshed_s', title: 'refreshed', width: 14, priority: 1, show: refreshedText, tone: row => (row.refreshing_pid === null ? 'plain' : 'accent')},
		{
			field: 'obstacle',
			title: 'concurrently',
			width: 12,
			grow: 2,
			priority: 2,
			show: value => (value === null ? 'yes' : `no: ${plain(value)}`),
			tone: row => (row.obstacle === null ? 'good' : 'dim'),
		},
		{field: 'job', title: 'job', width: 12, priority: 4, tone: row => ((row.job_failures ?? 0) > 0 ? 'critical' : 'plain')},
		{field: 'job_status', title: 'last run', width: 9, priority: 5},
		{field: 'may_refresh', title: 'allowed', width: 7, priority: 5, show: yes},
		{field: 'owner', title: 'owner', width: 10, priority: 6},
		{field: 'indexes', title: 'indexes', width: 7, align: 'right', priority: 8},
	],
	groups: ['schema', 'owner'],
	filters: {schema: 'schema', owner: 'owner', job: 'job'},
	order: (a, b) => Number(a.populated) - Number(b.populated) || (b.refreshed_s ?? -1) - (a.refreshed_s ?? -1),
	derive,
	detail: {title: row => `Materialized view ${row.relation}`, ask: [], sections: sectionsOf},
	checks: [staleCheck, emptyCheck],
	actions: [refresh],
});

/** `3h04 ago`; without a date what is known of it: not for as long as pgperf looks. */
function refreshedText(_: unknown, row: View): string {
	if (row.refreshing_pid !== null) return `now, ${duration(row.refreshing_s)}`;
	if (!row.populated) return 'never';
	if (row.refreshed_s !== null) return `${row.known_by === 'commit' ? '' : '≈'}${duration(row.refreshed_s)} ago`;
	const looked = row.server_time - row.watched_since;
	return looked >= 60 ? `not for ${duration(looked)}` : unknown;
}

const sources = {
	commit: 'the commit that wrote its row in pg_class (a refresh, a GRANT or an ALTER)',
	watch: 'pgperf, which saw its row in pg_class change (a refresh, a GRANT or an ALTER)',
	pg_cron: 'the last success of its pg_cron job',
} as const;

function sectionsOf(row: View): readonly Section[] {
	const pair = (label: string, text: string): Line => [{text: label.padEnd(16), tone: 'dim'}, {text}];
	const source =
		row.known_by === null
			? `not recorded; ${row.commits_tracked ? 'its commit is too long ago' : 'set track_commit_timestamp = on to know it'}`
			: sources[row.known_by];
	return [
		{
			title: 'Refresh',
			lines: [
				pair('last', `${moment(row.refreshed_at)} (${duration(row.refreshed_s)} ago)`),
				pair('told by', source),
				pair('running now', row.refreshing_pid === null ? 'no' : `pid ${row.refreshing_pid} ${plain(row.refreshing_by)}, ${duration(row.refreshing_s)}`),
				pair(
					'concurrently',
					row.obstacle === null ? `yes, by ${plain(row.unique_index)}: readers go on` : `no: ${row.obstacle}. A plain refresh stops readers until it ends.`,
				),
				pair('allowed to you', row.may_refresh ? 'yes' : `no: needs to be ${row.owner}, or MAINTAIN on it (17 and newer)`),
				pair('pg_cron job', row.job === null ? 'none visible' : `${row.job}, last run ${plain(row.job_status)}, ${plain(row.job_failures)} failures in a row`),
			],
		},
		{
			title: 'View',
			lines: [
				pair('owner', row.owner),
				pair('size', row.bytes === null ? `locked; at least ${bytes(row.bytes_at_least)}` : bytes(row.bytes)),
				pair('rows', about(count(row.rows))),
				pair('filled', yes(row.populated)),
				pair('indexes', plain(row.indexes)),
			],
		},
	];
}

/** Materialized views: how old they are, and whether a refresh would stop their readers. */
export const views: Pane = {id: 'views', key: '0', title: 'Views', tables: [matviews], arrange: 'stack'};
