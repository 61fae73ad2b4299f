import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {commands, help, helpOf} from '../source/commands.ts';
import {bindings} from '../source/keys.ts';
import {screenOf} from '../views/frame.ts';
import {panes} from '../views/panes/index.ts';
import {unpainted} from '../views/theme.ts';
import {recorded} from './support/recorded.ts';

const file = fileURLToPath(new URL('../README.md', import.meta.url));

/** A part of the README that is made, not written: stale is a failure, `UPDATE=1` writes it. */
function part(name: string, text: string): void {
	const readme = readFileSync(file, 'utf8');
	const found = new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)([\\s\\S]*?)(<!-- end of ${name} -->)`).exec(readme);
	assert.ok(found, `README.md has no part "${name}"`);
	if (process.env.UPDATE === '1')
		writeFileSync(
			file,
			readme.replace(found[0], () => `${found[1]}${text}\n${found[3]}`),
		);
	else assert.equal(found[2], `${text}\n`, `the part "${name}" of README.md is stale: UPDATE=1 writes it`);
}

const fenced = (text: string) => `\`\`\`text\n${text.trimEnd()}\n\`\`\``;

test('the screenshot is what the console paints of a recorded server', () => {
	const lines = screenOf(recorded('locks', {columns: 120, rows: 24}));
	part('screen', fenced(lines.map(line => unpainted(line).trimEnd()).join('\n')));
});

test('usage is the help, word for word', () => {
	part('usage', [help(), ...commands.map(helpOf)].map(fenced).join('\n\n'));
});

test('the key table is the key table', () => {
	const rows = bindings.map(binding => [binding.show, binding.does, 'everywhere']);
	const actions = new Map<string, {key: string; does: string; where: string[]}>();
	for (const pane of panes) {
		for (const action of pane.tables.flatMap(table => table.actions ?? [])) {
			const entry = actions.get(`${action.key} ${action.label}`) ?? {key: action.key, does: action.label.toLowerCase(), where: []};
			if (!entry.where.includes(pane.title)) entry.where.push(pane.title);
			actions.set(`${action.key} ${action.label}`, entry);
		}
	}
	const all = [...rows, ...[...actions.values()].map(one => [one.key, one.does, one.where.join(', ')])];
	const cell = (text: string) => text.replaceAll('|', '\\|');
	part('keys', ['| key | does | where |', '|---|---|---|', ...all.map(([key, does, where]) => `| \`${cell(key!)}\` | ${cell(does!)} | ${where} |`)].join('\n'));
});

test('the README opens with the two commands, and names every command and pane', () => {
	const readme = readFileSync(file, 'utf8');
	assert.match(readme, /^# pgperf\n\n[^\n]+\n\n```sh\nnpm ci && npm run demo[^\n]*\nnpm ci && npm test/);
	for (const pane of panes)
		if (pane.key !== undefined) assert.ok(readme.includes(`| ${pane.key} ${pane.title} |`), `${pane.title} is not in the table of panes`);
});
