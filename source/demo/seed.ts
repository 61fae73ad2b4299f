import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {programFile} from './program.ts';
import {connect, type Target} from './workload/worker.ts';

/** The SQL files in the order in which they are run; docker-compose.yml gives the same ones to its server. */
export function seedFiles(): readonly string[] {
	const folder = programFile('seed');
	return readdirSync(folder)
		.filter(name => name.endsWith('.sql'))
		.sort()
		.map(name => join(folder, name));
}

/** Each file is one simple query: what can't run in a transaction is alone in its file. Its first line is the progress. */
export async function seed(target: Target, onProgress: (line: string) => void): Promise<void> {
	const client = await connect(target, {role: 'postgres', application: 'seed'});
	try {
		for (const file of seedFiles()) {
			const text = readFileSync(file, 'utf8');
			onProgress(text.slice('-- '.length, text.indexOf('\n')));
			await client.query(text);
		}
	} finally {
		await client.end();
	}
}
