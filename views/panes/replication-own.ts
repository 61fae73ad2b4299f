import type {Input, Row} from '../../source/pane.ts';
import {bytes, duration} from '../format.ts';
import {ageOf, followed, isFollowed} from './replay.ts';
import {clamped, type Standby, type StandbyRow, type WalRate} from './replication-rows.ts';

/** What each standby says of itself, judged: the rows of the table. */
export function standbysOf(rows: readonly Standby[], input: Input): readonly Row[] {
	const before = (input.rows.standby ?? []) as readonly Standby[];
	const lost = input.lost ?? {};
	const asked = rows.map(row => {
		const known = before.find(one => one.server === row.server);
		const why = lost[row.server];
		return why === undefined ? judged(row, known, primaryPosition(row, input)) : unreachable(row, why);
	});
	const never = Object.entries(lost).filter(([id]) => !rows.some(row => row.server === id) && !input.facts[id]);
	return [...asked, ...never.map(([id, why]) => unreachable({...nothing, server: id}, why))];
}

/** What it said last says nothing of now. */
function unreachable(row: StandbyRow & {readonly server: string}, why: string): Standby {
	const none = {level_at: null, level_end: null, mark_at: null, mark_end: null};
	return {...row, ...none, link: 'unreachable', lag_s: null, lag_bytes: null, note: `can’t be asked: ${why}`};
}

/** A standby that was never reached. */
const nothing: StandbyRow = {
	server_time: 0,
	receiver_pid: null,
	receiver_status: null,
	sender_host: null,
	sender_port: null,
	slot_name: null,
	application_name: null,
	timeline: null,
	heard_s: null,
	silence_s: null,
	replay_bytes: null,
	unreplayed_bytes: null,
	replay_position: null,
	replayed_commit_s: null,
	paused: false,
	apply_delay_s: null,
	streams: null,
	feedback: null,
	has_target: null,
	conflicts: null,
	replay_wait: null,
	replay_blockers: null,
	oldest_pid: null,
	oldest_user: null,
	oldest_application: null,
	oldest_query_s: null,
};

/**
 * "Received equals replayed" also holds when the receiver is gone, and the age of the last replayed commit grows on an idle primary:
 * only a link that was heard of lately says how far it is, and only bytes that wait make an age a lag.
 */
function judged(row: Standby, before: Standby | undefined, primary: number | null): Standby {
	const link = linkOf(row);
	const waiting = clamped(row.replay_bytes);
	if (link !== 'streaming') {
		const behind = primary === null || row.replay_position === null ? clamped(row.unreplayed_bytes) : Math.max(0, primary - row.replay_position);
		const replay = followed(row.server_time, null, null, before);
		return {...row, ...replay, link, lag_s: null, lag_bytes: link === 'hidden' ? null : behind, note: noteOf(row, link)};
	}
	const end = waiting === null || row.replay_position === null ? null : row.replay_position + waiting;
	const replay = followed(row.server_time, end, row.replay_position, before);
	const most = ageOf(row.server_time, row.replay_position, replay) ?? Number.POSITIVE_INFINITY;
	// At the first look the age of the last commit may be that of an idle night: only where replay is paused it is what waits.
	const isMeasured = row.paused || isFollowed(replay, row.server_time);
	const late =
		waiting === 0 ? 0 : waiting === null || row.replayed_commit_s === null || !isMeasured ? null : Math.min(Math.max(0, row.replayed_commit_s), most);
	const lag_s = late === null ? null : Math.max(0, late - (row.apply_delay_s ?? 0));
	return {
		...row,
		...replay,
		link,
		lag_s,
		lag_bytes: waiting,
		note: [noteOf(row, link), late === null && (waiting ?? 0) > 0 ? 'lag in time is not measured yet' : ''].filter(Boolean).join('; '),
	};
}

function linkOf(row: Standby): Exclude<Standby['link'], 'unreachable'> {
	if (row.receiver_pid === null) return row.streams === false ? 'archive' : 'disconnected';
	if (row.receiver_status === null) return 'hidden';
	if (row.receiver_status !== 'streaming') return 'connecting';
	return row.heard_s !== null && row.heard_s <= (row.silence_s ?? 35) ? 'streaming' : 'silent';
}

function noteOf(row: Standby, link: Exclude<Standby['link'], 'unreachable'>): string {
	const notes: string[] = [];
	switch (link) {
		case 'hidden':
			notes.push('needs pg_read_all_stats: its receiver is hidden');
			break;
		case 'archive':
			notes.push('replays from the archive: the lag is not known here');
			break;
		case 'disconnected':
			notes.push('no WAL receiver: it gets nothing from its primary');
			break;
		case 'connecting':
			notes.push(`receiver ${row.receiver_status}: it gets nothing yet`);
			break;
		case 'silent':
			notes.push(`heard nothing for ${duration(row.heard_s)}`);
			break;
		case 'streaming':
			break;
	}
	if (row.paused) notes.push(`replay is paused, ${bytes(clamped(row.unreplayed_bytes))} wait`);
	if (row.replay_wait !== null) notes.push(`replay waits (${row.replay_wait}) for ${holderOf(row)}`);
	if ((row.apply_delay_s ?? 0) > 0) notes.push(`${duration(row.apply_delay_s)} delay on purpose taken off`);
	return notes.join('; ');
}

/** Whom the replay waits for. */
export function holderOf(row: Standby): string {
	if (row.replay_blockers) return `pid ${row.replay_blockers}`;
	if (row.oldest_pid === null) return 'queries on it';
	return `queries: the oldest is ${row.oldest_pid} ${row.oldest_user ?? ''} ${row.oldest_application ?? ''} since ${duration(row.oldest_query_s)}`.replace(
		/ +/g,
		' ',
	);
}

/** Where the primary of the same cluster stands, if it is asked too. */
function primaryPosition(row: Standby, input: Input): number | null {
	const system = input.facts[row.server]?.system_identifier;
	const primaries = ((input.rows['wal-rate'] ?? []) as readonly WalRate[]).filter(
		one => !one.recovery && system !== undefined && system !== null && input.facts[one.server]?.system_identifier === system,
	);
	return primaries.length === 1 ? primaries[0]!.wal_bytes : null;
}
