import {inputOf} from '../input.ts';
import type {Action, Facts, Line, Row, ServerId} from '../pane.ts';
import {questionOf} from '../questions.ts';
import type {Event, Outcome, Plan, Question, State, Store, Target} from '../state.ts';
import type {Audit, AuditLine} from './audit.ts';
import {isProblem} from './conninfo.ts';
import type {Link} from './postgres.ts';
import {codeOf, type Session, sentence} from './session.ts';

export type ActionsOptions = {
	readonly store: Store;
	readonly links: ReadonlyMap<ServerId, Link>;
	readonly audit: Audit | undefined;
	readonly who: string;
	readonly now: () => number;
	readonly wall: () => number;
	/** What is known now, as report JSON: kept as evidence before a signal destroys it. */
	readonly evidence: (state: State) => string;
};

export type Actions = {readonly stop: () => void};

/** Listens for questions that need a plan and for answers that need to be carried out. The rules are enforced here, not on the screen. */
export function startActions(options: ActionsOptions): Actions {
	const {store} = options;
	const planning = new Set<number>();
	const stop = store.subscribe((state, event) => {
		for (const overlay of state.overlays) {
			if (overlay.is !== 'question' || overlay.stage !== 'planning' || planning.has(overlay.request)) continue;
			planning.add(overlay.request);
			void plan(options, state, overlay).then(result => {
				planning.delete(overlay.request);
				store.dispatch({type: 'planned', request: overlay.request, ...result});
			});
		}
		if (event.type === 'answered' && event.yes && before) {
			const question = questionOf(before, event.request);
			if (question?.plan && !questionOf(state, event.request)) void carryOut(options, state, question.action, question.plan, event.request);
		}
		if (event.type === 'recorded') record(options, state);
		before = state;
	});
	let before: State | undefined = store.get();
	return {stop};
}

/** The statements that would run, asked of the server; or a sentence why there are none. */
export async function plan(
	options: Pick<ActionsOptions, 'links' | 'now'>,
	state: State,
	question: Pick<Question, 'action' | 'rows' | 'input'>,
): Promise<{readonly plan: Plan} | {readonly problem: string}> {
	const {action, rows, input} = question;
	const server = state.servers[state.watched];
	const link = options.links.get(state.watched);
	if (!server?.facts || !link) return {problem: 'the server does not answer'};
	if (!('sql' in action.plan)) return {problem: 'this action is not for PostgreSQL'};
	const possible = rows.filter(row => action.disabled?.(row, server.facts as Facts) === undefined);
	const result = await link.one('act', action.plan.sql, action.params(possible, input));
	if (result.status === 'failed') return {problem: `the plan could not be made: ${result.message}`};
	if (result.status === 'skipped') return {problem: `${result.reason}${result.remedy ? ` (${result.remedy})` : ''}`};
	const targets = result.sample.rows.map(targetOf);
	if (targets.length === 0) return {problem: 'the server knows nothing of it any more'};
	if (targets.every(target => target.why !== null)) return {problem: targets.map(target => `${target.subject}: ${target.why}`).join('\n')};
	const notes = result.sample.rows.flatMap(row => (typeof row.note === 'string' ? row.note.split('\n').map((text): Line => [{text}]) : []));
	const left = rows.length - possible.length;
	const facts: Line[] = [
		...notes,
		...(action.cost?.(possible, inputOf(state)) ?? []),
		...(left > 0 ? [[{text: `${left} of ${rows.length} marked can't be chosen and are left out`, tone: 'warning' as const}]] : []),
	];
	const ready = targets.filter(target => target.why === null);
	const typed = ready.length > 1 ? String(ready.length) : action.danger === 'type' || state.settings.confirm === 'type' ? ready[0]!.subject : null;
	return {plan: {action: action.id, label: action.label, server: state.watched, generation: server.generation, at: options.now(), targets, facts, typed}};
}

function targetOf(row: Row): Target {
	const statement = typeof row.statement === 'string' ? row.statement : undefined;
	return {
		key: String(row.target),
		subject: String(row.target),
		statements: statement === undefined ? [] : [{on: 'postgres', text: statement, args: [], group: String(row.target)}],
		why: row.ready === true && statement !== undefined ? null : String(row.why ?? 'it can not be done'),
		guard: row,
	};
}

/** Why the runner refuses, whatever the screen let through. */
export function refusal(state: State, plan: Plan): string | undefined {
	const server = state.servers[plan.server];
	if (state.settings.readOnly) return 'read-only: nothing was sent';
	if (state.settings.audit.is === 'broken') return `${state.settings.audit.why}: nothing was sent`;
	if (server?.feed.is !== 'live' || server.generation !== plan.generation) return 'the connection was lost since the question was made: nothing was sent';
	return undefined;
}

async function carryOut(options: ActionsOptions, state: State, action: Action, plan: Plan, request: number): Promise<void> {
	const {store} = options;
	const targets = plan.targets.filter(target => target.why === null);
	const title = `${action.label} ${targets.map(target => target.subject).join(', ')}`;
	const refused = refusal(state, plan);
	const outcomes = refused
		? targets.map((target): Outcome => ({subject: target.subject, done: false, tone: 'warning', text: refused}))
		: await audited(options, state, action, plan, targets);
	store.dispatch({type: 'settled', request, title, outcomes} satisfies Event);
}

