import type {Check, Line, Pane, Row, Table} from '../../source/pane.ts';
import {table} from '../../source/pane.ts';
import {settingRemedy} from '../../source/provider.ts';
import {hit, text, told} from '../figures.ts';

export type SettingsRow = {
	readonly name: string;
	readonly value: string | null;
	readonly boot_val: string | null;
	readonly unit: string | null;
	readonly category: string;
	readonly short_desc: string;
	readonly context: string;
	readonly source: string | null;
	readonly sourcefile: string | null;
	readonly sourceline: number | null;
	readonly pending_restart: boolean;
};

export type RoleSettingsRow = {
	readonly datname: string;
	readonly rolname: string;
	readonly name: string;
	readonly value: string;
	readonly server_value: string | null;
	readonly unit: string | null;
};

const units: Readonly<Record<string, number>> = {B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4};
const times: Readonly<Record<string, number>> = {us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000};

/** A value in the largest unit that keeps it whole, as one would write it: `8192` of `8kB` is `64MB`. */
export function withUnit(value: string | null, unit: string | null): string {
	if (value === null) return '–';
	const parts = unit === null ? null : /^(\d*)([a-zA-Z]+)$/.exec(unit);
	const amount = Number(value);
	if (!parts || !Number.isFinite(amount) || amount <= 0) return value;
	const scale = units[parts[2]!] !== undefined ? units : times[parts[2]!] !== undefined ? times : undefined;
	if (!scale) return `${value}${unit}`;
	const base = amount * (parts[1] === '' ? 1 : Number(parts[1])) * scale[parts[2]!]!;
	const [name, factor] = Object.entries(scale).findLast(([, size]) => base >= size && Number.isInteger(base / size)) ?? [parts[2]!, scale[parts[2]!]!];
	return `${base / factor}${name}`;
}

/** What may lose or corrupt data, or lets the server rot. */
const dangerous: Readonly<Record<string, {readonly value: string; readonly why: string}>> = {
	fsync: {value: 'off', why: 'a crash of the machine destroys the cluster'},
	full_page_writes: {value: 'off', why: 'a crash of the machine may tear pages that nothing can repair'},
	autovacuum: {value: 'off', why: 'dead rows stay and statistics grow old'},
	track_counts: {value: 'off', why: 'autovacuum and this console see nothing'},
	zero_damaged_pages: {value: 'on', why: 'damaged pages are silently emptied'},
	ignore_checksum_failure: {value: 'on', why: 'damage is passed over in silence'},
	ignore_system_indexes: {value: 'on', why: 'every look into the catalog reads all of it'},
};

function dangerOf(row: Row): string | undefined {
	const known = dangerous[text(row.name)];
	return known && known.value === row.value ? known.why : undefined;
}

const pending: Check = {
	id: 'pending-restart',
	class: 'care',
	title: 'settings wait for a restart',
	when: (input, limit) => {
		const rows = (input.rows.settings ?? []).filter(row => row.pending_restart === true);
		return rows.length === 0
			? []
			: hit(rows.length, limit, {
					subject: 'settings',
					title: `${rows.length} ${rows.length === 1 ? 'setting waits' : 'settings wait'} for a restart: ${rows.map(row => text(row.name)).join(', ')}`,
					detail: 'the files say something else than what the server runs with',
					remedy: 'Restart in a quiet moment, or take the change back: else the next restart brings a surprise.',
				});
	},
};

const danger: Check = {
	id: 'dangerous-setting',
	class: 'care',
	title: 'dangerous setting',
	when: (input, limit) =>
		(input.rows.settings ?? []).flatMap(row => {
			const why = dangerOf(row);
			return why === undefined
				? []
				: hit(1, limit, {
						subject: text(row.name),
						rowKey: text(row.name),
						field: 'value',
						title: `${text(row.name)} is ${text(row.value)}: ${why}`,
						detail: `set by ${text(row.source)}${row.sourcefile === null ? '' : ` (${text(row.sourcefile)}:${text(row.sourceline)})`}`,
						remedy: `${settingRemedy(input.facts[input.watched], text(row.name), undefined, row.context === 'postmaster' ? 'restart' : 'reload')}, unless this server may be lost`,
					});
		}),
};

