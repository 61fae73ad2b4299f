import {setTimeout as pause} from 'node:timers/promises';
import {type Catalog, localQueries, pick} from '../catalog.ts';
import {counts} from '../cluster.ts';
import {queryOf, type Source, sqlOf} from '../due.ts';
import type {Event} from '../event.ts';
import type {History, Pane, QueryName, Result, Row, ServerId, Table} from '../pane.ts';
import {isOfService} from '../provider.ts';
import {reducer} from '../reduce.ts';
import {initialState, type Settings, type State} from '../state.ts';
import {createStore, type Store} from '../store.ts';
import {freshView, visible} from '../visible.ts';
import type {Problem} from './conninfo.ts';
import {waitAtMost} from './patience.ts';
import {createLink, type Link} from './postgres.ts';
import type {Opening} from './session.ts';

export type SnapshotOptions = {
	/** With the frame's panes and whatever the chosen ones are derived from. */
	readonly panes: readonly Pane[];
	readonly catalog: Catalog;
	readonly settings: Settings;
	/** The watched server first, then its companions. */
	readonly servers: readonly {readonly id: ServerId; readonly opening: Opening}[];
	/** Between the two samples, ms; null: one sample. */
	readonly interval: number | null;
	/** For everything, connecting too, ms. */
	readonly budget: number;
	/** Redis and PgBouncer of the watched server; without it their tables are not asked. */
	readonly others?: Others;
	/** Called when nothing is left but to wait for the second sample; what it returns, after that. */
	readonly onWait?: (seconds: number) => () => void;
};
type Others = {readonly ask: (source: 'redis' | 'pgbouncer', names: readonly QueryName[]) => Promise<Readonly<Record<QueryName, Result>>>};
export type Snapshot = {
	readonly state: State;
	/** The series in steps of a second, while the two samples are the interval apart. */
	readonly history: {readonly rings: History; readonly step_s: number};
	/** Queries that this server can't answer whatever is granted. */
	readonly impossible: ReadonlySet<QueryName>;
	/** Names of the databases that can be connected to, but those of a managed service; null where they could not be asked. */
	readonly databases: readonly string[] | null;
	/** The row of queries/connection.sql. */
	readonly connection: Row | null;
};

/** As many as one answer can be waited for together: what hangs costs its neighbours no more than that. */
const together = 4;
/** Rows whose whole texts are looked up. */
const looked = 200;

/**
 * One look at a server: everything is asked once, and after the interval once more, through the same store as `top`. What fails,
 * is forbidden or slow costs its own tables only.
 */
export async function takeSnapshot(options: SnapshotOptions): Promise<Snapshot | Problem> {
	const {panes, catalog, servers, interval, budget, others} = options;
	const time: Time = {end: performance.now() + budget, budget};
	const step = Math.min(1000, interval ?? 1000);
	const main = storeOf(options, panes, interval ?? 1000);
	const frame = panes.filter(pane => pane.place === 'frame');
	const seconds = storeOf(options, frame, step);
	const dispatch = (event: Event) => {
		main.dispatch(event);
		seconds.dispatch(event);
	};
	const giveUp = new AbortController();
	const links = servers.map(({id, opening}) =>
		createLink({id, opening: {...opening, signal: giveUp.signal, once: true}, catalog, dispatch, now: () => performance.now(), companion: true}),
	);
	const link = links[0]!;
	const tables = panes.flatMap(pane => pane.tables);
	const round = async (again: boolean) => {
		const live = links.filter(one => main.get().servers[one.id]?.feed.is === 'live');
		await Promise.all(
			live.flatMap(one => {
				const wanted = tables.filter(table => isAsked(main.get(), one.id, table) && (!again || worthAsking(main.get(), one.id, table)));
				const asked: readonly Source[] = one === link && others ? ['sample', 'survey', 'redis', 'pgbouncer'] : ['sample', 'survey'];
				return asked.map(source => ask(askerOf(one, source, others), source, namesOf(wanted, source), source === 'sample' ? [main, seconds] : [main], time));
			}),
		);
	};
	try {
		const problem = await reached(link, main, time);
		if (problem) return problem;
		await Promise.all(links.slice(1).map(one => joined(one, dispatch, time)));
		await round(false);
		if (interval !== null) {
			const names = namesOf(
				frame.flatMap(pane => pane.tables),
				'sample',
			);
			const over = options.onWait?.(interval / 1000);
			await everySecond(Math.min(time.end, performance.now() + interval), step, () => ask(askerOf(link, 'sample', others), 'sample', names, [seconds], time));
			over?.();
			await round(true);
		}
		await lookUp(link, main, tables, time);
		const [databases, connection] = await Promise.all([
			within(link.one('survey', 'database-names', []), time.end),
			within(link.one('survey', 'connection', []), time.end),
		]);
		main.dispatch({type: 'ticked', at: performance.now(), wall: Date.now()});
		const state = main.get();
		const {facts} = state.servers[state.watched] ?? {};
		return {
			state,
			history: {rings: seconds.get().history, step_s: step / 1000},
			impossible: impossibleQueries(catalog, state, tables),
			databases: databases?.status === 'ok' ? databases.sample.rows.map(row => String(row.datname)).filter(name => !isOfService(facts, null, name)) : null,
			connection: connection?.status === 'ok' ? (connection.sample.rows[0] ?? null) : null,
		};
	} finally {
		giveUp.abort();
		await Promise.all(links.map(one => one.stop()));
	}
}

