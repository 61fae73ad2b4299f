import {connected, countedAnew, derived, known, lost, refreshedFacts, requested, sampled, withServer} from './answers.ts';
import {freshChecks, noCoverage} from './checks.ts';
import {discreet} from './discreet.ts';
import type {Event} from './event.ts';
import {answeredExplain, explained, inspected, paintedExplain, statementRead} from './explain.ts';
import {forgot} from './forgot.ts';
import {logged, notified, withLogTables} from './log.ts';
import {withoutStrayMarks} from './marks.ts';
import {entered, grouped, lastOffset, marked, moved, paced, sorted, switched, tileMoved, withView} from './moves.ts';
import {called, chosen, closed, erased, menuItems, serverItems, typed, withTop} from './overlays.ts';
import type {Table} from './pane.ts';
import {answered, asked, cancelled, filled, painted, planned, progressed, settled} from './questions.ts';
import {focusedTable, paneOf, type State, topOverlay} from './state.ts';
import {cursorIndex, freshView, type View} from './visible.ts';
import {scrolledTop, viewOf, visibleRows} from './window.ts';

/**
 * Every change of the state. Pure: the same events give the same state, whenever they are replayed. `lastScroll` tells how far the
 * open overlay can be scrolled, which only its view knows.
 */
export function reducer(lastScroll: (state: State) => number): (state: State, event: Event) => State {
	return (state, told) => {
		const event = discreet(state, told);
		const next = settle(state, withLog(state, turned(state, step(state, event))));
		if (event.type === 'sampled') return toldFindings(state, next);
		return event.type === 'moved' || event.type === 'resized' ? withinScroll(next, lastScroll) : next;
	};
}

function withLog(before: State, state: State): State {
	const stale = before.log !== state.log || before.pane !== state.pane || before.watched !== state.watched;
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
			return ticked(state, event);
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
		case 'unlinked':
			return unlinked(event.gaveUp ? {...state, going: null} : state, event.server);
		case 'requested':
			return requested(state, event);
		case 'sampled':
			return withoutStrayMarks(state, sampled(state, event));
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
		case 'forgot':
			return forgot(state);
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
			return notified(state, event);
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

/** The clock that measures stands still while the machine sleeps, the one on the wall does not, ms. */
const shortestSleep = 2000;

function ticked(state: State, {at, wall}: Extract<Event, {type: 'ticked'}>): State {
	const awake = wall - state.wall - (at - state.now) > shortestSleep ? woken(state) : state;
	return {...awake, now: at, wall, notice: state.notice && state.notice.until > at ? state.notice : null};
}

/** The server went on counting meanwhile: what it says next is compared with nothing. What was planned is of another day. */
function woken(state: State): State {
	const old = Number.NEGATIVE_INFINITY;
	const overlays = state.overlays.map(overlay => (overlay.is === 'question' && overlay.plan ? {...overlay, plan: {...overlay.plan, at: old}} : overlay));
	return countedAnew({...state, overlays});
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

function watchedOther(state: State, server: string): State {
	if (server === state.watched) return {...state, overlays: [], going: null};
	if (state.running.length > 0) {
		const text = `still running here: ${state.running.map(one => one.title).join(', ')}; it would be left without anybody who can cancel it`;
		return {...state, notice: {text, tone: 'warning', until: state.now + 8000}};
	}
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

function unlinked(state: State, server: string): State {
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
