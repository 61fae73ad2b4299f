import {connect, ended, pause, type Target, type Who} from './worker.ts';

const item = 42;
const reserve = `update inventory set reserved = reserved + 1 where menu_item_id = ${item}`;
const wait = {
	/** Behind the lock of the one before. */
	turn: 300,
	/** Until a member who was sent away comes again. */
	retry: 10_000,
	/** Until the next checkout forgets to commit. */
	relapse: 15_000,
};

/**
 * Six sessions behind one that is idle in transaction: two that want the same row, an ALTER TABLE that waits for all of them,
 * and three readers that wait for the ALTER alone. Whoever ends the root frees them all, until the next round.
 */
export async function pileUp(target: Target, over: AbortSignal): Promise<void> {
	while (!over.aborted) {
		try {
			const root = await connect(target, {role: 'webapp', application: 'checkout-worker-7'});
			const gone = ended(root);
			const left = new AbortController();
			gone.then(() => left.abort());
			over.addEventListener('abort', () => left.abort(), {once: true});
			try {
				await root.query('begin');
				await root.query(reserve);
				await Promise.all([aborted(left.signal), ...members.map(member => join(target, member, over, left.signal))]);
			} finally {
				left.abort();
				root.end().catch(() => {});
			}
		} catch {}
		await pause(wait.relapse, over);
	}
}

function aborted(signal: AbortSignal): Promise<void> {
	return new Promise(resolve => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), {once: true})));
}

type Member = {readonly who: Who; readonly turn: number; readonly again: number; readonly sql: string};
const members: readonly Member[] = [
	{who: {role: 'webapp', application: 'checkout-worker-8'}, turn: 1, again: wait.retry, sql: reserve},
	{who: {role: 'webapp', application: 'checkout-worker-9'}, turn: 2, again: wait.retry, sql: reserve},
	{
		who: {role: 'migration', application: 'migration-0042'},
		turn: 3,
		again: wait.retry,
		sql: 'alter table inventory add column if not exists counted_at timestamptz',
	},
	...[1, 2, 3].map(n => ({
		who: {role: 'webapp', application: `webapp-stock-${n}`},
		turn: 4,
		again: 1000,
		sql: `select stock - reserved as free from inventory where menu_item_id = ${item + n}`,
	})),
];

/** Whoever was cancelled or terminated comes again; once the root is gone, each finishes what it waited for. */
async function join(target: Target, member: Member, over: AbortSignal, left: AbortSignal): Promise<void> {
	const done = AbortSignal.any([over, left]);
	await pause(member.turn * wait.turn, done);
	while (!done.aborted) {
		try {
			const client = await connect(target, member.who);
			try {
				while (!done.aborted) {
					await client.query(member.sql);
					await pause(member.again, done);
				}
			} finally {
				client.end().catch(() => {});
			}
		} catch {
			await pause(member.again, done);
		}
	}
}
