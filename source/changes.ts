import type {Facts, Row, Tone} from './pane.ts';

/** What is different now, as a sentence for the log and the screen's third line. */
export type Change = {readonly text: string; readonly tone: Tone};

/** What happened to a server between two readings of its facts. The weightiest is first. */
export function changesBetween(before: Facts, now: Facts): readonly Change[] {
	const changes: Change[] = [];
	const say = (text: string, tone: Tone = 'warning') => changes.push({text, tone});
	const other = before.system_identifier !== null && now.system_identifier !== null && before.system_identifier !== now.system_identifier;
	if (other) say('another cluster answers here now: its system identifier is a different one', 'critical');
	if (before.recovery && !now.recovery) say('it was promoted: a primary now');
	if (!before.recovery && now.recovery) say('it is a standby now, and was a primary');
	if (!other && before.started_at !== now.started_at) say('it was restarted: changes are counted anew');
	if (before.version !== now.version) say(`PostgreSQL ${before.version} became ${now.version}`);
	for (const [key, right] of rights) {
		if (before[key] && !now[key]) say(`role ${now.role} has lost ${right}`);
		if (!before[key] && now[key]) say(`role ${now.role} has gained ${right}`, 'good');
	}
	const names = new Set([...Object.keys(before.extensions), ...Object.keys(now.extensions)]);
	for (const name of [...names].sort()) {
		const [old, next] = [before.extensions[name], now.extensions[name]];
		if (next === undefined) say(`the extension ${name} was dropped`);
		else if (old === undefined) say(`the extension ${name} was created (${next})`, 'good');
		else if (old !== next) say(`the extension ${name} was updated from ${old} to ${next}`, 'notice');
	}
	return changes;
}

const rights = [
	['superuser', 'superuser'],
	['canReadAll', 'pg_read_all_stats: sessions of others are hidden without it'],
	['canSignal', 'pg_signal_backend'],
] as const satisfies readonly (readonly [keyof Facts, string])[];

/** Counters of the server were set back between two rows of vitals: no change is told across that. */
export function wasReset(before: Row | undefined, now: Row | undefined): boolean {
	return before !== undefined && now !== undefined && typeof now.stats_reset === 'number' && before.stats_reset !== now.stats_reset;
}
