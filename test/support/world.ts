import type {Event} from '../../source/event.ts';
import {defaultLimits} from '../../source/limits.ts';
import type {Action, Facts, Pane, Result, Row, Table} from '../../source/pane.ts';
import {reducer} from '../../source/reduce.ts';
import {initialState, type Settings, type State} from '../../source/state.ts';

/** A small registry and a driver for the reducer: no server, no screen, no clock. */
export const facts: Facts = {
	version: '18.4',
	major: 18,
	recovery: false,
	started_at: 1_000_000,
	system_identifier: '7',
	database: 'shop',
	role: 'dba',
	superuser: true,
	canReadAll: true,
	monitor: true,
	canSignal: true,
	canSignalAutovacuum: true,
	extensions: {},
	extensionSchemas: [],
	pooled: false,
	provider: null,
	timezone: 'UTC',
	maxConnections: 100,
	reservedConnections: 3,
	blockSize: 8192,
};

export const settings: Settings = {
	label: null,
	readOnly: false,
	audit: {is: 'on', path: '/audit.jsonl'},
	ascii: false,
	colour: true,
	limits: defaultLimits,
	confirm: 'ask',
};

const column = (field: string, priority = 1) => ({field, title: field, width: 6, priority, align: 'right' as const});
export const terminate: Action = {
	id: 'terminate',
	key: 'K',
	label: 'Terminate',
	danger: 'ask',
	many: true,
	plan: {sql: 'actions/terminate'},
	run: 'signal',
	params: rows => [rows.map(row => row.pid ?? null)],
	disabled: row => (row.own === true ? 'it is pgperf itself' : undefined),
	needs: 'pg_signal_backend',
};
export const people: Table = {
	id: 'people',
	title: 'People',
	empty: 'Nobody is here.',
	from: {sql: 'people'},
	scope: 'server',
	every: 'tick',
	rowKey: row => String(row.pid),
	columns: [column('pid'), column('calls', 2), {field: 'query', title: 'query', width: 10, grow: 1, priority: 1}],
	counters: ['calls'],
	order: (a, b) => Number(a.pid) - Number(b.pid),
	groups: ['user'],
	detail: {title: row => `Session ${row.pid}`, ask: [], sections: row => [{title: 'Query', lines: [[{text: String(row.query)}]]}]},
	actions: [terminate],
};
const slow: Table = {...people, id: 'slow', title: 'Slow', from: {sql: 'slow'}, every: 'slow', counters: undefined, actions: undefined};
const rare: Table = {...slow, id: 'rare', title: 'Rare', from: {sql: 'rare'}, every: 'rare'};
const frame: Table = {...slow, id: 'vitals', title: 'Vitals', from: {sql: 'vitals'}, every: 'tick', detail: undefined};
export const panes: readonly Pane[] = [
	{
		id: 'vitals',
		title: 'Vitals',
		tables: [frame],
		arrange: 'stack',
		place: 'frame',
		series: [{id: 'n', title: 'n', value: input => (input.rows.vitals?.[0]?.n as number) ?? null, show: String}],
	},
	{id: 'people', key: '1', title: 'People', tables: [people], arrange: 'stack'},
	{id: 'slow', key: '2', title: 'Slow', tables: [slow, rare], arrange: 'switch'},
];

export function world(): State {
	return initialState({panes, settings, watched: 'db', interval: 1000, size: {columns: 80, rows: 24}, now: 0, wall: 0});
}

export const reduce = reducer(() => 0);

export function after(state: State, ...events: readonly Event[]): State {
	return events.reduce(reduce, state);
}

export const ok = (at: number, ...rows: readonly Row[]): Result => ({status: 'ok', sample: {at, rows, cost: 1}});

/** A connected server whose tables were sampled once at 1 s. */
export function connected(): State {
	return after(
		world(),
		{type: 'known', server: 'db', title: 'shop @ db:5432', at: 0},
		{type: 'connected', server: 'db', at: 0, facts, ownPids: [99], tls: false},
	);
}

export function sampled(state: State, at: number, results: Readonly<Record<string, Result>>, session: 'sample' | 'survey' = 'sample'): State {
	const request = state.requests + 1;
	const {generation} = state.servers.db!;
	return after(
		state,
		{type: 'requested', server: 'db', session, request, queries: Object.keys(results), at},
		{type: 'sampled', server: 'db', session, generation, request, at, results},
	);
}
