import type {Row, Value} from './pane.ts';

/** What becomes of the query texts in a report: literals masked, kept (passwords never are), or no query texts at all. */
export type Literals = 'masked' | 'kept' | 'removed';

const literal = '?';

/**
 * What has to be read as a whole in SQL: (1) comments; (2) quoted names, parameters, and runs of words with what stands between them;
 * (3) plain strings; (4) escape strings, dollar quotes, numbers. Texts are cut somewhere by their queries: what is not closed goes on to the end.
 */
const token = new RegExp(
	[
		String.raw`(--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$))`,
		String.raw`("(?:[^"]|"")*(?:"|$)|\$\d+|(?:(?![eEbBxXnN]'|[uU]&')[A-Za-z_\x80-\uffff][\w$.\x80-\uffff]*|[\s,()=<>+*;:[\]%!]+){1,64})`,
		"((?:[uU]&|[bBxXnN])?'(?:[^']|'')*(?:'|$))",
		String.raw`([eE]'(?:[^'\\]|\\[\s\S]?|'')*(?:'|$)|\$(?<tag>(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$(?:(?!\$\k<tag>\$)[\s\S])*(?:\$\k<tag>\$|$)|(?:\d[\w.]*|\.\d[\w.]*)(?:(?<=[eE])[+-]\d+)?)`,
	].join('|'),
	'g',
);

/** The query without the values in it: every string and number is `?`. Names, parameters and the marks of comments stay. */
export function masked(sql: string): string {
	let text = '';
	let done = 0;
	for (const match of sql.matchAll(token)) {
		const [whole, comment, kept, string] = match;
		text += sql.slice(done, match.index);
		done = match.index + whole.length;
		text += comment !== undefined ? commentOf(comment) : (kept ?? literal);
		// With standard_conforming_strings off, `\'` would not end the string: nobody can tell where it ends, and all that follows goes.
		if (string?.includes("\\'")) return `${text} …`;
	}
	return text + sql.slice(done);
}

/** Tracing tools write values into comments; words there say which code asked. */
function commentOf(text: string): string {
	return text.replace(/'[^']*'?/g, literal).replace(/\d+(?:[.,:-]\d+)*/g, literal);
}

/** What stays even when literals are kept: nobody wants a password in a ticket. */
export function withoutPasswords(sql: string): string {
	return sql
		.replace(/(\bpassword\s*(?:=\s*)?)(?:[eE]|[uU]&)?'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/gi, `$1${literal}`)
		.replace(/(\bpassword\s*=\s*)[^\s'"]+/gi, `$1${literal}`)
		.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/'"]*:)[^\s@'"]*@/gi, `$1${literal}@`);
}

/** Fields of queries/*.sql that hold SQL of somebody else, or words of the server that quote it. Definitions of indexes are no data. */
const texts = /(?:^|_)(?:query|command|message|error)$/;

export function isQueryText(field: string): boolean {
	return texts.test(field);
}

/** Rows as they may be written to a file: query texts as `literals` says, and no password anywhere (settings hold connection strings). */
export function withoutLiterals(rows: readonly Row[], literals: Literals): readonly Row[] {
	return rows.map(row => {
		let safe: Record<string, Value> | undefined;
		for (const [field, value] of Object.entries(row)) {
			if (typeof value !== 'string') continue;
			const kept = isQueryText(field) ? safeText(value, literals) : secret.test(value) ? withoutPasswords(value) : value;
			if (kept !== value) safe = {...(safe ?? row), [field]: kept};
		}
		return safe ?? row;
	});
}

const secret = /password|:\/\//i;

function safeText(text: string, literals: Literals): string | null {
	switch (literals) {
		case 'masked':
			return masked(text);
		case 'kept':
			return withoutPasswords(text);
		case 'removed':
			return null;
	}
}
