import type {Pane} from '../../source/pane.ts';
import {cache} from './cache.ts';
import {databases} from './databases.ts';
import {extensions} from './extensions.ts';
import {indexes} from './indexes.ts';
import {jobs} from './jobs.ts';
import {locks} from './locks.ts';
import {log} from './log.ts';
import {overview} from './overview.ts';
import {partitions} from './partitions.ts';
import {pools} from './pools.ts';
import {queries} from './queries.ts';
import {redis} from './redis.ts';
import {replication} from './replication.ts';
import {sessions} from './sessions.ts';
import {settings} from './settings.ts';
import {tables} from './tables.ts';
import {views} from './views.ts';
import {vitals} from './vitals.ts';
import {waits} from './waits.ts';
import {wal} from './wal.ts';

/** Every pane, in the order of the tabs and of `g`. A pane that stands here is collected, painted, checked and reported; nothing else is to be done. */
export const panes: readonly Pane[] = [
	vitals,
	overview,
	sessions,
	queries,
	locks,
	replication,
	cache,
	indexes,
	tables,
	partitions,
	views,
	wal,
	databases,
	jobs,
	waits,
	settings,
	extensions,
	redis,
	pools,
	log,
];
