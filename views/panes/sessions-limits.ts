import {levelOf} from '../../source/limits.ts';
import type {Check, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {percent} from '../format.ts';

/** queries/connection-limits.sql: a role or database that may not have as many connections as it likes. */
export type ConnectionLimitsRow = {
	readonly kind: string;
	readonly name: string;
	readonly used: number;
	readonly connection_limit: number;
};
type LimitedRow = ConnectionLimitsRow & {readonly share: number | null};

const connectionLimit: Check = {
	id: 'connection-limit',
	class: 'now',
	title: 'Connections of roles and databases with a limit',
	when: (input, limit) =>
		((input.rows['connection-limits'] ?? []) as readonly LimitedRow[]).flatMap(row => {
			const level = row.share === null ? undefined : levelOf(row.share * 100, limit);
			return level
				? [
						{
							level,
							subject: `${row.kind} ${row.name}`,
							rowKey: keyOf(row),
							field: 'used',
							title: `${row.kind} ${row.name} uses ${row.used} of its ${row.connection_limit} connections`,
							detail: `${percent(row.share)} of its connection limit: at the limit new connections are refused, whatever the server has left`,
							remedy: `end sessions that nobody needs, or raise it: alter ${row.kind} ... connection limit`,
							value: (row.share ?? 0) * 100,
						},
					]
				: [];
		}),
};

function keyOf(row: ConnectionLimitsRow): string {
	return `${row.kind} ${row.name}`;
}

export const limits: Table = table<LimitedRow>({
	id: 'connection-limits',
	title: 'Connection limits',
	empty: 'No role and no database has a limit of its own.',
	from: {sql: 'connection-limits'},
	scope: 'server',
	every: 'slow',
	rowKey: keyOf,
	columns: [
		{field: 'kind', title: 'kind', width: 8, priority: 1},
		{field: 'name', title: 'name', width: 24, grow: 1, priority: 1},
		{field: 'used', title: 'used', width: 6, align: 'right', priority: 1},
		{field: 'connection_limit', title: 'limit', width: 6, align: 'right', priority: 1},
		{field: 'share', title: 'share', width: 6, align: 'right', show: percent, priority: 2},
	],
	derive: rows => rows.map((row): Row => ({...row, share: row.connection_limit > 0 ? row.used / row.connection_limit : null})),
	order: (a, b) => (b.share ?? 2) - (a.share ?? 2),
	checks: [connectionLimit],
});
