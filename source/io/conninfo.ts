import {join} from 'node:path';
import {plain} from '../plain.ts';
import {isConnectionString, isUnreadable, keywords, parseApplicationUri, parseConnectionString, type Settings, type Unreadable} from './connection-string.ts';
import {readService} from './service-file.ts';

/** `password`: 'ask' before the first attempt, 'never' at all; without it, when a server wants one. */
export type Flags = {
	readonly host?: string;
	readonly port?: string;
	readonly username?: string;
	readonly dbname?: string;
	readonly password?: 'ask' | 'never';
};
export type World = {readonly env: Readonly<Record<string, string | undefined>>; readonly home: string; readonly osUser: string};
/** `problem`: sentences that say what happened and what to do, never a secret. `code`: SQLSTATE, errno, or OpenSSL's name of what failed. */
export type Problem = {readonly problem: string; readonly exit: 64 | 69 | 74; readonly code?: string};

/** `name` undefined: the usual socket directories, then localhost. A name that starts with / is a socket's directory. */
export type Host = {readonly name: string | undefined; readonly address: string | undefined; readonly port: number};
export type SslMode = (typeof sslModes)[number];
/** Files as named by the user, or libpq's usual ones; those that need not exist are looked for at each connection. */
export type Ssl = {
	readonly mode: SslMode;
	readonly direct: boolean;
	readonly root: string | 'system';
	readonly certificate: string | undefined;
	readonly key: string | undefined;
	readonly revoked: string | undefined;
	readonly serverName: boolean;
	readonly least: TlsVersion | undefined;
	readonly most: TlsVersion | undefined;
	/** A function, so that no print of a target shows it. */
	readonly keyPassword: () => string | undefined;
};
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
export type SessionAttrs = (typeof sessionAttrs)[number];
export type AuthMethod = (typeof authMethods)[number];

/** Where and how to connect: everything decided that can be without connecting. */
export type Target = {
	readonly hosts: readonly Host[];
	readonly shuffle: boolean;
	readonly user: string;
	readonly database: string;
	/** False: nobody named a database, and the user's name stands in, as in psql. */
	readonly databaseNamed: boolean;
	readonly ssl: Ssl;
	/** Milliseconds per address; 0 is for ever. */
	readonly timeout: number;
	readonly sessionAttrs: SessionAttrs;
	/** Milliseconds of silence before the kernel asks; 0 is never. */
	readonly keepAlive: number;
	readonly options: string | undefined;
	readonly channelBinding: 'disable' | 'prefer' | 'require';
	/** What the server may ask for; undefined: anything. */
	readonly authMethods: readonly AuthMethod[] | undefined;
	readonly ask: 'always' | 'when-wanted' | 'never';
	readonly passwordFile: string;
	/** A function, so that no print of a target shows it. */
	readonly password: () => string | undefined;
};

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
const sessionAttrs = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const;
const authMethods = ['password', 'md5', 'gss', 'sspi', 'scram-sha-256', 'oauth', 'none'] as const;
const tlsVersions = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
/** Any of these in the environment says where to go: then a DATABASE_URL left there by an application is not meant. */
const places = ['PGHOST', 'PGHOSTADDR', 'PGPORT', 'PGSERVICE', 'PGDATABASE'];

export function isProblem(value: object): value is Problem {
	return 'problem' in value && 'exit' in value;
}

/**
 * libpq's rules (https://www.postgresql.org/docs/current/libpq-connect.html): the connection string, the flags, the service file, the
 * environment, the built-in values, in this order. Where they differ from psql's: a database by `-d` beside a connection string wins.
 */
export function resolve(conninfo: string | undefined, flags: Flags, world: World): Target | Problem {
	const written = writtenSettings(conninfo, flags, world.env);
	if (isUnreadable(written)) return usage(written.problem);
	const serviceName = written.service || world.env.PGSERVICE;
	const service = serviceName
		? readService(serviceName, {
				file: written.servicefile || world.env.PGSERVICEFILE || undefined,
				home: world.home,
				systemDirectory: world.env.PGSYSCONFDIR || undefined,
			})
		: {};
	if (isUnreadable(service)) return usage(service.problem);
	const settings: Record<string, string> = {...fromEnvironment(world.env), ...service, ...written};
	const wrong: string[] = [];
	const target = targetOf(settings, flags, world, sentence => wrong.push(sentence));
	return wrong[0] === undefined ? target : usage(wrong[0]);
}

/** `shop @ db1:5432`, `shop @ [local]:5432`, `shop @ db1:5432,db2:5432`. */
export function titleOf(target: Target): string {
	return plain(`${target.database} @ ${target.hosts.map(placeOf).join(',')}`);
}

