import type {Facts, Need, Query, QueryName} from './pane.ts';
import {lackOf, preloadRemedy} from './provider.ts';

/** Every file of `queries/`, the variants of one name together, the lowest first. */
export type Catalog = ReadonlyMap<QueryName, readonly Query[]>;
/** A parameter as the header tells it; `sample` is PostgreSQL's text form of a value that can be sent. */
export type Param = {readonly type: string; readonly name: string; readonly sample: string};
export type SqlFile = {readonly file: string; readonly text: string};

/** `file` is relative to `queries/`. Throws on a broken header: only our own files come here. */
export function parseCatalog(files: readonly SqlFile[]): Catalog {
	const catalog = new Map<QueryName, Query[]>();
	for (const file of files) {
		const query = parseQuery(file);
		catalog.set(query.name, [...(catalog.get(query.name) ?? []), query].sort(byNeeds));
	}
	return catalog;
}

export function names(catalog: Catalog): QueryName[] {
	return [...catalog.keys()].sort();
}

/** The highest variant that this server satisfies, else why none can be asked and what would change that. */
export function pick(
	catalog: Catalog,
	name: QueryName,
	facts: Facts,
): {readonly query: Query} | {readonly skipped: {readonly reason: string; readonly remedy: string | undefined}} {
	const variants = catalog.get(name);
	if (!variants) throw new Error(`there is no file queries/${name}.sql`);
	const lack = lackOf(facts, name);
	if (lack !== undefined) return {skipped: {reason: lack, remedy: undefined}};
	const query = variants.findLast(variant => variant.needs.every(need => satisfied(need, facts)));
	if (query) return {query};
	const [lowest] = variants;
	const missing = lowest!.needs.filter(need => !satisfied(need, facts));
	return {
		skipped: {
			reason: missing.map(need => reasonOf(need, facts)).join('; '),
			remedy: missing.map(need => remedyOf(need, facts)).find(remedy => remedy !== undefined),
		},
	};
}

const keys = ['source', 'needs', 'privilege', 'cost'] as const;

function parseQuery({file, text}: SqlFile): Query {
	const name = nameOf(file);
	const lines = text.split('\n');
	const broken = (what: string) => new Error(`queries/${file}: ${what}`);
	const about = headerValue(lines[0], name);
	if (about === undefined) throw broken(`the first line must be "-- ${name}: what it tells"`);
	const header: Record<string, string> = {};
	for (const [index, key] of keys.entries()) {
		const value = headerValue(lines[index + 1], key);
		if (value === undefined) throw broken(`line ${index + 2} must be "-- ${key}: ..."`);
		header[key] = value;
	}
	if (lines.every(line => line.trim() === '' || line.startsWith('--'))) throw broken('there is no statement');
	let statement: string | undefined;
	return {
		name,
		file,
		about,
		source: header.source!,
		needs: needsOf(header.needs!, broken),
		privilege: header.privilege!,
		cost: header.cost!,
		// Made when it is sent for the first time: nobody waits at the start for files that will not be asked.
		get text() {
			statement ??= statementOf(text, name);
			return statement;
		},
	};
}

/** `locks.14.sql` is a variant of `locks`, `actions/cancel.sql` is `actions/cancel`. */
export function nameOf(file: string): QueryName {
	return file.replace(/^((?:[^/]*\/)*[^/.]+)\..*$/, '$1');
}

function headerValue(line: string | undefined, key: string): string | undefined {
	const start = `-- ${key}: `;
	const value = line?.startsWith(start) ? line.slice(start.length).trim() : '';
	return value === '' ? undefined : value;
}

/** `-- param: $1 int4[] pids = {0}`, in order. Throws when they are not numbered from 1. */
export function paramsOf({file, text}: SqlFile): readonly Param[] {
	const lines = text.split('\n').filter(line => line.startsWith('-- param:'));
	return lines.map((line, index) => {
		const match = /^-- param: \$(\d+) ([a-z0-9]+(?:\[\])?) ([a-z_0-9]+)(?: = (.*))?$/.exec(line);
		if (!match || Number(match[1]) !== index + 1) throw new Error(`queries/${file}: "${line}" must be "-- param: $${index + 1} TYPE NAME = SAMPLE"`);
		const type = match[2]!;
		return {type, name: match[3]!, sample: match[4] ?? (type.endsWith('[]') ? '{}' : (samples[type] ?? ''))};
	});
}

const samples: Readonly<Record<string, string>> = {int4: '0', float8: '0', bool: 'false'};

