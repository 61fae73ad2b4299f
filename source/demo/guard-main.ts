import {guard} from './guard.ts';

process.exitCode = await guard(process.argv.slice(2));
