import type {Level, Limit, Value} from './pane.ts';

/** Where a threshold came from; a later one wins over an earlier one. */
export type Origin = 'default' | 'config' | 'environment' | 'flag';
export type Unit = 's' | 'ms' | '%' | 'bytes' | 'bytes/s' | 'count';

/** The thresholds of one check. `floor` is in the unit that `title` tells. */
export type LimitEntry = Limit & {
	readonly id: string;
	readonly title: string;
	readonly unit: Unit;
	readonly origin: Origin;
};
export type Limits = Readonly<Record<string, LimitEntry>>;
export type Override = {readonly notice?: number; readonly warning?: number; readonly critical?: number};
export type Problem = {readonly problem: string};

const kiB = 1024;
const MiB = 1024 * kiB;
const GiB = 1024 * MiB;
const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

type Declared = Limit & {readonly title: string; readonly unit: Unit};

const declared = {
	// What hurts at this moment.
	blocked: {title: 'longest wait for a lock; `many` sessions waiting are critical at once', unit: 's', warning: 5, critical: 30, many: 5},
	'sync-commit-wait': {title: 'longest commit waiting for a synchronous standby', unit: 's', warning: 5, critical: 30},
	'idle-in-transaction': {title: 'idle in transaction for', unit: 's', warning: 5 * minute, critical: 30 * minute},
	connections: {title: 'connections used of those that ordinary roles can have', unit: '%', warning: 80, critical: 90},
	'connection-limit': {title: 'connections used of the limit of a role or database', unit: '%', warning: 80, critical: 90},
	'long-transaction': {title: 'age of a transaction', unit: 's', warning: 15 * minute, critical: 2 * hour},
	'prepared-transaction': {title: 'age of a prepared transaction', unit: 's', warning: 5 * minute, critical: hour},
	'xmin-horizon': {title: 'transactions since the oldest snapshot that vacuum must respect', unit: 'count', warning: 10e6, critical: 100e6},
	'statement-mean': {title: 'mean time of a statement in the interval; floor: calls', unit: 'ms', notice: 1000, floor: 3},
	'average-response': {title: 'mean time of all statements in the interval; floor: calls', unit: 'ms', notice: 100, floor: 50},
	'statement-calls': {
		title: 'more than `many` statements of this mean time since the reset; floor: calls of each',
		unit: 'ms',
		warning: 2000,
		floor: 100,
		many: 10,
	},
	'slow-share': {title: 'share of slow statements in all statement time of the interval; floor: calls', unit: '%', warning: 10, critical: 50, floor: 50},
	'statement-evictions': {title: 'times that pg_stat_statements threw entries away in the interval', unit: 'count', notice: 1},
	lag: {
		title: 'replay lag of a standby; floor: bytes behind; `many` bytes are a warning when the time is unknown',
		unit: 's',
		warning: 1,
		critical: 10,
		floor: 64 * kiB,
		many: GiB,
	},
	'standby-missing': {title: 'a standby that should be there is away for', unit: 's', critical: 0},
	'replay-paused': {title: 'replay paused on a standby, bytes waiting', unit: 'bytes', warning: 0, critical: GiB},
	'replay-conflict': {title: 'queries cancelled or replay held up by conflicts on a standby', unit: 'count', warning: 1},
	'slot-lost': {title: 'slots that lost the WAL they need', unit: 'count', critical: 1},
	'slot-retained': {title: 'WAL that a slot keeps from being removed', unit: 'bytes', warning: 4 * GiB, critical: 32 * GiB},
	'slot-time-left': {title: 'time until a slot is lost at the present WAL rate', unit: 's', warning: hour, critical: 10 * minute, below: true},
	'subscription-error': {title: 'errors of a subscription since the last sample, or its worker is away', unit: 'count', critical: 1},
	archiver: {title: 'WAL files waiting to be archived; failing now is critical', unit: 'count', warning: 20, critical: 200},
	'hit-ratio': {title: 'shared buffers hit ratio of the interval; floor: blocks', unit: '%', warning: 90, critical: 70, below: true, floor: 5000},
	'autovacuum-busy': {title: 'all autovacuum workers busy for', unit: 's', warning: 10 * minute},
	deadlocks: {title: 'deadlocks in the interval', unit: 'count', warning: 1},
	'temp-spill': {title: 'temporary files written', unit: 'bytes/s', warning: 10 * MiB, critical: 100 * MiB},
	rollbacks: {title: 'transactions rolled back in the interval; floor: transactions', unit: '%', notice: 1, floor: 100},
	disk: {title: 'disk used, where it can be seen', unit: '%', warning: 80, critical: 90},
	'cron-failed': {title: 'last runs of a pg_cron job that failed in a row', unit: 'count', warning: 1, critical: 3},
	'pool-waiting': {title: 'longest client waiting for a PgBouncer connection', unit: 's', warning: 1, critical: 10},
	'redis-hit-ratio': {title: 'Redis hit ratio of the interval; floor: look-ups', unit: '%', warning: 80, critical: 50, below: true, floor: 1000},
	'redis-memory': {title: 'Redis memory used of maxmemory', unit: '%', warning: 85, critical: 95},
	'redis-evictions': {title: 'Redis keys evicted in the interval', unit: 'count', notice: 1},
	wraparound: {title: 'way to the stop against wraparound, of transaction or multixact ids', unit: '%', warning: 40, critical: 75},

	// Hygiene.
	checksum: {title: 'checksum failures', unit: 'count', critical: 1},
	sequence: {title: 'sequence or integer key used up', unit: '%', warning: 75, critical: 90},
	'index-effectiveness': {title: 'scans of a large table that use an index; floor: scans', unit: '%', warning: 80, below: true, floor: 1000},
	'invalid-index': {title: 'invalid indexes that are not being built', unit: 'count', warning: 1},
	'unused-index': {title: 'size of an index that nothing uses; floor: days of statistics', unit: 'bytes', warning: 10 * MiB, floor: 30},
	'duplicate-index': {title: 'size of an index that another one makes redundant', unit: 'bytes', warning: MiB},
	'missing-fk-index': {title: 'size of a table whose foreign key has no index', unit: 'bytes', warning: 10 * MiB},
	'sequential-scans': {title: 'rows read per sequential scan; floor: rows of the table', unit: 'count', warning: 10_000, floor: 10_000},
	bloat: {title: 'estimated bloat of a table or index; floor: bytes', unit: '%', warning: 50, floor: 100 * MiB},
	'dead-rows': {title: 'dead rows of a table; floor: dead rows', unit: '%', warning: 20, floor: 10_000},
	'autovacuum-off': {title: 'tables that autovacuum is told to leave alone', unit: 'count', notice: 1},
	'partition-missing': {title: 'time until new rows find no partition', unit: 's', warning: 7 * day, critical: day, below: true},
	'partition-default': {title: 'rows in the default partition (estimate)', unit: 'count', warning: 1},
	'partition-gap': {title: 'gaps between the partitions of a table', unit: 'count', warning: 1},
	'partition-detach': {title: 'partitions whose detaching was interrupted', unit: 'count', warning: 1},
	'matview-stale': {title: 'time since a materialized view was refreshed', unit: 's', warning: day, critical: 7 * day},
	'matview-unpopulated': {title: 'materialized views that were never filled', unit: 'count', warning: 1},
	checkpoints: {title: 'checkpoints that were forced by WAL; floor: checkpoints', unit: '%', warning: 50, floor: 10},
	'pending-restart': {title: 'settings that wait for a restart', unit: 'count', notice: 1},
	'dangerous-setting': {title: 'settings that may lose data or let the server rot', unit: 'count', warning: 1},
} as const satisfies Readonly<Record<string, Declared>>;

