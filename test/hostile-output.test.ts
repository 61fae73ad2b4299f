import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {compare} from '../source/compare.ts';
import type {AuditLine} from '../source/io/audit.ts';
import {openAudit} from '../source/io/audit.ts';
import {lineTold, readLine} from '../source/io/audit-log.ts';
import {verdictOf} from '../source/nagios.ts';
import {plain, spoken, visible} from '../source/plain.ts';
import {parseReport, type Report} from '../source/report.ts';
import {widthOf} from '../views/layout.ts';
import {changed, diagnosed, type ReportOptions, rendered} from '../views/report.ts';
import {anything, type Soil, seeded, soiled} from './support/hostile.ts';
import {inert, markdownTables} from './support/markup.ts';
import {newDirectory} from './support/scratch.ts';

const full = parseReport(readFileSync(new URL('fixtures/report.json', import.meta.url), 'utf8')) as Report;
const harmful = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;
const lined = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;
const options = (format: ReportOptions['format'], width = 100): ReportOptions => ({format, width, colour: false, ascii: false});

function reports(seed: number, all: boolean): readonly Report[] {
	const soil: Soil = {random: seeded(seed), count: 0, all};
	const made: Report[] = [];
	while (soil.count < 10_000) made.push(soiled(full, soil) as Report);
	return made;
}

const hostile = reports(3, false);

/** Of a file that is no report after all there is no page. */
function pageOf(report: Report): string | undefined {
	try {
		return rendered(report, options('html'));
	} catch (error) {
		assert.ok(error instanceof TypeError);
		return undefined;
	}
}

test('text: every line is printable and no wider than asked for', () => {
	for (const report of hostile) {
		for (const width of [40, 100, 211]) {
			const texts = [
				rendered(report, options('text', width)),
				changed(full, report, compare(full, report), {format: 'text', width, colour: false, ascii: false}),
			];
			for (const line of texts.join('').split('\n')) {
				assert.ok(widthOf(line) <= width, `${width}: ${line}`);
				assert.doesNotMatch(line, harmful);
			}
		}
		const ascii = rendered(report, {...options('text'), ascii: true});
		assert.doesNotMatch(ascii, /[^\n\x20-\x7e]/);
	}
});

test('text of the diagnosis', () => {
	for (const report of hostile) {
		const server = report.servers[0]!;
		const text = diagnosed(
			{server, where: server.where!, connection: {shared_preload_libraries: anything(seeded(4)), track_io_timing: 'off'}, costs: []},
			{width: 90, colour: false, ascii: false},
		);
		for (const line of text.split('\n')) assert.ok(widthOf(line) <= 90 && !harmful.test(line), line);
	}
});

test('HTML: inert, also where the file was written by somebody else', () => {
	let painted = 0;
	for (const report of [...hostile, ...Array.from({length: 20}, (_, seed) => reports(seed, true)[0]!)]) {
		const page = pageOf(report);
		if (page === undefined) continue;
		painted++;
		assert.deepEqual(inert(page), []);
		assert.doesNotMatch(page, lined);
	}
	assert.ok(painted > 10, `${painted} pages`);
});

test('Markdown: tables keep their cells, nothing links, formats, mentions or loads', () => {
	for (const report of hostile) {
		const texts = [
			rendered(report, options('markdown')),
			changed(full, report, compare(full, report), {format: 'markdown', width: 100, colour: false, ascii: false}),
		];
		for (const text of texts) {
			for (const {cells, head} of markdownTables(text)) for (const row of cells) assert.equal(row, head, text);
			const outside = text.replace(/`[^`\n]*`/g, '').replace(/<code>[^<]*<\/code>/g, '');
			assert.doesNotMatch(outside, /(?<!\\)[<>[\]]|:\/\/|(?<![\w\\])@\w|\bwww\.\w/);
			assert.doesNotMatch(text.replaceAll('\u200b', ''), lined);
		}
	}
});

test('JSON: the same values again, and nothing in it that a terminal would obey', () => {
	for (const report of hostile) {
		const text = rendered(report, options('json'));
		assert.deepEqual(JSON.parse(text), report);
		assert.doesNotMatch(text, /(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/u);
	}
});

test('monitoring: one line, one pipe, nothing but text', () => {
	const random = seeded(6);
	for (let turn = 0; turn < 4000; turn++) {
		const finding = {level: 'critical', title: anything(random)} as never;
		const unseen = [{check: 'blocked', why: anything(random), remedy: null, possible: true}];
		const {line} = verdictOf({
			checks: [],
			input: {} as never,
			limits: {},
			findings: [finding, finding, {level: 'warning', title: anything(random)} as never],
			coverage: {evaluated: [], unseen},
		});
		assert.match(line, /^PGPERF CRITICAL - [^|\n]*$/);
		assert.doesNotMatch(line, harmful);
		assert.ok(Buffer.byteLength(line) < 4096, 'longer lines are cut by those that read them');
	}
});

test('the audit log: one line an event, read back as it was, and told in lines', () => {
	const file = path.join(newDirectory(), 'audit.jsonl');
	const audit = openAudit(file);
	assert.ok(!('problem' in audit));
	const random = seeded(8);
	const text = () => anything(random).toWellFormed();
	const lines = Array.from({length: 1500}, (_, turn): AuditLine => {
		const said = {who: text(), server: text(), role: text(), action: text(), target: text(), statements: [text(), text()]};
		return {when: new Date(turn * 1000).toISOString(), ...said, outcome: turn % 2 ? 'asked' : 'done', detail: text(), ms: turn};
	});
	for (const line of lines) assert.equal(audit.write(line), undefined);
	const read = readFileSync(file, 'utf8');
	assert.doesNotMatch(read, lined);
	const written = read.split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/).filter(Boolean);
	assert.deepEqual(
		written.map(one => readLine(one)),
		lines,
	);
	for (const line of lines) assert.doesNotMatch(lineTold(line, 80), lined);
});

test('an audit log that somebody else wrote into', () => {
	const good: AuditLine = {when: '2026-11-20T00:00:00Z', who: 'a', server: 'b', role: 'c', action: 'd', target: 'e', statements: [], outcome: 'done'};
	assert.deepEqual(readLine(JSON.stringify(good)), good);
	const broken: readonly unknown[] = [
		null,
		[],
		7,
		'x',
		{},
		{...good, statements: 5},
		{...good, statements: [{}]},
		{...good, statements: {}},
		{...good, detail: {}},
		{...good, ms: '\x1b[2J'},
		{...good, when: 'soon'},
		{...good, who: null},
		{...good, evidence: 4},
	];
	for (const value of broken) assert.equal(readLine(JSON.stringify(value)), undefined, JSON.stringify(value));
	for (const raw of ['', '{', '\0', 'null']) assert.equal(readLine(raw), undefined);
});

test('what is said on stderr', () => {
	const random = seeded(9);
	for (let turn = 0; turn < 10_000; turn++) {
		const text = anything(random);
		assert.doesNotMatch(plain(text), harmful);
		assert.doesNotMatch(spoken(text), lined);
		assert.deepEqual(JSON.parse(visible(JSON.stringify(text))), text);
	}
});
