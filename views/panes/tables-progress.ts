import type {Check, Input, Line, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending, figure, hit, numbers, share, text} from '../figures.ts';
import {bytes, count, duration, percent} from '../format.ts';
import type {ProgressRow} from './tables-rows.ts';

const width = 10;

/** `██████░░░░ 62.0%`; an unknown whole has no bar. */
export function bar(part: number | null): string {
	if (part === null) return '';
	const filled = Math.round(Math.min(1, Math.max(0, part)) * width);
	return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${percent(Math.min(1, part)).padStart(5)}`;
}

/** A gap of this many seconds between two looks tells nothing of what was between them. */
const gap = 120;

/** Epoch seconds since when every look found all workers busy: one that ends and is followed by the next leaves no room in between. */
function busySince(row: Row | undefined, before: Row | undefined): number | null {
	const now = figure(row, 'server_time');
	const youngest = figure(row, 'workers_s');
	if (now === null || youngest === null || (figure(row, 'workers') ?? 0) < (figure(row, 'max_workers') ?? Number.POSITIVE_INFINITY)) return null;
	const since = figure(before, 'busy_since');
	const looked = figure(before, 'server_time');
	return since !== null && looked !== null && now >= looked && now - looked <= gap ? Math.min(since, now - youngest) : now - youngest;
}

export function withShare(rows: readonly Row[], input: Input): readonly Row[] {
	const busy_since = busySince(rows[0], input.rows.progress?.[0]);
	return rows.map(row => {
		const done = figure(row, 'done');
		const whole = figure(row, 'whole');
		const rate = figure(row, 'done_per_s');
		return {...row, busy_since, part: share(done, whole), left_s: done === null || whole === null || rate === null || rate <= 0 ? null : (whole - done) / rate};
	});
}

function amount(row: ProgressRow): string {
	const show = row.unit === 'bytes' ? bytes : count;
	return row.done === null ? '' : `${show(row.done)}${row.whole === null ? '' : ` of ${show(row.whole)}`} ${row.unit}`;
}

function kindOf(row: ProgressRow): string {
	if (row.kind === 'autovacuum') return 'autovacuum (between tables)';
	return `${row.autovacuum ? 'auto' : ''}${row.kind}${row.wraparound ? ' against wraparound' : ''}`;
}

function workersLine(rows: readonly Row[]): readonly Line[] {
	const first = rows[0];
	if (!first) return [];
	const busy = figure(first, 'workers') ?? 0;
	const most = figure(first, 'max_workers') ?? 0;
	return [[{text: `autovacuum workers ${busy} of ${most}`, tone: busy >= most ? 'warning' : 'dim'}]];
}

const busyCheck: Check = {
	id: 'autovacuum-busy',
	class: 'now',
	title: 'all autovacuum workers busy',
	unseen: input => (input.facts[input.watched]?.canReadAll === false ? 'workers can’t be told from other processes: grant pg_read_all_stats' : undefined),
	when: (input, limit) => {
		const first = input.rows.progress?.[0];
		const since = figure(first, 'busy_since');
		const busy = since === null ? null : (figure(first, 'server_time') ?? since) - since;
		if (!first) return [];
		return hit(busy, limit, {
			subject: 'autovacuum',
			title: `all ${text(first.max_workers)} autovacuum workers have been busy at every look for ${duration(busy)}`,
			detail: (input.rows.progress ?? [])
				.filter(row => row.autovacuum === true)
				.map(row => `${text(row.relation ?? row.datname)} ${duration(row.age_s)}`)
				.join(', '),
			remedy: 'Let each work faster first: raise autovacuum_vacuum_cost_limit or lower autovacuum_vacuum_cost_delay; then raise autovacuum_max_workers.',
		});
	},
};

export const progress: Table = table<ProgressRow>({
	id: 'progress',
	title: 'progress',
	empty: 'No vacuum, analyze, index build, cluster, copy or base backup is running.',
	from: {sql: 'progress'},
	scope: 'server',
	every: 'tick',
	// A phase counts from the start again: it is another row, so that no rate is told across two.
	rowKey: row => `${row.pid} ${row.kind} ${text(row.phase)}`,
	counters: ['done'],
	columns: [
		{field: 'kind', title: 'what', width: 12, grow: 1, priority: 1, show: (_, row) => kindOf(row), tone: row => (row.wraparound ? 'warning' : undefined)},
		{field: 'relation', title: 'table', width: 16, grow: 1, priority: 1, show: value => text(value).replace(/^public\./, '')},
		{field: 'part', title: 'progress', width: 16, priority: 1, show: value => bar(typeof value === 'number' ? value : null)},
		{field: 'phase', title: 'phase', width: 18, grow: 1, priority: 3},
		{field: 'done', title: 'done', width: 20, priority: 5, show: (_, row) => amount(row)},
		numbers('left_s', 'left', 6, 2, duration),
		numbers('age_s', 'age', 6, 2, duration),
		{field: 'wait_event', title: 'wait', width: 16, priority: 4, show: (_, row) => (row.wait_event ? `${row.wait_event_type}:${row.wait_event}` : 'running')},
		numbers('pid', 'pid', 7, 3, text),
		{field: 'datname', title: 'db', width: 10, priority: 6},
		{field: 'usename', title: 'user', width: 10, priority: 7},
	],
	filters: {db: 'datname', user: 'usename', table: 'relation'},
	order: descending('age_s'),
	derive: withShare,
	summary: workersLine,
	checks: [busyCheck],
});
