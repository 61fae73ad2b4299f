import {after} from 'node:test';

/** A test file that has told its results has to end by itself: whatever it left open is named, and fails it, instead of holding the run for ever. */
const patience = 60_000;

after(() => {
	setTimeout(() => {
		console.error(`${process.argv[1]} does not end, held by ${process.getActiveResourcesInfo().join(', ')}`);
		process.exit(1);
	}, patience).unref();
});
