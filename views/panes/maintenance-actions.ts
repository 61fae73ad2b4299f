import type {Action, Row} from '../../source/pane.ts';
import {identifier} from '../../source/spelling.ts';
import type {ViewsRow} from './views.ts';

type Relation = Row & {readonly nspname: string | null; readonly relname: string | null};

/** As people read it; the server quotes the names that it sends. */
export function nameOf(row: Relation): string {
	return `${row.nspname ?? ''}.${row.relname ?? ''}`;
}

export const refresh: Action<ViewsRow> = {
	id: 'refresh',
	key: 'R',
	label: 'Refresh view',
	danger: 'ask',
	many: true,
	plan: {sql: 'actions/refresh'},
	run: 'long',
	params: rows => [rows.map(row => row.oid), rows.map(row => row.relation)],
	disabled: (row, facts) => {
		if (facts.recovery) return 'this is a standby: refresh it on the primary';
		if (row.refreshing_pid !== null) return `${row.refreshing_pid} refreshes it now`;
		return row.may_refresh
			? undefined
			: `it belongs to ${row.owner}: ownership is needed${facts.major >= 17 ? `, or grant maintain on ${row.relation} to ${identifier(facts.role)}` : ''}`;
	},
	needs: 'ownership of the view, or maintain on it (17)',
};

const whats = ['analyze', 'vacuum', 'vacuum and analyze'];

export const maintain: Action<Relation & {readonly relid: string}> = {
	id: 'maintain',
	key: 'v',
	label: 'Analyze or vacuum',
	danger: 'ask',
	many: true,
	input: [
		{
			id: 'what',
			label: 'what',
			kind: 'choice',
			initial: 'analyze',
			choices: whats,
			problem: text => (whats.includes(text) ? undefined : `one of ${whats.join(', ')}`),
		},
	],
	plan: {sql: 'actions/maintain'},
	run: 'long',
	params: (rows, input) => [rows.map(row => row.relid), rows.map(nameOf), input.what ?? ''],
	disabled: (_, facts) => (facts.recovery ? 'this is a standby: its primary does this' : undefined),
	needs: 'ownership of the table or the database, or maintain on it (17)',
};

export const resetStatements: Action = {
	id: 'reset-statements',
	key: 'Z',
	label: 'Reset statistics of statements',
	danger: 'type',
	many: false,
	plan: {sql: 'actions/reset-statements'},
	run: 'call',
	params: () => [],
	needs: 'superuser or execute on pg_stat_statements_reset()',
};
