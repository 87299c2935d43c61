/** From values of nodes to values of groups. */

import type { Columns } from "../columns.ts";

export type Rollup = "sum" | "max" | "mean";

/**
 * Value of each group: the sum, greatest or mean of the known values of all nodes in it, at any depth. Nodes whose
 * value is not known (NaN) do not count; a group that holds no known value has NaN. A value that was given for a
 * group itself stands for all that it holds.
 */
export function rollUp(columns: Columns, values: Float64Array, how: Rollup, given?: Float64Array): Float64Array {
  const { groups, nodes, nodeGroup, groupParents } = columns;
  const result = new Float64Array(groups).fill(Number.NaN);
  const counts = new Float64Array(groups);
  const add = (group: number, value: number, count: number): void => {
    const before = result[group] as number;
    if (Number.isNaN(before)) result[group] = value;
    else result[group] = how === "max" ? Math.max(before, value) : before + value;
    counts[group] = (counts[group] as number) + count;
  };
  for (let node = 0; node < nodes; node++) {
    const value = values[node] as number;
    if (!Number.isNaN(value)) add(nodeGroup[node] as number, value, 1);
  }
  for (let group = groups - 1; group > 0; group--) {
    const own = given?.[group] ?? Number.NaN;
    if (!Number.isNaN(own)) {
      result[group] = own;
      counts[group] = 1;
    }
    const value = result[group] as number;
    if (!Number.isNaN(value)) add(groupParents[group] as number, value, counts[group] as number); // parents come first
  }
  return how === "mean" ? result.map((sum, group) => sum / (counts[group] as number)) : result;
}

/** Label of each group that all of its nodes agree on; -1 where they differ or nothing is known. */
export function agreeOn(columns: Columns, codes: Int32Array): Int32Array {
  const unset = -2;
  const result = new Int32Array(columns.groups).fill(unset);
  const add = (group: number, code: number): void => {
    const before = result[group] as number;
    result[group] = before === unset || before === code ? code : -1;
  };
  for (let node = 0; node < columns.nodes; node++) {
    const code = codes[node] as number;
    if (code >= 0) add(columns.nodeGroup[node] as number, code);
  }
  for (let group = columns.groups - 1; group > 0; group--) {
    if (result[group] !== unset) add(columns.groupParents[group] as number, result[group] as number);
  }
  return result.map((code) => (code === unset ? -1 : code));
}
