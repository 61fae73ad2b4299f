import path from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Event} from '../../source/event.ts';
import {openAudit} from '../../source/io/audit.ts';
import {isProblem, type Problem, resolve, titleOf} from '../../source/io/conninfo.ts';
import {loadCatalog, setEntry} from '../../source/io/files.ts';
import type {Place} from '../../source/io/place.ts';
import {createWatch, type Watch, type WatchOptions} from '../../source/io/watch.ts';
import {defaultLimits} from '../../source/limits.ts';
import type {Row} from '../../source/pane.ts';
import type {Rules, Settings, State} from '../../source/state.ts';
import {screenOf} from '../../views/frame.ts';
import {panes} from '../../views/panes/index.ts';
import {unpainted} from '../../views/theme.ts';
import {repository} from './queries.ts';
import {unbroken} from './recorded.ts';
import {newDirectory} from './scratch.ts';
import {until} from './servers.ts';

/** The console on any servers, without its terminal: state, events, and the screen as text. */
export type Watching = {
	readonly watch: Watch;
	readonly problem: Problem | undefined;
	/** Everything that happened, in order. */
	readonly events: readonly Event[];
	state(): State;
	screen(): string;
	vitals(): Row | undefined;
	dispatch(event: Event): void;
	/** Waits until the state satisfies; the screen is in the error when it never does. */
	comes<T>(what: (state: State) => T | undefined | false, patience?: number): Promise<T>;
	/** `w`, the words typed, Enter. */
	go(words: string): Promise<void>;
	close(): Promise<void>;
};

export type WatchingOptions = {
	/** The watched server, then its companions. */
	readonly servers: readonly string[];
	readonly places?: readonly {readonly name: string; readonly servers: readonly string[]; readonly rules?: Partial<Rules>}[];
	readonly settings?: Partial<Settings>;
	readonly channels?: readonly string[];
	readonly pane?: string;
	readonly askPassword?: (prompt: string) => Promise<string | undefined>;
	readonly interval?: number;
};

export const rules: Rules = {label: null, readOnly: false, confirm: 'ask', limits: defaultLimits};

export async function openWatching(options: WatchingOptions): Promise<Watching> {
	setEntry(pathToFileURL(path.join(repository, 'source', 'cli.ts')).href);
	const home = newDirectory();
	const file = path.join(home, 'audit.jsonl');
	const audit = openAudit(file);
	if ('problem' in audit) throw new Error(audit.problem);
	const serversOf = (texts: readonly string[], name?: string): WatchOptions['servers'] => {
		const seen = new Map<string, number>();
		return texts.map((text, index) => {
			const target = resolve(text, {}, {env: {}, home, osUser: 'tester'});
			if (isProblem(target)) throw new Error(target.problem);
			const title = index === 0 && name !== undefined ? name : titleOf(target);
			const times = (seen.get(title) ?? 0) + 1;
			seen.set(title, times);
			return {id: times === 1 ? title : `${title} (${times})`, opening: {target, askPassword: options.askPassword}};
		});
	};
	const places = (options.places ?? []).map(
		(place): Place => ({
			name: place.name,
			servers: serversOf(place.servers, place.name),
			rules: {...rules, ...place.rules},
			refresh: undefined,
			redis: undefined,
			pgbouncer: undefined,
			cache: {scheme: 'set', prefix: '', invalidate: {}},
		}),
	);
	const watch = createWatch({
		panes,
		catalog: loadCatalog(),
		settings: {...rules, audit: {is: 'on', path: file}, ascii: false, colour: false, ...options.settings},
		servers: serversOf(options.servers),
		places,
		interval: options.interval ?? 500,
		size: {columns: 160, rows: 45},
		audit,
		who: 'tester',
		evidence: () => '{}',
		channels: options.channels,
		pane: options.pane,
	});
	const {store} = watch;
	const events: Event[] = [];
	store.subscribe((state, event) => {
		unbroken(state);
		events.push(event);
	});
	const screen = () =>
		screenOf(store.get())
			.map(line => unpainted(line).trimEnd())
			.join('\n');
	const problem = await watch.start();
	const watching: Watching = {
		watch,
		problem,
		events,
		state: store.get,
		screen,
		vitals: () => store.get().answers[store.get().watched]?.vitals?.sample?.rows[0],
		dispatch: store.dispatch,
		async comes(what, patience) {
			try {
				return (await until(
					() => what(store.get()),
					answer => answer !== undefined && answer !== false,
					patience,
				)) as Exclude<ReturnType<typeof what>, undefined | false>;
			} catch (error) {
				throw new Error(`${error instanceof Error ? error.message : error}\n${screen()}`);
			}
		},
		async go(words) {
			store.dispatch({type: 'called', overlay: 'servers'});
			await watching.comes(state => {
				const menu = state.overlays.at(-1);
				return menu?.is === 'menu' && menu.items.some(item => words.split(' ').every(word => item.text.toLowerCase().includes(word.toLowerCase())));
			});
			store.dispatch({type: 'typed', text: words, at: performance.now()});
			store.dispatch({type: 'chosen', at: performance.now()});
		},
		async close() {
			await watch.stop();
		},
	};
	return watching;
}
