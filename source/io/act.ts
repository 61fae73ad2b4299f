import {createInterface} from 'node:readline/promises';
import {type Arguments, namedServer, nearestOf} from '../arguments.ts';
import type {Action, Line, Pane} from '../pane.ts';
import {parseAge} from '../partition-choice.ts';
import {plain, spoken} from '../plain.ts';
import {withoutSecrets} from '../secrets.ts';
import {spelledSql} from '../spelling.ts';
import type {Outcome, Plan, State} from '../state.ts';
import {verbs} from '../verbs.ts';
import {find, type Wish} from './act-targets.ts';
import type {Planned} from './actions.ts';
import {isProblem, type Problem} from './conninfo.ts';
import {loadCatalog} from './files.ts';
import {print} from './output.ts';
import {setUp, textOf} from './setup.ts';
import {createWatch, type Watch} from './watch.ts';

/** What `act` needs of the views, passed in by the entry. */
export type ActFace = {readonly panes: readonly Pane[]; readonly evidence: (state: State, pids?: readonly number[]) => string};

const exit = {done: 0, failed: 1, refused: 2, nothing: 3, cancelled: 130} as const;

/** `pgperf act`: the same plans, the same rules and the same audit as in the console, for scripts and cron. */
export async function act(options: Arguments, face: ActFace): Promise<number | Problem> {
	const wish = wishOf(options);
	if (isProblem(wish)) return wish;
	const dry = options.flags['dry-run'] === true;
	const setup = setUp(dry ? {...options, flags: {...options.flags, 'no-audit': true}} : options, undefined);
	if (isProblem(setup)) return setup;
	if (setup.settings.audit.is === 'broken' && !dry) return said(setup.settings.audit.why, false);
	// Only signals destroy what they are aimed at: before them the lock tree is looked at and kept.
	const seen = wish.verb.aim.is === 'session' ? ['vitals', 'sessions', 'locks'] : [];
	const none: Pane = {id: 'act', title: 'act', tables: [], arrange: 'stack'};
	const panes = [...face.panes.filter(pane => seen.includes(pane.id)), none];
	const watch = createWatch({
		panes,
		catalog: loadCatalog(),
		settings: setup.settings,
		servers: setup.servers.slice(0, 1),
		belongings: wish.verb.aim.is === 'tag' ? setup.place : undefined,
		interval: 1000,
		size: {columns: 120, rows: 40},
		pane: seen.length > 0 ? 'locks' : 'act',
		audit: setup.audit,
		who: setup.who,
		evidence: face.evidence,
	});
	const problem = await watch.start();
	if (problem) return {...problem, problem: `${problem.problem}${setup.hint}`};
	try {
		return await onServer(watch, wish, face, {dry, yes: options.flags.yes === true});
	} finally {
		await watch.stop();
	}
}

function wishOf(options: Arguments): Wish | Problem {
	const [name, ...words] = options.input;
	const usage = (text: string): Problem => ({problem: `${text} pgperf act --help tells more.`, exit: 64});
	const verb = verbs.find(one => one.name === name);
	const server = namedServer('act', options.input, verb === undefined);
	if (server !== undefined) return {problem: server, exit: 64};
	const known = verbs.map(one => one.name);
	if (name === undefined) return usage(`What is to be done? ${known.join(', ')}.`);
	if (!verb) {
		const near = nearestOf(name, known);
		return usage(`act does not know "${name}".${near ? ` Did you mean "${near}"?` : ''} It knows ${known.join(', ')}.`);
	}
	if (verb.words === '' && words.length > 0) return usage(`${name} takes no target, and "${words[0]}" is one word too many.`);
	if (verb.words !== '' && words.length === 0) return usage(`${name} needs a target: ${name} ${verb.words}.`);
	if (verb.aim.is === 'session' && words.some(word => !/^\d{1,9}$/.test(word)))
		return usage(`${name} takes process numbers, not "${words.find(word => !/^\d{1,9}$/.test(word))}".`);
	const ahead = textOf(options, 'ahead');
	const older = textOf(options, 'older-than');
	const drop = options.flags.drop === true;
	const move = options.flags.move === true;
	if (verb.aim.is === 'partitioned') {
		if (words.length > 1) return usage('partitions takes one table.');
		if ((ahead === undefined) === (older === undefined)) return usage('partitions takes either --ahead N or --older-than AGE.');
		if (ahead !== undefined && !(/^\d{1,3}$/.test(ahead) && Number(ahead) >= 1 && Number(ahead) <= 100)) return usage('--ahead takes a number from 1 to 100.');
		if (older !== undefined && !parseAge(older)) return usage(`--older-than takes an age like "90 days", "6 weeks", "12 months" or "2 years", not "${older}".`);
		if (drop && older === undefined) return usage('--drop belongs to --older-than.');
		if (move && ahead === undefined) return usage('--move belongs to --ahead.');
	} else if (ahead !== undefined || older !== undefined || drop || move) return usage('--ahead, --older-than, --move and --drop belong to partitions.');
	return {verb, words, ahead, olderThan: older, drop, move};
}

