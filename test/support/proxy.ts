import net from 'node:net';

export type Packet = {
	readonly connection: number;
	readonly up: boolean;
	readonly bytes: number /** performance.now() when it was handed on. */;
	readonly at: number;
};
/** A line to a server that can be made slow, hold everything back, break, or never answer. What it carries keeps its order. */
export type TestProxy = {
	readonly port: number;
	/** Connections that are open now. */
	readonly connections: number;
	/** One way, in milliseconds; the handshake of TCP itself is not slowed. */
	delay(ms: number): void;
	/** Carries nothing, not even the end of a connection; what was held back arrives when the hole closes, as TCP would send it again. */
	hole(on: boolean): void;
	/** What stands now carries nothing any more, for good, while new connections are carried: a firewall that has forgotten them. */
	swallow(): void;
	/** Ends every connection: by FIN, or by RST. */
	cut(reset?: boolean): void;
	/** New connections are taken and never answered. */
	acceptHole(on: boolean): void;
	/** Where new connections lead from now on. */
	lead(port: number): void;
	/** Called with every packet that is handed on. */
	watch(listener: (packet: Packet) => void): void;
	close(): Promise<void>;
};

type Way = {send(chunk: Buffer | undefined): void; flush(): void; swallow(): void; isSwallowed(): boolean};

/** By RST. A socket whose end is just being sent can't be reset: Node would never let go of it, and spin for ever when the process ends. */
function breakOff(socket: net.Socket): void {
	if (socket.writableEnded && !socket.writableFinished) socket.destroy();
	else socket.resetAndDestroy();
}

export async function openProxy(to: number): Promise<TestProxy> {
	let target = to;
	let delay = 0;
	let holed = false;
	let deaf = false;
	let count = 0;
	let listener: (packet: Packet) => void = () => {};
	const sockets = new Set<net.Socket>();
	const ways = new Set<Way>();

	/** undefined is the end of the stream, which keeps its place behind the bytes. */
	const way = (connection: number, up: boolean, into: net.Socket): Way => {
		const queue: {readonly due: number; readonly chunk: Buffer | undefined}[] = [];
		let timer: NodeJS.Timeout | undefined;
		let swallowed = false;
		const flush = () => {
			clearTimeout(timer);
			timer = undefined;
			if (swallowed) return;
			while (!holed && queue[0] && queue[0].due <= performance.now()) {
				const {chunk} = queue.shift()!;
				if (into.destroyed) continue;
				if (chunk) {
					listener({connection, up, bytes: chunk.length, at: performance.now()});
					into.write(chunk);
				} else into.end();
			}
			if (!holed && queue[0]) timer = setTimeout(flush, Math.max(1, queue[0].due - performance.now()));
		};
		return {
			send(chunk) {
				queue.push({due: performance.now() + delay, chunk});
				if (!timer) flush();
			},
			flush,
			swallow() {
				swallowed = true;
			},
			isSwallowed: () => swallowed,
		};
	};

	const keep = (socket: net.Socket) => {
		sockets.add(socket);
		socket.setNoDelay(true);
		socket.on('error', () => {});
		socket.on('close', () => sockets.delete(socket));
	};
	const server = net.createServer({allowHalfOpen: true}, client => {
		keep(client);
		if (deaf) return;
		const connection = ++count;
		const upstream = net.connect({port: target, host: '127.0.0.1', allowHalfOpen: true});
		keep(upstream);
		const up = way(connection, true, upstream);
		const down = way(connection, false, client);
		for (const one of [up, down]) ways.add(one);
		const join = (from: net.Socket, along: Way) => {
			from.on('data', chunk => along.send(chunk));
			from.on('end', () => along.send(undefined));
			// A reset arrives as one: what was promised to be answered never is.
			from.on('error', () => {
				if (!holed && !along.isSwallowed()) for (const socket of [client, upstream]) breakOff(socket);
			});
			from.on('close', () => {
				ways.delete(along);
			});
		};
		join(client, up);
		join(upstream, down);
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(0, '127.0.0.1', resolve);
	});
	server.unref();

	const end = (reset: boolean) => {
		for (const socket of [...sockets]) {
			if (reset) breakOff(socket);
			else socket.destroy();
		}
	};
	return {
		port: (server.address() as net.AddressInfo).port,
		get connections() {
			return count === 0 ? 0 : sockets.size / 2;
		},
		delay(ms) {
			delay = ms;
		},
		hole(on) {
			holed = on;
			if (!on) for (const one of ways) one.flush();
		},
		swallow() {
			for (const one of ways) one.swallow();
		},
		cut: (reset = false) => end(reset),
		acceptHole(on) {
			deaf = on;
		},
		lead(port) {
			target = port;
		},
		watch(next) {
			listener = next;
		},
		close: () =>
			new Promise(resolve => {
				end(false);
				server.close(() => resolve());
			}),
	};
}
