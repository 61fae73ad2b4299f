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

/**
 * Keys by their names. What is left of a sequence that came without its Esc is no key: an arrow must never become C.
 * `typing`: what looks like such a rest may be meant.
 */
export function keysOf(input: string, key: InkKey, typing: boolean): readonly Key[] {
	// Terminals with the kitty protocol may tell that a key was let go, and have keys that others keep for themselves.
	if (key.eventType === 'release' || key.super || key.hyper) return [];
	if (key.ctrl && input.length === 1) return [`ctrl-${input}`];
	if (key.tab) return [key.shift ? 'shift-tab' : 'tab'];
	const found = named.find(([flag]) => key[flag]);
	if (found) return [found[1]];
	if (/^[[O][\d;]*[A-Za-z~]$/.test(input) && !(typing && input[0] === 'O')) return [];
	// Meta+letter is not a letter: a split escape sequence must not cancel a query.
	if (key.meta) return [];
	if (key.shift && /^[a-z]$/.test(input)) return [input.toUpperCase()];
	return [...input].map(keyOf);
}

function keyOf(character: string): Key {
	if (character === '\r' || character === '\n') return 'enter';
	if (character === '\t') return 'tab';
	// In a chunk with others Ink does not take it for a key of its own.
	return character < ' ' ? `ctrl-${String.fromCharCode(character.charCodeAt(0) + 96)}` : character;
}
