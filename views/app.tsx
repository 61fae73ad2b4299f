import {Box} from 'ink';
import type {ReactElement} from 'react';
import type {State} from '../source/state.ts';
import {PaintedLines} from './components/line.tsx';
import {screenOf} from './frame.ts';

/** The whole screen as a function of the state. */
export function App({state, refer}: {readonly state: State; readonly refer?: (text: string) => string}): ReactElement {
	return (
		<Box flexDirection="column">
			<PaintedLines lines={screenOf(state)} colour={state.settings.colour} refer={refer} />
		</Box>
	);
}
