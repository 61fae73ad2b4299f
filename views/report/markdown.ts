import type {ColumnReport, RowReport} from '../../source/report.ts';
import {unknown} from '../format.ts';
import {cut, harmless} from '../layout.ts';
import {markOf} from '../theme.ts';
import type {Block} from './outline.ts';

/** Blocks for a ticket. A name can neither break a table nor mention anybody, link, or format anything. */
export function markdownOf(blocks: readonly Block[]): string {
	return `${blocks.map(blockOf).filter(Boolean).join('\n\n')}\n`;
}

function blockOf(block: Block): string {
	switch (block.is) {
		case 'heading':
			return `${'#'.repeat(block.level)} ${prose(block.text)}${block.note ? ` — ${prose(block.note)}` : ''}`;
		case 'facts':
			return block.items.map(([label, value]) => `- **${prose(label)}**: ${prose(value)}`).join('\n');
		case 'sentence':
			return prose(block.text);
		case 'list':
			return block.items.map(item => `- ${prose(item.text)}${item.more === undefined ? '' : `: ${code(item.more)}`}`).join('\n');
		case 'grade': {
			const {score, grade, coverage_percent, deductions} = block.grade;
			const checks = prose(`${block.evaluated} of ${block.all} checks made, ${coverage_percent} %`);
			const head = score === null ? `## Grade ${unknown}: too little was seen (${checks})` : `## Grade ${prose(`${grade}: ${score}`)} of 100 (${checks})`;
			return [head, ...(deductions.length > 0 ? [deductions.map(one => `- −${prose(String(one.points))}: ${prose(one.why)}`).join('\n')] : [])].join('\n\n');
		}
		case 'finding': {
			const items = block.items.map(([label, value]) => `- ${prose(label)}: ${/@|:\/\/|www\./i.test(value) ? code(value) : prose(value)}`);
			return [`**${markOf(block.finding.level)} ${prose(`${block.finding.level}: ${block.finding.title}`)}**`, items.join('\n')].join('\n\n');
		}
		case 'table':
			return tableOf(block.columns, block.rows, block.rest);
		case 'charts':
			return '';
	}
}

/** What leaves first on a narrow screen is not for a ticket either. */
const least = 4;
const longest = 160;

function tableOf(columns: readonly ColumnReport[], rows: readonly RowReport[], rest: number): string {
	const kept = columns.map((column, index) => ({column, index})).filter(({column, index}) => index === 0 || column.priority <= least);
	const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
	return [
		line(kept.map(({column}) => cell(column.title) || ' ')),
		line(kept.map(({column}) => (column.align === 'right' ? '---:' : '---'))),
		...rows.map(row => line(kept.map(({index}) => cell(`${index === 0 ? row.prefix : ''}${row.cells?.[index] ?? unknown}`) || ' '))),
		...(rest > 0 ? ['', `+${rest} more`] : []),
	].join('\n');
}

/** Letters, digits and signs that mean nothing to Markdown, to GitHub or to GitLab. */
const simple = /^[A-Za-z0-9\u00c0-\u024f\u2013\u2014\u2026\u2265\u2264\u2248\u2500-\u257f ,.;:%/()+?=-]*$/;

function cell(text: string): string {
	const safe = cut(text, longest).trim();
	return isSimple(safe) ? safe : code(safe);
}

function isSimple(text: string): boolean {
	return simple.test(text.replace(/(?<=[a-z0-9])_(?=[a-z0-9])/gi, '')) && !/^(?:[-+=#>]|\d+[.)])|:\/\/|www\./i.test(text);
}

/** A code span; where that can't be (pipes end a cell in there too), the tag with everything as entities. */
function code(text: string): string {
	const safe = harmless(text).trim();
	if (safe === '') return '';
	return /[|`\\]/.test(safe) ? `<code>${entities(safe)}</code>` : `\`${safe}\``;
}

function entities(text: string): string {
	return text.replace(/[^A-Za-z0-9\u00c0-\uffff ,.;:%/()+?=-]/g, sign => `&#${sign.codePointAt(0)};`).replaceAll('://', '&#58;//');
}

/** Sentences of ours with names of the server's in them: every sign that means something is escaped, and nobody is mentioned. */
function prose(text: string): string {
	return harmless(text)
		.replace(/[\\`*_{}[\]<>#|~$!&^]/g, sign => `\\${sign}`)
		.replace(/@(?=[A-Za-z0-9])/g, '@\u200b')
		.replaceAll('://', ':\u200b//')
		.replace(/\bwww\./gi, 'www\u200b.')
		.replace(/^([-+=]|\d+[.)])/, '\\$1');
}
