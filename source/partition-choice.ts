import {type KeyKind, type Point, parseBound, pointOf} from './bounds.ts';
import {layoutOf, type Sibling, type Span} from './partitions.ts';
import {type Parent, type Proposal, type Proposed, propose} from './proposals.ts';
import type {Refused} from './steps.ts';
import {instantOf, isZone, wallOf} from './zone.ts';

/** What is chosen from: the fields of queries/partitions.sql that it takes. */
export type Partitioned = {
	readonly server_time: number;
	readonly name: string;
	readonly own_bound: string | null;
	readonly strategy: string;
	readonly key_types: string | null;
	readonly bounds: string;
	readonly key_last: number | null;
};
/** Calendar months and days. */
export type Age = {readonly months: number; readonly days: number};

const day = 86_400_000;

/** `bounds` is JSON: [name, bound or null, detaching, oid][]. */
export function siblingsOf(row: Pick<Partitioned, 'bounds'>): readonly Sibling[] {
	return (JSON.parse(row.bounds) as [string, string | null, boolean, string][]).map(([name, bound, , oid]) => ({name, bound, oid}));
}

/** Where rows of now belong on the key's axis; null where nobody can know. */
export function nowOn(row: Pick<Partitioned, 'server_time' | 'key_last'>, kind: KeyKind, zone: string): Point | null {
	switch (kind) {
		case 'timestamptz':
			return row.server_time * 1000;
		case 'date':
		case 'timestamp':
			return wallOf(row.server_time * 1000, knownZone(zone));
		case 'integer':
			return row.key_last === null ? null : BigInt(Math.round(row.key_last));
		case 'other':
			return null;
	}
}

/** PostgreSQL knows zones that JavaScript does not: `localtime`, `<+03>-03`. */
function knownZone(zone: string): string {
	return isZone(zone) ? zone : 'UTC';
}

function parentOf(row: Partitioned): Parent {
	return {name: row.name, strategy: row.strategy, keyTypes: row.key_types};
}

/** Where its own range begins and ends: what lies beyond never comes here, its parent has other partitions for it. */
export function reachOf(row: Pick<Partitioned, 'own_bound'>, kind: KeyKind): {readonly from: Point; readonly to: Point} {
	const bound = row.own_bound === null ? undefined : parseBound(row.own_bound);
	if (bound?.is !== 'range') return {from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY};
	return {from: pointOf(bound.from[0]!, kind) ?? Number.NEGATIVE_INFINITY, to: pointOf(bound.to[0]!, kind) ?? Number.POSITIVE_INFINITY};
}

/** The next `n` as far as they can be proposed and can be reached: where the last of them can't, those before it. */
export function nextOnes(row: Partitioned, n: number, zone: string): Proposed | Refused {
	const siblings = siblingsOf(row);
	let result = propose(parentOf(row), siblings, Math.max(1, n), [zone, 'UTC']);
	for (let fewer = n - 1; 'refused' in result && fewer > 0; fewer--) result = propose(parentOf(row), siblings, fewer, [zone, 'UTC']);
	return 'refused' in result ? result : within(row, result);
}

function within(row: Partitioned, proposed: Proposed): Proposed | Refused {
	const {kind} = layoutOf(row.strategy, row.key_types, siblingsOf(row));
	const {to} = reachOf(row, kind);
	const proposals = proposed.proposals.filter(({bound}) => {
		const parsed = parseBound(bound);
		const from = parsed.is === 'range' ? pointOf(parsed.from[0]!, kind) : null;
		return from === null || from < to;
	});
	return proposals.length > 0
		? {...proposed, proposals}
		: {refused: `Its own range is ${plainBound(row.own_bound)}: rows behind that go to other partitions of its parent.`};
}

function plainBound(bound: string | null): string {
	return (bound ?? '').replace(/^for values /i, '').toLowerCase();
}

