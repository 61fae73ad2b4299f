import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Score} from '../source/checks.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Input, Line, Pane, Row} from '../source/pane.ts';
import {duration, percent} from '../views/format.ts';
import {widthOfLine} from '../views/layout.ts';
import {overview, overviewBody, overviewParts} from '../views/panes/overview.ts';
import {waits} from '../views/panes/waits.ts';
import {unpainted} from '../views/theme.ts';

const waves = (top: number, phase: number) => Array.from({length: 300}, (_, i) => Math.round((top / 2) * (1 + Math.sin(i / 17 + phase)) * 100) / 100);

const event = {server_time: 1000, sessions: 3, longest_s: 12, longest_pid: 4711, hidden: 0, share: 0.5};
const history = {
	'load-running': waves(6, 0),
	'load-io': waves(4, 2),
	'load-lock': waves(3, 4),
	'replication-lag': [...waves(12, 1), null, null, 14],
	hit: waves(0.5, 3).map(value => value + 0.5),
};

function pane(id: string, title: string, lines: readonly string[], series?: string, limit?: string, show = duration): Pane {
	return {
		...{id, title, tables: [], arrange: 'stack'},
		...(series && {series: [{id: series, title, value: () => null, show}]}),
		tile: () => ({title, lines: lines.map(text => [{text}]), series, limit, tone: id === 'locks' ? 'critical' : undefined}),
	};
}

const panes: readonly Pane[] = [
	pane('sessions', 'Connections', ['142 of 197', 'active 18, idle in transaction 3']),
	pane('queries', 'Slow queries', ['61% select * from orders where note like $1', '12% update inventory set …']),
	pane('locks', 'Locks', ['5 wait behind 4711']),
	pane('replication', 'Replication', ['lag 14s  standby1 38 MB  of 2 standbys', '1 away: standby2', 'WAL 3.1 MB/s'], 'replication-lag', 'lag'),
	pane('cache', 'Cache', ['hit 92.1% of the interval', 'since Nov 2: 99.1%'], 'hit', 'hit-ratio', percent),
	pane('indexes', 'Indexes', ['unused 27 MB', '1 invalid, 2 foreign keys without']),
	{id: 'tables', title: 'Tables', tables: [], arrange: 'stack'},
];

const input: Input = {
	rows: {
		'load-events': [
			{...event, wait_event_type: 'Lock', wait_event: 'transactionid', recent: 2.5, query: 'update inventory set qty = qty - $1'},
			{...event, wait_event_type: null, wait_event: null, recent: 1.2, query: 'select * from orders\u001b[31m where note like $1'},
		],
	},
	facts: {},
	watched: 'a',
	history,
};

const bad: Score = {
	score: 61,
	grade: 'D',
	coveragePercent: 91,
	deductions: [
		{id: 'blocked', points: 25, why: '5 sessions wait behind 4711, idle in transaction 12m'},
		{id: 'unused-index', points: 10, why: 'index orders_note_idx is unused (+3)'},
		{id: 'sequence', points: 4, why: 'sequence orders_id_seq is 76% used'},
	],
};

function body(columns: number, rows: number, cursor = 0, score: Score = bad, seen: Input = input): Line[] {
	const {tiles, load} = overviewParts(panes, seen, defaultLimits, cursor);
	return overviewBody(tiles, load, score, {columns, rows});
}

test('the overview before anything is known', () => {
	const nothing: Score = {score: null, grade: null, coveragePercent: 0, deductions: []};
	const parts = overviewParts([], {rows: {}, facts: {}, watched: 'a', history: {}}, defaultLimits, 0);
	const lines = overviewBody(parts.tiles, parts.load, nothing, {columns: 80, rows: 17}).map(line => unpainted(line).trimEnd());
	assert.equal(lines[0], ' Health –  0 % of checks seen');
	assert.deepEqual([lines.length, lines.filter(line => /[▓▒░]|[1-9]/.test(line)).length], [17, 2], lines.join('\n'));
});

test('what is hidden from a role may run: it is not called nothing', () => {
	const none = {...input, rows: {'load-events': [], vitals: [{hidden: 10}]}};
	for (const rows of [17, 27]) {
		const text = body(120, rows, 0, bad, none).map(unpainted).join('\n');
		assert.match(text, /what runs is hidden in 10 sessions: grant pg_read_all_stats/);
		assert.doesNotMatch(text, /nothing runs/);
	}
	assert.match(
		body(120, 27, 0, bad, {...none, rows: {'load-events': [], vitals: [{hidden: 0}]}})
			.map(unpainted)
			.join('\n'),
		/nothing runs/,
	);
});

