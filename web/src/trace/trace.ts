/**
 * Traces: what feeds this, what it feeds, and what lies on the ways between two. Each is one or two passes over the
 * edges. An end may be a node or a whole group; orders without a tensor are left out unless they are asked for.
 */

import type { Columns } from "../columns.ts";
import type { Item, Marks } from "../find/order.ts";
import { inputsOf, readersOf, type Rows } from "./adjacency.ts";

export type TraceKind = "feeds" | "fed" | "around" | "between";

/** What to trace: everything before `from`, after it, both, or between `from` and `to`. */
export interface TraceRequest {
  readonly kind: TraceKind;
  readonly from: readonly Item[];
  readonly to?: readonly Item[];
  readonly control?: boolean;
}

/** What a trace found. Marks: 1 on the trace, 2 an end of it; of groups 1 holds something of it, 2 is an end. */
export interface Trace extends Marks {
  /** Nodes on it, those of its ends included. */
  readonly count: number;
  /** Nodes that its first end is or holds. */
  readonly ends: number;
  /** Whether the direction between the two had to be turned round. */
  readonly turned: boolean;
}

/** Traces on request. Between two: from the first to the second; where no way leads so, from the second to the first. */
export function trace(columns: Columns, request: TraceRequest): Trace {
  const from = nodesOf(columns, request.from);
  const control = request.control ?? false;
  const before = (ends: Uint8Array): Uint8Array => reach(inputsOf(columns), ends, control);
  const after = (ends: Uint8Array): Uint8Array => reach(readersOf(columns), ends, control);
  let nodes: Uint8Array;
  let turned = false;
  switch (request.kind) {
    case "feeds":
      nodes = before(from);
      break;
    case "fed":
      nodes = after(from);
      break;
    case "around":
      nodes = either(before(from), after(from));
      break;
    case "between": {
      const to = nodesOf(columns, request.to ?? []);
      nodes = both(after(from), before(to));
      if (!nodes.includes(1)) {
        nodes = both(after(to), before(from));
        turned = nodes.includes(1);
      }
      break;
    }
  }
  return { ...withGroups(columns, nodes, request), count: countOf(nodes), ends: countOf(from), turned };
}

/** Marks the nodes that some items are or hold. */
export function nodesOf(columns: Columns, items: readonly Item[]): Uint8Array {
  const marks = new Uint8Array(columns.nodes);
  const groups = new Uint8Array(columns.groups);
  let some = false;
  for (const item of items) {
    if (item >= 0) marks[item] = 1;
    else groups[~item] = 1;
    some ||= item < 0;
  }
  if (!some) return marks;
  for (let group = 1; group < columns.groups; group++) {
    if (groups[columns.groupParents[group] as number] === 1) groups[group] = 1;
  }
  for (let node = 0; node < columns.nodes; node++) {
    if (groups[columns.nodeGroup[node] as number] === 1) marks[node] = 1;
  }
  return marks;
}

/** Marks all that can be reached along some edges, the start included. */
export function reach({ start, node, port }: Rows, ends: Uint8Array, control: boolean): Uint8Array {
  const marks = ends.slice();
  const queue = new Int32Array(marks.length);
  let size = 0;
  for (let at = 0; at < marks.length; at++) if (marks[at] === 1) queue[size++] = at;
  for (let next = 0; next < size; next++) {
    const here = queue[next] as number;
    for (let at = start[here] as number; at < (start[here + 1] as number); at++) {
      const there = node[at] as number;
      if (marks[there] === 1 || (!control && (port[at] as number) < 0)) continue;
      marks[there] = 1;
      queue[size++] = there;
    }
  }
  return marks;
}

/** One shortest way from a node of the first items to one of the second, ends included; empty where there is none. */
export function shortestWay(columns: Columns, from: readonly Item[], to: readonly Item[], control = false): number[] {
  const { start, node, port } = readersOf(columns);
  const goals = nodesOf(columns, to);
  const origin = new Int32Array(columns.nodes).fill(-2); // -2 not seen, -1 a start
  const queue: number[] = [];
  nodesOf(columns, from).forEach((mark, at) => {
    if (mark === 1) {
      origin[at] = -1;
      queue.push(at);
    }
  });
  for (let next = 0; next < queue.length; next++) {
    const here = queue[next] as number;
    if (goals[here] === 1) return wayTo(here, origin);
    for (let at = start[here] as number; at < (start[here + 1] as number); at++) {
      const there = node[at] as number;
      if (origin[there] !== -2 || (!control && (port[at] as number) < 0)) continue;
      origin[there] = here;
      queue.push(there);
    }
  }
  return [];
}

function wayTo(end: number, origin: Int32Array): number[] {
  const way: number[] = [];
  for (let at = end; at >= 0; at = origin[at] as number) way.push(at);
  return way.reverse();
}

function withGroups(columns: Columns, marks: Uint8Array, request: TraceRequest): Marks {
  const nodes = marks.slice();
  const groups = new Uint8Array(columns.groups);
  for (let node = 0; node < nodes.length; node++) {
    if (nodes[node] === 0) continue;
    for (let group = columns.nodeGroup[node] as number; group >= 0 && groups[group] === 0; ) {
      groups[group] = 1;
      group = columns.groupParents[group] as number;
    }
  }
  for (const item of [...request.from, ...(request.to ?? [])]) {
    if (item >= 0) nodes[item] = 2;
    else groups[~item] = 2;
  }
  return { nodes, groups };
}

function either(one: Uint8Array, two: Uint8Array): Uint8Array {
  return one.map((mark, at) => mark | (two[at] as number));
}

function both(one: Uint8Array, two: Uint8Array): Uint8Array {
  return one.map((mark, at) => mark & (two[at] as number));
}

function countOf(marks: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < marks.length; at++) count += marks[at] === 0 ? 0 : 1;
  return count;
}
