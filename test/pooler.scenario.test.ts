import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import pg from 'pg';
import {parseCatalog} from '../source/catalog.ts';
import {isProblem, resolve} from '../source/io/conninfo.ts';
import {readFacts} from '../source/io/introduction.ts';
import {bounds, openSession, type Session} from '../source/io/session.ts';
import type {Facts} from '../source/pane.ts';
import {shownTables} from '../source/state.ts';
import {sqlFiles} from './support/queries.ts';
import {startPooler, startServer, type TestServer} from './support/servers.ts';
import {openWatching, type Watching} from './support/watching.ts';

type Pooler = NonNullable<Awaited<ReturnType<typeof startPooler>>>;
let server: TestServer;
/** One connection for everybody. */
let pooler: Pooler | undefined;

before(async () => {
	server = await startServer();
	await server.createDatabase('shop', 'create table orders (id int primary key); insert into orders select generate_series(1, 9)');
	pooler = await startPooler(server, {size: 1});
});
after(async () => {
	await pooler?.stop();
	await server.stop();
});

/** Skipped by name, not passed, where no PgBouncer is to be had. */
function pooled(name: string, body: (pooler: Pooler) => Promise<void>): void {
	test(name, async context => {
		if (!pooler) return context.skip('no pgbouncer on the PATH, and none could be fetched');
		await body(pooler);
	});
}

async function watching(options: Parameters<typeof openWatching>[0], use: (one: Watching) => Promise<void>): Promise<void> {
	const one = await openWatching(options);
	try {
		assert.equal(one.problem, undefined, one.problem?.problem);
		await one.comes(state => state.servers[state.watched]?.feed.is === 'live' && one.vitals() !== undefined);
		await use(one);
	} finally {
		await one.close();
	}
}

async function client(uri: string): Promise<pg.Client> {
	const made = new pg.Client({connectionString: uri, ssl: false});
	made.on('error', () => undefined);
	await made.connect();
	return made;
}

/** All settings of a session, as its client sees them; who it is differs by nature. */
async function settings(one: pg.Client): Promise<Readonly<Record<string, string>>> {
	const {rows} = await one.query<{name: string; setting: string}>(
		"select name, setting from pg_settings where name not in ('application_name', 'transaction_isolation')",
	);
	return Object.fromEntries(rows.map(row => [row.name, row.setting]));
}

async function openThrough(uri: string, limits: (typeof bounds)[keyof typeof bounds] = bounds.sample): Promise<{session: Session; facts: Facts}> {
	const target = resolve(uri, {}, {env: {}, home: '/nonexistent', osUser: 'tester'});
	assert.ok(!isProblem(target));
	const opened = await openSession({target}, limits);
	assert.ok(!isProblem(opened), isProblem(opened) ? opened.problem : '');
	const facts = await readFacts(opened.session, parseCatalog(sqlFiles()).get('facts')![0]!);
	assert.ok(!isProblem(facts));
	await opened.session.setUp(facts);
	return {session: opened.session, facts};
}

const query = (text: string) => ({name: 'probe', file: 'probe.sql', about: '', source: '', needs: [], privilege: 'none', cost: '', text});

pooled('a server is watched through a pool of one, says so, and every pane is answered', async pooler => {
	await watching({servers: [pooler.uri({database: 'shop'})], channels: ['news'], pane: 'tables'}, async one => {
		assert.match(one.screen().split('\n')[0]!, /via pgbouncer/);
		assert.equal(one.state().servers[one.state().watched]!.facts!.pooled, true);
		await one.comes(() => /orders/.test(one.screen()));
		for (const pane of one.state().panes.filter(each => each.place !== 'frame')) {
			one.dispatch({type: 'opened', pane: pane.id});
			for (let i = 0; i < pane.tables.length; i++) {
				one.dispatch({type: 'switched', by: 1});
				const asked = shownTables(one.state()).filter(table => 'sql' in table.from);
				await one.comes(({tables}) => asked.every(({id}) => tables[id]?.at !== undefined || tables[id]?.problem?.final));
			}
		}
		const failed = Object.entries(one.state().answers[one.state().watched]!).filter(([, answer]) => answer.result?.status === 'failed');
		assert.deepEqual(
			failed.map(([name, answer]) => `${name}: ${answer.result?.status === 'failed' ? answer.result.message : ''}`),
			[],
		);
	});
});