async function onServer(watch: Watch, wish: Wish, face: ActFace, flags: {readonly dry: boolean; readonly yes: boolean}): Promise<number | Problem> {
	const {store, links, actions} = watch;
	const unseen = wish.verb.aim.is === 'session' ? await answered(watch, 'sessions') : undefined;
	const state = store.get();
	const {facts, feed} = state.servers[state.watched]!;
	// Nobody waits here until a server has started, or a slot is free.
	if (!facts) return {problem: feed.is === 'lost' ? feed.message : 'the server does not answer', exit: 69};
	// Who was not seen is not gone.
	if (unseen !== undefined) return said(`the sessions could not be read: ${unseen}: nothing was sent`, false);
	const found = await find(wish, links.get(state.watched)!, state, facts);
	if ('problem' in found) return said(found.problem, found.nothing);
	const action = face.panes.flatMap(pane => pane.tables.flatMap(table => table.actions ?? [])).find(one => one.id === found.action) as Action;
	const ask = () => actions!.plan({action, rows: found.rows, input: found.form}, wish.verb.aim.is === 'session');
	let planned = await ask();
	if ('problem' in planned) return said(planned.problem, planned.nothing === true);
	for (const sentence of found.missing ?? []) process.stderr.write(`-- left out: ${plain(sentence)}\n`);
	const unsaid = await show(planned.plan);
	if (unsaid) return unsaid;
	if (flags.dry) return exit.done;
	if (!flags.yes) {
		const answer = await confirmed(planned.plan, ask);
		if (typeof answer === 'number' || isProblem(answer)) return answer;
		planned = answer;
	}
	return carryOut(watch, action, planned.plan);
}

function said(problem: string, nothing: boolean): number {
	process.stderr.write(`pgperf: ${spoken(problem)}${nothing ? ': nothing to do' : ''}\n`);
	return nothing ? exit.nothing : exit.refused;
}

/** Waits for the first answer of a table; why there is none. */
function answered(watch: Watch, table: string): Promise<string | undefined> {
	const {store} = watch;
	return new Promise(resolve => {
		const isKnown = ({tables, servers, watched}: State) =>
			tables[table]?.at !== undefined || tables[table]?.problem !== undefined || servers[watched]?.feed.is === 'lost';
		const timer = setTimeout(done, 5000);
		const stop = store.subscribe(state => isKnown(state) && done());
		if (isKnown(store.get())) done();
		function done() {
			clearTimeout(timer);
			stop();
			const {tables, servers, watched} = store.get();
			const feed = servers[watched]?.feed;
			if (tables[table]?.at !== undefined) return resolve(undefined);
			resolve(tables[table]?.problem?.reason ?? (feed?.is === 'lost' ? feed.message : 'no answer within 5 s'));
		}
	});
}

/** Statements go to stdout, so that they can be kept or run by hand; what they mean and cost to stderr. */
async function show(plan: Plan): Promise<Problem | undefined> {
	for (const line of plan.facts) process.stderr.write(`-- ${plain(withoutSecrets(textOfLine(line)))}\n`);
	for (const target of plan.targets) if (target.why !== null) process.stderr.write(`-- left out: ${plain(`${target.subject}: ${target.why}`)}\n`);
	const unsaid = await print(plan.targets.flatMap(target => target.statements.map(step => `${printable(spelledSql(step.text))};\n`)).join(''));
	return unsaid && {...unsaid, problem: `${unsaid.problem.slice(0, -1)}: nothing was sent.`};
}

