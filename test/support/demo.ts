import {demo} from '../../source/demo/demo.ts';

/** A demo to be watched and killed: `stay` prints where everything listens, and waits for its end. */
process.exitCode = await demo(process.argv.slice(2), async (command, context) => {
	console.log(JSON.stringify({command, context}));
	if (command[0] === 'top') await new Promise(resolve => process.stdin.resume().once('end', resolve));
	return 7;
});
