import type {FindingReport, Report, RowReport, ServerReport, TableReport} from './report.ts';
import {levelRanks} from './report.ts';

/** What changed between two reports of the same server. */
export type Changes = {
	readonly before: ServerReport;
	readonly after: ServerReport;
	readonly seconds: number;
	/** Restart, failover, another version, another server: what else is told must be read with it. */
	readonly breaks: readonly string[];
	readonly found: readonly FindingReport[];
	readonly gone: readonly FindingReport[];
	readonly changed: readonly {readonly before: FindingReport; readonly after: FindingReport}[];
	readonly tables: readonly TableChanges[];
};

export type TableChanges = {
	readonly id: string;
	readonly title: string;
	readonly section: string;
	/** Rows that only one of the two has; empty where not all rows were kept. */
	readonly added: readonly string[];
	readonly removed: readonly string[];
	/** Rows whose counters went backwards or count from another time on: they were reset, and are not compared. */
	readonly reset: number;
	/** The rows that moved most, first the one with the greatest part in the change of any field. */
	readonly moved: readonly Moved[];
	/** How many moved at all. */
	readonly total: number;
};
export type Moved = {readonly name: string; readonly fields: readonly FieldChange[]};
export type FieldChange = {
	readonly field: string;
	readonly title: string;
	readonly before: string | number | boolean | null;
	readonly after: string | number | boolean | null;
};

const kept = 10;
/** Less than a hundredth of what moved in all of a table is not worth a line. */
const least = 0.01;

/** Told with their pace as counters are, but they fall by themselves: a database that shrank, a slot that caught up was not reset. */
const levels: ReadonlySet<string> = new Set(['size_bytes', 'retained_bytes', 'last_value']);

/** Pairs of servers by id, or by system identifier and database, or the only ones. */
export function compare(a: Report, b: Report): {readonly pairs: readonly Changes[]; readonly alone: readonly string[]} {
	const seconds = (Date.parse(b.taken_at) - Date.parse(a.taken_at)) / 1000;
	const left = [...a.servers];
	const pairs: Changes[] = [];
	const alone: string[] = [];
	for (const after of b.servers) {
		const index = left.findIndex(before => same(before, after, a.servers.length === 1 && b.servers.length === 1));
		if (index < 0) {
			alone.push(`${after.title} is in the later one alone`);
			continue;
		}
		const [before] = left.splice(index, 1);
		pairs.push(changesOf(before!, after, seconds));
	}
	return {pairs, alone: [...alone, ...left.map(before => `${before.title} is in the earlier one alone`)]};
}

function same(before: ServerReport, after: ServerReport, only: boolean): boolean {
	const identifier = before.where?.system_identifier ?? null;
	if (identifier !== null && after.where?.system_identifier)
		return identifier === after.where.system_identifier && before.where!.database === after.where.database;
	return only || before.id === after.id;
}

function changesOf(before: ServerReport, after: ServerReport, seconds: number): Changes {
	const old = new Map(before.findings.map(finding => [keyOf(finding), finding]));
	const now = new Map(after.findings.map(finding => [keyOf(finding), finding]));
	const both = [...now].flatMap(([key, finding]) => (old.has(key) ? [{before: old.get(key)!, after: finding}] : []));
	return {
		before,
		after,
		seconds,
		breaks: breaksOf(before, after),
		found: [...now].filter(([key]) => !old.has(key)).map(([, finding]) => finding),
		gone: [...old].filter(([key]) => !now.has(key)).map(([, finding]) => finding),
		changed: both.filter(pair => pair.before.level !== pair.after.level).sort((one, other) => levelRanks[other.after.level] - levelRanks[one.after.level]),
		tables: after.sections.flatMap(section =>
			section.tables.flatMap(table => {
				const earlier = before.sections.find(one => one.id === section.id)?.tables.find(one => one.id === table.id);
				return earlier && !isAnotherFace(section.tables, table) ? tableChanges(section.title, earlier, table) : [];
			}),
		),
	};
}

/** Servers may have been called differently on the two days. */
function keyOf(finding: FindingReport): string {
	return `${finding.check}\0${finding.subject}`;
}

function breaksOf(before: ServerReport, after: ServerReport): readonly string[] {
	const old = before.where;
	const now = after.where;
	if (!old || !now) return [!old && !now ? 'neither of the two reached the server' : `the ${old ? 'later' : 'earlier'} one did not reach the server`];
	const told: string[] = [];
	if (old.system_identifier !== null && now.system_identifier !== null && old.system_identifier !== now.system_identifier)
		told.push('another cluster: the system identifiers differ');
	if (old.version !== now.version) told.push(`PostgreSQL ${old.version} became ${now.version}`);
	if (old.recovery !== now.recovery) told.push(now.recovery ? 'the primary is a standby now' : 'the standby was promoted');
	if (old.started_at !== now.started_at) told.push(`restarted at ${now.started_at}`);
	if (old.role !== now.role) told.push(`asked as ${now.role} instead of ${old.role}: what is seen may differ by that alone`);
	const names = [...new Set([...Object.keys(old.extensions), ...Object.keys(now.extensions)])].sort();
	for (const name of names) {
		const [was, is] = [old.extensions[name], now.extensions[name]];
		if (was !== is) told.push(`extension ${name}: ${was ?? 'none'} → ${is ?? 'none'}`);
	}
	return [...told, ...resetsOf(before, after)];
}

