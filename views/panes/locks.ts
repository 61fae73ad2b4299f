import {edgesOf, forestOf, freedBy, type LocksRow, type Tree, waitsOf} from '../../source/forest.ts';
import {levelOf} from '../../source/limits.ts';
import type {Check, Hit, Input, Line, Pane, Row, Section} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {literal} from '../../source/spelling.ts';
import {atLeast, count, duration, unknown} from '../format.ts';
import {cancel, isActive, isIdleInTransaction, isOwn, stateWord, terminate} from '../signals.ts';
import {lockLines, statementLines} from './sessions-detail.ts';
import {vitalsOf} from './vitals.ts';

function stateOf(row: Tree): string {
	if (row.gid !== null || row.state === 'prepared') return `prepared ${duration(row.xact_s)}`;
	if (row.waits) return row.wait_s === null ? 'waits' : `waits ${row.wait_exact ? '' : '≤'}${duration(row.wait_s)}`;
	if (row.backend_type === 'autovacuum worker') return `autovacuum ${duration(row.xact_s)}`;
	return row.state === null ? 'state hidden' : `${stateWord(row.state)} ${duration(row.state_s)}`;
}

/** The name of the object says of these what they are. */
const told = new Set(['relation', 'tuple', 'transactionid', 'virtualxid', 'advisory']);

function lockOf(row: Tree): string {
	const awaited = row.mode === null ? '' : [told.has(row.locktype ?? '') ? '' : row.locktype, row.mode, row.object].filter(Boolean).join(' ');
	const victims = row.partial ? atLeast(row.holds_up) : row.holds_up;
	const root = row.under === null;
	const held = row.holds_up === 0 ? '' : root ? `holds up ${victims}, ${duration(row.holds_up_s)}` : `holds up ${victims}`;
	const more = row.more > 0 ? `+${row.more}` : '';
	return (root ? [row.circle ? 'in a circle' : '', held, awaited, more] : [awaited, held, more]).filter(Boolean).join(', ');
}

function whatOf(row: Tree): string {
	if (row.gid !== null) return `prepared transaction ${row.gid}`;
	return row.query ?? unknown;
}

/** What ends the worst tree at the least cost: a waiter that others wait behind loses little, a root may lose its work. */
function curesOf(trees: readonly Tree[], edges: readonly LocksRow[]): readonly Line[] {
	const root = trees.find(tree => tree.under === null);
	if (!root) return [];
	const waits = waitsOf(edges);
	const frees = (key: string) => freedBy(waits, new Set([key])).length;
	const mild = trees
		.filter(tree => tree !== root && tree.waits && tree.holds_up > 0 && rootOf(tree, trees) === root && !isOwn(tree.application_name))
		.map(tree => ({tree, freed: frees(tree.key)}))
		.sort((a, b) => b.freed - a.freed || Number(a.tree.backend_xid !== null) - Number(b.tree.backend_xid !== null))[0];
	const cause = rootCure(root, frees(root.key));
	if (!mild || mild.freed === 0) return [[{text: 'mildest cure: ', tone: 'dim'}, ...cause]];
	const lost =
		mild.tree.backend_xid === null
			? 'nothing lost'
			: mild.tree.xact_start === mild.tree.query_start
				? 'only its statement fails'
				: 'its transaction rolls back';
	return [
		[
			{text: 'mildest cure: ', tone: 'dim'},
			{text: `cancel ${mild.tree.key}`, tone: 'strong'},
			{text: ` lets ${mild.freed} of ${root.partial ? '≥' : ''}${root.holds_up} go, ${lost}`},
		],
		[{text: 'the cause: ', tone: 'dim'}, ...cause],
	];
}

function rootCure(root: Tree, freed: number): Line {
	const frees = `: frees ${freed} of ${root.partial ? '≥' : ''}${root.holds_up}`;
	if (root.pid === null) {
		const where = root.datname === null ? '' : ` in database ${root.datname}`;
		return [{text: `rollback prepared ${literal(root.gid ?? '')}`, tone: 'strong'}, {text: `${where}, or commit prepared, as its owner ${root.usename ?? ''}`}];
	}
	if (root.circle) return [{text: `${root.key} stands in a circle`, tone: 'strong'}, {text: ': PostgreSQL ends one of them after deadlock_timeout'}];
	if (root.waits) return [{text: `${root.key} waits too`, tone: 'strong'}, {text: ' beyond what was asked'}];
	if (root.backend_type === 'autovacuum worker') {
		return /to prevent wraparound/.test(root.query ?? '')
			? [{text: `let ${root.key} finish`, tone: 'strong'}, {text: ': autovacuum against wraparound comes back at once'}]
			: [{text: `cancel ${root.key}`, tone: 'strong'}, {text: `${frees}; autovacuum comes back later`}];
	}
	const loses = root.backend_xid === null ? 'has written nothing' : 'has written: rolls back';
	if (isIdleInTransaction(root.state)) {
		return [{text: `terminate ${root.key}`, tone: 'strong'}, {text: `${frees} (${root.state} ${duration(root.state_s)}, ${loses})`}];
	}
	if (isActive(root.state)) return [{text: `cancel ${root.key}`, tone: 'strong'}, {text: `${frees} (active ${duration(root.state_s)}, ${loses})`}];
	if (root.state === null) return [{text: `look at ${root.key}`, tone: 'strong'}, {text: ': its state is hidden from this role, grant pg_read_all_stats'}];
	return [{text: `terminate ${root.key}`, tone: 'strong'}, {text: `${frees} (${root.state}: holds a lock of its session, an advisory one)`}];
}

