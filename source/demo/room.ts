import {
	chmodSync,
	constants,
	copyFileSync,
	existsSync,
	lchownSync,
	linkSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	statfsSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {type Account, serverAccount} from './account.ts';
import {clear, startGuard} from './guard.ts';
import {codeOf, isProblem, type Problem} from './problem.ts';
import {alive, startOf} from './processes.ts';

/**
 * Where one run of the stack lives: `dir` for sockets, logs and programs, `data` for clusters (in memory where there is room).
 * Both vanish with our process, however it ends.
 */
export type Room = {
	readonly dir: string;
	readonly data: string;
	readonly socket: string;
	readonly account: Account | undefined;
	/** Ends whatever still runs in the room, and removes it. From then on nothing more is started in it. */
	readonly close: () => Promise<void>;
	readonly closed: () => boolean;
};

const prefix = 'pgperf-room-';
const memory = '/dev/shm';
/** A unix socket's path has at most 107 bytes on Linux and 103 on macOS; `/.s.PGSQL.65535` comes behind ours. */
const longestBase = 100 - `/${prefix}XXXXXX/s/.s.PGSQL.65535`.length;

function base(account: Account | undefined): string {
	const usable = Buffer.byteLength(tmpdir()) <= longestBase && (!account || !existsSync(tmpdir()) || openToAll(tmpdir()));
	return usable ? tmpdir() : '/tmp';
}

export function openRoom(): Room | Problem {
	const account = serverAccount();
	if (account && isProblem(account)) return account;
	const place = base(account);
	try {
		sweep(place);
		const dir = mkdtempSync(join(place, prefix));
		const data = enoughMemory() ? join(memory, basename(dir)) : join(dir, 'data');
		const socket = join(dir, 's');
		writeFileSync(join(dir, 'owner'), `${process.pid} ${startOf(process.pid)}`);
		const {release} = startGuard([dir, data]);
		for (const directory of [data, socket]) mkdirSync(directory, {mode: 0o700});
		if (account) {
			chmodSync(dir, 0o711);
			for (const directory of [data, socket]) lchownSync(directory, account.uid, account.gid);
		}
		let closed = false;
		const close = () => {
			closed = true;
			return release();
		};
		return {dir, data, socket, account, close, closed: () => closed};
	} catch (error) {
		return {problem: `No directory could be made in ${place} (${codeOf(error)}): set TMPDIR to one that has space and can be written.`};
	}
}

function enoughMemory(): boolean {
	try {
		const {bavail, bsize} = statfsSync(memory);
		return bavail * bsize > 1 << 30;
	} catch {
		return false;
	}
}

/** Clears the rooms whose owner and whose guard were both killed. */
function sweep(place: string): void {
	for (const name of readdirSync(place)) {
		const dir = join(place, name);
		if (!name.startsWith(prefix) || !abandoned(dir)) continue;
		const data = join(memory, name);
		clear(existsSync(data) ? [dir, data] : [dir]).catch(() => {});
	}
}

function abandoned(dir: string): boolean {
	try {
		const {uid} = lstatSync(dir);
		// In a directory that everybody may write to, a name proves nothing: only our own rooms are ours to remove.
		if (uid !== process.getuid?.()) return false;
		const [pid, start] = readFileSync(join(dir, 'owner'), 'utf8').split(' ');
		return !alive(Number(pid)) || startOf(Number(pid)) !== start;
	} catch {
		return false;
	}
}

/** Programs below a home that only root may enter can't be run by the servers' account: they are linked into the room. */
export function reachable(room: Room, root: string, name: string): string {
	if (!room.account || openToAll(root)) return root;
	const place = join(room.dir, name);
	if (!existsSync(place)) linkTree(root, place);
	return place;
}

function openToAll(path: string): boolean {
	for (let directory = path; ; directory = dirname(directory)) {
		if ((lstatSync(directory).mode & 0o005) !== 0o005) return false;
		if (directory === dirname(directory)) return true;
	}
}

function linkTree(from: string, to: string): void {
	mkdirSync(to, {mode: 0o755});
	for (const entry of readdirSync(from, {withFileTypes: true})) {
		const [source, target] = [join(from, entry.name), join(to, entry.name)];
		if (entry.isDirectory()) linkTree(source, target);
		else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
		else {
			try {
				linkSync(source, target);
			} catch (error) {
				if (codeOf(error) !== 'EXDEV') throw error;
				copyFileSync(source, target);
			}
		}
	}
}

/** Copies a cluster, owned by `account` (ourselves without one) and closed to everybody else, as postgres demands. */
export function copyCluster(from: string, to: string, account: Account | undefined): void {
	// Node's own recursive copy ends the process where a directory can't be read, and hides that a disk is full.
	mkdirSync(to, {mode: 0o700});
	if (account) lchownSync(to, account.uid, account.gid);
	for (const entry of readdirSync(from, {withFileTypes: true})) {
		const [source, target] = [join(from, entry.name), join(to, entry.name)];
		if (entry.isDirectory()) copyCluster(source, target, account);
		else {
			copyFileSync(source, target, constants.COPYFILE_FICLONE);
			if (account) lchownSync(target, account.uid, account.gid);
		}
	}
}

export function discard(path: string): void {
	rmSync(path, {recursive: true, force: true});
}
