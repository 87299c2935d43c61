/** Focus: only a part of the model, laid out anew, and the way back. */
import type { Columns } from "../columns.ts";
import { button } from "../dom.ts";
import type { Explorer } from "../explorer.ts";
import type { Item, Marks } from "../find/order.ts";
import { readersOf } from "../trace/adjacency.ts";

/** What a focus shows, as it is asked for. */
export type Part = { readonly group: number } | { readonly nodes: readonly number[] };

/** What to show: what is traced, else the selected group, else the selected node with all around it. */
export function partOf(columns: Columns, trace: Marks | undefined, selected: Item | undefined): Part | undefined {
  if (trace !== undefined) {
    const nodes: number[] = [];
    trace.nodes.forEach((mark, node) => mark !== 0 && nodes.push(node));
    return { nodes };
  }
  if (selected === undefined) {
    return undefined;
  }
  return selected < 0 ? { group: ~selected } : { nodes: [selected, ...around(columns, selected)] };
}

/** The nodes that a node reads and those that read it. */
function around(columns: Columns, node: number): number[] {
  const readers = readersOf(columns);
  return [
    ...columns.inputNode.subarray(columns.inputStart[node], columns.inputStart[node + 1]),
    ...readers.node.subarray(readers.start[node], readers.start[node + 1]),
  ];
}

export function focusPanel(explorer: Explorer): void {
  const { layers, state, keys, slots, source, head } = explorer;
  if (layers.depth > 1) {
    slots.path.before(button("← Back", "Back to the model around this part (u)", () => layers.leave(), "wide back"));
    keys.add({ key: "u", says: "back to the model around this part", run: () => layers.leave() });
  }
  const { live } = source;
  if (live === undefined || !head.live.focus) {
    return;
  }
  let busy = false;
  const enter = async (): Promise<void> => {
    const { trace, selection } = state.now;
    if (busy) {
      return;
    }
    busy = true;
    try {
      const part = partOf(await explorer.columns(), trace, selection?.item);
      if (part === undefined) {
        state.send({ kind: "notice", text: "Select a layer or a group, or trace something; then only that is shown." });
        return;
      }
      const answer = await live.focus(part);
      if (answer.head.chart === head.chart) {
        state.send({ kind: "notice", text: "That is all of what is shown already." });
      } else {
        layers.enter(answer);
      }
    } catch (error) {
      state.send({ kind: "notice", text: (error as Error).message });
    } finally {
      busy = false;
    }
  };
  keys.add({ key: "i", says: "only the selection, or what is traced, laid out anew", run: () => void enter() });
  const only = button("Only this", "Show only this, laid out anew (i)", () => void enter());
  slots.bottom.querySelector(".trace-status")?.before(only);
}
