import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Event} from '../source/event.ts';
import {eventOf} from '../source/keys.ts';
import type {Action} from '../source/pane.ts';
import {type Plan, type Question, type State, topOverlay} from '../source/state.ts';
import {after, connected, ok, sampled, terminate} from './support/world.ts';

const row = (pid: number) => ({pid, calls: 1, query: 'select', own: pid === 99});
const filled = (...pids: readonly number[]) => sampled(connected(), 1000, {people: ok(1000, ...pids.map(row))});
const target = (pid: number) => ({
	key: String(pid),
	subject: String(pid),
	statements: [{on: 'postgres' as const, text: `select ${pid}`, args: [], group: ''}],
	why: null,
	guard: row(pid),
});
const planFor = (state: State, at: number, ...pids: readonly number[]): Plan => ({
	action: 'terminate',
	label: 'Terminate',
	server: 'db',
	generation: state.servers.db!.generation,
	at,
	targets: pids.map(target),
	facts: [],
	typed: pids.length > 1 ? String(pids.length) : null,
});
const question = (state: State) => topOverlay(state) as Question;
const press = (state: State, key: string, at: number): State => {
	const event = eventOf(state, key, at);
	return event ? after(state, event) : state;
};

/** Asked at 2 s, planned, painted at 3 s. */
function shown(...pids: readonly number[]): State {
	let state = filled(...pids);
	if (pids.length > 1) state = after(state, {type: 'marked', all: true});
	state = press(state, 'K', 2000);
	assert.equal(question(state).stage, 'planning');
	const {request} = question(state);
	return after(state, {type: 'planned', request, plan: planFor(state, 2500, ...pids)}, {type: 'painted', request, at: 3000});
}

test('y answers a question that has been read', () => {
	const state = press(shown(7), 'y', 3500);
	assert.equal(topOverlay(state), undefined);
	assert.equal(state.running.length, 1);
});

test('no key answers before the question was painted, nor within 400 ms of it', () => {
	const planning = press(filled(7), 'K', 2000);
	assert.equal(question(press(planning, 'y', 2001)).stage, 'planning');
	const {request} = question(planning);
	const unpainted = after(planning, {type: 'planned', request, plan: planFor(planning, 2500, 7)});
	assert.equal(press(unpainted, 'y', 9000), unpainted);
	assert.equal(question(press(shown(7), 'y', 3399)).stage, 'shown');
	assert.equal(question(press(shown(7), 'n', 3399)).stage, 'shown');
});

test('a question that this machine slept over is asked again', () => {
	const before: State = {...shown(7), now: 3000, wall: 1_000_000};
	assert.equal(press(after(before, {type: 'ticked', at: 4000, wall: 1_001_000}), 'y', 4100).running.length, 1);
	const woken = press(after(before, {type: 'ticked', at: 4000, wall: 9_000_000}), 'y', 4100);
	assert.deepEqual([woken.running.length, question(woken).stage], [0, 'planning']);
});

test('any other key is no, and pasted text is no key at all', () => {
	for (const key of ['n', 'Y', ' ', 'enter', 'x']) {
		const state = press(shown(7), key, 3500);
		assert.equal(state.running.length, 0, key);
		assert.equal(topOverlay(state), undefined, key);
	}
	assert.equal(eventOf(shown(7), 'y', 3500, true), undefined);
});

test('several targets need their count typed', () => {
	const state = shown(7, 8);
	assert.equal(press(state, 'y', 3500).running.length, 0);
	const typed = press(press(state, '2', 3500), 'enter', 3600);
	assert.equal(typed.running.length, 1);
	const wrong = press(press(state, '3', 3500), 'enter', 3600);
	assert.equal(wrong.running.length, 0);
});

test('a plan that is too old, or from before a reconnect, is made and read again', () => {
	const old = press(shown(7), 'y', 33_000);
	assert.equal(question(old).stage, 'planning');
	assert.equal(old.running.length, 0);
	const state = shown(7);
	const facts = state.servers.db!.facts!;
	const again = after(
		state,
		{type: 'lost', server: 'db', at: 3100, message: 'gone', retryAt: 3200},
		{type: 'connected', server: 'db', at: 3300, facts, ownPids: [], tls: false},
	);
	assert.equal(question(press(again, 'y', 3500)).stage, 'planning');
});

test('what can not be chosen says why instead of asking', () => {
	const own = press(filled(99), 'K', 2000);
	assert.equal(topOverlay(own), undefined);
	assert.match(own.notice!.text, /it is pgperf itself/);
	const readOnly = {...filled(7), settings: {...filled(7).settings, readOnly: true}};
	assert.match(press(readOnly, 'K', 2000).notice!.text, /read-only/);
	const broken = {...filled(7), settings: {...filled(7).settings, audit: {is: 'broken', why: 'disk full'} as const}};
	assert.match(press(broken, 'K', 2000).notice!.text, /disk full/);
	const lost = after(filled(7), {type: 'lost', server: 'db', at: 1500, message: 'gone', retryAt: 2000});
	assert.match(press(lost, 'K', 2000).notice!.text, /does not answer/);
});

test('the question stays with the row that it was asked about', () => {
	const state = sampled(shown(7), 4000, {people: ok(4000, row(3), row(5))});
	assert.deepEqual(
		question(state).rows.map(one => one.pid),
		[7],
	);
});

test('an outcome reaches the log whatever is on the screen', () => {
	const running = press(shown(7), 'y', 3500);
	const settled: Event = {
		type: 'settled',
		request: running.running[0]!.request,
		title: 'Terminate 7',
		outcomes: [{subject: '7', done: true, tone: 'good', text: '7: gone'}],
	};
	const state = after(running, {type: 'opened', pane: 'slow'}, settled);
	assert.equal(state.running.length, 0);
	assert.equal(state.log.at(-1)?.text, 'Terminate 7: 7: gone');
});

test('c and t name the keys that act, and do nothing', () => {
	for (const key of ['c', 't']) assert.match(press(filled(7), key, 2000).notice!.text, /C cancels/);
});

test('of choices one is taken by the arrows or its first letter; nothing else can be typed', () => {
	const choosing: Action = {
		...terminate,
		id: 'care',
		key: 'v',
		input: [{id: 'what', label: 'what', kind: 'choice', initial: 'analyze', choices: ['analyze', 'vacuum', 'vacuum and analyze']}],
	};
	const base = filled(7);
	const panes = base.panes.map(pane => ({...pane, tables: pane.tables.map(one => (one.id === 'people' ? {...one, actions: [choosing]} : one))}));
	const asked = press({...base, panes}, 'v', 2000);
	const what = (state: State) => question(state).input.what;
	assert.equal(what(asked), 'analyze');
	assert.equal(what(press(asked, 'right', 2001)), 'vacuum');
	assert.equal(what(press(asked, 'left', 2001)), 'vacuum and analyze');
	assert.equal(what(press(press(asked, 'v', 2001), 'v', 2002)), 'vacuum and analyze');
	assert.equal(what(press(asked, 'x', 2001)), 'analyze');
	assert.equal(question(press(asked, 'enter', 2001)).stage, 'planning');
});
