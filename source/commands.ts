import {verbLines} from './verbs.ts';

/** What can be typed after `pgperf`: help, README and parsing are made from it. */

export type Option = {
	/** `host`, given as `--host`. */
	readonly name: string;
	readonly short?: string;
	/** What stands for the value in the help; without it the option is a switch. */
	readonly value?: string;
	readonly many?: true;
	readonly does: string;
};
export type Command = {
	readonly name: string;
	/** As the usage line has it: `[CONNINFO]`. */
	readonly input: string;
	/** How many words it takes; undefined: as many as there are. */
	readonly most: number | undefined;
	readonly does: string;
	readonly options: readonly Option[];
	/** Lines of the help behind the options. */
	readonly more?: readonly string[];
};

const connection: readonly Option[] = [
	{name: 'host', short: 'h', value: 'HOST', does: 'server or socket directory (PGHOST)'},
	{name: 'port', short: 'p', value: 'PORT', does: 'port (PGPORT, 5432)'},
	{name: 'username', short: 'U', value: 'NAME', does: 'role (PGUSER, the account)'},
	{name: 'dbname', short: 'd', value: 'DB', does: 'database, or a connection string (PGDATABASE, the role)'},
	{name: 'no-password', short: 'w', does: 'never ask for a password'},
	{name: 'password', short: 'W', does: 'ask for a password before connecting'},
];
const cache: readonly Option[] = [
	{name: 'redis', value: 'URL', does: 'the Redis whose cache tags are shown (REDIS_URL)'},
	{name: 'cache-scheme', value: 'NAME', does: 'how tags are kept: set, laravel, symfony, redis-tag-cache, or a pattern: tags/{tag}={key}'},
	{name: 'cache-prefix', value: 'TEXT', does: 'prefix of the tag keys'},
];
const servers: readonly Option[] = [
	{name: 'replica', value: 'CONNINFO', many: true, does: 'a standby that is asked too (DATABASE_READ_URLS)'},
	...cache,
	{name: 'pgbouncer', value: 'URL', does: 'the admin console of a PgBouncer (PGBOUNCER_URL)'},
	{name: 'config', value: 'FILE', does: 'configuration ($XDG_CONFIG_HOME/pgperf/config.toml)'},
	{name: 'limit', value: 'ID=W/C', many: true, does: 'other thresholds of a check: connections=85/95'},
];
const audit: readonly Option[] = [
	{name: 'read-only', does: 'refuse every action'},
	{name: 'audit', value: 'FILE', does: 'audit log ($XDG_STATE_HOME/pgperf/audit.jsonl)'},
	{name: 'no-audit', does: 'act without an audit log; the header says so'},
];
const look: readonly Option[] = [
	{name: 'ascii', does: 'no line drawing or block characters'},
	{name: 'no-color', does: 'no colours (NO_COLOR)'},
];

