import {parseBound} from './bounds.ts';
import {type Grain, type Named, styleOf} from './partition-names.ts';
import {layoutOf, type Sibling, type Span} from './partitions.ts';
import {after, type Refused, type Step, stepName, stepOf} from './steps.ts';
import {literalOf, wallOf, wallText} from './zone.ts';

/** A partition that could be made. `bound` follows `attach partition name`; the name is not quoted. */
export type Proposal = {readonly name: string; readonly bound: string; readonly from: string; readonly to: string};
export type Parent = {readonly name: string; readonly strategy: string; readonly keyTypes: string | null};
export type Proposed = {
	readonly proposals: readonly Proposal[];
	/** `monthly`, with the zone where it matters: 'monthly, America/New_York'. */
	readonly step: string;
	/** What the person should know: names that follow no pattern. */
	readonly notes: readonly string[];
};

/**
 * The next `n` partitions behind the last one, in the step, the time zone and the name style of their siblings. `zones` are the zones to try
 * first: the server's, UTC. For hash tables the remainders that are missing.
 */
export function propose(parent: Parent, siblings: readonly Sibling[], n: number, zones: readonly string[]): Proposed | Refused {
	const layout = layoutOf(parent.strategy, parent.keyTypes, siblings);
	if (layout.unread > 0) return {refused: `${layout.unread} partitions are locked, so their bounds can’t be read: try again when the lock is gone.`};
	if (layout.strategy === 'l') return {refused: 'A list has no next value: say which values the new partition takes.'};
	if (layout.strategy === 'h') return proposeHash(parent, siblings, n, layout.missing, layout.modulus);
	if (layout.strange > 0) return {refused: 'Bounds that are neither times nor integers have no next one that pgperf can tell.'};
	const last = layout.spans.reduce<Span | undefined>((a, b) => (a === undefined || b.to > a.to ? b : a), undefined);
	if (!last) return {refused: 'There is no partition yet whose bounds could be continued: make the first by hand.'};
	if (last.to === Number.POSITIVE_INFINITY) return {refused: `${last.name} reaches up to MAXVALUE: nothing can be added behind it.`};
	const others = trailing(siblings);
	if (others === undefined) return {refused: 'The other columns of the key have bounds of their own: pgperf can’t tell what comes next.'};
	const step = stepOf(layout.spans, layout.kind, zones);
	if ('refused' in step) return step;
	const spans = nextSpans(last, step, n);
	const places = layout.spans.filter(hasEnds).map((span, index) => named(span, step, layout.kind, index, span.name));
	const style = styleOf(parent.name, places, grainOf(step));
	const notes = style ? [] : ['The names of the siblings follow no pattern that pgperf knows: these are made of the lower bound.'];
	const proposals = spans.map((span, index): Proposal => {
		const place = named(span, step, layout.kind, places.length + index, '');
		const from = literal(span.from, step, layout.kind);
		const to = literal(span.to, step, layout.kind);
		const name = style ? style(place) : `${parent.name}_${plainName(place, step)}`;
		return {name, from, to, bound: `for values from (${[from, ...others].join(', ')}) to (${[to, ...others].join(', ')})`};
	});
	return problemOf(proposals, siblings) ?? {proposals, step: zoneMatters(step, layout.kind) ? `${stepName(step)}, ${step.zone}` : stepName(step), notes};
}

function grainOf(step: Step): Grain {
	if (step.unit === 'month') return step.n % 3 === 0 ? 'quarter' : 'month';
	return step.unit === 'day' && step.n % 7 === 0 ? 'week' : step.unit;
}

function zoneMatters(step: Step, kind: string): step is Extract<Step, {zone: string}> {
	return kind === 'timestamptz' && step.unit !== 'integer' && step.unit !== 'second';
}

function hasEnds(span: Span): boolean {
	return Number.isFinite(Number(span.from)) && Number.isFinite(Number(span.to));
}

