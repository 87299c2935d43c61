/** Small charts for the tests. */
import type { Look, Part, Sheet, Slice } from "../src/contract.ts";
import { Store } from "../src/scene/store.ts";

/**
 * Groups in groups, as deep as one likes. Every inside is 400 × 300 px and holds
 *
 *     node (20,20 100×28) ──▶ group (150,60 200×176, its inside at 0.4 from (170,86)) ──▶ node (20,250 100×28)
 *
 * Nodes 2d and 2d + 1 lie in the group of depth d; the innermost has a closed group.
 */
export function nested(depth: number): Store {
  const sheet: Sheet = {
    w: 400, h: 300, flow: "down",
    boxes: [20, 20, 100, 28, 150, 60, 200, 176, 20, 250, 100, 28],
    wires: [
      [0, 0, 1, 0, 1, [0, 70, 48, 2, 70, 55, 250, 50, 250, 60]],
      [1, 0, 2, 0, 1, [0, 250, 236, 2, 250, 245, 70, 240, 70, 250]],
      [2, 0, ~0, 0, 0, [0, 70, 278, 1, 70, 300]],
      [~0, 0, 0, 0, 1, [0, 70, 0, 1, 70, 20]],
    ],
    ins: [70, 0], outs: [70, 300],
  };
  const look: Look = {
    lines: [["Conv2D", "first"], ["inner", "2 layers"], ["Dense", "last"]],
    families: [1, -1, 2], titles: [0, 0, 0], crossed: [], leads: [[0, 100, -10, 1, 70, 0], [0, 70, 300, 1, 100, 310]],
  };
  const parts: Record<string, Part> = {};
  for (let at = 0; at < depth; at++) {
    parts[at] = part(at, { children: [2 * at, ~(at + 1), 2 * at + 1], ids: ["/first", `/inner`, "/last"] });
  }
  parts[depth] = part(depth, { sheet: -1, look: -1, children: [], ids: [], closed: 1 });
  return filled({ sheets: { 0: sheet }, looks: { 0: look }, parts });
}

function part(at: number, own: Partial<Part>): Part {
  return {
    sheet: 0, look: 0, x: 170, y: 86, scale: 0.4, box: at === 0 ? -1 : 1, parent: at - 1, depth: at,
    children: [], ids: [], ins: [at === 0 ? 0 : 2 * at - 2, 0], outs: [2 * at + 1, 0],
    name: at === 0 ? "model" : "inner", kind: "block", closed: 0, ...own,
  };
}

export function filled(slice: Slice): Store {
  const store = new Store();
  store.merge(slice);
  return store;
}
