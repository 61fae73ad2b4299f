import type {Event} from './event.ts';
import {explainable, whyNotExplained} from './explain.ts';
import type {Action, Facts, Row} from './pane.ts';
import {focusedTable, type Overlay, paneOf, type State, shownTables, topOverlay} from './state.ts';
import {selectedRow, visibleRows} from './window.ts';

/**
 * One key as the terminal names it: 'up', 'down', 'left', 'right', 'enter', 'esc', 'tab', 'shift-tab', 'pageup', 'pagedown',
 * 'home', 'end', 'backspace', 'delete', 'ctrl-c' and the like, or the character itself.
 */
export type Key = string;

export type Binding = {
	readonly keys: readonly Key[];
	/** As people read it: '↑↓ j k'. */
	readonly show: string;
	readonly does: string;
	/** A word for the footer; without one it is in the help only. */
	readonly footer?: string;
	/** Whether it works here and now. */
	readonly works?: (state: State) => boolean;
	/** Whether the footer names it: it works here, but there is nothing to do it with, or it would only say why not. */
	readonly named?: (state: State) => boolean;
	readonly event: (state: State, key: Key, at: number) => Event | undefined;
};

const hasRows = (state: State) => selectedRow(state) !== undefined;
const isList = (state: State) => paneOf(state).place !== 'overview';
const hasAny = (state: State) => !isList(state) || shownTables(state).some(table => (state.tables[table.id]?.rows.length ?? 0) > 0);

