import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Bound, kindOf, parseBound, pointOf} from '../source/bounds.ts';
import {coveredUntil, layoutOf, type Sibling} from '../source/partitions.ts';
import {type Parent, propose} from '../source/proposals.ts';
import {instantOf, literalOf, wallOf} from '../source/zone.ts';

const value = (text: string) => ({is: 'value', text}) as const;

test('bounds are read as PostgreSQL prints them', () => {
	const cases: [string | null, Bound][] = [
		[null, {is: 'unread'}],
		['DEFAULT', {is: 'default'}],
		["FOR VALUES FROM ('2026-09-01') TO ('2026-10-01')", {is: 'range', from: [value('2026-09-01')], to: [value('2026-10-01')]}],
		["FOR VALUES FROM (MINVALUE) TO ('-5')", {is: 'range', from: [{is: 'min'}], to: [value('-5')]}],
		['FOR VALUES FROM (0) TO (MAXVALUE)', {is: 'range', from: [value('0')], to: [{is: 'max'}]}],
		["FOR VALUES FROM ('a''b', 1) TO ('x) TO (y', MINVALUE)", {is: 'range', from: [value("a'b"), value('1')], to: [value('x) TO (y'), {is: 'min'}]}],
		["FOR VALUES IN ('de', 'it''s', NULL)", {is: 'list', values: [value('de'), value("it's"), {is: 'null'}]}],
		['FOR VALUES IN (true)', {is: 'list', values: [value('true')]}],
		['FOR VALUES WITH (modulus 4, remainder 3)', {is: 'hash', modulus: 4, remainder: 3}],
		['FOR VALUES FROM (nonsense', {is: 'strange', text: 'FOR VALUES FROM (nonsense'}],
		["FOR VALUES FROM ('a') TO ('b', 'c')", {is: 'strange', text: "FOR VALUES FROM ('a') TO ('b', 'c')"}],
	];
	for (const [text, expected] of cases) assert.deepEqual(parseBound(text), expected, String(text));
});

test('points: instants with their offset, wall clocks without, integers of any size', () => {
	const cases: [string, Parameters<typeof pointOf>[1], unknown][] = [
		['2026-09-01 04:00:00+00', 'timestamptz', Date.UTC(2026, 8, 1, 4)],
		['2026-09-01 00:00:00-04', 'timestamptz', Date.UTC(2026, 8, 1, 4)],
		['2026-09-01 00:00:00+05:30', 'timestamptz', Date.UTC(2026, 7, 31, 18, 30)],
		['2026-09-01 00:00:00.5', 'timestamp', Date.UTC(2026, 8, 1) + 500],
		['2026-09-01', 'date', Date.UTC(2026, 8, 1)],
		['0044-03-15', 'date', new Date(0).setUTCFullYear(44, 2, 15)],
		['12026-01-01', 'date', Date.UTC(12026, 0, 1)],
		['infinity', 'date', Number.POSITIVE_INFINITY],
		['0044-03-15 BC', 'date', null],
		['9223372036854775807', 'integer', 9223372036854775807n],
		['1.5', 'integer', null],
		['abc', 'other', null],
	];
	for (const [text, kind, expected] of cases) assert.equal(pointOf(value(text), kind), expected, text);
});

test('an expression’s kind is told by its bounds', () => {
	const range = (from: string, to: string) => parseBound(`FOR VALUES FROM ('${from}') TO ('${to}')`);
	assert.equal(kindOf(null, [range('2026-01-01', '2026-02-01')]), 'date');
	assert.equal(kindOf(null, [range('2026-01-01 00:00:00+00', '2026-02-01 00:00:00+00')]), 'timestamptz');
	assert.equal(kindOf(null, [range('2026-01-01 00:00:00', '2026-02-01 00:00:00')]), 'timestamp');
	assert.equal(kindOf(null, [range('1', '20')]), 'integer');
	assert.equal(kindOf(null, [range('a', 'b')]), 'other');
	assert.equal(kindOf('character varying,date', [range('2026-01-01', '2026-02-01')]), 'other');
});

