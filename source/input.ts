import {isOfCluster} from './cluster.ts';
import type {Input} from './pane.ts';
import type {State} from './state.ts';

/** What the pure functions of panes may look at. */
export function inputOf(state: Pick<State, 'tables' | 'servers' | 'watched' | 'history'>): Input {
	const cached = inputs.get(state.tables);
	if (cached && cached.history === state.history && cached.watched === state.watched) return cached;
	const rows = Object.fromEntries(Object.entries(state.tables).map(([id, data]) => [id, data.rows]));
	const facts = Object.fromEntries(
		Object.values(state.servers).flatMap(server => (server.facts && isOfCluster(state, server.id) ? [[server.id, server.facts]] : [])),
	);
	const lost = Object.fromEntries(
		Object.values(state.servers).flatMap(({id, feed, facts: known}) =>
			// One that is known to be no copy of ours is nobody who is missed.
			id !== state.watched && feed.is === 'lost' && (known === undefined || isOfCluster(state, id)) ? [[id, feed.message]] : [],
		),
	);
	const input = {rows, facts, watched: state.watched, history: state.history, lost};
	inputs.set(state.tables, input);
	return input;
}
const inputs = new WeakMap<object, Input>();