/** The one key table of panes: footer, help, README and dispatch are made from it. */
export const bindings: readonly Binding[] = [
	{
		keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'],
		show: '1..9 0',
		does: 'open the pane with that number',
		event: (state, key) => opened(state, key),
	},
	{keys: ['tab'], show: 'Tab', does: 'next pane', event: state => beside(state, 1)},
	{keys: ['shift-tab'], show: 'Shift-Tab', does: 'pane before', event: state => beside(state, -1)},
	{keys: ['g', ':'], show: 'g :', does: 'go to any pane by its name', event: () => ({type: 'called', overlay: 'goto'})},
	{keys: ['up', 'k'], show: '↑ k', does: 'select the row above', footer: 'select', named: hasAny, event: () => ({type: 'moved', by: -1})},
	{keys: ['down', 'j'], show: '↓ j', does: 'select the row below', event: () => ({type: 'moved', by: 1})},
	{keys: ['pageup'], show: 'PgUp', does: 'a page up', event: () => ({type: 'moved', by: 'page-up'})},
	{keys: ['pagedown'], show: 'PgDn', does: 'a page down', event: () => ({type: 'moved', by: 'page-down'})},
	{keys: ['home'], show: 'Home', does: 'first row', event: () => ({type: 'moved', by: 'top'})},
	{keys: ['end'], show: 'End', does: 'last row', event: () => ({type: 'moved', by: 'bottom'})},
	{keys: ['left'], show: '←', does: 'scroll the columns to the left', event: () => ({type: 'scrolled', by: -1})},
	{keys: ['right'], show: '→', does: 'scroll the columns to the right', event: () => ({type: 'scrolled', by: 1})},
	{keys: ['enter'], show: '⏎', does: 'open the row, or the pane of a tile', footer: 'detail', works: hasDetail, event: (_, __, at) => ({type: 'entered', at})},
	{keys: ['esc'], show: 'Esc', does: 'back: close what is open, clear the filter', event: () => ({type: 'closed'})},
	{
		keys: ['/'],
		show: '/',
		does: 'filter by text, or by user: db: app: state: wait:',
		footer: 'filter',
		works: isList,
		named: hasAny,
		event: () => ({type: 'called', overlay: 'filter'}),
	},
	{keys: ['s'], show: 's', does: 'sort by the next column', footer: 'sort', works: isList, named: hasAny, event: () => ({type: 'sorted', reverse: false})},
	{keys: ['S'], show: 'S', does: 'reverse the order', works: isList, event: () => ({type: 'sorted', reverse: true})},
	{keys: ['b'], show: 'b', does: 'group by the next field', works: state => (focusedTable(state)?.groups?.length ?? 0) > 0, event: () => ({type: 'grouped'})},
	{keys: [' '], show: 'Space', does: 'mark the row', works: hasRows, event: () => ({type: 'marked', all: false})},
	{keys: ['*'], show: '*', does: 'mark every row that passes the filter', works: hasRows, event: () => ({type: 'marked', all: true})},
	{
		keys: ['m'],
		show: 'm',
		does: "the pane's next table or mode",
		footer: 'mode',
		works: state => paneOf(state).tables.length > 1,
		event: () => ({type: 'switched', by: 1}),
	},
	{
		keys: ['i'],
		show: 'i',
		does: 'hidden rows in or out: idle sessions and the like',
		footer: 'hidden',
		works: state => focusedTable(state)?.hidden !== undefined,
		event: () => ({type: 'unhid'}),
	},
	{
		keys: ['F'],
		show: 'F',
		does: 'forget a standby that was retired on purpose',
		footer: 'forget',
		works: state => focusedTable(state)?.forget !== undefined && hasRows(state),
		named: state => chosenRows(state).every(one => !one.gone && focusedTable(state)!.forget!(one.row) === undefined),
		event: () => ({type: 'forgot'}),
	},
	{
		keys: ['e'],
		show: 'e',
		does: 'the plan of the statement, without running it',
		footer: 'explain',
		works: state => explainable(state) !== undefined,
		named: state => whyNotExplained(state) === undefined,
		event: () => ({type: 'inspected'}),
	},
	{
		keys: ['a'],
		show: 'a',
		does: 'every action on this row, with what it needs',
		footer: 'actions',
		works: state => (focusedTable(state)?.actions?.length ?? 0) > 0,
		event: () => ({type: 'called', overlay: 'actions'}),
	},
	{keys: ['p'], show: 'p', does: 'pause and go on', footer: 'pause', event: () => ({type: 'paused'})},
	{keys: ['+', '='], show: '+', does: 'refresh more often (down to 0.5 s)', event: () => ({type: 'paced', by: -1})},
	{keys: ['-'], show: '-', does: 'refresh less often (up to 60 s)', event: () => ({type: 'paced', by: 1})},
	{keys: ['r'], show: 'r', does: 'refresh now, slow tables too', event: (_, __, at) => ({type: 'refreshed', at})},
	{keys: ['f'], show: 'f', does: 'all findings', event: () => ({type: 'called', overlay: 'findings'})},
	{keys: ['l'], show: 'l', does: 'the action log', event: () => ({type: 'called', overlay: 'log'})},
	{keys: ['w'], show: 'w', does: 'watch another server or database', event: () => ({type: 'called', overlay: 'servers'})},
	{keys: ['y'], show: 'y', does: 'copy the query or the row (OSC 52)', works: hasRows, event: () => ({type: 'copied', whole: false})},
	{keys: ['W'], show: 'W', does: 'write the evidence of now as report JSON', event: () => ({type: 'recorded'})},
	{keys: ['c', 't'], show: 'c t', does: 'nothing: they name C (cancel) and K (terminate)', works: () => false, event: () => undefined},
	{keys: ['ctrl-z'], show: 'Ctrl-Z', does: 'suspend; fg comes back', event: () => ({type: 'suspended'})},
	{keys: ['ctrl-l'], show: 'Ctrl-L', does: 'paint the screen anew', event: () => ({type: 'redrawn'})},
	{keys: ['?', 'h'], show: '?', does: 'this help', footer: 'help', event: () => ({type: 'called', overlay: 'help'})},
	{keys: ['q'], show: 'q', does: 'close what is open; quit from a pane', footer: 'quit', event: () => ({type: 'quit', force: false})},
	{keys: ['ctrl-c'], show: 'Ctrl-C', does: 'quit, always', event: () => ({type: 'quit', force: true})},
];

/** The actions of every pane, one line a key, for help and README: declared in the panes, not here. */
export function actionKeys(state: Pick<State, 'panes'>): readonly {readonly key: string; readonly does: string; readonly where: string}[] {
	return state.panes.flatMap(pane =>
		pane.tables.flatMap(table => (table.actions ?? []).map(action => ({key: action.key, does: action.label.toLowerCase(), where: pane.title}))),
	);
}

