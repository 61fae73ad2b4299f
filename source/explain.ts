import type {Event} from './event.ts';
import type {Facts, Row, Table} from './pane.ts';
import type {Overlay, State} from './state.ts';
import {focusedTable, topOverlay} from './state.ts';
import {selectedRow} from './window.ts';

/** A plan that was made without running anything, or why there is none. */
export type Explained =
	| {
			readonly is: 'plan';
			readonly text: string;
			readonly lines: readonly string[];
			readonly role: string;
			readonly searchPath: string;
			/** The values of the parameters decide at run time which partitions are scanned: the plan shows all. */
			readonly everyPartition: boolean;
	  }
	| {readonly is: 'refused'; readonly text: string | undefined; readonly why: string};

type Explaining = Extract<Overlay, {readonly is: 'explain'}>;
type Of<Type extends Event['type']> = Extract<Event, {readonly type: Type}>;

type Subject = {readonly table: Table; readonly row: Row; readonly gone: boolean};

/** What `e` speaks of: the open row or the one under the cursor, where its table has statements. */
export function explainable(state: State): Subject | undefined {
	const overlay = topOverlay(state);
	if (overlay?.is === 'detail') {
		const table = state.panes.flatMap(pane => pane.tables).find(one => one.id === overlay.table);
		const row = table && state.tables[table.id]?.rows.find(one => table.rowKey(one) === overlay.key);
		return table?.explain && {table, row: row ?? overlay.row, gone: row === undefined};
	}
	const table = focusedTable(state);
	const selected = table?.explain && selectedRow(state);
	return table && selected && selected.heading === undefined ? {table, row: selected.row, gone: selected.gone} : undefined;
}

/** Undefined: it can be explained. */
export function whyNotExplained(state: State): string | undefined {
	const subject = explainable(state);
	if (!subject) return 'there is no statement here';
	const server = state.servers[state.watched];
	if (!server?.facts || server.feed.is !== 'live') return 'the server does not answer';
	if (server.facts.pooled) return 'through a pooler: connect directly to do this';
	return subject.gone ? 'the row is gone' : subject.table.explain?.disabled?.(subject.row, server.facts);
}

export function inspected(state: State): State {
	const subject = explainable(state);
	if (!subject) return state;
	const why = whyNotExplained(state);
	if (why !== undefined) return {...state, notice: {text: `Explain: ${why}`, tone: 'warning', until: state.now + 8000}};
	const {table, row} = subject;
	const request = state.requests + 1;
	const overlay: Explaining = {is: 'explain', request, table: table.id, row, subject: table.explain!.subject(row), stage: 'reading', scroll: 0};
	return {...state, requests: request, overlays: [...state.overlays, overlay]};
}

/** Planning may run functions of the statement, as superuser with every right: then it is asked first. */
export function statementRead(state: State, {request, text}: Of<'statementRead'>): State {
	const stage = state.servers[state.watched]?.facts?.superuser === false ? 'planning' : 'asked';
	return changed(state, request, overlay => (overlay.stage === 'reading' ? {...overlay, text, stage} : overlay));
}

export function explained(state: State, {request, result}: Of<'explained'>): State {
	return changed(state, request, overlay => ({...overlay, stage: 'shown', result, scroll: 0}));
}

export function paintedExplain(state: State, {request, at}: Of<'painted'>): State {
	return changed(state, request, overlay => (overlay.paintedAt === undefined ? {...overlay, paintedAt: at} : overlay));
}

export function answeredExplain(state: State, {request, yes}: Of<'answered'>): State {
	if (yes) return changed(state, request, overlay => (overlay.stage === 'asked' ? {...overlay, stage: 'planning', scroll: 0} : overlay));
	const overlays = state.overlays.filter(overlay => overlay.is !== 'explain' || overlay.request !== request);
	if (overlays.length === state.overlays.length) return state;
	return {...state, overlays, notice: {text: 'Explain: nothing was sent', tone: 'plain', until: state.now + 4000}};
}

function changed(state: State, request: number, change: (overlay: Explaining) => Explaining): State {
	const found = state.overlays.some(overlay => overlay.is === 'explain' && overlay.request === request);
	if (!found) return state;
	return {...state, overlays: state.overlays.map(overlay => (overlay.is === 'explain' && overlay.request === request ? change(overlay) : overlay))};
}

/** Word for word, each by the extended protocol. `reset all` takes away what pgperf set for itself: plan and names are as for any session of this role. */
export function stepsOf(text: string): readonly string[] {
	return [
		'begin read only',
		'reset all',
		"set local statement_timeout = '2s'",
		"set local lock_timeout = '300ms'",
		'set local plan_cache_mode = force_generic_plan',
		`prepare /* pgperf:explain */ pgperf_explain as ${text}`,
	];
}

/** The plan of what was prepared. The parameters are not looked at: the plan is the generic one. */
export function executeOf(name: string, parameters: number): string {
	return `explain /* pgperf:explain */ execute ${name}${parameters > 0 ? `(${Array.from({length: parameters}, () => 'null').join(', ')})` : ''}`;
}

const planned = new Set(['select', 'insert', 'update', 'delete', 'merge', 'values', 'with', 'table']);

/** The one statement that the answer of a table's `explain` holds, or why it can't be explained. */
export function statementOf(row: Row | undefined): {readonly text: string} | {readonly why: string; readonly text?: string} {
	if (!row) return {why: 'it is gone: the statement was evicted or reset, or its session has ended'};
	if (typeof row.query !== 'string' || row.query === '<insufficient privilege>') return {why: 'its text is hidden: grant pg_read_all_stats'};
	const text = row.query;
	if (row.here !== true) return {why: 'it is of another database: watch that one (w)', text};
	if ('state' in row && row.state !== 'active') return {why: 'it has ended: its session runs no statement any more', text};
	const size = row.query_size;
	// A text that was cut may still be one that can be parsed: another one.
	if (typeof size === 'number' && new TextEncoder().encode(text).length >= size - 4)
		return {why: `the server kept only the first ${size} bytes of it: raise track_activity_query_size (restart)`, text};
	const word = firstWord(text);
	return planned.has(word) ? {text} : {why: word === '' ? 'it is empty' : `${word.toUpperCase()} is a utility statement: it has no plan`, text};
}

function firstWord(text: string): string {
	const rest = text.replace(/^(?:[\s(]|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '');
	return (/^[a-z]+/i.exec(rest)?.[0] ?? '').toLowerCase();
}

/** What kept the server from planning, and what would help. */
export function refusedBecause(code: string | undefined, message: string, text: string, {role}: Pick<Facts, 'role'>): string {
	switch (code) {
		case '42501':
			return `${message}: planning needs the rights of the statement, which ${role} does not have; grant them, or connect as who runs it`;
		case '42601':
			if (/multiple commands/.test(message)) return 'the text holds several statements: only a single one is explained, and none of them was run';
			return /\$\d/.test(text)
				? `the text can't be parsed (${message}): its constants were replaced by parameters, also where none may stand, as in "interval $1"`
				: `the text can't be parsed: ${message}`;
		case '42P18':
		case '42P08':
		case '42725':
			return `${message}: its constants were replaced by parameters, and the text alone does not tell their types`;
		case '42P01':
		case '3F000':
		case '42883':
		case '42704':
			return `${message}: who runs it may have another search_path, or a temporary table; connect as that role`;
		case '42703':
			return `${message}: of a statement inside a function the variables are not known here`;
		case '55P03':
			return 'a table of it is locked: gave up after 300 ms, so that nobody waits behind a plan';
		case '57014':
			return 'planning took longer than 2 s: given up';
		default:
			return message;
	}
}
