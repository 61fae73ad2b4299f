import type {SchemeName} from '../cache-schemes.ts';
import {type Limits, limitsOfEnvironment, limitsWith, type Override, parseLimit} from '../limits.ts';
import type {ServerId} from '../pane.ts';
import type {Rules} from '../state.ts';
import type {Config, NamedServer} from './config.ts';
import type {Shared} from './config-keys.ts';
import {isConnectionString, isUnreadable, parseApplicationUri, parseConnectionString} from './connection-string.ts';
import {type Flags, isProblem, type Problem, resolve, type Target, titleOf, type World} from './conninfo.ts';
import type {Opening} from './session.ts';

/** How cache tags are kept, and what a notification invalidates. */
export type CacheRules = {
	readonly scheme: SchemeName;
	readonly prefix: string;
	/** Keys that an invalidation unlinks in a second. */
	readonly pace?: number;
	readonly invalidate: Readonly<Record<string, string>>;
};

/** Something that can be watched: a server with all that belongs to it. */
export type Place = {
	/** In the configuration; null: the command line or the environment told where. */
	readonly name: string | null;
	/** The watched server first, then its companions. */
	readonly servers: readonly {readonly id: ServerId; readonly opening: Opening}[];
	readonly rules: Rules;
	/** Seconds. */
	readonly refresh: number | undefined;
	readonly redis: string | undefined;
	readonly pgbouncer: string | undefined;
	readonly cache: CacheRules;
};

/** What the command line says, by name of the option. */
export type Said = {
	readonly flags: Flags;
	readonly replicas: readonly string[];
	readonly redis: string | undefined;
	readonly pgbouncer: string | undefined;
	readonly cacheScheme: SchemeName | undefined;
	readonly cachePrefix: string | undefined;
	readonly limits: readonly string[];
	readonly readOnly: boolean;
	readonly askPassword: Opening['askPassword'];
};

type Context = {readonly config: Config; readonly world: World; readonly said: Said};

/** A server of the configuration. Flags go before what is written there; what an application left in the environment is not meant. */
export function configuredPlace(server: NamedServer, context: Context): Place | Problem {
	const {config, world, said} = context;
	const within = (problem: Problem, what: string): Problem => ({...problem, problem: `${config.file}: servers.${server.name}.${what}: ${problem.problem}`});
	const {host, port, username, dbname} = said.flags;
	const settings = {...parseConnectionString(server.url), ...present({host, port, user: username, dbname})};
	// An address belongs to the host that was written with it.
	if (host !== undefined) delete (settings as Record<string, string>).hostaddr;
	const target = resolve(keywordsOf(settings), {password: said.flags.password}, world);
	if (isProblem(target)) return within(target, 'url');
	const asked = askedReplicas(context);
	const replicas = asked ?? companions(server.replicas ?? [], world);
	if (isProblem(replicas)) return asked ? replicas : within(replicas, 'replicas');
	return together([target, ...replicas], server.name, server, context, {redis: server.redis, pgbouncer: server.pgbouncer});
}

/** Where the command line and the environment lead; a problem is a sentence for whoever typed it. */
export function spokenPlace(conninfo: string | undefined, context: Context): Place | Problem {
	const {world, said} = context;
	const target = resolve(conninfo, said.flags, world);
	if (isProblem(target)) return target;
	const replicas = askedReplicas(context) ?? named('DATABASE_READ_URLS', companions(listOf(world.env.DATABASE_READ_URLS).map(withoutDriver), world));
	if (isProblem(replicas)) return replicas;
	return together([target, ...replicas], null, {}, context, {redis: world.env.REDIS_URL, pgbouncer: world.env.PGBOUNCER_URL});
}

