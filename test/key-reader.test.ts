import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type InkKey, keyReader} from '../views/key-reader.ts';

/** One chunk as Ink 8 hands it on: [ms since the one before, input, flags]. */
type Chunk = readonly [number, string, ...string[]];

function read(chunks: readonly Chunk[], typing = false): readonly string[] {
	const reader = keyReader();
	let now = 1000;
	return chunks.flatMap(([after, input, ...flags]) => {
		now += after;
		return reader(input, Object.fromEntries(flags.map(flag => [flag, true])) as InkKey, now, typing);
	});
}

test('keys have their names, and a chunk of letters is as many keys', () => {
	assert.deepEqual(read([[0, '', 'upArrow']]), ['up']);
	assert.deepEqual(read([[0, 'jjj']]), ['j', 'j', 'j']);
	assert.deepEqual(read([[0, 'C', 'shift']]), ['C']);
	assert.deepEqual(read([[0, 'c', 'ctrl']]), ['ctrl-c']);
	assert.deepEqual(read([[0, '', 'tab', 'shift']]), ['shift-tab']);
	assert.deepEqual(read([[0, 'y\r']]), ['y', 'enter']);
	assert.deepEqual(read([[0, 'C', 'shift', 'meta']]), []);
});

// What Ink 8 makes of each sequence when its pieces are more than 20 ms apart.
const torn: readonly (readonly [string, readonly Chunk[]])[] = [
	[
		'Esc | [C',
		[
			[0, '', 'escape'],
			[30, '[C'],
		],
	],
	[
		'Esc [ | C',
		[
			[0, '['],
			[30, 'C', 'shift'],
		],
	],
	[
		'Esc | [ | C',
		[
			[0, '', 'escape'],
			[30, '['],
			[300, 'C', 'shift'],
		],
	],
	[
		'Esc | OC',
		[
			[0, '', 'escape'],
			[30, 'OC'],
		],
	],
	[
		'Esc O | C',
		[
			[0, 'O', 'shift', 'meta'],
			[30, 'C', 'shift'],
		],
	],
	[
		'Esc [1;5 | C',
		[
			[0, '[1;5'],
			[30, 'C', 'shift'],
		],
	],
	[
		'Esc [1 | ;5C',
		[
			[0, '[1'],
			[30, ';5C'],
		],
	],
	[
		'Esc [ | 1 | ;5 | C',
		[
			[0, '['],
			[30, '1'],
			[30, ';5'],
			[30, 'C', 'shift'],
		],
	],
	[
		'Esc [3 | ~',
		[
			[0, '[3'],
			[30, '~'],
		],
	],
];
for (const [name, chunks] of torn) {
	test(`a torn sequence is no letter: ${name}`, () => {
		assert.deepEqual(
			read(chunks).filter(key => key !== 'esc'),
			[],
		);
	});
}

test('long after a stray bracket a letter is a letter again', () => {
	assert.deepEqual(
		read([
			[0, '['],
			[600, 'C', 'shift'],
		]),
		['C'],
	);
	assert.deepEqual(
		read([
			[0, '['],
			[100, 'x'],
			[10, 'C', 'shift'],
		]),
		['C'],
	);
});

test('in a text field brackets and digits are typed', () => {
	assert.deepEqual(
		read(
			[
				[0, '['],
				[90, 'a'],
				[90, ']'],
			],
			true,
		),
		['[', 'a', ']'],
	);
	assert.deepEqual(read([[0, '12']], true), ['1', '2']);
	assert.deepEqual(read([[0, 'OK']], true), ['O', 'K']);
});
