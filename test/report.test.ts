import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {Ajv2020} from 'ajv/dist/2020.js';
import {build} from 'esbuild';
import {compare} from '../source/compare.ts';
import {sinceOf} from '../source/io/audit-log.ts';
import {choosePanes} from '../source/io/chosen.ts';
import {isProblem} from '../source/io/conninfo.ts';
import {exitOf, parseReport, type Report, type ServerReport, unreachable} from '../source/report.ts';
import {widthOf} from '../views/layout.ts';
import {panes} from '../views/panes/index.ts';
import {changed, evidence, type ReportOptions, rendered, reportOf} from '../views/report.ts';
import {goldenText} from './support/golden.ts';
import {hostileText, seeded} from './support/hostile.ts';
import {inert, markdownTables} from './support/markup.ts';
import {connected, ok, sampled} from './support/world.ts';

const read = (name: string) => readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8');
const saved = (name: string): Report => {
	const report = parseReport(read(name));
	assert.ok(!('problem' in report));
	return report;
};
/** Recorded on PostgreSQL 18: four sessions behind one that is idle in transaction; as a superuser, and as a role without privileges. */
const full = saved('report');
const half = saved('report-plain');
const as = (format: ReportOptions['format'], width = 100, rest: Partial<ReportOptions> = {}): ReportOptions => ({
	format,
	width,
	colour: false,
	ascii: false,
	...rest,
});

test('text, Markdown and HTML of recorded reports', () => {
	goldenText('report.80.txt', rendered(full, as('text', 80)));
	goldenText('report.120.txt', rendered(full, as('text', 120)));
	goldenText('report.100.colour.txt', rendered(full, as('text', 100, {colour: true})));
	goldenText('report-plain.100.txt', rendered(half, as('text', 100)));
	goldenText('report.md', rendered(full, as('markdown')));
	goldenText('report.html', rendered(full, as('html')));
	const both = {...full, servers: [full.servers[0]!, half.servers[0]!, unreachable('crm @ db3:5432', 'crm @ db3:5432', 'db3:5432 refuses connections.')]};
	goldenText('report-several.100.txt', rendered(both, as('text', 100)).split('\n').slice(0, 12).join('\n'));
	goldenText('report-diff.100.txt', changed(half, full, compare(half, full), {format: 'text', width: 100, colour: false, ascii: false}));
});

test('the JSON of a report is the report again, and renders the same', () => {
	for (const report of [full, half]) {
		const again = parseReport(rendered(report, as('json')));
		assert.deepEqual(again, report);
		assert.equal(rendered(again as Report, as('text')), rendered(report, as('text')));
	}
});

const schema = JSON.parse(readFileSync(new URL('../source/report.schema.json', import.meta.url), 'utf8')) as Record<string, unknown>;

/** The schema leaves room for fields to come; in the tests every field that is written has to be described. */
function closed(part: unknown): unknown {
	if (Array.isArray(part)) return part.map(closed);
	if (typeof part !== 'object' || part === null) return part;
	const copy = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value)]));
	return 'properties' in copy && !('additionalProperties' in copy) ? {...copy, additionalProperties: false} : copy;
}

test('every report fits the schema, and the schema tells every field', () => {
	const ajv = new Ajv2020({allErrors: true, formats: {'date-time': true}});
	const fits = ajv.compile(closed({...schema, $id: 'urn:pgperf:test'}) as object);
	const lost = reportOf([unreachable('a', 'a', 'gone')], {wall: 1_795_183_402_000, interval_s: null, literals: 'removed'});
	for (const report of [full, half, lost]) {
		fits(report);
		assert.deepEqual(fits.errors ?? [], []);
	}
	assert.equal(fits({...full, servers: [{...full.servers[0], status: 'fine'}]}), false);
	assert.equal(fits({...full, more: 1}), false);
	assert.equal(new Ajv2020({formats: {'date-time': true}}).compile(schema)({...full, more: 1}), true, 'fields that are added later break no reader');
});

