import type {ColumnReport, GradeReport, RowReport} from '../../source/report.ts';
import {unknown} from '../format.ts';
import {cut} from '../layout.ts';
import {markOf} from '../theme.ts';
import {svgOf} from './chart.ts';
import {escaped} from './escape.ts';
import {type Block, moves} from './outline.ts';
import {style} from './style.ts';

/** One page that needs nothing else and does nothing: no script, no address, nothing loaded. Every text of a server is escaped. */
export function htmlOf(blocks: readonly Block[], title: string): string {
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${blocks.map(blockOf).join('\n')}
</main>
</body>
</html>
`;
}

function blockOf(block: Block): string {
	switch (block.is) {
		case 'heading': {
			const note = block.note ? ` <small>${escaped(block.note)}</small>` : '';
			return `<h${block.level}>${escaped(block.text)}${note}</h${block.level}>`;
		}
		case 'facts':
			return pairs('facts', block.items);
		case 'sentence':
			return `<p${classOf(block.tone)}>${escaped(block.text)}</p>`;
		case 'list':
			return `<ul>${block.items.map(item => `<li>${escaped(item.text)}${item.more === undefined ? '' : `<br><code>${escaped(item.more)}</code>`}</li>`).join('')}</ul>`;
		case 'grade':
			return gradeOf(block.grade, `${block.evaluated} of ${block.all} checks made, ${block.grade.coverage_percent} %`);
		case 'finding': {
			const {level, title} = block.finding;
			return `<article${classOf(`is-${level}`)}><h3>${markOf(level)} <span>${escaped(level)}</span> ${escaped(title)}</h3>${pairs('evidence', block.items)}</article>`;
		}
		case 'table':
			return tableOf(block.columns, block.rows, block.rest);
		case 'charts':
			return `<div class="charts">${block.series.filter(moves).map(svgOf).join('')}</div>`;
	}
}

/** A report may be a file that somebody else has written: not even its levels are taken for what they should be. */
function classOf(...names: readonly (string | undefined)[]): string {
	const kept = names.filter(Boolean).join(' ');
	return kept ? ` class="${escaped(kept)}"` : '';
}

function pairs(name: string, items: readonly (readonly [string, string])[]): string {
	return `<dl class="${name}">${items.map(([label, value]) => `<div><dt>${escaped(label)}</dt><dd>${escaped(value)}</dd></div>`).join('')}</dl>`;
}

function gradeOf(grade: GradeReport, checks: string): string {
	const {score, deductions} = grade;
	const head =
		score === null
			? `<b class="mark">${unknown}</b><p>Too little was seen for a grade: ${escaped(checks)}</p>`
			: `<b${classOf('mark', `grade-${grade.grade}`)}>${escaped(String(grade.grade))}</b><p><b>${escaped(String(score))}</b> of 100<br><small>${escaped(checks)}</small></p>`;
	const list = deductions.map(one => `<tr><td class="right">−${escaped(String(one.points))}</td><td>${escaped(one.why)}</td></tr>`).join('');
	return `<section class="grade">${head}${list ? `<div class="scroll"><table>${list}</table></div>` : ''}</section>`;
}

function tableOf(columns: readonly ColumnReport[], rows: readonly RowReport[], rest: number): string {
	const side = (column: ColumnReport) => (column.align === 'right' ? 'right' : '');
	const head = columns.map(column => `<th${classOf(side(column))}>${escaped(column.title)}</th>`).join('');
	const body = rows.map(row => {
		const cells = columns.map((column, index) => {
			const branch = index === 0 && row.prefix ? `<span class="branch">${escaped(row.prefix).replaceAll(' ', '\u00a0')}</span>` : '';
			const wide = column.grow > 0 ? 'wide' : undefined;
			return `<td${classOf(index === 0 && row.prefix ? '' : side(column), wide, row.tones?.[column.field])}>${branch}${cellOf(row.cells?.[index] ?? unknown)}</td>`;
		});
		return `<tr>${cells.join('')}</tr>`;
	});
	return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>${rest > 0 ? `<p class="dim">+${rest} more</p>` : ''}`;
}

const longest = 200;

/** A long query opens on a touch; the page itself stays short. */
function cellOf(text: string): string {
	if (text.length <= longest) return escaped(text);
	return `<details><summary>${escaped(cut(text, longest - 40))}</summary>${escaped(text)}</details>`;
}