function textOfLine(line: Line): string {
	return line.map(segment => segment.text).join('');
}

/** Statements keep their lines. Names are spelt out by now: what is left is in no place that could be. */
function printable(text: string): string {
	return text.toWellFormed().replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, '\u{FFFD}');
}

/** Asks at the terminal. A plan that has grown old is made again, and asked again when it says something else by then. */
async function confirmed(first: Plan, ask: () => Promise<Planned>): Promise<Extract<Planned, {plan: Plan}> | number | Problem> {
	if (!process.stdin.isTTY || !process.stderr.isTTY) {
		process.stderr.write('pgperf: nobody is there to be asked: --yes does it without asking. Nothing was sent.\n');
		return exit.refused;
	}
	let plan = first;
	for (;;) {
		const prompt = plan.typed === null ? `${plan.label} on ${plan.server}? y/N ` : `${plan.label} on ${plan.server}: type ${plan.typed} to do it: `;
		const lines = createInterface({input: process.stdin, output: process.stderr});
		const answer = await new Promise<string>(resolve => {
			lines.on('close', () => resolve(''));
			lines.question(prompt).then(resolve, () => resolve(''));
		});
		lines.close();
		if (plan.typed === null ? !/^y(es)?$/i.test(answer.trim()) : answer.trim() !== plan.typed) {
			process.stderr.write('Nothing was sent.\n');
			return exit.refused;
		}
		const again = await ask();
		if ('problem' in again) return said(again.problem, again.nothing === true);
		if (textsOf(again.plan) === textsOf(plan)) return again;
		process.stderr.write('Meanwhile something has changed: read it again.\n');
		plan = again.plan;
		const unsaid = await show(plan);
		if (unsaid) return unsaid;
	}
}

function textsOf(plan: Plan): string {
	return JSON.stringify(plan.targets.map(target => target.statements.map(step => step.text)));
}

/** Ctrl-C cancels on the server and waits for what comes of it; a second one, or SIGTERM, leaves it running. */
async function carryOut(watch: Watch, action: Action, plan: Plan): Promise<number> {
	const {store, actions} = watch;
	const request = store.get().requests + 1;
	const controller = new AbortController();
	const leave = async (code: number) => {
		await actions!.stop();
		process.stderr.write('\npgperf: left to the server; the audit log says so.\n');
		process.exit(code);
	};
	const onInterrupt = () => {
		if (controller.signal.aborted) return void leave(exit.cancelled);
		process.stderr.write('\ncancelling on the server; once more leaves it running\n');
		controller.abort();
	};
	const onTerm = () => void leave(143);
	process.on('SIGINT', onInterrupt);
	process.on('SIGTERM', onTerm);
	process.on('SIGHUP', onTerm);
	let shown = '';
	const stop = store.subscribe((_, event) => {
		if (event.type !== 'progressed' || event.request !== request || !process.stderr.isTTY) return;
		const text = plain(withoutSecrets(event.lines.map(textOfLine).join('  ')));
		if (text !== shown) process.stderr.write(`\r\x1b[K${text.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1))}`);
		shown = text;
	});
	try {
		const outcomes = await actions!.start(action, plan, request, controller.signal);
		if (shown !== '') process.stderr.write('\r\x1b[K');
		for (const outcome of outcomes) process.stderr.write(`${spoken(outcome.text)}\n`);
		return controller.signal.aborted && outcomes.some(outcome => !outcome.done) ? exit.cancelled : codeOf(outcomes);
	} finally {
		stop();
		process.off('SIGINT', onInterrupt);
		process.off('SIGTERM', onTerm);
		process.off('SIGHUP', onTerm);
	}
}

function codeOf(outcomes: readonly Outcome[]): number {
	if (outcomes.length > 0 && outcomes.every(outcome => outcome.done)) return exit.done;
	return outcomes.every(outcome => outcome.refused) ? exit.refused : exit.failed;
}
