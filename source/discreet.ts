import type {Event} from './event.ts';
import type {Explained} from './explain.ts';
import {withoutSecretsOfRows, withoutSecretsOfSql} from './mask.ts';
import type {Line, Result, Row} from './pane.ts';
import {withoutSecrets} from './secrets.ts';
import type {State} from './state.ts';

/**
 * What servers and people say, without the secrets in it: what the state never holds reaches no screen, no log, no report and no evidence.
 * Left as they are: what will be sent, as it is shown word for word, and names, which actions go by.
 */
export function discreet(state: State, event: Event): Event {
	switch (event.type) {
		case 'sampled': {
			const before = state.answers[event.server];
			const results = Object.entries(event.results).map(([name, result]) => [name, discreetResult(result, before?.[name]?.sample?.rows)]);
			return {...event, results: Object.fromEntries(results)};
		}
		case 'fetched':
			return {...event, result: discreetResult(event.result)};
		case 'lookedUp':
			return {...event, rows: Object.fromEntries(Object.entries(event.rows).map(([key, row]) => [key, withoutSecretsOfRows([row])[0]!]))};
		case 'lost':
			return {...event, message: withoutSecrets(event.message)};
		case 'planned':
			return {
				...event,
				...(event.problem !== undefined && {problem: withoutSecrets(event.problem)}),
				...(event.plan && {plan: {...event.plan, facts: event.plan.facts.map(discreetLine)}}),
			};
		case 'explained':
			return {...event, result: discreetPlan(event.result)};
		case 'progressed':
			return {...event, lines: event.lines.map(discreetLine)};
		case 'settled':
			return {...event, outcomes: event.outcomes.map(outcome => ({...outcome, text: withoutSecrets(outcome.text)}))};
		case 'notified':
			return {...event, payload: withoutSecrets(event.payload)};
		case 'noticed':
			return {...event, text: withoutSecrets(event.text)};
		case 'logged':
			return {...event, entry: {...event.entry, text: withoutSecrets(event.entry.text)}};
		default:
			return event;
	}
}

function discreetResult(result: Result, before?: readonly Row[]): Result {
	switch (result.status) {
		case 'ok': {
			const rows = withoutSecretsOfRows(result.sample.rows, before);
			return rows === result.sample.rows ? result : {...result, sample: {...result.sample, rows}};
		}
		case 'skipped':
			return {...result, reason: withoutSecrets(result.reason)};
		case 'failed':
			return {...result, message: withoutSecrets(result.message)};
	}
}

/** The conditions of a plan hold the values of its statement. */
function discreetPlan(result: Explained): Explained {
	if (result.is === 'refused')
		return {...result, text: result.text === undefined ? undefined : withoutSecretsOfSql(result.text), why: withoutSecrets(result.why)};
	const text = withoutSecretsOfSql(result.text);
	return {...result, text, lines: result.lines.map(line => (text === result.text ? withoutSecrets(line) : withoutSecretsOfSql(line)))};
}

function discreetLine(line: Line): Line {
	return line.map(segment => ({...segment, text: withoutSecrets(segment.text)}));
}
