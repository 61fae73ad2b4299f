import {keepWorking, pause, type Target} from './worker.ts';

/** Pauses the replay for 20 s of every minute: somebody runs a backup there. */
export async function pauseReplay(standby: Target, over: AbortSignal): Promise<void> {
	let running = 15_000;
	await keepWorking(standby, {role: 'postgres', application: 'standby-backup'}, over, async client => {
		await client.query('select pg_wal_replay_resume()');
		await pause(running, over);
		running = 40_000;
		await client.query('select pg_wal_replay_pause()');
		await pause(20_000, over);
	});
}

/** An index that is unused on the primary may serve the standby's readers. */
export async function readStandby(standby: Target, over: AbortSignal): Promise<void> {
	await keepWorking(standby, {role: 'reporting', application: 'dashboard'}, over, async client => {
		await client.query(`select count(*), sum(total) from orders where placed_at > now() - interval '1 day'`);
		await pause(3000, over);
	});
}
