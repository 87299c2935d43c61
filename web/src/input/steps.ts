/** Where the keys lead: from box to box along the wires, to the next sibling, into a group and out of it. */
import { ENDS } from "../scene/store.ts";
import type { SheetData, Store } from "../scene/store.ts";
import type { Place } from "../state.ts";

export type Direction = "up" | "down" | "left" | "right";

interface Point {
  readonly x: number;
  readonly y: number;
}

const VECTORS: Record<Direction, Point> = {
  up: { x: 0, y: -1 }, down: { x: 0, y: 1 }, left: { x: -1, y: 0 }, right: { x: 1, y: 0 },
};
const NARROW = 0.45; // cosine of the angle around a direction in which a box still lies "there"

/** The place at a position of a group. */
export function placeAt(store: Store, group: number, position: number): Place | undefined {
  const item = store.parts.get(group)?.children[position];
  return item === undefined ? undefined : { item, group, position };
}

/** The place of a group in the one around it; undefined for the root. */
export function placeOfGroup(store: Store, group: number): Place | undefined {
  const part = store.parts.get(group);
  return part === undefined || part.parent < 0 ? undefined : { item: ~group, group: part.parent, position: part.box };
}

/** The next or previous child of the same group. */
export function sibling(store: Store, place: Place, step: 1 | -1): Place | undefined {
  const count = store.parts.get(place.group)?.children.length ?? 0;
  return placeAt(store, place.group, (place.position + step + count) % Math.max(1, count));
}

/**
 * Where an arrow leads: along a wire that goes that way; along the flow, to the next box on a wire whichever way it
 * lies; across it, to the nearest box there.
 */
export function neighbour(store: Store, place: Place, direction: Direction): Place | undefined {
  const sheet = store.sheetOf(place.group);
  if (sheet === undefined) {
    return undefined;
  }
  const ends = wiredTo(sheet, place.position);
  const from = middle(sheet, place.position);
  const wired = nearest(ends.map((end) => ({ key: end, at: pointOf(sheet, end) })), from, VECTORS[direction]);
  if (wired !== undefined) {
    return follow(store, place.group, wired);
  }
  const along = sheet.flow === "down" ? direction === "up" || direction === "down" : direction === "left" || direction === "right";
  if (along) {
    const forward = direction === "down" || direction === "right";
    const next = ends.find((end) => end.forward === forward);
    return next && follow(store, place.group, next);
  }
  const others = Array.from({ length: sheet.count }, (_, at) => at).filter((at) => at !== place.position);
  const found = nearest(others.map((at) => ({ key: at, at: middle(sheet, at) })), from, VECTORS[direction]);
  return found === undefined ? undefined : placeAt(store, place.group, found);
}

/** The other end of a wire: a child, or ~k for the group's own k-th pin. */
interface End {
  readonly end: number;
  readonly forward: boolean;
}

function wiredTo(sheet: SheetData, position: number): End[] {
  const found: End[] = [];
  for (let wire = 0; wire < sheet.wires.length; wire++) {
    const source = sheet.ends[wire * ENDS] as number;
    const target = sheet.ends[wire * ENDS + 2] as number;
    if (source === position) {
      found.push({ end: target, forward: true });
    } else if (target === position) {
      found.push({ end: source, forward: false });
    }
  }
  return found;
}

/** Follow a wire to its end; through pins, into the groups around. */
function follow(store: Store, group: number, end: End): Place | undefined {
  if (end.end >= 0) {
    return placeAt(store, group, end.end);
  }
  const around = placeOfGroup(store, group);
  const sheet = around && store.sheetOf(around.group);
  if (around === undefined || sheet === undefined) {
    return undefined;
  }
  const pin = ~end.end;
  for (let wire = 0; wire < sheet.wires.length; wire++) {
    const [source, port, target, slot] = sheet.ends.subarray(wire * ENDS, wire * ENDS + 4);
    if (end.forward && source === around.position && port === pin) {
      return follow(store, around.group, { end: target as number, forward: true });
    }
    if (!end.forward && target === around.position && slot === pin) {
      return follow(store, around.group, { end: source as number, forward: false });
    }
  }
  return around;
}

function nearest<T>(candidates: readonly { key: T; at: Point }[], from: Point, way: Point): T | undefined {
  let best: T | undefined;
  let least = Infinity;
  for (const { key, at } of candidates) {
    const dx = at.x - from.x;
    const dy = at.y - from.y;
    const distance = Math.hypot(dx, dy);
    const cosine = distance === 0 ? 0 : (dx * way.x + dy * way.y) / distance;
    if (cosine > NARROW && distance / cosine < least) {
      least = distance / cosine;
      best = key;
    }
  }
  return best;
}

function middle(sheet: SheetData, position: number): Point {
  const [x, y, w, h] = sheet.boxes.subarray(position * 4, position * 4 + 4);
  return { x: (x ?? 0) + (w ?? 0) / 2, y: (y ?? 0) + (h ?? 0) / 2 };
}

function pointOf(sheet: SheetData, { end, forward }: End): Point {
  if (end >= 0) {
    return middle(sheet, end);
  }
  const pins = forward ? sheet.outs : sheet.ins;
  return { x: pins[~end * 2] ?? 0, y: pins[~end * 2 + 1] ?? 0 };
}
