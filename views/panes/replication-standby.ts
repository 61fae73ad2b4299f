import {levelOf} from '../../source/limits.ts';
import type {Check, Hit, Input, Line, Section, Table, Tone} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {bytes, duration, plain, yes} from '../format.ts';
import {resumeReplay} from './replication-actions.ts';
import {holderOf, standbysOf} from './replication-own.ts';
import {clamped, isStandby, machineOf, type Sender, type Standby} from './replication-rows.ts';

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
		rowsOf(input).flatMap(row => {
			if (row.link === 'unreachable') return [unreachableHit(row, input)];
			if (row.link !== 'disconnected' && row.link !== 'silent' && row.link !== 'connecting') return [];
			return [
				hit(row, {
					level: 'critical',
					field: 'link',
					title: `standby ${row.server} is ${row.link}${row.lag_bytes ? `, at least ${bytes(row.lag_bytes)} behind` : ''}`,
					remedy: 'See its log for why the WAL receiver can’t connect: primary_conninfo, pg_hba.conf, or WAL that the primary no longer has.',
					value: row.lag_bytes ?? 0,
				}),
			];
		}),
};

/** Perhaps only pgperf can't reach it: while the primary sends to it, it lives. */
function unreachableHit(row: Standby, input: Input): Hit {
	const senders = ((input.rows.replication ?? []) as readonly Sender[]).filter(one => isStandby(one) && one.state === 'streaming');
	const lives = senders.some(
		one => (row.slot_name !== null && one.slot_name === row.slot_name) || (row.application_name !== null && one.application_name === row.application_name),
	);
	const title = lives ? `standby ${row.server} can’t be asked; its primary still sends to it` : `standby ${row.server} can’t be reached`;
	const remedy = 'See whether it runs, and whether pgperf may connect to it from here.';
	return hit(row, {level: lives ? 'notice' : 'critical', field: 'link', title, remedy, value: 0});
}

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
	unreachable: 'critical',
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
		{field: 'server', title: 'standby', width: 16, grow: 1, show: machineOf, priority: 1},
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
	derive: standbysOf,
	beside: ['wal-rate'],
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
