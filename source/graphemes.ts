let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character each, with its place. Made when first needed: 6 ms that a start without such text does not pay. */
export function graphemes(text: string): Intl.Segments {
	segmenter ??= new Intl.Segmenter('en', {granularity: 'grapheme'});
	return segmenter.segment(text);
}
