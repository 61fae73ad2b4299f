import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {bug} from '../../source/answers.ts';
import {queryOf} from '../../source/due.ts';
import type {Event} from '../../source/event.ts';
import type {Facts, PaneId, QueryName, Result, Row, ServerId} from '../../source/pane.ts';
import {reducer} from '../../source/reduce.ts';
import {initialState, type Size, type State} from '../../source/state.ts';
import {panes} from '../../views/panes/index.ts';
import {settings} from './world.ts';

type Recording = Readonly<Record<ServerId, {readonly seconds: number | null; readonly before: readonly Row[] | null; readonly now: readonly Row[]}>>;
const watched = 'shop @ db1:5432';
/** 2026-11-20 14:03:22 UTC: recordings have no clock of their own. */
export const wall = 1_795_183_402_000;

function read<T>(name: string): T | undefined {
	const file = new URL(`../fixtures/${name}.json`, import.meta.url);
	return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

export type Play = 'full' | 'empty' | 'skipped';

/**
 * The state after two rounds of what was recorded on real servers (test/support/record-world.ts); 'empty' with no rows,
 * 'skipped' where every question was refused. Histories are drawn: a recording is too short for a chart. A variant (test/fixtures/variants/)
 * tells other answers to some of the questions: what the recorded world does not have.
 */
export function recorded(pane: PaneId, size: Size, play: Play = 'full', variant?: string): State {
	const facts = read<Readonly<Record<ServerId, Facts>>>('world/facts')!;
	const others = variant === undefined ? {} : read<Readonly<Record<QueryName, Recording>>>(`variants/${variant}`)!;
	const reduce = reducer(() => 0);
	let state = initialState({panes, settings, watched, interval: 1000, size, pane, now: 0, wall});
	const dispatch = (event: Event) => {
		state = reduce(state, event);
	};
	for (const [id, known] of Object.entries(facts)) {
		dispatch({type: 'known', server: id, title: id, at: 0});
		dispatch({type: 'connected', server: id, at: 0, facts: known, ownPids: [], tls: false});
	}
	const names = [...new Set(panes.flatMap(one => one.tables.flatMap(table => queryOf(table) ?? [])))];
	const recordings = new Map(names.map(name => [name, others[name] ?? read<Recording>(`world/${name.replace(/[/: ]/g, '.')}`) ?? {}]));
	let request = 0;
	for (const [at, part] of [
		[0, 'before'],
		[1, 'now'],
	] as const) {
		for (const id of Object.keys(facts)) {
			const results: Record<QueryName, Result> = {};
			const latest = 100_000;
			for (const [name, recording] of recordings) {
				const one = recording[id];
				if (!one) continue;
				// All were answered just now; what came before lies as far back as it did.
				const when = at === 1 ? latest : latest - 1000 * (one.seconds ?? 1);
				const rows = play === 'empty' && name !== 'vitals' ? [] : one[part];
				if (play === 'skipped' && name !== 'vitals') results[name] = {status: 'skipped', reason: 'needs pg_monitor', remedy: 'grant pg_monitor to dba'};
				else if (rows) results[name] = {status: 'ok', sample: {at: when, rows, cost: 1}};
			}
			dispatch({type: 'requested', server: id, session: 'sample', request: ++request, queries: Object.keys(results), at: latest});
			dispatch({type: 'sampled', server: id, session: 'sample', generation: state.servers[id]!.generation, request, at: latest, results});
		}
	}
	const wave = (seed: number) => Array.from({length: 300}, (_, i) => (i < 40 ? null : Math.abs(Math.sin(i / 17 + seed) * 0.5 + Math.sin(i / 5 + seed) * 0.2)));
	const history = Object.fromEntries(panes.flatMap(one => one.series ?? []).map((series, i) => [series.id, wave(i)]));
	const newest = Math.max(...Object.values(state.tables).map(table => table.at ?? 0));
	state = {...state, history: play === 'full' ? history : {}};
	dispatch({type: 'ticked', at: newest, wall});
	return unbroken(state);
}

/** The console goes on where a pane fails on an answer; a test does not. */
export function unbroken(state: State): State {
	for (const [id, {problem}] of Object.entries(state.tables)) assert.ok(!problem?.reason.startsWith(bug), `${id}: ${problem?.reason}`);
	return state;
}
