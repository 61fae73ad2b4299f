import assert from 'node:assert/strict';
import {test} from 'node:test';
import {render} from 'ink-testing-library';
import {createElement} from 'react';
import type {Event} from '../source/event.ts';
import {executeOf, refusedBecause, statementOf, stepsOf} from '../source/explain.ts';
import {eventOf} from '../source/keys.ts';
import {reducer} from '../source/reduce.ts';
import {initialState, type State, topOverlay} from '../source/state.ts';
import {createStore} from '../source/store.ts';
import {screenOf} from '../views/frame.ts';
import {widthOfLine} from '../views/layout.ts';
import {lastScroll} from '../views/overlay.ts';
import {Root} from '../views/root.tsx';
import {unpainted} from '../views/theme.ts';
import {facts, ok, panes, people, settings} from './support/world.ts';

const explained = {
	...people,
	explain: {
		sql: 'session-statement',
		params: (row: {readonly [field: string]: unknown}) => [Number(row.pid)],
		subject: (row: {readonly [field: string]: unknown}) => `what ${row.pid} runs`,
		disabled: (row: {readonly [field: string]: unknown}) => (row.pid === 2 ? 'it runs nothing' : undefined),
	},
};
const reduce = reducer(lastScroll);
const after = (state: State, ...events: readonly Event[]): State => events.reduce(reduce, state);
const pane = panes.map(one => (one.id === 'people' ? {...one, tables: [explained]} : one));

function console(change: Partial<typeof facts> = {}): State {
	const results = {people: ok(1000, {pid: 1, query: 'select 1'}, {pid: 2, query: ''})};
	return after(
		initialState({panes: pane, settings, watched: 'db', interval: 1000, size: {columns: 80, rows: 24}, now: 0, wall: 0}),
		{type: 'known', server: 'db', title: 'shop @ db:5432', at: 0},
		{type: 'connected', server: 'db', at: 0, facts: {...facts, ...change}, ownPids: [], tls: false},
		{type: 'requested', server: 'db', session: 'sample', request: 1, queries: ['people'], at: 1000},
		{type: 'sampled', server: 'db', session: 'sample', generation: 1, request: 1, at: 1000, results},
	);
}

/** Keys a second apart, as the terminal sends them. */
function pressed(state: State, ...keys: readonly string[]): State {
	return keys.reduce((next, key, index) => {
		const event = eventOf(next, key, 10_000 + index * 1000);
		return event ? reduce(next, event) : next;
	}, state);
}
const stage = (state: State) => {
	const overlay = topOverlay(state);
	return overlay?.is === 'explain' ? overlay.stage : overlay?.is;
};
const screen = (state: State) => screenOf(state).map(unpainted).join('\n');
const request = (state: State) => (topOverlay(state) as {readonly request: number}).request;
const read = (state: State, text = 'select 1') => after(state, {type: 'statementRead', request: request(state), text});

test('e asks for the plan of the row, or says why there is none', () => {
	assert.equal(stage(pressed(console(), 'e')), 'reading');
	const refused = pressed(console(), 'down', 'e');
	assert.equal(topOverlay(refused), undefined);
	assert.equal(refused.notice?.text, 'Explain: it runs nothing');
	assert.equal(pressed(console({pooled: true}), 'e').notice?.text, 'Explain: through a pooler: connect directly to do this');
	const lost = after(console(), {type: 'lost', server: 'db', at: 2000, message: 'gone', retryAt: 3000});
	assert.equal(pressed(lost, 'e').notice?.text, 'Explain: the server does not answer');
	assert.match(pressed(after(console(), {type: 'opened', pane: 'slow'}), 'e').notice!.text, /^e does nothing here: the plan/);
});

test('the footer names e only where it works', () => {
	assert.match(screen(console()), /e explain/);
	assert.doesNotMatch(screen(pressed(console(), 'down')), /e explain/);
	assert.doesNotMatch(screen(console({pooled: true})), /e explain/);
	assert.match(screen(pressed(console(), 'enter')), /e explain/);
	assert.equal(stage(pressed(console(), 'enter', 'e')), 'reading');
	assert.equal(stage(pressed(console(), 'enter', 'e', 'esc')), 'detail');
});

test('a superuser is asked, and nothing but y that could be read is yes', () => {
	const asked = read(pressed(console(), 'e'));
	assert.equal(stage(asked), 'asked');
	assert.match(screen(asked), /dba is a superuser/);
	assert.match(screen(after(asked, {type: 'resized', size: {columns: 160, rows: 40}})), /prepare \/\* pgperf:explain \*\/ pgperf_explain as select 1/);
	const at = (state: State, key: string, when: number) => eventOf(state, key, when);
	assert.equal(at(asked, 'y', 5000), undefined, 'it has not been painted');
	const painted = after(asked, {type: 'painted', request: request(asked), at: 5000});
	assert.equal(at(painted, 'y', 5399), undefined, 'nobody has read it');
	const yes = after(painted, at(painted, 'y', 5400)!);
	assert.equal(stage(yes), 'planning');
	const no = after(painted, at(painted, 'n', 5400)!);
	assert.equal(topOverlay(no), undefined);
	assert.equal(no.notice?.text, 'Explain: nothing was sent');
	assert.equal(eventOf(painted, 'y', 6000, true), undefined, 'what is pasted is no key');
});

