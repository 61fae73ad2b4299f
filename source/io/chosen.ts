import {nearestOf} from '../arguments.ts';
import type {Pane, PaneId, Table} from '../pane.ts';
import type {Problem} from './conninfo.ts';
import {createOthers, type Others} from './others.ts';
import type {Place} from './place.ts';
import {worldOf} from './setup.ts';

export type Chosen = {
	/** All that must be asked: the chosen panes, the frame's, and what any of them is derived from. */
	readonly panes: readonly Pane[];
	readonly only: ReadonlySet<PaneId>;
};

/** `--only locks,queries` and `--except vitals`, by id or title. */
export function choosePanes(panes: readonly Pane[], only: string | undefined, except: string | undefined): Chosen | Problem {
	const all = panes.filter(pane => pane.tables.length > 0);
	const wanted = only === undefined ? all : named(all, only, 'only');
	if ('problem' in wanted) return wanted;
	const unwanted = except === undefined ? [] : named(all, except, 'except');
	if ('problem' in unwanted) return unwanted;
	const chosen = wanted.filter(pane => !unwanted.includes(pane));
	if (chosen.length === 0) return {problem: 'No pane is left: --only and --except take away everything.', exit: 64};
	return {panes: withSources(all, pane => chosen.includes(pane)), only: new Set(chosen.map(pane => pane.id))};
}

function named(panes: readonly Pane[], list: string, option: string): readonly Pane[] | Problem {
	const names = list
		.split(',')
		.map(name => name.trim().toLowerCase())
		.filter(Boolean);
	const found: Pane[] = [];
	for (const name of names) {
		const pane = panes.find(one => one.id === name || one.title.toLowerCase() === name);
		if (!pane) {
			const known = panes.map(one => one.id);
			const near = nearestOf(name, known);
			return {problem: `--${option}: there is no pane "${name}".${near ? ` Did you mean "${near}"?` : ''} Panes: ${known.join(', ')}.`, exit: 64};
		}
		found.push(pane);
	}
	return found;
}

/** Panes with the tables that are needed: those wanted, the frame's, and what they are derived from. */
export function withSources(panes: readonly Pane[], wanted: (pane: Pane, table: Table) => boolean): readonly Pane[] {
	const tables = panes.flatMap(pane => pane.tables);
	const needed = new Set<Table>();
	const need = (table: Table) => {
		if (needed.has(table)) return;
		needed.add(table);
		const {from, beside = []} = table;
		const named = (ids: readonly string[]) => tables.filter(one => ids.includes(one.id));
		if ('tables' in from) for (const source of named(from.tables)) need(source);
		// Sizes only adorn, and are dear.
		for (const source of named(beside)) if (source.every !== 'rare') need(source);
	};
	for (const pane of panes) for (const table of pane.tables) if (pane.place === 'frame' || wanted(pane, table)) need(table);
	return panes.flatMap(pane => {
		const kept = pane.tables.filter(table => needed.has(table));
		return kept.length === 0 ? [] : kept.length === pane.tables.length ? [pane] : [{...pane, tables: kept, series: undefined, chart: undefined}];
	});
}

/** Without those panes that nothing could be asked for: nobody named a Redis or a PgBouncer. */
export function withoutStrangers(panes: readonly Pane[], places: readonly (Place | {readonly problem: string})[]): readonly Pane[] {
	const has = (kind: 'redis' | 'pgbouncer') => places.some(place => 'redis' in place && place[kind] !== undefined);
	return panes.filter(pane => !pane.tables.some(table => ('redis' in table.from && !has('redis')) || ('pgbouncer' in table.from && !has('pgbouncer'))));
}

/** Whom the tables of Redis and PgBouncer ask; undefined: there are none of them. */
export function othersFor(panes: readonly Pane[], place: Place): Others | undefined {
	const strange = panes.some(pane => pane.tables.some(table => 'redis' in table.from || 'pgbouncer' in table.from));
	return strange ? createOthers(place, worldOf()) : undefined;
}
