/**
 * Catches what would be printed beside the frame and shift it: console.*, texts written to the streams by anybody else, warnings of Node.
 * `lines` is the newest 200; `write` is the stream's own; `release` gives everything back.
 */
export function capture(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream) {
	const lines: string[] = [];
	const keep = (text: string) => {
		for (const line of text.split('\n')) if (line.trim() !== '') lines.push(line);
		if (lines.length > 200) lines.splice(0, lines.length - 200);
	};
	const swallow = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
		keep(typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString());
		const callback = typeof encoding === 'function' ? encoding : done;
		if (typeof callback === 'function') process.nextTick(callback);
		return true;
	};
	const own = {stdout: stdout.write, stderr: stderr.write};
	const write = stdout.write.bind(stdout);
	stdout.write = swallow;
	stderr.write = swallow;

	// Node prints its warnings past process.stderr, so its listener has to step aside.
	const warned = process.listeners('warning');
	const onWarning = (warning: Error) => keep(`${warning.name}: ${warning.message}`);
	process.removeAllListeners('warning');
	process.on('warning', onWarning);

	return {
		lines: lines as readonly string[],
		write: write as (text: string, done: () => void) => boolean,
		release() {
			stdout.write = own.stdout;
			stderr.write = own.stderr;
			process.off('warning', onWarning);
			for (const listener of warned) process.on('warning', listener);
		},
	};
}
