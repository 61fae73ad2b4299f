import {type Change, changesBetween, wasReset} from './changes.ts';
import {runChecks} from './checks.ts';
import {counts, strangerBecause} from './cluster.ts';
import {pushed, withChanges} from './derive.ts';
import {longestChange, queryOf} from './due.ts';
import type {Event} from './event.ts';
import {inputOf} from './input.ts';
import {logged} from './log.ts';
import {withLookups} from './lookup.ts';
import type {Facts, History, Input, QueryName, Result, Row, ServerId, Table, TableId} from './pane.ts';
import {withoutSecrets} from './secrets.ts';
import {type Answer, paneOf, type Server, type State, type TableData} from './state.ts';

type Of<Type extends Event['type']> = Extract<Event, {readonly type: Type}>;

export function withServer(state: State, id: ServerId, change: (server: Server) => Partial<Server>): State {
	const server = state.servers[id];
	return server ? {...state, servers: {...state.servers, [id]: {...server, ...change(server)}}} : state;
}

function withAnswers(state: State, id: ServerId, change: (answer: Answer) => Answer): State {
	const answers = Object.fromEntries(Object.entries(state.answers[id] ?? {}).map(([name, answer]) => [name, change(answer)]));
	return {...state, answers: {...state.answers, [id]: answers}};
}

export function known(state: State, event: Of<'known'>): State {
	const server: Server = {
		id: event.server,
		title: event.title,
		rules: event.rules,
		feed: {is: 'connecting', since: event.at},
		generation: 0,
		ownPids: [],
		tickAt: 0,
		busy: {},
		cost: 0,
	};
	return {...state, servers: {...state.servers, [event.server]: server}, answers: {...state.answers, [event.server]: {}}};
}

export function connected(state: State, event: Of<'connected'>): State {
	const {server: id, at, facts, ownPids, tls, title} = event;
	const before = state.servers[id];
	const next = withServer(state, id, server => ({
		title: title ?? server.title,
		feed: {is: 'live', since: at},
		generation: server.generation + 1,
		facts,
		ownPids,
		tls,
		note: undefined,
		tickAt: at - state.interval,
		busy: {},
	}));
	const moved =
		before?.facts && title !== undefined && title !== before.title ? [{text: `${before.title} is left, ${title} answers`, tone: 'warning' as const}] : [];
	const changes = before?.facts ? [...moved, ...changesBetween(before.facts, facts), ...outage(before.feed, at, lastAnswer(state, id))] : [];
	const read = before?.facts && haveChanged(before.facts, facts) ? textsForgotten(next, id) : next;
	return withAnswers(strangersTold(told(read, id, changes)), id, again);
}

