/** Keyword to value, as written: lists are not split, numbers not checked. */
export type Settings = Readonly<Record<string, string>>;
export type Unreadable = {readonly problem: string};

/** Every keyword of libpq 13 to 18 with the environment variable that stands in for it. */
export const keywords: Readonly<Record<string, string | undefined>> = {
	service: 'PGSERVICE',
	servicefile: 'PGSERVICEFILE',
	host: 'PGHOST',
	hostaddr: 'PGHOSTADDR',
	port: 'PGPORT',
	dbname: 'PGDATABASE',
	user: 'PGUSER',
	password: 'PGPASSWORD',
	passfile: 'PGPASSFILE',
	require_auth: 'PGREQUIREAUTH',
	channel_binding: 'PGCHANNELBINDING',
	connect_timeout: 'PGCONNECT_TIMEOUT',
	client_encoding: undefined,
	options: 'PGOPTIONS',
	application_name: 'PGAPPNAME',
	fallback_application_name: undefined,
	keepalives: undefined,
	keepalives_idle: undefined,
	keepalives_interval: undefined,
	keepalives_count: undefined,
	tcp_user_timeout: undefined,
	replication: undefined,
	gssencmode: 'PGGSSENCMODE',
	gssdelegation: 'PGGSSDELEGATION',
	krbsrvname: 'PGKRBSRVNAME',
	gsslib: 'PGGSSLIB',
	sslmode: 'PGSSLMODE',
	requiressl: 'PGREQUIRESSL',
	sslnegotiation: 'PGSSLNEGOTIATION',
	sslcompression: 'PGSSLCOMPRESSION',
	sslcert: 'PGSSLCERT',
	sslkey: 'PGSSLKEY',
	sslpassword: undefined,
	sslcertmode: 'PGSSLCERTMODE',
	sslrootcert: 'PGSSLROOTCERT',
	sslcrl: 'PGSSLCRL',
	sslcrldir: 'PGSSLCRLDIR',
	sslsni: 'PGSSLSNI',
	sslkeylogfile: undefined,
	requirepeer: 'PGREQUIREPEER',
	ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
	ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
	min_protocol_version: 'PGMINPROTOCOLVERSION',
	max_protocol_version: 'PGMAXPROTOCOLVERSION',
	target_session_attrs: 'PGTARGETSESSIONATTRS',
	load_balance_hosts: 'PGLOADBALANCEHOSTS',
	scram_client_key: undefined,
	scram_server_key: undefined,
	oauth_issuer: undefined,
	oauth_client_id: undefined,
	oauth_client_secret: undefined,
	oauth_scope: undefined,
	authtype: undefined,
	tty: undefined,
};

/** What application drivers put into a URI that libpq does not know: harmless in DATABASE_URL, which is written for them. */
const ofDrivers = new Set(
	'schema connection_limit pool_timeout pool_size pool max_connections pgbouncer statement_cache_size socket_timeout sslaccept sslidentity uselibpqcompat statement_timeout lock_timeout query_timeout idle_timeout prepared_statements prepare_threshold preparethreshold encoding timezone'.split(
		' ',
	),
);

export function isConnectionString(text: string): boolean {
	return hasScheme.test(text) || text.includes('=');
}

/** No database is called so; what was meant may hold a password, which would go on as the name of a database. */
const hasScheme = /^[a-z][\w+.-]*:\/\//i;

/** A URI or a keyword/value string. What is wrong is told without repeating values: any of them may be a piece of a password. */
export function parseConnectionString(text: string): Settings | Unreadable {
	if (isUri(text)) return parseUri(text, false);
	return hasScheme.test(text) ? {problem: 'The connection URI does not start with postgresql:// or postgres://.'} : parseKeywords(text);
}

/** The URI of an application: its driver's suffix (`postgresql+asyncpg:`) and parameters are passed over. */
export function parseApplicationUri(text: string): Settings | Unreadable {
	return parseUri(text.replace(/^(postgres(?:ql)?)\+\w+:/, '$1:'), true);
}

export function isUnreadable(value: Settings | Unreadable): value is Unreadable {
	return 'problem' in value && Object.keys(value).length === 1;
}

/** Whether the keyword exists, or a sentence that names the nearest one. */
function unknownKeyword(keyword: string, what: string): string | undefined {
	if (Object.hasOwn(keywords, keyword)) return undefined;
	const near = Object.keys(keywords)
		.map(known => ({known, far: distance(keyword.toLowerCase(), known)}))
		.sort((a, b) => a.far - b.far)[0];
	const guess = near && near.far <= Math.max(2, keyword.length / 3) ? ` Did you mean "${near.known}"?` : '';
	return `"${keyword.replace(/[^\w .-]/g, '?').slice(0, 40)}" is no ${what}.${guess}`;
}

function isUri(text: string): boolean {
	return /^postgres(ql)?(\+\w+)?:\/\//.test(text);
}

