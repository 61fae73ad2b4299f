import type {Row, RowKey} from './pane.ts';

/** One row of queries/locks.sql: a waiter and one of its blockers. */
export type LocksRow = {
	readonly pid: number;
	readonly usename: string | null;
	readonly datname: string | null;
	readonly application_name: string | null;
	readonly client: string | null;
	readonly backend_type: string | null;
	readonly state: string | null;
	readonly state_s: number | null;
	readonly xact_s: number | null;
	readonly backend_xid: string | null;
	readonly query: string | null;
	readonly backend_start: string | null;
	readonly xact_start: string | null;
	readonly query_start: string | null;
	readonly state_change: string | null;
	readonly wait_s: number | null;
	readonly wait_exact: boolean;
	readonly locktype: string;
	readonly mode: string;
	readonly object: string | null;
	readonly waiters: number;
	readonly blockers: number;
	readonly blocker_pid: number;
	readonly blocker_usename: string | null;
	readonly blocker_datname: string | null;
	readonly blocker_application_name: string | null;
	readonly blocker_client: string | null;
	readonly blocker_backend_type: string | null;
	readonly blocker_state: string | null;
	readonly blocker_state_s: number | null;
	readonly blocker_xact_s: number | null;
	readonly blocker_wait_event_type: string | null;
	readonly blocker_wait_event: string | null;
	readonly blocker_backend_xid: string | null;
	readonly blocker_query: string | null;
	readonly blocker_backend_start: string | null;
	readonly blocker_xact_start: string | null;
	readonly blocker_query_start: string | null;
	readonly blocker_state_change: string | null;
	readonly blocker_gid: string | null;
	readonly blocker_transaction: string | null;
	readonly blocker_prepared_s: number | null;
	readonly blocker_owner: string | null;
	readonly blocker_prepared_database: string | null;
};

/** What is shown of a backend, and what a signal must know of it; of a prepared transaction as far as that has it. */
export type Backend = Pick<
	LocksRow,
	| 'usename'
	| 'datname'
	| 'application_name'
	| 'client'
	| 'backend_type'
	| 'state'
	| 'state_s'
	| 'xact_s'
	| 'backend_xid'
	| 'query'
	| 'backend_start'
	| 'xact_start'
	| 'query_start'
	| 'state_change'
>;

/** A session or prepared transaction of the forest, each once. */
export type Tree = Backend & {
	/** The pid as text; a prepared transaction `prepared GID`. */
	readonly key: RowKey;
	/** The blocker it is shown under; null for a root. */
	readonly under: RowKey | null;
	/** Of all its blockers, those that it is not shown under. */
	readonly more: number;
	readonly pid: number | null;
	readonly waits: boolean;
	readonly wait_s: number | null;
	/** False: it can't be longer than that, but shorter (servers before 14). */
	readonly wait_exact: boolean;
	readonly locktype: string | null;
	readonly mode: string | null;
	readonly object: string | null;
	readonly gid: string | null;
	/** Sessions that wait behind it, directly or through others. */
	readonly holds_up: number;
	readonly holds_up_s: number | null;
	/** It stands in a circle of waiters, which was cut here. */
	readonly circle: boolean;
	/** More waiters or blockers than were asked for: its numbers are lower bounds. */
	readonly partial: boolean;
};

/** Who waits for whom, by key; more blockers than were listed keep a waiter from ever being counted as freed. */
export type Waits = ReadonlyMap<RowKey, {readonly blockers: ReadonlySet<RowKey>; readonly all: boolean}>;

function blockerKey(row: Pick<LocksRow, 'blocker_pid' | 'blocker_gid'>): RowKey {
	return row.blocker_pid === 0 ? `prepared ${row.blocker_gid ?? '?'}` : String(row.blocker_pid);
}

export function waitsOf(edges: readonly LocksRow[]): Waits {
	const waits = new Map<RowKey, {readonly blockers: Set<RowKey>; all: boolean}>();
	for (const edge of edges) {
		const key = String(edge.pid);
		const known = waits.get(key) ?? {blockers: new Set<RowKey>(), all: true};
		known.blockers.add(blockerKey(edge));
		waits.set(key, known);
	}
	for (const edge of edges) {
		const known = waits.get(String(edge.pid))!;
		// Several prepared transactions are one 0 for the server, and several of ours.
		known.all = new Set([...known.blockers].map(key => (key.startsWith('prepared ') ? '0' : key))).size >= edge.blockers;
	}
	return waits;
}

/** Everybody who waits behind each key, through others too. */
export function victimsOf(waits: Waits): ReadonlyMap<RowKey, ReadonlySet<RowKey>> {
	const direct = new Map<RowKey, RowKey[]>();
	for (const [waiter, {blockers}] of waits) {
		for (const blocker of blockers) {
			const before = direct.get(blocker);
			if (before) before.push(waiter);
			else direct.set(blocker, [waiter]);
		}
	}
	return new Map([...direct.keys()].map(key => [key, reached(key, direct)]));
}

function reached(from: RowKey, direct: ReadonlyMap<RowKey, readonly RowKey[]>): ReadonlySet<RowKey> {
	const found = new Set<RowKey>();
	const open = [from];
	for (let key = open.pop(); key !== undefined; key = open.pop()) {
		for (const waiter of direct.get(key) ?? []) {
			if (waiter === from || found.has(waiter)) continue;
			found.add(waiter);
			open.push(waiter);
		}
	}
	return found;
}

/** Those who get their lock at once when `ended` are gone: every blocker of theirs is among them. */
export function freedBy(waits: Waits, ended: ReadonlySet<RowKey>): readonly RowKey[] {
	return [...waits].filter(([key, {blockers, all}]) => all && !ended.has(key) && [...blockers].every(one => ended.has(one))).map(([key]) => key);
}

