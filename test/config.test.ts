import assert from 'node:assert/strict';
import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {inspect} from 'node:util';
import {configPath, parseConfig, readConfig} from '../source/io/config.ts';
import {isProblem, type Problem, type Target, titleOf} from '../source/io/conninfo.ts';
import {configuredPlace, type Place, type Said, spokenPlace} from '../source/io/place.ts';
import {newDirectory} from './support/scratch.ts';

const home = newDirectory();

function config(text: string) {
	const parsed = parseConfig(text, '/etc/c.toml', home);
	assert.ok(!isProblem(parsed), isProblem(parsed) ? parsed.problem : '');
	return parsed;
}

const whole = `
refresh = 2
color = false
audit = "~/acts.jsonl"
cache_scheme = "laravel"

[limits]
connections = "70/85"
lag = "2/20"

[invalidate]
"*" = "all:{tenant}"

[servers.shop]
url = "postgresql://app:pw@db1:6000/shop"
replicas = [
	"postgresql://app@db2/shop",
	"host=db3 dbname=shop",
]
redis = "rediss://:pw@cache:6380/0"
pgbouncer = "postgresql://admin@pool:6432/pgbouncer"
label = "PROD"
read_only = true
confirm = "type"
cache_prefix = "shop:"
refresh = 5
limits = {lag = "1/5", statement-mean = 250}

[servers."old one"]
url = "host=db9 dbname=old"
`;

test('every key is read, of all and of one', () => {
	const {servers, limits, ...top} = config(whole);
	assert.deepEqual(top, {
		file: '/etc/c.toml',
		refresh: 2,
		color: false,
		audit: join(home, 'acts.jsonl'),
		cache_scheme: 'laravel',
		invalidate: {'*': 'all:{tenant}'},
		warnings: [],
	});
	assert.deepEqual(limits, {connections: {warning: 70, critical: 85}, lag: {warning: 2, critical: 20}});
	assert.deepEqual(servers, [
		{
			name: 'shop',
			url: 'postgresql://app:pw@db1:6000/shop',
			replicas: ['postgresql://app@db2/shop', 'host=db3 dbname=shop'],
			redis: 'rediss://:pw@cache:6380/0',
			pgbouncer: 'postgresql://admin@pool:6432/pgbouncer',
			label: 'PROD',
			read_only: true,
			confirm: 'type',
			cache_prefix: 'shop:',
			refresh: 5,
			limits: {lag: {warning: 1, critical: 5}, 'statement-mean': {notice: 250}},
		},
		{name: 'old one', url: 'host=db9 dbname=old'},
	]);
});

