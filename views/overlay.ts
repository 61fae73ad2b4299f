import {firstFive, score} from '../source/checks.ts';
import {inputOf} from '../source/input.ts';
import {actionKeys, bindings} from '../source/keys.ts';
import {menuItems} from '../source/overlays.ts';
import type {Line, Section, Table} from '../source/pane.ts';
import type {Overlay, State} from '../source/state.ts';
import {paneOf, topOverlay} from '../source/state.ts';
import {frameHeight} from '../source/window.ts';
import {centred, framed, frameWidth, lastTop, windowed} from './components/box.ts';
import {type Question as Asked, confirmBox, lastConfirmTop} from './components/confirm.ts';
import {detailLines, detailSections, detailTitle} from './components/detail.ts';
import {explainQuestion, explainTitle, planSections} from './components/explain.ts';
import {helpLines} from './components/help.ts';
import {menuLines} from './components/menu.ts';
import {clock, duration} from './format.ts';
import {toWidth, wrapLine} from './layout.ts';
import {markOf} from './theme.ts';

type Question = Extract<Overlay, {is: 'question'}>;
/** What is read over the whole body. */
type Reading = Extract<Overlay, {is: 'detail' | 'explain' | 'help' | 'findings' | 'log'}>;

/** The body with what lies over it: reading takes the whole body, a question stands in a frame above the rows that it is about. */
export function withOverlay(state: State, under: readonly Line[]): Line[] {
	const overlay = topOverlay(state);
	const width = state.size.columns;
	const height = under.length;
	if (!overlay || overlay.is === 'filter') return [...under];
	if (overlay.is === 'explain' && overlay.stage === 'asked') {
		const box = boxWidth(width);
		return centred(under, confirmBox({...explainQuestion(state, overlay), width: box, height, top: overlay.scroll}), width);
	}
	switch (overlay.is) {
		case 'detail':
		case 'explain':
		case 'help':
		case 'findings':
		case 'log': {
			const lines = [
				toWidth([{text: ` ${titleOf(state, overlay)}`, tone: 'strong'}], width),
				...windowed(read(state, overlay, width - 2).map(indented), height - 1, overlay.scroll, width),
			];
			while (lines.length < height) lines.push(toWidth([], width));
			return lines;
		}
		case 'menu': {
			const box = boxWidth(width);
			const items = menuItems(overlay);
			const inner = menuLines(items, {
				cursor: Math.min(overlay.cursor, items.length - 1),
				filter: overlay.text,
				width: box - frameWidth,
				// With a line of what is below over and under it, where there is room for that.
				height: Math.max(3, height - (height < 12 ? 2 : 4)),
			});
			return centred(under, framed(overlay.title, inner, box, 'accent'), width);
		}
		case 'question':
			return centred(under, questionBox(state, overlay, boxWidth(width), height), width);
		case 'progress':
			return centred(under, progressBox(state, overlay, boxWidth(width), height), width);
	}
}

function boxWidth(width: number): number {
	return Math.min(width, Math.max(60, Math.min(110, width - 8)));
}

function indented(line: Line): Line {
	return [{text: ' '}, ...line];
}

/** How far the top overlay can be scrolled: the reducer stops there. */
export function lastScroll(state: State): number {
	const bodyHeight = state.size.rows - frameHeight(state);
	const overlay = topOverlay(state);
	const width = state.size.columns;
	if (overlay?.is === 'explain' && overlay.stage === 'asked') return lastConfirmTop(explainQuestion(state, overlay), boxWidth(width), bodyHeight);
	switch (overlay?.is) {
		case 'detail':
		case 'explain':
		case 'help':
		case 'findings':
		case 'log':
			return lastTop(read(state, overlay, width - 2).length, bodyHeight - 1);
		case 'question':
			return overlay.stage === 'shown' ? lastConfirmTop(askedOf(state, overlay), boxWidth(width), bodyHeight) : 0;
		default:
			return 0;
	}
}

