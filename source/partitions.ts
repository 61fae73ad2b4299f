import {type Bound, type KeyKind, kindOf, type Point, parseBound, pointOf} from './bounds.ts';

/** A partition as the server tells it: its name and pg_get_expr(relpartbound), null when that could not be asked. One of another schema may have the same name: there is but one `oid`. */
export type Sibling = {readonly name: string; readonly bound: string | null; readonly oid?: string};
/** A range on the first column of the key. */
export type Span = {readonly name: string; readonly oid?: string; readonly from: Point; readonly to: Point};
export type Gap = {readonly from: Point; readonly to: Point};

export type Layout = {
	readonly strategy: 'r' | 'l' | 'h';
	readonly kind: KeyKind;
	/** In order of their lower bound. */
	readonly spans: readonly Span[];
	readonly gaps: readonly Gap[];
	readonly hasDefault: boolean;
	readonly unread: number;
	/** Bounds that have no place on an axis: text ranges. */
	readonly strange: number;
	/** Hash: remainders of the largest modulus that nobody takes. */
	readonly missing: readonly number[];
	readonly modulus: number;
	/** List: how many values are named. */
	readonly values: number;
};

export function layoutOf(strategy: string, keyTypes: string | null, siblings: readonly Sibling[]): Layout {
	const bounds = siblings.map(sibling => parseBound(sibling.bound));
	const kind = strategy === 'r' ? kindOf(keyTypes, bounds) : 'other';
	const spans: Span[] = [];
	let strange = 0;
	for (const [index, bound] of bounds.entries()) {
		if (bound.is !== 'range') continue;
		const from = pointOf(bound.from[0]!, kind);
		const to = pointOf(bound.to[0]!, kind);
		if (from === null || to === null) strange++;
		else spans.push({name: siblings[index]!.name, oid: siblings[index]!.oid, from, to});
	}
	spans.sort((a, b) => compared(a.from, b.from) || compared(a.to, b.to) || (a.name < b.name ? -1 : 1));
	const hashes = bounds.filter(bound => bound.is === 'hash');
	const unread = bounds.filter(bound => bound.is === 'unread').length;
	return {
		strategy: strategy === 'l' || strategy === 'h' ? strategy : 'r',
		kind,
		spans,
		// A bound that could not be read may be the one that fills the gap.
		gaps: unread > 0 ? [] : gapsOf(spans),
		hasDefault: bounds.some(bound => bound.is === 'default'),
		unread,
		strange,
		missing: unread > 0 ? [] : missingOf(hashes),
		modulus: Math.max(0, ...hashes.map(bound => bound.modulus)),
		values: bounds.reduce((sum, bound) => sum + (bound.is === 'list' ? bound.values.length : 0), 0),
	};
}

export function compared(a: Point, b: Point): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

function gapsOf(spans: readonly Span[]): readonly Gap[] {
	const gaps: Gap[] = [];
	let end: Point | undefined;
	for (const span of spans) {
		if (end !== undefined && span.from > end) gaps.push({from: end, to: span.from});
		if (end === undefined || span.to > end) end = span.to;
	}
	return gaps;
}

/** Moduli divide each other, so the largest shows every place; a table with thousands of them is told by the first. */
function missingOf(hashes: readonly Extract<Bound, {is: 'hash'}>[]): readonly number[] {
	const modulus = Math.max(0, ...hashes.map(bound => bound.modulus));
	const taken = new Set<number>();
	for (const bound of hashes) for (let remainder = bound.remainder; remainder < modulus; remainder += bound.modulus) taken.add(remainder);
	return Array.from({length: modulus}, (_, remainder) => remainder).filter(remainder => !taken.has(remainder));
}

/**
 * How far rows find a partition from `now` on, without a break. `until` is infinite where the last one reaches MAXVALUE,
 * null where `now` itself has none.
 */
export function coveredUntil(spans: readonly Span[], now: Point): Point | null {
	let until: Point | null = null;
	for (const span of spans) {
		if (until === null ? span.from <= now && span.to > now : span.from <= until && span.to > until) until = span.to;
	}
	return until;
}
