import {factsOf} from '../facts.ts';
import type {Facts, Query, Row} from '../pane.ts';
import type {Problem} from './conninfo.ts';
import {codeOf, type Session} from './session.ts';

/** Oldest major that is spoken to. */
export const oldest = 13;

/** Longest time for the first answer, ms. */
const patience = 10_000;
/** A role's or a database's own settings: limits that nothing keeps, and transactions that a standby does not know. */
const tooStrict = new Set(['57014', '55P03', '0A000']);

/** Within one transaction: behind a pooler a setting would go to the application. */
async function loosely(session: Session, text: string): Promise<readonly Row[]> {
	const statements = [
		'begin isolation level read committed read only',
		`set local statement_timeout = ${patience}`,
		'set local lock_timeout = 1000',
		text,
		'commit',
	];
	const answers = statements.map(statement => session.send(statement, undefined, patience));
	for (const answer of answers) answer.catch(() => undefined);
	return answers[3]!;
}

/** What the server says of itself, asked by queries/facts.sql, which runs on any. Rejects as any question does. */
export async function readFacts(session: Session, {text}: Query): Promise<Facts | Problem> {
	const rows = await session.send(text, undefined, patience).catch((error: unknown) => {
		if (!tooStrict.has(codeOf(error) ?? '')) throw error;
		return loosely(session, text);
	});
	const row = rows[0];
	if (!row) return {problem: 'The server told nothing about itself.', exit: 69};
	const read = factsOf(row, session.pid !== row.pid);
	if (read.major < oldest) return {problem: `This server is PostgreSQL ${read.version}; pgperf speaks to ${oldest} and newer. Upgrade the server.`, exit: 69};
	return read;
}
