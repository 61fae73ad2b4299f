import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {test} from 'node:test';

test('the engine knows what it is told: what it does not know it would say on the screen', () => {
	const file = new URL('../source/io/engine.ts', import.meta.url).href;
	const script = `const {saveEffort} = await import(${JSON.stringify(file)}); saveEffort();`;
	// What goes to the standard error comes along.
	const said = execFileSync('/bin/sh', ['-c', 'exec "$@" 2>&1', 'sh', process.execPath, '--import', 'tsx', '--input-type=module', '-e', script]);
	assert.equal(said.toString(), '');
});
