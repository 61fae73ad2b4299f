import type {Event} from './event.ts';
import type {State} from './state.ts';

export type Store = {
	get(): State;
	dispatch(event: Event): void;
	/** Called after each event; returns the way to stop. */
	subscribe(listener: (state: State, event: Event) => void): () => void;
};

/** The whole of the state's machinery: events in, one state out. It knows neither React nor the world. */
export function createStore(initial: State, reduce: (state: State, event: Event) => State): Store {
	let state = initial;
	const listeners = new Set<(state: State, event: Event) => void>();
	const queue: Event[] = [];
	return {
		get: () => state,
		dispatch(event) {
			queue.push(event);
			// An event that a listener dispatches is reduced after the one that it listens to: listeners see events in order.
			if (queue.length > 1) return;
			while (queue.length > 0) {
				const next = queue[0]!;
				try {
					state = reduce(state, next);
					for (const listener of listeners) listener(state, next);
				} finally {
					queue.shift();
				}
			}
		},
		subscribe(listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
	};
}
