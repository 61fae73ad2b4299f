/** Numbers of 0..1 that are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** What has broken terminals before: escapes, C1, line ends, bidi, zero width, tags, surrogates, joined emoji, marks, jamo, wide and half-wide. */
const pieces: readonly string[] = [
	'select * from orders where id = $1',
	'update',
	' ',
	'   ',
	'\n',
	'\r\n\t',
	'\u0000',
	'\u001b[31m',
	'\u001b[2J\u001b[H',
	'\u001b]0;title\u0007',
	'\u001b]52;c;cm0gLXJm\u001b\\',
	'\u001bP+q\u001b\\',
	'\u009b2J',
	'\u009d0;x\u009c',
	'\u0085',
	'\u007f',
	'\u2028',
	'\u2029',
	'\u202e',
	'\u2066\u2069',
	'\u200e\u200f\u061c',
	'\u200b\u200c\u200d\ufeff\u2060',
	'\u00ad',
	'\u{e0041}\u{e007f}',
	'\ud83d',
	'\udc00',
	'\u3164\uffa0\u115f',
	'\u00a0\u3000\u2003',
	'\ufffe',
	'\ue000\u{f0000}',
	'\u0378',
	'日本語',
	'한국어',
	'\u1112\u1161\u11ab',
	'\u1100\u1100',
	'ｱｲｳﾞ',
	'ＡＢ',
	'👩‍👩‍👧',
	'👍🏽',
	'🏽',
	'🇩🇪',
	'🇩',
	'❤️',
	'❤',
	'1️⃣',
	'⌚',
	'⚡',
	'e\u0301',
	'\u0301\u0302',
	`a${'\u0316\u0301'.repeat(30)}`,
	'नमस्ते',
	'क्ष',
	'กำ',
	'עברית',
	'العربية',
	'\u0600123',
	'åßçñ',
	'Ωλ',
	'Жук',
	'─│┌▁█✖▲●…–',
	'𝒳𝔘',
	'𠀀',
	'🀄',
];

export function hostileText(random: () => number, most = 14): string {
	const length = Math.floor(random() * most);
	let text = '';
	for (let i = 0; i < length; i++) {
		text += random() < 0.9 ? pieces[Math.floor(random() * pieces.length)]! : String.fromCodePoint(Math.floor(random() * 0x110000));
	}
	return text;
}

/** What would be markup, a link, a mention or a command where it is not escaped. */
const markup = [
	'<script>alert(1)</script>',
	'"><img src=x onerror=alert(1)>',
	"' onload='x",
	'</title></style></main>',
	'&lt;b&gt;&#60;',
	'| a | b |',
	'\n| --- |\n',
	'`x` ``y`` ```',
	'[a](javascript:alert(1))',
	'![a](https://evil.example/a.png)',
	'https://evil.example www.evil.example',
	'@everyone #1 !2 me@evil.example',
	'<!-- -->',
	'\\|\\',
	'# heading',
	'- [ ] - item',
	'1. item',
	'***__~~',
	'x\n\n    code',
	'$(x) `x`',
	"PGPERF OK | 'x'=1;;",
];

/** Markup and hostile text, mixed. */
export function anything(random: () => number): string {
	const turn = random();
	if (turn < 0.3) return markup[Math.floor(random() * markup.length)]!;
	if (turn < 0.6) return `${hostileText(random, 5)}${markup[Math.floor(random() * markup.length)]!}${hostileText(random, 5)}`;
	return hostileText(random);
}

export type Soil = {readonly random: () => number; count: number; readonly all: boolean};
const ours = /^(status|level|class|align|every|unit|origin|schema|format|literals|taken_at|started_at|grade|section|id|field)$/;

/** Every text becomes a hostile one; with `all` also the words that pgperf itself writes, as in a file that somebody has made. */
export function soiled(part: unknown, soil: Soil, key = ''): unknown {
	if (typeof part === 'string') {
		if (ours.test(key) && !(soil.all && soil.random() < 0.005)) return part;
		soil.count++;
		return anything(soil.random);
	}
	if (typeof part === 'number' && soil.all && key !== 'schema' && soil.random() < 0.005) return anything(soil.random);
	if (Array.isArray(part)) return part.map(one => soiled(one, soil, key));
	if (typeof part !== 'object' || part === null) return part;
	return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, soiled(value, soil, key === 'tones' ? 'level' : name)]));
}