function together(
	targets: readonly Target[],
	name: string | null,
	own: Shared & {readonly label?: string},
	{config, world, said}: Context,
	otherwise: {readonly redis: string | undefined; readonly pgbouncer: string | undefined},
): Place | Problem {
	const limits = limitsOf(own, config, said, world.env);
	if (isProblem(limits)) return limits;
	const invalidate = {...config.invalidate, ...own.invalidate};
	const pace = own.cache_pace ?? config.cache_pace;
	return {
		name,
		servers: identified(targets, name).map(({id, target}) => ({id, opening: {target, askPassword: said.askPassword}})),
		rules: {
			label: own.label ?? null,
			readOnly: said.readOnly || (own.read_only ?? config.read_only ?? false),
			confirm: own.confirm ?? config.confirm ?? 'ask',
			limits,
			invalidate,
		},
		refresh: own.refresh ?? config.refresh,
		redis: said.redis ?? (world.env.PGPERF_REDIS_URL || otherwise.redis || undefined),
		pgbouncer: said.pgbouncer ?? (world.env.PGPERF_PGBOUNCER_URL || otherwise.pgbouncer || undefined),
		cache: {
			scheme: said.cacheScheme ?? own.cache_scheme ?? config.cache_scheme ?? 'set',
			prefix: said.cachePrefix ?? own.cache_prefix ?? config.cache_prefix ?? '',
			...(pace !== undefined && {pace}),
			invalidate,
		},
	};
}

/** Default, configuration (of all, then of the server), environment, flags: the later one wins, and each limit knows where it is from. */
function limitsOf(own: Shared, config: Config, said: Said, env: World['env']): Limits | Problem {
	const configured = (overrides: Readonly<Record<string, Override>> | undefined, base?: Limits) => limitsWith(overrides ?? {}, 'config', base);
	const environment = limitsOfEnvironment(env);
	if ('problem' in environment && typeof environment.problem === 'string') return {problem: environment.problem, exit: 64};
	let limits = limitsWith('overrides' in environment ? environment.overrides : {}, 'environment', configured(own.limits, configured(config.limits)));
	for (const text of said.limits) {
		const parsed = parseLimit(text);
		if ('problem' in parsed) return {problem: `--limit: ${parsed.problem}`, exit: 64};
		limits = limitsWith(parsed.overrides, 'flag', limits);
	}
	return limits;
}

/** Those of the command line, or of pgperf's own variable. */
function askedReplicas({said, world}: Context): readonly Target[] | Problem | undefined {
	if (said.replicas.length > 0) return named('--replica', companions(said.replicas, world));
	const listed = listOf(world.env.PGPERF_READ_URLS);
	return listed.length > 0 ? named('PGPERF_READ_URLS', companions(listed, world)) : undefined;
}

function named<T extends object>(source: string, value: T | Problem): T | Problem {
	return isProblem(value) ? {...value, problem: `${source}: ${value.problem}`} : value;
}

function companions(written: readonly string[], world: World): readonly Target[] | Problem {
	const targets: Target[] = [];
	for (const text of written) {
		// A word alone would be a database of this machine.
		if (!isConnectionString(text)) return {problem: 'a standby is named by a URI, postgresql://host/database, or as "host=db2 dbname=shop".', exit: 64};
		const target = resolve(text, {}, world);
		if (isProblem(target)) return target;
		targets.push(target);
	}
	return targets;
}

/** URIs; a comma may also stand within one, between hosts. */
function listOf(text = ''): readonly string[] {
	return text.split(/[\s,]+(?=postgres(?:ql)?(?:\+\w+)?:\/\/)|\s+/).filter(Boolean);
}

/** The application's URI, without what only its driver knows. */
function withoutDriver(uri: string): string {
	const parsed = parseApplicationUri(uri);
	return isUnreadable(parsed) ? uri : keywordsOf(parsed);
}

/** Two servers may have the same title: by tunnels, or one named twice. */
function identified(targets: readonly Target[], first: string | null): readonly {readonly id: ServerId; readonly target: Target}[] {
	const seen = new Map<string, number>();
	return targets.map((target, index) => {
		const title = index === 0 && first !== null ? first : titleOf(target);
		const times = (seen.get(title) ?? 0) + 1;
		seen.set(title, times);
		return {id: times === 1 ? title : `${title} (${times})`, target};
	});
}

function keywordsOf(settings: Readonly<Record<string, string>>): string {
	return Object.entries(settings)
		.map(([keyword, value]) => `${keyword}='${value.replaceAll(/[\\']/g, '\\$&')}'`)
		.join(' ');
}

function present(settings: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
	return Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

export function isName(word: string | undefined): word is string {
	return word !== undefined && word !== '' && !isConnectionString(word);
}
