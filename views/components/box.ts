import type {Line, Tone} from '../../source/pane.ts';
import {between, cut, joined, toWidth, widthOf} from '../layout.ts';

/** What a frame takes of its width: an edge and a blank cell on either side. */
export const frameWidth = 4;

/** Lines in a frame of exactly `width` cells, two lines higher than they are. */
export function framed(title: string, lines: readonly Line[], width: number, tone: Tone = 'plain'): Line[] {
	const inner = Math.max(0, width - frameWidth);
	const name = title === '' ? '' : ` ${cut(title, Math.max(1, inner - 1))} `;
	const rest = Math.max(0, width - 2 - widthOf(name));
	const top = toWidth(
		[
			{text: '┌', tone},
			{text: name, tone: tone === 'plain' ? 'strong' : tone},
			{text: `${'─'.repeat(rest)}┐`, tone},
		],
		width,
	);
	const body = lines.map(line => toWidth([{text: '│ ', tone}, ...toWidth(line, inner), {text: ' │', tone}], width));
	return [top, ...body, toWidth([{text: `└${'─'.repeat(Math.max(0, width - 2))}┘`, tone}], width)];
}

/** `box` laid over `under`, its left upper corner at `top`, `left`; what hangs over the edges is cut. All lines stay `width` cells wide. */
export function overlay(under: readonly Line[], box: readonly Line[], top: number, left: number, width: number): Line[] {
	const boxWidth = Math.max(0, ...box.map(line => line.reduce((sum, segment) => sum + widthOf(segment.text), 0)));
	return under.map((line, row) => {
		const over = box[row - top];
		if (!over) return toWidth(line, width);
		const ground = toWidth(line, width);
		const start = Math.max(0, left);
		const end = Math.min(width, left + boxWidth);
		const patch = between(toWidth(over, boxWidth), start - left, end - left);
		return joined([...between(ground, 0, start), ...patch, ...between(ground, end, width)]);
	});
}

/** `box` in the middle of a screen of lines. */
export function centred(under: readonly Line[], box: readonly Line[], width: number): Line[] {
	const boxWidth = Math.max(0, ...box.map(line => line.reduce((sum, segment) => sum + widthOf(segment.text), 0)));
	return overlay(under, box, Math.max(0, Math.floor((under.length - box.length) / 2)), Math.max(0, Math.floor((width - boxWidth) / 2)), width);
}

/** The furthest that a text of `total` lines scrolls in a window of `height` of which one line tells where one is. */
export function lastTop(total: number, height: number): number {
	return total <= height ? 0 : Math.max(0, total - Math.max(1, height - 1));
}

/** A window of `height` lines; where there is more, its last line says so. */
export function windowed(lines: readonly Line[], height: number, top: number, width: number): Line[] {
	if (height <= 0) return [];
	if (lines.length <= height) return lines.map(line => toWidth(line, width));
	const first = Math.min(Math.max(0, top), lastTop(lines.length, height));
	const shown = lines.slice(first, first + Math.max(1, height - 1));
	const above = first;
	const below = lines.length - first - shown.length;
	const words = [above > 0 ? `↑ ${above} more` : '', below > 0 ? `↓ ${below} more` : ''].filter(Boolean).join('  ');
	const all = height > 1 ? [...shown, [{text: words, tone: 'dim'}] satisfies Line] : shown;
	return all.map(line => toWidth(line, width));
}