test('no line of the text is wider than asked for, at any width', () => {
	for (const report of [full, half, hostileReport()]) {
		for (const width of [40, 63, 80, 132, 250]) {
			for (const line of rendered(report, as('text', width)).split('\n')) {
				assert.ok(widthOf(line) <= width, `${width}: ${line}`);
				assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
			}
		}
	}
});

test('without UTF-8 the report is ASCII', () => {
	assert.doesNotMatch(rendered(full, as('text', 100, {ascii: true})), /[^\n\x20-\x7e]/);
});

/** Every text that could have come from a server is hostile: names, queries, messages, sentences with names in them. */
function hostileReport(): Report {
	let turn = 0;
	const random = seeded(11);
	const texts = [
		...Array.from({length: 40}, () => hostileText(random)),
		'<script>alert(1)</script>',
		'"><img src=x onerror=alert(1)>',
		"' onload='x",
		'| a | b |',
		'`x` | ``y``',
		'[a](http://evil.example) @everyone #1',
		'</table></main><h1>',
		'\\|\\',
		'&lt;b&gt;',
	];
	const soiled = (part: unknown, key = ''): unknown => {
		if (typeof part === 'string')
			return /^(status|level|class|align|every|unit|origin|schema|format|literals|taken_at|started_at|grade|section|id|field)$/.test(key)
				? part
				: texts[turn++ % texts.length];
		if (Array.isArray(part)) return part.map(one => soiled(one, key));
		if (typeof part !== 'object' || part === null) return part;
		if (key === 'tones') return part;
		return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, soiled(value, name)]));
	};
	return soiled(full) as Report;
}

test('the page does nothing and asks for nothing, whatever a server tells', () => {
	for (const report of [full, half, hostileReport()]) assert.deepEqual(inert(rendered(report, as('html'))), []);
});

