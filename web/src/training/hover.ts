/** Which points of a chart lie under the pointer: one a line, the nearest along x. */
import { at2d } from "./plot.ts";
import type { Frame } from "./plot.ts";
import { valueAt } from "./scales.ts";
import type { Curves, Line } from "./server.ts";

export interface Under {
  readonly line: number;
  readonly point: number;
  readonly x: number;
  readonly y: number;
  /** px between it and the pointer. */
  readonly distance: number;
}

/** The points near a place on the canvas, the nearest first. */
export function under(curves: Curves, frame: Frame, px: number, py: number, smoothing: boolean): Under[] {
  const x = valueAt(frame.x, (px - frame.left) / frame.width);
  const values = smoothing ? curves.smooth : curves.y;
  const found: Under[] = [];
  curves.lines.forEach((line, at) => {
    const point = nearest(curves.x, line, x);
    if (point < 0) return;
    const value = values[point] as number;
    const [cx, cy] = at2d(frame, curves.x[point] as number, Number.isFinite(value) ? value : frame.y.low);
    if (cx < frame.left - 1 || cx > frame.left + frame.width + 1) return;
    found.push({ line: at, point, x: cx, y: cy, distance: Math.hypot((cx - px) * 2, cy - py) });
  });
  return found.sort((one, two) => one.distance - two.distance || one.line - two.line);
}

/** The point of a line whose x is nearest; -1 where there is none. */
export function nearest(xs: Float64Array, { begin, end }: Pick<Line, "begin" | "end">, x: number): number {
  if (begin >= end) return -1;
  let [low, high] = [begin, end - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((xs[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  const before = low > begin && x - (xs[low - 1] as number) <= (xs[low] as number) - x ? low - 1 : low;
  return before;
}
