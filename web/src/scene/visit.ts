/**
 * `visit`: what a camera sees, group by group, in drawing order.
 *
 * Everything that asks what is on the screen walks it with this one function: painting, hit-testing, the list of what
 * is visible. So they cannot disagree. The cost depends on what can be seen, and not on the model.
 */
import { originOf } from "../camera/camera.ts";
import type { Camera, Viewport } from "../camera/camera.ts";
import type { Part } from "../contract.ts";
import type { LookData, SheetData, Store } from "./store.ts";

/** Px of the screen below which a box is a speck. */
export const SMALLEST = 0.7;

/** Px of a leaf on the screen at which the group around it begins to open, and at which it is open. */
export const OPENING = 2.0;
export const OPEN = 2.5;

/** A group whose inside is seen: its origin and scale on the screen. */
export interface Inside {
  readonly group: number;
  readonly part: Part;
  readonly sheet: SheetData;
  readonly look: LookData;
  readonly x: number;
  readonly y: number;
  readonly s: number;
}

/** What is told about each thing on the screen. Rectangles are x, y, width, height in px of the screen. */
export interface Visitor {
  /** How far a group must be open for its inside to be walked; any bit where this is absent. */
  readonly least?: number;
  /** A group's inside, before anything in it. */
  inside(at: Inside): void;
  node(at: Inside, position: number, x: number, y: number, w: number, h: number): void;
  /** The box of a group, before its inside. `open`: 0 solid, 1 open. */
  group(at: Inside, position: number, x: number, y: number, w: number, h: number, open: number): void;
  /** The same box, after its inside. */
  title(at: Inside, position: number, x: number, y: number, w: number, h: number, open: number): void;
  /** A box that is too small to be drawn. */
  speck?(at: Inside, position: number, x: number, y: number): void;
  /** A group that would be drawn open, had it arrived. */
  missing(group: number, size: number): void;
}

/** The part of the screen that is of interest, in px of the screen. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Walk what is seen through a window of the screen, or of the land around it. */
export function visit(store: Store, camera: Camera, viewport: Viewport, window: Window, visitor: Visitor): void {
  const top = outermost(store, camera, viewport, {
    left: Math.min(0, window.left),
    top: Math.min(0, window.top),
    right: Math.max(viewport.width, window.right),
    bottom: Math.max(viewport.height, window.bottom),
  });
  if (top !== undefined) {
    walk(store, top, window, visitor);
  }
}

/** The innermost group whose box fills the window, or the root. */
export function outermost(store: Store, camera: Camera, viewport: Viewport, window: Window): Inside | undefined {
  const origin = originOf(camera, viewport);
  let group = camera.anchor;
  let { x, y, scale: s } = origin;
  for (;;) {
    const part = store.parts.get(group);
    if (part === undefined) {
      return undefined;
    }
    const around = part.parent >= 0 ? store.sheetOf(part.parent) : undefined;
    const inside = insideOf(store, group, x, y, s);
    if (around === undefined) {
      return inside;
    }
    const outerS = s / part.scale;
    const outerX = x - part.x * outerS;
    const outerY = y - part.y * outerS;
    const at = part.box * 4;
    const left = outerX + (around.boxes[at] ?? 0) * outerS;
    const top = outerY + (around.boxes[at + 1] ?? 0) * outerS;
    const right = left + (around.boxes[at + 2] ?? 0) * outerS;
    const bottom = top + (around.boxes[at + 3] ?? 0) * outerS;
    const fills = left < window.left && top < window.top && right > window.right && bottom > window.bottom;
    if (fills && inside !== undefined) {
      return inside;
    }
    group = part.parent;
    x = outerX;
    y = outerY;
    s = outerS;
  }
}

function insideOf(store: Store, group: number, x: number, y: number, s: number): Inside | undefined {
  const part = store.parts.get(group);
  const sheet = store.sheetOf(group);
  const look = store.lookOf(group);
  return part && sheet && look ? { group, part, sheet, look, x, y, s } : undefined;
}

function walk(store: Store, at: Inside, window: Window, visitor: Visitor): void {
  visitor.inside(at);
  const { boxes, count } = at.sheet;
  const { x: x0, y: y0, s } = at;
  for (let position = 0; position < count; position++) {
    const i = position * 4;
    const w = (boxes[i + 2] as number) * s;
    const h = (boxes[i + 3] as number) * s;
    const x = x0 + (boxes[i] as number) * s;
    const y = y0 + (boxes[i + 1] as number) * s;
    if (x > window.right || y > window.bottom || x + w < window.left || y + h < window.top) {
      continue;
    }
    if (w < SMALLEST || h < SMALLEST) {
      visitor.speck?.(at, position, x, y);
      continue;
    }
    const child = at.part.children[position] as number;
    if (child >= 0) {
      visitor.node(at, position, x, y, w, h);
    } else {
      walkGroup(store, at, ~child, position, x, y, w, h, window, visitor);
    }
  }
}

function walkGroup(
  store: Store, at: Inside, group: number, position: number,
  x: number, y: number, w: number, h: number, window: Window, visitor: Visitor,
): void {
  const part = store.parts.get(group);
  let open = 0;
  let inside: Inside | undefined;
  if (part === undefined) {
    if (h > UNKNOWN) {
      visitor.missing(group, w * h);
    }
  } else {
    inside = insideOf(store, group, at.x + part.x * at.s, at.y + part.y * at.s, at.s * part.scale);
    if (inside !== undefined) {
      open = openness(inside.sheet.grain * inside.s);
    } else if (part.closed === 2 && h > POSTPONED) {
      visitor.missing(group, w * h);
    }
  }
  visitor.group(at, position, x, y, w, h, open);
  if (inside !== undefined && open > (visitor.least ?? 0)) {
    walk(store, inside, window, visitor);
  }
  visitor.title(at, position, x, y, w, h, open);
}

/** Height of a group on the screen, in px, from which on its inside is asked for. */
const UNKNOWN = 24;
const POSTPONED = 60;

/** How far a group is open, when a typical leaf in it is that many px high on the screen. */
export function openness(leaf: number): number {
  const share = Math.min(1, Math.max(0, (leaf - OPENING) / (OPEN - OPENING)));
  return share * share * (3 - 2 * share);
}
