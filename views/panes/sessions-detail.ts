import type {Answers, Line, Section, Value} from '../../source/pane.ts';
import {count, duration, milliseconds, plain, unknown} from '../format.ts';
import {isActive, type Signalled} from '../signals.ts';
import type {Session} from './sessions-row.ts';

type Answered = {readonly [field: string]: Value};

function rowOf(answers: Answers, id: string): Answered | undefined {
	const answer = answers[id];
	return answer?.status === 'ok' ? answer.sample.rows[0] : undefined;
}

function problemOf(answers: Answers, id: string): readonly Line[] {
	const answer = answers[id];
	if (!answer) return [[{text: 'asking …', tone: 'dim'}]];
	if (answer.status === 'failed') return [[{text: answer.message, tone: 'warning'}]];
	return answer.status === 'skipped' ? [[{text: `${answer.reason}${answer.remedy ? `: ${answer.remedy}` : ''}`, tone: 'dim'}]] : [];
}

/** The whole text and the times of one session, as the server has them now. */
export function statementLines(row: Signalled, answers: Answers): readonly Section[] {
	const now = rowOf(answers, 'statement');
	const active = isActive(row.state);
	const text = typeof now?.query === 'string' ? now.query : row.query;
	const size = typeof now?.query_size === 'number' ? now.query_size : null;
	const query: Line[] = [[{text: text ?? unknown}]];
	if (text !== null && text !== undefined && size !== null && new TextEncoder().encode(text).length >= size - 4) {
		query.push([{text: `cut by the server: track_activity_query_size is ${size}`, tone: 'dim'}]);
	}
	const pairs: readonly (readonly [string, Value | undefined])[] = [
		['user', row.usename],
		['database', row.datname],
		['application', row.application_name],
		['client', row.client],
		['backend', row.backend_type],
		['state', row.state === null ? null : `${row.state} ${duration(row.state_s)}`],
		['connected', row.backend_start],
		['transaction since', row.xact_start],
		[active ? 'query since' : 'last query at', row.query_start],
		['state since', row.state_change],
		['has written', row.backend_xid === null ? 'nothing yet' : `yes, as transaction ${row.backend_xid}`],
		['holds back vacuum', typeof now?.xmin_age === 'number' ? `${count(now.xmin_age)} transactions` : null],
		['encryption', now?.ssl === true ? `${now.tls_version} ${now.cipher}` : now?.ssl === false ? 'none' : null],
	];
	const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
	const gone: Line[] = answers.statement?.status === 'ok' && !now ? [[{text: 'it has gone since', tone: 'warning'}]] : [];
	return [
		{title: active ? 'Query' : 'Last query', lines: [...gone, ...query]},
		{
			title: 'Session',
			lines: [...known.map(([name, value]): Line => [{text: name.padEnd(19), tone: 'dim'}, {text: plain(value)}]), ...problemOf(answers, 'statement')],
		},
	];
}

export function lockLines(answers: Answers): readonly Section[] {
	const answer = answers.locks;
	const rows = answer?.status === 'ok' ? answer.sample.rows : [];
	const all = typeof rows[0]?.locks === 'number' ? rows[0].locks : rows.length;
	const lines = rows.map(
		(row): Line => [
			{text: row.granted === true ? 'holds  ' : 'awaits ', tone: row.granted === true ? 'dim' : 'warning'},
			{text: `${String(row.mode).padEnd(25)} ${row.locktype === 'relation' ? '' : `${row.locktype} `}${row.object ?? ''}`},
		],
	);
	return [
		{
			title: `Locks (${rows.length < all ? `${rows.length} of ` : ''}${all})`,
			lines: lines.length > 0 ? lines : [...problemOf(answers, 'locks'), ...(answer?.status === 'ok' ? [[{text: 'none'}]] : [])],
		},
	];
}

function statisticsLines(row: Session, answers: Answers): readonly Section[] {
	const known = rowOf(answers, 'statistics');
	if (!known) return row.query_id === null ? [] : [{title: 'Its statement since the reset', lines: problemOf(answers, 'statistics')}];
	return [
		{
			title: 'Its statement since the reset',
			lines: [
				[
					{
						text: `${count(known.calls)} calls, mean ${milliseconds(known.mean_ms)}, longest ${milliseconds(known.max_ms)}, ${count(known.rows)} rows, ${count(known.shared_blks_read)} blocks read, ${count(known.temp_blks_written)} temporary blocks written`,
					},
				],
			],
		},
	];
}

export function sections(row: Session, answers: Answers): readonly Section[] {
	const waits: Line[] = [];
	if (row.wait !== null) waits.push([{text: row.wait, tone: 'strong'}, {text: row.waits_for === null ? '' : `  behind ${row.waits_for}`}]);
	if (row.blocks > 0) waits.push([{text: `holds up ${row.blocks}`, tone: 'critical'}]);
	return [
		...(waits.length > 0 ? [{title: 'Waits', lines: waits}] : []),
		...statementLines(row, answers),
		...lockLines(answers),
		...statisticsLines(row, answers),
	];
}
