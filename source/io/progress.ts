import type {Line, Row} from '../pane.ts';
import {isProblem} from './conninfo.ts';
import type {Link} from './postgres.ts';
import {type Session, sentence} from './session.ts';

/** What was seen of our own working session: `synchronous` once its commit waited for a standby. */
export type Seen = {readonly pid: number; readonly backend_start: string | null; readonly blockers: string | null; readonly synchronous: boolean};

export type Observer = {
	/** Said above what the server tells: which step, which try. Whether the step before waited for a standby is forgotten. */
	say(text: string): void;
	readonly seen: () => Seen;
	stop(): void;
};

/** So long the answer of a statement may be under way, and the end of a connection, ms. */
const answerLimit = 20_000;
const goneLimit = 5000;

/** Looks at our own working session while it works, and ends its statement when that is asked for. */
export function observe(options: {
	readonly link: Link;
	readonly session: Session;
	readonly cancel: AbortSignal;
	readonly report: (lines: readonly Line[]) => void;
}): Observer {
	const {link, session, cancel, report} = options;
	let said = '';
	let trouble = '';
	let silence = '';
	let row: Row | undefined;
	let step: Row | undefined;
	let seen: Seen = {pid: session.pid, backend_start: null, blockers: null, synchronous: false};
	let timer: NodeJS.Timeout | undefined;
	let stopped = false;
	/** Since when the server has shown nothing of it at work, ms. */
	let idleSince: number | undefined;
	const start = performance.now();

	async function look(): Promise<void> {
		const [own, progress] = await Promise.all([link.one('act', 'actions/work', [session.pid]), link.one('act', 'progress', [])]);
		if (stopped) return;
		const found = own.status === 'ok' ? own.sample.rows[0] : undefined;
		// Numbers of processes are given again.
		row = found && (seen.backend_start === null || found.backend_start === seen.backend_start) ? found : undefined;
		silence = own.status === 'failed' ? `what it does is not known: ${own.message}` : '';
		if (own.status === 'ok') await judge(row);
		if (stopped) return;
		step = progress.status === 'ok' ? progress.sample.rows.find(one => one.pid === session.pid) : undefined;
		if (row)
			seen = {
				pid: session.pid,
				backend_start: textOf(row.backend_start) ?? seen.backend_start,
				blockers: textOf(row.blockers),
				synchronous: seen.synchronous || row.wait_event === 'SyncRep',
			};
		report(linesOf(said, row, step, silence || trouble));
		timer = setTimeout(() => void look(), performance.now() - start < 5000 ? 250 : 1000);
	}

	/** A line that swallows packets swallows the answer and the end too: what the server shows is believed, and nobody waits for ever. */
	async function judge(own: Row | undefined): Promise<void> {
		if (own?.state === 'active') idleSince = undefined;
		else idleSince ??= performance.now();
		const limit = own ? answerLimit : goneLimit;
		if (idleSince !== undefined && performance.now() - idleSince > limit) await session.close();
	}

	/** Again until the statement has ended: a signal that comes between two statements is lost. */
	async function end(): Promise<void> {
		while (!stopped) {
			const act = await link.act();
			if (isProblem(act)) trouble = `it could not be cancelled yet: ${act.problem}`;
			else if (seen.backend_start !== null) {
				// After a restart or a failover the number may be somebody else's.
				const own = `pid = ${session.pid} and backend_start = '${seen.backend_start}'`;
				trouble = await act.send(`select pg_catalog.pg_cancel_backend(pid) from pg_catalog.pg_stat_activity where ${own}`).then(
					() => '',
					(error: unknown) => `it could not be cancelled yet: ${sentence(error)}`,
				);
			}
			await new Promise(resolve => setTimeout(resolve, 500));
		}
	}

	const onAbort = () => void end();
	if (cancel.aborted) onAbort();
	else cancel.addEventListener('abort', onAbort, {once: true});
	void look();
	return {
		say(text) {
			said = text;
			seen = {...seen, synchronous: false};
			row = step = undefined;
			idleSince = undefined;
			report(linesOf(said, row, step, trouble));
		},
		seen: () => seen,
		stop() {
			stopped = true;
			clearTimeout(timer);
			cancel.removeEventListener('abort', onAbort);
		},
	};
}

function textOf(value: unknown): string | null {
	return typeof value === 'string' ? value : null;
}

function linesOf(said: string, row: Row | undefined, step: Row | undefined, trouble: string): readonly Line[] {
	const lines: Line[] = [];
	if (said !== '') lines.push([{text: said}]);
	if (step) lines.push([{text: `${String(step.kind)}: ${String(step.phase ?? 'at work')}${shareOf(step)}`}]);
	if (row?.wait_event === 'SyncRep') lines.push([{text: 'committed here; waits for a synchronous standby to confirm it', tone: 'warning'}]);
	else if (row?.wait_event_type === 'Lock') lines.push([{text: `waits for a lock behind ${row.blockers ?? 'somebody'}`, tone: 'warning'}]);
	else if (row?.wait_event != null && row.state === 'active') lines.push([{text: `waits: ${row.wait_event_type}:${row.wait_event}`, tone: 'dim'}]);
	if (trouble !== '') lines.push([{text: trouble, tone: 'warning'}]);
	return lines;
}

function shareOf(step: Row): string {
	const {done, whole, unit} = step;
	if (typeof done !== 'number' || typeof whole !== 'number' || whole <= 0) return '';
	return `, ${Math.floor((100 * done) / whole)} % of ${Math.round(whole)} ${unit ?? ''}`;
}
