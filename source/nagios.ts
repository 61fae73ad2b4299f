import type {LimitEntry, Limits, Unit} from './limits.ts';
import type {Check, Finding, Input, Limit, Table} from './pane.ts';
import {plain} from './plain.ts';
import type {CoverageReport} from './report.ts';
import {withoutSecrets} from './secrets.ts';

/** 0 ok, 1 warning, 2 critical, 3 unknown: https://nagios-plugins.org/doc/guidelines.html */
export type Verdict = {readonly exit: 0 | 1 | 2 | 3; readonly line: string};

export type Looked = {
	readonly checks: readonly {readonly check: Check; readonly table: Table}[];
	readonly input: Input;
	readonly limits: Limits;
	readonly findings: readonly Finding[];
	readonly coverage: CoverageReport;
};

const words = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;
/** Findings that are spelt out in the one line. */
const told = 3;
/** UTF-16 units, at most 3 bytes each. */
const longest = 1000;

/** The line of the plugin form: `PGPERF CRITICAL - what | 'check'=value;warning;critical`. */
export function verdictOf(looked: Looked): Verdict {
	const {findings, coverage} = looked;
	const loud = findings.filter(finding => finding.level !== 'notice');
	const blind = coverage.unseen.filter(one => one.possible);
	const exit = loud.some(finding => finding.level === 'critical') ? 2 : loud.length > 0 ? 1 : blind.length > 0 ? 3 : 0;
	const parts = loud.slice(0, told).map(finding => finding.title);
	if (loud.length > told) parts.push(`${loud.length - told} more`);
	if (blind.length > 0)
		parts.push(`${blind.length} of ${coverage.evaluated.length + coverage.unseen.length} checks could not be made: ${blind[0]!.check} (${blind[0]!.why})`);
	if (parts.length === 0) parts.push(quiet(coverage));
	const perfdata = performanceOf(looked);
	return {exit, line: `PGPERF ${words[exit]} - ${clean(parts.join('; '))}${perfdata ? ` | ${perfdata}` : ''}`};
}

function quiet({evaluated, unseen}: CoverageReport): string {
	if (evaluated.length === 0 && unseen[0]) return `nothing to check here: ${unseen[0].check} ${unseen[0].why}`;
	return `${evaluated.length === 1 ? evaluated[0] : `${evaluated.length} checks made`}, nothing found`;
}

export function unknownOf(problem: string): Verdict {
	return {exit: 3, line: `PGPERF UNKNOWN - ${clean(problem)}`};
}

/** A pipe would begin the numbers, and what is longer than a few kilobytes is cut by those that read it, numbers and all. */
function clean(text: string): string {
	const line = plain(withoutSecrets(text)).replaceAll('|', '/');
	return line.length > longest ? `${line.slice(0, longest).toWellFormed()}…` : line;
}

function performanceOf({checks, input, limits, coverage}: Looked): string {
	const seen = new Set<string>();
	return checks
		.flatMap(({check}) => {
			const limit = limits[check.id];
			if (!limit || seen.has(check.id) || !coverage.evaluated.includes(check.id)) return [];
			seen.add(check.id);
			// The two ends of a replication have a check each, of one name.
			const value = worstValue(
				checks.filter(one => one.check.id === check.id),
				input,
				limit,
				limits,
			);
			const steps = [limit.warning, limit.critical].map(step => (step === undefined ? '' : limit.below ? `${step}:` : String(step)));
			return [`'${check.id}'=${value === null ? 'U' : `${Math.round(value * 1000) / 1000}${units[limit.unit]}`};${steps.join(';')};0`];
		})
		.join(' ');
}

const units: Readonly<Record<Unit, string>> = {s: 's', ms: 'ms', '%': '%', bytes: 'B', 'bytes/s': 'B', count: ''};

/** What the check looks at, also where it finds nothing: asked with a limit that everything reaches. Null: there was nothing to judge. */
function worstValue(checks: Looked['checks'], input: Input, limit: LimitEntry, limits: Limits): number | null {
	// The floor of a time is what makes it worth a word, as bytes behind are: a standby that is level lags 0. That of a ratio or a mean is what makes it one.
	const floor = limit.unit === 's' && !limit.below ? undefined : limit.floor;
	const all: Limit = {...limit, floor, notice: limit.below ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY, warning: undefined, critical: undefined};
	const values = checks.flatMap(({check}) => check.when(input, all, limits)).map(hit => hit.value);
	if (values.length > 0) return limit.below ? Math.min(...values) : Math.max(...values);
	// Nobody who waits is a wait of 0; a ratio of nothing is none.
	return limit.floor === undefined && !limit.below && limit.unit !== '%' ? 0 : null;
}
