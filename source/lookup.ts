import type {QueryName, Row, Table, Value} from './pane.ts';
import {paneOf, type State, shownTables} from './state.ts';
import {bodyOf, viewOf, visibleRows} from './window.ts';

export type Missing = {readonly sql: QueryName; readonly key: string; readonly keys: readonly string[]};

/** A tile of the overview names no more rows than these. */
const tileRows = 5;

/**
 * Milliseconds of rest after an answer that cost the server `cost` ms. It reads the texts of all statements for it, into temporary files
 * where they are long: a quarter of its time for who turns to other rows, and next to nothing for rows that come and go by themselves.
 */
export function restAfter(cost: number, isWanted: boolean): number {
	if (cost < 50) return 0;
	return cost * (isWanted ? 3 : 30);
}

/** Keys of rows whose texts have not been asked for, at most 50 at a time: what is on the screen, and what a check is about to name. */
export function missingTexts(state: State): Missing | undefined {
	for (const [table, rows] of [...rowsOnScreen(state), ...suspects(state)]) {
		const {lookup} = table;
		if (!lookup) continue;
		const keys = new Set<string>();
		for (const row of rows) {
			const key = row[lookup.key];
			if (typeof key === 'string' && state.lookups[`${lookup.sql}\0${key}`] === undefined) keys.add(key);
		}
		if (keys.size > 0) return {sql: lookup.sql, key: lookup.key, keys: [...keys].slice(0, 50)};
	}
	return undefined;
}

function rowsOnScreen(state: State): readonly (readonly [Table, readonly Row[]])[] {
	if (paneOf(state).place === 'overview') {
		const tables = state.panes.flatMap(pane => (pane.tile ? pane.tables.filter(table => table.lookup).slice(0, 1) : []));
		return tables.map(table => [
			table,
			visibleRows(state, table)
				.slice(0, tileRows)
				.map(one => one.row),
		]);
	}
	const {scrolled, page} = bodyOf(state);
	return shownTables(state).map(table => {
		const top = viewOf(state, table).top;
		return [table, scrolled.slice(top, top + page).flatMap(slot => (slot.is === 'row' && slot.table === table ? [slot.visible.row] : []))];
	});
}

/** Before a finding rises its text is known: it may be one of pgperf's own, and else is told with it. */
function suspects(state: State): readonly (readonly [Table, readonly Row[]])[] {
	const standings = Object.values(state.checks);
	return state.panes
		.flatMap(pane => pane.tables)
		.flatMap(table => {
			const keys = table.lookup
				? new Set(standings.flatMap(one => (one.table === table.id && one.finding.rowKey !== undefined ? [one.finding.rowKey] : [])))
				: undefined;
			return keys?.size ? [[table, (state.tables[table.id]?.rows ?? []).filter(row => keys.has(table.rowKey(row)))] as const] : [];
		});
}

/** The rows with the fields that were looked up; null where nothing is known yet. */
export function withLookups(table: Table, rows: readonly Row[], lookups: State['lookups']): readonly Row[] {
	const {lookup} = table;
	if (!lookup) return rows;
	const start = `${lookup.sql}\0`;
	const texts = new Map(Object.entries(lookups).flatMap(([key, found]) => (key.startsWith(start) ? [[key.slice(start.length), found] as const] : [])));
	return rows.map(row => {
		const found = texts.get(String(row[lookup.key]));
		// Of ten thousand rows a few are looked up: the others are not copied.
		if (lookup.fields.every(field => row[field] === (found?.[field] ?? null))) return row;
		const whole: Record<string, Value> = {...row};
		for (const field of lookup.fields) whole[field] = found?.[field] ?? null;
		return whole;
	});
}
