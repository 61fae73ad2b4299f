import assert from 'node:assert/strict';
import {test} from 'node:test';
import {bug} from '../source/answers.ts';
import type {Event} from '../source/event.ts';
import {paneOf} from '../source/state.ts';
import {screenOf} from '../views/frame.ts';
import {unpainted} from '../views/theme.ts';
import {recorded} from './support/recorded.ts';
import {reduce} from './support/world.ts';

test('a pane that fails on an answer says so, keeps what it had, and takes nothing along', () => {
	const start = recorded('partitions', {columns: 120, rows: 32});
	const {watched} = start;
	const {generation} = start.servers[watched]!;
	const had = start.tables.partitions!;
	assert.ok(had.rows.length > 0);
	const broken = {...had.rows[0]!, bounds: '[["p", 1'};
	const answered = (name: string, rows: readonly object[], request: number): readonly Event[] => [
		{type: 'requested', server: watched, session: 'survey', request, queries: [name], at: start.now + 1000},
		{
			type: 'sampled',
			server: watched,
			session: 'survey',
			generation,
			request,
			at: start.now + 1000,
			results: {[name]: {status: 'ok', sample: {at: start.now + 1000, rows: rows as never, cost: 1}}},
		},
	];
	const state = answered('partitions', [broken], start.requests + 1).reduce(reduce, start);
	assert.equal(paneOf(state).id, 'partitions');
	assert.deepEqual(state.tables.partitions!.rows, had.rows);
	assert.match(state.tables.partitions!.problem?.reason ?? '', new RegExp(`^${bug} \\(.*JSON`));
	assert.match(screenOf(state).map(unpainted).join('\n'), new RegExp(bug));

	const views = answered('views', [], state.requests + 1).reduce(reduce, state);
	assert.equal(views.tables.views!.rows.length, 0);
	const mended = answered('partitions', start.answers[watched]!.partitions!.sample!.rows, views.requests + 1).reduce(reduce, views);
	assert.equal(mended.tables.partitions!.problem, undefined);
});
