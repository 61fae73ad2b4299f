import {readFile, stat, statfs} from 'node:fs/promises';
import type {Result, Row} from '../pane.ts';

type Space = {readonly device: string; readonly total_bytes: number; readonly free_bytes: number};
type Seen = Space | {readonly unseen: string};

/** A file system of the network may hang: its size is not worth a wait. */
const patience = 1000;

/**
 * The answer of queries/disk.sql with the size and the free bytes of the file systems that its paths lie on, one row for each; `unseen` says
 * why there is none. The path alone proves nothing, through a tunnel the server is elsewhere: the process that answered must run here.
 */
export async function measured(result: Result): Promise<Result> {
	if (result.status !== 'ok') return result;
	const rows: Row[] = [];
	const devices = new Map<string, number>();
	for (const row of result.sample.rows) {
		const seen = await spaceOf(row);
		if ('unseen' in seen) {
			rows.push({...row, total_bytes: null, free_bytes: null, unseen: seen.unseen});
			continue;
		}
		const {device, ...space} = seen;
		const index = devices.get(device);
		if (index === undefined) devices.set(device, rows.push({...row, ...space, unseen: null}) - 1);
		else rows[index] = {...rows[index]!, what: `${rows[index]!.what}, ${row.what}`};
	}
	return {...result, sample: {...result.sample, rows}};
}

async function spaceOf({path, pid, usename, datname}: Row): Promise<Seen> {
	if (typeof path !== 'string') return {unseen: 'its path is hidden: grant pg_monitor'};
	if (process.platform !== 'linux') return {unseen: 'whether the server runs on this machine is only known on Linux'};
	const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
	if (!/^postgres:/.test(title) || !title.includes(` ${usename} ${datname} `)) return {unseen: 'the server does not run on this machine'};
	const late = new Promise<Seen>(done => setTimeout(done, patience, {unseen: 'the file system does not answer'}).unref());
	return Promise.race([looked(path), late]);
}

/** Free is what an ordinary account may still write, as df tells it. */
async function looked(path: string): Promise<Seen> {
	try {
		const [{dev}, {bsize, blocks, bfree, bavail}] = await Promise.all([stat(path), statfs(path)]);
		return {device: String(dev), total_bytes: (blocks - bfree + bavail) * bsize, free_bytes: bavail * bsize};
	} catch (error) {
		return {unseen: (error as NodeJS.ErrnoException).code === 'EACCES' ? 'this account may not look there' : 'there is no such place on this machine'};
	}
}
