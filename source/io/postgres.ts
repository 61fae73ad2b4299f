import {type Catalog, pick} from '../catalog.ts';
import {factsOf} from '../facts.ts';
import type {Facts, QueryName, Result, ServerId} from '../pane.ts';
import type {Event} from '../state.ts';
import {isProblem, type Problem, type Target, titleOf} from './conninfo.ts';
import {type Asked, bounds, codeOf, type Opening, openSession, type Parameters, type Session, sentence} from './session.ts';

/** Oldest major that is spoken to. */
export const oldest = 13;

export type LinkOptions = {
	readonly id: ServerId;
	readonly opening: Opening;
	readonly catalog: Catalog;
	readonly dispatch: (event: Event) => void;
	readonly now: () => number;
	/** LISTEN for notifications on a session of its own. */
	readonly channels?: readonly string[];
	/** A companion is only sampled; it has no session that acts. */
	readonly companion?: boolean;
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
	/** Reads the facts again; true if they changed. */
	refreshFacts(): Promise<void>;
	/** Try again now instead of when the back-off ends. */
	retry(): void;
	stop(): Promise<void>;
};

type Opened = {readonly session: Session; readonly facts: Facts; readonly pinned: Target};

/** At the start these pass by themselves (no slot free, starting up): the console opens and tries again. Others need the user. */
const passing = new Set(['53300', '57P03']);

