import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {paramsOf, parseCatalog, type SqlFile} from '../source/catalog.ts';
import type {Query} from '../source/pane.ts';
import {repository, sqlFiles, typescriptFiles} from './support/queries.ts';

const files = sqlFiles();
const catalog = parseCatalog(files);
const queries = [...catalog.values()].flat();
const queryOf = (file: SqlFile) => queries.find(query => query.file === file.file)!;

/** The statement without its literals and quoted names, where words are only words. */
function bare(file: SqlFile): string {
	return queryOf(file)
		.text.replace(/\/\*.*?\*\/ /, '')
		.replace(/\$([a-z_]*)\$[\s\S]*?\$\1\$/g, "''")
		.replace(/'(?:[^']|'')*'/g, "''")
		.replace(/"(?:[^"]|"")*"/g, '""');
}

function offenders(check: (file: SqlFile) => string | undefined): readonly string[] {
	return files.flatMap(file => {
		const found = check(file);
		return found === undefined ? [] : [`${file.file}: ${found}`];
	});
}

test('there are queries', () => {
	assert.ok(files.length > 10);
});

test('one statement, read only, without a semicolon at its end', () => {
	assert.deepEqual(
		offenders(file => (bare(file).includes(';') ? 'has a semicolon' : /^(select|with|show)\b/.test(bare(file)) ? undefined : 'is no select')),
		[],
	);
	const objects = 'table|index|view|materialized|schema|extension|publication|subscription|role|user|database|function|server|type|sequence|system|policy';
	const writes = new RegExp(
		`\\b(insert\\s+into|delete\\s+from|update\\s+\\w+\\s+set|truncate\\s+\\w|(alter|drop|create)\\s+(${objects})|grant\\s+\\w+\\s+(on|to)|revoke\\s|set\\s+local|lock\\s+table|for\\s+(update|share)|copy\\s+\\w)\\b`,
	);
	assert.deepEqual(
		offenders(file => bare(file).match(writes)?.[0]),
		[],
	);
});

test('keywords in lower case', () => {
	const keywords = /\b(SELECT|FROM|WHERE|JOIN|LEFT|AND|OR|NOT|NULL|CASE|WHEN|THEN|ELSE|END|AS|ON|ORDER|GROUP|BY|LIMIT|WITH|UNION|ALL|EXISTS|IN|IS|FILTER)\b/;
	assert.deepEqual(
		offenders(file => bare(file).match(keywords)?.[0]),
		[],
	);
});

