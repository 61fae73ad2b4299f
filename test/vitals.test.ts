import assert from 'node:assert/strict';
import {test} from 'node:test';
import {defaultLimits} from '../source/limits.ts';
import type {Input, Line, Row} from '../source/pane.ts';
import {widthOfLine} from '../views/layout.ts';
import {worstLag} from '../views/panes/replication-lag.ts';
import {type Vitals, vitals, vitalsLine} from '../views/panes/vitals.ts';
import {fixture, inputOf} from './support/fixture.ts';
import {edge} from './support/forest.ts';

const recorded = inputOf(fixture('vitals'), vitals);
const row = recorded.rows.vitals![0] as Vitals;

function input(change: Partial<Vitals> = {}, more: Partial<Input> = {}): Input {
	return {...recorded, ...more, rows: {...recorded.rows, waits: [], vitals: [{...row, ...change} as Row], ...more.rows}};
}
function text(line: Line): string {
	return line.map(segment => segment.text).join('');
}

test('rates and ratios are of the interval, and unknown without one', () => {
	assert.ok(row.tps! > 0 && row.hit! > 0 && row.hit! <= 1, JSON.stringify(row));
	const [bare] = vitals.tables[0]!.derive!(
		[row as Row].map(one => Object.fromEntries(Object.entries(one).filter(([name]) => !/_(d|per_s)$/.test(name)))),
		recorded,
	);
	assert.deepEqual([bare!.tps, bare!.hit, bare!.rollback_share], [null, null, null]);
});

test('a standby that replays a long transaction does not lag by the age of the last commit', () => {
	const at = (second: number, wal_bytes: number, before: Input) => {
		const [next] = vitals.tables[0]!.derive!(
			[{...row, recovery: true, server_time: 1000 + second, wal_bytes, lag_bytes: 100, lag_s: 900 + second} as Row],
			before,
		);
		return {...recorded, rows: {...recorded.rows, vitals: [next!]}};
	};
	const second = at(1, 2e6, at(0, 1e6, {...recorded, rows: {}}));
	const third = at(2, 3e6, second);
	assert.ok(Number(third.rows.vitals![0]!.lag_s) < 0.1, String(third.rows.vitals![0]!.lag_s));
});

test('no traffic is no hit ratio, neither all nor nothing', () => {
	const [still] = vitals.tables[0]!.derive!([{...row, blks_hit_d: 0, blks_read_d: 0} as Row], recorded);
	assert.equal(still!.hit, null);
	assert.match(text(vitalsLine(input({hit: null}), 200)), /hit –/);
});

test('the line fits every width, and drops from its end', () => {
	const history = {waiting: [0, 1, null, 5], active: [1, 2], connections: [34], lag: [0.1], tps: [100]};
	for (let width = 0; width <= 240; width++) {
		const line = vitalsLine(input({}, {history}), width);
		assert.ok(widthOfLine(line) <= width, `${width}: ${text(line)}`);
	}
	const narrow = text(vitalsLine(input(), 80));
	for (const label of ['wait ', 'act ', 'conn ', 'idle-in-xact ', 'lag ']) assert.ok(narrow.includes(label), narrow);
	assert.ok(text(vitalsLine(input({}, {history}), 160)).includes('█'));
	assert.equal(text(vitalsLine({...recorded, rows: {}}, 80)).trim(), 'waiting for the first answer');
});

test('numbers that change do not push what stands behind them', () => {
	const place = (change: Partial<Vitals>) => text(vitalsLine(input(change), 120)).indexOf('conn ');
	assert.equal(place({active: 3, top_wait: null}), place({active: 18, top_wait: 'IO:DataFileRead'}));
});

test('what is hidden makes a lower bound of a number, and of none an unknown', () => {
	const line = (change: Partial<Vitals>) => text(vitalsLine(input({hidden: 12, top_wait: null, ...change}), 200)).replace(/ +/g, ' ');
	assert.match(line({active: 3, blocked: 2, idle_in_transaction: 0}), /wait ≥2 .* act ≥3 conn ≈\d+\/\d+ idle-in-xact – /);
	assert.match(line({active: 0, blocked: 0}), /^ wait – act – /);
});

