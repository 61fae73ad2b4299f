// Records what every query of every pane returned on real servers, twice, into test/fixtures/world/:
//   node --import tsx test/support/record-world.ts CONNINFO REPLICA [REDIS PGBOUNCER]
// The demo is the server to record. Ports and folders of the day are replaced, so that a second recording differs in values alone.
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {homedir} from 'node:os';
import {fileURLToPath} from 'node:url';
import {queryOf} from '../../source/due.ts';
import {isProblem, resolve} from '../../source/io/conninfo.ts';
import {loadCatalog, setEntry} from '../../source/io/files.ts';
import {createWatch} from '../../source/io/watch.ts';
import type {State} from '../../source/state.ts';
import {panes} from '../../views/panes/index.ts';
import {settings} from './world.ts';

const most = 60;
setEntry(new URL('../../source/cli.ts', import.meta.url).href);
const folder = fileURLToPath(new URL('../fixtures/world/', import.meta.url));
const ids = ['shop @ db1:5432', 'shop @ db2:5432'];
const [primary, replica, redis, pgbouncer] = process.argv.slice(2);
const servers = [primary!, replica!].map((text, index) => {
	const target = resolve(text, {}, {env: {}, home: homedir(), osUser: 'postgres'});
	if (isProblem(target)) throw new Error(target.problem);
	return {id: ids[index]!, opening: {target}};
});
const belongings = {redis, pgbouncer, cache: {scheme: 'set', prefix: '', invalidate: {}}} as const;
const watch = createWatch({
	belongings,
	panes,
	catalog: loadCatalog(),
	settings,
	servers,
	interval: 1000,
	size: {columns: 120, rows: 40},
	who: 'test',
	evidence: () => '',
});
const problem = await watch.start();
if (problem) throw new Error(problem.problem);

const names = [...new Set(panes.flatMap(pane => pane.tables.flatMap(table => queryOf(table) ?? [])))];
/** Every query has two samples, or says why not. */
const open = (state: State) =>
	names.filter(name => {
		const answer = state.answers[state.watched]?.[name];
		return answer?.previous === undefined && (answer?.result === undefined || answer.result.status === 'ok');
	});
const tabs = panes.filter(pane => pane.place !== 'frame');
const turns = tabs.flatMap(pane => pane.tables.map(() => pane.id));
for (let turn = 0; open(watch.store.get()).length > 0; turn++) {
	watch.store.dispatch({type: 'opened', pane: turns[turn % turns.length]!});
	watch.store.dispatch({type: 'switched', by: 1});
	watch.store.dispatch({type: 'refreshed', at: performance.now()});
	await new Promise(resolve => setTimeout(resolve, 700));
	if (turn % turns.length === 0) console.log('still open:', open(watch.store.get()).join(', '));
}

const state = watch.store.get();
await watch.stop();
const clean = (value: unknown) =>
	JSON.stringify(value, null, '\t')
		.replace(/127\.0\.0\.1:\d+/g, 'db1:5432')
		.replace(/\/(?:tmp|dev\/shm)\/pgperf-[^"/]*/g, '/srv');
rmSync(folder, {recursive: true, force: true});
mkdirSync(folder, {recursive: true});
const write = (name: string, value: unknown) => writeFileSync(`${folder}${name.replace(/[/: ]/g, '.')}.json`, `${clean(value)}\n`);
write('facts', Object.fromEntries(Object.values(state.servers).map(server => [server.id, server.facts])));
for (const name of names) {
	const answers = Object.fromEntries(
		Object.keys(state.servers).flatMap(id => {
			const {sample, previous} = state.answers[id]?.[name] ?? {};
			if (!sample) return [];
			const seconds = previous ? (sample.at - previous.at) / 1000 : null;
			return [[id, {seconds, before: previous?.rows.slice(0, most) ?? null, now: sample.rows.slice(0, most)}]];
		}),
	);
	write(name, answers);
}
console.log(`recorded ${names.length} queries`);
process.exit(0);
