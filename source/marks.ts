import type {Row, RowKey} from './pane.ts';
import type {State} from './state.ts';

/**
 * Marks go with their rows: numbers of processes are given again, after a restart in a container at once, and a mark that outlived its
 * session would choose whoever has the number by then.
 */
export function withoutStrayMarks(before: State, state: State): State {
	let {views} = state;
	for (const table of state.panes.flatMap(pane => pane.tables)) {
		const view = views[table.id];
		const rows = state.tables[table.id]?.rows;
		const old = before.tables[table.id]?.rows;
		if (!view || view.marks.size === 0 || !rows || !old || rows === old) continue;
		const was = markedRows(old, table.rowKey, view.marks);
		const is = markedRows(rows, table.rowKey, view.marks);
		const kept = [...view.marks].filter(key => is.has(key) && backendOf(was.get(key)) === backendOf(is.get(key)));
		if (kept.length < view.marks.size) views = {...views, [table.id]: {...view, marks: new Set(kept)}};
	}
	return views === state.views ? state : {...state, views};
}

function markedRows(rows: readonly Row[], rowKey: (row: Row) => RowKey, marks: ReadonlySet<RowKey>): ReadonlyMap<RowKey, Row> {
	return new Map(rows.flatMap(row => (marks.has(rowKey(row)) ? [[rowKey(row), row]] : [])));
}

function backendOf(row: Row | undefined): Row[string] {
	return row?.backend_start ?? null;
}