test('everything of the catalog is qualified', () => {
	const functions = /(?<![.\w$])(pg_(?!stat_statements)[a-z0-9_]+|to_reg[a-z]+|format_type|current_setting|obj_description|has_[a-z_]+_privilege)\s*\(/;
	const relations = /\b(?:from|join)\s+(?:lateral\s+)?(pg_[a-z0-9_]+)\b(?!\.)/;
	const known = /^(pg_stat_statements(_info)?|pg_stat_kcache|pg_wait_sampling_\w+)$/;
	const plain = /(?<![.\w$])(count|sum|min|max|avg|string_agg|array_agg|bool_or|bool_and|date_part|now|clock_timestamp|age)\s*\(/;
	assert.deepEqual(
		offenders(file => {
			const text = bare(file);
			const relation = [...text.matchAll(new RegExp(relations, 'g'))].map(match => match[1]!).find(name => !known.test(name) && !isLocal(text, name));
			return relation ?? text.match(functions)?.[0] ?? text.match(plain)?.[0];
		}),
		[],
	);
});

/** A name that the statement itself gives: a common table expression. */
function isLocal(text: string, name: string): boolean {
	return new RegExp(`\\b${name}\\s*(\\([^)]*\\))?\\s+as\\s+(not\\s+)?(materialized\\s+)?\\(`).test(text);
}

test('no type leaves that the driver would turn into something else', () => {
	const text = (file: SqlFile) => bare(file);
	assert.deepEqual(
		offenders(file => text(file).match(/\bselect\s+(?:distinct\s+)?(?:\w+\.)?\*\s+from\b(?=[^()]*$)/)?.[0]),
		[],
		'a star at the top hides what is returned',
	);
});

test('nothing that waits behind the lock of a table', () => {
	const waits = /pg_catalog\.(pg_indexes|pg_views|pg_matviews)\b/;
	assert.deepEqual(
		offenders(file => bare(file).match(waits)?.[0]),
		[],
	);
});

test('statistics are never reset and the server is never told to do something', () => {
	const acts =
		/\b(pg_stat_reset\w*|pg_stat_statements_reset|pg_reload_conf|pg_rotate_logfile|pg_switch_wal|pg_promote|pg_sleep|pg_advisory_\w*lock\w*|pg_cancel_backend|pg_terminate_backend|set_config|nextval|setval|lo_\w+|dblink\w*)\s*\(/;
	assert.deepEqual(
		offenders(file => bare(file).match(acts)?.[0]),
		[],
	);
});

test('the file of statement texts is read only for the statements that are shown', () => {
	const reading = queries.filter(query => /\bpg_stat_statements\b(?!_)/.test(query.text.replace(/'[^']*'/g, '')));
	assert.ok(reading.length >= 5, reading.map(query => query.file).join());
	for (const {file, text} of reading) {
		const numbers = !/pg_stat_statements(?!_info|\(false\)|_reset)\b/.test(text.replace(/'[^']*'|\/\*.*?\*\//g, ''));
		assert.ok(numbers || /\$1/.test(text), `${file} reads all texts: ask pg_stat_statements(false), and for the texts of some`);
	}
});

test('parameters are declared, numbered, and cast where they are used', () => {
	assert.deepEqual(
		offenders(file => {
			const declared = paramsOf(file).map((param, index) => [`$${index + 1}`, param.type] as const);
			const used = new Set(bare(file).match(/\$\d+/g) ?? []);
			const missing = [...used].find(name => !declared.some(([other]) => other === name));
			if (missing) return `${missing} is not declared by "-- param:"`;
			const unused = declared.find(([name]) => !used.has(name));
			if (unused) return `${unused[0]} is declared and not used`;
			const uncast = [...bare(file).matchAll(/\$(\d+)(::[a-z0-9]+(?:\[\])?)?/g)].find(([, number, cast]) => cast !== `::${declared[Number(number) - 1]![1]}`);
			return uncast && `${uncast[0]} is not cast to its declared type`;
		}),
		[],
	);
});

test('an age is never made 0 where it is unknown: greatest() takes no notice of null', () => {
	assert.deepEqual(
		offenders(file => bare(file).match(/\bgreatest\(0, pg_catalog\.date_part\([^)]*\)+/)?.[0]),
		[],
	);
});

test('cost begins with a word that can be compared', () => {
	assert.deepEqual(
		offenders(file => (/^(cheap|moderate|heavy)\b/.test(queryOf(file).cost) ? undefined : queryOf(file).cost)),
		[],
	);
});

test('every file is used, and every name that is used has a file', () => {
	const program = typescriptFiles('source', 'views')
		.map(({text}) => text)
		.join('\n');
	const unused = [...catalog.keys()].filter(name => !program.includes(`'${name}'`));
	assert.deepEqual(unused, []);
	const asked = new Set([...program.matchAll(/\bsql: '([a-z/-]+)'/g)].map(match => match[1]!));
	assert.deepEqual(
		[...asked].filter(name => !catalog.has(name)),
		[],
	);
});

test('the README lists every file with what it needs', () => {
	const file = path.join(repository, 'queries', 'README.md');
	const [before, , after] = readFileSync(file, 'utf8').split(/(?<=<!-- files: .* -->\n)([\s\S]*)(?=<!-- end of files -->)/);
	const rows = [...queries]
		.sort((a, b) => (a.file < b.file ? -1 : 1))
		.map(query =>
			[`[${query.file}](${query.file})`, query.about, needsText(query), query.privilege, query.cost].map(text => text.replaceAll('|', '\\|')).join(' | '),
		);
	const table = ['| file | tells | needs | privilege | cost |', '|---|---|---|---|---|', ...rows.map(row => `| ${row} |`)].join('\n');
	const wanted = `${before}\n${table}\n\n${after}`;
	if (process.env.UPDATE === '1') writeFileSync(file, wanted);
	assert.equal(readFileSync(file, 'utf8'), wanted, 'run UPDATE=1 node --import tsx --test test/queries.test.ts');
});

function needsText(query: Query): string {
	return query.needs
		.map(need => (need.kind === 'server' ? `>= ${need.version}` : need.kind === 'extension' ? `${need.name} >= ${need.version}` : need.kind))
		.join(', ');
}
