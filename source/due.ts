import {counts} from './cluster.ts';
import type {Pane, QueryName, ServerId, Table} from './pane.ts';
import type {Answer, Server, State} from './state.ts';
import {shownTables} from './state.ts';

/** One round of questions down one session, pipelined. */
export type Round = {readonly server: ServerId; readonly session: Source; readonly queries: readonly QueryName[]};
/** Two sessions of the server, and what belongs to it without being PostgreSQL. */
export type Source = 'sample' | 'survey' | 'redis' | 'pgbouncer';

const behind = 30_000;
const rare = 60_000;
/** What costs more than this share of the interval is asked less often. */
const affordable = 0.25;

/** Under which name a table's answer is kept: a file of queries/, `redis:info`, `pgbouncer:show pools`. */
export function queryOf(table: Table): QueryName | undefined {
	const {from} = table;
	if ('redis' in from) return `redis:${from.redis}`;
	if ('pgbouncer' in from) return `pgbouncer:${from.pgbouncer}`;
	return sqlOf(table);
}

/** The file of queries/ that a table is asked by. */
export function sqlOf(table: Table): QueryName | undefined {
	return 'sql' in table.from ? table.from.sql : undefined;
}

/** The table and those it is derived from. */
function sources(panes: readonly Pane[], table: Table): readonly Table[] {
	if (!('tables' in table.from)) return [table];
	const wanted = table.from.tables;
	return panes
		.flatMap(pane => pane.tables)
		.filter(one => wanted.includes(one.id))
		.flatMap(one => sources(panes, one));
}

/** The chart above a pane goes on whichever of its tables is shown: it is of the first. */
function charted(pane: Pane): readonly Table[] {
	return pane.chart === undefined ? [] : pane.tables.slice(0, 1);
}

/** 'open': on the screen, and so asked at its own pace. 'tiled': in a tile of the overview, or under suspicion: every few seconds will do. */
type Watch = 'open' | 'tiled';

/** Tables that are looked at now; of the others those with checks are asked behind. */
function watchedTables(state: State): ReadonlyMap<Table, Watch> {
	const open = state.panes.find(pane => pane.id === state.pane)!;
	const tables = new Map<Table, Watch>();
	for (const pane of state.panes) {
		const shown =
			pane.place === 'frame'
				? pane.tables
				: pane === open
					? [...shownTables(state, pane), ...charted(pane)]
					: open.place === 'overview' && pane.tile
						? pane.tables.filter(isTiled)
						: [];
		const watch = pane.place === 'frame' || pane === open ? 'open' : 'tiled';
		for (const table of shown) for (const source of sources(state.panes, table)) if (tables.get(source) !== 'open') tables.set(source, watch);
	}
	for (const table of unsettled(state)) for (const source of sources(state.panes, table)) if (!tables.has(source)) tables.set(source, 'tiled');
	return tables;
}

/**
 * Tables in which a check has seen something come or go and its hold is not over: three samples behind another pane would be a minute and
 * a half until it is said, ten of them five minutes until it is taken back.
 */
function unsettled(state: State): readonly Table[] {
	const open = new Set(Object.values(state.checks).flatMap(({table, rises, falls}) => (rises + falls > 0 ? [table] : [])));
	return open.size === 0 ? [] : state.panes.flatMap(pane => pane.tables.filter(table => open.has(table.id)));
}

function isTiled(table: Table): boolean {
	return table.every !== 'rare';
}

/** Milliseconds between two questions of a table, by what is on the screen and by what the last answer cost. */
function periodOf(state: State, table: Table, watched: Watch | undefined, answer: Answer | undefined): number {
	const usual =
		table.every === 'rare' ? rare : !watched ? behind : table.every === 'slow' || watched === 'tiled' ? Math.max(5000, state.interval) : state.interval;
	const cost = answer?.sample?.cost ?? 0;
	return cost > usual * affordable ? Math.max(usual, cost > 100 && table.every === 'tick' ? 5000 : 0, cost / affordable) : usual;
}