/** MINVALUE for each column after the first, if that is what all siblings say. */
function trailing(siblings: readonly Sibling[]): readonly string[] | undefined {
	let count = 0;
	for (const {bound} of siblings) {
		const parsed = parseBound(bound);
		if (parsed.is !== 'range') continue;
		const rest = [...parsed.from.slice(1), ...parsed.to.slice(1)];
		const open = parsed.from[0]!.is !== 'value' || parsed.to[0]!.is !== 'value';
		if (rest.some(edge => edge.is !== 'min' && !(open && edge.is === 'max'))) return undefined;
		count = parsed.from.length - 1;
	}
	return Array.from({length: count}, () => 'minvalue');
}

type Next = {readonly from: number | bigint; readonly to: number | bigint};

function nextSpans(last: Span, step: Step, n: number): readonly Next[] {
	return Array.from({length: n}, (_, index) => {
		if (step.unit === 'integer') return {from: BigInt(last.to) + step.n * BigInt(index), to: BigInt(last.to) + step.n * BigInt(index + 1)};
		return {from: after(Number(last.to), step, index), to: after(Number(last.to), step, index + 1)};
	});
}

function named(span: Next, step: Step, kind: string, index: number, name: string): Named {
	if (step.unit === 'integer') return {name, index, lower: BigInt(span.from), upper: BigInt(span.to), step: step.n};
	const zone = kind === 'timestamptz' ? step.zone : 'UTC';
	return {name, index, wall: wallOf(Number(span.from), zone)};
}

function literal(point: number | bigint, step: Step, kind: string): string {
	if (step.unit === 'integer') return String(point);
	if (kind === 'timestamptz') return `'${literalOf(Number(point), step.zone)}'`;
	return `'${kind === 'date' ? wallText(Number(point)).split(' ')[0] : wallText(Number(point))}'`;
}

function plainName(place: Named, step: Step): string {
	if ('lower' in place) return String(place.lower);
	const text = wallText(place.wall).replaceAll(/[-: ]/g, '_');
	if (step.unit === 'month') return step.n % 12 === 0 ? text.slice(0, 4) : text.slice(0, 7);
	return step.unit === 'day' ? text.slice(0, 10) : text;
}

function proposeHash(parent: Parent, siblings: readonly Sibling[], n: number, missing: readonly number[], modulus: number): Proposed | Refused {
	if (modulus === 0) return {refused: 'There is no partition yet: its modulus has to be chosen by hand.'};
	if (missing.length === 0) return {refused: `Every remainder of modulus ${modulus} has its partition: nothing is missing.`};
	const places = siblings.flatMap((sibling): Named[] => {
		const bound = parseBound(sibling.bound);
		return bound.is === 'hash' && bound.modulus === modulus
			? [{name: sibling.name, index: bound.remainder, lower: BigInt(bound.remainder), upper: BigInt(bound.remainder + 1), step: 1n}]
			: [];
	});
	const style = styleOf(
		parent.name,
		places.toSorted((a, b) => a.index - b.index),
		'integer',
	);
	const proposals = missing.slice(0, n).map((remainder): Proposal => {
		const place = {index: remainder, lower: BigInt(remainder), upper: BigInt(remainder + 1), step: 1n};
		const name = style ? style(place) : `${parent.name}_${remainder}`;
		return {name, from: String(remainder), to: String(modulus), bound: `for values with (modulus ${modulus}, remainder ${remainder})`};
	});
	const notes = style ? [] : ['The names of the siblings follow no pattern that pgperf knows: these are made of the remainder.'];
	return problemOf(proposals, siblings) ?? {proposals, step: `modulus ${modulus}`, notes};
}

/** PostgreSQL cuts longer names off, and two that are cut may be one. */
function problemOf(proposals: readonly Proposal[], siblings: readonly Sibling[]): Refused | undefined {
	const taken = new Set(siblings.map(sibling => sibling.name));
	for (const {name} of proposals) {
		if (new TextEncoder().encode(name).length > 63) return {refused: `The name ${name} is longer than 63 bytes: choose the names by hand.`};
		if (taken.has(name)) return {refused: `A partition named ${name} is there already, with other bounds: choose the names by hand.`};
		taken.add(name);
	}
	return undefined;
}
