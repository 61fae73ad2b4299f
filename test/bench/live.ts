import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, readFileSync, statSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {openProxy, type Packet} from '../support/proxy.ts';
import {roomDirectories, type TestServer} from '../support/servers.ts';
import {type Measured, median, quantile, type Tool} from './figures.ts';
import {type Program, run} from './program.ts';

const program = fileURLToPath(new URL('../../bin/pgperf.cjs', import.meta.url));

export type Contender = {
	readonly tool: Tool;
	/** What of the contender is measured: pgperf counts twice, by the pane that it opens on. */
	readonly pane: 'overview' | 'sessions';
	readonly role: string;
	/** Text that stands on the screen with the first data. */
	readonly ready: RegExp;
	readonly start: (port: number) => Program;
};

export type Field = {readonly contenders: readonly Contender[]};

/** pgperf, and the rivals that are installed. Each has a role of its own, by which the server's log tells them apart. */
export async function openField(server: TestServer): Promise<Field> {
	// Where the servers are, so that it goes with them however this ends.
	const home = mkdtempSync(path.join(roomDirectories()[0]!, 'bench-'));
	const env = {HOME: home, XDG_STATE_HOME: home, NODE_ENV: ''};
	const pgperf = (pane: Contender['pane'], ready: RegExp): Contender => ({
		tool: 'pgperf',
		pane,
		role: `bench_pgperf_${pane}`,
		ready,
		start: port => run(process.execPath, [program, 'top', `postgresql://bench_pgperf_${pane}@127.0.0.1:${port}/postgres`, '--pane', pane], env),
	});
	const installed = (command: string) => spawnSync('which', [command]).status === 0;
	const rival = (tool: 'pg_activity' | 'pg_top', ready: RegExp, args: readonly string[]): readonly Contender[] =>
		installed(tool)
			? [
					{
						tool,
						pane: 'sessions',
						role: `bench_${tool}`,
						ready,
						start: port => run(tool, ['-h', '127.0.0.1', '-p', String(port), '-U', `bench_${tool}`, '-d', 'postgres', ...args], env),
					},
				]
			: [];
	const contenders = [
		pgperf('overview', /conn \d+\/\d+/),
		pgperf('sessions', /bench-/),
		...rival('pg_activity', /bench-/, ['--refresh', '1']),
		...rival('pg_top', /bench_|postgres: |\d+ postgres/, ['-s', '1']),
	];
	for (const {role} of contenders) await server.run(`create role ${role} login superuser; alter role ${role} set log_min_duration_statement = 0`);
	return {contenders};
}

/** Keeps the server busy; `extra` active sessions beside the 34. */
export async function startLoad(server: TestServer, extra: number): Promise<{stop(): Promise<void>}> {
	const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('load.ts', import.meta.url)), server.conninfo, String(extra)], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	await Promise.race([
		once(child.stdout, 'data'),
		once(child, 'exit').then(() => {
			throw new Error('the load ended before it was ready');
		}),
	]);
	return {
		async stop() {
			child.stdin.end();
			await once(child, 'exit');
		},
	};
}

/** From the spawn to data on the screen, everybody in turns. */
export async function startTimes({contenders}: Field, server: TestServer, runs: number): Promise<ReadonlyMap<Contender, number>> {
	const times = new Map<Contender, number[]>(contenders.map(one => [one, []]));
	for (let i = 0; i <= runs; i++) {
		for (const one of contenders) {
			const running = one.start(server.port);
			const ms = await running.until(one.ready);
			// The first one fills caches.
			if (i > 0) times.get(one)!.push(ms);
			await running.end();
		}
	}
	return new Map([...times].map(([one, list]) => [one, median(list)]));
}

export type Steady = {
	readonly cpu: number;
	readonly bytes: number;
	readonly memory: number;
	readonly serverMs: number;
	readonly statements: number;
	readonly refreshes: number;
};

/** Everybody at once for `seconds`, after half a minute of warming up. */
export async function steady({contenders}: Field, server: TestServer, seconds: number): Promise<ReadonlyMap<Contender, Steady>> {
	const programs = new Map(contenders.map(one => [one, one.start(server.port)]));
	await Promise.all([...programs].map(([one, running]) => running.until(one.ready)));
	await pause(30_000);
	const look = () => ({
		at: performance.now(),
		log: statSync(server.log).size,
		seen: new Map([...programs].map(([one, p]) => [one, {cpu: p.cpu(), bytes: p.bytes}])),
	});
	const before = look();
	await pause(seconds * 1000);
	const now = look();
	const log = readFileSync(server.log).subarray(before.log, now.log).toString();
	const passed = (now.at - before.at) / 1000;
	const result = new Map<Contender, Steady>();
	for (const [one, running] of programs) {
		const {spent, statements, refreshes} = toldBy(log, one.role);
		const [then, here] = [before.seen.get(one)!, now.seen.get(one)!];
		result.set(one, {
			cpu: (100 * (here.cpu - then.cpu)) / passed,
			bytes: (here.bytes - then.bytes) / refreshes,
			memory: running.memory(),
			serverMs: spent / refreshes,
			statements: statements / refreshes,
			refreshes,
		});
		await running.end();
	}
	return result;
}

