import {execFileSync} from 'node:child_process';
import type {Problem} from './problem.ts';

/** The account that servers run as. PostgreSQL refuses root; anybody else runs them as himself. */
export type Account = {readonly name: string; readonly uid: number; readonly gid: number};

/** `undefined` is the account that we run as. `names` are the candidates for root, best first. */
export function serverAccount(names: readonly string[] = ['postgres', 'nobody']): Account | undefined | Problem {
	if (process.getuid?.() !== 0) return undefined;
	for (const name of names) {
		try {
			const id = (flag: string) => Number(execFileSync('id', [flag, name], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}));
			return {name, uid: id('-u'), gid: id('-g')};
		} catch {}
	}
	return {problem: `PostgreSQL refuses to run as root, and this machine has no account ${names.join(' or ')} to run it as: start pgperf as an ordinary user.`};
}