/** Every threshold, its default and where it came from: no check has a number of its own. */
export const defaultLimits: Limits = Object.fromEntries(
	Object.entries(declared as Readonly<Record<string, Declared>>).map(([id, entry]) => [id, {id, origin: 'default', ...entry} satisfies LimitEntry]),
);

/** The limits with some of them replaced. What an override leaves out stays as it was. */
export function limitsWith(overrides: Readonly<Record<string, Override>>, origin: Origin, base: Limits = defaultLimits): Limits {
	const limits: Record<string, LimitEntry> = {...base};
	for (const [id, override] of Object.entries(overrides)) {
		const entry = base[id];
		if (entry) limits[id] = {...entry, ...override, origin};
	}
	return limits;
}

/** How bad a value is, or nothing. A floor is the check's own business: only it knows how much traffic there was. */
export function levelOf(value: Value | undefined, limit: Limit): Level | undefined {
	if (typeof value !== 'number' || Number.isNaN(value)) return undefined;
	const reached = (threshold: number | undefined) => threshold !== undefined && (limit.below ? value < threshold : value >= threshold);
	if (reached(limit.critical)) return 'critical';
	if (reached(limit.warning)) return 'warning';
	return reached(limit.notice) ? 'notice' : undefined;
}

/** The threshold that a value of this level went over. */
export function thresholdOf(level: Level, limit: Limit): number | undefined {
	return limit[level];
}

