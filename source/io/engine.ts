import {setFlagsFromString} from 'node:v8';

/**
 * For a program that does little each second, and does that for weeks. Young objects: V8 would let their room grow to 64 MB in the first minutes;
 * what was enough to start is enough for a refresh. Compilers: what runs some times a second would be optimized in the first ten minutes, function
 * by function, at a third of all that the console costs; only what runs thousands of times, as with 10,000 rows, is worth it.
 */
const thrifty = ['--semi-space-growth-factor=1', '--invocation-count-for-maglev=8000', '--invocation-count-for-turbofan=30000'] as const;

/** The newest Node of which the V8 is known to have these: of others it complains on the screen. */
const newest = 25;

/** Once the program has started. */
export function saveEffort(): void {
	if (Number.parseInt(process.versions.node, 10) > newest) return;
	for (const flag of thrifty) setFlagsFromString(flag);
}
