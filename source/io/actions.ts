import {inputOf} from '../input.ts';
import type {Line, ServerId} from '../pane.ts';
import {isNothing, notesOf, serverOf, targetsOf, typedWord} from '../plans.ts';
import {questionOf} from '../questions.ts';
import type {Outcome, Plan, Question, State} from '../state.ts';
import type {Store} from '../store.ts';
import type {Audit} from './audit.ts';
import {planInvalidation} from './invalidate.ts';
import {waitAtMost} from './patience.ts';
import type {Link} from './postgres.ts';
import type {RedisLink} from './redis.ts';
import {type Run, run, stamp} from './runner.ts';

export type ActionsOptions = {
	readonly store: Store;
	readonly links: ReadonlyMap<ServerId, Link>;
	readonly audit: Audit | undefined;
	readonly who: string;
	readonly now: () => number;
	readonly wall: () => number;
	/** What is known now, as report JSON: kept as evidence before a signal destroys it. */
	readonly evidence: (state: State, pids?: readonly number[]) => string;
	/** The Redis that belongs to the watched server. */
	readonly redis?: () => RedisLink | undefined;
};

export type Planned = {readonly plan: Plan} | {readonly problem: string; readonly nothing?: boolean};

export type Actions = {
	/** Asks the server what would be sent. Rows that no pane has shown (`seen` is false) are judged by the plan alone. */
	plan(question: Pick<Question, 'action' | 'rows' | 'input'>, seen?: boolean): Promise<Planned>;
	/** Does what a plan says. */
	start(action: Question['action'], plan: Plan, request: number, cancel?: AbortSignal): Promise<readonly Outcome[]>;
	/** Cancels what was asked to end and waits for it; what is still running is left to the server, and the audit says so. */
	stop(): Promise<void>;
};

/** What a plan counts is what the action would hold a lock for. */
const slow = 'what it has to look through is too large to be locked for so long: do it by hand, at a quiet hour';

/** Longest time for what was cancelled on leaving, in milliseconds. */
const patience = 5000;

/** Listens for questions that need a plan and for answers that need to be carried out. The rules are enforced in the runner, not on the screen. */
export function startActions(options: ActionsOptions): Actions {
	const {store} = options;
	const planning = new Set<number>();
	const runs = new Map<number, Run>();
	let before: State = store.get();

	const start: Actions['start'] = async (action, made, request, cancel) => {
		const link = options.links.get(made.server);
		if (!link) return [];
		const started = run({...options, link, redis: options.redis?.()}, action, made, request);
		runs.set(request, started);
		cancel?.addEventListener('abort', started.cancel, {once: true});
		return started.settled.finally(() => runs.delete(request));
	};

	const unsubscribe = store.subscribe((state, event) => {
		for (const overlay of state.overlays) {
			if (overlay.is !== 'question' || overlay.stage !== 'planning' || planning.has(overlay.request)) continue;
			planning.add(overlay.request);
			void plan(options, state, overlay).then(result => {
				planning.delete(overlay.request);
				store.dispatch({type: 'planned', request: overlay.request, ...result});
			});
		}
		if (event.type === 'answered' && event.yes) {
			const question = questionOf(before, event.request);
			if (question?.plan && !questionOf(state, event.request)) void start(question.action, question.plan, event.request);
		}
		if (event.type === 'recorded') record(options, state);
		for (const {request, cancelled} of state.running) if (cancelled) runs.get(request)?.cancel();
		before = state;
	});

	return {
		plan: (question, seen) => plan(options, store.get(), question, seen),
		start,
		async stop() {
			unsubscribe();
			const ending = store.get().running.flatMap(({request, cancelled}) => (cancelled ? [runs.get(request)?.settled] : []));
			if (ending.length > 0) await waitAtMost(patience, Promise.allSettled(ending));
			for (const one of runs.values()) one.leave();
		},
	};
}

