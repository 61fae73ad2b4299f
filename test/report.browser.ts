import assert from 'node:assert/strict';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {parseReport, type Report} from '../source/report.ts';
import {rendered} from '../views/report.ts';
import {type Browser, openBrowser} from './support/browser.ts';
import {seeded, soiled} from './support/hostile.ts';

let browser: Browser;
before(async () => {
	browser = await openBrowser();
});
after(() => browser.close());

const saved = parseReport(readFileSync(new URL('fixtures/report.json', import.meta.url), 'utf8')) as Report;
const page = (report: Report) => rendered(report, {format: 'html', width: 100, colour: false, ascii: false});

/** SCREENSHOTS=DIR keeps the pictures, to be looked at. */
function keep(name: string, png: Buffer): void {
	const folder = process.env.SCREENSHOTS;
	if (!folder) return;
	mkdirSync(folder, {recursive: true});
	writeFileSync(path.join(folder, `${name}.png`), png);
}

for (const [name, size] of [
	['phone', {width: 390, height: 844}],
	['tablet', {width: 820, height: 1180}],
	['desktop', {width: 1280, height: 1600}],
] as const) {
	test(`the page fits a ${name}, shows grade and findings first, and asks for nothing`, async () => {
		const seen = await browser.see(page(saved), size);
		keep(name, seen.png);
		assert.deepEqual(seen.wanted, []);
		assert.ok(seen.width <= size.width, `${seen.width} wide on ${size.width}`);
		assert.ok(seen.height > 800);
		const [server] = saved.servers;
		const places = ['pgperf report', server!.title, server!.grade!.grade!, server!.findings[0]!.title, 'Sessions', 'Locks'].map(text =>
			seen.text.indexOf(text),
		);
		assert.ok(
			places.every((at, i) => at >= 0 && (i === 0 || at > places[i - 1]!)),
			`${places}`,
		);
	});
}

test('a page of hostile names runs nothing and loads nothing', async () => {
	const evil = '</td><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)><a href="javascript:alert(4)">x</a>';
	const text = JSON.stringify(saved).replace(/"(title|evidence|remedy|reason|key|why)":"[^"]*"/g, (_, field: string) => `"${field}":${JSON.stringify(evil)}`);
	const soiled = text.replaceAll('shop.inventory', JSON.stringify(evil).slice(1, -1));
	const seen = await browser.see(page(JSON.parse(soiled) as Report), {width: 390, height: 844});
	keep('hostile', seen.png);
	assert.deepEqual(seen.wanted, []);
	assert.ok(seen.text.includes('<script>alert(1)</script>'), 'it is shown as the text that it is');
});

test('pages of files that somebody else has made run nothing and load nothing', async () => {
	let painted = 0;
	for (let seed = 0; seed < 12; seed++) {
		const html = paintedOrNot(soiled(saved, {random: seeded(seed), count: 0, all: true}) as Report);
		if (html === undefined) continue;
		painted++;
		const seen = await browser.see(html, {width: 1280, height: 1600});
		assert.deepEqual(seen.wanted, []);
	}
	assert.ok(painted > 5, `${painted} pages`);
});

/** Of a file that is no report after all there is no page. */
function paintedOrNot(report: Report): string | undefined {
	try {
		return page(report);
	} catch (error) {
		assert.ok(error instanceof TypeError);
		return undefined;
	}
}
