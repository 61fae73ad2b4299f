import assert from 'node:assert/strict';
import {test} from 'node:test';
import {forestOf, freedBy, type LocksRow, victimsOf, waitsOf} from '../source/forest.ts';
import {freedLine} from '../views/signals.ts';
import {drawn, edge, edges} from './support/forest.ts';

function rowsOf(text: string): readonly LocksRow[] {
	return edges(text);
}

test('nobody waits, no forest', () => {
	assert.deepEqual(forestOf([]), []);
});

test('a row queue: later waiters hang on the first of the queue, told as blocked by several', () => {
	const rows = rowsOf('2<1 3<2 4<2,3 5<2,3,4');
	assert.equal(drawn(forestOf(rows)), '1 holds 4\n  2 holds 3\n    3 holds 2\n    4 holds 1 +1\n    5 +2');
});

test('readers queue behind an ALTER that waits for a reader and a writer', () => {
	const rows = rowsOf('3<1,2 4<3 5<3');
	assert.equal(drawn(forestOf(rows)), '1 holds 3\n  3 holds 2 +1\n    4\n    5\n2 holds 3');
});

test('the order of the rows changes nothing', () => {
	const rows = rowsOf('2<1 3<2 4<2,3 5<2,3,4 7<6 8<6,1');
	const wanted = drawn(forestOf(rows));
	assert.equal(drawn(forestOf([...rows].reverse())), wanted);
	assert.equal(drawn(forestOf([...rows.slice(3), ...rows.slice(0, 3)])), wanted);
});

test('roots with most victims come first, then the older transaction, then the lower number', () => {
	const rows = rowsOf('2<1 4<3 5<3 7<6 8<9').map(row => ({...row, blocker_xact_s: row.blocker_pid === 9 ? 60 : 5}));
	assert.deepEqual(
		forestOf(rows)
			.filter(tree => tree.under === null)
			.map(tree => tree.key),
		['3', '9', '1', '6'],
	);
});

test('a chain of 200 is one tree, and its root holds up 200', () => {
	const rows = Array.from({length: 200}, (_, index) => edge(index + 2, index + 1));
	const trees = forestOf(rows);
	assert.equal(trees.length, 201);
	assert.equal(trees[0]!.key, '1');
	assert.equal(trees[0]!.holds_up, 200);
	assert.equal(trees.filter(tree => tree.under === null).length, 1);
	assert.equal(trees.find(tree => tree.key === '201')!.under, '200');
});

test('a circle is cut once, each session shown once, and nobody is counted behind itself', () => {
	const trees = forestOf(rowsOf('1<2 2<3 3<1 4<3'));
	assert.equal(trees.filter(tree => tree.under === null).length, 1);
	assert.deepEqual(
		trees.filter(tree => tree.circle).map(tree => tree.key),
		['1'],
	);
	assert.deepEqual(
		trees.map(tree => [tree.key, tree.holds_up]),
		[
			['1', 3],
			['2', 3],
			['3', 3],
			['4', 0],
		],
	);
	assert.equal(trees[0]!.waits, true);
});

test('two circles and a session that waits for itself do not hang', () => {
	const trees = forestOf(rowsOf('1<2 2<1 3<4 4<3 5<5'));
	assert.deepEqual(
		trees
			.filter(tree => tree.circle)
			.map(tree => tree.key)
			.sort(),
		['1', '3', '5'],
	);
});

test('prepared transactions are roots of their own, two of them two', () => {
	const rows = [edge(2, 0, {blocker_gid: 'pay-1', blocker_owner: 'app', blocker_prepared_s: 90}), edge(2, 0, {blocker_gid: 'pay-2'}), edge(3, 2)];
	const trees = forestOf(rows.map(row => ({...row, blockers: 1})));
	assert.equal(drawn(trees), 'prepared pay-1 holds 2\n  2 holds 1 +1\n    3\nprepared pay-2 holds 2');
	assert.deepEqual([trees[0]!.pid, trees[0]!.usename, trees[0]!.xact_s, trees[0]!.state], [null, 'app', 90, 'prepared']);
	assert.equal(
		trees.some(tree => tree.partial),
		false,
	);
});

test('who was not asked is not called a cause, and its numbers are lower bounds', () => {
	const trees = forestOf(rowsOf('3<2').map(row => ({...row, waiters: 5000, blocker_wait_event_type: 'Lock'})));
	const root = trees.find(tree => tree.key === '2')!;
	assert.deepEqual([root.under, root.waits, root.partial], [null, true, true]);
});

test('freed is only who waits for nobody else', () => {
	const waits = waitsOf(rowsOf('2<1 3<2 4<1,9 5<1'));
	assert.deepEqual(freedBy(waits, new Set(['1'])), ['2', '5']);
	assert.deepEqual(freedBy(waits, new Set(['1', '9'])), ['2', '4', '5']);
	assert.deepEqual(freedBy(waits, new Set(['1', '2'])), ['3', '5']);
	assert.deepEqual([...victimsOf(waits).get('1')!].sort(), ['2', '3', '4', '5']);
});

test('a waiter with more blockers than were listed is never freed', () => {
	const rows = rowsOf('2<1').map(row => ({...row, blockers: 37}));
	assert.deepEqual(freedBy(waitsOf(rows), new Set(['1'])), []);
	assert.equal(forestOf(rows)[0]!.partial, true);
	assert.equal(forestOf(rows)[1]!.more, 36);
});

test('the line of the cost names who is next and who waits on', () => {
	const rows = rowsOf('2<1 3<1 4<3 5<3 6<1,7').map(row =>
		row.pid === 3 ? {...row, query: 'alter  table shop.orders add x int', mode: 'AccessExclusiveLock', object: 'shop.orders'} : row,
	);
	const text = freedLine(['1'], rows)!.map(segment => segment.text);
	assert.deepEqual(text, ['frees 2 of 5; next: 3 ALTER TABLE gets AccessExclusiveLock on shop.orders, and 2 wait behind it']);
	assert.deepEqual(
		freedLine(['7'], rows)!.map(segment => segment.text),
		['frees 0 of 1: each of them waits for others too'],
	);
	assert.equal(freedLine(['4'], rows), undefined);
});
