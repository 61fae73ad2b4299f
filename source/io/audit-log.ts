import {readFileSync} from 'node:fs';
import type {Arguments} from '../arguments.ts';
import {plain, spoken, visible} from '../plain.ts';
import {spelledSql} from '../spelling.ts';
import {type AuditLine, auditPath} from './audit.ts';
import type {Problem} from './conninfo.ts';
import {outputWidth, print} from './output.ts';
import {codeOf} from './session.ts';
import {textOf, worldOf} from './setup.ts';

/** `pgperf audit`: the log as it was written, oldest first. */
export async function audit(options: Arguments): Promise<number | Problem> {
	const world = worldOf();
	const file = textOf(options, 'audit') ?? auditPath(world.env, world.home);
	const format = textOf(options, 'format') ?? 'text';
	if (format !== 'text' && format !== 'json') return {problem: `--format takes text or json, not "${format}".`, exit: 64};
	const since = sinceOf(textOf(options, 'since'), Date.now());
	if (typeof since !== 'number') return since;
	const read = linesOf(file);
	if ('problem' in read) return read;
	const action = textOf(options, 'action');
	const server = textOf(options, 'server')?.toLowerCase();
	const lines = read.lines.filter(
		({line}) =>
			Date.parse(line.when) >= since &&
			(action === undefined || line.action === action) &&
			(server === undefined || line.server.toLowerCase().includes(server)),
	);
	if (read.broken > 0)
		process.stderr.write(`${spoken(`pgperf: ${read.broken} ${read.broken === 1 ? 'line' : 'lines'} of ${file} can't be read and were left out`)}\n`);
	if (lines.length === 0 && format === 'text') return (await print(`Nothing in ${file}${read.lines.length > 0 ? ' matches' : ''}.\n`)) ?? 0;
	const width = outputWidth();
	const text = lines.map(({line, raw}) => (format === 'json' ? `${visible(raw.replace(/[\t\r]/g, ' '))}\n` : `${lineTold(line, width)}\n`)).join('');
	return (await print(text)) ?? 0;
}

/** Epoch ms. `2h` is two hours ago; a date without a zone is UTC, as the log's. */
export function sinceOf(text: string | undefined, now: number): number | Problem {
	if (text === undefined) return Number.NEGATIVE_INFINITY;
	const ago = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim());
	if (ago) return now - Number(ago[1]) * {s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5}[ago[2] as 's' | 'm' | 'h' | 'd' | 'w'];
	const zoned = /^\d{4}-\d{2}-\d{2}$|(?:Z|[+-]\d{2}:?\d{2})$/.test(text.trim()) ? text.trim() : `${text.trim()}Z`;
	const time = Date.parse(zoned);
	if (!Number.isNaN(time)) return time;
	return {problem: `--since takes 2026-11-20, 2026-11-20T14:00:00Z, or 90m, 2h, 7d ago, not "${text}".`, exit: 64};
}

type Read = {readonly lines: readonly {readonly line: AuditLine; readonly raw: string}[]; readonly broken: number};

function linesOf(file: string): Read | Problem {
	let text: string;
	try {
		text = readFileSync(file, 'utf8');
	} catch (error) {
		if (codeOf(error) === 'ENOENT')
			return {problem: `There is no audit log ${file}: nothing was done with pgperf by this account, or it is elsewhere (--audit).`, exit: 64};
		return {problem: `${file} can't be read (${codeOf(error) ?? 'unknown error'}).`, exit: 64};
	}
	const lines: Read['lines'][number][] = [];
	let broken = 0;
	for (const raw of text.split('\n').filter(Boolean)) {
		const line = readLine(raw);
		if (line) lines.push({line, raw});
		else broken += 1;
	}
	return {lines, broken};
}

/** Undefined: pgperf has not written this. */
export function readLine(raw: string): AuditLine | undefined {
	try {
		const value = JSON.parse(raw) as Partial<AuditLine> | null;
		if (typeof value !== 'object' || value === null) return undefined;
		const {when, who, server, role, action, target, outcome, detail, ms, evidence, statements} = value;
		const texts = [when, who, server, role, action, target, outcome, detail ?? '', evidence ?? '', ...(statements ?? [])];
		const known = texts.every(text => typeof text === 'string') && ['number', 'undefined'].includes(typeof ms) && !Number.isNaN(Date.parse(when ?? ''));
		return known ? (value as AuditLine) : undefined;
	} catch {
		return undefined;
	}
}

/** The line, then word for word what was asked for; what a statement or a name holds moves no cursor. */
export function lineTold(line: AuditLine, width: number): string {
	const {when, who, server, role, action, target, outcome, detail, ms, evidence} = line;
	const head = `${when}  ${outcome.padEnd(7)}  ${action} ${target}  on ${server} as ${role} by ${who}${ms === undefined ? '' : `, ${ms} ms`}`;
	const more =
		outcome === 'asked'
			? [...(line.statements ?? []).map(spelledSql), ...(evidence === undefined ? [] : [`evidence ${evidence}`])]
			: detail === undefined
				? []
				: [detail];
	const cut = (text: string) => (text.length > width * 4 ? `${text.slice(0, width * 4)}…` : text);
	return [plain(head), ...more.map(text => `    ${cut(plain(text))}`)].join('\n');
}
