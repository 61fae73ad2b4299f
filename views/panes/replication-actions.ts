import type {Action} from '../../source/pane.ts';
import type {Slot, Standby} from './replication-rows.ts';

const day = 86_400;

export const dropSlot: Action<Slot> = {
	id: 'drop-slot',
	key: 'D',
	label: 'Drop slot',
	danger: 'type',
	many: true,
	plan: {sql: 'actions/drop-slot'},
	run: 'call',
	params: rows => [rows.map(row => row.slot_name)],
	disabled: row => {
		if (row.active) return 'it is active: its consumer is connected';
		if (row.synced) return 'it is synced from the primary: drop it there';
		if (row.temporary) return 'it is temporary: it goes with its session';
		if (row.wal_status === 'lost') return undefined;
		if (row.inactive_s === null) return 'it is not lost, and since when it is inactive is not known before PostgreSQL 17';
		return row.inactive_s < day ? 'it is inactive for less than 24 h: its consumer may come back' : undefined;
	},
	needs: 'superuser or the attribute replication',
};

export const resumeReplay: Action<Standby> = {
	id: 'resume-replay',
	key: 'U',
	label: 'Resume replay',
	danger: 'type',
	many: false,
	plan: {sql: 'actions/resume-replay'},
	run: 'call',
	params: () => [],
	disabled: row => {
		if (!row.paused) return 'its replay is not paused';
		return row.has_target ? 'a recovery target is set: when it has reached that, going on would promote it' : undefined;
	},
	needs: 'superuser or execute on pg_wal_replay_resume(), on that standby',
};
