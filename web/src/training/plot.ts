/** Paints curves on a canvas: axes, lines, marks of values that are no numbers. Knows nothing of the page. */
import { onAxis, scaleOf, share, short, ticks, TIME_UNITS } from "./scales.ts";
import type { Scale } from "./scales.ts";
import type { About, Axis, Curves } from "./server.ts";

export interface Ink {
  readonly title: string;
  readonly muted: string;
  readonly line: string;
  readonly paper: string;
}

export interface Look {
  readonly axis: Axis;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly ignoreOutliers: boolean;
  readonly smoothing: boolean;
  /** Range of y that the user chose. */
  readonly fixedY: readonly [number, number] | undefined;
  readonly ink: Ink;
}

export interface LineLook {
  readonly colour: string;
  readonly dashed: boolean;
}

/** Where the curves lie on the canvas, in px. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly x: Scale;
  readonly y: Scale;
}

const MARGIN = { left: 52, right: 12, top: 8, bottom: 24 } as const;
const FONT = '400 11px "Cutaway Inter", Inter, system-ui, sans-serif';
const FAINT = 0.22;
const DASHES = [5, 3];
const WIDE = 1.6;
const MANY = 20_000; // points from which on lines are thin: they lie close, and wider ones take ten times as long to paint
const ROOM_Y = 0.06;
const ROOM_X = 0.01;

/** The number of px that curves have on a canvas of a width. */
export function pixelsFor(width: number): number {
  return Math.max(20, Math.round(width - MARGIN.left - MARGIN.right));
}

/** Where the curves of an answer lie. */
export function frameOf(width: number, height: number, about: About, look: Look, zoomed: boolean): Frame {
  const [low, high] = about.view;
  const logX = look.logX && high > 0;
  const first = logX && low <= 0 ? Math.max(about.x?.[0] ?? 0, high / 1e6) || high / 1e6 : low;
  const x = scaleOf(first, high, logX, zoomed ? 0 : ROOM_X);
  return {
    left: MARGIN.left,
    top: MARGIN.top,
    width: Math.max(10, width - MARGIN.left - MARGIN.right),
    height: Math.max(10, height - MARGIN.top - MARGIN.bottom),
    x,
    y: heights(about, look),
  };
}

function heights(about: About, look: Look): Scale {
  if (look.fixedY !== undefined && (!look.logY || look.fixedY[0] > 0)) {
    return { low: look.fixedY[0], high: look.fixedY[1], log: look.logY };
  }
  const [low, high] = (look.ignoreOutliers ? about.inner : about.y) ?? [0, 1];
  if (look.logY && about.positive !== null) {
    return scaleOf(Math.max(low, about.positive), Math.max(high, about.positive), true, ROOM_Y);
  }
  return scaleOf(low, high, false, ROOM_Y);
}

/** Paint all of a chart on a clean canvas. The context is scaled so that a unit is a px of the page. */
export function paint(
  context: CanvasRenderingContext2D, frame: Frame, curves: Curves, look: Look,
  lineLook: (at: number) => LineLook | undefined,
): void {
  context.font = FONT;
  paintAxes(context, frame, look);
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top - 1, frame.width, frame.height + 2);
  context.clip();
  context.lineJoin = "round";
  if (look.smoothing) {
    curves.lines.forEach((line, at) => {
      const style = lineLook(at);
      if (style !== undefined) stroke(context, frame, curves.x, curves.y, line.begin, line.end, { ...style, dashed: false }, FAINT, 1);
    });
  }
  const values = look.smoothing ? curves.smooth : curves.y;
  const width = curves.x.length > MANY ? 1 : WIDE;
  curves.lines.forEach((line, at) => {
    const style = lineLook(at);
    if (style !== undefined) stroke(context, frame, curves.x, values, line.begin, line.end, style, 1, width);
  });
  context.restore();
  curves.lines.forEach((line, at) => {
    const style = lineLook(at);
    if (style !== undefined) paintOdd(context, frame, curves, line.begin, line.end, style.colour);
  });
}

