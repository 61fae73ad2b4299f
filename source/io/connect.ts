import {lookup} from 'node:dns/promises';
import {existsSync} from 'node:fs';
import type net from 'node:net';
import pg from 'pg';
import {type Host, isProblem, isSocket, type Problem, placeOf, plain, type Target} from './conninfo.ts';
import {readGreeting} from './greeting.ts';
import {type Address, type Encryption, type Opened, open} from './handshake.ts';
import {findPassword} from './pgpass.ts';
import {type Failure, failure, notPostgres, passwordMissing, refused, unreachable, unverified} from './refusal.ts';

export {isProblem};

/** `host` is the name, address or socket directory that answered; `title` is `shop @ db1:5432`. */
export type Connected = {readonly client: pg.Client; readonly host: string; readonly port: number; readonly tls: boolean; readonly title: string};
export type Options = {
	readonly applicationName: string;
	/** Milliseconds. */
	readonly queryTimeoutMs?: number;
	/** Undefined when nobody answered: no password then. Left out where there is no terminal. */
	readonly askPassword?: (prompt: string) => Promise<string | undefined>;
	readonly pipeline?: boolean;
	readonly signal?: AbortSignal;
};

/** Debian, Red Hat, and PostgreSQL's own default. */
const socketDirectories = ['/var/run/postgresql', '/run/postgresql', '/tmp'];

/** Passwords that were typed, for the next connections to the same target; nothing that is printed reaches them. */
const typed = new WeakMap<Target, Promise<string | undefined>>();

/** Tries the hosts in order, as libpq does. Never throws. A password that is missing is asked for once and kept for later connections. */
export async function connect(target: Target, options: Options): Promise<Connected | Problem> {
	try {
		if (target.ask === 'always' && options.askPassword) await typePassword(target, options.askPassword);
		const kept = typed.get(target);
		const first = await tryHosts(target, options, await kept);
		if (first.is === 'session') return first.connected;
		if (first.wantsPassword && kept === undefined && target.ask === 'when-wanted' && options.askPassword) {
			const password = await typePassword(target, options.askPassword);
			if (password === undefined) return first.problem;
			const second = await tryHosts(target, options, password);
			if (second.is === 'session') return second.connected;
			if (second.problem.code === '28P01') typed.delete(target);
			return second.problem;
		}
		if (first.problem.code === '28P01' && kept !== undefined && options.askPassword) typed.delete(target);
		return first.problem;
	} catch (error) {
		if (options.signal?.aborted) return {problem: 'Connecting was given up.', exit: 69, code: 'ABORTED'};
		return {problem: `Connecting failed: ${plain(error instanceof Error ? error.message : String(error)).slice(0, 300)}.`, exit: 69};
	}
}

/** Says good-bye, and does not wait for an answer from a dead network. */
export async function disconnect(client: pg.Client): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const patience = new Promise<void>(resolve => {
		timer = setTimeout(resolve, 500);
	});
	await Promise.race([client.end().catch(() => {}), patience]);
	clearTimeout(timer);
	streamOf(client).destroy();
}

