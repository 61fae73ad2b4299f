import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type CheckState, runChecks, runOnce} from '../source/checks.ts';
import {eventOf} from '../source/keys.ts';
import {defaultLimits} from '../source/limits.ts';
import type {Facts, Finding, Input, Row, Table} from '../source/pane.ts';
import {selectedRow} from '../source/window.ts';
import {paneBody} from '../views/body.ts';
import {replication} from '../views/panes/replication.ts';
import {worstLag} from '../views/panes/replication-lag.ts';
import {namesOf} from '../views/panes/replication-missing.ts';
import {roundsOf} from './support/rounds.ts';

const [senders, standby, slots, subscriptions, wal] = replication.tables as [Table, Table, Table, Table, Table];

const sender: Row = {
	server_time: 1000,
	...{server: 'db1', pid: 100, usename: 'rep', application_name: 's1', client: '10.0.0.2', slot_name: null, kind: null, state: 'streaming'},
	...{sync_state: 'async', sync_priority: 0, sent_bytes: 0, write_bytes: 0, flush_bytes: 0, replay_bytes: 0},
	...{write_lag_s: null, flush_lag_s: null, replay_lag_s: null, reply_age_s: 1, connected_s: 500, xmin_age: null, sent_lsn: null, replay_lsn: null},
};
const recovering: Row = {
	...{server: 'db2', server_time: 1000, receiver_pid: 7, receiver_status: 'streaming', sender_host: 'db1', sender_port: 5432, slot_name: null},
	...{application_name: 's1', timeline: 1, heard_s: 1, silence_s: 35, replay_bytes: 0, unreplayed_bytes: 0, replay_position: 1000, replayed_commit_s: 900},
	...{paused: false, apply_delay_s: 0, streams: true, feedback: false, has_target: false, conflicts: 0, conflicts_d: 0, replay_wait: null},
	...{replay_blockers: null, oldest_pid: null, oldest_user: null, oldest_application: null, oldest_query_s: null},
};
const slot: Row = {
	...{server: 'db1', slot_name: 's1', slot_type: 'physical', plugin: null, database: null, temporary: false, active: true, active_pid: 100},
	...{wal_status: 'reserved', retained_bytes: 0, retained_bytes_per_s: 0, safe_bytes: null, unconfirmed_bytes: null, unreserved: false},
	...{xmin_age: null, catalog_xmin_age: null, conflicting: null, invalidation_reason: null, inactive_s: null, failover: false, synced: false},
};
const rate: Row = {
	...{server: 'db1', server_time: 1000, recovery: false, wal_bytes: 5_000_000, wal_bytes_per_s: 0, archive_mode: 'off', archived: 0, failed: 0},
	...{last_archived_wal: null, last_failed_wal: null, last_archived_s: null, last_failed_s: null, failing: false, ready: null},
	...{synchronous_standby_names: '', slot_keep_bytes: null},
};
const MB = 1048576;

function input(rows: Readonly<Record<string, readonly Row[]>>): Input {
	const facts = {system_identifier: '1'} as Facts;
	return {rows, facts: {db1: facts, db2: facts}, watched: 'db1', history: {}};
}

/** The derived rows of all five tables, as after one round; `before` is the input of the round before. */
function derived(raw: Readonly<Record<string, readonly Row[]>>, before: Input = input({})): Input {
	const rows: Record<string, readonly Row[]> = {...before.rows};
	for (const table of [wal, slots, standby, subscriptions, senders]) {
		rows[table.id] = table.derive!(raw[table.id] ?? [], input({...rows, [table.id]: before.rows[table.id] ?? []}));
	}
	return input(rows);
}

function found(seen: Input): readonly Finding[] {
	return runOnce(replication.tables, seen, defaultLimits, 'db1').findings;
}

function sent(change: Row): Row {
	return derived({replication: [{...sender, ...change}], 'wal-rate': [rate]}).rows.replication![0]!;
}

