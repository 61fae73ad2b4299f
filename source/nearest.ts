import type {Row} from './pane.ts';
import type {Answer, State} from './state.ts';

/** Of so many sessions each is kept. */
const most = 500;

/**
 * Answers with a row a session, cut to those near the given backends: these, who waits for them or makes them wait, all others who wait, work
 * or hold a transaction, then the rest in its order. Ten thousand take longer to write down than an incident may wait for a signal.
 */
export function nearest(state: State, pids: readonly number[]): State {
	const answers = state.answers[state.watched];
	if (!answers) return state;
	const edges = answers.locks?.sample?.rows ?? [];
	let ranks: ReadonlyMap<number, number> | undefined;
	const cut = (answer: Answer): Answer => {
		const rows = answer.sample?.rows ?? [];
		if (rows.length <= most || typeof rows[0]!.pid !== 'number') return answer;
		ranks ??= ranksOf(pids, edges);
		const near = rows.map((row, index) => ({row, index, rank: ranks!.get(Number(row.pid)) ?? (row.state === 'idle' ? 4 : 3)}));
		const kept = near.sort((a, b) => a.rank - b.rank || a.index - b.index).slice(0, most);
		return {...answer, sample: {...answer.sample!, rows: kept.sort((a, b) => a.index - b.index).map(one => one.row)}, previous: undefined};
	};
	const own = Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, cut(answer)]));
	return {...state, answers: {...state.answers, [state.watched]: own}};
}

/** 0: one of them; 1: of their lock trees; 2: anybody who waits or is waited for. */
function ranksOf(pids: readonly number[], edges: readonly Row[]): ReadonlyMap<number, number> {
	const ranks = new Map<number, number>();
	for (const edge of edges) for (const pid of [edge.pid, edge.blocker_pid]) ranks.set(Number(pid), 2);
	const open = [...pids];
	for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
		for (const edge of edges) {
			if (edge.pid !== pid && edge.blocker_pid !== pid) continue;
			for (const other of [Number(edge.pid), Number(edge.blocker_pid)]) {
				if ((ranks.get(other) ?? 2) <= 1) continue;
				ranks.set(other, 1);
				open.push(other);
			}
		}
	}
	for (const pid of pids) ranks.set(pid, 0);
	return ranks;
}
