import {fileURLToPath} from 'node:url';

const developing = import.meta.url.endsWith('.ts');

/** A file of the embedded stack: beside this one in development, in dist/demo/ once built (every bundled chunk lies in dist/). */
export function programFile(path: string): string {
	return fileURLToPath(new URL(developing ? path : `demo/${path}`, import.meta.url));
}

/** How Node starts one of our hidden subcommands in a process of its own. */
export function programArguments(subcommand: 'guard' | 'workload'): readonly string[] {
	if (!developing) return [fileURLToPath(new URL('../bin/pgperf.cjs', import.meta.url)), subcommand];
	return [...(process.features.typescript ? [] : ['--import', import.meta.resolve('tsx')]), fileURLToPath(new URL(`${subcommand}-main.ts`, import.meta.url))];
}
