/** What was measured of one program. Missing: not measured, or the program is not there. */
export type Measured = Partial<Record<Figure, number>>;
export type Tool = 'pgperf' | 'pg_activity' | 'pg_top';
export type Figure = keyof typeof figures;
/** Under a number, or under a share of what pg_activity took in the same run. */
type Bound = {readonly below: number} | {readonly times: number};

/** Every budget, in the order of the table. `digits` after the point. */
export const figures = {
	start: {name: 'start to first data, overview', unit: 'ms', digits: 0, must: {times: 1.2}, aims: {times: 0.9}},
	startSessions: {name: 'start to first row of sessions', unit: 'ms', digits: 0, must: {times: 1.2}, aims: {times: 0.9}},
	cpu34: {name: 'CPU at 34 sessions, overview', unit: '%', digits: 2, must: {times: 1}, aims: {times: 0.8}},
	cpu34Sessions: {name: 'CPU at 34 sessions, sessions pane', unit: '%', digits: 2, must: {times: 1}, aims: {times: 0.8}},
	cpu239: {name: 'CPU at 239 sessions, overview', unit: '%', digits: 2, must: {times: 0.25}, aims: {times: 0.15}},
	cpu239Sessions: {name: 'CPU at 239 sessions, sessions pane', unit: '%', digits: 2, must: {times: 0.25}, aims: {times: 0.15}},
	bytes34: {name: 'bytes per refresh at 34 sessions, overview', unit: 'B', digits: 0, must: {below: 2500}, aims: {below: 950}},
	bytes34Sessions: {name: 'bytes per refresh at 34 sessions, sessions pane', unit: 'B', digits: 0, must: {below: 2500}, aims: {below: 950}},
	bytes239: {name: 'bytes per refresh at 239 sessions, overview', unit: 'B', digits: 0, must: {below: 5000}, aims: {below: 2174}},
	bytes239Sessions: {name: 'bytes per refresh at 239 sessions, sessions pane', unit: 'B', digits: 0, must: {below: 5000}, aims: {below: 2174}},
	bytesMove: {name: 'bytes for a selection move', unit: 'B', digits: 0, must: {below: 700}, aims: {below: 400}},
	trips: {name: 'round trips per refresh', unit: '', digits: 1, must: {below: 1.05}, aims: {below: 1.05}},
	serverMs: {name: 'server time per refresh, overview, 34 sessions', unit: 'ms', digits: 2, must: {below: 7}, aims: {below: 3}},
	serverMsSessions: {name: 'server time per refresh, sessions pane, 34 sessions', unit: 'ms', digits: 2, must: {below: 7}, aims: {below: 3}},
	statements: {name: 'statements per refresh, overview', unit: '', digits: 1, must: undefined, aims: undefined},
	refresh80: {name: 'refresh at 80 ms round trip', unit: 'ms', digits: 0, must: {below: 200}, aims: {below: 100}},
	keyMedian: {name: 'key to painted frame, p50, 239 sessions', unit: 'ms', digits: 1, must: undefined, aims: undefined},
	keyWorst: {name: 'key to painted frame, p99, 239 sessions', unit: 'ms', digits: 1, must: {below: 50}, aims: {below: 20}},
	memory: {name: 'resident memory after the run, 239 sessions', unit: 'MB', digits: 0, must: {below: 300}, aims: {below: 200}},
	help: {name: '`report --help` (the others: `--help`)', unit: 'ms', digits: 0, must: {below: 200}, aims: {below: 100}},
	tickSessions: {name: 'tick with 10,000 sessions (reduce and lay out)', unit: 'ms', digits: 1, must: {below: 150}, aims: {below: 60}},
	tickStatements: {name: 'tick with 10,000 statements', unit: 'ms', digits: 1, must: {below: 150}, aims: {below: 60}},
	keySessions: {name: 'key among 10,000 sessions, p99', unit: 'ms', digits: 1, must: {below: 50}, aims: {below: 20}},
	keyStatements: {name: 'key among 10,000 statements, p99', unit: 'ms', digits: 1, must: {below: 50}, aims: {below: 20}},
} as const satisfies Record<string, {name: string; unit: string; digits: number; must: Bound | undefined; aims: Bound | undefined}>;

export function table(results: Readonly<Record<Tool, Measured>>): string {
	const tools = (['pg_activity', 'pg_top'] as const).filter(tool => Object.keys(results[tool]).length > 0);
	const rows = (Object.keys(figures) as Figure[]).flatMap(figure => {
		const value = results.pgperf[figure];
		if (value === undefined) return [];
		const {name, must, aims} = figures[figure];
		const rival = results.pg_activity[figure];
		return [
			[
				name,
				...tools.map(tool => shown(figure, results[tool][figure])),
				shown(figure, value),
				bound(figure, must, rival),
				bound(figure, aims, rival),
				verdict(value, must, aims, rival),
			],
		];
	});
	return markdown([['figure', ...tools, 'pgperf', 'must', 'aims', ''], ...rows]);
}

function shown(figure: Figure, value: number | undefined): string {
	const {digits, unit} = figures[figure];
	return value === undefined ? '–' : `${value.toLocaleString('en', {minimumFractionDigits: digits, maximumFractionDigits: digits})} ${unit}`.trimEnd();
}

function limitOf(limit: Bound | undefined, rival: number | undefined): number | undefined {
	if (!limit) return undefined;
	return 'below' in limit ? limit.below : rival === undefined ? undefined : limit.times * rival;
}

function bound(figure: Figure, limit: Bound | undefined, rival: number | undefined): string {
	if (!limit) return '';
	const number = limitOf(limit, rival);
	const times = 'times' in limit ? `${limit.times}x` : '';
	return number === undefined ? times : `< ${shown(figure, number)}${times && ` (${times})`}`;
}

function verdict(value: number, must: Bound | undefined, aims: Bound | undefined, rival: number | undefined): string {
	const [needed, wished] = [limitOf(must, rival), limitOf(aims, rival)];
	if (needed === undefined) return '';
	return value >= needed ? '**missed**' : wished !== undefined && value >= wished ? 'met' : 'met, aim too';
}

/** The first row is the head. */
export function markdown(rows: readonly (readonly string[])[]): string {
	const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => [...row[column]!].length)));
	const line = (row: readonly string[]) => `| ${row.map((cell, column) => cell + ' '.repeat(widths[column]! - [...cell].length)).join(' | ')} |`;
	return [line(rows[0]!), `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`, ...rows.slice(1).map(line)].join('\n');
}

export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