test('a sender: null lag columns are idle when no byte waits, unknown when one does, and frozen ones are a lower bound', () => {
	const cases: [string, Row, number | null, number | null][] = [
		['idle', {}, 0, 0],
		['idle, with the last measure still shown', {replay_lag_s: 12}, 0, 0],
		['behind, not measured', {replay_bytes: MB}, null, MB],
		['behind, measured', {replay_bytes: MB, replay_lag_s: 3}, 3, MB],
		['frozen: the receiver hangs', {replay_bytes: MB, replay_lag_s: 0.01, reply_age_s: 40}, 40, MB],
		['frozen, never measured', {replay_bytes: MB, reply_age_s: 40}, 40, MB],
		['reported while we looked', {replay_bytes: -20, replay_lag_s: 0}, 0, 0],
		['no privilege', {state: null, replay_bytes: null, sent_bytes: null, reply_age_s: null}, null, null],
		['catching up', {state: 'catchup', replay_bytes: 9 * MB}, null, 9 * MB],
	];
	for (const [name, change, lag, bytes] of cases) {
		const row = sent(change);
		assert.deepEqual([row.lag_s, row.lag_bytes], [lag, bytes], name);
	}
	assert.match(String(sent({state: null, replay_bytes: null}).note), /needs pg_read_all_stats/);
});

test('what does not move while bytes wait lags at least since it was seen first, whatever the columns say', () => {
	const at = (server_time: number, change: Row, before?: Input) =>
		derived({replication: [{...sender, server_time, replay_bytes: MB, replay_lag_s: 0.01, replay_lsn: '0/5', ...change}], 'wal-rate': [rate]}, before);
	const first = at(1000, {});
	assert.equal(first.rows.replication![0]!.lag_s, 0.01);
	const second = at(1004, {}, first);
	assert.equal(second.rows.replication![0]!.lag_s, 4);
	assert.equal(at(1009, {}, second).rows.replication![0]!.lag_s, 9);
	assert.equal(at(1009, {replay_lsn: '0/6'}, second).rows.replication![0]!.lag_s, 0.01);
	assert.equal(at(1009, {replay_bytes: 0}, second).rows.replication![0]!.lag_s, 0);
	assert.equal(at(1009, {pid: 101}, second).rows.replication![0]!.lag_s, 0.01);
});

test('a base backup, a stored WAL stream and the copy of a table are no standbys', () => {
	const changes: Row[] = [
		{kind: 'backup', state: 'backup'},
		{application_name: 'pg_receivewal'},
		{application_name: 'pg_16398_sync_16384_7345', kind: 'logical'},
	];
	for (const change of changes) {
		const seen = derived({replication: [{...sender, ...change, replay_bytes: 900 * MB, replay_lag_s: 50}], 'wal-rate': [rate]});
		assert.equal(seen.rows.replication![0]!.lag_s, null);
		assert.equal(worstLag(seen), null);
		assert.deepEqual(found(seen), []);
	}
});

test('lag counts in time and bytes together', () => {
	const cases: [Row, string | undefined][] = [
		[{replay_bytes: 5 * MB, replay_lag_s: 0.9}, undefined],
		[{replay_bytes: 5 * MB, replay_lag_s: 1.5}, 'warning'],
		[{replay_bytes: 5 * MB, replay_lag_s: 15}, 'critical'],
		[{replay_bytes: 200, replay_lag_s: 15}, undefined],
		[{replay_bytes: 5 * MB}, undefined],
		[{replay_bytes: 2048 * MB}, 'warning'],
	];
	for (const [change, level] of cases) {
		const findings = found(derived({replication: [{...sender, ...change}], 'wal-rate': [rate]}));
		assert.deepEqual(
			findings.map(finding => finding.level),
			level ? [level] : [],
			JSON.stringify(change),
		);
	}
});

test('the remedy names the step where the WAL waits', () => {
	const remedy = (change: Row) => found(derived({replication: [{...sender, replay_lag_s: 20, ...change}], 'wal-rate': [rate]}))[0]!.remedy;
	assert.match(remedy({sent_bytes: 90 * MB, flush_bytes: 95 * MB, replay_bytes: 99 * MB}), /network/);
	assert.match(remedy({sent_bytes: MB, flush_bytes: 95 * MB, replay_bytes: 99 * MB}), /can’t write/);
	assert.match(remedy({sent_bytes: 0, flush_bytes: MB, replay_bytes: 99 * MB}), /can’t replay/);
});

