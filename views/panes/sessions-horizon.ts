import {levelOf} from '../../source/limits.ts';
import type {Check, Input, Line, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {literal} from '../../source/spelling.ts';
import {count, duration, plain, unknown} from '../format.ts';
import {vitalsOf} from './vitals.ts';

/** queries/xmin-horizon.sql: one who keeps old row versions alive. */
export type XminHorizonRow = {
	readonly kind: string;
	readonly holder: string;
	readonly pid: number | null;
	readonly xid_age: number | null;
	readonly of_catalog: boolean;
	readonly datname: string | null;
	readonly usename: string | null;
	readonly application_name: string | null;
	readonly state: string | null;
	readonly since_s: number | null;
	readonly query: string | null;
};

function nameOf(row: XminHorizonRow): string {
	return row.kind === 'session' ? `session ${row.holder}` : row.kind === 'prepared' ? `prepared transaction ${row.holder}` : `${row.kind} ${row.holder}`;
}

function remedyOf(row: XminHorizonRow): string {
	switch (row.kind) {
		case 'session':
			return `let it end, or terminate it (Sessions, K on ${row.holder})`;
		case 'prepared':
			return `in database ${row.datname}: rollback prepared ${literal(row.holder)} (or commit prepared), once its transaction manager agrees`;
		case 'slot':
			return `bring back what reads the slot ${row.holder}; if nobody will, drop it (Replication)`;
		default:
			return `end the long query on the standby ${row.holder}: its hot_standby_feedback holds back vacuum here`;
	}
}

const xminHorizon: Check = {
	id: 'xmin-horizon',
	class: 'now',
	title: 'Who holds back vacuum',
	when: (input, limit) =>
		((input.rows['xmin-horizon'] ?? []) as readonly XminHorizonRow[]).flatMap(row => {
			const level = levelOf(row.xid_age, limit);
			return level
				? [
						{
							level,
							subject: nameOf(row),
							rowKey: keyOf(row),
							field: 'xid_age',
							title: `${nameOf(row)} holds back vacuum for ${count(row.xid_age)} transactions`,
							detail: `rows deleted since then stay${row.of_catalog ? ' in the catalogs' : ''}${row.datname && row.kind !== 'slot' ? ` in database ${row.datname}` : ''}: ${[row.usename, row.state, row.since_s === null ? null : duration(row.since_s)].filter(Boolean).join(', ')}`,
							remedy: remedyOf(row),
							value: row.xid_age ?? 0,
						},
					]
				: [];
		}),
};

function keyOf(row: XminHorizonRow): string {
	return `${row.kind} ${row.holder}`;
}

function summary(_: readonly XminHorizonRow[], input: Input): readonly Line[] {
	const hidden = vitalsOf(input)?.hidden ?? 0;
	return hidden > 0 ? [[{text: `what ${hidden} sessions of others hold is hidden: grant pg_read_all_stats`, tone: 'warning'}]] : [];
}

/** Vacuum removes no row version that one of these could still see. Sessions and prepared transactions count for their own database. */
export const horizon: Table = table<XminHorizonRow>({
	id: 'xmin-horizon',
	title: 'Xmin horizon',
	empty: 'Nobody holds back vacuum.',
	from: {sql: 'xmin-horizon'},
	scope: 'server',
	every: 'slow',
	rowKey: keyOf,
	columns: [
		{field: 'xid_age', title: 'xids', width: 6, align: 'right', show: count, priority: 1},
		{field: 'kind', title: 'kind', width: 8, priority: 1},
		{field: 'holder', title: 'holder', width: 14, priority: 1},
		{field: 'since_s', title: 'for', width: 6, align: 'right', show: duration, priority: 2},
		{field: 'state', title: 'state', width: 19, show: plain, priority: 3},
		{field: 'usename', title: 'user', width: 10, show: plain, priority: 4},
		{field: 'datname', title: 'db', width: 10, show: name => (name === null ? 'all' : plain(name)), priority: 4},
		{field: 'of_catalog', title: 'holds', width: 8, show: catalog => (catalog === true ? 'catalogs' : 'rows'), priority: 5},
		{field: 'query', title: 'text', width: 16, grow: 1, show: text => (text === null ? unknown : String(text)), tone: () => 'dim', priority: 3},
	],
	order: (a, b) => (b.xid_age ?? -1) - (a.xid_age ?? -1),
	groups: ['kind', 'usename', 'datname'],
	filters: {user: 'usename', db: 'datname', app: 'application_name', kind: 'kind'},
	summary,
	checks: [xminHorizon],
});
