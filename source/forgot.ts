import {chosenRows} from './keys.ts';
import {logged} from './log.ts';
import {withView} from './moves.ts';
import {focusedTable, type State} from './state.ts';

/** The chosen rows are remembered no more, and what was found of them goes with them. What the server itself still tells comes back. */
export function forgot(state: State): State {
	const table = focusedTable(state);
	const rows = chosenRows(state).filter(one => !one.gone);
	if (!table?.forget || rows.length === 0) return state;
	const reasons = rows.map(one => table.forget!(one.row));
	const why = reasons.find(reason => reason !== undefined);
	if (why !== undefined) return {...state, notice: {text: `Forget: ${why}`, tone: 'warning', until: state.now + 8000}};
	const keys = new Set(rows.map(one => table.rowKey(one.row)));
	const data = state.tables[table.id]!;
	const isOf = (finding: {readonly table: string; readonly rowKey?: string}) => finding.table === table.id && keys.has(finding.rowKey ?? '');
	const over = state.findings.filter(isOf).map(finding => ({kind: 'finding' as const, text: `forgotten: ${finding.title}`, tone: 'plain' as const}));
	const next: State = {
		...logged(state, ...over),
		tables: {...state.tables, [table.id]: {...data, rows: data.rows.filter(row => !keys.has(table.rowKey(row)))}},
		checks: Object.fromEntries(Object.entries(state.checks).filter(([, standing]) => !isOf(standing.finding))),
		findings: state.findings.filter(finding => !isOf(finding)),
		notice: {text: 'forgotten: it comes back when it connects', tone: 'plain', until: state.now + 4000},
	};
	return withView(next, () => ({cursor: null, gone: null, marks: new Set()}));
}
