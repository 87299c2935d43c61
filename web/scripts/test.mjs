/**
 * Runs the unit tests: every tests/*.test.ts is bundled and handed to Node's own test runner.
 *
 * Usage: node scripts/test.mjs [--quiet] [PART OF A NAME]
 */
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { workers } from "./build.mjs";

const WEB = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const quiet = process.argv.includes("--quiet");
const wanted = process.argv.slice(2).find((word) => !word.startsWith("--")) ?? "";
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
const options = ["--enable-source-maps", "--test", "--test-reporter=spec", ...files];
const done = spawnSync(process.execPath, options, { encoding: "utf8", stdio: ["inherit", quiet ? "pipe" : "inherit", "inherit"] });
if (quiet) {
  const lines = (done.stdout ?? "").split("\n");
  console.log((done.status === 0 ? lines.filter((line) => /(tests|pass|fail) \d/.test(line)) : lines).join("\n"));
}
process.exit(done.status ?? 1);
