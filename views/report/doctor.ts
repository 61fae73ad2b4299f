import type {Row} from '../../source/pane.ts';
import {preloadRemedy, settingRemedy} from '../../source/provider.ts';
import type {RowReport, ServerReport, TableReport, Where} from '../../source/report.ts';
import {spelled} from '../../source/spelling.ts';
import {milliseconds, unknown} from '../format.ts';
import {widthOf} from '../layout.ts';
import {type Block, column, type Item} from './outline.ts';
import {notSeen, placeOf} from './words.ts';

/** What one query cost when it was asked last, ms of the server. */
export type Cost = {readonly query: string; readonly every: 'tick' | 'slow' | 'rare'; readonly ms: number; readonly rows: number};
/** `connection` is the row of queries/connection.sql; nothing in here is a secret. */
export type Diagnosis = {readonly server: ServerReport; readonly where: Where; readonly connection: Row | undefined; readonly costs: readonly Cost[]};

export function doctorOutline(diagnosis: Diagnosis): readonly Block[] {
	const {server} = diagnosis;
	const more = [...toSee(diagnosis), ...others(diagnosis)];
	return [
		{is: 'heading', level: 1, text: 'pgperf doctor', note: server.title},
		{is: 'facts', items: factsOf(diagnosis)},
		{is: 'heading', level: 2, text: 'What this role sees'},
		...seenBlocks(server),
		{is: 'heading', level: 2, text: 'To see more', ...(more.length === 0 && {note: 'nothing is missing'})},
		{is: 'list', items: more},
		{is: 'heading', level: 2, text: 'To act'},
		{is: 'list', items: toAct(diagnosis.where)},
		...costBlocks(diagnosis.costs),
	];
}

function factsOf({where, connection, server}: Diagnosis): readonly (readonly [string, string])[] {
	const tls = connection?.ssl === true ? `TLS (${connection.ssl_version ?? unknown}, ${connection.ssl_cipher ?? unknown})` : 'not encrypted';
	const roles = [
		where.superuser ? 'superuser' : undefined,
		where.pg_monitor ? 'pg_monitor' : undefined,
		where.pg_read_all_stats && !where.pg_monitor ? 'pg_read_all_stats' : undefined,
		where.pg_signal_backend ? 'pg_signal_backend' : undefined,
	].filter(one => one !== undefined);
	const extensions = Object.entries(where.extensions).map(([name, version]) => `${name} ${version}`);
	return [
		['server', placeOf(where)],
		['database', where.databases === null ? where.database : `${where.database}, one of ${where.databases}`],
		['role', `${where.role}${roles.length > 0 ? ` (${roles.join(', ')})` : ', without any of pg_monitor, pg_read_all_stats, pg_signal_backend'}`],
		[
			'connection',
			`${tls}; ${where.pooled ? 'through a pooler in transaction mode: actions other than cancel and terminate need a direct connection' : 'direct'}`,
		],
		['round trip', milliseconds(where.round_trip_ms)],
		['slots', `${where.max_connections} connections, ${where.reserved_connections} of them reserved`],
		['extensions', extensions.join(', ') || 'none'],
		...server.companions.map(one => ['also asked', `${one.title}: ${one.where ? placeOf(one.where) : (one.problem ?? 'not answered')}`] as const),
	];
}

const sight: Readonly<Record<TableReport['status'], string>> = {ok: 'yes', partial: 'in part', skipped: 'no', failed: 'failed'};

/** Cells that 100 columns leave for a reason. */
const whyWidth = 51;

function seenBlocks(server: ServerReport): readonly Block[] {
	const columns = [
		column('pane', 'pane', 14, {priority: 1}),
		column('table', 'table', 22, {priority: 1}),
		column('seen', 'seen', 8, {priority: 1}),
		column('why', 'why', 20, {grow: 1, priority: 2}),
	];
	const rows = server.sections.flatMap(section =>
		section.tables.map((table, index): RowReport => {
			const tone = table.status === 'ok' ? 'good' : table.status === 'failed' ? 'warning' : 'notice';
			const cells = [index === 0 ? section.title : '', table.title, sight[table.status], table.status === 'ok' ? '' : (table.reason ?? '')];
			return {key: table.id, prefix: '', values: {}, cells, tones: {seen: tone}};
		}),
	);
	const {evaluated, unseen} = server.coverage;
	const reasons = new Set(server.sections.flatMap(section => section.tables.flatMap(table => (table.status === 'ok' ? [] : (table.reason ?? [])))));
	// What the table has no room for.
	const long = [...reasons].filter(reason => widthOf(reason) > whyWidth);
	return [
		{is: 'table', columns, rows, rest: 0},
		...(long.length > 0 ? [{is: 'list' as const, items: long.map(text => ({text}))}] : []),
		{is: 'sentence', text: `${evaluated.length} of ${evaluated.length + unseen.length} checks can be made.`, tone: unseen.length === 0 ? 'good' : 'notice'},
	];
}