function stroke(
  context: CanvasRenderingContext2D, frame: Frame, xs: Float64Array, ys: Float64Array, begin: number, end: number,
  style: LineLook, alpha: number, width: number,
): void {
  context.globalAlpha = alpha;
  context.strokeStyle = style.colour;
  context.fillStyle = style.colour;
  context.lineWidth = width;
  context.setLineDash(style.dashed ? DASHES : []);
  context.beginPath();
  let pen = false;
  let single = -1;
  for (let at = begin; at < end; at++) {
    const y = ys[at] as number;
    const x = xs[at] as number;
    if (!Number.isFinite(y) || (frame.x.log && x <= 0) || (frame.y.log && y <= 0)) {
      if (single >= 0) dot(context, frame, xs[single] as number, ys[single] as number);
      pen = false;
      single = -1;
      continue;
    }
    const [px, py] = at2d(frame, x, y);
    if (pen) {
      context.lineTo(px, py);
      single = -1;
    } else {
      context.moveTo(px, py);
      single = at;
      pen = true;
    }
  }
  context.stroke();
  if (single >= 0) dot(context, frame, xs[single] as number, ys[single] as number); // a line of one point
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function dot(context: CanvasRenderingContext2D, frame: Frame, x: number, y: number): void {
  const [px, py] = at2d(frame, x, y);
  context.fillRect(px - 2, py - 2, 4, 4);
}

/** Where a value lies on the canvas; far outside it is drawn a little outside, as canvases do not take large numbers. */
export function at2d(frame: Frame, x: number, y: number): [number, number] {
  const px = frame.left + share(frame.x, x) * frame.width;
  const py = frame.top + (1 - share(frame.y, y)) * frame.height;
  return [Math.max(-1e4, Math.min(1e4, px)), Math.max(-1e4, Math.min(1e4, py))];
}

/** NaN is a cross on the axis, an infinite value an arrow at the edge that it lies behind. */
function paintOdd(context: CanvasRenderingContext2D, frame: Frame, { x, y }: Curves, begin: number, end: number, colour: string): void {
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1.5;
  for (let at = begin; at < end; at++) {
    const value = y[at] as number;
    if (Number.isFinite(value)) continue;
    const px = frame.left + share(frame.x, x[at] as number) * frame.width;
    if (px < frame.left || px > frame.left + frame.width) continue;
    const bottom = frame.top + frame.height;
    context.beginPath();
    if (Number.isNaN(value)) {
      context.moveTo(px - 3, bottom - 7);
      context.lineTo(px + 3, bottom - 1);
      context.moveTo(px + 3, bottom - 7);
      context.lineTo(px - 3, bottom - 1);
      context.stroke();
    } else {
      const [tip, base] = value > 0 ? [frame.top, frame.top + 6] : [bottom, bottom - 6];
      context.moveTo(px, tip);
      context.lineTo(px - 4, base);
      context.lineTo(px + 4, base);
      context.fill();
    }
  }
}

function paintAxes(context: CanvasRenderingContext2D, frame: Frame, look: Look): void {
  const { left, top, width, height } = frame;
  context.strokeStyle = look.ink.line;
  context.lineWidth = 1;
  context.fillStyle = look.ink.muted;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.globalAlpha = 0.35;
  context.beginPath();
  const rows = ticks(frame.y, Math.max(2, height / 40));
  for (const value of rows) {
    const y = Math.round(top + (1 - share(frame.y, value)) * height) + 0.5;
    context.moveTo(left, y);
    context.lineTo(left + width, y);
  }
  const columns = ticks(frame.x, Math.max(2, width / (look.axis === "wall" ? 90 : 70)), look.axis === "step" || look.axis === "epoch" ? [] : TIME_UNITS);
  for (const value of columns) {
    const x = Math.round(left + share(frame.x, value) * width) + 0.5;
    context.moveTo(x, top);
    context.lineTo(x, top + height);
  }
  context.stroke();
  context.globalAlpha = 1;
  for (const value of rows) context.fillText(short(value), left - 6, top + (1 - share(frame.y, value)) * height);
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of columns) {
    const x = left + share(frame.x, value) * width;
    const label = onAxis(look.axis, value);
    const half = context.measureText(label).width / 2;
    context.fillText(label, Math.min(x, left + width + MARGIN.right - half - 1), top + height + 6);
  }
}
