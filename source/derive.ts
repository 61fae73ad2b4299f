import type {Row, RowKey, Sample, Table, Value} from './pane.ts';

/**
 * Counters become change and rate: each counter `c` of a row gains `c_d` (change since the sample before) and `c_per_s`
 * (per second of real elapsed time). Both are null where the truth is unknown: a new row, a row of which any counter went
 * backwards or that counts from another time on (it was reset), no sample before, or one older than `limitMs`.
 */
export function withChanges(table: Pick<Table, 'counters' | 'rowKey'>, current: Sample, previous: Sample | undefined, limitMs: number): readonly Row[] {
	const counters = table.counters;
	if (!counters || counters.length === 0) return current.rows;
	const elapsed = previous ? current.at - previous.at : 0;
	const before = previous && elapsed > 0 && elapsed <= limitMs ? keyed(previous.rows, table.rowKey) : undefined;
	// Made once: twenty names put together for each of ten thousand rows took as long as all else.
	const fields = counters.map(counter => ({counter, change: `${counter}_d`, rate: `${counter}_per_s`}));
	return current.rows.map(row => {
		const old = before?.get(table.rowKey(row));
		const changes: Record<string, Value> = {...row};
		const known = old !== undefined && sinceOf(old) === sinceOf(row) && !counters.some(counter => isBackwards(old[counter], row[counter]));
		for (const {counter, change, rate} of fields) {
			const by = known ? difference(old[counter], row[counter]) : null;
			changes[change] = by;
			changes[rate] = by === null ? null : (by * 1000) / elapsed;
		}
		return changes;
	});
}

function keyed(rows: readonly Row[], rowKey: (row: Row) => RowKey): ReadonlyMap<RowKey, Row> {
	return new Map(rows.map(row => [rowKey(row), row]));
}

/** Since when it counts: after a reset a counter may soon be higher than it was. */
function sinceOf(row: Row): Value | undefined {
	return row.stats_reset ?? row.stats_since;
}

function difference(before: Value | undefined, now: Value | undefined): number | null {
	return typeof before === 'number' && typeof now === 'number' ? now - before : null;
}

function isBackwards(before: Value | undefined, now: Value | undefined): boolean {
	const change = difference(before, now);
	return change !== null && change < 0;
}

/** The ring with one more point; a ring never holds more than `size`. */
export function pushed(ring: readonly (number | null)[] | undefined, value: number | null, size = 900): readonly (number | null)[] {
	const next = ring ? ring.slice(Math.max(0, ring.length + 1 - size)) : [];
	next.push(value !== null && Number.isFinite(value) ? value : null);
	return next;
}
