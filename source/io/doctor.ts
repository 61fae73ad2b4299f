import type {Arguments} from '../arguments.ts';
import type {Catalog} from '../catalog.ts';
import {sqlOf} from '../due.ts';
import type {Pane, Row} from '../pane.ts';
import type {DocumentOptions, ServerReport, Where} from '../report.ts';
import type {State} from '../state.ts';
import {othersFor, withoutStrangers} from './chosen.ts';
import {isProblem, type Problem} from './conninfo.ts';
import {loadCatalog} from './files.ts';
import {hasColour, outputWidth, print} from './output.ts';
import {secondsOf, setUp} from './setup.ts';
import {takeSnapshot} from './snapshot.ts';

type Cost = {readonly query: string; readonly every: 'tick' | 'slow' | 'rare'; readonly ms: number; readonly rows: number};
export type DoctorFace = {
	readonly panes: readonly Pane[];
	readonly serverReport: (state: State, options: DocumentOptions) => ServerReport;
	readonly diagnosed: (
		diagnosis: {readonly server: ServerReport; readonly where: Where; readonly connection: Row | undefined; readonly costs: readonly Cost[]},
		options: {readonly width: number; readonly colour: boolean; readonly ascii: boolean},
	) => string;
};

/** Twice, so that what is told of the cost is of queries that the server has seen before. */
const interval = 1000;

/** `pgperf doctor`: what this role sees, and what would show the rest. */
export async function doctor(options: Arguments, face: DoctorFace): Promise<number | Problem> {
	const timeout = secondsOf(options, 'timeout', 30, 2, 600);
	if (typeof timeout !== 'number') return timeout;
	const setup = setUp({...options, flags: {...options.flags, 'read-only': true}}, options.input[0]);
	if (isProblem(setup)) return setup;
	const catalog: Catalog = loadCatalog();
	const panes = withoutStrangers(face.panes, [setup.place]).filter(pane => pane.tables.length > 0);
	const others = othersFor(panes, setup.place);
	const snapshot = await takeSnapshot({panes, others, catalog, settings: setup.settings, servers: setup.servers, interval, budget: timeout * 1000});
	others?.stop();
	if (isProblem(snapshot)) return snapshot;
	const {state, impossible, databases, connection} = snapshot;
	const server = face.serverReport(state, {literals: 'removed', rows: 0, cells: 0, impossible, databases: databases?.length ?? null});
	if (!server.where) return {problem: server.problem ?? 'The server told nothing about itself.', exit: 69};
	const text = face.diagnosed(
		{server, where: server.where, connection: connection ?? undefined, costs: costsOf(state)},
		{width: outputWidth(), colour: hasColour(setup.settings.colour, undefined), ascii: options.flags.ascii === true},
	);
	return (await print(text)) ?? 0;
}

function costsOf(state: State): readonly Cost[] {
	const paces = new Map(state.panes.flatMap(pane => pane.tables).flatMap(table => (sqlOf(table) ? [[sqlOf(table)!, table.every] as const] : [])));
	return Object.entries(state.answers[state.watched] ?? {}).flatMap(([query, {sample}]) =>
		sample && paces.has(query) ? [{query, every: paces.get(query)!, ms: sample.cost, rows: sample.rows.length}] : [],
	);
}
