/**
 * Builds the page: src/main.ts and src/explorer.css become explorer.js and explorer.css, with every worker and both
 * fonts inside the script; src/training/main.ts becomes training.js and training.css, the page of the training view; src/widget.ts becomes
 * widget.js, which notebooks load. The output depends on nothing but the sources, so that it can be compared byte for byte.
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
        bundle: true,
        minify: true,
        write: false,
        format: "iife",
        target: "es2022",
        charset: "utf8",
        absWorkingDir: WEB,
        metafile: true,
      });
      const watchFiles = Object.keys(made.metafile.inputs).map((file) => path.join(WEB, file));
      return { contents: made.outputFiles[0].text, loader: "text", watchFiles };
    });
  },
};

async function main() {
  await mkdir(OUT, { recursive: true });
  await build({
    entryPoints: [path.join(WEB, "src/main.ts"), path.join(WEB, "src/explorer.css")],
    entryNames: "explorer",
    bundle: true,
    minify: true,
    outdir: OUT,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    absWorkingDir: WEB,
    loader: { ".woff2": "binary" },
    plugins: [workers],
    banner: { js: `/* ${BANNER} */`, css: `/* ${BANNER} */` },
    legalComments: "none",
  });
  await build({
    entryPoints: [path.join(WEB, "src/widget.ts")],
    bundle: true,
    minify: true,
    outdir: OUT,
    format: "esm", // what anywidget loads
    target: "es2022",
    charset: "utf8",
    absWorkingDir: WEB,
    banner: { js: `/* ${BANNER} */` },
    legalComments: "none",
  });
  await build({
    entryPoints: [path.join(WEB, "src/training/main.ts"), path.join(WEB, "src/training/training.css")],
    entryNames: "training",
    bundle: true,
    minify: true,
    outdir: OUT,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    absWorkingDir: WEB,
    loader: { ".woff2": "binary" },
    plugins: [workers],
    banner: { js: `/* ${BANNER} */`, css: `/* ${BANNER} */` },
    legalComments: "none",
  });
  await build({
    entryPoints: [path.join(WEB, "src/training/stage.ts")],
    entryNames: "training_model",
    bundle: true,
    minify: true,
    outdir: OUT,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    absWorkingDir: WEB,
    loader: { ".woff2": "binary" },
    plugins: [workers],
    banner: { js: `/* ${BANNER} */` },
    legalComments: "none",
  });
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
