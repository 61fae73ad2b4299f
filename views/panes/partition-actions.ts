import type {Action, Facts, Field, Input, Line} from '../../source/pane.ts';
import {edgesOf, newestOf, nextOnes, olderThan, parseAge} from '../../source/partition-choice.ts';
import type {Proposed} from '../../source/proposals.ts';
import type {PartitionsRow} from './partitions.ts';

const most = 100;

const howMany: Field = {
	id: 'count',
	label: 'how many',
	kind: 'number',
	initial: '3',
	problem: text => (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= most ? undefined : `a number from 1 to ${most}`),
};

function notMade(row: PartitionsRow, facts: Facts): string | undefined {
	if (facts.recovery) return 'this is a standby: do it on the primary';
	if (!row.owned) return `it belongs to ${row.owner}: only its owner may do this`;
	const next = nextOnes(row, 1, facts.timezone);
	return 'refused' in next ? next.refused : undefined;
}

function planned(rows: readonly PartitionsRow[], count: number, facts: Facts, move: boolean): ReturnType<Action['params']> {
	const row = rows[0]!;
	const next = nextOnes(row, count, facts.timezone);
	const proposals = 'refused' in next ? [] : next.proposals;
	const {lows, highs} = edgesOf(row, proposals);
	return [row.oid, proposals.map(one => one.name), proposals.map(one => one.bound), lows, highs, newestOf(row), move];
}

function stepLines(rows: readonly PartitionsRow[], input: Input): readonly Line[] {
	const next: Proposed | {readonly refused: string} = nextOnes(rows[0]!, 1, input.facts[input.watched]?.timezone ?? 'UTC');
	return 'refused' in next
		? []
		: [[{text: `${rows[0]!.relation}: ${next.step}`, tone: 'strong'}], ...next.notes.map((text): Line => [{text, tone: 'warning'}])];
}

export const newPartitions: Action<PartitionsRow> = {
	id: 'partitions',
	key: 'n',
	label: 'New partitions',
	danger: 'ask',
	many: false,
	input: [howMany],
	plan: {sql: 'actions/partitions'},
	run: 'ddl',
	params: (rows, input, facts) => planned(rows, Number(input.count), facts, false),
	disabled: notMade,
	cost: stepLines,
	needs: 'ownership of the table, select on its default partition',
};

export const moveOut: Action<PartitionsRow> = {
	id: 'move-default',
	key: 'M',
	label: 'Move rows out of the default',
	danger: 'ask',
	many: false,
	input: [{...howMany, label: 'into how many new partitions', initial: '1'}],
	plan: {sql: 'actions/partitions'},
	run: 'ddl',
	params: (rows, input, facts) => planned(rows, Number(input.count), facts, true),
	disabled: (row, facts) => (row.default_name === null ? 'it has no default partition' : notMade(row, facts)),
	cost: stepLines,
	needs: 'ownership of the table, select on its default partition; at most 100,000 rows each',
};

export const oldPartitions: Action<PartitionsRow> = {
	id: 'old-partitions',
	key: 'D',
	label: 'Remove old partitions',
	danger: 'type',
	many: false,
	input: [
		{
			id: 'age',
			label: 'older than',
			kind: 'text',
			initial: '12 months',
			problem: text => (parseAge(text) ? undefined : 'an age like 90 days, 6 weeks, 12 months or 2 years'),
		},
		{
			id: 'what',
			label: 'detach (they stay as tables) or drop',
			kind: 'choice',
			initial: 'detach',
			choices: ['detach', 'drop'],
			problem: text => (text === 'detach' || text === 'drop' ? undefined : 'detach or drop'),
		},
	],
	plan: {sql: 'actions/old-partitions'},
	run: 'long',
	params: (rows, input, facts) => {
		const age = parseAge(input.age ?? '');
		const found = age ? olderThan(rows[0]!, age, facts.timezone) : [];
		const old = 'refused' in found ? [] : found;
		return [rows[0]!.oid, old.map(one => one.oid ?? null), old.map(one => one.name), input.what ?? ''];
	},
	disabled: (row, facts) => {
		if (facts.recovery) return 'this is a standby: do it on the primary';
		if (!row.owned) return `it belongs to ${row.owner}: only its owner may do this`;
		const old = olderThan(row, {months: 0, days: 1}, facts.timezone);
		return 'refused' in old ? old.refused : undefined;
	},
	needs: 'ownership of the table',
};
