import {harmless} from '../layout.ts';

const signs: Readonly<Record<string, string>> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};

/** Text for HTML, between tags and within quoted attributes: nothing invisible, nothing that ends its place. */
export function escaped(text: string): string {
	return harmless(text).replace(/[&<>"']/g, sign => signs[sign]!);
}
