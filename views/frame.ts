import {score} from '../source/checks.ts';
import {whyNotExplained} from '../source/explain.ts';
import {inputOf} from '../source/input.ts';
import {bindings, chosenRows, whyNot} from '../source/keys.ts';
import type {Line, Segment, Table} from '../source/pane.ts';
import type {Overlay, State} from '../source/state.ts';
import {focusedTable, paneOf, shownTables, topOverlay} from '../source/state.ts';
import {frameHeight} from '../source/window.ts';
import {paneBody} from './body.ts';
import {findingsLine, headline, tabs} from './header.ts';
import {cut, harmless, toWidth, widthOf} from './layout.ts';
import {withOverlay} from './overlay.ts';
import {overviewBody, overviewParts} from './panes/overview.ts';
import {vitalsLine} from './panes/vitals.ts';
import {asciiOf, painted} from './theme.ts';

/** Of queries/database-names.sql: beyond that there may be more. */
const mostDatabases = 20_000;

export const least = {columns: 40, rows: 12} as const;

/** The whole screen: exactly as many lines as it has rows, each exactly as wide as it is. */
export function screenOf(state: State): Line[] {
	const {columns, rows} = state.size;
	const lines = columns < least.columns || rows < least.rows ? tooSmall(state) : full(state);
	return state.settings.ascii ? lines.map(asciiOf) : lines;
}

/** The whole screen as text with SGR. */
export function picture(state: State): readonly string[] {
	return screenOf(state).map(line => painted(line, state.settings.colour));
}

function full(state: State): Line[] {
	const {columns, rows} = state.size;
	const rule: Line[] = rows < 16 ? [] : [[{text: '─'.repeat(columns), tone: 'dim'}]];
	return [
		headline(state),
		toWidth(vitalsLine(inputOf(state), columns), columns),
		findingsLine(state),
		tabs(state),
		...rule.map(line => (isOfOneDatabase(state) ? withPlace(state, columns) : line)),
		...withOverlay(state, bodyLines(state)),
		...rule,
		footer(state),
	];
}

/** The open pane between the rules. */
export function bodyLines(state: State): Line[] {
	const height = state.size.rows - frameHeight(state);
	return paneOf(state).place === 'overview' ? overview(state, height) : paneBody(state, height);
}

/** The open pane speaks of one database: of how many is said at the end of the rule above it, where nothing moves. */
function isOfOneDatabase(state: State): boolean {
	return shownTables(state).some(table => 'sql' in table.from && state.local.has(table.from.sql));
}

function withPlace(state: State, columns: number): Line {
	const name = state.servers[state.watched]?.facts?.database;
	if (name === undefined) return [{text: '─'.repeat(columns), tone: 'dim'}];
	const more = state.databases !== null && state.databases > 1 ? `, 1 of ${state.databases >= mostDatabases ? '≥' : ''}${state.databases} databases` : '';
	const text = ` ${cut(harmless(name), Math.max(8, columns - more.length - 12))}${more} `;
	return [
		{text: '─'.repeat(Math.max(0, columns - widthOf(text) - 2)), tone: 'dim'},
		{text, tone: 'accent'},
		{text: '──', tone: 'dim'},
	];
}

function overview(state: State, height: number): Line[] {
	const {tiles, load} = overviewParts(state.panes, inputOf(state), state.settings.limits, state.shown[state.pane] ?? 0);
	return overviewBody(tiles, load, score(state.findings, state.coverage), {columns: state.size.columns, rows: height});
}

function tooSmall(state: State): Line[] {
	const {columns, rows} = state.size;
	const lines: Line[] = [toWidth([{text: `pgperf needs ${least.columns}x${least.rows}; q quits`}], columns)];
	while (lines.length < rows) lines.push(toWidth([], columns));
	return lines.slice(0, Math.max(1, rows));
}

/** Only what works here and now. */
function footer(state: State): Line {
	const width = state.size.columns;
	const overlay = topOverlay(state);
	if (overlay?.is === 'filter') {
		return toWidth(
			[
				{text: ' /', tone: 'accent'},
				{text: overlay.text, tone: 'strong'},
				{text: ' ', inverse: true},
				{text: `   ⏎ keep  Esc undo   ${namesOf(focusedTable(state))}-not`, tone: 'dim'},
			],
			width,
		);
	}
	const entries: readonly Entry[] = overlay ? overlayKeys(state, overlay) : paneKeys(state);
	const line: Segment[] = [{text: ' '}];
	// There is no sign for it in ASCII.
	const named = state.settings.ascii ? entries.map(([key, word, place]): Entry => [key === '⏎' ? 'Enter' : key, word, place]) : entries;
	for (const [key, word] of fitting(named, width - 1)) line.push({text: key, tone: 'accent'}, {text: ` ${word}  `});
	return toWidth(line, width);
}

/** What this table can be filtered by. */
function namesOf(table: Table | undefined): string {
	return Object.keys(table?.filters ?? {})
		.map(name => `${name}: `)
		.join('');
}

/** Key, word, and its place where not all fit: the lowest stays to the last. */
type Entry = readonly [key: string, word: string, place?: number];

/** In their order, those that fit: the way out and the help first of all, then what can be done with the row. */
function fitting(entries: readonly Entry[], room: number): readonly Entry[] {
	const kept = new Set<Entry>();
	// The two blanks behind the last word may be cut.
	let spare = room + 2;
	for (const entry of [...entries].sort((a, b) => (a[2] ?? 0) - (b[2] ?? 0))) {
		const cells = widthOf(entry[0]) + widthOf(entry[1]) + 3;
		if (cells > spare) continue;
		kept.add(entry);
		spare -= cells;
	}
	return entries.filter(entry => kept.has(entry));
}

const places: Readonly<Record<string, number>> = {quit: 0, help: 0, select: 1, detail: 1, actions: 2, explain: 2, filter: 3, mode: 4, sort: 5};

function overlayKeys(state: State, overlay: Overlay): readonly Entry[] {
	const {is} = overlay;
	if (is === 'menu')
		return [
			['↑↓', 'select'],
			['⏎', 'choose'],
			['type', 'to filter', 1],
			['Esc', 'back', -1],
		];
	if (is === 'question' || is === 'progress' || (is === 'explain' && overlay.stage === 'asked'))
		return [
			['Esc', 'back'],
			['Ctrl-C', 'quit'],
		];
	const explain = is === 'detail' && whyNotExplained(state) === undefined;
	return [
		['↑↓', 'scroll'],
		...(is === 'detail' ? [['y', 'copy'] as const] : []),
		...(explain ? [['e', 'explain'] as const] : []),
		['Esc', 'back'],
		['Ctrl-C', 'quit'],
	];
}

function paneKeys(state: State): readonly Entry[] {
	const rows = chosenRows(state);
	const actions = (focusedTable(state)?.actions ?? []).filter(action => whyNot(state, action, rows) === undefined);
	const entries: Entry[] = [];
	for (const binding of bindings) {
		if (binding.footer === undefined || !(binding.works?.(state) ?? true) || !(binding.named?.(state) ?? true)) continue;
		if (binding.keys.includes('a')) for (const action of actions) entries.push([action.key, action.label.toLowerCase(), places.actions]);
		entries.push([binding.footer === 'select' ? '↑↓' : binding.show, binding.footer, places[binding.footer] ?? 6]);
	}
	return entries;
}
