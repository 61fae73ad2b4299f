import {defaultLimits, type Limits, thresholdOf} from './limits.ts';
import type {Check, Finding, Hit, Input, Level, Limit, Row, RowKey, ServerId, Table, TableId, Tone} from './pane.ts';
import {isLack} from './provider.ts';
import {spelled} from './spelling.ts';

/**
 * How far one check has got with one object. `rank` is what is shown: 0 nothing, 1 notice, 2 warning, 3 critical.
 * `rises` and `falls` count samples in a row that were worse or better than that; `target` is the mildest rank among
 * those rises, or the worst among those falls, so that a value that jumps about settles where all of them agree.
 */
export type Standing = {
	readonly table: TableId;
	readonly rank: number;
	readonly rises: number;
	readonly falls: number;
	readonly target: number;
	readonly finding: Finding;
};
/** Plain data, by server, table, check and subject. */
export type CheckState = Readonly<Record<string, Standing>>;
export const freshChecks: CheckState = {};

export type Coverage = {
	/** Ids of the checks that had something to judge, whether they found something or not. */
	readonly evaluated: readonly string[];
	/** Their table has not been answered yet. */
	readonly waiting: readonly string[];
	readonly unseen: readonly {readonly id: string; readonly why: string}[];
};
export const noCoverage: Coverage = {evaluated: [], waiting: [], unseen: []};
export type Checked = {readonly state: CheckState; readonly findings: readonly Finding[]; readonly coverage: Coverage};

/** Table ids to why they can't be answered until something changes: missing privilege, extension, version. */
export type Problems = Readonly<Record<TableId, string>>;

const ranks: Readonly<Record<Level, number>> = {notice: 1, warning: 2, critical: 3};
const levels: readonly Level[] = ['notice', 'notice', 'warning', 'critical'];

/** One round. Only tables in `sampled`, and those made of them, count towards the hold; what other tables said stays. */
export function runChecks(
	previous: CheckState,
	tables: readonly Table[],
	input: Input,
	limits: Limits,
	server: ServerId,
	sampled: ReadonlySet<TableId>,
	problems: Problems = {},
): Checked {
	const state: Record<string, Standing> = {};
	const prefix = `${server}\0`;
	for (const [key, standing] of Object.entries(previous)) {
		// A server that is watched again after an hour starts afresh: what was true then says nothing of now.
		if (key.startsWith(prefix) && problems[standing.table] === undefined) state[key] = standing;
	}
	for (const table of tables) {
		if (!table.checks || problems[table.id] !== undefined || !input.rows[table.id] || !isSampled(table, tables, sampled)) continue;
		for (const check of table.checks) {
			const start = `${prefix}${table.id}\0${check.id}\0`;
			const found = check.unseen?.(input) === undefined ? findingsOf(check, table, input, limits, server) : undefined;
			for (const key of Object.keys(state)) {
				if (!key.startsWith(start) || found?.has(key.slice(start.length))) continue;
				const isOver = check.isOver?.(input, state[key]!.finding.subject) === true;
				const next = found && !isOver && moved(state[key]!, holdOf(check), undefined);
				if (next) state[key] = next;
				else delete state[key];
			}
			for (const [subject, finding] of found ?? []) state[start + subject] = moved(state[start + subject], holdOf(check), finding)!;
		}
	}
	const findings = Object.values(state)
		.filter(standing => standing.rank > 0)
		.map(standing => shown(standing, limits))
		.sort(worstFirst);
	return {state, findings, coverage: coverageOf(tables, input, problems)};
}

/** Without a hold: one look, for report and check. */
export function runOnce(tables: readonly Table[], input: Input, limits: Limits, server: ServerId, problems: Problems = {}): Omit<Checked, 'state'> {
	const findings = tables.flatMap(table =>
		problems[table.id] !== undefined || !input.rows[table.id]
			? []
			: (table.checks ?? []).flatMap(check => (check.unseen?.(input) === undefined ? [...findingsOf(check, table, input, limits, server).values()] : [])),
	);
	return {findings: findings.sort(worstFirst), coverage: coverageOf(tables, input, problems)};
}

function isSampled(table: Table, tables: readonly Table[], sampled: ReadonlySet<TableId>): boolean {
	if (sampled.has(table.id)) return true;
	if (!('tables' in table.from)) return false;
	return table.from.tables.some(id => {
		const source = tables.find(other => other.id === id);
		return source ? isSampled(source, tables, sampled) : sampled.has(id);
	});
}