/** Grants, extensions and settings, each with what it adds and the statement to paste. */
function toSee({where, connection}: Diagnosis): readonly Item[] {
	const items: Item[] = [];
	const role = quoted(where.role);
	if (!where.superuser && !where.pg_monitor)
		items.push({
			text: 'states, queries and replication of all users, sizes of all databases, WAL and archive folders, hidden settings',
			more: `grant pg_monitor to ${role};`,
		});
	if (where.extensions.pg_stat_statements === undefined) items.push(...statementsItems(where, connection));
	const setting = (name: string) => connection?.[name];
	if (setting('track_io_timing') === 'off')
		items.push(settingItem(where, 'how long reads and writes take, in Queries and Cache', 'track_io_timing', 'on', 'reload'));
	if (setting('track_activities') === 'off') items.push(settingItem(where, 'what sessions do at all: it is switched off', 'track_activities', 'on', 'reload'));
	if (setting('track_counts') === 'off')
		items.push(settingItem(where, 'counters of tables and indexes; without them autovacuum does not work either', 'track_counts', 'on', 'reload'));
	if (setting('compute_query_id') === 'off')
		items.push(settingItem(where, 'which statement of the statistics a session runs', 'compute_query_id', 'auto', 'reload'));
	if (setting('statements_track') === 'none')
		items.push(settingItem(where, 'statistics of statements: none are gathered', 'pg_stat_statements.track', 'top', 'reload'));
	const size = setting('track_activity_query_size');
	if (typeof size === 'number' && size < 4096)
		items.push(settingItem(where, `queries longer than ${size} bytes, which are cut now`, 'track_activity_query_size', '16384', 'restart'));
	return items;
}

function statementsItems(where: Where, connection: Row | undefined): readonly Item[] {
	const text = 'which statements take the time: Queries, and the checks of statements';
	const libraries = connection?.shared_preload_libraries;
	const create = 'create extension pg_stat_statements;';
	if (typeof libraries === 'string' && /(^|[\s,"])pg_stat_statements\b/.test(libraries))
		return [{text: `${text} (to be made in database ${where.database})`, more: create}];
	// Each library is a string of its own: one string with commas in it would be one name.
	const list =
		typeof libraries === 'string'
			? libraries
					.split(',')
					.map(name => name.trim())
					.filter(Boolean)
			: [];
	const names = [...list, 'pg_stat_statements'].map(name => `'${name.replaceAll('"', '').replaceAll("'", "''")}'`);
	if (where.provider !== null) return [{text, more: `${preloadRemedy(where, 'pg_stat_statements')}, then: ${create}`}];
	const before = typeof libraries === 'string' ? '' : ' -- this role can not read what stands there now: keep it';
	return [{text, more: `alter system set shared_preload_libraries = ${names.join(', ')};${before} -- restart, then: ${create}`}];
}

function settingItem(where: Where, text: string, name: string, value: string, how: 'reload' | 'restart'): Item {
	if (where.provider !== null) return {text, more: settingRemedy(where, name, value, how)};
	return {text, more: how === 'restart' ? `alter system set ${name} = ${value}; -- restart` : `alter system set ${name} = ${value}; select pg_reload_conf();`};
}

/** Reasons of single tables that none of the above explains. */
function others({server, where}: Diagnosis): readonly Item[] {
	const known = /pg_monitor|pg_read_all_stats|pg_stat_statements/;
	return notSeen(server)
		.filter(({why, remedy}) => remedy !== null && !(known.test(why) || known.test(remedy)))
		.map(({what, why, remedy}) => ({text: `${what}: ${why}`, more: remedy!.replaceAll('ROLE', () => quoted(where.role))}));
}

function toAct(where: Where): readonly Item[] {
	const role = quoted(where.role);
	const items: Item[] = [];
	const major = Number.parseInt(where.version, 10);
	if (where.superuser) return [{text: 'everything: this role is a superuser', tone: 'good'}];
	items.push(
		where.pg_signal_backend
			? {text: 'cancel and terminate sessions of other roles, but of superusers', tone: 'good'}
			: {text: 'cancel and terminate sessions of other roles', more: `grant pg_signal_backend to ${role};`},
	);
	items.push(
		major >= 17
			? {text: 'refresh materialized views, vacuum and analyze what others own', more: `grant pg_maintain to ${role};`}
			: {text: 'refresh materialized views, vacuum and analyze: the owner alone, or a member of its role', more: `grant OWNER to ${role};`},
	);
	return items;
}

function costBlocks(costs: readonly Cost[]): readonly Block[] {
	const sum = (every: Cost['every']) => costs.filter(cost => cost.every === every).reduce((total, cost) => total + cost.ms, 0);
	const columns = [
		column('query', 'query', 24, {priority: 1}),
		column('every', 'asked', 14, {priority: 1}),
		column('ms', 'cost', 8, {priority: 1, align: 'right'}),
		column('rows', 'rows', 7, {priority: 2, align: 'right'}),
	];
	const words = {tick: 'each refresh', slow: 'every 5 s', rare: 'every minute'} as const;
	const rows = [...costs]
		.sort((a, b) => b.ms - a.ms)
		.slice(0, 10)
		.map((cost): RowReport => ({key: cost.query, prefix: '', values: {}, cells: [cost.query, words[cost.every], milliseconds(cost.ms), String(cost.rows)]}));
	const total = `each refresh ${milliseconds(sum('tick'))}; open panes ${milliseconds(sum('slow'))} every 5 s, ${milliseconds(sum('rare'))} every minute, all of them taken together`;
	return [
		{is: 'heading', level: 2, text: 'What pgperf costs this server', note: 'measured just now'},
		{is: 'sentence', text: total},
		{is: 'table', columns, rows, rest: costs.length - rows.length},
	];
}

export function quoted(name: string): string {
	return spelled(`"${name.replaceAll('"', '""')}"`);
}
