import type {Answers, Detail, Explain, Input, Line, Row, Section, Value} from '../../source/pane.ts';
import {answered, text, told} from '../figures.ts';
import {bytes, count, duration, milliseconds, moment, percent, perSecond} from '../format.ts';
import {statementKey, sumsOf} from './queries-counting.ts';
import type {StatementsRow} from './queries-rows.ts';

export const detail: Detail<StatementsRow> = {
	title: row => `Statement ${text(row.queryid)}`,
	ask: [
		{id: 'text', sql: 'statement-text', params: row => [row.queryid ?? '0', row.userid ?? '0', row.dbid ?? '0'], session: 'survey'},
		{id: 'sessions', sql: 'statement-sessions', params: row => [row.queryid ?? '0'], session: 'sample'},
	],
	sections,
};

export const explain: Explain<StatementsRow> = {
	sql: 'statement-text',
	params: row => [row.queryid ?? '0', row.userid ?? '0', row.dbid ?? '0'],
	subject: row => `statement ${text(row.queryid)}`,
	disabled(row) {
		if (row.kind === 'hidden') return 'the statements of other users are hidden: grant pg_read_all_stats';
		if (row.kind !== 'statement') return 'it is the sum of all statements';
		return row.here === true ? undefined : `it is of database ${text(row.datname)}: watch that one (w)`;
	},
};

/** A text in its own lines. */
export function textLines(value: Value): readonly Line[] {
	if (typeof value !== 'string') return [[{text: 'unknown', tone: 'dim'}]];
	return value
		.trim()
		.split('\n')
		.map(part => [{text: part}]);
}

function sections(row: StatementsRow, answers: Answers, input: Input): readonly Section[] {
	const whole = answered(answers, 'text');
	const sessions = answered(answers, 'sessions');
	const current = input.rows.queries?.find(one => statementKey(one as unknown as StatementsRow) === statementKey(row)) ?? (row as Row);
	const kept = input.rows['statements-total']?.find(one => statementKey(one as unknown as StatementsRow) === statementKey(row)) ?? (row as Row);
	const textSection =
		'line' in whole
			? [whole.line]
			: whole.rows.length === 0
				? [[{text: 'It is no longer among the statements: evicted or reset.', tone: 'notice' as const}]]
				: textLines(whole.rows[0]!.query ?? null);
	const running = 'line' in sessions ? [sessions.line] : sessions.rows.map(sessionLine);
	return [
		{title: 'Text', lines: textSection},
		{
			title: 'Since the last sample',
			lines: [
				told('share of all time', percent(current.time_share)),
				told('calls', `${perSecond(current.calls_per_s)}, ${count(current.calls_d)} in all`),
				told('mean', milliseconds(current.mean)),
				told('rows per call', count(current.rows_per_call)),
				told('found in the cache', percent(current.hit)),
			],
		},
		{
			title: row.since === null ? 'Since reset' : `Since ${moment(row.since)}`,
			lines: [
				told('share of all time', percent(kept.time_share)),
				told('calls', count(row.calls)),
				told('mean, deviation, max', `${milliseconds(row.mean_exec_time)}, ${milliseconds(row.stddev_exec_time)}, ${milliseconds(row.max_exec_time)}`),
				told(
					'planned',
					(row.plans ?? 0) > 0 ? `${count(row.plans)} times, ${milliseconds(row.total_plan_time)} in all` : 'not counted (pg_stat_statements.track_planning)',
				),
				told('blocks', `${count(row.shared_blks_hit)} hit, ${count(row.shared_blks_read)} read, ${count(row.shared_blks_dirtied)} dirtied`),
				told(
					'I/O time',
					sumsOf(input.rows.queries ?? [])?.io_timed === false
						? 'not measured (track_io_timing is off)'
						: `${milliseconds(row.read_time)} read, ${milliseconds(row.write_time)} write`,
				),
				told('temporary blocks', `${count(row.temp_blks_read)} read, ${count(row.temp_blks_written)} written`),
				told('WAL', bytes(row.wal_bytes)),
			],
		},
		{title: 'Sessions that run it now', lines: running.length > 0 ? running : [[{text: 'none', tone: 'dim'}]]},
	];
}

function sessionLine(row: Row): Line {
	const wait = row.wait_event ? `${text(row.wait_event_type)}:${text(row.wait_event)}` : 'running';
	return [
		{text: text(row.pid).padEnd(8)},
		{text: duration(row.query_s).padEnd(7)},
		{text: wait.padEnd(24), tone: 'dim'},
		{text: `${text(row.usename)} ${text(row.application_name)}`},
	];
}
