import {defaultLimits, levelOf} from '../../source/limits.ts';
import type {Input, Line, Pane, Tile} from '../../source/pane.ts';
import {total} from '../figures.ts';
import {bytes} from '../format.ts';
import {duplicates} from './indexes-duplicate.ts';
import {invalid, isBroken} from './indexes-invalid.ts';
import {foreignKeys, scans} from './indexes-missing.ts';
import {unused} from './indexes-unused.ts';
import {usage} from './indexes-usage.ts';

function tile(input: Input): Tile {
	const known = (id: string) => input.rows[id];
	const superfluous = known('duplicate-indexes');
	const idle = known('unused-indexes')?.filter(row => row.keep === null && row.used_on === null);
	const broken = known('invalid-indexes')?.filter(isBroken);
	const missing = known('missing-fk-indexes');
	const whole = known('sequential-scans')?.filter(row => levelOf(row.rows_per_scan, defaultLimits['sequential-scans'] ?? {}) !== undefined);
	const line = (rows: readonly unknown[] | undefined, text: string, tone?: 'warning'): Line => [
		{text: `${rows ? rows.length : '–'} `, tone: tone && rows && rows.length > 0 ? tone : 'strong'},
		{text, tone: 'dim'},
	];
	return {
		title: 'Indexes',
		lines: [
			line(broken, 'invalid', 'warning'),
			line(idle, `unused, ${bytes(idle ? (total(idle, 'size_bytes') ?? 0) : null)}`),
			line(superfluous, `duplicate, ${bytes(superfluous ? (total(superfluous, 'size_bytes') ?? 0) : null)}`),
			line(missing, 'foreign keys without one'),
			line(whole, 'large tables read whole'),
		],
		tone: broken && broken.length > 0 ? 'warning' : undefined,
	};
}

/** What indexes cost and bring, which ones could go and which ones are wanted, each with the statement that mends it. */
export const indexes: Pane = {
	id: 'indexes',
	key: '7',
	title: 'Indexes',
	tables: [usage, unused, duplicates, invalid, foreignKeys, scans],
	arrange: 'switch',
	tile,
};
