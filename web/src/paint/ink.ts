/** What all marks share: the canvas with what must be known to draw on it, and how sizes grow with the zoom. */
import type { Sizes } from "../contract.ts";
import type { Window } from "../scene/visit.ts";
import type { Palette } from "./palette.ts";

export type Canvas2D = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** A text that is to be written; lengths are px of the screen. */
export interface Words {
  readonly text: string;
  /** The point at its baseline that `align` names. */
  readonly x: number;
  readonly y: number;
  /** Width that a text of other letters than ASCII must keep to. */
  readonly room: number;
  readonly size: number;
  readonly weight: 400 | 600;
  readonly align: "left" | "center" | "right";
  readonly colour: string;
  readonly alpha: number;
}

/** A canvas in px of the screen. */
export interface Ink {
  readonly canvas: Canvas2D;
  readonly palette: Palette;
  readonly sizes: Sizes;
  /** What can be seen. */
  readonly window: Window;
  /** Px of the bitmap per px of the screen, and px around the screen that are painted too. */
  readonly density: number;
  readonly margin: number;
  /** The font in use. */
  readonly type: { weight: 0 | 400 | 600 };
  /** Texts that wait for one another; those of a list share font, alignment and colour. */
  readonly waiting: Words[][];
}

export const FAMILY = '"Cutaway Inter", Inter, system-ui, sans-serif';

/** Smallest size of a text in px, and the size from which on it has its full strength. */
export const FAINT_TEXT = 4.6;
export const CLEAR_TEXT = 6.2;

/** Strength of a text of a size. */
export function strength(size: number): number {
  return Math.min(1, Math.max(0, (size - FAINT_TEXT) / (CLEAR_TEXT - FAINT_TEXT)));
}

/** Grows with its argument up to a limit, and slowly beyond: lines and letters do not fill the screen. */
export function softened(value: number, limit: number): number {
  return value <= limit ? value : limit * (value / limit) ** 0.3;
}

/** Coordinates are kept near the screen: a canvas counts in numbers of seven digits. */
const FAR = 2000;

export function near(value: number, low: number, high: number, far = FAR): number {
  return Math.min(high + far, Math.max(low - far, value));
}
