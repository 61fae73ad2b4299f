import type {Input, Line, Pane, Row, Table, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {legend, stackedBars} from '../components/chart.ts';
import {count, duration, percent, plain} from '../format.ts';
import {loadsOf} from './loads.ts';
import {hiddenStates} from './vitals.ts';

/** One row of queries/wait-events.sql; the event is null for sessions that run. */
export type WaitEventsRow = {
	readonly server_time: number;
	readonly wait_event_type: string | null;
	readonly wait_event: string | null;
	readonly sessions: number;
	readonly longest_s: number | null;
	readonly longest_pid: number | null;
	readonly query: string | null;
	readonly hidden: number;
};
export type WaitEvent = WaitEventsRow & {
	/** Mean number of sessions over the last minutes, the older the less they count. */
	readonly recent: number;
	/** Of all sessions' time in those minutes, 0 to 1. */
	readonly share: number | null;
};

/** Seconds after which a moment counts e times less. */
const memory = 300;
/** A mean below this is forgotten. */
const least = 0.005;

function keyOf(row: Pick<WaitEventsRow, 'wait_event_type' | 'wait_event'>): string {
	return row.wait_event === null ? 'running' : `${row.wait_event_type}:${row.wait_event}`;
}

/** Each sample counts for the time since the one before it; events that are gone fade away. */
function derive(rows: readonly WaitEventsRow[], input: Input): readonly Row[] {
	const before = new Map(((input.rows['wait-events'] ?? []) as readonly WaitEvent[]).map(row => [keyOf(row), row]));
	const now = rows[0]?.server_time;
	if (now === undefined) return [];
	const then = before.get('running')?.server_time;
	const keep = then === undefined || now < then ? 0 : Math.exp(-(now - then) / memory);
	const present = new Map(rows.map(row => [keyOf(row), row]));
	const gone = [...before.values()].filter(row => !present.has(keyOf(row)));
	const faded = gone.map(row => ({...row, server_time: now, sessions: 0, longest_s: null, longest_pid: null}));
	const events = [...rows, ...faded]
		.map(row => ({...row, query: row.query ?? before.get(keyOf(row))?.query ?? null, recent: recentOf(row, before.get(keyOf(row)), keep)}))
		.filter(row => row.recent >= least || keyOf(row) === 'running');
	const total = events.reduce((sum, row) => sum + row.recent, 0);
	return events.map(row => ({...row, share: total > 0 ? row.recent / total : null}));
}

function recentOf(row: WaitEventsRow, before: WaitEvent | undefined, keep: number): number {
	return (before?.recent ?? 0) * keep + row.sessions * (1 - keep);
}

const tones: Readonly<Record<string, Tone>> = {Lock: 'critical', LWLock: 'warning', IO: 'accent', IPC: 'notice', Client: 'dim'};

function summary(rows: readonly WaitEvent[], input: Input, columns = 78): readonly Line[] {
	const loads = loadsOf(input.history);
	const hidden = rows[0]?.hidden ?? 0;
	const unseen: readonly Line[] =
		hidden > 0 ? [[{text: `${hidden} sessions are hidden: grant pg_read_all_stats to see what they wait for`, tone: 'warning'}]] : [];
	return [...stackedBars(loads, {width: columns, height: 5, show: value => count(value)}), legend(loads, value => count(value), columns), ...unseen];
}

const waitEvents: Table = table<WaitEvent>({
	id: 'wait-events',
	title: 'Wait events',
	empty: 'Nothing has run since pgperf looks.',
	from: {sql: 'wait-events'},
	scope: 'server',
	every: 'tick',
	rowKey: keyOf,
	columns: [
		{
			field: 'wait_event',
			title: 'event',
			width: 24,
			priority: 1,
			show: (_, row) => (row.wait_event === null ? 'running' : `${row.wait_event_type}:${row.wait_event}`),
			tone: row => (row.wait_event === null ? 'good' : tones[row.wait_event_type ?? '']),
		},
		{field: 'sessions', title: 'now', width: 5, align: 'right', priority: 1},
		{field: 'recent', title: 'in 5m', width: 6, align: 'right', priority: 1, show: value => (typeof value === 'number' ? value.toFixed(2) : plain(value))},
		{field: 'share', title: 'share', width: 6, align: 'right', priority: 2, show: percent},
		{field: 'longest_s', title: 'longest', width: 7, align: 'right', priority: 3, show: duration},
		{field: 'longest_pid', title: 'pid', width: 7, align: 'right', priority: 4},
		{field: 'query', title: 'most often', width: 20, grow: 1, priority: 2, tone: () => 'dim'},
	],
	filters: {event: 'wait_event', type: 'wait_event_type'},
	groups: ['wait_event_type'],
	order: (a, b) => b.recent - a.recent,
	derive,
	unseen: (_, input) => hiddenStates(input),
	summary,
});

/** What sessions wait for, now and over the last minutes. "Running" is on CPU or in code without a wait event. */
export const waits: Pane = {id: 'waits', title: 'Waits', tables: [waitEvents], arrange: 'stack'};
