import type {Facts, Row} from '../pane.ts';
import {missingAhead, olderThan, type Partitioned, parseAge} from '../partition-choice.ts';
import type {State} from '../state.ts';
import type {Verb} from '../verbs.ts';
import type {Link} from './postgres.ts';
import type {Parameters} from './session.ts';

/** What the plan is made of, or why there is none. `nothing`: it is as it should be already. */
export type Found =
	| {
			readonly action: string;
			readonly rows: readonly Row[];
			readonly form: Readonly<Record<string, string>>;
			/** Of several words those that mean nothing here, as sentences. */
			readonly missing?: readonly string[];
	  }
	| {readonly problem: string; readonly nothing: boolean};

export type Wish = {
	readonly verb: Verb;
	readonly words: readonly string[];
	readonly ahead: string | undefined;
	readonly olderThan: string | undefined;
	readonly drop: boolean;
	readonly move: boolean;
};

/** The rows that the words mean, as the action wants them. */
export async function find(wish: Wish, link: Link, state: State, facts: Facts): Promise<Found> {
	const {verb, words} = wish;
	const {aim} = verb;
	const ask = async (name: string, params: Parameters = []): Promise<readonly Row[] | {readonly problem: string; readonly nothing: boolean}> => {
		const result = await link.one('survey', name, params);
		if (result.status === 'ok') return result.sample.rows;
		return {problem: result.status === 'failed' ? result.message : result.reason, nothing: false};
	};
	const plain = (rows: readonly Row[], missing: readonly string[] = []): Found => ({action: verb.action, rows, form: verb.form ?? {}, missing});
	switch (aim.is) {
		case 'session': {
			const known = state.tables.sessions?.rows ?? [];
			const rows = known.filter(row => words.includes(String(row.pid)));
			const gone = words.filter(word => !rows.some(row => String(row.pid) === word));
			if (rows.length === 0) return {problem: `${words.join(', ')}: no such session: gone already`, nothing: true};
			return plain(
				rows,
				gone.map(word => `${word}: no such session: gone already`),
			);
		}
		case 'relation': {
			const rows = await ask('actions/find', [words, aim.kinds]);
			if ('problem' in rows) return rows;
			const lost = words.filter(word => !rows.some(row => row.name === word));
			if (lost.length > 0 && !(aim.gone && rows.length > 0))
				return {problem: `there is no ${aim.called} ${lost.join(', ')} in database ${facts.database}`, nothing: aim.gone};
			const twice = ambiguous(words, rows);
			if (twice) return twice;
			// One that is named twice is done once.
			const once = [...new Map(rows.map(row => [row.oid, row])).values()];
			return plain(
				once.map(row => ({...row, relid: row.oid ?? null, indexrelid: row.oid ?? null})),
				lost.map(word => `there is no ${aim.called} ${word} in database ${facts.database}`),
			);
		}
		case 'partitioned':
			return partitioned(wish, facts, ask);
		case 'foreign key': {
			const rows = await ask('missing-fk-indexes');
			if ('problem' in rows) return rows;
			const isMeant = (row: Row, word: string) => word === row.conname || word === `${row.nspname}.${row.conname}`;
			const found = rows.filter(row => words.some(word => isMeant(row, word)));
			const none = 'no foreign key of that name lacks an index';
			if (found.length === 0) return {problem: `${words.join(', ')}: ${none}`, nothing: true};
			return plain(
				found,
				words.filter(word => !found.some(row => isMeant(row, word))).map(word => `${word}: ${none}`),
			);
		}
		case 'slot':
			return plain(words.map(slot_name => ({slot_name})));
		case 'tag':
			return plain(words.map(tag => ({tag})));
		case 'server':
			return plain([{}]);
	}
}

type Ask = (name: string, params?: Parameters) => Promise<readonly Row[] | {readonly problem: string; readonly nothing: boolean}>;

function ambiguous(words: readonly string[], rows: readonly Row[]): Found | undefined {
	for (const word of words) {
		const found = rows.filter(row => row.name === word);
		if (found.length > 1) return {problem: `${word} may be ${found.map(row => row.relation).join(' or ')}: name the schema`, nothing: false};
	}
	return undefined;
}

async function partitioned(wish: Wish, facts: Facts, ask: Ask): Promise<Found> {
	const {words} = wish;
	const found = await ask('actions/find', [words, ['p']]);
	if ('problem' in found) return found;
	const twice = ambiguous(words, found);
	if (twice) return twice;
	if (found.length === 0) return {problem: `there is no partitioned table ${words.join(', ')} in database ${facts.database}`, nothing: false};
	const all = await ask('partitions');
	if ('problem' in all) return all;
	const row = all.find(one => one.oid === found[0]!.oid);
	if (!row) return {problem: `${words[0]} has gone`, nothing: false};
	const table = row as unknown as Partitioned & Row;
	if (wish.ahead !== undefined) {
		const missing = missingAhead(table, Number(wish.ahead), facts.timezone);
		if (typeof missing !== 'number') return {problem: missing.refused, nothing: false};
		if (missing === 0)
			return {problem: `${row.relation}: ${table.strategy === 'h' ? 'no remainder is missing' : `${wish.ahead} partitions lie ahead already`}`, nothing: true};
		return {action: wish.move ? 'move-default' : 'partitions', rows: [row], form: {count: String(missing)}};
	}
	const old = olderThan(table, parseAge(wish.olderThan!)!, facts.timezone);
	if ('refused' in old) return {problem: old.refused, nothing: false};
	if (old.length === 0) return {problem: `${row.relation}: no partition is older than ${wish.olderThan}`, nothing: true};
	return {action: 'old-partitions', rows: [row], form: {age: wish.olderThan!, what: wish.drop ? 'drop' : 'detach'}};
}
