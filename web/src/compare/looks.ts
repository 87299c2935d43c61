/** How what became of things looks in a chart, for the painter. */
import type { Compare } from "../contract.ts";
import type { ChangeColours, Changes } from "../paint/change.ts";
import type { Marks } from "../paint/dressing.ts";

/** States of a chart with their colours, by theme and code. */
export function changesOf(compare: Compare, states: Marks): Changes {
  const looks: Record<string, ChangeColours[]> = {};
  for (const [theme, quiet] of Object.entries(compare.quiet)) {
    looks[theme] = compare.states.map((state) => {
      const look = compare.looks[state];
      return {
        letter: look?.letter ?? "", fill: look?.fills[theme] ?? quiet, stroke: look?.strokes[theme] ?? compare.quietStroke[theme] ?? quiet,
      };
    });
  }
  return { nodes: states.nodes, groups: states.groups, looks };
}
