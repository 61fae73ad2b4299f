import {lookup} from 'node:dns/promises';
import {existsSync} from 'node:fs';
import {plain} from '../plain.ts';
import {type Host, isSocket, placeOf} from './conninfo.ts';
import type {Address} from './handshake.ts';
import {type Failure, resolverTimedOut, unreachable} from './refusal.ts';

/** Debian, Red Hat, and PostgreSQL's own default. */
const socketDirectories = ['/var/run/postgresql', '/run/postgresql', '/tmp'];

/** Every address of one host, in the order of the resolver. Never throws. */
export async function addressesOf(host: Host, signal: AbortSignal): Promise<Address[] | Failure> {
	const {port} = host;
	const local = (directory: string, passwordHost: string): Address => {
		const path = directory.startsWith('@') ? `\0${directory.slice(1)}/.s.PGSQL.${port}` : `${directory}/.s.PGSQL.${port}`;
		return {where: path.replace('\0', '@'), place: `[local]:${port}`, to: {path}, name: undefined, passwordHost, host: directory, port};
	};
	if (host.address === undefined && host.name !== undefined && isSocket(host.name))
		return [local(host.name, host.name === socketDirectories[0] ? 'localhost' : host.name)];
	const anywhere = host.address === undefined && host.name === undefined;
	if (anywhere) {
		const found = socketDirectories.map(directory => local(directory, 'localhost')).filter(({where}) => existsSync(where));
		// /var/run is a link to /run on most systems.
		if (found[0] && process.platform !== 'win32') return [found[0]];
	}
	const name = host.name ?? host.address ?? 'localhost';
	const place = placeOf({...host, name});
	try {
		const found = await within(lookup(host.address ?? name, {all: true, order: 'verbatim'}), signal);
		return found.map(({address}) => ({
			where: anywhere ? `${place} (no socket .s.PGSQL.${port} in ${socketDirectories.join(', ')})` : address === name ? place : `${place} (${address})`,
			place,
			to: {host: address, port},
			name: host.name ?? (host.address === undefined ? name : undefined),
			passwordHost: name,
			host: name,
			port,
		}));
	} catch (error) {
		return signal.aborted ? resolverTimedOut(plain(place)) : unreachable(error, plain(place));
	}
}

async function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	// It goes on when nobody waits for it any more.
	promise.catch(() => undefined);
	signal.throwIfAborted();
	return Promise.race([
		promise,
		new Promise<never>((_, reject) => {
			signal.addEventListener('abort', () => reject(signal.reason), {once: true});
		}),
	]);
}
