/**
 * A screen as Ink gets it: not its lines, but one short name for all of them. Ink lays each text out by itself and takes it apart three
 * times before it writes it (12 ms a frame of 180x50); one name costs it next to nothing, and a screen that stays keeps its name.
 */
export type References = {
	of(lines: readonly string[]): string;
	/** Undefined for what is no reference, or a screen of long ago. */
	linesOf(reference: string): readonly string[] | undefined;
};

/** Ink may write a frame a little later than it was made, and never an older one after a newer. */
const kept = 8;

export function createReferences(): References {
	let count = 0;
	let newest = '';
	const screens = new Map<string, readonly string[]>();
	return {
		of(lines) {
			const last = screens.get(newest);
			if (last?.length === lines.length && lines.every((line, row) => line === last[row])) return newest;
			newest = `screen ${++count}`;
			screens.set(newest, lines);
			screens.delete(`screen ${count - kept}`);
			return newest;
		},
		linesOf: reference => screens.get(reference),
	};
}