/** `db1:5432`, `[::1]:5432`, `[local]:5432`. */
export function placeOf(host: Host): string {
	const name = host.name ?? host.address;
	if (name === undefined || isSocket(name)) return `[local]:${host.port}`;
	return `${name.includes(':') ? `[${name}]` : name}:${host.port}`;
}

export function isSocket(name: string): boolean {
	return name.startsWith('/') || name.startsWith('@');
}

function writtenSettings(conninfo: string | undefined, flags: Flags, env: World['env']): Settings | Unreadable {
	const byFlag = present({host: flags.host, port: flags.port, user: flags.username, dbname: flags.dbname});
	if (conninfo === undefined || conninfo === '') {
		const {dbname = '', ...others} = byFlag;
		if (isConnectionString(dbname)) {
			const parsed = parseConnectionString(dbname);
			return isUnreadable(parsed) ? parsed : {...others, ...parsed};
		}
		return Object.keys(byFlag).length > 0 ? byFlag : applicationSettings(env);
	}
	if (!isConnectionString(conninfo)) {
		if (byFlag.dbname !== undefined) return {problem: `Two databases are named, one by -d and "${plain(conninfo)}": name one.`};
		return {...byFlag, dbname: conninfo};
	}
	const parsed = parseConnectionString(conninfo);
	if (isUnreadable(parsed)) return parsed;
	if (byFlag.dbname !== undefined && isConnectionString(byFlag.dbname)) return {problem: 'Two connection strings are given, one of them by -d: give one.'};
	return {...byFlag, ...parsed, ...present({dbname: byFlag.dbname})};
}