test('a delay on purpose is taken off the lag and said, at both ends', () => {
	const raw = {
		replication: [{...sender, replay_bytes: 5 * MB, replay_lag_s: 301}],
		standby: [{...recovering, replay_bytes: 5 * MB, replayed_commit_s: 301, apply_delay_s: 300}],
		'wal-rate': [rate],
	};
	const seen = derived(raw, derived({...raw, standby: [{...raw.standby[0]!, server_time: 999}]}));
	assert.equal(seen.rows.replication![0]!.lag_s, 1);
	assert.match(String(seen.rows.replication![0]!.note), /5m delay on purpose taken off/);
	assert.equal(seen.rows.standby![0]!.lag_s, 1);
	const two = derived({...raw, standby: [...raw.standby, {...recovering, server: 'db3'}]});
	assert.equal(two.rows.replication![0]!.lag_s, 301, 'two standbys of one name: neither is guessed');
});

test('of both ends the worse counts, while bytes wait', () => {
	const both = (change: Row, own: Row) =>
		derived(
			{replication: [{...sender, ...change}], standby: [{...recovering, ...own}], 'wal-rate': [rate]},
			derived({standby: [{...recovering, ...own, server_time: 980}]}),
		).rows.replication![0]!.lag_s;
	const waits = {replay_bytes: MB, replayed_commit_s: 9};
	assert.equal(both({replay_bytes: MB, replay_lag_s: 0.5}, waits), 9);
	assert.equal(both({replay_bytes: MB}, waits), 9);
	assert.equal(both({replay_bytes: MB, replay_lag_s: 12}, waits), 12);
	assert.equal(both({}, waits), 0);
	assert.equal(both({replay_bytes: MB, replay_lag_s: 0.5}, {...waits, heard_s: 60}), 0.5);
});

test('an idle primary is no lag, a dead receiver is no zero, and just after the start nothing is negative', () => {
	const cases: [string, Row, string, number | null, number | null][] = [
		['idle primary: the last commit is old', {replayed_commit_s: 900}, 'streaming', 0, 0],
		['at the first look the last commit may be of yesterday', {replay_bytes: MB, replayed_commit_s: 86_400}, 'streaming', null, MB],
		['paused: it waits since then', {replay_bytes: MB, replayed_commit_s: 4, paused: true}, 'streaming', 4, MB],
		['nothing replayed yet', {replay_bytes: MB, replayed_commit_s: null}, 'streaming', null, MB],
		['received lies before replayed', {replay_bytes: -5000, unreplayed_bytes: -5000}, 'streaming', 0, 0],
		[
			'receiver gone: received equals replayed',
			{receiver_pid: null, receiver_status: null, heard_s: null, replay_bytes: null},
			'disconnected',
			null,
			4_999_000,
		],
		['receiver hangs and claims to be level', {heard_s: 60}, 'silent', null, 4_999_000],
		['receiver waits for a server', {receiver_status: 'waiting'}, 'connecting', null, 4_999_000],
		['no privilege', {receiver_status: null, heard_s: null, replay_bytes: null}, 'hidden', null, null],
		['archive only', {receiver_pid: null, receiver_status: null, streams: false, heard_s: null}, 'archive', null, 4_999_000],
	];
	for (const [name, change, link, lag, bytes] of cases) {
		const row = derived({standby: [{...recovering, ...change}], 'wal-rate': [rate]}).rows.standby![0]!;
		assert.deepEqual([row.link, row.lag_s, row.lag_bytes], [link, lag, bytes], name);
	}
});

test('the first commit after an idle hour is not an hour late', () => {
	const idle = derived({standby: [{...recovering, server_time: 1000, replayed_commit_s: 3600}]});
	const first = derived({standby: [{...recovering, server_time: 1002, replay_bytes: 300, replayed_commit_s: 3602}]}, idle);
	assert.equal(first.rows.standby![0]!.lag_s, 2);
	const later = derived({standby: [{...recovering, server_time: 1010, replay_bytes: 300, replayed_commit_s: 3610}]}, first);
	assert.equal(later.rows.standby![0]!.lag_s, 10);
});

