import type {Backend, LocksRow} from '../source/forest.ts';
import {edgesOf, freedBy, waitsOf} from '../source/forest.ts';
import type {Action, Facts, Input, Line, Row, Value} from '../source/pane.ts';
import {identifier} from '../source/spelling.ts';
import {duration} from './format.ts';

/** A backend, or a prepared transaction, which has no pid: the same fields in the panes of sessions and locks. */
export type Signalled = Row & Backend & {readonly pid: number | null};

export function isIdleInTransaction(state: Value | undefined): boolean {
	return typeof state === 'string' && state.startsWith('idle in transaction');
}

export function isActive(state: Value | undefined): boolean {
	return state === 'active' || state === 'fastpath function call';
}

export function isOwn(name: Value | undefined): boolean {
	return typeof name === 'string' && (name === 'pgperf' || name.startsWith('pgperf '));
}

/** PostgreSQL's words, the longest of them shortened. */
export function stateWord(state: Value | undefined): string {
	switch (state) {
		case 'idle in transaction':
			return 'idle in xact';
		case 'idle in transaction (aborted)':
			return 'aborted in xact';
		case 'fastpath function call':
			return 'fastpath';
		default:
			return typeof state === 'string' ? state : '–';
	}
}

/** Why neither signal may be sent, as far as the row tells; the plan asks the server again. */
function neverSignalled(row: Signalled, facts: Facts): string | undefined {
	if (row.pid === null) return 'a prepared transaction has no session: end it with rollback prepared or commit prepared, in its database and as its owner';
	if (isOwn(row.application_name)) return 'it is pgperf itself';
	if (row.backend_start === null) return `pgperf can't prove that it is still the same session: grant pg_read_all_stats to ${identifier(facts.role)}`;
	if (row.backend_type === 'parallel worker') return 'a parallel worker: choose its leader';
	if (row.backend_type === 'autovacuum worker' && !facts.canSignalAutovacuum) {
		return facts.major >= 18
			? `an autovacuum worker: grant pg_signal_autovacuum_worker to ${identifier(facts.role)}`
			: 'an autovacuum worker: only a superuser may signal it before PostgreSQL 18';
	}
	// Whether this role may signal that one, only the server knows for sure: the plan asks it.
	return ['client backend', 'autovacuum worker', 'walsender'].includes(row.backend_type ?? '')
		? undefined
		: `${row.backend_type ?? 'this process'} is part of the server: not from here`;
}

function notCancelled(row: Signalled, facts: Facts): string | undefined {
	const never = neverSignalled(row, facts);
	if (never !== undefined) return never;
	if (isIdleInTransaction(row.state)) return 'it is idle in transaction: cancel does nothing there, K terminates it';
	if (row.backend_type === 'walsender') return 'a walsender sends WAL: cancel does nothing there, K terminates it';
	return isActive(row.state) ? undefined : 'it runs nothing: there is nothing to cancel';
}

export const cancel: Action<Signalled> = {
	id: 'cancel',
	key: 'C',
	label: 'Cancel query',
	danger: 'ask',
	many: true,
	plan: {sql: 'actions/cancel'},
	run: 'signal',
	params: rows => [rows.map(row => row.pid), rows.map(row => row.backend_start), rows.map(row => row.xact_start), rows.map(row => row.query_start)],
	disabled: notCancelled,
	cost: costOf,
	needs: 'the same role or pg_signal_backend',
};

export const terminate: Action<Signalled> = {
	id: 'terminate',
	key: 'K',
	label: 'Terminate session',
	danger: 'ask',
	many: true,
	plan: {sql: 'actions/terminate'},
	run: 'signal',
	params: rows => [
		rows.map(row => row.pid),
		rows.map(row => row.backend_start),
		rows.map(row => row.xact_start),
		rows.map(row => row.state),
		rows.map(row => row.state_change),
	],
	disabled: neverSignalled,
	cost: costOf,
	needs: 'the same role or pg_signal_backend',
};

