import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Answers, Row} from '../source/pane.ts';
import type {State} from '../source/state.ts';
import {copied, cutAt} from '../views/copied.ts';
import {sqlFiles} from './support/queries.ts';
import {recorded} from './support/recorded.ts';

const begun = recorded('sessions', {columns: 120, rows: 40});
const row = begun.tables.sessions!.rows[0]!;

function opened(query: string, answer?: Row): State {
	const answers: Answers = answer ? {statement: {status: 'ok', sample: {at: 0, rows: [answer], cost: 0}}} : {};
	return {...begun, overlays: [{is: 'detail', request: 1, table: 'sessions', key: '1', row: {...row, query}, answers, scroll: 0}]};
}

test('what is copied of an opened row is the text that is shown, to its end', () => {
	const text = `delete from orders where ${'a = 1 and '.repeat(80)}b = 2`;
	assert.equal(copied(opened(text.slice(0, 600), {query: text, query_size: 4096}), true), text);
	assert.equal(copied(opened('select 1'), true), 'select 1');
});

test('a text that was cut can not be run: it may have lost its condition', () => {
	const text = `delete from orders -- ${'x'.repeat(2000)}\nwhere a = 1`;
	assert.match(copied(opened(text.slice(0, 600)), true), /x \*\/ \/\* the rest was cut$/);
	assert.match(copied(opened(text.slice(0, 600), {query: text.slice(0, 1023), query_size: 1024}), true), /x \*\/ \/\* the rest was cut$/);
	assert.match(copied(opened(text.slice(0, 600), {query: null, query_size: 1024}), true), /the rest was cut$/);
	assert.doesNotMatch(copied(opened(text.slice(0, 599)), true), /the rest was cut/);
});

test('where lists cut a text is known', () => {
	const found = sqlFiles().flatMap(({text}) => [...text.matchAll(/left\(\w+\.query, ([^)]*)\)/g)].flatMap(([, how]) => how!.match(/\d+/g) ?? []));
	assert.deepEqual(
		[...new Set(found.map(Number))].sort((a, b) => a - b),
		[...cutAt].sort((a, b) => a - b),
	);
});
