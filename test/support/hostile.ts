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