function parseUri(text: string, lenient: boolean): Settings | Unreadable {
	const encode = 'Signs such as @ : / ? # % and spaces in a password or name have to be percent-encoded (@ is %40, / is %2F).';
	const match = /^postgres(?:ql)?:\/\/(?:([^@/]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text);
	if (!match) return {problem: `The connection URI does not start with postgresql:// or postgres://.`};
	const [, credentials, places = '', database, query] = match;
	if (places.includes('@') || (credentials === undefined && database?.includes('@')))
		return {problem: `The connection URI has an @ in the wrong place. ${encode}`};
	const found: Record<string, string> = {};
	const put = (keyword: string, encoded: string): boolean => {
		const value = decode(encoded);
		if (value === undefined) return false;
		found[keyword] = value;
		return true;
	};
	const unreadable = (what: string): Unreadable => ({problem: `The ${what} of the connection URI is not rightly percent-encoded. ${encode}`});

	if (credentials) {
		const colon = credentials.indexOf(':');
		const user = colon < 0 ? credentials : credentials.slice(0, colon);
		if (user && !put('user', user)) return unreadable('user name');
		if (colon >= 0 && credentials.length > colon + 1 && !put('password', credentials.slice(colon + 1))) return unreadable('password');
	}

	const hosts: string[] = [];
	const ports: string[] = [];
	for (const place of places.split(',')) {
		const parts = place.startsWith('[') ? /^\[([^\]]+)\](?::([^:]*))?$/.exec(place) : /^([^:]*)(?::([^:]*))?$/.exec(place);
		if (!parts) return {problem: `A host of the connection URI can't be read: write host:port, or [address]:port for IPv6. ${encode}`};
		hosts.push(parts[1] ?? '');
		ports.push(parts[2] ?? '');
	}
	if (hosts.some(host => host !== '') && !put('host', hosts.join(','))) return unreadable('host');
	if (ports.some(port => port !== '') && !put('port', ports.join(','))) return unreadable('port');
	if (database && !put('dbname', database)) return unreadable('database');

	for (const pair of query ? query.split('&') : []) {
		if (pair === '') continue;
		const [name = '', value, ...more] = pair.split('=');
		const keyword = decode(name) ?? '';
		if (value === undefined) return {problem: `A parameter of the connection URI has no "=": write ?name=value&name=value. ${encode}`};
		if (more.length > 0) return {problem: `The parameter "${printable(keyword)}" of the connection URI has a second "=" (it is written %3D).`};
		if (keyword === 'ssl' && value === 'true') {
			found.sslmode = 'require';
			continue;
		}
		if (lenient && (ofDrivers.has(keyword.toLowerCase()) || keyword === 'ssl')) continue;
		const unknown = unknownKeyword(keyword, 'parameter of a connection URI');
		// Behind a password with a ? in it stands its second half.
		if (unknown && credentials === undefined && query?.includes('@')) return {problem: `The connection URI has an @ in the wrong place. ${encode}`};
		if (unknown) return {problem: unknown};
		if (!put(keyword, value)) return unreadable(`parameter "${keyword}"`);
	}
	if (lenient && found.sslmode === 'no-verify') found.sslmode = 'require';
	return withOldSsl(found);
}

function parseKeywords(text: string): Settings | Unreadable {
	const found: Record<string, string> = {};
	let rest = text.trimStart();
	let before = 'at its start';
	while (rest !== '') {
		const name = /^([^=\s]+)\s*=\s*/.exec(rest);
		if (!name?.[1]) return {problem: `The connection string has a word without "=" ${before}. A value with spaces is written in quotes: password='two words'.`};
		const keyword = name[1];
		const unknown = unknownKeyword(keyword, 'keyword of a connection string');
		if (unknown) return {problem: unknown};
		rest = rest.slice(name[0].length);
		const value = rest.startsWith("'") ? /^'((?:\\.|[^'\\])*)'/s.exec(rest) : /^((?:\\.|[^\s\\]|\\$)*)/s.exec(rest);
		if (!value) return {problem: `The quoted value of "${keyword}" in the connection string has no closing quote.`};
		found[keyword] = (value[1] ?? '').replace(/\\(.?)/gs, '$1');
		rest = rest.slice(value[0].length).trimStart();
		before = `after "${keyword}"`;
	}
	return withOldSsl(found);
}

function withOldSsl({requiressl, ...found}: Record<string, string>): Settings {
	return requiressl === undefined || found.sslmode !== undefined ? found : {...found, sslmode: requiressl.startsWith('1') ? 'require' : 'prefer'};
}

function decode(text: string): string | undefined {
	try {
		const decoded = decodeURIComponent(text);
		return decoded.includes('\0') ? undefined : decoded;
	} catch {
		return undefined;
	}
}

function printable(text: string): string {
	return text.replace(/[^\w.-]/g, '?').slice(0, 40);
}

/** Edits that lead from one word to the other (Levenshtein). */
function distance(a: string, b: string): number {
	let row = Array.from({length: b.length + 1}, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
		row = next;
	}
	return row[b.length]!;
}
