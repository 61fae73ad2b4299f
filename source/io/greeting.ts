/** The server's first message after ours: how it wants to know us, an error, or nothing that PostgreSQL would say. */
export type Greeting =
	| {readonly is: 'incomplete'}
	| {readonly is: 'error'}
	| {
			readonly is: 'asks';
			readonly method: 'none' | 'password' | 'md5' | 'gss' | 'sspi' | 'scram-sha-256' | 'oauth' | 'other';
			readonly mechanisms: readonly string[];
	  }
	| {readonly is: 'foreign'; readonly heard: string};

/** The longest that libpq believes, too. */
const longestError = 30_000;
const longestQuestion = 2_000;

/** Read before the driver sees a byte: it waits for ever on foreign bytes, and throws out of the socket's event on methods that it does not know. */
export function readGreeting(bytes: Buffer): Greeting {
	const first = bytes[0];
	if (first !== 0x45 && first !== 0x52) return {is: 'foreign', heard: heardFrom(bytes)};
	if (bytes.length < 9) return {is: 'incomplete'};
	const length = bytes.readUInt32BE(1);
	if (first === 0x45) return length >= 8 && length <= longestError ? {is: 'error'} : {is: 'foreign', heard: heardFrom(bytes)};
	if (length < 8 || length > longestQuestion) return {is: 'foreign', heard: heardFrom(bytes)};
	if (bytes.length < length + 1) return {is: 'incomplete'};
	const mechanisms = bytes
		.toString('latin1', 9, length + 1)
		.split('\0')
		.filter(Boolean);
	return {is: 'asks', ...methodOf(bytes.readUInt32BE(5), mechanisms)};
}

function methodOf(code: number, mechanisms: readonly string[]): Omit<Extract<Greeting, {is: 'asks'}>, 'is'> {
	switch (code) {
		case 0:
			return {method: 'none', mechanisms: []};
		case 3:
			return {method: 'password', mechanisms: []};
		case 5:
			return {method: 'md5', mechanisms: []};
		case 7:
			return {method: 'gss', mechanisms: []};
		case 9:
			return {method: 'sspi', mechanisms: []};
		case 10:
			if (mechanisms.some(mechanism => mechanism.startsWith('SCRAM-SHA-256'))) return {method: 'scram-sha-256', mechanisms};
			return {method: mechanisms.includes('OAUTHBEARER') ? 'oauth' : 'other', mechanisms};
		default:
			return {method: 'other', mechanisms: []};
	}
}

/** `it answered "HTTP/1.1 400 Bad Request"` */
export function heardFrom(bytes: Buffer): string {
	const line = bytes.toString('latin1', 0, 60).split(/[\r\n]/)[0] ?? '';
	const words = line.replace(/[^\x20-\x7e]/g, '').trim();
	return words.length > 2 ? `it answered "${words}"` : 'it answered something else';
}
