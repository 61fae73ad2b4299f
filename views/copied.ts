import type {Row} from '../source/pane.ts';
import {inOneLine, spelledSql} from '../source/spelling.ts';
import {focusedTable, type State, topOverlay} from '../source/state.ts';
import {selectedRow} from '../source/window.ts';
import {cellText} from './components/table.ts';
import {harmless} from './layout.ts';

/** What `y` puts on the clipboard: the query of the row as it stands, else the row's cells. Pasting it must not run anything. */
export function copied(state: State, whole: boolean): string {
	const overlay = topOverlay(state);
	const opened = whole && overlay?.is === 'detail' ? overlay : undefined;
	const row: Row | undefined = opened ? opened.row : selectedRow(state)?.row;
	if (!row) return '';
	const told = opened && wholeOf(state, opened);
	const [query, size] = typeof told?.query === 'string' ? [told.query, told.query_size] : [row.query];
	if (typeof query === 'string') return harmless(spelledSql(inOneLine(query))) + (isCut(query, size) ? ending : '');
	return (focusedTable(state)?.columns ?? []).map(column => harmless(cellText(column, row))).join('\t');
}

/** What the detail shows: the first that it asks for is the whole text. */
function wholeOf({panes}: State, {table, answers}: Extract<ReturnType<typeof topOverlay>, {is: 'detail'}>): Row | undefined {
	const first = panes.flatMap(pane => pane.tables).find(one => one.id === table)?.detail?.ask[0];
	const answer = first && answers[first.id];
	return answer?.status === 'ok' ? answer.sample.rows[0] : undefined;
}

/** How many characters the questions of lists take of a text. */
export const cutAt: ReadonlySet<number> = new Set([120, 200, 300, 600, 2000]);

/** By a list, or by the server, which keeps `size` bytes. */
function isCut(query: string, size: Row[string] | undefined): boolean {
	return typeof size === 'number' ? new TextEncoder().encode(query).length >= size - 4 : cutAt.has([...query].length);
}

/** A comment that nothing ends: without its condition a statement may be one that can be run, and does more. */
const ending = ' /* the rest was cut';
