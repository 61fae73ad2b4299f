import type {KeyKind} from './bounds.ts';
import type {Span} from './partitions.ts';
import {instantOf, isZone, wallOf} from './zone.ts';

/** What lies between the bounds of one partition. Seconds are real ones; months and days are those of the calendar in `zone`. */
export type Step =
	| {readonly unit: 'month' | 'day'; readonly n: number; readonly zone: string}
	| {readonly unit: 'second'; readonly n: number; readonly zone: string}
	| {readonly unit: 'integer'; readonly n: bigint};
export type Refused = {readonly refused: string};

const day = 86_400_000;
type Finite = {readonly from: number; readonly to: number};

/**
 * The step that the newest partitions agree on. `zones` are tried in order for a key with time zone; when none of them explains the
 * bounds, all that are known are, and the answer is refused unless all that fit mean the same.
 */
export function stepOf(spans: readonly Span[], kind: KeyKind, zones: readonly string[]): Step | Refused {
	const finite = spans.filter(span => Number.isFinite(Number(span.from)) && Number.isFinite(Number(span.to)));
	if (finite.length === 0) return {refused: 'No partition has two finite bounds: there is no step to go on with.'};
	if (kind === 'integer') return integerStep(finite);
	if (kind === 'other') return {refused: 'The key is neither a time nor an integer: pgperf can’t tell what comes next.'};
	const times = finite.map(span => ({from: Number(span.from), to: Number(span.to)}));
	if (kind !== 'timestamptz') return calendarStep(times, 'UTC') ?? secondStep(times, 'UTC') ?? irregular(finite);
	return zonedStep(times, zones) ?? irregular(finite);
}

function irregular(spans: readonly Span[]): Refused {
	const names = spans.slice(-2).map(span => span.name);
	return {refused: `The newest partitions (${names.join(', ')}) are of different lengths: pgperf can’t tell what comes next.`};
}

function integerStep(spans: readonly Span[]): Step | Refused {
	const sizes = spans.slice(-2).map(span => BigInt(span.to) - BigInt(span.from));
	return sizes.every(size => size === sizes[0] && size > 0n) ? {unit: 'integer', n: sizes[0]!} : irregular(spans);
}

function zonedStep(times: readonly Finite[], zones: readonly string[]): Step | Refused | undefined {
	const shorter = times.slice(-2).every(time => time.to - time.from < day - 3_600_000);
	if (shorter) return secondStep(times, zones.find(isZone) ?? 'UTC');
	const offered = [...new Set(zones)].filter(isZone);
	const near = fitting(times, offered);
	const found = near.length > 0 ? near : fitting(times, Intl.supportedValuesOf('timeZone'));
	if (found.length === 0) {
		const old = fitting(times.slice(-2), offered);
		return old.length > 0
			? {refused: `Older partitions begin at midnight of another time zone than the newest (${old[0]!.zone}): attach the next by hand.`}
			: undefined;
	}
	const next = new Set(found.map(step => String(after(times.at(-1)!.to, step, 14))));
	if (next.size > 1) {
		const names = found.slice(0, 4).map(step => step.zone);
		return {refused: `Several time zones fit the bounds (${names.join(', ')}${found.length > 4 ? ', …' : ''}) and differ in what comes next: choose one.`};
	}
	return found[0];
}

type CalendarStep = Extract<Step, {unit: 'month' | 'day'}>;

/** Steps of the zones in which every bound is a midnight. */
function fitting(times: readonly Finite[], zones: readonly string[]): readonly CalendarStep[] {
	return zones.flatMap(zone => {
		const midnight = times.every(time => wallOf(time.from, zone) % day === 0 && wallOf(time.to, zone) % day === 0);
		const step = midnight ? calendarStep(times, zone) : undefined;
		return step ? [step] : [];
	});
}

/** Months before days: four weeks and a February are told apart by the partitions around them. */
function calendarStep(times: readonly Finite[], zone: string): CalendarStep | undefined {
	const newest = times.slice(-2).map(time => ({from: wallOf(time.from, zone), to: wallOf(time.to, zone)}));
	const months = newest.map(monthsOf);
	if (months[0] && months.every(n => n === months[0])) return {unit: 'month', n: months[0], zone};
	const days = newest.map(({from, to}) => ((to - from) % day === 0 ? (to - from) / day : 0));
	return days[0] && days.every(n => n === days[0]) ? {unit: 'day', n: days[0], zone} : undefined;
}

function monthsOf({from, to}: Finite): number {
	const a = new Date(from);
	const b = new Date(to);
	if (a.getUTCDate() !== b.getUTCDate() || from % day !== to % day) return 0;
	return (b.getUTCFullYear() - a.getUTCFullYear()) * 12 + b.getUTCMonth() - a.getUTCMonth();
}

function secondStep(times: readonly Finite[], zone: string): Step | undefined {
	const sizes = times.slice(-2).map(time => time.to - time.from);
	return sizes[0]! > 0 && sizes.every(size => size === sizes[0]) ? {unit: 'second', n: sizes[0]! / 1000, zone} : undefined;
}

/** The point `times` steps further; an instant for keys with a time zone, else what the wall shows. */
export function after(start: number, step: Exclude<Step, {unit: 'integer'}>, times: number): number {
	if (step.unit === 'second') return start + times * step.n * 1000;
	const wall = wallOf(start, step.zone);
	if (step.unit === 'day') return instantOf(wall + times * step.n * day, step.zone);
	const date = new Date(wall);
	return instantOf(date.setUTCMonth(date.getUTCMonth() + times * step.n), step.zone);
}

/** Seconds of one step, about: for thresholds. */
export function secondsOf(step: Step): number | null {
	if (step.unit === 'integer') return null;
	return step.unit === 'second' ? step.n : step.n * 86_400 * (step.unit === 'month' ? 30 : 1);
}

/** `monthly`, `every 3 months`, `weekly`, `every 1000000` */
export function stepName(step: Step): string {
	switch (step.unit) {
		case 'integer':
			return `every ${step.n}`;
		case 'month':
			return step.n === 1 ? 'monthly' : step.n === 12 ? 'yearly' : step.n === 3 ? 'quarterly' : `every ${step.n} months`;
		case 'day':
			return step.n === 1 ? 'daily' : step.n === 7 ? 'weekly' : `every ${step.n} days`;
		case 'second':
			return step.n === 3600 ? 'hourly' : step.n % 3600 === 0 ? `every ${step.n / 3600} hours` : `every ${step.n} s`;
	}
}
