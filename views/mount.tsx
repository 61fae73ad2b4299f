import {render} from 'ink';
import type {ReactElement} from 'react';
import type {Painter, Terminal} from '../source/io/terminal.ts';
import type {Store} from '../source/store.ts';
import {Root} from './root.tsx';

type InkOptions = Parameters<typeof render>[1];

/** Ink on a terminal. What it is told to leave alone, the terminal's own code does better (source/io/terminal.ts). */
export function mount({
	terminal,
	store,
	now,
	options,
}: {
	readonly terminal: Terminal;
	readonly store: Store;
	readonly now: () => number;
	readonly options: InkOptions;
}): Painter {
	const element = (): ReactElement => <Root store={store} now={now} refer={terminal.refer} />;
	const ink = render(element(), {...(options as object), stdout: terminal.stdout, stdin: terminal.stdin} as InkOptions);
	// A crash while painting rejects this and nothing else: unawaited, it reaches those who end the program with a sentence.
	void ink.waitUntilExit();
	return {
		rerender: () => ink.rerender(element()),
		unmount: () => ink.unmount(),
	};
}
