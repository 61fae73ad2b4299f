import assert from 'node:assert/strict';
import {test} from 'node:test';
import {render} from 'ink-testing-library';
import {createReferences} from '../source/io/references.ts';
import {App} from '../views/app.tsx';
import {picture} from '../views/frame.ts';
import {recorded} from './support/recorded.ts';

test('what Ink writes of a screen is its name, which stays while the screen does', () => {
	const references = createReferences();
	const state = recorded('sessions', {columns: 120, rows: 32});
	const {lastFrame, frames, rerender, unmount} = render(<App state={state} refer={references.of} />);
	assert.deepEqual(references.linesOf(lastFrame()!), picture(state));
	rerender(<App state={{...state}} refer={references.of} />);
	assert.equal(new Set(frames).size, 1);
	const moved = {...state, now: state.now + 60_000};
	rerender(<App state={moved} refer={references.of} />);
	assert.deepEqual(references.linesOf(lastFrame()!), picture(moved));
	assert.notDeepEqual(picture(moved), picture(state));
	unmount();
});

test('screens of long ago are forgotten, and none is ever taken for another', () => {
	const references = createReferences();
	const names = Array.from({length: 1000}, (_, i) => references.of([String(i), '']));
	assert.equal(new Set(names).size, 1000);
	assert.deepEqual(references.linesOf(names.at(-1)!), ['999', '']);
	assert.deepEqual(references.linesOf(names.at(-8)!), ['992', '']);
	assert.equal(references.linesOf(names.at(-9)!), undefined);
	assert.equal(references.linesOf('pgperf'), undefined);
	assert.notEqual(references.of(['999']), names.at(-1));
});
