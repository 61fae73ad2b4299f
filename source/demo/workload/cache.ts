import {Redis} from 'ioredis';
import {pause} from './worker.ts';

const pages = 400;
const page = (n: number) => `cache:menu:${n}`;
const tags = (n: number) => [`tag:restaurant:${1 + (n % 60)}`, `tag:tenant:${1 + (n % 6)}`, 'tag:menu_items'];

/** Pages of menus under tags, read with hits and misses; and tags whose pages are long gone. */
export async function cachePages(url: string, over: AbortSignal): Promise<void> {
	const redis = new Redis(url, {retryStrategy: () => 2000, maxRetriesPerRequest: 0, commandTimeout: 5000, enableOfflineQueue: false, lazyConnect: false});
	redis.on('error', () => {});
	over.addEventListener('abort', () => redis.disconnect());
	for (let round = 0; !over.aborted; round++) {
		try {
			if (round === 0) for (let n = 1; n <= pages; n++) await store(redis, n);
			if (round % 600 === 0)
				for (const year of [2023, 2024]) await redis.sadd(`tag:campaign:${year}`, ...[1, 2, 3, 4, 5].map(n => `cache:campaign:${year}:${n}`));
			for (let n = 0; n < 6; n++) await read(redis, 1 + ((round * 17 + n * 67) % (pages + 60)));
		} catch {
			// Nobody answers yet, or any more.
			if (round === 0) round = -1;
		}
		await pause(300, over);
	}
}

async function read(redis: Redis, n: number): Promise<void> {
	const found = await redis.get(page(n));
	// Beyond the last page there is never a hit: somebody asks for menus that don't exist.
	if (found === null && n <= pages) await store(redis, n);
}

async function store(redis: Redis, n: number): Promise<void> {
	await redis.set(page(n), JSON.stringify({restaurant: 1 + (n % 60), html: 'x'.repeat(200 + (n % 400))}), 'EX', 120 + (n % 600));
	for (const tag of tags(n)) await redis.sadd(tag, page(n));
}