/** How many are missing so that `wanted` whole ones lie ahead of now; a sentence where that can't be told. */
export function missingAhead(row: Partitioned, wanted: number, zone: string): number | Refused {
	const layout = layoutOf(row.strategy, row.key_types, siblingsOf(row));
	if (layout.strategy === 'h') return layout.missing.length;
	const now = nowOn(row, layout.kind, zone);
	if (now === null)
		return {refused: 'Where now is on its key can’t be told (the sequence of the key is unknown or may not be read), nor therefore what lies ahead.'};
	const {to} = reachOf(row, layout.kind);
	if (now >= to || layout.spans.some(span => span.to >= to)) return 0;
	const ahead = layout.spans.filter(span => span.from > now).length;
	const covered = layout.spans.some(span => span.from <= now && span.to > now);
	return Math.max(0, wanted - ahead + (covered || ahead > 0 ? 0 : behind(layout.spans, now)));
}

/** Where the last partition ended long ago, those up to now are missing too. */
function behind(spans: readonly Span[], now: Point): number {
	const last = spans.at(-1);
	if (!last || !Number.isFinite(Number(last.to)) || !Number.isFinite(Number(last.from))) return 1;
	const length = Number(last.to) - Number(last.from);
	return length > 0 ? Math.min(1000, 1 + Math.floor((Number(now) - Number(last.to)) / length)) : 1;
}

/** The oid of the partition that new ones are made like: the last of the axis. */
export function newestOf(row: Partitioned): string {
	const siblings = siblingsOf(row);
	const layout = layoutOf(row.strategy, row.key_types, siblings);
	const last = layout.spans.reduce<Span | undefined>((a, b) => (a === undefined || b.to > a.to ? b : a), undefined);
	return last?.oid ?? siblings.findLast(sibling => parseBound(sibling.bound).is !== 'default')?.oid ?? '';
}

/** `90 days`, `6 weeks`, `12 months`, `2y`. */
export function parseAge(text: string): Age | undefined {
	const match = /^\s*(\d{1,5})\s*(d|days?|w|weeks?|mon|months?|y|years?)\s*$/i.exec(text);
	if (!match || Number(match[1]) === 0) return undefined;
	const n = Number(match[1]);
	const unit = match[2]!.toLowerCase();
	if (unit.startsWith('d')) return {months: 0, days: n};
	if (unit.startsWith('w')) return {months: 0, days: 7 * n};
	return {months: unit.startsWith('y') ? 12 * n : n, days: 0};
}

/** Partitions all of whose rows are older than that, the oldest first. */
export function olderThan(row: Partitioned, age: Age, zone: string): readonly Span[] | Refused {
	const layout = layoutOf(row.strategy, row.key_types, siblingsOf(row));
	if (layout.strategy !== 'r' || layout.kind === 'integer' || layout.kind === 'other')
		return {refused: 'Its key is no time: what is old can’t be told from its bounds.'};
	const now = Number(nowOn(row, layout.kind, zone));
	const isInstant = layout.kind === 'timestamptz';
	const wall = monthsBefore(isInstant ? wallOf(now, knownZone(zone)) : now, age.months) - age.days * day;
	// Where the clock on the wall is not known, it may show half a day less.
	const limit = isInstant ? instantOf(wall, knownZone(zone)) : isZone(zone) ? wall : wall - day / 2;
	return layout.spans.filter(span => span.to <= limit);
}

/** The same day of that month, or its last: three months before 31 May is the end of February, as the server reckons, not 3 March. */
function monthsBefore(wall: number, months: number): number {
	const date = new Date(wall);
	const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months + 1, 0)).getUTCDate();
	date.setUTCDate(Math.min(date.getUTCDate(), last));
	return date.setUTCMonth(date.getUTCMonth() - months);
}

/** Literals of the new range, for those whose strays in the default partition are counted. */
export function edgesOf(
	row: Partitioned,
	proposals: readonly Proposal[],
): {readonly lows: readonly (string | null)[]; readonly highs: readonly (string | null)[]} {
	const range = row.strategy === 'r';
	return {lows: proposals.map(one => (range ? one.from : null)), highs: proposals.map(one => (range ? one.to : null))};
}
