import {levelOf} from '../../source/limits.ts';
import type {Check, Input, Row} from '../../source/pane.ts';
import {descending, figure, hit, text} from '../figures.ts';
import {count, milliseconds, percent, perSecond} from '../format.ts';
import {ownName, statementKey, sumsOf} from './queries-counting.ts';
import type {StatementsRow} from './queries-rows.ts';

function nameOf(row: Row): string {
	const known = typeof row.query === 'string' ? row.query.replace(/\s+/g, ' ').trim() : '';
	const shown = known.length > 60 ? `${known.slice(0, 59)}…` : known;
	return `${text(row.usename)}@${text(row.datname)} ${shown || `queryid ${text(row.queryid)}`}`;
}

/** The greater part is of other users and can't be told apart. */
function mostlyHidden(input: Input): string | undefined {
	const rows = input.rows.queries ?? [];
	const hidden = rows.filter(row => row.kind === 'hidden').reduce((sum, row) => sum + (figure(row, 'entries') ?? 0), 0);
	return hidden > rows.filter(row => row.kind === 'statement').length ? "other users' statements are hidden: grant pg_read_all_stats" : undefined;
}

/** Without pgperf's own: what it costs is told by itself. */
function topLevel(input: Input, id: 'queries' | 'statements-total'): readonly Row[] {
	return (input.rows[id] ?? []).filter(row => row.kind === 'statement' && row.toplevel === true && ownName(row) === null);
}

export function statementMean(): Check {
	return {
		id: 'statement-mean',
		class: 'now',
		title: 'slow statement',
		unseen: mostlyHidden,
		when: (input, limit) =>
			topLevel(input, 'queries')
				.filter(row => (figure(row, 'calls_d') ?? 0) >= (limit.floor ?? 0))
				.flatMap(row =>
					hit(figure(row, 'mean'), limit, {
						subject: `${text(row.queryid)} ${text(row.usename)}@${text(row.datname)}`,
						rowKey: statementKey(row as unknown as StatementsRow),
						field: 'mean',
						title: `${milliseconds(row.mean)} per call, ${percent(row.time_share)} of the time: ${nameOf(row)}`,
						detail: `${count(row.calls_d)} calls since the last sample; mean since reset ${milliseconds(row.mean_exec_time)}`,
						remedy: 'Look at its plan (e) and its waits; a mean far above the one since reset is a change of plan, data or cache.',
					}),
				),
	};
}

export function averageResponse(): Check {
	return {
		id: 'average-response',
		class: 'now',
		title: 'average response',
		when: (input, limit) => {
			const sums = sumsOf(input.rows.queries ?? []);
			if (!sums || (figure(sums, 'calls_d') ?? 0) < (limit.floor ?? 0)) return [];
			return hit(figure(sums, 'mean'), limit, {
				subject: 'all statements',
				title: `statements take ${milliseconds(sums.mean)} on average`,
				detail: `${count(sums.calls_d)} calls since the last sample, ${perSecond(sums.calls_per_s)}`,
				remedy: 'Sort the Queries pane by time: the first few usually hold most of it.',
			});
		},
	};
}

export function slowShare(): Check {
	return {
		id: 'slow-share',
		class: 'now',
		title: 'share of slow statements',
		unseen: mostlyHidden,
		when: (input, limit, limits) => {
			const slow = limits['statement-mean'] ?? {};
			const sums = sumsOf(input.rows.queries ?? []);
			if ((figure(sums, 'calls_d') ?? 0) < (limit.floor ?? 0)) return [];
			const rows = topLevel(input, 'queries').filter(row => levelOf(row.mean, slow) !== undefined);
			const part = rows.reduce((sum, row) => sum + (figure(row, 'time_share') ?? 0), 0);
			const worst = [...rows].sort(descending('time_share'))[0];
			return worst
				? hit(100 * part, limit, {
						subject: 'slow statements',
						title: `${percent(part)} of all statement time goes to ${rows.length} slow ${rows.length === 1 ? 'statement' : 'statements'}`,
						detail: `the first: ${milliseconds(worst.mean)} per call, ${nameOf(worst)}`,
						remedy: 'Open the first in the Queries pane and look at its plan.',
					})
				: [];
		},
	};
}

export function evictions(): Check {
	return {
		id: 'statement-evictions',
		class: 'care',
		title: 'pg_stat_statements evicts entries',
		when: (input, limit) => {
			const sums = sumsOf(input.rows.queries ?? []);
			return hit(figure(sums, 'dealloc_d'), limit, {
				subject: 'pg_stat_statements',
				title: 'pg_stat_statements throws entries away: its ranking is not reliable',
				detail: `${text(sums?.dealloc_d)} times since the last sample, each about 5 % of ${text(sums?.max_entries)} entries`,
				remedy: `Raise pg_stat_statements.max above ${text(sums?.max_entries)} (restart), or send fewer distinct statements (bind parameters, IN lists as arrays).`,
			});
		},
	};
}

export function manySlow(): Check {
	return {
		id: 'statement-calls',
		class: 'care',
		title: 'many slow statements',
		unseen: mostlyHidden,
		when: (input, limit) => {
			const rows = topLevel(input, 'statements-total')
				.filter(row => (figure(row, 'calls') ?? 0) >= (limit.floor ?? 0) && levelOf(row.mean, limit) !== undefined)
				.sort(descending('mean'));
			const worst = rows[0];
			return worst && rows.length > (limit.many ?? 0)
				? hit(figure(worst, 'mean'), limit, {
						subject: 'statements',
						title: `${rows.length} frequent statements are slow since reset`,
						detail: `the slowest: ${milliseconds(worst.mean)} per call, ${count(worst.calls)} calls, ${nameOf(worst)}`,
						remedy: 'Switch the Queries pane to "since reset" (m), sort by mean, and take the plans of the first.',
					})
				: [];
		},
	};
}