/** Nothing was said: pgperf's own variable, or the application's, if no PG* variable names a place. */
function applicationSettings(env: World['env']): Settings | Unreadable {
	const own = env.PGPERF_DATABASE_URL;
	const name = own ? 'PGPERF_DATABASE_URL' : 'DATABASE_URL';
	const url = own || (places.some(place => env[place]) ? undefined : env.DATABASE_URL);
	if (!url) return {};
	if (!isConnectionString(url) || (/^[\w+]+:/.test(url) && !/^postgres(ql)?(\+\w+)?:\/\//.test(url)))
		return {problem: `${name} names no PostgreSQL server: it has to start with postgresql://. Correct it, or say where to connect, for example with -h.`};
	const parsed = url.includes('://') ? parseApplicationUri(url) : parseConnectionString(url);
	return isUnreadable(parsed) ? {problem: `${name}: ${parsed.problem}`} : parsed;
}

/** An empty variable counts as unset: containers pass them so. */
function fromEnvironment(env: World['env']): Settings {
	return present(Object.fromEntries(Object.entries(keywords).flatMap(([keyword, variable]) => (variable ? [[keyword, env[variable]]] : []))));
}

function present(settings: Readonly<Record<string, string | undefined>>): Record<string, string> {
	return Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
}

/** Takes the sentence for a setting that can't be used; what is read goes on, so that every reader stays an expression. */
type Complain = (sentence: string) => void;

function targetOf(settings: Settings, flags: Flags, world: World, complain: Complain): Target {
	const user = settings.user || world.osUser;
	if (!user) complain('No user name is given and the account has none: name one with -U.');
	const password = settings.password;
	return {
		hosts: hostsOf(settings, complain),
		shuffle: one(complain, 'load_balance_hosts', settings.load_balance_hosts, ['disable', 'random'] as const, 'disable') === 'random',
		user,
		database: settings.dbname || user,
		databaseNamed: Boolean(settings.dbname),
		ssl: sslOf(settings, world, complain),
		timeout: Math.max(0, whole(complain, 'connect_timeout', settings.connect_timeout, 10)) * 1000,
		sessionAttrs: one(complain, 'target_session_attrs', settings.target_session_attrs, sessionAttrs, 'any'),
		keepAlive: whole(complain, 'keepalives', settings.keepalives, 1) === 0 ? 0 : (whole(complain, 'keepalives_idle', settings.keepalives_idle, 0) || 10) * 1000,
		options: settings.options || undefined,
		channelBinding: one(complain, 'channel_binding', settings.channel_binding, ['disable', 'prefer', 'require'] as const, 'prefer'),
		authMethods: authMethodsOf(settings.require_auth, complain),
		ask: flags.password === 'ask' ? 'always' : flags.password === 'never' ? 'never' : 'when-wanted',
		passwordFile: settings.passfile || join(world.home, '.pgpass'),
		password: () => password || undefined,
	};
}

function hostsOf(settings: Settings, complain: Complain): readonly Host[] {
	const names = settings.host ? settings.host.split(',') : [];
	const addresses = settings.hostaddr ? settings.hostaddr.split(',') : [];
	const ports = settings.port ? settings.port.split(',') : [];
	if (names.length > 0 && addresses.length > 0 && names.length !== addresses.length)
		complain(`${names.length} hosts but ${addresses.length} values of hostaddr are given: give as many of each.`);
	const count = Math.max(names.length, addresses.length, 1);
	if (ports.length > 1 && ports.length !== count) complain(`${ports.length} ports are given for ${count} hosts: give one port, or one per host.`);
	return Array.from({length: count}, (_, index) => {
		const port = (ports.length === 1 ? ports[0] : ports[index]) || '5432';
		// Not repeated: in a URI with a stray sign it may be a piece of the password.
		if (!/^\s*\d+\s*$/.test(port) || Number(port) < 1 || Number(port) > 65535) complain('The port is no number from 1 to 65535.');
		return {name: names[index] || undefined, address: addresses[index] || undefined, port: Number(port)};
	});
}

function sslOf(settings: Settings, world: World, complain: Complain): Ssl {
	const own = (name: string) => join(world.home, '.postgresql', name);
	const system = settings.sslrootcert === 'system';
	const mode = one(complain, 'sslmode', settings.sslmode, sslModes, system ? 'verify-full' : 'prefer');
	if (system && mode !== 'verify-full')
		complain(`sslmode=${mode} is too weak for sslrootcert=system, which anybody's certificate satisfies: use sslmode=verify-full.`);
	const direct = one(complain, 'sslnegotiation', settings.sslnegotiation, ['postgres', 'direct'] as const, 'postgres') === 'direct';
	if (direct && ['disable', 'allow', 'prefer'].includes(mode)) complain(`sslnegotiation=direct needs sslmode=require or stronger, and it is ${mode}.`);
	unsupported(complain, settings, 'gssencmode', 'require', 'GSSAPI encryption');
	unsupported(complain, settings, 'sslcertmode', 'require', 'sslcertmode=require');
	if (settings.requirepeer) complain("pgperf can't check requirepeer: take it out of the connection settings (PGREQUIREPEER).");
	if (settings.sslcrldir) complain('pgperf reads no sslcrldir: join the lists of revoked certificates to one file and name it by sslcrl.');
	const withCertificate = settings.sslcertmode !== 'disable';
	const keyPassword = settings.sslpassword;
	return {
		mode,
		direct,
		root: settings.sslrootcert || own('root.crt'),
		certificate: withCertificate ? settings.sslcert || own('postgresql.crt') : undefined,
		key: withCertificate ? settings.sslkey || own('postgresql.key') : undefined,
		revoked: settings.sslcrl || own('root.crl'),
		serverName: settings.sslsni !== '0',
		least: version(complain, 'ssl_min_protocol_version', settings.ssl_min_protocol_version),
		most: version(complain, 'ssl_max_protocol_version', settings.ssl_max_protocol_version),
		keyPassword: () => keyPassword || undefined,
	};
}

function authMethodsOf(text: string | undefined, complain: Complain): readonly AuthMethod[] | undefined {
	if (!text) return undefined;
	const words = text.split(',');
	const refused = words.filter(word => word.startsWith('!'));
	if (refused.length > 0 && refused.length < words.length) complain('require_auth mixes methods with and without "!": use one kind.');
	const named = words.map(word => one(complain, 'require_auth', word.replace(/^!/, ''), authMethods, 'none'));
	return refused.length > 0 ? authMethods.filter(method => !named.includes(method)) : named;
}

function unsupported(complain: Complain, settings: Settings, keyword: string, value: string, what: string): void {
	if (settings[keyword] === value) complain(`pgperf can't do ${what}: take ${keyword}=${value} out of the connection settings.`);
}

function version(complain: Complain, keyword: string, text: string | undefined): TlsVersion | undefined {
	const found = tlsVersions.find(known => known.toLowerCase() === text?.toLowerCase());
	if (text && !found) complain(`${keyword} is one of ${tlsVersions.join(', ')}.`);
	return found;
}

function one<T extends string>(complain: Complain, keyword: string, text: string | undefined, known: readonly T[], otherwise: T): T {
	if (text === undefined) return otherwise;
	const found = known.find(value => value === text);
	if (found === undefined) complain(`${keyword} can't be "${plain(text).slice(0, 40)}": it is one of ${known.join(', ')}.`);
	return found ?? otherwise;
}

function whole(complain: Complain, keyword: string, text: string | undefined, otherwise: number): number {
	if (text === undefined || text === '') return otherwise;
	if (!/^\s*[-+]?\d{1,9}\s*$/.test(text)) complain(`${keyword} is a whole number, and "${plain(text).slice(0, 40)}" is not.`);
	return Number(text);
}

function usage(problem: string): Problem {
	return {problem, exit: 64};
}
