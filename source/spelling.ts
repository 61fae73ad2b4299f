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

const tokens =
	/--[^\n]*|\/\*[\s\S]*?\*\/|((?:\b[uU]&)?)"((?:[^"]|"")*)"|\b[eE]'((?:[^'\\]|\\[\s\S]|'')*)'|((?:\b[uU]&)?)'((?:[^']|'')*)'|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\6\$/g;

/** A whole statement: names and strings. */
export function spelledSql(sql: string): string {
	if (isPlain(sql)) return sql;
	return sql.replace(
		tokens,
		(whole, before: string | undefined, name: string | undefined, escaped: string | undefined, mark: string | undefined, text: string | undefined) => {
			if (name !== undefined) return before !== '' || isPlain(name) ? whole : `U&"${escapes(name)}"`;
			if (escaped !== undefined) return `E'${[...escaped].map(one => (isOdd(one) ? escapeOf(one) : one)).join('')}'`;
			if (text !== undefined) return mark !== '' || isPlain(text) ? whole : `U&'${escapes(text)}'`;
			return whole;
		},
	);
}

const breaking =
	/--(?<comment>[^\n]*)|\/\*[\s\S]*?\*\/|"(?:[^"]|"")*"|\b[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|\$(?<tag>[A-Za-z_]\w*)?\$(?<body>[\s\S]*?)\$\k<tag>\$/g;

/**
 * The same statement where line feeds are lost, as a shell would take them for Enter: a comment to the end of its line would take the
 * rest of the statement with it (`delete from orders -- the old ones`, and the condition in the next line).
 */
export function inOneLine(sql: string): string {
	if (!sql.includes('\n') && !sql.includes('--')) return sql;
	return sql.replace(breaking, (whole, ...found) => {
		const {comment, body} = found.at(-1) as {readonly comment?: string; readonly body?: string};
		if (comment !== undefined) return `/* ${comment.replace(/\*(?=\/)|\/(?=\*)/g, '$& ').trim()} */`;
		return body?.includes('\n') ? literal(body) : whole;
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
