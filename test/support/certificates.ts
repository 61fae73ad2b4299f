import {execFileSync} from 'node:child_process';
import {chmodSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Tool} from './tools.ts';

/** Files of a small authority, all in `dir`. `revoked` lists the server's certificate. */
export type Certificates = {
	readonly authority: string;
	readonly stranger: string;
	readonly server: Pair;
	/** The one for `cert_user`; `locked` is its key behind the password `open sesame`. */
	readonly client: Pair & {readonly locked: string};
	readonly revoked: string;
};
export type Pair = {readonly certificate: string; readonly key: string};

/** The server's certificate is for `localhost` alone, so that 127.0.0.1 is a wrong name. */
export function makeCertificates(openssl: Tool, dir: string): Certificates {
	const env = {...process.env, ...openssl.env};
	const run = (...words: string[]) => execFileSync(openssl.file, words, {cwd: dir, env, stdio: ['ignore', 'ignore', 'pipe']});
	const file = (name: string) => join(dir, name);
	const key = (name: string) => run('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', file(name));
	const authority = (name: string) => {
		key(`${name}.key`);
		run('req', '-x509', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-days', '2', '-out', `${name}.crt`);
	};
	const signed = (name: string, subject: string, names?: string): Pair => {
		key(`${name}.key`);
		run('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${subject}`, '-out', `${name}.csr`);
		writeFileSync(file(`${name}.ext`), names ? `subjectAltName=${names}\n` : '\n');
		const words = ['x509', '-req', '-in', `${name}.csr`, '-CA', 'authority.crt', '-CAkey', 'authority.key', '-set_serial', String(name.length)];
		run(...words, '-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.crt`);
		chmodSync(file(`${name}.key`), 0o600);
		return {certificate: file(`${name}.crt`), key: file(`${name}.key`)};
	};
	authority('authority');
	authority('stranger');
	const server = signed('server', 'localhost', 'DNS:localhost');
	const client = signed('clients', 'cert_user');
	run('pkcs8', '-topk8', '-in', client.key, '-out', file('locked.key'), '-passout', 'pass:open sesame');
	chmodSync(file('locked.key'), 0o600);
	writeFileSync(file('index.txt'), '');
	writeFileSync(file('number'), '01\n');
	writeFileSync(file('ca.cnf'), '[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=2\n');
	const sign = ['-config', 'ca.cnf', '-cert', 'authority.crt', '-keyfile', 'authority.key'];
	run('ca', ...sign, '-revoke', 'server.crt');
	run('ca', ...sign, '-gencrl', '-out', 'revoked.crl');
	return {
		authority: file('authority.crt'),
		stranger: file('stranger.crt'),
		server,
		client: {...client, locked: file('locked.key')},
		revoked: file('revoked.crl'),
	};
}
