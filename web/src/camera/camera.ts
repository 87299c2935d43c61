/**
 * The anchored camera: where it looks is said in the coordinates of a group near by, and never of the whole model.
 *
 * An inside may lie fifty levels deep, each several times smaller than the one around it: far more than the digits
 * of a number can tell apart from the outside. Anchored in a group that fills the screen, every number stays small.
 */
import type { Part } from "../contract.ts";

/** Where the camera looks. */
export interface Camera {
  /** The group in whose inside `x` and `y` are coordinates. */
  readonly anchor: number;
  /** What lies at the middle of the screen. */
  readonly x: number;
  readonly y: number;
  /** Px of the screen (not of the device) per px of the inside. */
  readonly k: number;
}

/** Size of the screen in px. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
}

/** The little of a `Store` that a camera needs. */
export interface Nest {
  readonly parts: ReadonlyMap<number, Part>;
  sheetOf(group: number): { readonly w: number; readonly h: number; readonly boxes: Float64Array } | undefined;
}

/** A rectangle: of the screen, or of an inside. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** x ↦ x · scale + x0, in both directions. */
export interface Shift {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** The same view, said in the coordinates of the group around its anchor; undefined at the root. */
export function outward(nest: Nest, camera: Camera): Camera | undefined {
  const part = nest.parts.get(camera.anchor);
  if (part === undefined || part.parent < 0) {
    return undefined;
  }
  const { scale } = part;
  return { anchor: part.parent, x: part.x + camera.x * scale, y: part.y + camera.y * scale, k: camera.k / scale };
}

/** The same view, said in the coordinates of a group in its anchor. */
export function inward(nest: Nest, camera: Camera, group: number): Camera {
  const part = nest.parts.get(group);
  if (part === undefined || part.parent !== camera.anchor) {
    throw new Error(`group ${group} is not in group ${camera.anchor}`);
  }
  const { scale } = part;
  return { anchor: group, x: (camera.x - part.x) / scale, y: (camera.y - part.y) / scale, k: camera.k * scale };
}

/** The innermost group that holds both, and how often one must go outward to it from each. */
export function meet(nest: Nest, a: number, b: number): { group: number; fromA: number; fromB: number } {
  const steps = new Map<number, number>();
  for (let at = a, count = 0; at >= 0; at = nest.parts.get(at)?.parent ?? -1) {
    steps.set(at, count++);
  }
  let fromB = 0;
  for (let at = b; at >= 0; at = nest.parts.get(at)?.parent ?? -1) {
    const fromA = steps.get(at);
    if (fromA !== undefined) {
      return { group: at, fromA, fromB };
    }
    fromB++;
  }
  return { group: 0, fromA: steps.size - 1, fromB: Math.max(0, fromB - 1) };
}

/** The same view, some levels further out. */
export function lift(nest: Nest, camera: Camera, levels: number): Camera {
  let found = camera;
  for (let i = 0; i < levels; i++) {
    found = outward(nest, found) ?? found;
  }
  return found;
}

/** How what one camera put on the screen must be moved to be where another would put it. */
export function between(nest: Nest, from: Camera, to: Camera, viewport: Viewport): Shift {
  const { fromA, fromB } = meet(nest, from.anchor, to.anchor);
  const a = lift(nest, from, fromA);
  const b = lift(nest, to, fromB);
  const scale = b.k / a.k;
  const middleX = viewport.width / 2;
  const middleY = viewport.height / 2;
  return {
    scale,
    x: middleX + (a.x - b.x) * b.k - middleX * scale,
    y: middleY + (a.y - b.y) * b.k - middleY * scale,
  };
}

/** Move what is seen by some px of the screen. */
export function panned(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x - dx / camera.k, y: camera.y - dy / camera.k };
}

/** Magnify around a point of the screen, which stays where it is. */
export function zoomed(camera: Camera, viewport: Viewport, factor: number, atX: number, atY: number): Camera {
  const k = camera.k * factor;
  const fromMiddleX = atX - viewport.width / 2;
  const fromMiddleY = atY - viewport.height / 2;
  const moved = 1 / camera.k - 1 / k;
  return { ...camera, x: camera.x + fromMiddleX * moved, y: camera.y + fromMiddleY * moved, k };
}

