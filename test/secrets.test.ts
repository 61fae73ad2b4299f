import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Event} from '../source/event.ts';
import {reducer} from '../source/reduce.ts';
import type {State} from '../source/state.ts';
import {screenOf} from '../views/frame.ts';
import {evidence} from '../views/report.ts';
import {recorded} from './support/recorded.ts';

const reduce = reducer(() => 0);
const secret = 'S3cr3tHunter';
const url = `postgresql://app:${secret}@db1/shop`;

function told(state: State, ...events: readonly Event[]): State {
	return events.reduce(reduce, state);
}

test('what the state never holds reaches no screen and no file', () => {
	const size = {columns: 250, rows: 60};
	const base = recorded('sessions', size);
	const server = base.watched;
	const {generation} = base.servers[server]!;
	const [sessions] = [base.answers[server]!.sessions!.sample!];
	const rows = sessions.rows.map(row => ({...row, query: `alter role bob password '${secret}'`, application_name: url}));
	const request = base.requests + 1;
	const at = base.now + 1000;
	const state = told(
		base,
		{type: 'requested', server, session: 'sample', request, queries: ['sessions', 'locks'], at},
		{
			type: 'sampled',
			server,
			session: 'sample',
			generation,
			request,
			at,
			results: {sessions: {status: 'ok', sample: {...sessions, at, rows}}, locks: {status: 'failed', message: `could not connect to ${url}`, code: undefined}},
		},
		{type: 'notified', server: 'main', channel: 'performance_alert', payload: `{"password": "${secret}"}`},
		{type: 'logged', entry: {kind: 'action', text: `invalid connection string ${url}`, tone: 'warning'}},
		{type: 'noticed', text: `still watching: ${url}`, tone: 'warning'},
		{type: 'settled', request: 1, title: 'x', outcomes: [{subject: 'x', done: false, tone: 'warning', text: `failed: ${url}`}]},
		{type: 'entered', at},
	);
	const lost = told(state, {type: 'lost', server, at, message: `could not connect to ${url}`, retryAt: at});
	for (const one of [state, lost, told(state, {type: 'called', overlay: 'log'}), told(state, {type: 'called', overlay: 'findings'})])
		assert.doesNotMatch(JSON.stringify(screenOf(one)), /S3cr3t/);
	assert.doesNotMatch(JSON.stringify({...lost, panes: null}), /S3cr3t/);
	assert.doesNotMatch(evidence(lost), /S3cr3t/);
	assert.match(JSON.stringify(screenOf(state)), /alter role bob password/);
});

test('a plan is shown without the secrets of its statement', () => {
	const text = `select * from users where password = '${secret}'`;
	const lines = ['Seq Scan on users  (cost=0.00..1.00 rows=1 width=4)', `  Filter: (password = '${secret}'::text)`];
	const base = recorded('queries', {columns: 160, rows: 50});
	const state: State = {...base, overlays: [{is: 'explain', request: 7, table: 'statements', row: {}, subject: 'x', stage: 'reading', scroll: 0}]};
	const read = told(state, {type: 'statementRead', request: 7, text});
	const shown = told(read, {type: 'explained', request: 7, result: {is: 'plan', text, lines, role: 'r', searchPath: 's', everyPartition: false}});
	for (const one of [read, shown]) assert.doesNotMatch(JSON.stringify(screenOf(one)), /S3cr3t/);
	assert.match(JSON.stringify(screenOf(shown)), /Filter: \(password = \?/);
	const [overlay] = read.overlays;
	assert.equal(overlay?.is === 'explain' && overlay.text, text, 'what is planned is what was read');
});
