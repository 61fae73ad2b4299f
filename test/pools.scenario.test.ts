import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import pg from 'pg';
import {screenOf} from '../views/frame.ts';
import {unpainted} from '../views/theme.ts';
import {type Console, openConsole} from './support/console.ts';
import {openProxy} from './support/proxy.ts';
import {startPooler, startServer, type TestServer, until} from './support/servers.ts';

type Pooler = NonNullable<Awaited<ReturnType<typeof startPooler>>>;
let server: TestServer;
let pooler: Pooler | undefined;

before(async () => {
	server = await startServer();
	await server.createDatabase('007');
	pooler = await startPooler(server, {size: 1});
});
after(async () => {
	await pooler?.stop();
	await server.stop();
});

/** Reported as skipped, not passed, where no PgBouncer is to be had. */
function pooled(name: string, body: (pooler: Pooler) => Promise<void>): void {
	test(name, async context => {
		if (!pooler) return context.skip('no pgbouncer on the PATH, and none could be fetched');
		await body(pooler);
	});
}

async function watching(pgbouncer: string, use: (open: Console) => Promise<void>): Promise<void> {
	const open = await openConsole(server, {belongings: {pgbouncer}});
	try {
		open.watch.store.dispatch({type: 'opened', pane: 'pools'});
		await use(open);
	} finally {
		await open.close();
	}
}

async function through(uri: string): Promise<pg.Client> {
	const client = new pg.Client({connectionString: uri, ssl: false});
	client.on('error', () => undefined);
	await client.connect();
	return client;
}

/** What the pane says where its rows would be, asked again and again. */
function pane(open: Console, pattern: RegExp): Promise<string> {
	return until(
		() => {
			open.watch.store.dispatch({type: 'refreshed', at: performance.now()});
			const {rows, problem} = open.state().tables.pools ?? {};
			return problem ? problem.reason : JSON.stringify(rows ?? null);
		},
		text => pattern.test(text),
	);
}
const screen = (open: Console) => screenOf(open.state()).map(unpainted).join('\n');

pooled('pools are seen with who waits for them, and databases whose names look like numbers keep them', async ({uri}) => {
	const clients = await Promise.all([1, 2, 3].map(() => through(uri({database: '007'}))));
	const sleeping = clients.map(client => client.query('select pg_sleep(60)').catch(() => undefined));
	try {
		await watching(uri({database: 'pgbouncer'}), async open => {
			await pane(open, /"database":"007".*"cl_waiting":2/);
			const row = open.state().tables.pools!.rows.find(one => one.database === '007')!;
			assert.deepEqual([row.cl_active, row.cl_waiting, row.sv_active, row.pool_mode], [1, 2, 1, 'transaction']);
			await until(
				async () => {
					await pane(open, /007/);
					return Number(open.state().tables.pools!.rows.find(one => one.database === '007')?.wait_s);
				},
				seconds => seconds > 0.5,
			);
			assert.equal(
				open.state().tables.pools!.rows.some(one => one.database === 'pgbouncer'),
				false,
				'the console is no pool of an application',
			);
			assert.match(screen(open), /007 +postgres +2/);
			const stats = () => open.state().tables['pool-stats']?.rows.find(one => one.database === '007');
			await until(
				async () => {
					await pane(open, /007/);
					return stats()?.total_xact_count_per_s;
				},
				rate => typeof rate === 'number',
			);
			assert.equal(typeof stats()!.total_wait_time, 'number');
		});
	} finally {
		await server.run("select pg_terminate_backend(pid) from pg_stat_activity where datname = '007'");
		for (const client of clients) client.end().catch(() => undefined);
		await Promise.all(sleeping);
	}
});

pooled('a user who may only look is enough; who may not, or has no password, is told so, and the console goes on', async () => {
	const guarded = (await startPooler(server, {passwords: {postgres: 'pw', stats: 'pw', stranger: 'pw'}}))!;
	const as = (user: string, password: string) => `postgresql://${user}:${password}@127.0.0.1:${guarded.port}/pgbouncer`;
	try {
		await watching(as('stats', 'pw'), async open => {
			assert.match(await pane(open, /^\[/), /^\[\]$/);
			assert.match(screen(open), /PgBouncer has no pool yet/);
		});
		for (const [uri, pattern] of [
			[as('stranger', 'pw'), /stranger|not allowed/],
			[as('stats', 'hunter2'), /password|authentication|SASL/i],
		] as const)
			await watching(uri, async open => {
				const text = await pane(open, /^PgBouncer: /);
				assert.match(text, pattern);
				assert.doesNotMatch(text + screen(open), /hunter2/);
				const asked = () => open.state().answers.db?.vitals?.sample?.at ?? 0;
				const before = asked();
				await until(asked, at => at > before);
			});
	} finally {
		await guarded.stop();
	}
});

pooled('the console is cut off, hangs, is away, and comes back', async ({uri, port}) => {
	const proxy = await openProxy(port);
	try {
		await watching(uri({database: 'pgbouncer'}).replace(`:${port}/`, `:${proxy.port}/`), async open => {
			await pane(open, /^\[/);
			const taken = () => open.state().tables.pools?.at ?? 0;
			const before = taken();
			proxy.cut(true);
			await until(
				async () => {
					await pane(open, /^\[/);
					return taken();
				},
				at => at > before,
			);
			proxy.hole(true);
			await pane(open, /^PgBouncer: it does not answer$|^PgBouncer: .*(timeout|answer)/);
			assert.equal(open.state().servers.db?.feed.is, 'live');
			proxy.hole(false);
			await pane(open, /^\[/);
			await proxy.close();
			await pane(open, /^PgBouncer: .*(listens|refused|connect|terminated|reset)/i);
		});
	} finally {
		await proxy.close().catch(() => undefined);
	}
});

pooled('the console of no PgBouncer, and a name that leads nowhere', async () => {
	await watching(server.uri(), async open => {
		await pane(open, /^PgBouncer: /);
	});
	await watching('postgresql://me:hunter2@nowhere.invalid:6432/pgbouncer', async open => {
		assert.doesNotMatch((await pane(open, /^PgBouncer: /)) + screen(open), /hunter2/);
	});
});
