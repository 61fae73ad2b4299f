import assert from 'node:assert/strict';
import {test} from 'node:test';
import {due} from '../source/due.ts';
import type {Check, Result} from '../source/pane.ts';
import type {State} from '../source/state.ts';
import {after, connected, ok, sampled} from './support/world.ts';

const asked = (state: State, now: number) => Object.fromEntries(due(state, now).map(round => [round.session, [...round.queries].sort()]));
const costly = (at: number, cost: number): Result => ({status: 'ok', sample: {at, rows: [], cost}});

test('at once after connecting: the vitals and the open pane, in one round', () => {
	assert.deepEqual(asked(connected(), 0), {sample: ['people', 'vitals']});
});

test('nothing while an answer is awaited, and nothing before the interval is over', () => {
	const waiting = after(connected(), {type: 'requested', server: 'db', session: 'sample', request: 1, queries: ['vitals'], at: 0});
	assert.deepEqual(asked(waiting, 5000), {});
	const answered = sampled(connected(), 1000, {vitals: ok(1000), people: ok(1000)});
	assert.deepEqual(asked(answered, 1500), {});
	assert.deepEqual(asked(answered, 2000), {sample: ['people', 'vitals']});
});

test('a late tick does not move the ones after it', () => {
	const late = sampled(sampled(connected(), 0, {vitals: ok(0)}), 1080, {vitals: ok(1080)});
	assert.equal(late.servers.db?.tickAt, 1000);
});

test('a pane that is opened is asked at once, on the session of its pace', () => {
	const answered = sampled(connected(), 1000, {vitals: ok(1000), people: ok(1000)});
	assert.deepEqual(asked(after(answered, {type: 'opened', pane: 'slow'}), 1100), {survey: ['slow']});
	assert.deepEqual(asked(after(answered, {type: 'opened', pane: 'slow'}, {type: 'switched', by: 1}), 1100), {survey: ['rare']});
});

test('what was asked long before its pane is opened is asked anew, once', () => {
	const ticked = (state: State, at: number) => after(state, {type: 'ticked', at, wall: at});
	const behind = sampled(sampled(connected(), 1000, {vitals: ok(1000), people: ok(1000)}), 1000, {rare: ok(1000), slow: ok(1000)}, 'survey');
	const opened = after(ticked(behind, 20_000), {type: 'opened', pane: 'slow'}, {type: 'switched', by: 1});
	assert.deepEqual(asked(opened, 20_000).survey, ['rare']);
	assert.deepEqual(asked(sampled(opened, 20_100, {rare: ok(20_100)}, 'survey'), 25_900).survey, undefined);
	assert.deepEqual(asked(after(ticked(behind, 4000), {type: 'opened', pane: 'slow'}, {type: 'switched', by: 1}), 4000).survey, undefined);
});

test('what costs more than a quarter of the interval is asked less often', () => {
	const answered = sampled(connected(), 1000, {vitals: ok(1000), people: costly(1000, 400)});
	assert.deepEqual(asked(answered, 2000), {sample: ['vitals']});
	assert.deepEqual(asked(answered, 6000), {sample: ['people', 'vitals']});
});

test('what can not be asked is not asked again until r or until the facts change', () => {
	const skipped = sampled(connected(), 1000, {vitals: ok(1000), people: {status: 'skipped', reason: 'no right', remedy: undefined}});
	assert.deepEqual(asked(skipped, 9000), {sample: ['vitals']});
	assert.deepEqual(asked(after(skipped, {type: 'refreshed', at: 2000}), 9000), {sample: ['people', 'vitals']});
	const facts = {...skipped.servers.db!.facts!, extensions: {pg_stat_statements: '1.12'}};
	assert.deepEqual(asked(after(skipped, {type: 'refreshedFacts', server: 'db', facts, ownPids: []}), 9000), {sample: ['people', 'vitals']});
});

test('what failed backs off', () => {
	const failed = sampled(connected(), 1000, {vitals: ok(1000), people: {status: 'failed', message: 'slow', code: '57014'}});
	assert.deepEqual(asked(failed, 2000), {sample: ['vitals']});
	assert.deepEqual(asked(failed, 4000), {sample: ['people', 'vitals']});
});

test('a pause asks nothing but what r asks for', () => {
	const paused = after(sampled(connected(), 1000, {vitals: ok(1000), people: ok(1000)}), {type: 'paused'});
	assert.deepEqual(asked(paused, 9000), {});
	assert.deepEqual(asked(after(paused, {type: 'refreshed', at: 9000}), 9000), {sample: ['people', 'vitals']});
});