pooled('no setting of ours stays behind in the connection that the application gets', async pooler => {
	const direct = await client(server.uri({database: 'shop'}));
	const expected = await settings(direct);
	await direct.end();
	await watching({servers: [pooler.uri({database: 'shop'})], pane: 'tables'}, async one => {
		const application = await client(pooler.uri({database: 'shop'}));
		const pids = new Set<number>();
		for (let round = 0; round < 8; round++) {
			const before = one.vitals();
			assert.deepEqual(await settings(application), expected);
			pids.add((await application.query<{pid: number}>('select pg_backend_pid() as pid')).rows[0]!.pid);
			const {rows} = await application.query<{n: number}>(
				'select (select count(*) from pg_prepared_statements)::int + (select count(*) from pg_listening_channels())::int as n',
			);
			assert.equal(rows[0]!.n, 0);
			await one.comes(() => one.vitals() !== before);
		}
		// It was the connection that pgperf uses too.
		assert.equal(pids.size, 1);
		// Statistics stand still inside one transaction: each question has its own.
		await one.comes(({tables}) => Number(tables.vitals?.rows[0]?.commits_d) > 0);
		await application.query('insert into orders values (1000)');
		await application.query('delete from orders where id = 1000');
		await application.end();
	});
});

pooled('an error in one question poisons neither its neighbours nor the application', async pooler => {
	const {session, facts} = await openThrough(pooler.uri({database: 'shop'}));
	assert.equal(facts.pooled, true);
	const asked = [
		'select 1 as n',
		'select 1 / 0 as n',
		'select pg_sleep(3)::text as n',
		'select broken',
		'insert into public.orders values (77) returning id as n',
		'select 2 as n',
	];
	const {results} = await session.ask(asked.map(text => ({query: query(text)})));
	assert.deepEqual(
		results.map(result => (result.status === 'ok' ? result.sample.rows[0]!.n : result.status === 'failed' ? result.code : result.reason)),
		[1, '22012', '57014', 'column "broken" does not exist', '25006', 2],
	);
	const application = await client(pooler.uri({database: 'shop'}));
	const {rows} = await application.query("select pg_current_xact_id_if_assigned() is null as clean, current_setting('statement_timeout') as timeout");
	assert.deepEqual(rows, [{clean: true, timeout: '0'}]);
	await application.end();
	await session.close();
});

pooled('each question is a transaction of its own: what was committed meanwhile is seen', async pooler => {
	const {session} = await openThrough(pooler.uri({database: 'shop'}));
	const counted = {
		query: query(
			"select txid_current_snapshot()::text as snapshot, current_setting('transaction_read_only') as read_only, current_setting('search_path') as path",
		),
	};
	const {results} = await session.ask([counted, counted]);
	const rows = results.map(result => (result.status === 'ok' ? result.sample.rows[0] : undefined));
	assert.deepEqual(
		rows.map(row => [row?.read_only, String(row?.path).startsWith('pg_catalog')]),
		[
			['on', true],
			['on', true],
		],
	);
	await session.close();
});

