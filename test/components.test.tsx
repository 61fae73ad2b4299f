import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import type {Line} from '../source/pane.ts';
import {centred, framed, overlay, windowed} from '../views/components/box.ts';
import {confirmBox, lastConfirmTop, type Question} from '../views/components/confirm.ts';
import {detailLines} from '../views/components/detail.ts';
import {helpLines} from '../views/components/help.ts';
import {menuLines} from '../views/components/menu.ts';
import {widthOf, widthOfLine} from '../views/layout.ts';
import {unpainted} from '../views/theme.ts';
import {golden, picture} from './support/golden.ts';
import {hostileText, seeded} from './support/hostile.ts';

const sizes = [20, 40, 80, 120, 200];

function words(lines: readonly Line[]): string {
	return lines.map(unpainted).join('\n');
}

function exactly(lines: readonly Line[], width: number, what: string): void {
	for (const line of lines) assert.equal(widthOfLine(line), width, `${what} at ${width}: ${unpainted(line)}`);
}

const terminate: Question = {
	title: 'Terminate 4711 on PROD db1',
	facts: [
		[{text: 'app_user on shop from 10.0.4.7, idle in transaction 12m, '}, {text: 'has written: rolls back', tone: 'warning'}],
		[{text: 'frees 4 of 5; next: 4810 ALTER TABLE gets AccessExclusiveLock on shop.orders, 412 GB'}],
	],
	statements: [
		"select pg_terminate_backend(pid) from pg_stat_activity where pid = 4711\n and backend_start = '2026-11-20 13:51:02.123456+00'\n and xact_start is not distinct from '2026-11-20 13:51:40.004211+00'",
	],
	button: 'terminate',
};

test('a frame is as wide as asked and two lines higher', () => {
	for (const width of [1, 2, 3, 4, 5, ...sizes]) {
		const lines = framed('A title that is longer than some', [[{text: 'short'}], [{text: '日本語'.repeat(40)}]], width, 'warning');
		assert.equal(lines.length, 4);
		exactly(lines, width, 'frame');
	}
	assert.equal(words(framed('Hi', [[{text: 'x'}]], 12)), '┌ Hi ──────┐\n│ x        │\n└──────────┘');
});

test('a box covers what is under it, and nothing else', () => {
	const under: Line[] = Array.from({length: 5}, () => [{text: 'abcdefghijklmnopqrst', tone: 'dim'}]);
	const box = framed('', [[{text: 'X'}]], 7);
	assert.equal(
		words(overlay(under, box, 1, 6, 20)),
		['abcdefghijklmnopqrst', 'abcdef┌─────┐nopqrst', 'abcdef│ X   │nopqrst', 'abcdef└─────┘nopqrst', 'abcdefghijklmnopqrst'].join('\n'),
	);
	assert.equal(words(overlay(under, box, -1, -2, 20)).split('\n')[0], 'X   │fghijklmnopqrst');
	assert.equal(words(centred(under, box, 20)).split('\n')[2], 'abcdef│ X   │nopqrst');
	const random = seeded(32);
	for (let i = 0; i < 2000; i++) {
		const width = 1 + Math.floor(random() * 80);
		const ground = Array.from({length: 6}, () => [{text: hostileText(random)}]);
		const lines = overlay(
			ground,
			framed(hostileText(random), [[{text: hostileText(random)}]], 1 + Math.floor(random() * 90)),
			Math.floor(random() * 9) - 2,
			Math.floor(random() * 90) - 5,
			width,
		);
		assert.equal(lines.length, 6);
		exactly(lines, width, 'overlay');
	}
});

