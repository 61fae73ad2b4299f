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

/**
 * What libraries do while they load, and this program never needs. The start is measured by `npm run bench`: each of these is worth 5 to 20 ms.
 * A text that is no longer there stops the build: the library has changed.
 */
const dropped: readonly {readonly file: RegExp; readonly from: RegExp; readonly to: string}[] = [
	// Yoga would fetch() its WebAssembly out of a data URL, which loads all of Node's HTTP client. It can decode it as well.
	{file: /yoga-wasm-base64-esm\.js$/, from: /"function"!=typeof fetch/g, to: 'true'},
	// meow normalizes package.json files, with every licence and code host of the world, and points at errors in them. It is given its package here.
	{file: /meow\/build\/dependencies\.js$/, from: /(?<=var (?:libExports|normalizeExports) = )require[\w$]+\(\)/g, to: '{}'},
];

const withoutBallast: esbuild.Plugin = {
	name: 'without-ballast',
	setup(build) {
		for (const {file, from, to} of dropped) {
			build.onLoad({filter: file}, async ({path}) => {
				const source = await readFile(path, 'utf8');
				const contents = source.replace(from, to);
				if (contents === source) throw new Error(`${path} looks different now: see whether it still needs ${from}.`);
				return {contents, loader: 'js'};
			});
		}
	},
};

/**
 * Six copies of string-width come with Ink, and each compiles its Unicode tables' regular expressions while it loads: one is enough, and
 * late enough when somebody asks for more than ASCII. Ink itself never does (source/io/references.ts).
 */
const lateWidths: esbuild.Plugin = {
	name: 'late-widths',
	setup(build) {
		build.onResolve({filter: /^string-width$/}, ({path, pluginData}) => (pluginData === 'itself' ? undefined : {path, namespace: 'late'}));
		build.onLoad({filter: /./, namespace: 'late'}, ({path}) => ({
			contents: `
				let width;
				const ascii = /^[\\x20-\\x7e]*$/;
				export default (text, options) => ascii.test(text) ? text.length : (width ??= require('${path}').default)(text, options);`,
			resolveDir: root,
			pluginData: 'itself',
		}));
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
		plugins: [withoutDevtools, withoutBallast, lateWidths],
		logLevel: 'warning',
	});
	await cp(`${root}queries`, `${made}/queries`, {recursive: true});
	await cp(`${root}source/report.schema.json`, `${made}/report.schema.json`);
	for (const folder of ['servers', 'seed']) await cp(`${root}source/demo/${folder}`, `${made}/demo/${folder}`, {recursive: true});
	writeLicences(root, metafile);
}

await build();
if (!process.argv.includes('--quiet')) console.log('built dist/');