test('the screen tells when the question was painted: only from then on it can be answered', async () => {
	const store = createStore(read(pressed(console(), 'e')), reduce);
	const painted = new Promise<number>(resolve => store.subscribe((_, event) => event.type === 'painted' && resolve(event.at)));
	const {unmount} = render(createElement(Root, {store, now: () => 7000, refer: lines => lines.join('\n')}));
	assert.equal(await painted, 7000);
	assert.equal(stage(after(store.get(), eventOf(store.get(), 'y', 7400)!)), 'planning');
	unmount();
});

test('others are not asked', () => {
	assert.equal(stage(read(pressed(console({superuser: false}), 'e'))), 'planning');
});

test('the plan stands with its estimates, scrolls, and is harmless', () => {
	const planning = read(pressed(console({superuser: false}), 'e'), 'select *\nfrom t');
	const lines = [
		'Seq Scan on t  (cost=0.00..35.50 rows=2550 width=4)',
		'  Filter: (a = \u001b[31m$1\u202e)',
		...Array.from({length: 60}, (_, i) => `  node ${i}`),
	];
	const result = {is: 'plan', text: 'select *\nfrom t', lines, role: 'dba', searchPath: '"$user", public', everyPartition: true} as const;
	const shown = after(planning, {type: 'explained', request: request(planning), result});
	const text = screen(shown);
	assert.match(text, /Plan of what 1 runs/);
	assert.match(text, /estimated cost +35\.50, the first row after 0\.00/);
	assert.match(text, /planned as +dba, search_path "\$user", public/);
	assert.match(text, /Seq Scan on t {2}\(cost/);
	assert.match(text, /Filter: \(a = <U\+001B>\[31m\$1<U\+202E>\)/);
	const end = pressed(shown, 'end');
	assert.match(screen(end), /Which partitions are scanned depends on the values/);
	assert.match(screen(end), /from t/);
	assert.equal(screen(pressed(end, 'down')), screen(end), 'it stops at the end');
	for (const columns of [40, 80, 200])
		for (const line of screenOf(after(shown, {type: 'resized', size: {columns, rows: 30}}))) assert.equal(widthOfLine(line), columns);
	assert.equal(topOverlay(pressed(shown, 'q')), undefined);
});

test('what comes after it was closed changes nothing', () => {
	const open = pressed(console({superuser: false}), 'e');
	const closed = pressed(open, 'esc');
	const late: Event = {type: 'explained', request: request(open), result: {is: 'refused', text: undefined, why: 'late'}};
	assert.equal(after(closed, late), closed);
});

test('only one whole statement of this database is planned', () => {
	const why = (row: Record<string, string | number | boolean | null> | undefined) => {
		const found = statementOf(row);
		return 'why' in found ? found.why : found.text;
	};
	assert.match(why(undefined), /gone/);
	assert.match(why({query: null, here: true}), /grant pg_read_all_stats/);
	assert.match(why({query: '<insufficient privilege>', here: true}), /grant pg_read_all_stats/);
	assert.match(why({query: 'select 1', here: false}), /another database/);
	assert.match(why({query: 'select 1', here: true, state: 'idle'}), /has ended/);
	assert.match(why({query: `select ${'é'.repeat(510)}`, here: true, state: 'active', query_size: 1024}), /first 1024 bytes/);
	assert.match(why({query: 'vacuum t', here: true}), /^VACUUM is a utility statement/);
	assert.match(why({query: '/* app */ -- really\n explain analyze select 1', here: true}), /^EXPLAIN is a utility statement/);
	for (const query of [
		'select 1',
		'/* a */ (Select 1) union select 2',
		'-- x\nwith a as (select 1) table a',
		'merge into t using u on true when matched then delete',
	])
		assert.equal(why({query, here: true}), query);
});

test('nothing that is sent analyzes, and every parameter is null', () => {
	assert.equal(executeOf('p', 0), 'explain /* pgperf:explain */ execute p');
	assert.equal(executeOf('p', 3), 'explain /* pgperf:explain */ execute p(null, null, null)');
	assert.deepEqual(stepsOf('select $1').slice(0, 2), ['begin read only', 'reset all']);
	assert.equal(stepsOf('select $1').at(-1), 'prepare /* pgperf:explain */ pgperf_explain as select $1');
});

test('what the server refuses is told with what would help', () => {
	const told = (code: string | undefined, message: string, text = 'select interval $1') => refusedBecause(code, message, text, facts);
	assert.match(told('42501', 'permission denied for table t'), /permission denied for table t: .*dba does not have/);
	assert.match(told('42601', 'cannot insert multiple commands into a prepared statement'), /several statements/);
	assert.match(told('42601', 'syntax error at or near "$1"'), /interval \$1/);
	assert.doesNotMatch(told('42601', 'syntax error at or near "x"', 'select x x x'), /interval/);
	assert.match(told('42P01', 'relation "t" does not exist'), /another search_path/);
	assert.match(told('42P18', 'could not determine data type of parameter $1'), /types/);
	assert.equal(told(undefined, 'no answer for 5 s'), 'no answer for 5 s');
});
