import type {LocksRow, Tree} from '../../source/forest.ts';

/** A row of queries/locks.sql: `pid` waits for `blocker`. */
export function edge(pid: number, blocker: number, more: Partial<LocksRow> = {}): LocksRow {
	return {
		pid,
		usename: 'app',
		datname: 'shop',
		application_name: '',
		client: 'local',
		backend_type: 'client backend',
		state: 'active',
		state_s: 10,
		xact_s: 10,
		backend_xid: null,
		query: 'update inventory set n = n - 1',
		backend_start: '2026-11-20 13:00:00.000001+00',
		xact_start: '2026-11-20 13:51:40.004211+00',
		query_start: '2026-11-20 13:51:40.004211+00',
		state_change: '2026-11-20 13:51:40.004212+00',
		wait_s: 10,
		wait_exact: true,
		locktype: 'transactionid',
		mode: 'ShareLock',
		object: 'transaction 700',
		waiters: 1,
		blockers: 1,
		blocker_pid: blocker,
		blocker_usename: 'app',
		blocker_datname: 'shop',
		blocker_application_name: '',
		blocker_client: 'local',
		blocker_backend_type: 'client backend',
		blocker_state: 'idle in transaction',
		blocker_state_s: 20,
		blocker_xact_s: 20,
		blocker_wait_event_type: 'Client',
		blocker_wait_event: 'ClientRead',
		blocker_backend_xid: '700',
		blocker_query: 'update inventory set n = n - 1',
		blocker_backend_start: '2026-11-20 12:00:00.000001+00',
		blocker_xact_start: '2026-11-20 13:51:30.000001+00',
		blocker_query_start: '2026-11-20 13:51:30.000001+00',
		blocker_state_change: '2026-11-20 13:51:30.000002+00',
		blocker_gid: null,
		blocker_transaction: null,
		blocker_prepared_s: null,
		blocker_owner: null,
		blocker_prepared_database: null,
		...more,
	};
}

/** `2<1 3<1,2`: 2 waits for 1, 3 for both. */
export function edges(text: string): readonly LocksRow[] {
	const waiters = text.split(' ').map(one => one.split('<') as [string, string]);
	return waiters.flatMap(([waiter, blockers]) => {
		const all = blockers.split(',');
		return all.map(blocker => edge(Number(waiter), Number(blocker), {waiters: waiters.length, blockers: all.length}));
	});
}

/** The forest as indented lines: `1 holds 4`, `  3 holds 2 +1`; siblings as the pane orders them. */
export function drawn(trees: readonly Tree[], nameOf: (tree: Tree) => string = tree => tree.key): string {
	const lines: string[] = [];
	const draw = (under: string | null, indent: string) => {
		for (const tree of trees.filter(one => one.under === under)) {
			lines.push(`${indent}${nameOf(tree)}${tree.holds_up > 0 ? ` holds ${tree.holds_up}` : ''}${tree.more > 0 ? ` +${tree.more}` : ''}`);
			draw(tree.key, `${indent}  `);
		}
	};
	draw(null, '');
	return lines.join('\n');
}