/** Monotonic ms; `budget` is what was given for all of it. */
type Time = {readonly end: number; readonly budget: number};

function storeOf({settings, servers, catalog}: SnapshotOptions, panes: readonly Pane[], interval: number): Store {
	const size = {columns: 100, rows: 40};
	const [now, wall, local] = [performance.now(), Date.now(), localQueries(catalog)];
	const state = initialState({panes, settings, watched: servers[0]!.id, interval, size, now, wall, local, pane: panes[0]!.id});
	return createStore(
		state,
		reducer(() => 0),
	);
}

/** A server that has no slot free just now is tried again for half of the time. */
async function reached(link: Link, store: Store, time: Time): Promise<Problem | undefined> {
	const started = await within(
		link.start().then(problem => ({problem})),
		time.end,
	);
	if (started?.problem) return started.problem;
	const feed = () => store.get().servers[link.id]?.feed;
	await within(
		becomes(store, () => feed()?.is === 'live'),
		Math.min(time.end, performance.now() + time.budget / 2),
	);
	const now = feed();
	if (now?.is === 'live') return undefined;
	return now?.is === 'lost'
		? {problem: now.message, exit: 69}
		: {problem: `No answer within ${Math.round(time.budget / 100) / 10} s; --timeout gives it more.`, exit: 69};
}

/** A companion that can't be reached is told as lost, and the report goes on without it. */
async function joined(link: Link, dispatch: (event: Event) => void, time: Time): Promise<void> {
	const started = await within(
		link.start().then(problem => ({problem})),
		Math.min(time.end, performance.now() + time.budget / 3),
	);
	if (started && !started.problem) return;
	const message = started?.problem?.problem ?? 'no answer in time';
	dispatch({type: 'lost', server: link.id, at: performance.now(), message, retryAt: Number.POSITIVE_INFINITY});
}

function becomes(store: Store, satisfied: () => boolean): Promise<void> {
	return new Promise(resolve => {
		if (satisfied()) return resolve();
		const stop = store.subscribe(() => {
			if (!satisfied()) return;
			stop();
			resolve();
		});
	});
}

/** `end`: monotonic ms. */
function within<T>(promise: Promise<T>, end: number): Promise<T | undefined> {
	return waitAtMost(end - performance.now(), promise);
}

function namesOf(tables: readonly Table[], source: Source): readonly QueryName[] {
	return [...new Set(tables.filter(table => sourceOf(table) === source).flatMap(table => queryOf(table) ?? []))];
}

function sourceOf(table: Table): Source {
	if ('redis' in table.from) return 'redis';
	if ('pgbouncer' in table.from) return 'pgbouncer';
	return table.every === 'tick' ? 'sample' : 'survey';
}

