// npm run soak -- [--ticks 30000] [--reconnects 500] [--switches 5000]: a night of the whole console in minutes, on a real server.
import {mkdtempSync, readdirSync} from 'node:fs';
import path from 'node:path';
import {PassThrough, Writable} from 'node:stream';
import {setTimeout as pause} from 'node:timers/promises';
import {pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';
import {openAudit} from '../../source/io/audit.ts';
import {isProblem, resolve} from '../../source/io/conninfo.ts';
import {loadCatalog, setEntry} from '../../source/io/files.ts';
import {createReferences} from '../../source/io/references.ts';
import {inkOptions, openTerminal, type Streams} from '../../source/io/terminal.ts';
import {createWatch, now} from '../../source/io/watch.ts';
import {defaultLimits} from '../../source/limits.ts';
import {mount} from '../../views/mount.tsx';
import {lastScroll} from '../../views/overlay.ts';
import {panes} from '../../views/panes/index.ts';
import {repository} from '../support/queries.ts';
import {roomDirectories, startServer} from '../support/servers.ts';
import {markdown} from './figures.ts';
import {startLoad} from './live.ts';

const {values} = parseArgs({
	options: {ticks: {type: 'string', default: '30000'}, reconnects: {type: 'string', default: '500'}, switches: {type: 'string', default: '5000'}},
});
const [ticks, reconnects, switches] = [Number(values.ticks), Number(values.reconnects), Number(values.switches)];
const collect = globalThis.gc ?? (() => {});
if (!globalThis.gc) console.error('Without --expose-gc the heap is told as it stands.');

setEntry(pathToFileURL(path.join(repository, 'source', 'cli.ts')).href);
const server = await startServer({conf: {max_connections: '100'}});
const load = await startLoad(server, 0);
const home = mkdtempSync(path.join(roomDirectories()[0]!, 'soak-'));
const audit = openAudit(path.join(home, 'audit.jsonl'));
const target = resolve(server.conninfo, {}, {env: {}, home, osUser: 'soak'});
if ('problem' in audit || isProblem(target)) throw new Error('no audit file, or no target');

/** A terminal that takes everything at once; its size changes now and then. */
let size: [number, number] = [180, 50];
let bytes = 0;
function stream(): Writable {
	return new Writable({
		write(chunk: Buffer, _encoding, done) {
			bytes += chunk.length;
			done();
		},
	});
}
const streams = {
	stdin: Object.assign(new PassThrough(), {isTTY: true, setRawMode: () => {}, ref: () => {}, unref: () => {}}),
	stdout: Object.assign(stream(), {isTTY: true, fd: 1, getWindowSize: () => size}),
	stderr: stream(),
} as unknown as Streams;

const watch = createWatch({
	panes,
	catalog: loadCatalog(),
	settings: {label: null, readOnly: false, audit: {is: 'on', path: ''}, ascii: false, colour: true, limits: defaultLimits, confirm: 'ask'},
	servers: [{id: 'db', opening: {target}}],
	interval: 5,
	size: {columns: size[0], rows: size[1]},
	channels: ['soak'],
	audit,
	who: 'soak',
	evidence: () => '{}',
	lastScroll,
});
const {store} = watch;
const problem = await watch.start();
if (problem) throw new Error(problem.problem);
const terminal = openTerminal(streams, {TERM: 'xterm-256color'}, createReferences());
if ('problem' in terminal) throw new Error(terminal.problem);
const painter = mount({terminal, store, now, options: inkOptions});
terminal.attach(painter);

let sampled = 0;
let connected = 1;
let switched = 0;
let lost = 0;
store.subscribe((_, event) => {
	if (event.type === 'sampled' && event.session === 'sample') sampled++;
	if (event.type === 'connected') connected++;
	if (event.type === 'lost') {
		lost++;
		// As `r` does: nobody waits for the back-off here.
		setImmediate(() => watch.links.get('db')?.retry());
	}
});

const warnings: string[] = [];
process.on('warning', warning => warnings.push(warning.message));
const admin = await server.connect();
const rows: string[][] = [];
const began = performance.now();
let next = 0;

function note(): void {
	collect();
	collect();
	const {heapUsed, rss, external, arrayBuffers} = process.memoryUsage();
	const megabytes = (n: number) => (n / 2 ** 20).toFixed(1);
	const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
	rows.push([
		String(sampled),
		String(Math.max(0, connected - 1)),
		String(switched),
		megabytes(heapUsed),
		megabytes(external + arrayBuffers),
		megabytes(rss),
		String(readdirSync('/proc/self/fd').length),
		String(process.getActiveResourcesInfo().filter(kind => kind !== 'Timeout' && kind !== 'Immediate').length),
		String(listeners),
		((performance.now() - began) / 1000).toFixed(0),
	]);
	console.error(rows.at(-1)!.join('  '));
}

const open = panes.filter(pane => pane.place !== 'frame').map(pane => pane.id);
while (sampled < ticks || connected - 1 < reconnects || switched < switches) {
	const done = Math.max(sampled / ticks, 0.0001);
	if (switched < switches * done || (sampled >= ticks && switched < switches)) {
		store.dispatch({type: 'opened', pane: open[switched % open.length]!});
		store.dispatch({type: 'switched', by: 1});
		store.dispatch({type: 'moved', by: switched % 3 === 0 ? 'bottom' : 1});
		if (switched % 7 === 0) {
			store.dispatch({type: 'entered', at: now()});
			store.dispatch({type: 'closed'});
		}
		if (switched % 11 === 0) {
			size = [80 + (switched % 140), 20 + (switched % 60)];
			process.emit('SIGWINCH');
			store.dispatch({type: 'resized', size: {columns: size[0], rows: size[1]}});
		}
		if (switched % 13 === 0) void admin.query("select pg_notify('soak', repeat('x', 100))");
		switched++;
	}
	if (lost < reconnects * done && connected - 1 === lost) {
		const before = lost;
		await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgperf'");
		while (lost === before) await pause(1);
	}
	if (sampled >= next) {
		// The first two fill rings and caches.
		note();
		next += Math.ceil(ticks / 12);
	}
	await pause(2);
}
while (store.get().servers.db?.feed.is !== 'live') await pause(5);
note();

// The interval, kept: at 0.5 s the twentieth tick comes after ten seconds.
store.dispatch({type: 'opened', pane: 'overview'});
store.dispatch({type: 'paced', by: 1});
const pace = store.get().interval;
const times: number[] = [];
const off = store.subscribe((_, event) => {
	if (event.type === 'requested' && event.session === 'sample') times.push(event.at);
});
await pause(12_000);
off();
const schedule = times.filter((at, i) => i === 0 || at - times[i - 1]! > pace / 2);
const drift = ((schedule.at(-1)! - schedule[0]!) / (schedule.length - 1) / pace - 1) * 100;

painter.unmount();
await terminal.close();
await watch.stop();
await admin.end();
await load.stop();
await server.stop();

console.log(
	`\n${markdown([['ticks', 'reconnects', 'pane switches', 'heap MB', 'outside MB', 'resident MB', 'files', 'handles', 'listeners', 'seconds'], ...rows])}`,
);
const warm = rows[2]!.map(Number);
const end = rows.at(-1)!.map(Number);
const grown = (column: number) => end[column]! - warm[column]!;
const verdicts: readonly (readonly [string, boolean])[] = [
	[`heap after warming up ${warm[3]} MB, at the end ${end[3]} MB: ${grown(3).toFixed(1)} MB (must: below 3)`, grown(3) < 3],
	// A connection more or less: another pane is open.
	[`files ${grown(6)}, handles ${grown(7)}, listeners ${grown(8)} more than then (must: not above 5, 5, 0)`, grown(6) <= 5 && grown(7) <= 5 && grown(8) <= 0],
	[`warnings of Node: ${warnings.length > 0 ? warnings.join('; ') : 'none'}`, warnings.length === 0],
	[`interval ${pace} ms, drift ${drift.toFixed(2)} % over ${schedule.length} ticks (must: below 1)`, Math.abs(drift) < 1],
];
console.log('');
for (const [text, held] of verdicts) console.log(`${text}${held ? '' : ' **missed**'}`);
console.log(`${(bytes / 2 ** 20).toFixed(0)} MB painted`);
process.exit(verdicts.every(([, held]) => held) ? 0 : 1);