test('walls and instants, also where the clock jumps', () => {
	const ny = 'America/New_York';
	assert.equal(wallOf(Date.UTC(2026, 10, 1, 4), ny), Date.UTC(2026, 10, 1));
	assert.equal(instantOf(Date.UTC(2026, 11, 1), ny), Date.UTC(2026, 11, 1, 5));
	assert.equal(literalOf(Date.UTC(2026, 11, 1, 5), ny), '2026-12-01 00:00:00-05');
	assert.equal(literalOf(Date.UTC(2026, 6, 31, 18, 30), 'Asia/Kolkata'), '2026-08-01 00:00:00+05:30');
	// Skipped: 2:30 on the day when the clock goes from 2 to 3; PostgreSQL takes it as 3:30.
	assert.equal(instantOf(Date.UTC(2026, 2, 8, 2, 30), ny), Date.UTC(2026, 2, 8, 7, 30));
	// Twice: 1:30 when it goes back; PostgreSQL takes the standard time, the second.
	assert.equal(instantOf(Date.UTC(2026, 10, 1, 1, 30), ny), Date.UTC(2026, 10, 1, 6, 30));
});

/** Siblings from `name from to`; the offset of timestamptz is written out. */
function siblings(...lines: readonly string[]): Sibling[] {
	return lines.map(line => {
		const [name, from, to] = line.split('|').map(part => part.trim()) as [string, string, string];
		const edge = (text: string) => (/^(min|max)value$/i.test(text) ? text.toUpperCase() : `'${text}'`);
		return {name, bound: from === 'default' ? 'DEFAULT' : `FOR VALUES FROM (${edge(from)}) TO (${edge(to)})`};
	});
}

test('gaps, coverage, the default and what could not be read', () => {
	const rows = siblings('p1|2026-01-01|2026-02-01', 'p3|2026-03-01|2026-04-01', 'p2|2026-02-01|2026-03-01', 'p5|2026-05-01|2026-06-01', 'd|default|');
	const layout = layoutOf('r', 'date', rows);
	const at = (text: string) => pointOf(value(text), 'date')!;
	assert.deepEqual(layout.gaps, [{from: at('2026-04-01'), to: at('2026-05-01')}]);
	assert.equal(layout.hasDefault, true);
	assert.deepEqual(
		layout.spans.map(span => span.name),
		['p1', 'p2', 'p3', 'p5'],
	);
	const cases: [string, unknown][] = [
		['2026-01-15', at('2026-04-01')],
		['2026-04-15', null],
		['2026-05-31', at('2026-06-01')],
		['2026-06-01', null],
		['2025-12-31', null],
	];
	for (const [now, until] of cases) assert.equal(coveredUntil(layout.spans, at(now)), until, now);
	const open = layoutOf('r', 'date', siblings('old|minvalue|2026-01-01', 'p|2026-01-01|maxvalue'));
	assert.equal(coveredUntil(open.spans, at('1999-01-01')), Number.POSITIVE_INFINITY);
	const locked = layoutOf('r', 'date', [...rows, {name: 'p4', bound: null}]);
	assert.deepEqual([locked.gaps, locked.unread], [[], 1]);
});

test('hash: missing remainders, also with several moduli', () => {
	const hash = (...pairs: readonly [number, number][]): Sibling[] =>
		pairs.map(([modulus, remainder]) => ({name: `h_${remainder}`, bound: `FOR VALUES WITH (modulus ${modulus}, remainder ${remainder})`}));
	assert.deepEqual(layoutOf('h', 'uuid', hash([4, 0], [4, 1], [4, 3])).missing, [2]);
	assert.deepEqual(layoutOf('h', 'uuid', hash([2, 0], [4, 1])).missing, [3]);
	assert.deepEqual(layoutOf('h', 'uuid', hash([2, 0], [4, 1], [4, 3])).missing, []);
	const made = propose({name: 'h', strategy: 'h', keyTypes: 'uuid'}, hash([4, 0], [4, 1]), 5, []);
	assert.ok('proposals' in made);
	assert.deepEqual(
		made.proposals.map(one => [one.name, one.bound]),
		[
			['h_2', 'for values with (modulus 4, remainder 2)'],
			['h_3', 'for values with (modulus 4, remainder 3)'],
		],
	);
});

type Case = {
	readonly keyTypes: string;
	readonly parent?: string;
	readonly zones?: readonly string[];
	readonly n?: number;
	readonly siblings: readonly string[];
};

function proposed({keyTypes, parent = 't', zones = ['UTC'], n = 2, siblings: lines}: Case): unknown {
	const made = propose({name: parent, strategy: 'r', keyTypes} satisfies Parent, siblings(...lines), n, zones);
	return 'refused' in made ? made.refused : [made.step, ...made.proposals.map(one => `${one.name} ${one.from} ${one.to}`)];
}

