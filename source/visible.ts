import type {Row, RowKey, Table, Value} from './pane.ts';

export type Sort = {readonly field: string; readonly desc: boolean};

/** How one table is looked at. Nothing in here is about the data but the identities. */
export type View = {
	/** The row under the cursor, by identity; null until the user has moved: then it is the first row. */
	readonly cursor: RowKey | null;
	/** Where the cursor was when it was last seen, so that a row that is gone stays in its place. */
	readonly index: number;
	/** The selected row's last state, once it has disappeared from the data. */
	readonly gone: Row | null;
	readonly marks: ReadonlySet<RowKey>;
	readonly sort: Sort | null;
	readonly filter: string;
	readonly group: string | null;
	/** Columns scrolled to the left. */
	readonly offset: number;
	/** First line of the scrolled part. */
	readonly top: number;
	readonly showHidden: boolean;
	/** The order that holds while a question or a detail is open. */
	readonly held: readonly RowKey[] | null;
};

export const freshView: View = {
	cursor: null,
	index: 0,
	gone: null,
	marks: new Set(),
	sort: null,
	filter: '',
	group: null,
	offset: 0,
	top: 0,
	showHidden: false,
	held: null,
};

export type VisibleRow = {
	readonly key: RowKey;
	readonly row: Row;
	/** Tree branches: '├─ '. */
	readonly prefix: string;
	readonly marked: boolean;
	readonly gone: boolean;
	/** It does not pass the filter itself: one below it does. */
	readonly above?: true;
	/** A heading of a group has no row of its own and takes no cursor: 'app_user  34'. */
	readonly heading?: string;
};

/** Deeper levels of a tree are told by a number: a chain of 200 must leave room for its rows. */
const deepest = 8;

const cache = new WeakMap<readonly Row[], {readonly table: Table; readonly view: View; readonly visible: readonly VisibleRow[]}>();

/** The rows of a table in the order and selection that the view asks for. */
export function visible(table: Table, rows: readonly Row[], view: View): readonly VisibleRow[] {
	const cached = cache.get(rows);
	if (cached && cached.table === table && sameLook(cached.view, view)) return cached.visible;
	const result = look(table, rows, view);
	cache.set(rows, {table, view, visible: result});
	return result;
}

/** The cursor and the scroll position change nothing in what is visible. */
function sameLook(a: View, b: View): boolean {
	return (
		a.marks === b.marks &&
		a.sort === b.sort &&
		a.filter === b.filter &&
		a.group === b.group &&
		a.showHidden === b.showHidden &&
		a.held === b.held &&
		a.gone === b.gone &&
		(a.gone === null || (a.cursor === b.cursor && a.index === b.index))
	);
}

function look(table: Table, rows: readonly Row[], view: View): readonly VisibleRow[] {
	const wanted = filterOf(table, view.filter);
	const ordered = [...(table.hidden && !view.showHidden ? rows.filter(row => !table.hidden!(row)) : rows)].sort(orderOf(table, view));
	const entries: readonly Entry[] =
		table.parent && !view.group ? tree(table, table.parent, ordered, wanted) : ordered.filter(wanted).map(row => ({row, prefix: ''}));
	const result: VisibleRow[] = [];
	const heading = view.group ? groupsOf(table, entries, view.group, ordered.length < rows.length ? rows.filter(wanted) : undefined) : undefined;
	for (const entry of heading ? heading.entries : entries) {
		const title = heading?.titles.get(entry.row);
		if (title !== undefined) result.push({key: `\u0000${title}`, row: entry.row, prefix: '', marked: false, gone: false, heading: title});
		const key = table.rowKey(entry.row);
		result.push({key, row: entry.row, prefix: entry.prefix, marked: view.marks.has(key), gone: false, ...(entry.above && {above: true})});
	}
	if (view.gone && view.cursor !== null && !result.some(one => one.key === view.cursor)) {
		result.splice(Math.min(view.index, result.length), 0, {key: view.cursor, row: view.gone, prefix: '', marked: view.marks.has(view.cursor), gone: true});
	}
	return result;
}

type Entry = {readonly row: Row; readonly prefix: string; readonly above?: boolean};

function orderOf(table: Table, view: View): (a: Row, b: Row) => number {
	const {sort, held} = view;
	const places = held ? new Map(held.map((key, index) => [key, index])) : undefined;
	return (a, b) => {
		if (places) {
			const difference = (places.get(table.rowKey(a)) ?? places.size) - (places.get(table.rowKey(b)) ?? places.size);
			if (difference !== 0) return difference;
		}
		const chosen = sort ? compared(a[sort.field] ?? null, b[sort.field] ?? null, sort.desc) : 0;
		if (chosen !== 0) return chosen;
		const usual = table.order?.(a, b) ?? 0;
		if (usual !== 0) return usual;
		return table.order || sort ? compared(table.rowKey(a), table.rowKey(b), false) : 0;
	};
}

/** Unknown values come last, whichever way is sorted. */
export function compared(a: Value, b: Value, desc: boolean): number {
	if (a === b) return 0;
	if (a === null) return 1;
	if (b === null) return -1;
	const up = typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1;
	return desc ? -up : up;
}

