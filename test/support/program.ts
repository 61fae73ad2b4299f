import {fileURLToPath} from 'node:url';

const built = fileURLToPath(new URL('../../bin/pgperf.cjs', import.meta.url));
const sources = ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL('../../source/cli.ts', import.meta.url))];

/** Arguments of Node that run pgperf: from its sources, which are never older than a change; built, and so twice as fast, where that has just been done. */
export const program: readonly string[] = process.env.TEST_BUILT ? [built] : sources;