test('a window says what is above and below it', () => {
	const lines: Line[] = Array.from({length: 10}, (_, i) => [{text: `line ${i}`}]);
	assert.equal(words(windowed(lines, 4, 0, 10)), 'line 0    \nline 1    \nline 2    \n↓ 7 more  ');
	assert.equal(
		words(windowed(lines, 4, 3, 20))
			.split('\n')
			.at(-1)!
			.trimEnd(),
		'↑ 3 more  ↓ 4 more',
	);
	assert.equal(words(windowed(lines, 4, 99, 10)), 'line 7    \nline 8    \nline 9    \n↑ 7 more  ');
	assert.equal(windowed(lines, 10, 5, 10).length, 10);
	assert.equal(windowed(lines, 1, 5, 10).length, 1);
});

test('a question shows every character of what will be sent, at any size', () => {
	const random = seeded(33);
	for (const width of [40, 60, 80, 120, 200]) {
		for (let height = 12; height < 40; height += 3) {
			const statements = [terminate.statements[0]!, hostileText(random, 30), hostileText(random, 60)];
			const question: Question = {...terminate, statements, ...(height % 2 ? {typed: {expected: '4711', soFar: '47'}} : {})};
			let all = '';
			const last = lastConfirmTop(question, width, height);
			for (let top = 0; top <= last; top++) {
				const lines = confirmBox({...question, width, height, top});
				exactly(lines, width, 'question');
				assert.ok(lines.length <= height, `${lines.length} lines in ${height}`);
				all += words(lines);
			}
			for (const name of ['pg_terminate_backend', '13:51:02.123456+00', '13:51:40.004211+00']) {
				const letters = all.replaceAll(/[\s│]/g, '');
				assert.ok(letters.includes(name), `${name} at ${width}x${height}`);
			}
		}
	}
});

