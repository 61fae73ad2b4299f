const formats = new Map<string, Intl.DateTimeFormat | null>();

/** Null for a zone that PostgreSQL knows and JavaScript does not: posix strings, `localtime`. */
function formatOf(zone: string): Intl.DateTimeFormat | null {
	let format = formats.get(zone);
	if (format === undefined) {
		const parts = {era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric'} as const;
		try {
			format = new Intl.DateTimeFormat('en-US', {...parts, timeZone: zone, hourCycle: 'h23'});
		} catch {
			format = null;
		}
		if (formats.size > 100) formats.clear();
		formats.set(zone, format);
	}
	return format;
}

export function isZone(zone: string): boolean {
	return formatOf(zone) !== null;
}

/** What the clock on the wall shows, as the milliseconds at which a clock in Greenwich shows the same. */
export function wallOf(instant: number, zone: string): number {
	if (zone === 'UTC') return instant;
	const parts: Record<string, string> = {};
	for (const {type, value} of formatOf(zone)!.formatToParts(instant)) parts[type] = value;
	const shown = Date.UTC(Number(parts.year), Number(parts.month) - 1, Number(parts.day), Number(parts.hour), Number(parts.minute), Number(parts.second));
	return shown + (((instant % 1000) + 1000) % 1000);
}

const day = 86_400_000;

/** The instant at which the wall shows this. A time that is skipped or comes twice is taken as standard time, as PostgreSQL does. */
export function instantOf(wall: number, zone: string): number {
	if (zone === 'UTC') return wall;
	const before = wall - (wallOf(wall - day, zone) - (wall - day));
	const after = wall - (wallOf(wall + day, zone) - (wall + day));
	if (wallOf(after, zone) === wall) return after;
	return before;
}

/** `2026-11-01 00:00:00-04`: a literal that means the same in every session. */
export function literalOf(instant: number, zone: string): string {
	const wall = wallOf(instant, zone);
	const minutes = Math.round((wall - instant) / 60_000);
	const size = Math.abs(minutes);
	const rest = size % 60 === 0 ? '' : `:${two(size % 60)}`;
	return `${wallText(wall)}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${rest}`;
}

/** `2026-11-01 00:00:00` */
export function wallText(wall: number): string {
	// Years of more than four digits come with a sign and zeros.
	const [day, time] = new Date(wall).toISOString().replace(/^\+0*/, '').split('T') as [string, string];
	return `${day} ${time.slice(0, time.endsWith('.000Z') ? 8 : 12)}`;
}

function two(n: number): string {
	return String(n).padStart(2, '0');
}
