import {levelOf} from '../../source/limits.ts';
import type {Check, Input, Pane, Row, Value} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {count, duration, milliseconds, perSecond} from '../format.ts';

/** SHOW POOLS of PgBouncer 1.15 and newer; what a version does not have is undefined and painted as unknown. */
export type PoolRow = {
	readonly database: string;
	readonly user: string;
	readonly cl_active: number;
	readonly cl_waiting: number;
	readonly sv_active: number;
	readonly sv_idle: number;
	readonly sv_used: number;
	readonly sv_login: number;
	readonly maxwait: number;
	readonly maxwait_us: number;
	readonly pool_mode: string;
};
type Pool = PoolRow & {readonly wait_s: number};
export type PoolStatsRow = {
	readonly database: string;
	readonly total_xact_count: number;
	readonly total_query_count: number;
	readonly total_wait_time: number;
	readonly avg_xact_time: number;
	readonly avg_query_time: number;
	readonly avg_wait_time: number;
};
export type PoolDatabaseRow = {
	readonly name: string;
	readonly host: string | null;
	readonly port: number;
	readonly database: string;
	readonly pool_size: number;
	readonly reserve_pool: number;
	readonly current_connections: number;
	readonly max_connections: number;
	readonly paused: number;
	readonly disabled: number;
};

/** Microseconds as people read them. */
const micro = (value: Value | undefined) => milliseconds(typeof value === 'number' ? value / 1000 : null);
const right = (field: string, title: string, width: number, priority: number, show = count) => ({field, title, width, align: 'right' as const, show, priority});

/** The console itself is a database too. */
const isServed = (row: {readonly database: string}) => row.database !== 'pgbouncer';

function poolsOf(input: Input): readonly Pool[] {
	return (input.rows.pools ?? []) as readonly Pool[];
}

const waiting: Check = {
	id: 'pool-waiting',
	class: 'now',
	title: 'clients that wait for a connection of the pool',
	when: (input, limit) =>
		poolsOf(input).flatMap(pool => {
			const level = pool.cl_waiting > 0 ? levelOf(pool.wait_s, limit) : undefined;
			if (!level) return [];
			const name = `${pool.user}@${pool.database}`;
			return [
				{
					level,
					subject: name,
					rowKey: `${pool.database} ${pool.user}`,
					field: 'cl_waiting',
					title: `${pool.cl_waiting} clients wait ${duration(pool.wait_s)} for a connection of pool ${name}`,
					detail: `${pool.sv_active} connections busy, ${pool.sv_idle} idle`,
					remedy: 'Find what holds the connections (Sessions), or raise the pool size of this database.',
					value: pool.wait_s,
				},
			];
		}),
};

export const pools: Pane = {
	id: 'pools',
	title: 'Pools',
	tables: [
		table<Pool>({
			id: 'pools',
			title: 'Pools',
			empty: 'PgBouncer has no pool yet: nobody has connected through it.',
			from: {pgbouncer: 'show pools'},
			scope: 'server',
			every: 'slow',
			rowKey: row => `${row.database} ${row.user}`,
			derive: rows => rows.filter(isServed).map(row => ({...row, wait_s: row.maxwait + (row.maxwait_us ?? 0) / 1e6}) as unknown as Row),
			columns: [
				{field: 'database', title: 'database', width: 16, grow: 1, priority: 1},
				{field: 'user', title: 'user', width: 12, priority: 1},
				{...right('cl_waiting', 'waiting', 8, 1), tone: row => (row.cl_waiting > 0 ? 'warning' : undefined)},
				right('wait_s', 'longest', 8, 1, duration),
				right('cl_active', 'clients', 8, 2),
				right('sv_active', 'busy', 6, 2),
				right('sv_idle', 'idle', 6, 3),
				right('sv_used', 'used', 6, 4),
				right('sv_login', 'login', 6, 5),
				{field: 'pool_mode', title: 'mode', width: 12, priority: 3},
			],
			order: (a, b) => b.wait_s - a.wait_s || b.cl_active - a.cl_active,
			checks: [waiting],
		}),
		table<PoolDatabaseRow>({
			id: 'pool-databases',
			title: 'Databases',
			empty: 'PgBouncer serves no database.',
			from: {pgbouncer: 'show databases'},
			scope: 'server',
			every: 'slow',
			rowKey: row => row.name,
			derive: rows => rows.filter(isServed),
			columns: [
				{field: 'name', title: 'name', width: 16, grow: 1, priority: 1},
				{field: 'host', title: 'server', width: 16, show: (value, row) => `${value ?? 'socket'}:${row.port}`, priority: 3},
				{field: 'database', title: 'database', width: 14, priority: 2},
				right('current_connections', 'now', 6, 1),
				right('pool_size', 'pool', 6, 1),
				right('reserve_pool', 'reserve', 8, 4),
				right('max_connections', 'most', 6, 4),
				{
					field: 'paused',
					title: 'state',
					width: 9,
					show: (_, row) => (row.disabled ? 'disabled' : row.paused ? 'paused' : 'open'),
					tone: row => (row.paused || row.disabled ? 'warning' : undefined),
					priority: 2,
				},
			],
		}),
		table<PoolStatsRow>({
			id: 'pool-stats',
			title: 'Traffic',
			empty: 'PgBouncer has no statistics yet.',
			from: {pgbouncer: 'show stats'},
			scope: 'server',
			every: 'slow',
			rowKey: row => row.database,
			counters: ['total_xact_count', 'total_query_count', 'total_wait_time'],
			derive: rows => rows.filter(isServed),
			columns: [
				{field: 'database', title: 'database', width: 16, grow: 1, priority: 1},
				right('total_xact_count_per_s', 'xacts', 9, 1, perSecond),
				right('total_query_count_per_s', 'queries', 9, 2, perSecond),
				right('avg_xact_time', 'xact avg', 9, 3, micro),
				right('avg_query_time', 'query avg', 9, 3, micro),
				right('avg_wait_time', 'wait avg', 9, 1, micro),
			],
		}),
	],
	arrange: 'stack',
};
