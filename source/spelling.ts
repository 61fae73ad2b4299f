/**
 * How names and strings of a server are written in SQL that people read, copy and run: what can't be seen, what reorders, and what a
 * clipboard or a mail would change is spelt out (`U&"a\200B"`), so that the text still means the object that it was made for.
 */

/** Words that the grammar takes for its own where a name is expected; quoting more of them than one version needs does no harm. */
const reserved = new Set(
	`all analyse analyze and any array as asc asymmetric authorization between binary bigint bit boolean both case cast char character check coalesce collate
	collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user
	dec decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping
	having ilike in initially inner inout int integer intersect interval into is isnull join json lateral leading least left like limit localtime localtimestamp
	merge_action national natural nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position
	precision primary real references returning right row select session_user setof similar smallint some substring symmetric system_user table tablesample then
	time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement
	xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** What no screen shows as it is, as the inside of a character class: it takes no room, reorders, joins, or has a width of its own in each terminal. */
export const unseen = String.raw`\p{C}\p{Me}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}\p{Regional_Indicator}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb`;

const odd = new RegExp(String.raw`[${unseen}\p{M}]|(?! )\p{Zs}`, 'u');

/** Whether it would be lost, or become another one, on the way through a screen and a clipboard. */
function isOdd(character: string): boolean {
	return odd.test(character) || character.normalize('NFC') !== character;
}

function isPlain(text: string): boolean {
	return !/[^\x20-\x7e]/.test(text) || ![...text].some(isOdd);
}

/** As format('%I') writes it, where nothing in it is odd. */
export function identifier(name: string): string {
	return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : spelled(`"${name.replaceAll('"', '""')}"`);
}

/** As format('%L') writes it, where nothing in it is odd. */
export function literal(text: string): string {
	return spelledSql(text.includes('\\') ? `E'${text.replace(/['\\]/g, '$&$&')}'` : `'${text.replaceAll("'", "''")}'`);
}

const quotedNames = /((?:\b[uU]&)?)"((?:[^"]|"")*)"/g;

/** Quoted names, also among words that are no SQL. */
export function spelled(text: string): string {
	if (isPlain(text)) return text;
	return text.replace(quotedNames, (whole, prefix: string, name: string) => (prefix !== '' || isPlain(name) ? whole : `U&"${escapes(name)}"`));
}

/** What has to be read as a whole in a statement. Texts are cut somewhere: what is not closed is left as it is. */
const whole =
	/--(?<line>[^\n\r]*)|(?<block>\/\*)|(?<before>(?:\b[uU]&)?)"(?<name>(?:[^"]|"")*)"|\b[eE]'(?<escaped>(?:[^'\\]|\\[\s\S]|'')*)'|(?<mark>(?:\b[uU]&)?)'(?<text>(?:[^']|'')*)'|(?<![\w$\x80-\uffff])\$(?<tag>(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$(?<body>[\s\S]*?)\$\k<tag>\$/g;

type Part = {readonly [name in 'line' | 'before' | 'name' | 'escaped' | 'mark' | 'text' | 'body']?: string};

function rewritten(sql: string, change: (text: string, part: Part) => string): string {
	// Of its own: a change may rewrite what it finds within.
	const reader = new RegExp(whole);
	let text = '';
	let done = 0;
	for (let found = reader.exec(sql); found; found = reader.exec(sql)) {
		if (found.groups!.block !== undefined) reader.lastIndex = endOfComment(sql, found.index);
		text += sql.slice(done, found.index) + change(sql.slice(found.index, reader.lastIndex), found.groups!);
		done = reader.lastIndex;
	}
	return text + sql.slice(done);
}

/** Of a comment that begins at `start`: they nest. What is not closed goes on to the end. */
export function endOfComment(sql: string, start: number): number {
	let depth = 0;
	for (const {0: mark, index} of sql.slice(start).matchAll(/\/\*|\*\//g)) {
		depth += mark === '/*' ? 1 : -1;
		if (depth === 0) return start + index + mark.length;
	}
	return sql.length;
}

/** A whole statement: names and strings. */
export function spelledSql(sql: string): string {
	if (isPlain(sql)) return sql;
	return rewritten(sql, (part, {before, name, escaped, mark, text}) => {
		if (name !== undefined) return before !== '' || isPlain(name) ? part : `U&"${escapes(name)}"`;
		if (escaped !== undefined) return `E'${[...escaped].map(one => (isOdd(one) ? escapeOf(one) : one)).join('')}'`;
		if (text !== undefined) return mark !== '' || isPlain(text) ? part : `U&'${escapes(text)}'`;
		return part;
	});
}

/**
 * The same statement where line feeds are lost, as a shell would take them for Enter: a comment to the end of its line would take the
 * rest of the statement with it (`delete from orders -- the old ones`, and the condition in the next line).
 */
export function inOneLine(sql: string): string {
	if (isPlain(sql) && !sql.includes('--')) return sql;
	return rewritten(sql, (part, {line, body}) => {
		if (line !== undefined) return `/* ${line.replace(/\*(?=\/)|\/(?=\*)/g, '$& ').trim()} */`;
		// Between dollars nothing can be spelt out.
		return body === undefined || isPlain(body) ? part : literal(body);
	});
}

function escapes(text: string): string {
	return [...text]
		.map(one => {
			if (one === '\\') return '\\\\';
			if (!isOdd(one)) return one;
			const code = one.codePointAt(0)!.toString(16).toUpperCase();
			return code.length > 4 ? `\\+${code.padStart(6, '0')}` : `\\${code.padStart(4, '0')}`;
		})
		.join('');
}

function escapeOf(one: string): string {
	const code = one.codePointAt(0)!.toString(16);
	return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}

/** `<U+200B>`: for those who read it, not for PostgreSQL. */
export function spelt(character: string): string {
	return `<U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`;
}

const untypable = new RegExp(String.raw`[${unseen}]|(?! )\p{Zs}`, 'u');
const foreign = /(?!\p{Script=Latin})\p{L}/u;

/**
 * A name as it is typed to confirm what is done to it: two names never look the same. What nobody could see or type is spelt, and so is what
 * only looks like another letter: compatibility forms, and letters of another alphabet in a Latin word.
 */
export function typedForm(name: string): string {
	const composed = name.normalize('NFC') === name;
	return name.replace(/[\p{L}\p{M}\p{N}\p{Cf}]+|[^\p{L}\p{M}\p{N}\p{Cf}]+/gu, (run, at: number) => {
		const mixed = /[A-Za-z]/.test(run);
		return [...run]
			.map((one, index, all) => {
				const edge = one === ' ' && ((at === 0 && index === 0) || (at + run.length === name.length && index === all.length - 1) || all[index + 1] === ' ');
				const doubtful = edge || untypable.test(one) || one.normalize('NFKC') !== one || (mixed && foreign.test(one)) || (!composed && /\p{M}/u.test(one));
				return doubtful ? spelt(one) : one;
			})
			.join('');
	});
}
