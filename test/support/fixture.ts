import {readFileSync} from 'node:fs';
import {withChanges} from '../../source/derive.ts';
import type {Facts, Input, Pane, QueryName, Row, ServerId, Table, TableId} from '../../source/pane.ts';

/** What real servers returned, twice: `samples[query][server]` is the sample before and the one now, `seconds` apart. */
export type Fixture = {
	readonly watched: ServerId;
	readonly seconds: number;
	readonly facts: Readonly<Record<ServerId, Facts>>;
	readonly samples: Readonly<Record<QueryName, Readonly<Record<ServerId, readonly [readonly Row[], readonly Row[]]>>>>;
	/** Texts that were looked up, by queryid. */
	readonly texts: Readonly<Record<string, string>>;
};

export function fixture(name: string): Fixture {
	return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')) as Fixture;
}

/** What the panes' functions look at: each table derived from both samples, in the order of the panes. */
export function inputOf(recorded: Fixture, ...panes: readonly Pane[]): Input {
	const rows: Record<TableId, readonly Row[]> = {};
	const input: Input = {rows, facts: recorded.facts, watched: recorded.watched, history: {}};
	for (const table of panes.flatMap(pane => pane.tables)) {
		if ('tables' in table.from) rows[table.id] = table.derive?.([], input) ?? table.from.tables.flatMap(id => rows[id] ?? []);
		else if ('sql' in table.from && recorded.samples[table.from.sql]) rows[table.id] = derived(recorded, table, table.from.sql, input);
	}
	return input;
}

function derived(recorded: Fixture, table: Table, sql: QueryName, input: Input): readonly Row[] {
	const servers = table.scope === 'cluster' ? Object.keys(recorded.samples[sql]!) : [recorded.watched];
	const counted = servers.flatMap(server => {
		const pair = recorded.samples[sql]![server];
		if (!pair) return [];
		const rows = changed(table, pair[0], pair[1], recorded.seconds);
		return table.scope === 'cluster' ? rows.map(row => ({...row, server})) : rows;
	});
	const known = table.lookup ? counted.map(row => ({...row, query: recorded.texts[String(row.queryid)] ?? null})) : counted;
	return table.derive ? table.derive(known, input) : known;
}

/** Rows with the changes of their counters over so many seconds. */
export function changed(table: Pick<Table, 'counters' | 'rowKey'>, before: readonly Row[], now: readonly Row[], seconds: number): readonly Row[] {
	return withChanges(table, {at: seconds * 1000, rows: now, cost: 0}, {at: 0, rows: before, cost: 0}, seconds * 1000);
}
