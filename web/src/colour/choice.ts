/** A choice of colours as a short text for permalinks: `parameters|log|max|10..200|`. */

import type { ColourChoice } from "./colouring.ts";
import type { Rollup } from "./rollup.ts";
import type { Spread } from "./scale.ts";

const SPREADS: readonly string[] = ["linear", "log"] satisfies Spread[];
const ROLLUPS: readonly string[] = ["sum", "max", "mean"] satisfies Rollup[];

/** The text of a choice. */
export function writeChoice({ source, spread, rollup, range, hidden }: ColourChoice): string {
  const parts = [
    source,
    spread ?? "",
    rollup ?? "",
    range === undefined ? "" : `${range[0]}..${range[1]}`,
    (hidden ?? []).map(encodeURIComponent).join(","),
  ];
  return parts.join("|").replace(/\|+$/, "");
}

/** The choice of a text; what cannot be read is left to the data. */
export function readChoice(text: string): ColourChoice {
  const [source = "", spread = "", rollup = "", range = "", hidden = ""] = text.split("|");
  const [from, to] = range.split("..").map(Number) as [number, number];
  return {
    source,
    ...(SPREADS.includes(spread) ? { spread: spread as Spread } : {}),
    ...(ROLLUPS.includes(rollup) ? { rollup: rollup as Rollup } : {}),
    ...(range !== "" && from <= to ? { range: [from, to] as const } : {}),
    ...(hidden === "" ? {} : { hidden: hidden.split(",").map(decoded) }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
