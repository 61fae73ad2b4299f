const elements = new Set(
	'html head meta title style body main h1 h2 h3 small p ul li br code dl div dt dd article span section b table thead tbody tr th td details summary figure figcaption svg line polyline polygon circle text'.split(
		' ',
	),
);
const attributes = new Set('lang charset name content http-equiv class viewBox role aria-label x x1 x2 y y1 y2 cx cy r points text-anchor'.split(' '));
const empty = new Set(['meta', 'br', 'line', 'polyline', 'polygon', 'circle']);

/** What keeps a page from being harmless: tags that are not known, attributes that do or load something, tags that are not closed. */
export function inert(page: string): readonly string[] {
	const problems: string[] = [];
	const open: string[] = [];
	const body = page.replace(/^<!doctype html>\n/, '').replace(/<style>[\s\S]*?<\/style>/, style => {
		if (/url\(|@import|expression|<(?!\/style>$|style>)/i.test(style)) problems.push('the style loads something');
		return '';
	});
	const text = body.replace(/<(\/?)([a-z0-9]+)((?:\s+[a-zA-Z0-9-]+="[^"<>]*")*)\s*(\/?)>/g, (tag, close: string, name: string, rest: string, self: string) => {
		if (!elements.has(name)) problems.push(`element: ${tag}`);
		for (const [, attribute, value] of rest.matchAll(/([a-zA-Z0-9-]+)="([^"]*)"/g)) {
			if (!attributes.has(attribute!)) problems.push(`attribute: ${tag}`);
			if (/&(?!amp;|lt;|gt;|quot;|#39;)/.test(value!)) problems.push(`entity: ${tag}`);
		}
		if (close) {
			if (open.pop() !== name) problems.push(`closes what is not open: ${tag}`);
		} else if (!self && !empty.has(name)) open.push(name);
		return '';
	});
	if (/[<>]/.test(text)) problems.push(`not escaped: ${/.{0,40}[<>].{0,40}/.exec(text)?.[0]}`);
	if (open.length > 0) problems.push(`left open: ${open.join(' ')}`);
	if (!/default-src 'none'/.test(page)) problems.push('no policy');
	return problems;
}

/** Cells of the head and of every row of each table, counted as GitHub does: a backslash keeps the sign after it. */
export function markdownTables(text: string): readonly {readonly head: number; readonly cells: readonly number[]}[] {
	const tables: {head: number; cells: number[]}[] = [];
	let inside = false;
	for (const line of text.split('\n')) {
		if (!line.startsWith('|')) {
			inside = false;
			continue;
		}
		const cells = line.replace(/\\./g, '').split('|').length - 2;
		if (inside) tables.at(-1)!.cells.push(cells);
		else tables.push({head: cells, cells: []});
		inside = true;
	}
	return tables;
}
