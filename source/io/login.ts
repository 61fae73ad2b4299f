import type net from 'node:net';
import pg from 'pg';
import type {Target} from './conninfo.ts';
import {readGreeting} from './greeting.ts';
import type {Address, Opened} from './handshake.ts';
import {waitAtMost} from './patience.ts';
import {findPassword} from './pgpass.ts';
import {type Failure, failure, notPostgres, passwordMissing, refused, unreachable, unverified} from './refusal.ts';

export type Login = {
	readonly applicationName: string;
	readonly queryTimeoutMs?: number;
	readonly pipeline?: boolean;
	/** Typed by the user: before every other source. */
	readonly password: string | undefined;
	readonly signal: AbortSignal;
};

/** Starts a session on a connection that stands. Throws when the signal aborts. */
export async function logIn(
	opened: Opened,
	address: Address,
	target: Target,
	login: Login,
): Promise<{readonly is: 'client'; readonly client: pg.Client} | Failure> {
	const {signal} = login;
	let verdict: Failure | undefined;
	const given = login.password ?? target.password();
	const {user, database} = target;
	const found =
		given === undefined
			? findPassword(target.passwordFile, {host: address.passwordHost, port: address.port, database, user})
			: {password: given, note: undefined};
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
	const client = clientOn(adopt(opened, judge), address, target, login, give);
	const abandon = () => opened.stream.destroy();
	signal.addEventListener('abort', abandon, {once: true});
	try {
		await client.connect();
		const unmet = target.sessionAttrs === 'any' ? undefined : await unmetAttrs(client, target, address.where);
		if (unmet) {
			await disconnect(client);
			return unmet;
		}
		return {is: 'client', client};
	} catch (error) {
		opened.stream.destroy();
		signal.throwIfAborted();
		if (verdict) return verdict;
		if (error instanceof pg.DatabaseError) return refused(error, address.where, target, found.note);
		if (opened.tls && error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_SSL'))
			return unverified(error, address.where, target.ssl.root);
		if (error instanceof Error && error.message.startsWith('SASL'))
			return failure(`${address.where} does not prove that it knows the password (${error.message.slice(0, 200)}).`, 'SASL');
		return unreachable(error, address.where);
	} finally {
		signal.removeEventListener('abort', abandon);
	}
}

/** Everything is said explicitly: what is left out, pg takes from PG* variables by rules that are not libpq's. */
function clientOn({stream, tls}: Opened, address: Address, target: Target, login: Login, password: () => string): pg.Client {
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
		application_name: login.applicationName,
		keepAlive: target.keepAlive > 0,
		keepAliveInitialDelayMillis: target.keepAlive,
		pipeline: login.pipeline ?? false,
		...(login.queryTimeoutMs === undefined ? {} : {query_timeout: login.queryTimeoutMs}),
	};
	const client = new pg.Client(config);
	client.on('error', () => {});
	const {connectionParameters} = client as unknown as {connectionParameters: Record<string, unknown>};
	Object.assign(connectionParameters, {options: target.options, replication: undefined, client_encoding: undefined});
	return client;
}

/** pg is given a connection that stands: what it does to make one is passed over, and the first bytes are judged before it reads them. */
function adopt(opened: Opened, judge: (bytes: Buffer) => 'incomplete' | 'good' | 'bad'): Opened {
	const {stream} = opened;
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
	Object.assign(stream, {
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
	return opened;
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

/** Says good-bye, and does not wait for an answer from a dead network. */
export async function disconnect(client: pg.Client): Promise<void> {
	await waitAtMost(
		500,
		client.end().catch(() => {}),
	);
	streamOf(client).destroy();
}

function streamOf(client: pg.Client): net.Socket {
	return (client as unknown as {connection: {stream: net.Socket}}).connection.stream;
}
