import {Text} from 'ink';
import type {ReactElement} from 'react';
import type {State} from '../source/state.ts';
import {picture} from './frame.ts';

export type AppProps = {
	readonly state: State;
	/** The name under which a screen goes through Ink. */
	readonly refer: (lines: readonly string[]) => string;
};

/** The whole screen as a function of the state. Its lines are as wide as they may be already; Ink only has to know when they change. */
export function App({state, refer}: AppProps): ReactElement {
	return <Text wrap="truncate">{refer(picture(state))}</Text>;
}