test('a long transaction is no lag: the standby replays what comes, and no commit is among it', () => {
	const load = (seconds: number, position: number, waiting: number, before?: Input) =>
		derived(
			{
				replication: [{...sender, server_time: 1000 + seconds, replay_bytes: waiting, replay_lag_s: 0.001, replay_lsn: `0/${position}`}],
				standby: [{...recovering, server_time: 1000 + seconds, replay_position: position, replay_bytes: waiting, replayed_commit_s: 1200 + seconds}],
			},
			before,
		);
	const steps = [load(0, 10 * MB, 48)];
	for (const second of [1, 2, 3]) steps.push(load(second, (10 + second) * MB, 0.1 * MB, steps.at(-1)));
	const last = steps.at(-1)!;
	assert.ok(Number(last.rows.standby![0]!.lag_s) < 0.2, String(last.rows.standby![0]!.lag_s));
	assert.ok(Number(last.rows.replication![0]!.lag_s) < 0.2, 'the primary takes its word');
	const stopped = load(20, 13 * MB, 17 * MB, last);
	assert.ok(Math.abs(Number(stopped.rows.standby![0]!.lag_s) - 17) < 0.2, 'replay that stops is lag at once');
	const again = load(21, 5 * MB, 25 * MB, stopped);
	assert.equal(again.rows.standby![0]!.lag_s, 1221, 'a standby that begins anew replays again: nothing is known of then but its last commit');
});

test('before the first answer nobody knows whether there are standbys', () => {
	const first = (rows: Input['rows']) =>
		replication.tile!(input(rows))
			.lines[0]!.map(segment => segment.text)
			.join('');
	assert.equal(first({}), '–');
	assert.equal(first({replication: []}), 'no standbys');
});

test('a standby without its primary is critical, one that reads the archive only is not', () => {
	const gone = {...recovering, receiver_pid: null, receiver_status: null, heard_s: null, replay_bytes: null};
	assert.deepEqual(
		found(derived({standby: [gone], 'wal-rate': [rate]})).map(finding => [finding.id, finding.level, finding.server]),
		[['standby-missing', 'critical', 'db2']],
	);
	assert.deepEqual(found(derived({standby: [{...gone, streams: false}]})), []);
});

test('a companion that can’t be asked is not believed any more, nor is one that was never reached forgotten', () => {
	const before = derived({standby: [{...recovering, slot_name: 's1'}], 'wal-rate': [rate]});
	const at = (replicated: readonly Row[]) => {
		const rows = {...before.rows, replication: replicated};
		const lost = {db2: 'connection refused', db3: 'no such host'};
		return {...input({...rows, standby: standby.derive!(before.rows.standby!, {...input(rows), lost})}), lost};
	};
	const gone = at([]);
	assert.deepEqual(
		gone.rows.standby!.map(row => [row.server, row.link, row.lag_s, row.lag_bytes, row.note]),
		[
			['db2', 'unreachable', null, null, 'can’t be asked: connection refused'],
			['db3', 'unreachable', null, null, 'can’t be asked: no such host'],
		],
	);
	assert.deepEqual(
		found(gone).map(finding => [finding.id, finding.level, finding.subject]),
		[
			['standby-missing', 'critical', 'db2'],
			['standby-missing', 'critical', 'db3'],
		],
	);
	const lives = at([{...sender, slot_name: 's1', lag_s: 0, lag_bytes: 0}]);
	assert.deepEqual(
		found(lives).map(finding => [finding.level, finding.subject]),
		[
			['critical', 'db3'],
			['notice', 'db2'],
		],
	);
});

test('replay that is paused or waits for queries says whose', () => {
	const paused = found(derived({standby: [{...recovering, paused: true, unreplayed_bytes: 7 * MB, has_target: true}]}));
	assert.deepEqual([paused[0]!.id, paused[0]!.level], ['replay-paused', 'warning']);
	assert.match(paused[0]!.remedy, /would promote it/);
	const waits = {replay_wait: 'RecoveryConflictSnapshot', oldest_pid: 4711, oldest_user: 'bi', oldest_application: 'tableau', oldest_query_s: 700};
	const [conflict] = found(derived({standby: [{...recovering, ...waits}]}));
	assert.equal(conflict!.id, 'replay-conflict');
	assert.match(conflict!.title, /4711 bi tableau since 11m/);
	const [cancelled] = found(derived({standby: [{...recovering, conflicts_d: 3}]}));
	assert.match(cancelled!.title, /3 queries were cancelled/);
});