/** Statistics that began anew in between: what is counted from then on is no difference. */
function resetsOf(before: ServerReport, after: ServerReport): readonly string[] {
	const tables = new Map(before.sections.flatMap(section => section.tables).map(table => [table.id, table]));
	return after.sections.flatMap(section =>
		section.tables.flatMap(table => {
			const old = new Map((tables.get(table.id)?.rows ?? []).map(row => [row.key, sinceOf(row)]));
			const resets = table.rows.filter(row => sinceOf(row) !== undefined && old.has(row.key) && old.get(row.key) !== sinceOf(row));
			const [first] = resets;
			if (!first) return [];
			const at = new Date(sinceOf(first)! * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
			return [`${section.title}: the statistics ${resets.length > 1 ? `of ${resets.length} rows of ${table.title} were` : 'were'} reset at ${at}`];
		}),
	);
}

/** The same objects told in another way: their counters say it already. */
function isAnotherFace(tables: readonly TableReport[], table: TableReport): boolean {
	if (table.counters.length > 0) return false;
	const keys = new Set(table.rows.map(row => row.key));
	return tables.some(other => other.counters.length > 0 && keys.size > 0 && other.rows.filter(row => keys.has(row.key)).length > 0.8 * keys.size);
}

/** Epoch seconds. */
function sinceOf({values}: RowReport): number | undefined {
	const since = values.stats_reset ?? values.stats_since;
	return typeof since === 'number' ? since : undefined;
}

/** Tables of what is just now (sessions, locks) have nothing to compare; the others have their rows matched by identity. */
function tableChanges(section: string, before: TableReport, after: TableReport): readonly TableChanges[] {
	if (after.every === 'tick' && after.counters.length === 0) return [];
	const rows = after.rows.filter(row => !row.hidden && !isOurs(row));
	const old = new Map(before.rows.filter(row => !row.hidden && !isOurs(row)).map(row => [row.key, row]));
	const now = new Map(rows.map(row => [row.key, row]));
	const whole = before.total === before.rows.length && after.total === after.rows.length && before.status !== 'failed' && after.status !== 'failed';
	const fields = fieldsOf(after);
	let reset = 0;
	const pairs = rows.flatMap(row => {
		const earlier = old.get(row.key);
		if (!earlier) return [];
		const [was, is] = [sinceOf(earlier), sinceOf(row)];
		const anew = was !== undefined && is !== undefined && was !== is;
		if (anew || after.counters.some(field => !levels.has(field) && isLess(row.values[field], earlier.values[field]))) {
			reset += 1;
			return [];
		}
		return [{row, changes: fields.flatMap(field => changeOf(field, earlier, row))}];
	});
	const sums = new Map<string, number>();
	for (const {changes} of pairs) for (const one of changes) sums.set(one.field, (sums.get(one.field) ?? 0) + sizeOf(one));
	const weight = (changes: readonly FieldChange[]) => Math.max(0, ...changes.map(one => sizeOf(one) / (sums.get(one.field) || 1)));
	const moved = pairs.filter(({changes}) => weight(changes) >= least).sort((one, other) => weight(other.changes) - weight(one.changes));
	const result: TableChanges = {
		id: after.id,
		title: after.title,
		section,
		added: whole ? rows.filter(row => !old.has(row.key)).map(row => nameOf(after, row)) : [],
		removed: whole ? [...old.values()].filter(row => !now.has(row.key)).map(row => nameOf(before, row)) : [],
		reset,
		moved: moved.slice(0, kept).map(({row, changes}) => ({name: nameOf(after, row), fields: changes})),
		total: moved.length,
	};
	return result.added.length + result.removed.length + result.moved.length + result.reset > 0 ? [result] : [];
}

type Field = {readonly field: string; readonly title: string};

/** Counters, and the columns that hold a state: no rates, no ages, nothing that follows from them. */
function fieldsOf(table: TableReport): readonly Field[] {
	const counters = new Set(table.counters);
	const titles = new Map(table.columns.map(column => [column.field, column.title]));
	if (counters.size > 0) return table.counters.map(field => ({field, title: titles.get(field) ?? field.replaceAll('_', ' ')}));
	return table.columns.filter(({field}) => !/(_d|_per_s|_s|_at|_share|age)$/.test(field));
}

function changeOf({field, title}: Field, before: RowReport, after: RowReport): readonly FieldChange[] {
	const was = before.values[field] ?? null;
	const is = after.values[field] ?? null;
	if (was === is || was === null || is === null) return [];
	// Less than half a percent is nothing that a person could see.
	if (typeof was === 'number' && typeof is === 'number' && Math.abs(is - was) < 0.005 * Math.max(Math.abs(is), Math.abs(was))) return [];
	return [{field, title, before: was, after: is}];
}

/** A text that changed weighs as one. */
function sizeOf({before, after}: FieldChange): number {
	return typeof before === 'number' && typeof after === 'number' ? Math.abs(after - before) : 1;
}

/** What is unknown, as on a standby or in another version, is not less than what was known. */
function isLess(value: RowReport['values'][string] | undefined, before: RowReport['values'][string] | undefined): boolean {
	return typeof value === 'number' && typeof before === 'number' && value < before;
}

/** The words of the row's own columns, of those that stay to the last; the key where they are not known. */
function nameOf(table: TableReport, row: RowReport): string {
	const left = table.columns.filter(column => column.align === 'left');
	const naming = left.filter(column => column.priority === 1).slice(0, 2);
	const words = (naming.length > 0 ? naming : left.slice(0, 1))
		.map(column => row.values[column.field])
		.filter(value => typeof value === 'string' && value !== '');
	return words.join(' ') || row.key;
}

/** What pgperf itself asked: its cost is told by doctor. */
function isOurs(row: RowReport): boolean {
	return typeof row.values.query === 'string' && row.values.query.includes('/* pgperf:');
}
