import type {Value} from '../source/pane.ts';

/** What stands for unknown: never 0, never empty. */
export const unknown = '–';

/** Numbers, also those that came as text (a bigint from the server); everything else is unknown. */
function numberOf(value: Value | undefined): number | null {
	if (typeof value === 'string') return value.trim() === '' ? null : numberOf(Number(value));
	return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Text as it is, numbers with at most two decimals, yes and no. */
export function plain(value: Value | undefined): string {
	if (value === null || value === undefined) return unknown;
	if (typeof value === 'boolean') return yes(value);
	if (typeof value === 'string') return value;
	return Number.isFinite(value) ? String(Math.round(value * 100) / 100) : unknown;
}

/** Seconds as `0.4s` `12s` `12m` `3h04` `3d04h` `123d`: at most six cells, rounded down as ages are; a clock that ran backwards gives `0s`. */
export function duration(seconds: Value | undefined): string {
	const s = numberOf(seconds);
	if (s === null) return unknown;
	if (s < 0.05) return '0s';
	if (s < 9.95) return `${s.toFixed(1)}s`;
	if (s < 60) return `${Math.floor(s)}s`;
	const minutes = Math.floor(s / 60);
	if (minutes < 60) return `${minutes}m`;
	const hours = Math.floor(minutes / 60);
	if (hours < 24) return `${hours}h${two(minutes % 60)}`;
	const days = Math.floor(hours / 24);
	if (days < 100) return `${days}d${two(hours % 24)}h`;
	return days < 10_000 ? `${days}d` : `${Math.min(9999, Math.floor(days / 365))}y`;
}

/** Milliseconds as `0.04ms` `3.1ms` `120ms`, from a second on as duration() shows them. */
export function milliseconds(ms: Value | undefined): string {
	const n = numberOf(ms);
	if (n === null) return unknown;
	if (n <= 0) return '0ms';
	if (n < 0.01) return '<0.01ms';
	if (n < 0.095) return `${n.toFixed(2)}ms`;
	if (n < 9.95) return `${n.toFixed(1)}ms`;
	return n < 999.5 ? `${Math.round(n)}ms` : duration(n / 1000);
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** Base 1024, as PostgreSQL names the units: `412 GB` `1.2 MB`; at most seven cells. */
export function bytes(n: Value | undefined): string {
	return scaled(numberOf(n), 1024, byteUnits, ' ');
}

/** `34` `1.2k` `12k` `5.1M`; what is not whole keeps one decimal below ten. */
export function count(n: Value | undefined): string {
	return scaled(numberOf(n), 1000, ['', 'k', 'M', 'G', 'T', 'P', 'E'], '');
}

export function perSecond(n: Value | undefined): string {
	return numberOf(n) === null ? unknown : `${count(n)}/s`;
}

/** A share of 0..1 as `99.1%`. Only all is `100%` and only nothing is `0%`: 0.9999 is `99.9%`, 0.0001 `<0.1%`. */
export function percent(fraction: Value | undefined): string {
	const f = numberOf(fraction);
	if (f === null) return unknown;
	if (f === 0 || f === 1) return f ? '100%' : '0%';
	if (f > 0 && f < 0.001) return '<0.1%';
	if (f > 0.999 && f < 1) return '99.9%';
	const p = f * 100;
	return Math.abs(p) < 99.95 ? `${p.toFixed(1)}%` : `${Math.round(p)}%`;
}

/** A factor: `3.4x`. */
export function ratio(n: Value | undefined): string {
	const r = numberOf(n);
	if (r === null) return unknown;
	return Math.abs(r) < 9.95 ? `${r.toFixed(1)}x` : `${count(Math.round(r))}x`;
}

export function yes(value: Value | undefined): string {
	return value === true ? 'yes' : value === false ? 'no' : unknown;
}

/** A lower bound: `≥200`. */
export function atLeast(n: Value | undefined): string {
	return numberOf(n) === null ? unknown : `≥${count(n)}`;
}

/** An estimate, in whatever words: `≈412 GB`. */
export function about(text: string): string {
	return text === unknown ? unknown : `≈${text}`;
}

/** Epoch seconds as `14:03:22Z`, or in a zone with its offset: `15:03:22+01`. */
export function clock(epochSeconds: Value | undefined, zone = 'UTC'): string {
	const parts = partsOf(epochSeconds, zone);
	return parts ? `${parts.time}${parts.offset}` : unknown;
}

/** Epoch seconds as `2026-11-20`. */
export function date(epochSeconds: Value | undefined, zone = 'UTC'): string {
	return partsOf(epochSeconds, zone)?.day ?? unknown;
}

/** Epoch seconds as `2026-11-20 14:03:22Z`. */
export function moment(epochSeconds: Value | undefined, zone = 'UTC'): string {
	const parts = partsOf(epochSeconds, zone);
	return parts ? `${parts.day} ${parts.time}${parts.offset}` : unknown;
}

function two(n: number): string {
	return String(n).padStart(2, '0');
}

function scaled(n: number | null, base: number, units: readonly string[], gap: string): string {
	if (n === null) return unknown;
	let size = Math.abs(n);
	let unit = 0;
	while (unit < units.length - 1 && Math.round(size) >= base) {
		size /= base;
		unit++;
	}
	const whole = unit === 0 && (Number.isInteger(size) || gap !== '');
	const digits = whole || size >= 9.95 ? String(Math.round(size)) : size.toFixed(1);
	return `${n < 0 && Number(digits) !== 0 ? '-' : ''}${digits}${gap}${units[unit]}`;
}

// Making a formatter takes 50 us, using it 1 us; a server has one zone.
const formatters = new Map<string, Intl.DateTimeFormat | null>();

function formatterOf(zone: string): Intl.DateTimeFormat | null {
	const known = formatters.get(zone);
	if (known !== undefined) return known;
	let made: Intl.DateTimeFormat | null = null;
	try {
		made = new Intl.DateTimeFormat('en-GB', {
			timeZone: zone,
			hourCycle: 'h23',
			year: 'numeric',
			month: '2-digit',
			day: '2-digit',
			hour: '2-digit',
			minute: '2-digit',
			second: '2-digit',
			timeZoneName: 'longOffset',
		});
	} catch {
		// PostgreSQL knows zones that ECMAScript does not ('<+03>-3', 'posix/...'): they are shown in UTC, which says so.
	}
	if (formatters.size > 100) formatters.clear();
	formatters.set(zone, made);
	return made;
}

function partsOf(epochSeconds: Value | undefined, zone: string): {readonly day: string; readonly time: string; readonly offset: string} | null {
	const seconds = numberOf(epochSeconds);
	if (seconds === null || Math.abs(seconds) > 8.64e12) return null;
	const at = new Date(Math.floor(seconds) * 1000);
	const formatter = zone === 'UTC' ? null : formatterOf(zone);
	if (!formatter) {
		const [day, time] = at.toISOString().split('T') as [string, string];
		return {day, time: time.slice(0, 8), offset: 'Z'};
	}
	const parts = Object.fromEntries(formatter.formatToParts(at).map(part => [part.type, part.value]));
	const offset = (parts.timeZoneName ?? '')
		.replace('GMT', '')
		.replace(/:00$/, '')
		.replace(/^[+]00$/, '');
	return {day: `${parts.year}-${parts.month}-${parts.day}`, time: `${parts.hour}:${parts.minute}:${parts.second}`, offset: offset || 'Z'};
}
