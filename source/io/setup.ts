import {homedir, userInfo} from 'node:os';
import type {Arguments} from '../arguments.ts';
import {type Limits, limitsOfEnvironment, limitsWith, parseLimit} from '../limits.ts';
import type {Settings} from '../state.ts';
import {type Audit, auditPath, openAudit} from './audit.ts';
import {isProblem, type Problem, resolve, type Target, titleOf, type World} from './conninfo.ts';
import {askPassword} from './password.ts';
import type {Opening} from './session.ts';

/** What arguments, environment and configuration come to, for every command that speaks to servers. */
export type Setup = {
	readonly servers: readonly {readonly id: string; readonly opening: Opening}[];
	readonly settings: Settings;
	readonly audit: Audit | undefined;
	readonly who: string;
};

export function worldOf(): World {
	return {env: process.env, home: homedir(), osUser: accountName()};
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
	const target = targetOf(options, conninfo, world);
	if (isProblem(target)) return target;
	const replicas: Target[] = [];
	for (const text of replicasOf(options, world.env)) {
		const replica = resolve(text, {}, world);
		if (isProblem(replica)) return {...replica, problem: `--replica: ${replica.problem}`};
		replicas.push(replica);
	}
	const limits = limitsOf(options, world.env);
	if ('problem' in limits) return {problem: limits.problem, exit: 64};
	const readOnly = options.flags['read-only'] === true;
	const file = textOf(options, 'audit') ?? auditPath(world.env, world.home);
	const opened = options.flags['no-audit'] || readOnly ? undefined : openAudit(file);
	const audit: Settings['audit'] =
		opened === undefined ? {is: readOnly ? 'on' : 'off', path: file} : 'problem' in opened ? {is: 'broken', why: opened.problem} : {is: 'on', path: file};
	return {
		servers: named([target, ...replicas]).map(({id, target: one}) => ({id, opening: {target: one, askPassword: canAsk() ? askPassword : undefined}})),
		settings: {
			label: null,
			readOnly,
			audit,
			ascii: options.flags.ascii === true || !isUnicode(world.env),
			colour: !(options.flags['no-color'] || world.env.NO_COLOR),
			limits: limits.limits,
			confirm: 'ask',
		},
		audit: opened === undefined || 'problem' in opened ? undefined : opened,
		who: world.osUser,
	};
}

function targetOf(options: Arguments, conninfo: string | undefined, world: World): Target | Problem {
	const password = options.flags.password ? 'ask' : options.flags['no-password'] ? 'never' : undefined;
	return resolve(
		conninfo,
		{host: textOf(options, 'host'), port: textOf(options, 'port'), username: textOf(options, 'username'), dbname: textOf(options, 'dbname'), password},
		world,
	);
}

function replicasOf(options: Arguments, env: World['env']): readonly string[] {
	const given = textsOf(options, 'replica');
	return given.length > 0 ? given : (env.DATABASE_READ_URLS ?? '').split(/[\s,]+(?=postgres(?:ql)?:\/\/)|\s+/).filter(Boolean);
}

/** Two servers may have the same title: by tunnels, or one named twice. */
function named(targets: readonly Target[]): readonly {readonly id: string; readonly target: Target}[] {
	const seen = new Map<string, number>();
	return targets.map(target => {
		const title = titleOf(target);
		const times = (seen.get(title) ?? 0) + 1;
		seen.set(title, times);
		return {id: times === 1 ? title : `${title} (${times})`, target};
	});
}

function limitsOf(options: Arguments, env: World['env']): {readonly limits: Limits} | {readonly problem: string} {
	const environment = limitsOfEnvironment(env);
	if ('problem' in environment) return environment;
	let limits = limitsWith(environment.overrides, 'environment');
	for (const text of textsOf(options, 'limit')) {
		const parsed = parseLimit(text);
		if ('problem' in parsed) return {problem: `--limit: ${parsed.problem}`};
		limits = limitsWith(parsed.overrides, 'flag', limits);
	}
	return {limits};
}

function canAsk(): boolean {
	return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Line drawing only where the locale can show it. */
function isUnicode(env: World['env']): boolean {
	const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
	return /utf-?8/i.test(locale);
}
