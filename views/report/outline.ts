import type {Tone} from '../../source/pane.ts';
import type {ColumnReport, FindingReport, GradeReport, Report, RowReport, SectionReport, SeriesReport, ServerReport, TableReport} from '../../source/report.ts';
import {factsOf, notSeen, placeOf, tally, thresholdOf} from './words.ts';

/** What every format paints, in the order of reading. No text in here is safe yet: each format makes it so. */
export type Block =
	| {readonly is: 'heading'; readonly level: 1 | 2 | 3; readonly text: string; readonly note?: string}
	| {readonly is: 'facts'; readonly items: readonly (readonly [string, string])[]}
	| {readonly is: 'sentence'; readonly text: string; readonly tone?: Tone}
	| {readonly is: 'list'; readonly items: readonly Item[]}
	| {readonly is: 'grade'; readonly grade: GradeReport; readonly evaluated: number; readonly all: number}
	| {readonly is: 'finding'; readonly finding: Pick<FindingReport, 'level' | 'title'>; readonly items: readonly (readonly [string, string])[]}
	| {readonly is: 'table'; readonly columns: readonly ColumnReport[]; readonly rows: readonly RowReport[]; readonly rest: number}
	| {readonly is: 'charts'; readonly series: readonly SeriesReport[]};
export type Item = {readonly text: string; readonly tone?: Tone; readonly more?: string};

export type Length = {
	/** Rows of the first table of a pane; the others have half of it. */
	readonly rows: number;
};

export function outline(report: Report, length: Length): readonly Block[] {
	const several = report.servers.length > 1;
	const blocks: Block[] = several ? overview(report) : [];
	for (const server of report.servers) blocks.push(...serverBlocks(report, server, length));
	return blocks;
}

/** Several servers side by side. */
function overview(report: Report): Block[] {
	const columns: ColumnReport[] = [
		column('server', 'server', 24, {grow: 1, priority: 1}),
		column('grade', 'grade', 8, {priority: 1}),
		column('findings', 'findings', 32, {priority: 1}),
		column('place', 'what', 26, {priority: 2}),
		column('seen', 'checks', 9, {priority: 3}),
	];
	const rows = report.servers.map((server): RowReport => {
		const {grade, coverage} = server;
		const all = coverage.evaluated.length + coverage.unseen.length;
		const cells = [
			server.title,
			grade?.grade ? `${grade.grade} ${grade.score}` : '–',
			server.status === 'unreachable' ? (server.problem ?? 'can’t be reached') : tally(server.findings),
			server.where ? placeOf(server.where) : '–',
			server.where ? `${coverage.evaluated.length}/${all}` : '–',
		];
		const worst: Tone | undefined = server.status === 'unreachable' ? 'critical' : server.findings[0]?.level;
		return {key: server.id, prefix: '', values: {}, cells, ...(worst && {tones: {findings: worst}})};
	});
	return [
		{is: 'heading', level: 1, text: 'pgperf report', note: `${report.servers.length} databases or servers`},
		{is: 'table', columns, rows, rest: 0},
	];
}

export function column(
	field: string,
	title: string,
	width: number,
	rest: {readonly grow?: number; readonly priority: number; readonly align?: 'left' | 'right'},
): ColumnReport {
	return {field, title, width, grow: rest.grow ?? 0, priority: rest.priority, align: rest.align ?? 'left'};
}

function serverBlocks(report: Report, server: ServerReport, length: Length): readonly Block[] {
	const blocks: Block[] = [
		{is: 'heading', level: 1, text: 'pgperf report', note: [server.label, server.title].filter(Boolean).join('  ')},
		{is: 'facts', items: factsOf(report, server)},
	];
	if (server.status === 'unreachable') {
		blocks.push({is: 'sentence', text: server.problem ?? 'It can’t be reached.', tone: 'critical'});
		return blocks;
	}
	const unseen = notSeen(server);
	if (unseen.length > 0) {
		blocks.push(
			{is: 'heading', level: 2, text: 'Not seen'},
			{
				is: 'list',
				items: unseen.map(({what, why, remedy}) => ({text: `${what}: ${why}`, tone: 'notice', ...(remedy !== null && remedy !== why && {more: remedy})})),
			},
		);
	}
	const {evaluated} = server.coverage;
	if (server.grade) blocks.push({is: 'grade', grade: server.grade, evaluated: evaluated.length, all: evaluated.length + server.coverage.unseen.length});
	blocks.push({is: 'heading', level: 2, text: 'Findings', note: tally(server.findings)}, ...findingBlocks(server));
	for (const section of server.sections) blocks.push(...sectionBlocks(section, server, length));
	return blocks;
}

