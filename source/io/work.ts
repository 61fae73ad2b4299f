import type {Facts, Line, Result, Row, Step} from '../pane.ts';
import {groupsOf} from '../plans.ts';
import type {Outcome, Target} from '../state.ts';
import {isProblem} from './conninfo.ts';
import type {Link} from './postgres.ts';
import {type Observer, observe} from './progress.ts';
import {codeOf, type Session, sentence} from './session.ts';

export type Work = {
	readonly link: Link;
	readonly facts: Facts;
	readonly target: Target;
	readonly cancel: AbortSignal;
	/** The program ends: the line is let go, and nobody waits for what comes of it. */
	readonly leave: AbortSignal;
	readonly report: (lines: readonly Line[]) => void;
	/** Why nothing may be sent any more: opening the session may have taken its time. */
	readonly refusal: () => string | undefined;
	/** Whether what answers is still the server that the plan was made on. */
	readonly isSame: () => boolean;
};

/** How often a statement is tried whose lock was not granted. */
const tries = 10;

type Ended =
	| {readonly is: 'done'; readonly rows: readonly (readonly Row[])[]}
	| {readonly is: 'locked'; readonly message: string}
	| {readonly is: 'cancelled'; readonly message: string}
	| {readonly is: 'refused'; readonly message: string}
	/** `sent`: its fate is not known; a transaction whose commit was not sent is rolled back by the server. */
	| {readonly is: 'lost'; readonly sent: boolean; readonly message: string};

/** Carries out the steps of one target on a session of its own, and says what came of them: done, in part, left over, unknown. */
export async function work(options: Work): Promise<Outcome> {
	const {link, facts, target, cancel, leave} = options;
	const {subject} = target;
	const told = (done: boolean, tone: Outcome['tone'], text: string): Outcome => ({subject, done, tone, text: `${subject}: ${text}`});
	const session = await link.work();
	if (isProblem(session)) return {...told(false, 'warning', `${session.problem}: nothing was sent`), refused: true};
	const late = options.refusal();
	if (late !== undefined) {
		await session.close();
		return {...told(false, 'warning', late), refused: true};
	}
	const found = await broken(options);
	const observer = observe({...options, session});
	leave.addEventListener('abort', () => void session.close(), {once: true});
	const start = performance.now();
	try {
		// An administrator's check of the client would end the work when we leave it running.
		if (facts.major >= 14) await session.send("select pg_catalog.set_config('client_connection_check_interval', '0', false)");
		const groups = groupsOf(target.statements);
		const steps = groups.filter(isStep);
		for (const [index, group] of groups.entries()) {
			if (isStep(group)) observer.say(steps.length > 1 ? `${steps.indexOf(group) + 1} of ${steps.length}: ${titleOf(group)}` : titleOf(group));
			const ended = await tried(options, session, observer, group);
			// The error comes before the server has cleaned up: what is left over is seen once it has.
			if (ended.is !== 'done' && session.alive) await session.send('select', undefined, 5000).catch(() => undefined);
			if (ended.is !== 'done') return await failed(options, observer, told, ended, groups, index, namesOf(found));
		}
		const ms = performance.now() - start;
		const seconds = ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
		const unconfirmed = cancel.aborted && observer.seen().synchronous;
		if (unconfirmed) return told(true, 'warning', `done here in ${seconds}, but no synchronous standby has confirmed it`);
		return told(true, 'good', `done in ${seconds}${cancel.aborted ? ': it had ended before the cancel reached it' : ''}`);
	} catch (error) {
		return told(false, 'warning', `the working session could not be set up (${sentence(error)}): nothing was sent`);
	} finally {
		observer.stop();
		await session.close();
	}
}

/** Settings of our own session are no work. */
function isStep(group: readonly Step[]): boolean {
	return group.some(step => !/^set\b/.test(step.text));
}

/** The statement that the group is about, without what surrounds it. */
function titleOf(group: readonly Step[]): string {
	const own = group.find(step => !/^(begin|set|commit|lock table)\b/.test(step.text)) ?? group[0]!;
	return own.text.split('\n')[0]!;
}

