import {useInput, usePaste} from 'ink';
import {type ReactElement, useEffect, useMemo, useSyncExternalStore} from 'react';
import {eventOf, type Key} from '../source/keys.ts';
import type {Store} from '../source/state.ts';
import {topOverlay} from '../source/state.ts';
import {App} from './app.tsx';

type InkKey = Parameters<Parameters<typeof useInput>[0]>[1];

export type RootProps = {
	readonly store: Store;
	readonly now: () => number;
	/** The name under which a line goes through Ink. */
	readonly refer: (text: string) => string;
};

/** The only place with hooks: the store in, keys out. */
export function Root({store, now, refer}: RootProps): ReactElement {
	const state = useSyncExternalStore(
		useMemo(() => seen(store), [store]),
		store.get,
	);
	useInput((input, key) => {
		// Keys that arrive in one chunk over a slow line come as one string.
		for (const name of namesOf(input, key)) {
			const event = eventOf(store.get(), name, now());
			if (event) store.dispatch(event);
		}
	});
	usePaste(text => {
		const event = eventOf(store.get(), text, now(), true);
		if (event) store.dispatch(event);
	});
	const overlay = topOverlay(state);
	const asks = (overlay?.is === 'question' && overlay.stage === 'shown') || (overlay?.is === 'explain' && overlay.stage === 'asked');
	const shown = asks && overlay.paintedAt === undefined ? overlay.request : undefined;
	useEffect(() => {
		if (shown !== undefined) store.dispatch({type: 'painted', request: shown, at: now()});
	}, [shown, store, now]);
	return <App state={state} refer={refer} />;
}

/** That a question was sent changes nothing on the screen: the answer will. */
function seen(store: Store): (listener: () => void) => () => void {
	return listener =>
		store.subscribe((_, event) => {
			if (event.type !== 'requested') listener();
		});
}

const named: readonly (readonly [keyof InkKey, Key])[] = [
	['upArrow', 'up'],
	['downArrow', 'down'],
	['leftArrow', 'left'],
	['rightArrow', 'right'],
	['pageUp', 'pageup'],
	['pageDown', 'pagedown'],
	['home', 'home'],
	['end', 'end'],
	['return', 'enter'],
	['escape', 'esc'],
	['backspace', 'backspace'],
	['delete', 'delete'],
];

function namesOf(input: string, key: InkKey): readonly Key[] {
	if (key.ctrl && input.length === 1) return [`ctrl-${input}`];
	if (key.tab) return [key.shift ? 'shift-tab' : 'tab'];
	const found = named.find(([flag]) => key[flag]);
	if (found) return [found[1]];
	// The rest of an escape sequence that a slow line tore apart: an arrow must not become C.
	if (/^[[O][\d;]*[A-Za-z~]$/.test(input)) return [];
	// Meta+letter is not a letter: a split escape sequence must not cancel a query.
	return key.meta ? [] : [...input].flatMap(character => (character === '\r' || character === '\n' ? ['enter'] : character === '\t' ? ['tab'] : [character]));
}
