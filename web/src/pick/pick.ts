/**
 * Hit-testing: what lies under a point, and where a thing lies on the screen.
 */
import type { Camera, Rect, Viewport } from "../camera/camera.ts";
import type { Store } from "../scene/store.ts";
import { visit } from "../scene/visit.ts";
import type { Inside, Visitor, Window } from "../scene/visit.ts";

/** A node or group: a node's index, or ~index of a group, as among the children of a part. */
export type Item = number;

/** Something on the screen. */
export interface Seen {
  readonly item: Item;
  /** The group around it, and its position among the children of that. */
  readonly group: number;
  readonly position: number;
  readonly box: Rect;
  /** For a group, how far it is open. */
  readonly open: number;
}

const HALF = 0.5; // an inside that shines through less than that is not meant
const NOTHING = (): void => undefined;

/** Everything that is drawn in a window of the screen, from the outside in. */
export function seen(store: Store, camera: Camera, viewport: Viewport, window: Window): Seen[] {
  const found: Seen[] = [];
  const add = (at: Inside, position: number, x: number, y: number, w: number, h: number, open: number): void => {
    const item = at.part.children[position];
    if (item !== undefined) {
      found.push({ item, group: at.group, position, box: { x, y, w, h }, open });
    }
  };
  const visitor: Visitor = {
    least: HALF,
    inside: NOTHING,
    node: (at, position, x, y, w, h) => add(at, position, x, y, w, h, 0),
    group: add,
    title: NOTHING,
    missing: NOTHING,
  };
  visit(store, camera, viewport, window, visitor);
  return found;
}

/** The innermost thing under a point of the screen; undefined where there is only paper. */
export function pick(store: Store, camera: Camera, viewport: Viewport, x: number, y: number): Seen | undefined {
  const there = seen(store, camera, viewport, { left: x, top: y, right: x, bottom: y });
  return there[there.length - 1];
}

/** The whole screen as a window. */
export function screen(viewport: Viewport, margin = 0): Window {
  return { left: -margin, top: -margin, right: viewport.width + margin, bottom: viewport.height + margin };
}

/** Where a thing lies on the screen, whether that can be seen or not; undefined where it has not arrived. */
export function boxOf(
  store: Store, camera: Camera, viewport: Viewport, group: number, position: number,
): Rect | undefined {
  const sheet = store.sheetOf(group);
  const path = store.path(camera.anchor);
  if (sheet === undefined) {
    return undefined;
  }
  const within = store.path(group);
  let common = 0;
  while (common + 1 < path.length && path[common + 1] === within[common + 1] && common + 1 < within.length) {
    common++;
  }
  let s = camera.k;
  let x = viewport.width / 2 - camera.x * s;
  let y = viewport.height / 2 - camera.y * s;
  for (let at = path.length - 1; at > common; at--) {
    const part = store.part(path[at] as number);
    s /= part.scale;
    x -= part.x * s;
    y -= part.y * s;
  }
  for (let at = common + 1; at < within.length; at++) {
    const part = store.part(within[at] as number);
    x += part.x * s;
    y += part.y * s;
    s *= part.scale;
  }
  const i = position * 4;
  const [left, top, w, h] = sheet.boxes.subarray(i, i + 4);
  return { x: x + (left ?? 0) * s, y: y + (top ?? 0) * s, w: (w ?? 0) * s, h: (h ?? 0) * s };
}
