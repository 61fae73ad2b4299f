import {type Column, type Input, type Row, type Table, table} from '../../source/pane.ts';
import {duration, plain, unknown} from '../format.ts';
import {isActive} from '../signals.ts';
import type {Session} from './sessions-row.ts';
import {hiddenStates} from './vitals.ts';

/** The connections of one user from one application and client to one database. What they do is null where it is hidden. */
export type CountsRow = {
	readonly usename: string | null;
	readonly datname: string | null;
	readonly application_name: string | null;
	readonly client: string | null;
	readonly connections: number;
	readonly active: number | null;
	readonly waiting: number | null;
	readonly idle_in_transaction: number | null;
	readonly aborted: number | null;
	readonly idle: number | null;
	readonly xact_s: number | null;
	/** The oldest connection. */
	readonly backend_s: number | null;
};

function keyOf(row: Pick<CountsRow, 'usename' | 'datname' | 'application_name' | 'client'>): string {
	return JSON.stringify([row.usename, row.datname, row.application_name, row.client]);
}

function counts(_: readonly CountsRow[], input: Input): readonly Row[] {
	const groups = new Map<string, Session[]>();
	for (const row of (input.rows.sessions ?? []) as readonly Session[]) {
		if (row.backend_type !== 'client backend' && !row.hidden) continue;
		const group = groups.get(keyOf(row));
		if (group) group.push(row);
		else groups.set(keyOf(row), [row]);
	}
	return [...groups.values()].map((group): CountsRow => {
		const {usename, datname, application_name, client} = group[0]!;
		const hidden = group.some(row => row.hidden);
		const of = (wanted: (row: Session) => boolean) => (hidden ? null : group.filter(wanted).length);
		return {
			usename,
			datname,
			application_name,
			client,
			connections: group.length,
			active: of(row => isActive(row.state)),
			waiting: of(row => row.wait_event_type === 'Lock'),
			idle_in_transaction: of(row => row.state === 'idle in transaction'),
			aborted: of(row => row.state === 'idle in transaction (aborted)'),
			idle: of(row => row.state === 'idle'),
			xact_s: oldest(group.map(row => row.xact_s)),
			backend_s: oldest(group.map(row => row.backend_s)),
		};
	});
}

function oldest(ages: readonly (number | null)[]): number | null {
	return ages.reduce((most, age) => (age === null ? most : Math.max(most ?? age, age)), null);
}

function number(field: keyof CountsRow, title: string, width: number, priority: number, tone?: Column<CountsRow>['tone']): Column<CountsRow> {
	return {field, title, width, priority, align: 'right', show: value => (value === 0 ? '' : plain(value)), tone};
}

/** Who has the connections, idle ones too. */
export const connections: Table = table<CountsRow>({
	id: 'connection-counts',
	title: 'Connections',
	empty: 'Nobody is connected.',
	from: {tables: ['sessions']},
	scope: 'server',
	every: 'tick',
	rowKey: keyOf,
	columns: [
		number('connections', 'conn', 6, 1),
		{field: 'usename', title: 'user', width: 12, show: plain, priority: 1},
		{field: 'datname', title: 'db', width: 12, show: plain, priority: 2},
		{field: 'application_name', title: 'app', width: 16, grow: 1, show: name => (name ? plain(name) : unknown), priority: 3},
		{field: 'client', title: 'client', width: 16, show: plain, priority: 4},
		number('active', 'active', 6, 2),
		number('waiting', 'waiting', 7, 5, () => 'warning'),
		number('idle_in_transaction', 'in xact', 7, 3, () => 'strong'),
		number('aborted', 'aborted', 7, 6, () => 'warning'),
		number('idle', 'idle', 6, 2),
		{field: 'xact_s', title: 'oldest xact', width: 11, align: 'right', show: duration, priority: 5},
		{field: 'backend_s', title: 'oldest', width: 7, align: 'right', show: duration, priority: 7},
	],
	groups: ['usename', 'application_name', 'datname', 'client'],
	filters: {user: 'usename', db: 'datname', app: 'application_name', client: 'client'},
	order: (a, b) => b.connections - a.connections,
	weight: row => row.connections,
	derive: counts,
	unseen: (_, input) => hiddenStates(input),
});
