import {setTimeout as wait} from 'node:timers/promises';
import pg from 'pg';

/** Where a server listens; `host` may be a socket directory. */
export type Target = {readonly host: string; readonly port: number; readonly database: string; readonly password?: string};
export type Who = {readonly role: string; readonly application: string; readonly database?: string};

export async function connect(target: Target, who: Who): Promise<pg.Client> {
	const client = new pg.Client({
		host: target.host,
		port: target.port,
		password: target.password,
		ssl: false,
		user: who.role,
		database: who.database ?? target.database,
		application_name: who.application,
		connectionTimeoutMillis: 10_000,
	});
	// Being terminated is the worker's daily bread: the loop that uses the client notices by its next query.
	client.on('error', () => {});
	await client.connect();
	return client;
}

/** Resolves when the connection is over, whoever ended it. */
export function ended(client: pg.Client): Promise<void> {
	return new Promise(resolve => client.once('end', resolve));
}

/** Sleeps; ends at once, without an error, when the workload is over. */
export async function pause(ms: number, over: AbortSignal): Promise<void> {
	await wait(ms, undefined, {signal: over}).catch(() => {});
}

/** Does the same work on a connection again and again. Cancelled or terminated, it comes back after a moment, as a real client does. */
export async function keepWorking(target: Target, who: Who, over: AbortSignal, work: (client: pg.Client) => Promise<void>): Promise<void> {
	while (!over.aborted) {
		try {
			const client = await connect(target, who);
			const gone = ended(client).then(() => Promise.reject(new Error('the connection is over')));
			gone.catch(() => {});
			try {
				while (!over.aborted) await Promise.race([work(client), gone]);
			} finally {
				client.end().catch(() => {});
			}
		} catch {
			await pause(3000, over);
		}
	}
}
