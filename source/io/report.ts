import {readFileSync} from 'node:fs';
import path from 'node:path';
import type {Arguments} from '../arguments.ts';
import {type Catalog, localQueries} from '../catalog.ts';
import type {Literals} from '../mask.ts';
import type {Pane, QueryName} from '../pane.ts';
import {type DocumentOptions, exitOf, parseReport, type Report, type ServerReport, unreachable} from '../report.ts';
import type {Settings, State} from '../state.ts';
import {type Chosen, choosePanes, othersFor, withoutStrangers} from './chosen.ts';
import {isProblem, type Problem} from './conninfo.ts';
import {loadCatalog} from './files.ts';
import {hasColour, outputWidth, print} from './output.ts';
import type {Place} from './place.ts';
import type {Opening} from './session.ts';
import {codeOf} from './session.ts';
import {type Setup, secondsOf, setUp, textOf} from './setup.ts';
import {takeSnapshot} from './snapshot.ts';

const formats = ['text', 'json', 'markdown', 'html'] as const;
type Format = (typeof formats)[number];

/** What a report needs of the views, passed in by the entry. */
export type ReportFace = {
	readonly panes: readonly Pane[];
	readonly serverReport: (state: State, options: DocumentOptions) => ServerReport;
	readonly reportOf: (
		servers: readonly ServerReport[],
		taken: {readonly wall: number; readonly interval_s: number | null; readonly literals: Literals},
	) => Report;
	readonly rendered: (report: Report, options: {readonly format: Format; readonly width: number; readonly colour: boolean; readonly ascii: boolean}) => string;
};

type Wish = {
	readonly format: Format;
	readonly output: string | undefined;
	readonly failOn: 'warning' | 'critical' | undefined;
	readonly literals: Literals;
	/** ms; null: one sample. */
	readonly interval: number | null;
	readonly budget: number;
};

/** `pgperf report`. */
export async function report(options: Arguments, face: ReportFace): Promise<number | Problem> {
	const wish = wishOf(options);
	if (isProblem(wish)) return wish;
	const made = await reportFrom(options, face, wish);
	if (isProblem(made)) return made;
	const paint = () =>
		face.rendered(made, {
			format: wish.format,
			width: outputWidth(),
			colour: hasColour(!options.flags['no-color'] && !process.env.NO_COLOR, wish.output),
			ascii: options.flags.ascii === true,
		});
	const from = textOf(options, 'from');
	const text = from === undefined ? paint() : fromFile(paint, from);
	if (typeof text !== 'string') return text;
	return (await print(text, wish.output)) ?? exitOf(made, wish.failOn);
}

async function reportFrom(options: Arguments, face: ReportFace, wish: Wish): Promise<Report | Problem> {
	const from = textOf(options, 'from');
	if (from !== undefined) return readReport(from);
	// A report changes nothing, and needs no audit log.
	const setup = setUp({...options, flags: {...options.flags, 'read-only': true}}, options.input[0]);
	if (isProblem(setup)) return setup;
	const only = textOf(options, 'only');
	const places = options.flags.all ? setup.places : [setup.place];
	const chosen = choosePanes(only === undefined ? withoutStrangers(face.panes, places) : face.panes, only, textOf(options, 'except'));
	if (isProblem(chosen)) return chosen;
	const wall = Date.now();
	const servers = await serversOf(options, face, wish, chosen, setup);
	return isProblem(servers)
		? servers
		: face.reportOf(servers, {wall, interval_s: wish.interval === null ? null : wish.interval / 1000, literals: wish.literals});
}

/** Nobody should wonder for seconds whether anything happens; taken back when it goes on. */
function saidOnTerminal(seconds: number): () => void {
	if (!process.stderr.isTTY || !process.stdout.isTTY) return () => undefined;
	process.stderr.write(`pgperf: asked once; ${seconds} s until the second sample …`);
	return () => process.stderr.write('\r\u001b[K');
}

/** A file that only begins like a report fails where something is missing. */
export function fromFile(paint: () => string, file: string): string | Problem {
	try {
		return paint();
	} catch (error) {
		if (error instanceof TypeError || error instanceof RangeError)
			return {problem: `${file} is no whole report of pgperf: write one with --format json.`, exit: 64};
		throw error;
	}
}

export function readReport(file: string): Report | Problem {
	let text: string;
	try {
		text = readFileSync(file === '-' ? 0 : file, 'utf8');
	} catch (error) {
		return {problem: `${file} can't be read (${codeOf(error) ?? 'unknown error'}).`, exit: 64};
	}
	const report = parseReport(text);
	return 'problem' in report ? {problem: `${file} ${report.problem}.`, exit: 64} : report;
}

function wishOf(options: Arguments): Wish | Problem {
	const output = textOf(options, 'output');
	const format = formatOf(textOf(options, 'format'), output);
	if (typeof format !== 'string') return format;
	const failOn = textOf(options, 'fail-on');
	if (failOn !== undefined && failOn !== 'warning' && failOn !== 'critical')
		return {problem: `--fail-on takes warning or critical, not "${failOn}".`, exit: 64};
	if (options.flags.redact && options.flags['with-literals']) return {problem: '--redact and --with-literals contradict each other.', exit: 64};
	const seconds = secondsOf(options, 'interval', 5, 0.5, 600);
	if (typeof seconds !== 'number') return seconds;
	const interval = options.flags.once ? null : seconds * 1000;
	const timeout = secondsOf(options, 'timeout', Math.max(60, 2 * seconds), 1, 3600);
	if (typeof timeout !== 'number') return timeout;
	if (interval !== null && interval >= timeout * 1000)
		return {problem: `--timeout ${timeout} is over before the second sample, ${seconds} s after the first: give more, or --once.`, exit: 64};
	const literals = options.flags.redact ? 'removed' : options.flags['with-literals'] ? 'kept' : 'masked';
	return {format, output, failOn, literals, interval, budget: timeout * 1000};
}