/** Several sessions that start at once ask once. */
async function typePassword(target: Target, ask: (prompt: string) => Promise<string | undefined>): Promise<string | undefined> {
	const asked = typed.get(target) ?? ask(`Password for user ${plain(target.user)}: `);
	typed.set(target, asked);
	const password = await asked.catch(() => undefined);
	if (!password) typed.delete(target);
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
			const addresses = await addressesOf(host, target, options.signal);
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

async function addressesOf(host: Host, target: Target, signal: AbortSignal | undefined): Promise<Address[] | Failure> {
	const {port} = host;
	const local = (directory: string, passwordHost: string): Address => {
		const path = directory.startsWith('@') ? `\0${directory.slice(1)}/.s.PGSQL.${port}` : `${directory}/.s.PGSQL.${port}`;
		return {where: path.replace('\0', '@'), place: `[local]:${port}`, to: {path}, name: undefined, passwordHost, host: directory, port};
	};
	if (host.address === undefined && host.name !== undefined && isSocket(host.name))
		return [local(host.name, host.name === socketDirectories[0] ? 'localhost' : host.name)];
	if (host.address === undefined && host.name === undefined) {
		const found = socketDirectories.map(directory => local(directory, 'localhost')).filter(({where}) => existsSync(where));
		// /var/run is a link to /run on most systems.
		if (found[0] && process.platform !== 'win32') return [found[0]];
	}
	const name = host.name ?? host.address ?? 'localhost';
	const place = placeOf({...host, name});
	try {
		const found = await within(lookup(host.address ?? name, {all: true, order: 'verbatim'}), limit(target, signal));
		return found.map(({address}) => ({
			where: address === name ? place : `${place} (${address})`,
			place,
			to: {host: address, port},
			name: host.name ?? (host.address === undefined ? name : undefined),
			passwordHost: name,
			host: name,
			port,
		}));
	} catch (error) {
		signal?.throwIfAborted();
		return unreachable(isTimeout(error) ? Object.assign(new Error('name server'), {code: 'EAI_AGAIN'}) : error, plain(place));
	}
}

async function tryAddress(address: Address, target: Target, options: Options, password: string | undefined): Promise<Session | Failure> {
	const isLocal = 'path' in address.to;
	const {mode} = target.ssl;
	const start = async (encryption: Encryption): Promise<Session | (Failure & {readonly tls?: boolean})> => {
		const signal = limit(target, options.signal);
		try {
			const opened = await open(address, encryption, target, signal);
			if (opened.is === 'failure') return {...opened, tls: encryption !== 'plain'};
			const begun = await begin(opened, address, target, options, password, signal);
			return begun.is === 'failure' ? {...begun, tls: opened.tls} : begun;
		} catch (error) {
			options.signal?.throwIfAborted();
			if (signal.aborted) return unreachable(Object.assign(new Error('timeout'), {code: 'TIMEOUT'}), address.where);
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

async function begin(
	opened: Opened,
	address: Address,
	target: Target,
	options: Options,
	password: string | undefined,
	signal: AbortSignal,
): Promise<Session | Failure> {
	let verdict: Failure | undefined;
	const filed = password ?? target.password();
	const found = filed === undefined ? findPassword(target.passwordFile, {...address, host: address.passwordHost, ...pick(target)}) : {password: filed};
	const give = () => {
		if (found.password === undefined) verdict = passwordMissing(address.where, target, found.note);
		return found.password ?? '';
	};
	const judge = (bytes: Buffer): 'incomplete' | 'good' | 'bad' => {
		const greeting = readGreeting(bytes);
		if (greeting.is === 'incomplete') return 'incomplete';
		if (greeting.is === 'foreign') verdict = notPostgres(address.where, greeting.heard);
		if (greeting.is === 'asks') {
			verdict = objection(greeting, opened.tls, address.where, target);
			if (!verdict && greeting.method !== 'none' && found.password === undefined) give();
		}
		return verdict ? 'bad' : 'good';
	};
	const client = clientOn(adopt(opened.stream, judge), address, target, options, give, opened.tls);
	const abandon = () => opened.stream.destroy();
	signal.addEventListener('abort', abandon, {once: true});
	try {
		await client.connect();
		const unmet = target.sessionAttrs === 'any' ? undefined : await unmetAttrs(client, target, address.where);
		if (unmet) {
			await disconnect(client);
			return unmet;
		}
		const title = plain(`${target.database} @ ${address.place}`);
		return {is: 'session', connected: {client, host: address.host, port: address.port, tls: opened.tls, title}};
	} catch (error) {
		opened.stream.destroy();
		signal.throwIfAborted();
		if (verdict) return verdict;
		if (error instanceof pg.DatabaseError) return refused(error, address.where, target, found.note);
		if (opened.tls && error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_SSL'))
			return unverified(error, address.where, target.ssl.root);
		if (error instanceof Error && error.message.startsWith('SASL'))
			return failure(`${address.where} does not prove that it knows the password (${error.message.slice(0, 200)}).`, 'SASL');
		return unreachable(error instanceof Error && 'code' in error ? error : Object.assign(new Error(), {code: 'CLOSED'}), address.where);
	} finally {
		signal.removeEventListener('abort', abandon);
	}
}

/** Everything is said explicitly: what is left out, pg takes from PG* variables by rules that are not libpq's. */
function clientOn(stream: net.Socket, address: Address, target: Target, options: Options, password: () => string, tls: boolean): pg.Client {
	const config: pg.ClientConfig & {sslnegotiation: string; enableChannelBinding: boolean; scramMaxIterations: number} = {
		host: address.host,
		port: address.port,
		user: target.user,
		database: target.database,
		password,
		stream: () => stream,
		ssl: false,
		sslnegotiation: 'postgres',
		enableChannelBinding: tls && target.channelBinding !== 'disable',
		scramMaxIterations: 1_000_000,
		application_name: options.applicationName,
		keepAlive: target.keepAlive > 0,
		keepAliveInitialDelayMillis: target.keepAlive,
		pipeline: options.pipeline ?? false,
		...(options.queryTimeoutMs === undefined ? {} : {query_timeout: options.queryTimeoutMs}),
	};
	const client = new pg.Client(config);
	client.on('error', () => {});
	const {connectionParameters} = client as unknown as {connectionParameters: Record<string, unknown>};
	Object.assign(connectionParameters, {options: target.options, replication: undefined, client_encoding: undefined});
	return client;
}

/** pg is given a connection that stands: what it does to make one is passed over, and the first bytes are judged before it reads them. */
function adopt(stream: net.Socket, judge: (bytes: Buffer) => 'incomplete' | 'good' | 'bad'): net.Socket {
	const on = stream.on.bind(stream);
	let unjudged: Buffer | undefined = Buffer.alloc(0);
	const reading = (listener: (bytes: Buffer) => void) => (bytes: Buffer) => {
		try {
			if (unjudged === undefined) return listener(bytes);
			unjudged = Buffer.concat([unjudged, bytes]);
			const verdict = judge(unjudged);
			if (verdict === 'bad') stream.destroy();
			if (verdict !== 'good') return;
			const first = unjudged;
			unjudged = undefined;
			listener(first);
		} catch (error) {
			// pg's parser throws out of the socket's event, which would end the program.
			stream.destroy(error instanceof Error ? error : new Error(String(error)));
		}
	};
	return Object.assign(stream, {
		connect: () => {
			process.nextTick(() => {
				stream.resume();
				stream.emit('connect');
			});
			return stream;
		},
		on: (event: string, listener: (...all: never[]) => void) =>
			on(event, event === 'data' ? reading(listener as unknown as (bytes: Buffer) => void) : (listener as () => void)),
	});
}

function objection(greeting: Extract<ReturnType<typeof readGreeting>, {is: 'asks'}>, tls: boolean, where: string, target: Target): Failure | undefined {
	const {method, mechanisms} = greeting;
	if (target.authMethods && (method === 'other' || !target.authMethods.includes(method)))
		return failure(`${where} asks for the authentication ${method}, and require_auth allows ${target.authMethods.join(', ')} only.`, 'REQUIRE_AUTH');
	if (target.channelBinding === 'require' && !(tls && mechanisms.includes('SCRAM-SHA-256-PLUS')))
		return failure(`channel_binding=require can't be kept: ${tls ? `${where} does not offer it` : 'the connection is not encrypted'}.`, 'CHANNEL_BINDING');
	switch (method) {
		case 'none':
		case 'password':
		case 'md5':
		case 'scram-sha-256':
			return undefined;
		case 'gss':
		case 'sspi':
			return failure(
				`${where} wants Kerberos (${method}), which pgperf does not speak. Have a line with scram-sha-256 or cert added to pg_hba.conf for this role.`,
				'AUTH_METHOD',
			);
		case 'oauth':
		case 'other':
			return failure(
				`${where} wants an authentication that pgperf does not speak (${method}). Have a line with scram-sha-256 or cert added to pg_hba.conf for this role.`,
				'AUTH_METHOD',
			);
	}
}

async function unmetAttrs(client: pg.Client, target: Target, where: string): Promise<Failure | undefined> {
	const {rows} = await client.query<{recovery: boolean; readOnly: string}>(
		`select pg_catalog.pg_is_in_recovery() as recovery, pg_catalog.current_setting('transaction_read_only') as "readOnly"`,
	);
	const recovery = rows[0]?.recovery ?? false;
	const readOnly = recovery || rows[0]?.readOnly === 'on';
	const is = (word: string) =>
		failure(`${where} is ${word}, and target_session_attrs=${target.sessionAttrs} does not want that.`, 'SESSION_ATTRS', {next: true});
	switch (target.sessionAttrs) {
		case 'read-write':
			return readOnly ? is(recovery ? 'a standby' : 'read-only') : undefined;
		case 'read-only':
			return readOnly ? undefined : is('writable');
		case 'primary':
			return recovery ? is('a standby') : undefined;
		case 'standby':
			return recovery ? undefined : is('a primary');
		case 'any':
		case 'prefer-standby':
			return undefined;
	}
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

function limit(target: Target, signal: AbortSignal | undefined): AbortSignal {
	const signals = [...(signal ? [signal] : []), ...(target.timeout > 0 ? [AbortSignal.timeout(target.timeout)] : [])];
	return AbortSignal.any(signals);
}

async function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	signal.throwIfAborted();
	return Promise.race([
		promise,
		new Promise<never>((_, reject) => {
			signal.addEventListener('abort', () => reject(signal.reason), {once: true});
		}),
	]);
}

function isTimeout(error: unknown): boolean {
	return error instanceof Error && error.name === 'TimeoutError';
}

function pick({database, user}: Target): {readonly database: string; readonly user: string} {
	return {database, user};
}

function shuffled<T>(list: readonly T[]): T[] {
	return list
		.map(item => ({item, at: Math.random()}))
		.sort((a, b) => a.at - b.at)
		.map(({item}) => item);
}

function streamOf(client: pg.Client): net.Socket {
	return (client as unknown as {connection: {stream: net.Socket}}).connection.stream;
}
