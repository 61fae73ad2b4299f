import {useInput, usePaste} from 'ink';
import {type ReactElement, useEffect, useMemo, useSyncExternalStore} from 'react';
import {eventOf, takesText} from '../source/keys.ts';
import {topOverlay} from '../source/state.ts';
import type {Store} from '../source/store.ts';
import {App, type AppProps} from './app.tsx';
import {type InkKey, keysOf} from './key-reader.ts';

export type RootProps = {
	readonly store: Store;
	readonly now: () => number;
	readonly refer: AppProps['refer'];
};

/** The only place with hooks: the store in, keys out. */
export function Root({store, now, refer}: RootProps): ReactElement {
	const state = useSyncExternalStore(
		useMemo(() => seen(store), [store]),
		store.get,
	);
	useInput((input, key) => {
		const field = topOverlay(store.get());
		// Keys that arrive in one chunk over a slow line come as one string.
		for (const name of keysOf(input, key as InkKey, field !== undefined && takesText(field))) {
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
