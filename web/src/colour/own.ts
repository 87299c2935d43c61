/**
 * Tables that a user drops in: CSV or JSON by layer name, also Model Explorer's node data. In: the text of a file.
 * Out: colour sources, and what could not be matched.
 *
 *   layer,latency_ms,device        {"conv1": 3.5, …}            {"model.tflite": {"results":
 *   conv1,3.5,gpu:0                {"conv1": {"ms": 3.5}, …}        {"conv1": {"value": 3.5}, …}}}
 *                                  [{"layer": "conv1", "ms": 3.5}, …]
 */

import type { Columns } from "../columns.ts";
import { readNumber } from "../find/value.ts";
import { agreeOn } from "./rollup.ts";
import type { Labels, Numbers, Source } from "./sources.ts";

/** Values by layer: one row each; `fill` is a colour that the file itself gives. */
export interface OwnTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly key: string; readonly values: readonly (string | number | null)[]; readonly fill?: string }[];
}

/** What a table became. */
export interface OwnSources {
  readonly sources: readonly Source[];
  readonly matched: number;
  /** Names that no layer has. */
  readonly unmatched: readonly string[];
}

const LARGEST = 64e6; // characters; a table of 1,000,000 layers has some 50 MB
const MOST_FILLS = 32; // with more values than that, a scale tells more than the colours of the file
const TIME = /_(ns|µs|ms|s)$/;
const DECIMAL_COMMA = /^[+-]?\d*,\d+(e[+-]?\d+)?$/i;
const DECIMAL_POINT = /^[+-]?\d*\.\d+(e[+-]?\d+)?$/i;
const KEY_NAMES = ["layer", "id", "name", "node", "op", "operation", "tensor", "layer_name", "node_name"];

/**
 * Reads a table by its content: JSON where it begins with { or [, else CSV.
 *
 * @throws Error that says what was expected, where it is neither.
 */
export function readTable(text: string): OwnTable {
  if (text.length > LARGEST) throw new Error(`Expected at most ${LARGEST / 1e6} MB; received ${Math.round(text.length / 1e6)} MB`);
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (trimmed === "") throw new Error("The file is empty; expected CSV or JSON with a value per layer");
  if (!/^[{[]/.test(trimmed)) return fromCsv(trimmed);
  let value: unknown;
  try {
    value = JSON.parse(trimmed);
  } catch (error) {
    throw new Error(`The file begins as JSON but cannot be read: ${(error as Error).message}`);
  }
  return fromJson(value);
}

/** What stands between the columns of CSV: semicolons, tabs or commas, whichever the first line has most of. */
function commaOf(text: string): string {
  const head = text.slice(0, text.indexOf("\n") < 0 ? undefined : text.indexOf("\n"));
  const count = (sign: string): number => head.split(sign).length;
  return [";", "\t", ","].reduce((best, sign) => (count(sign) > count(best) ? sign : best)); // as many commas are decimal
}

/** Splits CSV; quotes as in RFC 4180. */
export function splitCsv(text: string): string[][] {
  const comma = commaOf(text);
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[++at] as string;
      else quoted = false;
    } else if (letter === '"' && cell === "") quoted = true;
    else if (letter === comma || letter === "\n") {
      row.push(cell.trim());
      cell = "";
      if (letter === "\n") rows.push(row.splice(0));
    } else cell += letter;
  }
  rows.push([...row, cell.trim()]);
  return rows.filter((cells) => cells.some((found) => found !== ""));
}

function fromCsv(text: string): OwnTable {
  const comma = commaOf(text);
  const [head, ...rest] = (comma === "," ? splitCsv(text) : withPoints(splitCsv(text))) as [string[], ...string[][]];
  if (head.length < 2) {
    throw new Error("Expected CSV with at least two columns, layer and value, such as: layer,latency_ms");
  }
  const wide = rest.find((cells) => cells.slice(head.length).some((cell) => cell !== ""));
  if (wide !== undefined) {
    const hint = comma === "," ? "; numbers with a decimal comma need semicolons between the columns" : "";
    throw new Error(`The row ${wide.join(comma)} has ${wide.length} cells, where the first line has ${head.length}${hint}`);
  }
  const names = head.map((name) => name.toLowerCase());
  const hasHead = head.slice(1).every((cell) => Number.isNaN(readNumber(cell)));
  const key = hasHead ? Math.max(0, KEY_NAMES.map((name) => names.indexOf(name)).find((at) => at >= 0) ?? 0) : 0;
  const others = head.map((_, at) => at).filter((at) => at !== key);
  const rows = (hasHead ? rest : [head, ...rest]).map((cells) => ({
    key: cells[key] ?? "",
    values: others.map((at) => readCell(cells[at] ?? "")),
  }));
  return { columns: others.map((at) => (hasHead && head[at] ? (head[at] as string) : `value ${at}`)), rows };
}

