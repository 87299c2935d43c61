/**
 * Runs the unit tests: every tests/*.test.ts is bundled and handed to Node's own test runner.
 *
 * Usage: node scripts/test.mjs [PART OF A NAME]
 */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { workers } from "./build.mjs";

const WEB = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const wanted = process.argv[2] ?? "";
const found = (await readdir(path.join(WEB, "tests"))).filter((name) => name.endsWith(".test.ts") && name.includes(wanted));
const folder = path.join(WEB, "build/tests");
await rm(folder, { recursive: true, force: true });
await build({
  entryPoints: found.map((name) => path.join(WEB, "tests", name)),
  outdir: folder,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node18",
  sourcemap: "inline",
  loader: { ".woff2": "binary" },
  plugins: [workers],
});
const files = found.map((name) => path.join(folder, name.replace(/\.ts$/, ".mjs")));
const done = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" });
process.exit(done.status ?? 1);
