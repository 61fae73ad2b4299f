import type {Event} from '../../source/event.ts';
import type {Facts, Pane, Result, Row, ServerId} from '../../source/pane.ts';
import {reducer} from '../../source/reduce.ts';
import {initialState, type Size, type State} from '../../source/state.ts';
import {facts, settings} from './world.ts';

/** Answers by server; the first is the watched one. An answer instead of rows is taken as it is. */
export type Answered = Readonly<Record<ServerId, Readonly<Record<string, readonly Row[] | Result>>>>;

export type Rounds = {
	/** One more round of answers, through the reducer: derived, joined and checked as in the program. */
	readonly round: (at: number, servers: Answered) => State;
	readonly happened: (event: Event) => void;
	readonly state: () => State;
};

export function roundsOf(panes: readonly Pane[], servers: Readonly<Record<ServerId, Partial<Facts>>>, size: Size = {columns: 120, rows: 32}): Rounds {
	const reduce = reducer(() => 0);
	let state = initialState({panes, settings, watched: Object.keys(servers)[0]!, interval: 1000, size, now: 0, wall: 0});
	const happened = (event: Event) => {
		state = reduce(state, event);
	};
	for (const [server, known] of Object.entries(servers)) {
		happened({type: 'known', server, title: server, at: 0});
		happened({type: 'connected', server, at: 0, facts: {...facts, ...known}, ownPids: [1], tls: false});
	}
	const round = (at: number, answered: Answered) => {
		for (const [server, rows] of Object.entries(answered)) {
			const results = Object.fromEntries(Object.entries(rows).map(([name, one]) => [name, 'status' in one ? one : ok(at, one as readonly Row[])]));
			const request = state.requests + 1;
			happened({type: 'requested', server, session: 'sample', request, queries: Object.keys(results), at});
			happened({type: 'sampled', server, session: 'sample', generation: state.servers[server]!.generation, request, at, results});
		}
		return state;
	};
	return {round, happened, state: () => state};
}

function ok(at: number, rows: readonly Row[]): Result {
	return {status: 'ok', sample: {at, rows, cost: 1}};
}
