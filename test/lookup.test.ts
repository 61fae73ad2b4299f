import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Event} from '../source/event.ts';
import {missingTexts, restAfter} from '../source/lookup.ts';

import {initialState, type State} from '../source/state.ts';
import {overview} from '../views/panes/overview.ts';
import {queries} from '../views/panes/queries.ts';
import {fixture, inputOf} from './support/fixture.ts';
import {facts, reduce, settings} from './support/world.ts';

const recorded = fixture('queries');
const rows = inputOf({...recorded, texts: {}}, queries).rows.queries!;

function showing(pane: string, height: number): State {
	const state = initialState({panes: [overview, queries], settings, watched: 'primary', interval: 1000, size: {columns: 100, rows: height}, now: 0, wall: 0});
	return {...state, pane, tables: {queries: {rows, at: 0}}};
}

test('the overview asks for the texts that its tile names, and no more', () => {
	const missing = missingTexts(showing('overview', 40))!;
	assert.equal(missing.sql, 'statement-texts');
	assert.ok(missing.keys.length > 0 && missing.keys.length <= 5);
	const slowest = rows.filter(row => row.kind === 'statement').sort((a, b) => Number(b.time_share) - Number(a.time_share))[0]!;
	assert.equal(missing.keys[0], slowest.queryid);
});

test('the pane asks for what is on the screen, each text once', () => {
	const state = showing('queries', 20);
	const missing = missingTexts(state)!;
	assert.ok(missing.keys.length > 5 && missing.keys.length < 20);
	const known = Object.fromEntries(missing.keys.map(key => [`statement-texts\0${key}`, {queryid: key, query: 'select 1'}]));
	assert.equal(missingTexts({...state, lookups: known}), undefined);
});

test('before a check names a statement, its text is asked for, wherever it stands', () => {
	const state = showing('queries', 20);
	const onScreen = missingTexts(state)!.keys;
	const known = Object.fromEntries(onScreen.map(key => [`statement-texts\0${key}`, {queryid: key, query: 'select 1'}]));
	const [table] = queries.tables;
	const hidden = rows.find(row => row.kind === 'statement' && !onScreen.includes(String(row.queryid)))!;
	const finding = {id: 'statement-mean', table: table!.id, rowKey: table!.rowKey(hidden)} as State['findings'][number];
	const standing = {table: table!.id, rank: 0, rises: 1, falls: 0, target: 2, finding};
	const missing = missingTexts({...state, lookups: known, checks: {one: standing}});
	assert.deepEqual(missing?.keys, [hidden.queryid]);
});

test('what is folded into one row, because others may not see it, has no text to ask for', () => {
	const hidden = rows.map(row => ({...row, kind: row.kind === 'all' ? 'all' : 'hidden', queryid: null}));
	assert.equal(missingTexts({...showing('queries', 20), tables: {queries: {rows: hidden, at: 0}}}), undefined);
});

test('a text that the role could not read is asked for again once it may', () => {
	const connected: Event = {type: 'connected', server: 'primary', at: 0, facts, ownPids: [], tls: false};
	const opened = [{type: 'known', server: 'primary', title: 'shop @ db1', at: 0} as const, connected].reduce(reduce, showing('queries', 20));
	const {keys} = missingTexts(opened)!;
	const unread = reduce(opened, {type: 'lookedUp', rows: Object.fromEntries(keys.map(key => [`statement-texts\0${key}`, {}]))});
	const same = reduce(unread, {type: 'refreshedFacts', server: 'primary', facts, ownPids: []});
	assert.equal(Object.keys(same.lookups).length, keys.length);
	const other = {...facts, canReadAll: !facts.canReadAll};
	for (const event of [{type: 'refreshedFacts', server: 'primary', facts: other, ownPids: []} as const, {...connected, facts: other}])
		assert.deepEqual(reduce(unread, event).lookups, {});
	// A companion's role is no matter of the watched server's texts.
	const standby = {...unread, servers: {...unread.servers, standby: unread.servers.primary!}};
	assert.equal(reduce(standby, {type: 'refreshedFacts', server: 'standby', facts: other, ownPids: []}).lookups, unread.lookups);
});

test('texts that cost the server much are asked for seldom, and sooner where somebody turned to them', () => {
	assert.deepEqual([restAfter(40, false), restAfter(40, true)], [0, 0]);
	for (const cost of [60, 500, 1700]) {
		assert.ok(cost / (cost + restAfter(cost, false)) < 0.04, 'of its time, while nobody does anything');
		assert.ok(cost / (cost + restAfter(cost, true)) <= 0.25);
	}
});
