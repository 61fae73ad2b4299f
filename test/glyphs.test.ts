import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readRow} from '../source/io/cells.ts';
import {picture} from '../views/frame.ts';
import {panes} from '../views/panes/index.ts';
import {type Play, recorded} from './support/recorded.ts';

// A start pays 10 to 20 ms for the segmenter and the tables of widths: they are for the texts of others.
test('what pgperf itself paints is measured without a segmenter', t => {
	const refused = () => {
		throw new Error('a glyph of our own is missing in views/layout.ts or source/io/cells.ts');
	};
	t.mock.property(Intl, 'Segmenter', refused as unknown as typeof Intl.Segmenter);
	for (const pane of panes.filter(one => one.place !== 'frame')) {
		for (const play of ['full', 'empty', 'skipped'] satisfies Play[]) {
			for (const index of pane.tables.keys()) {
				const state = {...recorded(pane.id, {columns: 200, rows: 50}, play), shown: {[pane.id]: index}};
				for (const line of picture(state)) assert.equal(readRow(line, 200).firm, 200, line);
			}
		}
	}
});
