import {withoutSecrets} from './secrets.ts';

/** One line without control, direction or invisible characters, whatever a server or a variable held. */
export function plain(text: string): string {
	return text
		.toWellFormed()
		.replace(/[\s\u0085\u2028\u2029]+/gu, ' ')
		.replace(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
		.replace(/[\p{Cn}\p{Co}]/gu, '\ufffd')
		.trim();
}

/** What is said on stderr: no line of it holds a secret, or speaks to the terminal. */
export function spoken(text: string): string {
	return withoutSecrets(text).split('\n').map(plain).join('\n');
}

/** JSON that can be printed: the same value, with what can't be seen as \\u escapes. Not for what stands outside its strings but blanks. */
export function visible(json: string): string {
	return json.replace(/(?![\n\t])[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, one =>
		one
			.split('')
			.map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
			.join(''),
	);
}
