import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {createInterface} from 'node:readline';
import {pathToFileURL} from 'node:url';
import {newDirectory} from './scratch.ts';

export type Seen = {
	/** CSS pixels of the page; more than the window means that it scrolls sideways. */
	readonly width: number;
	readonly height: number;
	readonly text: string;
	/** Everything that it wanted besides itself, every dialog and every complaint. */
	readonly wanted: readonly string[];
	readonly png: Buffer;
};
export type Browser = {see(html: string, size: {readonly width: number; readonly height: number}): Promise<Seen>; close(): Promise<void>};

const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

/** A Chromium without a window, spoken to over its own protocol. Throws a sentence where there is none. */
export async function openBrowser(): Promise<Browser> {
	const program = process.env.CHROMIUM ?? names.find(name => spawnSync(name, ['--version']).status === 0);
	if (program === undefined) throw new Error('There is no Chromium: apt-get install chromium, or name one in CHROMIUM.');
	const place = newDirectory();
	const child = spawn(
		program,
		['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--remote-debugging-port=0', `--user-data-dir=${place}/profile`, 'about:blank'],
		{
			stdio: ['ignore', 'ignore', 'pipe'],
			detached: true,
		},
	);
	const stop = () => endGroup(child);
	process.once('exit', stop);
	const address = await addressOf(child);
	const socket = new WebSocket(address);
	await new Promise((resolve, reject) => {
		socket.addEventListener('open', resolve, {once: true});
		socket.addEventListener('error', reject, {once: true});
	});
	let count = 0;
	const waiting = new Map<number, {readonly resolve: (value: Record<string, unknown>) => void; readonly reject: (error: Error) => void}>();
	const listeners = new Set<(method: string, params: Record<string, unknown>) => void>();
	socket.addEventListener('message', event => {
		const message = JSON.parse(String(event.data)) as {
			id?: number;
			method?: string;
			params?: Record<string, unknown>;
			result?: Record<string, unknown>;
			error?: {message: string};
		};
		if (message.id === undefined) for (const listener of listeners) listener(message.method!, message.params ?? {});
		else if (message.error) waiting.get(message.id)?.reject(new Error(message.error.message));
		else waiting.get(message.id)?.resolve(message.result ?? {});
	});
	const send = (method: string, params: object = {}, sessionId?: string) =>
		new Promise<Record<string, unknown>>((resolve, reject) => {
			waiting.set(++count, {resolve, reject});
			socket.send(JSON.stringify({id: count, method, params, sessionId}));
		});
	return {
		async see(html, {width, height}) {
			const file = path.join(place, `page-${++count}.html`);
			writeFileSync(file, html);
			const url = pathToFileURL(file).href;
			const {targetId} = await send('Target.createTarget', {url: 'about:blank'});
			const {sessionId} = (await send('Target.attachToTarget', {targetId, flatten: true})) as {sessionId: string};
			const wanted: string[] = [];
			const ask = (method: string, params: object = {}) => send(method, params, sessionId);
			let loaded: () => void = () => undefined;
			const load = new Promise<void>(resolve => {
				loaded = resolve;
			});
			const listen = (method: string, params: Record<string, unknown>) => {
				if (method === 'Page.loadEventFired') loaded();
				if (method === 'Network.requestWillBeSent' && (params.request as {url: string}).url !== url) wanted.push((params.request as {url: string}).url);
				if (method === 'Page.javascriptDialogOpening' || method === 'Runtime.exceptionThrown') wanted.push(method);
				if (method === 'Log.entryAdded') wanted.push((params.entry as {text: string}).text);
			};
			listeners.add(listen);
			for (const domain of ['Page', 'Network', 'Log', 'Runtime']) await ask(`${domain}.enable`);
			await ask('Emulation.setDeviceMetricsOverride', {width, height, deviceScaleFactor: 1, mobile: width < 600});
			await ask('Page.navigate', {url});
			await load;
			const evaluate = async (expression: string) => ((await ask('Runtime.evaluate', {expression, returnByValue: true})).result as {value: unknown}).value;
			const seen = {
				width: Number(await evaluate('document.documentElement.scrollWidth')),
				height: Number(await evaluate('document.documentElement.scrollHeight')),
				text: String(await evaluate('document.body.innerText')),
				wanted,
				png: Buffer.from((await ask('Page.captureScreenshot', {format: 'png'})).data as string, 'base64'),
			};
			listeners.delete(listen);
			await send('Target.closeTarget', {targetId});
			return seen;
		},
		async close() {
			const gone = new Promise(resolve => child.once('exit', resolve));
			await send('Browser.close').catch(() => undefined);
			await gone;
			socket.close();
			process.off('exit', stop);
			endGroup(child);
		},
	};
}

async function addressOf(child: ChildProcess): Promise<string> {
	const said: string[] = [];
	for await (const line of createInterface(child.stderr!)) {
		said.push(line);
		const found = /^DevTools listening on (ws:\S+)$/.exec(line);
		if (found) {
			child.stderr!.resume();
			return found[1]!;
		}
	}
	throw new Error(`Chromium did not start: ${said.slice(-3).join(' ')}`);
}

/** Its helpers too. */
function endGroup(child: ChildProcess): void {
	try {
		process.kill(-child.pid!, 'SIGKILL');
	} catch {
		// All of them have ended.
	}
}
