import {execFileSync} from 'node:child_process';
import {userInfo} from 'node:os';
import type {Problem} from './problem.ts';

/** The account that servers run as. PostgreSQL refuses root; anybody else runs them as himself. */
export type Account = {readonly name: string; readonly uid: number; readonly gid: number};

/** `undefined` is the account that we run as. `names` are the candidates for root, best first. */
export function serverAccount(names: readonly string[] = ['postgres', 'nobody']): Account | undefined | Problem {
	if (process.getuid?.() !== 0) return nameless();
	for (const name of names) {
		try {
			const id = (flag: string) => Number(execFileSync('id', [flag, name], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}));
			return {name, uid: id('-u'), gid: id('-g')};
		} catch {}
	}
	return {problem: `PostgreSQL refuses to run as root, and this machine has no account ${names.join(' or ')} to run it as: start pgperf as an ordinary user.`};
}

/** As in a container that was started with a number for its user. */
function nameless(): Problem | undefined {
	try {
		userInfo();
		return undefined;
	} catch {
		return {
			problem: `PostgreSQL refuses to run as an account without a name, and uid ${process.getuid?.()} has none here: start pgperf as an account that is in /etc/passwd.`,
		};
	}
}
