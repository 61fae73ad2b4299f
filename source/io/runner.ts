import type {Action, Facts, Line} from '../pane.ts';
import {withoutSecrets} from '../secrets.ts';
import type {Outcome, Plan, State, Target} from '../state.ts';
import type {Store} from '../store.ts';
import type {Audit, AuditLine} from './audit.ts';
import {call, signal} from './backend-signal.ts';
import {isProblem} from './conninfo.ts';
import {invalidate} from './invalidate.ts';
import type {Link} from './postgres.ts';
import type {RedisLink} from './redis.ts';
import {work} from './work.ts';

export type RunnerOptions = {
	readonly store: Store;
	readonly link: Link;
	readonly audit: Audit | undefined;
	readonly who: string;
	readonly now: () => number;
	readonly wall: () => number;
	readonly evidence: (state: State, pids?: readonly number[]) => string;
	readonly redis?: RedisLink;
};

export type Run = {
	readonly settled: Promise<readonly Outcome[]>;
	cancel(): void;
	/** The program ends and the server goes on: the audit says so. */
	leave(): void;
};

/** Why the runner refuses, whatever the screen let through. */
export function refusal(state: State, action: Action, plan: Plan): string | undefined {
	const server = state.servers[plan.server];
	if (state.settings.readOnly) return 'read-only: nothing was sent';
	if (state.settings.audit.is === 'broken') return `${state.settings.audit.why}: nothing was sent`;
	if (server?.feed.is !== 'live' || server.generation !== plan.generation)
		return 'the connection was lost, or the server has changed, since the question was made: nothing was sent';
	if (action.run !== 'ddl' && action.run !== 'long') return undefined;
	if (server.facts?.pooled) return 'through a pooler: connect directly to do this: nothing was sent';
	if (server.facts?.recovery) return 'this is a standby: do it on the primary: nothing was sent';
	return undefined;
}

/** Does what was confirmed, one target after the other, each with a line in the audit before and one after. */
export function run(options: RunnerOptions, action: Action, plan: Plan, request: number): Run {
	const {store} = options;
	const controller = new AbortController();
	const targets = plan.targets.filter(target => target.why === null);
	const open = new Set<Target>();
	const leaving = new AbortController();

	async function all(): Promise<readonly Outcome[]> {
		const outcomes: Outcome[] = [];
		const evidence = action.run === 'signal' && refusal(store.get(), action, plan) === undefined ? evidenceOf(options, action, targets) : {};
		for (const target of targets) {
			if (leaving.signal.aborted) break;
			const refused = refusal(store.get(), action, plan);
			if (refused !== undefined) outcomes.push(refusedBy(target, refused));
			else if (controller.signal.aborted)
				outcomes.push({subject: target.subject, done: false, tone: 'notice', text: `${target.subject}: not begun: cancelled before`});
			else outcomes.push(await one(target, evidence));
		}
		return outcomes;
	}

	async function one(target: Target, evidence: Pick<AuditLine, 'evidence'>): Promise<Outcome> {
		const before = written(options, plan, action, target, {outcome: 'asked', ...evidence});
		if (before !== undefined) return refusedBy(target, `${before}: nothing was sent`);
		open.add(target);
		const start = options.now();
		const outcome = await carriedOut(target).catch(
			(error: unknown): Outcome => ({
				subject: target.subject,
				done: false,
				tone: 'critical',
				text: `${target.subject}: pgperf failed in the middle (${error instanceof Error ? error.message : String(error)}): look at it before doing it again`,
			}),
		);
		open.delete(target);
		const after = outcome.done ? 'done' : outcome.refused ? 'refused' : outcome.tone === 'critical' ? 'unknown' : 'failed';
		const ms = Math.round(options.now() - start);
		const broken = leaving.signal.aborted ? undefined : written(options, plan, action, target, {outcome: after, detail: outcome.text, ms, ...evidence});
		return broken === undefined ? outcome : {...outcome, tone: 'warning', text: `${outcome.text}; ${broken}`};
	}

	async function carriedOut(target: Target): Promise<Outcome> {
		const {link} = options;
		const facts = factsOf(store.get(), plan);
		switch (action.run) {
			case 'signal':
			case 'call': {
				const session = await link.act();
				if (isProblem(session)) return refusedBy(target, `${session.problem}: nothing was sent`);
				// It may have been opened anew, and the server be another by then.
				const late = refusal(store.get(), action, plan);
				if (late !== undefined) return refusedBy(target, late);
				return action.run === 'call' ? call(session, target) : signal(link, session, target, action, facts);
			}
			case 'ddl':
			case 'long': {
				const about: readonly Line[] =
					targets.length > 1 ? [[{text: `${targets.indexOf(target) + 1} of ${targets.length}: ${target.subject}`, tone: 'strong'}]] : [];
				const report = (lines: readonly Line[]) => store.dispatch({type: 'progressed', request, lines: [...about, ...lines], cancellable: true});
				const stands = () => refusal(store.get(), action, plan);
				const isSame = () => store.get().servers[plan.server]?.facts?.started_at === facts.started_at;
				return work({link, facts, target, cancel: controller.signal, leave: leaving.signal, report, refusal: stands, isSame});
			}
			case 'redis':
				if (!options.redis) return refusedBy(target, 'no Redis is named: nothing was sent');
				return invalidate(options.redis, target, {
					cancel: controller.signal,
					report: lines => store.dispatch({type: 'progressed', request, lines, cancellable: true}),
				});
		}
	}

	const settled = all().then(outcomes => {
		store.dispatch({type: 'settled', request, title: action.label, outcomes});
		// What was changed is shown as it is now, also by tables that are asked once a minute.
		if (action.run !== 'signal' && outcomes.some(outcome => !outcome.refused)) store.dispatch({type: 'refreshed', at: options.now()});
		return outcomes;
	});
	return {
		settled,
		cancel: () => controller.abort(),
		leave() {
			const fate = action.run === 'redis' ? 'it stopped in the middle' : 'a single statement goes on on the server, a transaction is rolled back';
			for (const target of open) {
				const detail = `pgperf ended while it ran: ${fate}; look at ${target.subject}`;
				written(options, plan, action, target, {outcome: 'unknown', detail});
			}
			leaving.abort();
		},
	};
}

