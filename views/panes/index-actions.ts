import type {Action, Row} from '../../source/pane.ts';
import {nameOf} from './maintenance-actions.ts';

type Index = Row & {readonly indexrelid: string | null; readonly nspname: string | null; readonly relname: string | null};

const standby = 'this is a standby: do it on the primary';

export const dropIndex: Action<Index> = {
	id: 'drop-index',
	key: 'D',
	label: 'Drop index',
	danger: 'type',
	many: true,
	plan: {sql: 'actions/drop-index'},
	run: 'long',
	params: rows => [rows.map(row => row.indexrelid), rows.map(nameOf)],
	disabled: (row, facts) => {
		if (facts.recovery) return standby;
		// Statistics are of one server alone: unused here may be in use on a standby that nobody asked.
		if (typeof row.used_on === 'string' && row.used_on !== '') return `it is used on ${row.used_on}`;
		const missing = typeof row.servers_missing === 'number' ? row.servers_missing : 0;
		if (missing > 0) return `unused here, but ${missing} ${missing === 1 ? 'server was' : 'servers were'} not asked: name them with --replica`;
		return typeof row.keep === 'string' ? row.keep : undefined;
	},
	needs: 'ownership of the index',
};

export const reindex: Action<Index> = {
	id: 'reindex',
	key: 'B',
	label: 'Rebuild index',
	danger: 'ask',
	many: true,
	plan: {sql: 'actions/reindex'},
	run: 'long',
	params: rows => [rows.map(row => row.indexrelid), rows.map(nameOf)],
	disabled: (row, facts) => {
		if (facts.recovery) return standby;
		return row.cause === 'building' ? `it is being built${typeof row.builder === 'number' ? ` by ${row.builder}` : ''}` : undefined;
	},
	needs: 'ownership of the index, or maintain on its table (17)',
};

export const createIndex: Action<Row & {readonly conoid: string; readonly conname: string}> = {
	id: 'create-index',
	key: 'B',
	label: 'Build index',
	danger: 'ask',
	many: true,
	plan: {sql: 'actions/create-index'},
	run: 'long',
	params: rows => [rows.map(row => row.conoid), rows.map(row => row.conname)],
	disabled: (row, facts) => {
		if (facts.recovery) return standby;
		return row.partitioned === true ? 'its table is partitioned: build it concurrently on each partition, then on the parent' : undefined;
	},
	needs: 'ownership of the table',
};
