import type pg from 'pg';
import {plain} from '../plain.ts';
import {withoutSecrets} from '../secrets.ts';
import {identifier} from '../spelling.ts';
import type {Problem, Target} from './conninfo.ts';

type More = {readonly next?: boolean; readonly wantsPassword?: boolean; readonly refused?: boolean; readonly handshake?: boolean};
/** Why one address did not become a session. `next`: the next host may do better. `refused`: it would not let us in. `handshake`: it failed in TLS itself. */
export type Failure = More & {readonly is: 'failure'; readonly problem: Problem};

export function failure(problem: string, code: string | undefined, more: More = {}): Failure {
	return {is: 'failure', problem: {problem: plain(withoutSecrets(problem)), exit: 69, ...(code ? {code} : {})}, ...more};
}

/** No TCP connection, or no answer on it. */
export function unreachable(error: unknown, where: string): Failure {
	// pg's own words for an end without an error carry no errno.
	const code = codeOf(error) ?? (error instanceof Error && error.message.startsWith('Connection terminated') ? 'CLOSED' : undefined);
	return failure(unreachableText(code, error, where), code, {next: true});
}

function unreachableText(code: string | undefined, error: unknown, where: string): string {
	switch (code) {
		case 'ECONNREFUSED':
			return `${where} refuses connections: nothing listens there. Is PostgreSQL running, and are host and port right?`;
		case 'ENOENT':
			return `There is no socket ${where}. Is PostgreSQL running, and are directory and port right?`;
		case 'EACCES':
		case 'EPERM':
			return `The connection to ${where} is not permitted by this system.`;
		case 'ENOTFOUND':
		case 'EAI_NONAME':
			return `The host of ${where} is unknown: its name can't be resolved. Check the spelling.`;
		case 'EAI_AGAIN':
			return `The host of ${where} can't be resolved now: the name server does not answer. Try again, or give its address by hostaddr.`;
		case 'ETIMEDOUT':
		case 'EHOSTUNREACH':
		case 'ENETUNREACH':
		case 'EHOSTDOWN':
			return `${where} can't be reached (${code}): the network, a firewall or the host is in the way.`;
		case 'ECONNRESET':
		case 'EPIPE':
		case 'CLOSED':
			return `${where} closed the connection without a word. It may be no PostgreSQL, a proxy without a living server behind it, or a server that is going down.`;
		default:
			return `The connection to ${where} failed: ${error instanceof Error ? error.message.slice(0, 300) : code}.`;
	}
}

export function timedOut(where: string): Failure {
	return failure(`${where} did not answer in time: the host hangs, or a firewall swallows the packets. connect_timeout sets how long to wait.`, 'TIMEOUT', {
		next: true,
	});
}

export function resolverTimedOut(where: string): Failure {
	return failure(unreachableText('EAI_AGAIN', undefined, where), 'EAI_AGAIN', {next: true});
}

export function notPostgres(where: string, heard: string): Failure {
	return failure(`${where} does not speak PostgreSQL's protocol: ${heard}. Is the port right?`, 'PROTOCOL', {next: true});
}

export function encryptionMissing(where: string, mode: string): Failure {
	return failure(
		`${where} offers no TLS, and sslmode=${mode} asks for it. Turn ssl on in the server, or use sslmode=prefer if the network is trusted.`,
		'NO_TLS',
	);
}