test('the next partitions keep the step and the style of the names', () => {
	const cases: [string, Case, readonly string[]][] = [
		[
			'monthly dates',
			{keyTypes: 'date', siblings: ['t_2026_10|2026-10-01|2026-11-01', 't_2026_11|2026-11-01|2026-12-01']},
			['monthly', "t_2026_12 '2026-12-01' '2027-01-01'", "t_2027_01 '2027-01-01' '2027-02-01'"],
		],
		[
			'monthly after a leap February, digits run together',
			{keyTypes: 'date', n: 1, siblings: ['t_p202801|2028-01-01|2028-02-01', 't_p202802|2028-02-01|2028-03-01']},
			['monthly', "t_p202803 '2028-03-01' '2028-04-01'"],
		],
		[
			'one February alone is a month',
			{keyTypes: 'date', n: 1, siblings: ['t_2026_02|2026-02-01|2026-03-01']},
			['monthly', "t_2026_03 '2026-03-01' '2026-04-01'"],
		],
		[
			'weeks by their number, over the year',
			{keyTypes: 'date', siblings: ['t_2026w52|2026-12-21|2026-12-28', 't_2026w53|2026-12-28|2027-01-04']},
			['weekly', "t_2027w01 '2027-01-04' '2027-01-11'", "t_2027w02 '2027-01-11' '2027-01-18'"],
		],
		[
			'weeks whose first days belong to the old year',
			{keyTypes: 'date', n: 1, siblings: ['t_2025w51|2025-12-15|2025-12-22', 't_2025w52|2025-12-22|2025-12-29']},
			['weekly', "t_2026w01 '2025-12-29' '2026-01-05'"],
		],
		[
			'days, months with a letter',
			{keyTypes: 'date', n: 1, siblings: ['t_y2026m11d29|2026-11-29|2026-11-30', 't_y2026m11d30|2026-11-30|2026-12-01']},
			['daily', "t_y2026m12d01 '2026-12-01' '2026-12-02'"],
		],
		[
			'years',
			{keyTypes: 'date', n: 1, siblings: ['t_2025|2025-01-01|2026-01-01', 't_2026|2026-01-01|2027-01-01']},
			['yearly', "t_2027 '2027-01-01' '2028-01-01'"],
		],
		[
			'quarters',
			{keyTypes: 'date', n: 1, siblings: ['t_2026q3|2026-07-01|2026-10-01', 't_2026q4|2026-10-01|2027-01-01']},
			['quarterly', "t_2027q1 '2027-01-01' '2027-04-01'"],
		],
		[
			'months by name',
			{keyTypes: 'date', n: 1, siblings: ['t_Nov_26|2026-11-01|2026-12-01', 't_Dec_26|2026-12-01|2027-01-01']},
			['monthly', "t_Jan_27 '2027-01-01' '2027-02-01'"],
		],
		[
			'hours',
			{
				keyTypes: 'timestamp without time zone',
				n: 1,
				siblings: ['t_2026112022|2026-11-20 22:00:00|2026-11-20 23:00:00', 't_2026112023|2026-11-20 23:00:00|2026-11-21 00:00:00'],
			},
			['hourly', "t_2026112100 '2026-11-21 00:00:00' '2026-11-21 01:00:00'"],
		],
		[
			'months in New York, from a server that thinks so',
			{
				keyTypes: 'timestamp with time zone',
				zones: ['America/New_York', 'UTC'],
				siblings: ['t_2026_09|2026-09-01 04:00:00+00|2026-10-01 04:00:00+00', 't_2026_10|2026-10-01 04:00:00+00|2026-11-01 04:00:00+00'],
			},
			[
				'monthly, America/New_York',
				"t_2026_11 '2026-11-01 00:00:00-04' '2026-12-01 00:00:00-05'",
				"t_2026_12 '2026-12-01 00:00:00-05' '2027-01-01 00:00:00-05'",
			],
		],
		[
			'days over the change of the clock in Berlin',
			{
				keyTypes: 'timestamp with time zone',
				zones: ['Europe/Berlin', 'UTC'],
				siblings: ['t_20261023|2026-10-22 22:00:00+00|2026-10-23 22:00:00+00', 't_20261024|2026-10-23 22:00:00+00|2026-10-24 22:00:00+00'],
			},
			['daily, Europe/Berlin', "t_20261025 '2026-10-25 00:00:00+02' '2026-10-26 00:00:00+01'", "t_20261026 '2026-10-26 00:00:00+01' '2026-10-27 00:00:00+01'"],
		],
		[
			'UTC on a server that thinks New York',
			{
				keyTypes: 'timestamp with time zone',
				zones: ['America/New_York', 'UTC'],
				n: 1,
				siblings: ['t_2026_10|2026-10-01 00:00:00+00|2026-11-01 00:00:00+00', 't_2026_11|2026-11-01 00:00:00+00|2026-12-01 00:00:00+00'],
			},
			['monthly, UTC', "t_2026_12 '2026-12-01 00:00:00+00' '2027-01-01 00:00:00+00'"],
		],
		[
			'integers by their lower bound',
			{keyTypes: 'bigint', n: 1, siblings: ['t_0|0|1000000', 't_1000000|1000000|2000000']},
			['every 1000000', 't_2000000 2000000 3000000'],
		],
		['integers by their number', {keyTypes: 'integer', n: 1, siblings: ['t_p1|0|500', 't_p2|500|1000', 't_p3|1000|1500']}, ['every 500', 't_p4 1500 2000']],
		['integers by both bounds, filled up', {keyTypes: 'bigint', n: 1, siblings: ['t_000_099|0|100', 't_100_199|100|200']}, ['every 100', 't_200_299 200 300']],
		[
			'integers beyond 2^53',
			{keyTypes: 'bigint', n: 1, siblings: ['t_a|9007199254740993|9007199254740994', 't_b|9007199254740994|9007199254740995']},
			['every 1', 't_9007199254740995 9007199254740995 9007199254740996'],
		],
		[
			'an old yearly archive before months',
			{keyTypes: 'date', n: 1, siblings: ['t_2025|2025-01-01|2026-01-01', 't_2026_01|2026-01-01|2026-02-01', 't_2026_02|2026-02-01|2026-03-01']},
			['monthly', "t_2026_03 '2026-03-01' '2026-04-01'"],
		],
		[
			'behind the last, not into a gap; the default stays away',
			{keyTypes: 'date', n: 1, siblings: ['t_2026_01|2026-01-01|2026-02-01', 't_2026_03|2026-03-01|2026-04-01', 't_d|default|']},
			['monthly', "t_2026_04 '2026-04-01' '2026-05-01'"],
		],
		[
			'no pattern: named by the lower bound',
			{keyTypes: 'date', n: 1, siblings: ['red|2026-01-01|2026-02-01', 'blue|2026-02-01|2026-03-01']},
			['monthly', "t_2026_03 '2026-03-01' '2026-04-01'"],
		],
		[
			'a parent with digits',
			{keyTypes: 'date', parent: 'sales2026', n: 1, siblings: ['sales2026_11|2026-11-01|2026-12-01']},
			['monthly', "sales2026_12 '2026-12-01' '2027-01-01'"],
		],
		[
			'from minvalue',
			{keyTypes: 'date', n: 1, siblings: ['t_old|minvalue|2026-01-01', 't_2026_01|2026-01-01|2026-02-01']},
			['monthly', "t_2026_02 '2026-02-01' '2026-03-01'"],
		],
	];
	for (const [name, one, expected] of cases) assert.deepEqual(proposed(one), expected, name);
});

