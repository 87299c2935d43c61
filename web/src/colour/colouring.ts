/** A colouring: a source with its choices made into a palette and one code per node and group. */

import type { Columns } from "../columns.ts";
import type { Rollup } from "./rollup.ts";
import { colourAt, domainOf, type Scale, shareOf, shortNumber, type Spread, spreadFor, ticks } from "./scale.ts";
import { groupNumbers, type Labels, type Numbers, type Source } from "./sources.ts";

/** What the user chose; absent choices are made by the data. */
export interface ColourChoice {
  readonly source: string;
  readonly spread?: Spread;
  readonly rollup?: Rollup;
  /** Only values from here to there are coloured. */
  readonly range?: readonly [number, number];
  /** Labels that are not coloured. */
  readonly hidden?: readonly string[];
}

/** Fills for the drawing: code 0 is no colour of its own, 1 is "out of range or unknown", others are values. */
export interface Colouring {
  readonly palette: readonly string[];
  readonly nodes: Uint8Array;
  readonly groups: Uint8Array;
}

export interface LegendEntry {
  readonly label: string;
  readonly fill: string;
  /** Nodes that have it; for a tick of a scale 0. */
  readonly count: number;
  /** Where it stands on the scale, 0 to 1; for labels their position in the source. */
  readonly at: number;
}

/** A colouring with what explains it. */
export interface Coloured extends Colouring {
  readonly source: Source;
  readonly choice: ColourChoice;
  readonly legend: readonly LegendEntry[];
  /** The scale, for numbers; `colours` from low to high. */
  readonly scale: Scale | null;
  /** The scale of groups, and its legend, where it is another than that of layers. */
  readonly groupScale: Scale | null;
  readonly groupLegend: readonly LegendEntry[];
  readonly colours: readonly string[];
  readonly rollup: Rollup;
  /** Values of groups, for numbers. */
  readonly groupValues: Float64Array | null;
  /** Nodes that have a value, and nodes that are in the chosen range. */
  readonly known: number;
  readonly shown: number;
}

const STEPS = 64; // more than an eye tells apart on one scale
const FIRST = 2; // the first code of a value
const MOST_LABELS = 200; // codes are bytes

/** Hues after Okabe and Ito that stay apart for all kinds of colour blindness, then lighter and darker ones. */
const HUES = [
  "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#8c8c8c",
  "#a6d8f5", "#f5cf80", "#7fcdb8", "#e6bcd3", "#8fc0e0", "#f0ae80", "#c9b458", "#5f6b7a",
]; // prettier-ignore

/** Fill of the n-th label. */
export function labelFill(at: number): string {
  return HUES[at % HUES.length] as string;
}

/** Makes a colouring. `colours` run from low to high; `faded` is the fill of what has no value or is out of range. */
export function colour(
  columns: Columns,
  source: Source,
  choice: ColourChoice,
  colours: readonly string[],
  faded: string,
): Coloured {
  const values = source.values();
  const base = { source, choice, colours, rollup: choice.rollup ?? source.rollup };
  return values.kind === "numbers"
    ? { ...base, ...byNumbers(columns, values, choice, base.rollup, colours, faded, source.unit) }
    : { ...base, ...byLabels(columns, values, choice, faded) };
}

type Made = Omit<Coloured, "source" | "choice" | "colours" | "rollup">;