const changed: Table = table<SettingsRow>({
	id: 'settings',
	title: 'settings',
	empty: 'Every setting is as PostgreSQL was built.',
	from: {sql: 'settings'},
	scope: 'server',
	every: 'rare',
	rowKey: row => row.name,
	columns: [
		{field: 'name', title: 'setting', width: 30, priority: 1, tone: row => (row.pending_restart ? 'notice' : undefined)},
		{
			field: 'value',
			title: 'value',
			width: 16,
			grow: 2,
			priority: 1,
			show: (_, row) => withUnit(row.value, row.unit),
			tone: row => (dangerOf(row) ? 'warning' : 'strong'),
		},
		{field: 'boot_val', title: 'built-in', width: 12, grow: 1, priority: 2, show: (_, row) => withUnit(row.boot_val, row.unit), tone: () => 'dim'},
		{field: 'source', title: 'from', width: 18, priority: 3, show: value => (value === null ? 'the session or its role' : text(value))},
		{
			field: 'context',
			title: 'changes at',
			width: 11,
			priority: 4,
			show: value => (value === 'postmaster' ? 'restart' : value === 'sighup' ? 'reload' : 'once'),
		},
		{field: 'pending_restart', title: 'note', width: 18, priority: 2, show: (value, row) => (value ? 'waits for restart' : dangerOf(row) ? 'dangerous' : '')},
	],
	groups: ['category', 'source', 'context'],
	filters: {source: 'source', name: 'name'},
	order: (a, b) =>
		Number(b.pending_restart) - Number(a.pending_restart) ||
		Number(dangerOf(b) !== undefined) - Number(dangerOf(a) !== undefined) ||
		(a.name < b.name ? -1 : 1),
	summary: (rows): readonly Line[] => {
		const waiting = rows.filter(row => row.pending_restart).length;
		return waiting > 0 ? [[{text: `${waiting} wait for a restart`, tone: 'notice'}]] : [];
	},
	detail: {
		title: row => row.name,
		ask: [],
		sections: row => [
			{
				title: row.short_desc,
				lines: [
					told('value', withUnit(row.value, row.unit)),
					told('built-in', withUnit(row.boot_val, row.unit)),
					told('category', row.category),
					told('comes from', row.sourcefile === null ? text(row.source) : `${row.sourcefile}:${text(row.sourceline)}`),
					told('waits for a restart', row.pending_restart ? 'yes' : 'no'),
					...(dangerOf(row) ? [[{text: text(dangerOf(row)), tone: 'warning' as const}]] : []),
				],
			},
		],
	},
	checks: [pending, danger],
});

const ofRoles: Table = table<RoleSettingsRow>({
	id: 'role-settings',
	title: 'of roles and databases',
	empty: 'Nothing is set for single roles or databases.',
	from: {sql: 'role-settings'},
	scope: 'server',
	every: 'rare',
	rowKey: row => `${row.datname} ${row.rolname} ${row.name}`,
	columns: [
		{field: 'rolname', title: 'role', width: 14, grow: 1, priority: 1},
		{field: 'datname', title: 'database', width: 16, grow: 1, priority: 2},
		{field: 'name', title: 'setting', width: 24, priority: 1},
		{field: 'value', title: 'value', width: 14, grow: 1, priority: 1, tone: () => 'strong'},
		{field: 'server_value', title: 'server', width: 12, priority: 3, show: (_, row) => withUnit(row.server_value, row.unit), tone: () => 'dim'},
	],
	groups: ['rolname', 'datname'],
	filters: {user: 'rolname', db: 'datname', name: 'name'},
	order: (a, b) => (a.rolname === b.rolname ? (a.name < b.name ? -1 : 1) : a.rolname < b.rolname ? -1 : 1),
});

/** What differs from the built-in defaults, for everybody and for single roles. */
export const settings: Pane = {id: 'settings', title: 'Settings', tables: [changed, ofRoles], arrange: 'switch'};