/** An action of another pane: a key that is pressed in vain says where it works. */
function elsewhere(state: State, key: Key): string | undefined {
	const found = actionKeys(state).filter(one => one.key === key);
	if (found.length === 0) return undefined;
	const words = [...new Set(found.map(one => one.does))].join(', ');
	return `${key} does nothing here: ${words}, in ${[...new Set(found.map(one => one.where))].join(', ')}`;
}

function hasDetail(state: State): boolean {
	return paneOf(state).place === 'overview' || (hasRows(state) && selectedRow(state)?.heading === undefined);
}

function opened(state: State, key: Key): Event | undefined {
	const pane = state.panes.find(one => one.key === key);
	return pane ? {type: 'opened', pane: pane.id} : undefined;
}

function beside(state: State, by: number): Event | undefined {
	const tabs = state.panes.filter(pane => pane.key !== undefined);
	const next = tabs[(tabs.findIndex(pane => pane.id === state.pane) + by + tabs.length) % tabs.length];
	return next ? {type: 'opened', pane: next.id} : undefined;
}

/** Why an action can't be done on these rows now; undefined: it can. */
export function whyNot(state: State, action: Action, rows: readonly {readonly row: Row; readonly gone: boolean}[]): string | undefined {
	const server = state.servers[state.watched];
	const facts: Facts | undefined = server?.facts;
	if (rows.length === 0) return 'there is no row to do it on';
	if (rows.some(one => one.gone)) return 'the row is gone';
	if (state.settings.readOnly) return 'read-only (--read-only, or read_only of the server)';
	if (state.settings.audit.is === 'broken') return `nothing is sent without an audit line: ${state.settings.audit.why}`;
	if (!facts || server?.feed.is !== 'live') return 'the server does not answer';
	if (facts.pooled && action.run !== 'signal' && action.run !== 'redis') return 'through a pooler: connect directly to do this';
	if (rows.length > 1 && !action.many) return 'works on one row at a time: unmark the others';
	const reasons = rows.map(one => action.disabled?.(one.row, facts));
	// Of several, those that can't be chosen are left out and counted in the question.
	return reasons.every(reason => reason !== undefined) ? reasons[0] : undefined;
}

/** The marked rows, or else the one under the cursor. */
export function chosenRows(state: State): readonly {readonly row: Row; readonly gone: boolean}[] {
	const table = focusedTable(state);
	if (!table) return [];
	const rows = visibleRows(state, table).filter(one => one.heading === undefined);
	const marked = rows.filter(one => one.marked);
	if (marked.length > 0) return marked;
	const selected = selectedRow(state);
	return selected && selected.heading === undefined ? [selected] : [];
}

/** One key becomes at most one event. Pasted text is never a key: it only reaches text fields. */
export function eventOf(state: State, key: Key, at: number, pasted = false): Event | undefined {
	if (key === 'ctrl-c' && !pasted) return {type: 'quit', force: true};
	const overlay = topOverlay(state);
	if (pasted) return overlay && takesText(overlay) ? {type: 'typed', text: key, at} : undefined;
	if (key === 'ctrl-z') return {type: 'suspended'};
	if (key === 'ctrl-l') return {type: 'redrawn'};
	if (overlay) return inOverlay(overlay, key, at);
	if (key === 'c' || key === 't') return {type: 'noticed', text: 'C cancels the query, K terminates the backend: in Sessions and Locks', tone: 'notice'};
	const action = focusedTable(state)?.actions?.find(one => one.key === key);
	if (action) return {type: 'asked', action: action.id, at};
	const binding = bindings.find(one => one.keys.includes(key));
	if (binding && (binding.works?.(state) ?? true)) return binding.event(state, key, at);
	const idle = binding ? `${binding.show} does nothing here: ${binding.does}` : elsewhere(state, key);
	return idle === undefined || key.length > 1 ? undefined : {type: 'noticed', text: idle, tone: 'notice'};
}

/** What is typed goes into it, and is no key. */
export function takesText(overlay: Overlay): boolean {
	return overlay.is === 'filter' || overlay.is === 'menu' || (overlay.is === 'question' && (overlay.stage === 'form' || overlay.plan?.typed != null));
}

