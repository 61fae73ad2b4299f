// The licences of what is bundled: found by the bundler's own account of its inputs.
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {Metafile} from 'esbuild';

/** Writes THIRD-PARTY-LICENSES: one entry for each package with a file in the bundle, in the order of their names. */
export function writeLicences(root: string, metafile: Metafile): void {
	const packages = new Set<string>();
	for (const input of Object.keys(metafile.inputs)) {
		const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input);
		if (found) packages.add(found[0]);
	}
	const entries = [...packages].map(folder => {
		const manifest = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as {
			readonly name: string;
			readonly version: string;
			readonly license?: string;
		};
		const file = readdirSync(path.join(root, folder)).find(name => /^licen[cs]e/i.test(name));
		const text =
			file && existsSync(path.join(root, folder, file))
				? readFileSync(path.join(root, folder, file), 'utf8').trim()
				: `Licence: ${manifest.license ?? 'unknown'}`;
		return {name: manifest.name, text: `${manifest.name} ${manifest.version} (${manifest.license ?? 'unknown'})\n\n${text}`};
	});
	entries.sort((a, b) => (a.name < b.name ? -1 : 1));
	writeFileSync(path.join(root, 'THIRD-PARTY-LICENSES'), `${entries.map(entry => entry.text).join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
}
