import pkg from '../package.json' with {type: 'json'};
import type {Literals} from '../source/mask.ts';
import {type Report, type ServerReport, schemaVersion} from '../source/report.ts';
import type {State} from '../source/state.ts';
import {iso, serverReport} from './report/document.ts';

/** A report of what is known now, as JSON: kept before a signal destroys the proof. Literals are masked. */
export function evidence(state: State): string {
	const server = serverReport(state, {literals: 'masked', rows: 1000, cells: 25});
	return json(reportOf([server], {wall: state.wall, interval_s: state.interval / 1000, literals: 'masked'}));
}

export function reportOf(
	servers: readonly ServerReport[],
	taken: {readonly wall: number; readonly interval_s: number | null; readonly literals: Literals},
): Report {
	return {schema: schemaVersion, pgperf: pkg.version, taken_at: iso(taken.wall), interval_s: taken.interval_s, literals: taken.literals, servers};
}

export function json(report: Report): string {
	return `${JSON.stringify(report, null, '\t')}\n`;
}
