/** Hit-testing of badges, which hang over the corners of their boxes. */
import type { Camera, Viewport } from "../camera/camera.ts";
import { badgeAt, leafHeight } from "../paint/badge.ts";
import type { Badges } from "../paint/badge.ts";
import type { Store } from "../scene/store.ts";
import { seen } from "./pick.ts";
import type { Seen } from "./pick.ts";

const REACH = 12; // px around a point within which the box of a badge begins
const SLACK = 1.3; // of its radius that a badge can be hit from

/** The node or group whose badge lies under a point of the screen, the innermost of several. */
export function pickBadge(store: Store, camera: Camera, viewport: Viewport, badges: Badges, x: number, y: number): Seen | undefined {
  const near = seen(store, camera, viewport, { left: x - REACH, top: y - REACH, right: x + REACH, bottom: y + REACH });
  return near.reverse().find(({ item, group, position, box, open }) => {
    const code = badges.get(item);
    const scale = box.w / (store.sheetOf(group)?.boxes[position * 4 + 2] ?? box.w);
    const leaf = item < 0 && open >= 1 ? leafHeight(store, ~item, scale) : undefined;
    const badge = code === undefined ? undefined : badgeAt(code, box.x, box.y, box.w, box.h, leaf);
    return badge !== undefined && Math.hypot(badge.x - x, badge.y - y) <= badge.radius * SLACK;
  });
}
