/** What the user wants to see on top of the model: plain data that other modules make and painting reads. */

import type { Badges } from "./badge.ts";
import type { Changes } from "./change.ts";

/** A number per node and per group: 1 hit, for groups 2 holds a hit. Of a trace: 1 on it, 0 not, 2 its end. */
export interface Marks {
  readonly nodes: Uint8Array;
  readonly groups: Uint8Array;
}

/** A colour per node and group: 0 is the theme's own, else `palette[code]`. */
export interface Colouring extends Marks {
  readonly palette: readonly string[];
  /** Colours with their words, for pictures that are saved. */
  readonly legend: readonly (readonly [string, string])[];
}

/** Words on wires and at pins, by group: an empty text where there is nothing to say. */
export interface Captions {
  /** By wire of the group's sheet. */
  readonly wires: readonly string[];
  /** By entering pin, then by leaving pin. */
  readonly pins: readonly string[];
}

export interface Dressing {
  readonly badges: Badges | undefined;
  /** What became of everything, where two models are compared. */
  readonly changes: Changes | undefined;
  readonly theme: string;
  readonly hits: Marks | undefined;
  readonly trace: Marks | undefined;
  readonly colouring: Colouring | undefined;
}

/** How strongly something is drawn that is not on the trace. */
export const DIM = 0.22;
