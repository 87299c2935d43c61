/**
 * Two cameras in step: of all that one drawing shows and the other has too, what stands nearest to the middle of the
 * screen keeps its place and size in both.
 */
import type { Camera, Rect, Viewport } from "../camera/camera.ts";
import { screen, seen } from "../pick/pick.ts";
import type { Seen } from "../pick/pick.ts";
import type { Store } from "../scene/store.ts";
import type { Place } from "../state.ts";

const SMALLEST = 12; // px of height of what holds two drawings together, where there is anything so large
const BULK = 0.3; // of the side of a square as large: what is small says more exactly where something is
const LOYALTY = 0.15; // of the screen that another thing must be nearer before it takes over

/** One of the two drawings, as its camera sees it. */
export interface View {
  readonly store: Store;
  readonly camera: Camera;
  readonly viewport: Viewport;
}

/** What holds two drawings together: a thing in the one, and its partner in the other. */
export interface Hold {
  readonly seen: Seen;
  readonly partner: Place;
}

/** What holds the drawings together now; `last` is the item that did before. */
export function holdOf(view: View, partnerOf: (item: number) => Place | undefined, last: number | undefined): Hold | undefined {
  const { store, camera, viewport } = view;
  const [x, y] = [viewport.width / 2, viewport.height / 2];
  const size = Math.min(viewport.width, viewport.height);
  let found: Hold | undefined;
  let best = Infinity;
  for (const each of seen(store, camera, viewport, screen(viewport))) {
    const score = scoreOf(each.box, x, y, size) - (each.item === last ? LOYALTY * size : 0);
    if (score < best) {
      const partner = partnerOf(each.item);
      if (partner !== undefined) {
        found = { seen: each, partner };
        best = score;
      }
    }
  }
  return found;
}

/** How far a box is from a point, and how much it is too small or too large to hold on to. */
function scoreOf(box: Rect, x: number, y: number, size: number): number {
  const dx = Math.max(0, box.x - x, x - box.x - box.w);
  const dy = Math.max(0, box.y - y, y - box.y - box.h);
  const small = box.h < SMALLEST ? size * (2 - box.h / SMALLEST) : 0;
  return Math.hypot(dx, dy) + small + BULK * Math.min(4 * size, Math.sqrt(box.w * box.h));
}

/** The camera of the other drawing that shows the partner where the thing is, and as large. */
export function followed(view: View, other: View, hold: Hold): Camera | undefined {
  const own = view.store.sheetOf(hold.seen.group)?.boxes;
  const boxes = other.store.sheetOf(hold.partner.group)?.boxes;
  const wide = own?.[hold.seen.position * 4 + 2];
  if (boxes === undefined || wide === undefined || wide <= 0) {
    return undefined;
  }
  const [x, y, w, h] = boxes.subarray(hold.partner.position * 4, hold.partner.position * 4 + 4) as unknown as number[];
  const k = hold.seen.box.w / wide;
  const away = {
    x: hold.seen.box.x + hold.seen.box.w / 2 - view.viewport.width / 2,
    y: hold.seen.box.y + hold.seen.box.h / 2 - view.viewport.height / 2,
  };
  return {
    anchor: hold.partner.group,
    x: (x ?? 0) + (w ?? 0) / 2 - away.x / k,
    y: (y ?? 0) + (h ?? 0) / 2 - away.y / k,
    k,
  };
}