test('in a pause r asks a server that was never asked for all that its screen needs, once', () => {
	const paused = after(connected(), {type: 'opened', pane: 'slow'}, {type: 'paused'}, {type: 'ticked', at: 5000, wall: 5000});
	const refreshed = after(paused, {type: 'refreshed', at: 5000});
	assert.deepEqual(asked(refreshed, 5000).survey, ['slow']);
	assert.ok(asked(refreshed, 5000).sample?.includes('vitals'));
});

test('a lost server is asked nothing', () => {
	assert.deepEqual(asked(after(connected(), {type: 'lost', server: 'db', at: 500, message: 'gone', retryAt: 900}), 2000), {});
});

test('on the overview, what stands in tiles is asked every five seconds, at once when its pane is opened', () => {
	const state = connected();
	const [frame, ...others] = state.panes;
	const overview: State['panes'][number] = {id: 'overview', key: '9', title: 'Overview', place: 'overview', arrange: 'stack', tables: []};
	const tiled = others.map(pane => ({...pane, tile: () => ({title: pane.title, lines: []})}));
	const world = after({...state, panes: [frame!, overview, ...tiled], pane: 'overview'});
	const tick = (from: State, at: number, ...names: readonly string[]) => sampled(from, at, Object.fromEntries(names.map(name => [name, ok(at)])));
	assert.deepEqual(asked(world, 0), {sample: ['vitals']}, 'what is on the screen first');
	const begun = tick(world, 0, 'vitals');
	assert.deepEqual(asked(begun, 10), {sample: ['people'], survey: ['slow']});
	let now = tick(begun, 10, 'people');
	for (let at = 1000; at < 5000; at += 1000) {
		assert.deepEqual(asked(now, at).sample, ['vitals']);
		now = tick(now, at, 'vitals');
	}
	assert.deepEqual(asked(now, 5000).sample, ['people', 'vitals']);
	assert.deepEqual(asked(after(now, {type: 'opened', pane: tiled[0]!.id}), 4100).sample, ['people']);
});

test('behind other panes, what a check has just seen come or go is looked at every five seconds until it is settled', () => {
	const state = connected();
	const check: Check = {
		id: 'blocked',
		class: 'now',
		title: 'n',
		when: input =>
			(input.rows.slow ?? []).flatMap(row => (row.n === 1 ? [{level: 'critical', subject: 'a', title: 'a', detail: '', remedy: '', value: 1}] : [])),
	};
	const panes = state.panes.map(pane => ({...pane, tables: pane.tables.map(table => (table.id === 'slow' ? {...table, checks: [check]} : table))}));
	let now: State = {...state, panes};
	const told: number[] = [];
	let sick = false;
	let isTold = false;
	for (let at = 0; at <= 300_000; at += 1000) {
		if (at === 31_000 || at === 151_000) sick = !sick;
		for (const {session, queries} of due(now, at)) {
			if (session !== 'sample' && session !== 'survey') continue;
			now = sampled(now, at, Object.fromEntries(queries.map(name => [name, name === 'slow' ? ok(at, {n: sick ? 1 : 0}) : ok(at)])), session);
		}
		if (now.findings.length > 0 === isTold) continue;
		isTold = !isTold;
		told.push(at / 1000);
	}
	const [rose, cleared, ...more] = told;
	assert.deepEqual(more, []);
	// At most half a minute until the first look, and then two more of them, or nine.
	assert.ok(rose! > 31 + 2 && rose! <= 31 + 30 + 11, String(rose));
	assert.ok(cleared! > 151 + 10 && cleared! <= 151 + 30 + 46, String(cleared));
});

test('the chart of a pane goes on while another of its tables is shown', () => {
	const state = connected();
	const panes = state.panes.map(pane => (pane.id === 'slow' ? {...pane, chart: 'n'} : pane));
	const answered = sampled({...state, panes}, 1000, {vitals: ok(1000), slow: ok(1000)}, 'survey');
	const opened = after(answered, {type: 'opened', pane: 'slow'}, {type: 'switched', by: 1});
	assert.deepEqual(asked(opened, 7000).survey, ['rare', 'slow']);
	assert.deepEqual(asked({...opened, panes: state.panes}, 7000).survey, ['rare']);
});
