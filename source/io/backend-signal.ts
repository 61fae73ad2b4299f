import type {Action, Facts, Row} from '../pane.ts';
import {identifier} from '../spelling.ts';
import type {Outcome, Target} from '../state.ts';
import type {Link} from './postgres.ts';
import {codeOf, isEnding, type Session, sentence} from './session.ts';

/** Sends one signal and looks what came of it: sent and gone, sent and still there, changed, not permitted. */
export async function signal(link: Link, session: Session, target: Target, action: Action, facts: Facts): Promise<Outcome> {
	const {subject} = target;
	const told = (done: boolean, tone: Outcome['tone'], text: string): Outcome => ({subject, done, tone, text: `${subject}: ${text}`});
	let rows: readonly Row[];
	try {
		rows = await session.send(target.statements[0]!.text);
	} catch (error) {
		if (codeOf(error) === '42501')
			return told(false, 'warning', `not permitted (${sentence(error)}); needs grant pg_signal_backend to ${identifier(facts.role)}, or the same role`);
		if (session.alive && !isEnding(error)) return told(false, 'warning', `the server refused: ${sentence(error)}`);
		return told(false, 'critical', `the connection was lost while it was sent: whether the signal arrived is unknown; look whether ${subject} is still there`);
	}
	const row = rows[0];
	if (!row) return told(false, 'warning', 'it has changed since the question was made: nothing was sent');
	if (!Object.values(row).includes(true)) return told(false, 'warning', 'the server did not send the signal; it has ended by itself');
	const left = await settledWithin(link, target, 2000);
	const verb = action.id === 'cancel' ? 'cancel' : 'terminate';
	if (left === undefined) return told(false, 'critical', `${verb} was sent; what came of it could not be read: look whether ${subject} is still there`);
	if (left === 'gone') return told(true, 'good', verb === 'cancel' ? 'cancel sent, and the query has ended' : 'terminate sent, and it is gone');
	return told(true, 'warning', `${verb} sent, and it is still there (${left}); it ends at its next chance, or it hangs where signals are not looked at`);
}

/** 'gone', or in what state it still is; undefined when it could not be asked. */
async function settledWithin(link: Link, target: Target, limitMs: number): Promise<string | undefined> {
	const end = performance.now() + limitMs;
	const {guard} = target;
	for (let wait = 20; ; wait = Math.min(200, wait * 2)) {
		const result = await link.one('act', 'actions/outcome', [[guard.pid ?? null], [guard.backend_start ?? null], [guard.query_start ?? null]]);
		if (result.status !== 'ok') return undefined;
		const row = result.sample.rows[0];
		if (!row || row.settled === true) return 'gone';
		if (performance.now() > end) return String(row.state ?? 'running');
		await new Promise(resolve => setTimeout(resolve, wait));
	}
}

/** One call of a function of the server. The statement names its object and its state: no row means that it was another one by then. */
export async function call(session: Session, target: Target): Promise<Outcome> {
	const {subject} = target;
	try {
		const rows = await session.send(target.statements[0]!.text);
		if (rows.length === 0) return {subject, done: false, tone: 'warning', text: `${subject}: it has changed since the question was made: nothing was done`};
		return {subject, done: true, tone: 'good', text: `${subject}: done`};
	} catch (error) {
		if (session.alive && !isEnding(error)) return {subject, done: false, tone: 'warning', text: `${subject}: the server refused: ${sentence(error)}`};
		const text = `${subject}: the connection was lost while it was sent: whether it was done is unknown; look at it again`;
		return {subject, done: false, tone: 'critical', text};
	}
}
