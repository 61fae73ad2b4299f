import {setImmediate as turn} from 'node:timers/promises';
import type {Arguments} from '../arguments.ts';
import type {Pane} from '../pane.ts';
import type {State} from '../state.ts';
import type {Store} from '../store.ts';
import {isProblem, type Problem} from './conninfo.ts';
import {saveEffort} from './engine.ts';
import {loadCatalog, loadQuery} from './files.ts';
import {callEarly, forsake} from './postgres.ts';
import {createReferences} from './references.ts';
import {secondsOf, setUp, textOf} from './setup.ts';
import {onSignals} from './signals.ts';
import {openTerminal, type Painter, type Terminal, unfit} from './terminal.ts';
import {createWatch, now} from './watch.ts';

/** What the console needs of the views, passed in by the entry. */
export type Face = {
	readonly panes: readonly Pane[];
	/** The lines of the screen, with their colours. */
	readonly picture: (state: State) => readonly string[];
	/** Loads Ink, which takes as long as all else together. */
	readonly ink: () => Promise<Mount>;
	readonly lastScroll: (state: State) => number;
	readonly evidence: (state: State, pids?: readonly number[]) => string;
	/** What `y` copies: the query of the row, or the row. */
	readonly copied: (state: State, whole: boolean) => string;
};

export type Mount = (options: {readonly terminal: Terminal; readonly store: Store; readonly now: () => number}) => Painter;

const channels = ['cache_invalidation', 'performance_alert'];

/** `pgperf top`. The server is called first; all else loads in parts while it answers, and between them it is heard. */
export async function top(options: Arguments, face: () => Promise<Face>): Promise<number | Problem> {
	// Said before anything is opened.
	const blind = unfit(process, process.env);
	if (blind) return blind;
	const setup = setUp(options, options.input[0]);
	if (isProblem(setup)) return setup;
	const seconds = secondsOf(options, 'interval', setup.place.refresh ?? 1, 0.5, 60);
	if (typeof seconds !== 'number') return seconds;
	const {opening} = setup.servers[0]!;
	callEarly(opening, loadQuery('facts'));
	await turn();
	const catalog = loadCatalog();
	await turn();
	const {panes, lastScroll, evidence, ...painting} = await face();
	await turn();
	const ink = patiently(painting.ink);
	const pane = paneNamed(panes, textOf(options, 'pane'));
	if (pane && 'problem' in pane) {
		await forsake(opening);
		return pane;
	}
	const watch = createWatch({
		panes,
		catalog,
		settings: setup.settings,
		servers: setup.servers,
		belongings: setup.place,
		places: setup.places,
		interval: seconds * 1000,
		size: {columns: process.stdout.columns || 80, rows: process.stdout.rows || 24},
		pane: pane?.id,
		channels: options.flags['no-listen'] ? [] : channels,
		audit: setup.audit,
		who: setup.who,
		evidence,
		lastScroll,
	});
	const problem = await watch.start();
	if (problem) return {...problem, problem: problem.problem + setup.hint};
	for (const text of setup.warnings) watch.store.dispatch({type: 'logged', entry: {kind: 'console', text, tone: 'warning'}});
	const terminal = openTerminal(process, process.env, createReferences());
	if ('problem' in terminal) {
		await watch.stop();
		return terminal;
	}
	return run(terminal, watch, {...painting, ink});
}

function paneNamed(panes: readonly Pane[], name: string | undefined): Pane | Problem | undefined {
	if (name === undefined) return undefined;
	const known = panes.filter(pane => pane.place !== 'frame');
	return (
		known.find(pane => pane.id === name.toLowerCase()) ?? {problem: `There is no pane "${name}". Panes: ${known.map(pane => pane.id).join(', ')}.`, exit: 64}
	);
}

/** Loads while there is nothing else to do: when a server lets us wait longer than one nearby does, or when it is asked for. */
function patiently<T>(load: () => Promise<T>): () => Promise<T> {
	let loading: Promise<T> | undefined;
	const begin = () => (loading ??= load());
	const waiting = setTimeout(begin, 60).unref();
	return () => {
		clearTimeout(waiting);
		return begin();
	};
}

async function run(terminal: Terminal, watch: ReturnType<typeof createWatch>, face: Pick<Face, 'picture' | 'ink' | 'copied'>): Promise<number> {
	const {store} = watch;
	store.dispatch({type: 'resized', size: terminal.size()});
	entitle(terminal, store.get());
	const offSignals = onSignals(terminal, {quit: () => watch.stop()});
	const paint = () => terminal.show(face.picture(store.get()));
	await turn();
	// Painted faster for the first time when it is the second: while the server answers, that costs nothing.
	face.picture(store.get());
	await firstAnswer(store, paint);
	const mount = await face.ink();
	// Ended by a signal meanwhile: what was restored stays so until the program is gone.
	if (!terminal.open) return new Promise(() => {});
	store.dispatch({type: 'resized', size: terminal.size()});
	const painter = mount({terminal, store, now});
	terminal.attach({
		unmount: painter.unmount,
		rerender(size) {
			store.dispatch({type: 'resized', size});
			painter.rerender(size);
		},
	});
	saveEffort();
	await new Promise<void>(resolve => {
		const stop = store.subscribe((state, event) => {
			switch (event.type) {
				case 'connected':
				case 'watched':
					entitle(terminal, state);
					break;
				case 'suspended':
					void terminal.suspend();
					break;
				case 'redrawn':
					terminal.redraw();
					break;
				case 'copied':
					terminal.copy(face.copied(state, event.whole));
					store.dispatch({type: 'noticed', text: 'copied to the clipboard of your terminal, where it allows that (OSC 52)', tone: 'notice'});
					break;
			}
			if (state.leaving) {
				stop();
				resolve();
			}
		});
	});
	offSignals();
	await terminal.close();
	await watch.stop();
	return 0;
}

/**
 * A first frame without data costs as much as the one with them that follows at once: the screen waits for them a little, and is there
 * before the next questions are sent. The same as Ink's first, and there before Ink is.
 */
function firstAnswer(store: Store, paint: () => void): Promise<void> {
	return new Promise(resolve => {
		const done = () => {
			clearTimeout(patience);
			off();
			paint();
			resolve();
		};
		const patience = setTimeout(done, 80);
		const off = store.subscribe((_, event) => {
			if (event.type === 'sampled') done();
		});
	});
}

/** Which server it is can be told from the window's title too. */
function entitle(terminal: Terminal, {settings, servers, watched}: State): void {
	terminal.title(['pgperf', settings.label, servers[watched]?.title ?? watched].filter(Boolean).join(' '));
}
