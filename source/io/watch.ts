import {type Catalog, localQueries} from '../catalog.ts';
import {missingTexts, restAfter} from '../lookup.ts';
import type {Pane, PaneId, ServerId} from '../pane.ts';
import {reducer} from '../reduce.ts';
import {initialState, type Settings, type Size, type State, topOverlay} from '../state.ts';
import {createStore, type Store} from '../store.ts';
import {type Actions, startActions} from './actions.ts';
import type {Audit} from './audit.ts';
import {startCollector} from './collector.ts';
import type {Problem} from './conninfo.ts';
import {startExplain} from './explain.ts';
import {createOthers, type Others} from './others.ts';
import {waitAtMost} from './patience.ts';
import type {Place} from './place.ts';
import {type PlacesOptions, startPlaces, type Unusable, type Watchable} from './places.ts';
import {createLink, type Link} from './postgres.ts';
import type {Opening} from './session.ts';
import {worldOf} from './setup.ts';

export type WatchOptions = {
	readonly panes: readonly Pane[];
	readonly catalog: Catalog;
	readonly settings: Settings;
	/** The watched server first, then its companions. */
	readonly servers: readonly {readonly id: ServerId; readonly opening: Opening}[];
	/** Redis and PgBouncer that belong to the watched server. */
	readonly belongings?: Pick<Place, 'redis' | 'pgbouncer' | 'cache'>;
	/** What else `w` offers: the configuration's other servers. */
	readonly places?: readonly (Place | Unusable)[];
	/** Called when another server or database is watched. */
	readonly entered?: (place: Watchable) => void;
	readonly interval: number;
	readonly size: Size;
	readonly pane?: PaneId;
	readonly channels?: readonly string[];
	readonly audit?: Audit;
	readonly who: string;
	/** What is known, as report JSON. */
	readonly evidence: (state: State, pids?: readonly number[]) => string;
	/** How far the open overlay can be scrolled: only the view can know. */
	readonly lastScroll?: (state: State) => number;
};

/** Everything but the screen: a store that real servers feed and that acts on them. `top` and the scenario tests stand on it. */
export type Watch = {
	readonly store: Store;
	readonly links: ReadonlyMap<ServerId, Link>;
	/** Connects; a problem that no retry mends is returned, and nothing runs then. */
	start(): Promise<Problem | undefined>;
	/** Plans and carries out; from `start` on. */
	readonly actions: Actions | undefined;
	stop(): Promise<void>;
};

/** Milliseconds until texts that were not answered are asked again. */
const unanswered = 30_000;

export const now = (): number => performance.now();
export const wall = (): number => Date.now();

/** Passwords are asked for before the screen is open, and never after: a prompt would be painted over it and take its keys. */
function promptsBefore() {
	let over = false;
	const asking = new Set<Promise<unknown>>();
	return {
		guarded(opening: Opening): Opening {
			const {askPassword} = opening;
			if (!askPassword) return opening;
			return {
				...opening,
				async askPassword(prompt) {
					if (over) return undefined;
					const asked = askPassword(prompt);
					asking.add(asked);
					return asked.finally(() => asking.delete(asked));
				},
			};
		},
		async over(started: Promise<unknown>): Promise<void> {
			await waitAtMost(500, started);
			while (asking.size > 0) await Promise.allSettled(asking);
			over = true;
		},
	};
}

/** Redis and PgBouncer of what is watched: they change with the server, and stay with its other databases. */
function belongingsOf(first: WatchOptions['belongings']) {
	let place: Watchable | WatchOptions['belongings'] = first;
	let others: Others | undefined = first && createOthers(first, worldOf());
	return {
		now: () => others,
		enter(next: Watchable) {
			const same = JSON.stringify(next.cache) === JSON.stringify(place?.cache);
			if (same && next.redis === place?.redis && next.pgbouncer === place?.pgbouncer) return;
			others?.stop();
			place = next;
			others = next.cache && createOthers({redis: next.redis, pgbouncer: next.pgbouncer, cache: next.cache}, worldOf());
		},
		stop: () => others?.stop(),
	};
}

