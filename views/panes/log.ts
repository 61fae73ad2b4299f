import type {Action, Pane, Table, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {clock, unknown} from '../format.ts';

/** source/log.ts: what has happened since the console was opened. */
export type LogRow = {
	readonly n: number;
	readonly wall_s: number;
	readonly text: string;
	readonly tone: string;
	readonly channel: string | null;
	readonly tag: string | null;
	readonly no_tag: string | null;
	/** The server that was watched when it came, where another one is watched now. */
	readonly elsewhere: string | null;
};

const time = {field: 'wall_s', title: 'time', width: 10, show: (value: unknown) => clock(value as number), priority: 1} as const;
const words = {field: 'text', title: 'what', width: 30, grow: 1, tone: (row: LogRow) => row.tone as Tone, priority: 1} as const;
const newest = (a: LogRow, b: LogRow) => b.n - a.n;

/** `X`: what a notification says has changed. The rules make the tag; the payload is never a pattern. */
const invalidateNamed: Action<LogRow> = {
	id: 'invalidate-named',
	key: 'X',
	label: 'Invalidate the tag',
	danger: 'ask',
	many: true,
	plan: {redis: 'invalidate'},
	run: 'redis',
	params: rows => [...new Set(rows.flatMap(row => row.tag ?? []))],
	disabled(row) {
		if (row.tag === null) return row.no_tag ?? 'it is no notification of cache_invalidation';
		// The cache of the server that is watched now holds other things under this name.
		return row.elsewhere === null ? undefined : `it was announced on ${row.elsewhere}: watch that one`;
	},
	needs: 'a rule under invalidate in the configuration',
};

const shared = {scope: 'server', every: 'slow', rowKey: (row: LogRow) => String(row.n), order: newest} as const;

/** What the applications and triggers of the database announce. */
export function notifications(own: Pick<Table<LogRow>, 'id' | 'title' | 'empty' | 'hidden'>): Table {
	return table<LogRow>({
		...shared,
		...own,
		from: {log: 'notifications'},
		columns: [
			time,
			{field: 'channel', title: 'channel', width: 20, priority: 2},
			words,
			{
				field: 'tag',
				title: 'tag',
				width: 20,
				show: (value, row) => (typeof value === 'string' ? value : row.no_tag === null ? unknown : 'no rule'),
				priority: 3,
			},
		],
		actions: [invalidateNamed],
	});
}

export const log: Pane = {
	id: 'log',
	title: 'Log',
	tables: [
		table<LogRow>({
			...shared,
			id: 'log-actions',
			title: 'Actions',
			empty: 'Nothing has been done from here yet.',
			from: {log: 'actions'},
			columns: [time, words],
		}),
		table<LogRow>({
			...shared,
			id: 'log-findings',
			title: 'Findings that came and went',
			empty: 'No finding has come or gone yet.',
			from: {log: 'findings'},
			columns: [time, words],
		}),
		notifications({id: 'log-notifications', title: 'Notifications', empty: 'No notification has arrived on cache_invalidation or performance_alert.'}),
	],
	arrange: 'switch',
};
