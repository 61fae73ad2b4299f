import type {Pane} from '../../source/pane.ts';
import {cache} from './cache.ts';
import {indexes} from './indexes.ts';
import {locks} from './locks.ts';
import {overview} from './overview.ts';
import {queries} from './queries.ts';
import {replication} from './replication.ts';
import {sessions} from './sessions.ts';
import {vitals} from './vitals.ts';
import {waits} from './waits.ts';

/** Every pane, in the order of the tabs. A pane that stands here is collected, painted, checked and reported; nothing else is to be done. */
export const panes: readonly Pane[] = [vitals, overview, sessions, queries, locks, replication, cache, indexes, waits];
