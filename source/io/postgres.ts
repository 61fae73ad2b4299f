import {type Catalog, pick} from '../catalog.ts';
import type {Event} from '../event.ts';
import type {Facts, Query, QueryName, Result, ServerId} from '../pane.ts';
import {isTight, noteOf, slotsOf} from '../slots.ts';
import type {Rules} from '../state.ts';
import {isProblem, type Problem, type Target, titleOf} from './conninfo.ts';
import {measured} from './disk.ts';
import {readFacts} from './introduction.ts';
import {type Asked, bounds, codeOf, type Opening, openSession, type Parameters, type Session, sentence} from './session.ts';

export type LinkOptions = {
	readonly id: ServerId;
	readonly opening: Opening;
	/** The host to try first: a server that is watched in another database is the same server. */
	readonly first?: Target;
	readonly catalog: Catalog;
	readonly dispatch: (event: Event) => void;
	readonly now: () => number;
	/** LISTEN for notifications on a session of its own. */
	readonly channels?: readonly string[];
	/** A companion is only sampled; it has no session that acts. */
	readonly companion?: boolean;
	/** Whatever keeps it from being reached, it is tried again. */
	readonly patient?: boolean;
	readonly rules?: Rules;
};

/** One server: its sessions, its facts, and how it is reached again after it was lost. */
export type Link = {
	readonly id: ServerId;
	/** The first connection. A problem that a retry can't mend is returned; the others are retried from here on. */
	start(): Promise<Problem | undefined>;
	/** Answers by query name. Never rejects: what can't be asked says why. */
	ask(session: 'sample' | 'survey', names: readonly QueryName[]): Promise<{readonly results: Readonly<Record<QueryName, Result>>; readonly roundTrip: number}>;
	/** One file with parameters, on sample, survey or act. */
	one(session: 'sample' | 'survey' | 'act', name: QueryName, params: Parameters): Promise<Result>;
	/** The session that is kept ready for actions. */
	act(): Promise<Session | Problem>;
	/** A session of its own for one long statement; the caller closes it. */
	work(): Promise<Session | Problem>;
	/** Reads the facts again. */
	refreshFacts(): Promise<void>;
	/** Try again now instead of when the back-off ends. */
	retry(): void;
	/** Whether it is the watched one, which has sessions that act and listen. */
	watch(watched: boolean): void;
	/** The host that answered. */
	pinned(): Target | undefined;
	stop(): Promise<void>;
};

/** Milliseconds that the first answer has for itself before further sessions are opened. */
const firstAnswer = 100;

type Opened = {readonly session: Session; readonly facts: Facts; readonly pinned: Target; readonly title: string};

/** At the start these pass by themselves (no slot free, starting up): the console opens and tries again. Others need the user. */
const passing = new Set(['53300', '57P03']);
/** After a slot was refused, ms: each try is a line in the server's log. */
const crowded = 30_000;

/** Servers that were called before anybody could ask them; each is used once. */
const called = new WeakMap<Target, Promise<Opened | Problem>>();

/** While the server answers, the rest of the program is loaded. `introduction` is queries/facts.sql. */
export function callEarly(opening: Opening, introduction: Query): void {
	called.set(opening.target, introduced(opening, introduction));
}

function early({target}: Opening): Promise<Opened | Problem> | undefined {
	const opened = called.get(target);
	called.delete(target);
	return opened;
}

/** The session that was begun is not wanted after all. */
export async function forsake(opening: Opening): Promise<void> {
	const opened = await early(opening);
	if (opened && !isProblem(opened)) await opened.session.close();
}

/** A session of which the server is known, and which is set up for it. */
async function introduced(opening: Opening, introduction: Query): Promise<Opened | Problem> {
	const result = await openSession(opening, opening.once ? bounds.once : bounds.sample);
	if (isProblem(result)) return result;
	const {session} = result;
	try {
		const facts = await readFacts(session, introduction);
		if (isProblem(facts)) {
			await session.close();
			return facts;
		}
		await session.setUp(facts);
		return {...result, facts};
	} catch (error) {
		await session.close();
		return {problem: `The server refused pgperf's first question: ${sentence(error)}.`, exit: 69, code: codeOf(error)};
	}
}