/** The cells of a table without commas between them, numbers such as `0,5` written with a point. */
function withPoints(rows: string[][]): string[][] {
  const cells = rows.flat();
  const comma = cells.find((cell) => DECIMAL_COMMA.test(cell));
  const point = cells.find((cell) => DECIMAL_POINT.test(cell));
  if (comma === undefined) return rows;
  if (point !== undefined) {
    throw new Error(`${comma} has a decimal comma and ${point} a decimal point; write all numbers alike`);
  }
  return rows.map((row) => row.map((cell) => (DECIMAL_COMMA.test(cell) ? cell.replace(",", ".") : cell)));
}

function readCell(text: string): string | number | null {
  if (text === "" || /^(nan|na|n\/a|null|none|-)$/i.test(text)) return null;
  const plain = Number(text);
  return Number.isNaN(plain) ? text : plain;
}

function fromJson(value: unknown): OwnTable {
  if (Array.isArray(value)) return fromRecords(value);
  const mapping = value as Record<string, unknown>;
  if (Array.isArray(mapping.rows)) {
    return fromRecords([...mapping.rows, ...(Array.isArray(mapping.groups) ? mapping.groups : [])]); // a profile
  }
  const data = nodeData(mapping);
  if (data !== undefined) return data;
  const entries = Object.entries(mapping);
  if (entries.length > 0 && entries.every(([, inner]) => isRecord(inner))) {
    return fromRecords(entries.map(([key, inner]) => ({ ...(inner as object), layer: key })));
  }
  const rows = entries.map(([key, inner]) => ({ key, values: [readJson(inner)] }));
  if (!rows.some(({ values }) => values[0] !== null)) {
    throw new Error('Expected JSON such as {"conv1": 3.5} or {"conv1": {"ms": 3.5}} or [{"layer": "conv1", "ms": 3.5}]');
  }
  return { columns: ["value"], rows };
}

/** Model Explorer's node data: of one graph, or of several by name; the colours that it sets are kept. */
function nodeData(mapping: Record<string, unknown>): OwnTable | undefined {
  const graphs = isRecord(mapping.results) ? [mapping] : Object.values(mapping).filter((inner) => isRecord(inner) && isRecord(inner.results));
  if (graphs.length === 0) return undefined;
  const rows = graphs.flatMap((graph) =>
    Object.entries((graph as { results: Record<string, unknown> }).results).map(([key, result]) => {
      const found = isRecord(result) ? result : { value: result };
      const fill = typeof found.bgColor === "string" && /^#[0-9a-f]{6}$/i.test(found.bgColor) ? { fill: found.bgColor.toLowerCase() } : {};
      return { key, values: [readJson(found.value)], ...fill };
    }),
  );
  return { columns: ["value"], rows };
}

function fromRecords(records: readonly unknown[]): OwnTable {
  const rows = records.filter(isRecord);
  const names = [...new Set(rows.slice(0, 1000).flatMap((row) => Object.keys(row)))];
  const key = KEY_NAMES.find((name) => names.some((found) => found.toLowerCase() === name));
  const keyName = names.find((name) => name.toLowerCase() === key);
  if (keyName === undefined) {
    throw new Error(`Expected a list of objects that have ${KEY_NAMES.slice(0, 4).join(", ")} or the like; received ${names.slice(0, 5).join(", ") || "none"}`);
  }
  const others = names.filter((name) => name !== keyName);
  return { columns: others, rows: rows.map((row) => ({ key: String(row[keyName]), values: others.map((name) => readJson(row[name])) })) };
}