test('a standby that was seen before and is gone is missing, and comes back', () => {
	const there = derived({replication: [sender], 'wal-rate': [rate]});
	const gone = derived({replication: [], 'wal-rate': [{...rate, server_time: 1010}]}, there);
	const later = derived({replication: [], 'wal-rate': [{...rate, server_time: 1070}]}, gone);
	const [row] = later.rows.replication!;
	assert.deepEqual([row!.state, row!.away_s, row!.lag_s], ['missing', 60, 60]);
	assert.equal(worstLag(later), 60, 'a standby that is away never improves the lag');
	const [finding] = found(later);
	assert.deepEqual([finding!.id, finding!.level, finding!.title], ['standby-missing', 'critical', 'standby s1 is away for 1m']);
	const back = derived({replication: [{...sender, pid: 200}], 'wal-rate': [{...rate, server_time: 1080}]}, later);
	assert.deepEqual(
		back.rows.replication!.map(one => one.state),
		['streaming'],
	);
});

test('the owner of an inactive slot is missing: once, whatever names it', () => {
	const idle = {...slot, active: false, active_pid: null, inactive_s: 120};
	const seen = derived({slots: [idle], 'wal-rate': [{...rate, synchronous_standby_names: 'FIRST 1 (s1, s2)'}]});
	assert.deepEqual(
		seen.rows.replication!.map(row => [row.slot_name ?? row.application_name, row.state, row.lag_s]),
		[
			['s1', 'missing', 120],
			['s2', 'missing', null],
		],
	);
	assert.equal(worstLag(seen), null);
	const harmless: Row[] = [{active: true}, {temporary: true}, {synced: true}, {unreserved: true}, {slot_type: 'logical'}];
	for (const change of harmless) {
		assert.deepEqual(derived({slots: [{...idle, ...change}], 'wal-rate': [rate]}).rows.replication, [], JSON.stringify(change));
	}
	const standbysOwn = derived({slots: [{...idle, server: 'db2'}], 'wal-rate': [{...rate, server: 'db2', recovery: true}]});
	assert.deepEqual(standbysOwn.rows.replication, []);
	const connected = derived({slots: [idle], replication: [{...sender, slot_name: 's1'}], 'wal-rate': [rate]});
	assert.equal(connected.rows.replication!.length, 1, 'the slots were asked before it connected');
});

test('a standby that was retired on purpose is forgotten: its slot is dropped, and an hour has passed', () => {
	const at = (server_time: number, rows: Readonly<Record<string, readonly Row[]>>, before?: Input) =>
		derived({'wal-rate': [{...rate, server_time}], ...rows}, before).rows.replication!.map(row => [row.application_name, row.kept_by, row.note]);
	const after = (change: Row, owned: readonly Row[]) => {
		const there = derived({replication: [{...sender, slot_name: 's1', ...change}], slots: owned, 'wal-rate': [rate]});
		return derived({slots: owned, 'wal-rate': [{...rate, server_time: 1010}]}, there);
	};
	const inactive = {...slot, active: false, active_pid: null};
	const owned = after({}, [inactive]);
	assert.deepEqual(at(1400, {slots: [inactive]}, owned), [['s1', 'its slot s1', 'its slot s1 is inactive; seen before, gone for 6m']]);
	assert.equal(at(99_000, {slots: [inactive]}, owned).length, 1, 'while its slot stands somebody waits for it');
	assert.deepEqual(at(1400, {slots: []}, owned), [['s1', null, 'seen before, gone for 6m; its slot was dropped: forgotten after an hour, or by F']]);
	assert.equal(at(4609, {slots: []}, owned).length, 1);
	assert.deepEqual(at(4611, {slots: []}, owned), []);
	const named = {'wal-rate': [{...rate, server_time: 4611, synchronous_standby_names: 's1'}], slots: []};
	assert.deepEqual(
		at(4611, named, owned),
		[['s1', 'synchronous_standby_names', 'synchronous_standby_names names s1']],
		'forgotten by pgperf, not by the server',
	);
	for (const silent of [{slot_name: null}, {slot_name: 'pg_walreceiver_812'}]) {
		const [row] = at(99_000, {slots: []}, after(silent, []));
		assert.deepEqual(row!.slice(0, 2), ['s1', null], 'nothing tells a loss from a retirement');
	}
});

