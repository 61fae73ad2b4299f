import {worstOf} from '../source/checks.ts';
import type {Finding, Line, Segment, Tone} from '../source/pane.ts';
import {serviceName} from '../source/provider.ts';
import type {Server, State} from '../source/state.ts';
import {clock, duration} from './format.ts';
import {cut, toWidth, widthOf, widthOfLine} from './layout.ts';
import {markOf} from './theme.ts';

/** Line 1: where, what, how long, the state of the feed, how bad, the server's clock. From the right, what is least needed leaves first. */
export function headline(state: State): Line {
	const server = state.servers[state.watched];
	const width = state.size.columns;
	const feed = feedOf(state, server);
	const critical = state.findings.filter(finding => finding.level === 'critical' && finding.class === 'now').length;
	const narrow = width < 60;
	const alarm = `  ${markOf('critical')} ${critical}${narrow ? '' : ' critical'}`;
	const right: Segment[] = [feed, ...(critical > 0 ? [{text: alarm, tone: 'critical' as const}] : [])];
	const time = serverClock(state);
	if (time && width >= 100) right.push({text: `  ${time}`, tone: 'dim'});
	right.push({text: ' '});
	const rightWidth = right.reduce((sum, segment) => sum + widthOf(segment.text), 0);
	const {label} = state.settings;
	const left: Segment[] = narrow && label ? [] : [{text: ' pgperf', tone: 'strong'}];
	if (label) left.push({text: `${left.length > 0 ? '  ' : ' '}${label}`, tone: 'critical'});
	const room = Math.max(0, width - rightWidth - 1);
	const told = facts(state, server);
	// A long name of a host must not push out what is dangerous.
	const warnings = told.reduce((sum, [text, tone]) => sum + (tone === 'warning' ? widthOf(text) + 2 : 0), 0);
	const used = left.reduce((sum, one) => sum + widthOf(one.text), 0) + 2;
	left.push({text: `  ${cut(server?.title ?? state.watched, Math.max(narrow ? 3 : 12, room - used - warnings))}`, tone: 'accent'});
	for (const [text, tone, short] of told) {
		const spare = room - left.reduce((sum, one) => sum + widthOf(one.text), 0);
		const fits = [text, ...(short === undefined ? [] : [short])].find(one => widthOf(one) + 2 <= spare);
		if (fits !== undefined) left.push({text: `  ${fits}`, tone});
	}
	return [...toWidth(left, room), {text: ' '}, ...right];
}

/** In the order of what must be seen: what is dangerous first; some have a shorter form for where the room is scarce. */
function facts(state: State, server: Server | undefined): readonly (readonly [string, Tone, string?])[] {
	const {settings} = state;
	const told: [string, Tone, string?][] = [];
	if (settings.readOnly) told.push(['READ ONLY', 'warning']);
	if (server?.note) told.push([server.note, 'warning']);
	if (server?.facts?.pooled) told.push(['via pgbouncer', 'warning']);
	if (settings.audit.is !== 'on') told.push([settings.audit.is === 'off' ? 'no audit' : 'audit broken', 'warning']);
	if (server?.facts) {
		const role = server.facts.recovery ? 'standby' : 'primary';
		told.push([`PostgreSQL ${server.facts.version} ${role}`, 'plain', `${server.facts.version} ${role}`]);
		if (server.facts.provider) told.push([serviceName(server.facts.provider), 'dim']);
		const epoch = epochOf(state);
		if (epoch !== undefined) told.push([`up ${duration(epoch - server.facts.started_at)}`, 'dim']);
		told.push([`${server.facts.role}`, 'dim']);
	}
	return told;
}

/** The feed in words and with a sign: colour is never alone. */
function feedOf(state: State, server: Server | undefined): Segment {
	if (!server || server.feed.is === 'connecting') return {text: '◌ connecting', tone: 'warning'};
	const age = feedAge(state);
	if (server.feed.is === 'lost') {
		const wait = Math.max(0, Math.ceil((server.feed.retryAt - state.now) / 1000));
		const next = wait > 0 ? `retry in ${wait}s` : 'trying';
		const old = age === undefined ? '' : `${duration(age)} old`;
		return {text: old !== '' && state.size.columns < 60 ? `✖ lost: ${old}` : `✖ lost: ${next}${old && `, ${old}`}`, tone: 'critical'};
	}
	if (state.paused) return {text: `❚❚ paused${age === undefined ? '' : ` ${duration(age)} ago`}`, tone: 'warning'};
	if (age !== undefined && age * 1000 > 2.5 * state.interval) return {text: `◌ stale ${duration(Math.floor(age))}`, tone: 'warning'};
	return {text: `● live ${duration(state.interval / 1000)}`, tone: 'good'};
}

