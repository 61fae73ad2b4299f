import type {Line, Segment, Tone} from '../../source/pane.ts';
import {toWidth, wrapLine} from '../layout.ts';
import {framed, frameWidth, lastTop, windowed} from './box.ts';

/** A question before something is done: what it costs, and word for word what will be sent. */
export type Question = {
	readonly title: string;
	readonly facts: readonly Line[];
	readonly statements: readonly string[];
	/** A word that must be typed; without it `y` is enough. */
	readonly typed?: {readonly expected: string; readonly soFar: string};
	/** What `y` does: 'terminate'. */
	readonly button: string;
	readonly tone?: Tone;
};

function body(question: Question, inner: number): Line[] {
	const facts = question.facts.flatMap(line => wrapLine(line, inner));
	const statements = question.statements.flatMap(statement =>
		// One cell of indent tells where a statement goes on and where the next begins.
		wrapLine([{text: statement.trimEnd()}], Math.max(1, inner - 1)).map((row, i): Line => (i === 0 ? row : [{text: ' '}, ...row])),
	);
	return [...facts, ...(facts.length > 0 && statements.length > 0 ? [[]] : []), ...statements];
}

function answers(question: Question, inner: number): Line[] {
	const {typed, button} = question;
	const no: Segment = {text: typed ? 'Esc' : 'any other key', tone: 'accent'};
	if (!typed) return [toWidth([{text: 'y', tone: 'accent'}, {text: `  ${button}     `}, no, {text: '  no'}], inner)];
	const right = typed.soFar === typed.expected;
	return [
		...wrapLine([{text: 'type '}, {text: typed.expected, tone: 'strong'}, {text: `, then Enter, to ${button}     `}, no, {text: '  no'}], inner),
		toWidth([{text: '> '}, {text: typed.soFar, tone: right ? 'good' : 'strong'}, {text: ' ', inverse: true}], inner),
	];
}

/** Lines for the frame's top and bottom, and the blank one above the answers. */
const around = 3;

/** How far the question can be scrolled at this size: statements are never shortened. */
export function lastConfirmTop(question: Question, width: number, height: number): number {
	const inner = Math.max(1, width - frameWidth);
	return lastTop(body(question, inner).length, Math.max(2, height - around - answers(question, inner).length));
}

/** The question in its frame, at most `height` lines high; where it is higher, its upper part scrolls by `top` and the answers stay. */
export function confirmBox(question: Question & {readonly width: number; readonly height: number; readonly top?: number}): Line[] {
	const {width, height, top = 0, tone = 'warning'} = question;
	const inner = Math.max(1, width - frameWidth);
	const below = answers(question, inner);
	const shown = windowed(body(question, inner), Math.max(2, height - around - below.length), top, inner);
	return framed(question.title, [...shown, [], ...below], width, tone);
}
