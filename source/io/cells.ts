import stringWidth from 'string-width';
import {graphemes} from '../graphemes.ts';

/**
 * One row of the screen. `glyphs[x]` is what stands in column x, '' in the second column of a wide glyph; `styles[x]` its SGR parameters in a fixed order, '' for none.
 * From column `firm` on, terminals may disagree about the width of a glyph.
 */
export type Row = {readonly text: string; readonly glyphs: readonly string[]; readonly styles: readonly string[]; readonly firm: number};

/** What every terminal draws in one column: letters, box drawing, blocks, braille, arrows and the marks that pgperf uses. No combining mark, nothing that could be an emoji. */
const plain =
	/^[\x20-\x7e\xa1-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u203b\u203d-\u2048\u204a-\u205e\u20a0-\u20bf\u2190-\u22ff\u2300-\u2319\u231c-\u2328\u232b-\u23e8\u2500-\u25fc\u25ff-\u2613\u2701-\u2704\u2706-\u2709\u270c-\u2727\u2729-\u274b\u274d\u274f-\u2752\u2756\u2758-\u2794\u2798-\u27af\u27b1-\u27be\u2800-\u28ff]*$/;
const ignorable = /^[\p{Default_Ignorable_Code_Point}\p{Cc}]+$/u;

const widths = new Map<string, number>();
function width(grapheme: string): number {
	let known = widths.get(grapheme);
	if (known === undefined) {
		if (widths.size > 5000) widths.clear();
		known = ignorable.test(grapheme) ? 0 : stringWidth(grapheme);
		widths.set(grapheme, known);
	}
	return known;
}

/** Text with SGR sequences -> exactly `columns` cells: cut or filled with blanks. Control characters and all other sequences are dropped. */
export function readRow(text: string, columns: number): Row {
	const glyphs: string[] = [];
	const styles: string[] = [];
	let firm = columns;
	let style = '';
	for (const [part, sgr] of text.matchAll(/\x1b\[([\d;]*)m|\x1b(?:\[[0-?]*[ -/]*[@-~]?|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)|[^\x1b]+/gs)) {
		if (sgr !== undefined) style = restyle(style, sgr);
		else if (part.startsWith('\x1b')) continue;
		else if (plain.test(part)) {
			for (const glyph of part) {
				glyphs.push(glyph);
				styles.push(style);
			}
		} else {
			for (const {segment} of graphemes(part)) {
				const wide = width(segment);
				if (!plain.test(segment)) firm = Math.min(firm, glyphs.length);
				if (wide === 0) continue;
				// A wide glyph that would be cut leaves a blank.
				const glyph = glyphs.length < columns && glyphs.length + wide > columns ? ' ' : segment;
				glyphs.push(glyph);
				styles.push(style);
				for (let rest = 1; rest < wide; rest++) {
					glyphs.push('');
					styles.push(style);
				}
			}
		}
	}
	glyphs.length = Math.min(glyphs.length, columns);
	styles.length = glyphs.length;
	while (glyphs.length < columns) {
		glyphs.push(' ');
		styles.push('');
	}
	return {text, glyphs, styles, firm};
}

/** Which attribute an SGR parameter sets; parameters of the same slot replace each other. */
function slot(parameter: string): string {
	const code = Number.parseInt(parameter, 10);
	if (code === 38 || (code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return '38';
	if (code === 48 || (code >= 40 && code <= 47) || (code >= 100 && code <= 107)) return '48';
	if (code === 21) return '4';
	if (code === 6) return '5';
	return String(code);
}
/** Others are dropped. */
const order = ['1', '2', '3', '4', '5', '7', '8', '9', '53', '38', '48', '58'];
const off: Readonly<Record<string, readonly string[]>> = {
	'22': ['1', '2'],
	'23': ['3'],
	'24': ['4'],
	'25': ['5'],
	'27': ['7'],
	'28': ['8'],
	'29': ['9'],
	'55': ['53'],
	'39': ['38'],
	'49': ['48'],
	'59': ['58'],
};
const offOf: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(off).flatMap(([code, slots]) => slots.map(name => [name, code])));

/** '1;38;5;8;41' -> ['1', '38;5;8', '41'] */
function parameters(text: string): string[] {
	return (text.match(/[345]8;5;\d+|[345]8;2;\d+;\d+;\d+|\d+/g) ?? []).map(parameter => parameter.replace(/^0+(?=\d)/, ''));
}
function slots(style: string): Map<string, string> {
	return new Map(parameters(style).map(parameter => [slot(parameter), parameter]));
}

/** Few styles exist; a bound keeps a hostile run of true colours from growing the process. */
function remember(compute: (a: string, b: string) => string): (a: string, b: string) => string {
	const known = new Map<string, string>();
	return (a, b) => {
		const key = `${a}>${b}`;
		let result = known.get(key);
		if (result === undefined) {
			if (known.size > 2000) known.clear();
			result = compute(a, b);
			known.set(key, result);
		}
		return result;
	};
}

const restyle = remember((style, sgr) => {
	const set = slots(style);
	for (const parameter of sgr === '' ? ['0'] : parameters(sgr)) {
		const ended = off[parameter];
		if (parameter === '0') set.clear();
		else if (ended) for (const name of ended) set.delete(name);
		else set.set(slot(parameter), parameter);
	}
	return order.flatMap(name => set.get(name) ?? []).join(';');
});

/** The shortest SGR sequence that leads from one style to another. */
export const transition = remember((from, to) => {
	if (from === to) return '';
	if (to === '') return '\x1b[m';
	const old = slots(from);
	const next = slots(to);
	const ended = new Set([...old.keys()].filter(name => !next.has(name)).map(name => offOf[name] as string));
	// 22 ends both bold and dim.
	const added = [...next].filter(([name, parameter]) => old.get(name) !== parameter || ended.has(offOf[name] as string)).map(([, parameter]) => parameter);
	const change = `\x1b[${[...ended, ...added].join(';')}m`;
	const anew = `\x1b[0;${to}m`;
	return change.length <= anew.length ? change : anew;
});
