import {randomBytes} from 'node:crypto';
import {chownSync, readFileSync, writeFileSync} from 'node:fs';
import {createConnection} from 'node:net';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {installed, libraries, unpacked} from './debian.ts';
import type {Problem} from './problem.ts';
import {type Room, reachable} from './room.ts';
import {freePort, lastWords, type Server, spawnServer} from './servers.ts';

/** `url` carries the password: any other account of the machine could have a Redis without one write files as ours. */
export type RedisServer = Server & {readonly url: string};

/** A Redis or Valkey of our own on a free port, with `more` lines of redis.conf: PGPERF_REDIS_SERVER, else the PATH, else fetched from the distribution's archive into the cache. */
export async function startRedis(room: Room, name = 'redis', more: readonly string[] = [], flags: readonly string[] = []): Promise<RedisServer | Problem> {
	const found = await findRedis(room);
	if (!found) return {problem: 'Redis is left out: there is no redis-server or valkey-server on the PATH (apt install redis-server, brew install redis).'};
	const password = randomBytes(16).toString('hex');
	for (let attempt = 1; ; attempt++) {
		const port = await freePort();
		const file = join(room.dir, `${name}.conf`);
		writeFileSync(file, `${[...settings(room, name, port, password), ...more].join('\n')}\n`, {mode: 0o600});
		if (room.account) chownSync(file, room.account.uid, room.account.gid);
		// Of its command line Redis leaves only its own name to be seen: that has to lead to the room.
		const title = join(room.dir, 'redis-server');
		const server = spawnServer(room, {
			title,
			name,
			port,
			program: found.program,
			arguments: [file, ...flags],
			env: found.env,
			fast: 'SIGTERM',
			immediate: 'SIGKILL',
		});
		if (await ready(server, password)) return {...server, url: `redis://:${password}@127.0.0.1:${port}/0`};
		await server.stop();
		if (attempt === 3) return {problem: `Redis is left out: it did not start: ${lastWords(readFileSync(server.log, 'utf8'))}`};
	}
}

function settings(room: Room, name: string, port: number, password: string): readonly string[] {
	return [
		'bind 127.0.0.1',
		`port ${port}`,
		`requirepass ${password}`,
		'save ""',
		'appendonly no',
		`dir "${room.data}"`,
		// What a replica has written there must not be read by the next Redis of the room.
		`dbfilename ${name}.rdb`,
		'maxmemory 32mb',
		'maxmemory-policy allkeys-lru',
		'databases 4',
	];
}

async function findRedis(room: Room): Promise<{readonly program: string; readonly env?: NodeJS.ProcessEnv} | undefined> {
	const program = process.env.PGPERF_REDIS_SERVER || installed(['redis-server', 'valkey-server']);
	if (program) return {program};
	const root = await unpacked(
		'redis',
		['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1', 'liblua5.1-0', 'libhiredis1.1.0'],
		'usr/bin/redis-server',
	);
	if (!root) return undefined;
	const place = reachable(room, root, 'redis');
	return {program: join(place, 'usr/bin/redis-server'), env: {LD_LIBRARY_PATH: join(place, libraries)}};
}

async function ready(server: Server, password: string): Promise<boolean> {
	for (const deadline = Date.now() + 10_000; Date.now() < deadline && server.running(); await pause(10)) {
		if (await pings(server.port, password)) return true;
	}
	return false;
}

/** Another server that took our port meanwhile would refuse the password. */
function pings(port: number, password: string): Promise<boolean> {
	return new Promise(resolve => {
		const socket = createConnection({port, host: '127.0.0.1', timeout: 1000}, () => socket.write(`AUTH ${password}\r\nPING\r\n`));
		let answer = '';
		const settle = (pong: boolean) => {
			socket.destroy();
			resolve(pong);
		};
		socket.on('data', data => {
			answer += data.toString('latin1');
			if (answer.split('\r\n').length > 2) settle(answer.startsWith('+OK\r\n+PONG'));
		});
		for (const event of ['error', 'close', 'timeout']) socket.on(event, () => settle(false));
	});
}