test('what can’t be continued is refused with a sentence', () => {
	const tz = 'timestamp with time zone';
	const cases: [string, Case, RegExp][] = [
		['up to MAXVALUE', {keyTypes: 'date', siblings: ['t_a|2026-01-01|maxvalue']}, /t_a reaches up to MAXVALUE/],
		['no sibling', {keyTypes: 'date', siblings: ['t_d|default|']}, /no partition yet/],
		['text', {keyTypes: 'text', siblings: ['t_a|a|b']}, /neither times nor integers/],
		['different lengths', {keyTypes: 'date', siblings: ['t_a|2026-01-01|2026-02-01', 't_b|2026-02-01|2026-02-04']}, /t_a, t_b\) are of different lengths/],
		['only open ones', {keyTypes: 'date', siblings: ['t_a|minvalue|2026-01-01']}, /no step to go on with/],
		[
			'the name is taken by a stranger',
			{keyTypes: 'date', siblings: ['t_2026_01|2026-01-01|2026-02-01', 't_2026_02|default|']},
			/named t_2026_02 is there already/,
		],
		['too long a name', {keyTypes: 'date', parent: `${'x'.repeat(60)}`, siblings: [`${'x'.repeat(60)}_aa|2026-01-01|2026-02-01`]}, /longer than 63 bytes/],
		[
			'the zone has changed',
			{
				keyTypes: tz,
				zones: ['America/New_York', 'UTC'],
				siblings: [
					't_2026_09|2026-09-01 00:00:00+00|2026-10-01 00:00:00+00',
					't_2026_10|2026-10-01 04:00:00+00|2026-11-01 04:00:00+00',
					't_2026_11|2026-11-01 04:00:00+00|2026-12-01 05:00:00+00',
				],
			},
			/another time zone than the newest \(America\/New_York\)/,
		],
		[
			'a zone that nobody named, and several fit',
			{keyTypes: tz, siblings: ['t_2026_07|2026-07-01 04:00:00+00|2026-08-01 04:00:00+00', 't_2026_08|2026-08-01 04:00:00+00|2026-09-01 04:00:00+00']},
			/Several time zones fit the bounds \(.*choose one/,
		],
	];
	for (const [name, one, expected] of cases) assert.match(String(proposed(one)), expected, name);
	const locked = propose({name: 't', strategy: 'r', keyTypes: 'date'}, [{name: 'a', bound: null}], 1, []);
	assert.match('refused' in locked ? locked.refused : '', /locked/);
	const list = propose({name: 't', strategy: 'l', keyTypes: 'text'}, [{name: 'a', bound: "FOR VALUES IN ('x')"}], 1, []);
	assert.match('refused' in list ? list.refused : '', /no next value/);
});

