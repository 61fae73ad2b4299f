import pkg from '../package.json' with {type: 'json'};
import type {Changes} from '../source/compare.ts';
import type {Literals} from '../source/mask.ts';
import {nearest} from '../source/nearest.ts';
import {visible} from '../source/plain.ts';
import {type Report, type ServerReport, schemaVersion} from '../source/report.ts';
import type {State} from '../source/state.ts';
import {changesOutline} from './report/changes.ts';
import {type Diagnosis, doctorOutline} from './report/doctor.ts';
import {iso, serverReport} from './report/document.ts';
import {htmlOf} from './report/html.ts';
import {markdownOf} from './report/markdown.ts';
import {outline} from './report/outline.ts';
import {textOf} from './report/text.ts';

export {serverReport};

export const formats = ['text', 'json', 'markdown', 'html'] as const;
export type Format = (typeof formats)[number];
/** `width`, `colour` and `ascii` are for text alone. */
export type ReportOptions = {readonly format: Format; readonly width: number; readonly colour: boolean; readonly ascii: boolean};

/** A report of what is known now, as JSON: kept before a signal destroys the proof. Literals are masked; of many sessions those near `pids` are kept. */
export function evidence(state: State, pids: readonly number[] = []): string {
	const totals = Object.fromEntries(Object.entries(state.tables).map(([id, data]) => [id, data.rows.length]));
	const server = serverReport(nearest(state, pids), {literals: 'masked', rows: 1000, cells: 25, totals});
	return json(reportOf([server], {wall: state.wall, interval_s: state.interval / 1000, literals: 'masked'}));
}

export function reportOf(
	servers: readonly ServerReport[],
	taken: {readonly wall: number; readonly interval_s: number | null; readonly literals: Literals},
): Report {
	return {schema: schemaVersion, pgperf: pkg.version, taken_at: iso(taken.wall), interval_s: taken.interval_s, literals: taken.literals, servers};
}

/** A report, new or saved, in one of its formats. Ends with a line feed. */
export function rendered(report: Report, options: ReportOptions): string {
	switch (options.format) {
		case 'json':
			return json(report);
		case 'text':
			return textOf(outline(report, {rows: 10}), options);
		case 'markdown':
			return markdownOf(outline(report, {rows: 10}));
		case 'html':
			return htmlOf(outline(report, {rows: 25}), titleOf(report));
	}
}

/** What changed between two reports, in words. */
export function changed(
	a: Report,
	b: Report,
	found: {readonly pairs: readonly Changes[]; readonly alone: readonly string[]},
	options: Omit<ReportOptions, 'format'> & {readonly format: 'text' | 'markdown'},
): string {
	const blocks = changesOutline(a, b, found);
	return options.format === 'text' ? textOf(blocks, options) : markdownOf(blocks);
}

/** What a role sees and what would show the rest, in words. */
export function diagnosed(diagnosis: Diagnosis, options: Omit<ReportOptions, 'format'>): string {
	return textOf(doctorOutline(diagnosis), options);
}

function titleOf(report: Report): string {
	const [first, ...others] = report.servers;
	return `pgperf report ${first?.title ?? ''}${others.length > 0 ? ` and ${others.length} more` : ''}, ${report.taken_at}`;
}

function json(report: Report): string {
	return `${visible(JSON.stringify(report, null, '\t'))}\n`;
}