/** The line that says who it is: 'app_user on shop from 10.0.4.7, idle in transaction 12m'. */
function whoIs(row: Signalled): string {
	const where = [row.datname === null ? '' : ` on ${row.datname}`, row.client === null ? '' : row.client === 'local' ? ', local' : ` from ${row.client}`].join(
		'',
	);
	const name = row.application_name ? ` (${row.application_name})` : '';
	const busy = row.state === null ? '' : `, ${row.state} ${duration(row.state_s)}`;
	return `${row.usename ?? row.backend_type ?? 'somebody'}${where}${name}${busy}`;
}

function costOf(rows: readonly Signalled[], input: Input): readonly Line[] {
	const lines: Line[] = rows.length === 1 ? [[{text: whoIs(rows[0]!)}]] : groupsOf(rows);
	const freed = freedLine(
		rows.map(row => String(row.pid)),
		edgesOf(input.rows.waits),
	);
	return freed ? [...lines, freed] : lines;
}

/** Several targets, grouped: '12 idle in transaction of app_user on shop'. */
function groupsOf(rows: readonly Signalled[]): Line[] {
	const groups = new Map<string, number>();
	for (const row of rows) {
		const name = `${row.state ?? row.backend_type ?? 'unknown'} of ${row.usename ?? '–'} on ${row.datname ?? '–'}`;
		groups.set(name, (groups.get(name) ?? 0) + 1);
	}
	return [...groups].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1)).map(([name, n]): Line => [{text: `${n} ${name}`}]);
}

/** 'frees 2 of 5; next: 4810 gets AccessExclusiveLock on shop.orders, 2 wait behind it'; nothing when nobody waits for the targets. */
export function freedLine(ended: readonly string[], edges: readonly LocksRow[]): Line | undefined {
	const waits = waitsOf(edges);
	const targets = new Set(ended);
	const behind = behindOf(targets, edges);
	if (behind.size === 0) return undefined;
	const freed = freedBy(waits, targets);
	const partial = [...waits.values()].some(one => !one.all) || (edges[0]?.waiters ?? 0) > waits.size;
	const first = `frees ${freed.length} of ${partial ? '≥' : ''}${behind.size}`;
	if (freed.length === 0) return [{text: `${first}: each of them waits for others too`, tone: 'warning'}];
	const next = nextOf(freed, edges);
	const queue = behindOf(new Set([String(next.pid)]), edges).size;
	const waiting = queue > 0 ? `, and ${queue} wait behind it` : '';
	return [{text: `${first}; next: ${next.pid} ${commandOf(next.query)}gets ${next.mode} on ${next.object ?? next.locktype}${waiting}`, tone: 'strong'}];
}

/** Everybody who waits for one of these, through others too, and is none of them. */
function behindOf(ended: ReadonlySet<string>, edges: readonly LocksRow[]): ReadonlySet<string> {
	const waits = waitsOf(edges);
	const behind = new Set<string>();
	for (let grown = true; grown; ) {
		grown = false;
		for (const [waiter, {blockers}] of waits) {
			if (behind.has(waiter) || ended.has(waiter) || ![...blockers].some(one => ended.has(one) || behind.has(one))) continue;
			behind.add(waiter);
			grown = true;
		}
	}
	return behind;
}

/** Of those that are freed, the one that most wait behind, then the one that has waited longest. */
function nextOf(freed: readonly string[], edges: readonly LocksRow[]): LocksRow {
	const rows = freed.map(key => edges.find(edge => String(edge.pid) === key)!);
	const behind = new Map(rows.map(row => [row.pid, behindOf(new Set([String(row.pid)]), edges).size]));
	return rows.sort((a, b) => behind.get(b.pid)! - behind.get(a.pid)! || (b.wait_s ?? 0) - (a.wait_s ?? 0) || a.pid - b.pid)[0]!;
}

/** 'ALTER TABLE ', 'UPDATE ': the words that say what it does. */
function commandOf(query: string | null): string {
	const words = /^\s*(alter\s+\w+|create\s+\w+|drop\s+\w+|refresh\s+materialized\s+view|\w+)/i.exec(query ?? '')?.[1];
	return words ? `${words.replace(/\s+/g, ' ').toUpperCase()} ` : '';
}
