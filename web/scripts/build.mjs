/**
 * Builds the pages: src/main.ts and src/explorer.css become explorer.js and explorer.css, with every worker and both
 * fonts inside the script; src/training/main.ts becomes training.js and training.css, the page of the training view,
 * and src/training/stage.ts the training_model.js that it loads for the model; src/widget.ts becomes widget.js, which
 * notebooks load. The output depends on nothing but the sources, so that it can be compared byte for byte.
 *
 * Usage: node scripts/build.mjs [FOLDER]
 */
import { build } from "esbuild";
import { mkdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const WEB = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const OUT = path.resolve(process.argv[2] ?? path.join(WEB, "../src/cutaway/explorer/static"));
const LARGEST = 380_000; // bytes of all that a page needs besides the model
const BANNER = "Generated from web/ by `npm run build`; do not edit.";

const SCRIPT = {
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  absWorkingDir: WEB,
};

/** `import text from "worker:./x.ts"`: the bundled worker as text, for a blob. */
export const workers = {
  name: "workers",
  setup(setup) {
    setup.onResolve({ filter: /^worker:/ }, (args) => ({
      path: path.resolve(args.resolveDir, args.path.slice("worker:".length)),
      namespace: "worker",
    }));
    setup.onLoad({ filter: /.*/, namespace: "worker" }, async (args) => {
      const made = await build({
        entryPoints: [args.path],
        ...SCRIPT,
        write: false,
        metafile: true,
      });
      const watchFiles = Object.keys(made.metafile.inputs).map((file) => path.join(WEB, file));
      return { contents: made.outputFiles[0].text, loader: "text", watchFiles };
    });
  },
};

/** One bundle of scripts and styles. */
async function bundle(name, sources, options = {}) {
  await build({
    ...SCRIPT,
    entryPoints: sources.map((source) => path.join(WEB, "src", source)),
    entryNames: name,
    outdir: OUT,
    loader: { ".woff2": "binary" },
    plugins: [workers],
    banner: Object.fromEntries(sources.map((source) => [source.endsWith(".css") ? "css" : "js", `/* ${BANNER} */`])),
    legalComments: "none",
    ...options,
  });
}

async function main() {
  await mkdir(OUT, { recursive: true });
  await bundle("explorer", ["main.ts", "explorer.css"]);
  await bundle("widget", ["widget.ts"], { format: "esm" }); // what anywidget loads
  await bundle("training", ["training/main.ts", "training/training.css"]);
  await bundle("training_model", ["training/stage.ts"]);
  let total = 0;
  for (const name of ["explorer.js", "explorer.css"]) {
    const file = path.join(OUT, name);
    const size = (await stat(file)).size;
    total += size;
    console.log(`${name}: ${size.toLocaleString("en")} bytes, ${gzipSync(await readFile(file)).length.toLocaleString("en")} packed`);
  }
  if (total > LARGEST) {
    throw new Error(`the page has ${total} bytes; at most ${LARGEST}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
}
