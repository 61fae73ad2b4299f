import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {openAudit} from '../../source/io/audit.ts';
import {isProblem, resolve} from '../../source/io/conninfo.ts';
import {loadCatalog, setEntry} from '../../source/io/files.ts';
import type {Place} from '../../source/io/place.ts';
import {createWatch, type Watch} from '../../source/io/watch.ts';
import {defaultLimits} from '../../source/limits.ts';
import type {Row, TableId} from '../../source/pane.ts';
import {focusedTable, type Outcome, type Question, type Settings, type State, topOverlay} from '../../source/state.ts';
import {visibleRows} from '../../source/window.ts';
import {panes} from '../../views/panes/index.ts';
import {repository} from './queries.ts';
import {unbroken} from './recorded.ts';
import {roomDirectories, type TestServer, until} from './servers.ts';

export type AuditEntry = {
	readonly action: string;
	readonly target: string;
	readonly outcome: string;
	readonly detail?: string;
	readonly statements: readonly string[];
};

/** The console without its screen: what a person would press, as events; what they would read, as values. */
export type Console = {
	readonly watch: Watch;
	readonly state: () => State;
	readonly auditLines: () => readonly AuditEntry[];
	/** Opens a pane, waits for its table, and marks the rows that are meant. */
	choose(pane: string, table: TableId, wanted: (row: Row) => boolean): Promise<readonly Row[]>;
	/** Asks for an action on the chosen rows, fills its form, and waits until it can be read or says why not. */
	ask(action: string, input?: Readonly<Record<string, string>>): Promise<Question | string>;
	/** Says yes to the open question. Returns its request. */
	yes(): number;
	settled(request: number): Promise<readonly Outcome[]>;
	close(): Promise<void>;
};

export async function openConsole(
	server: TestServer,
	options: {
		readonly database?: string;
		readonly user?: string;
		readonly settings?: Partial<Settings>;
		readonly auditFile?: string;
		readonly port?: number;
		/** Known as `companion`. */
		readonly companion?: TestServer;
		/** Redis and PgBouncer of the server. */
		readonly belongings?: Partial<Pick<Place, 'redis' | 'pgbouncer' | 'cache'>>;
		readonly channels?: readonly string[];
	} = {},
): Promise<Console> {
	setEntry(pathToFileURL(path.join(repository, 'source', 'cli.ts')).href);
	// Where the servers are, so that it goes with them however the test ends.
	const home = mkdtempSync(path.join(roomDirectories()[0]!, 'console-'));
	const file = options.auditFile ?? path.join(home, 'audit.jsonl');
	const audit = openAudit(file);
	if ('problem' in audit) throw new Error(audit.problem);
	const uri = server.uri({user: options.user, database: options.database}).replace(`:${server.port}/`, `:${options.port ?? server.port}/`);
	const target = resolve(uri, {}, {env: {}, home, osUser: 'tester'});
	if (isProblem(target)) throw new Error(target.problem);
	const companion = options.companion && resolve(options.companion.conninfo, {}, {env: {}, home, osUser: 'tester'});
	if (companion && isProblem(companion)) throw new Error(companion.problem);
	const settings: Settings = {
		label: null,
		readOnly: false,
		audit: {is: 'on', path: file},
		ascii: false,
		colour: false,
		limits: defaultLimits,
		confirm: 'ask',
		...options.settings,
	};
	const watch = createWatch({
		panes,
		catalog: loadCatalog(),
		settings,
		servers: [{id: 'db', opening: {target}}, ...(companion ? [{id: 'companion', opening: {target: companion}}] : [])],
		belongings: options.belongings && {redis: undefined, pgbouncer: undefined, cache: {scheme: 'set', prefix: '', invalidate: {}}, ...options.belongings},
		channels: options.channels,
		interval: 500,
		size: {columns: 200, rows: 50},
		audit,
		who: 'tester',
		evidence: () => '{}',
	});
	const {store} = watch;
	const settledBy = new Map<number, readonly Outcome[]>();
	store.subscribe((state, event) => {
		unbroken(state);
		if (event.type === 'settled') settledBy.set(event.request, event.outcomes);
	});
	const problem = await watch.start();
	if (problem) throw new Error(problem.problem);
	const question = () => {
		const overlay = topOverlay(store.get());
		return overlay?.is === 'question' ? overlay : undefined;
	};
	return {
		watch,
		state: store.get,
		auditLines: () =>
			existsSync(file)
				? readFileSync(file, 'utf8')
						.split('\n')
						.filter(Boolean)
						.map(line => JSON.parse(line) as AuditEntry)
				: [],
		async choose(pane, table, wanted) {
			store.dispatch({type: 'opened', pane});
			for (let i = 0; i < 12 && focusedTable(store.get())?.id !== table; i++) store.dispatch({type: 'switched', by: 1});
			const found = focusedTable(store.get());
			if (found?.id !== table) throw new Error(`pane ${pane} does not show table ${table}`);
			store.dispatch({type: 'refreshed', at: performance.now()});
			const rows = () => (store.get().tables[table]?.rows ?? []).filter(wanted);
			await until(rows, some => some.length > 0);
			if (found.hidden && !(store.get().views[table]?.showHidden ?? false)) store.dispatch({type: 'unhid'});
			for (const row of rows()) {
				const key = found.rowKey(row);
				// A row that is gone leaves when the cursor does, and the others move up.
				await until(
					() => {
						store.dispatch({type: 'moved', by: 'top'});
						// Of other tables on the same pane a cursor is remembered.
						const there = () => focusedTable(store.get())?.id === table && store.get().views[table]?.cursor === key;
						for (let rest = 100 + visibleRows(store.get(), found).length; rest > 0 && !there(); rest--) store.dispatch({type: 'moved', by: 1});
						return there();
					},
					there => there,
				);
				if (rows().length > 1) store.dispatch({type: 'marked', all: false});
			}
			return rows();
		},
		async ask(action, input = {}) {
			const at = performance.now();
			store.dispatch({type: 'asked', action, at});
			if (!question()) return store.get().notice?.text ?? 'there is no such action here';
			for (const field of question()!.action.input ?? []) {
				if (input[field.id] !== undefined) {
					for (const _ of field.initial) store.dispatch({type: 'erased', all: false});
					store.dispatch({type: 'typed', text: input[field.id]!, at});
				}
				const before = question()!;
				store.dispatch({type: 'filled', at});
				if (question()?.stage === 'form' && question()?.field === before.field) return question()?.problem ?? 'the form was not taken';
			}
			const shown = await until(question, one => one?.stage === 'shown' || one?.stage === 'refused');
			if (shown!.stage === 'refused') {
				store.dispatch({type: 'closed'});
				return shown!.problem ?? '';
			}
			store.dispatch({type: 'painted', request: shown!.request, at: performance.now()});
			return shown!;
		},
		yes() {
			const {request} = question()!;
			store.dispatch({type: 'answered', request, yes: true, at: performance.now()});
			return request;
		},
		settled: request =>
			until(
				() => settledBy.get(request),
				outcomes => outcomes !== undefined,
				60_000,
			) as Promise<readonly Outcome[]>,
		async close() {
			await watch.stop();
			rmSync(home, {recursive: true, force: true});
		},
	};
}

/** The question, where there is one: else what was said instead is the test's failure. */
export function readable(question: Question | string): Question {
	if (typeof question === 'string') throw new Error(`no question: ${question}`);
	return question;
}
