/** The rows of the outline: which groups are open, and what stands below what. */
import type { Columns } from "../columns.ts";

export interface Row {
  /** A node's index, or ~index of a group. */
  readonly item: number;
  readonly depth: number;
  /** Position among its siblings, and their number. */
  readonly place: number;
  readonly siblings: number;
}

export class Tree {
  rows: Row[];
  private readonly opened = new Set<number>();
  private readonly firstNode: Int32Array;

  constructor(private readonly columns: Columns) {
    this.rows = [{ item: ~0, depth: 0, place: 0, siblings: 1 }];
    this.firstNode = firstNodes(columns);
    this.toggle(0);
  }

  isOpen(item: number): boolean {
    return this.opened.has(~item);
  }

  /** Open or close the group in a row. */
  toggle(at: number): void {
    const row = this.rows[at];
    if (row === undefined || row.item >= 0) {
      return;
    }
    if (this.opened.delete(~row.item)) {
      let end = at + 1;
      while (end < this.rows.length && (this.rows[end] as Row).depth > row.depth) {
        const { item } = this.rows[end] as Row;
        if (item < 0) {
          this.opened.delete(~item);
        }
        end++;
      }
      this.rows.splice(at + 1, end - at - 1);
      return;
    }
    this.opened.add(~row.item);
    const children = this.children(~row.item);
    const fresh = children.map((item, place) => ({ item, depth: row.depth + 1, place, siblings: children.length }));
    this.rows = this.rows.slice(0, at + 1).concat(fresh, this.rows.slice(at + 1));
  }

  /** The row of an item, all groups around it opened; -1 where there is no such item. */
  reveal(item: number): number {
    const path: number[] = [];
    let group = item < 0 ? (this.columns.groupParents[~item] ?? -1) : (this.columns.nodeGroup[item] ?? -1);
    for (; group >= 0; group = this.columns.groupParents[group] ?? -1) {
      path.push(group);
    }
    for (const around of path.reverse()) {
      if (!this.opened.has(around)) {
        this.toggle(this.rows.findIndex((row) => row.item === ~around));
      }
    }
    return this.rows.findIndex((row) => row.item === item);
  }

  /** The row of the group around a row. */
  parentOf(at: number): number {
    const depth = this.rows[at]?.depth ?? 0;
    let found = at;
    while (found > 0 && (this.rows[found] as Row).depth >= depth) {
      found--;
    }
    return found;
  }

  /** Children of a group, in the order in which their first nodes stand in the model. */
  private children(group: number): number[] {
    const { nodeGroup, groupParents } = this.columns;
    const found: number[] = [];
    for (let node = nodeGroup.indexOf(group); node >= 0; node = nodeGroup.indexOf(group, node + 1)) {
      found.push(node);
    }
    for (let at = groupParents.indexOf(group); at >= 0; at = groupParents.indexOf(group, at + 1)) {
      found.push(~at);
    }
    const order = (item: number): number => (item < 0 ? (this.firstNode[~item] as number) : item);
    return found.sort((a, b) => order(a) - order(b) || b - a);
  }
}

function firstNodes(columns: Columns): Int32Array {
  const found = new Int32Array(columns.groups).fill(columns.nodes);
  for (let node = 0; node < columns.nodes; node++) {
    for (let group = columns.nodeGroup[node] as number; group >= 0 && found[group] === columns.nodes; ) {
      found[group] = node;
      group = columns.groupParents[group] as number;
    }
  }
  return found;
}
