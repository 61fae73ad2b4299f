import {levelOf} from '../../source/limits.ts';
import type {Check, Hit, Input, Line, Row, Section, Table, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {bytes, duration, plain, yes} from '../format.ts';
import {resumeReplay} from './replication-actions.ts';
import {clamped, type Standby, type WalRate} from './replication-rows.ts';

function derive(rows: readonly Standby[], input: Input): readonly Row[] {
	const before = (input.rows.standby ?? []) as readonly Standby[];
	return rows.map(row =>
		judged(
			row,
			before.find(one => one.server === row.server),
			primaryPosition(row, input),
		),
	);
}

/**
 * "Received equals replayed" also holds when the receiver is gone, and the age of the last replayed commit grows on an idle primary:
 * only a link that was heard of lately says how far it is, and only bytes that wait make an age a lag.
 */
function judged(row: Standby, before: Standby | undefined, primary: number | null): Standby {
	const link = linkOf(row);
	const waiting = clamped(row.replay_bytes);
	if (link !== 'streaming') {
		const behind = primary === null || row.replay_position === null ? clamped(row.unreplayed_bytes) : Math.max(0, primary - row.replay_position);
		return {...row, link, lag_s: null, lag_bytes: link === 'hidden' ? null : behind, level_at: before?.level_at ?? null, note: noteOf(row, link)};
	}
	const levelAt = waiting === 0 ? row.server_time : (before?.level_at ?? null);
	// The first commit after an idle hour is not an hour late: it can't be later than the last moment when nothing waited.
	const most = levelAt === null ? Number.POSITIVE_INFINITY : Math.max(0, row.server_time - levelAt);
	const late = waiting === 0 ? 0 : waiting === null || row.replayed_commit_s === null ? null : Math.min(Math.max(0, row.replayed_commit_s), most);
	const lag_s = late === null ? null : Math.max(0, late - (row.apply_delay_s ?? 0));
	return {...row, link, lag_s, lag_bytes: waiting, level_at: levelAt, note: noteOf(row, link)};
}

function linkOf(row: Standby): Standby['link'] {
	if (row.receiver_pid === null) return row.streams === false ? 'archive' : 'disconnected';
	if (row.receiver_status === null) return 'hidden';
	if (row.receiver_status !== 'streaming') return 'connecting';
	return row.heard_s !== null && row.heard_s <= (row.silence_s ?? 35) ? 'streaming' : 'silent';
}

function noteOf(row: Standby, link: Standby['link']): string {
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

function holderOf(row: Standby): string {
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

function rowsOf(input: Input): readonly Standby[] {
	return (input.rows.standby ?? []) as readonly Standby[];
}

function hit(row: Standby, part: Pick<Hit, 'level' | 'field' | 'title' | 'remedy' | 'value'>): Hit {
	return {subject: row.server, rowKey: row.server, detail: row.note, ...part};
}

const awayCheck: Check = {
	id: 'standby-missing',
	class: 'now',
	title: 'A standby gets nothing from its primary',
	when: input =>
		rowsOf(input)
			.filter(row => row.link === 'disconnected' || row.link === 'silent' || row.link === 'connecting')
			.map(row =>
				hit(row, {
					level: 'critical',
					field: 'link',
					title: `standby ${row.server} is ${row.link}${row.lag_bytes ? `, at least ${bytes(row.lag_bytes)} behind` : ''}`,
					remedy: 'See its log for why the WAL receiver can’t connect: primary_conninfo, pg_hba.conf, or WAL that the primary no longer has.',
					value: row.lag_bytes ?? 0,
				}),
			),
};

const lagCheck: Check = {
	id: 'lag',
	class: 'now',
	title: 'Replication lag, as the standby says',
	when: (input, limit) =>
		rowsOf(input)
			// The watched primary tells it from its own end.
			.filter(row => row.server === input.watched && (row.lag_bytes ?? 0) >= (limit.floor ?? 0))
			.flatMap(row => {
				const level = levelOf(row.lag_s, limit);
				const title = `this standby lags ${duration(row.lag_s)}, ${bytes(row.lag_bytes)}`;
				const remedy = 'Look for a paused replay, for queries that conflict with it, and at CPU and disk.';
				return level ? [hit(row, {level, field: 'lag_s', title, remedy, value: row.lag_s ?? 0})] : [];
			}),
};

const pausedCheck: Check = {
	id: 'replay-paused',
	class: 'now',
	title: 'Replay is paused',
	when: (input, limit) =>
		rowsOf(input).flatMap(row => {
			const waiting = clamped(row.unreplayed_bytes) ?? 0;
			const level = row.paused ? levelOf(waiting, limit) : undefined;
			const remedy = row.has_target
				? 'It has reached its recovery target: pg_wal_replay_resume() would promote it.'
				: 'select pg_wal_replay_resume() on it, when whoever paused it agrees.';
			return level ? [hit(row, {level, field: 'paused', title: `replay is paused on ${row.server}, ${bytes(waiting)} wait`, remedy, value: waiting})] : [];
		}),
};

const conflictCheck: Check = {
	id: 'replay-conflict',
	class: 'now',
	title: 'Replay and queries are in each other’s way',
	when: (input, limit) =>
		rowsOf(input).flatMap(row => {
			const cancelled = row.conflicts_d ?? 0;
			const level = levelOf(cancelled + (row.replay_wait === null ? 0 : 1), limit);
			const title =
				row.replay_wait === null ? `${cancelled} queries were cancelled for replay on ${row.server}` : `replay on ${row.server} waits for ${holderOf(row)}`;
			const remedy = 'End the query, or choose: hot_standby_feedback (bloat on the primary), max_standby_streaming_delay (lag), or reports elsewhere.';
			return level ? [hit(row, {level, field: 'replay_wait', title, remedy, value: cancelled})] : [];
		}),
};

const linkTones: Readonly<Record<Standby['link'], Tone>> = {
	streaming: 'good',
	silent: 'critical',
	connecting: 'warning',
	disconnected: 'critical',
	archive: 'plain',
	hidden: 'dim',
};

/** What each standby says of itself, where it can be asked. */
export const standby: Table = table<Standby>({
	id: 'standby',
	title: 'Standbys of themselves',
	empty: 'No standby is asked: name them with --replica to see their own side.',
	from: {sql: 'standby'},
	scope: 'cluster',
	every: 'tick',
	rowKey: row => row.server,
	columns: [
		{field: 'server', title: 'standby', width: 14, grow: 1, priority: 1},
		{field: 'link', title: 'link', width: 12, priority: 1, tone: row => linkTones[row.link]},
		{field: 'lag_s', title: 'lag', width: 6, align: 'right', priority: 1, show: duration},
		{
			field: 'lag_bytes',
			title: 'behind',
			width: 8,
			align: 'right',
			priority: 2,
			show: (value, row) => (row.link === 'streaming' ? bytes(value) : atLeast(bytes(value))),
		},
		{field: 'heard_s', title: 'heard', width: 6, align: 'right', priority: 4, show: duration},
		{field: 'paused', title: 'paused', width: 6, priority: 5, show: yes, tone: row => (row.paused ? 'warning' : 'dim')},
		{field: 'conflicts', title: 'conflicts', width: 9, align: 'right', priority: 6},
		{field: 'sender_host', title: 'receives from', width: 14, priority: 7},
		{field: 'note', title: 'note', width: 12, grow: 2, priority: 3, tone: () => 'dim'},
	],
	counters: ['conflicts'],
	filters: {link: 'link', server: 'server'},
	order: (a, b) => (b.lag_s ?? Number.POSITIVE_INFINITY) - (a.lag_s ?? Number.POSITIVE_INFINITY) || 0,
	derive,
	detail: {title: row => `Standby ${row.server}`, ask: [], sections: sectionsOf},
	checks: [awayCheck, lagCheck, pausedCheck, conflictCheck],
	actions: [resumeReplay],
});

function atLeast(text: string): string {
	return /\d/.test(text) ? `≥${text}` : text;
}

function sectionsOf(row: Standby): readonly Section[] {
	const pair = (label: string, text: string): Line => [{text: label.padEnd(24), tone: 'dim'}, {text}];
	return [
		{title: '', lines: row.note === '' ? [] : [[{text: row.note}]]},
		{
			title: 'Link',
			lines: [
				pair('receiver', `${plain(row.receiver_status)}, pid ${plain(row.receiver_pid)}`),
				pair('from', `${plain(row.sender_host)}:${plain(row.sender_port)}`),
				pair('slot', plain(row.slot_name)),
				pair('heard', `${duration(row.heard_s)} ago; silent from ${duration(row.silence_s)} on`),
				pair('timeline', plain(row.timeline)),
			],
		},
		{
			title: 'Replay',
			lines: [
				pair('waiting', bytes(row.lag_bytes)),
				pair('last replayed commit', `${duration(row.replayed_commit_s)} ago (grows on an idle primary)`),
				pair('paused', yes(row.paused)),
				pair('delay on purpose', duration(row.apply_delay_s)),
				pair('recovery target', yes(row.has_target)),
				pair('hot_standby_feedback', yes(row.feedback)),
				pair('conflicts', plain(row.conflicts)),
			],
		},
	];
}
