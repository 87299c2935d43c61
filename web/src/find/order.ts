/** The order in which hits are listed and flown to: the best first, equal ones as they stand in the model. */

import type { Columns } from "../columns.ts";
import type { Found } from "./engine.ts";

/** A node, or a group as ~index, as in the children of a part. */
export type Item = number;

/** Hits by rank, then groups before nodes, then the model's order. Counting sort: hits may be 1,000,000. */
export function inOrder({ nodes, nodeRanks, groups, groupRanks }: Found): Int32Array {
  const counts = new Uint32Array(513);
  const key = (rank: number, isNode: number): number => rank * 2 + isNode;
  for (const rank of groupRanks) counts[key(rank, 0) + 1] = (counts[key(rank, 0) + 1] as number) + 1;
  for (const rank of nodeRanks) counts[key(rank, 1) + 1] = (counts[key(rank, 1) + 1] as number) + 1;
  for (let at = 1; at < counts.length; at++) counts[at] = (counts[at] as number) + (counts[at - 1] as number);
  const items = new Int32Array(nodes.length + groups.length);
  const put = (item: number, place: number): void => {
    const to = counts[place] as number;
    counts[place] = to + 1;
    items[to] = item;
  };
  for (let at = 0; at < groups.length; at++) put(~(groups[at] as number), key(groupRanks[at] as number, 0));
  for (let at = 0; at < nodes.length; at++) put(nodes[at] as number, key(nodeRanks[at] as number, 1));
  return items;
}

/** Marks of some nodes and groups; groups that hold a marked node or group somewhere inside are marked 2. */
export interface Marks {
  readonly nodes: Uint8Array;
  readonly groups: Uint8Array;
}

export function marksOf(columns: Columns, found: Found): Marks {
  const nodes = new Uint8Array(columns.nodes);
  const groups = new Uint8Array(columns.groups);
  for (const node of found.nodes) nodes[node] = 1;
  const hold = (from: number): void => {
    for (let group = from; group >= 0 && groups[group] === 0; group = columns.groupParents[group] as number) {
      groups[group] = 2;
    }
  };
  for (const node of found.nodes) hold(columns.nodeGroup[node] as number);
  for (const group of found.groups) hold(columns.groupParents[group] as number);
  for (const group of found.groups) groups[group] = 1;
  return { nodes, groups };
}
