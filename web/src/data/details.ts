/** Details of a node or group from the columns alone, for pages without a server. */
import { Attributes } from "../columns.ts";
import type { Columns } from "../columns.ts";
import type {
  Attribute, GroupDetails, NodeDetails, NodeInput, NodeOutput, NodeRef, Part, PathStep, WeightInfo,
} from "../contract.ts";

const MOST_READERS = 50;
const MOST_WEIGHTS = 200;
const BITS: Readonly<Record<string, number>> = { 64: 64, 32: 32, 16: 16, 8: 8, 4: 4, 2: 2 };

/** Groups from the outermost to the one that holds an item. */
export function pathOf(columns: Columns, group: number): PathStep[] {
  const found: PathStep[] = [];
  for (let at = group; at >= 0; at = columns.groupParents[at] ?? -1) {
    found.push({ index: at, name: columns.groupName(at) });
  }
  return found.reverse();
}

export function nodeDetails(columns: Columns, attributes: Attributes | undefined, node: number, format = ""): NodeDetails {
  const facts: Record<string, number> = {};
  for (const [name, values] of columns.facts) {
    const value = values[node];
    if (value !== undefined && !Number.isNaN(value)) {
      facts[name] = value;
    }
  }
  const told = attributes?.of(node) ?? {};
  const inputs = inputsOf(columns, node);
  const outputs = outputsOf(columns, node);
  const weights = Array.from(columns.weightsOf(node), (code) => weightInfo(columns, code, node));
  return {
    index: node,
    id: columns.id(node),
    name: columns.name(node),
    op: columns.op(node),
    family: "",
    path: pathOf(columns, columns.nodeGroup[node] ?? -1),
    attributes: attributeList(told),
    inputs,
    inputCount: inputs.length,
    outputs,
    outputCount: outputs.length,
    weights,
    weightCount: weights.length,
    parameters: columns.parameters[node] ?? 0,
    trainable_parameters: columns.trainable[node] ?? 0,
    weight_bytes: columns.weightBytes[node] ?? 0,
    facts,
    found_by: "",
    python: pythonOf(columns, format, String(told["operation"] ?? columns.id(node)), columns.name(node), columns.nodeGroup[node] ?? 0),
  };
}

export function groupDetails(columns: Columns, group: number, part: Part | undefined, format = ""): GroupDetails {
  const inside = insideOf(columns, group);
  const counts = new Map<string, number>();
  let nodes = 0;
  for (let node = 0; node < columns.nodes; node++) {
    if (inside[columns.nodeGroup[node] as number]) {
      nodes++;
      counts.set(columns.op(node), (counts.get(columns.op(node)) ?? 0) + 1);
    }
  }
  const facts: Record<string, number> = {};
  for (const [name, values] of columns.facts) {
    let sum = 0;
    for (let node = 0; node < columns.nodes; node++) {
      const value = values[node] as number;
      sum += inside[columns.nodeGroup[node] as number] && !Number.isNaN(value) ? value : 0;
    }
    facts[name] = sum;
  }
  const own = [...columns.weightsOfGroup(group)];
  const placement = columns.placementOf[group] ?? -1;
  const equal: PathStep[] = [];
  for (let other = 0; other < columns.groups && equal.length < MOST_READERS && placement >= 0; other++) {
    if (other !== group && columns.placementOf[other] === placement) {
      equal.push({ index: other, name: columns.groupName(other) });
    }
  }
  const inputs = tensorsOf(columns, part?.ins ?? []);
  const outputs = tensorsOf(columns, part?.outs ?? []);
  return {
    index: group,
    id: columns.groupId(group),
    name: columns.groupName(group),
    op: columns.groupOpName(group),
    kind: columns.groupKind(group),
    path: pathOf(columns, columns.groupParents[group] ?? -1),
    attributes: [],
    inputs,
    inputCount: inputs.length,
    outputs,
    outputCount: outputs.length,
    weights: own.slice(0, MOST_WEIGHTS).map((code) => weightInfo(columns, code, -1)),
    weightCount: own.length,
    nodes,
    groups: inside.reduce((sum, one) => sum + one, 0) - 1,
    ops: [...counts].sort((a, b) => b[1] - a[1]),
    equal,
    parameters: columns.groupParameters[group] ?? 0,
    trainable_parameters: columns.groupTrainable[group] ?? 0,
    weight_bytes: columns.groupBytes[group] ?? 0,
    facts,
    found_by: "",
    python: format.startsWith("keras") && ["layer", "model"].includes(columns.groupKind(group)) && group > 0
      ? pythonOf(columns, format, columns.groupId(group), columns.groupName(group), columns.groupParents[group] ?? 0) : "",
  };
}