/** A companion is asked what the whole cluster is asked, and only if it is of the cluster. */
function isAsked(state: State, server: ServerId, table: Table): boolean {
	return server === state.watched || (table.scope === 'cluster' && counts(state, server, queryOf(table) ?? ''));
}

/** The second time only what moves, and what may work now: not what was refused, and not what was too slow once. */
function worthAsking(state: State, server: ServerId, table: Table): boolean {
	const result = state.answers[server]?.[queryOf(table) ?? '']?.result;
	if (result?.status === 'ok') return table.every === 'tick' || (table.counters?.length ?? 0) > 0;
	return result?.status === 'failed' && result.code !== '57014';
}

type Answered = {readonly results: Readonly<Record<QueryName, Result>>; readonly roundTrip?: number};
type Asker = {readonly id: ServerId; readonly ask: (names: readonly QueryName[]) => Promise<Answered>};

function askerOf(link: Link, source: Source, others: Others | undefined): Asker {
	if (source === 'sample' || source === 'survey') return {id: link.id, ask: names => link.ask(source, names)};
	return {id: link.id, ask: async names => ({results: (await others?.ask(source, names)) ?? {}})};
}

/** What hangs costs its neighbours no more than one answer: slow questions go in small groups. */
async function ask({id, ask: send}: Asker, source: Source, names: readonly QueryName[], stores: readonly Store[], time: Time): Promise<void> {
	const size = source === 'sample' ? Math.max(1, names.length) : together;
	for (let start = 0; start < names.length; start += size) {
		const group = names.slice(start, start + size);
		const asked = stores.map(store => requested(store, id, source, group));
		const answer = performance.now() < time.end ? await within(send(group), time.end) : undefined;
		const message = `not answered within the ${Math.round(time.budget / 100) / 10} s of the whole report (--timeout)`;
		const results = answer?.results ?? Object.fromEntries(group.map((name): [QueryName, Result] => [name, {status: 'failed', message, code: undefined}]));
		stores.forEach((store, index) => {
			const {generation} = store.get().servers[id]!;
			// The connection was lost meanwhile: what is said of it counts all the same.
			const request = generation === asked[index]!.generation ? asked[index]!.request : requested(store, id, source, group).request;
			store.dispatch({type: 'sampled', server: id, session: source, generation, request, at: performance.now(), results, roundTrip: answer?.roundTrip});
		});
	}
}

function requested(store: Store, server: ServerId, session: Source, queries: readonly QueryName[]): {generation: number; request: number} {
	const state = store.get();
	const request = state.requests + 1;
	store.dispatch({type: 'requested', server, session, request, queries, at: performance.now()});
	return {generation: state.servers[server]!.generation, request};
}

async function everySecond(end: number, step: number, sample: () => Promise<void>): Promise<void> {
	const start = performance.now();
	for (let turn = 1; start + turn * step < end - step / 2; turn++) {
		await pause(start + turn * step - performance.now());
		await sample();
	}
	await pause(end - performance.now());
}

/** The whole texts of the rows that will be shown. */
async function lookUp(link: Link, store: Store, tables: readonly Table[], time: Time): Promise<void> {
	for (const table of tables) {
		const {lookup} = table;
		if (!lookup || performance.now() > time.end) continue;
		const shown = visible(table, store.get().tables[table.id]?.rows ?? [], freshView).slice(0, looked);
		const keys = [...new Set(shown.flatMap(one => (typeof one.row[lookup.key] === 'string' ? [String(one.row[lookup.key])] : [])))];
		if (keys.length === 0) continue;
		const result = await within(link.one('survey', lookup.sql, [keys]), time.end);
		if (result?.status !== 'ok') continue;
		const rows = result.sample.rows.map(row => [`${lookup.sql}\0${String(row[lookup.key])}`, row] as const);
		store.dispatch({type: 'lookedUp', rows: Object.fromEntries(rows)});
	}
}

function impossibleQueries(catalog: Catalog, state: State, tables: readonly Table[]): ReadonlySet<QueryName> {
	const facts = state.servers[state.watched]?.facts;
	const names = new Set(tables.flatMap(table => sqlOf(table) ?? []));
	return new Set([...names].filter(name => facts !== undefined && 'skipped' in pick(catalog, name, facts)));
}
