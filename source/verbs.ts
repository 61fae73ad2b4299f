/** Where the words behind a verb are looked for. `gone`: that it is not there is what the action would come to. */
export type Aim =
	| {readonly is: 'session'}
	| {readonly is: 'relation'; readonly kinds: readonly string[]; readonly called: string; readonly gone: boolean}
	| {readonly is: 'partitioned'}
	| {readonly is: 'foreign key'}
	| {readonly is: 'slot'}
	| {readonly is: 'tag'}
	| {readonly is: 'server'};

/** What `pgperf act` understands: help, parsing and the search for its targets are made from it. */
export type Verb = {
	readonly name: string;
	readonly words: string;
	readonly does: string;
	/** The id of an action that the panes declare. */
	readonly action: string;
	readonly aim: Aim;
	/** What the action's form is filled with. */
	readonly form?: Readonly<Record<string, string>>;
};

const tables: Aim = {is: 'relation', kinds: ['r', 'm', 'p'], called: 'table', gone: false};

export const verbs: readonly Verb[] = [
	{name: 'cancel', words: 'PID ...', does: 'cancel the query that a session runs', action: 'cancel', aim: {is: 'session'}},
	{name: 'terminate', words: 'PID ...', does: 'end a session', action: 'terminate', aim: {is: 'session'}},
	{
		name: 'refresh',
		words: 'VIEW ...',
		does: 'refresh a materialized view, concurrently where that is possible',
		action: 'refresh',
		aim: {is: 'relation', kinds: ['m'], called: 'materialized view', gone: false},
	},
	{
		name: 'partitions',
		words: 'TABLE --ahead N [--move] | --older-than AGE [--drop]',
		does: 'make partitions until N lie ahead of now (hash: those that are missing), or detach old ones',
		action: 'partitions',
		aim: {is: 'partitioned'},
	},
	{name: 'analyze', words: 'TABLE ...', does: 'gather statistics for the planner', action: 'maintain', aim: tables, form: {what: 'analyze'}},
	{name: 'vacuum', words: 'TABLE ...', does: 'vacuum at the pace of autovacuum', action: 'maintain', aim: tables, form: {what: 'vacuum'}},
	{
		name: 'drop-index',
		words: 'INDEX ...',
		does: 'drop an index concurrently',
		action: 'drop-index',
		aim: {is: 'relation', kinds: ['i', 'I'], called: 'index', gone: true},
	},
	{
		name: 'reindex',
		words: 'INDEX ...',
		does: 'build an index anew concurrently',
		action: 'reindex',
		aim: {is: 'relation', kinds: ['i', 'I'], called: 'index', gone: false},
	},
	{
		name: 'create-index',
		words: 'CONSTRAINT ...',
		does: "build the index that a foreign key lacks, by the constraint's name",
		action: 'create-index',
		aim: {is: 'foreign key'},
	},
	{name: 'drop-slot', words: 'SLOT ...', does: 'drop a replication slot that is lost, or inactive for 24 h', action: 'drop-slot', aim: {is: 'slot'}},
	{name: 'invalidate', words: 'TAG ...', does: 'unlink the keys of a cache tag in Redis', action: 'invalidate', aim: {is: 'tag'}},
	{name: 'resume-replay', words: '', does: 'let this standby go on replaying', action: 'resume-replay', aim: {is: 'server'}},
	{name: 'reset-statements', words: '', does: 'let pg_stat_statements count from zero', action: 'reset-statements', aim: {is: 'server'}},
];

/** What can be done from a shell, for the help. */
export function verbLines(): readonly string[] {
	const width = Math.max(...verbs.map(verb => verb.name.length + verb.words.length)) + 5;
	return [
		...verbs.map(verb => `  ${`${verb.name} ${verb.words}`.padEnd(width)}${verb.does}`),
		'',
		'What will be sent is printed first, and asked for; names may be given with or without their schema. Every action is in the audit log.',
		'',
		'Exit: 0 done, 1 failed or unknown, 2 refused, 3 nothing to do, 64 usage, 69 cannot connect, 74 output cannot be written, 130 cancelled by Ctrl-C.',
	];
}
