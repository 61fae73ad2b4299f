import {toneOf} from '../../source/checks.ts';
import {sqlOf} from '../../source/due.ts';
import type {Column, Finding, Input, Pane, QueryName, Row, Table, Tone} from '../../source/pane.ts';
import type {ColumnReport, CoverageReport, DocumentOptions, RowReport, SectionReport, Status, TableReport} from '../../source/report.ts';
import type {State, TableData} from '../../source/state.ts';
import {freshView, visible} from '../../source/visible.ts';
import {cellText} from '../components/table.ts';
import {harmless} from '../layout.ts';
import {unpainted} from '../theme.ts';

/** The queries that a table stands on. */
export function sourceNames(tables: readonly Table[], table: Table): readonly QueryName[] {
	const name = sqlOf(table);
	if (name !== undefined) return [name];
	const from = 'tables' in table.from ? table.from.tables : [];
	return tables.filter(one => one !== table && from.includes(one.id)).flatMap(one => sourceNames(tables, one));
}

export function sectionOf(
	state: State,
	input: Input,
	pane: Pane,
	findings: readonly Finding[],
	unseen: CoverageReport['unseen'],
	options: DocumentOptions,
): readonly SectionReport[] {
	const asked = pane.tables.filter(table => state.tables[table.id] !== undefined || 'sql' in table.from || 'tables' in table.from);
	if (asked.length === 0) return [];
	const tables = asked.map(table => tableOf(state, input, table, findings, unseen, options));
	return [{id: pane.id, title: pane.title, frame: pane.place === 'frame', status: together(tables.map(table => table.status)), tables}];
}

/** One part that is missing makes the whole partial; all of them the same make it the same. */
function together(statuses: readonly Status[]): Status {
	const [first = 'ok'] = statuses;
	return statuses.every(status => status === first) ? first : 'partial';
}

function tableOf(
	state: State,
	input: Input,
	table: Table,
	findings: readonly Finding[],
	unseen: CoverageReport['unseen'],
	options: DocumentOptions,
): TableReport {
	const data = state.tables[table.id];
	const rows = data?.rows ?? [];
	const shown = visible(table, rows, freshView);
	const seen = new Set(shown.map(one => one.row));
	const ordered = [...shown, ...rows.filter(row => !seen.has(row)).map(row => ({row, key: table.rowKey(row), prefix: ''}))];
	const answered = data?.at !== undefined && !data.problem?.final;
	const blind = (table.checks ?? []).flatMap(check => unseen.filter(one => one.check === check.id));
	const names = sourceNames(
		state.panes.flatMap(pane => pane.tables),
		table,
	);
	const total = options.totals?.[table.id] ?? rows.length;
	const isLocal = names.some(name => state.local.has(name));
	return {
		id: table.id,
		title: table.title,
		...standing(table, data, blind, input),
		database: isLocal ? (state.servers[state.watched]?.facts?.database ?? null) : null,
		every: table.every,
		empty: table.empty,
		total,
		counters: table.counters ?? [],
		// Of a part it would count wrong.
		summary: answered && table.summary && total === rows.length ? table.summary(rows, input).map(line => unpainted(line).trimEnd()) : [],
		columns: table.columns.map(columnReport),
		rows: ordered.slice(0, options.rows).map((one, index) => ({
			...rowReport(table, one, index < Math.min(options.cells, shown.length) ? toneFor(table, findings) : undefined),
			...(index >= shown.length && {hidden: true as const}),
		})),
	};
}

function standing(
	table: Table,
	data: TableData | undefined,
	blind: CoverageReport['unseen'],
	input: Input,
): {status: Status; reason: string | null; remedy: string | null} {
	const problem = data?.problem;
	if (problem?.final) return {status: 'skipped', reason: harmless(problem.reason), remedy: problem.remedy ?? null};
	if (problem) return {status: data?.at === undefined ? 'failed' : 'partial', reason: harmless(problem.reason), remedy: problem.remedy ?? null};
	if (data?.at === undefined) return {status: 'failed', reason: 'was not asked', remedy: null};
	const [first] = blind;
	if (first) return {status: 'partial', reason: first.why, remedy: first.remedy};
	const passed = table.unseen?.(data.rows, input) ?? passedOver(table, data.rows);
	return passed === undefined ? {status: 'ok', reason: null, remedy: null} : {status: 'partial', reason: passed, remedy: null};
}

/** Relations whose sizes were not asked for, because the question would have waited behind a lock. */
function passedOver(table: Table, rows: readonly Row[]): string | undefined {
	const locked = rows.filter(row => row.size_exact === false || row.locked === true);
	if (locked.length === 0) return undefined;
	const names = locked.slice(0, 3).map(row => cellText(table.columns[0]!, row));
	const which = `${names.join(', ')}${locked.length > names.length ? ` and ${locked.length - names.length} more` : ''}`;
	return harmless(`not measured, because somebody holds or awaits an ACCESS EXCLUSIVE lock: ${which}`);
}

function columnReport(column: Column): ColumnReport {
	const {field, title, align = 'left', width, grow = 0, priority} = column;
	return {field, title, align, width, grow, priority};
}

type ToneFor = (row: Row, column: Column) => Tone | undefined;

function toneFor(table: Table, findings: readonly Finding[]): ToneFor {
	return (row, column) => toneOf(findings, table.id, table.rowKey(row), column.field) ?? column.tone?.(row);
}

function rowReport(table: Table, one: {readonly row: Row; readonly key: string; readonly prefix: string}, tone: ToneFor | undefined): RowReport {
	const plain: RowReport = {key: one.key, prefix: one.prefix, values: one.row};
	if (!tone) return plain;
	const tones: Record<string, Tone> = {};
	for (const column of table.columns) {
		const found = tone(one.row, column);
		if (found !== undefined && found !== 'plain') tones[column.field] = found;
	}
	const cells = table.columns.map(column => harmless(cellText(column, one.row)));
	return {...plain, cells, ...(Object.keys(tones).length > 0 && {tones})};
}
