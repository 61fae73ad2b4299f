import {spawn} from 'node:child_process';
import {chmodSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

let place: string | undefined;

/** A new directory of this test file's own. It goes with the process, however that ends: nobody has to remove it. */
export function newDirectory(): string {
	place ??= guarded();
	return mkdtempSync(path.join(place, 'd-'));
}

function guarded(): string {
	const made = mkdtempSync(path.join(tmpdir(), 'pgperf-test-'));
	// Servers run under an account of their own, which has to get through.
	chmodSync(made, 0o755);
	// Outlives us, and holds nothing but the end of a pipe, which breaks when we are gone: also by kill -9.
	const guard = spawn('sh', ['-c', 'trap "" HUP INT TERM; cat >/dev/null; exec rm -rf "$0"', made], {
		cwd: '/',
		detached: true,
		stdio: ['pipe', 'ignore', 'ignore'],
	});
	guard.unref();
	// The stream of a child's stdin is a socket, which can be unreferenced; the type only knows the stream.
	(guard.stdin as unknown as {unref(): void}).unref();
	process.once('exit', () => rmSync(made, {recursive: true, force: true}));
	return made;
}
