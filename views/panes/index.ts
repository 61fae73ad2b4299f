import type {Pane} from '../../source/pane.ts';
import {locks} from './locks.ts';
import {queries} from './queries.ts';
import {replication} from './replication.ts';
import {sessions} from './sessions.ts';
import {vitals} from './vitals.ts';

/** Every pane, in the order of the tabs. A pane that stands here is collected, painted, checked and reported; nothing else is to be done. */
export const panes: readonly Pane[] = [vitals, sessions, queries, locks, replication];