test('F forgets one that is only remembered, what was found of it too, and nothing that the server waits for', () => {
	const gone = (server_time: number) => ({replication: [], slots: [{...slot, slot_name: 's2', active: false}], 'wal-rate': [{...rate, server_time}]});
	const play = roundsOf([replication], {db1: {}});
	play.round(1000, {db1: {replication: [sender, {...sender, pid: 101, application_name: 's2', slot_name: 's2'}], slots: [], 'wal-rate': [rate]}});
	for (const at of [1010, 1020, 1030, 1040]) play.round(1000 * at, {db1: gone(at)});
	const names = () => play.state().tables.replication!.rows.map(row => row.application_name);
	const found = () => play.state().findings.flatMap(finding => (finding.id === 'standby-missing' ? [finding.subject] : []));
	const press = (key: string) => {
		const event = eventOf(play.state(), key, 9_000_000);
		if (event) play.happened(event);
	};
	const to = (name: string) => {
		press('home');
		for (let i = 0; i < 5 && selectedRow(play.state())!.row.application_name !== name; i++) press('down');
	};
	assert.deepEqual(
		[names().toSorted(), found().toSorted()],
		[
			['s1', 's2'],
			['s1', 's2'],
		],
	);
	to('s2');
	press('F');
	assert.match(play.state().notice!.text, /its slot s2 still waits for it: drop that first/);
	to('s1');
	press('F');
	assert.deepEqual([names(), found()], [['s2'], ['s2']]);
	assert.match(play.state().log.at(-1)!.text, /^forgotten: standby s1 is away/);
	play.round(1_050_000, {db1: gone(1050)});
	assert.deepEqual([names(), found()], [['s2'], ['s2']], 'and it stays so');
	play.round(1_060_000, {db1: {...gone(1060), replication: [sender]}});
	assert.deepEqual(names(), ['s1', 's2'], 'until it comes back');
});

test('whichever answer comes last, what is away is told, once; one sample seen twice has not waited', () => {
	const answers: readonly Readonly<Record<string, readonly Row[]>>[] = [
		{replication: [{...sender, replay_bytes: MB}], 'wal-rate': [rate]},
		{slots: [{...slot, slot_name: 's2', active: false, inactive_s: 600}]},
	];
	for (const order of [answers, answers.toReversed()]) {
		const play = roundsOf([replication], {db1: {}});
		for (const one of order) play.round(1000, {db1: one});
		const {rows} = play.state().tables.replication!;
		assert.deepEqual(
			rows.map(row => [row.slot_name, row.state, row.lag_s]),
			[
				[null, 'streaming', null],
				['s2', 'missing', 600],
			],
		);
	}
});

test('m brings the table that it goes to before the eyes, not its first row alone, and one without rows too', () => {
	const many = Array.from({length: 40}, (_, index): Row => ({...slot, slot_name: `s${String(index).padStart(2, '0')}`, active: false}));
	const play = roundsOf([replication], {db1: {}}, {columns: 80, rows: 24});
	play.happened({type: 'opened', pane: 'replication'});
	play.round(1000, {db1: {replication: [], standby: [], slots: many, subscriptions: [], 'wal-rate': [rate]}});
	play.round(2000, {db1: {replication: []}});
	const seen = () => paneBody(play.state(), 17).map(line => line.map(segment => segment.text).join(''));
	for (const [title, rows] of [
		['Standbys of themselves', 0],
		['Slots', 8],
		['Subscriptions', 0],
		['WAL', 1],
		['Standbys and consumers', 8],
	] as const) {
		play.happened({type: 'switched', by: 1});
		const lines = seen();
		const at = lines.findIndex(line => line.startsWith(` ${title} `));
		assert.ok(at >= 0, `${title} is not seen:\n${lines.join('\n')}`);
		assert.ok(lines.slice(at).filter(line => line.trim() !== '').length >= 2 + rows, `${title}:\n${lines.join('\n')}`);
	}
});

test('one that is known by another name than its slot is away once', () => {
	const there = derived({
		replication: [{...sender, application_name: 'node-b', slot_name: 'node_b'}],
		slots: [{...slot, slot_name: 'node_b'}],
		'wal-rate': [rate],
	});
	const idle = {...slot, slot_name: 'node_b', active: false, active_pid: null};
	const gone = derived({slots: [idle], 'wal-rate': [{...rate, server_time: 1010}]}, there);
	assert.deepEqual(
		derived({slots: [idle], 'wal-rate': [{...rate, server_time: 1020}]}, gone).rows.replication!.map(row => [row.application_name, row.slot_name, row.away_s]),
		[['node-b', 'node_b', 10]],
	);
});

