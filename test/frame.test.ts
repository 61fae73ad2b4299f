import assert from 'node:assert/strict';
import {test} from 'node:test';
import {bindings, eventOf} from '../source/keys.ts';
import type {Line, PaneId} from '../source/pane.ts';
import {reducer} from '../source/reduce.ts';
import {focusedTable, type Settings, type State} from '../source/state.ts';
import {visibleRows} from '../source/window.ts';
import {bodyLines, screenOf} from '../views/frame.ts';
import {findingsLine, headline, tabs} from '../views/header.ts';
import {panes} from '../views/panes/index.ts';
import {asciiText} from '../views/theme.ts';
import {recorded} from './support/recorded.ts';

const plain = (line: Line | undefined) => (line ?? []).map(segment => segment.text).join('');
const narrow = {columns: 80, rows: 24};
const footer = (state: State) => plain(screenOf(state).at(-1));

function told(more: Partial<Settings>, server: {readonly title?: string; readonly pooled?: boolean; readonly note?: string}, columns = 80): string {
	const state = recorded('sessions', {columns, rows: 24});
	const one = state.servers[state.watched]!;
	const facts = {...one.facts!, pooled: server.pooled ?? false};
	const servers = {...state.servers, [state.watched]: {...one, title: server.title ?? one.title, note: server.note, facts}};
	return plain(headline({...state, servers, settings: {...state.settings, ...more}}));
}

test('what is dangerous stays in the first line, whatever the host is called', () => {
	const title = 'shop @ a-primary-with-a-rather-long-name.internal.example.com:5432';
	const dangers = {label: 'PROD', readOnly: true, audit: {is: 'off' as const}};
	for (const columns of [80, 120, 200]) {
		const line = told(dangers, {title, pooled: columns > 80}, columns);
		assert.match(line, /PROD .*shop @ .*READ ONLY .*no audit/, line);
		assert.equal(/via pgbouncer/.test(line), columns > 80, line);
		assert.match(line, /● live/);
	}
	assert.match(told({}, {note: 'in reserved slots, 1 left'}), /in reserved slots, 1 left/);
	assert.match(told({audit: {is: 'broken', why: 'disk full'}}, {}), /audit broken/);
	assert.doesNotMatch(told({}, {}), /READ ONLY|audit|pgbouncer|slots/);
});

test('at 40 columns too: the label, that nothing can be changed, and how bad it is', () => {
	const line = told({label: 'PROD', readOnly: true}, {title: 'shop @ db1.example.com:5432'}, 40);
	assert.match(line, /^ PROD {2}s\S* {2}READ ONLY +● live 1\.0s/, line);
	assert.match(told({}, {title: 'shop @ db1.example.com:5432'}, 40), /^ pgperf {2}shop @ \S+ +● live/);
});

