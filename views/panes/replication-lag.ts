import type {Input} from '../../source/pane.ts';
import {figure} from '../figures.ts';
import {duration} from '../format.ts';
import {clamped, isStandby, type Sender, type Standby} from './replication-rows.ts';

/** A standby reports every 10 s even when nothing happens; later than this, what the server shows of it is frozen. */
export const silence = 15;

/** What can be said of one sender: its lag in seconds and bytes, or why that is unknown. */
export function judged(row: Sender, before: Sender | undefined, input: Input): Sender {
	const standby = standbyOf(row, input);
	const delay = standby?.apply_delay_s ?? null;
	const lagBytes = clamped(row.replay_bytes);
	const stuckAt = stuckSince(row, lagBytes, before);
	const measured = lagOf(row, lagBytes, stuckAt);
	const lag_s = measured === null ? null : Math.max(0, measured - (delay ?? 0));
	return {
		...row,
		lag_s: withOwn(lag_s, lagBytes, standby),
		lag_bytes: lagBytes,
		delay_s: delay,
		stuck_at: stuckAt,
		note: noteOf(row, lagBytes, measured, standby),
		gone_at: null,
		away_s: null,
		kept_by: null,
	};
}

/** A standby whose replay is paused reports seldom, and the server shows the lag of its last report: its own word may be newer. */
function withOwn(lag_s: number | null, lagBytes: number | null, standby: Standby | undefined): number | null {
	const own = standby?.link === 'streaming' && (lagBytes ?? 0) > 0 ? standby.lag_s : null;
	return own === null ? lag_s : Math.max(own, lag_s ?? 0);
}

/** What waited when we looked last, and has not moved since, waits at least since then: no report is needed to know that. */
function stuckSince(row: Sender, lagBytes: number | null, before: Sender | undefined): number | null {
	if (!before || !lagBytes || !before.lag_bytes || before.replay_lsn !== row.replay_lsn) return null;
	// Of one sample seen twice nothing has waited yet.
	return before.stuck_at ?? (before.server_time < row.server_time ? before.server_time : null);
}

/** Seconds, or null. With nothing left to replay the lag columns are null or old: the bytes decide. */
function lagOf(row: Sender, lagBytes: number | null, stuckAt: number | null): number | null {
	if (!isStandby(row) || lagBytes === null) return null;
	if (lagBytes === 0) return 0;
	const silent = row.reply_age_s !== null && row.reply_age_s > silence ? row.reply_age_s : null;
	const stuck = stuckAt === null ? null : row.server_time - stuckAt;
	const known = [row.replay_lag_s, silent, stuck].filter(lag => lag !== null);
	return known.length === 0 ? null : Math.max(0, ...known);
}

function noteOf(row: Sender, lagBytes: number | null, lag: number | null, standby: Standby | undefined): string {
	if (row.kind === 'backup') return 'base backup';
	if (row.state === null) return 'needs pg_read_all_stats: its position is hidden';
	if (!isStandby(row)) return row.application_name === 'pg_receivewal' ? 'stores WAL, replays nothing' : 'copies a table';
	const notes: string[] = [];
	if (lagBytes !== null && lagBytes > 0 && row.reply_age_s !== null && row.reply_age_s > silence) {
		notes.push(`no reply for ${duration(row.reply_age_s)}: it lags at least that much`);
	} else if (lagBytes === null) notes.push('does not say what it has replayed');
	else if (lagBytes > 0 && lag === null) notes.push('lag in time is not measured yet');
	else if (lagBytes === 0 && row.replay_lag_s === null) notes.push('idle');
	if (standby?.paused) notes.push('replay is paused there');
	if (standby && (standby.apply_delay_s ?? 0) > 0) notes.push(`${duration(standby.apply_delay_s)} delay on purpose taken off`);
	if (standby && standby.lag_s === null && standby.note) notes.push(`itself: ${standby.note}`);
	return notes.join('; ');
}

/** The companion behind this sender: by slot, else by its application name if that names just one. */
function standbyOf(row: Sender, input: Input): Standby | undefined {
	const standbys = (input.rows.standby ?? []) as readonly Standby[];
	const bySlot = row.slot_name === null ? [] : standbys.filter(one => one.slot_name === row.slot_name);
	const found = bySlot.length > 0 ? bySlot : standbys.filter(one => one.application_name !== null && one.application_name === row.application_name);
	return found.length === 1 ? found[0] : undefined;
}

/** Seconds: the senders are asked at least as often while they are on the screen. */
const fresh = 10;

/**
 * Seconds that the worst standby of the watched server lags, one that is away at least since it is away; null when one of them is unknown,
 * or there is none. While another pane is open, the vitals measure those that are connected.
 */
export function worstLag(input: Input): number | null {
	const now = figure(input.rows.vitals?.[0], 'server_time');
	const lags = [...connectedLags(input, now)];
	// They are away on, without being asked.
	for (const row of awayStandbys(input)) lags.push(row.lag_s === null ? null : row.lag_s + Math.max(0, (now ?? 0) - row.server_time));
	return lags.length === 0 || lags.includes(null) ? null : Math.max(...(lags as number[]));
}

function connectedLags(input: Input, now: number | null): readonly (number | null)[] {
	const own = ((input.rows.standby ?? []) as readonly Standby[]).filter(row => row.server === input.watched);
	const here = standbysOf(input).filter(row => row.state !== 'missing');
	const isFresh = now === null || [...here, ...own].some(row => now - row.server_time <= fresh);
	// The vitals know of no delay on purpose: what was measured before is nearer to the truth.
	const isDelayed = here.some(row => (row.delay_s ?? 0) > 0) || own.some(row => (row.apply_delay_s ?? 0) > 0);
	if (isFresh || isDelayed) return [...here, ...own].map(row => row.lag_s);
	const vitals = input.rows.vitals![0]!;
	return vitals.recovery === true || Number(vitals.standbys) > 0 ? [figure(vitals, 'lag_s')] : [];
}

/** Those that should be connected to the watched server and are not. */
export function awayStandbys(input: Input): readonly Sender[] {
	return standbysOf(input).filter(row => row.state === 'missing');
}

function standbysOf(input: Input): readonly Sender[] {
	return ((input.rows.replication ?? []) as readonly Sender[]).filter(row => row.server === input.watched && isStandby(row));
}