/** Every session and prepared transaction that waits or blocks, roots first, most victims first. */
export function forestOf(edges: readonly LocksRow[]): readonly Tree[] {
	const waits = waitsOf(edges);
	const victims = victimsOf(waits);
	const nodes = nodesOf(edges, waits);
	const size = (key: RowKey) => victims.get(key)?.size ?? 0;
	/** Who does not wait itself is the cause; then who holds up most, has waited longest, and the lower number. */
	const foremost = (a: RowKey, b: RowKey) =>
		Number(waits.has(a)) - Number(waits.has(b)) ||
		size(b) - size(a) ||
		(nodes.get(b)?.wait_s ?? -1) - (nodes.get(a)?.wait_s ?? -1) ||
		(nodes.get(b)?.xact_s ?? -1) - (nodes.get(a)?.xact_s ?? -1) ||
		a.localeCompare(b, 'en', {numeric: true});
	const under = new Map([...waits].map(([key, {blockers}]) => [key, [...blockers].sort(foremost)[0]!]));
	const cut = circles(under, foremost);
	const told = new Map(edges.map(edge => [String(edge.pid), edge.blockers]));
	const capped = [...waits.values()].some(one => !one.all) || (edges[0]?.waiters ?? 0) > waits.size;
	const trees = [...nodes.values()].map((node): Tree => {
		const behind = victims.get(node.key) ?? new Set();
		const above = cut.has(node.key) ? null : (under.get(node.key) ?? null);
		return {
			...node,
			under: above,
			more: Math.max(0, Math.max(waits.get(node.key)?.blockers.size ?? 0, told.get(node.key) ?? 0) - (above === null ? 0 : 1)),
			holds_up: behind.size,
			holds_up_s: behind.size === 0 ? null : [...behind].map(key => nodes.get(key)!.wait_s).reduce(longer, null),
			circle: cut.has(node.key),
			partial: capped,
		};
	});
	return trees.sort((a, b) => Number(a.under !== null) - Number(b.under !== null) || foremost(a.key, b.key));
}

function longer(a: number | null, b: number | null): number | null {
	return a === null || (b !== null && b > a) ? b : a;
}

/** Of every circle of waiters the one that is cut loose: the foremost. */
function circles(under: ReadonlyMap<RowKey, RowKey>, foremost: (a: RowKey, b: RowKey) => number): ReadonlySet<RowKey> {
	const cut = new Set<RowKey>();
	const done = new Set<RowKey>();
	for (const start of under.keys()) {
		const path: RowKey[] = [];
		let key: RowKey | undefined = start;
		while (key !== undefined && !done.has(key)) {
			done.add(key);
			path.push(key);
			key = under.get(key);
		}
		const from = key === undefined ? -1 : path.indexOf(key);
		if (from >= 0) cut.add(path.slice(from).sort(foremost)[0]!);
	}
	return cut;
}

type Node = Omit<Tree, 'under' | 'more' | 'holds_up' | 'holds_up_s' | 'circle' | 'partial'>;

function nodesOf(edges: readonly LocksRow[], waits: Waits): ReadonlyMap<RowKey, Node> {
	const nodes = new Map<RowKey, Node>();
	for (const edge of edges) nodes.set(String(edge.pid), waiterOf(edge));
	for (const edge of edges) {
		const key = blockerKey(edge);
		if (!waits.has(key) && !nodes.has(key)) nodes.set(key, blockerOf(edge, key));
	}
	return nodes;
}

function waiterOf(edge: LocksRow): Node {
	return {
		key: String(edge.pid),
		pid: edge.pid,
		usename: edge.usename,
		datname: edge.datname,
		application_name: edge.application_name,
		client: edge.client,
		backend_type: edge.backend_type,
		state: edge.state,
		state_s: edge.state_s,
		xact_s: edge.xact_s,
		backend_xid: edge.backend_xid,
		query: edge.query,
		backend_start: edge.backend_start,
		xact_start: edge.xact_start,
		query_start: edge.query_start,
		state_change: edge.state_change,
		waits: true,
		wait_s: edge.wait_s,
		wait_exact: edge.wait_exact,
		locktype: edge.locktype,
		mode: edge.mode,
		object: edge.object,
		gid: null,
	};
}

function blockerOf(edge: LocksRow, key: RowKey): Node {
	const prepared = edge.blocker_pid === 0;
	return {
		key,
		pid: prepared ? null : edge.blocker_pid,
		usename: prepared ? edge.blocker_owner : edge.blocker_usename,
		datname: prepared ? edge.blocker_prepared_database : edge.blocker_datname,
		application_name: edge.blocker_application_name,
		client: edge.blocker_client,
		backend_type: edge.blocker_backend_type,
		state: prepared ? 'prepared' : edge.blocker_state,
		state_s: prepared ? edge.blocker_prepared_s : edge.blocker_state_s,
		xact_s: prepared ? edge.blocker_prepared_s : edge.blocker_xact_s,
		backend_xid: prepared ? edge.blocker_transaction : edge.blocker_backend_xid,
		query: edge.blocker_query,
		backend_start: edge.blocker_backend_start,
		xact_start: edge.blocker_xact_start,
		query_start: edge.blocker_query_start,
		state_change: edge.blocker_state_change,
		// Beyond the 200 that were asked: it waits too, and nobody knows for whom.
		waits: edge.blocker_wait_event_type === 'Lock',
		wait_s: null,
		wait_exact: false,
		locktype: null,
		mode: null,
		object: null,
		gid: edge.blocker_gid,
	};
}

export function edgesOf(rows: readonly Row[] | undefined): readonly LocksRow[] {
	return (rows ?? []) as readonly LocksRow[];
}
