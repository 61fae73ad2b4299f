const instead = '?';

/** Text without any of these holds no secret that could be known as one: 4 ns a character, where the rules need a hundred times that. */
const hint =
	/pass|pwd|secret|token|a(?:pi[_-]?key|ccess[_-]?key|uthori|kia|sia|iza)|privat|creden|crypt|hmac|subscr|mapping|dblink|:\/\/|identified|beare|basic|eyj|g(?:h[pousr]_|ithub_p|lpat)|xox|[sr]k_|ya29|npm_|sk-|scram|md5[0-9a-f]/i;

/** What people call a secret. `password_encryption` is none. */
const name = String.raw`(?!password_encryption)(?:pass(?:word|wd|phrase|code)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)[\w-]{0,24}`;
/** Quoted as SQL, or as SQL within SQL; what was cut off has no end. */
const literals = [
	"''(?!')[^']+(?:''|$)",
	String.raw`(?:[eEnN]|[uU]&)?'(?:[^'\\]|\\[\s\S]?|'')*(?:'|$)`,
	String.raw`\\+'[^'\\]*(?:\\+'|$)`,
	String.raw`(?<dollar>\$(?:[A-Za-z_]\w{0,63})?\$)(?:(?!\k<dollar>)[\s\S])*(?:\k<dollar>|$)`,
].join('|');
/** As JSON, or as JSON within JSON. */
const texts = [String.raw`"(?:[^"\\]|\\[\s\S]?)*(?:"|$)`, String.raw`\\+"[^"\\]*(?:\\+"|$)`].join('|');
/** Not the parameters of a statement; up to the next parameter of a URL. */
const bare = String.raw`(?!\$\d|[?]|null\b|true\b|false\b)(?:\\[\s\S]?|(?!&[\w.-]{1,40}=)[^\s'"\\])+`;

const rules: readonly (readonly [RegExp, string])[] = [
	// postgres://user:secret@host
	[/(\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:@/'"?#]{0,128}:)[^\s'"]{1,512}@/gi, `$1${instead}@`],
	// The second half of what was cut off.
	[/(\b(?:postgres(?:ql)?|rediss?):\/\/[^\s:@/'"?#[\]]{1,128}:)(?!\d{1,5}(?:[/,?\s'"]|$))[^\s'"@]+$/gi, `$1${instead}`],
	// password=secret, "token": "secret", secret => 'secret'
	[new RegExp(String.raw`(${name}\\{0,3}["']{0,2}\s{0,9}(?:=>?|:=|:(?![:=]))\s{0,9})(?:${literals}|${texts}|${bare})`, 'gi'), `$1${instead}`],
	// PASSWORD 'secret', password to 'secret'
	[new RegExp(String.raw`((?:${name}|identified\s{1,9}by)"?\s{1,9}(?:to\s{1,9})?)(?:${literals})`, 'gi'), `$1${instead}`],
	// Authorization: Basic c2VjcmV0
	[/(\bauthorization\b\\{0,3}["']{0,2}\s{0,9}[:=,]\s{0,9}\\{0,3}["']{0,2})(?:(basic|bearer|digest|token|negotiate)\s{1,9})?[^\s'"\\]+/gi, `$1${instead}`],
	[/(\bbearer\s{1,9})[\w.~+/=-]{6,}/gi, `$1${instead}`],
	[/(\bbasic\s{1,9})(?=[\w+/-]{0,200}[\d=])[\w+/=-]{6,}/gi, `$1${instead}`],
	// Those that can be told by their shape: JWT, AWS, GitHub, GitLab, Slack, Stripe, Google, npm, OpenAI, PostgreSQL's own verifiers, private keys.
	[/\beyJ[\w-]{6,}\.[\w-]*(?:\.[\w-]*)?/g, instead],
	[/\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g, instead],
	[/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|[sr]k_(?:live|test)_|AIza|ya29\.|npm_|sk-)[\w-]{16,}/g, instead],
	[/\bSCRAM-SHA-\d+\$\d+:[^\s'"]+/gi, instead],
	[/\bmd5[0-9a-f]{32}\b/gi, instead],
	[/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, instead],
];

/** Whether it is worth a closer look. */
export function isSuspect(text: string): boolean {
	return hint.test(text);
}

/** Text of anybody without what is known to be a secret in it. Nobody wants a password on a screen that is shared, or in a ticket. */
export function withoutSecrets(text: string): string {
	if (!isSuspect(text)) return text;
	return rules.reduce((kept, [rule, by]) => kept.replace(rule, by), text);
}

const aboutSecrets =
	/pass(?:word|wd|phrase|code)|pwd|secret|token|api_?key|access_?key|private_?key|credential|crypt|hmac|authorization|subscription|user\s+mapping|dblink|\bA(?:KIA|SIA)[A-Z0-9]{12}/i;

/** A statement that names a secret may hold it anywhere: `insert into users (name, password) values (...)`. */
export function namesSecret(sql: string): boolean {
	return aboutSecrets.test(sql);
}