/** Longest time between two samples of which a change is still told. */
export function longestChange(state: State, table: Table): number {
	return 3 * Math.max(state.interval, table.every === 'rare' ? rare : behind);
}

/**
 * What to ask next, and on which session. Tick queries of one server go together on its schedule; a pane that is opened is
 * asked at once. A session that has not answered is asked nothing more.
 */
export function due(state: State, now: number): readonly Round[] {
	if (state.paused && state.refreshAt < lastRound(state)) return [];
	const watched = watchedTables(state);
	return Object.values(state.servers).flatMap(server => roundsOf(state, server, watched, now));
}

function lastRound(state: State): number {
	return Math.max(0, ...Object.values(state.servers).map(server => server.tickAt));
}

function roundsOf(state: State, server: Server, watched: ReadonlyMap<Table, Watch>, now: number): readonly Round[] {
	if (server.feed.is !== 'live') return [];
	const tick = now >= server.tickAt + state.interval;
	const rounds: Round[] = [];
	// What is on the screen first: a server that is asked for everything at once answers that half as fast.
	// In a pause there is no second round: all of it goes with the one that r asks for.
	const begins = !state.paused && server.id === state.watched && !Object.values(state.answers[server.id] ?? {}).some(answer => answer.result !== undefined);
	for (const session of ['sample', 'survey', 'redis', 'pgbouncer'] as const) {
		if (server.busy[session] !== undefined || (begins && session !== 'sample')) continue;
		const queries = new Set<QueryName>();
		for (const pane of state.panes) {
			for (const table of pane.tables) {
				const name = queryOf(table);
				if (name === undefined || queries.has(name) || sessionOf(table) !== session) continue;
				if (server.id !== state.watched && (table.scope !== 'cluster' || !counts(state, server.id, name))) continue;
				if (begins && watched.get(table) !== 'open') continue;
				if (isDue(state, server, table, watched.get(table), now, tick)) queries.add(name);
			}
		}
		if (queries.size > 0) rounds.push({server: server.id, session, queries: [...queries]});
	}
	return rounds;
}

function sessionOf(table: Table): Source {
	if ('redis' in table.from) return 'redis';
	if ('pgbouncer' in table.from) return 'pgbouncer';
	return table.every === 'tick' ? 'sample' : 'survey';
}

function isDue(state: State, server: Server, table: Table, watched: Watch | undefined, now: number, tick: boolean): boolean {
	const answer = state.answers[server.id]?.[queryOf(table)!];
	if (!watched && !table.checks?.length) return false;
	if (!answer) return true;
	if (answer.result?.status === 'skipped') return state.refreshAt > answer.askedAt;
	if (now < answer.notBefore && state.refreshAt <= answer.askedAt) return false;
	if (state.refreshAt > answer.askedAt && watched) return true;
	// It waited for a free slot, and was never sent.
	if (answer.result?.status === 'failed' && answer.result.code === '53300') return true;
	const period = periodOf(state, table, watched, answer);
	// What is opened is not shown half a minute old, unless it is dear.
	const dear = (answer.sample?.cost ?? 0) / affordable;
	if (watched && sessionOf(table) !== 'sample' && answer.askedAt < state.openedAt - Math.max(5000, dear)) return true;
	// On the schedule, "a period ago" may be a few milliseconds short.
	const passed = now - answer.askedAt >= period - state.interval / 4;
	if (sessionOf(table) !== 'sample' || period > state.interval) return passed && (tick || sessionOf(table) !== 'sample');
	return tick || now - answer.askedAt >= 1.5 * state.interval;
}

/** Milliseconds until something may be due: when to look again. */
export function untilDue(state: State, now: number): number {
	const waits = Object.values(state.servers)
		.filter(server => server.feed.is === 'live')
		.map(server => (server.busy.sample === undefined ? server.tickAt + state.interval - now : state.interval));
	return Math.max(5, Math.min(1000, ...waits));
}
