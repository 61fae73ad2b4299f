import {type Catalog, pick} from '../catalog.ts';
import {factsOf} from '../facts.ts';
import type {Facts} from '../pane.ts';
import type {Problem} from './conninfo.ts';
import type {Session} from './session.ts';

/** Oldest major that is spoken to. */
export const oldest = 13;

/** What the server says of itself. Rejects as any question does. */
export async function readFacts(session: Session, catalog: Catalog): Promise<Facts | Problem> {
	const query = pick(catalog, 'facts', unknownFacts);
	if ('skipped' in query) return {problem: query.skipped.reason, exit: 69};
	const rows = await session.send(query.query.text, undefined, 10_000);
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
