import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
type Import = {readonly from: string; readonly to: string; readonly erased: boolean; readonly late: boolean};

/** Every import of a file: static, `import type` (erased) and `import()` (late). Local ones as paths from the root. */
function importsOf(file: string): readonly Import[] {
	const text = readFileSync(path.join(root, file), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '');
	const found: Import[] = [];
	const local = (to: string) => (to.startsWith('.') ? path.relative(root, path.resolve(root, path.dirname(file), to)) : to);
	for (const [, erased, to] of text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[\w*{][^;'"]*?\sfrom\s+)?'([^']+)';?$/gm))
		found.push({from: file, to: local(to!), erased: erased !== undefined, late: false});
	for (const [, type, to] of text.matchAll(/(\btypeof\s+|:\s*|<)?\bimport\('([^']+)'\)/g))
		found.push({from: file, to: local(to!), erased: type !== undefined, late: true});
	return found;
}

const files = globSync('{source,views}/**/*.{ts,tsx}', {cwd: root}).filter(file => !file.endsWith('.d.ts'));
const imports = files.flatMap(importsOf);
const live = imports.filter(one => !one.erased);

test('the reader of imports sees them', () => {
	assert.ok(files.length > 30);
	assert.ok(live.some(one => one.from === 'source/cli.ts' && one.late && one.to === 'views/mount.tsx'));
	assert.ok(live.some(one => one.from === 'source/reduce.ts' && one.to === 'source/state.ts'));
});

test('source knows nothing of the views, but for the entry', () => {
	assert.deepEqual(
		imports.filter(one => one.from.startsWith('source/') && one.to.startsWith('views/') && one.from !== 'source/cli.ts'),
		[],
	);
});

test('views know no world: no driver, no file, no process', () => {
	assert.deepEqual(
		live.filter(
			one =>
				one.from.startsWith('views/') &&
				(/^(pg|ioredis|meow)$/.test(one.to) || one.to.startsWith('node:') || one.to.startsWith('source/io/') || one.to.startsWith('source/demo/')),
		),
		[],
	);
	for (const file of files.filter(one => one.startsWith('views/')))
		assert.doesNotMatch(readFileSync(path.join(root, file), 'utf8'), /Date\.now|performance\.now|new Date\(\)|process\.(env|std)/, file);
});

test('only io and demo touch the world', () => {
	const pure = live.filter(one => one.from.startsWith('source/') && !/^source\/(io|demo)\/|^source\/(cli|arguments)\.ts$/.test(one.from));
	assert.deepEqual(
		pure.filter(one => !one.to.startsWith('source/') || /^source\/(io|demo)\//.test(one.to)),
		[],
	);
});

test('React and Ink stay in the views', () => {
	assert.deepEqual(
		live.filter(one => /^(react|ink)/.test(one.to) && !one.from.startsWith('views/')),
		[],
	);
	const hooks = files.filter(file => /\buse(State|Effect|Input|SyncExternalStore|Ref|Memo|Callback)\(/.test(readFileSync(path.join(root, file), 'utf8')));
	assert.deepEqual(hooks, ['views/root.tsx']);
});

test('no import cycles', () => {
	const graph = Map.groupBy(
		live.filter(one => !one.late),
		one => one.from,
	);
	const done = new Set<string>();
	const walk = (file: string, above: readonly string[]): void => {
		assert.ok(!above.includes(file), `cycle: ${[...above.slice(above.indexOf(file)), file].join(' -> ')}`);
		if (done.has(file)) return;
		for (const {to} of graph.get(file) ?? []) if (files.includes(to)) walk(to, [...above, file]);
		done.add(file);
	};
	for (const file of files) walk(file, []);
});

test('report, check, doctor and sql never load React, Ink or Redis', async () => {
	const entries = files.filter(file => /^source\/io\/(report|check|doctor|sql|diff|snapshot)/.test(file));
	assert.ok(entries.length > 0);
	const {metafile} = await build({
		entryPoints: [...entries, 'views/report.ts', 'views/panes/index.ts'],
		absWorkingDir: root,
		bundle: true,
		splitting: true,
		format: 'esm',
		platform: 'node',
		external: ['pg-native'],
		write: false,
		outdir: 'unused',
		metafile: true,
		logLevel: 'silent',
	});
	const reached = new Set<string>();
	const follow = (file: string): void => {
		if (reached.has(file)) return;
		reached.add(file);
		for (const one of metafile.inputs[file]?.imports ?? []) if (one.kind !== 'dynamic-import' && !one.external) follow(one.path);
	};
	for (const file of [...entries, 'views/report.ts', 'views/panes/index.ts']) follow(file);
	assert.deepEqual(
		[...reached].filter(file => /node_modules\/(react|ink|ioredis|yoga-layout)\//.test(file)),
		[],
	);
});

test('names are words of the field, not of the trade', () => {
	const names = globSync('{source,views,test,queries}/**/*', {cwd: root}).map(file => path.basename(file));
	assert.deepEqual(
		names.filter(name => /^(utils?|helpers?|managers?|services?|common|misc)(\.\w+)*$/.test(name)),
		[],
	);
});

test('panes, tables, keys and checks are declared once', async () => {
	const {panes} = await import('../views/panes/index.ts');
	const once = (what: string, all: readonly (string | undefined)[]) => {
		const known = all.filter(one => one !== undefined);
		assert.deepEqual(
			known.filter((one, i) => known.indexOf(one) !== i),
			[],
			`${what} declared twice`,
		);
	};
	once(
		'pane',
		panes.map(pane => pane.id),
	);
	once(
		'key',
		panes.map(pane => pane.key),
	);
	once(
		'table',
		panes.flatMap(pane => pane.tables.map(table => table.id)),
	);
	once(
		'series',
		panes.flatMap(pane => (pane.series ?? []).map(series => series.id)),
	);
	const {bindings} = await import('../source/keys.ts');
	once(
		'binding',
		bindings.flatMap(binding => binding.keys),
	);
	for (const pane of panes)
		for (const table of pane.tables) {
			once(
				`column of ${table.id}`,
				table.columns.map(column => column.field),
			);
			once(
				`action of ${table.id}`,
				(table.actions ?? []).map(action => action.key),
			);
			const taken = new Set(bindings.flatMap(binding => binding.keys));
			assert.deepEqual(
				(table.actions ?? []).map(action => action.key).filter(key => taken.has(key)),
				[],
				`${table.id}: an action's key is taken`,
			);
		}
});