/** Seconds since the vitals were sampled. */
function feedAge(state: State): number | undefined {
	const at = state.answers[state.watched]?.vitals?.sample?.at;
	return at === undefined ? undefined : Math.max(0, (state.now - at) / 1000);
}

/** The server's own time, carried on by our monotonic clock: a local clock that jumps does not move it. */
function epochOf(state: State): number | undefined {
	const sample = state.answers[state.watched]?.vitals?.sample;
	const time = sample?.rows[0]?.server_time;
	return sample && typeof time === 'number' ? time + Math.max(0, state.now - sample.at) / 1000 : undefined;
}

function serverClock(state: State): string | undefined {
	const epoch = epochOf(state);
	return epoch === undefined ? undefined : clock(epoch);
}

/** Line 3: the worst findings of class now, worst first; or why there is nothing to say. Always there, so that nothing jumps. */
export function findingsLine(state: State): Line {
	const width = state.size.columns;
	const server = state.servers[state.watched];
	if (state.notice) return toWidth([{text: ` ${state.notice.text}`, tone: state.notice.tone}], width);
	if (server?.feed.is === 'lost') return toWidth([{text: ` ${markOf('critical')} ${server.feed.message}`, tone: 'critical'}], width);
	const now = state.findings.filter(finding => finding.class === 'now');
	if (now.length === 0) return toWidth(quiet(state), width);
	const line: Segment[] = [];
	let used = 0;
	let told = 0;
	for (const finding of now) {
		const left = now.length - told - 1;
		const room = width - used - (left > 0 ? 8 : 1);
		const segment: Segment = {text: cut(`${told === 0 ? ' ' : '   '}${markOf(finding.level)} ${finding.title}`, Math.max(0, room)), tone: toneOf(finding)};
		if (told > 0 && room < 24) break;
		line.push(segment);
		used += widthOf(segment.text);
		told += 1;
	}
	if (told < now.length) line.push({text: `  +${now.length - told} f`, tone: 'dim'});
	return toWidth(line, width);
}

function toneOf(finding: Finding): Tone {
	return finding.level;
}

function quiet({coverage: {evaluated, unseen, waiting}, findings}: State): Line {
	const all = evaluated.length + unseen.length + waiting.length;
	if (evaluated.length === 0) return [{text: ' ◌ checking', tone: 'dim'}];
	const parts = [...(unseen.length > 0 ? [`${unseen.length} can't be seen`] : []), ...(waiting.length > 0 ? [`${waiting.length} not asked yet`] : [])];
	const asked = `(${evaluated.length} of ${all} checks${parts.length > 0 ? `; ${parts.join(', ')}` : ''})`;
	// What hurts nobody at this moment is found all the same.
	const [worst, ...more] = findings;
	if (!worst) return [{text: ` ● nothing found ${asked}`, tone: 'good'}];
	return [
		{text: ` ● nothing hurts now ${asked}`, tone: 'good'},
		{text: `  ${more.length + 1} to care for: f`, tone: worst.level === 'critical' ? 'critical' : 'dim'},
	];
}

/** The tab bar; a pane with findings has their tone. Where it does not fit, the titles around the open one shorten, down to their keys: where one is can always be read. */
export function tabs(state: State): Line {
	const width = state.size.columns;
	const panes = state.panes.filter(pane => pane.key !== undefined);
	const open = state.panes.find(pane => pane.id === state.pane);
	const bar = (letters: number, more: Line): Line => {
		const line: Segment[] = [{text: ' '}];
		for (const pane of panes) {
			const level = worstOf(
				state.findings,
				pane.tables.map(table => table.id),
			);
			const selected = pane === open;
			const text = `${pane.key} ${selected ? pane.title : pane.title.slice(0, letters)}`.trimEnd();
			line.push({text, tone: level ?? (selected ? 'strong' : 'dim'), inverse: selected}, {text: ' '});
		}
		if (open && open.key === undefined) line.push({text: `g ${open.title}`, tone: 'strong', inverse: true}, {text: ' '});
		return [...line, ...more];
	};
	for (const letters of lengths) {
		const line = bar(letters, [{text: 'g more', tone: 'dim'}]);
		if (widthOfLine(line) <= width) return toWidth(line, width);
	}
	return toWidth(bar(0, []), width);
}

/** Letters that a title is shortened to; the longest title has 11, and one letter tells less than none. */
const lengths = [99, 10, 9, 8, 7, 6, 5, 4, 3, 2, 0] as const;