/** A line before and a line after, for each target. Where the first can't be written, nothing is sent. */
async function audited(options: ActionsOptions, state: State, action: Action, plan: Plan, targets: readonly Target[]): Promise<readonly Outcome[]> {
	const link = options.links.get(plan.server)!;
	const session = await link.act();
	if (isProblem(session)) return targets.map(target => refusedBy(target, `${session.problem}: nothing was sent`));
	const evidence = options.audit?.evidence(
		`${stamp(options)}-${action.id}-${targets[0]!.subject.replace(/[^\w.-]/g, '_').slice(0, 40)}.json`,
		options.evidence(state),
	);
	const facts = state.servers[plan.server]!.facts!;
	const line = (target: Target): Omit<AuditLine, 'outcome'> => ({
		when: new Date(options.wall()).toISOString(),
		who: options.who,
		server: state.servers[plan.server]!.title,
		role: facts.role,
		action: action.id,
		target: target.subject,
		statements: target.statements.map(step => step.text),
		...(evidence && 'path' in evidence ? {evidence: evidence.path} : {}),
	});
	const outcomes: Outcome[] = [];
	for (const target of targets) {
		const broken = options.audit?.write({...line(target), outcome: 'asked'});
		if (broken !== undefined) {
			options.store.dispatch({type: 'auditChanged', audit: {is: 'broken', why: broken}});
			outcomes.push(refusedBy(target, `${broken}: nothing was sent`));
			continue;
		}
		const start = options.now();
		const outcome = await signal(link, session, target, action, facts);
		outcomes.push(outcome);
		const after = outcome.done ? 'done' : outcome.tone === 'critical' ? 'unknown' : 'failed';
		options.audit?.write({
			...line(target),
			when: new Date(options.wall()).toISOString(),
			outcome: after,
			detail: outcome.text,
			ms: Math.round(options.now() - start),
		});
	}
	return outcomes;
}

function refusedBy(target: Target, text: string): Outcome {
	return {subject: target.subject, done: false, tone: 'warning', text};
}

function stamp(options: Pick<ActionsOptions, 'wall'>): string {
	return new Date(options.wall()).toISOString().replace(/[:.]/g, '-');
}

/** Sends one signal and looks what came of it: sent and gone, sent and still there, changed, not permitted. */
async function signal(link: Link, session: Session, target: Target, action: Action, facts: Facts): Promise<Outcome> {
	const {subject} = target;
	const step = target.statements[0]!;
	let rows: readonly Row[];
	try {
		rows = await session.send(step.text);
	} catch (error) {
		if (codeOf(error) === '42501')
			return {
				subject,
				done: false,
				tone: 'warning',
				text: `${subject}: not permitted (${sentence(error)}); needs grant pg_signal_backend to ${facts.role}, or the same role`,
			};
		if (session.alive) return {subject, done: false, tone: 'warning', text: `${subject}: the server refused: ${sentence(error)}`};
		return {
			subject,
			done: false,
			tone: 'critical',
			text: `${subject}: the connection was lost while it was sent: whether the signal arrived is unknown; look whether ${subject} is still there`,
		};
	}
	const row = rows[0];
	if (!row) return {subject, done: false, tone: 'warning', text: `${subject} has changed since the question was made: nothing was sent`};
	if (!Object.values(row).includes(true))
		return {subject, done: false, tone: 'warning', text: `${subject}: the server did not send the signal; it has ended by itself`};
	const left = await settledWithin(link, target, 2000);
	const verb = action.id === 'cancel' ? 'cancel' : 'terminate';
	if (left === undefined) return {subject, done: true, tone: 'notice', text: `${subject}: ${verb} was sent; what came of it could not be read`};
	if (left === 'gone')
		return {
			subject,
			done: true,
			tone: 'good',
			text: verb === 'cancel' ? `${subject}: cancel sent, and the query has ended` : `${subject}: terminate sent, and it is gone`,
		};
	return {
		subject,
		done: true,
		tone: 'warning',
		text: `${subject}: ${verb} sent, and it is still there (${left}); it ends at its next chance, or it hangs where signals are not looked at`,
	};
}

/** 'gone', or in what state it still is; undefined when it could not be asked. */
async function settledWithin(link: Link, target: Target, limitMs: number): Promise<string | undefined> {
	const end = performance.now() + limitMs;
	const {guard} = target;
	for (let wait = 20; ; wait = Math.min(200, wait * 2)) {
		const result = await link.one('act', 'actions/outcome', [[guard.pid ?? null], [guard.backend_start ?? null], [guard.query_start ?? null]]);
		if (result.status !== 'ok') return undefined;
		const row = result.sample.rows[0];
		if (!row || row.settled === true) return 'gone';
		if (performance.now() > end) return String(row.state ?? 'running');
		await new Promise(resolve => setTimeout(resolve, wait));
	}
}

/** `W`: what is known now, as a file. */
function record(options: ActionsOptions, state: State): void {
	const written = options.audit?.evidence(`${stamp(options)}-evidence.json`, options.evidence(state));
	if (!written)
		options.store.dispatch({type: 'noticed', text: 'evidence is kept beside the audit log, and there is none: started with --no-audit', tone: 'warning'});
	else if ('path' in written) options.store.dispatch({type: 'noticed', text: `evidence written to ${written.path}`, tone: 'good'});
	else options.store.dispatch({type: 'noticed', text: written.problem, tone: 'warning'});
}
