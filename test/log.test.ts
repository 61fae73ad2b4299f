import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Event} from '../source/event.ts';
import {selectedRow} from '../source/window.ts';
import {recorded} from './support/recorded.ts';
import {reduce} from './support/world.ts';

test('what was announced stays in the log when another server is watched, and invalidates nothing in the cache of that one', () => {
	const begun = recorded('log', {columns: 120, rows: 30});
	const announced: Event = {type: 'notified', server: begun.watched, channel: 'cache_invalidation', payload: '{"table":"menu","tenant":3}'};
	const other = Object.keys(begun.servers).find(id => id !== begun.watched)!;
	const start = {...begun, settings: {...begun.settings, invalidate: {menu: 'menu:{tenant}'}}};
	const press = [announced, {type: 'switched', by: 2}, {type: 'moved', by: 'top'}, {type: 'asked', action: 'invalidate-named', at: 0}] as const;
	const asked = press.reduce(reduce, start);
	assert.equal(asked.overlays.at(-1)?.is, 'question', asked.notice?.text);

	const away = ([announced, {type: 'watched', server: other}, ...press.slice(1)] as const).reduce(reduce, start);
	assert.equal(away.watched, other);
	assert.equal(selectedRow(away)?.row.tag, 'menu:3');
	assert.equal(away.overlays.length, 0);
	assert.match(away.notice?.text ?? '', new RegExp(`^Invalidate the tag: it was announced on ${begun.watched}: watch that one`));

	// What was on its way while the other one was chosen.
	assert.equal(reduce(away, announced).log.at(-1)?.server, begun.watched);

	const back = ([{type: 'watched', server: begun.watched}, ...press.slice(2)] as const).reduce(reduce, away);
	assert.equal(back.overlays.at(-1)?.is, 'question', back.notice?.text);
});
