import {type Catalog, pick} from '../catalog.ts';
import {factsOf} from '../facts.ts';
import type {Facts, Row} from '../pane.ts';
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

/** What the server says of itself. Rejects as any question does. */
export async function readFacts(session: Session, catalog: Catalog): Promise<Facts | Problem> {
	const query = pick(catalog, 'facts', unknownFacts);
	if ('skipped' in query) return {problem: query.skipped.reason, exit: 69};
	const {text} = query.query;
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

/** facts.sql must run on any server: nothing is known yet. */
const unknownFacts: Facts = {
	version: '999',
	major: 999,
	recovery: false,
	started_at: 0,
	system_identifier: null,
	database: '',
	role: '',
	superuser: false,
	canReadAll: false,
	monitor: false,
	canSignal: false,
	canSignalAutovacuum: false,
	extensions: {},
	extensionSchemas: [],
	pooled: false,
	provider: null,
	timezone: '',
	maxConnections: 0,
	reservedConnections: 0,
	blockSize: 8192,
};
