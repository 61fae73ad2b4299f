import {levelOf} from '../source/limits.ts';
import type {Answers, Column, Hit, Input, Limit, Line, Row, Section, Value} from '../source/pane.ts';
import {identifier, spelled} from '../source/spelling.ts';
import {about, bytes} from './format.ts';

/** A number of a row; null where it is unknown. */
export function figure(row: Row | undefined, field: string): number | null {
	const value = row?.[field];
	return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** `part / whole`; null where either is unknown or there is nothing to divide by: no traffic is neither 0 % nor 100 %. */
export function share(part: number | null, whole: number | null): number | null {
	return part === null || whole === null || whole <= 0 ? null : part / whole;
}

/** Hits among all that was looked for, as a share. */
export function hitRatio(hits: number | null, reads: number | null): number | null {
	return hits === null || reads === null ? null : share(hits, hits + reads);
}

/** A share as limits have it. */
export function inPercent(part: number | null): number | null {
	return part === null ? null : 100 * part;
}

/** null as soon as one part is unknown. */
export function added(...parts: readonly (number | null)[]): number | null {
	return parts.reduce((sum, part) => (sum === null || part === null ? null : sum + part), 0);
}

/** Over all rows that know the field; null where none does. */
export function total(rows: readonly Row[], field: string): number | null {
	const known = rows.flatMap(row => figure(row, field) ?? []);
	return known.length === 0 ? null : known.reduce((sum, one) => sum + one, 0);
}

/** Largest first, unknown last. */
export function descending(...fields: readonly string[]): (a: Row, b: Row) => number {
	return (a, b) => {
		for (const field of fields) {
			const difference = (figure(b, field) ?? Number.NEGATIVE_INFINITY) - (figure(a, field) ?? Number.NEGATIVE_INFINITY);
			if (difference > 0 || difference < 0) return difference;
		}
		return 0;
	};
}

/** Smallest first, unknown last. */
export function ascending(field: string): (a: Row, b: Row) => number {
	return (a, b) => {
		const difference = (figure(a, field) ?? Number.POSITIVE_INFINITY) - (figure(b, field) ?? Number.POSITIVE_INFINITY);
		return difference > 0 || difference < 0 ? difference : 0;
	};
}

export function blockSize(input: Input): number {
	return input.facts[input.watched]?.blockSize ?? 8192;
}

/** Seconds between the two samples that the changes of a counter come from. */
export function elapsed(rows: readonly Row[], counter: string): number | null {
	for (const row of rows) {
		const change = figure(row, `${counter}_d`);
		const rate = figure(row, `${counter}_per_s`);
		if (change && rate) return change / rate;
	}
	return null;
}

export function text(value: Value | undefined): string {
	return value === null || value === undefined ? '' : String(value);
}

/** Rows of one question about the opened row, or the line that says why there are none. */
export function answered(answers: Answers, id: string): {readonly rows: readonly Row[]} | {readonly line: Line} {
	const result = answers[id];
	if (!result) return {line: [{text: 'asking the server', tone: 'dim'}]};
	switch (result.status) {
		case 'ok':
			return {rows: result.sample.rows};
		case 'skipped':
			return {line: [{text: result.remedy ? `${result.reason}: ${result.remedy}` : result.reason, tone: 'notice'}]};
		case 'failed':
			return {line: [{text: result.message, tone: 'warning'}]};
	}
}

/** A name and its value, for the lines of a detail. */
export function told(name: string, value: string, width = 22): Line {
	return [{text: name.padEnd(width), tone: 'dim'}, {text: value}];
}

/** The hit of one value, where it is over its limit. */
export function hit(value: number | null, limit: Limit, what: Omit<Hit, 'level' | 'value'>): readonly Hit[] {
	const level = levelOf(value, limit);
	return level === undefined || value === null ? [] : [{...what, level, value}];
}

/** A size that was asked for, or `≈` one that the catalog remembers: nobody waits behind a lock for a number. */
export function sizeOf(row: Row, field = 'size_bytes'): string {
	const shown = bytes(row[field]);
	return row.size_exact === false ? about(shown) : shown;
}

/** A column of numbers: their format alone, right-aligned. */
export function numbers<R extends Row>(
	field: string,
	title: string,
	width: number,
	priority: number,
	show: (value: Value) => string,
	tone?: Column<R>['tone'],
): Column<R> {
	return {field, title, width, priority, align: 'right', show: value => show(value), tone};
}

/** `orders`, or `audit.orders` where the schema is not the usual one. */
export function qualified(nspname: Value | undefined, relname: Value | undefined): string {
	return nspname === 'public' || nspname === null || nspname === undefined ? text(relname) : `${text(nspname)}.${text(relname)}`;
}

/** As it is written in a statement. */
export function written(nspname: Value | undefined, relname: Value | undefined): string {
	return nspname === null || nspname === undefined ? identifier(text(relname)) : `${identifier(text(nspname))}.${identifier(text(relname))}`;
}

/** What would mend it and what would undo that: statements to read and copy, sent by nobody. */
export function remedies(mend: Value | undefined, undo: Value | undefined): readonly Section[] {
	const lines = (value: Value | undefined): readonly Line[] => [[typeof value === 'string' ? {text: spelled(value)} : {text: 'not known', tone: 'dim'}]];
	return [
		{title: 'What would mend it', lines: lines(mend)},
		{title: 'What would undo that', lines: lines(undo)},
	];
}
