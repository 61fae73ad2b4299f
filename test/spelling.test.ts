import assert from 'node:assert/strict';
import {test} from 'node:test';
import {typedWord} from '../source/plans.ts';
import {identifier, inOneLine, literal, spelled, spelledSql, typedForm} from '../source/spelling.ts';
import type {State} from '../source/state.ts';
import {copied} from '../views/copied.ts';
import {written} from '../views/figures.ts';
import {recorded} from './support/recorded.ts';

test('names and strings, as SQL that survives a clipboard', () => {
	assert.equal(identifier('orders'), 'orders');
	assert.equal(identifier('user'), '"user"');
	assert.equal(identifier('a"b'), '"a""b"');
	assert.equal(identifier('größe'), '"größe"');
	assert.equal(identifier('a\u200bb'), 'U&"a\\200Bb"');
	assert.equal(identifier('a\\\u202e"'), 'U&"a\\\\\\202E"""');
	assert.equal(identifier('\u{e0041}'), 'U&"\\+0E0041"');
	assert.equal(literal("it's"), "'it''s'");
	assert.equal(literal('a\\b\n'), "E'a\\\\b\\u000a'");
	assert.equal(literal('a\nb'), "U&'a\\000Ab'");
	assert.equal(written('public', 'x; drop table orders; --'), 'public."x; drop table orders; --"');
});

test('names within words and statements: only those that would be lost change', () => {
	assert.equal(spelled('drop index concurrently public."a\u200b" don\'t'), 'drop index concurrently public.U&"a\\200B" don\'t');
	assert.equal(spelled('Look at "größe" and "a b"'), 'Look at "größe" and "a b"');
	assert.equal(
		spelledSql(`select 'a\u0301', E'\\\\\u0301', "b""\x1b", U&"\\200B", $$\u0301$$`),
		`select U&'a\\0301', E'\\\\\\u0301', U&"b""\\001B", U&"\\200B", $$\u0301$$`,
	);
});

test('what is typed to confirm tells names apart that look the same', () => {
	const alike = [
		'orders',
		'оrders',
		'orders\u200b',
		'ｏrders',
		'orders ',
		' orders',
		'or\u00adders',
		'ο\u03c1ders',
		'orde\u0301rs',
		'ord\u00e9rs',
		'\u202eorders',
		'orders\u3164',
	];
	const forms = alike.map(typedForm);
	assert.equal(new Set(forms).size, alike.length);
	assert.deepEqual(forms.slice(0, 6), ['orders', '<U+043E>rders', 'orders<U+200B>', '<U+FF4F>rders', 'orders<U+0020>', '<U+0020>orders']);
	for (const usual of ['orders', 'größe', 'tbl_заказы', 'नमस्ते', '日本語', 'two words', 'a-b.c']) assert.equal(typedForm(usual), usual);
	const target = {key: 'k', subject: 'shop.оrders', statements: [], why: null, guard: {}};
	assert.equal(typedWord({danger: 'type'} as never, [target], 1, false), 'shop.<U+043E>rders');
});

test('a statement that was copied means the objects that it meant', () => {
	const state = recorded('sessions', {columns: 120, rows: 40});
	const [first] = state.tables.sessions!.rows;
	const query = 'select * from "orders\u200b"\nwhere a = 1';
	const opened: State = {
		...state,
		overlays: [{is: 'detail', request: 1, table: 'sessions', key: '1', row: {...first, query}, answers: {}, scroll: 0} as never],
	};
	assert.equal(copied(opened, true), 'select * from U&"orders\\200B" where a = 1');
});

test('on one line a comment does not take the rest of the statement with it', () => {
	const cases: readonly (readonly [string, string])[] = [
		['delete from orders -- the old ones\nwhere id < 5', 'delete from orders /* the old ones */\nwhere id < 5'],
		['select 1 -- a /*/ b */ c /\n, 2', 'select 1 /* a / * / b * / c / */\n, 2'],
		['select 1 --', 'select 1 /*  */'],
		["select '--', \"--\", E'\\'--', $$--$$, $a$--$a$ /* -- */", "select '--', \"--\", E'\\'--', $$--$$, $a$--$a$ /* -- */"],
		['do $x$ begin -- why\nend $x$', "do U&' begin -- why\\000Aend '"],
		['select 1\nfrom t', 'select 1\nfrom t'],
		['delete from orders -- the old ones\rwhere id < 5', 'delete from orders /* the old ones */\rwhere id < 5'],
		["select /* a /* b */ -- c */ 1 -- don't\n, '--'", "select /* a /* b */ -- c */ 1 /* don't */\n, '--'"],
		['select 1 /* cut -- here', 'select 1 /* cut -- here'],
		['select $é$ -- $é$, a$b$ -- $b$\n', 'select $é$ -- $é$, a$b$ /* $b$ */\n'],
		['select $$a\u200bb$$', "select U&'a\\200Bb'"],
	];
	for (const [sql, expected] of cases) assert.equal(inOneLine(sql), expected);
});

test('an apostrophe in a comment begins no string', () => {
	assert.equal(spelledSql("select a -- don't\nfrom t where b = 'x'"), "select a -- don't\nfrom t where b = 'x'");
	assert.equal(spelledSql("select /* it's */ '\u200b'"), "select /* it's */ U&'\\200B'");
	const state = recorded('sessions', {columns: 120, rows: 40});
	const [first] = state.tables.sessions!.rows;
	const opened: State = {
		...state,
		overlays: [
			{is: 'detail', request: 1, table: 'sessions', key: '1', row: {...first, query: "delete from t -- don't\nwhere b = 'x'"}, answers: {}, scroll: 0},
		],
	};
	assert.equal(copied(opened, true), "delete from t /* don't */ where b = 'x'");
});
