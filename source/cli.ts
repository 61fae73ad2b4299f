import {setImmediate as turn} from 'node:timers/promises';
import {parseArguments} from './arguments.ts';
import {commands} from './commands.ts';
import {setEntry, version} from './io/files.ts';
import {hearStreams, print} from './io/output.ts';
import {spoken} from './plain.ts';

setEntry(import.meta.url);

type Trouble = {readonly problem: string; readonly exit: number};

async function main(argv: readonly string[]): Promise<number> {
	// Everybody on this machine can read the arguments of a process.
	if (argv.some(word => /:\/\/[^/@]*:[^@]*@|password\s*=/i.test(word))) process.title = `pgperf ${argv[0]}`;
	// Processes of the demo that are this program again: not for people, so not in the help.
	if (argv[0] === 'guard') return (await import('./demo/guard.ts')).guard(argv.slice(1));
	if (argv[0] === 'workload') process.exit(await (await import('./demo/workload.ts')).workload(argv.slice(1)));
	const parsed = parseArguments(argv, version());
	if ('print' in parsed) {
		return ended((await print(`${parsed.print}\n`)) ?? 0);
	}
	if ('problem' in parsed) return ended(parsed);
	switch (parsed.command.name) {
		case 'top': {
			// Ink shows nothing until the end where it takes itself to be in a CI.
			delete process.env.CI;
			const {top} = await import('./io/top.ts');
			const code = ended(await top(parsed, face));
			// The terminal is restored: whatever a server still holds open does not hold the program.
			setTimeout(() => process.exit(code), 1000).unref();
			return code;
		}
		case 'report': {
			const [{report}, face] = await Promise.all([import('./io/report.ts'), reportFace()]);
			return ended(await report(parsed, face));
		}
		case 'check': {
			const [{check}, face] = await Promise.all([import('./io/check.ts'), reportFace()]);
			return ended(await check(parsed, face));
		}
		case 'doctor': {
			const [{doctor}, {panes}, {serverReport, diagnosed}] = await Promise.all([
				import('./io/doctor.ts'),
				import('../views/panes/index.ts'),
				import('../views/report.ts'),
			]);
			return ended(await doctor(parsed, {panes, serverReport, diagnosed}));
		}
		case 'diff': {
			const [{diff}, {changed}] = await Promise.all([import('./io/diff.ts'), import('../views/report.ts')]);
			return ended(await diff(parsed, {changed}));
		}
		case 'act': {
			const [{act}, {panes}, {evidence}] = await Promise.all([import('./io/act.ts'), import('../views/panes/index.ts'), import('../views/report.ts')]);
			return ended(await act(parsed, {panes, evidence}));
		}
		case 'sql':
			return ended(await (await import('./io/sql.ts')).sql(parsed));
		case 'audit':
			return ended(await (await import('./io/audit-log.ts')).audit(parsed));
		case 'demo': {
			const {demo} = await import('./demo/demo.ts');
			return demo([...parsed.input], (words, context) => main(withContext(words, context)));
		}
		default:
			throw new Error(`no code for ${parsed.command.name}`);
	}
}

/** In parts: a server that is nearby answers while they load, and is heard between them. */
async function face(): Promise<import('./io/top.ts').Face> {
	const {panes} = await import('../views/panes/index.ts');
	await turn();
	const {picture} = await import('../views/frame.ts');
	await turn();
	const {lastScroll} = await import('../views/overlay.ts');
	const {evidence} = await import('../views/report.ts');
	await turn();
	const {copied} = await import('../views/copied.ts');
	return {panes, picture, ink, lastScroll, evidence, copied};
}

async function ink(): Promise<import('./io/top.ts').Mount> {
	const [{mount}, {inkOptions}] = await Promise.all([import('../views/mount.tsx'), import('./io/terminal.ts')]);
	return options => mount({...options, options: inkOptions});
}

async function reportFace(): Promise<import('./io/report.ts').ReportFace> {
	const [{panes}, {serverReport, reportOf, rendered}] = await Promise.all([import('../views/panes/index.ts'), import('../views/report.ts')]);
	return {panes, serverReport, reportOf, rendered};
}

/** A command line of the demo's own servers: what the command takes of them. */
function withContext([name = 'top', ...words]: readonly string[], context: import('./demo/demo.ts').DemoContext): readonly string[] {
	const options = commands.find(command => command.name === name)?.options.map(option => option.name) ?? [];
	const isSaid = (option: string) => words.some(word => word === `--${option}` || word.startsWith(`--${option}=`));
	const given = {dbname: context.conninfo, replica: context.replica, redis: context.redis, pgbouncer: context.pgbouncer, config: context.config};
	return [
		name,
		...Object.entries(given).flatMap(([option, value]) => (value !== undefined && options.includes(option) && !isSaid(option) ? [`--${option}`, value] : [])),
		...words,
	];
}

function ended(result: number | Trouble): number {
	if (typeof result === 'number') return result;
	process.stderr.write(`pgperf: ${spoken(result.problem)}\n`);
	return result.exit;
}

hearStreams();
try {
	process.exitCode = await main(process.argv.slice(2));
} catch (error) {
	process.stderr.write(
		`${spoken(`pgperf: internal error: ${error instanceof Error ? error.message : String(error)}${process.env.PGPERF_DEBUG && error instanceof Error ? `\n${error.stack}` : ''}`)}\n`,
	);
	process.exitCode = 70;
}