const waiting: Problem = {problem: 'waits: no connection slot is free, and pgperf keeps to two sessions', exit: 69, code: '53300'};
const silent: Problem = {problem: 'the server does not answer', exit: 69};

/** Milliseconds until the next try. A wrong password or a missing database is not mended within seconds, and each try is a line in the server's log. */
function patienceFor({code}: Problem, times: number): number {
	const needsHands = code !== undefined && /^(28|3D|42)/.test(code);
	return needsHands ? 60_000 : Math.min(15_000, 500 * 2 ** times);
}

export function createLink(options: LinkOptions): Link {
	const {id, opening, catalog, dispatch, now} = options;
	const introduction = catalog.get('facts')![0]!;
	const sessions: {sample?: Session; survey?: Session; act?: Session; listen?: Session} = {};
	let companion = options.companion === true;
	let facts: Facts | undefined;
	let pinned: Target | undefined;
	let stopped = false;
	let attempt = 0;
	let timer: NodeJS.Timeout | undefined;
	let pinger: NodeJS.Timeout | undefined;
	let opened: Promise<Session | Problem> | undefined;
	/** No slot was free: survey waits, listen is closed. */
	let tight = false;
	let refusedAt = Number.NEGATIVE_INFINITY;
	/** Why no further session could be opened. Each try is a line in the server's log: not one with every tick. */
	let blocked: {readonly problem: Problem; readonly at: number; readonly times: number} | undefined;
	let completing = false;

	const ownPids = () => Object.values(sessions).flatMap(session => (session.alive ? [session.pid] : []));

	async function openFirst(): Promise<Opened | Problem> {
		// A prompt belongs before the screen: later on, the password that was typed is still known.
		const where = facts ? {target: opening.target} : {...opening, target: options.first ?? opening.target};
		return early(where) ?? introduced(where, introduction);
	}

	async function openNext(limits: (typeof bounds)[keyof typeof bounds]): Promise<Session | Problem> {
		const session = await openedNext(limits);
		if (!isProblem(session)) blocked = undefined;
		else if (session.code === '53300') refusedAt = now();
		else blocked = {problem: session, at: now(), times: (blocked?.times ?? 0) + 1};
		return session;
	}

	async function openedNext(limits: (typeof bounds)[keyof typeof bounds]): Promise<Session | Problem> {
		// Of several hosts, what acts must reach the one that is shown.
		const result = await openSession({target: pinned ?? opening.target, signal: opening.signal}, limits);
		if (isProblem(result)) return result;
		try {
			await result.session.setUp(facts!);
		} catch (error) {
			await result.session.close();
			return {problem: sentence(error), exit: 69, code: codeOf(error)};
		}
		return result.session;
	}

	/** For `most` ms at the longest: whoever waits for an action does not wait for the back-off. */
	function stillBlocked(most = Number.POSITIVE_INFINITY): Problem | undefined {
		return blocked && now() - blocked.at < Math.min(most, patienceFor(blocked.problem, blocked.times)) ? blocked.problem : undefined;
	}

	async function connectNow(): Promise<Problem | undefined> {
		const result = await openFirst();
		if (stopped) {
			if (!isProblem(result)) await result.session.close();
			return undefined;
		}
		if (isProblem(result)) return result;
		const {session, title} = result;
		sessions.sample = session;
		facts = result.facts;
		pinned = result.pinned;
		attempt = 0;
		dispatch({type: 'connected', server: id, at: now(), facts, ownPids: ownPids(), tls: session.tls, title});
		session.onLost(message => drop(session, message));
		setTimeout(() => void complete(), firstAnswer).unref();
		return undefined;
	}

	/** What must be ready in the incident is opened before it is needed, and again when somebody ended it. */
	async function complete(): Promise<void> {
		if (companion || completing || now() - refusedAt < crowded || stillBlocked()) return;
		completing = true;
		if (!sessions.act?.alive) {
			const act = await openNext(bounds.act);
			if (!isProblem(act)) kept('act', act);
			pinger ??= setInterval(() => void sessions.act?.send('select').catch(() => undefined), 20_000).unref();
		}
		if (sessions.act?.alive && !tight && !sessions.listen?.alive) await openListen();
		completing = false;
		if (facts && sessions.sample?.alive) dispatch({type: 'refreshedFacts', server: id, facts, ownPids: ownPids()});
	}

	async function openListen(): Promise<void> {
		if (!options.channels?.length || facts?.pooled || facts?.recovery) return;
		const listen = await openNext(bounds.act);
		if (isProblem(listen) || isProblem(kept('listen', listen))) return;
		listen.onNotification((channel, payload) => dispatch({type: 'notified', server: id, channel, payload}));
		for (const channel of options.channels) await listen.send(`listen "${channel.replaceAll('"', '""')}"`).catch(() => undefined);
	}

	/** In a full server pgperf makes itself small, and comes back when there is room. */
	function watchSlots(result: Result | undefined): void {
		const row = result?.status === 'ok' ? result.sample.rows[0] : undefined;
		const slots = row && facts && !facts.pooled ? slotsOf(row, facts) : undefined;
		if (!slots || !facts || companion) return;
		const before = tight;
		tight = isTight(slots, before) || (now() - refusedAt < crowded && sessions.survey === undefined);
		if (tight) for (const name of ['survey', 'listen'] as const) close(name);
		if (tight || before) dispatch({type: 'noted', server: id, note: tight ? noteOf(slots, facts) : undefined});
		const listens = options.channels?.length && !facts.recovery;
		if (!sessions.act?.alive || (!tight && listens && !sessions.listen?.alive)) void complete();
	}

	function close(name: 'survey' | 'act' | 'listen'): void {
		void sessions[name]?.close();
		delete sessions[name];
	}

	function drop(session: Session, message: string): void {
		if (stopped || sessions.sample !== session) return;
		closeAll();
		retryLater({problem: message, exit: 69});
	}

	function retryLater(problem: Problem): void {
		const wait = patienceFor(problem, attempt);
		attempt += 1;
		dispatch({type: 'lost', server: id, at: now(), message: problem.problem, retryAt: now() + wait});
		timer = setTimeout(() => void again(), wait);
	}

	async function again(): Promise<void> {
		timer = undefined;
		const problem = await connectNow();
		if (problem && !stopped) retryLater(problem);
	}

	function closeAll(): void {
		for (const session of Object.values(sessions)) void session.close();
		for (const name of ['sample', 'survey', 'act', 'listen'] as const) delete sessions[name];
		opened = undefined;
		tight = false;
		refusedAt = Number.NEGATIVE_INFINITY;
		blocked = undefined;
	}

	async function survey(): Promise<Session | Problem> {
		if (sessions.survey?.alive) return sessions.survey;
		if (tight || now() - refusedAt < crowded) return waiting;
		const problem = stillBlocked();
		if (problem) return problem;
		opened ??= openNext(bounds.survey).finally(() => {
			opened = undefined;
		});
		const session = await opened;
		if (isProblem(session) || sessions.survey === session) return session;
		return kept('survey', session);
	}

	async function sessionFor(name: 'sample' | 'survey' | 'act'): Promise<Session | Problem> {
		if (name === 'survey') return survey();
		const session = sessions[name];
		if (session?.alive) return session;
		if (name === 'act' && facts && sessions.sample?.alive) {
			const problem = stillBlocked(1000);
			if (problem) return problem;
			const act = await openNext(bounds.act);
			return isProblem(act) ? act : kept('act', act);
		}
		return silent;
	}

	/** A session that was opened while everything ends would keep the program alive. */
	function kept(name: 'survey' | 'act' | 'listen', session: Session): Session | Problem {
		if (stopped || !facts || !sessions.sample?.alive) {
			void session.close();
			return silent;
		}
		close(name);
		sessions[name] = session;
		return session;
	}

	function choose(names: readonly QueryName[], skipped: Record<QueryName, Result>): readonly {readonly name: QueryName; readonly asked: Asked}[] {
		return names.flatMap(name => {
			const picked = pick(catalog, name, facts!);
			if ('query' in picked) return [{name, asked: {query: picked.query}}];
			skipped[name] = {status: 'skipped', ...picked.skipped};
			return [];
		});
	}

	return {
		id,
		async start() {
			dispatch({type: 'known', server: id, title: titleOf(opening.target), rules: options.rules, at: now()});
			const problem = await connectNow();
			if (!problem || stopped) return undefined;
			if (options.patient || (problem.code !== undefined && passing.has(problem.code))) {
				retryLater(problem);
				return undefined;
			}
			return problem;
		},
		async ask(name, names) {
			const results: Record<QueryName, Result> = {};
			const session = await sessionFor(name);
			if (isProblem(session)) {
				for (const query of names) results[query] = {status: 'failed', message: session.problem, code: session.code};
				return {results, roundTrip: Number.POSITIVE_INFINITY};
			}
			const chosen = choose(names, results);
			if (chosen.length === 0) return {results, roundTrip: Number.POSITIVE_INFINITY};
			const answer = await session.ask(chosen.map(one => one.asked));
			chosen.forEach((one, index) => {
				results[one.name] = answer.results[index]!;
			});
			if (results.disk) results.disk = await measured(results.disk);
			if (!stopped) watchSlots(results.vitals);
			return {results, roundTrip: answer.roundTrip};
		},
		async one(name, query, params) {
			const session = await sessionFor(name);
			if (isProblem(session)) return {status: 'failed', message: session.problem, code: session.code};
			const picked = pick(catalog, query, facts!);
			if ('skipped' in picked) return {status: 'skipped', ...picked.skipped};
			const {results} = await session.ask([{query: picked.query, params}]);
			return results[0]!;
		},
		act: () => sessionFor('act'),
		async work() {
			return facts ? openNext(bounds.work) : silent;
		},
		async refreshFacts() {
			const session = sessions.sample;
			if (!session?.alive) return;
			const before = facts;
			const read = await readFacts(session, introduction).catch(() => undefined);
			if (!read || isProblem(read) || session !== sessions.sample) return;
			// Behind a pooler the pid differs from question to question; on a direct connection it never does.
			facts = {...read, pooled: before?.pooled ?? read.pooled};
			// An extension that came meanwhile may lie in a schema that is not looked into yet.
			if (facts.extensionSchemas.join() !== before?.extensionSchemas.join())
				for (const one of Object.values(sessions)) if (one.alive) await one.setUp(facts).catch(() => undefined);
			dispatch({type: 'refreshedFacts', server: id, facts, ownPids: ownPids()});
		},
		retry() {
			refusedAt = Number.NEGATIVE_INFINITY;
			blocked = undefined;
			if (!timer) return;
			clearTimeout(timer);
			void again();
		},
		watch(watched) {
			companion = !watched;
			if (watched) return void (sessions.sample?.alive && complete());
			clearInterval(pinger);
			pinger = undefined;
			for (const name of ['act', 'listen'] as const) close(name);
			dispatch({type: 'noted', server: id, note: undefined});
			tight = false;
		},
		pinned: () => pinned,
		async stop() {
			stopped = true;
			clearTimeout(timer);
			clearInterval(pinger);
			await Promise.all(Object.values(sessions).map(session => session.close()));
		},
	};
}
