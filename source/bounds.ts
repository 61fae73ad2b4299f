/** One edge of a range, or one value of a list, as PostgreSQL prints it. */
export type Edge = {readonly is: 'min'} | {readonly is: 'max'} | {readonly is: 'null'} | {readonly is: 'value'; readonly text: string};
export type Bound =
	| {readonly is: 'default'}
	| {readonly is: 'range'; readonly from: readonly Edge[]; readonly to: readonly Edge[]}
	| {readonly is: 'list'; readonly values: readonly Edge[]}
	| {readonly is: 'hash'; readonly modulus: number; readonly remainder: number}
	/** It could not be read, because somebody holds or awaits the partition exclusively. */
	| {readonly is: 'unread'}
	| {readonly is: 'strange'; readonly text: string};

/** What the first column of a range key counts. `date` and `timestamp` are without a zone. */
export type KeyKind = 'date' | 'timestamp' | 'timestamptz' | 'integer' | 'other';
/**
 * A place on the first column's axis: milliseconds (UTC, or wall clock for types without a zone), a bigint for integers;
 * infinite at MINVALUE and MAXVALUE; null where values have no arithmetic.
 */
export type Point = number | bigint;

const number = String.raw`-?\d+(?:\.\d+)?`;
const edge = new RegExp(String.raw`\s*(?:(MINVALUE)|(MAXVALUE)|(NULL)|'((?:[^']|'')*)'|(${number}|true|false))\s*(,|$)`, 'iy');

/** The text of pg_get_expr(relpartbound); null is a bound that could not be read. */
export function parseBound(text: string | null): Bound {
	if (text === null) return {is: 'unread'};
	if (/^\s*default\s*$/i.test(text)) return {is: 'default'};
	const hash = /^\s*for values with \(modulus (\d+), remainder (\d+)\)\s*$/i.exec(text);
	if (hash) return {is: 'hash', modulus: Number(hash[1]), remainder: Number(hash[2])};
	const list = /^\s*for values in \((.*)\)\s*$/is.exec(text);
	const values = list && edgesOf(list[1]!);
	if (values) return {is: 'list', values};
	return rangeOf(text) ?? {is: 'strange', text};
}

function rangeOf(text: string): Bound | undefined {
	const start = /^\s*for values from \(/i.exec(text);
	if (!start) return undefined;
	// ") TO (" may stand inside a quoted value: only a split that leaves two readable lists is right.
	for (const middle of text.matchAll(/\) to \(/gi)) {
		const from = edgesOf(text.slice(start[0].length, middle.index));
		const to = edgesOf(text.slice(middle.index + middle[0].length).replace(/\)\s*$/, ''));
		if (from && to && from.length === to.length) return {is: 'range', from, to};
	}
	return undefined;
}

function edgesOf(text: string): readonly Edge[] | undefined {
	const edges: Edge[] = [];
	edge.lastIndex = 0;
	for (;;) {
		const match = edge.exec(text);
		if (!match) return undefined;
		const [, min, max, nothing, quoted, bare, comma] = match;
		if (min) edges.push({is: 'min'});
		else if (max) edges.push({is: 'max'});
		else if (nothing) edges.push({is: 'null'});
		else edges.push({is: 'value', text: quoted === undefined ? bare! : quoted.replaceAll("''", "'")});
		if (comma !== ',') return edges;
	}
}

const types: Readonly<Record<string, KeyKind>> = {
	date: 'date',
	'timestamp without time zone': 'timestamp',
	'timestamp with time zone': 'timestamptz',
	smallint: 'integer',
	integer: 'integer',
	bigint: 'integer',
};

/** By the type of the key's first column; an expression has none, then by what its bounds look like. */
export function kindOf(keyTypes: string | null, bounds: readonly Bound[]): KeyKind {
	if (keyTypes !== null) return types[keyTypes.split(',')[0]!] ?? 'other';
	const texts = bounds.flatMap(bound => (bound.is === 'range' ? [bound.from[0]!, bound.to[0]!] : [])).flatMap(one => (one.is === 'value' ? [one.text] : []));
	if (texts.length === 0) return 'other';
	if (texts.every(text => /^\d{4,}-\d\d-\d\d$/.test(text))) return 'date';
	if (texts.every(text => moment.test(text))) return texts.every(text => moment.exec(text)![8] !== undefined) ? 'timestamptz' : 'timestamp';
	return texts.every(text => /^-?\d+$/.test(text)) ? 'integer' : 'other';
}

const moment = /^(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(\.\d+)?)?([+-]\d\d(?::\d\d){0,2})?$/;

/** JavaScript counts to 275760, PostgreSQL to 294276 or 5874897: what ends there is meant to have no end. */
const lastYear = 200_000;

export function pointOf(one: Edge, kind: KeyKind): Point | null {
	if (one.is === 'min') return Number.NEGATIVE_INFINITY;
	if (one.is === 'max') return Number.POSITIVE_INFINITY;
	if (one.is === 'null') return null;
	if (kind === 'integer') return /^-?\d+$/.test(one.text) ? BigInt(one.text) : null;
	if (kind === 'other') return null;
	if (one.text === 'infinity') return Number.POSITIVE_INFINITY;
	if (one.text === '-infinity') return Number.NEGATIVE_INFINITY;
	const match = moment.exec(one.text);
	if (!match) return null;
	if (Number(match[1]) > lastYear) return Number.POSITIVE_INFINITY;
	const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', offset] = match;
	const wall = Date.UTC(2000, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) + Math.round(Number(fraction) * 1000);
	// Date.UTC() takes the years 0 to 99 for 1900 to 1999.
	const shifted = new Date(wall).setUTCFullYear(Number(year), Number(month) - 1, Number(day));
	return shifted - (kind === 'timestamptz' ? offsetOf(offset) : 0);
}

function offsetOf(text: string | undefined): number {
	if (text === undefined) return 0;
	const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(':').map(Number);
	return (text.startsWith('-') ? -1 : 1) * ((hours * 60 + minutes) * 60 + seconds) * 1000;
}