export function createLink(options: LinkOptions): Link {
	const {id, opening, catalog, dispatch, now} = options;
	const sessions: {sample?: Session; survey?: Session; act?: Session; listen?: Session} = {};
	let facts: Facts | undefined;
	let pinned: Target | undefined;
	let stopped = false;
	let attempt = 0;
	let timer: NodeJS.Timeout | undefined;
	let pinger: NodeJS.Timeout | undefined;
	let opened: Promise<Session | Problem> | undefined;

	const ownPids = () => Object.values(sessions).flatMap(session => (session.alive ? [session.pid] : []));

	async function readFacts(session: Session, client: number): Promise<Facts | Problem> {
		const query = pick(catalog, 'facts', unknownFacts);
		if ('skipped' in query) return {problem: query.skipped.reason, exit: 69};
		const rows = await session.send(query.query.text, undefined, 10_000);
		const row = rows[0];
		if (!row) return {problem: 'The server told nothing about itself.', exit: 69};
		const read = factsOf(row, client !== row.pid);
		if (read.major < oldest) {
			return {problem: `This server is PostgreSQL ${read.version}; pgperf speaks to ${oldest} and newer. Upgrade the server.`, exit: 69};
		}
		return read;
	}

	async function openFirst(): Promise<Opened | Problem> {
		// A prompt belongs before the screen: later on, the password that was typed is still known.
		const result = await openSession(facts ? {target: opening.target} : opening, bounds.sample);
		if (isProblem(result)) return result;
		try {
			const read = await readFacts(result.session, result.session.pid);
			if (isProblem(read)) {
				await result.session.close();
				return read;
			}
			await result.setUp(read);
			return {session: result.session, facts: read, pinned: result.pinned};
		} catch (error) {
			await result.session.close();
			return {problem: `The server refused pgperf's first question: ${sentence(error)}.`, exit: 69, code: codeOf(error)};
		}
	}

	async function openNext(limits: (typeof bounds)[keyof typeof bounds]): Promise<Session | Problem> {
		// Of several hosts, what acts must reach the one that is shown.
		const result = await openSession({target: pinned ?? opening.target}, limits);
		if (isProblem(result)) return result;
		try {
			await result.setUp(facts!);
		} catch (error) {
			await result.session.close();
			return {problem: sentence(error), exit: 69, code: codeOf(error)};
		}
		return result.session;
	}

	async function connectNow(): Promise<Problem | undefined> {
		const result = await openFirst();
		if (stopped) {
			if (!isProblem(result)) await result.session.close();
			return undefined;
		}
		if (isProblem(result)) return result;
		const {session} = result;
		sessions.sample = session;
		facts = result.facts;
		pinned = result.pinned;
		attempt = 0;
		session.onLost(message => drop(session, message));
		dispatch({type: 'connected', server: id, at: now(), facts, ownPids: ownPids(), tls: session.tls});
		void openOthers();
		return undefined;
	}

	/** What must be ready in the incident is opened before it is needed. */
	async function openOthers(): Promise<void> {
		if (options.companion) return;
		const act = await openNext(bounds.act);
		if (isProblem(act) || isProblem(kept('act', act))) return;
		pinger ??= setInterval(() => void sessions.act?.send('select').catch(() => undefined), 20_000).unref();
		await openListen();
		if (facts) dispatch({type: 'refreshedFacts', server: id, facts, ownPids: ownPids()});
	}

	async function openListen(): Promise<void> {
		if (!options.channels?.length || facts?.pooled || facts?.recovery) return;
		const listen = await openNext(bounds.act);
		if (isProblem(listen) || isProblem(kept('listen', listen))) return;
		listen.onNotification((channel, payload) => dispatch({type: 'notified', channel, payload}));
		for (const channel of options.channels) await listen.send(`listen "${channel.replaceAll('"', '""')}"`).catch(() => undefined);
	}

	function drop(session: Session, message: string): void {
		if (stopped || sessions.sample !== session) return;
		closeAll();
		retryLater(message);
	}

	function retryLater(message: string): void {
		const wait = Math.min(15_000, 500 * 2 ** attempt);
		attempt += 1;
		dispatch({type: 'lost', server: id, at: now(), message, retryAt: now() + wait});
		timer = setTimeout(() => void again(), wait);
	}

	async function again(): Promise<void> {
		timer = undefined;
		const problem = await connectNow();
		if (problem && !stopped) retryLater(problem.problem);
	}

	function closeAll(): void {
		for (const session of Object.values(sessions)) void session.close();
		for (const name of ['sample', 'survey', 'act', 'listen'] as const) delete sessions[name];
		opened = undefined;
	}

	async function survey(): Promise<Session | Problem> {
		if (sessions.survey?.alive) return sessions.survey;
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
			const act = await openNext(bounds.act);
			return isProblem(act) ? act : kept('act', act);
		}
		return {problem: 'the server does not answer', exit: 69};
	}

	/** A session that was opened while everything ends would keep the program alive. */
	function kept(name: 'survey' | 'act' | 'listen', session: Session): Session | Problem {
		if (stopped || !facts || !sessions.sample?.alive) {
			void session.close();
			return {problem: 'the server does not answer', exit: 69};
		}
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
			dispatch({type: 'known', server: id, title: titleOf(opening.target), at: now()});
			const problem = await connectNow();
			if (!problem) return undefined;
			if (problem.code !== undefined && passing.has(problem.code)) {
				retryLater(problem.problem);
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
			return facts ? openNext(bounds.work) : {problem: 'the server does not answer', exit: 69};
		},
		async refreshFacts() {
			const session = sessions.sample;
			if (!session?.alive) return;
			const before = facts;
			const read = await readFacts(session, session.pid).catch(() => undefined);
			if (!read || isProblem(read) || session !== sessions.sample) return;
			// Behind a pooler the pid differs from question to question; on a direct connection it never does.
			facts = {...read, pooled: before?.pooled ?? read.pooled};
			dispatch({type: 'refreshedFacts', server: id, facts, ownPids: ownPids()});
		},
		retry() {
			if (!timer) return;
			clearTimeout(timer);
			void again();
		},
		async stop() {
			stopped = true;
			clearTimeout(timer);
			clearInterval(pinger);
			await Promise.all(Object.values(sessions).map(session => session.close()));
		},
	};
}

/** facts.sql must run on any server: nothing is known yet. */
const unknownFacts: Facts = {
	version: '999',
	major: 999,
	recovery: false,
	started_at: 0,
	system_identifier: null,
	database: '',
	role: '',
	superuser: false,
	canReadAll: false,
	monitor: false,
	canSignal: false,
	canSignalAutovacuum: false,
	extensions: {},
	extensionSchemas: [],
	pooled: false,
	provider: null,
	timezone: '',
	maxConnections: 0,
	reservedConnections: 0,
	blockSize: 8192,
};
