import type {Row} from '../source/pane.ts';
import {inOneLine, spelledSql} from '../source/spelling.ts';
import {focusedTable, type State, topOverlay} from '../source/state.ts';
import {selectedRow} from '../source/window.ts';
import {cellText} from './components/table.ts';
import {harmless} from './layout.ts';

/** What `y` puts on the clipboard: the query of the row as it stands, else the row's cells. Pasting it must not run anything. */
export function copied(state: State, whole: boolean): string {
	const overlay = topOverlay(state);
	const row: Row | undefined = whole && overlay?.is === 'detail' ? overlay.row : selectedRow(state)?.row;
	if (!row) return '';
	if (typeof row.query === 'string') return harmless(spelledSql(inOneLine(row.query)));
	return (focusedTable(state)?.columns ?? []).map(column => harmless(cellText(column, row))).join('\t');
}
