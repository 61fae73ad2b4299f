import {levelOf} from '../../source/limits.ts';
import type {Check, Hit, Input, Line, Pane, Row, Section, Table, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {duration, moment, plain} from '../format.ts';

/** One row of queries/jobs.sql. */
export type JobsRow = {
	readonly server_time: number;
	readonly jobid: string;
	readonly jobname: string;
	readonly schedule: string;
	readonly command: string;
	readonly database: string;
	readonly username: string;
	readonly active: boolean;
	readonly status: string | null;
	readonly message: string | null;
	readonly pid: number | null;
	readonly started_at: number | null;
	readonly ended_at: number | null;
	readonly took_s: number | null;
	readonly succeeded_at: number | null;
	/** In a row, among the last 5,000 runs. */
	readonly failures: number;
};
export type Job = JobsRow & {readonly ran_s: number | null; readonly succeeded_s: number | null};

function derive(rows: readonly JobsRow[]): readonly Row[] {
	const since = (row: JobsRow, at: number | null) => (at === null ? null : Math.max(0, row.server_time - at));
	return rows.map(row => ({...row, ran_s: since(row, row.started_at), succeeded_s: since(row, row.succeeded_at)}));
}

export function jobName(row: Pick<JobsRow, 'jobid' | 'jobname'>): string {
	return row.jobname === '' ? `job ${row.jobid}` : row.jobname;
}

const failedCheck: Check = {
	id: 'cron-failed',
	class: 'now',
	title: 'A scheduled job fails',
	hold: {rise: 1, clear: 1},
	unseen: input =>
		input.rows.jobs?.length === 0 && input.facts[input.watched]?.superuser === false
			? 'pg_cron shows a role its own jobs alone, and this one has none: ask as the owner of the jobs or as a superuser'
			: undefined,
	when: (input: Input, limit) =>
		((input.rows.jobs ?? []) as readonly Job[]).flatMap((row): Hit[] => {
			const level = row.active ? levelOf(row.failures, limit) : undefined;
			if (!level) return [];
			const times = row.failures === 1 ? 'failed' : `failed ${row.failures} times in a row`;
			const last = row.succeeded_s === null ? 'no success among the runs that are kept' : `the last success was ${duration(row.succeeded_s)} ago`;
			return [
				{
					level,
					subject: jobName(row),
					rowKey: row.jobid,
					field: 'status',
					title: `${jobName(row)} ${times}`,
					detail: `${row.command}: ${row.message ?? 'no message'}; ${last}`,
					remedy: 'Run its command by hand as its user in its database to see why it fails.',
					value: row.failures,
				},
			];
		}),
};

const tones: Readonly<Record<string, Tone>> = {
	succeeded: 'good',
	failed: 'critical',
	running: 'accent',
	starting: 'accent',
	connecting: 'accent',
	sending: 'accent',
};

const jobsTable: Table = table<Job>({
	id: 'jobs',
	title: 'pg_cron jobs',
	empty: 'No job is visible to this role: pg_cron shows each role its own jobs, superusers all.',
	from: {sql: 'jobs'},
	scope: 'server',
	every: 'slow',
	rowKey: row => row.jobid,
	columns: [
		{field: 'jobname', title: 'job', width: 16, grow: 1, priority: 1, show: (_, row) => jobName(row)},
		{field: 'schedule', title: 'schedule', width: 13, priority: 3},
		{
			field: 'status',
			title: 'last run',
			width: 9,
			priority: 1,
			show: (value, row) => (row.active ? plain(value) : 'disabled'),
			tone: row => (row.active ? tones[row.status ?? ''] : 'dim'),
		},
		{field: 'ran_s', title: 'ago', width: 6, align: 'right', priority: 2, show: duration},
		{field: 'took_s', title: 'took', width: 6, align: 'right', priority: 3, show: duration},
		{field: 'failures', title: 'failures', width: 8, align: 'right', priority: 3, tone: row => (row.failures > 0 ? 'critical' : 'dim')},
		{field: 'succeeded_s', title: 'success', width: 7, align: 'right', priority: 4, show: duration},
		{field: 'database', title: 'database', width: 10, priority: 5},
		{field: 'username', title: 'user', width: 10, priority: 6},
		{field: 'command', title: 'command', width: 16, grow: 2, priority: 2, tone: () => 'dim'},
		{field: 'message', title: 'message', width: 16, priority: 7},
	],
	groups: ['database', 'username', 'status'],
	filters: {user: 'username', db: 'database', status: 'status', job: 'jobname'},
	order: (a, b) => b.failures - a.failures || Number(b.active) - Number(a.active),
	derive,
	detail: {title: row => `Job ${jobName(row)}`, ask: [], sections: sectionsOf},
	checks: [failedCheck],
});

function sectionsOf(row: Job): readonly Section[] {
	const pair = (label: string, text: string): Line => [{text: label.padEnd(14), tone: 'dim'}, {text}];
	return [
		{title: 'Command', lines: [[{text: row.command}]]},
		{
			title: 'Job',
			lines: [
				pair('schedule', row.schedule),
				pair('database', row.database),
				pair('user', row.username),
				pair('active', row.active ? 'yes' : 'no'),
				pair('last run', `${plain(row.status)}, began ${moment(row.started_at)}, took ${duration(row.took_s)}`),
				pair('last success', moment(row.succeeded_at)),
			],
		},
		{title: 'Message', lines: [[{text: row.message ?? 'none'}]]},
	];
}

/** What pg_cron runs, and whether it works. Without the extension in this database the pane says so. */
export const jobs: Pane = {id: 'jobs', title: 'Jobs', tables: [jobsTable], arrange: 'stack'};
