// npm run bench -- [--only start,live,...] [--big] [--seconds 60]
import {arch, availableParallelism, cpus, platform, totalmem} from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';
import {setEntry} from '../../source/io/files.ts';
import {repository} from '../support/queries.ts';
import {startServer, type TestServer} from '../support/servers.ts';
import {type Measured, markdown, type Tool, table} from './figures.ts';
import {throughput} from './harm.ts';
import {type Contender, helpTimes, keys, openField, overLine, startLoad, startTimes, steady} from './live.ts';
import {costs, loads, manyTables} from './panes.ts';
import {synthetic} from './synthetic.ts';

const parts = ['start', 'live', 'line', 'keys', 'help', 'synthetic', 'panes', 'harm'] as const;
const {values} = parseArgs({
	options: {only: {type: 'string'}, big: {type: 'boolean'}, seconds: {type: 'string', default: '60'}, runs: {type: 'string', default: '9'}},
});
const chosen = new Set<string>(values.only?.split(',') ?? parts);
const unknown = [...chosen].find(part => !(parts as readonly string[]).includes(part));
if (unknown !== undefined) {
	console.error(`There is no part "${unknown}". Parts: ${parts.join(', ')}.`);
	process.exit(64);
}

setEntry(pathToFileURL(path.join(repository, 'source', 'cli.ts')).href);
const results: Record<Tool, Measured> = {pgperf: {}, pg_activity: {}, pg_top: {}};
const began = performance.now();
function say(what: string): void {
	console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${what}`);
}
/** A rival has one screen: its figure stands beside both panes of pgperf. */
function note<T>(measured: ReadonlyMap<Contender, T>, take: (value: T, sessions: boolean, rival: boolean) => Measured): void {
	for (const [{tool, pane}, value] of measured) {
		const shown = tool === 'pgperf' ? [pane === 'sessions'] : [false, true];
		for (const sessions of shown) Object.assign(results[tool], take(value, sessions, tool !== 'pgperf'));
	}
}

async function paneCosts(): Promise<void> {
	say('queries of every pane');
	const found = await costs(server);
	const rows = found.map(one => [
		one.pane,
		one.query,
		one.every,
		String(one.rows),
		one.planMs.toFixed(2),
		one.runMs.toFixed(2),
		String(one.planBuffers),
		String(one.runBuffers),
	]);
	console.log(`\n${markdown([['pane', 'query', 'every', 'rows', 'plan ms', 'run ms', 'plan buffers', 'run buffers'], ...rows])}`);
	const loaded = (await loads(server, found)).map(one => [one.pane, one.statements.toFixed(1), one.ms.toFixed(2), one.buffers.toFixed(0)]);
	console.log(`\n${markdown([['open pane', 'statements per refresh', 'ms per refresh', 'buffers per refresh'], ...loaded])}`);
}

const conf = {max_connections: '1100', log_line_prefix: '%u|', log_destination: 'stderr', logging_collector: 'off', track_activity_query_size: '4096'};
const server: TestServer = await startServer({conf});
try {
	const field = await openField(server);
	const load = await startLoad(server, 0);
	if (chosen.has('start')) {
		say(`start, ${values.runs} times each in turns`);
		note(await startTimes(field, server, Number(values.runs)), (ms, sessions) => (sessions ? {startSessions: ms} : {start: ms}));
	}
	if (chosen.has('help')) {
		say('help');
		for (const [tool, ms] of helpTimes(field, 9)) results[tool].help = ms;
	}
	if (chosen.has('line')) {
		say('a line of 80 ms');
		note(await overLine(field, server, 80), ({refresh, trips}, sessions, rival) => (sessions || rival ? {refresh80: refresh, trips} : {}));
	}
	if (chosen.has('live')) {
		say(`34 sessions for ${values.seconds} s, all programs at once`);
		note(await steady(field, server, Number(values.seconds)), (one, sessions) =>
			sessions
				? {cpu34Sessions: one.cpu, bytes34Sessions: one.bytes, serverMsSessions: one.serverMs}
				: {cpu34: one.cpu, bytes34: one.bytes, serverMs: one.serverMs, statements: one.statements},
		);
	}
	await load.stop();
	if (['live', 'keys', 'synthetic', 'panes'].some(part => chosen.has(part))) {
		if (values.big) {
			say('20,000 tables, 1,000 sessions');
			await manyTables(server, 20_000);
		}
		const crowd = await startLoad(server, values.big ? 966 : 205);
		if (chosen.has('live')) {
			say('239 sessions for 40 s, all programs at once');
			note(await steady(field, server, 40), (one, sessions) =>
				sessions ? {cpu239Sessions: one.cpu, bytes239Sessions: one.bytes, memory: one.memory} : {cpu239: one.cpu, bytes239: one.bytes, memory: one.memory},
			);
		}
		if (chosen.has('keys')) {
			say('keys among 239 sessions');
			for (const [tool, {median, worst, bytes}] of await keys(field, server, 200))
				Object.assign(results[tool], {keyMedian: median, keyWorst: worst, bytesMove: bytes});
		}
		if (chosen.has('synthetic')) {
			say('10,000 rows');
			const {sessions, statements} = await synthetic(server, 10_000);
			Object.assign(results.pgperf, {tickSessions: sessions.tick, keySessions: sessions.key, tickStatements: statements.tick, keyStatements: statements.key});
		}
		if (chosen.has('panes')) await paneCosts();
		await crowd.stop();
	}
	if (chosen.has('harm')) {
		say('pgbench, watched and not, in turns');
		const told = await throughput(server, field, 20, 3);
		if (typeof told === 'string') console.log(`\nNo figures of pgbench: ${told}.`);
		else {
			const rows = told.map(one => [
				one.watched,
				one.median.toFixed(0),
				...one.quartiles.map(figure => figure.toFixed(0)),
				`${((one.quartiles[1] / told[0]!.quartiles[1] - 1) * 100).toFixed(1)} %`,
			]);
			console.log(`\n${markdown([['pgbench watched by', 'transactions a second', 'lower quartile', 'upper quartile', 'that against nobody'], ...rows])}`);
		}
	}
} finally {
	await server.stop();
}
const processor = cpus()[0]?.model.replace(/\s+/g, ' ').trim() ?? 'unknown';
console.log(
	`\n${new Date().toISOString().slice(0, 10)}, ${platform()} ${arch()}, ${availableParallelism()} CPUs (${processor}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}, PostgreSQL ${server.version}, 180x50, refresh 1 s\n`,
);
if (Object.keys(results.pgperf).length > 0) console.log(table(results));
say('done');
process.exit(0);
