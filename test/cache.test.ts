import assert from 'node:assert/strict';
import {test} from 'node:test';
import {runOnce} from '../source/checks.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Input, Row} from '../source/pane.ts';
import {cache, serverRatio, withBlocks, withRatios} from '../views/panes/cache.ts';
import {unpainted} from '../views/theme.ts';
import {changed, fixture, inputOf} from './support/fixture.ts';
import {facts} from './support/world.ts';

const [databases] = cache.tables;
const input: Input = {rows: {}, facts: {here: facts}, watched: 'here', history: {}};
const database = (blks_hit: number, blks_read: number, datname: string | null = 'shop'): Row => ({
	...{datid: datname ?? '0', datname, blks_hit, blks_read, blk_read_time: 0, stats_since: 1_795_000_000, stats_s: 3600},
});
const derived = (before: readonly Row[], now: readonly Row[]) => withRatios(changed(databases!, before, now, 5), input);
const findings = (rows: readonly Row[]) => runOnce([databases!], {...input, rows: {cache: rows}}, defaultLimits, 'here').findings;

test('a cold scan shows now, while what has added up hardly moves', () => {
	const rows = derived([database(1_000_000, 10_000)], [database(1_002_000, 60_000)]);
	assert.ok(Math.abs((rows[0]!.hit as number) - 2000 / 52_000) < 1e-9);
	assert.ok((rows[0]!.hit_total as number) > 0.94);
	assert.equal(findings(rows)[0]?.level, 'critical');
	assert.match(unpainted(databases!.summary!(rows, input)[0]!), /since the last sample 3\.8%.*in all 94\.4% since 2026-11-1/);
});

test('no traffic is unknown: not 100 %, not 0 %, and no finding', () => {
	const rows = derived([database(5, 5)], [database(5, 5)]);
	assert.equal(rows[0]!.hit, null);
	assert.equal(serverRatio(rows).now, null);
	assert.deepEqual(findings(rows), []);
});

test('a bad ratio of a handful of blocks means nothing', () => {
	assert.deepEqual(findings(derived([database(0, 0)], [database(100, 4000)])), []);
	assert.equal(findings(derived([database(0, 0)], [database(1000, 4000)])).length, 1);
});

test('counters that went backwards (a reset, a crash) give no ratio', () => {
	const rows = derived([database(5000, 5000)], [database(100, 6000)]);
	assert.equal(rows[0]!.hit, null);
});

test('since 18 one read may be of many blocks: the ratio counts blocks, by bytes', () => {
	const io = cache.tables.find(table => table.id === 'io')!;
	const before = {backend_type: 'client backend', object: 'relation', context: 'normal', reads: 0, read_bytes: 0, hits: 0} as Row;
	const now = {...before, reads: 2200, read_bytes: 35_020 * 8192, hits: 35_020};
	const rows = withBlocks(changed(io, [before], [now], 5), input);
	assert.equal(rows[0]!.hit, 0.5);
});

test('a process that does not do such reads has no ratio', () => {
	const row = {backend_type: 'walwriter', object: 'wal', context: 'normal', reads: null, read_bytes: null, hits: null} as Row;
	const io = cache.tables.find(table => table.id === 'io')!;
	assert.equal(withBlocks(changed(io, [row], [row], 5), input)[0]!.hit, null);
});

test('of a real server: tables and indexes are told apart, partitions are one table, shares add up', () => {
	const recorded = inputOf(fixture('cache'), cache);
	const tables = recorded.rows['cache-tables']!;
	assert.ok(tables.every(row => row.kind === 'table') && recorded.rows['cache-indexes']!.every(row => row.kind === 'index'));
	assert.ok(tables.some(row => row.relname === 'audit_logs' && row.partitioned === true && (row.parts as number) > 1));
	assert.ok(!tables.some(row => /^audit_logs_/.test(String(row.relname))));
	const shares = tables.reduce((sum, row) => sum + ((row.read_share as number | null) ?? 0), 0);
	assert.ok(Math.abs(shares - 1) < 1e-9);
	const busiest = [...tables].sort(cache.tables[1]!.order!)[0]!;
	assert.equal(busiest.relname, 'orders');
	assert.ok(cache.series![0]!.value(recorded)! > 0.5);
});