/** A point of the screen in the coordinates of the anchor. */
export function pointAt(camera: Camera, viewport: Viewport, x: number, y: number): { x: number; y: number } {
  return { x: camera.x + (x - viewport.width / 2) / camera.k, y: camera.y + (y - viewport.height / 2) / camera.k };
}

/** Where the origin of the anchor's inside lies on the screen. */
export function originOf(camera: Camera, viewport: Viewport): Shift {
  return {
    scale: camera.k,
    x: viewport.width / 2 - camera.x * camera.k,
    y: viewport.height / 2 - camera.y * camera.k,
  };
}

/** Shares of the screen at which the anchor changes: apart from each other, so that it does not flicker. */
const ENTER = 0.6;
const LEAVE = 0.35;

/**
 * The same view, anchored in the group that fills the screen.
 *
 * After it: the middle of the screen lies in the anchor, or the anchor is the root, and all numbers are of the size
 * of a screen unless the camera looks far beyond the model.
 */
export function anchored(nest: Nest, camera: Camera, viewport: Viewport): Camera {
  let found = camera;
  for (;;) {
    const sheet = nest.sheetOf(found.anchor);
    const out = outward(nest, found);
    if (sheet === undefined) {
      if (out === undefined) {
        return found;
      }
      found = out;
      continue;
    }
    const inside = found.x >= 0 && found.y >= 0 && found.x <= sheet.w && found.y <= sheet.h;
    const fills = sheet.w * found.k > viewport.width * LEAVE || sheet.h * found.k > viewport.height * LEAVE;
    if (out !== undefined && !(inside && fills)) {
      found = out;
      continue;
    }
    const child = childAt(nest, found, viewport);
    if (child === undefined) {
      return found;
    }
    found = inward(nest, found, child);
  }
}

/** The open group around the middle of the screen that fills most of it. */
function childAt(nest: Nest, camera: Camera, viewport: Viewport): number | undefined {
  const part = nest.parts.get(camera.anchor);
  for (const child of part?.children ?? []) {
    if (child >= 0) {
      continue;
    }
    const inner = nest.parts.get(~child);
    const sheet = nest.sheetOf(~child);
    if (inner === undefined || sheet === undefined) {
      continue;
    }
    const x = camera.x - inner.x;
    const y = camera.y - inner.y;
    const w = sheet.w * inner.scale;
    const h = sheet.h * inner.scale;
    if (x < 0 || y < 0 || x > w || y > h) {
      continue;
    }
    if (w * camera.k > viewport.width * ENTER || h * camera.k > viewport.height * ENTER) {
      return ~child;
    }
  }
  return undefined;
}

/** Free px around what is fitted into the screen, as a share of it. */
const AROUND = 0.05;

/** The camera that shows a rectangle of a group's inside whole. */
export function fitting(anchor: number, rect: Rect, viewport: Viewport, around = AROUND): Camera {
  const share = 1 - 2 * around;
  const k = Math.min((viewport.width * share) / rect.w, (viewport.height * share) / rect.h);
  return { anchor, x: rect.x + rect.w / 2, y: rect.y + rect.h / 2, k: Number.isFinite(k) && k > 0 ? k : 1 };
}

/** The camera that shows a child of a group: the box of a node at a size to read, a group so that it fills the screen. */
export function fittingChild(nest: Nest, group: number, position: number, viewport: Viewport): Camera {
  const boxes = nest.sheetOf(group)?.boxes;
  const [x, y, w, h] = boxes?.subarray(position * 4, position * 4 + 4) ?? [];
  const rect = { x: x ?? 0, y: y ?? 0, w: w ?? 100, h: h ?? 28 };
  const child = nest.parts.get(group)?.children[position] ?? 0;
  const found = fitting(group, rect, viewport);
  return child < 0 ? found : { ...found, k: Math.min(found.k, LARGEST_NODE) };
}

/** Px of the screen per px at which a single box is shown when the camera flies to it. */
const LARGEST_NODE = 2.2;
