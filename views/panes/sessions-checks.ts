import {edgesOf} from '../../source/forest.ts';
import {levelOf} from '../../source/limits.ts';
import type {Check, Hit, Input} from '../../source/pane.ts';
import {count, duration, unknown} from '../format.ts';
import {isIdleInTransaction, stateWord} from '../signals.ts';
import type {Session} from './sessions-row.ts';

const held = {rise: 1, clear: 1};

export const idleInTransaction: Check = {
	id: 'idle-in-transaction',
	class: 'now',
	title: 'Idle in transaction',
	hold: held,
	unseen: input => unseenStates(input, idlers(input)),
	when: (input, limit) =>
		idlers(input).flatMap(row => {
			const level = levelOf(row.state_s, limit);
			return level
				? [
						hitOf(row, level, 'state_s', row.state_s, `${row.pid} is ${row.state} for ${duration(row.state_s)}`, {
							detail: `${nameOf(row)}, transaction ${duration(row.xact_s)} old, last: ${(row.query ?? '').slice(0, 160)}`,
							remedy: `K terminates it${row.backend_xid === null ? '' : ' (has written: rolls back)'}; idle_in_transaction_session_timeout does so by itself`,
						}),
					]
				: [];
		}),
};

/** Dumps and walsenders are meant to take long. */
const exempt = new Set(['pg_dump', 'pg_dumpall', 'pg_basebackup', 'pg_receivewal', 'pg_restore']);

export const longTransaction: Check = {
	id: 'long-transaction',
	class: 'now',
	title: 'Long transactions',
	hold: held,
	unseen: input => unseenStates(input, workers(input)),
	when: (input, limit) => {
		const waits = new Map(edgesOf(input.rows.waits).map(edge => [edge.pid, edge.wait_s]));
		return workers(input).flatMap(row => {
			const level = levelOf(ownAge(row, waits), limit);
			const horizon = row.xmin_age === null ? '' : `, vacuum can't remove what ${count(row.xmin_age)} transactions since then deleted`;
			return level
				? [
						hitOf(row, level, 'xact_s', row.xact_s, `transaction of ${row.pid} is ${duration(row.xact_s)} old, ${stateWord(row.state)}`, {
							detail: `${nameOf(row)}${horizon}: ${(row.query ?? '').slice(0, 160)}`,
							remedy: 'C cancels its query, K ends its session; statement_timeout or transaction_timeout (17+) bound it',
						}),
					]
				: [];
		});
	},
};

/** Seconds without those for which it only waits for a lock: whoever is behind that is told, with the number of those who wait. */
function ownAge(row: Session, waits: ReadonlyMap<number, number | null>): number | null {
	if (row.xact_s === null || !(row.wait_event_type === 'Lock' || waits.has(row.pid))) return row.xact_s;
	return row.xact_s - (waits.get(row.pid) ?? row.query_s ?? 0);
}

function clients(input: Input): readonly Session[] {
	return ((input.rows.sessions ?? []) as readonly Session[]).filter(row => row.backend_type === 'client backend' && !row.own);
}

function idlers(input: Input): readonly Session[] {
	return clients(input).filter(row => isIdleInTransaction(row.state));
}

function workers(input: Input): readonly Session[] {
	return clients(input).filter(row => row.xact_s !== null && !isIdleInTransaction(row.state) && !exempt.has(row.application_name ?? ''));
}

/** What is found among those that are seen is told; where there is nothing to judge among them, the hidden ones may be what is looked for. */
function unseenStates(input: Input, judged: readonly Session[]): string | undefined {
	const rows = (input.rows.sessions ?? []) as readonly Session[];
	return judged.length === 0 && rows.some(row => row.hidden && !row.own) ? 'the states of other users are hidden: grant pg_read_all_stats' : undefined;
}

/** All sessions of one user and application are one object: a pool that leaks has a hundred of them. */
function hitOf(row: Session, level: Hit['level'], field: string, value: number | null, title: string, words: Pick<Hit, 'detail' | 'remedy'>): Hit {
	return {level, subject: nameOf(row), rowKey: String(row.pid), field, title, value: value ?? 0, ...words};
}

function nameOf(row: Session): string {
	return [row.usename ?? unknown, row.application_name ? `(${row.application_name})` : '', row.datname ? `on ${row.datname}` : ''].filter(Boolean).join(' ');
}
