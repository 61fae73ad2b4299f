import type {Facts, QueryName, ServerId} from './pane.ts';
import type {State} from './state.ts';

/**
 * Why a companion is not counted as part of the watched server's cluster; undefined: it is. Without the identifier of both
 * nothing proves that one is a copy of the other.
 */
export function strangerBecause(watched: Facts | undefined, companion: Facts | undefined): string | undefined {
	if (!watched || !companion) return undefined;
	if (watched.system_identifier === null || companion.system_identifier === null)
		return "does not count: its cluster can't be proven to be the same (execute on pg_control_system() was revoked)";
	return watched.system_identifier === companion.system_identifier ? undefined : 'does not count: it belongs to another cluster (system identifiers differ)';
}

export function isOfCluster(state: Pick<State, 'servers' | 'watched'>, id: ServerId): boolean {
	if (id === state.watched) return true;
	const [watched, companion] = [state.servers[state.watched]?.facts, state.servers[id]?.facts];
	return watched !== undefined && companion !== undefined && strangerBecause(watched, companion) === undefined;
}

/** Whether a server is asked a question: of what one database alone knows, only in the same database. */
export function counts(state: Pick<State, 'servers' | 'watched' | 'local'>, id: ServerId, query: QueryName): boolean {
	const same = !state.local.has(query) || state.servers[state.watched]?.facts?.database === state.servers[id]?.facts?.database;
	return same && isOfCluster(state, id);
}