test('synchronous_standby_names in all its forms', () => {
	const cases: [string, readonly string[], number, boolean][] = [
		['', [], 0, false],
		['s1', ['s1'], 1, false],
		['s1, s2', ['s1', 's2'], 1, false],
		['2 (s1, s2)', ['s1', 's2'], 2, false],
		['FIRST 2 (s1,s2,s3)', ['s1', 's2', 's3'], 2, false],
		['ANY 1 (*)', [], 1, true],
		['any 2 ("odd, name", "with ""quotes""")', ['odd, name', 'with "quotes"'], 2, false],
		['*', [], 1, true],
	];
	for (const [setting, names, count, any] of cases) assert.deepEqual(namesOf(setting), {names, count, any}, setting);
	const two = derived({replication: [sender], 'wal-rate': [{...rate, synchronous_standby_names: 'ANY 2 (*)'}]});
	assert.match(String(two.rows.replication![1]!.note), /wants 2, 1 are there/);
});

test('a lost slot looks lost, though it keeps nothing any more', () => {
	const lost: Row[] = [
		{wal_status: 'lost', retained_bytes: null, safe_bytes: null, unreserved: true, invalidation_reason: 'wal_removed'},
		{wal_status: 'lost', retained_bytes: null, safe_bytes: null, unreserved: true},
		{wal_status: 'reserved', slot_type: 'logical', conflicting: true},
	];
	for (const change of lost) {
		const seen = derived({slots: [{...slot, active: false, ...change}], 'wal-rate': [rate]});
		const [row] = seen.rows.slots!;
		assert.deepEqual([row!.status, row!.retained_bytes, row!.time_left_s], ['lost', null, null]);
		assert.equal(found(seen)[0]!.id, 'slot-lost');
		assert.equal(found(seen)[0]!.level, 'critical');
	}
});

test('the time until a slot is lost, only while it falls behind', () => {
	const cases: [Row, number | null][] = [
		[{active: false, safe_bytes: 600 * MB, retained_bytes: 400 * MB, retained_bytes_per_s: MB}, 600],
		[{active: false, safe_bytes: null, retained_bytes_per_s: MB}, null],
		[{active: false, safe_bytes: 600 * MB, retained_bytes_per_s: null}, null],
		[{active: false, safe_bytes: 600 * MB, retained_bytes_per_s: 0}, null],
		[{active: true, safe_bytes: 600 * MB, retained_bytes_per_s: MB}, null],
		[{active: true, wal_status: 'extended', safe_bytes: 600 * MB, retained_bytes_per_s: MB}, 600],
		[{active: false, wal_status: 'unreserved', safe_bytes: -5, retained_bytes_per_s: MB}, 0],
	];
	for (const [change, expected] of cases) {
		assert.equal(derived({slots: [{...slot, ...change}]}).rows.slots![0]!.time_left_s, expected, JSON.stringify(change));
	}
	const [finding] = found(derived({slots: [{...slot, ...cases[0]![0]}]}));
	assert.deepEqual([finding!.id, finding!.level, finding!.title], ['slot-time-left', 'critical', 'slot s1 is lost in about 10m'].with(1, finding!.level));
	assert.equal(finding!.level, 'warning');
});

test('what is lost is not about to be lost any more, nor does it keep anything: at once', () => {
	const sample = (state: CheckState, change: Row | undefined) => {
		const seen = derived({slots: change ? [{...slot, active: false, ...change}] : [], 'wal-rate': [rate]});
		return runChecks(state, [slots], seen, defaultLimits, 'db1', new Set(['slots']));
	};
	let round = sample({}, {wal_status: 'unreserved', safe_bytes: -5, retained_bytes: 5 * 1024 * MB});
	for (let i = 0; i < 3; i++) round = sample(round.state, {wal_status: 'unreserved', safe_bytes: -5, retained_bytes: 5 * 1024 * MB});
	const ids = () => round.findings.map(finding => finding.id).sort();
	assert.deepEqual(ids(), ['slot-retained', 'slot-time-left']);
	const settled = round.state;
	round = sample(settled, {wal_status: 'lost', retained_bytes: null, safe_bytes: null, unreserved: true});
	assert.deepEqual(ids(), ['slot-lost']);
	round = sample(settled, undefined);
	assert.deepEqual(ids(), [], 'it was dropped');
	round = sample(settled, {wal_status: 'reserved', safe_bytes: 900 * MB});
	assert.deepEqual(ids(), ['slot-retained', 'slot-time-left'], 'one that recovers is held to it for a while');
});