/** Depth first, siblings in the order given, ancestors of matches kept, a cycle cut at the first repeat. */
function tree(table: Table, parent: (row: Row) => RowKey | null, rows: readonly Row[], wanted: (row: Row) => boolean): readonly Entry[] {
	const byKey = new Map(rows.map(row => [table.rowKey(row), row]));
	const children = new Map<RowKey, Row[]>();
	const roots: Row[] = [];
	for (const row of rows) {
		const above = parent(row);
		if (above === null || above === table.rowKey(row) || !byKey.has(above)) roots.push(row);
		else children.set(above, [...(children.get(above) ?? []), row]);
	}
	const kept = new Set<RowKey>();
	const passing = new Set<Row>();
	for (const row of rows) {
		if (!wanted(row)) continue;
		passing.add(row);
		for (let key: RowKey | null = table.rowKey(row); key !== null && !kept.has(key); ) {
			kept.add(key);
			const above: RowKey | null = parent(byKey.get(key)!);
			key = above !== null && byKey.has(above) ? above : null;
		}
	}
	const entries: Entry[] = [];
	const seen = new Set<RowKey>();
	const walk = (start: readonly Row[]) => {
		const stack: {readonly row: Row; readonly trunk: string; readonly depth: number; readonly last: boolean}[] = [];
		const push = (siblings: readonly Row[], trunk: string, depth: number) => {
			const shown = siblings.filter(row => kept.has(table.rowKey(row)));
			for (let i = shown.length - 1; i >= 0; i--) stack.push({row: shown[i]!, trunk, depth, last: i === shown.length - 1});
		};
		push(start, '', 0);
		for (let next = stack.pop(); next; next = stack.pop()) {
			const key = table.rowKey(next.row);
			if (seen.has(key)) continue;
			seen.add(key);
			const {depth, trunk, last} = next;
			const branch = depth === 0 ? '' : depth > deepest ? `${'… '}${depth}└─ ` : `${trunk}${last ? '└─ ' : '├─ '}`;
			entries.push({row: next.row, prefix: branch, above: !passing.has(next.row)});
			push(children.get(key) ?? [], depth === 0 ? '' : depth > deepest ? trunk : `${trunk}${last ? '   ' : '│  '}`, depth + 1);
		}
	};
	walk(roots);
	// What is left hangs on a cycle without a root: begin at its first row.
	for (const row of rows) if (!seen.has(table.rowKey(row)) && kept.has(table.rowKey(row))) walk([row]);
	return entries;
}

/** `all` are the rows with those that are hidden, where some are: 'app  3 of 40'. */
function groupsOf(
	table: Table,
	entries: readonly Entry[],
	field: string,
	all?: readonly Row[],
): {readonly entries: readonly Entry[]; readonly titles: ReadonlyMap<Row, string>} {
	const nameOf = (row: Row) => String(row[field] ?? '–');
	const weigh = (rows: readonly Row[]) => (table.weight ? rows.reduce((sum, row) => sum + table.weight!(row), 0) : rows.length);
	const groups = new Map<string, Entry[]>();
	for (const entry of entries) {
		const name = nameOf(entry.row);
		const group = groups.get(name);
		if (group) group.push(entry);
		else groups.set(name, [entry]);
	}
	const counted = [...groups].map(([name, group]) => ({name, group, count: weigh(group.map(entry => entry.row))}));
	const sorted = counted.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
	const whole = new Map<string, number>();
	for (const row of all ?? []) whole.set(nameOf(row), (whole.get(nameOf(row)) ?? 0) + weigh([row]));
	const titles = new Map<Row, string>(
		sorted.map(({name, group, count}) => [group[0]!.row, `${name}  ${count}${(whole.get(name) ?? 0) > count ? ` of ${whole.get(name)}` : ''}`]),
	);
	return {entries: sorted.flatMap(({group}) => group), titles};
}

/** `user:app db:shop -idle text`: every term must match; `-` negates; a term with a known name looks into that field only. */
function filterOf(table: Table, text: string): (row: Row) => boolean {
	const terms = text
		.toLowerCase()
		.split(/\s+/)
		.filter(Boolean)
		.map(term => termOf(table, term));
	return row => terms.every(term => term(row));
}

function termOf(table: Table, term: string): (row: Row) => boolean {
	if (term.startsWith('-') && term.length > 1) {
		const inner = termOf(table, term.slice(1));
		return row => !inner(row);
	}
	const colon = term.indexOf(':');
	const name = colon > 0 ? term.slice(0, colon) : '';
	const field = table.filters?.[name] ?? (table.columns.some(column => column.field === name) ? name : undefined);
	if (field !== undefined) {
		const wanted = term.slice(colon + 1);
		return row =>
			String(row[field] ?? '')
				.toLowerCase()
				.includes(wanted);
	}
	return row =>
		Object.values(row).some(value => (typeof value === 'string' ? value.toLowerCase().includes(term) : typeof value === 'number' && String(value) === term));
}

/** Index of the cursor's row among the visible ones; -1 where there is none. A heading never has it. */
export function cursorIndex(rows: readonly VisibleRow[], view: View): number {
	const found = view.cursor === null ? -1 : rows.findIndex(one => one.key === view.cursor);
	if (found >= 0) return found;
	const place = Math.min(view.cursor === null ? 0 : view.index, rows.length - 1);
	for (let i = Math.max(0, place); i < rows.length; i++) if (rows[i]!.heading === undefined) return i;
	for (let i = place; i >= 0; i--) if (rows[i]!.heading === undefined) return i;
	return -1;
}
