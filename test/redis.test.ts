import assert from 'node:assert/strict';
import {test} from 'node:test';
import {defaultLimits} from '../source/limits.ts';
import type {Row, Value} from '../source/pane.ts';
import {redis} from '../views/panes/redis.ts';

const table = redis.tables.find(one => one.id === 'redis-info')!;

function found(row: Readonly<Record<string, Value>>): readonly string[] {
	const input = {rows: {}, facts: {}, watched: 'shop', history: {}};
	const rows = table.derive!([row as Row], input);
	return table.checks!.flatMap(check =>
		check
			.when({...input, rows: {'redis-info': rows}}, defaultLimits[check.id]!, defaultLimits)
			.map(({level, title, detail, value}) => `${level} ${value}: ${title} (${detail})`),
	);
}

const calm = {hits_d: 9000, misses_d: 1000, evicted_d: 0, used_bytes: 50, max_bytes: 100, policy: 'noeviction'};

test('Redis is judged by what is known, at its limits and above its floor', () => {
	const cases: readonly (readonly [Readonly<Record<string, Value>>, readonly string[]])[] = [
		[{}, []],
		[{hits_d: 700, misses_d: 300}, ['warning 70: Redis hit ratio 70.0% (300 misses of 1.0k reads since the last sample)']],
		[{hits_d: 0, misses_d: 2000}, ['critical 0: Redis hit ratio 0% (2.0k misses of 2.0k reads since the last sample)']],
		[{hits_d: 0, misses_d: 999}, []],
		[{hits_d: null, misses_d: 2000}, []],
		[{used_bytes: 90}, ['warning 90: Redis uses 90.0% of its memory (90 B of 100 B, policy noeviction)']],
		[{used_bytes: 95, policy: null}, ['critical 95: Redis uses 95.0% of its memory (95 B of 100 B, policy –)']],
		[{used_bytes: 95, max_bytes: null}, []],
		[{used_bytes: 95, max_bytes: 0}, []],
		[{evicted_d: 3}, ['notice 3: Redis evicts keys: 3 since the last sample (maxmemory 100 B)']],
		[{evicted_d: null}, []],
	];
	for (const [change, expected] of cases) assert.deepEqual(found({...calm, ...change}), expected, JSON.stringify(change));
});