async function tried(options: Work, session: Session, observer: Observer, group: readonly Step[]): Promise<Ended> {
	const {link, target, cancel} = options;
	let last: Ended = {is: 'locked', message: ''};
	for (let attempt = 1; attempt <= tries; attempt++) {
		if (cancel.aborted) return {is: 'cancelled', message: 'cancelled before it was sent'};
		const waiter = await waiterOf(link, target);
		if (waiter === undefined) {
			last = await sent(session, group);
			if (last.is !== 'locked') return last;
			const holder = observer.seen().blockers;
			if (holder) last = {is: 'locked', message: `the lock was not granted in ${tries} tries, it is held by ${holder}`};
		} else last = {is: 'locked', message: waiter};
		observer.say(`${titleOf(group)}: try ${attempt} of ${tries}: ${waiter ?? 'the lock was not granted'}`);
		await paused(Math.min(2000, 100 * 2 ** attempt) * (0.5 + Math.random() / 2), cancel);
	}
	return last;
}

/** Behind somebody who waits already, even a short DDL would hold up everybody who comes after. */
async function waiterOf(link: Link, target: Target): Promise<string | undefined> {
	const oids = oidsOf(target);
	if (oids.length === 0 || target.guard.queue === false) return undefined;
	const result = await link.one('act', 'actions/waiters', [oids]);
	const row = result.status === 'ok' ? result.sample.rows[0] : undefined;
	return row && `not sent, because ${row.pid} waits for ${row.mode} on ${row.relation} already`;
}

function oidsOf(target: Target): readonly string[] {
	return typeof target.guard.relids === 'string' ? target.guard.relids.split(',').filter(Boolean) : [];
}

function paused(ms: number, cancel: AbortSignal): Promise<void> {
	return new Promise(resolve => {
		const end = () => {
			clearTimeout(timer);
			cancel.removeEventListener('abort', end);
			resolve();
		};
		const timer = setTimeout(end, ms);
		cancel.addEventListener('abort', end, {once: true});
	});
}

/** A transaction goes down in one round trip, up to its commit: its locks are not held while packets travel. */
async function sent(session: Session, group: readonly Step[]): Promise<Ended> {
	const closing = group.length > 1 ? group.at(-1)! : undefined;
	const opening = closing ? group.slice(0, -1) : group;
	const answers = await Promise.allSettled(opening.map(step => session.send(step.text, undefined, 0)));
	// After the first error of a transaction the others say only that it is aborted.
	const failure = answers.find(answer => answer.status === 'rejected');
	const rows = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []));
	if (failure) {
		if (closing && session.alive) await session.send('rollback').catch(() => undefined);
		return endedBy(failure.reason, session, closing === undefined);
	}
	if (!closing) return {is: 'done', rows};
	const unequal = rows.flat().find(row => 'counts_agree' in row && row.counts_agree !== true);
	if (unequal) {
		await session.send('rollback').catch(() => undefined);
		return {is: 'refused', message: `the counts do not agree (${countsOf(unequal)}): rolled back`};
	}
	try {
		await session.send(closing.text, undefined, 0);
		return {is: 'done', rows};
	} catch (error) {
		return endedBy(error, session, true);
	}
}

function countsOf(row: Row): string {
	return Object.entries(row)
		.filter(([field]) => field !== 'counts_agree')
		.map(([field, value]) => `${field} ${value}`)
		.join(', ');
}

function endedBy(error: unknown, session: Session, uncertain: boolean): Ended {
	const code = codeOf(error);
	const message = `${sentence(error)}${hintOf(error)}`;
	if (code === '57P01' || code === '57P02') return {is: 'refused', message: `its session was ended (${message})`};
	if (!session.alive) return {is: 'lost', sent: uncertain, message};
	if (code === '55P03') return {is: 'locked', message: `the lock was not granted in ${tries} tries`};
	return code === '57014' ? {is: 'cancelled', message} : {is: 'refused', message};
}

function hintOf(error: unknown): string {
	const hint = typeof error === 'object' && error !== null && 'hint' in error ? error.hint : undefined;
	return typeof hint === 'string' && hint !== '' ? ` (${hint})` : '';
}

