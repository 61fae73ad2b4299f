import type {Pane} from '../../source/pane.ts';
import {bloat} from './tables-bloat.ts';
import {progress} from './tables-progress.ts';
import {sequences} from './tables-sequences.ts';
import {sizes} from './tables-size.ts';

/** Tables, the care that they need and get, and the keys that run out. */
export const tables: Pane = {
	id: 'tables',
	key: '8',
	title: 'Tables',
	tables: [sizes, progress, bloat, sequences],
	arrange: 'switch',
};
