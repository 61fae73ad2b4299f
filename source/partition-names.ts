/**
 * What a partition's name may be made of: its lower bound as the clock on the wall shows it, or its integer bounds; and its place
 * among its siblings.
 */
export type Place = {readonly index: number} & ({readonly wall: number} | {readonly lower: bigint; readonly upper: bigint; readonly step: bigint});
export type Named = Place & {readonly name: string};
export type Style = (place: Place) => string;
/** The calendar's part of the step: what can't tell neighbours apart is not what they are named by. */
export type Grain = 'quarter' | 'month' | 'week' | 'day' | 'second' | 'integer';

const day = 86_400_000;
const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const two = (n: number) => String(n).padStart(2, '0');

/** Coarse before fine: where two would fit, the earlier part of a name is the coarser. Compounds before their parts. */
const dateTokens = [
	'YYYY+MM+DD+HH',
	'YYYY+MM+DD',
	'YYYY+MM',
	'YYYY+DDD',
	'YY+MM+DD',
	'YYYY',
	'YY+MM',
	'MM+DD',
	'YY',
	'Q',
	'IW',
	'MM',
	'M',
	'DDD',
	'DD',
	'D',
	'HH',
];
const wordTokens = ['MONTH', 'MON'];
const integerTokens = ['LOWER', 'UPPER', 'LAST', 'NTH', 'NTHUPPER'];

function rendered(token: string, place: Place): string | undefined {
	const pieces = token.split('+').map(piece => ('wall' in place ? datePiece(piece, place.wall) : integerPiece(piece, place)));
	return pieces.includes(undefined) ? undefined : pieces.join('');
}

function integerPiece(token: string, {lower, upper, step}: {readonly lower: bigint; readonly upper: bigint; readonly step: bigint}): string | undefined {
	const values: Readonly<Record<string, bigint>> = {LOWER: lower, UPPER: upper, LAST: upper - 1n, NTH: lower / step, NTHUPPER: upper / step};
	const value = values[token];
	return value === undefined || value < 0n ? undefined : String(value);
}

function datePiece(token: string, wall: number): string | undefined {
	const date = new Date(wall);
	const year = date.getUTCFullYear();
	const month = date.getUTCMonth();
	switch (token) {
		case 'YYYY':
			return String(year).padStart(4, '0');
		case 'YY':
			return two(year % 100);
		case 'Q':
			return String(1 + Math.floor(month / 3));
		case 'MM':
			return two(month + 1);
		case 'M':
			return String(month + 1);
		case 'MONTH':
			return months[month];
		case 'MON':
			return months[month]!.slice(0, 3);
		case 'DDD':
			return String(1 + Math.floor((wall - Date.UTC(year, 0, 1)) / day)).padStart(3, '0');
		case 'DD':
			return two(date.getUTCDate());
		case 'D':
			return String(date.getUTCDate());
		case 'HH':
			return two(date.getUTCHours());
		case 'IYYY':
			return String(isoWeek(wall).year);
		case 'IW':
			return two(isoWeek(wall).week);
		default:
			return undefined;
	}
}

function isoWeek(wall: number): {readonly year: number; readonly week: number} {
	const midnight = Math.floor(wall / day) * day;
	const thursday = midnight + (4 - (new Date(midnight).getUTCDay() || 7)) * day;
	const year = new Date(thursday).getUTCFullYear();
	return {year, week: 1 + Math.floor((thursday - Date.UTC(year, 0, 1)) / (7 * day))};
}

/** A part of a name: text as it is, a token, or the place among the siblings. `fill` is the width that zeros fill. */
type Part =
	| {readonly is: 'text'; readonly text: string}
	| {readonly is: 'token'; readonly token: string; readonly fill: number; readonly cased: (text: string) => string}
	| {readonly is: 'index'; readonly offset: number; readonly fill: number};