function holdOf(check: Check): {readonly rise: number; readonly clear: number} {
	return check.hold ?? (check.class === 'now' ? {rise: 3, clear: 10} : {rise: 1, clear: 1});
}

/** One finding per subject: its worst hit, with the number of hits. */
function findingsOf(check: Check, table: Table, input: Input, limits: Limits, server: ServerId): ReadonlyMap<string, Finding> {
	const limit: Limit = limits[check.id] ?? {};
	const findings = new Map<string, Finding>();
	const servers = table.scope === 'cluster' ? serversOf(table, input.rows[table.id] ?? []) : undefined;
	for (const hit of check.when(input, limit, limits)) {
		const before = findings.get(hit.subject);
		const worst = before && !isWorse(hit, before, limit.below === true) ? before : findingOf(hit, check, table, server, servers, limits);
		findings.set(hit.subject, {...worst, count: (before?.count ?? 0) + 1});
	}
	return findings;
}

function findingOf(
	hit: Hit,
	check: Check,
	table: Table,
	server: ServerId,
	servers: ReadonlyMap<RowKey, ServerId> | undefined,
	limits: Limits,
): Omit<Finding, 'count'> {
	const at = hit.rowKey === undefined ? undefined : servers?.get(hit.rowKey);
	return {
		...hit,
		remedy: spelled(hit.remedy),
		id: check.id,
		class: check.class,
		server: at ?? server,
		table: table.id,
		limit: thresholdOf(hit.level, limits[check.id] ?? {}),
	};
}

function serversOf(table: Table, rows: readonly Row[]): ReadonlyMap<RowKey, ServerId> {
	return new Map(rows.flatMap(row => (typeof row.server === 'string' ? [[table.rowKey(row), row.server]] : [])));
}

function isWorse(a: Hit, b: Hit, below: boolean): boolean {
	if (a.level !== b.level) return ranks[a.level] > ranks[b.level];
	return below ? a.value < b.value : a.value > b.value;
}

function moved(before: Standing | undefined, hold: {readonly rise: number; readonly clear: number}, finding: Finding | undefined): Standing | undefined {
	const rank = finding ? ranks[finding.level] : 0;
	const from = before ?? {table: finding!.table, rank: 0, rises: 0, falls: 0, target: 0, finding: finding!};
	const kept = {...from, finding: finding ?? from.finding};
	if (rank === from.rank) return rank === 0 ? undefined : {...kept, rises: 0, falls: 0, target: rank};
	if (rank > from.rank) {
		const rises = from.rises + 1;
		const target = from.rises === 0 ? rank : Math.min(from.target, rank);
		return rises >= hold.rise ? {...kept, rank: target, rises: 0, falls: 0, target} : {...kept, rises, falls: 0, target};
	}
	const falls = from.falls + 1;
	const target = from.falls === 0 ? rank : Math.max(from.target, rank);
	if (falls < hold.clear) return {...kept, rises: 0, falls, target};
	return target === 0 ? undefined : {...kept, rank: target, rises: 0, falls: 0, target};
}

/** While the hold lasts, the words are of the last hit and the level is the one that was settled. */
function shown(standing: Standing, limits: Limits): Finding {
	const level = levels[standing.rank]!;
	return {...standing.finding, level, limit: thresholdOf(level, limits[standing.finding.id] ?? {})};
}

/** A check that several tables carry is made if one of them could be judged, unless it says itself that it is blind. */
function coverageOf(tables: readonly Table[], input: Input, problems: Problems): Coverage {
	const evaluated = new Set<string>();
	const waiting = new Set<string>();
	const refused = new Map<string, string>();
	const blind = new Map<string, string>();
	for (const table of tables) {
		for (const check of table.checks ?? []) {
			const problem = problems[table.id];
			if (problem !== undefined && isLack(problem)) continue;
			const why = problem === undefined && input.rows[table.id] ? check.unseen?.(input) : undefined;
			if (problem !== undefined) refused.set(check.id, problem);
			else if (why !== undefined) blind.set(check.id, why);
			else if (input.rows[table.id]) evaluated.add(check.id);
			else waiting.add(check.id);
		}
	}
	const unseen = new Map([...[...refused].filter(([id]) => !evaluated.has(id) && !waiting.has(id)), ...blind]);
	return {
		evaluated: [...evaluated].filter(id => !unseen.has(id)),
		waiting: [...waiting].filter(id => !evaluated.has(id) && !unseen.has(id)),
		unseen: [...unseen].map(([id, why]) => ({id, why})),
	};
}