/** The statements that would run, asked of the server; or a sentence why there are none. */
async function plan(
	options: Pick<ActionsOptions, 'links' | 'now' | 'redis'>,
	state: State,
	question: Pick<Question, 'action' | 'rows' | 'input'>,
	seen = true,
): Promise<Planned> {
	const {action, rows, input} = question;
	const id = serverOf(rows, state.watched, Object.keys(state.servers));
	if (id === undefined) return {problem: 'the marked rows are on different servers: mark those of one'};
	const server = state.servers[id];
	const link = options.links.get(id);
	if (!server?.facts || !link) return {problem: 'the server does not answer'};
	const {facts} = server;
	const possible = seen ? rows.filter(row => action.disabled?.(row, facts) === undefined) : rows;
	const left = rows.length - possible.length;
	const leftOut: readonly Line[] = left > 0 ? [[{text: `${left} of ${rows.length} marked can't be chosen and are left out`, tone: 'warning'}]] : [];
	if ('redis' in action.plan) return planRedis(options, state, {...question, rows: possible}, server.generation, leftOut);
	// Where none of them can be chosen the server says why, each in its own words.
	const asked = possible.length > 0 ? possible : rows;
	const result = await link.one('act', action.plan.sql, action.params(asked, input, facts));
	if (result.status === 'failed') return {problem: `the plan could not be made: ${result.message}${result.code === '57014' ? `; ${slow}` : ''}`};
	if (result.status === 'skipped') return {problem: `${result.reason}${result.remedy ? ` (${result.remedy})` : ''}`};
	const targets = targetsOf(result.sample.rows);
	if (targets.length === 0) return {problem: 'the server knows nothing of it any more', nothing: true};
	const ready = targets.filter(target => target.why === null);
	if (ready.length === 0) return {problem: targets.map(target => `${target.subject}: ${target.why}`).join('\n'), nothing: targets.every(isNothing)};
	const lines = [...notesOf(result.sample.rows), ...(seen ? (action.cost?.(possible, inputOf(state)) ?? []) : []), ...leftOut];
	const typed = typedWord(action, ready, possible.length, state.settings.confirm === 'type');
	return {plan: {action: action.id, label: action.label, server: id, generation: server.generation, at: options.now(), targets, facts: lines, typed}};
}

/** The keys that would go, counted in Redis. */
async function planRedis(
	options: Pick<ActionsOptions, 'now' | 'redis'>,
	state: State,
	{action, rows, input}: Pick<Question, 'action' | 'rows' | 'input'>,
	generation: number,
	leftOut: readonly Line[],
): Promise<Planned> {
	const redis = options.redis?.();
	if (!redis) return {problem: 'no Redis is named: --redis redis://host:6379, REDIS_URL, or redis in the configuration'};
	const tags = action.params(rows, input, state.servers[state.watched]!.facts!).map(String);
	const made = await planInvalidation(redis, tags, state.tables['redis-info']?.rows[0]);
	if ('problem' in made) return made;
	const ready = made.targets.filter(target => target.why === null);
	if (ready.length === 0) return {problem: made.targets.map(target => `${target.subject}: ${target.why}`).join('\n'), nothing: made.targets.every(isNothing)};
	const typed = made.typed ?? typedWord(action, ready, rows.length, state.settings.confirm === 'type');
	return {
		plan: {
			action: action.id,
			label: action.label,
			server: state.watched,
			generation,
			at: options.now(),
			targets: made.targets,
			facts: [...made.facts, ...leftOut],
			typed,
		},
	};
}

/** `W`: what is known now, as a file. */
function record(options: ActionsOptions, state: State): void {
	const written = options.audit?.evidence(`${stamp(options.wall())}-evidence.json`, options.evidence(state));
	if (!written) options.store.dispatch({type: 'noticed', text: `${unkept(state)}: pgperf report --format json writes the same`, tone: 'warning'});
	else if ('path' in written) options.store.dispatch({type: 'noticed', text: `evidence written to ${written.path}`, tone: 'good'});
	else options.store.dispatch({type: 'noticed', text: written.problem, tone: 'warning'});
}

/** Why there is no folder for evidence. */
function unkept({settings: {audit, readOnly}}: State): string {
	if (audit.is === 'broken') return audit.why;
	return `no audit log to keep it beside (${readOnly ? 'read-only' : '--no-audit'})`;
}