function byNumbers(
  columns: Columns,
  values: Numbers,
  choice: ColourChoice,
  rollup: Rollup,
  colours: readonly string[],
  faded: string,
  unit: string,
): Made {
  const groupValues = groupNumbers(columns, values, rollup);
  const ofNodes = domainOf(values.nodes) ?? { low: 0, high: 0 };
  const scale: Scale = { ...ofNodes, spread: choice.spread ?? spreadFor(values.nodes) };
  const [from, to] = choice.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let known = 0;
  let shown = 0;
  const codeOf = (value: number): number => {
    if (Number.isNaN(value) || value < from || value > to) return 1;
    return FIRST + Math.round(shareOf(scale, value) * (STEPS - 1));
  };
  const nodes = new Uint8Array(columns.nodes);
  for (let node = 0; node < nodes.length; node++) {
    const value = values.nodes[node] as number;
    nodes[node] = codeOf(value);
    known += Number.isNaN(value) ? 0 : 1;
    shown += nodes[node] === 1 ? 0 : 1;
  }
  // groups have a scale of their own: sums over many nodes would all lie beyond the end of that of the nodes
  const ofGroups = domainOf(groupValues.subarray(1)) ?? ofNodes;
  const groupScale: Scale = rollup === "sum" && ofGroups.high > scale.high ? { ...ofGroups, spread: scale.spread } : scale;
  const groups = new Uint8Array(columns.groups);
  for (let group = 1; group < groups.length; group++) {
    const value = groupValues[group] as number;
    groups[group] = Number.isNaN(value) ? 1 : FIRST + Math.round(shareOf(groupScale, value) * (STEPS - 1));
  }
  const own = rollup === "sum" && ofGroups.high > scale.high;
  const steps = Array.from({ length: STEPS }, (_, step) => colourAt(colours, step / (STEPS - 1)));
  const entries = (of: Scale): LegendEntry[] =>
    ticks(of).map((value) => {
      const at = shareOf(of, value);
      return { label: shortNumber(value, unit), fill: colourAt(colours, at), count: 0, at };
    });
  return {
    palette: ["", faded, ...steps],
    nodes,
    groups,
    legend: entries(scale),
    scale,
    groupScale: own ? groupScale : null,
    groupLegend: own ? entries(groupScale) : [],
    groupValues,
    known,
    shown,
  };
}

function byLabels(columns: Columns, values: Labels, choice: ColourChoice, faded: string): Made {
  const hidden = new Set(choice.hidden ?? []);
  const fills = values.labels.map((label, at) =>
    hidden.has(label) || at >= MOST_LABELS ? faded : (values.fills?.[at] ?? labelFill(at)),
  );
  const codeOf = (label: number): number => {
    if (label < 0 || label >= MOST_LABELS || hidden.has(values.labels[label] as string)) return 1;
    return FIRST + label;
  };
  const codes = Uint8Array.from(values.labels.slice(0, MOST_LABELS), (_, label) => codeOf(label));
  const coded = (labels: Int32Array, without: number): Uint8Array => {
    const made = new Uint8Array(labels.length);
    for (let at = 0; at < made.length; at++) {
      const label = labels[at] as number;
      made[at] = label < 0 ? without : (codes[label] ?? 1);
    }
    return made;
  };
  const nodes = coded(values.nodes, 1);
  const groups = coded(values.groups, 0);
  const counts = new Float64Array(values.labels.length);
  let known = 0;
  let shown = 0;
  for (let node = 0; node < columns.nodes; node++) {
    const label = values.nodes[node] as number;
    if (label >= 0) counts[label] = (counts[label] as number) + 1;
    known += label >= 0 ? 1 : 0;
    shown += nodes[node] === 1 ? 0 : 1;
  }
  const legend = values.labels
    .map((label, at) => ({ label, fill: fills[at] as string, count: counts[at] as number, at }))
    .filter(({ count }) => count > 0);
  return {
    palette: ["", faded, ...fills.slice(0, MOST_LABELS)],
    nodes,
    groups,
    legend,
    scale: null,
    groupScale: null,
    groupLegend: [],
    groupValues: null,
    known,
    shown,
  };
}

/** Nodes in the order of their values, the greatest first; unknown ones last. */
export function byValue(nodes: Float64Array): Uint32Array {
  const order = new Uint32Array(nodes.length).map((_, at) => at);
  const value = (at: number): number => {
    const found = nodes[at] as number;
    return Number.isNaN(found) ? Number.NEGATIVE_INFINITY : found;
  };
  return order.sort((one, two) => value(two) - value(one) || one - two);
}
