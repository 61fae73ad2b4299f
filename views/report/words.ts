import type {Unit} from '../../source/limits.ts';
import {serviceName} from '../../source/provider.ts';
import type {FindingReport, LimitReport, Report, ServerReport, TableReport, Where} from '../../source/report.ts';
import {bytes, count, duration, milliseconds} from '../format.ts';

/** A number in the words of its unit. */
export function amount(value: number, unit: Unit | null): string {
	switch (unit) {
		case 's':
			return duration(value);
		case 'ms':
			return milliseconds(value);
		case '%':
			return `${Math.round(value * 10) / 10} %`;
		case 'bytes':
			return bytes(value);
		case 'bytes/s':
			return `${bytes(value)}/s`;
		case 'count':
		case null:
			return count(value);
	}
}

const origins = {
	default: 'pgperf’s default',
	config: 'from the configuration',
	environment: 'from the environment',
	flag: 'from --limit',
} as const;

/** `critical from 30s on, warning from 5s on; pgperf's default, --limit blocked=W/C changes it` */
export function thresholdOf(finding: FindingReport, limits: readonly LimitReport[]): string | undefined {
	const limit = limits.find(one => one.check === finding.check);
	if (!limit) return undefined;
	const way = limit.below ? 'under' : 'from';
	const steps = (['critical', 'warning', 'notice'] as const).flatMap(level => {
		const value = limit[level];
		return value === null ? [] : `${level} ${way} ${amount(value, limit.unit)}`;
	});
	return `${steps.join(', ')} (${measureOf(limit)}); ${origins[limit.origin]}, --limit ${limit.check}= changes it`;
}

/** What is measured, with the numbers that its title only names. */
function measureOf({title, floor, many}: LimitReport): string {
	const least = (what: string) => (what.startsWith('bytes') ? `${bytes(floor)}${what.slice('bytes'.length)}` : `${count(floor)} ${what}`);
	const number = many === null || many === undefined ? 'many' : title.includes('`many` bytes') ? bytes(many) : count(many);
	return title
		.replace(/`many` bytes|`many`/, number)
		.replace(/; floor: ([^;]+)/, (_, what: string) => (floor === null ? '' : `, with at least ${least(what)}`));
}

export function placeOf(where: Where): string {
	return `PostgreSQL ${where.version} ${where.recovery ? 'standby' : 'primary'}${where.provider === null ? '' : ` on ${serviceName(where.provider)}`}`;
}

/** Label and sentence of where and when. */
export function factsOf(report: Report, server: ServerReport): readonly (readonly [string, string])[] {
	const facts: (readonly [string, string])[] = [['taken', report.taken_at.replace('T', ' ')]];
	const {where} = server;
	if (where) {
		facts.push(
			['server', `${placeOf(where)}, up ${duration(where.uptime_s)}`],
			['database', where.databases === null ? where.database : `${where.database}, one of ${where.databases}`],
			['role', `${where.role}, ${roleOf(where)}`],
			['connection', connectionOf(where)],
		);
	}
	facts.push(['samples', samplesOf(report)]);
	const others = server.companions.map(one => `${one.title} (${[one.where && placeOf(one.where), one.problem].filter(Boolean).join('; ') || 'not answered'})`);
	if (others.length > 0) facts.push(['also asked', others.join('; ')]);
	return facts;
}

function roleOf(where: Where): string {
	if (where.superuser) return 'a superuser';
	if (where.pg_monitor) return 'a member of pg_monitor';
	if (where.pg_read_all_stats) return 'a member of pg_read_all_stats';
	return 'sees the sessions and statements of nobody else';
}

function connectionOf(where: Where): string {
	const parts = [where.tls === null ? undefined : where.tls ? 'TLS' : 'not encrypted', where.pooled ? 'through a pooler' : 'direct'];
	if (where.round_trip_ms !== null) parts.push(`round trip ${milliseconds(where.round_trip_ms)}`);
	return parts.filter(part => part !== undefined).join(', ');
}

function samplesOf(report: Report): string {
	const samples = report.interval_s === null ? 'one sample, no rates' : `two, ${duration(report.interval_s)} apart`;
	switch (report.literals) {
		case 'masked':
			return `${samples}; values in queries are masked`;
		case 'kept':
			return samples;
		case 'removed':
			return `${samples}; without query texts`;
	}
}

type NotSeen = {readonly what: string; readonly why: string; readonly remedy: string | null};

/** What could not be seen, and why: tables and checks with the same reason together. */
export function notSeen(server: ServerReport): readonly NotSeen[] {
	const groups = new Map<string, {tables: string[]; checks: string[]; remedy: string | null}>();
	const groupOf = (why: string, remedy: string | null) => {
		const found = groups.get(why) ?? {tables: [], checks: [], remedy};
		groups.set(why, found);
		return found;
	};
	for (const section of server.sections) {
		for (const table of section.tables) {
			if (table.status === 'ok' || table.reason === null) continue;
			const part = table.status === 'partial' ? ' (in part)' : '';
			groupOf(table.reason, table.remedy).tables.push(`${nameOf(section.title, table)}${part}`);
		}
	}
	for (const {check, why, remedy} of server.coverage.unseen) groupOf(why, remedy).checks.push(check);
	return [...groups].map(([why, {tables, checks, remedy}]) => ({
		what: [...tables, ...(checks.length > 0 ? [`${checks.length === 1 ? 'check' : 'checks'} ${checks.join(', ')}`] : [])].join(', '),
		why,
		remedy,
	}));
}

function nameOf(section: string, table: TableReport): string {
	return section === table.title ? section : `${section}: ${table.title}`;
}

/** `2 critical, 1 warning`, or that nothing was found. */
export function tally(findings: readonly Pick<FindingReport, 'level'>[]): string {
	const counts = (['critical', 'warning', 'notice'] as const).flatMap(level => {
		const n = findings.filter(finding => finding.level === level).length;
		return n === 0 ? [] : [`${n} ${n > 1 && level !== 'critical' ? `${level}s` : level}`];
	});
	return counts.join(', ') || 'nothing found';
}
