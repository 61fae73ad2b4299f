import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {test} from 'node:test';
import {promisify} from 'node:util';
import {openScreen, type Screen} from './support/screen.ts';

const program = [process.execPath, '--import', 'tsx', 'test/fixtures/programs/prompt.ts'];
const after = `echo "code $?"; stty -a | grep -oE -- '-?(icanon|echo|isig|icrnl)\\b' | sort | tr '\\n' ' '; echo; echo ready; read -r line; echo "typed $line"`;

async function prompt(how = '"$@"'): Promise<Screen> {
	const screen = await openScreen({command: 'bash', args: ['-c', `${how}; ${after}`, 'bash', ...program], columns: 60, rows: 10});
	await screen.waitFor(/Password for user app:/);
	return screen;
}

async function restored(screen: Screen, code: number): Promise<string> {
	await screen.waitFor(new RegExp(`code ${code}\necho icanon icrnl isig\\s*\nready`));
	screen.type('seen\r');
	const text = await screen.waitFor(/typed seen/);
	assert.match(text, /^seen$/m, 'what is typed is echoed again');
	await screen.exit;
	return text;
}

test('what is typed is not shown', async () => {
	const screen = await prompt();
	screen.type('söcretx');
	await screen.press('backspace', 'enter');
	const text = await restored(screen, 0);
	assert.match(text, /^Password for user app: ?$/m);
	assert.match(text, /^got "söcret"$/m);
});

test('Ctrl-C ends the program with 130', async () => {
	const screen = await prompt();
	screen.type('secret');
	await screen.press('ctrl+c');
	assert.doesNotMatch(await restored(screen, 130), /secret|got/);
});

test('Enter alone and Ctrl-D are no password', async () => {
	for (const key of ['enter', 'ctrl+d'] as const) {
		const screen = await prompt();
		await screen.press(key);
		assert.match(await restored(screen, 0), /^got null$/m);
	}
});

test('keys after Enter are left for the program', async () => {
	const screen = await prompt('"$@" next');
	screen.type('secret\rjk');
	assert.match(await screen.waitFor(/next/), /got "secret"\nnext "jk"/);
	await restored(screen, 0);
});

test('a piped stdin and a caught stderr leave the terminal to ask on', async () => {
	const screen = await prompt('echo piped | "$@" 2>/dev/null');
	screen.type('secret\r');
	assert.match(await restored(screen, 0), /^got "secret"$/m);
});

test('without any terminal there is no password', {skip: process.platform === 'linux' ? false : 'setsid is of Linux'}, async () => {
	const [command = '', ...words] = program;
	// A session of its own has no controlling terminal.
	const {stdout} = await promisify(execFile)('setsid', ['-w', command, ...words], {timeout: 20_000});
	assert.equal(stdout, 'got null\n');
});
