import {derived} from '../../source/answers.ts';
import {type Coverage, runOnce, score} from '../../source/checks.ts';
import {strangerBecause} from '../../source/cluster.ts';
import {inputOf} from '../../source/input.ts';
import type {Limits} from '../../source/limits.ts';
import {type Literals, withoutLiterals} from '../../source/mask.ts';
import type {Check, Facts, Finding, QueryName, Table, TableId} from '../../source/pane.ts';
import type {CoverageReport, DocumentOptions, FindingReport, LimitReport, SeriesReport, ServerReport, Where} from '../../source/report.ts';
import type {Answer, Server, State, TableData} from '../../source/state.ts';
import {ceilingOf} from '../components/chart.ts';
import {harmless} from '../layout.ts';
import {sectionOf, sourceNames} from './sections.ts';

/** What is known of the watched server and its companions, as one look judges it: no hold, and no literals that should not be kept. */
export function serverReport(live: State, options: DocumentOptions): ServerReport {
	const state = {...live, ...safe(live, options.literals)};
	const server = state.servers[state.watched];
	const panes = state.panes.filter(pane => options.only?.has(pane.id) !== false);
	const tables = panes.flatMap(pane => pane.tables);
	const problems = Object.fromEntries(tables.flatMap(table => finalProblem(state.tables[table.id], table)));
	const input = inputOf(state);
	const {findings, coverage} = runOnce(tables, input, state.settings.limits, state.watched, problems);
	const unseen = unseenOf(state, coverage, tables, options.impossible ?? new Set());
	const whole = {...coverage, waiting: [], unseen: unseen.map(({check, why}) => ({id: check, why}))};
	const sections = panes.flatMap(pane => sectionOf(state, input, pane, findings, unseen, options));
	const facts = server?.facts;
	const graded = score(findings, whole);
	return {
		id: state.watched,
		title: server?.title ?? state.watched,
		label: state.settings.label,
		status: facts ? (sections.every(section => section.status === 'ok') ? 'ok' : 'partial') : 'unreachable',
		problem: server?.feed.is === 'lost' ? server.feed.message : null,
		where: server && facts ? whereOf(state, server, facts, options.databases ?? null) : null,
		grade: {
			score: graded.score,
			grade: graded.grade,
			coverage_percent: graded.coveragePercent,
			deductions: graded.deductions.map(({id, points, why}) => ({check: id, points, why: harmless(why)})),
		},
		coverage: {evaluated: coverage.evaluated, unseen},
		findings: findings.map(finding => findingReport(finding, state.settings.limits)),
		limits: limitsOf(tables, state.settings.limits),
		sections,
		series: seriesOf(state, options),
		companions: Object.values(state.servers)
			.filter(one => one.id !== state.watched)
			.map(one => ({
				id: one.id,
				title: one.title,
				problem: one.feed.is === 'lost' ? one.feed.message : (strangerBecause(facts, one.facts) ?? null),
				where: one.facts ? whereOf(state, one, one.facts, null) : null,
			})),
	};
}

/** Samples without what must not be kept, and what follows from them: a derived sentence can't quote what is not there. */
function safe(state: State, literals: Literals): Pick<State, 'answers' | 'lookups' | 'tables'> {
	const cleaned = (answer: Answer): Answer =>
		answer.sample ? {...answer, sample: {...answer.sample, rows: withoutLiterals(answer.sample.rows, literals)}} : answer;
	const answers = Object.fromEntries(
		Object.entries(state.answers).map(([id, byName]) => [id, Object.fromEntries(Object.entries(byName).map(([name, answer]) => [name, cleaned(answer)]))]),
	);
	const lookups = Object.fromEntries(Object.entries(state.lookups).map(([key, row]) => [key, withoutLiterals([row], literals)[0]!]));
	const queries = new Set(Object.values(answers).flatMap(byName => Object.keys(byName)));
	const {tables} = derived({...state, answers, lookups, tables: {}}, queries, false, state.watched);
	// Tables that no query of ours feeds: Redis, PgBouncer, logs.
	const others = Object.fromEntries(Object.entries(state.tables).filter(([id]) => tables[id] === undefined));
	return {answers, lookups, tables: {...tables, ...others}};
}

function finalProblem(data: TableData | undefined, table: Table): readonly (readonly [TableId, string])[] {
	return data?.problem?.final ? [[table.id, data.problem.reason]] : [];
}