test('what can not be seen in a statement is spelt out', () => {
	const lines = words(confirmBox({...terminate, statements: ['drop table "a\u200bb\u202e"; \u001b[2J'], width: 80, height: 24}));
	assert.match(lines, /drop table "a<U\+200B>b<U\+202E>"; <U\+001B>\[2J/);
});

test('a question with y, and one with a typed word', () => {
	assert.match(words(confirmBox({...terminate, width: 80, height: 24})), /y {2}terminate {5}any other key {2}no/);
	const typed = words(confirmBox({...terminate, typed: {expected: 'orders', soFar: 'ord'}, width: 80, height: 24}));
	assert.match(typed, /type orders, then Enter, to terminate/);
	assert.match(typed, /> ord/);
	assert.doesNotMatch(typed, / y {2}terminate/);
});

for (const width of [40, 80, 120]) {
	test(`the parts as pictures at ${width}`, () => {
		golden(`parts/confirm.${width}`, confirmBox({...terminate, width: Math.min(width, 86), height: 24}));
		golden(`parts/confirm-typed.${width}`, confirmBox({...terminate, typed: {expected: '4711', soFar: '47'}, width: Math.min(width, 86), height: 11}));
		golden(
			`parts/menu.${width}`,
			menuLines(
				[
					{text: 'Sessions', note: '2'},
					{text: 'Cancel 4711', disabled: 'it is idle in transaction: there is no query to cancel'},
					{text: 'Terminate 4711', note: 'K  needs pg_signal_backend'},
				],
				{cursor: 1, filter: 's', width, height: 10},
			),
		);
		golden(
			`parts/detail.${width}`,
			detailLines(
				[
					{title: 'query', lines: [[{text: "update inventory\n\tset stock = stock - 1\nwhere sku = 'A\u202e1'"}]]},
					{title: 'times', lines: [[{text: 'transaction  '}, {text: '12m', tone: 'warning'}], [{text: 'query        12m'}]]},
				],
				width,
			),
		);
		golden(
			`parts/help.${width}`,
			helpLines(
				[
					{key: '1..9 0', does: 'panes', where: 'Everywhere'},
					{key: 'g', does: 'go to: every pane by name, typed', where: 'Everywhere'},
					{key: 'C', does: 'cancel the query of the marked rows, or of this one', where: 'On a row'},
					{key: 'K', does: 'terminate the backend', where: 'On a row'},
					{key: 'q', does: 'close what is open; quit from a pane', where: 'pgperf'},
				],
				width,
			),
		);
	});
}

test('menu, detail and help are as wide as asked, whatever is in them', () => {
	const random = seeded(34);
	for (let i = 0; i < 1500; i++) {
		const width = 1 + Math.floor(random() * 200);
		const height = Math.floor(random() * 20);
		const items = Array.from({length: Math.floor(random() * 30)}, () => ({
			text: hostileText(random, 4),
			...(random() < 0.5 ? {note: hostileText(random, 4)} : {}),
			...(random() < 0.3 ? {disabled: hostileText(random)} : {}),
		}));
		const cursor = Math.floor(random() * items.length);
		const menu = menuLines(items, {cursor: items.length > 0 ? cursor : -1, width, height, ...(random() < 0.5 ? {filter: hostileText(random, 4)} : {})});
		exactly(menu, width, 'menu');
		assert.ok(menu.length <= height);
		const sections = [{title: hostileText(random), lines: [[{text: hostileText(random, 30)}, {text: hostileText(random)}]]}];
		exactly(detailLines(sections, width), width, 'detail');
		const keys = Array.from({length: Math.floor(random() * 20)}, (_, n) => ({key: hostileText(random, 3), does: hostileText(random), where: `place ${n % 3}`}));
		exactly(helpLines(keys, width), width, 'help');
	}
});

test('of a menu of thousands only what is shown is laid out', () => {
	let read = 0;
	const items = Array.from({length: 5000}, (_, i) => ({
		text: `database shop_${i}`,
		get note() {
			read += 1;
			return '3 sessions, 12 GB';
		},
	}));
	assert.equal(menuLines(items, {cursor: 100, width: 70, height: 20}).length, 20);
	assert.ok(read < 100, `${read} notes were read`);
});

test('the cursor of a menu is always seen', () => {
	const items = Array.from({length: 30}, (_, i) => ({text: `item ${i}`}));
	for (let height = 2; height < 35; height++) {
		for (let cursor = 0; cursor < 30; cursor++) {
			const lines = menuLines(items, {cursor, filter: '', width: 40, height: height + 1});
			assert.ok(
				lines.slice(1).some(line => line[0]!.inverse && unpainted(line).includes(`item ${cursor} `)),
				`item ${cursor} of 30 in ${height}`,
			);
		}
	}
	assert.equal(words(menuLines([], {cursor: -1, filter: 'x', width: 20, height: 5})).includes('nothing matches'), true);
});

test('a golden that is missing or different fails', {skip: process.env.UPDATE === '1' ? 'UPDATE writes goldens' : false}, () => {
	assert.throws(() => golden('parts/there-is-none', [[{text: 'x'}]]), /UPDATE=1/);
	assert.throws(() => golden('parts/confirm.80', [[{text: 'x'}]]), /has changed/);
	assert.equal(existsSync(fileURLToPath(new URL('golden/parts/there-is-none.txt', import.meta.url))), false);
});

test('a picture tells the tone of every cell', () => {
	const line: Line = [{text: '日a', tone: 'warning'}, {text: ' b'}, {text: ' ', inverse: true}, {text: 'c', tone: 'critical', inverse: true}];
	assert.equal(picture([line]), '日a b c\n=== tones ===\nwww..PC\n');
	assert.equal(widthOf(unpainted(line)), 7);
});

test('a reason that is longer than its line goes on below it, where all have room', () => {
	const items = [
		{text: 'C  Cancel query', disabled: 'it is idle in transaction: cancel does nothing there, terminate it'},
		{text: 'K  Terminate session', note: 'the same role or pg_signal_backend'},
	];
	const shown = (height: number) => menuLines(items, {cursor: 0, filter: '', width: 60, height}).map(line => words([line]).trimEnd());
	assert.deepEqual(shown(6).slice(1), [
		'> C  Cancel query       it is idle in transaction: cancel',
		'                        does nothing there, terminate it',
		'  K  Terminate session  the same role or pg_signal_backend',
	]);
	assert.equal(shown(3).length, 3);
});