test('health and what it lost lead, the worst first, as far as the width goes', () => {
	assert.match(unpainted(body(80, 17)[0]!), /^ Health 61 D {2}-25 5 sessions wait behind 4711, idle in tr… +91 % of checks seen $/);
	const wide = unpainted(body(200, 43)[0]!);
	assert.ok(wide.indexOf('-25 5 sessions') < wide.indexOf('-10 index') && wide.indexOf('-10 index') < wide.indexOf('-4 sequence'), wide);
});

test('every line has the width and every size its lines, and the server’s text is harmless', () => {
	for (const columns of [40, 79, 80, 119, 120, 200, 301]) {
		for (const rows of [1, 5, 12, 17, 25, 43, 90]) {
			for (const cursor of [0, 3, 5]) {
				const lines = body(columns, rows, cursor);
				assert.equal(lines.length, rows, `${columns}x${rows}`);
				for (const line of lines) assert.equal(widthOfLine(line), columns, `${columns}x${rows}: ${unpainted(line)}`);
			}
		}
	}
});

test('the selected tile is always seen, and marked without colour', () => {
	for (const [columns, rows] of [
		[40, 9],
		[80, 12],
		[120, 10],
		[200, 43],
	] as const) {
		for (let cursor = 0; cursor < 6; cursor++) {
			const marked = body(columns, rows, cursor).flatMap(line => line.filter(segment => segment.inverse));
			assert.equal(marked.length, 1, `${columns}x${rows} ${cursor}`);
			assert.match(marked[0]!.text, /^>/);
		}
	}
});

test('tiles come in the order of the panes; a pane without one stays away', () => {
	const titles = overviewParts(panes, input, defaultLimits, 0).tiles.map(tile => tile.tile.title);
	assert.deepEqual(titles, ['Connections', 'Slow queries', 'Locks', 'Replication', 'Cache', 'Indexes']);
});

test('a threshold is drawn in the unit of its series', () => {
	const tiles = overviewParts(panes, input, defaultLimits, 0).tiles;
	assert.deepEqual([tiles[3]!.threshold, tiles[4]!.threshold, tiles[0]!.threshold], [1, 0.9, null]);
});

const waitEvents = waits.tables[0]!;

function waited(server_time: number, events: readonly (readonly [string | null, number])[], before: readonly Row[] = []): readonly Row[] {
	const rows = events.map(([wait_event, sessions]) => ({...event, server_time, wait_event, wait_event_type: wait_event && 'IO', sessions, query: wait_event}));
	return waitEvents.derive!(rows, {...input, rows: {'wait-events': before}});
}

test('what waited fades with time, not with samples', () => {
	const recent = (rows: readonly Row[], name: string | null) => Number(rows.find(row => row.wait_event === name)?.recent ?? 0);
	const start = waited(0, [
		[null, 0],
		['DataFileRead', 8],
	]);
	assert.equal(recent(start, 'DataFileRead'), 8);
	const slow = waited(300, [[null, 1]], start);
	assert.ok(Math.abs(recent(slow, 'DataFileRead') - 8 / Math.E) < 1e-9);
	let fast = start;
	for (let at = 1; at <= 300; at++) fast = waited(at, [[null, 1]], fast);
	assert.ok(Math.abs(recent(fast, 'DataFileRead') - recent(slow, 'DataFileRead')) < 1e-9);
	assert.ok(Math.abs(recent(fast, null) - recent(slow, null)) < 1e-9);
	assert.equal(fast.find(row => row.wait_event === 'DataFileRead')!.query, 'DataFileRead', 'its statement is remembered');
	const later = waited(5000, [[null, 0]], fast);
	assert.deepEqual(
		later.map(row => row.wait_event),
		[null],
		'what is long gone is forgotten',
	);
});

test('shares add up to one, and are unknown when nothing ran', () => {
	const rows = waited(0, [
		[null, 3],
		['DataFileRead', 1],
	]);
	assert.deepEqual(
		rows.map(row => row.share),
		[0.75, 0.25],
	);
	assert.equal(waited(0, [[null, 0]])[0]!.share, null);
});

test('a clock that goes backwards starts the means anew', () => {
	const later = waited(1000, [[null, 5]]);
	assert.equal(waited(10, [[null, 1]], later)[0]!.recent, 1);
});

test('the overview picks the three events that took most', () => {
	const rows = ['a', 'b', 'c', 'd'].map((wait_event, i) => ({...event, wait_event_type: 'IO', wait_event, recent: i, query: null}));
	const top = overview.tables[0]!.derive!([], {...input, rows: {'wait-events': rows}});
	assert.deepEqual(
		top.map(row => row.wait_event),
		['d', 'c', 'b'],
	);
});
