import {isProblem} from './problem.ts';
import type {Room} from './room.ts';
import {type Stack, startStack} from './stack.ts';

/** Where the stack listens. The strings carry passwords. */
export type DemoContext = {
	readonly conninfo: string;
	readonly redis?: string;
	readonly replica?: string;
	readonly pgbouncer?: string;
	readonly config?: string;
};
export type RunCommand = (commandArgv: string[], context: DemoContext) => Promise<number>;

type Wish = {readonly keep: boolean; readonly load: 'light' | 'heavy' | 'none'; readonly command: string[]};

const usage = 'Usage: pgperf demo [--keep] [--load light|heavy] [--no-load] [COMMAND ...]';

/** Starts the stack, runs a command of pgperf on it, and takes everything away again. Returns the command's exit code. */
export async function demo(argv: string[], run: RunCommand): Promise<number> {
	const wish = understand(argv, process.stdin.isTTY === true && process.stdout.isTTY === true);
	if (typeof wish === 'string') {
		say(`${wish} ${usage}`);
		return 64;
	}
	const progress = showProgress();
	let room: Room | undefined;
	let leaving = false;
	const leave = async (signal: NodeJS.Signals) => {
		leaving = true;
		progress.done();
		await room?.close();
		process.exit(signal === 'SIGINT' ? 130 : signal === 'SIGTERM' ? 143 : 129);
	};
	/** Once everything ends, what fails for that reason is nobody's news. */
	const unlessLeaving = <T>(outcome: T): T | Promise<never> => (leaving ? new Promise<never>(() => {}) : outcome);
	const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
	for (const signal of signals) process.on(signal, leave);
	const stack = await startStack({
		load: wish.load,
		onProgress: progress.show,
		onRoom: opened => {
			room = opened;
		},
	}).then(unlessLeaving, async (error: unknown) => {
		throw await unlessLeaving(error);
	});
	if (isProblem(stack)) {
		progress.done();
		say(stack.problem);
		return 69;
	}
	try {
		for (const note of stack.notes) progress.note(note);
		// The console shows how the data arrive; everything else wants to see them complete.
		if (wish.command[0] !== 'top') {
			const problem = await stack.ready.then(unlessLeaving);
			if (problem) progress.note(problem.problem);
		}
		progress.done();
		if (wish.keep) return await stay(stack);
		for (const signal of signals) process.off(signal, leave);
		return await run(wish.command, {conninfo: stack.conninfo, redis: stack.redis, replica: stack.replica, pgbouncer: stack.pgbouncer, config: stack.config});
	} finally {
		await stack.close();
	}
}

function understand(argv: readonly string[], terminal: boolean): Wish | string {
	let keep = false;
	let load: Wish['load'] = 'light';
	const words = [...argv];
	while (words[0]?.startsWith('-')) {
		const word = words.shift()!;
		if (word === '--keep') keep = true;
		else if (word === '--no-load') load = 'none';
		else if (word === '--load' || word.startsWith('--load=')) {
			const value = word === '--load' ? words.shift() : word.slice('--load='.length);
			if (value !== 'light' && value !== 'heavy') return `--load is light or heavy, not "${value ?? ''}".`;
			load = value;
		} else return `demo has no option "${word}".`;
	}
	if (keep && words.length > 0) return '--keep stays without a command.';
	return {keep, load, command: words.length > 0 ? words : keep ? [] : [terminal ? 'top' : 'report']};
}

/** Prints where everything listens, and stays until a signal comes. */
async function stay(stack: Stack): Promise<never> {
	const others = {replica: stack.replica, redis: stack.redis, pgbouncer: stack.pgbouncer, config: stack.config};
	const given = Object.entries(others).filter(([, uri]) => uri !== undefined);
	for (const [name, uri] of [['primary', stack.conninfo], ...given]) console.log(`${name!.padEnd(10)} ${uri}`);
	console.log(`\npgperf top ${[stack.conninfo, ...given.map(([name, uri]) => `--${name} ${uri}`)].join(' ')}\n\nCtrl-C ends it.`);
	setInterval(() => {}, 1 << 30);
	return new Promise(() => {});
}

function say(text: string): void {
	process.stderr.write(`${text}\n`);
}

/** One line that is written over on a terminal; elsewhere only the notes. */
function showProgress(): {readonly show: (line: string) => void; readonly note: (line: string) => void; readonly done: () => void} {
	const terminal = process.stderr.isTTY === true;
	let open = true;
	const clear = terminal ? '\r\u001b[K' : '';
	return {
		show: line => {
			if (open && terminal) process.stderr.write(`${clear}${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
		},
		note: line => {
			process.stderr.write(`${clear}${line}\n`);
		},
		done: () => {
			if (open) process.stderr.write(clear);
			open = false;
		},
	};
}
