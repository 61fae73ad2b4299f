import assert from 'node:assert/strict';
import {chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {writeWhole} from '../source/io/output.ts';
import {newDirectory} from './support/scratch.ts';

test('a file that is replaced keeps its mode, whatever the mask of new files', () => {
	const file = path.join(newDirectory(), 'report.json');
	writeFileSync(file, 'before');
	for (const mode of [0o664, 0o600, 0o666]) {
		chmodSync(file, mode);
		writeWhole(file, 'after');
		assert.equal(statSync(file).mode & 0o777, mode);
	}
	assert.equal(readFileSync(file, 'utf8'), 'after');
});

test('nothing is written through a link that somebody has laid where the new file is made', () => {
	const folder = newDirectory();
	const other = path.join(folder, 'other');
	writeFileSync(other, 'mine');
	const file = path.join(folder, 'report.json');
	symlinkSync(other, `${file}.${process.pid}.tmp`);
	writeWhole(file, 'report');
	assert.equal(readFileSync(other, 'utf8'), 'mine');
	assert.equal(readFileSync(file, 'utf8'), 'report');
	assert.ok(!lstatSync(file).isSymbolicLink());
	assert.deepEqual(readdirSync(folder).sort(), ['other', 'report.json']);
});

test('a link stays one, also where its file is not there yet', () => {
	const folder = newDirectory();
	const link = path.join(folder, 'latest.json');
	symlinkSync(path.join(folder, 'today.json'), link);
	for (const text of ['first', 'second']) {
		writeWhole(link, text);
		assert.ok(lstatSync(link).isSymbolicLink());
		assert.equal(readFileSync(path.join(folder, 'today.json'), 'utf8'), text);
	}
});
