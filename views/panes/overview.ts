import type {Deduction, Score} from '../../source/checks.ts';
import type {Limits} from '../../source/limits.ts';
import type {Input, Line, Pane, PaneId, Row, Segment, Series, Table, Tile, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {chart, type Load, legend, sparkline, stackedBars, type Values} from '../components/chart.ts';
import {count, duration, percent, plain} from '../format.ts';
import {cut, toWidth, widthOf} from '../layout.ts';
import {loadsOf} from './loads.ts';
import {hiddenStates, vitalsOf} from './vitals.ts';
import type {WaitEvent} from './waits.ts';

export type TileView = {
	readonly pane: PaneId;
	readonly tile: Tile;
	readonly values: Values;
	readonly show: (value: number) => string;
	readonly threshold: number | null;
	readonly selected: boolean;
};
/** `events` is null while nothing is known; `hidden` sessions may run what this role can't see. */
export type LoadView = {readonly loads: readonly Load[]; readonly events: readonly WaitEvent[] | null; readonly hidden: number};
export type Extent = {readonly columns: number; readonly rows: number};

/** What the overview shows of all panes, in their order; `cursor` is the place of the selected one among those that have a tile. */
export function overviewParts(
	panes: readonly Pane[],
	input: Input,
	limits: Limits,
	cursor: number,
): {readonly tiles: readonly TileView[]; readonly load: LoadView} {
	const tiled = panes.filter(pane => pane.tile);
	const series = panes.flatMap(pane => pane.series ?? []);
	const tiles = tiled.map((pane, index) => tileView(pane, series, input, limits, index === cursor));
	const events = (input.rows['load-events'] ?? null) as readonly WaitEvent[] | null;
	return {tiles, load: {loads: loadsOf(input.history), events, hidden: vitalsOf(input)?.hidden ?? 0}};
}

function tileView(pane: Pane, series: readonly Series[], input: Input, limits: Limits, selected: boolean): TileView {
	const tile = pane.tile!(input);
	const limit = tile.limit === undefined ? undefined : limits[tile.limit];
	const warning = limit?.warning ?? limit?.notice;
	const inUnit = warning === undefined ? null : limit?.unit === '%' ? warning / 100 : warning;
	const show = series.find(one => one.id === tile.series)?.show ?? (value => plain(value));
	return {
		pane: pane.id,
		tile,
		values: tile.series === undefined ? [] : (input.history[tile.series] ?? []),
		show,
		threshold: tile.threshold ?? inUnit,
		selected,
	};
}

/** The whole pane: the score, the load, the top events, the tiles; exactly `size.rows` lines of `size.columns` cells. */
export function overviewBody(tiles: readonly TileView[], load: LoadView, score: Score, size: Extent): Line[] {
	const {columns, rows} = size;
	const strip = rows >= 36 ? 6 : rows >= 24 ? 5 : rows >= 15 ? 3 : rows >= 10 ? 2 : 0;
	const events = rows >= 24 ? 3 : rows >= 12 ? 1 : 0;
	const head: Line[] = [scoreLine(score, columns)];
	if (strip > 0) {
		head.push(...stackedBars(load.loads, {width: columns, height: strip, show: value => count(value)}));
		head.push(legend(load.loads, value => count(value), columns));
	}
	head.push(...eventLines(load, events, columns));
	const body = [...head, ...tileLines(tiles, {columns, rows: Math.max(0, rows - head.length)})].slice(0, rows);
	while (body.length < rows) body.push(toWidth([], columns));
	return body.map(line => toWidth(line, columns));
}

const gradeTones: Readonly<Record<string, Tone>> = {A: 'good', B: 'good', C: 'warning', D: 'warning', F: 'critical'};

function scoreLine(score: Score, width: number): Line {
	const seen = score.coveragePercent < 100 ? `${score.coveragePercent} % of checks seen` : 'all checks seen';
	if (score.score === null)
		return toWidth(
			[
				{text: ' Health –', tone: 'strong'},
				{text: `  ${seen}`, tone: 'dim'},
			],
			width,
		);
	const tone = gradeTones[score.grade ?? ''] ?? 'plain';
	const start: Segment[] = [{text: ' Health '}, {text: `${score.score} ${score.grade}`, tone}];
	const end: Segment[] = [{text: `  ${seen} `, tone: 'dim'}];
	const room = width - widthOf(` Health ${score.score} ${score.grade}`) - widthOf(end[0]!.text);
	const why = deductionsIn(score.deductions, room);
	const gap = Math.max(0, room - widthOf(why));
	return toWidth([...start, {text: why}, {text: ' '.repeat(gap)}, ...end], width);
}

/** As many of the worst as fit, each whole but for a first that is too long. */
function deductionsIn(deductions: readonly Deduction[], room: number): string {
	let text = '';
	for (const {points, why} of deductions) {
		const next = `  -${points} ${why}`;
		if (text !== '' && widthOf(text + next) > room) break;
		text += next;
	}
	return cut(text, Math.max(0, room));
}

/** The top events by name, each with its top statement; on one line only their names. */
function eventLines({events, hidden}: LoadView, height: number, width: number): Line[] {
	if (height === 0) return [];
	if (events === null) return [toWidth([{text: ' top: –', tone: 'dim'}], width), ...Array.from({length: height - 1}, () => toWidth([], width))];
	const none = hidden === 0 ? 'nothing runs' : `what runs is hidden in ${hidden} sessions: grant pg_read_all_stats`;
	if (height === 1) {
		const names = events.slice(0, 3).map(event => `${nameOf(event)} ${event.recent.toFixed(1)}`);
		return [toWidth([{text: ` top: ${names.length > 0 ? names.join('   ') : none}`, tone: 'dim'}], width)];
	}
	return Array.from({length: height}, (_, index) => {
		const event = events[index];
		if (!event) return toWidth(index === 0 ? [{text: ` ${none}`, tone: 'dim'}] : [], width);
		const longest = event.longest_s === null ? '' : ` up to ${duration(event.longest_s)}`;
		return toWidth(
			[
				{text: ` ${nameOf(event)}`.padEnd(28), tone: 'strong'},
				{text: `${event.sessions} now, ${event.recent.toFixed(1)} in 5m${longest}`.padEnd(32)},
				{text: event.query ?? '', tone: 'dim'},
			],
			width,
		);
	});
}

function nameOf(event: WaitEvent): string {
	return event.wait_event === null ? 'running' : `${event.wait_event_type}:${event.wait_event}`;
}

/** Three across from 120 columns, two from 80, one below; rows of tiles scroll so that the selected one is seen. */
function tileLines(tiles: readonly TileView[], size: Extent): Line[] {
	if (tiles.length === 0 || size.rows === 0) return [];
	const across = size.columns >= 120 ? 3 : size.columns >= 80 ? 2 : 1;
	const bands = Math.ceil(tiles.length / across);
	const shown = Math.min(bands, Math.max(1, Math.floor(size.rows / 3)));
	const selected = Math.max(0, Math.floor(tiles.findIndex(tile => tile.selected) / across));
	const first = Math.min(Math.max(0, selected - shown + 1), bands - shown);
	const height = Math.floor(size.rows / shown);
	const extra = size.rows - height * shown;
	const width = Math.floor((size.columns - (across - 1)) / across);
	return Array.from({length: shown}, (_, band) => {
		const row = tiles.slice((first + band) * across, (first + band + 1) * across);
		const tall = height + (band < extra ? 1 : 0);
		const painted = row.map(tile => tileBox(tile, width, tall));
		return Array.from({length: tall}, (_, y) =>
			painted.flatMap((lines, x): Segment[] => [...(x > 0 ? [{text: ' '}] : []), ...(lines[y] ?? toWidth([], width))]),
		);
	}).flat();
}

function tileBox(view: TileView, width: number, height: number): Line[] {
	const {tile} = view;
	const title = `${view.selected ? '>' : ' '}${tile.title} `;
	const tone = tile.tone ?? 'strong';
	const head: Line = toWidth(
		[
			{text: title, tone, inverse: view.selected},
			{text: '─'.repeat(Math.max(0, width - widthOf(title))), tone: 'dim'},
		],
		width,
	);
	const room = height - 1;
	// The first two lines say more than a chart does: it gets what they leave, or is a line itself.
	const charted = tile.series === undefined ? 0 : room - Math.min(2, tile.lines.length) >= 4 ? Math.max(4, room - tile.lines.length) : room >= 2 ? 1 : 0;
	const drawn = Math.min(charted, room);
	const words = tile.lines.slice(0, room - drawn).map(line => toWidth([{text: ' '}, ...line], width));
	while (words.length + drawn < room) words.push(toWidth([], width));
	return [head, ...words, ...drawing(view, width, drawn)].slice(0, height);
}

function drawing(view: TileView, width: number, height: number): Line[] {
	if (height <= 0) return [];
	const {values, show, threshold} = view;
	if (height >= 3) return chart(values, {width, height, threshold, show});
	const last = values.at(-1);
	const label = ` ${typeof last === 'number' ? show(last) : '–'}`.padEnd(9);
	return [
		toWidth(
			[
				{text: label, tone: 'dim'},
				{text: sparkline(values, Math.max(0, width - widthOf(label) - 1)), tone: 'accent'},
			],
			width,
		),
	];
}

/** The three events that took most of the last minutes: what stands beside the load. */
const topEvents: Table = table({
	id: 'load-events',
	title: 'Load',
	empty: 'Nothing runs.',
	from: {tables: ['wait-events']},
	scope: 'server',
	every: 'tick',
	rowKey: row => `${plain(row.wait_event_type ?? null)}:${plain(row.wait_event ?? null)}`,
	columns: [
		{field: 'wait_event', title: 'event', width: 20, priority: 1, show: (_, row) => nameOf(row as WaitEvent)},
		{field: 'share', title: 'share', width: 6, align: 'right', priority: 2, show: percent},
	],
	unseen: (_, input) => hiddenStates(input),
	derive: (_, input): readonly Row[] => {
		const events = ((input.rows['wait-events'] ?? []) as readonly WaitEvent[]).filter(event => event.recent > 0);
		return events.toSorted((a, b) => b.recent - a.recent || (nameOf(a) < nameOf(b) ? -1 : 1)).slice(0, 3);
	},
});

/** The one pane with a body of its own: overviewBody(). */
export const overview: Pane = {id: 'overview', key: '1', title: 'Overview', tables: [topEvents], arrange: 'stack', place: 'overview'};
