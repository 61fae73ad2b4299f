import type {History, Tone} from '../../source/pane.ts';
import type {Load} from '../components/chart.ts';

const kinds: readonly {readonly series: string; readonly title: string; readonly glyph: string; readonly tone: Tone}[] = [
	{series: 'load-running', title: 'running', glyph: '█', tone: 'good'},
	{series: 'load-io', title: 'IO', glyph: '▓', tone: 'accent'},
	{series: 'load-lock', title: 'Lock', glyph: '▒', tone: 'critical'},
	{series: 'load-lwlock', title: 'LWLock', glyph: '░', tone: 'warning'},
	{series: 'load-ipc', title: 'IPC', glyph: '=', tone: 'notice'},
	{series: 'load-client', title: 'Client', glyph: '·', tone: 'dim'},
	{series: 'load-other', title: 'other', glyph: '-', tone: 'plain'},
];

/** Active sessions by what they wait for, from the series of the vitals; a glyph for each, so that colour is not needed. */
export function loadsOf(history: History): readonly Load[] {
	return kinds.map(({series, ...kind}) => ({...kind, values: history[series] ?? []}));
}