test('no name breaks a table of Markdown, links, or mentions anybody', () => {
	for (const report of [full, half, hostileReport()]) {
		const text = rendered(report, as('markdown'));
		for (const {cells, head} of markdownTables(text)) for (const row of cells) assert.equal(row, head, text);
		const outside = text.replace(/`[^`\n]*`/g, '').replace(/<code>[^<]*<\/code>/g, '');
		assert.doesNotMatch(outside, /(?<!\\)[<>[\]]|:\/\/|(?<![\w\\])@\w/);
	}
});

test('evidence is a report of what is known, without the values of queries, and every part says how it stands', () => {
	const query = "update t set note = 'hushed' where id = 4711";
	const first = sampled(connected(), 1000, {people: ok(1000, {pid: 1, calls: 10, query}), vitals: ok(1000, {n: 1}), slow: ok(1000, {pid: 2, query: null})});
	const state = sampled(first, 3000, {
		people: ok(3000, {pid: 1, calls: 14, query}),
		slow: {status: 'failed', message: 'took longer than 5000 ms on the server', code: '57014'},
		rare: {status: 'skipped', reason: 'permission denied for view x', remedy: 'grant pg_monitor to dba'},
	});
	const text = evidence(state);
	assert.doesNotMatch(text, /hushed|4711/);
	const report = parseReport(text);
	assert.ok(!('problem' in report));
	const [server] = report.servers;
	const tables = Object.fromEntries(server!.sections.flatMap(section => section.tables.map(table => [table.id, table])));
	assert.deepEqual([tables.people!.status, tables.slow!.status, tables.rare!.status], ['ok', 'partial', 'skipped']);
	assert.equal(tables.rare!.remedy, 'grant pg_monitor to dba');
	assert.equal(server!.status, 'partial');
	assert.deepEqual(tables.people!.rows[0]!.values, {pid: 1, calls: 14, calls_d: 4, calls_per_s: 2, query: 'update t set note = ? where id = ?'});
	assert.match(rendered(report, as('text')), /Slow: Rare: permission denied for view x\n +grant pg_monitor to dba/);
	assert.equal((state.answers.db!.people!.sample!.rows[0] as {query: string}).query, query, 'the state itself is left alone');
});

test('exit codes: what was found counts more than what could not be seen, and only with --fail-on', () => {
	const clean: ServerReport = {...full.servers[0]!, findings: [], coverage: {evaluated: ['blocked'], unseen: []}};
	const finding = full.servers[0]!.findings[0]!;
	const gap = {check: 'lag', why: 'x', remedy: null, possible: true};
	const cases: readonly (readonly [ServerReport, 'warning' | 'critical' | undefined, number])[] = [
		[clean, 'warning', 0],
		[{...clean, findings: [finding]}, undefined, 0],
		[{...clean, findings: [finding]}, 'critical', 2],
		[{...clean, findings: [{...finding, level: 'warning'}]}, 'critical', 0],
		[{...clean, findings: [{...finding, level: 'warning'}]}, 'warning', 1],
		[{...clean, findings: [{...finding, level: 'notice'}]}, 'warning', 0],
		[{...clean, coverage: {evaluated: [], unseen: [gap]}}, 'critical', 3],
		[{...clean, coverage: {evaluated: [], unseen: [{...gap, possible: false}]}}, 'critical', 0],
		[{...clean, coverage: {evaluated: [], unseen: [gap]}}, undefined, 0],
		[{...clean, findings: [finding], coverage: {evaluated: [], unseen: [gap]}}, 'critical', 2],
		[unreachable('a', 'a', 'gone'), 'critical', 3],
	];
	for (const [server, failOn, exit] of cases) assert.equal(exitOf({...full, servers: [server]}, failOn), exit);
});

test('a file that is no report says so', () => {
	for (const text of ['', '{', '[]', 'null', '{"schema": 1}', '{"schema": 99, "servers": []}', '{"schema": "x", "servers": []}'])
		assert.ok('problem' in parseReport(text), text);
});

test('the difference: findings, counters, resets, restarts, settings', () => {
	const [server] = full.servers;
	const table = server!.sections.find(one => one.id === 'queries')!.tables[0]!;
	const row = table.rows.find(one => !one.hidden)!;
	const change = (by: number): Report => {
		const rows = table.rows.map(one => (one === row ? {...one, values: {...one.values, calls: Number(one.values.calls) + by}} : one));
		const sections = server!.sections.map(one =>
			one.id === 'queries' ? {...one, tables: one.tables.map(each => (each === table ? {...table, rows} : each))} : one,
		);
		return {...full, servers: [{...server!, sections, findings: server!.findings.slice(1), where: {...server!.where!, started_at: '2026-11-20T13:00:00Z'}}]};
	};
	const [more] = compare(full, change(500)).pairs;
	assert.deepEqual(
		more!.gone.map(one => one.key),
		[server!.findings[0]!.key],
	);
	assert.deepEqual(more!.found, []);
	assert.match(more!.breaks.join(), /restarted at 2026-11-20T13:00:00Z/);
	const moved = more!.tables.find(one => one.id === table.id)!;
	assert.deepEqual(
		moved.moved[0]!.fields.map(({field, before, after}) => [field, Number(after) - Number(before)]),
		[['calls', 500]],
	);
	const [less] = compare(full, change(-1)).pairs;
	assert.equal(less!.tables.find(one => one.id === table.id)!.reset, 1);
	assert.deepEqual(compare(full, full).pairs[0]!.tables, []);
});

test('the difference: what counts from another time on is not compared, and what is unknown by now was not reset', () => {
	const [server] = full.servers;
	const own = server!.sections.flatMap(section => section.tables).find(one => one.id === 'indexes')!;
	const row = own.rows[0]!;
	const withValues = (values: (typeof row)['values']): Report => {
		const rows = own.rows.map(one => (one === row ? {...one, values: {...one.values, ...values}} : one));
		const sections = server!.sections.map(one => ({...one, tables: one.tables.map(each => (each === own ? {...own, rows} : each))}));
		return {...full, servers: [{...server!, sections}]};
	};
	const tableOf = (before: Report, after: Report) => compare(before, after).pairs[0]!.tables.find(one => one.id === own.id);
	const old = withValues({stats_since: 1_700_000_000, idx_scan: 10});
	const anew = tableOf(old, withValues({stats_since: 1_800_000_000, idx_scan: 20}));
	assert.deepEqual([anew?.reset, anew?.moved], [1, []]);
	assert.equal(tableOf(old, withValues({stats_since: 1_700_000_000, idx_scan: null})), undefined);
});

test('the difference: a slot that caught up was not reset', () => {
	const [server] = full.servers;
	const slots = server!.sections.flatMap(section => section.tables).find(one => one.id === 'slots')!;
	const keeping = (retained_bytes: number): Report => {
		const rows = slots.rows.map(one => ({...one, values: {...one.values, retained_bytes}}));
		const sections = server!.sections.map(one => ({...one, tables: one.tables.map(each => (each === slots ? {...slots, rows} : each))}));
		return {...full, servers: [{...server!, sections}]};
	};
	const table = compare(keeping(5e9), keeping(1e6)).pairs[0]!.tables.find(one => one.id === 'slots');
	assert.equal(table?.reset, 0);
	assert.deepEqual(
		table?.moved[0]?.fields.map(({field, before, after}) => [field, before, after]),
		[['retained_bytes', 5e9, 1e6]],
	);
});

test('panes are chosen by name, with what they stand on', () => {
	const locks = choosePanes(panes, 'locks', undefined);
	assert.ok(!isProblem(locks));
	assert.deepEqual([...locks.only], ['locks']);
	assert.ok(locks.panes.some(pane => pane.place === 'frame'));
	for (const table of locks.panes.flatMap(pane => pane.tables))
		if ('tables' in table.from)
			for (const id of table.from.tables)
				assert.ok(
					locks.panes.some(pane => pane.tables.some(one => one.id === id)),
					id,
				);
	const wrong = choosePanes(panes, 'lokcs', undefined);
	assert.ok(isProblem(wrong) && wrong.problem.includes('"locks"'));
	const none = choosePanes(panes, 'locks', 'locks');
	assert.ok(isProblem(none));
});

test('--since takes dates, moments and spans', () => {
	const now = Date.parse('2026-11-20T14:00:00Z');
	assert.equal(sinceOf('2h', now), now - 7_200_000);
	assert.equal(sinceOf('2026-11-20', now), Date.parse('2026-11-20T00:00:00Z'));
	assert.equal(sinceOf('2026-11-20T10:00:00', now), Date.parse('2026-11-20T10:00:00Z'));
	assert.equal(sinceOf('2026-11-20T10:00:00+02:00', now), Date.parse('2026-11-20T08:00:00Z'));
	const wrong = sinceOf('yesterday', now);
	assert.ok(typeof wrong !== 'number' && isProblem(wrong));
});

test('report, check, doctor, diff, sql and audit load neither React nor Ink nor a Redis client', async () => {
	const entries = ['report', 'check', 'doctor', 'diff', 'sql', 'audit-log']
		.map(name => new URL(`../source/io/${name}.ts`, import.meta.url).pathname)
		.concat(['report.ts', 'panes/index.ts'].map(name => new URL(`../views/${name}`, import.meta.url).pathname));
	const {metafile} = await build({
		entryPoints: entries,
		bundle: true,
		format: 'esm',
		platform: 'node',
		external: ['pg-native'],
		write: false,
		splitting: true,
		metafile: true,
		outdir: 'nowhere',
		logLevel: 'silent',
	});
	// What is imported late is loaded when it is needed: Redis, when one was named.
	const outputs = Object.entries(metafile.outputs);
	const loaded = new Set<string>();
	const reached = new Set<string>();
	const visit = (name: string) => {
		if (reached.has(name)) return;
		reached.add(name);
		for (const input of Object.keys(metafile.outputs[name]!.inputs)) loaded.add(input);
		for (const one of metafile.outputs[name]!.imports) if (one.kind === 'import-statement' && metafile.outputs[one.path]) visit(one.path);
	};
	for (const [name, output] of outputs) if (output.entryPoint && entries.some(entry => entry.endsWith(output.entryPoint!))) visit(name);
	assert.ok([...loaded].some(file => file.endsWith('views/report.ts')));
	assert.ok([...loaded].some(file => file.endsWith('source/io/snapshot.ts')));
	assert.deepEqual(
		[...loaded].filter(file => /node_modules\/(react|react-reconciler|ink|ioredis|yoga-layout)\//.test(file)),
		[],
	);
});