async function failed(
	options: Work,
	observer: Observer,
	told: (done: boolean, tone: Outcome['tone'], text: string) => Outcome,
	ended: Exclude<Ended, {is: 'done'}>,
	groups: readonly (readonly Step[])[],
	index: number,
	foundBefore: ReadonlySet<unknown>,
): Promise<Outcome> {
	const {target, cancel} = options;
	const done = groups.slice(0, index).filter(isStep);
	const before = done.length > 0 ? `; done before: ${done.map(titleOf).join('; ')}` : '';
	if (options.leave.aborted) return told(false, 'critical', 'left to the server');
	if (ended.is === 'lost') {
		observer.say('the connection was lost: looking what came of it as soon as the server answers');
		await again(options.link);
	}
	const left = await leftovers(options, ended.is === 'lost', foundBefore);
	const nothing = groups[index]!.length > 1 || ended.is === 'locked' ? ': nothing of it was changed' : '';
	const after = `${before}${left}`;
	switch (ended.is) {
		case 'locked':
			return told(false, 'warning', `${ended.message}${nothing}${after}`);
		case 'cancelled':
			return told(
				false,
				cancel.aborted ? 'notice' : 'warning',
				`${cancel.aborted ? 'cancelled' : `it was cancelled on the server (${ended.message})`}${nothing}${after}`,
			);
		case 'refused':
			return told(false, 'warning', `the server refused: ${ended.message}${after}`);
		case 'lost': {
			if (!ended.sent) return told(false, 'warning', `the connection was lost (${ended.message}) before the commit: the server rolls it back${after}`);
			const goesOn = options.isSame() ? await isGoingOn(options, observer) : undefined;
			const done = groups[index]!.length > 1 ? 'was committed' : 'was done';
			const known =
				goesOn === undefined
					? `whether it goes on or ${done} is unknown`
					: goesOn
						? 'the server goes on with it'
						: `its session has ended; whether it ${done} before is unknown`;
			return told(false, 'critical', `the connection was lost (${ended.message}): ${known}; look at ${target.subject} before doing it again${after}`);
		}
	}
}

/** Until the server answers again, so that what is known can be told; not for ever. */
async function again(link: Link): Promise<void> {
	const end = performance.now() + 15_000;
	while (performance.now() < end) {
		if ((await link.one('act', 'actions/work', [0])).status === 'ok') return;
		await new Promise(resolve => setTimeout(resolve, 200));
	}
}

/** What is invalid or half detached on the tables of the target. */
async function broken({link, target}: Work): Promise<Result | undefined> {
	const oids = oidsOf(target);
	return oids.length === 0 ? undefined : link.one('act', 'actions/leftovers', [oids]);
}

function namesOf(result: Result | undefined): ReadonlySet<unknown> {
	return new Set(result?.status === 'ok' ? result.sample.rows.map(row => row.relation) : []);
}

/** What the catalog says is left, and its cure; what lay there before is another story, unless the work was about it. */
async function leftovers(options: Work, lost: boolean, before: ReadonlySet<unknown>): Promise<string> {
	const result = await broken(options);
	if (!result) return '';
	if (result.status !== 'ok')
		return lost
			? '; what is left over could not be read'
			: `; what is left over could not be read (${result.status === 'failed' ? result.message : result.reason})`;
	return result.sample.rows
		.filter(row => !before.has(row.relation) || options.target.statements.some(step => isNamed(step.text, String(row.relation))))
		.map(row => `; left over: ${row.leftover} ${row.relation}, cure: ${row.cure}`)
		.join('');
}

/** Whether the name stands in the statement as a whole: public.o is not named by public.orders. */
export function isNamed(statement: string, relation: string): boolean {
	const beside = /[\p{L}\p{N}_$."]/u;
	for (let at = statement.indexOf(relation); at >= 0; at = statement.indexOf(relation, at + 1)) {
		const before = statement.slice(0, at).at(-1) ?? ' ';
		const after = statement.slice(at + relation.length, at + relation.length + 2);
		if (!beside.test(before) && !beside.test(after.slice(0, 1)) && !/^[\ud800-\udbff]/.test(after)) return true;
	}
	return false;
}

async function isGoingOn({link}: Work, observer: Observer): Promise<boolean | undefined> {
	const {backend_start, pid} = observer.seen();
	const result = await link.one('act', 'actions/work', [pid]);
	if (result.status !== 'ok') return undefined;
	const row = result.sample.rows[0];
	return row !== undefined && row.backend_start === backend_start && row.state === 'active';
}
