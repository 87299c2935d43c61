/** Who reads whom: the edges as they came, and turned round once. */

import type { Columns } from "../columns.ts";

/** Edges out of each node in compressed rows: the readers of `n` are `node[start[n]]` up to `node[start[n + 1]]`. */
export interface Rows {
  readonly start: Uint32Array;
  readonly node: Int32Array;
  /** Output port that is read; -1 for an order without a tensor. */
  readonly port: Int32Array;
}

const TURNED = new WeakMap<Columns, Rows>();

/** Edges by the node that reads, as stored. */
export function inputsOf(columns: Columns): Rows {
  return { start: columns.inputStart, node: columns.inputNode, port: columns.inputPort };
}

/** Edges by the node that is read; made with the first question and kept. Linear: 1,000,000 edges take some 20 ms. */
export function readersOf(columns: Columns): Rows {
  let rows = TURNED.get(columns);
  if (rows === undefined) {
    rows = turn(inputsOf(columns), columns.nodes);
    TURNED.set(columns, rows);
  }
  return rows;
}

function turn({ start, node, port }: Rows, nodes: number): Rows {
  const turned = new Uint32Array(nodes + 2);
  for (let at = 0; at < node.length; at++) {
    const source = (node[at] as number) + 2;
    turned[source] = (turned[source] as number) + 1;
  }
  for (let at = 2; at < turned.length; at++) turned[at] = (turned[at] as number) + (turned[at - 1] as number);
  const readers = new Int32Array(node.length);
  const ports = new Int32Array(node.length);
  for (let reader = 0; reader < nodes; reader++) {
    for (let at = start[reader] as number; at < (start[reader + 1] as number); at++) {
      const source = (node[at] as number) + 1;
      const to = turned[source] as number;
      turned[source] = to + 1;
      readers[to] = reader;
      ports[to] = port[at] as number;
    }
  }
  return { start: turned.subarray(0, nodes + 1), node: readers, port: ports };
}
