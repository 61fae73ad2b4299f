import type {Facts, Row} from './pane.ts';

/** How it stands with free connections, by one row of vitals: `free` of those for ordinary roles, `left` of all. */
export type Slots = {readonly free: number; readonly left: number; readonly usable: number};

export function slotsOf(vitals: Row, facts: Facts): Slots | undefined {
	const {usable, connections} = vitals;
	if (typeof usable !== 'number' || typeof connections !== 'number') return undefined;
	return {free: usable - connections, left: Math.max(0, facts.maxConnections - connections), usable};
}

/** Whether pgperf should make itself small: from when no slot is free until enough are that its own do not fill them again. */
export function isTight(slots: Slots, before: boolean): boolean {
	return slots.free <= (before ? Math.max(5, Math.round(slots.usable * 0.03)) : 0);
}

export function noteOf(slots: Slots, facts: Facts): string {
	return facts.superuser ? `in reserved slots, ${slots.left} left` : 'no slot is free: two sessions at most';
}
