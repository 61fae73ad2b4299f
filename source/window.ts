import {inputOf} from './input.ts';
import type {Line, Pane, Table} from './pane.ts';
import {focusedTable, paneOf, type State, shownTables, type TableData} from './state.ts';
import {cursorIndex, freshView, type View, type VisibleRow, visible} from './visible.ts';

/** One line of a pane's body, before anybody knows its cells. */
export type Slot =
	| {readonly is: 'chart'; readonly series: string; readonly line: number}
	| {readonly is: 'tables'}
	| {readonly is: 'title'; readonly table: Table}
	| {readonly is: 'summary'; readonly line: Line}
	| {readonly is: 'header'; readonly table: Table}
	| {readonly is: 'row'; readonly table: Table; readonly visible: VisibleRow; readonly index: number}
	/** The sentence for no rows, or for what is in the way; `part` 0 says what, 1 what to do. */
	| {readonly is: 'note'; readonly table: Table; readonly part: 0 | 1}
	| {readonly is: 'blank'};

/** The lines above that stay, and those below that scroll. */
type Body = {readonly fixed: readonly Slot[]; readonly scrolled: readonly Slot[]; readonly page: number};

export const chartHeight = 6;
/** Header of three lines, tabs, two rules, footer. On small screens the rules go. */
export function frameHeight(state: State): number {
	return state.size.rows < 16 ? 5 : 7;
}

const cache = new WeakMap<State, Body>();

/** What the open pane shows, line by line; the same for the reducer, which scrolls, and for the view, which paints. */
export function bodyOf(state: State): Body {
	const cached = cache.get(state);
	if (cached) return cached;
	const pane = paneOf(state);
	const body = state.size.rows - frameHeight(state);
	const fixed: Slot[] = [];
	if (pane.chart !== undefined && body > 2 * chartHeight) {
		for (let line = 0; line < chartHeight; line++) fixed.push({is: 'chart', series: pane.chart, line});
	}
	const scrolled: Slot[] = [];
	if (pane.arrange === 'switch' && pane.tables.length > 1) fixed.push({is: 'tables'});
	for (const table of shownTables(state, pane)) tableSlots(state, pane, table, fixed, scrolled);
	const result = {fixed, scrolled, page: Math.max(1, body - fixed.length)};
	cache.set(state, result);
	return result;
}

function tableSlots(state: State, pane: Pane, table: Table, fixed: Slot[], scrolled: Slot[]): void {
	const head = pane.tables.length === 1 || pane.arrange === 'switch' ? fixed : scrolled;
	const data = state.tables[table.id];
	if (head === scrolled) {
		if (scrolled.length > 0) scrolled.push({is: 'blank'});
		head.push({is: 'title', table});
	}
	const rows = visibleRows(state, table);
	if (data?.at !== undefined && table.summary && !data.problem?.final) {
		for (const line of table.summary(data.rows, inputOf(state), state.size.columns - 2)) head.push({is: 'summary', line});
	}
	if (rows.length === 0) {
		scrolled.push({is: 'note', table, part: 0});
		if (remedyOf(data)) scrolled.push({is: 'note', table, part: 1});
		return;
	}
	head.push({is: 'header', table});
	rows.forEach((one, index) => {
		scrolled.push({is: 'row', table, visible: one, index});
	});
	if (data?.problem && !data.problem.final) scrolled.push({is: 'note', table, part: 0});
}

function remedyOf(data: TableData | undefined): string | undefined {
	return data?.problem?.remedy;
}

export function viewOf(state: State, table: Table): View {
	return state.views[table.id] ?? freshView;
}

export function visibleRows(state: State, table: Table): readonly VisibleRow[] {
	return visible(table, state.tables[table.id]?.rows ?? [], viewOf(state, table));
}

/** The row under the cursor; undefined where the table has none. */
export function selectedRow(state: State): VisibleRow | undefined {
	const table = focusedTable(state);
	if (!table) return undefined;
	const rows = visibleRows(state, table);
	return rows[cursorIndex(rows, viewOf(state, table))];
}

/** First line of the scrolled part, moved just so far that the cursor's line is seen: lists scroll at the edges. */
export function scrolledTop(state: State, top: number): number {
	const {scrolled, page} = bodyOf(state);
	const table = focusedTable(state);
	const most = Math.max(0, scrolled.length - page);
	if (!table) return Math.min(top, most);
	const index = cursorIndex(visibleRows(state, table), viewOf(state, table));
	const line = scrolled.findIndex(slot => slot.is === 'row' && slot.table === table && slot.index === index);
	if (line < 0) {
		const title = scrolled.findIndex(slot => slot.is === 'title' && slot.table === table);
		return title < 0 ? Math.min(top, most) : Math.max(0, Math.min(most, Math.max(title + 2 - page, Math.min(top, title))));
	}
	// The title and header above a table's first row come with it.
	const above = index === 0 ? scrolled.slice(0, line).findLastIndex(slot => slot.is === 'row' || slot.is === 'note') + 1 : line;
	return Math.max(0, Math.min(most, Math.max(line - page + 1, Math.min(top, above))));
}