/** Within one level: what hurts before hygiene, then the order of the limits, the worse value, the greater count, the name. */
const order: ReadonlyMap<string, number> = new Map(Object.keys(defaultLimits).map((id, index) => [id, index]));

function worstFirst(a: Finding, b: Finding): number {
	return (
		ranks[b.level] - ranks[a.level] ||
		Number(a.class === 'care') - Number(b.class === 'care') ||
		(order.get(a.id) ?? order.size) - (order.get(b.id) ?? order.size) ||
		compare(a.id, b.id) ||
		(defaultLimits[a.id]?.below ? a.value - b.value : b.value - a.value) ||
		b.count - a.count ||
		compare(a.subject, b.subject) ||
		compare(a.server, b.server) ||
		compare(a.table, b.table)
	);
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

/** What a list shows: at most five findings of one check, then how many more there are of it. */
export type Listed = {readonly is: 'finding'; readonly finding: Finding} | {readonly is: 'more'; readonly id: string; readonly count: number};

export function firstFive(findings: readonly Finding[]): readonly Listed[] {
	const listed: Listed[] = [];
	const seen = new Map<string, number>();
	for (const finding of findings) {
		const count = (seen.get(finding.id) ?? 0) + 1;
		seen.set(finding.id, count);
		if (count <= 5) listed.push({is: 'finding', finding});
	}
	for (const [id, count] of seen) {
		if (count <= 5) continue;
		const last = listed.findLastIndex(entry => entry.is === 'finding' && entry.finding.id === id);
		listed.splice(last + 1, 0, {is: 'more', id, count: count - 5});
	}
	return listed;
}

export type Grade = 'A' | 'B' | 'C' | 'D' | 'F';
export type Deduction = {readonly id: string; readonly points: number; readonly why: string};
export type Score = {
	/** 0 to 100; null while less than half of the checks could be made. */
	readonly score: number | null;
	readonly grade: Grade | null;
	/** Largest first. */
	readonly deductions: readonly Deduction[];
	readonly coveragePercent: number;
};

const points: Readonly<Record<'now' | 'care', Readonly<Record<Level, number>>>> = {
	now: {critical: 25, warning: 10, notice: 2},
	care: {critical: 15, warning: 4, notice: 1},
};

/**
 * The worst finding of each check takes its points, each further one a tenth of them, all together at most twice:
 * a hundred unused indexes are one bad habit. What could not be seen is neither good nor bad: it lowers the coverage.
 */
export function score(findings: readonly Finding[], coverage: Coverage): Score {
	const known = coverage.evaluated.length;
	const all = known + coverage.waiting.length + coverage.unseen.length;
	const coveragePercent = all === 0 ? 0 : Math.floor((100 * known) / all);
	const byCheck = Map.groupBy(findings, finding => finding.id);
	const deductions = [...byCheck]
		.map(([id, same]) => {
			const worst = same[0]!;
			const most = points[worst.class][worst.level];
			const more = same.slice(1).reduce((sum, finding) => sum + points[finding.class][finding.level] / 10, 0);
			return {id, points: Math.round(Math.min(2 * most, most + more)), why: same.length > 1 ? `${worst.title} (+${same.length - 1})` : worst.title};
		})
		.sort((a, b) => b.points - a.points);
	if (coveragePercent < 50) return {score: null, grade: null, deductions, coveragePercent};
	const total = Math.max(0, 100 - deductions.reduce((sum, deduction) => sum + deduction.points, 0));
	return {score: total, grade: gradeOf(total), deductions, coveragePercent};
}

function gradeOf(total: number): Grade {
	if (total >= 90) return 'A';
	if (total >= 80) return 'B';
	if (total >= 70) return 'C';
	return total >= 60 ? 'D' : 'F';
}

/** The tone of a cell: of the worst finding that names its row and field. */
export function toneOf(findings: readonly Finding[], table: TableId, rowKey: RowKey, field: string): Tone | undefined {
	return findings.find(finding => finding.table === table && finding.rowKey === rowKey && finding.field === field)?.level;
}

/** The tone of a tab: of the worst finding of class now in its tables. */
export function worstOf(findings: readonly Finding[], tables: readonly TableId[]): Level | undefined {
	return findings.find(finding => finding.class === 'now' && tables.includes(finding.table))?.level;
}
