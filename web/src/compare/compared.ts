/**
 * `Compared`: what two models have otherwise: what became of everything, which item of one chart is which of another,
 * and the changes, which are read when somebody looks at them.
 */
import { openContainer, Strings } from "../columns.ts";
import type { Container } from "../columns.ts";
import type { Change } from "../contract.ts";
import type { Marks } from "../paint/dressing.ts";

export type Side = "both" | "old" | "new";

/** In place of an item: there is none. */
export const NOWHERE = -(2 ** 31);

/** Codes of what became of something; groups that only hold something that changed have `HOLDS` besides. */
export const ADDED = 1;
export const REMOVED = 2;
export const HOLDS = 0x80;

/** One change: kinds as bits `1 << code`, and the item in each chart, a node or ~group. */
export interface ChangeRow {
  readonly kinds: number;
  readonly both: number;
  readonly old: number;
  readonly new: number;
}

/** Names of sums, in the order in which they are told. */
const SUMS = ["nodes", "parameters", "weight_bytes", "macs"] as const;

/** Name, and the sum over what the old and the new model have of it. */
export type Sums = readonly (readonly [name: string, old: number, fresh: number])[];

interface Partners {
  readonly nodes: Int32Array;
  readonly groups: Int32Array;
}

export class Compared {
  readonly count: number;
  private readonly kinds: Uint8Array;
  private readonly items: Readonly<Record<Side, Int32Array>>;
  private readonly texts: Strings;
  private readonly marks: Readonly<Record<Side, Marks>>;
  private readonly toBoth: Readonly<Record<"old" | "new", Partners>>;
  private readonly fromBoth: Readonly<Record<"old" | "new", Partners>>;
  private readonly counted: Readonly<Record<"old" | "new", ReadonlyMap<string, Float64Array>>>;
  private readonly rows = new Map<Side, Map<number, number>>();

  constructor(buffer: ArrayBufferLike) {
    const data = openContainer(buffer);
    this.kinds = data.u8("change_kind");
    this.count = this.kinds.length;
    this.items = { both: data.i32("change_item"), old: data.i32("change_old"), new: data.i32("change_new") };
    this.texts = new Strings(data.bytes("change"), data.u32("change_start"));
    this.marks = { both: marksOf(data, "both"), old: marksOf(data, "old"), new: marksOf(data, "new") };
    this.toBoth = { old: partnersOf(data, "old"), new: partnersOf(data, "new") };
    this.counted = { old: countedOf(data, "both_old"), new: countedOf(data, "both_new") };
    this.fromBoth = { old: partnersOf(data, "both_old"), new: partnersOf(data, "both_new") };
  }

  /** What became of the nodes and groups of a chart, by code. */
  states(side: Side): Marks {
    return this.marks[side];
  }

  row(at: number): ChangeRow {
    const { both, old, new: fresh } = this.items;
    return { kinds: this.kinds[at] ?? 0, both: both[at] ?? 0, old: old[at] ?? NOWHERE, new: fresh[at] ?? NOWHERE };
  }

  /** All about a change. */
  told(at: number): Change {
    return JSON.parse(this.texts.at(at)) as Change;
  }

  /** What of either model lies in a group of the chart of both, by name of the sum; undefined where nobody counted. */
  sums(group: number): Sums | undefined {
    const { old, new: fresh } = this.counted;
    const found = SUMS.map((name) => [name, old.get(name)?.[group] ?? Number.NaN, fresh.get(name)?.[group] ?? Number.NaN] as const);
    return found.some(([, here, there]) => Number.isNaN(here + there)) ? undefined : found;
  }

  /** The change of an item of a chart; undefined where nothing changed. */
  rowOf(side: Side, item: number): number | undefined {
    let rows = this.rows.get(side);
    if (rows === undefined) {
      rows = new Map();
      for (let at = this.count - 1; at >= 0; at--) {
        rows.set(this.items[side][at] as number, at);
      }
      this.rows.set(side, rows);
    }
    return item === NOWHERE ? undefined : rows.get(item);
  }

  /** The item of another chart that stands for the same; undefined where that has none. */
  partner(from: Side, item: number, to: Side): number | undefined {
    if (from === to) {
      return item;
    }
    const merged = from === "both" ? item : step(this.toBoth[from], item);
    const found = to === "both" || merged === undefined ? merged : step(this.fromBoth[to], merged);
    return found;
  }
}

function step({ nodes, groups }: Partners, item: number): number | undefined {
  const found = item >= 0 ? nodes[item] : groups[~item];
  if (found === undefined || found === NOWHERE) {
    return undefined;
  }
  return item >= 0 ? found : ~found;
}

function marksOf(data: Container, side: Side): Marks {
  return { nodes: data.u8(`${side}_state`), groups: data.u8(`${side}_group_state`) };
}

function partnersOf(data: Container, name: string): Partners {
  return { nodes: data.i32(`${name}_node`), groups: data.i32(`${name}_group`) };
}

function countedOf(data: Container, prefix: string): ReadonlyMap<string, Float64Array> {
  return new Map(SUMS.map((name) => [name, data.f64(`${prefix}_${name}`)]));
}
