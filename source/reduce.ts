import {connected, derived, known, lost, refreshedFacts, requested, sampled, withServer} from './answers.ts';
import {freshChecks, noCoverage} from './checks.ts';
import {answeredExplain, explained, inspected, paintedExplain, statementRead} from './explain.ts';
import {logged, notified, withLogTables} from './log.ts';
import {called, chosen, closed, erased, menuItems, serverItems, typed, withTop} from './overlays.ts';
import type {Pane, Table} from './pane.ts';
import {answered, asked, cancelled, filled, painted, planned, progressed, settled} from './questions.ts';
import {type Event, focusedTable, paneOf, type Size, type State, shownTables, topOverlay} from './state.ts';
import {compared, cursorIndex, freshView, type View} from './visible.ts';
import {bodyOf, scrolledTop, selectedRow, viewOf, visibleRows} from './window.ts';

/**
 * Every change of the state. Pure: the same events give the same state, whenever they are replayed. `lastScroll` tells how far the
 * open overlay can be scrolled, which only its view knows.
 */
export function reducer(lastScroll: (state: State) => number): (state: State, event: Event) => State {
	return (state, event) => {
		const next = settle(state, withLog(state, turned(state, step(state, event))));
		if (event.type === 'sampled') return toldFindings(state, next);
		return event.type === 'moved' || event.type === 'resized' ? withinScroll(next, lastScroll) : next;
	};
}

function withLog(before: State, state: State): State {
	const stale = before.log !== state.log || before.pane !== state.pane;
	return stale ? withLogTables(state) : state;
}

/** Another pane, or another of its tables: from now on it is looked at. */
function turned(before: State, state: State): State {
	return before.pane === state.pane && before.shown === state.shown ? state : {...state, openedAt: state.now};
}

function withinScroll(state: State, lastScroll: (state: State) => number): State {
	const overlay = topOverlay(state);
	if (!overlay) return state;
	if (overlay.is === 'menu') {
		const cursor = Math.min(overlay.cursor, Math.max(0, menuItems(overlay).length - 1));
		return cursor === overlay.cursor ? state : withTop(state, {...overlay, cursor});
	}
	if (!('scroll' in overlay) || overlay.scroll === 0) return state;
	const scroll = Math.min(overlay.scroll, lastScroll(state));
	return scroll === overlay.scroll ? state : withTop(state, {...overlay, scroll});
}

function step(state: State, event: Event): State {
	switch (event.type) {
		case 'ticked':
			return {...state, now: event.at, wall: event.wall, notice: state.notice && state.notice.until > event.at ? state.notice : null};
		case 'known':
			return known(state, event);
		case 'connected':
			return connected(state, event);
		case 'refreshedFacts':
			return refreshedFacts(state, event);
		case 'lost':
			return lost(state, event);
		case 'noted':
			return withServer(state, event.server, () => ({note: event.note}));
		case 'forgotten':
			return forgotten(event.gaveUp ? {...state, going: null} : state, event.server);
		case 'requested':
			return requested(state, event);
		case 'sampled':
			return sampled(state, event);
		case 'fetched':
			return fetched(state, event);
		case 'lookedUp':
			return lookedUp(state, event.rows);
		case 'opened':
			return {...state, pane: event.pane, overlays: []};
		case 'entered':
			return entered(state);
		case 'switched':
			return switched(state, event.by);
		case 'moved':
			return moved(state, event.by);
		case 'scrolled':
			return paneOf(state).place === 'overview'
				? tileMoved(state, event.by)
				: withView(state, view => ({offset: Math.max(0, Math.min(lastOffset(state), view.offset + event.by))}));
		case 'sorted':
			return sorted(state, event.reverse);
		case 'grouped':
			return grouped(state);
		case 'marked':
			return marked(state, event.all);
		case 'unhid':
			return withView(state, view => ({showHidden: !view.showHidden}));
		case 'paused':
			return {...state, paused: !state.paused};
		case 'paced':
			return paced(state, event.by);
		case 'refreshed':
			return {...state, refreshAt: event.at};
		case 'watched':
			return watchedOther(state, event.server);
		case 'called':
			return called(state, event.overlay);
		case 'typed':
			return typed(state, event.text);
		case 'erased':
			return erased(state, event.all);
		case 'chosen':
			return chosen(state, event.at, step);
		case 'closed':
			return topOverlay(state) ? closed(state) : withView(state, () => ({filter: '', marks: freshView.marks}));
		case 'asked':
			return asked(state, event.action);
		case 'filled':
			return filled(state);
		case 'planned':
			return planned(state, event);
		case 'painted':
			return painted(paintedExplain(state, event), event);
		case 'answered':
			return answered(answeredExplain(state, event), event);
		case 'inspected':
			return inspected(state);
		case 'statementRead':
			return statementRead(state, event);
		case 'explained':
			return explained(state, event);
		case 'progressed':
			return progressed(state, event);
		case 'cancelled':
			return cancelled(state, event.request);
		case 'settled':
			return settled(state, event);
		case 'notified':
			return notified(state, event.channel, event.payload);
		case 'noticed':
			return {...state, notice: {text: event.text, tone: event.tone, until: state.now + 6000}};
		case 'logged':
			return logged(state, event.entry);
		case 'resized':
			return {...state, size: event.size};
		case 'placesKnown':
			return placesKnown(state, event);
		case 'auditChanged':
			return {...state, settings: {...state.settings, audit: event.audit}};
		case 'quit':
			return !event.force && state.running.length > 0 ? called(state, 'leave') : {...state, leaving: true};
		case 'copied':
		case 'recorded':
		case 'suspended':
		case 'redrawn':
			return state;
	}
}