/** The file's text to what is said: where, what, and the nearest known key first. */
const mistakes: readonly (readonly [text: string, said: RegExp])[] = [
	[
		'refresh = 2\n\n# shop\n[servers.shop]\nurl = "host=db1"\nlable = "PROD"\n',
		/^\/etc\/c\.toml:6: servers\.shop\.lable is no key of a server\. Did you mean "label"\? Known: label, url, /,
	],
	['[servers.shop]\nurl = "host=db1"\nread-only = true', /:3: servers\.shop\.read-only is no key of a server\. Did you mean "read_only"\?/],
	['servers = {shop = {url = "host=db1", readonly = true}}', /:1: servers\.shop\.readonly is no key of a server\. Did you mean "read_only"\?/],
	['servers.shop.url = "host=db1"\nservers.shop.labl = "x"', /:2: servers\.shop\.labl is no key/],
	['[server.shop]\nurl = "host=db1"', /:1: server is no key\. Did you mean "servers"\? Known: servers, /],
	['Refresh = 1', /:1: Refresh is no key\. Did you mean "refresh"\?/],
	['wibble = 1', /:1: wibble is no key\. Known: .*servers/],
	['# one\nrefresh = 0.1', /:2: refresh has to be a number of seconds from 0\.5 to 60\.$/],
	['refresh = "2"', /:1: refresh has to be a number/],
	['refresh = nan', /:1: refresh has to be a number/],
	['read_only = "yes"', /:1: read_only has to be true or false\.$/],
	['confirm = "typ"', /:1: confirm has to be one of "ask", "type"; did you mean "type"\?$/],
	['cache_scheme = "tags/{tga}"', /:1: cache_scheme takes set, laravel, .* like \{prefix\}tag:\{tag\}/],
	['cache_pace = 0', /:1: cache_pace has to be a number of keys in a second/],
	['cache_scheme = 5', /:1: cache_scheme has to be one of "set", "laravel"/],
	['audit = true', /:1: audit has to be a file name, or false/],
	['label = "PROD"', /:1: label is no key\. Known/],
	['servers = 1', /:1: servers has to be a table/],
	['[servers]\nshop = "host=db1"', /:2: servers\.shop has to be a table: \[servers\.NAME\]/],
	['[servers.shop]\nlabel = "PROD"', /:1: servers\.shop has no url/],
	['[servers."a=b"]\nurl = "host=db1"', /:1: servers\."a=b" can't be a name/],
	['[servers.""]\nurl = "host=db1"', /:1: servers\."" can't be a name/],
	['[servers.s]\nurl = "db1"', /:2: servers\.s\.url has to be a URI that starts with postgresql:/],
	['[servers.s]\nurl = "host=db1 prot=5"', /:2: servers\.s\.url can't be read: "prot" is no keyword of a connection string\. Did you mean "port"\?$/],
	['[servers.s]\nurl = "host=db1"\nreplicas = [\n  "host=db2",\n  "db3",\n]\n', /:3: servers\.s\.replicas \(entry 2\) has to be a URI/],
	['[servers.s]\nurl = "host=db1"\nreplicas = "host=db2"', /:3: servers\.s\.replicas has to be a list/],
	['[servers.s]\nurl = "host=db1"\nredis = "localhost:6379"', /:3: servers\.s\.redis has to be a URL that starts with redis:/],
	['[servers.s]\nurl = "host=db1"\nlabel = ""', /:3: servers\.s\.label has to have 1 to 20 characters/],
	['[servers.s]\nurl = "host=db1"\nlabel = "P\\u001bROD"', /:3: servers\.s\.label has to be a text in quotes, on one line/],
	['[limits]\n\nconections = "85/95"', /:3: limits\.conections is no limit\. Did you mean "connections"\? Known: connections, /],
	['[limits]\nconnections = "95/85"', /:2: limits\.connections has its warning \(95\) above its critical value \(85\)/],
	['[limits]\nlag = true', /:2: limits\.lag has to be a text such as "85\/95", or a number/],
	['[limits]\nconnections = "many"', /:2: limits\.connections can't be read: write WARNING\/CRITICAL in percent/],
	['[servers.s]\nurl = "host=db1"\n[servers.s.limits]\nlog = "1/2"', /:4: servers\.s\.limits\.log is no limit\. Did you mean "lag"\?/],
	['[invalidate]\norders = "orders:{tenant"', /:2: invalidate\.orders has a brace without its partner/],
	['[invalidate]\norders = 1', /:2: invalidate\.orders has to be the name of a tag/],
	['refresh = 1\nrefresh = 2', /:2: this is no TOML: /],
	['[servers.s]\nurl = "host=db1', /:2: this is no TOML: /],
	['refresh = 1979-05-27', /:1: refresh has to be a number/],
	['__proto__ = {a = 1}', /:1: __proto__ is no key/],
];

for (const [text, said] of mistakes) {
	test(`a mistake names file, line and what is known: ${JSON.stringify(text).slice(0, 70)}`, () => {
		const parsed = parseConfig(text, '/etc/c.toml', home);
		assert.ok(isProblem(parsed), inspect(parsed));
		assert.match(parsed.problem, said);
		assert.equal(parsed.exit, 64);
	});
}

test('no mistake repeats a password', () => {
	const secrets = [
		'[servers.s]\nurl = "postgresql://app:topsecret@db1/x',
		'[servers.s]\nurl = "mysql://app:topsecret@db1/x"',
		'[servers.s]\nurl = "postgresql://app:topsecret@db1@2/x"',
		'[servers.s]\nurl = "host=db1 password=\'topsecret"',
		'[servers.s]\nurl = "host=db1 password=top secret topsecret"',
		'[servers.s]\nurl = ["postgresql://app:topsecret@db1/x"]',
		'[servers.s]\nurl = "postgresql://app:topsecret@db1/x?sslmod=require"',
		'[servers.s]\nurl = "host=db1"\nredis = "redis:/:topsecret@h"',
		'[servers.s]\nurl = "postgresql://app:topsecret@db1:x/x"',
	];
	for (const text of secrets) {
		const parsed = parseConfig(text, '/etc/c.toml', home);
		const said = isProblem(parsed) ? parsed : configuredPlace(parsed.servers[0]!, {config: parsed, world: {env: {}, home, osUser: 'os'}, said: nothing});
		assert.ok(isProblem(said), text);
		assert.doesNotMatch(said.problem, /topsecret/);
	}
});

test('the usual file may be missing, the named one not; what holds passwords is for its owner alone', () => {
	const world = {env: {XDG_CONFIG_HOME: join(home, 'xdg')}, home};
	assert.equal(configPath(world), join(home, 'xdg', 'pgperf', 'config.toml'));
	assert.equal(configPath({env: {}, home}), join(home, '.config', 'pgperf', 'config.toml'));
	assert.equal(configPath({env: {XDG_CONFIG_HOME: 'relative'}, home}), join(home, '.config', 'pgperf', 'config.toml'));
	assert.deepEqual(readConfig(undefined, world), {file: undefined, servers: [], warnings: []});
	const missing = readConfig(join(home, 'no.toml'), world);
	assert.match((missing as Problem).problem, /no\.toml can't be read \(ENOENT\): is --config right\?/);
	assert.match((readConfig(home, world) as Problem).problem, /can't be read \(EISDIR\)/);
	mkdirSync(join(home, 'xdg', 'pgperf'), {recursive: true});
	const file = configPath(world);
	const warningsOf = (text: string, mode: number) => {
		writeFileSync(file, text);
		chmodSync(file, mode);
		const read = readConfig(undefined, world);
		assert.ok(!isProblem(read));
		return read.warnings;
	};
	const warning = [`WARNING: the configuration ${file} holds passwords and others can read it: chmod 0600 ${file}`];
	assert.deepEqual(warningsOf('[servers.s]\nurl = "postgresql://app:pw@db1/s"', 0o644), warning);
	assert.deepEqual(warningsOf('[servers.s]\nurl = "postgresql://app:pw@db1/s"', 0o600), []);
	assert.deepEqual(warningsOf('[servers.s]\nurl = "postgresql://app@db1/s"', 0o644), []);
	assert.deepEqual(warningsOf('[servers.s]\nurl = "host=db1 password=pw"', 0o640), warning);
	assert.deepEqual(warningsOf('[servers.s]\nurl = "postgresql:///s?password=pw"', 0o604), warning);
	assert.deepEqual(warningsOf('[servers.s]\nurl = "host=db1"\nredis = "redis://:pw@h"', 0o644), warning);
	assert.deepEqual(warningsOf('[servers.s]\nurl = "host=db1"\nredis = "redis+sentinel://:pw@h/shop"', 0o644), warning);
	assert.deepEqual(warningsOf('[servers.s]\nurl = "host=db1"\nredis = "redis+sentinel://h/shop?sentinel_password=pw"', 0o644), warning);
	assert.deepEqual(warningsOf('\uFEFF[servers.s]\nurl = "host=db1"', 0o644), []);
});

const nothing: Said = {
	flags: {},
	replicas: [],
	redis: undefined,
	pgbouncer: undefined,
	cacheScheme: undefined,
	cachePrefix: undefined,
	limits: [],
	readOnly: false,
	askPassword: undefined,
};

function place(said: Partial<Said> = {}, env: Readonly<Record<string, string>> = {}, text = whole): Place {
	const read = config(text);
	const found = configuredPlace(read.servers[0]!, {config: read, world: {env, home, osUser: 'os'}, said: {...nothing, ...said}});
	assert.ok(!isProblem(found), isProblem(found) ? found.problem : '');
	return found;
}

function spoken(conninfo: string | undefined, said: Partial<Said> = {}, env: Readonly<Record<string, string>> = {}): Place {
	const found = spokenPlace(conninfo, {config: config(whole), world: {env, home, osUser: 'os'}, said: {...nothing, ...said}});
	assert.ok(!isProblem(found), isProblem(found) ? found.problem : '');
	return found;
}

const targets = (one: Place): readonly Target[] => one.servers.map(({opening}) => opening.target);

test('a server of the configuration comes with its companions, its rules and its cache', () => {
	const shop = place();
	assert.deepEqual(
		shop.servers.map(({id}) => id),
		['shop', 'shop @ db2:5432', 'shop @ db3:5432'],
	);
	assert.deepEqual(targets(shop).map(titleOf), ['shop @ db1:6000', 'shop @ db2:5432', 'shop @ db3:5432']);
	assert.equal(targets(shop)[0]!.password(), 'pw');
	const {limits, ...rules} = shop.rules;
	assert.deepEqual(rules, {label: 'PROD', readOnly: true, confirm: 'type', invalidate: {'*': 'all:{tenant}'}});
	assert.equal(shop.redis, 'rediss://:pw@cache:6380/0');
	assert.equal(shop.pgbouncer, 'postgresql://admin@pool:6432/pgbouncer');
	assert.equal(shop.refresh, 5);
	assert.deepEqual(shop.cache, {scheme: 'laravel', prefix: 'shop:', invalidate: {'*': 'all:{tenant}'}});
	assert.doesNotMatch(inspect(shop.servers, {depth: 9}), /\bpw\b/);
});

test('flags go before the environment, that before the configuration, that before the defaults, and each limit knows', () => {
	const of = (one: Place, id: string) => {
		const {warning, critical, notice, origin} = one.rules.limits[id]!;
		return [notice ?? warning, critical, origin];
	};
	const configured = place();
	assert.deepEqual(of(configured, 'connections'), [70, 85, 'config']);
	assert.deepEqual(of(configured, 'lag'), [1, 5, 'config']);
	assert.deepEqual(of(configured, 'statement-mean'), [250, undefined, 'config']);
	assert.deepEqual(of(configured, 'blocked'), [5, 30, 'default']);
	const environment = place({}, {PGPERF_LIMIT_LAG: '3/30', SLOW_QUERY_THRESHOLD: '100'});
	assert.deepEqual(of(environment, 'lag'), [3, 30, 'environment']);
	assert.deepEqual(of(environment, 'statement-mean'), [100, undefined, 'environment']);
	assert.deepEqual(of(environment, 'connections'), [70, 85, 'config']);
	const flagged = place({limits: ['lag=4/40']}, {PGPERF_LIMIT_LAG: '3/30'});
	assert.deepEqual(of(flagged, 'lag'), [4, 40, 'flag']);
	const other = spoken('postgresql://db7/x');
	assert.deepEqual(of(other, 'lag'), [2, 20, 'config']);
	assert.deepEqual({...other.rules, limits: undefined}, {label: null, readOnly: false, confirm: 'ask', invalidate: {'*': 'all:{tenant}'}, limits: undefined});
	assert.equal(other.refresh, 2);
});

test('flags change single parts of a configured server; PGPERF_ variables too, but not what an application left there', () => {
	const env = {DATABASE_URL: 'postgresql://wrong/x', DATABASE_READ_URLS: 'postgresql://wrong/x', REDIS_URL: 'redis://wrong', PGBOUNCER_URL: 'host=wrong'};
	assert.deepEqual(targets(place({}, env)).map(titleOf), ['shop @ db1:6000', 'shop @ db2:5432', 'shop @ db3:5432']);
	assert.equal(place({}, env).redis, 'rediss://:pw@cache:6380/0');
	assert.equal(place({}, {PGPERF_REDIS_URL: 'redis://ours'}).redis, 'redis://ours');
	assert.equal(place({redis: 'redis://flag'}, {PGPERF_REDIS_URL: 'redis://ours'}).redis, 'redis://flag');
	const [target] = targets(place({flags: {username: "d'b\\a", dbname: 'other', port: '7000'}}));
	assert.deepEqual([target!.user, titleOf(target!), target!.password()], ["d'b\\a", 'other @ db1:7000', 'pw']);
	assert.deepEqual(targets(place({replicas: ['host=db8 dbname=shop']})).map(titleOf), ['shop @ db1:6000', 'shop @ db8:5432']);
	assert.deepEqual(targets(place({}, {PGPERF_READ_URLS: 'postgresql://db6/shop,postgresql://db7/shop'})).map(titleOf), [
		'shop @ db1:6000',
		'shop @ db6:5432',
		'shop @ db7:5432',
	]);
	assert.equal(place({readOnly: true}, {}, '[servers.s]\nurl = "host=a"').rules.readOnly, true);
	assert.equal(place({}, {}, 'read_only = true\n[servers.s]\nurl = "host=a"').rules.readOnly, true);
	assert.equal(place({}, {}, 'read_only = true\n[servers.s]\nurl = "host=a"\nread_only = false').rules.readOnly, false);
	assert.equal(place({readOnly: true}, {}, 'read_only = false\n[servers.s]\nurl = "host=a"\nread_only = false').rules.readOnly, true);
});

test('replicas of the environment: several hosts in one, a driver of the application', () => {
	const of = (text: string) => targets(spoken('postgresql://db1/shop', {}, {DATABASE_READ_URLS: text})).map(titleOf);
	assert.deepEqual(of('postgresql://a,b/shop, postgres://c/shop'), ['shop @ db1:5432', 'shop @ a:5432,b:5432', 'shop @ c:5432']);
	assert.deepEqual(of('postgresql+asyncpg://a/shop?prepared_statements=false postgres://c:7/shop'), ['shop @ db1:5432', 'shop @ a:5432', 'shop @ c:7']);
	assert.deepEqual(of(''), ['shop @ db1:5432']);
	const wrong = spokenPlace('host=db1', {config: config(''), world: {env: {DATABASE_READ_URLS: 'nonsense'}, home, osUser: 'os'}, said: nothing});
	assert.match((wrong as Problem).problem, /^DATABASE_READ_URLS: a standby is named by a URI/);
	const twice = spoken('postgresql://db1/shop', {replicas: ['postgresql://db1/shop', 'postgresql://db1/shop']});
	assert.deepEqual(
		twice.servers.map(({id}) => id),
		['shop @ db1:5432', 'shop @ db1:5432 (2)', 'shop @ db1:5432 (3)'],
	);
});

test("the README's example is a configuration", () => {
	const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
	const example = /```toml\n([\s\S]*?)```/.exec(readme)![1]!;
	const read = config(example);
	assert.deepEqual(
		read.servers.map(server => [server.name, server.label]),
		[['shop', 'PROD']],
	);
	assert.deepEqual(
		place({}, {}, example).servers.map(({id}) => id),
		['shop', 'shop @ db2:5432'],
	);
});
