import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {basename, relative} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {parse} from 'yaml';
import {seedFiles} from '../source/demo/seed.ts';
import {settings} from '../source/demo/stack.ts';
import {workloadOptions} from '../source/demo/workload.ts';

type Service = {
	readonly image?: string;
	readonly build?: {readonly dockerfile_inline: string};
	readonly command?: readonly string[];
	readonly entrypoint?: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
	readonly volumes?: readonly string[];
	readonly ports?: readonly string[];
	readonly configs?: readonly {readonly source: string}[];
	readonly depends_on?: Readonly<Record<string, unknown>>;
};
type Compose = {readonly services: Readonly<Record<string, Service>>; readonly configs: Readonly<Record<string, unknown>>};

const root = fileURLToPath(new URL('..', import.meta.url));
const compose = parse(readFileSync(`${root}docker-compose.yml`, 'utf8'), {merge: true}) as Compose;
const {primary, standby, workload} = compose.services as {primary: Service; standby: Service; workload: Service};

test('it offers the whole stack', () => {
	assert.deepEqual(Object.keys(compose.services).sort(), ['pgbouncer', 'primary', 'redis', 'standby', 'workload']);
	for (const [name, service] of Object.entries(compose.services)) {
		assert.ok(service.image?.includes(':') || service.build, `${name} has an image with a tag, or is built`);
		for (const other of Object.keys(service.depends_on ?? {})) assert.ok(other in compose.services, `${name} waits for ${other}`);
		for (const {source} of service.configs ?? []) assert.ok(source in compose.configs, `${name} reads ${source}`);
	}
});

test('ports are of this machine alone, no two alike, and none is a usual one', () => {
	const ports = Object.values(compose.services).flatMap(service => service.ports ?? []);
	assert.equal(ports.length, 4);
	for (const port of ports) assert.match(port, /^127\.0\.0\.1:(?!5432:|6379:|6432:)\d+:\d+$/);
	assert.equal(new Set(ports).size, ports.length);
});

test('the primary is seeded from the files of the demo', () => {
	const mounted = primary.volumes!.find(volume => volume.endsWith(':/docker-entrypoint-initdb.d:ro'))!.split(':')[0]!;
	for (const file of seedFiles()) {
		assert.equal(relative(root, file), `${mounted.replace('./', '')}/${basename(file)}`);
		// The image runs them by name, through psql.
		assert.match(basename(file), /^\d\d-[a-z-]+\.sql$/);
		assert.match(readFileSync(file, 'utf8'), /^-- .+\n[\s\S]*;\n$/, file);
	}
	assert.equal(primary.environment!.POSTGRES_DB, workloadOptions.dbname.default);
});

test('both servers are set as in the demo', () => {
	for (const server of [primary, standby]) {
		const given = Object.fromEntries(server.command!.filter(word => word.startsWith('-c')).map(word => word.slice(2).split('=')));
		assert.deepEqual(given, {...settings, hba_file: '/etc/pg_hba.conf'});
	}
	assert.match(standby.entrypoint!.join(' '), /pg_basebackup -h primary .*-S standby/);
});

test('the workload is started with what it understands', () => {
	const [, script, ...words] = workload.command!;
	assert.ok(readFileSync(root + script, 'utf8').includes('workload('));
	const {values} = parseArgs({args: words, options: workloadOptions});
	for (const host of [values.host, values['standby-host'], values['pooler-host']]) assert.ok(host! in compose.services, host);
	assert.ok(values.detached && !values.seed);
	assert.ok(new URL(workload.environment!.REDIS_URL!).hostname in compose.services);
});
