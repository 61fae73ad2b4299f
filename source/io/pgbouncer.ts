import type pg from 'pg';
import type {Result, Row, Value} from '../pane.ts';
import {connect, disconnect} from './connect.ts';
import {isProblem, resolve, type World} from './conninfo.ts';
import {sentence} from './session.ts';

/** The admin console of a PgBouncer. It speaks the simple protocol only, and its columns change from version to version: they are read by name. */
export type PgBouncerLink = {ask(command: string): Promise<Result>; stop(): void};

export function createPgBouncer(conninfo: string, world: World): PgBouncerLink {
	let client: pg.Client | undefined;

	async function opened(): Promise<pg.Client | string> {
		if (client) return client;
		const target = resolve(conninfo, {}, world);
		if (isProblem(target)) return target.problem;
		const connected = await connect(target, {applicationName: 'pgperf'});
		if (isProblem(connected)) return connected.problem;
		const made = connected.client;
		made.on('error', () => forget(made));
		made.on('end', () => forget(made));
		client = made;
		return made;
	}

	function forget(made: pg.Client): void {
		if (client === made) client = undefined;
	}

	return {
		async ask(command) {
			const start = performance.now();
			const found = await opened();
			if (typeof found === 'string') return {status: 'failed', message: `PgBouncer: ${found}`, code: undefined};
			try {
				const {rows} = await found.query<Readonly<Record<string, unknown>>>(command);
				const at = performance.now();
				return {status: 'ok', sample: {at, rows: rows.map(plain), cost: at - start}};
			} catch (error) {
				forget(found);
				void disconnect(found);
				return {status: 'failed', message: `PgBouncer: ${sentence(error)}`, code: undefined};
			}
		},
		stop() {
			const made = client;
			client = undefined;
			if (made) void disconnect(made);
		},
	};
}

/** Totals come as text, since they are bigint or numeric: numbers here. */
function plain(row: Readonly<Record<string, unknown>>): Row {
	return Object.fromEntries(
		Object.entries(row).map(([name, value]) => [name, typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : (value as Value)]),
	);
}