export function createWatch(options: WatchOptions): Watch {
	const {panes, catalog, settings, servers, interval, size, pane, audit, who, evidence} = options;
	const watched = servers[0]!.id;
	const local = localQueries(catalog);
	const store = createStore(
		initialState({panes, settings, watched, interval, size, pane, now: now(), wall: wall(), local}),
		reducer(options.lastScroll ?? (() => 0)),
	);
	const {dispatch} = store;
	const {label, readOnly, confirm, limits, invalidate} = settings;
	const place: Watchable = {name: null, servers, rules: {label, readOnly, confirm, limits, invalidate}, ...options.belongings};
	const belongings = belongingsOf(options.belongings);
	const prompts = promptsBefore();
	const open: PlacesOptions['open'] = wanted => createLink({...wanted, catalog, dispatch, now, channels: options.channels});
	const links = new Map(
		servers.map(({id, opening}, index) => [id, open({id, opening: prompts.guarded(opening), companion: index > 0, patient: index > 0, rules: place.rules})]),
	);
	const stops: (() => void)[] = [];
	let actions: Actions | undefined;

	/** What the open row wants to know beyond its table. */
	async function fetchDetail(state: State): Promise<void> {
		const overlay = topOverlay(state);
		if (overlay?.is !== 'detail') return;
		const detail = state.panes.flatMap(one => one.tables).find(table => table.id === overlay.table)?.detail;
		const link = links.get(state.watched);
		if (!detail || !link) return;
		await Promise.all(
			detail.ask.map(async ask => {
				const result = await link.one(ask.session, ask.sql, ask.params(overlay.row));
				dispatch({type: 'fetched', request: overlay.request, id: ask.id, result});
			}),
		);
	}

	let looking = false;
	let lookAgainAt = Number.NEGATIVE_INFINITY;
	let looked = {at: Number.NEGATIVE_INFINITY, cost: 0};
	/** Texts of the rows on the screen, each asked once. */
	async function lookUp(state: State, isWanted: boolean): Promise<void> {
		const missing = missingTexts(state);
		const link = links.get(state.watched);
		if (!missing || !link || looking || now() < Math.max(lookAgainAt, looked.at + restAfter(looked.cost, isWanted))) return;
		looking = true;
		const result = await link.one('survey', missing.sql, [missing.keys]);
		looking = false;
		looked = {at: now(), cost: result.status === 'ok' ? result.sample.cost : 0};
		// What takes longer than it may is not asked with every sample.
		if (result.status === 'failed') lookAgainAt = now() + unanswered;
		const found = result.status === 'ok' ? result.sample.rows : [];
		const rows = Object.fromEntries(missing.keys.map(key => [`${missing.sql}\0${key}`, found.find(row => row[missing.key] === key) ?? {}]));
		// Another server may be watched by now.
		if (result.status !== 'failed' && store.get().watched === state.watched) dispatch({type: 'lookedUp', rows});
	}

	return {
		store,
		links,
		get actions() {
			return actions;
		},
		async start() {
			const [first, ...companions] = links.values();
			const problem = await first!.start();
			if (problem) {
				await first!.stop();
				return problem;
			}
			const started = Promise.all(companions.map(link => link.start()));
			actions = startActions({store, links, audit, who, now, wall, evidence, redis: () => belongings.now()?.redis});
			stops.push(
				startCollector(store, links, {now, wall}, belongings.now).stop,
				store.subscribe((state, event) => {
					if (event.type === 'entered') void fetchDetail(state);
					if (event.type === 'connected') lookAgainAt = looked.at = Number.NEGATIVE_INFINITY;
					if (event.type === 'sampled') void lookUp(state, false);
					if (event.type === 'moved' || event.type === 'opened' || event.type === 'switched') void lookUp(state, true);
				}),
				startExplain(store, links).stop,
				startPlaces({
					store,
					links,
					place,
					others: options.places ?? [],
					open,
					entered(next) {
						belongings.enter(next);
						options.entered?.(next);
					},
				}).stop,
			);
			// A companion may want a password, and the screen is not open yet; one that does not answer is not waited for.
			await prompts.over(started);
			return undefined;
		},
		async stop() {
			for (const stop of stops) stop();
			await actions?.stop();
			belongings.stop();
			await Promise.all([...links.values()].map(link => link.stop()));
		},
	};
}
