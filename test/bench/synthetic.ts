import type {Event} from '../../source/event.ts';
import type {Row} from '../../source/pane.ts';
import {reducer} from '../../source/reduce.ts';
import type {State} from '../../source/state.ts';
import {screenOf} from '../../views/frame.ts';
import {lastScroll} from '../../views/overlay.ts';
import {painted} from '../../views/theme.ts';
import {openConsole} from '../support/console.ts';
import {type TestServer, until} from '../support/servers.ts';
import {median, quantile} from './figures.ts';

export type Synthetic = {readonly tick: number; readonly key: number};

/** What a tick and a key cost without server, Ink and terminal, when a real answer is multiplied until it has 10,000 rows. */
export async function synthetic(server: TestServer, count: number): Promise<{readonly sessions: Synthetic; readonly statements: Synthetic}> {
	const opened = await openConsole(server);
	try {
		const {store} = opened.watch;
		store.dispatch({type: 'opened', pane: 'queries'});
		const state = await until(opened.state, one => (one.tables.queries?.rows.length ?? 0) > 0 && (one.tables.sessions?.rows.length ?? 0) > 0);
		return {sessions: timed(state, 'sessions', 'sessions', count), statements: timed(state, 'queries', 'statements', count)};
	} finally {
		await opened.close();
	}
}

function timed(from: State, pane: string, query: string, count: number): Synthetic {
	const reduce = reducer(lastScroll);
	const [server] = Object.keys(from.servers);
	let state: State = {...from, size: {columns: 180, rows: 50}};
	const dispatch = (event: Event) => {
		state = reduce(state, event);
	};
	const rows = from.answers[server!]![query]!.sample!.rows;
	const vitals = from.answers[server!]!.vitals!.sample!;
	const others = pane === 'sessions' ? {} : {sessions: from.answers[server!]!.sessions!.sample!};
	let shown = '';
	const paint = () => {
		shown = screenOf(state)
			.map(line => painted(line, true))
			.join('\n');
	};
	dispatch({type: 'opened', pane});
	let at = from.now + 10_000;
	const ticks: number[] = [];
	for (let i = 0; i < 25; i++) {
		at += 1000;
		const many = multiplied(rows, count, i);
		const {generation} = state.servers[server!]!;
		const request = state.requests + 1;
		const session = pane === 'sessions' ? 'sample' : 'survey';
		dispatch({type: 'requested', server: server!, session, request, queries: [query], at});
		const results = Object.fromEntries(
			[[query, {at, rows: many, cost: 3}] as const, ...Object.entries({vitals, ...others}).map(([name, sample]) => [name, {...sample, at}] as const)].map(
				([name, sample]) => [name, {status: 'ok', sample} as const],
			),
		);
		const start = performance.now();
		dispatch({type: 'sampled', server: server!, session, generation, request, at, results});
		paint();
		if (i >= 5) ticks.push(performance.now() - start);
	}
	const keys: number[] = [];
	for (let i = 0; i < 200; i++) {
		const start = performance.now();
		dispatch({type: 'moved', by: i % 5 === 4 ? 'page-down' : 1});
		paint();
		keys.push(performance.now() - start);
	}
	if (!shown.includes('\n')) throw new Error('nothing was painted');
	return {tick: median(ticks), key: quantile(keys, 0.99)};
}

/** Rows with identities of their own; numbers move, so that nothing can be taken over from the tick before. */
function multiplied(rows: readonly Row[], count: number, tick: number): readonly Row[] {
	const sums = rows.filter(row => 'kind' in row && row.kind !== 'statement');
	const single = rows.filter(row => !sums.includes(row));
	const many = Array.from({length: count}, (_, i) => {
		const moved = Object.entries(single[i % single.length]!).map(([field, value]) => [
			field,
			typeof value === 'number' ? value + tick * (1 + (i % 50)) : value,
		]);
		const row: Row = Object.fromEntries(moved);
		return {...row, ...('queryid' in row ? {queryid: String(10_000 + i)} : {pid: 100_000 + i, state: i % 3 === 0 ? 'active' : 'idle', leader_pid: null})};
	});
	return [...sums, ...many];
}