/** `--limit connections=85/95`. */
export function parseLimit(text: string): {readonly overrides: Readonly<Record<string, Override>>} | Problem {
	const at = text.indexOf('=');
	if (at < 1) return {problem: `The limit "${text}" can't be read: write it as ID=WARNING/CRITICAL, for example connections=85/95. ${known()}`};
	return limitOf(text.slice(0, at).trim(), text.slice(at + 1));
}

/**
 * One limit by its id: `85/95`, `85` for the lower threshold alone, `/95` for the upper one, `off` for neither.
 * Numbers may carry a unit: 500ms, 10s, 5m, 2h, 7d; 64kB, 10MB, 4GB, 1TB; 80%.
 */
export function limitOf(id: string, text: string): {readonly overrides: Readonly<Record<string, Override>>} | Problem {
	const entry = Object.hasOwn(defaultLimits, id) ? defaultLimits[id] : undefined;
	if (!entry) return {problem: `There is no limit "${id}". ${known()}`};
	if (/^\s*off\s*$/i.test(text)) return {overrides: {[id]: {notice: undefined, warning: undefined, critical: undefined}}};
	const parts = text.split('/');
	const [low, high] = parts.map(part => (part.trim() === '' ? undefined : amount(part, entry.unit)));
	if (parts.length > 2 || (low === undefined && high === undefined) || low === null || high === null) {
		return {problem: `The limit ${id}=${text} can't be read: write WARNING/CRITICAL in ${unitNames[entry.unit]}, one of the two, or off.`};
	}
	if (entry.unit === '%' && [low, high].some(value => value !== undefined && value > 100)) {
		return {problem: `The limit ${id}=${text} is more than 100 %: ${entry.title}.`};
	}
	const first = entry.notice !== undefined && entry.warning === undefined && high === undefined ? 'notice' : 'warning';
	const override: Override = {...(low !== undefined && {[first]: low}), ...(high !== undefined && {critical: high})};
	const {warning, critical} = {...entry, ...override};
	if (warning !== undefined && critical !== undefined && (entry.below ? warning < critical : warning > critical)) {
		return {
			problem: `The limit ${id}=${text} has its warning (${warning}) ${entry.below ? 'below' : 'above'} its critical value (${critical}): give both, warning first.`,
		};
	}
	return {overrides: {[id]: override}};
}

/** PGPERF_LIMIT_CONNECTIONS=85/95 and SLOW_QUERY_THRESHOLD (milliseconds). */
export function limitsOfEnvironment(
	environment: Readonly<Record<string, string | undefined>>,
): {readonly overrides: Readonly<Record<string, Override>>} | Problem {
	const overrides: Record<string, Override> = {};
	const slow = environment.SLOW_QUERY_THRESHOLD;
	if (slow !== undefined && slow.trim() !== '') {
		const milliseconds = amount(slow, 'ms');
		if (milliseconds === null) return {problem: `SLOW_QUERY_THRESHOLD="${slow}" can't be read: give milliseconds, for example 1000.`};
		overrides['statement-mean'] = {notice: milliseconds};
	}
	const prefix = 'PGPERF_LIMIT_';
	for (const name of Object.keys(environment).sort()) {
		const text = environment[name];
		if (!name.startsWith(prefix) || text === undefined) continue;
		const parsed = limitOf(name.slice(prefix.length).toLowerCase().replaceAll('_', '-'), text);
		if ('problem' in parsed) return {problem: `${name}: ${parsed.problem}`};
		Object.assign(overrides, parsed.overrides);
	}
	return {overrides};
}

function known(): string {
	return `Known: ${Object.keys(defaultLimits).sort().join(', ')}.`;
}

const unitNames: Readonly<Record<Unit, string>> = {
	s: 'seconds (or 5m, 2h, 7d)',
	ms: 'milliseconds (or 2s)',
	'%': 'percent',
	bytes: 'bytes (or 10MB, 4GB)',
	'bytes/s': 'bytes per second (or 10MB)',
	count: 'a number',
};

const factors: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
	s: {'': 1, ms: 0.001, s: 1, m: minute, min: minute, h: hour, d: day},
	ms: {'': 1, ms: 1, s: 1000, m: minute * 1000, min: minute * 1000},
	'%': {'': 1, '%': 1},
	bytes: {'': 1, b: 1, kb: kiB, mb: MiB, gb: GiB, tb: 1024 * GiB},
	'bytes/s': {'': 1, b: 1, kb: kiB, mb: MiB, gb: GiB},
	count: {'': 1, k: 1000, m: 1e6},
};

function amount(text: string, unit: Unit): number | null {
	const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z%]*)\s*$/i.exec(text);
	const suffix = match?.[2]?.toLowerCase();
	return match && suffix !== undefined && Object.hasOwn(factors[unit], suffix) ? Number(match[1]) * factors[unit][suffix]! : null;
}