test('a zone that the server does not name is found where only one fits', () => {
	const tz = 'timestamp with time zone';
	// Midnight in Kathmandu is at 18:15 UTC all year, as nowhere else.
	const one: Case = {
		keyTypes: tz,
		n: 1,
		siblings: ['t_2026_09|2026-08-31 18:15:00+00|2026-09-30 18:15:00+00', 't_2026_10|2026-09-30 18:15:00+00|2026-10-31 18:15:00+00'],
	};
	const [step, first] = proposed(one) as [string, string];
	assert.match(step, /^monthly, Asia\/Kath?mandu$/);
	assert.equal(first, "t_2026_11 '2026-11-01 00:00:00+05:45' '2026-12-01 00:00:00+05:45'");
});

test('several columns: continued where the others are open, refused where they are not', () => {
	const rows = (edge: string): Sibling[] => [
		{name: 't_2025', bound: `FOR VALUES FROM ('2025-01-01', ${edge}) TO ('2026-01-01', ${edge})`},
		{name: 't_2026', bound: `FOR VALUES FROM ('2026-01-01', ${edge}) TO ('2027-01-01', ${edge})`},
	];
	const parent = {name: 't', strategy: 'r', keyTypes: 'date,text'};
	const open = propose(parent, rows('MINVALUE'), 1, []);
	assert.deepEqual('proposals' in open && open.proposals[0], {
		name: 't_2027',
		from: "'2027-01-01'",
		to: "'2028-01-01'",
		bound: "for values from ('2027-01-01', minvalue) to ('2028-01-01', minvalue)",
	});
	const closed = propose(parent, rows("'m'"), 1, []);
	assert.match('refused' in closed ? closed.refused : '', /other columns of the key/);
});

test('properties: what is proposed follows the last without a gap, and a proposal can be continued', () => {
	const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns'];
	for (const zone of zones) {
		for (const months of [1, 3, 12]) {
			let rows: Sibling[] = [0, 1, 2].map(i => {
				const at = (n: number) => literalOf(instantOf(Date.UTC(2026, n * months, 1), zone), 'UTC');
				const wall = new Date(Date.UTC(2026, i * months, 1)).toISOString();
				return {name: `t_${wall.slice(0, 4)}_${wall.slice(5, 7)}`, bound: `FOR VALUES FROM ('${at(i)}') TO ('${at(i + 1)}')`};
			});
			for (let round = 0; round < 4; round++) {
				const made = propose({name: 't', strategy: 'r', keyTypes: 'timestamp with time zone'}, rows, 6, [zone]);
				assert.ok('proposals' in made, `${zone} ${months}`);
				rows = [...rows, ...made.proposals.map(one => ({name: one.name, bound: one.bound.toUpperCase().replace('FOR VALUES FROM', 'FOR VALUES FROM')}))];
			}
			const layout = layoutOf('r', 'timestamp with time zone', rows);
			assert.equal(layout.spans.length, 27);
			assert.deepEqual(layout.gaps, []);
			for (const span of layout.spans) assert.equal(new Date(wallOf(Number(span.from), zone)).getUTCDate(), 1);
		}
	}
});