function inOverlay(overlay: Overlay, key: Key, at: number): Event | undefined {
	switch (overlay.is) {
		case 'filter':
			if (key === 'esc') return {type: 'closed'};
			if (key === 'enter') return {type: 'chosen', at};
			return edited(key, at);
		case 'menu':
			if (key === 'esc' || (key === 'q' && overlay.text === '')) return {type: 'closed'};
			if (key === 'enter') return {type: 'chosen', at};
			return moved(key) ?? edited(key, at);
		case 'question':
			return inQuestion(overlay, key, at);
		case 'explain':
			return inExplain(overlay, key, at);
		case 'progress':
			if (key === 'q') return {type: 'closed'};
			if (key === 'esc') return overlay.outcomes || overlay.cancel === 'impossible' ? {type: 'closed'} : {type: 'cancelled', request: overlay.request};
			return overlay.outcomes && key === 'enter' ? {type: 'closed'} : undefined;
		case 'detail':
		case 'help':
		case 'findings':
		case 'log':
			if (
				key === 'esc' ||
				key === 'q' ||
				key === 'enter' ||
				(overlay.is === 'help' && key === '?') ||
				(overlay.is === 'findings' && key === 'f') ||
				(overlay.is === 'log' && key === 'l')
			)
				return {type: 'closed'};
			if (key === 'y' && overlay.is === 'detail') return {type: 'copied', whole: true};
			if (key === 'e' && overlay.is === 'detail') return {type: 'inspected'};
			return moved(key);
	}
}

function inQuestion(question: Extract<Overlay, {is: 'question'}>, key: Key, at: number): Event | undefined {
	switch (question.stage) {
		case 'form':
			if (key === 'esc') return {type: 'closed'};
			if (key === 'enter' || key === 'tab' || key === 'down') return {type: 'filled', at};
			if (question.action.input?.[question.field]?.choices) {
				if (key === 'right') return {type: 'typed', text: ' ', at};
				if (key === 'left') return {type: 'erased', all: false};
			}
			return edited(key, at);
		case 'planning':
			return key === 'esc' || key === 'q' ? {type: 'closed'} : undefined;
		case 'refused':
			return moved(key) ?? {type: 'closed'};
		case 'shown': {
			const ready = isRead(question, at);
			if (key === 'esc') return {type: 'closed'};
			if (key === 'up' || key === 'down' || key === 'pageup' || key === 'pagedown') return moved(key);
			if (!ready) return undefined;
			if (question.plan?.typed != null)
				return key === 'enter' ? {type: 'answered', request: question.request, yes: question.typed === question.plan.typed, at} : edited(key, at);
			return {type: 'answered', request: question.request, yes: key === 'y', at};
		}
	}
}

/** Nobody has read a question that was painted less than 400 ms ago. */
function isRead(question: {readonly paintedAt?: number}, at: number): boolean {
	return question.paintedAt !== undefined && at - question.paintedAt >= 400;
}

function inExplain(overlay: Extract<Overlay, {is: 'explain'}>, key: Key, at: number): Event | undefined {
	if (key === 'esc') return {type: 'closed'};
	if (overlay.stage === 'asked') {
		if (key === 'up' || key === 'down' || key === 'pageup' || key === 'pagedown') return moved(key);
		return isRead(overlay, at) ? {type: 'answered', request: overlay.request, yes: key === 'y', at} : undefined;
	}
	return key === 'q' || key === 'enter' || key === 'e' ? {type: 'closed'} : moved(key);
}

function moved(key: Key): Event | undefined {
	const by = {up: -1, down: 1, pageup: 'page-up', pagedown: 'page-down', home: 'top', end: 'bottom'} as const;
	return key in by ? {type: 'moved', by: by[key as keyof typeof by]} : undefined;
}

function edited(key: Key, at: number): Event | undefined {
	if (key === 'backspace' || key === 'delete') return {type: 'erased', all: false};
	if (key === 'ctrl-u') return {type: 'erased', all: true};
	return [...key].length === 1 ? {type: 'typed', text: key, at} : undefined;
}
