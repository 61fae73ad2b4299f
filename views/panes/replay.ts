/** What is remembered of a replay: seconds of the server's clock, and positions in bytes. Null before it is known. */
export type Replay = {
	/** When the primary stood at `level_end`, all of which has been replayed. */
	readonly level_at: number | null;
	readonly level_end: number | null;
	/** When the primary stood at `mark_end`, which has not been replayed yet. */
	readonly mark_at: number | null;
	readonly mark_end: number | null;
};

/** The primary stands at `end`, this server has replayed as far as `replayed`. */
export function followed(now: number, end: number | null, replayed: number | null, before: Partial<Replay> | undefined): Replay {
	const {level_at = null, level_end = null, mark_at = null, mark_end = null} = before ?? {};
	if (end === null || replayed === null) return {level_at, level_end, mark_at, mark_end};
	if (replayed >= end) return {level_at: now, level_end: end, mark_at: null, mark_end: null};
	// A server that begins anew replays again what it had replayed.
	const known = level_end === null || level_end <= replayed;
	const level = known ? {level_at, level_end} : {level_at: null, level_end: null};
	if (mark_end === null) return {...level, mark_at: now, mark_end: end};
	return mark_end <= replayed ? {level_at: mark_at, level_end: mark_end, mark_at: now, mark_end: end} : {...level, mark_at, mark_end};
}

/** Whether it was looked at before `now`, the same sample seen twice not counted. */
export function isFollowed({level_at, mark_at}: Replay, now: number): boolean {
	return (level_at !== null && level_at < now) || (mark_at !== null && mark_at < now);
}

/**
 * How old the position is that is being replayed, in seconds, between two moments when the primary's was known; null without them.
 * The age of the last replayed commit alone is no lag: it grows through an idle hour, and through a long transaction too.
 */
export function ageOf(now: number, replayed: number | null, {level_at, level_end, mark_at, mark_end}: Replay): number | null {
	if (level_at === null) return null;
	if (replayed === null || level_end === null || mark_at === null || mark_end === null) return Math.max(0, now - level_at);
	const part = mark_end > level_end ? Math.min(1, Math.max(0, (replayed - level_end) / (mark_end - level_end))) : 0;
	return Math.max(0, now - level_at - part * (mark_at - level_at));
}
