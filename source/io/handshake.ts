import {once} from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import type {Target} from './conninfo.ts';
import {heardFrom} from './greeting.ts';
import {encryptionMissing, type Failure, failure, notPostgres, unreachable, unverified} from './refusal.ts';
import {trustOf} from './trust.ts';

/** One address to try: `where` for sentences, `name` as the user called the host, `passwordHost` as the password file calls it. */
export type Address = {
	readonly where: string;
	readonly place: string;
	readonly to: {readonly path: string} | {readonly host: string; readonly port: number};
	readonly name: string | undefined;
	readonly passwordHost: string;
	readonly host: string;
	readonly port: number;
};
/** 'offered': TLS if the server has it, else plain on the same connection. */
export type Encryption = 'plain' | 'offered' | 'needed';
export type Opened = {readonly is: 'opened'; readonly stream: net.Socket; readonly tls: boolean};

/** TCP or socket, and TLS: everything before the first message of PostgreSQL's protocol. Throws when the signal aborts. */
export async function open(address: Address, encryption: Encryption, target: Target, signal: AbortSignal): Promise<Opened | Failure> {
	const socket = net.connect({...address.to, noDelay: true, keepAlive: target.keepAlive > 0, keepAliveInitialDelay: target.keepAlive});
	// Whoever waits hears of an error by itself; one that comes in between must not end the program.
	socket.on('error', () => {});
	const opened = await opening(socket, address, encryption, target, signal).catch(error => {
		socket.destroy();
		signal.throwIfAborted();
		return unreachable(error, address.where);
	});
	if (opened.is === 'failure') socket.destroy();
	return opened;
}

async function opening(socket: net.Socket, address: Address, encryption: Encryption, target: Target, signal: AbortSignal): Promise<Opened | Failure> {
	await heard(socket, 'connect', signal);
	if (encryption === 'plain') return {is: 'opened', stream: socket, tls: false};
	if (target.ssl.direct) return secure(socket, address, target, signal);
	socket.write(sslRequest);
	const [answer] = (await heard(socket, 'data', signal)) as [Buffer];
	socket.pause();
	// More than one byte is no server that waits for the handshake: a man in the middle's words would count as the server's (CVE-2021-23222).
	if (answer.length > 1 && answer[0] !== 0x45) return notPostgres(address.where, heardFrom(answer));
	switch (answer.toString('latin1', 0, 1)) {
		case 'S':
			return secure(socket, address, target, signal);
		case 'N':
			return encryption === 'offered' ? {is: 'opened', stream: socket, tls: false} : encryptionMissing(address.where, target.ssl.mode);
		case 'E':
			// Its words are not believed, as nothing proves them (CVE-2024-10977).
			return failure(`${address.where} answered the question for TLS with an error: it may be out of processes or memory, or no PostgreSQL.`, 'TLS_REFUSED', {
				next: true,
				handshake: true,
			});
		default:
			return notPostgres(address.where, heardFrom(answer));
	}
}

async function secure(socket: net.Socket, address: Address, target: Target, signal: AbortSignal): Promise<Opened | Failure> {
	const trust = trustOf(target.ssl, address.name);
	if (typeof trust === 'string') return failure(trust, 'TLS_FILES', {handshake: true});
	try {
		const stream = tls.connect({...trust, socket, ...('host' in address.to ? {host: address.to.host} : {})});
		stream.on('error', () => {});
		await heard(stream, 'secureConnect', signal);
		if (target.ssl.direct && stream.alpnProtocol !== 'postgresql') return notPostgres(address.where, 'it agreed to TLS, but not to PostgreSQL within it');
		return {is: 'opened', stream, tls: true};
	} catch (error) {
		signal.throwIfAborted();
		return unverified(error, address.where, target.ssl.root === 'system' ? "the system's authorities" : target.ssl.root);
	}
}

/** The event's arguments; rejects on an error, on the end of the connection and on the signal. */
async function heard(socket: net.Socket, event: 'connect' | 'data' | 'secureConnect', signal: AbortSignal): Promise<unknown[]> {
	const done = new AbortController();
	const until = {signal: AbortSignal.any([signal, done.signal])};
	const closed = once(socket, 'close', until).then(() => {
		throw Object.assign(new Error('closed'), {code: 'CLOSED'});
	});
	try {
		return await Promise.race([once(socket, event, until), closed]);
	} finally {
		done.abort();
	}
}

/** Length 8, code 1234.5679: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