/** What must be true after every event: a cursor that follows its row, and a window that shows it. */
function settle(before: State, state: State): State {
	if (state === before) return state;
	const table = focusedTable(state);
	if (!table || paneOf(state).place === 'overview') return state;
	const view = followed(before, state, table);
	const held = state.overlays.some(overlay => overlay.is === 'question' || overlay.is === 'detail' || overlay.is === 'explain');
	const order = held ? (view.held ?? visibleRows(state, table).map(one => one.key)) : null;
	const next = view.held === order ? view : {...view, held: order};
	const placed = next === viewOf(state, table) ? state : {...state, views: {...state.views, [table.id]: next}};
	const top = scrolledTop(placed, next.top);
	return top === next.top ? placed : {...placed, views: {...placed.views, [table.id]: {...next, top}}};
}

/** A selected row that disappears stays where it was, told as gone, until the cursor leaves it. */
function followed(before: State, state: State, table: Table): View {
	const view = viewOf(state, table);
	if (view.cursor === null) return view;
	const rows = state.tables[table.id]?.rows ?? [];
	if (rows.some(row => table.rowKey(row) === view.cursor)) {
		const index = cursorIndex(visibleRows(state, table), view);
		return view.gone || (index >= 0 && index !== view.index) ? {...view, gone: null, index: index >= 0 ? index : view.index} : view;
	}
	if (view.gone) return view;
	const last = before.tables[table.id]?.rows.find(row => table.rowKey(row) === view.cursor);
	return last ? {...view, gone: last} : {...view, cursor: null};
}

export function withView(state: State, change: (view: View) => Partial<View>): State {
	const table = focusedTable(state);
	if (!table) return state;
	const view = viewOf(state, table);
	return {...state, views: {...state.views, [table.id]: {...view, ...change(view)}}};
}

/** How many tiles stand side by side. */
export function tilesAcross(size: Size): number {
	return size.columns >= 120 ? 3 : size.columns >= 80 ? 2 : 1;
}

export function tiledPanes(state: Pick<State, 'panes'>): readonly Pane[] {
	return state.panes.filter(pane => pane.tile !== undefined);
}

function tileMoved(state: State, by: number): State {
	const tiles = tiledPanes(state).length;
	return {...state, shown: {...state.shown, [state.pane]: Math.max(0, Math.min(tiles - 1, (state.shown[state.pane] ?? 0) + by))}};
}

