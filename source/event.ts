import type {Source} from './due.ts';
import type {Explained} from './explain.ts';
import type {Facts, Line, PaneId, QueryName, Result, Row, ServerId, Tone} from './pane.ts';
import type {LogEntry, MenuItem, Outcome, Plan, Rules, Settings, Size} from './state.ts';

/** What happened, in the past tense. `at` is monotonic milliseconds: the reducer has no clock. */
export type Event =
	| {readonly type: 'ticked'; readonly at: number; readonly wall: number}
	| {readonly type: 'known'; readonly server: ServerId; readonly title: string; readonly rules?: Rules; readonly at: number}
	| {
			readonly type: 'connected';
			readonly server: ServerId;
			readonly at: number;
			readonly facts: Facts;
			readonly ownPids: readonly number[];
			readonly tls: boolean;
			/** Of several hosts, the one that answered. */
			readonly title?: string;
	  }
	| {readonly type: 'noted'; readonly server: ServerId; readonly note: string | undefined}
	/** `gaveUp`: it was chosen, and could not be reached. */
	| {readonly type: 'unlinked'; readonly server: ServerId; readonly gaveUp?: boolean}
	| {readonly type: 'refreshedFacts'; readonly server: ServerId; readonly facts: Facts; readonly ownPids: readonly number[]}
	| {readonly type: 'lost'; readonly server: ServerId; readonly at: number; readonly message: string; readonly retryAt: number}
	| {
			readonly type: 'requested';
			readonly server: ServerId;
			readonly session: Source;
			readonly request: number;
			readonly queries: readonly QueryName[];
			readonly at: number;
	  }
	| {
			readonly type: 'sampled';
			readonly server: ServerId;
			readonly session: Source;
			readonly generation: number;
			readonly request: number;
			readonly at: number;
			readonly results: Readonly<Record<QueryName, Result>>;
			readonly roundTrip?: number;
	  }
	| {readonly type: 'fetched'; readonly request: number; readonly id: string; readonly result: Result}
	| {readonly type: 'lookedUp'; readonly rows: Readonly<Record<string, Row>>}
	| {readonly type: 'opened'; readonly pane: PaneId}
	| {readonly type: 'entered'; readonly at: number}
	| {readonly type: 'switched'; readonly by: number}
	| {readonly type: 'moved'; readonly by: number | 'top' | 'bottom' | 'page-up' | 'page-down'}
	| {readonly type: 'scrolled'; readonly by: number}
	| {readonly type: 'sorted'; readonly reverse: boolean}
	| {readonly type: 'grouped'}
	| {readonly type: 'marked'; readonly all: boolean}
	| {readonly type: 'unhid'}
	| {readonly type: 'forgot'}
	| {readonly type: 'paused'}
	| {readonly type: 'paced'; readonly by: 1 | -1}
	| {readonly type: 'refreshed'; readonly at: number}
	| {readonly type: 'watched'; readonly server: ServerId}
	| {readonly type: 'called'; readonly overlay: 'filter' | 'goto' | 'actions' | 'servers' | 'help' | 'findings' | 'log' | 'leave'}
	| {readonly type: 'typed'; readonly text: string; readonly at: number}
	| {readonly type: 'erased'; readonly all: boolean}
	| {readonly type: 'chosen'; readonly at: number}
	| {readonly type: 'closed'}
	| {readonly type: 'asked'; readonly action: string; readonly at: number}
	| {readonly type: 'filled'; readonly at: number}
	| {readonly type: 'planned'; readonly request: number; readonly plan?: Plan; readonly problem?: string}
	| {readonly type: 'painted'; readonly request: number; readonly at: number}
	| {readonly type: 'answered'; readonly request: number; readonly yes: boolean; readonly at: number}
	| {readonly type: 'inspected'}
	| {readonly type: 'statementRead'; readonly request: number; readonly text: string}
	| {readonly type: 'explained'; readonly request: number; readonly result: Explained}
	| {readonly type: 'progressed'; readonly request: number; readonly lines: readonly Line[]; readonly cancellable: boolean}
	| {readonly type: 'cancelled'; readonly request: number}
	| {readonly type: 'settled'; readonly request: number; readonly title: string; readonly outcomes: readonly Outcome[]}
	| {readonly type: 'notified'; readonly server: ServerId; readonly channel: string; readonly payload: string}
	| {readonly type: 'noticed'; readonly text: string; readonly tone: Tone}
	| {readonly type: 'logged'; readonly entry: Omit<LogEntry, 'wall' | 'n'>}
	| {readonly type: 'copied'; readonly whole: boolean}
	| {readonly type: 'recorded'}
	| {readonly type: 'suspended'}
	| {readonly type: 'redrawn'}
	| {readonly type: 'resized'; readonly size: Size}
	| {readonly type: 'placesKnown'; readonly places: readonly MenuItem[]; readonly databases: number | null}
	| {readonly type: 'auditChanged'; readonly audit: Settings['audit']}
	/** `force`: Ctrl-C, which asks nothing. */
	| {readonly type: 'quit'; readonly force: boolean};
