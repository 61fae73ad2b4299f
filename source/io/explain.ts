import {type Explained, executeOf, refusedBecause, statementOf, stepsOf} from '../explain.ts';
import type {Facts, ServerId} from '../pane.ts';
import type {Overlay, State} from '../state.ts';
import type {Store} from '../store.ts';
import {isProblem} from './conninfo.ts';
import type {Link} from './postgres.ts';
import {codeOf, type Session, sentence} from './session.ts';

type Explaining = Extract<Overlay, {readonly is: 'explain'}>;

/** Longest time for one answer, ms: the server gives up planning after 2 s. */
const patience = 5000;

/** Fetches the statement that `e` was pressed on, and has it planned. Nothing is ever run: `explain` is sent without `analyze`. */
export function startExplain(store: Store, links: ReadonlyMap<ServerId, Link>): {stop(): void} {
	const begun = new Set<string>();
	const sessions = new Set<Session>();

	async function read(state: State, overlay: Explaining): Promise<void> {
		const explain = state.panes.flatMap(pane => pane.tables).find(table => table.id === overlay.table)?.explain;
		const link = links.get(state.watched);
		if (!explain || !link) return;
		const answer = await link.one('survey', explain.sql, explain.params(overlay.row));
		const found = answer.status === 'ok' ? statementOf(answer.sample.rows[0]) : {why: answer.status === 'failed' ? answer.message : answer.reason};
		if ('why' in found) tell(overlay, {is: 'refused', text: found.text, why: found.why});
		else store.dispatch({type: 'statementRead', request: overlay.request, text: found.text});
	}

	async function plan(state: State, overlay: Explaining): Promise<void> {
		const link = links.get(state.watched);
		const facts = state.servers[state.watched]?.facts;
		const text = overlay.text ?? '';
		const refused = (why: string) => tell(overlay, {is: 'refused', text, why});
		if (!link || !facts) return refused('the server does not answer');
		if (facts.pooled) return refused('through a pooler: connect directly to do this');
		const session = await link.work();
		if (isProblem(session)) return refused(session.problem);
		sessions.add(session);
		try {
			tell(overlay, await planned(session, text, facts));
		} finally {
			sessions.delete(session);
			await session.close();
		}
	}

	function tell({request}: Explaining, result: Explained): void {
		store.dispatch({type: 'explained', request, result});
	}

	const stop = store.subscribe(state => {
		for (const overlay of state.overlays) {
			if (overlay.is !== 'explain' || (overlay.stage !== 'reading' && overlay.stage !== 'planning')) continue;
			const step = `${overlay.request} ${overlay.stage}`;
			if (begun.has(step)) continue;
			begun.add(step);
			void (overlay.stage === 'reading' ? read(state, overlay) : plan(state, overlay));
		}
	});
	return {
		stop() {
			stop();
			for (const session of sessions) void session.close();
		},
	};
}

async function planned(session: Session, text: string, facts: Facts): Promise<Explained> {
	const send = (statement: string) => session.send(statement, [], patience);
	try {
		await allOf(stepsOf(text).map(send));
		const [about] = await send(
			"select /* pgperf:explain */ pg_catalog.cardinality(p.parameter_types) as parameters, pg_catalog.current_setting('search_path') as search_path from pg_catalog.pg_prepared_statements p",
		);
		const parameters = Number(about?.parameters);
		const show = async (name: string) => (await send(executeOf(name, parameters))).map(row => String(row['QUERY PLAN']));
		const lines = await show('pgperf_explain');
		// The nulls that stand for the parameters would choose the partitions: none.
		const everyPartition = lines.some(line => /^\s*Subplans Removed: /.test(line));
		if (everyPartition) await allOf(['set local enable_partition_pruning = off', `prepare /* pgperf:explain */ pgperf_explain_whole as ${text}`].map(send));
		const whole = everyPartition ? await show('pgperf_explain_whole') : lines;
		return {is: 'plan', text, lines: whole, role: facts.role, searchPath: String(about?.search_path), everyPartition};
	} catch (error) {
		return {is: 'refused', text, why: refusedBecause(codeOf(error), sentence(error), text, facts)};
	} finally {
		if (session.alive) await send('rollback').catch(() => undefined);
	}
}

/** One round trip; the first failure tells, those after it only that the transaction is aborted. */
async function allOf(answers: readonly Promise<unknown>[]): Promise<void> {
	const failed = (await Promise.allSettled(answers)).find(answer => answer.status === 'rejected');
	if (failed) throw failed.reason;
}
