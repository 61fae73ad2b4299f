/**
 * A line of the screen as Ink gets it: not its text, but a short name for it. Ink takes each line apart three times before it writes it (12 ms a frame
 * of 180x50), the terminal once more; a name of a few letters costs it nothing, and a line that stays keeps its name.
 */
export type References = {
	of(text: string): string;
	/** What is no reference is the text itself. */
	textOf(reference: string): string;
};

/** More than the lines of two screens: the older half is forgotten, and whatever is on a screen is named anew with each frame. */
const kept = 1000;

export function createReferences(): References {
	let count = 0;
	let young = new Map<string, string>();
	let old = new Map<string, string>();
	let texts = new Map<string, string>();
	let oldTexts = new Map<string, string>();
	return {
		of(text) {
			const known = young.get(text);
			if (known !== undefined) return known;
			if (young.size >= kept) {
				[old, oldTexts] = [young, texts];
				young = new Map();
				texts = new Map();
			}
			const reference = old.get(text) ?? (++count).toString(36);
			young.set(text, reference);
			texts.set(reference, text);
			return reference;
		},
		textOf: reference => texts.get(reference) ?? oldTexts.get(reference) ?? reference,
	};
}