/** How the siblings, in order, are named after their bounds; the newest decide. Undefined: they follow no pattern that is known here. */
export function styleOf(parent: string, siblings: readonly Named[], grain: Grain): Style | undefined {
	const newest = siblings.slice(-12);
	const last = newest.at(-1);
	if (!last) return undefined;
	const prefix = newest.every(one => one.name.startsWith(parent)) ? parent : '';
	const runs = (one: Named) => one.name.slice(prefix.length).match(/\d+|[a-z]+|[^\da-z]+/gi) ?? [];
	// Older ones may have been named by somebody else.
	const alike = newest.filter(one => shapeOf(runs(one)) === shapeOf(runs(last)));
	const parts: Part[] = [{is: 'text', text: prefix}];
	for (const index of runs(last).keys()) {
		const texts = alike.map(one => runs(one)[index]!);
		const isLast = !runs(last).some((run, later) => later > index && /^\d/.test(run));
		const part = partOf(texts, alike, parts, token => names(token, grain, isLast));
		if (!part) return undefined;
		parts.push(part);
	}
	const chosen = withIsoYear(parts, alike);
	if (!chosen.some(part => part.is !== 'text')) return undefined;
	const style = (place: Place) => chosen.map(part => textOf(part, place)).join('');
	return alike.every(one => style(one) === one.name) ? style : undefined;
}

function names(token: string, grain: Grain, isLast: boolean): boolean {
	switch (token) {
		case 'IW':
			return grain === 'week' && isLast;
		case 'Q':
			return grain === 'quarter';
		case 'MM':
		case 'M':
			return grain !== 'week' || !isLast;
		case 'DDD':
			return grain === 'day' || grain === 'week' || grain === 'second';
		case 'HH':
			return grain === 'second';
		default:
			return true;
	}
}

function partOf(texts: readonly string[], alike: readonly Named[], before: readonly Part[], names: (token: string) => boolean): Part | undefined {
	const [first] = texts as [string];
	const digits = /^\d/.test(first);
	const fill = texts.some(text => /^0\d/.test(text)) ? first.length : 0;
	const taken = (token: string) => before.some(part => part.is === 'token' && part.token === token);
	const free = (digits ? [...dateTokens, ...integerTokens] : wordTokens).filter(token => names(token) && !taken(token));
	// The parts of a date have widths of their own: 01 is a month, never a quarter that was filled up.
	const filled = (token: string) => (integerTokens.includes(token) ? fill : 0);
	const token = free.find(one => alike.every((place, i) => rendered(one, place)?.padStart(filled(one), '0') === texts[i]!.toLowerCase()));
	if (token) return {is: 'token', token, fill: filled(token), cased: digits ? text => text : caseOf(first)};
	if (texts.every(text => text === first)) return {is: 'text', text: first};
	const offset = Number(first) - alike[0]!.index;
	return digits && alike.every((place, i) => Number(texts[i]) - place.index === offset) ? {is: 'index', offset, fill} : undefined;
}

/** The last days of a year may belong to the first week of the next: beside a week stands the week's own year. */
function withIsoYear(parts: readonly Part[], alike: readonly Named[]): readonly Part[] {
	const weekly = parts.some(part => part.is === 'token' && part.token === 'IW');
	if (!weekly) return parts;
	return parts.map(part =>
		part.is === 'token' && part.token === 'YYYY' && alike.every(place => rendered('IYYY', place) === rendered('YYYY', place)) ? {...part, token: 'IYYY'} : part,
	);
}

function textOf(part: Part, place: Place): string {
	switch (part.is) {
		case 'text':
			return part.text;
		case 'index':
			return String(part.offset + place.index).padStart(part.fill, '0');
		case 'token':
			return part.cased((rendered(part.token, place) ?? '').padStart(part.fill, '0'));
	}
}

function caseOf(word: string): (text: string) => string {
	if (word === word.toLowerCase()) return text => text;
	return word === word.toUpperCase() ? text => text.toUpperCase() : text => text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Names of one shape differ in numbers and in names of months only. */
function shapeOf(runs: readonly string[]): string {
	const isMonth = (run: string) => months.some(month => [month, month.slice(0, 3)].includes(run.toLowerCase()));
	return runs.map(run => (/^\d/.test(run) ? '0' : isMonth(run) ? 'm' : run)).join('|');
}
