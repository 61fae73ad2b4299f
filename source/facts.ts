import type {Facts, Row, Value} from './pane.ts';

/**
 * The row of queries/facts.sql as facts. Whether a pooler stands between is known from the connection alone:
 * its key data names another process than `pid` of the row.
 */
export function factsOf(row: Row, pooled: boolean): Facts {
	return {
		version: text(row.version),
		major: Math.floor(number(row.server_version_num) / 10_000),
		recovery: row.recovery === true,
		started_at: number(row.started_at),
		system_identifier: typeof row.system_identifier === 'string' ? row.system_identifier : null,
		database: text(row.database),
		role: text(row.role),
		superuser: row.superuser === true,
		canReadAll: row.can_read_all === true,
		monitor: row.monitor === true,
		canSignal: row.can_signal === true,
		canSignalAutovacuum: row.can_signal_autovacuum === true || row.superuser === true,
		extensions: versionsOf(row.extensions),
		extensionSchemas: identifiersOf(text(row.extension_schemas)),
		pooled,
		provider: typeof row.provider === 'string' ? row.provider : null,
		timezone: text(row.timezone),
		maxConnections: number(row.max_connections),
		reservedConnections: number(row.reserved_connections),
		blockSize: number(row.block_size),
	};
}

/** `plpgsql=1.0,pg_stat_statements=1.12` */
export function versionsOf(value: Value | undefined): Readonly<Record<string, string>> {
	const pairs = text(value)
		.split(',')
		.filter(Boolean)
		.map(pair => {
			const at = pair.indexOf('=');
			return [pair.slice(0, at), pair.slice(at + 1)];
		});
	return Object.fromEntries(pairs);
}

/** `a,"B,c"`: a quoted identifier may hold a comma. */
function identifiersOf(list: string): readonly string[] {
	return list.match(/"(?:[^"]|"")*"|[^,]+/g) ?? [];
}

function text(value: Value | undefined): string {
	return typeof value === 'string' ? value : '';
}

function number(value: Value | undefined): number {
	return typeof value === 'number' ? value : 0;
}
