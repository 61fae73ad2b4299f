import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Value} from '../source/pane.ts';
import {about, atLeast, bytes, clock, count, date, duration, milliseconds, moment, percent, perSecond, plain, ratio, yes} from '../views/format.ts';
import {widthOf} from '../views/layout.ts';
import {seeded} from './support/hostile.ts';

type Case = readonly [Value | undefined, string];

function holds(name: string, show: (value: Value | undefined) => string, cases: readonly Case[]): void {
	test(name, () => {
		for (const [value, text] of cases) assert.equal(show(value), text, `${name}(${String(value)})`);
		for (const nothing of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY, '', 'idle']) {
			if (show !== plain && show !== yes) assert.equal(show(nothing), '–', `${name}(${String(nothing)})`);
		}
	});
}

holds('duration', duration, [
	[0, '0s'],
	[-5, '0s'],
	[0.04, '0s'],
	[0.4, '0.4s'],
	['0.4', '0.4s'],
	[9.94, '9.9s'],
	[9.96, '9s'],
	[12, '12s'],
	[59.9, '59s'],
	[60, '1m'],
	[12 * 60 + 59, '12m'],
	[3599, '59m'],
	[3600, '1h00'],
	[3 * 3600 + 4 * 60, '3h04'],
	[86_399, '23h59'],
	[3 * 86_400 + 4 * 3600, '3d04h'],
	[99.9 * 86_400, '99d21h'],
	[123 * 86_400, '123d'],
	[20_000 * 86_400, '54y'],
]);

holds('milliseconds', milliseconds, [
	[0, '0ms'],
	[-1, '0ms'],
	[0.004, '<0.01ms'],
	[0.04, '0.04ms'],
	[3.14, '3.1ms'],
	[120.4, '120ms'],
	[999.4, '999ms'],
	[999.9, '1.0s'],
	[12_345, '12s'],
]);

holds('bytes', bytes, [
	[0, '0 B'],
	[1, '1 B'],
	[0.4, '0 B'],
	[1023, '1023 B'],
	[1024, '1.0 kB'],
	[1_258_291, '1.2 MB'],
	[412 * 2 ** 30, '412 GB'],
	['442381631488', '412 GB'],
	[2 ** 40, '1.0 TB'],
	[-(2 ** 20), '-1.0 MB'],
]);

holds('count', count, [
	[0, '0'],
	[0.4, '0.4'],
	[0.04, '0.0'],
	[-0.04, '0.0'],
	[34, '34'],
	[34.6, '35'],
	[999, '999'],
	[999.6, '1.0k'],
	[1200, '1.2k'],
	[12_345, '12k'],
	[5_100_000, '5.1M'],
	[-1200, '-1.2k'],
]);

holds('perSecond', perSecond, [
	[0, '0/s'],
	[1234, '1.2k/s'],
	[0.5, '0.5/s'],
]);

holds('percent', percent, [
	[0, '0%'],
	[1, '100%'],
	[0.991, '99.1%'],
	[0.9999, '99.9%'],
	[0.0001, '<0.1%'],
	[0.5, '50.0%'],
	[1.2, '120%'],
]);

holds('ratio', ratio, [
	[0, '0.0x'],
	[3.44, '3.4x'],
	[12.6, '13x'],
	[1234, '1.2kx'],
]);

holds('atLeast', atLeast, [[200, '≥200']]);

holds('yes', yes, [
	[true, 'yes'],
	[false, 'no'],
	[null, '–'],
	[undefined, '–'],
]);

holds('plain', plain, [
	[null, '–'],
	[undefined, '–'],
	['', ''],
	['text', 'text'],
	[4711, '4711'],
	[1.005, '1'],
	[1.236, '1.24'],
	[true, 'yes'],
	[Number.NaN, '–'],
]);

test('an estimate is marked, the unknown is not', () => {
	assert.equal(about(bytes(412 * 2 ** 30)), '≈412 GB');
	assert.equal(about(bytes(null)), '–');
});

test('times are told with their zone', () => {
	const at = Date.UTC(2026, 10, 20, 14, 3, 22) / 1000 + 0.9;
	assert.equal(clock(at), '14:03:22Z');
	assert.equal(date(at), '2026-11-20');
	assert.equal(moment(at), '2026-11-20 14:03:22Z');
	assert.equal(clock(at, 'Europe/Berlin'), '15:03:22+01');
	assert.equal(clock(at, 'Asia/Kolkata'), '19:33:22+05:30');
	assert.equal(clock(at, 'America/New_York'), '09:03:22-05');
	assert.equal(clock(at, 'Etc/UTC'), '14:03:22Z');
	assert.equal(date(at, 'Pacific/Kiritimati'), '2026-11-21');
});

test('a zone that nobody here knows is told in UTC', () => {
	assert.equal(clock(0, '<+03>-3'), '00:00:00Z');
	assert.equal(clock(0, 'posix/Nowhere'), '00:00:00Z');
});

test('an impossible time is unknown', () => {
	for (const value of [null, undefined, Number.NaN, 1e300, 'infinity']) assert.equal(moment(value), '–');
});

test('columns can rely on the widths', () => {
	const random = seeded(7);
	for (let i = 0; i < 5000; i++) {
		const n = 10 ** (random() * 24 - 6);
		assert.ok(widthOf(duration(n)) <= 6, `duration(${n}) = ${duration(n)}`);
		assert.ok(widthOf(milliseconds(n)) <= 7, `milliseconds(${n}) = ${milliseconds(n)}`);
		assert.ok(widthOf(bytes(n)) <= 7, `bytes(${n}) = ${bytes(n)}`);
		assert.ok(widthOf(count(n)) <= 5, `count(${n}) = ${count(n)}`);
		assert.ok(widthOf(percent(random())) <= 5);
	}
});
