import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Event} from '../source/event.ts';
import type {Result, Row} from '../source/pane.ts';
import {reducer} from '../source/reduce.ts';
import type {State} from '../source/state.ts';
import {freshView} from '../source/visible.ts';
import {copied} from '../views/copied.ts';
import {screenOf} from '../views/frame.ts';
import {widthOfLine} from '../views/layout.ts';
import {panes} from '../views/panes/index.ts';
import {painted} from '../views/theme.ts';
import {hostileText, seeded} from './support/hostile.ts';
import {recorded, unbroken} from './support/recorded.ts';

/** Our own styling, and nothing else that begins with an escape. */
const styling = /\u001b\[(?:0|1|2|7|22|27|3[0-9]|9[0-7])?m/g;
const harmful =
	/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b-\u200f\u061c\u2028\u2029\ufeff]|[\ud800-\udfff](?<![\ud800-\udbff][\udc00-\udfff])(?![\udc00-\udfff])/u;
const reduce = reducer(() => 0);
let strings = 0;

function judged(state: State, what: string): void {
	const lines = screenOf(state);
	assert.equal(lines.length, state.size.rows, what);
	for (const line of lines) {
		const sent = painted(line, true);
		assert.equal(widthOfLine(line), state.size.columns, `${what}: ${JSON.stringify(sent)}`);
		const plain = sent.replace(styling, '');
		assert.doesNotMatch(plain, harmful, `${what}: ${JSON.stringify(plain)}`);
	}
}

/** Every text of a recorded answer becomes a hostile one; the same text the same one, so that joins still meet. */
function poisoned(rows: readonly Row[], random: () => number, known: Map<string, string>): readonly Row[] {
	return rows.map(row =>
		Object.fromEntries(
			Object.entries(row).map(([field, value]) => {
				if (typeof value !== 'string' || keepsItsShape(field, value)) return [field, value];
				const text = known.get(value) ?? hostileText(random);
				known.set(value, text);
				strings++;
				return [field, text];
			}),
		),
	);
}

/** What PostgreSQL itself makes: kinds, states and numbers are no place for anybody's text. */
function keepsItsShape(field: string, value: string): boolean {
	return (
		/^[-\d.]+$/.test(value) ||
		/^(kind|state|wait_event_type|backend_type|strategy|relkind|bounds|key_types|extensions|stats_reset|since|xact_start|backend_start|query_start|state_change)$/.test(
			field,
		)
	);
}

function poisonedState(pane: string, size: State['size'], random: () => number): State {
	const known = new Map<string, string>();
	let state = recorded(pane, size);
	for (const [id, answers] of Object.entries(state.answers)) {
		const results: Record<string, Result> = {};
		for (const [name, {sample}] of Object.entries(answers)) {
			if (!sample || name === 'vitals') continue;
			results[name] =
				random() < 0.1
					? {status: 'failed', message: hostileText(random), code: 'XX000'}
					: {status: 'ok', sample: {...sample, at: sample.at + 1000, rows: poisoned(sample.rows, random, known)}};
		}
		const request = state.requests + 1;
		const {generation} = state.servers[id]!;
		const at = state.now + 1000;
		const events: readonly Event[] = [
			{type: 'requested', server: id, session: 'sample', request, queries: Object.keys(results), at},
			{type: 'sampled', server: id, session: 'sample', generation, request, at, results},
			{type: 'notified', server: id, channel: hostileText(random), payload: hostileText(random)},
			{type: 'logged', entry: {kind: 'action', text: hostileText(random), tone: 'warning'}},
		];
		state = events.reduce(reduce, state);
	}
	strings += 3;
	return unbroken(state);
}

test('10,000 hostile texts in every field of every table: the screen stays exact and harmless', () => {
	const random = seeded(20261121);
	const sizes = [
		[80, 24],
		[120, 32],
		[200, 50],
		[57, 17],
		[40, 12],
	] as const;
	for (let round = 0; strings < 10_000 || round < 2; round++) {
		for (const pane of panes.filter(one => one.place !== 'frame')) {
			const [columns, rows] = sizes[Math.floor(random() * sizes.length)]!;
			const state = poisonedState(pane.id, {columns, rows}, random);
			for (let index = 0; index < pane.tables.length; index++) {
				const table = pane.tables[index]!;
				const view = {
					...freshView,
					offset: Math.floor(random() * 4),
					showHidden: true,
					filter: random() < 0.3 ? 'a' : '',
					group: random() < 0.3 ? (table.groups?.[0] ?? null) : null,
				};
				const looked: State = {...state, shown: {[pane.id]: index}, focus: {[pane.id]: table.id}, views: {[table.id]: view}};
				judged(looked, `${pane.id} ${table.id} ${columns}x${rows}`);
				assert.doesNotMatch(copied(looked, false).replaceAll('\t', ' '), harmful);
				const opened = reduce(looked, {type: 'entered', at: 1});
				const detail = opened.overlays.at(-1);
				judged(opened, `${pane.id} ${table.id} detail`);
				if (detail?.is === 'detail') {
					const row = Object.fromEntries(['query', 'definition', 'name', 'mode', 'relation'].map(field => [field, hostileText(random)]));
					const answers = (table.detail?.ask ?? []).map(
						(ask): Event => ({type: 'fetched', request: detail.request, id: ask.id, result: {status: 'failed', message: row.query!, code: undefined}}),
					);
					judged(answers.reduce(reduce, opened), `${pane.id} ${table.id} detail answered`);
				}
			}
		}
	}
	assert.ok(strings >= 10_000, String(strings));
});

test('findings, log, menus, notices, questions, outcomes, titles and reasons', () => {
	const random = seeded(7);
	for (let round = 0; round < 60; round++) {
		const size = {columns: 40 + Math.floor(random() * 200), rows: 12 + Math.floor(random() * 50)};
		const base = poisonedState('sessions', size, random);
		const text = () => hostileText(random);
		for (const overlay of ['findings', 'log', 'goto', 'actions', 'servers', 'help', 'filter'] as const)
			judged(reduce(base, {type: 'called', overlay}), overlay);
		judged(reduce(base, {type: 'noticed', text: text(), tone: 'warning'}), 'notice');
		judged(reduce(base, {type: 'lost', server: base.watched, at: base.now, message: text(), retryAt: base.now + 1000}), 'lost');
		judged(reduce({...base, settings: {...base.settings, label: text()}}, {type: 'resized', size}), 'label');
		const typed = reduce(reduce(base, {type: 'called', overlay: 'filter'}), {type: 'typed', text: text(), at: 1});
		judged(typed, 'filter');
		const asked = reduce(base, {type: 'asked', action: 'terminate', at: 1});
		const question = asked.overlays.at(-1);
		if (question?.is !== 'question') continue;
		const plan = {
			action: 'terminate',
			label: text(),
			server: base.watched,
			generation: base.servers[base.watched]!.generation,
			at: base.now,
			targets: [
				{key: '1', subject: text(), statements: [{on: 'postgres' as const, text: text(), args: [], group: ''}], why: null, guard: {}},
				{key: '2', subject: text(), statements: [], why: text(), guard: {}},
			],
			facts: [[{text: text()}]],
			typed: text(),
		};
		judged(reduce(asked, {type: 'planned', request: question.request, plan}), 'question');
		judged(reduce(asked, {type: 'planned', request: question.request, problem: text()}), 'refused');
		judged(reduce(base, {type: 'settled', request: 99, title: text(), outcomes: [{subject: text(), done: false, tone: 'critical', text: text()}]}), 'outcome');
	}
});