/** At most five of one check, then how many more there are. */
function findingBlocks(server: ServerReport): readonly Block[] {
	const byCheck = Map.groupBy(server.findings, finding => finding.check);
	return [...byCheck.values()].flatMap((same): readonly Block[] => {
		const shown = same.slice(0, 5).map((finding): Block => {
			const threshold = thresholdOf(finding, server.limits);
			return {
				is: 'finding',
				finding,
				items: [
					...(finding.server === server.id ? [] : [['server', finding.server] as const]),
					['evidence', finding.count > 1 ? `${finding.evidence} (${finding.count} such rows)` : finding.evidence],
					...(threshold === undefined ? [] : [['threshold', threshold] as const]),
					['remedy', finding.remedy],
				],
			};
		});
		return same.length > 5 ? [...shown, {is: 'sentence', text: `and ${same.length - 5} more of ${same[0]!.check}`, tone: 'dim'}] : shown;
	});
}

function sectionBlocks(section: SectionReport, server: ServerReport, length: Length): readonly Block[] {
	const tables = section.frame ? section.tables.slice(0, 1) : section.tables;
	const local = tables.filter(table => table.database !== null);
	const all = server.where?.databases;
	// Where some tables speak of the whole server, each of the others says that it does not.
	const of = local[0] && `database ${local[0].database}${all ? `, one of ${all}` : ''}`;
	const note = local.length === tables.length ? of : undefined;
	const blocks: Block[] = [{is: 'heading', level: 2, text: section.title, ...(note !== undefined && {note})}];
	const half = {rows: Math.ceil(length.rows / 2)};
	for (const table of tables)
		blocks.push(...tableBlocks(table, tables.length > 1, table === tables[0] ? length : half, note === undefined && table.database !== null ? of : undefined));
	const series = server.series.filter(one => one.section === section.id);
	if (series.length > 0) blocks.push({is: 'charts', series});
	return blocks;
}

function tableBlocks(table: TableReport, named: boolean, length: Length, note: string | undefined): readonly Block[] {
	const shown = table.rows.filter(row => row.cells !== undefined).slice(0, length.rows);
	const said = table.status === 'ok' || table.reason === null ? undefined : `${table.reason}${table.remedy === null ? '' : ` (${table.remedy})`}`;
	const name = named ? `${table.title}: ` : '';
	if (shown.length === 0) {
		if (said !== undefined && table.status !== 'partial')
			return [{is: 'sentence', text: `${name}${said}`, tone: table.status === 'failed' ? 'warning' : 'notice'}];
		const words = table.total > 0 ? `${table.total}, none of them worth a line here` : table.empty;
		return [{is: 'sentence', text: `${name}${words}${said === undefined ? '' : `, but: ${said}`}`, tone: said === undefined ? 'good' : 'notice'}];
	}
	const rest = table.total - shown.length;
	return [
		...(named ? [{is: 'heading', level: 3, text: table.title, ...(note !== undefined && {note})} as const] : []),
		...(said === undefined ? [] : [{is: 'sentence', text: said, tone: 'warning'} as const]),
		...table.summary.map((text): Block => ({is: 'sentence', text})),
		{is: 'table', columns: table.columns, rows: shown, rest},
	];
}

/** What was 0 all the time needs no picture. */
export function moves(series: SeriesReport): boolean {
	return series.points.some(point => point !== null && point !== 0);
}
