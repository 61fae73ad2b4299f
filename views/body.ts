import type {Line, Segment, Table} from '../source/pane.ts';
import type {State} from '../source/state.ts';
import {focusedTable, paneOf, shownTables} from '../source/state.ts';
import {cursorIndex} from '../source/visible.ts';
import {bodyOf, chartHeight, type Slot, viewOf, visibleRows} from '../source/window.ts';
import {chart} from './components/chart.ts';
import {headerLine, type Placed, placeColumns, rowLine} from './components/table.ts';
import {duration} from './format.ts';
import {toWidth} from './layout.ts';

/** The open pane, exactly `height` lines. */
export function paneBody(state: State, height: number): Line[] {
	const {fixed, scrolled, page} = bodyOf(state);
	const table = focusedTable(state);
	const top = table ? Math.min(viewOf(state, table).top, Math.max(0, scrolled.length - page)) : 0;
	const painter = painterOf(state);
	const lines = [...fixed, ...scrolled.slice(top, top + Math.max(0, height - fixed.length))].map(painter);
	while (lines.length < height) lines.push([{text: ' '.repeat(state.size.columns)}]);
	return lines.slice(0, height);
}

/** Columns are placed once per table and frame. */
function painterOf(state: State): (slot: Slot) => Line {
	const width = state.size.columns;
	const placed = new Map<Table, readonly Placed[]>();
	const columnsOf = (table: Table) => {
		const found = placed.get(table) ?? placeColumns(table, width, viewOf(state, table).offset);
		placed.set(table, found);
		return found;
	};
	const focused = focusedTable(state);
	const cursor = focused ? cursorIndex(visibleRows(state, focused), viewOf(state, focused)) : -1;
	let charted: Line[] | undefined;
	return slot => {
		switch (slot.is) {
			case 'chart':
				charted ??= chartOf(state, slot.series, width);
				return charted[slot.line] ?? [];
			case 'tables':
				return modes(state, width);
			case 'title':
				return toWidth([{text: ` ${slot.table.title}`, tone: 'strong'}, ...stale(state, slot.table)], width);
			case 'summary':
				return toWidth([{text: ' '}, ...slot.line], width);
			case 'header':
				return headerLine(columnsOf(slot.table), viewOf(state, slot.table).sort, width);
			case 'row': {
				const {table, visible, index} = slot;
				const line = rowLine(columnsOf(table), visible, {selected: table === focused && index === cursor, width});
				return line;
			}
			case 'note':
				return note(state, slot.table, slot.part, width);
			case 'blank':
				return toWidth([], width);
		}
	};
}

function chartOf(state: State, id: string, width: number): Line[] {
	const series = state.panes.flatMap(pane => pane.series ?? []).find(one => one.id === id);
	if (!series) return [];
	const title: Line = toWidth([{text: ` ${series.title}`, tone: 'dim'}], width);
	return [title, ...chart(state.history[id] ?? [], {width, height: chartHeight - 1, show: series.show})];
}

/** The pane's tables by name, the shown one marked: `m` goes on. */
function modes(state: State, width: number): Line {
	const pane = paneOf(state);
	const shown = shownTables(state, pane)[0];
	const line: Segment[] = [{text: ' '}];
	for (const table of pane.tables) line.push({text: table.title, tone: table === shown ? 'strong' : 'dim'}, {text: table === shown ? '◂ ' : '  '});
	line.push({text: 'm next', tone: 'dim'}, ...(shown ? stale(state, shown) : []));
	return toWidth(line, width);
}

/** 'stale 12s' when what is shown is older than its pace promises. */
function stale(state: State, table: Table): Line {
	const at = state.tables[table.id]?.at;
	const promised = table.every === 'tick' ? state.interval : table.every === 'slow' ? Math.max(5000, state.interval) : 60_000;
	const age = at === undefined ? 0 : state.now - at;
	return age > 2.5 * promised + 500 ? [{text: `  stale ${duration(age / 1000)}`, tone: 'warning'}] : [];
}

/** Why there are no rows: not asked yet, filtered away, in the way, or truly none. */
function note(state: State, table: Table, part: 0 | 1, width: number): Line {
	const data = state.tables[table.id];
	if (part === 1) return toWidth([{text: `   ${data?.problem?.remedy ?? ''}`, tone: 'accent'}], width);
	if (data?.problem) {
		const age = data.at === undefined ? '' : `; what is shown is ${duration((state.now - data.at) / 1000)} old`;
		return toWidth([{text: ` ${data.problem.final ? '' : '▲ '}${data.problem.reason}${age}`, tone: data.problem.final ? 'notice' : 'warning'}], width);
	}
	if (data?.at === undefined) return toWidth([unasked(state)], width);
	if (viewOf(state, table).filter !== '')
		return toWidth([{text: ` No row passes the filter "${viewOf(state, table).filter}". Esc clears it.`, tone: 'dim'}], width);
	if (data.rows.length > 0) return toWidth([{text: ` ${data.rows.length} hidden: i shows them.`, tone: 'dim'}], width);
	return toWidth([{text: ` ${table.empty}`, tone: 'good'}], width);
}

function unasked(state: State): Segment {
	if (state.paused) return {text: ' ❚❚ paused, and not asked yet: r asks once, p goes on', tone: 'warning'};
	if (state.servers[state.watched]?.feed.is === 'lost') return {text: ' ▲ not asked yet: the server is lost', tone: 'warning'};
	return {text: ' ◌ asking the server', tone: 'dim'};
}
