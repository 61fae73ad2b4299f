import {type Arguments, namedServer, nearestOf} from '../arguments.ts';
import {runOnce} from '../checks.ts';
import {inputOf} from '../input.ts';
import type {LimitEntry, Limits} from '../limits.ts';
import {unknownOf, type Verdict, verdictOf} from '../nagios.ts';
import type {Check, Pane, Table} from '../pane.ts';
import type {DocumentOptions, ServerReport} from '../report.ts';
import type {State} from '../state.ts';
import {othersFor, withoutStrangers, withSources} from './chosen.ts';
import {isProblem, type Problem} from './conninfo.ts';
import {loadCatalog} from './files.ts';
import {print} from './output.ts';
import {secondsOf, setUp} from './setup.ts';
import {takeSnapshot} from './snapshot.ts';

export type CheckFace = {readonly panes: readonly Pane[]; readonly serverReport: (state: State, options: DocumentOptions) => ServerReport};

type Declared = {readonly check: Check; readonly table: Table};

/** `pgperf check`: one line in the form of monitoring plugins. Whatever keeps it from an answer is UNKNOWN, but for a wrong command line. */
export async function check(options: Arguments, face: CheckFace): Promise<number | Problem> {
	const declaredBy = (panes: readonly Pane[]) =>
		panes.flatMap(pane => pane.tables).flatMap(table => (table.checks ?? []).map((one): Declared => ({check: one, table})));
	const setup = setUp({...options, flags: {...options.flags, 'read-only': true}}, undefined);
	if (isProblem(setup)) return setup;
	const {limits} = setup.settings;
	if (options.flags.list) return (await print(listOf(declaredBy(face.panes), limits))) ?? 0;
	const chosen = named(declaredBy(options.input.length > 0 ? face.panes : withoutStrangers(face.panes, [setup.place])), options.input);
	if (isProblem(chosen)) return chosen;
	const seconds = secondsOf(options, 'interval', 1, 0.5, 60);
	if (typeof seconds !== 'number') return seconds;
	const timeout = secondsOf(options, 'timeout', 9, 1, 600);
	if (typeof timeout !== 'number') return timeout;
	const panes = withSources(face.panes, (_, table) => chosen.some(one => one.table === table));
	const moves = panes.some(pane => pane.tables.some(table => (table.counters?.length ?? 0) > 0 && chosen.some(one => standsOn(panes, one.table, table))));
	const others = othersFor(panes, setup.place);
	const snapshot = await takeSnapshot({
		panes,
		others,
		catalog: loadCatalog(),
		settings: setup.settings,
		servers: setup.servers,
		interval: moves ? seconds * 1000 : null,
		budget: timeout * 1000,
	});
	others?.stop();
	if (isProblem(snapshot)) return told(unknownOf(snapshot.problem));
	const ids = new Set(chosen.map(one => one.check.id));
	const state = withChecks(snapshot.state, ids);
	const {coverage} = face.serverReport(state, {literals: 'masked', rows: 0, cells: 0, impossible: snapshot.impossible});
	const input = inputOf(state);
	const {findings} = runOnce(
		state.panes.flatMap(pane => pane.tables),
		input,
		limits,
		state.watched,
	);
	return told(verdictOf({checks: chosen, input, limits, findings, coverage}));
}

async function told(verdict: Verdict): Promise<number | Problem> {
	const unsaid = await print(`${verdict.line}\n`);
	if (!unsaid) return verdict.exit;
	process.stderr.write(`pgperf: ${unsaid.problem}\n`);
	// Whoever monitors knows 0 to 3.
	return 3;
}

/** Those that were named; without a name all that tell what hurts now. */
function named(declared: readonly Declared[], names: readonly string[]): readonly Declared[] | Problem {
	if (names.length === 0) return declared.filter(({check: one}) => one.class === 'now');
	const ids = [...new Set(declared.map(one => one.check.id))].sort();
	const wrong = names.find(name => !ids.includes(name));
	if (wrong !== undefined) {
		const server = namedServer('check', names, true);
		if (server !== undefined) return {problem: server, exit: 64};
		const near = nearestOf(wrong, ids);
		const meant = near ? ` Did you mean "${near}"?` : ' A database or server is named with -d.';
		return {problem: `There is no check "${wrong}".${meant} pgperf check --list prints them.`, exit: 64};
	}
	return declared.filter(({check: one}) => names.includes(one.id));
}

function standsOn(panes: readonly Pane[], table: Table, source: Table): boolean {
	if (table === source) return true;
	if (!('tables' in table.from)) return false;
	const ids = table.from.tables;
	return panes.flatMap(pane => pane.tables).some(one => one !== table && ids.includes(one.id) && standsOn(panes, one, source));
}

function withChecks(state: State, ids: ReadonlySet<string>): State {
	const only = (table: Table): Table => ({...table, checks: table.checks?.filter(one => ids.has(one.id))});
	return {...state, panes: state.panes.map(pane => ({...pane, tables: pane.tables.map(only)}))};
}

function listOf(declared: readonly Declared[], limits: Limits): string {
	const checks = [...new Map(declared.map(({check: one}) => [one.id, one])).values()];
	const width = Math.max(...checks.map(one => one.id.length));
	const lines = checks
		.sort((a, b) => Number(a.class === 'care') - Number(b.class === 'care') || (a.id < b.id ? -1 : 1))
		.map(one => `${one.id.padEnd(width)}  ${one.class.padEnd(4)}  ${stepsOf(limits[one.id]).padEnd(24)}  ${limits[one.id]?.title ?? one.title}`);
	return `${lines.join('\n')}\n`;
}

function stepsOf(limit: LimitEntry | undefined): string {
	if (!limit) return '';
	const steps = [limit.warning ?? (limit.notice === undefined ? '' : `(${limit.notice})`), limit.critical ?? ''];
	return `${limit.below ? '< ' : ''}${steps.join('/')} ${limit.unit}${limit.origin === 'default' ? '' : ` (${limit.origin})`}`;
}
