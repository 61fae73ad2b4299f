import {homedir, userInfo} from 'node:os';
import path from 'node:path';
import type {Arguments} from '../arguments.ts';
import {schemeProblem} from '../cache-schemes.ts';
import {spoken} from '../plain.ts';
import type {Settings} from '../state.ts';
import {type Audit, auditPath, openAudit} from './audit.ts';
import {type Config, readConfig} from './config.ts';
import {isProblem, type Problem, type World} from './conninfo.ts';
import {askPassword} from './password.ts';
import {configuredPlace, isName, type Place, type Said, spokenPlace} from './place.ts';

/** What arguments, environment and configuration come to, for every command that speaks to servers. */
export type Setup = {
	/** What is watched. */
	readonly place: Place;
	/** Its servers: the watched one, then its companions. */
	readonly servers: Place['servers'];
	/** The other servers of the configuration, or why one can't be used. */
	readonly places: readonly (Place | {readonly name: string; readonly problem: string})[];
	readonly settings: Settings;
	readonly audit: Audit | undefined;
	readonly who: string;
	/** Said on stderr already; the console keeps them in its log. */
	readonly warnings: readonly string[];
	/** To be said behind why a server could not be connected to. */
	readonly hint: string;
};

export function worldOf(): World {
	return {env: process.env, home: homeFolder(), osUser: accountName()};
}

/** An account that the system does not know, as in many containers, has none: then its files lie nowhere, never in the folder where it happens to be. */
function homeFolder(): string {
	try {
		return path.resolve(homedir() || userInfo().homedir || '/nonexistent');
	} catch {
		return '/nonexistent';
	}
}

function accountName(): string {
	try {
		return userInfo().username;
	} catch {
		return process.env.USER ?? '';
	}
}

/** One option's text; undefined where it was not given. */
export function textOf(options: Arguments, name: string): string | undefined {
	const value = options.flags[name];
	return typeof value === 'string' ? value : undefined;
}

export function textsOf(options: Arguments, name: string): readonly string[] {
	const value = options.flags[name];
	return typeof value === 'object' ? value : [];
}

export function secondsOf(options: Arguments, name: string, initial: number, least: number, most: number): number | Problem {
	const given = textOf(options, name);
	if (given === undefined) return initial;
	const seconds = Number(given);
	if (given.trim() !== '' && seconds >= least && seconds <= most) return seconds;
	return {problem: `--${name} takes seconds from ${least} to ${most}, not "${given}".`, exit: 64};
}

export function setUp(options: Arguments, conninfo: string | undefined): Setup | Problem {
	const world = worldOf();
	const config = readConfig(textOf(options, 'config'), world);
	if (isProblem(config)) return config;
	for (const warning of config.warnings) process.stderr.write(`${spoken(warning)}\n`);
	const said = saidOf(options);
	if (isProblem(said)) return said;
	const context = {config, world, said};
	// A database of the same spelling is reached by -d; a command that takes other words is told the server by -d.
	const byFlag = conninfo === undefined && !options.command.input.includes('CONNINFO');
	const word = byFlag ? said.flags.dbname : conninfo;
	const server = isName(word) ? config.servers.find(one => one.name === word) : undefined;
	const named = byFlag ? {...context, said: {...said, flags: {...said.flags, dbname: undefined}}} : context;
	const place = server ? configuredPlace(server, named) : spokenPlace(conninfo, context);
	if (isProblem(place)) return place;
	const readOnly = said.readOnly;
	const wanted = textOf(options, 'audit') ?? config.audit ?? auditPath(world.env, world.home);
	const off = options.flags['no-audit'] === true || (wanted === false && textOf(options, 'audit') === undefined);
	const file = wanted === false ? auditPath(world.env, world.home) : wanted;
	const opened = off || readOnly ? undefined : openAudit(file);
	const audit: Settings['audit'] =
		opened === undefined ? {is: readOnly ? 'on' : 'off', path: file} : 'problem' in opened ? {is: 'broken', why: opened.problem} : {is: 'on', path: file};
	return {
		place,
		servers: place.servers,
		places: config.servers.filter(one => one !== server).map(one => usable(one.name, configuredPlace(one, alone(context)))),
		settings: {
			...place.rules,
			audit,
			ascii: options.flags.ascii === true || (config.ascii ?? !isUnicode(world.env)),
			colour: !(options.flags['no-color'] || world.env.NO_COLOR || config.color === false),
		},
		audit: opened === undefined || 'problem' in opened ? undefined : opened,
		who: world.osUser,
		warnings: config.warnings,
		hint: isName(word) && !server ? hintOf(config) : '',
	};
}

/** One that can't be used does not keep the others from being watched. */
function usable(name: string, place: Place | Problem): Place | {readonly name: string; readonly problem: string} {
	return isProblem(place) ? {name, problem: place.problem} : place;
}

/** What was said of the one that is watched first is not said of the others. */
function alone({config, world, said}: {readonly config: Config; readonly world: World; readonly said: Said}) {
	const {PGPERF_READ_URLS: _, PGPERF_REDIS_URL: __, PGPERF_PGBOUNCER_URL: ___, ...env} = world.env;
	return {config, world: {...world, env}, said: {...said, flags: {password: said.flags.password}, replicas: [], redis: undefined, pgbouncer: undefined}};
}

/** A word that leads nowhere was taken for a database; it may be a server, misspelled. */
function hintOf({servers, file}: Config): string {
	return servers.length === 0 ? '' : ` Servers of ${file}: ${servers.map(one => one.name).join(', ')}.`;
}

function saidOf(options: Arguments): Said | Problem {
	const cacheScheme = textOf(options, 'cache-scheme');
	const unknown = cacheScheme === undefined ? undefined : schemeProblem(cacheScheme);
	if (unknown !== undefined) return {problem: `--cache-scheme ${unknown}; not "${cacheScheme}".`, exit: 64};
	return {
		flags: {
			host: textOf(options, 'host'),
			port: textOf(options, 'port'),
			username: textOf(options, 'username'),
			dbname: textOf(options, 'dbname'),
			password: options.flags.password ? 'ask' : options.flags['no-password'] ? 'never' : undefined,
		},
		replicas: textsOf(options, 'replica'),
		redis: textOf(options, 'redis'),
		pgbouncer: textOf(options, 'pgbouncer'),
		cacheScheme,
		cachePrefix: textOf(options, 'cache-prefix'),
		limits: textsOf(options, 'limit'),
		readOnly: options.flags['read-only'] === true,
		askPassword: canAsk() ? askPassword : undefined,
	};
}

function canAsk(): boolean {
	return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Line drawing only where the locale can show it. */
function isUnicode(env: World['env']): boolean {
	const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
	return /utf-?8/i.test(locale);
}
