/**
 * The marks of words on wires and at pins. They are drawn last, and only where there is room: a caption that would
 * touch a box or another caption is left out.
 */
import { ENDS } from "../scene/store.ts";
import type { PathData } from "../scene/store.ts";
import type { Inside } from "../scene/visit.ts";
import type { Captions } from "./dressing.ts";
import type { Ink } from "./ink.ts";
import { put, widthAt } from "./text.ts";

const SIZE = 7.5; // px at scale 1
const LARGEST = 13;
const SMALLEST = 8; // px on the screen: smaller words are left out
const ARROW = 12; // px that an arrowhead takes at the end of a wire
const BESIDE = 4; // px from a wire to its words

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Whether words on wires can be read at a scale. */
export function captionsShow(s: number): boolean {
  return SIZE * s >= SMALLEST;
}

export function paintCaptions(ink: Ink, at: Inside, captions: Captions): void {
  if (!captionsShow(at.s)) {
    return;
  }
  const size = Math.min(SIZE * at.s, LARGEST);
  const taken: Rectangle[] = [];
  const { window, palette } = ink;
  const alpha = ink.canvas.globalAlpha;
  const write = (text: string, path: PathData, share: number): void => {
    const point = pointOn(path, share);
    const wide = widthAt(ink, text, size, 400);
    const x = at.x + point.x * at.s + (point.level ? -wide / 2 - ARROW / 2 : BESIDE);
    const y = at.y + point.y * at.s - (point.level ? size * 0.5 + BESIDE : 0);
    const box = { x, y: y - size / 2 - 1, w: wide + 2, h: size + 2 };
    if (point.level && wide > point.length * at.s - 2 * BESIDE - ARROW) {
      return;
    }
    if (x > window.right || y > window.bottom || x + box.w < window.left || y < window.top) {
      return;
    }
    if (taken.some((other) => overlap(other, box)) || leaves(at, box) || touchesBox(at, box)) {
      return;
    }
    taken.push(box);
    put(ink, { text, x, y: y + size * 0.36, room: box.w, size, weight: 400, align: "left", alpha, colour: palette.count });
  };
  const { wires, ends } = at.sheet;
  let last = -1;
  for (let wire = 0; wire < wires.length; wire++) {
    const text = captions.wires[wire];
    const tensor = (ends[wire * ENDS] as number) * 4096 + (ends[wire * ENDS + 1] as number);
    if (text && tensor !== last) {
      write(text, wires[wire] as PathData, 0.5);
      last = tensor;
    }
  }
  for (const spot of pinSpots(at, captions)) {
    const wide = widthAt(ink, spot.text, spot.size, 400);
    const box = { x: spot.toLeft ? spot.x - wide : spot.x, y: spot.y - spot.size / 2, w: wide, h: spot.size };
    if (taken.some((other) => overlap(other, box)) || touchesBox(at, box)) {
      continue;
    }
    taken.push(box);
    const [x, y, colour] = [box.x, spot.y + spot.size * 0.36, palette.wire];
    put(ink, { text: spot.text, x, y, room: wide, size: spot.size, weight: 400, align: "left", alpha, colour });
  }
}

/** The name of a pin's far end on the screen: `y` is the middle of the line, `x` its start, or its end. */
export interface PinSpot {
  /** Entering pins first. */
  readonly pin: number;
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly toLeft: boolean;
  readonly size: number;
}

/** Where the names of pins stand: inside the border, beside the wire. */
export function pinSpots(at: Inside, captions: Captions): PinSpot[] {
  if (!captionsShow(at.s)) {
    return [];
  }
  const size = Math.min(SIZE * at.s, LARGEST);
  const entering = at.part.ins.length / 2;
  return at.look.leads.flatMap((lead, pin) => {
    const text = captions.pins[pin];
    const end = pin < entering ? ends(lead.path).first : ends(lead.path).last;
    if (!text || end === undefined) {
      return [];
    }
    const toLeft = pin >= entering && end.level;
    const x = at.x + end.x * at.s + (toLeft ? -1 : 1) * BESIDE;
    const lower = pin < entering ? size : -size;
    return [{ pin, text, x, y: at.y + end.y * at.s + (end.level ? -size * 0.75 : lower), toLeft, size }];
  });
}

interface End {
  readonly x: number;
  readonly y: number;
  /** Whether the wire is level there. */
  readonly level: boolean;
}

/** Both ends of a path. */
function ends(path: readonly number[]): { first?: End; last?: End } {
  const points = pointsOf(path);
  const [a, b] = points;
  const [y, z] = points.slice(-2);
  if (!a || !b || !y || !z) {
    return {};
  }
  const level = (from: Point, to: Point): boolean => Math.abs(to.x - from.x) > Math.abs(to.y - from.y);
  return { first: { ...a, level: level(a, b) }, last: { ...z, level: level(y, z) } };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function pointsOf(path: readonly number[]): Point[] {
  const points: Point[] = [];
  for (let i = 0; i < path.length; ) {
    const end = i + (path[i] === 2 ? 5 : 1);
    points.push({ x: path[end] ?? 0, y: path[end + 1] ?? 0 });
    i = end + 2;
  }
  return points;
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Whether a rectangle reaches beyond an inside. */
function leaves(at: Inside, box: Rectangle): boolean {
  const { w, h } = at.sheet;
  return box.x < at.x || box.y < at.y || box.x + box.w > at.x + w * at.s || box.y + box.h > at.y + h * at.s;
}

function touchesBox(at: Inside, box: Rectangle): boolean {
  const { boxes, count } = at.sheet;
  const left = (box.x - at.x) / at.s;
  const top = (box.y - at.y) / at.s;
  const right = left + box.w / at.s;
  const bottom = top + box.h / at.s;
  for (let position = 0; position < count; position++) {
    const i = position * 4;
    const x = boxes[i] as number;
    const y = boxes[i + 1] as number;
    if (left < x + (boxes[i + 2] as number) && x < right && top < y + (boxes[i + 3] as number) && y < bottom) {
      return true;
    }
  }
  return false;
}

/** A point of the longest piece of a path: how long that is, and whether it runs level. */
export function pointOn(data: PathData, share: number): { x: number; y: number; level: boolean; length: number } {
  const points = pointsOf(data.path);
  let best = { x: 0, y: 0, level: false, length: 0 };
  let longest = -1;
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1] as Point;
    const b = points[i] as Point;
    const length = Math.hypot(b.x - a.x, b.y - a.y);
    if (length > longest) {
      longest = length;
      const level = Math.abs(b.x - a.x) > Math.abs(b.y - a.y);
      best = { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share, level, length };
    }
  }
  return best;
}
