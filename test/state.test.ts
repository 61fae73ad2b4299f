import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Event} from '../source/event.ts';
import {type State, topOverlay} from '../source/state.ts';
import {createStore} from '../source/store.ts';
import {bodyOf, selectedRow, visibleRows} from '../source/window.ts';
import {after, connected, facts, ok, people, reduce, sampled, world} from './support/world.ts';

const rows = (...pids: readonly number[]) => pids.map(pid => ({pid, calls: pid, query: `select ${pid}`, own: pid === 99, user: pid % 2 ? 'odd' : 'even'}));
const filled = (...pids: readonly number[]) => sampled(connected(), 1000, {people: ok(1000, ...rows(...pids))});
const selected = (state: State) => selectedRow(state)?.row.pid;

test('an answer from before a reconnect is dropped', () => {
	const asked = after(connected(), {type: 'requested', server: 'db', session: 'sample', request: 1, queries: ['people'], at: 1000});
	const lost = after(asked, {type: 'lost', server: 'db', at: 1100, message: 'gone', retryAt: 2000});
	const late = after(lost, {type: 'sampled', server: 'db', session: 'sample', generation: 1, request: 1, at: 1200, results: {people: ok(1200, ...rows(1))}});
	assert.deepEqual(late.tables, lost.tables);
});

test('the last rows stay while the server is lost, and no change is told across the reconnect', () => {
	const before = filled(1, 2);
	const lost = after(before, {type: 'lost', server: 'db', at: 1500, message: 'gone', retryAt: 2000});
	assert.equal(lost.tables.people?.rows.length, 2);
	const again = after(lost, {type: 'connected', server: 'db', at: 2000, facts, ownPids: [], tls: false});
	const first = sampled(again, 2100, {people: ok(2100, {...rows(1)[0]!, calls: 50})});
	assert.equal(first.tables.people?.rows[0]?.calls_d, null);
	const second = sampled(first, 3100, {people: ok(3100, {...rows(1)[0]!, calls: 60})});
	assert.equal(second.tables.people?.rows[0]?.calls_per_s, 10);
});

test('a failure keeps the rows and tells why; what can not be asked at all has its remedy', () => {
	const failed = sampled(filled(1), 2000, {people: {status: 'failed', message: 'took longer than 500 ms', code: '57014'}});
	assert.equal(failed.tables.people?.rows.length, 1);
	assert.equal(failed.tables.people?.problem?.final, false);
	const skipped = sampled(filled(1), 2000, {people: {status: 'skipped', reason: 'no right', remedy: 'grant it'}});
	assert.deepEqual(skipped.tables.people?.problem, {reason: 'no right', remedy: 'grant it', final: true});
});

test('the cursor follows its row, and stays with it when it is gone', () => {
	const moved = after(filled(1, 2, 3), {type: 'moved', by: 1});
	assert.equal(selected(moved), 2);
	const shifted = sampled(moved, 2000, {people: ok(2000, ...rows(0, 1, 2, 3))});
	assert.equal(selected(shifted), 2);
	const gone = sampled(shifted, 3000, {people: ok(3000, ...rows(0, 1, 3))});
	assert.equal(selectedRow(gone)?.gone, true);
	assert.deepEqual(
		visibleRows(gone, people).map(one => one.row.pid),
		[0, 1, 2, 3],
	);
	const left = after(gone, {type: 'moved', by: 1});
	assert.equal(selected(left), 3);
	assert.deepEqual(
		visibleRows(left, people).map(one => one.row.pid),
		[0, 1, 3],
	);
});

test('lists scroll at the edges, and the cursor is always on the screen', () => {
	let state = filled(...Array.from({length: 100}, (_, i) => i + 100));
	for (const by of [50, -20, 'bottom', 'page-up', 'top', 'page-down'] as const) {
		state = after(state, {type: 'moved', by});
		const {page, scrolled} = bodyOf(state);
		const {top} = state.views.people!;
		const line = scrolled.findIndex(slot => slot.is === 'row' && slot.visible.row.pid === selected(state));
		assert.ok(line >= top && line < top + page, `${by}: line ${line} is outside ${top}..${top + page}`);
	}
	const top = state.views.people!.top;
	assert.equal(after(state, {type: 'moved', by: -1}).views.people!.top, top);
});

test('the order holds while a detail is open', () => {
	const open = after(filled(5, 6, 7), {type: 'sorted', reverse: false}, {type: 'entered', at: 1500});
	assert.equal(topOverlay(open)?.is, 'detail');
	const more = sampled(open, 2000, {people: ok(2000, ...rows(7, 5, 6, 8))});
	assert.deepEqual(
		visibleRows(more, people).map(one => one.row.pid),
		[7, 6, 5, 8],
	);
	assert.deepEqual(
		visibleRows(after(more, {type: 'closed'}), people).map(one => one.row.pid),
		[8, 7, 6, 5],
	);
});

