import type pg from 'pg';
import type {Result, Row, Value} from '../pane.ts';
import {connect, disconnect} from './connect.ts';
import {isProblem, resolve, type World} from './conninfo.ts';
import {sentence} from './session.ts';

/** The admin console of a PgBouncer. It speaks the simple protocol only, and its columns change from version to version: they are read by name. */
export type PgBouncerLink = {ask(command: string): Promise<Result>; stop(): void};

/** Longest time to connect, and for one answer, ms. */
const patience = 5000;
/** Totals are bigint or numeric, and come as text; so do names, which may look like numbers. */
const numbers: ReadonlySet<number> = new Set([20, 1700]);

export function createPgBouncer(conninfo: string, world: World): PgBouncerLink {
	const stopping = new AbortController();
	let opened: Promise<pg.Client | string> | undefined;

	function opening(): Promise<pg.Client | string> {
		if (opened) return opened;
		const made = open();
		opened = made;
		void made.then(found => {
			if (typeof found === 'string') forget(made);
			else for (const event of ['error', 'end'] as const) found.on(event, () => forget(made));
		});
		return made;
	}

	async function open(): Promise<pg.Client | string> {
		const target = resolve(conninfo, {}, world);
		if (isProblem(target)) return target.problem;
		const inTime = AbortSignal.timeout(patience);
		const signal = AbortSignal.any([stopping.signal, inTime]);
		const connected = await connect(target, {applicationName: 'pgperf', queryTimeoutMs: patience, signal});
		if (!isProblem(connected)) return connected.client;
		return inTime.aborted ? 'it does not answer' : connected.problem;
	}

	function forget(made: Promise<pg.Client | string>): void {
		if (opened !== made) return;
		opened = undefined;
		void made.then(found => (typeof found === 'string' ? undefined : disconnect(found)));
	}

	return {
		async ask(command) {
			const start = performance.now();
			const made = opening();
			const found = await made;
			if (typeof found === 'string') return {status: 'failed', message: `PgBouncer: ${found}`, code: undefined};
			try {
				const {rows, fields} = await found.query<Readonly<Record<string, unknown>>>(command);
				const at = performance.now();
				const counted = new Set(fields.flatMap(({name, dataTypeID}) => (numbers.has(dataTypeID) ? [name] : [])));
				return {status: 'ok', sample: {at, rows: rows.map(row => plain(row, counted)), cost: at - start}};
			} catch (error) {
				forget(made);
				const silent = error instanceof Error && error.message === 'Query read timeout';
				return {status: 'failed', message: `PgBouncer: ${silent ? 'it does not answer' : sentence(error)}`, code: undefined};
			}
		},
		stop() {
			stopping.abort();
			if (opened) forget(opened);
		},
	};
}

function plain(row: Readonly<Record<string, unknown>>, counted: ReadonlySet<string>): Row {
	return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, counted.has(name) && value !== null ? Number(value) : (value as Value)]));
}
