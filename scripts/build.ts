// Bundles the program into dist/, and copies beside it what a DBA may want to read.
import {cp, mkdir, rm} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Ink asks for react-devtools-core in development only; hoisted into a bundle, the missing package would stop the program. */
const withoutDevtools: esbuild.Plugin = {
	name: 'without-devtools',
	setup(build) {
		build.onResolve({filter: /^react-devtools-core$/}, () => ({path: 'react-devtools-core', namespace: 'empty'}));
		build.onLoad({filter: /.*/, namespace: 'empty'}, () => ({contents: 'export default {}', loader: 'js'}));
	},
};

export async function build(): Promise<void> {
	await rm(`${root}dist`, {recursive: true, force: true});
	await mkdir(`${root}dist`, {recursive: true});
	await esbuild.build({
		entryPoints: [`${root}source/cli.ts`],
		outdir: `${root}dist`,
		bundle: true,
		splitting: true,
		format: 'esm',
		platform: 'node',
		target: 'node22',
		minify: true,
		sourcemap: true,
		sourcesContent: false,
		legalComments: 'none',
		define: {'process.env.NODE_ENV': '"production"'},
		external: ['pg-native'],
		banner: {js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);"},
		plugins: [withoutDevtools],
		logLevel: 'warning',
	});
	await cp(`${root}queries`, `${root}dist/queries`, {recursive: true});
}

await build();
if (!process.argv.includes('--quiet')) console.log('built dist/');
