import type {Pane} from './pane.ts';
import {focusedTable, paneOf, type Size, type State, shownTables, topOverlay} from './state.ts';
import {compared, cursorIndex, type View} from './visible.ts';
import {bodyOf, selectedRow, viewOf, visibleRows} from './window.ts';

export function withView(state: State, change: (view: View) => Partial<View>): State {
	const table = focusedTable(state);
	if (!table) return state;
	const view = viewOf(state, table);
	return {...state, views: {...state.views, [table.id]: {...view, ...change(view)}}};
}

/** How many tiles stand side by side. */
function tilesAcross(size: Size): number {
	return size.columns >= 120 ? 3 : size.columns >= 80 ? 2 : 1;
}

function tiledPanes(state: Pick<State, 'panes'>): readonly Pane[] {
	return state.panes.filter(pane => pane.tile !== undefined);
}

export function tileMoved(state: State, by: number): State {
	const tiles = tiledPanes(state).length;
	return {...state, shown: {...state.shown, [state.pane]: Math.max(0, Math.min(tiles - 1, (state.shown[state.pane] ?? 0) + by))}};
}

export function moved(state: State, by: number | 'top' | 'bottom' | 'page-up' | 'page-down'): State {
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

export function entered(state: State): State {
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

export function switched(state: State, by: number): State {
	const pane = paneOf(state);
	if (pane.arrange === 'switch')
		return {...state, shown: {...state.shown, [pane.id]: ((state.shown[pane.id] ?? 0) + by + pane.tables.length) % pane.tables.length}};
	const table = focusedTable(state);
	const next = pane.tables[(pane.tables.indexOf(table!) + by + pane.tables.length) % pane.tables.length];
	if (!next) return state;
	// As far up as it goes: it was chosen to be seen, not its first row alone.
	const view: View = {...viewOf(state, next), top: Number.MAX_SAFE_INTEGER};
	return {...state, focus: {...state.focus, [pane.id]: next.id}, views: {...state.views, [next.id]: view}};
}

/** The first column stays; the last can be reached, also where only two are seen. */
export function lastOffset(state: State): number {
	return Math.max(0, (focusedTable(state)?.columns.length ?? 1) - 1);
}

export function sorted(state: State, reverse: boolean): State {
	const table = focusedTable(state);
	if (!table) return state;
	return withView(state, ({sort}) => {
		if (reverse) return {sort: sort ? {...sort, desc: !sort.desc} : {field: table.columns[0]!.field, desc: true}};
		const next = table.columns[table.columns.findIndex(column => column.field === sort?.field) + 1];
		// Numbers are looked at from the largest, names from A; after the last column the usual order comes back.
		return {sort: next ? {field: next.field, desc: next.align === 'right'} : null};
	});
}

export function grouped(state: State): State {
	const groups = focusedTable(state)?.groups ?? [];
	return withView(state, ({group}) => ({group: groups[group === null ? 0 : groups.indexOf(group) + 1] ?? null}));
}

export function marked(state: State, all: boolean): State {
	const table = focusedTable(state);
	if (!table) return state;
	const rows = visibleRows(state, table).filter(one => one.heading === undefined && !one.gone && !one.above);
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

export function paced(state: State, by: 1 | -1): State {
	const sorted = [...paces].sort((a, b) => compared(a, b, by < 0));
	const interval = sorted.find(pace => (by > 0 ? pace > state.interval : pace < state.interval)) ?? state.interval;
	const limit = interval === state.interval ? (by > 0 ? ', the least often' : ', the most often') : '';
	const text = `${state.paused ? 'paused; then ' : ''}refresh every ${interval / 1000} s${limit}`;
	return {...state, interval, notice: {text, tone: 'notice', until: state.now + 3000}};
}

/**
 * What was derived speaks of the other server: it goes, and what is known of the new one comes in its place. A place that is not
 * connected yet is only said: the one that is watched stays until the other answers.
 */