test('marks, groups, filter and columns are of one table and can be taken back', () => {
	const marked = after(filled(1, 2, 3), {type: 'marked', all: true});
	assert.equal(marked.views.people?.marks.size, 3);
	assert.equal(after(marked, {type: 'marked', all: true}).views.people?.marks.size, 0);
	const grouped = after(filled(1, 2, 3), {type: 'grouped'});
	assert.deepEqual(
		visibleRows(grouped, people).map(one => one.heading ?? one.row.pid),
		['odd  2', 1, 3, 'even  1', 2],
	);
	const typed = after(filled(1, 22, 3), {type: 'called', overlay: 'filter'}, {type: 'typed', text: '22', at: 1}, {type: 'chosen', at: 1});
	assert.deepEqual(
		visibleRows(typed, people).map(one => one.row.pid),
		[22],
	);
	assert.equal(visibleRows(after(typed, {type: 'closed'}), people).length, 3);
});

test('what the server counted while this machine slept is no rate of the second after', () => {
	const calls = (state: State) => state.tables.people?.rows[0]?.calls_per_s;
	const row = (calls: number) => ({...rows(1)[0]!, calls});
	const tick = (at: number, wall: number): Event => ({type: 'ticked', at, wall});
	const start = after(connected(), tick(900, 1_000_900));
	const first = after(sampled(start, 1000, {people: ok(1000, row(10))}), tick(1900, 1_001_900));
	const second = after(sampled(first, 2000, {people: ok(2000, row(20))}), tick(2900, 3_601_000_000));
	assert.equal(calls(second), 10);
	const woken = after(sampled(second, 3000, {people: ok(3000, row(36_000))}), tick(3900, 3_601_001_000));
	assert.equal(calls(woken), null);
	assert.equal(calls(sampled(woken, 4000, {people: ok(4000, row(36_010))})), 10);
	// A clock that is set back, or by a second, is no sleep.
	const set = after(sampled(second, 3000, {people: ok(3000, row(30))}), tick(3900, 3_601_002_000), tick(4000, 3_600_000_000));
	assert.equal(calls(sampled(set, 4000, {people: ok(4000, row(40))})), 10);
});

test('a mark ends with its row: who has the number later, or after a restart, was not meant', () => {
	const of = (...sessions: readonly [number, string][]) =>
		ok(2000, ...sessions.map(([pid, start]) => ({...rows(pid)[0]!, backend_start: `2026-11-21 10:00:0${start}+00`})));
	const marked = after(sampled(connected(), 1000, {people: of([1, '1'], [2, '1'], [3, '1'])}), {type: 'marked', all: true});
	const marks = (state: State) => [...state.views.people!.marks];
	const fewer = sampled(marked, 2000, {people: of([1, '1'], [3, '1'])});
	assert.deepEqual(marks(fewer), ['1', '3']);
	assert.deepEqual(marks(sampled(fewer, 3000, {people: of([1, '1'], [2, '9'], [3, '1'])})), ['1', '3'], 'another session has the number of the second');
	const lost = after(fewer, {type: 'lost', server: 'db', at: 2500, message: 'gone', retryAt: 3000});
	assert.deepEqual(marks(lost), ['1', '3']);
	const back = after(lost, {type: 'connected', server: 'db', at: 3000, facts, ownPids: [], tls: false});
	assert.deepEqual(marks(sampled(back, 3100, {people: of([1, '7'], [3, '1'])})), ['3']);
});

test('a filter leaves the row selected that passes it, and taken back the row that was', () => {
	const on22 = after(filled(1, 3, 22, 23), {type: 'moved', by: 2}, {type: 'called', overlay: 'filter'});
	assert.equal(selected(on22), 22);
	assert.equal(selected(after(on22, {type: 'typed', text: '2', at: 1}, {type: 'chosen', at: 1})), 22);
	const other = after(on22, {type: 'typed', text: '3', at: 1});
	assert.equal(selected(other), 3);
	assert.equal(selected(after(other, {type: 'erased', all: false})), 22);
	assert.equal(selected(after(other, {type: 'closed'})), 22);
	assert.equal(selected(after(other, {type: 'chosen', at: 1})), 3);
});

test('a series has a gap where nothing fresh is known', () => {
	let state = sampled(connected(), 1000, {vitals: ok(1000, {pid: 1, n: 5})});
	state = sampled(state, 2000, {vitals: {status: 'failed', message: 'slow', code: undefined}});
	state = sampled(state, 3000, {vitals: {status: 'failed', message: 'slow', code: undefined}, people: ok(3000)});
	assert.deepEqual(state.history.n, [5, 5, null]);
});

test('quit with work running asks once; Ctrl-C does not', () => {
	const busy = {...filled(1), running: [{request: 9, title: 'Refresh shop.daily', cancellable: true}]};
	assert.equal(topOverlay(after(busy, {type: 'quit', force: false}))?.is, 'menu');
	assert.equal(after(busy, {type: 'quit', force: true}).leaving, true);
	assert.equal(after(filled(1), {type: 'quit', force: false}).leaving, true);
});

test('listeners see every event in order, also those that listeners dispatch', () => {
	const store = createStore(world(), reduce);
	const seen: string[] = [];
	store.subscribe((_, event) => {
		seen.push(event.type);
		if (event.type === 'paused') store.dispatch({type: 'refreshed', at: 1});
	});
	store.subscribe((_, event) => seen.push(`${event.type} too`));
	store.dispatch({type: 'paused'} satisfies Event);
	assert.deepEqual(seen, ['paused', 'paused too', 'refreshed', 'refreshed too']);
});
