import type {Event} from './event.ts';
import {chosenRows, whyNot} from './keys.ts';
import {logged} from './log.ts';
import type {Action} from './pane.ts';
import type {Overlay, Question, State} from './state.ts';
import {focusedTable, topOverlay} from './state.ts';

/** A plan older than this is made again, ms. */
const freshFor = 30_000;

type Of<Type extends Event['type']> = Extract<Event, {readonly type: Type}>;

/** An action goes: asked (form), planned (shown), answered, progressed, settled. The runner alone enforces the rules. */
export function asked(state: State, id: string): State {
	const table = focusedTable(state);
	const action = table?.actions?.find(one => one.id === id);
	if (!table || !action) return state;
	const rows = chosenRows(state);
	const why = whyNot(state, action, rows);
	if (why !== undefined) return {...state, notice: {text: `${action.label}: ${why}`, tone: 'warning', until: state.now + 8000}};
	const request = state.requests + 1;
	const question: Question = {
		is: 'question',
		request,
		table: table.id,
		action,
		rows: rows.map(one => one.row),
		input: Object.fromEntries((action.input ?? []).map(field => [field.id, field.initial])),
		stage: action.input ? 'form' : 'planning',
		field: 0,
		typed: '',
		scroll: 0,
	};
	return {...state, requests: request, overlays: [...state.overlays, question]};
}

export function filled(state: State): State {
	const question = topOverlay(state);
	if (question?.is !== 'question' || question.stage !== 'form') return state;
	const field = question.action.input![question.field]!;
	const problem = field.problem?.(question.input[field.id] ?? '');
	if (problem !== undefined) return replaced(state, {...question, problem});
	const last = question.field + 1 >= question.action.input!.length;
	return replaced(state, last ? {...question, stage: 'planning', problem: undefined} : {...question, field: question.field + 1, problem: undefined});
}

function replaced(state: State, question: Question): State {
	return {...state, overlays: state.overlays.map(overlay => (overlay.is === 'question' && overlay.request === question.request ? question : overlay))};
}

export function questionOf(state: State, request: number): Question | undefined {
	return state.overlays.find((overlay): overlay is Question => overlay.is === 'question' && overlay.request === request);
}

/** A plan, or why there is none. One that is made again with another text takes the answer back: it must be read anew. */
export function planned(state: State, event: Of<'planned'>): State {
	const question = questionOf(state, event.request);
	if (!question) return state;
	if (!event.plan) return replaced(state, {...question, stage: 'refused', problem: event.problem ?? 'nothing can be done'});
	return replaced(state, {...question, stage: 'shown', plan: event.plan, paintedAt: undefined, typed: '', scroll: 0});
}

export function painted(state: State, event: Of<'painted'>): State {
	const question = questionOf(state, event.request);
	return question && question.paintedAt === undefined ? replaced(state, {...question, paintedAt: event.at}) : state;
}

export function answered(state: State, event: Of<'answered'>): State {
	const question = questionOf(state, event.request);
	if (!question) return state;
	const without = state.overlays.filter(overlay => overlay !== question);
	if (!event.yes || !question.plan) {
		return {...state, overlays: without, notice: {text: `${question.action.label}: nothing was sent`, tone: 'plain', until: state.now + 4000}};
	}
	const server = state.servers[question.plan.server];
	if (event.at - question.plan.at > freshFor || server?.generation !== question.plan.generation) {
		const problem = 'the plan was older than 30 s, or from before a reconnect or a change of the server, and was made again: read it again';
		return replaced(state, {...question, stage: 'planning', problem});
	}
	const title = titleOf(
		question.action,
		question.plan.targets.filter(target => target.why === null).map(target => target.subject),
	);
	const brief = question.action.run === 'signal' || question.action.run === 'call';
	const progress: Overlay = {
		is: 'progress',
		request: event.request,
		title,
		lines: [],
		since: event.at,
		cancel: brief ? 'impossible' : 'possible',
	};
	return {
		...state,
		overlays: brief ? without : [...without, progress],
		running: [...state.running, {request: event.request, title, cancellable: !brief}],
		notice: brief ? {text: `${title} …`, tone: 'plain', until: state.now + 10_000} : state.notice,
	};
}

function titleOf(action: Action, subjects: readonly string[]): string {
	return `${action.label} ${subjects.length > 1 ? `${subjects.length} targets` : (subjects[0] ?? '')}`;
}

export function progressed(state: State, event: Of<'progressed'>): State {
	const overlays = state.overlays.map(overlay =>
		overlay.is === 'progress' && overlay.request === event.request
			? {
					...overlay,
					lines: event.lines,
					cancel: overlay.cancel === 'asked' ? overlay.cancel : event.cancellable ? ('possible' as const) : ('impossible' as const),
				}
			: overlay,
	);
	return {...state, overlays};
}

export function cancelled(state: State, request: number): State {
	return {
		...state,
		running: state.running.map(one => (one.request === request && one.cancellable ? {...one, cancelled: true} : one)),
		overlays: state.overlays.map(overlay => (overlay.is === 'progress' && overlay.request === request ? {...overlay, cancel: 'asked' as const} : overlay)),
	};
}

/** Always reaches the log, whatever is on the screen by now. */
export function settled(state: State, event: Of<'settled'>): State {
	const entries = event.outcomes.map(outcome => ({kind: 'action' as const, text: `${event.title}: ${outcome.text}`, tone: outcome.tone}));
	const failed = event.outcomes.find(outcome => !outcome.done);
	const shown = failed ?? event.outcomes[0];
	const text =
		event.outcomes.length > 1
			? `${event.outcomes.filter(one => one.done).length} of ${event.outcomes.length} done${failed ? `; ${failed.text}` : ''}`
			: (shown?.text ?? event.title);
	return {
		...logged(state, ...entries),
		running: state.running.filter(one => one.request !== event.request),
		overlays: state.overlays.map(overlay =>
			overlay.is === 'progress' && overlay.request === event.request ? {...overlay, cancel: 'impossible' as const, outcomes: event.outcomes} : overlay,
		),
		notice: {text, tone: shown?.tone ?? 'plain', until: state.now + 10_000},
	};
}
