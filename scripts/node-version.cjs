// The npm scripts bring their own Node (the `node` package). Where its install script was blocked, say how to mend it.
var parts = process.versions.node.split('.').map(Number);
if (parts[0] < 22 || (parts[0] === 22 && parts[1] < 12)) {
	console.error(
		'pgperf needs Node 22.12 or newer, and this is ' +
			process.versions.node +
			'. The project brings its own: run "npm rebuild node --foreground-scripts" and try again.',
	);
	process.exit(1);
}
