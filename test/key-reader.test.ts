import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type InkKey, keysOf} from '../views/key-reader.ts';

/** One chunk as Ink 8 hands it on: input, flags. */
function read(input: string, ...flags: readonly string[]): readonly string[] {
	return keysOf(input, Object.fromEntries(flags.map(flag => [flag, true])) as InkKey, false);
}

test('keys have their names, and a chunk of letters is as many keys', () => {
	assert.deepEqual(read('', 'upArrow'), ['up']);
	assert.deepEqual(read('jjj'), ['j', 'j', 'j']);
	assert.deepEqual(read('C', 'shift'), ['C']);
	assert.deepEqual(read('c', 'ctrl'), ['ctrl-c']);
	assert.deepEqual(read('', 'tab', 'shift'), ['shift-tab']);
	assert.deepEqual(read('y\r'), ['y', 'enter']);
	assert.deepEqual(read('jj\x0c\x1a'), ['j', 'j', 'ctrl-l', 'ctrl-z']);
	assert.deepEqual(read('C', 'shift', 'meta'), []);
});

test('what is left of a sequence is no letter', () => {
	for (const rest of ['[C', 'OC', '[1;5C', '[3~', '[A']) assert.deepEqual(read(rest), [], rest);
});

test('a key that is let go, or pressed with Super, is none', () => {
	const kitty = {eventType: 'press'};
	assert.deepEqual(keysOf('q', kitty, false), ['q']);
	assert.deepEqual(keysOf('q', {...kitty, eventType: 'repeat'}, false), ['q']);
	assert.deepEqual(keysOf('q', {...kitty, eventType: 'release'}, false), []);
	assert.deepEqual(keysOf('', {...kitty, eventType: 'release', downArrow: true}, false), []);
	assert.deepEqual(keysOf('c', {...kitty, eventType: 'release', ctrl: true}, false), []);
	assert.deepEqual(keysOf('q', {...kitty, super: true}, false), []);
	assert.deepEqual(keysOf('k', {...kitty, shift: true}, false), ['K']);
});

test('in a text field brackets and digits are typed', () => {
	for (const text of ['[', ']', '12', 'OK', 'a[1']) assert.deepEqual(keysOf(text, {}, true), [...text]);
});