const endings: Readonly<Record<string, Format>> = {'.json': 'json', '.md': 'markdown', '.html': 'html', '.htm': 'html'};

function formatOf(given: string | undefined, output: string | undefined): Format | Problem {
	if (given === undefined) return endings[path.extname(output ?? '').toLowerCase()] ?? 'text';
	const found = formats.find(format => format === (given === 'md' ? 'markdown' : given));
	return found ?? {problem: `--format takes ${formats.join(', ')}, not "${given}".`, exit: 64};
}

type Job = {
	readonly face: ReportFace;
	readonly wish: Wish;
	readonly chosen: Chosen;
	readonly catalog: Catalog;
	readonly local: ReadonlySet<QueryName>;
	readonly end: number;
};
type Subject = {readonly servers: Setup['servers']; readonly settings: Settings; readonly place?: Place};
type Reported = {readonly report: ServerReport; readonly databases: readonly string[]};

/** One server, all of its databases, or every server of the configuration. */
async function serversOf(options: Arguments, face: ReportFace, wish: Wish, chosen: Chosen, setup: Setup): Promise<readonly ServerReport[] | Problem> {
	const catalog = loadCatalog();
	const job: Job = {face, wish, chosen, catalog, local: localQueries(catalog), end: performance.now() + wish.budget};
	if (options.flags.all) return everyServer(options, job, setup);
	const first = await look(job, setup, chosen);
	if (isProblem(first)) return {...first, problem: `${first.problem}${setup.hint}`};
	return options.flags['all-databases'] ? [first.report, ...(await otherDatabases(job, setup, first))] : [first.report];
}

async function look(job: Job, {servers, settings, place}: Subject, {panes, only}: Chosen): Promise<Reported | Problem> {
	const {face, wish, catalog, end} = job;
	const budget = end - performance.now();
	if (budget <= 0) return {problem: 'not asked: the time of the whole report was used up (--timeout)', exit: 69};
	const others = place && othersFor(panes, place);
	const snapshot = await takeSnapshot({panes, catalog, settings, servers, others, interval: wish.interval, budget, onWait: saidOnTerminal});
	others?.stop();
	if (isProblem(snapshot)) return snapshot;
	const {state, history, impossible, databases} = snapshot;
	const report = face.serverReport(state, {
		literals: wish.literals,
		rows: 500,
		cells: 25,
		history,
		impossible,
		databases: databases?.length ?? null,
		only,
	});
	return {report, databases: databases ?? []};
}

/** Of the other databases only what differs from database to database. */
async function otherDatabases(job: Job, setup: Setup, first: Reported): Promise<readonly ServerReport[]> {
	const {face, chosen, local} = job;
	const here = first.report.where?.database ?? '';
	const panes = face.panes.filter(pane => chosen.only.has(pane.id) && pane.tables.some(table => 'sql' in table.from && local.has(table.from.sql)));
	if (panes.length === 0) return [];
	const part = choosePanes(face.panes, panes.map(pane => pane.id).join(','), undefined);
	if (isProblem(part)) return [];
	const {id: firstId, opening} = setup.servers[0]!;
	const reports: ServerReport[] = [];
	for (const name of first.databases.filter(one => one !== here)) {
		const id = name + firstId.slice(here.length);
		const next = await look(job, {servers: [{id, opening: inDatabase(opening, name)}], settings: setup.settings}, part);
		reports.push(isProblem(next) ? unreachable(id, id, next.problem) : next.report);
	}
	return reports;
}

/** As many at once as a small machine and a slow network can bear. */
const atOnce = 4;

/** Where somebody may be asked for passwords one after the other. One that can't be reached is told, and the others are reported. */
async function everyServer(options: Arguments, job: Job, setup: Setup): Promise<readonly ServerReport[] | Problem> {
	if (options.input[0] !== undefined) return {problem: `--all is every server of the configuration: leave out "${options.input[0]}".`, exit: 64};
	if (setup.places.length === 0) return {problem: 'There is no server in the configuration: --all has nothing to report.', exit: 64};
	const waiting = setup.places.map((place, index) => ({place, index}));
	const reports: ServerReport[] = [];
	const work = async () => {
		for (let next = waiting.shift(); next; next = waiting.shift()) {
			const {place, index} = next;
			const name = place.name ?? '';
			if ('problem' in place) reports[index] = unreachable(name, name, place.problem);
			else {
				const {id} = place.servers[0]!;
				const found = await look(job, {servers: place.servers, settings: {...setup.settings, ...place.rules}, place}, job.chosen);
				const title = (full: string) => (full === name ? name : `${name}  ${full}`);
				reports[index] = isProblem(found) ? unreachable(id, title(id), found.problem) : {...found.report, title: title(found.report.title)};
			}
		}
	};
	await Promise.all(Array.from({length: process.stdin.isTTY ? 1 : atOnce}, work));
	return reports;
}

function inDatabase(opening: Opening, database: string): Opening {
	return {...opening, target: {...opening.target, database}};
}
