import type {Changes, FieldChange, Moved, TableChanges} from '../../source/compare.ts';
import type {Value} from '../../source/pane.ts';
import type {FindingReport, Report} from '../../source/report.ts';
import {bytes, count, duration, milliseconds, plain, unknown} from '../format.ts';
import {cut} from '../layout.ts';
import type {Block} from './outline.ts';
import {tally} from './words.ts';

/** What changed, for any format. */
export function changesOutline(a: Report, b: Report, found: {readonly pairs: readonly Changes[]; readonly alone: readonly string[]}): readonly Block[] {
	const blocks: Block[] = [];
	for (const changes of found.pairs) blocks.push(...pairBlocks(a, b, changes));
	if (found.alone.length > 0)
		blocks.push({is: 'heading', level: 2, text: 'Without a counterpart'}, {is: 'list', items: found.alone.map(text => ({text, tone: 'notice'}))});
	return blocks;
}

function pairBlocks(a: Report, b: Report, changes: Changes): readonly Block[] {
	const {before, after, seconds} = changes;
	const blocks: Block[] = [
		{is: 'heading', level: 1, text: 'pgperf diff', note: after.title},
		{
			is: 'facts',
			items: [
				['earlier', `${a.taken_at.replace('T', ' ')}  grade ${gradeOf(before)}, ${tally(before.findings)}`],
				['later', `${b.taken_at.replace('T', ' ')}  grade ${gradeOf(after)}, ${tally(after.findings)}`],
				['between', seconds < 0 ? `${duration(-seconds)}, and the first is the later one` : duration(seconds)],
			],
		},
	];
	if (changes.breaks.length > 0)
		blocks.push({is: 'heading', level: 2, text: 'Not the same any more'}, {is: 'list', items: changes.breaks.map(text => ({text, tone: 'warning'}))});
	blocks.push(...findingBlocks('New findings', changes.found), ...findingBlocks('Findings that are over', changes.gone));
	if (changes.changed.length > 0) {
		blocks.push(
			{is: 'heading', level: 2, text: 'Findings of another level'},
			{is: 'list', items: changes.changed.map(pair => ({text: `${pair.before.level} → ${pair.after.level}: ${pair.after.title}`, tone: pair.after.level}))},
		);
	}
	if (changes.found.length + changes.gone.length + changes.changed.length === 0) blocks.push({is: 'sentence', text: 'The findings are the same.', tone: 'dim'});
	for (const table of changes.tables) blocks.push(...tableBlocks(table));
	return blocks;
}

function gradeOf(server: Changes['before']): string {
	return server.grade?.grade ? `${server.grade.grade} ${server.grade.score}` : unknown;
}

function findingBlocks(title: string, findings: readonly FindingReport[]): readonly Block[] {
	if (findings.length === 0) return [];
	const items = findings.map(finding => ({text: `${finding.level}: ${finding.title}`, tone: finding.level}));
	return [
		{is: 'heading', level: 2, text: title, note: String(findings.length)},
		{is: 'list', items},
	];
}

function tableBlocks(table: TableChanges): readonly Block[] {
	const title = table.section === table.title ? table.title : `${table.section}: ${table.title}`;
	const blocks: Block[] = [
		{is: 'heading', level: 2, text: title, ...(table.total > table.moved.length && {note: `${table.moved.length} of ${table.total} that moved`})},
	];
	if (table.reset > 0) blocks.push({is: 'sentence', text: `${table.reset} with counters that were reset in between: not compared`, tone: 'warning'});
	for (const [word, names] of [
		['new', table.added],
		['gone', table.removed],
	] as const)
		if (names.length > 0) blocks.push({is: 'sentence', text: `${names.length} ${word}: ${listed(names)}`});
	if (table.moved.length > 0) blocks.push({is: 'list', items: table.moved.map(itemOf)});
	return blocks;
}

const listedNames = 5;

function listed(names: readonly string[]): string {
	const shown = names.slice(0, listedNames).map(name => cut(name, 60));
	return `${shown.join(', ')}${names.length > listedNames ? `, and ${names.length - listedNames} more` : ''}`;
}

function itemOf({name, fields}: Moved) {
	return {text: cut(name, 120), more: fields.slice(0, 8).map(fieldText).join(', ')};
}

function fieldText(change: FieldChange): string {
	const {field, title, before, after} = change;
	if (typeof before !== 'number' || typeof after !== 'number') return `${title} ${plain(before)} → ${plain(after)}`;
	const show = showFor(field);
	const moved = after - before;
	return `${title} ${moved < 0 ? '−' : '+'}${show(Math.abs(moved))} (${show(after)})`;
}

/** The unit is in the name: that is a rule of the queries. */
function showFor(field: string): (value: Value) => string {
	if (/_(ms|time)$/.test(field)) return milliseconds;
	if (/(bytes|size)(_|$)/.test(field)) return bytes;
	if (/_s$/.test(field)) return duration;
	return count;
}
