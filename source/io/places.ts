import type {ServerId} from '../pane.ts';
import {plain} from '../plain.ts';
import {isOfService} from '../provider.ts';
import type {MenuItem, State} from '../state.ts';
import type {Store} from '../store.ts';
import {type Problem, type Target, titleOf} from './conninfo.ts';
import type {Place} from './place.ts';
import type {Link, LinkOptions} from './postgres.ts';

/** Of a place, what its servers need. */
export type Watchable = Pick<Place, 'name' | 'servers' | 'rules'> & Partial<Pick<Place, 'redis' | 'pgbouncer' | 'cache'>>;
export type Unusable = {readonly name: string; readonly problem: string};

export type PlacesOptions = {
	readonly store: Store;
	/** Of what is watched now; servers come and go. */
	readonly links: Map<ServerId, Link>;
	/** What is watched at the start. */
	readonly place: Watchable;
	/** The other servers of the configuration. */
	readonly others: readonly (Place | Unusable)[];
	readonly open: (options: Pick<LinkOptions, 'id' | 'opening' | 'first' | 'companion' | 'patient' | 'rules'>) => Link;
	readonly entered?: (place: Watchable) => void;
};

/**
 * `w`: what can be watched, and the way there. The server that is watched stays until the other one has answered; then everything
 * that belonged to the old one is closed.
 */
export function startPlaces(options: PlacesOptions): {readonly stop: () => void} {
	const {store, links, others, open} = options;
	let place = options.place;
	let watched = store.get().watched;
	let databases: readonly string[] = [];
	let offers = new Map<string, () => {readonly place: Watchable; readonly first?: Target}>();
	let giveUp = new AbortController();
	let going: string | null = null;
	let listing = false;
	/** After the first samples: they are what is waited for. */
	let wanted = true;

	const link = () => links.get(watched);

	async function list(): Promise<void> {
		const asked = link();
		if (!asked || listing) return;
		listing = true;
		wanted = false;
		const result = await asked.one('survey', 'database-names', []);
		listing = false;
		if (asked !== link()) return;
		const {facts} = store.get().servers[watched] ?? {};
		if (result.status === 'ok') databases = result.sample.rows.map(row => String(row.datname)).filter(name => !isOfService(facts, null, name));
		tell(store.get(), result.status === 'ok' ? result.sample.rows : []);
	}

	function tell(state: State, rows: readonly {readonly [field: string]: unknown}[]): void {
		offers = new Map();
		const items: MenuItem[] = [];
		for (const [index, other] of [options.place, ...others].entries()) {
			const id = `server\0${index}`;
			if ('problem' in other) {
				items.push({id, text: other.name, disabled: other.problem});
				continue;
			}
			// By another database of it, it is the same place.
			if (other.rules === place.rules) continue;
			const {label} = other.rules;
			const title = titleOf(other.servers[0]!.opening.target);
			items.push({id, text: [label, other.name ?? title].filter(Boolean).join('  '), note: other.name === null ? 'as at the start' : title});
			offers.set(id, () => ({place: other}));
		}
		const here = state.servers[watched]?.facts?.database;
		for (const row of rows) {
			const name = String(row.datname);
			const id = `database\0${name}`;
			if (name === here || isOfService(state.servers[watched]?.facts, null, name)) continue;
			items.push({
				id,
				text: `database ${plain(name)}`,
				...(row.connectable === false ? {disabled: `${state.servers[watched]?.facts?.role} may not connect: grant connect on database`} : {}),
			});
			offers.set(id, () => ({place: inDatabase(place, name), first: pinnedIn(name)}));
		}
		store.dispatch({type: 'placesKnown', places: items, databases: databases.length > 0 ? databases.length : null});
	}

	/** The same host, in another database. */
	function pinnedIn(database: string): Target | undefined {
		const pinned = link()?.pinned();
		return pinned && {...pinned, database, databaseNamed: true};
	}

	async function enter(next: Watchable, first: Target | undefined): Promise<void> {
		giveUp.abort();
		giveUp = new AbortController();
		const {signal} = giveUp;
		const [main, ...companions] = next.servers;
		let {id} = main!;
		for (let times = 2; links.has(id); times++) id = `${main!.id} (${times})`;
		const opened = open({id, opening: {...main!.opening, askPassword: undefined, signal}, first, rules: next.rules});
		links.set(id, opened);
		const problem = await opened.start();
		const state = store.get();
		if (problem || signal.aborted || state.servers[id]?.feed.is !== 'live') {
			const gaveUp = !signal.aborted;
			await letGo(opened, gaveUp);
			if (gaveUp) store.dispatch({type: 'noticed', text: refusalOf(state, id, problem), tone: 'warning'});
			return;
		}
		// Begun meanwhile: what is watched stays for it, and says so; whoever began it has to be able to cancel it.
		if (state.running.length > 0) {
			store.dispatch({type: 'watched', server: id});
			return letGo(opened);
		}
		giveUp = new AbortController();
		const old = [...links.values()].filter(one => one !== opened);
		place = next;
		watched = id;
		store.dispatch({type: 'watched', server: id});
		// Its own databases are not known yet; those of the one before would lead back there.
		databases = [];
		tell(store.get(), []);
		for (const one of old) {
			links.delete(one.id);
			void one.stop();
			store.dispatch({type: 'unlinked', server: one.id});
		}
		for (const {id: server, opening} of companions) {
			const companion = open({id: server, opening: {...opening, askPassword: undefined}, companion: true, patient: true, rules: next.rules});
			links.set(server, companion);
			void companion.start();
		}
		wanted = true;
		options.entered?.(next);
	}

	/** What was on its way and is not watched. */
	async function letGo(opened: Link, gaveUp = true): Promise<void> {
		links.delete(opened.id);
		await opened.stop();
		store.dispatch({type: 'unlinked', server: opened.id, gaveUp});
	}

	function refusalOf(state: State, id: ServerId, problem: Problem | undefined): string {
		const feed = state.servers[id]?.feed;
		const why = problem?.problem ?? (feed?.is === 'lost' ? feed.message : 'it did not answer');
		return `still watching ${state.servers[watched]?.title ?? watched}: ${why}`;
	}

	const stop = store.subscribe((state, event) => {
		const known = links.get(state.watched);
		if (state.watched !== watched && known) {
			giveUp.abort();
			link()?.watch(false);
			watched = state.watched;
			known.watch(true);
			wanted = true;
		}
		if (state.going !== going) {
			going = state.going;
			const offer = going === null ? undefined : offers.get(going)?.();
			if (offer) void enter(offer.place, offer.first);
			else giveUp.abort();
		}
		if (event.type === 'connected' && event.server === watched) wanted = true;
		if ((event.type === 'sampled' && wanted) || (event.type === 'called' && event.overlay === 'servers') || event.type === 'refreshed') void list();
	});
	return {
		stop() {
			giveUp.abort();
			stop();
		},
	};
}

/** A standby is asked in the same database: what is compared must speak of the same tables. */
export function inDatabase<T extends Watchable>(place: T, database: string): T {
	const seen = new Set<string>();
	return {
		...place,
		servers: place.servers.map(({opening}) => {
			const target = {...opening.target, database, databaseNamed: true};
			let id = titleOf(target);
			for (let times = 2; seen.has(id); times++) id = `${titleOf(target)} (${times})`;
			seen.add(id);
			return {id, opening: {...opening, target}};
		}),
	};
}
