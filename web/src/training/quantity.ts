/** A quantity that was recorded of all parts of a model: a table with a row a part and a column a step. */
import { Strings } from "../columns.ts";
import type { Columns, Container } from "../columns.ts";
import type { Tag } from "./logs.ts";
import { recorded } from "./naming.ts";

export interface Quantity {
  /** What was recorded, such as `norm/gradients`. */
  readonly name: string;
  /** Ids of nodes, groups or weights. */
  readonly ids: readonly string[];
  readonly steps: Float64Array;
  readonly times: Float64Array;
  /** Row by row, as they are shown; NaN where nothing was recorded. */
  readonly values: Float32Array;
}

export function quantityOf(name: string, box: Container): Quantity {
  const texts = new Strings(box.bytes("ids"), box.u32("ids_start"));
  const ids = Array.from({ length: texts.length }, (_, at) => texts.at(at));
  const values = box.f32("values").map((value) => shownValue(name, value));
  return { name, ids, steps: box.f64("steps"), times: box.f64("times"), values };
}

const FIRST = ["norm/activations", "norm/gradients", "ratio/updates", "norm/weights", "zeros/activations", "seconds/step"];

/** The quantities that some tags are of, those that tell most first. */
export function quantitiesIn(tags: readonly Tag[]): string[] {
  const found = new Set<string>();
  for (const { tag, kind } of tags) {
    const known = kind === "scalars" ? recorded(tag) : undefined;
    if (known !== undefined && known.statistic !== "") found.add(`${known.statistic}/${known.kind}`);
  }
  const rank = (name: string): number => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
  return [...found].sort((one, two) => rank(one) - rank(two) || (one < two ? -1 : 1));
}

const SAID: Readonly<Record<string, string>> = {
  norm: "Norm", mean: "Mean", std: "Standard deviation", min: "Least value", max: "Greatest value", zeros: "Share of zeros",
  nan: "NaN", infinite: "Infinite values", ratio: "Ratio to the weights", saturation: "Share of saturated", dead: "Share of dead units",
  seconds: "Milliseconds",
};

const PARTS_OF_STEP: Readonly<Record<string, string>> = { step: "whole step", forward: "forward pass", backward: "backward pass" };

/** Whether a statistic, or a quantity, is a time: it is shown in milliseconds, and adds up over the layers of a group. */
export function isTime(name: string): boolean {
  return /^seconds(\/|$)/.test(name);
}

/** What is shown of a value that was recorded of a statistic or quantity. */
export function shownValue(name: string, value: number): number {
  return isTime(name) ? value * 1000 : value;
}

/** A quantity in words: `norm/gradients` is the norm of gradients. */
export function titleOf(name: string): string {
  const [statistic = "", kind = ""] = name.split("/");
  return isTime(name) ? `Time of the ${kindName(kind)}` : `${statisticName(statistic)} of ${kind}`;
}

/** A kind in words. */
export function kindName(kind: string): string {
  return PARTS_OF_STEP[kind] ?? kind;
}

/** Where a statistic stands in a list of them: those that are known first, in the order above. */
export function statisticRank(statistic: string): number {
  const known = Object.keys(SAID).indexOf(statistic);
  return statistic === "" ? -1 : known < 0 ? Number.MAX_SAFE_INTEGER : known;
}

/** A statistic in words. */
export function statisticName(statistic: string): string {
  return SAID[statistic] ?? statistic;
}

/** Which parts of a drawing each row of ids means: nodes, and groups as ~index. A weight means the nodes that own it. */
export class Parts {
  private readonly byId = new Map<string, number[]>();
  private readonly byWeight = new Map<string, number[]>();

  constructor(private readonly columns: Columns) {
    const id = columns.idReader();
    for (let node = 0; node < columns.nodes; node++) {
      add(this.byId, id(node), node);
      for (const code of columns.weightsOf(node)) add(this.byWeight, columns.weights.ids.at(code), node);
    }
    for (let group = 1; group < columns.groups; group++) add(this.byId, columns.groupId(group), ~group);
  }

  /** What an id means, for a kind; a later call of a layer, which has `#2` behind its id, is that layer. */
  of(id: string, kind: string): readonly number[] {
    const plain = id.replace(/#\d+$/, "");
    const [first, second] = kind === "activations" ? [this.byId, this.byWeight] : [this.byWeight, this.byId];
    return first.get(plain) ?? second.get(plain) ?? [];
  }

  /** Whether an id means a node or ~group, or something in that group. */
  holds(item: number, id: string): boolean {
    const { nodeGroup, groupParents } = this.columns;
    return this.of(id, "activations").some((found) => {
      if (found === item) return true;
      let group = (found >= 0 ? nodeGroup[found] : groupParents[~found]) ?? -1;
      while (group >= 0 && ~group !== item) group = groupParents[group] ?? -1;
      return group >= 0;
    });
  }

  /** Ids under which something may have been recorded of a node or group. */
  idsOf(item: number): ReadonlySet<string> {
    const { columns } = this;
    if (item < 0) return new Set([columns.groupId(~item)]);
    return new Set([columns.id(item), ...Array.from(columns.weightsOf(item), (code) => columns.weights.ids.at(code))]);
  }
}

function add(map: Map<string, number[]>, key: string, item: number): void {
  const found = map.get(key);
  if (found === undefined) map.set(key, [item]);
  else found.push(item);
}
