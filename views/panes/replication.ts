import type {Input, Level, Line, Pane, Tile, Tone} from '../../source/pane.ts';
import {bytes, duration, unknown} from '../format.ts';
import {worstLag} from './replication-lag.ts';
import {isStandby, nameOf, type Sender, type Slot, type Standby, type WalRate} from './replication-rows.ts';
import {senders} from './replication-senders.ts';
import {slots} from './replication-slots.ts';
import {standby} from './replication-standby.ts';
import {subscriptions} from './replication-subscriptions.ts';
import {wal} from './replication-wal.ts';

function tile(input: Input): Tile {
	const rows = ((input.rows.replication ?? []) as readonly Sender[]).filter(isStandby);
	const own = ((input.rows.standby ?? []) as readonly Standby[]).filter(row => row.server === input.watched);
	const lost = ((input.rows.slots ?? []) as readonly Slot[]).filter(slot => slot.status === 'lost' || slot.status === 'unreserved');
	const rate = ((input.rows['wal-rate'] ?? []) as readonly WalRate[]).find(row => row.server === input.watched);
	const missing = rows.filter(row => row.state === 'missing');
	const lines: Line[] = [lagLine(input, rows, own)];
	if (missing.length > 0) lines.push([{text: `${missing.length} away: ${missing.map(nameOf).join(', ')}`, tone: 'critical'}]);
	if (lost.length > 0)
		lines.push([{text: `${lost.length} ${lost.length > 1 ? 'slots' : 'slot'} lost: ${lost.map(slot => slot.slot_name).join(', ')}`, tone: 'critical'}]);
	lines.push([{text: `WAL ${bytes(rate?.wal_bytes_per_s)}/s`, tone: 'dim'}]);
	const tone: Tone | undefined = missing.length + lost.length > 0 ? ('critical' satisfies Level) : undefined;
	return {title: 'Replication', lines, series: 'lag', limit: 'lag', tone};
}

function lagLine(input: Input, rows: readonly Sender[], own: readonly Standby[]): Line {
	if (own[0]) return [{text: `this standby lags ${duration(own[0].lag_s)}`}, {text: own[0].note === '' ? '' : `  ${own[0].note}`, tone: 'dim'}];
	if (rows.length === 0) return [{text: input.rows.replication ? 'no standbys' : unknown, tone: 'dim'}];
	const here = rows.filter(row => row.state !== 'missing').length;
	const worst = rows.toSorted((a, b) => (b.lag_s ?? -1) - (a.lag_s ?? -1))[0]!;
	const behind = worst.lag_bytes === null ? '' : ` ${bytes(worst.lag_bytes)}`;
	return [{text: `lag ${duration(worstLag(input))}`}, {text: `  ${nameOf(worst)}${behind}, ${here} connected`, tone: 'dim'}];
}

/** Replication from both ends: what senders report, what standbys say of themselves, and who should be there and is not. */
export const replication: Pane = {
	id: 'replication',
	key: '5',
	title: 'Replication',
	tables: [senders, standby, slots, subscriptions, wal],
	arrange: 'stack',
	// Of the vitals: it goes on while another pane is open.
	chart: 'lag',
	tile,
};
