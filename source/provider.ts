import type {Facts, QueryName} from './pane.ts';

/** What is different on a managed service. Everything that pgperf knows of one stands here. */
export type Provider = {
	readonly name: string;
	/** Roles that the service itself works with: their sessions are none of the application's. */
	readonly roles: readonly string[];
	/** Databases that nobody else may enter. */
	readonly databases: readonly string[];
	/** Where settings are changed, as `alter system` is not for customers. */
	readonly settings: string;
	/** Questions that make no sense there, and why. */
	readonly lacks: Readonly<Record<QueryName, string>>;
};

const storage = 'its storage writes the log: there are no WAL files and no checkpoints of its own';
const readers = 'its readers share the storage: select * from aurora_replica_status() tells how far they are';

const amazon = {roles: ['rdsadmin', 'rdsrepladmin', 'rdstopmgr', 'rdswriteforwarduser'], databases: ['rdsadmin']} as const;
const providers: Readonly<Record<string, Provider>> = {
	rds: {name: 'Amazon RDS', ...amazon, settings: "the instance's parameter group", lacks: {}},
	aurora: {
		name: 'Aurora',
		...amazon,
		settings: "the cluster's parameter group",
		lacks: {wal: storage, 'wal-files': storage, 'wal-rate': storage, checkpoints: storage, replication: readers, standby: readers},
	},
	cloudsql: {
		name: 'Cloud SQL',
		roles: ['cloudsqladmin', 'cloudsqlagent', 'cloudsqlreplica', 'cloudsqllogical', 'cloudsqlimportexport', 'cloudsqlconnpooladmin'],
		databases: ['cloudsqladmin'],
		settings: "the instance's database flags",
		lacks: {},
	},
	alloydb: {
		name: 'AlloyDB',
		roles: ['alloydbadmin', 'alloydbagent', 'alloydbreplica', 'alloydbimportexport'],
		databases: ['alloydbadmin'],
		settings: "the instance's database flags",
		lacks: {},
	},
	azure: {
		name: 'Azure',
		roles: ['azuresu', 'azure_superuser', 'replication'],
		databases: ['azure_maintenance', 'azure_sys'],
		settings: 'the server parameters',
		lacks: {},
	},
	neon: {
		name: 'Neon',
		roles: ['cloud_admin'],
		databases: [],
		settings: "the project's settings",
		lacks: {'wal-files': 'the log is kept by safekeepers, apart from the server'},
	},
	supabase: {name: 'Supabase', roles: ['supabase_admin'], databases: [], settings: "the project's configuration (supabase postgres-config update)", lacks: {}},
};

function providerOf(provider: string | null | undefined): Provider | undefined {
	return provider == null || !Object.hasOwn(providers, provider) ? undefined : providers[provider];
}

/** As people call it: a service that is found and not known by its parts keeps its short name. */
export function serviceName(provider: string): string {
	return providerOf(provider)?.name ?? provider;
}

/** A session of the service, by its role or by the database that it is in. */
export function isOfService(facts: Pick<Facts, 'provider'> | undefined, role: string | null, database: string | null): boolean {
	const provider = providerOf(facts?.provider);
	return provider !== undefined && ((role !== null && provider.roles.includes(role)) || (database !== null && provider.databases.includes(database)));
}

const prefix = 'n/a on ';

/** Why a question is not asked on this service; undefined: it is. */
export function lackOf(facts: Pick<Facts, 'provider'>, query: QueryName): string | undefined {
	const provider = providerOf(facts.provider);
	return provider && Object.hasOwn(provider.lacks, query) ? `${prefix}${provider.name}: ${provider.lacks[query]}` : undefined;
}

/** What a service does not have is neither seen nor unseen. */
export function isLack(reason: string): boolean {
	return reason.startsWith(prefix);
}

/** How a setting is changed on this server; an undefined value is its default. */
export function settingRemedy(facts: Pick<Facts, 'provider'> | undefined, name: string, value: string | undefined, takes: 'reload' | 'restart'): string {
	if (facts?.provider != null)
		return `set ${name} ${value === undefined ? 'back' : `to ${value}`} in ${settingsOf(facts.provider)}${takes === 'restart' ? ', then restart' : ''}`;
	const change = value === undefined ? `alter system reset ${name}` : `alter system set ${name} = ${value}`;
	return takes === 'restart' ? `${change}, then restart` : `${change}, then select pg_reload_conf()`;
}

/** How a library is loaded at the start of this server. */
export function preloadRemedy(facts: Pick<Facts, 'provider'>, name: string): string {
	return `add ${name} to shared_preload_libraries${facts.provider === null ? '' : ` in ${settingsOf(facts.provider)}`}, restart`;
}

function settingsOf(provider: string): string {
	return providerOf(provider)?.settings ?? "the service's settings";
}