test('a slot that keeps much is told by its bytes', () => {
	const level = (retained_bytes: number) => found(derived({slots: [{...slot, retained_bytes}]}))[0]?.level;
	assert.deepEqual([level(1024 * MB), level(5000 * MB), level(50_000 * MB)], [undefined, 'warning', 'critical']);
});

test('a subscription that crashes again and again is failing, with or without its worker', () => {
	const base: Row = {
		...{server: 'db1', subname: 'sub', database: 'shop', enabled: true, slot_name: 'sub', worker_pid: 9, publications: 'p', received_lsn: null},
		...{heard_s: 1, transit_s: 0, reported_s: 1, tables: 3, tables_not_ready: 0, apply_errors: 0, sync_errors: 0, apply_errors_d: 0, sync_errors_d: 0},
	};
	const cases: [Row, string, boolean][] = [
		[{}, 'running', false],
		[{tables_not_ready: 1}, 'copying', false],
		[{worker_pid: null}, 'no worker', true],
		[{apply_errors_d: 3}, 'failing', true],
		[{worker_pid: null, sync_errors_d: 1}, 'failing', true],
		[{enabled: false, worker_pid: null}, 'disabled', false],
		[{apply_errors_d: null, sync_errors_d: null, apply_errors: 7000}, 'running', false],
	];
	for (const [change, status, rises] of cases) {
		const seen = derived({subscriptions: [{...base, ...change}]});
		assert.equal(seen.rows.subscriptions![0]!.status, status);
		assert.equal(found(seen).length, rises ? 1 : 0, status);
	}
});

test('the archiver fails now, or did once', () => {
	const on = {...rate, archive_mode: 'on', failed: 6, ready: 0};
	const cases: [Row, string | undefined][] = [
		[{archive_mode: 'off', failing: true}, undefined],
		[{...on, failing: false, last_archived_s: 5}, undefined],
		[{...on, failing: true, last_failed_s: 5, last_archived_s: 900}, 'critical'],
		[{...on, failing: false, last_archived_s: 900, ready: 30}, 'warning'],
		[{...on, failing: true, recovery: true}, undefined],
	];
	for (const [change, level] of cases) assert.equal(found(derived({'wal-rate': [{...rate, ...change}]}))[0]?.level, level, JSON.stringify(change));
});

test('the worst lag is a gap when one standby is unknown, and there is none without standbys', () => {
	const known = {...sender, pid: 1, replay_bytes: MB, replay_lag_s: 4};
	assert.equal(worstLag(derived({replication: [known, {...sender, pid: 2}], 'wal-rate': [rate]})), 4);
	assert.equal(worstLag(derived({replication: [known, {...sender, pid: 2, replay_bytes: MB}], 'wal-rate': [rate]})), null);
	assert.equal(worstLag(derived({'wal-rate': [rate]})), null);
});

test('the positions are hidden: the lag check is unseen, not quiet', () => {
	const seen = derived({replication: [{...sender, state: null, replay_bytes: null}], 'wal-rate': [rate]});
	const {coverage} = runOnce([senders], seen, defaultLimits, 'db1');
	assert.match(coverage.unseen.find(one => one.id === 'lag')!.why, /grant pg_read_all_stats/);
});

test('the tile says who is away and what is lost before anything else', () => {
	const tile = replication.tile!(
		derived({slots: [{...slot, wal_status: 'lost', active: false, unreserved: true}], 'wal-rate': [{...rate, synchronous_standby_names: 's9'}]}),
	);
	const text = tile.lines.map(line => line.map(segment => segment.text).join('')).join('\n');
	assert.match(text, /1 away: s9/);
	assert.match(text, /1 slot lost: s1/);
	assert.equal(tile.tone, 'critical');
	assert.match(replication.tile!(derived({'wal-rate': [rate]})).lines[0]![0]!.text, /no standbys/);
});