test('curves do not run along 0 where sessions are hidden', () => {
	const at = (id: string, change: Partial<Vitals>) => vitals.series!.find(one => one.id === id)!.value(input(change));
	assert.equal(at('waiting', {blocked: 0, hidden: 12}), null);
	assert.equal(at('load-lock', {load_lock: 0, hidden: 12}), null);
	assert.equal(at('active', {active: 3, hidden: 12}), 3);
	assert.equal(at('waiting', {blocked: 0, hidden: 0}), 0);
});

test('the longest wait is exact where the lock table tells it, else at most so long', () => {
	const waiting = (waits: readonly Row[]) => text(vitalsLine(input({blocked: 2, blocked_at_most_s: 720}, {rows: {waits}}), 200));
	assert.match(waiting([edge(2, 1, {wait_s: 65}), edge(3, 1, {wait_s: 5})]), /wait 2 \(1m\)/);
	assert.match(waiting([edge(2, 1, {wait_s: 65, wait_exact: false})]), /wait 2 \(≤1m\)/);
	assert.match(waiting([]), /wait 2 \(≤12m\)/);
});

test('a lag is told only where there is somebody to lag', () => {
	const line = (change: Partial<Vitals>) => text(vitalsLine(input(change), 200));
	assert.match(line({standbys: 0, recovery: false, lag_s: null}), /lag none/);
	assert.match(line({standbys: 2, lag_s: null}), /lag –/);
	assert.match(line({standbys: 0, recovery: true, lag_s: 4.2}), /lag 4\.2s/);
});

test('the lag is that of Replication and its tile: one that is away counts, and goes on being away behind other panes', () => {
	const now = row.server_time;
	const one = {server: recorded.watched, server_time: now, application_name: 's1', state: 'streaming', kind: 'physical', lag_s: 0, lag_bytes: 0, delay_s: null};
	const seen = (replication: readonly Row[], change: Partial<Vitals> = {}) => input({standbys: 1, recovery: false, lag_s: 0, ...change}, {rows: {replication}});
	const lag = (...asked: Parameters<typeof seen>) => {
		const all = seen(...asked);
		assert.equal(vitals.series!.find(series => series.id === 'lag')!.value(all), worstLag(all));
		return text(vitalsLine(all, 200)).match(/lag (\S+)/)![1];
	};
	const away = {...one, application_name: 's2', state: 'missing', lag_s: 60};
	assert.equal(lag([one, away]), '1m');
	assert.equal(lag([one, {...away, server_time: now - 70}]), '2m');
	assert.equal(lag([one, {...away, lag_s: null}]), 'away');
	assert.equal(lag([{...away, lag_s: null}], {standbys: 0, lag_s: null}), 'away');
	assert.equal(lag([one, {...away, server: 'another primary'}]), '0s');
	assert.equal(lag([{...one, lag_s: 7}]), '7.0s', 'judged with all that Replication knows');
	assert.equal(lag([{...one, lag_s: 7, server_time: now - 25}], {lag_s: 2}), '2.0s', 'old: the vitals are newer');
	assert.equal(lag([{...one, lag_s: 1, delay_s: 300, server_time: now - 25}], {lag_s: 301}), '1.0s', 'a delay on purpose is no lag');
	assert.equal(vitalsLine(seen([one, away]), 200).find(segment => segment.text === '1m  ')?.tone, 'critical');
});

test('connections rise against what ordinary roles can have', () => {
	const [check] = vitals.tables[0]!.checks!;
	const levels = [50, 79, 80, 90, 100].map(
		used => check!.when(input({connections: used, usable: 100, used_share: used / 100}), defaultLimits.connections!, defaultLimits)[0]?.level,
	);
	assert.deepEqual(levels, [undefined, undefined, 'warning', 'critical', 'critical']);
	assert.deepEqual(check!.when({...recorded, rows: {}}, defaultLimits.connections!, defaultLimits), []);
});

test('series are gaps where nothing is known', () => {
	for (const series of vitals.series!) {
		assert.equal(series.value({...recorded, rows: {}}), null);
		const value = series.value(input());
		assert.ok(value === null || Number.isFinite(value), series.id);
	}
});