function moved(state: State, by: number | 'top' | 'bottom' | 'page-up' | 'page-down'): State {
	const overlay = topOverlay(state);
	const page = Math.max(1, state.size.rows - 10);
	if (overlay) {
		const rest = state.overlays.slice(0, -1);
		const distance = by === 'top' ? -100_000 : by === 'bottom' ? 100_000 : by === 'page-up' ? -page : by === 'page-down' ? page : by;
		if ('scroll' in overlay) return {...state, overlays: [...rest, {...overlay, scroll: Math.max(0, overlay.scroll + distance)}]};
		if (overlay.is === 'menu') return {...state, overlays: [...rest, {...overlay, cursor: Math.max(0, overlay.cursor + distance)}]};
		return state;
	}
	if (paneOf(state).place === 'overview')
		return tileMoved(state, typeof by === 'number' ? by * tilesAcross(state.size) : by === 'top' || by === 'page-up' ? -99 : 99);
	const stops = shownTables(state).flatMap(table =>
		visibleRows(state, table).flatMap((one, index) => (one.heading === undefined ? [{table, index, key: one.key}] : [])),
	);
	if (stops.length === 0) return state;
	const table = focusedTable(state)!;
	const index = cursorIndex(visibleRows(state, table), viewOf(state, table));
	const here = Math.max(
		0,
		stops.findIndex(stop => stop.table === table && stop.index === index),
	);
	const jump = bodyOf(state).page - 1;
	const distance = by === 'top' ? -stops.length : by === 'bottom' ? stops.length : by === 'page-up' ? -jump : by === 'page-down' ? jump : by;
	const stop = stops[Math.max(0, Math.min(stops.length - 1, here + distance))]!;
	const old = viewOf(state, stop.table);
	// The scroll position belongs to the pane: in a stack it moves on with the cursor into the next table.
	const top = viewOf(state, table).top;
	const view: View = {...old, cursor: stop.key, index: stop.index, gone: old.cursor === stop.key ? old.gone : null, top};
	return {...state, focus: {...state.focus, [state.pane]: stop.table.id}, views: {...state.views, [stop.table.id]: view}};
}

function entered(state: State): State {
	if (paneOf(state).place === 'overview') {
		const pane = tiledPanes(state)[state.shown[state.pane] ?? 0];
		return pane ? {...state, pane: pane.id} : state;
	}
	const table = focusedTable(state);
	const selected = selectedRow(state);
	if (!table || !selected || selected.heading !== undefined) return state;
	const request = state.requests + 1;
	return {
		...state,
		requests: request,
		overlays: [...state.overlays, {is: 'detail', request, table: table.id, key: selected.key, row: selected.row, answers: {}, scroll: 0}],
	};
}

function fetched(state: State, event: Extract<Event, {type: 'fetched'}>): State {
	const overlays = state.overlays.map(overlay =>
		overlay.is === 'detail' && overlay.request === event.request ? {...overlay, answers: {...overlay.answers, [event.id]: event.result}} : overlay,
	);
	return {...state, overlays};
}

/** Texts are kept for 2,000 keys; the oldest leave first. */
function lookedUp(state: State, rows: State['lookups']): State {
	const entries = Object.entries({...state.lookups, ...rows});
	const next = {...state, lookups: Object.fromEntries(entries.slice(-2000))};
	const queries = new Set(state.panes.flatMap(pane => pane.tables.flatMap(table => (table.lookup && 'sql' in table.from ? [table.from.sql] : []))));
	return derived(next, queries, false, state.watched);
}

function switched(state: State, by: number): State {
	const pane = paneOf(state);
	if (pane.arrange === 'switch')
		return {...state, shown: {...state.shown, [pane.id]: ((state.shown[pane.id] ?? 0) + by + pane.tables.length) % pane.tables.length}};
	const table = focusedTable(state);
	const next = pane.tables[(pane.tables.indexOf(table!) + by + pane.tables.length) % pane.tables.length];
	return next ? {...state, focus: {...state.focus, [pane.id]: next.id}} : state;
}

/** The first column stays; the last can be reached, also where only two are seen. */
function lastOffset(state: State): number {
	return Math.max(0, (focusedTable(state)?.columns.length ?? 1) - 1);
}