function factsOf(state: State, plan: Plan): Facts {
	return state.servers[plan.server]!.facts!;
}

function refusedBy(target: Target, text: string): Outcome {
	return {subject: target.subject, done: false, tone: 'warning', text: `${target.subject}: ${text}`, refused: true};
}

/** What is known before a signal destroys it. */
function evidenceOf(options: RunnerOptions, action: Action, targets: readonly Target[]): Pick<AuditLine, 'evidence'> {
	const name = `${stamp(options.wall())}-${action.id}-${(targets[0]?.subject ?? '').replace(/[^\w.-]/g, '_').slice(0, 40)}.json`;
	const pids = targets.map(target => Number(target.subject)).filter(Number.isInteger);
	const evidence = options.audit?.evidence(name, options.evidence(options.store.get(), pids));
	return evidence && 'path' in evidence ? {evidence: evidence.path} : {};
}

/** A sentence where the line could not be written: then nothing may be sent. */
function written(
	options: RunnerOptions,
	plan: Plan,
	action: Action,
	target: Target,
	rest: Pick<AuditLine, 'outcome' | 'detail' | 'ms' | 'evidence'>,
): string | undefined {
	const {store, audit, who, wall} = options;
	const server = store.get().servers[plan.server];
	const broken = audit?.write({
		when: new Date(wall()).toISOString(),
		who,
		server: server?.title ?? plan.server,
		role: server?.facts?.role ?? '',
		action: action.id,
		target: target.subject,
		statements: target.statements.map(step => step.text),
		...rest,
		...(rest.detail !== undefined && {detail: withoutSecrets(rest.detail)}),
	});
	if (broken !== undefined) store.dispatch({type: 'auditChanged', audit: {is: 'broken', why: broken}});
	return broken;
}

/** For names of files: sorts by time. */
export function stamp(wall: number): string {
	return new Date(wall).toISOString().replace(/[:.]/g, '-');
}