function titleOf(state: State, overlay: Reading): string {
	switch (overlay.is) {
		case 'detail':
			return detailTitle(tableOf(state, overlay.table), overlay.row);
		case 'explain':
			return explainTitle(overlay);
		case 'help':
			return 'Keys';
		case 'findings':
			return `Findings  ${gradeOf(state)}`;
		case 'log':
			return 'Log: actions, findings that came and went, notifications';
	}
}

function gradeOf(state: State): string {
	const {score: points, grade, coveragePercent} = score(state.findings, state.coverage);
	return points === null ? '' : `grade ${grade}, ${points} of 100, ${coveragePercent} % of the checks could be evaluated`;
}

function tableOf(state: State, id: string): Table | undefined {
	return state.panes.flatMap(pane => pane.tables).find(table => table.id === id);
}

function read(state: State, overlay: Reading, width: number): Line[] {
	switch (overlay.is) {
		case 'detail': {
			const table = tableOf(state, overlay.table);
			const row = state.tables[overlay.table]?.rows.find(one => table?.rowKey(one) === overlay.key);
			const gone: Section[] = row
				? []
				: [{title: 'Gone', lines: [[{text: 'This row has left since it was opened; what is shown is the last that was seen.', tone: 'warning'}]]}];
			return detailLines([...gone, ...detailSections(table, row ?? overlay.row, overlay.answers, inputOf(state))], width);
		}
		case 'explain':
			return detailLines(planSections(overlay), width);
		case 'help':
			return helpLines(fromHere(keyHelp(state), paneOf(state).title), width);
		case 'findings':
			return findingLines(state, width);
		case 'log':
			return logLines(state, width);
	}
}

/** The one key table as the help shows it; README's table is made from the same. */
function keyHelp(state: Pick<State, 'panes'>): readonly {readonly key: string; readonly does: string; readonly where: string}[] {
	return [...bindings.map(binding => ({key: binding.show, does: binding.does, where: 'Everywhere'})), ...actionKeys(state)];
}

/** What can be done on this pane comes first. */
function fromHere<T extends {readonly where: string}>(keys: readonly T[], here: string): readonly T[] {
	return [...keys.filter(({where}) => where === here), ...keys.filter(({where}) => where !== here)];
}

function findingLines(state: State, width: number): Line[] {
	const lines: Line[] = [];
	if (state.findings.length === 0) lines.push([{text: 'Nothing found.', tone: 'good'}]);
	for (const listed of firstFive(state.findings)) {
		if (listed.is === 'more') {
			lines.push([{text: `   +${listed.count} more of ${listed.id}`, tone: 'dim'}], []);
			continue;
		}
		const {finding} = listed;
		lines.push(
			...wrapLine(
				[
					{text: `${markOf(finding.level)} ${finding.title}`, tone: finding.level},
					...(finding.count > 1 ? [{text: `  (${finding.count} times)`, tone: 'dim' as const}] : []),
				],
				width,
			),
		);
		for (const [text, tone] of [
			[finding.detail, 'plain'],
			[finding.remedy, 'accent'],
		] as const) {
			if (text) lines.push(...wrapLine([{text, tone}], width - 2).map(line => [{text: '  '}, ...line]));
		}
		lines.push([]);
	}
	const {unseen} = state.coverage;
	if (unseen.length > 0) lines.push([{text: `${unseen.length} ${unseen.length === 1 ? 'check' : 'checks'} can't be evaluated:`, tone: 'strong'}]);
	for (const {id, why} of unseen) lines.push(...wrapLine([{text: `${id}: ${why}`, tone: 'dim'}], width - 2).map(line => [{text: '  '}, ...line]));
	return lines;
}

function logLines(state: State, width: number): Line[] {
	if (state.log.length === 0) return [[{text: 'Nothing has happened yet.', tone: 'dim'}]];
	const path = state.settings.audit.is === 'on' ? [[{text: `Audit log: ${state.settings.audit.path}`, tone: 'dim'}] satisfies Line, []] : [];
	return [
		...path,
		...[...state.log].reverse().flatMap(entry =>
			wrapLine(
				[
					{text: `${clock(entry.wall / 1000)}  `, tone: 'dim'},
					{text: `${entry.kind.padEnd(13)} `, tone: 'dim'},
					{text: entry.text, tone: entry.tone},
				],
				width,
			),
		),
	];
}