function rootOf(tree: Tree, trees: readonly Tree[]): Tree {
	const byKey = new Map(trees.map(one => [one.key, one]));
	let above = tree;
	for (let next = tree.under === null ? undefined : byKey.get(tree.under); next; next = next.under === null ? undefined : byKey.get(next.under)) above = next;
	return above;
}

function summary(rows: readonly Row[], input: Input): readonly Line[] {
	const trees = rows as readonly Tree[];
	const edges = edgesOf(input.rows.waits);
	const asked = trees.filter(tree => tree.waits && tree.mode !== null).length;
	const all = edges[0]?.waiters ?? asked;
	const head = asked < all ? `${asked} of ${count(all)} waiters` : `${all} ${all === 1 ? 'waits' : 'wait'}`;
	const lines: Line[] = curesOf(trees, edges).map((cure, index) => [{text: `${index === 0 ? head : ''.padEnd(head.length)}  `, tone: 'strong'}, ...cure]);
	const vitals = vitalsOf(input);
	if (vitals && vitals.sync_waits > 0) {
		lines.push([
			{
				text: `${vitals.sync_waits} commits wait for a synchronous standby, ≤${duration(vitals.sync_wait_at_most_s)}: in no lock table, see Replication`,
				tone: 'warning',
			},
		]);
	}
	if (vitals?.replay_wait) lines.push([{text: `replay waits for queries on this standby (${vitals.replay_wait}): see Replication`, tone: 'warning'}]);
	return lines;
}

const blocked: Check = {
	id: 'blocked',
	class: 'now',
	title: 'Sessions waiting for locks',
	when: (input, limit) => {
		const trees = (input.rows.locks ?? []) as readonly Tree[];
		return trees
			.filter(tree => tree.under === null && tree.holds_up > 0)
			.flatMap((root): readonly Hit[] => {
				const longest = root.holds_up_s ?? 0;
				const many = limit.many !== undefined && root.holds_up >= limit.many && levelOf(longest, limit) !== undefined;
				const level = many ? 'critical' : levelOf(longest, limit);
				if (!level) return [];
				const who = root.gid === null ? root.key : `prepared transaction ${root.gid}`;
				const n = `${root.partial ? '≥' : ''}${root.holds_up}`;
				return [
					{
						level,
						subject: root.key,
						rowKey: root.key,
						field: 'holds_up',
						title: `${n} ${root.holds_up === 1 ? 'session waits' : 'sessions wait'} behind ${who}${root.gid === null ? `, ${stateOf(root)}` : ''}`,
						detail: `longest wait ${duration(longest)}; ${[root.usename, root.application_name, root.datname].filter(Boolean).join(', ')}: ${whatOf(root).slice(0, 200)}`,
						remedy: rootCure(root, freedBy(waitsOf(edgesOf(input.rows.waits)), new Set([root.key])).length)
							.map(segment => segment.text)
							.join(''),
						value: longest,
					},
				];
			});
	},
};

const syncCommitWait: Check = {
	id: 'sync-commit-wait',
	class: 'now',
	title: 'Commits waiting for a synchronous standby',
	unseen: input => ((vitalsOf(input)?.hidden ?? 0) > 0 ? 'the waits of other users are hidden: grant pg_read_all_stats' : undefined),
	when: (input, limit) => {
		const row = vitalsOf(input);
		const level = row && row.sync_waits > 0 ? levelOf(row.sync_wait_at_most_s, limit) : undefined;
		if (!row || !level) return [];
		return [
			{
				level,
				subject: 'synchronous commit',
				title: `${row.sync_waits} ${row.sync_waits === 1 ? 'commit waits' : 'commits wait'} for a synchronous standby, ≤${duration(row.sync_wait_at_most_s)}`,
				detail: 'committed here, not yet confirmed by the standbys of synchronous_standby_names; such sessions are in no lock table',
				remedy: 'bring the standby back, or take it out of synchronous_standby_names and reload: what waits then returns',
				value: row.sync_wait_at_most_s ?? 0,
			},
		];
	},
};

const preparedTransaction: Check = {
	id: 'prepared-transaction',
	class: 'now',
	title: 'Prepared transactions left open',
	hold: {rise: 1, clear: 1},
	when: (input, limit) => {
		const row = vitalsOf(input);
		const level = row && row.prepared > 0 ? levelOf(row.prepared_s, limit) : undefined;
		if (!row || !level) return [];
		return [
			{
				level,
				subject: 'prepared transactions',
				title: `prepared transaction ${row.prepared_gid} is open for ${duration(row.prepared_s)}${row.prepared > 1 ? ` (${row.prepared} in all)` : ''}`,
				detail: `owner ${row.prepared_owner}, database ${row.prepared_database}: it holds its locks and keeps vacuum from removing rows, also over a restart`,
				remedy: `ask its transaction manager; else, in database ${row.prepared_database}: rollback prepared ${literal(row.prepared_gid ?? '')} (or commit prepared)`,
				value: row.prepared_s ?? 0,
			},
		];
	},
};

