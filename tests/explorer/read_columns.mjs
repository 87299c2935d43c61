// Reads a container of columns with the page's own reader and tells what it found, for test_columns_web.py.
// Usage: node read_columns.mjs WEB_FOLDER COLUMNS ATTRIBUTES
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

const [web, columnsFile, attributesFile] = process.argv.slice(2);
const { build } = createRequire(path.join(web, "package.json"))("esbuild");
const made = await build({
  entryPoints: [path.join(web, "src/columns.ts")],
  bundle: true, write: false, format: "esm", platform: "node", target: "node18",
});
const { readColumns, Attributes } = await import(
  `data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`
);
const bytes = async (file) => new Uint8Array(await readFile(file)).buffer;
const columns = readColumns(await bytes(columnsFile));
const attributes = new Attributes(await bytes(attributesFile));
const all = (count, value) => Array.from({ length: count }, (_, at) => value(at));
const rows = (start, values) => all(columns.nodes, (node) => [...values.subarray(start[node], start[node + 1])]);
process.stdout.write(JSON.stringify({
  names: all(columns.nodes, (node) => columns.name(node)),
  ids: all(columns.nodes, (node) => columns.id(node)),
  ops: all(columns.nodes, (node) => columns.op(node)),
  groups: [...columns.nodeGroup],
  groupIds: all(columns.groups, (group) => columns.groupId(group)),
  groupKinds: all(columns.groups, (group) => columns.groupKind(group)),
  groupOps: all(columns.groups, (group) => columns.groupOpName(group)),
  parents: [...columns.groupParents],
  inputs: rows(columns.inputStart, columns.inputNode),
  ports: rows(columns.inputStart, columns.inputPort),
  outputs: all(columns.nodes, (node) =>
    all(columns.outputStart[node + 1] - columns.outputStart[node], (port) => columns.output(node, port))),
  weights: all(columns.nodes, (node) => [...columns.weightsOf(node)].map((code) => columns.weights.at(code))),
  parameters: [...columns.parameters],
  groupParameters: [...columns.groupParameters],
  attributes: all(columns.nodes, (node) => attributes.of(node)),
  found: all(columns.nodes, (node) => columns.nodeById(columns.id(node))),
  facts: Object.fromEntries([...columns.facts].map(([name, values]) => [name, [...values].map((value) => (Number.isNaN(value) ? null : value))])),
}));
