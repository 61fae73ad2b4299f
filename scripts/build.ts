// Bundles the program into dist/, and copies beside it what a DBA may want to read.
import {cp, mkdir, readFile, rename, rm} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import * as esbuild from 'esbuild';
import {writeLicences} from './licences.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Ink asks for react-devtools-core in development only; hoisted into a bundle, the missing package would stop the program. */
const withoutDevtools: esbuild.Plugin = {
	name: 'without-devtools',
	setup(build) {
		build.onResolve({filter: /^react-devtools-core$/}, () => ({path: 'react-devtools-core', namespace: 'empty'}));
		build.onLoad({filter: /.*/, namespace: 'empty'}, () => ({contents: 'export default {}', loader: 'js'}));
	},
};

/** Yoga would fetch() its WebAssembly out of a data URL, which loads all of Node's HTTP client: 20 ms of the start. It can decode it as well. */
const withoutFetch: esbuild.Plugin = {
	name: 'without-fetch',
	setup(build) {
		build.onLoad({filter: /yoga-wasm-base64-esm\.js$/}, async ({path}) => {
			const source = await readFile(path, 'utf8');
			const contents = source.replaceAll('"function"!=typeof fetch', 'true');
			if (contents === source) throw new Error(`${path} looks different now: see whether it still fetches.`);
			return {contents, loader: 'js'};
		});
	},
};

/** Made beside the old one and put in its place when it is whole: a program that runs from dist/ is not pulled apart. */
export async function build(): Promise<void> {
	const made = `${root}dist.${process.pid}`;
	try {
		await buildInto(made);
		await rm(`${root}dist`, {recursive: true, force: true});
		await rename(made, `${root}dist`);
	} finally {
		await rm(made, {recursive: true, force: true});
	}
}

async function buildInto(made: string): Promise<void> {
	await mkdir(made, {recursive: true});
	const {metafile} = await esbuild.build({
		metafile: true,
		entryPoints: [`${root}source/cli.ts`],
		outdir: made,
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
		plugins: [withoutDevtools, withoutFetch],
		logLevel: 'warning',
	});
	await cp(`${root}queries`, `${made}/queries`, {recursive: true});
	await cp(`${root}source/report.schema.json`, `${made}/report.schema.json`);
	for (const folder of ['servers', 'seed']) await cp(`${root}source/demo/${folder}`, `${made}/demo/${folder}`, {recursive: true});
	writeLicences(root, metafile);
}

await build();
if (!process.argv.includes('--quiet')) console.log('built dist/');
