import {workload} from './workload.ts';

process.exit(await workload(process.argv.slice(2)));
