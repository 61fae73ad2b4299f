import {type Pane, table} from '../../source/pane.ts';

/** queries/extensions.sql */
export type ExtensionsRow = {
	readonly name: string;
	readonly version: string;
	readonly available: string | null;
	readonly schema: string;
	readonly about: string | null;
};

const isOld = (row: ExtensionsRow) => row.available !== null && row.available !== row.version;

export const extensions: Pane = {
	id: 'extensions',
	title: 'Extensions',
	arrange: 'stack',
	tables: [
		table<ExtensionsRow>({
			id: 'extensions',
			title: 'Extensions',
			empty: 'This database has no extension.',
			from: {sql: 'extensions'},
			scope: 'server',
			every: 'rare',
			rowKey: row => row.name,
			columns: [
				{field: 'name', title: 'extension', width: 20, priority: 1},
				{field: 'version', title: 'version', width: 9, tone: row => (isOld(row) ? 'notice' : undefined), priority: 1},
				{field: 'available', title: 'on server', width: 9, priority: 2},
				{field: 'schema', title: 'schema', width: 12, priority: 3},
				{field: 'about', title: 'about', width: 20, grow: 1, priority: 4},
			],
		}),
	],
};