function sections(row: Tree, answers: Parameters<typeof statementLines>[1], input: Input): readonly Section[] {
	const edges = edgesOf(input.rows.waits);
	const blockers = edges.filter(edge => String(edge.pid) === row.key);
	const waiting = blockers.map(
		(edge): Line => [
			{text: edge.blocker_pid === 0 ? `prepared transaction ${edge.blocker_gid ?? unknown}` : `${edge.blocker_pid}`, tone: 'strong'},
			{text: ` ${edge.blocker_usename ?? edge.blocker_owner ?? ''} ${edge.blocker_state ?? ''}  ${edge.blocker_query ?? ''}`},
		],
	);
	return [
		...(waiting.length > 0 ? [{title: 'Waits for', lines: [[{text: lockOf(row)}], ...waiting]}] : []),
		...(row.pid === null
			? [{title: 'Prepared transaction', lines: [[{text: whatOf(row)}], rootCure(row, 0)]}]
			: [...statementLines(row, answers), ...lockLines(answers)]),
	];
}

const locksTable = table<Tree>({
	id: 'locks',
	title: 'Lock waits',
	empty: 'Nobody waits for a lock.',
	from: {sql: 'locks'},
	scope: 'server',
	every: 'tick',
	rowKey: row => row.key,
	parent: row => row.under,
	columns: [
		{field: 'key', title: 'pid', width: 7, align: 'right', show: (_, row) => (row.pid === null ? 'prepared' : String(row.pid)), priority: 1},
		{field: 'usename', title: 'user', width: 9, priority: 3},
		{field: 'application_name', title: 'app', width: 10, grow: 1, show: text => (typeof text === 'string' && text !== '' ? text : unknown), priority: 5},
		{field: 'datname', title: 'db', width: 8, priority: 6},
		{field: 'state', title: 'state', width: 18, show: (_, row) => stateOf(row), tone: row => (row.waits ? 'warning' : 'strong'), priority: 1},
		{
			field: 'holds_up',
			title: 'lock',
			width: 28,
			grow: 4,
			show: (_, row) => lockOf(row),
			tone: row => (row.under === null && row.holds_up > 0 ? 'critical' : undefined),
			priority: 1,
		},
		{field: 'xact_s', title: 'xact', width: 6, align: 'right', show: duration, priority: 4},
		{field: 'query', title: 'query', width: 20, grow: 4, show: (_, row) => whatOf(row), priority: 2},
	],
	filters: {user: 'usename', app: 'application_name', db: 'datname', state: 'state', object: 'object', mode: 'mode'},
	derive: rows => forestOf(rows as unknown as readonly LocksRow[]),
	order: (a, b) =>
		b.holds_up - a.holds_up || (b.wait_s ?? -1) - (a.wait_s ?? -1) || (b.xact_s ?? -1) - (a.xact_s ?? -1) || a.key.localeCompare(b.key, 'en', {numeric: true}),
	summary,
	detail: {
		title: row => (row.pid === null ? `Prepared transaction ${row.gid ?? ''}` : `Session ${row.pid}`),
		ask: [
			{id: 'statement', sql: 'session-statement', params: row => [row.pid ?? 0, row.backend_start ?? ''], session: 'survey'},
			{id: 'locks', sql: 'session-locks', params: row => [row.pid ?? 0], session: 'survey'},
		],
		sections,
	},
	checks: [blocked, syncCommitWait, preparedTransaction],
	actions: [cancel, terminate],
});

export const locks: Pane = {id: 'locks', key: '4', title: 'Locks', tables: [locksTable], arrange: 'stack', tile};

function tile(input: Input): ReturnType<NonNullable<Pane['tile']>> {
	const roots = ((input.rows.locks ?? []) as readonly Tree[]).filter(tree => tree.under === null);
	const hidden = (vitalsOf(input)?.hidden ?? 0) > 0;
	const lines = roots
		.slice(0, 6)
		.map(
			(root): Line => [
				{text: `${root.gid ?? root.key}`, tone: 'strong'},
				{text: ` holds up ${root.partial ? '≥' : ''}${root.holds_up}, ${duration(root.holds_up_s)}  `, tone: 'critical'},
				{text: `${root.usename ?? ''} ${stateOf(root)}`},
			],
		);
	return {
		title: 'Locks',
		lines: lines.length > 0 ? lines : [[{text: input.rows.locks ? 'nobody waits for a lock' : unknown, tone: 'dim'}]],
		series: 'waiting',
		limit: 'blocked',
		tone: roots.length > 0 ? 'critical' : hidden ? undefined : 'good',
	};
}