/** The TLS handshake failed: the certificate, ours or theirs, or the protocol. */
export function unverified(error: unknown, where: string, rootFile: string): Failure {
	const code = codeOf(error);
	// OpenSSL's message names its source files; its reason is what matters.
	const reason = error instanceof Error && 'reason' in error && typeof error.reason === 'string' ? error.reason : undefined;
	const said = (reason ?? (error instanceof Error ? error.message : String(error))).slice(0, 300).replace(/\.$/, '');
	switch (code) {
		case 'ERR_TLS_CERT_ALTNAME_INVALID':
			return failure(`The certificate of ${where} is for another name: ${said}. Connect by a name that it holds, or use sslmode=verify-ca.`, code, {
				handshake: true,
			});
		case 'CERT_HAS_EXPIRED':
		case 'CERT_NOT_YET_VALID':
			return failure(`The certificate of ${where} is not valid now (${said}): renew it, and check the clocks.`, code, {handshake: true});
		case 'CERT_REVOKED':
			return failure(`The certificate of ${where} is revoked.`, code, {handshake: true});
		case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
		case 'UNABLE_TO_GET_ISSUER_CERT':
		case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
		case 'SELF_SIGNED_CERT_IN_CHAIN':
		case 'DEPTH_ZERO_SELF_SIGNED_CERT':
		case 'CERT_SIGNATURE_FAILURE':
			return failure(`The certificate of ${where} is signed by nobody in ${rootFile} (${said}). Name the right authority by sslrootcert.`, code, {
				handshake: true,
			});
		default:
			return failure(`TLS with ${where} failed: ${said}.`, code, {handshake: true});
	}
}

export function passwordMissing(where: string, target: Target, note: string | undefined): Failure {
	const how = target.ask === 'never' ? 'Leave -w out to be asked, or put it' : 'Put it';
	return failure(
		`${where} wants a password for ${target.user}, and there is none. ${how} into ~/.pgpass (mode 0600) or PGPASSWORD.${note ? ` ${note}` : ''}`,
		'28P01',
		{wantsPassword: true},
	);
}

/** What the server answered to the start of a session, in its words, and what to do about it. */
export function refused(error: pg.DatabaseError, where: string, target: Target, note: string | undefined): Failure {
	const said = `${where} says: ${error.message.slice(0, 300)}`;
	const sentence = said.endsWith('.') ? said : `${said}.`;
	const remedy = remedyOf(error, target, note);
	return failure(remedy ? `${sentence} ${remedy}` : sentence, error.code, {next: error.code === '57P03', refused: error.code?.startsWith('28') ?? false});
}

/** By SQLSTATE and the routine that complained: messages are translated, these are not. */
function remedyOf({code, routine, message}: pg.DatabaseError, target: Target, note: string | undefined): string {
	switch (code) {
		case '28P01':
			return `The password for ${target.user} is wrong, or the role has none or does not exist.${note ? ` ${note}` : ''}`;
		case '28000':
			if (routine === 'InitializeSessionUserId') return 'Name another role with -U, or have it created with LOGIN.';
			if (routine === 'auth_failed')
				return `The server's pg_hba.conf ties ${target.user} to another proof (the system account, a certificate): name the role with -U, or use -h for TCP.`;
			return "The server's pg_hba.conf has no line that lets this user, database, address and encryption in: have one added, or try another sslmode.";
		case '3D000':
			return target.databaseNamed ? 'Name another database with -d.' : 'No database was named, so the name of the user was taken: name one with -d.';
		case '42501':
			return `Have CONNECT on the database granted: GRANT CONNECT ON DATABASE ... TO ${identifier(target.user)}.`;
		case '53300':
			return 'All connection slots for this role are taken: end some, or use a role that may take the reserved ones (superuser, pg_use_reserved_connections).';
		case '57P03':
			return 'It is starting, recovering or shutting down: try again soon.';
		case '55000':
			return 'Name another database with -d.';
		case '08P01':
			if (/startup parameter|options/i.test(message))
				return `A pooler stands between and refuses ${target.options ? 'the options (PGOPTIONS): take them out, or connect directly' : 'a parameter: connect directly'}.`;
			return '';
		case 'XX000':
			// The server can't bind to a certificate whose signature has no digest (Ed25519); psql fails likewise.
			return /digest|signature algorithm/.test(message) ? 'Use channel_binding=disable, or another kind of certificate.' : '';
		default:
			return '';
	}
}

function codeOf(error: unknown): string | undefined {
	return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
