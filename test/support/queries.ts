import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import type {SqlFile} from '../../source/catalog.ts';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const root = path.join(repository, 'queries');

/** Every file of queries/, as the catalog takes it. */
export function sqlFiles(): readonly SqlFile[] {
	return readdirSync(root, {recursive: true, encoding: 'utf8'})
		.filter(file => file.endsWith('.sql'))
		.map(file => file.split(path.sep).join('/'))
		.sort()
		.map(file => ({file, text: readFileSync(path.join(root, file), 'utf8')}));
}

/** Every TypeScript file under these folders of the repository, with its text. */
export function typescriptFiles(...folders: readonly string[]): readonly {readonly file: string; readonly text: string}[] {
	return folders.flatMap(folder =>
		readdirSync(path.join(repository, folder), {recursive: true, encoding: 'utf8'})
			.filter(file => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
			.map(file => ({file: `${folder}/${file}`, text: readFileSync(path.join(repository, folder, file), 'utf8')})),
	);
}
