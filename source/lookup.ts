import type {QueryName, Row, Table} from './pane.ts';
import {type State, shownTables} from './state.ts';
import {bodyOf, viewOf} from './window.ts';

export type Missing = {readonly sql: QueryName; readonly key: string; readonly keys: readonly string[]};

/** Keys of the rows on the screen whose texts have not been asked for: at most 50 at a time. */
export function missingTexts(state: State): Missing | undefined {
	for (const table of shownTables(state)) {
		const {lookup} = table;
		if (!lookup) continue;
		const {scrolled, page} = bodyOf(state);
		const top = viewOf(state, table).top;
		const keys = new Set<string>();
		for (const slot of scrolled.slice(top, top + page)) {
			if (slot.is !== 'row') continue;
			const key = slot.visible.row[lookup.key];
			if (typeof key === 'string' && state.lookups[`${lookup.sql}\0${key}`] === undefined) keys.add(key);
		}
		if (keys.size > 0) return {sql: lookup.sql, key: lookup.key, keys: [...keys].slice(0, 50)};
	}
	return undefined;
}

/** The rows with the fields that were looked up; null where nothing is known yet. */
export function withLookups(table: Table, rows: readonly Row[], lookups: State['lookups']): readonly Row[] {
	const {lookup} = table;
	if (!lookup) return rows;
	return rows.map(row => {
		const found = lookups[`${lookup.sql}\0${String(row[lookup.key])}`];
		return {...row, ...Object.fromEntries(lookup.fields.map(field => [field, found?.[field] ?? null]))};
	});
}
