import type {Arguments} from '../arguments.ts';
import {type Changes, compare} from '../compare.ts';
import type {Report} from '../report.ts';
import {isProblem, type Problem} from './conninfo.ts';
import {hasColour, outputWidth, print} from './output.ts';
import {fromFile, readReport} from './report.ts';
import {textOf} from './setup.ts';

export type DiffFace = {
	readonly changed: (
		a: Report,
		b: Report,
		found: {readonly pairs: readonly Changes[]; readonly alone: readonly string[]},
		options: {readonly format: 'text' | 'markdown'; readonly width: number; readonly colour: boolean; readonly ascii: boolean},
	) => string;
};

/** `pgperf diff A B`: what changed between two saved reports. */
export async function diff(options: Arguments, face: DiffFace): Promise<number | Problem> {
	const [first, second] = options.input;
	if (first === undefined || second === undefined)
		return {problem: 'diff takes two reports that were saved with --format json: pgperf diff before.json after.json.', exit: 64};
	const format = textOf(options, 'format') ?? 'text';
	if (format !== 'text' && format !== 'markdown') return {problem: `--format takes text or markdown, not "${format}".`, exit: 64};
	const a = readReport(first);
	if (isProblem(a)) return a;
	const b = readReport(second);
	if (isProblem(b)) return b;
	const output = textOf(options, 'output');
	const colour = hasColour(!options.flags['no-color'] && !process.env.NO_COLOR, output);
	const text = fromFile(
		() => face.changed(a, b, compare(a, b), {format, width: outputWidth(), colour, ascii: options.flags.ascii === true}),
		`${first} or ${second}`,
	);
	if (typeof text !== 'string') return text;
	return (await print(text, output)) ?? 0;
}
