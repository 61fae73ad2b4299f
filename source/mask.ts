import type {Row, Value} from './pane.ts';
import {isSuspect, namesSecret, withoutSecrets} from './secrets.ts';
import {endOfComment} from './spelling.ts';

/** What becomes of the query texts in a report: literals masked, kept (secrets never are), or no query texts at all. */
export type Literals = 'masked' | 'kept' | 'removed';

const literal = '?';

/**
 * What has to be read as a whole in SQL: (1) comments; (2) quoted names, parameters, and runs of words with what stands between them;
 * (3) plain strings; (4) escape strings, dollar quotes, numbers. Texts are cut somewhere by their queries: what is not closed goes on to the end.
 */
const token = new RegExp(
	[
		String.raw`(--[^\n\r]*|\/\*)`,
		String.raw`("(?:[^"]|"")*(?:"|$)|\$\d+|(?:(?![eEbBxXnN]'|[uU]&')[A-Za-z_\x80-\uffff][\w$.\x80-\uffff]*|[\s,()=<>+*;:[\]%!]+){1,64})`,
		"((?:[uU]&|[bBxXnN])?'(?:[^']|'')*(?:'|$))",
		String.raw`([eE]'(?:[^'\\]|\\[\s\S]?|'')*(?:'|$)|\$(?<tag>(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$(?:(?!\$\k<tag>\$)[\s\S])*(?:\$\k<tag>\$|$)|(?:\d[\w.]*|\.\d[\w.]*)(?:(?<=[eE])[+-]\d+)?)`,
	].join('|'),
	'g',
);

/** The query without the values in it: every string and number is `?`. Names, parameters and the marks of comments stay. */
export function masked(sql: string): string {
	return without(sql, true);
}

function without(sql: string, numbers: boolean): string {
	let text = '';
	let done = 0;
	const reader = new RegExp(token);
	for (let match = reader.exec(sql); match; match = reader.exec(sql)) {
		const [, comment, kept, string] = match;
		if (comment === '/*') reader.lastIndex = endOfComment(sql, match.index);
		text += sql.slice(done, match.index);
		done = reader.lastIndex;
		const whole = sql.slice(match.index, done);
		if (comment !== undefined) text += numbers ? commentOf(whole) : whole.replace(/'[^']*'?/g, literal);
		else text += kept ?? (!numbers && /^[\d.]/.test(whole) ? whole : literal);
		// With standard_conforming_strings off, `\'` would not end the string: nobody can tell where it ends, and all that follows goes.
		if (string?.includes("\\'")) return `${text} …`;
	}
	return text + sql.slice(done);
}

/** A query with its values, but for those of a statement that names a secret. */
export function withoutSecretsOfSql(sql: string): string {
	return isSuspect(sql) ? withoutSecrets(namesSecret(sql) ? without(sql, false) : sql) : sql;
}

/** Tracing tools write values into comments; words there say which code asked. */
function commentOf(text: string): string {
	return text.replace(/'[^']*'?/g, literal).replace(/\d+(?:[.,:-]\d+)*/g, literal);
}

/** Fields of queries/*.sql that hold SQL of somebody else, or words of the server that quote it. Definitions of indexes are no data. */
const texts = /(?:^|_)(?:query|command|message|error)$/;

export function isQueryText(field: string): boolean {
	return texts.test(field);
}

/** SQL of ours or of somebody else, and words without a meaning to pgperf. Names are not among them: rows and actions go by names. */
const sqlTexts = /(?:^|_)(?:query|command|message|error|definition)$/;
const freeTexts = /(?:^|_)(?:application_name|value|setting|mend|undo)$/;

/** Rows as they may be written to a file: query texts as `literals` says, and no secret anywhere (settings hold connection strings). */
export function withoutLiterals(rows: readonly Row[], literals: Literals): readonly Row[] {
	return rows.map(row => changed(row, (field, value) => (isQueryText(field) ? safeText(value, literals) : withoutSecrets(value))));
}

function safeText(text: string, literals: Literals): string | null {
	switch (literals) {
		case 'masked':
			return masked(withoutSecrets(text));
		case 'kept':
			return withoutSecretsOfSql(text);
		case 'removed':
			return null;
	}
}

/**
 * Rows as they may be on a screen: with the values of queries, but without the secrets among them. `before`: what this gave for the
 * same question the last time. Of ten thousand sessions that come with each tick most say what they said then: a text is looked at once.
 */
export function withoutSecretsOfRows(rows: readonly Row[], before: readonly Row[] = []): readonly Row[] {
	const cleaners = new Map<string, Cleaner>();
	const cleanerOf = (field: string): Cleaner => {
		const known = cleaners.get(field);
		if (known) return known;
		const made = cleanerFor(field, before);
		cleaners.set(field, made);
		return made;
	};
	let same = true;
	const safe = rows.map(row => {
		const kept = changed(row, (field, value) => cleanerOf(field)(value));
		same &&= kept === row;
		return kept;
	});
	return same ? rows : safe;
}

type Cleaner = (text: string) => string;

function cleanerFor(field: string, before: readonly Row[]): Cleaner {
	const clean = sqlTexts.test(field) ? withoutSecretsOfSql : freeTexts.test(field) ? withoutSecrets : undefined;
	if (!clean) return name => name;
	const seen = new Set(before.map(row => row[field]));
	return text => (seen.has(text) ? text : clean(text));
}

function changed(row: Row, change: (field: string, value: string) => string | null): Row {
	let safe: Record<string, Value> | undefined;
	for (const field in row) {
		const value = row[field];
		if (typeof value !== 'string') continue;
		const kept = change(field, value);
		if (kept !== value) safe = {...(safe ?? row), [field]: kept};
	}
	return safe ?? row;
}
