import {cacheScheme} from '../cache-schemes.ts';
import type {QueryName, Result} from '../pane.ts';
import type {World} from './conninfo.ts';
import {createPgBouncer, type PgBouncerLink} from './pgbouncer.ts';
import type {Place} from './place.ts';
import {createRedis, type RedisLink} from './redis.ts';

/** What belongs to a server without being PostgreSQL. Nothing is connected to before it is asked. */
export type Others = {
	ask(source: 'redis' | 'pgbouncer', names: readonly QueryName[]): Promise<Readonly<Record<QueryName, Result>>>;
	readonly redis: RedisLink | undefined;
	/** What a notification of a table invalidates. */
	readonly rules: Readonly<Record<string, string>>;
	stop(): void;
};

const missing = {
	redis: {status: 'skipped', reason: 'No Redis is named.', remedy: '--redis redis://host:6379, REDIS_URL, or redis = "…" in the configuration'},
	pgbouncer: {
		status: 'skipped',
		reason: 'No PgBouncer is named.',
		remedy: '--pgbouncer postgresql://user@host:6432/pgbouncer, PGBOUNCER_URL, or pgbouncer = "…" in the configuration',
	},
} as const satisfies Record<string, Result>;

export function createOthers({redis: url, pgbouncer: console, cache}: Pick<Place, 'redis' | 'pgbouncer' | 'cache'>, world: World): Others {
	const redis = url === undefined ? undefined : createRedis(url, cacheScheme(cache.scheme, cache.prefix), cache.pace);
	const pgbouncer: PgBouncerLink | undefined = console === undefined ? undefined : createPgBouncer(console, world);

	async function one(source: 'redis' | 'pgbouncer', name: QueryName): Promise<Result> {
		if (source === 'redis') return !redis ? missing.redis : name === 'redis:tags' ? redis.tags() : redis.info();
		return pgbouncer ? pgbouncer.ask(name.slice('pgbouncer:'.length)) : missing.pgbouncer;
	}

	return {
		redis,
		rules: cache.invalidate,
		async ask(source, names) {
			const results: Record<QueryName, Result> = {};
			let silent: Result | undefined;
			// One after the other: what we ask Redis for ourselves is taken from its counters. Who does not answer is waited for once.
			for (const name of names) {
				const result = silent ?? (await one(source, name));
				results[name] = result;
				if (result.status === 'failed' && result.message.endsWith('it does not answer')) silent = result;
			}
			return results;
		},
		stop() {
			redis?.stop();
			pgbouncer?.stop();
		},
	};
}
