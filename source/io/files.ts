import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {type Catalog, parseCatalog} from '../catalog.ts';
import type {Query, QueryName} from '../pane.ts';

/** Where the program's own files lie. With code splitting only the entry can know: it says so once. */
let entry: string | undefined;

export function setEntry(importMetaUrl: string): void {
	entry = fileURLToPath(importMetaUrl);
}

function folder(): string {
	if (entry === undefined) throw new Error('setEntry() has not been called');
	return path.dirname(entry);
}

/** True when the program runs from its sources: everything else lies elsewhere in dist/. */
function isDevelopment(): boolean {
	return path.basename(folder()) === 'source';
}

/** `within('queries')`: a folder that is copied beside the bundle, and lies in the repository's root in development. */
export function within(...names: readonly string[]): string {
	return isDevelopment() ? path.join(folder(), '..', ...names) : path.join(folder(), ...names);
}

/** The program's file and the arguments of Node that run it: for processes that are this program again. */
export function program(): {readonly command: string; readonly args: readonly string[]} {
	return {command: process.execPath, args: isDevelopment() ? ['--import', 'tsx', entry!] : [entry!]};
}

export function version(): string {
	const file = path.join(folder(), '..', 'package.json');
	return (JSON.parse(readFileSync(file, 'utf8')) as {readonly version: string}).version;
}

/** One file alone, for what is asked before the others are read. */
export function loadQuery(name: QueryName): Query {
	const file = `${name}.sql`;
	return parseCatalog([{file, text: readFileSync(path.join(within('queries'), file), 'utf8')}]).get(name)![0]!;
}

/** Every SQL text that pgperf can send. */
export function loadCatalog(): Catalog {
	const root = within('queries');
	const names = (readdirSync(root, {recursive: true}) as string[]).filter(name => name.endsWith('.sql')).sort();
	return parseCatalog(names.map(name => ({file: name.split(path.sep).join('/'), text: readFileSync(path.join(root, name), 'utf8')})));
}
