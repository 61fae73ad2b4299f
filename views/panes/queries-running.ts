import type {Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {descending} from '../figures.ts';
import {duration} from '../format.ts';
import {textLines} from './queries-detail.ts';
import type {RunningRow} from './queries-rows.ts';
import {hiddenStates} from './vitals.ts';

/** What has not ended yet is in no statistics: here it is, and here alone where pg_stat_statements is missing. */
export const running: Table = table<RunningRow>({
	id: 'running',
	title: 'running now',
	empty: 'No statement runs at this moment.',
	from: {sql: 'running'},
	scope: 'server',
	every: 'tick',
	rowKey: row => `${row.pid} ${row.backend_start}`,
	columns: [
		{field: 'query_s', title: 'age', width: 6, align: 'right', priority: 1, show: value => duration(value)},
		{field: 'pid', title: 'pid', width: 7, align: 'right', priority: 2},
		{field: 'usename', title: 'user', width: 10, priority: 3},
		{field: 'datname', title: 'db', width: 10, priority: 4},
		{field: 'application_name', title: 'app', width: 12, priority: 6},
		{field: 'wait_event', title: 'wait', width: 18, priority: 5, show: (_, row) => (row.wait_event ? `${row.wait_event_type}:${row.wait_event}` : 'running')},
		{field: 'query', title: 'query', width: 20, grow: 1, priority: 1},
	],
	groups: ['usename', 'datname', 'application_name'],
	filters: {user: 'usename', db: 'datname', app: 'application_name'},
	order: descending('query_s'),
	unseen: (_, input) => hiddenStates(input),
	summary: rows => {
		const hidden = rows[0]?.hidden ?? 0;
		return hidden > 0 ? [[{text: `${hidden} sessions of other users can't be seen: grant pg_read_all_stats`, tone: 'notice'}]] : [];
	},
	detail: {
		title: row => `Statement of ${row.pid}`,
		ask: [],
		sections: row => [{title: 'Text', lines: textLines(row.query)}],
	},
	explain: {
		sql: 'session-statement',
		params: row => [row.pid, row.backend_start],
		subject: row => `what ${row.pid} runs`,
		disabled: (row, facts) => (row.datname === facts.database ? undefined : `it runs in database ${row.datname}: watch that one (w)`),
	},
});