function askedOf(state: State, question: Question): Asked {
	const plan = question.plan!;
	const ready = plan.targets.filter(target => target.why === null);
	const out = plan.targets.filter(target => target.why !== null);
	const facts: Line[] = [
		...(question.problem ? [[{text: question.problem, tone: 'warning' as const}]] : []),
		...plan.facts,
		...out.map((target): Line => [{text: `left out: ${target.subject}: ${target.why}`, tone: 'warning'}]),
	];
	const subject = ready.length === 1 ? ready[0]!.subject : `${ready.length} targets`;
	return {
		title: [plan.label, subject, 'on', state.settings.label, state.servers[plan.server]?.title ?? plan.server].filter(Boolean).join(' '),
		facts,
		statements: ready.flatMap(target => target.statements.map(step => step.text)),
		typed: plan.typed === null ? undefined : {expected: plan.typed, soFar: question.typed},
		button: plan.label.toLowerCase(),
		tone: question.action.danger === 'type' ? 'critical' : 'warning',
	};
}

function questionBox(state: State, question: Question, width: number, height: number): Line[] {
	const inner = width - frameWidth;
	const {label} = question.action;
	switch (question.stage) {
		case 'form': {
			const lines = (question.action.input ?? []).flatMap((field, index): Line[] => {
				const active = index === question.field;
				const entry: Line = [
					{text: `${active ? '>' : ' '} ${field.label}: `},
					{text: question.input[field.id] ?? '', tone: active ? 'strong' : 'plain'},
					...(active ? [{text: ' ', inverse: true}] : []),
				];
				if (!active || !field.choices) return [entry];
				const chosen = question.input[field.id];
				const choices = field.choices.flatMap(text => [{text: '  '}, {text: ` ${text} `, inverse: text === chosen}]);
				return [[{text: `> ${field.label}:`}, ...choices, {text: '   '}, {text: '← →', tone: 'accent'}]];
			});
			const problem: Line[] = question.problem ? wrapLine([{text: question.problem, tone: 'warning'}], inner) : [];
			return framed(
				label,
				[...lines, ...problem, [], [{text: '⏎', tone: 'accent'}, {text: '  next     '}, {text: 'Esc', tone: 'accent'}, {text: '  back'}]],
				width,
				'accent',
			);
		}
		case 'planning':
			return framed(label, [[{text: 'asking the server what would be sent …', tone: 'dim'}]], width, 'accent');
		case 'refused':
			return framed(
				label,
				[
					...(question.problem ?? '').split('\n').flatMap(text => wrapLine([{text, tone: 'warning'}], inner)),
					[],
					[{text: 'any key', tone: 'accent'}, {text: '  back; nothing was sent'}],
				],
				width,
				'warning',
			);
		case 'shown':
			return confirmBox({...askedOf(state, question), width, height, top: question.scroll});
	}
}

function progressBox(state: State, progress: Extract<Overlay, {is: 'progress'}>, width: number, height: number): Line[] {
	const inner = width - frameWidth;
	const age = duration((state.now - progress.since) / 1000);
	const outcomes = (progress.outcomes ?? []).flatMap(outcome => wrapLine([{text: outcome.text, tone: outcome.tone}], inner));
	const lines = [...progress.lines.flatMap(line => wrapLine(line, inner)), ...outcomes];
	const cancel = {possible: 'cancel it on the server', asked: 'asked to stop …', impossible: 'back'}[progress.cancel];
	const below: Line = progress.outcomes
		? [{text: '⏎', tone: 'accent'}, {text: '  back'}]
		: [{text: 'Esc', tone: 'accent'}, {text: `  ${cancel}     `}, {text: 'q', tone: 'accent'}, {text: '  leave it running, back to the pane'}];
	return framed(
		`${progress.title}  ${progress.outcomes ? 'ended' : age}`,
		[...windowed(lines, Math.max(2, height - 5), 100_000, inner), [], below],
		width,
		progress.outcomes ? (progress.outcomes.some(one => !one.done) ? 'warning' : 'good') : 'accent',
	);
}
