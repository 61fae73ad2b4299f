import {score} from '../source/checks.ts';
import {whyNotExplained} from '../source/explain.ts';
import {inputOf} from '../source/input.ts';
import {bindings, chosenRows, whyNot} from '../source/keys.ts';
import type {Line, Segment} from '../source/pane.ts';
import type {Overlay, State} from '../source/state.ts';
import {focusedTable, paneOf, shownTables, topOverlay} from '../source/state.ts';
import {frameHeight} from '../source/window.ts';
import {paneBody} from './body.ts';
import {findingsLine, headline, tabs} from './header.ts';
import {cut, harmless, toWidth, widthOf} from './layout.ts';
import {withOverlay} from './overlay.ts';
import {overviewBody, overviewParts} from './panes/overview.ts';
import {vitalsLine} from './panes/vitals.ts';
import {asciiOf} from './theme.ts';

export const least = {columns: 40, rows: 12} as const;

/** The whole screen: exactly as many lines as it has rows, each exactly as wide as it is. */
export function screenOf(state: State): Line[] {
	const {columns, rows} = state.size;
	const lines = columns < least.columns || rows < least.rows ? tooSmall(state) : full(state);
	return state.settings.ascii ? lines.map(asciiOf) : lines;
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
	const more = state.databases !== null && state.databases > 1 ? `, 1 of ${state.databases} databases` : '';
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
				{text: '   ⏎ keep  Esc undo   user: db: app: state: wait: -not', tone: 'dim'},
			],
			width,
		);
	}
	const entries: (readonly [string, string])[] = overlay ? overlayKeys(state, overlay) : paneKeys(state);
	const line: Segment[] = [{text: ' '}];
	let used = 1;
	for (const [key, word] of entries) {
		const cells = widthOf(key) + widthOf(word) + 3;
		if (used + cells > width) continue;
		line.push({text: key, tone: 'accent'}, {text: ` ${word}  `});
		used += cells;
	}
	return toWidth(line, width);
}

function overlayKeys(state: State, overlay: Overlay): (readonly [string, string])[] {
	const {is} = overlay;
	if (is === 'menu')
		return [
			['↑↓', 'select'],
			['⏎', 'choose'],
			['type', 'to filter'],
			['Esc', 'back'],
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

function paneKeys(state: State): (readonly [string, string])[] {
	const rows = chosenRows(state);
	const actions = (focusedTable(state)?.actions ?? []).filter(action => whyNot(state, action, rows) === undefined);
	const entries: (readonly [string, string])[] = [];
	for (const binding of bindings) {
		if (binding.footer === undefined || !(binding.works?.(state) ?? true) || !(binding.named?.(state) ?? true)) continue;
		if (binding.keys.includes('a')) for (const action of actions) entries.push([action.key, action.label.toLowerCase()]);
		entries.push([binding.footer === 'select' ? '↑↓' : binding.show, binding.footer]);
	}
	return entries;
}