/** What the server logged of a role. The statement that came most often came once a refresh. */
function toldBy(log: string, role: string): {readonly spent: number; readonly statements: number; readonly refreshes: number} {
	const counts = new Map<string, number>();
	let spent = 0;
	let statements = 0;
	for (const [, who, ms, kind, text] of log.matchAll(/^([^|\n]*)\|[^\n]*? duration: ([\d.]+) ms {2}(parse|bind|execute|statement)([^\n]{0,100})/gm)) {
		if (who !== role) continue;
		spent += Number(ms);
		if (kind === 'parse' || kind === 'bind') continue;
		statements++;
		counts.set(text!, (counts.get(text!) ?? 0) + 1);
	}
	return {spent, statements, refreshes: Math.max(1, ...counts.values())};
}

/** A line of `ms` there and back: how long a refresh takes, and how often it goes there and back. */
export async function overLine(
	{contenders}: Field,
	server: TestServer,
	ms: number,
): Promise<ReadonlyMap<Contender, {readonly refresh: number; readonly trips: number}>> {
	const result = new Map<Contender, {refresh: number; trips: number}>();
	await Promise.all(
		contenders
			.filter(one => one.tool !== 'pg_top')
			.map(async one => {
				const proxy = await openProxy(server.port);
				proxy.delay(ms / 2);
				const running = one.start(proxy.port);
				await running.until(one.ready);
				await pause(3000);
				const packets: Packet[] = [];
				proxy.watch(packet => packets.push(packet));
				await pause(10_000);
				await running.end();
				await proxy.close();
				result.set(one, refreshesOf(packets, ms / 2));
			}),
	);
	return result;
}

/** Of the connection that is used most. What is sent arrives half a round trip later, what arrives was handed on when it was read. */
function refreshesOf(packets: readonly Packet[], oneWay: number): {readonly refresh: number; readonly trips: number} {
	const counts = new Map<number, number>();
	for (const {connection, up} of packets) if (up) counts.set(connection, (counts.get(connection) ?? 0) + 1);
	const busiest = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
	const rounds: {from: number; to: number; trips: number}[] = [];
	let wasUp = false;
	for (const {up, at} of packets.filter(packet => packet.connection === busiest)) {
		const last = rounds.at(-1);
		if (up && (!last || at - last.to > 300)) rounds.push({from: at - oneWay, to: at, trips: 1});
		else if (last) {
			last.to = at;
			if (up && !wasUp) last.trips++;
		}
		wasUp = up;
	}
	const whole = rounds.slice(1, -1);
	return {refresh: median(whole.map(round => round.to - round.from)), trips: whole.reduce((sum, round) => sum + round.trips, 0) / Math.max(1, whole.length)};
}

export type Keys = {readonly median: number; readonly worst: number; readonly bytes: number};

/** Keys that select rows among 239 sessions. */
export async function keys({contenders}: Field, server: TestServer, count: number): Promise<ReadonlyMap<Tool, Keys>> {
	const result = new Map<Tool, Keys>();
	for (const one of contenders) {
		if (one.tool === 'pg_top' || one.pane !== 'sessions') continue;
		const running = one.start(server.port);
		await running.until(one.ready);
		await pause(2500);
		// In the middle of the list: at its ends a key moves nothing, and no frame answers it.
		if (one.tool === 'pgperf') await running.key('\x1b[6~');
		const times: number[] = [];
		const sizes: number[] = [];
		const down = one.tool === 'pgperf' ? 'j' : '\x1b[B';
		for (let i = 0; i < (one.tool === 'pgperf' ? count : 10); i++) {
			// pg_activity is asked between its refreshes only: each key stops it for three of them.
			await pause(one.tool === 'pgperf' ? 35 + ((i * 37) % 60) : 100);
			const frame = await running.key(i % 40 < 20 ? down : one.tool === 'pgperf' ? 'k' : '\x1b[A');
			times.push(frame?.ms ?? 5000);
			if (frame) sizes.push(frame.bytes);
		}
		result.set(one.tool, {median: median(times), worst: quantile(times, 0.99), bytes: median(sizes)});
		await running.end();
	}
	return result;
}

export function helpTimes(field: Field, runs: number): ReadonlyMap<Tool, number> {
	const commands: readonly (readonly [Tool, string, readonly string[]])[] = [
		['pgperf', process.execPath, [program, 'report', '--help']],
		...(field.contenders.some(one => one.tool === 'pg_activity') ? ([['pg_activity', 'pg_activity', ['--help']]] as const) : []),
	];
	const times = new Map<Tool, number[]>(commands.map(([tool]) => [tool, []]));
	for (let i = 0; i <= runs; i++) {
		for (const [tool, command, args] of commands) {
			const start = performance.now();
			spawnSync(command, [...args], {stdio: 'ignore', env: {PATH: process.env.PATH, LANG: 'C.UTF-8'}});
			if (i > 0) times.get(tool)!.push(performance.now() - start);
		}
	}
	return new Map([...times].map(([tool, list]) => [tool, median(list)]));
}

export type {Measured};
