import type pg from 'pg';
import {names, parseCatalog, pick} from '../../source/catalog.ts';
import {factsOf} from '../../source/facts.ts';
import type {Facts, QueryName, Row, Value} from '../../source/pane.ts';
import {sqlFiles} from './queries.ts';

const catalog = parseCatalog(sqlFiles());

export type Asker = {
	readonly facts: Facts;
	/** Rows of the variant that this server satisfies. */
	readonly ask: (name: QueryName, ...params: readonly (Value | readonly Value[])[]) => Promise<readonly Row[]>;
	/** Why it can't be asked here. */
	readonly refused: (name: QueryName) => string | undefined;
};

/** Asks as a session of pgperf does: its search_path, its timeouts, read only. */
export async function asker(client: pg.Client): Promise<Asker> {
	const facts = factsOf((await client.query(catalog.get('facts')![0]!.text)).rows[0] as Row, false);
	await client.query("select set_config('search_path', $1, false)", [['pg_catalog', ...facts.extensionSchemas].join(', ')]);
	await client.query(
		"select set_config('application_name', 'pgperf', false), set_config('TimeZone', 'UTC', false), set_config('default_transaction_read_only', 'on', false)",
	);
	await client.query("select set_config('lock_timeout', '100ms', false), set_config('statement_timeout', '10s', false)");
	return {
		facts,
		ask: async (name, ...params) => {
			const picked = pick(catalog, name, facts);
			if ('skipped' in picked) throw new Error(`${name}: ${picked.skipped.reason}`);
			return (await client.query(picked.query.text, [...params])).rows as Row[];
		},
		refused: name => {
			if (!names(catalog).includes(name)) throw new Error(`there is no ${name}`);
			const picked = pick(catalog, name, facts);
			return 'skipped' in picked ? picked.skipped.reason : undefined;
		},
	};
}
