import meow from 'meow';
import {type Command, commands, help, helpOf, type Option} from './commands.ts';

export type Arguments = {
	readonly command: Command;
	readonly input: readonly string[];
	/** A switch is true; an option has its text; one that may be given several times has all of them. */
	readonly flags: Readonly<Record<string, string | true | readonly string[]>>;
};
export type Parsed = Arguments | {readonly print: string} | {readonly problem: string; readonly exit: 64};

/** argv without node and the script. Unknown words name the nearest known one. */
export function parseArguments(argv: readonly string[], version: string): Parsed {
	const [first, ...rest] = argv;
	if (first === undefined || first === '--help' || first === 'help' || first === '-?') return {print: help()};
	if (first === '--version' || first === '-V') return {print: `pgperf ${version}`};
	const command = commands.find(one => one.name === first);
	if (!command) {
		if (first.startsWith('-')) return misused(`"${first}" stands before the command. Usage: pgperf COMMAND [OPTIONS] [CONNINFO]; pgperf --help tells more.`);
		return misused(
			`There is no command "${first}".${meant(
				first,
				commands.map(one => one.name),
			)} Commands: ${commands.map(one => one.name).join(', ')}.`,
		);
	}
	// What follows `demo` is a command line of its own.
	if (command.most === undefined) return rest[0] === '--help' ? {print: helpOf(command)} : {command, input: rest, flags: {}};
	return parseCommand(command, rest);
}

/**
 * What is to be typed where a server stands among the words of a command that takes other words: only what can be nothing else is taken
 * for one. `keywords` tells whether host=db1 is such a thing: the name of a relation may have that form.
 */
export function namedServer(command: string, words: readonly string[], keywords: boolean): string | undefined {
	const server = words.find(word => /^postgres(?:ql)?:\/\//i.test(word) || (keywords && /^\s*[a-z_]+\s*=/i.test(word)));
	if (server === undefined) return undefined;
	const line = ['pgperf', command, '-d', server, ...words.filter(word => word !== server)].map(quoted).join(' ');
	return `${command} is told its server with -d: ${line}`;
}

/** As a shell reads it. */
function quoted(word: string): string {
	return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function parseCommand(command: Command, words: readonly string[]): Parsed {
	if (words.includes('--help') || words.includes('-?')) return {print: helpOf(command)};
	const spelled = spelledOut(command, words);
	if ('problem' in spelled) return spelled;
	const declared = Object.fromEntries(
		command.options.map(option => [camel(safe(option.name)), option.value ? ({type: 'string', isMultiple: true} as const) : ({type: 'boolean'} as const)]),
	);
	const parsed = meow({
		importMeta: import.meta,
		argv: spelled.words,
		pkg: {name: 'pgperf'},
		flags: declared,
		autoHelp: false,
		autoVersion: false,
		allowUnknownFlags: true,
		help: false,
		description: false,
	});
	const flags: Record<string, string | true | readonly string[]> = {};
	for (const option of command.options) {
		const value = (parsed.flags as Record<string, unknown>)[camel(safe(option.name))];
		if (!option.value) {
			if (value === true) flags[option.name] = true;
			continue;
		}
		const texts = (value as string[] | undefined) ?? [];
		if (texts.some(text => text === '')) return misused(`--${option.name} needs a value: --${option.name} ${option.value}.`);
		if (texts.length === 0) continue;
		if (texts.length > 1 && !option.many) return misused(`--${option.name} was given twice.`);
		flags[option.name] = option.many ? texts : texts[0]!;
	}
	if (parsed.input.length > command.most!) {
		return misused(`${command.name} takes ${command.input || 'no words'}, and "${parsed.input[command.most!]}" is one word too many.`);
	}
	return {command, input: parsed.input, flags};
}

/** Short options become long ones, and unknown ones are told, before meow sees them: it knows neither -hHOST nor --no-audit. */
function spelledOut(command: Command, words: readonly string[]): {readonly words: string[]} | {readonly problem: string; readonly exit: 64} {
	const result: string[] = [];
	for (let i = 0; i < words.length; i++) {
		const word = words[i]!;
		if (word === '--') return {words: [...result, ...words.slice(i)]};
		if (!word.startsWith('-') || word === '-') {
			result.push(word);
			continue;
		}
		const equals = word.indexOf('=');
		const name = word.startsWith('--') ? word.slice(2, equals < 0 ? undefined : equals) : undefined;
		const option = command.options.find(one => (name === undefined ? one.short === word[1] : one.name === name));
		if (!option) {
			const known = command.options.map(one => `--${one.name}`);
			return misused(
				`There is no option "${name === undefined ? word.slice(0, 2) : `--${name}`}".${meant(`--${name ?? ''}`, known)} pgperf ${command.name} --help lists them.`,
			);
		}
		const inline = name === undefined ? (word.length > 2 ? word.slice(2).replace(/^=/, '') : undefined) : equals < 0 ? undefined : word.slice(equals + 1);
		if (!option.value) {
			if (inline !== undefined) return misused(`--${option.name} takes no value.`);
			result.push(`--${safe(option.name)}`);
			continue;
		}
		const value = inline ?? words[++i];
		if (value === undefined || (inline === undefined && isOption(command, value)))
			return misused(`--${option.name} needs a value: --${option.name} ${option.value}.`);
		result.push(`--${safe(option.name)}=${value}`);
	}
	return {words: result};
}

function isOption(command: Command, word: string): boolean {
	return command.options.some((option: Option) => word === `--${option.name}` || (option.short !== undefined && word === `-${option.short}`));
}

/** `--no-x` means "not x" to meow; here it is a name of its own. */
function safe(name: string): string {
	return name.replace(/^no-/, 'without-');
}

function camel(name: string): string {
	return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function misused(problem: string): {readonly problem: string; readonly exit: 64} {
	return {problem, exit: 64};
}

function meant(word: string, known: readonly string[]): string {
	const nearest = nearestOf(word, known);
	return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

/** The known word that takes the fewest changes; none when that is more than a third of it. */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
	const ranked = known.map(one => ({one, changes: changesBetween(word, one)})).sort((a, b) => a.changes - b.changes);
	const best = ranked[0];
	return best && best.changes <= Math.max(1, Math.ceil(best.one.length / 3)) ? best.one : undefined;
}

/** Letters put in, left out, mistaken, or two of them swapped: each is one change. */
function changesBetween(a: string, b: string): number {
	let above: readonly number[] = [];
	let row = Array.from({length: b.length + 1}, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? above[j - 2]! + 1 : Number.POSITIVE_INFINITY;
			next[j] = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1), swapped);
		}
		above = row;
		row = next;
	}
	return row[b.length]!;
}
