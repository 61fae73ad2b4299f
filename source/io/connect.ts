import type pg from 'pg';
import {plain} from '../plain.ts';
import {addressesOf} from './addresses.ts';
import {isProblem, type Problem, type Target} from './conninfo.ts';
import {type Address, type Encryption, open} from './handshake.ts';
import {disconnect, logIn} from './login.ts';
import {type Failure, failure, timedOut} from './refusal.ts';

export {disconnect, isProblem};

/**
 * `host` is the name, address or socket directory that answered; `title` is `shop @ db1:5432`. `pinned` leads to this very server: of several hosts, or a
 * name with several addresses, the next session of the same target may find another.
 */
export type Connected = {
	readonly client: pg.Client;
	readonly host: string;
	readonly port: number;
	readonly tls: boolean;
	readonly title: string;
	readonly pinned: Target;
};
export type Options = {
	readonly applicationName: string;
	/** Milliseconds. */
	readonly queryTimeoutMs?: number;
	/** Undefined when nobody answered: no password then. Left out where there is no terminal. */
	readonly askPassword?: (prompt: string) => Promise<string | undefined>;
	readonly pipeline?: boolean;
	readonly signal?: AbortSignal;
};

/** Passwords that were typed, for the next connections; nothing that is printed reaches them. A pinned target has its origin's key. */
const typed = new WeakMap<Target['password'], Promise<string | undefined>>();

/** Tries the hosts in order, as libpq does. Never throws. A password that is missing is asked for once and kept for later connections. */
export async function connect(target: Target, options: Options): Promise<Connected | Problem> {
	const ask = target.ask === 'never' || typed.has(target.password) ? undefined : options.askPassword;
	try {
		const before = target.ask === 'always' && ask ? await typePassword(target, ask) : await typed.get(target.password);
		const first = await tryHosts(target, options, before);
		if (first.is === 'session') return first.connected;
		const password = first.wantsPassword && ask && target.ask === 'when-wanted' ? await typePassword(target, ask) : undefined;
		const last = password === undefined ? first : await tryHosts(target, options, password);
		if (last.is === 'session') return last.connected;
		if (ask && last.problem.code === '28P01') typed.delete(target.password);
		return last.problem;
	} catch (error) {
		if (options.signal?.aborted) return {problem: 'Connecting was given up.', exit: 69, code: 'ABORTED'};
		return {problem: `Connecting failed: ${plain(error instanceof Error ? error.message : String(error)).slice(0, 300)}.`, exit: 69};
	}
}

/** Several sessions that start at once ask once. */
async function typePassword(target: Target, ask: (prompt: string) => Promise<string | undefined>): Promise<string | undefined> {
	const asked = typed.get(target.password) ?? ask(`Password for user ${plain(target.user)}: `).catch(() => undefined);
	typed.set(target.password, asked);
	const password = await asked;
	if (!password) typed.delete(target.password);
	return password || undefined;
}

type Session = {readonly is: 'session'; readonly connected: Connected};

async function tryHosts(target: Target, options: Options, password: string | undefined): Promise<Session | Failure> {
	const hosts = target.shuffle ? shuffled(target.hosts) : target.hosts;
	// A standby is preferred: first nothing else will do, then anything.
	const rounds = target.sessionAttrs === 'prefer-standby' ? (['standby', 'any'] as const) : [target.sessionAttrs];
	let failures: Failure[] = [];
	for (const sessionAttrs of rounds) {
		failures = [];
		for (const host of hosts) {
			const addresses = await addressesOf(host, patience(target, options.signal));
			options.signal?.throwIfAborted();
			if (!Array.isArray(addresses)) {
				failures.push(addresses);
				continue;
			}
			for (const address of target.shuffle ? shuffled(addresses) : addresses) {
				const tried = await tryAddress(address, {...target, sessionAttrs}, options, password);
				if (tried.is === 'session' || !tried.next) return tried;
				failures.push(tried);
			}
		}
	}
	return together(failures);
}

async function tryAddress(address: Address, target: Target, options: Options, password: string | undefined): Promise<Session | Failure> {
	const isLocal = 'path' in address.to;
	const {mode} = target.ssl;
	const start = async (encryption: Encryption): Promise<Session | (Failure & {readonly tls?: boolean})> => {
		const signal = patience(target, options.signal);
		try {
			const opened = await open(address, encryption, target, signal);
			if (opened.is === 'failure') return {...opened, tls: encryption !== 'plain'};
			const begun = await logIn(opened, address, target, {...options, password, signal});
			if (begun.is === 'failure') return {...begun, tls: opened.tls};
			const {host, port, place} = address;
			const {client} = begun;
			return {is: 'session', connected: {client, host, port, tls: opened.tls, title: plain(`${target.database} @ ${place}`), pinned: pin(target, address)}};
		} catch (error) {
			options.signal?.throwIfAborted();
			if (signal.aborted) return timedOut(address.where);
			throw error;
		}
	};
	// libpq never encrypts on a socket of this machine.
	if (isLocal || mode === 'disable') return start('plain');
	if (mode === 'allow') {
		const plainly = await start('plain');
		if (plainly.is === 'session' || !plainly.refused) return plainly;
		const secretly = await start('needed');
		return secretly.is === 'session' || secretly.refused ? secretly : plainly;
	}
	if (mode === 'prefer') {
		const secretly = await start('offered');
		if (secretly.is === 'session' || !secretly.tls) return secretly;
		// A wrong password is not sent once more in the clear, which psql does.
		const mayHelp = secretly.problem.code === '28000' || secretly.handshake;
		if (!mayHelp) return secretly;
		const plainly = await start('plain');
		return plainly.is === 'session' || secretly.problem.code !== '28000' ? plainly : secretly;
	}
	return start('needed');
}

function pin(target: Target, {to, name, host, port}: Address): Target {
	const hosts = ['path' in to ? {name: host, address: undefined, port} : {name, address: to.host, port}];
	return {...target, hosts, sessionAttrs: target.sessionAttrs === 'prefer-standby' ? 'any' : target.sessionAttrs};
}

/** One sentence per host that failed. */
function together(failures: readonly Failure[]): Failure {
	const sentences = [...new Set(failures.map(({problem}) => problem.problem))];
	const last = failures.at(-1) ?? failure('No host is left to try.', undefined);
	if (sentences.length <= 1) return last;
	const shown = sentences.slice(0, 4).join(' ');
	return failure(
		`None of ${failures.length} addresses would do. ${shown}${sentences.length > 4 ? ` And ${sentences.length - 4} more.` : ''}`,
		last.problem.code,
	);
}

/** Aborts when connect_timeout is over, or the caller gives up. */
function patience(target: Target, signal: AbortSignal | undefined): AbortSignal {
	const signals = [...(signal ? [signal] : []), ...(target.timeout > 0 ? [AbortSignal.timeout(target.timeout)] : [])];
	return AbortSignal.any(signals);
}

function shuffled<T>(list: readonly T[]): T[] {
	return list
		.map(item => ({item, at: Math.random()}))
		.sort((a, b) => a.at - b.at)
		.map(({item}) => item);
}
