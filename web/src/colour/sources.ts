/** What a model can be coloured by: one row each. Facts and the user's own tables are sources too. */

import type { Attributes, Columns } from "../columns.ts";
import { attributeValue } from "../find/attributes.ts";
import { outputSize } from "../find/fields.ts";
import { agreeOn, rollUp, type Rollup } from "./rollup.ts";

/** Numbers of nodes; NaN is unknown. */
export interface Numbers {
  readonly kind: "numbers";
  readonly nodes: Float64Array;
  /** Sums of groups that are known without a roll-up, such as parameters that count shared weights once. */
  readonly groups?: Float64Array;
  /** Values of some groups that stand for all that they hold, whatever the roll-up; NaN for the others. */
  readonly given?: Float64Array;
}
/** Labels of nodes and groups: positions in `labels`, -1 where there is none. */
export interface Labels {
  readonly kind: "labels";
  readonly labels: readonly string[];
  readonly nodes: Int32Array;
  readonly groups: Int32Array;
  /** Fill of each label, where the source has its own. */
  readonly fills?: readonly string[];
}
export type Values = Numbers | Labels;

export interface Source {
  readonly id: string;
  readonly title: string;
  /** Unit of its numbers, such as "B"; empty for counts. */
  readonly unit: string;
  /** How groups get their value unless the user chooses. */
  readonly rollup: Rollup;
  /** Whether a user's own table brought it. */
  readonly own?: boolean;
  values(): Values;
}

/** What the sources are made of. Fills of families are those of the theme, so that the legend explains the drawing. */
export interface SourceSetup {
  readonly columns: Columns;
  readonly families: readonly string[];
  readonly familyFills: readonly string[];
  readonly attributes: Attributes | null;
}

const FACTS: Readonly<Record<string, readonly [string, string, Rollup]>> = {
  macs: ["Multiply-adds (MACs)", "", "sum"],
  flops: ["Operations (FLOPs)", "", "sum"],
  compute_us: ["Measured time", "µs", "sum"],
  memory_bytes: ["Measured memory", "B", "max"],
  values: ["Values", "", "sum"],
  output_mean: ["Output: mean", "", "mean"],
  output_zeros: ["Output: share of zeros", "", "mean"],
  output_norm: ["Output: norm", "", "max"],
  output_mean_2: ["Output for the second input: mean", "", "mean"],
  output_zeros_2: ["Output for the second input: share of zeros", "", "mean"],
  output_norm_2: ["Output for the second input: norm", "", "max"],
  output_change: ["Output: difference by norm", "", "max"],
};

function numbers(id: string, title: string, unit: string, rollup: Rollup, values: () => Omit<Numbers, "kind">): Source {
  return { id, title, unit, rollup, values: once(() => ({ kind: "numbers", ...values() })) };
}

function labels(id: string, title: string, values: () => Omit<Labels, "kind">): Source {
  return { id, title, unit: "", rollup: "sum", values: once(() => ({ kind: "labels", ...values() })) };
}

/** All sources that this model has something for; values are made when a source is first chosen. */
export function sourcesOf(setup: SourceSetup): Source[] {
  const { columns, attributes } = setup;
  const found = [
    labels("family", "Category", () => byFamily(setup)),
    numbers("parameters", "Parameters", "", "sum", () => some(columns.parameters, columns.groupParameters)),
    numbers("bytes", "Bytes of weights", "B", "sum", () => some(columns.weightBytes, columns.groupBytes)),
  ];
  for (const [name, values] of columns.facts) {
    const [title, unit, rollup] = FACTS[name] ?? [name, "", "sum"];
    const work = name === "macs" || name === "flops"; // most layers do none; what does some should stand out
    found.push(numbers(`fact:${name}`, title, unit, rollup, () => ({ nodes: work ? known(values) : values })));
  }
  found.push(
    numbers("output", "Output size (elements)", "", "max", () => ({ nodes: mapNodes(columns, outputSize(columns)) })),
    labels("dtype", "Element type", () => byCode(columns, (node) => columns.output(node)?.dtype ?? "")),
    labels("trainable", "Trainable", () => byCode(columns, (node) => trainability(columns, node))),
    labels("structure", "Equal structure", () => byStructure(columns)),
  );
  if (attributes !== null && hasDevice(attributes)) {
    found.push(labels("device", "Device", () => byCode(columns, (node) => deviceOf(attributes, node))));
  }
  return found.filter((source) => source.id !== "trainable" || columns.weights.length > 0);
}

