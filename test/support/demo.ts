import {demo} from '../../source/demo/demo.ts';

// Whoever started us has gone, perhaps by kill -9.
const alone = () => process.kill(process.pid, 'SIGKILL');
if (process.connected === false) alone();
process.once('disconnect', alone);
process.channel?.unref();

/** A demo to be watched and killed: `top` prints where everything listens, and waits for its end. */
process.exitCode = await demo(process.argv.slice(2), async (command, context) => {
	console.log(JSON.stringify({command, context}));
	if (command[0] === 'top') await new Promise(resolve => process.stdin.resume().once('end', resolve));
	return 7;
});