function sorted(state: State, reverse: boolean): State {
	const table = focusedTable(state);
	if (!table) return state;
	return withView(state, ({sort}) => {
		if (reverse) return {sort: sort ? {...sort, desc: !sort.desc} : {field: table.columns[0]!.field, desc: true}};
		const next = table.columns[table.columns.findIndex(column => column.field === sort?.field) + 1];
		// Numbers are looked at from the largest, names from A; after the last column the usual order comes back.
		return {sort: next ? {field: next.field, desc: next.align === 'right'} : null};
	});
}

function grouped(state: State): State {
	const groups = focusedTable(state)?.groups ?? [];
	return withView(state, ({group}) => ({group: groups[group === null ? 0 : groups.indexOf(group) + 1] ?? null}));
}

function marked(state: State, all: boolean): State {
	const table = focusedTable(state);
	if (!table) return state;
	const rows = visibleRows(state, table).filter(one => one.heading === undefined && !one.gone);
	const selected = selectedRow(state);
	const next = withView(state, ({marks}) => {
		if (all) return {marks: rows.every(one => marks.has(one.key)) ? new Set() : new Set(rows.map(one => one.key))};
		if (!selected) return {};
		const changed = new Set(marks);
		if (!changed.delete(selected.key)) changed.add(selected.key);
		return {marks: changed};
	});
	return all ? next : moved(next, 1);
}

const paces = [500, 1000, 2000, 5000, 10_000, 30_000, 60_000] as const;

function paced(state: State, by: 1 | -1): State {
	const sorted = [...paces].sort((a, b) => compared(a, b, by < 0));
	return {...state, interval: sorted.find(pace => (by > 0 ? pace > state.interval : pace < state.interval)) ?? state.interval};
}

/**
 * What was derived speaks of the other server: it goes, and what is known of the new one comes in its place. A place that is not
 * connected yet is only said: the one that is watched stays until the other answers.
 */
function watchedOther(state: State, server: string): State {
	if (server === state.watched) return {...state, overlays: [], going: null};
	const next = state.servers[server];
	if (!next) {
		const name = state.places.find(place => place.id === server)?.text ?? server;
		return {...state, overlays: [], going: server, notice: {text: `connecting to ${name} …`, tone: 'notice', until: state.now + 60_000}};
	}
	const cleared: State = {
		...state,
		watched: server,
		going: null,
		settings: {...state.settings, ...next.rules},
		tables: {},
		views: {},
		focus: {},
		history: {},
		checks: freshChecks,
		findings: [],
		coverage: noCoverage,
		overlays: [],
		lookups: {},
		databases: null,
		notice: {text: `watching ${next.title}`, tone: 'notice', until: state.now + 4000},
	};
	return derived(cleared, new Set(Object.keys(state.answers[server] ?? {})), false, server);
}

function forgotten(state: State, server: string): State {
	if (server === state.watched) return state;
	const {[server]: _, ...servers} = state.servers;
	const {[server]: __, ...answers} = state.answers;
	return {...state, servers, answers};
}

function placesKnown(state: State, {places, databases}: Extract<Event, {type: 'placesKnown'}>): State {
	const next = {...state, places, databases};
	const overlay = topOverlay(state);
	return overlay?.is === 'menu' && overlay.menu === 'servers' ? withTop(next, {...overlay, items: serverItems(next)}) : next;
}

/** Findings that came and went are part of the log. */
function toldFindings(before: State, state: State): State {
	if (before.findings === state.findings) return state;
	const name = (finding: State['findings'][number]) => `${finding.id}\u0000${finding.subject}`;
	const old = new Set(before.findings.map(name));
	const now = new Set(state.findings.map(name));
	let next = state;
	for (const finding of state.findings) if (!old.has(name(finding))) next = logged(next, {kind: 'finding', text: finding.title, tone: finding.level});
	for (const finding of before.findings) if (!now.has(name(finding))) next = logged(next, {kind: 'finding', text: `over: ${finding.title}`, tone: 'good'});
	return next;
}