test('nothing is called found only when nothing is', () => {
	const state = recorded('overview', narrow);
	const care = state.findings.filter(finding => finding.class === 'care');
	assert.ok(care.length > 0 && state.findings.length > care.length);
	assert.match(plain(findingsLine({...state, findings: []})), /nothing found \(\d+ of/);
	const line = plain(findingsLine({...state, findings: care}));
	assert.match(line, /nothing hurts now \(/);
	assert.match(line, new RegExp(`  ${care.length} to care for: f`));
});

test('which pane is open is told at every width', () => {
	for (const pane of panes.filter(one => one.place !== 'frame')) {
		const state = recorded(pane.id, {columns: 40, rows: 12});
		for (const columns of [40, 50, 60, 80, 100, 120]) {
			const bar = plain(tabs({...state, size: {columns, rows: 12}}));
			assert.ok(bar.includes(` ${pane.key ?? 'g'} ${pane.title} `), `${columns}: ${bar}`);
			assert.doesNotMatch(bar, /…/);
		}
	}
});

test('where the room is scarce the version is told without the name of the product', () => {
	assert.match(told({}, {title: 'shop @ 127.0.0.1:37765'}), / 18\.4 primary /);
	assert.match(told({}, {title: 'shop @ 127.0.0.1:37765'}, 120), / PostgreSQL 18\.4 primary /);
});

test('help and the way out are always in the footer', () => {
	for (const pane of panes.filter(one => one.place !== 'frame')) {
		for (const columns of [40, 57, 80, 120]) {
			const state = recorded(pane.id, {columns, rows: 24});
			assert.match(footer(state), /\? help {2}q quit ?/, `${pane.id} at ${columns}: ${footer(state)}`);
		}
	}
});

test('the strip of waits is as wide as the screen: its newest end is never cut', () => {
	for (const columns of [40, 60, 79, 80, 120, 300]) {
		const strip = bodyLines(recorded('waits', {columns, rows: 24}))
			.map(plain)
			.filter(line => /[┤│]/.test(line));
		assert.equal(strip.length, 5, String(columns));
		for (const line of strip) assert.doesNotMatch(line, /…/);
		assert.ok(strip.at(-1)!.trimEnd().length >= columns - 3, `${columns}: ${strip.at(-1)}`);
	}
});

test('a larger screen tells no less: a tile has its words before its chart', () => {
	for (const [columns, rows] of [
		[80, 24],
		[100, 30],
		[110, 28],
		[120, 32],
		[160, 40],
	] as const) {
		const body = bodyLines(recorded('overview', {columns, rows})).map(plain).join('\n');
		assert.match(body, /\d+ active/, `${columns}x${rows}`);
		// The share and the mean of the slowest query.
		assert.match(body, / \d+\.\d% +\d+\.\dms \S/, `${columns}x${rows}`);
	}
});

test('where there is no row the footer does not speak of rows', () => {
	const empty = recorded('jobs', {columns: 120, rows: 24});
	assert.deepEqual(visibleRows(empty, focusedTable(empty)!), []);
	assert.doesNotMatch(footer(empty), /select|filter|sort/);
	assert.match(footer(recorded('sessions', {columns: 120, rows: 24})), /↑↓ select .*\/ filter {2}s sort/);
});

test('the help begins with what can be done here', () => {
	const state = recorded('locks', {columns: 80, rows: 24});
	const help = screenOf(reducer(() => 0)(state, {type: 'called', overlay: 'help'}))
		.map(plain)
		.join('\n');
	assert.match(help, / Keys *\n Locks *\n C +cancel query *\n K +terminate session *\n *\n Everywhere/);
});

test('a key that is pressed in vain says so, and where it works', () => {
	const state = recorded('settings', {columns: 120, rows: 24});
	const said = (key: string) => {
		const event = eventOf(state, key, 0);
		return event?.type === 'noticed' ? event.text : undefined;
	};
	assert.match(said('K')!, /^K does nothing here: terminate session, in Sessions, .*Locks/);
	assert.match(said('R')!, /^R does nothing here: refresh view, in Views$/);
	assert.match(said('e')!, /^e does nothing here: the plan/);
	for (const key of ['c', 't']) assert.match(said(key)!, /C cancels the query, K terminates the backend/);
	for (const key of ['§', 'f13', 'ctrl-x', 'é']) assert.equal(eventOf(state, key, 0), undefined);
});

test('a new pace is told, also while the screen is paused and at its ends', () => {
	const reduce = reducer(() => 0);
	const paced = (keys: string, from = recorded('locks', {columns: 80, rows: 24})) =>
		[...keys].reduce((state, key) => reduce(state, eventOf(state, key, 0)!), from);
	assert.equal(paced('-').notice?.text, 'refresh every 2 s');
	assert.equal(paced('p-').notice?.text, 'paused; then refresh every 2 s');
	assert.equal(paced('+').notice?.text, 'refresh every 0.5 s');
	assert.equal(paced('++').notice?.text, 'refresh every 0.5 s, the most often');
	assert.equal(paced('-------').notice?.text, 'refresh every 60 s, the least often');
});

test('a menu at 40x12 has more than one line to choose from, and the way back in the footer', () => {
	const state = reducer(() => 0)(recorded('locks', {columns: 40, rows: 12}), {type: 'called', overlay: 'goto'});
	const lines = screenOf(state).map(plain);
	assert.ok(lines.filter(line => /^│ [> ] \w/.test(line)).length >= 3, lines.join('\n'));
	assert.match(lines.at(-1)!, /Esc back/);
});

test('the footer names no key that does nothing here', () => {
	for (const pane of panes.filter(one => one.place !== 'frame')) {
		const state = recorded(pane.id, {columns: 200, rows: 24});
		for (const [, key] of footer(state).matchAll(/(\S+) [a-z]/g)) {
			const binding = bindings.find(one => one.show === key || one.keys.includes(key!) || key === '↑↓');
			if (!binding || key === '↑↓') continue;
			assert.ok(![undefined, 'noticed'].includes(eventOf(state, binding.keys[0]!, 0)?.type), `${pane.id}: ${key}`);
		}
	}
});

test('Enter opens every row of every table, whole: what its columns cut can be read', () => {
	const reduce = reducer(() => 0);
	let opened = 0;
	for (const pane of panes.filter(one => one.place === undefined)) {
		pane.tables.forEach((table, index) => {
			let state = recorded(pane.id as PaneId, narrow);
			if (pane.arrange === 'switch') state = {...state, shown: {[pane.id]: index}};
			else for (let steps = 0; steps < index; steps++) state = reduce(state, {type: 'switched', by: 1});
			const event = eventOf(state, 'enter', 0);
			if (!event) return;
			const read = reduce(state, event);
			assert.equal(read.overlays[0]?.is, 'detail', table.id);
			const text = bodyLines(read).map(plain).join('\n');
			assert.ok(text.trim().split('\n').length > 2, `${table.id}: ${text}`);
			assert.doesNotMatch(text, /undefined|NaN|\[object/, table.id);
			opened++;
		});
	}
	assert.ok(opened > 25, `${opened}`);
});

test('without UTF-8 every sign of ours has another one, and Enter is called by its name', () => {
	for (const pane of panes.filter(one => one.place !== 'frame')) {
		const state = recorded(pane.id, {columns: 200, rows: 50});
		for (const keys of [[], ['s'], ['?'], ['f']]) {
			const reduce = reducer(() => 0);
			const shown = keys.reduce((before, key) => {
				const event = eventOf(before, key, 0);
				return event ? reduce(before, event) : before;
			}, state);
			const glyphs = [
				...new Set(
					screenOf(shown)
						.map(plain)
						.join('')
						.match(/[^\x20-\x7e\p{L}]/gu) ?? [],
				),
			];
			const lost = glyphs.filter(glyph => asciiText(glyph) === '?');
			assert.deepEqual(lost, [], pane.id);
		}
		const ascii = screenOf({...state, settings: {...state.settings, ascii: true}}).map(plain);
		assert.doesNotMatch(ascii.join(''), /[^\x20-\x7e]/, pane.id);
		if (state.overlays.length === 0 && / detail/.test(ascii.at(-1)!)) assert.match(ascii.at(-1)!, /Enter detail/);
	}
});

test('the filter names what this table knows, and all of it works', () => {
	const reduce = reducer(() => 0);
	for (const pane of panes.filter(one => one.place === undefined)) {
		const state = recorded(pane.id, {columns: 200, rows: 24});
		const event = eventOf(state, '/', 0);
		if (!event) continue;
		const known = Object.keys(focusedTable(state)?.filters ?? {});
		const named = [...footer(reduce(state, event)).matchAll(/(\w+): /g)].map(([, name]) => name);
		assert.deepEqual(named, known, pane.id);
		for (const table of pane.tables) {
			const [row] = state.tables[table.id]?.rows ?? [];
			for (const field of Object.values(table.filters ?? {})) assert.ok(!row || field in row, `${table.id} has no ${field}`);
		}
	}
});

test('why nothing was asked yet is told as it is: nobody asks while the screen is paused, or the server lost', () => {
	const reduce = reducer(() => 0);
	const {tables: _, ...rest} = recorded('sessions', {columns: 80, rows: 24});
	const fresh: State = {...rest, tables: {}};
	const said = (state: State) => bodyLines(state).map(plain).join('\n');
	assert.match(said(fresh), / ◌ asking the server/);
	assert.match(said(reduce(fresh, {type: 'paused'})), /❚❚ paused, and not asked yet: r asks once, p goes on/);
	assert.match(said(reduce(fresh, {type: 'lost', server: fresh.watched, at: 0, message: 'gone', retryAt: 1000})), /▲ not asked yet: the server is lost/);
});
