import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {basename} from 'node:path';

type Process = {readonly pid: number; readonly parent: number; readonly command: string; readonly directory: string};

export function alive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}

/** Distinguishes a process from a later one with the same pid; empty when it is gone or the system doesn't tell. */
export function startOf(pid: number): string {
	try {
		if (process.platform !== 'linux')
			return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}).trim();
		const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
		return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
	} catch {
		return '';
	}
}

/** Only what the stack itself starts: a person's shell or psql that happens to stand in the directory is none of our business. */
const ours = /^(postgres|initdb|redis-server|valkey-server|pgbouncer|node|tsx|npm)/;

/** The servers and helpers that run in one of these directories: named in their command line, or (backends, Redis, npm) working there. */
export function processesIn(directories: readonly string[]): readonly Process[] {
	const within = (path: string) => directories.some(directory => path === directory || path.startsWith(`${directory}/`));
	const named = (command: string) => directories.some(directory => command.includes(directory));
	return list().filter(({pid, command, directory}) => {
		if (pid === process.pid) return false;
		const program = basename(command.split(/[\0 ]/, 1)[0]!).replace(/:$/, '');
		return ours.test(program) && (named(command) || (program !== 'node' && within(directory)));
	});
}

function list(): readonly Process[] {
	if (process.platform === 'linux') {
		return readdirSync('/proc').flatMap(name => {
			if (!/^\d+$/.test(name)) return [];
			try {
				const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
				const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
				return [{pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8'), directory: readlinkSync(`/proc/${name}/cwd`)}];
			} catch {
				// Gone meanwhile, or of another account.
				return [];
			}
		});
	}
	const lines = execFileSync('ps', ['-axo', 'pid=,ppid=,command='], {encoding: 'utf8', maxBuffer: 16 << 20}).split('\n');
	return lines.flatMap(line => {
		const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
		return match ? [{pid: Number(match[1]), parent: Number(match[2]), command: match[3]!, directory: ''}] : [];
	});
}
