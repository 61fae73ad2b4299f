import {due, type Round, untilDue} from '../due.ts';
import type {Event} from '../event.ts';
import {versionsOf} from '../facts.ts';
import type {Facts, Row, ServerId} from '../pane.ts';
import type {State} from '../state.ts';
import type {Store} from '../store.ts';
import type {Others} from './others.ts';
import type {Link} from './postgres.ts';

export type Collector = {stop(): void};

/**
 * Carries out what due.ts says: asks, and turns answers into events. Ages and countdowns go on from a clock of their own
 * while nothing answers.
 */
export function startCollector(
	store: Store,
	links: ReadonlyMap<ServerId, Link>,
	clock: {readonly now: () => number; readonly wall: () => number},
	others: () => Pick<Others, 'ask'> | undefined = () => undefined,
): Collector {
	let stopped = false;
	let timer: NodeJS.Timeout | undefined;

	let second: NodeJS.Timeout | undefined;
	let tickedAt = Number.NEGATIVE_INFINITY;
	let wallAt = 0;

	/** Ages go on once a second: together with an answer where one comes, as one frame costs half of two, else by themselves. */
	function tick(patience: number): void {
		clearTimeout(second);
		tickedAt = clock.now();
		wallAt = clock.wall();
		store.dispatch({type: 'ticked', at: tickedAt, wall: wallAt});
		second = setTimeout(tick, 1000 + patience, 0);
	}

	async function carryOut(round: Round): Promise<void> {
		const link = links.get(round.server);
		const server = store.get().servers[round.server];
		if (!link || !server) return;
		const request = store.get().requests + 1;
		store.dispatch({type: 'requested', server: round.server, session: round.session, request, queries: round.queries, at: clock.now()});
		const {results, roundTrip} = await answersOf(link, round);
		if (stopped) return;
		const {generation} = server;
		// After a sleep of this machine nothing is counted before it was seen that it slept.
		if (clock.now() - tickedAt > 700 || clock.wall() - wallAt > 1500) tick(250);
		store.dispatch({type: 'sampled', server: round.server, session: round.session, generation, request, at: clock.now(), results, roundTrip});
	}

	async function answersOf(link: Link, {session, queries}: Round): ReturnType<Link['ask']> {
		if (session === 'sample' || session === 'survey') return link.ask(session, queries);
		return {results: (await others()?.ask(session, queries)) ?? {}, roundTrip: Number.POSITIVE_INFINITY};
	}

	function pump(): void {
		if (stopped) return;
		clearTimeout(timer);
		for (const round of due(store.get(), clock.now())) void carryOut(round);
		timer = setTimeout(pump, untilDue(store.get(), clock.now()));
	}

	/** When the facts of a server were read last, and what it had answered by then. */
	const readAt = new Map<ServerId, number>();

	/** A restart, a failover, an extension, a right: vitals tell, or a question that is refused of a sudden; every minute all the same. */
	function watchDrift(state: State, event: Event): void {
		if (event.type === 'connected') readAt.set(event.server, clock.now());
		if (event.type !== 'sampled') return;
		const link = links.get(event.server);
		const facts = state.servers[event.server]?.facts;
		if (!link || !facts) return;
		const age = clock.now() - (readAt.get(event.server) ?? 0);
		const vitals = event.results.vitals?.status === 'ok' ? event.results.vitals.sample.rows[0] : undefined;
		const refused = Object.entries(event.results).some(([name, {status}]) => status === 'skipped' && state.answers[event.server]?.[name]?.sample !== undefined);
		// A companion has no vitals: it is asked more often.
		const due = age > (event.server === state.watched ? 60_000 : 10_000);
		if (!due && !((vitals && hasDrifted(vitals, facts)) || refused)) return;
		if (age < 1000) return;
		readAt.set(event.server, clock.now());
		void link.refreshFacts();
	}

	const unsubscribe = store.subscribe((state, event) => {
		watchDrift(state, event);
		switch (event.type) {
			case 'refreshed':
				for (const link of links.values()) link.retry();
				void links.get(state.watched)?.refreshFacts();
				pump();
				break;
			case 'connected':
			case 'opened':
			case 'entered':
			case 'switched':
			case 'paused':
			case 'paced':
			case 'watched':
			case 'chosen':
			case 'noted':
			case 'sampled':
				pump();
				break;
		}
	});
	pump();
	tick(0);
	return {
		stop() {
			stopped = true;
			clearTimeout(timer);
			clearTimeout(second);
			unsubscribe();
		},
	};
}

function hasDrifted(vitals: Row, facts: Facts): boolean {
	return (
		vitals.recovery !== facts.recovery ||
		vitals.started_at !== facts.started_at ||
		JSON.stringify(versionsOf(vitals.extensions)) !== JSON.stringify(facts.extensions) ||
		vitals.can_read_all !== facts.canReadAll
	);
}