export const commands: readonly Command[] = [
	{
		name: 'top',
		input: '[CONNINFO]',
		most: 1,
		does: 'the live console',
		options: [
			...connection,
			{name: 'interval', value: 'SECONDS', does: 'time between refreshes, 0.5 to 60 (1)'},
			{name: 'pane', value: 'NAME', does: 'open on this pane'},
			...servers,
			...audit,
			{name: 'no-listen', does: 'no session for notifications'},
			...look,
		],
	},
	{
		name: 'report',
		input: '[CONNINFO]',
		most: 1,
		does: 'a one-shot snapshot of every pane, for the ticket',
		options: [
			...connection,
			{name: 'interval', value: 'SECONDS', does: 'time between the two samples (5)'},
			{name: 'once', does: 'one sample: no rates'},
			{name: 'timeout', value: 'SECONDS', does: 'for all of it, connecting too (60)'},
			{name: 'format', value: 'FORMAT', does: 'text, json, markdown or html (text, or what FILE ends in)'},
			{name: 'output', value: 'FILE', does: 'write to a file'},
			{name: 'only', value: 'PANES', does: 'these panes, separated by commas'},
			{name: 'except', value: 'PANES', does: 'all but these panes'},
			{name: 'fail-on', value: 'LEVEL', does: 'exit 1 or 2 when something of that level is found, 3 when a check could not be made: warning, critical'},
			{name: 'redact', does: 'no query texts at all'},
			{name: 'with-literals', does: 'keep the values in query texts, which are masked otherwise'},
			{name: 'from', value: 'FILE', does: 'no server: a report that was saved as JSON, in another format'},
			{name: 'all', does: 'every server of the configuration'},
			{name: 'all-databases', does: 'every database of the server, one after the other'},
			...servers,
			...look,
		],
	},
	{
		name: 'check',
		input: '[NAME ...]',
		most: 1000,
		does: 'one line for Nagios or Icinga: all checks of what hurts now, or those named',
		options: [
			...connection,
			{name: 'list', does: 'the checks and their limits'},
			{name: 'interval', value: 'SECONDS', does: 'time between two samples, where a check needs two (1)'},
			{name: 'timeout', value: 'SECONDS', does: 'for all of it (9)'},
			...servers,
		],
	},
	{
		name: 'doctor',
		input: '[CONNINFO]',
		most: 1,
		does: 'what this role can see, and what would show the rest',
		options: [...connection, {name: 'timeout', value: 'SECONDS', does: 'for all of it (30)'}, ...servers, ...look],
	},
	{
		name: 'diff',
		input: 'A B',
		most: 2,
		does: 'what changed between two reports that were saved as JSON',
		options: [{name: 'format', value: 'FORMAT', does: 'text or markdown (text)'}, {name: 'output', value: 'FILE', does: 'write to a file'}, ...look],
	},
	{
		name: 'act',
		input: 'VERB [TARGET ...]',
		most: 1000,
		does: 'cancel, refresh, make partitions, vacuum: the actions of the console, for scripts and cron',
		options: [
			...connection,
			{name: 'dry-run', does: 'print the statements and send nothing'},
			{name: 'yes', does: 'do it without asking; needed where there is no terminal'},
			{name: 'ahead', value: 'N', does: 'partitions: as many are to lie ahead of now'},
			{name: 'older-than', value: 'AGE', does: 'partitions: those that ended so long ago, like "12 months"'},
			{name: 'move', does: 'with --ahead: move rows of the new ranges out of the default partition'},
			{name: 'drop', does: 'with --older-than: drop them instead of detaching them'},
			...cache,
			{name: 'config', value: 'FILE', does: 'configuration ($XDG_CONFIG_HOME/pgperf/config.toml)'},
			...audit,
		],
		more: verbLines(),
	},
	{
		name: 'sql',
		input: '[NAME]',
		most: 1,
		does: 'the SQL that would be sent to this server; without a name the names',
		options: [...connection, {name: 'config', value: 'FILE', does: 'configuration'}],
	},
	{
		name: 'audit',
		input: '',
		most: 0,
		does: 'what was done with pgperf, from its audit log',
		options: [
			{name: 'audit', value: 'FILE', does: 'audit log ($XDG_STATE_HOME/pgperf/audit.jsonl)'},
			{name: 'since', value: 'TIME', does: 'from then on: 2026-11-20, 2026-11-20T14:00:00Z, or 90m, 2h, 7d ago'},
			{name: 'action', value: 'NAME', does: 'this action alone: cancel, terminate, ...'},
			{name: 'server', value: 'TEXT', does: 'servers whose title contains this'},
			{name: 'format', value: 'FORMAT', does: 'text or json (text)'},
		],
	},
	{
		name: 'demo',
		input: '[COMMAND ...]',
		most: undefined,
		does: 'an embedded production that hurts, and pgperf on it',
		options: [],
	},
];

export const exits = 'Exit: 0 good, 1 warning, 2 critical, 3 incomplete, 64 usage, 69 cannot connect, 74 output cannot be written.';

export function helpOf(command: Command): string {
	return [
		`Usage: pgperf ${command.name} ${command.options.length > 0 ? '[OPTIONS] ' : ''}${command.input}`.trimEnd(),
		'',
		sentenceOf(command.does),
		'',
		...optionLines([...command.options, {name: 'help', does: 'this help'}]),
		...(command.more ? ['', ...command.more] : []),
	].join('\n');
}

export function help(): string {
	const width = Math.max(...commands.map(command => command.name.length + command.input.length)) + 3;
	return [
		'Usage: pgperf COMMAND [OPTIONS] [CONNINFO]',
		'',
		'The console that DBAs reach for when PostgreSQL hurts. CONNINFO is a URI, a keyword/value string, a database,',
		'or the name of a server in the configuration; connection rules are those of psql.',
		'',
		...commands.map(command => `  ${`${command.name} ${command.input}`.padEnd(width)}${command.does}`),
		'',
		'  pgperf COMMAND --help tells the options, pgperf --version the version.',
		'',
		exits,
	].join('\n');
}

function sentenceOf(text: string): string {
	return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

function optionLines(options: readonly Option[]): readonly string[] {
	const lines = options.map(option => ({
		left: `  ${option.short ? `-${option.short}, ` : '    '}--${option.name}${option.value ? ` ${option.value}` : ''}`,
		does: option.does,
	}));
	const width = Math.max(...lines.map(line => line.left.length)) + 2;
	return lines.map(line => `${line.left.padEnd(width)}${line.does}`);
}
