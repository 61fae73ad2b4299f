import type {Line, Segment} from '../../source/pane.ts';
import {pad, toWidth, widthOf, wrap} from '../layout.ts';

/** `note` stands to the right, a key or a hint; `disabled` is the reason why it can't be chosen. */
export type MenuItem = {readonly text: string; readonly note?: string; readonly disabled?: string};

export type MenuOptions = {
	/** Index of the item under the cursor; -1 for none. */
	readonly cursor: number;
	/** What was typed so far; without it there is no line to type in. */
	readonly filter?: string;
	readonly width: number;
	readonly height: number;
	/** Said when nothing passes the filter. */
	readonly empty?: string;
};

/** A list to choose from, already filtered: as many lines as are needed, `height` at most, the cursor always among them. */
export function menuLines(items: readonly MenuItem[], options: MenuOptions): Line[] {
	const {cursor, filter, width, height, empty = 'nothing matches'} = options;
	const head: Line[] = filter === undefined ? [] : [toWidth([{text: '/ ', tone: 'dim'}, {text: filter}, {text: ' ', inverse: true}], width)];
	const room = Math.max(0, height - head.length);
	if (items.length === 0) return [...head, toWidth([{text: empty, tone: 'dim'}], width)].slice(0, Math.max(0, height));
	const label = Math.min(Math.max(...items.map(item => widthOf(item.text))), Math.floor(width * 0.6));
	// Whole reasons where there is room for all of them.
	const whole = items.length > room ? [] : items.flatMap((item, i) => itemLines(item, i === cursor, label, width));
	if (whole.length > 0 && whole.length <= room) return [...head, ...whole];
	const needsNote = items.length > room && room > 1;
	const shown = needsNote ? room - 1 : room;
	const first = Math.max(0, Math.min(cursor - Math.floor(shown / 2), items.length - shown));
	const rows = items.slice(first, first + shown).map((item, i) => itemLine(item, first + i === cursor, label, width));
	const where: Line[] = needsNote ? [toWidth([{text: `${first + 1}-${first + rows.length} of ${items.length}`, tone: 'dim'}], width)] : [];
	return [...head, ...rows, ...where].slice(0, Math.max(0, height));
}

function itemLines(item: MenuItem, selected: boolean, label: number, width: number): Line[] {
	const room = width - label - 4;
	if (room < 20) return [itemLine(item, selected, label, width)];
	return wrap(item.disabled ?? item.note ?? '', room).map((note, i) =>
		itemLine({...item, text: i === 0 ? item.text : '', ...(item.disabled === undefined ? {note} : {disabled: note})}, selected, label, width, i === 0),
	);
}

function itemLine(item: MenuItem, selected: boolean, label: number, width: number, first = true): Line {
	const note = item.disabled ?? item.note ?? '';
	const tone = item.disabled === undefined ? 'plain' : 'dim';
	const line: Segment[] = [{text: selected && first ? '> ' : '  '}, {text: pad(item.text, label), tone}, {text: note ? `  ${note}` : '', tone: 'dim'}];
	const exact = toWidth(line, width);
	return selected ? [{text: exact.map(segment => segment.text).join(''), inverse: true, ...(item.disabled === undefined ? {} : {tone: 'dim'})}] : exact;
}
