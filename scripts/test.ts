// Everything that must hold: lint, format, types, build, then the fast tests, then those on real servers.
import {spawnSync} from 'node:child_process';
import {globSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const fast = process.argv.includes('--fast');
const chosen = process.argv.slice(2).filter(argument => !argument.startsWith('--'));
/** These start servers or the built program; all others need nothing. */
const real = /\.(contract|scenario|terminal|package|demo|fault)\.test\.tsx?$/;

function run(command: string, arguments_: readonly string[]): void {
	const {status, signal} = spawnSync(command, arguments_, {cwd: root, stdio: 'inherit'});
	if (status !== 0) process.exit(status ?? (signal ? 1 : 0));
}

const all = chosen.length > 0 ? chosen : globSync('test/*.test.{ts,tsx}', {cwd: root}).sort();
const files = fast ? all.filter(file => !real.test(file)) : [...all.filter(file => !real.test(file)), ...all.filter(file => real.test(file))];

if (chosen.length === 0) {
	run('npx', ['--no-install', 'biome', 'check', '.']);
	run('npx', ['--no-install', 'tsc']);
}
if (!fast) run(process.execPath, ['scripts/build.ts']);
// A test file that has told its results must not hold the run because of a socket that somebody left open.
run(process.execPath, ['--import', 'tsx', '--test', '--test-force-exit', '--test-timeout=300000', ...files]);
