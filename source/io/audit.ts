import {appendFileSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, readSync, rmSync, statSync} from 'node:fs';
import path from 'node:path';
import {visible} from '../plain.ts';
import {writeWhole} from './output.ts';
import {sentence} from './session.ts';

/** One line of the audit log. Two are written for each target: 'asked' before anything is sent, then what came of it. */
export type AuditLine = {
	/** ISO 8601, UTC. */
	readonly when: string;
	/** The account that runs pgperf. */
	readonly who: string;
	readonly server: string;
	readonly role: string;
	readonly action: string;
	readonly target: string;
	/** Word for word. */
	readonly statements: readonly string[];
	readonly outcome: 'asked' | 'done' | 'refused' | 'failed' | 'unknown';
	readonly detail?: string;
	readonly ms?: number;
	/** The file with what was seen before the action. */
	readonly evidence?: string;
};

export type Audit = {
	readonly path: string;
	/** A sentence if the line could not be written: then nothing may be sent. */
	write(line: AuditLine): string | undefined;
	/** Writes a snapshot beside the log and returns its path; of these the last 50 are kept. */
	evidence(name: string, text: string): {readonly path: string} | {readonly problem: string};
};

const kept = 50;

/** `$XDG_STATE_HOME/pgperf/audit.jsonl`, or ~/.local/state where that is not set. */
export function auditPath(env: Readonly<Record<string, string | undefined>>, home: string): string {
	return path.join(env.XDG_STATE_HOME || path.join(home, '.local', 'state'), 'pgperf', 'audit.jsonl');
}

/** Opens the log for appending, readable by its owner alone; a sentence where that can't be done. */
export function openAudit(file: string): Audit | {readonly problem: string} {
	/** A line that a full disk has cut in its middle must not take the next one with it. */
	let torn: boolean;
	try {
		makeFolder(path.dirname(file));
		closeSync(openSync(file, 'a', 0o600));
		torn = !endsLine(file);
	} catch (error) {
		return {problem: `the audit log ${file} can't be written (${sentence(error)})`};
	}
	return {
		path: file,
		write(line) {
			try {
				appendFileSync(file, `${torn ? '\n' : ''}${visible(JSON.stringify(line))}\n`, {mode: 0o600, flush: true});
				torn = false;
				return undefined;
			} catch (error) {
				torn = true;
				return `the audit log ${file} can't be written (${sentence(error)})`;
			}
		},
		evidence(name, text) {
			const folder = path.join(path.dirname(file), 'evidence');
			try {
				makeFolder(folder);
				const target = path.join(folder, name);
				writeWhole(target, text, 0o600);
				const files = readdirSync(folder)
					.filter(one => one.endsWith('.json'))
					.sort();
				for (const old of files.slice(0, Math.max(0, files.length - kept))) rmSync(path.join(folder, old), {force: true});
				return {path: target};
			} catch (error) {
				return {problem: `the evidence can't be written to ${folder} (${sentence(error)})`};
			}
		},
	};
}

/** Where that can't be read it is not known: an empty line harms nobody. */
function endsLine(file: string): boolean {
	try {
		const {size} = statSync(file);
		if (size === 0) return true;
		const last = Buffer.alloc(1);
		const opened = openSync(file, 'r');
		try {
			readSync(opened, last, 0, 1, size - 1);
		} finally {
			closeSync(opened);
		}
		return last[0] === 0x0a;
	} catch {
		return false;
	}
}

/** Folder by folder: Node's own recursive way never returns where a parent takes no folders (/proc). */
function makeFolder(folder: string): void {
	if (existsSync(folder)) return;
	makeFolder(path.dirname(folder));
	mkdirSync(folder, {mode: 0o700});
}