/** Of a crash of one of its processes nothing is left to be seen a second later: the server goes on as if it had never been down. */
function outage(feed: Server['feed'], at: number, answeredAt: number): readonly Change[] {
	if (feed.is !== 'lost') return [];
	const seconds = (at - Math.min(feed.since, answeredAt)) / 1000;
	const told = seconds < 120 ? `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
	return [{text: `back after ${told} without an answer: ${feed.reason}`, tone: 'warning'}];
}

/** Monotonic ms. */
function lastAnswer(state: State, id: ServerId): number {
	const ats = Object.values(state.answers[id] ?? {}).flatMap(({sample}) => (sample ? [sample.at] : []));
	return ats.length > 0 ? Math.max(...ats) : Number.POSITIVE_INFINITY;
}

/** A companion that does not count is said once. What is being gone to is no companion. */
function strangersTold(state: State): State {
	const {facts: watched} = state.servers[state.watched] ?? {};
	const texts = Object.values(state.servers).flatMap(({id, title, facts}) => {
		const why = id === state.watched || state.going !== null ? undefined : strangerBecause(watched, facts);
		const text = `${title} ${why}`;
		return why === undefined || state.log.some(entry => entry.text === text) ? [] : [text];
	});
	if (texts.length === 0) return state;
	const entries = texts.map(text => ({kind: 'console' as const, text, tone: 'warning' as const}));
	return {...logged(state, ...entries), notice: {text: texts.join('; '), tone: 'warning', until: state.now + 15_000}};
}

/** Into the log, and the weightiest of what happened to the watched server onto the screen. */
function told(state: State, id: ServerId, changes: readonly Change[]): State {
	const title = state.servers[id]?.title ?? id;
	const entries = changes.map(({text, tone}) => ({kind: 'console' as const, text: `${title}: ${text}`, tone}));
	const first = changes[0];
	const notice = first && id === state.watched ? {text: changes.map(({text}) => text).join('; '), tone: first.tone, until: state.now + 15_000} : state.notice;
	return entries.length === 0 ? state : {...logged(state, ...entries), notice};
}

/** Nothing is counted across a reconnect, and what was refused may be possible now. */
function again(answer: Answer): Answer {
	return {...answer, cut: true, asking: undefined, askedAt: 0, notBefore: 0, failures: 0, result: answer.result?.status === 'ok' ? answer.result : undefined};
}

/** No change is told across this moment. */
export function countedAnew(state: State): State {
	return Object.keys(state.answers).reduce((next, id) => withAnswers(next, id, answer => ({...answer, cut: true})), state);
}

export function refreshedFacts(state: State, event: Of<'refreshedFacts'>): State {
	const before = state.servers[event.server]?.facts;
	const restarted = before !== undefined && (before.started_at !== event.facts.started_at || before.recovery !== event.facts.recovery);
	const read = withServer(state, event.server, server => ({
		facts: event.facts,
		ownPids: event.ownPids,
		// What was planned and asked before a promotion, or behind a pooler before a restart, was of another server.
		...(restarted ? {generation: server.generation + 1, busy: {}} : {}),
	}));
	if (!before || !haveChanged(before, event.facts)) return read;
	const next = told(textsForgotten(read, event.server), event.server, changesBetween(before, event.facts));
	return withAnswers(next, event.server, answer => (answer.result?.status === 'ok' && !restarted ? answer : again(answer)));
}

/** A text that was not to be read may be now, by another role or of another version. */
function textsForgotten(state: State, id: ServerId): State {
	return id === state.watched ? {...state, lookups: {}} : state;
}

function haveChanged(before: Facts, now: Facts): boolean {
	return JSON.stringify(before) !== JSON.stringify(now);
}

export function lost(state: State, event: Of<'lost'>): State {
	const before = state.servers[event.server];
	const text = `${before?.title ?? event.server}: lost: ${event.message}`;
	const seen = before?.feed.is === 'live' ? logged(state, {kind: 'console', text, tone: 'warning'}) : state;
	const {message, retryAt} = event;
	// What was said before, that it is back for one, must not stand where it is said that it is lost.
	const heard = event.server === state.watched && before?.feed.is === 'live' ? {...seen, notice: null} : seen;
	const next = withServer(heard, event.server, server => ({
		note: undefined,
		feed: {is: 'lost', since: event.at, reason: message, ...(server.feed.is === 'lost' ? server.feed : {}), message, retryAt},
		generation: server.generation + 1,
		busy: {},
	}));
	return withAnswers(next, event.server, answer => ({...answer, asking: undefined}));
}

export function requested(state: State, event: Of<'requested'>): State {
	const {server: id, session, request, queries, at} = event;
	const next = withServer(state, id, server => ({
		busy: {...server.busy, [session]: request},
		tickAt: session === 'sample' && at >= server.tickAt + state.interval ? onSchedule(server.tickAt, at, state.interval) : server.tickAt,
	}));
	const answers = {...next.answers[id]};
	for (const name of queries) answers[name] = {...(answers[name] ?? {cut: false, notBefore: 0, failures: 0}), askedAt: at, asking: request};
	return {...next, requests: Math.max(next.requests, request), answers: {...next.answers, [id]: answers}};
}

/** A tick that is a little late does not move the ones after it. */
function onSchedule(before: number, now: number, interval: number): number {
	const planned = before + interval;
	return now - planned < interval / 2 ? planned : now;
}

export function sampled(state: State, event: Of<'sampled'>): State {
	const server = state.servers[event.server];
	if (!server || server.generation !== event.generation || server.busy[event.session] !== event.request) return state;
	const spent = Object.values(event.results).reduce((sum, result) => sum + (result.status === 'ok' ? result.sample.cost : 0), 0);
	let next = withServer(state, event.server, one => ({
		busy: {...one.busy, [event.session]: undefined},
		cost: event.session === 'sample' ? spent : one.cost,
		roundTrip: event.roundTrip === undefined ? one.roundTrip : Math.min(one.roundTrip ?? Number.POSITIVE_INFINITY, event.roundTrip),
	}));
	const answers = {...next.answers[event.server]};
	for (const [name, result] of Object.entries(event.results)) answers[name] = answered(answers[name], result, event.at);
	next = {...next, answers: {...next.answers, [event.server]: answers}};
	if (event.server === state.watched && event.results.vitals?.status === 'ok') {
		const {previous, sample} = answers.vitals!;
		if (wasReset(previous?.rows[0], sample?.rows[0]))
			next = told(next, event.server, [{text: 'statistics were reset: changes are counted anew', tone: 'warning'}]);
	}
	return derived(next, new Set(Object.keys(event.results)), event.session === 'sample' && event.server === state.watched, event.server);
}

function answered(before: Answer | undefined, result: Result, at: number): Answer {
	const old = before ?? {cut: false, askedAt: at, notBefore: 0, failures: 0};
	if (result.status === 'ok') {
		return {...old, result, sample: result.sample, previous: old.cut ? undefined : old.sample, cut: false, asking: undefined, notBefore: 0, failures: 0};
	}
	const failures = old.failures + 1;
	// A session that waits for a free slot was not tried: nothing is spared by waiting long.
	const wait = result.status === 'failed' ? (result.code === '53300' ? 2000 : Math.min(60_000, 1000 * 2 ** failures)) : 0;
	return {...old, result, asking: undefined, failures, notBefore: at + wait};
}

/** Rows of the tables that these questions feed, what is derived from them, the series and the findings. */
export function derived(state: State, queries: ReadonlySet<QueryName>, tick: boolean, server: ServerId): State {
	const tables: Record<TableId, TableData> = {...state.tables};
	const next = {...state, tables};
	const touched = new Set<TableId>();
	const all = state.panes.flatMap(pane => pane.tables);
	const input = () => inputOf({...next, tables: {...tables}});
	const make = (table: Table, name: QueryName) => {
		const found = collected(state, table, name);
		tables[table.id] = judged(table, {...found, rows: withLookups(table, found.rows, state.lookups)}, input, tables[table.id]);
	};
	for (const table of all) {
		const name = queryOf(table);
		if (name === undefined || !queries.has(name) || (table.scope === 'server' && server !== state.watched)) continue;
		make(table, name);
		touched.add(table.id);
	}
	// In a report nothing is asked again a second later. Not touched: it is no further sample for the checks.
	for (const table of all) {
		const name = queryOf(table);
		if (name !== undefined && tables[table.id]?.at !== undefined && table.beside?.some(id => touched.has(id))) make(table, name);
	}
	for (const table of all) {
		if (!('tables' in table.from) || !table.from.tables.some(id => touched.has(id))) continue;
		const parts = table.from.tables.flatMap(id => (tables[id] ? [tables[id]] : []));
		const rows = table.derive ? [] : parts.flatMap(part => part.rows);
		const ages = parts.flatMap(part => (part.at === undefined ? [] : [part.at]));
		const data = {rows, at: ages.length > 0 ? Math.min(...ages) : undefined, problem: parts.find(part => part.problem)?.problem};
		tables[table.id] = judged(table, data, input, tables[table.id]);
		touched.add(table.id);
	}
	const history = tick ? grown(next) : state.history;
	const withHistory = {...next, history};
	return checked(withHistory, touched);
}

/** How the reason begins where pgperf itself is to blame. */
export const bug = 'pgperf fails on what the server answered';

/**
 * The rows as their pane judges them. One that fails on an answer that nobody foresaw (a bound, a zone, a name) says so and keeps what it had: an
 * incident is the worst moment for the whole console to end.
 */
function judged(table: Table, data: TableData, input: () => Input, before: TableData | undefined): TableData {
	if (!table.derive) return data;
	try {
		return {...data, rows: table.derive(data.rows, input())};
	} catch (error) {
		const what = withoutSecrets(error instanceof Error ? error.message : String(error)).slice(0, 200);
		return {rows: before?.rows ?? [], at: before?.at, problem: {reason: `${bug} (${what})`, remedy: 'please report it; the other tables go on', final: false}};
	}
}

/** What every asked server says, with the changes of its counters; clusters carry the server's name in each row. */
function collected(state: State, table: Table, name: QueryName): TableData {
	const servers = table.scope === 'cluster' ? Object.keys(state.servers).filter(id => counts(state, id, name)) : [state.watched];
	const rows: Row[] = [];
	let at: number | undefined;
	let problem: TableData['problem'];
	for (const id of servers) {
		const answer = state.answers[id]?.[name];
		if (!answer) continue;
		if (answer.sample && answer.result?.status !== 'skipped') {
			const changed = withChanges(table, answer.sample, answer.previous, longestChange(state, table));
			for (const row of changed) rows.push(table.scope === 'cluster' ? {...row, server: id} : row);
			at = Math.min(at ?? answer.sample.at, answer.sample.at);
		}
		if (answer.result?.status === 'skipped') problem ??= {reason: answer.result.reason, remedy: answer.result.remedy, final: true};
		if (answer.result?.status === 'failed') problem ??= {reason: answer.result.message, remedy: undefined, final: false};
	}
	return {rows, at, problem};
}

/** One more point for every series: its value, or a gap where nothing fresh is known. */
function grown(state: State): History {
	const history: Record<string, readonly (number | null)[]> = {...state.history};
	const input = inputOf(state);
	for (const pane of state.panes) {
		const tiled = pane.place === undefined && paneOf(state).place === 'overview';
		const fresh = pane.tables.some(table => isFresh(state, table, tiled));
		for (const series of pane.series ?? []) history[series.id] = pushed(history[series.id], fresh ? series.value(input) : null);
	}
	return history;
}

/** In a tile of the overview every few seconds will do: the point before is drawn on until then. */
function isFresh(state: State, table: Table, tiled: boolean): boolean {
	const at = state.tables[table.id]?.at;
	const period = table.every === 'rare' ? 60_000 : table.every === 'slow' || tiled ? Math.max(5000, state.interval) : state.interval;
	return at !== undefined && latest(state) - at < 1.5 * period;
}

function latest(state: State): number {
	return Math.max(...Object.values(state.tables).map(data => data.at ?? 0));
}

function checked(state: State, touched: ReadonlySet<TableId>): State {
	const tables = state.panes.flatMap(pane => pane.tables);
	const problems = Object.fromEntries(Object.entries(state.tables).flatMap(([id, data]) => (data.problem?.final ? [[id, data.problem.reason]] : [])));
	const result = runChecks(state.checks, tables, inputOf(state), state.settings.limits, state.watched, touched, problems);
	const {state: checks, findings, coverage} = result;
	return {...state, checks, findings, coverage};
}
