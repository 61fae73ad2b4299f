import assert from 'node:assert/strict';
import {test} from 'node:test';
import {derived} from '../source/answers.ts';
import type {Row} from '../source/pane.ts';
import {parseReport} from '../source/report.ts';
import type {State} from '../source/state.ts';
import {evidence} from '../views/report.ts';
import {edge} from './support/forest.ts';
import {recorded} from './support/recorded.ts';

/** The recorded world with ten thousand idle sessions more, and who waits for whom among the last of them. */
function crowded(edges: readonly Row[]): State {
	const state = recorded('sessions', {columns: 120, rows: 32});
	const own = state.answers[state.watched]!;
	const [first] = own.sessions!.sample!.rows;
	const crowd = Array.from(
		{length: 10_000},
		(_, i): Row => ({...first, pid: 100_000 + i, leader_pid: null, state: 'idle', wait_event: null, query: `select ${i}`}),
	);
	const sessions = {...own.sessions!, sample: {...own.sessions!.sample!, rows: [...own.sessions!.sample!.rows, ...crowd]}};
	const locks = {...own.locks!, sample: {...own.locks!.sample!, rows: [...own.locks!.sample!.rows, ...edges]}};
	const next = {...state, answers: {...state.answers, [state.watched]: {...own, sessions, locks}}};
	return derived(next, new Set(['sessions', 'locks']), false, state.watched);
}

test('of ten thousand sessions the evidence keeps the target, who is tied to it by locks, and all that do something; how many there are stays true', () => {
	const state = crowded([edge(109_000, 109_999), edge(108_000, 109_000)]);
	const report = parseReport(evidence(state, [109_999, 109_500]));
	assert.ok(!('problem' in report));
	const tables = Object.fromEntries(report.servers[0]!.sections.flatMap(section => section.tables.map(table => [table.id, table])));
	const kept = new Set(tables.sessions!.rows.map(row => row.values.pid));
	assert.deepEqual(
		[109_999, 109_500, 109_000, 108_000, 107_000].map(pid => kept.has(pid)),
		[true, true, true, true, false],
	);
	for (const row of state.tables.sessions!.rows) assert.ok(row.state === 'idle' || kept.has(row.pid!), `${row.pid} ${row.state}`);
	assert.equal(tables.sessions!.total, state.tables.sessions!.rows.length);
	assert.ok(kept.size <= 500, String(kept.size));
	assert.deepEqual(tables.sessions!.summary, [], 'a part is not counted');
	assert.equal(state.answers[state.watched]!.sessions!.sample!.rows.length, tables.sessions!.total, 'the state itself is left alone');
});

test('of few nothing is left out', () => {
	const state = recorded('sessions', {columns: 120, rows: 32});
	const report = parseReport(evidence(state, [1]));
	assert.ok(!('problem' in report));
	const sessions = report.servers[0]!.sections.flatMap(section => section.tables).find(table => table.id === 'sessions')!;
	assert.equal(sessions.rows.length, state.tables.sessions!.rows.length);
	assert.notDeepEqual(sessions.summary, []);
});
