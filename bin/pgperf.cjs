#!/usr/bin/env node
// Written in syntax that any Node understands, so that an old one gets a sentence instead of a syntax error.
var version = process.versions.node.split('.').map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 12)) {
	console.error('pgperf needs Node 22.12 or newer, and this is Node ' + process.versions.node + '. Install a current Node and run it again.');
	process.exit(69);
}
// React and Ink read this while they load.
process.env.NODE_ENV = 'production';
if (process.env.NO_COLOR || process.argv.indexOf('--no-color') > 0) process.env.FORCE_COLOR = '0';
// Of the shell's other programs: the Redis client would print every command, its password too.
delete process.env.DEBUG;
require('node:module').enableCompileCache();
import('../dist/cli.js').catch(error => {
	console.error('pgperf could not start: ' + (error && error.message));
	process.exit(70);
});