pooled('cancel and terminate work; every other action says to connect directly', async pooler => {
	const victim = await server.connect({database: 'shop'});
	const {pid} = (await victim.query<{pid: number}>('select pg_backend_pid() as pid')).rows[0]!;
	await watching({servers: [pooler.uri({database: 'shop'})], pane: 'sessions'}, async one => {
		const seen = new Set<unknown>();
		const select = async () => {
			const row = await one.comes(state =>
				state.tables.sessions?.rows.find(each => each.pid === pid && each.state === 'active' && !seen.has(each.query_start)),
			);
			seen.add(row.query_start);
			one.dispatch({type: 'closed'});
			one.dispatch({type: 'called', overlay: 'filter'});
			one.dispatch({type: 'typed', text: 'pg_sleep', at: 0});
			one.dispatch({type: 'chosen', at: 0});
			one.dispatch({type: 'moved', by: 'top'});
		};
		const act = async (action: string) => {
			one.dispatch({type: 'asked', action, at: performance.now()});
			const question = await one.comes(state => {
				const overlay = state.overlays.at(-1);
				return overlay?.is === 'question' && (overlay.stage === 'shown' || overlay.stage === 'refused') && overlay;
			});
			assert.equal(question.stage, 'shown', question.problem);
			one.dispatch({type: 'painted', request: question.request, at: performance.now()});
			one.dispatch({type: 'answered', request: question.request, yes: true, at: performance.now()});
			await one.comes(() =>
				one.events.some(event => event.type === 'settled' && event.request === question.request && event.outcomes.every(outcome => outcome.done)),
			);
		};
		const sleeping = victim.query('select pg_sleep(60)').then(
			() => 'slept',
			(error: {code?: string}) => error.code,
		);
		await select();
		await act('cancel');
		assert.equal(await sleeping, '57014');
		const again = victim.query('select pg_sleep(60)').catch((error: {code?: string}) => error.code);
		await select();
		await act('terminate');
		assert.equal(await again, '57P01');
		one.dispatch({type: 'opened', pane: 'tables'});
		await one.comes(state => (state.tables.tables?.rows.length ?? 0) > 0);
		one.dispatch({type: 'moved', by: 'top'});
		one.dispatch({type: 'called', overlay: 'actions'});
		const menu = one.state().overlays.at(-1);
		assert.ok(menu?.is === 'menu' && menu.items.length > 0);
		for (const item of menu.items) assert.match(item.disabled ?? '', /through a pooler: connect directly to do this/);
	});
});

pooled('a pooler that goes away is a server that is lost', async pooler => {
	const own = (await startPooler(server, {size: 1}))!;
	await watching({servers: [own.uri({database: 'shop'})]}, async one => {
		await own.stop();
		await one.comes(state => state.servers[state.watched]!.feed.is === 'lost');
	});
	assert.notEqual(own.port, pooler.port);
});

pooled('session pooling is a pooler too; statement pooling is refused with a sentence', async () => {
	const session = (await startPooler(server, {mode: 'session', size: 5}))!;
	await watching({servers: [session.uri({database: 'shop'})]}, async one => {
		assert.match(one.screen().split('\n')[0]!, /via pgbouncer/);
	});
	await session.stop();
	const statement = (await startPooler(server, {mode: 'statement', size: 5}))!;
	const one = await openWatching({servers: [statement.uri({database: 'shop'})]});
	assert.match(one.problem?.problem ?? '', /statement pooling mode: connect directly, or through a pool with pool_mode=transaction/);
	await one.close();
	await statement.stop();
});

pooled('a startup parameter that the pooler refuses is a sentence', async pooler => {
	const one = await openWatching({servers: [`${pooler.uri({database: 'shop'})}?options=-c%20statement_timeout%3D5s`]});
	assert.match(one.problem?.problem ?? '', /unsupported startup parameter: options/);
	assert.match(one.problem?.problem ?? '', /PGOPTIONS|options/);
	await one.close();
});

pooled('a client that waits in the queue of a full pool is waited for, and the keys go on', async pooler => {
	await watching({servers: [pooler.uri({database: 'shop'})]}, async one => {
		const application = await client(pooler.uri({database: 'shop'}));
		await application.query('begin');
		const before = one.vitals();
		await one.comes(() => /◌ stale|✖ lost/.test(one.screen().split('\n')[0]!));
		one.dispatch({type: 'opened', pane: 'locks'});
		assert.match(one.screen(), /4 Locks/);
		await application.query('rollback');
		await one.comes(() => one.vitals() !== before);
		await one.comes(state => state.servers[state.watched]!.feed.is === 'live');
		await application.end();
	});
});
