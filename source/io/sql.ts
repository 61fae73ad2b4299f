import {readFileSync} from 'node:fs';
import {type Arguments, nearestOf} from '../arguments.ts';
import {names, pick} from '../catalog.ts';
import type {Facts, Query} from '../pane.ts';
import {plain} from '../plain.ts';
import {isProblem, type Problem} from './conninfo.ts';
import {within as folder, loadCatalog} from './files.ts';
import {print} from './output.ts';
import {createLink} from './postgres.ts';
import {setUp} from './setup.ts';

/** `pgperf sql`: without a name all that can be sent; with one the variant for this server, as its file has it. */
export async function sql(options: Arguments): Promise<number | Problem> {
	const catalog = loadCatalog();
	const all = names(catalog);
	const [name] = options.input;
	if (name === undefined) {
		const width = Math.max(...all.map(one => one.length));
		return (await print(all.map(one => `${one.padEnd(width)}  ${catalog.get(one)![0]!.about}\n`).join(''))) ?? 0;
	}
	if (!all.includes(name)) {
		const near = nearestOf(name, all);
		return {problem: `There is no query "${name}".${near ? ` Did you mean "${near}"?` : ''} pgperf sql lists them.`, exit: 64};
	}
	const setup = setUp({...options, flags: {...options.flags, 'read-only': true}}, undefined);
	if (isProblem(setup)) return setup;
	const facts = await factsOf(setup.servers[0]!);
	if (isProblem(facts)) return facts;
	const picked = pick(catalog, name, facts);
	if ('skipped' in picked)
		return (
			(await print(
				`-- ${name} is not sent to this server: ${plain(`${picked.skipped.reason}${picked.skipped.remedy ? `; ${picked.skipped.remedy}` : ''}`)}\n`,
			)) ?? 0
		);
	return (await print(textOf(picked.query, facts))) ?? 0;
}

async function factsOf(server: {readonly id: string; readonly opening: Parameters<typeof createLink>[0]['opening']}): Promise<Facts | Problem> {
	let facts: Facts | undefined;
	let refused: string | undefined;
	const link = createLink({
		...server,
		catalog: loadCatalog(),
		dispatch: event => {
			if (event.type === 'connected') facts = event.facts;
			if (event.type === 'lost') refused ??= event.message;
		},
		now: () => performance.now(),
		companion: true,
	});
	const problem = await link.start();
	await link.stop();
	return facts ?? problem ?? {problem: refused ?? 'The server told nothing about itself.', exit: 69};
}

/** The file as it is read by people; what is sent is the same on one line, with the marker in front. */
function textOf(query: Query, facts: Facts): string {
	const text = readFileSync(folder('queries', query.file), 'utf8').trimEnd();
	return `-- queries/${query.file}, for PostgreSQL ${plain(facts.version)}\n${text};\n`;
}
