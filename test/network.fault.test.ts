import assert from 'node:assert/strict';
import {once} from 'node:events';
import net from 'node:net';
import {after, before, test} from 'node:test';
import {openProxy, type TestProxy} from './support/proxy.ts';
import type {Screen} from './support/screen.ts';
import {startServer, type TestServer, until} from './support/servers.ts';
import {answersKeys, openTop, quits} from './support/top.ts';

let server: TestServer;

before(async () => {
	server = await startServer();
});
after(() => server.stop());

test('a line that is reset in the moment when it ends leaves nothing open', async () => {
	const echo = net.createServer({allowHalfOpen: true}, socket => socket.on('error', () => {}).on('data', data => socket.write(data))).listen(0, '127.0.0.1');
	await once(echo, 'listening');
	const {port} = echo.address() as net.AddressInfo;
	const proxy = await openProxy(port);
	const [along, beside] = [proxy.port, port].map(to => net.connect({port: to, host: '127.0.0.1', allowHalfOpen: true}).on('error', () => {}));
	const answered = async (socket: net.Socket) => {
		socket.write('x');
		await once(socket, 'data');
	};
	await answered(along!);
	proxy.hole(true);
	along!.end();
	// By the time that these come back the end has reached the line, and waits there.
	for (let turn = 0; turn < 3; turn++) await answered(beside!);
	proxy.hole(false);
	proxy.cut(true);
	await until(
		() => proxy.connections,
		count => count === 0,
	);
	beside!.destroy();
	await proxy.close();
	echo.close();
});

type Scene = {readonly screen: Screen; readonly leaver: Screen; readonly proxy: TestProxy};

/** Two consoles on one line: one lives through the fault, one is left while it lasts. */
async function overLine(play: (scene: Scene) => Promise<void>, uri: (port: number) => string = port => `postgresql://postgres@127.0.0.1:${port}/postgres`) {
	const proxy = await openProxy(server.port);
	const screens = await Promise.all([openTop(uri(proxy.port)), openTop(uri(proxy.port))]);
	try {
		await Promise.all(screens.map(screen => screen.waitFor(/● live/)));
		await play({screen: screens[0], leaver: screens[1], proxy});
	} finally {
		await Promise.all(screens.map(screen => screen.close()));
		await proxy.close();
	}
}

for (const [name, reset] of [
	['cut', false],
	['reset', true],
] as const) {
	test(`a line that is ${name}: lost is said, what was seen stays, and it comes back by itself`, () =>
		overLine(async ({screen, leaver, proxy}) => {
			await screen.press('2');
			await screen.waitFor(/connections/);
			proxy.acceptHole(true);
			proxy.cut(reset);
			await screen.waitFor(/✖ lost[\s\S]*connection/i);
			await answersKeys(screen);
			await screen.waitFor(/conn +\d+\/\d+/);
			await leaver.waitFor(/✖ lost/);
			await quits(leaver);
			proxy.acceptHole(false);
			proxy.cut();
			await screen.waitFor(/● live/, {limitMs: 40_000});
			await screen.waitFor(/back after [\d.]+ s without an answer: .*connection/);
			// Lost again: what is said is the loss, not that it came back.
			proxy.acceptHole(true);
			proxy.cut(reset);
			await screen.waitFor(text => /✖ lost/.test(text) && !/back after/.test(text));
			await quits(screen);
		}));
}

test('a line that swallows everything: first stale with its age, then lost, and live again when it carries', () =>
	overLine(async ({screen, leaver, proxy}) => {
		proxy.hole(true);
		// What is said of the loss gives way to what the next try says: it may be seen while keys are pressed.
		const lost = screen.waitFor(/✖ lost[\s\S]*no answer for \d+ s/);
		const left = async () => {
			await screen.waitFor(/◌ stale [\d.]+s/);
			await answersKeys(screen);
			await quits(leaver);
		};
		await Promise.all([lost, left()]);
		await answersKeys(screen);
		proxy.hole(false);
		await screen.waitFor(/● live/, {limitMs: 40_000});
		await quits(screen);
	}));

test('a line that swallows for two seconds only: stale, and live on the same connection', () =>
	overLine(async ({screen, leaver, proxy}) => {
		const backends = async () => {
			const client = await server.connect();
			const {rows} = await client.query("select pid from pg_stat_activity where application_name = 'pgperf' order by pid");
			await client.end();
			return rows.map(row => row.pid);
		};
		// Those of the one that leaves are among them: they say good-bye for a while after it has ended. With its first session a console loses all.
		const before = await backends();
		await quits(leaver);
		proxy.hole(true);
		await screen.waitFor(/◌ stale/);
		proxy.hole(false);
		await screen.waitFor(/● live/);
		assert.ok((await backends()).some(pid => before.includes(pid)));
		await quits(screen);
	}));

test('a port that takes connections and never answers: keys go on, and the screen says what it tries', () =>
	overLine(
		async ({screen, leaver, proxy}) => {
			proxy.acceptHole(true);
			proxy.cut(true);
			await screen.waitFor(/✖ lost/);
			await screen.waitFor(/did not answer in time/, {limitMs: 40_000});
			await answersKeys(screen);
			await quits(leaver);
			proxy.acceptHole(false);
			await screen.waitFor(/● live/, {limitMs: 40_000});
			await quits(screen);
		},
		port => `postgresql://postgres@127.0.0.1:${port}/postgres?connect_timeout=2`,
	));

for (const roundTrip of [80, 400]) {
	test(`a line of ${roundTrip} ms: live, every pane is filled, and keys do not wait for it`, () =>
		overLine(async ({screen, leaver, proxy}) => {
			proxy.delay(roundTrip / 2);
			await quits(leaver);
			for (const [key, says] of [
				['2', /connections/],
				['4', /Nobody waits/],
				['0', /./],
				['1', /Connections ─/],
			] as const) {
				await screen.press(key);
				await screen.waitFor(says);
			}
			await answersKeys(screen);
			await screen.waitFor(/● live/);
			assert.doesNotMatch(screen.text(), /stale|lost/);
			await quits(screen);
		}));
}

test('a start over a line that never answers ends with a sentence', async () => {
	const proxy = await openProxy(server.port);
	proxy.acceptHole(true);
	const screen = await openTop(`postgresql://postgres@127.0.0.1:${proxy.port}/postgres?connect_timeout=2`);
	try {
		assert.equal((await screen.exit).code, 69);
		assert.match(screen.text(), /did not answer in time/);
		assert.equal(screen.alternate, false);
	} finally {
		await screen.close();
		await proxy.close();
	}
});

test('a failover: with several hosts the console follows to the new primary', async () => {
	const primary = await startServer({standby: true});
	const standby = primary.standby!;
	const uri = `postgresql://postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres?target_session_attrs=read-write`;
	const screen = await openTop(uri, {columns: 160});
	try {
		await screen.waitFor(new RegExp(`127\\.0\\.0\\.1:${primary.port}[\\s\\S]*● live`));
		await primary.stop();
		await screen.waitFor(/✖ lost/);
		await answersKeys(screen);
		await standby.run('select pg_promote()');
		await screen.waitFor(new RegExp(`:${standby.port}.*primary[\\s\\S]*● live`), {limitMs: 40_000});
		await quits(screen);
	} finally {
		await screen.close();
		await standby.stop();
		await primary.stop();
	}
});
