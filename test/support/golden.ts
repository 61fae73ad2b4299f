import assert from 'node:assert/strict';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Line, Tone} from '../../source/pane.ts';
import {widthOf} from '../../views/layout.ts';
import {unpainted} from '../../views/theme.ts';

const letters: Readonly<Record<Tone, string>> = {plain: '.', dim: 'd', strong: 's', accent: 'a', good: 'g', notice: 'n', warning: 'w', critical: 'c'};

/** A letter for the tone of every cell; upper case, and `P` for plain, where it is inverse. */
function tones(line: Line): string {
	return line
		.map(({text, tone = 'plain', inverse}) => {
			const letter = letters[tone];
			return (inverse ? (letter === '.' ? 'P' : letter.toUpperCase()) : letter).repeat(widthOf(text));
		})
		.join('');
}

/** The picture as it is kept: the text, then the tones. The text loses its blanks at the right; the tones tell how wide it is. */
export function picture(lines: readonly Line[]): string {
	return [...lines.map(line => unpainted(line).trimEnd()), '=== tones ===', ...lines.map(tones), ''].join('\n');
}

/** Compares lines with test/golden/NAME.txt; `UPDATE=1` writes it. A golden that is not there fails. */
export function golden(name: string, lines: readonly Line[]): void {
	const file = fileURLToPath(new URL(`../golden/${name}.txt`, import.meta.url));
	const actual = picture(lines);
	if (process.env.UPDATE === '1') {
		mkdirSync(dirname(file), {recursive: true});
		writeFileSync(file, actual);
		return;
	}
	assert.ok(existsSync(file), `No golden named ${name}: write it with UPDATE=1, and look at it before you commit it.`);
	assert.equal(actual, readFileSync(file, 'utf8'), `The picture of ${name} has changed; UPDATE=1 accepts it.`);
}

/** The same for a whole text: test/golden/FILE, with its own ending. */
export function goldenText(file: string, actual: string): void {
	const place = fileURLToPath(new URL(`../golden/${file}`, import.meta.url));
	if (process.env.UPDATE === '1') {
		mkdirSync(dirname(place), {recursive: true});
		writeFileSync(place, actual);
		return;
	}
	assert.ok(existsSync(place), `No golden named ${file}: write it with UPDATE=1, and look at it before you commit it.`);
	assert.equal(actual, readFileSync(place, 'utf8'), `The text of ${file} has changed; UPDATE=1 accepts it.`);
}