/** How a program that has the model gets at this very layer or operation; empty where there is no way. */
function pythonOf(columns: Columns, format: string, id: string, name: string, group: number): string {
  if (format.startsWith("keras")) {
    const models = pathOf(columns, group).slice(1).filter(({ index }) => columns.groupKind(index) === "model");
    return `model${[...models.map((step) => step.name), name].map((layer) => `.get_layer(${JSON.stringify(layer)})`).join("")}`;
  }
  return ["graph_def", "meta_graph", "events"].includes(format) ? `graph.get_operation_by_name(${JSON.stringify(id)})` : "";
}

/** 1 for every group that lies in a group, itself included: parents come before their children. */
export function insideOf(columns: Columns, group: number): Uint8Array {
  const found = new Uint8Array(columns.groups);
  found[group] = 1;
  for (let at = group + 1; at < columns.groups; at++) {
    found[at] = found[columns.groupParents[at] as number] ?? 0;
  }
  return found;
}

function attributeList(mapping: Readonly<Record<string, unknown>>): Attribute[] {
  return Object.entries(mapping).map(([name, value]) => ({
    name,
    value: typeof value === "string" ? value : JSON.stringify(value),
  }));
}

function inputsOf(columns: Columns, node: number): NodeInput[] {
  const flat: number[] = [];
  for (let at = columns.inputStart[node] as number; at < (columns.inputStart[node + 1] as number); at++) {
    flat.push(columns.inputNode[at] as number, columns.inputPort[at] as number);
  }
  return tensorsOf(columns, flat);
}

function tensorsOf(columns: Columns, flat: readonly number[]): NodeInput[] {
  const found: NodeInput[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const node = flat[at] as number;
    const port = flat[at + 1] as number;
    const tensor = columns.output(node, port);
    found.push({
      node, port, name: columns.name(node), label: "", shape: tensor?.shape ?? null, dtype: tensor?.dtype ?? null,
    });
  }
  return found;
}

function outputsOf(columns: Columns, node: number): NodeOutput[] {
  const readers = new Map<number, NodeRef[]>();
  const counts = new Map<number, number>();
  for (const [port, reader] of readersOf(columns, node)) {
    const list = readers.get(port) ?? [];
    if (list.length < MOST_READERS) {
      list.push({ node: reader, name: columns.name(reader) });
    }
    readers.set(port, list);
    counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  const many = (columns.outputStart[node + 1] as number) - (columns.outputStart[node] as number);
  return Array.from({ length: Math.max(many, ...[...counts.keys()].map((port) => port + 1), 0) }, (_, port) => {
    const tensor = columns.output(node, port);
    const shape = tensor?.shape ?? null;
    return { port, shape, dtype: tensor?.dtype ?? null, count: counts.get(port) ?? 0, readers: readers.get(port) ?? [] };
  });
}

/** Port and reader of each edge that leaves a node: one pass over all edges, some ms for a million. */
export function* readersOf(columns: Columns, node: number): Generator<[number, number]> {
  let reader = 0;
  for (let at = columns.inputNode.indexOf(node); at >= 0; at = columns.inputNode.indexOf(node, at + 1)) {
    while ((columns.inputStart[reader + 1] as number) <= at) {
      reader++;
    }
    const port = columns.inputPort[at] as number;
    if (port >= 0) {
      yield [port, reader];
    }
  }
}

function weightInfo(columns: Columns, code: number, node: number): WeightInfo {
  const row = columns.weights.at(code);
  const shape = row?.shape ?? [];
  const parameters = shape.reduce((product, size) => product * size, 1);
  const bits = BITS[/(\d+)$/.exec(row?.dtype ?? "")?.[1] ?? ""] ?? (row?.dtype === "bool" ? 8 : 32);
  const sharedBy: NodeRef[] = [];
  for (let at = columns.weightCode.indexOf(code); at >= 0; at = columns.weightCode.indexOf(code, at + 1)) {
    const owner = ownerOf(columns, at);
    if (owner !== node && sharedBy.length < MOST_READERS) {
      sharedBy.push({ node: owner, name: columns.name(owner) });
    }
  }
  return {
    code, id: row?.id ?? "", name: row?.name ?? "", shape, dtype: row?.dtype ?? "", trainable: row?.trainable ?? false,
    parameters, bytes: Math.ceil((parameters * bits) / 8), sharedBy,
  };
}

/** The node whose row of weights holds a position. */
function ownerOf(columns: Columns, position: number): number {
  let low = 0;
  let high = columns.nodes;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if ((columns.weightStart[middle] as number) <= position) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}