/** Why each check that was not made could not be made. */
function unseenOf(state: State, coverage: Coverage, tables: readonly Table[], impossible: ReadonlySet<QueryName>): CoverageReport['unseen'] {
	const homes = (id: string) => tables.filter(table => table.checks?.some(check => check.id === id));
	const possible = (id: string) => homes(id).some(table => !sourceNames(tables, table).some(name => impossible.has(name)));
	const told = coverage.unseen.map(({id, why}) => {
		const remedy = homes(id)
			.map(table => state.tables[table.id]?.problem?.remedy)
			.find(one => one !== undefined);
		return {check: id, why: harmless(why), remedy: remedy ?? null, possible: possible(id)};
	});
	const late = coverage.waiting.map(id => {
		const problem = homes(id)
			.map(table => state.tables[table.id]?.problem)
			.find(one => one !== undefined);
		return {check: id, why: harmless(problem?.reason ?? 'was not asked'), remedy: problem?.remedy ?? null, possible: possible(id)};
	});
	return [...told, ...late].sort((a, b) => (a.check < b.check ? -1 : 1));
}

function whereOf(state: State, server: Server, facts: Facts, databases: number | null): Where {
	const told = state.answers[server.id]?.vitals?.sample?.rows[0]?.server_time;
	const epoch = typeof told === 'number' ? told : state.wall / 1000;
	return {
		version: facts.version,
		recovery: facts.recovery,
		started_at: iso(facts.started_at * 1000),
		uptime_s: Math.max(0, Math.round(epoch - facts.started_at)),
		database: facts.database,
		databases,
		role: facts.role,
		superuser: facts.superuser,
		pg_monitor: facts.monitor,
		pg_read_all_stats: facts.canReadAll,
		pg_signal_backend: facts.canSignal,
		provider: facts.provider,
		pooled: facts.pooled,
		tls: server.tls ?? null,
		round_trip_ms: server.roundTrip !== undefined && Number.isFinite(server.roundTrip) ? rounded(server.roundTrip) : null,
		cost_ms: rounded(server.cost),
		system_identifier: facts.system_identifier,
		time_zone: facts.timezone,
		max_connections: facts.maxConnections,
		reserved_connections: facts.reservedConnections,
		extensions: facts.extensions,
	};
}

export function iso(wallMs: number): string {
	return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

function rounded(ms: number): number {
	return Math.round(ms * 100) / 100;
}

function findingReport(finding: Finding, limits: Limits): FindingReport {
	const limit = limits[finding.id];
	return {
		key: `${finding.id} ${finding.server} ${finding.subject}`,
		check: finding.id,
		class: finding.class,
		level: finding.level,
		server: finding.server,
		table: finding.table,
		row: finding.rowKey ?? null,
		field: finding.field ?? null,
		subject: finding.subject,
		title: harmless(finding.title),
		evidence: harmless(finding.detail),
		remedy: harmless(finding.remedy),
		value: Number.isFinite(finding.value) ? finding.value : null,
		threshold: finding.limit ?? null,
		unit: limit?.unit ?? null,
		origin: limit?.origin ?? null,
		count: finding.count,
	};
}

function limitsOf(tables: readonly Table[], limits: Limits): readonly LimitReport[] {
	const checks = new Map<string, Check>(tables.flatMap(table => table.checks ?? []).map(check => [check.id, check]));
	return [...checks.values()].flatMap(check => {
		const limit = limits[check.id];
		if (!limit) return [];
		return {
			check: check.id,
			title: limit.title,
			class: check.class,
			unit: limit.unit,
			notice: limit.notice ?? null,
			warning: limit.warning ?? null,
			critical: limit.critical ?? null,
			below: limit.below === true,
			floor: limit.floor ?? null,
			many: limit.many ?? null,
			origin: limit.origin,
		};
	});
}

function seriesOf(state: State, options: DocumentOptions): readonly SeriesReport[] {
	const rings = options.history?.rings ?? state.history;
	const step = options.history?.step_s ?? state.interval / 1000;
	return state.panes.flatMap(pane =>
		(pane.series ?? []).flatMap(series => {
			const points = (rings[series.id] ?? []).slice(-300);
			const known = points.filter(point => point !== null);
			const last = known.at(-1);
			if (known.length < 2 || last === undefined) return [];
			const ceiling = ceilingOf(Math.max(...known));
			return [
				{id: series.id, title: series.title, section: pane.id, points, step_s: step, ceiling, ceiling_text: series.show(ceiling), last_text: series.show(last)},
			];
		}),
	);
}
