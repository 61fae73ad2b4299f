import {executeOf, stepsOf} from '../../source/explain.ts';
import {withoutSecretsOfSql} from '../../source/mask.ts';
import type {Line, Section} from '../../source/pane.ts';
import type {Overlay, State} from '../../source/state.ts';
import {told} from '../figures.ts';
import {count} from '../format.ts';
import type {Question} from './confirm.ts';

type Explaining = Extract<Overlay, {readonly is: 'explain'}>;

export function explainTitle({subject}: Explaining): string {
	return `Plan of ${subject}`;
}

/** For a superuser, whose rights the functions would have that planning runs. */
export function explainQuestion(state: State, {subject, text = ''}: Explaining): Question {
	const server = state.servers[state.watched];
	return {
		title: ['Explain', subject, 'on', state.settings.label, server?.title ?? state.watched].filter(Boolean).join(' '),
		facts: [
			[
				{text: 'The statement is planned, not run. But planning runs immutable functions in it with all rights, for '},
				{text: `${server?.facts?.role ?? 'this role'} is a superuser`, tone: 'warning'},
				{text: '. The transaction is read only and rolled back; a function may reach beyond it (files, other servers).'},
			],
			[{text: 'Where the parameters would choose partitions, it is prepared once more with enable_partition_pruning off.', tone: 'dim'}],
		],
		statements: [...stepsOf(withoutSecretsOfSql(text)), `${executeOf('pgperf_explain', 0)}    (with a null for each parameter)`, 'rollback'],
		button: 'explain',
		tone: 'warning',
	};
}

/** The plan, then the text that it is of. */
export function planSections({result, stage, text}: Explaining): readonly Section[] {
	if (!result) {
		const doing = stage === 'reading' ? 'reading the text …' : 'planning …';
		return [{title: 'Plan', lines: [[{text: doing, tone: 'dim'}]]}, ...textSections(text === undefined ? undefined : withoutSecretsOfSql(text))];
	}
	if (result.is === 'refused') return [{title: 'No plan', lines: [[{text: result.why, tone: 'warning'}]]}, ...textSections(result.text)];
	const notes: readonly Line[] = [
		[{text: 'Planned, not run: the figures are estimates of the planner, for any values of the parameters.', tone: 'dim'}],
		...(result.everyPartition
			? [[{text: 'Which partitions are scanned depends on the values of the parameters: here they are all there.', tone: 'notice' as const}]]
			: []),
	];
	const [first = ''] = result.lines;
	const estimated = /\(cost=([\d.]+)\.\.([\d.]+) rows=(\d+) width=(\d+)\)/.exec(first);
	const figures: readonly Line[] = estimated
		? [
				told('estimated cost', `${estimated[2]}, the first row after ${estimated[1]}`),
				told('estimated rows', `${count(Number(estimated[3]))} of ${estimated[4]} bytes`),
			]
		: [];
	return [
		{
			title: 'Plan',
			lines: [...figures, told('planned as', `${result.role}, search_path ${result.searchPath}`), [], ...result.lines.map(planLine), [], ...notes],
		},
		...textSections(result.text),
	];
}

/** What a node does stands out against what it is thought to cost. */
function planLine(line: string): Line {
	const [whole, node = line, figures = ''] = /^(.*?)(\s+\(cost=[^)]*\).*)$/.exec(line) ?? [];
	return whole === undefined
		? [{text: line}]
		: [
				{text: node, tone: 'strong'},
				{text: figures, tone: 'dim'},
			];
}

function textSections(text: string | undefined): readonly Section[] {
	return text === undefined
		? []
		: [
				{
					title: 'Text',
					lines: text
						.trim()
						.split('\n')
						.map((part): Line => [{text: part}]),
				},
			];
}
