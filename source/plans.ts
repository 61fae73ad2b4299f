import type {Action, Line, Row, ServerId, Step} from './pane.ts';
import {typedForm} from './spelling.ts';
import type {Target} from './state.ts';

/**
 * The rows of a plan as targets (queries/README.md): rows with the same `target` are its steps in order, those with the same `step_group`
 * one transaction. A step without a group stands alone.
 */
export function targetsOf(rows: readonly Row[]): readonly Target[] {
	const byTarget = Map.groupBy(rows, row => String(row.target));
	return [...byTarget].map(([subject, own]) => {
		const steps = own.flatMap((row, index): readonly Step[] =>
			typeof row.statement === 'string' ? [{on: 'postgres', text: row.statement, args: [], group: `${subject} ${row.step_group ?? `alone ${index}`}`}] : [],
		);
		const refused = own.find(row => row.ready !== true);
		const why = refused ? String(refused.why ?? 'it can not be done') : steps.length === 0 ? 'there is nothing to send' : null;
		return {key: subject, subject, statements: why === null ? steps : [], why, guard: own[0]!};
	});
}

/** The steps of each group, in order: what is sent as one. */
export function groupsOf(steps: readonly Step[]): readonly (readonly Step[])[] {
	return [...Map.groupBy(steps, step => step.group).values()];
}

/** Lines for the question, each said once. */
export function notesOf(rows: readonly Row[]): readonly Line[] {
	const notes = new Set(rows.flatMap(row => (typeof row.note === 'string' ? row.note.split('\n') : [])).filter(Boolean));
	return [...notes].map(text => [{text}]);
}

/** What must be typed: the plan's own word, the count of several marked rows, the name, so that no other looks like it. Null: y is enough. */
export function typedWord(action: Action, ready: readonly Target[], marked: number, always: boolean): string | null {
	const word = ready.find(target => typeof target.guard.typed === 'string')?.guard.typed;
	if (marked > 1 && ready.length > 1) return String(ready.length);
	if (action.danger !== 'type' && !always) return null;
	return typeof word === 'string' ? typedForm(word) : ready.length > 1 ? String(ready.length) : typedForm(ready[0]!.subject);
}

/** Rows of a cluster's table say whose they are; undefined: of several servers at once. */
export function serverOf(rows: readonly Row[], watched: ServerId, known: readonly ServerId[]): ServerId | undefined {
	const servers = new Set(rows.map(row => (typeof row.server === 'string' && known.includes(row.server) ? row.server : watched)));
	return servers.size > 1 ? undefined : (servers.values().next().value ?? watched);
}

/** The wanted state is there already: told apart from what must not be done. */
export function isNothing(target: Target): boolean {
	return target.why !== null && target.guard.nothing === true;
}
