import type {Key} from '../source/keys.ts';

/** What Ink says of one chunk of input: flags of the key, by Ink's names. */
export type InkKey = Readonly<Record<string, boolean | string | undefined>>;

const named: readonly (readonly [string, Key])[] = [
	['upArrow', 'up'],
	['downArrow', 'down'],
	['leftArrow', 'left'],
	['rightArrow', 'right'],
	['pageUp', 'pageup'],
	['pageDown', 'pagedown'],
	['home', 'home'],
	['end', 'end'],
	['return', 'enter'],
	['escape', 'esc'],
	['backspace', 'backspace'],
	['delete', 'delete'],
];

/** Milliseconds that the rest of a torn sequence may be late. */
const late = 500;

/**
 * Keys by their names. An escape sequence that a slow line tears apart comes in pieces, each of which Ink takes for keys of its own (after 20 ms):
 * an arrow must never become C. `typing`: what looks like the start of such a rest may be meant.
 */
export function keyReader(): (input: string, key: InkKey, now: number, typing: boolean) => readonly Key[] {
	let tornAt = Number.NEGATIVE_INFINITY;
	return (input, key, now, typing) => {
		const expected = now - tornAt < late;
		tornAt = Number.NEGATIVE_INFINITY;
		if (key.ctrl && input.length === 1) return [`ctrl-${input}`];
		if (key.tab) return [key.shift ? 'shift-tab' : 'tab'];
		const found = named.find(([flag]) => key[flag]);
		if (found) return [found[1]];
		if (/^[[O][\d;]*[A-Za-z~]$/.test(input) && !(typing && input[0] === 'O')) return [];
		if (expected && /^[\d;]*[A-Za-z~]$/.test(input)) return [];
		if ((expected && /^[\d;]+$/.test(input)) || /^\[[\d;]*$/.test(input) || (key.meta && input === 'O')) {
			if (typing && !expected && !key.meta) return [...input];
			tornAt = now;
			return [];
		}
		// Meta+letter is not a letter: a split escape sequence must not cancel a query.
		return key.meta ? [] : [...input].flatMap(character => (character === '\r' || character === '\n' ? ['enter'] : character === '\t' ? ['tab'] : [character]));
	};
}
