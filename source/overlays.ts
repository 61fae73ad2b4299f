import {strangerBecause} from './cluster.ts';
import type {Event} from './event.ts';
import {chosenRows, whyNot} from './keys.ts';
import type {RowKey} from './pane.ts';
import {cancelled} from './questions.ts';
import type {MenuItem, Overlay, Server, State} from './state.ts';
import {focusedTable, topOverlay} from './state.ts';
import {viewOf, visibleRows} from './window.ts';

type Called = Extract<Event, {readonly type: 'called'}>['overlay'];

export function called(state: State, overlay: Called): State {
	const opened = overlayOf(state, overlay);
	return opened ? {...state, overlays: [...state.overlays, opened]} : state;
}

function overlayOf(state: State, overlay: Called): Overlay | undefined {
	switch (overlay) {
		case 'filter': {
			const table = focusedTable(state);
			if (!table) return undefined;
			const {filter, cursor} = viewOf(state, table);
			return {is: 'filter', text: filter, before: filter, cursor};
		}
		case 'help':
		case 'findings':
		case 'log':
			return {is: overlay, scroll: 0};
		case 'goto':
			return menu(
				'goto',
				'Go to',
				state.panes.filter(pane => pane.place !== 'frame').map(pane => ({id: pane.id, text: pane.title, note: pane.key})),
			);
		case 'actions':
			return menu('actions', 'Actions on this row', actionItems(state));
		case 'servers':
			return menu('servers', 'Watch', serverItems(state));
		case 'leave':
			return menu('leave', `Still running: ${state.running.map(one => one.title).join(', ')}`, [
				{id: 'stay', text: 'Stay'},
				{id: 'leave', text: 'Quit and leave it running'},
				{id: 'cancel', text: 'Cancel it and quit'},
			]);
	}
}

/** Servers that are connected to, then what else is known. */
export function serverItems(state: State): readonly MenuItem[] {
	const watched = state.servers[state.watched];
	const known = Object.values(state.servers).map((server): MenuItem => {
		const {title, label} = {title: server.title, label: server.rules?.label};
		return {id: server.id, text: label ? `${label}  ${title}` : title, note: noteOf(server, watched)};
	});
	return [...known, ...state.places];
}

function noteOf(server: Server, watched: Server | undefined): string {
	if (server === watched) return 'watched now';
	if (server.feed.is === 'lost') return `lost: ${server.feed.message}`;
	if (!server.facts) return 'connecting';
	return strangerBecause(watched?.facts, server.facts) ?? (server.facts.recovery ? 'standby' : 'primary');
}

function menu(name: Extract<Overlay, {is: 'menu'}>['menu'], title: string, items: readonly MenuItem[]): Overlay {
	return {is: 'menu', menu: name, title, items, text: '', cursor: 0};
}

function actionItems(state: State): readonly MenuItem[] {
	const rows = chosenRows(state);
	return (focusedTable(state)?.actions ?? []).map(action => ({
		id: action.id,
		text: `${action.key}  ${action.label}${rows.length > 1 ? ` (${rows.length} rows)` : ''}`,
		note: action.needs,
		disabled: whyNot(state, action, rows),
	}));
}

/** The items that the typed text leaves: every word must occur. */
export function menuItems(overlay: Extract<Overlay, {is: 'menu'}>): readonly MenuItem[] {
	const words = overlay.text.toLowerCase().split(/\s+/).filter(Boolean);
	return overlay.items.filter(item => words.every(word => item.text.toLowerCase().includes(word)));
}

export function withTop(state: State, overlay: Overlay): State {
	return {...state, overlays: [...state.overlays.slice(0, -1), overlay]};
}

export function closed(state: State): State {
	const overlay = topOverlay(state);
	const next = {...state, overlays: state.overlays.slice(0, -1)};
	return overlay?.is === 'filter' ? withFilter(next, overlay.before, overlay.cursor) : next;
}

/** The row that was selected stays so while it passes; else it is the first. */
function withFilter(state: State, filter: string, cursor: RowKey | null): State {
	const table = focusedTable(state);
	if (!table) return state;
	const view = {...viewOf(state, table), filter, cursor: null, gone: null, top: 0};
	const next = {...state, views: {...state.views, [table.id]: view}};
	const index = visibleRows(next, table).findIndex(one => one.key === cursor);
	return index < 0 ? next : {...state, views: {...state.views, [table.id]: {...view, cursor, index}}};
}

export function typed(state: State, text: string): State {
	return edited(state, before => before + text.replace(/[\p{Cc}\p{Cf}]/gu, ' '));
}

export function erased(state: State, all: boolean): State {
	return edited(state, before => (all ? '' : [...before].slice(0, -1).join('')));
}

function edited(state: State, change: (text: string) => string): State {
	const overlay = topOverlay(state);
	switch (overlay?.is) {
		case 'filter': {
			const text = change(overlay.text);
			return withFilter(withTop(state, {...overlay, text}), text, overlay.cursor);
		}
		case 'menu':
			return withTop(state, {...overlay, text: change(overlay.text), cursor: 0});
		case 'question': {
			if (overlay.stage !== 'form') return withTop(state, {...overlay, typed: change(overlay.typed)});
			const field = overlay.action.input![overlay.field]!;
			const before = overlay.input[field.id] ?? '';
			if (field.choices)
				return withTop(state, {...overlay, problem: undefined, input: {...overlay.input, [field.id]: choiceBy(field.choices, before, change(before))}});
			return withTop(state, {...overlay, problem: undefined, input: {...overlay.input, [field.id]: change(overlay.input[field.id] ?? '')}});
		}
		default:
			return state;
	}
}

/** Of choices nothing can be typed but which: a letter goes to the next that begins with it, a blank to the next, erasing to the one before. */
function choiceBy(choices: readonly string[], before: string, after: string): string {
	if (choices.includes(after)) return after;
	const at = choices.indexOf(before);
	if (after.length < before.length) return choices[(at - 1 + choices.length) % choices.length]!;
	const typed = after.slice(before.length);
	if (choices.includes(typed)) return typed;
	const behind = [...choices.slice(at + 1), ...choices.slice(0, at + 1)];
	return (typed === ' ' ? behind[0] : behind.find(choice => choice.startsWith(typed))) ?? before;
}

/** Enter in a filter or a menu. `step` is the reducer: what is chosen is an event of its own. */
export function chosen(state: State, at: number, step: (state: State, event: Event) => State): State {
	const overlay = topOverlay(state);
	if (overlay?.is === 'filter') return {...state, overlays: state.overlays.slice(0, -1)};
	if (overlay?.is !== 'menu') return state;
	const items = menuItems(overlay);
	const item = items[Math.min(overlay.cursor, items.length - 1)];
	if (!item || item.disabled !== undefined) return state;
	const behind: State = {...state, overlays: state.overlays.slice(0, -1)};
	switch (overlay.menu) {
		case 'goto':
			return step(behind, {type: 'opened', pane: item.id});
		case 'actions':
			return step(behind, {type: 'asked', action: item.id, at});
		case 'servers':
			return step(behind, {type: 'watched', server: item.id});
		case 'leave':
			if (item.id === 'stay') return behind;
			return {...(item.id === 'cancel' ? behind.running.reduce((next, {request}) => cancelled(next, request), behind) : behind), leaving: true};
	}
}
