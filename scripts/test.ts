// Everything that must hold: lint, format, types, build, then the fast tests, then those on real servers.
import {spawnSync} from 'node:child_process';
import {globSync, statSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import path from 'node:path';
import {run as runTests} from 'node:test';
import {spec} from 'node:test/reporters';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const fast = process.argv.includes('--fast');
const chosen = process.argv.slice(2).filter(argument => !argument.startsWith('--'));
/** These start servers or the built program; all others need nothing. What takes longest begins first, so that nothing is waited for alone in the end. */
const kinds = ['demo', 'fault', 'scenario', 'terminal', 'contract', 'package'];

function run(command: string, arguments_: readonly string[]): void {
	const {status, signal} = spawnSync(command, arguments_, {cwd: root, stdio: 'inherit'});
	if (status !== 0) process.exit(status ?? (signal ? 1 : 0));
}

/** -1 for those that need nothing. */
const kindOf = (file: string) => kinds.indexOf(/\.(\w+)\.test\.tsx?$/.exec(file)?.[1] ?? '');
const sizeOf = (file: string) => statSync(path.join(root, file)).size;
const all = chosen.length > 0 ? chosen : globSync('test/*.test.{ts,tsx}', {cwd: root});
const files = all.filter(file => !fast || kindOf(file) < 0).sort((a, b) => kindOf(a) - kindOf(b) || sizeOf(b) - sizeOf(a));

if (chosen.length === 0) {
	run('npx', ['--no-install', 'biome', 'check', '.']);
	run('npx', ['--no-install', 'tsc']);
}
if (!fast) {
	run(process.execPath, ['scripts/build.ts']);
	process.env.TEST_BUILT = '1';
}

const skipped: string[] = [];
const tests = runTests({
	files: files.map(file => path.resolve(root, file)),
	// One more than there are processors: tests on servers wait half of their time.
	concurrency: availableParallelism() + 1,
	execArgv: ['--import', 'tsx', '--import', new URL('../test/support/ending.ts', import.meta.url).href],
	timeout: 300_000,
});
tests.on('test:fail', () => {
	process.exitCode = 1;
});
tests.on('test:pass', ({name, file, skip}) => {
	if (skip !== undefined) skipped.push(`${path.relative(root, file ?? '')}: ${name}: ${skip}`);
});
tests.compose(new spec()).pipe(process.stdout);
// In the thousands of lines above nobody sees what was not tested.
tests.once('end', () => process.once('beforeExit', () => console.log(skipped.length === 0 ? 'nothing was skipped' : `skipped:\n${skipped.join('\n')}`)));
