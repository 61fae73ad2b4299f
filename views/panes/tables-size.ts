import type {Answers, Check, Input, Line, Row, Section, Segment, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {settingRemedy} from '../../source/provider.ts';
import {added, answered, descending, figure, hit, inPercent, numbers, qualified, share, sizeOf, text, told, written} from '../figures.ts';
import {bytes, count, duration, percent, perSecond} from '../format.ts';
import {maintain} from './maintenance-actions.ts';
import type {TablesRow} from './tables-rows.ts';

/** Ids that may be used before the server stops to protect itself: 2^31 less three million since 14. */
export const stop = 2 ** 31 - 3_000_000;

const causes = [
	['freeze_due', 'freeze'],
	['vacuum_due', 'vacuum'],
	['insert_due', 'vacuum (inserts)'],
	['analyze_due', 'analyze'],
] as const;

/** What autovacuum does next to this table, and how near that is. */
export function nextOf(row: Row): string {
	const frozen = figure(row, 'freeze_due');
	if (row.autovacuum === false || row.enabled === false) {
		const only = row.autovacuum === false ? 'autovacuum is off' : 'told to leave it alone';
		return frozen !== null && frozen >= 1 ? `freeze due (${only})` : only;
	}
	const due = causes.filter(([field]) => (figure(row, field) ?? 0) >= 1).map(([, name]) => name);
	if (due.length > 0) return `${due.join(', ')} due`;
	const [nearest] = causes.map(([field, name]) => ({name, part: figure(row, field) ?? 0})).sort((a, b) => b.part - a.part);
	return nearest && nearest.part > 0 ? `${nearest.name} ${percent(nearest.part)}` : 'nothing to do';
}

/** What is written, vacuumed and analyzed is counted where it is done: on a standby the counters stand at 0, which is no number of rows. */
function asSeen(row: Row): Row {
	const counted = {dead: null, n_tup_ins: null, n_tup_upd: null, n_tup_del: null, n_tup_hot_upd: null, vacuum_s: null, analyze_s: null};
	const changes = {n_tup_ins_per_s: null, n_tup_upd_per_s: null, n_tup_del_per_s: null};
	return {...row, ...counted, ...changes, live: row.table_rows ?? null, vacuum_due: null, insert_due: null, analyze_due: null};
}

export function withShares(asked: readonly Row[], input: Input): readonly Row[] {
	const standby = isStandby(input);
	const rows = standby ? asked.map(asSeen) : asked;
	const bloat = new Map((input.rows['table-bloat'] ?? []).map(row => [row.relid, row]));
	return rows.map(row => {
		const dead = figure(row, 'dead');
		const found = bloat.get(row.relid ?? null);
		return {
			...row,
			dead_share: share(dead, added(figure(row, 'live'), dead)),
			hot_share: share(figure(row, 'n_tup_hot_upd'), figure(row, 'n_tup_upd')),
			wraparound: share(Math.max(figure(row, 'xid_age') ?? 0, figure(row, 'mxid_age') ?? 0), stop),
			writes_per_s: added(figure(row, 'n_tup_ins_per_s'), figure(row, 'n_tup_upd_per_s'), figure(row, 'n_tup_del_per_s')),
			bloat_share: found?.bloat_share ?? null,
			next: standby && (figure(row, 'freeze_due') ?? 0) < 1 ? null : nextOf(row),
		};
	});
}

function summary(rows: readonly Row[], input: Input): readonly Line[] {
	const running = (input.rows.progress ?? []).filter(row => row.kind !== 'autovacuum');
	const due = rows.filter(row => text(row.next).includes(' due')).length;
	const oldest = [...rows].sort(descending('wraparound'))[0];
	const line: Segment[] = [];
	if (oldest)
		line.push({
			text: `oldest ${count(Math.max(figure(oldest, 'xid_age') ?? 0, figure(oldest, 'mxid_age') ?? 0))} transactions (${qualified(oldest.nspname, oldest.relname)})`,
			tone: 'dim',
		});
	if (due > 0) line.push({text: `   autovacuum has ${due} ${due === 1 ? 'table' : 'tables'} to do`, tone: 'strong'});
	if (running.length > 0)
		line.push({
			text: `   running: ${running
				.map(row => `${text(row.kind)} ${text(row.relation)}`)
				.slice(0, 3)
				.join(', ')}${running.length > 3 ? ` +${running.length - 3}` : ''}`,
			tone: 'accent',
		});
	return line.length > 0 ? [line] : [];
}

function isStandby(input: Input): boolean {
	return input.facts[input.watched]?.recovery === true;
}

const deadCheck: Check = {
	id: 'dead-rows',
	class: 'care',
	title: 'dead rows',
	unseen: input => (isStandby(input) ? 'a standby does not count them: ask its primary' : undefined),
	when: (input, limit) =>
		(input.rows.tables ?? [])
			.filter(row => (figure(row, 'dead') ?? 0) >= (limit.floor ?? 0))
			.flatMap(row => {
				const part = figure(row, 'dead_share');
				return hit(inPercent(part), limit, {
					subject: qualified(row.nspname, row.relname),
					rowKey: text(row.relid),
					field: 'dead_share',
					title: `${percent(part)} of the rows of ${qualified(row.nspname, row.relname)} are dead`,
					detail: `${count(row.dead)} dead rows, ${sizeOf(row)}; last vacuum ${row.vacuum_s === null ? 'unknown' : `${duration(row.vacuum_s)} ago`}; next: ${text(row.next)}`,
					remedy:
						row.enabled === false
							? `Let autovacuum work on it again: alter table ${written(row.nspname, row.relname)} reset (autovacuum_enabled)`
							: 'Look for what holds the xmin horizon (Sessions, Replication), then vacuum it.',
				});
			}),
};

const offCheck: Check = {
	id: 'autovacuum-off',
	class: 'care',
	title: 'autovacuum switched off',
	when: (input, limit) => {
		const rows = input.rows.tables ?? [];
		if (rows[0]?.autovacuum === false) {
			return hit(rows.length, limit, {
				subject: 'autovacuum',
				title: 'autovacuum is off for the whole server',
				detail: 'dead rows stay, statistics grow old, and only the vacuum against wraparound still runs',
				remedy: settingRemedy(input.facts[input.watched], 'autovacuum', 'on', 'reload'),
			});
		}
		return rows
			.filter(row => row.enabled === false)
			.flatMap(row =>
				hit(1, limit, {
					subject: qualified(row.nspname, row.relname),
					rowKey: text(row.relid),
					field: 'next',
					title: `autovacuum is told to leave ${qualified(row.nspname, row.relname)} alone`,
					detail: `${count(row.dead)} dead rows (${percent(row.dead_share)}), ${sizeOf(row)}`,
					remedy: `alter table ${written(row.nspname, row.relname)} reset (autovacuum_enabled)`,
				}),
			);
	},
};

export const sizes: Table = table<TablesRow>({
	id: 'tables',
	title: 'tables',
	empty: 'This database has no table.',
	from: {sql: 'tables'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.relid,
	counters: ['seq_scan', 'seq_tup_read', 'idx_scan', 'n_tup_ins', 'n_tup_upd', 'n_tup_del', 'n_tup_hot_upd'],
	columns: [
		{
			field: 'relname',
			title: 'table',
			width: 20,
			grow: 2,
			priority: 1,
			show: (_, row) => (row.relkind === 'p' ? `${qualified(row.nspname, row.relname)} (${row.parts} parts)` : qualified(row.nspname, row.relname)),
		},
		{...numbers<TablesRow>('size_bytes', 'size', 8, 1, text), show: (_, row) => sizeOf(row)},
		numbers('live', 'rows', 6, 2, count),
		numbers('dead', 'dead', 6, 3, count),
		numbers('dead_share', 'dead %', 6, 1, percent),
		numbers('writes_per_s', 'writes/s', 8, 5, perSecond),
		numbers('vacuum_s', 'vacuumed', 8, 2, duration),
		numbers('analyze_s', 'analyzed', 8, 4, duration),
		{field: 'next', title: 'autovacuum next', width: 16, grow: 1, priority: 2},
		numbers('hot_share', 'hot', 6, 6, percent),
		numbers('seq_scan_per_s', 'seq/s', 6, 6, count),
		numbers('idx_scan_per_s', 'idx/s', 6, 6, count),
		numbers('xid_age', 'xid age', 7, 5, count),
		numbers('mxid_age', 'mxid age', 8, 8, count),
		numbers('wraparound', 'to stop', 7, 7, percent),
		numbers('bloat_share', 'bloat', 6, 5, value => (value === null ? percent(null) : `≈${percent(value)}`)),
	],
	filters: {schema: 'nspname', table: 'relname'},
	order: descending('size_bytes'),
	hidden: row => row.nspname === 'pg_catalog' || row.nspname === 'information_schema',
	derive: withShares,
	beside: ['table-bloat'],
	summary,
	detail: {
		title: row => `Table ${qualified(row.nspname, row.relname)}`,
		ask: [
			{id: 'partitions', sql: 'table-partitions', params: row => [row.relid], session: 'survey'},
			{id: 'indexes', sql: 'table-indexes', params: row => [row.relid], session: 'survey'},
		],
		sections: tableSections,
	},
	checks: [deadCheck, offCheck],
	actions: [maintain],
});

function tableSections(row: TablesRow, answers: Answers, input: Input): readonly Section[] {
	const partly = (part: number | null) => (part === null ? 'never' : `${percent(part)} of the way`);
	const freeze = told('freeze', `${partly(row.freeze_due)}: age ${count(row.xid_age)} transactions, ${count(row.mxid_age)} multixacts`);
	return [
		{
			title: 'Size and rows',
			lines: [
				told('size', `${sizeOf(row)}, of which indexes ${bytes(row.index_bytes)}`),
				told('rows', `${count(row.live)} live, ${count(row.dead)} dead, ${count(row.table_rows)} as of the last vacuum or analyze`),
				told('inserts', count(row.n_tup_ins)),
				told('updates', `${count(row.n_tup_upd)}, ${percent(share(row.n_tup_hot_upd, row.n_tup_upd))} of them without touching an index (HOT)`),
				told('deletes', count(row.n_tup_del)),
				told('scans', `${count(row.seq_scan)} sequential, ${row.idx_scan === null ? 'it has no index' : `${count(row.idx_scan)} by index`}`),
			],
		},
		{
			title: 'Autovacuum',
			lines: isStandby(input)
				? [told('vacuum and analyze', 'its primary does this, and counts it'), freeze]
				: [
						told('next', nextOf(row as Row)),
						told('vacuum', `${partly(row.vacuum_due)}: at ${count(row.vacuum_at)} dead rows`),
						told('vacuum for inserts', partly(row.insert_due)),
						told('analyze', partly(row.analyze_due)),
						freeze,
						told('last vacuum, analyze', `${duration(row.vacuum_s)}, ${duration(row.analyze_s)} ago`),
					],
		},
		...partLines(answers, 'partitions', 'Partitions', part => [
			{text: qualified(part.nspname, part.relname).padEnd(32)},
			{text: sizeOf(part).padStart(9)},
			{text: `${count(part.live)} live`.padStart(12)},
			{text: `${count(part.dead)} dead`.padStart(12), tone: 'dim'},
		]),
		...partLines(answers, 'indexes', 'Indexes', index => [
			{text: text(index.relname).padEnd(32)},
			{text: sizeOf(index).padStart(9)},
			{text: `${count(index.idx_scan)} scans`.padStart(14)},
			{text: index.is_valid === false ? '  invalid' : '', tone: 'warning'},
		]),
	];
}

function partLines(answers: Answers, id: string, title: string, show: (row: Row) => Line): readonly Section[] {
	const found = answered(answers, id);
	if ('line' in found) return [{title, lines: [found.line]}];
	return found.rows.length === 0 ? [] : [{title, lines: found.rows.map(show)}];
}