function needsOf(text: string, broken: (what: string) => Error): readonly Need[] {
	return text.split(';').map(part => {
		const need = part.trim();
		if (need === 'primary' || need === 'standby') return {kind: need};
		const server = /^server >= (\d+)$/.exec(need);
		if (server) return {kind: 'server', version: Number(server[1])};
		const extension = /^extension ([a-z0-9_-]+) >= (\d+(?:\.\d+)*)$/.exec(need);
		if (extension) return {kind: 'extension', name: extension[1]!, version: extension[2]!};
		throw broken(`needs "${need}": write "server >= 13", "extension NAME >= 1.8", "primary" or "standby", joined by " ; "`);
	});
}

/** Its comment stands behind the first word: pg_stat_statements drops one that stands before the statement. */
function statementOf(text: string, name: QueryName): string {
	return withoutComments(text).replace(/^\w+/, word => `${word} /* pgperf:${name} */`);
}

/** The statement alone on one line; what stands between quotes is left as it is. */
function withoutComments(text: string): string {
	const parts = text.match(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([a-z_]*)\$[\s\S]*?\$\1\$|\s+|[^\s'"$/-]+|[\s\S]/g) ?? [];
	const kept = parts.map(part => (part.startsWith('--') || part.startsWith('/*') || /^\s/.test(part) ? ' ' : part));
	return kept
		.filter((part, index) => part !== ' ' || kept[index - 1] !== ' ')
		.join('')
		.trim();
}

function byNeeds(a: Query, b: Query): number {
	const difference = serverVersion(a) - serverVersion(b) || compareVersions(extensionVersion(a), extensionVersion(b)) || a.needs.length - b.needs.length;
	return difference || (a.file < b.file ? -1 : 1);
}

function serverVersion(query: Query): number {
	return Math.max(0, ...query.needs.map(need => (need.kind === 'server' ? need.version : 0)));
}

function extensionVersion(query: Query): string {
	return query.needs.map(need => (need.kind === 'extension' ? need.version : '0')).reduce((a, b) => (compareVersions(a, b) < 0 ? b : a), '0');
}

/** Of extensions: `1.8` is before `1.10`. */
export function compareVersions(a: string, b: string): number {
	const left = a.split('.');
	const right = b.split('.');
	for (let index = 0; index < Math.max(left.length, right.length); index++) {
		const difference = (Number.parseInt(left[index] ?? '0', 10) || 0) - (Number.parseInt(right[index] ?? '0', 10) || 0);
		if (difference !== 0) return difference;
	}
	return 0;
}

function satisfied(need: Need, facts: Facts): boolean {
	switch (need.kind) {
		case 'server':
			return facts.major >= need.version;
		case 'extension': {
			const installed = facts.extensions[need.name];
			return installed !== undefined && compareVersions(installed, need.version) >= 0;
		}
		case 'primary':
			return !facts.recovery;
		case 'standby':
			return facts.recovery;
	}
}

function reasonOf(need: Need, facts: Facts): string {
	switch (need.kind) {
		case 'server':
			return `needs PostgreSQL ${need.version}, this is ${facts.version}`;
		case 'extension': {
			const installed = facts.extensions[need.name];
			const wanted = `needs the extension ${need.name} ${need.version}`;
			return installed === undefined ? `${wanted}, which database ${facts.database} does not have` : `${wanted}, installed is ${installed}`;
		}
		case 'primary':
			return 'only a primary knows, this is a standby';
		case 'standby':
			return 'only a standby knows, this is a primary';
	}
}

const preloaded = new Set(['pg_stat_statements', 'pg_cron', 'pg_stat_kcache', 'pg_wait_sampling', 'auto_explain']);

function remedyOf(need: Need, facts: Facts): string | undefined {
	switch (need.kind) {
		case 'server':
			return undefined;
		case 'extension': {
			if (facts.extensions[need.name] !== undefined) return `alter extension ${need.name} update`;
			const create = facts.recovery ? `create extension ${need.name} on the primary` : `create extension ${need.name}`;
			if (!preloaded.has(need.name)) return create;
			return `${preloadRemedy(facts, need.name)}, then ${create}`;
		}
		case 'primary':
			return 'watch the primary';
		case 'standby':
			return undefined;
	}
}

/** Catalogs and views that know one database alone. */
const ofOneDatabase =
	/pg_stat(io)?_(user|all|get)_|pg_(index|constraint|matviews|inherits|partitioned_table|sequences?|subscription|class|publication)\b|\bcron\./;

/** Queries whose answer speaks of one database, by what their header says they read. */
export function localQueries(catalog: Catalog): ReadonlySet<QueryName> {
	return new Set([...catalog].filter(([, [query]]) => ofOneDatabase.test(query!.source)).map(([name]) => name));
}
