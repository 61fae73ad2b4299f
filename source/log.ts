import {tagOfNotification} from './cache-schemes.ts';
import type {Event} from './event.ts';
import type {Row, TableId} from './pane.ts';
import type {LogEntry, State, TableData} from './state.ts';

const most = 500;

/** The log with what has happened now; the oldest leave. */
export function logged(state: State, ...entries: readonly Omit<LogEntry, 'wall' | 'n'>[]): State {
	const last = state.log.at(-1)?.n ?? 0;
	return {...state, log: [...state.log, ...entries.map((entry, i) => ({...entry, n: last + i + 1, wall: state.wall}))].slice(-most)};
}

/** A notification, with the cache tag that the rules of the server that sent it make of it. */
export function notified(state: State, {server, channel, payload}: Extract<Event, {type: 'notified'}>): State {
	const rules = state.servers[server]?.rules?.invalidate ?? state.settings.invalidate ?? {};
	const found = channel === 'cache_invalidation' ? tagOfNotification(payload, rules) : undefined;
	const made = found && ('tag' in found ? {tag: found.tag} : {noTag: found.problem});
	return logged(state, {kind: 'notification', channel, server, text: payload, tone: 'plain', ...made});
}

const kinds = {actions: 'action', findings: 'finding', notifications: 'notification'} as const;

/** The tables that show the log: their rows are what has happened, not what was asked. */
export function withLogTables(state: State): State {
	const tables: Record<TableId, TableData> = {...state.tables};
	for (const table of state.panes.flatMap(pane => pane.tables)) {
		if (!('log' in table.from)) continue;
		const kind = kinds[table.from.log];
		const rows = state.log
			.filter(entry => entry.kind === kind)
			.map(({n, wall, text, tone, channel = null, server = state.watched, tag = null, noTag = null}): Row => {
				const elsewhere = server === state.watched ? null : (state.servers[server]?.title ?? server);
				return {n, wall_s: wall / 1000, text, tone, channel, tag, no_tag: noTag, elsewhere};
			});
		tables[table.id] = {rows, at: state.now};
	}
	return {...state, tables};
}
