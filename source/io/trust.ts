import {readFileSync, statSync} from 'node:fs';
import {isIP} from 'node:net';
import tls from 'node:tls';
import {isSocket, type Ssl} from './conninfo.ts';

/** Where the authorities of a system lie, when Node does not know: Debian, Red Hat, Alpine and macOS. */
const systemBundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem'];

/**
 * What libpq's ssl settings mean to Node: as in libpq an existing root.crt has the chain checked in every mode, and only verify-full looks at the
 * name. `name` is what the user called the host. A sentence when a file that is needed is missing or unsafe.
 */
export function trustOf(ssl: Ssl, name: string | undefined): tls.ConnectionOptions | string {
	const named = name !== undefined && !isSocket(name) ? name : undefined;
	const verifies = ssl.mode === 'verify-ca' || ssl.mode === 'verify-full';
	const authorities = ssl.root === 'system' ? systemAuthorities() : textOf(ssl.root);
	if (verifies && authorities === undefined)
		return `sslmode=${ssl.mode} needs the certificate of the authority, and ${ssl.root} can't be read. Name the file by sslrootcert, or trust the system's authorities by sslrootcert=system.`;
	if (ssl.mode === 'verify-full' && named === undefined)
		return 'sslmode=verify-full compares the certificate with the name of the host, and only an address is given: name the host too.';
	const own = ownCertificate(ssl);
	if (typeof own === 'string') return own;
	const revoked = authorities === undefined || ssl.revoked === undefined ? undefined : textOf(ssl.revoked);
	return {
		...own,
		...(authorities === undefined ? {} : {ca: authorities}),
		...(revoked === undefined ? {} : {crl: revoked}),
		rejectUnauthorized: authorities !== undefined,
		checkServerIdentity: (_, certificate) => (ssl.mode === 'verify-full' ? identity(named ?? '', certificate) : undefined),
		// An address must not be sent as the server's name (RFC 6066, section 3).
		...(ssl.serverName && named !== undefined && isIP(named) === 0 ? {servername: named} : {}),
		...(ssl.least ? {minVersion: ssl.least} : {}),
		...(ssl.most ? {maxVersion: ssl.most} : {}),
		...(ssl.direct ? {ALPNProtocols: ['postgresql']} : {}),
	};
}

/** libpq takes an address that stands as common name where no alternative names do; Node does not. */
function identity(name: string, certificate: tls.PeerCertificate): Error | undefined {
	const wrong = tls.checkServerIdentity(name, certificate);
	return wrong && isIP(name) && !certificate.subjectaltname && certificate.subject?.CN === name ? undefined : wrong;
}

function ownCertificate(ssl: Ssl): {cert?: string; key?: string; passphrase?: string} | string {
	const cert = ssl.certificate === undefined ? undefined : textOf(ssl.certificate);
	if (cert === undefined || ssl.key === undefined) return {};
	const key = textOf(ssl.key);
	if (key === undefined) return `There is a client certificate (${ssl.certificate}) but its private key ${ssl.key} can't be read.`;
	const {mode, uid} = statSync(ssl.key);
	if (process.platform !== 'win32' && (mode & (uid === 0 ? 0o037 : 0o077)) !== 0)
		return `The private key ${ssl.key} can be read by others, and is refused as psql does: chmod 0600 ${ssl.key}`;
	const passphrase = ssl.keyPassword();
	return {cert, key, ...(passphrase === undefined ? {} : {passphrase})};
}

function systemAuthorities(): string[] {
	const file = process.env.SSL_CERT_FILE;
	if (file) return [textOf(file) ?? ''];
	// Node 22.15 and newer.
	const known = tls.getCACertificates?.('system') ?? [];
	if (known.length > 0) return known;
	const bundle = systemBundles.map(textOf).find(text => text !== undefined);
	return bundle === undefined ? [...tls.rootCertificates] : [bundle];
}

function textOf(file: string): string | undefined {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return undefined;
	}
}
