import {roomDirectories, startServer} from './servers.ts';

/** A test process to be killed: says what it started, and stays. One of its servers is stopped, and so is deaf to signals. */
const server = await startServer({standby: true});
const stopped = await startServer();
stopped.kill('SIGSTOP');
console.log(JSON.stringify({pids: [server.pid, server.standby!.pid, stopped.pid], directories: roomDirectories()}));
setInterval(() => {}, 1000);