/** What has no weights has no value: it stands back, and the scale begins with the smallest layer that has some. */
function some(nodes: Float64Array, groups: Float64Array): Omit<Numbers, "kind"> {
  return { nodes: known(nodes), groups: known(groups) };
}

function known(values: Float64Array): Float64Array {
  return values.map((value) => (value === 0 ? Number.NaN : value));
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function mapNodes(columns: Columns, value: (node: number) => number): Float64Array {
  const all = new Float64Array(columns.nodes);
  for (let node = 0; node < columns.nodes; node++) all[node] = value(node);
  return all;
}

function byFamily({ columns, families, familyFills }: SourceSetup): Omit<Labels, "kind"> {
  const nodes = new Int32Array(columns.nodes);
  for (let node = 0; node < nodes.length; node++) nodes[node] = columns.opFamilies[columns.opCode[node] as number] ?? -1;
  return { labels: families, fills: familyFills, nodes, groups: new Int32Array(columns.groups).fill(-1) };
}

/** Labels by a text of each node, the most frequent first; no label where the text is empty. */
function byCode(columns: Columns, text: (node: number) => string): Omit<Labels, "kind"> {
  const found = new Map<string, number>();
  const counts: number[] = [];
  const first = new Int32Array(columns.nodes).fill(-1);
  for (let node = 0; node < columns.nodes; node++) {
    const label = text(node);
    if (label === "") continue;
    const code = found.get(label) ?? found.size;
    if (code === found.size) found.set(label, code);
    counts[code] = (counts[code] ?? 0) + 1;
    first[node] = code;
  }
  const count = (label: string): number => counts[found.get(label) as number] as number;
  const labels = [...found.keys()].sort((one, two) => count(two) - count(one) || (one < two ? -1 : 1));
  const places = new Int32Array(labels.length);
  labels.forEach((label, at) => {
    places[found.get(label) as number] = at;
  });
  const nodes = first.map((code) => (code < 0 ? -1 : (places[code] as number)));
  return { labels, nodes, groups: agreeOn(columns, nodes) };
}

function trainability(columns: Columns, node: number): string {
  const all = columns.parameters[node] as number;
  const trained = columns.trainable[node] as number;
  if (!(all > 0)) return "";
  return trained === all ? "trainable" : trained > 0 ? "partly trainable" : "frozen";
}

/** Groups of equal structure that occur more than once, the most frequent first; a node has the label of its group. */
function byStructure(columns: Columns): Omit<Labels, "kind"> {
  const counts = new Map<number, number>();
  const first = new Map<number, number>();
  for (let group = 1; group < columns.groups; group++) {
    const placement = columns.placementOf[group] as number;
    if (placement < 0) continue; // it has no inside
    counts.set(placement, (counts.get(placement) ?? 0) + 1);
    if (!first.has(placement)) first.set(placement, group);
  }
  const repeated = [...counts].filter(([, count]) => count > 1).sort(([a, many], [b, more]) => more - many || a - b);
  const codes = new Map(repeated.map(([placement], at) => [placement, at]));
  const groups = columns.placementOf.map((placement, group) => (group === 0 ? -1 : (codes.get(placement) ?? -1)));
  const nodes = columns.nodeGroup.map((group) => groups[group] ?? -1);
  const names = repeated.map(([placement, count]) => `${count} × ${columns.groupName(first.get(placement) as number)}`);
  return { labels: names, nodes, groups };
}

function deviceOf(attributes: Attributes, node: number): string {
  const device = attributeValue(attributes.of(node), "device");
  return typeof device === "string" ? device : "";
}

function hasDevice(attributes: Attributes): boolean {
  for (let code = 0; code < attributes.texts.length; code++) {
    if (attributes.texts.at(code).includes('device"')) return true;
  }
  return false;
}

/** Numbers of groups, by the roll-up; without one chosen, those that the source knows. */
export function groupNumbers(columns: Columns, { nodes, groups, given }: Numbers, rollup: Rollup): Float64Array {
  return rollup === "sum" && groups !== undefined ? groups : rollUp(columns, nodes, rollup, given);
}