function readJson(value: unknown): string | number | null {
  if (typeof value === "number" || typeof value === "string") return typeof value === "string" ? readCell(value) : value;
  return typeof value === "boolean" ? String(value) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Matches rows with nodes and groups (by id, else by name; a layer that is called thrice has one name) and makes sources. */
export function ownSources(columns: Columns, table: OwnTable, file: string): OwnSources {
  const places = match(columns, table);
  const unmatched = table.rows.filter((_, row) => (places[row] as Places).length === 0).map(({ key }) => key);
  const matched = table.rows.length - unmatched.length;
  return { sources: placed(columns, table, places, file, (_, name) => `own:${file}:${name}`), matched, unmatched };
}

/** The table that was laid over the model before the page was made: its rows say which node or group they mean. */
export function overlaySources(columns: Columns, text: string): readonly Source[] {
  const { name, columns: names, rows } = JSON.parse(text) as {
    readonly name: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly [number, ...(string | number | null)[]])[];
  };
  const table = { columns: names, rows: rows.map(([, ...values]) => ({ key: "", values })) };
  const places = rows.map(([place]) => [place]);
  return placed(columns, table, places, name, (column) => `overlay:${column}`);
}

/** Sources of a table whose rows mean certain places. */
function placed(
  columns: Columns,
  table: OwnTable,
  places: readonly Places[],
  file: string,
  identity: (column: number, name: string) => string,
): Source[] {
  return table.columns.flatMap((name, column): Source[] => {
    const values = table.rows.map((row) => row.values[column] ?? null);
    if (values.every((value) => value === null)) return [];
    const title = table.columns.length === 1 && name === "value" ? file : `${name} (${file})`;
    const numeric = values.every((value) => value === null || typeof value === "number");
    const fewFills = table.rows.some(({ fill }) => fill !== undefined) && new Set(values).size <= MOST_FILLS;
    const made = numeric && !fewFills ? numbersOf(columns, values as (number | null)[], places) : labelsOf(columns, table, values, places);
    return [{ id: identity(column, name), title, unit: TIME.exec(name)?.[1] ?? "", rollup: "sum", own: true, values: () => made }];
  });
}

type Places = readonly number[];

/** Nodes (and groups, as ~index) that each row means. */
function match(columns: Columns, table: OwnTable): Places[] {
  const rowsByKey = new Map<string, number>();
  // an output tensor, such as add:0, means the node that makes it, unless the node has a row of its own
  table.rows.forEach(({ key }, row) => rowsByKey.set(key.replace(/:\d+$/, ""), row));
  table.rows.forEach(({ key }, row) => rowsByKey.set(key, row));
  const byId: number[][] = table.rows.map(() => []);
  const byName: number[][] = table.rows.map(() => []);
  const note = (id: string, name: string, item: number): void => {
    const exact = rowsByKey.get(id);
    if (exact !== undefined) (byId[exact] as number[]).push(item);
    const named = rowsByKey.get(name);
    if (named !== undefined) (byName[named] as number[]).push(item);
  };
  for (let node = 0; node < columns.nodes; node++) note(columns.id(node), columns.name(node), node);
  for (let group = 1; group < columns.groups; group++) note(columns.groupId(group), columns.groupName(group), ~group);
  return byId.map((found, row) => (found.length > 0 ? found : (byName[row] as number[])));
}

function numbersOf(columns: Columns, values: readonly (number | null)[], places: readonly Places[]): Numbers {
  const nodes = new Float64Array(columns.nodes).fill(Number.NaN);
  const groups = new Float64Array(columns.groups).fill(Number.NaN);
  let some = false;
  values.forEach((value, row) => {
    for (const item of places[row] as Places) {
      if (item >= 0) nodes[item] = value ?? Number.NaN;
      else {
        groups[~item] = value ?? Number.NaN;
        some = true;
      }
    }
  });
  if (!some) return { kind: "numbers", nodes };
  return { kind: "numbers", nodes, given: groups };
}

function labelsOf(columns: Columns, table: OwnTable, values: readonly (string | number | null)[], places: readonly Places[]): Labels {
  const codes = new Map<string, number>();
  const fills: (string | undefined)[] = [];
  const nodes = new Int32Array(columns.nodes).fill(-1);
  const given = new Int32Array(columns.groups).fill(-1);
  values.forEach((value, row) => {
    if (value === null) return;
    const label = String(value);
    if (!codes.has(label)) codes.set(label, codes.size);
    const code = codes.get(label) as number;
    fills[code] ??= table.rows[row]?.fill;
    for (const item of places[row] as Places) {
      if (item >= 0) nodes[item] = code;
      else given[~item] = code;
    }
  });
  const agreed = agreeOn(columns, nodes);
  const groups = given.map((code, group) => (code >= 0 ? code : (agreed[group] as number)));
  const own = fills.every((fill) => fill !== undefined) ? { fills: fills as string[] } : {};
  return { kind: "labels", labels: [...codes.keys()], nodes, groups, ...own };
}
