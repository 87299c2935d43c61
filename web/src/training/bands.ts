/** Paints distributions over time: bands between quantiles over the steps, or a ridge for each of some steps. */
import type { Container } from "../columns.ts";
import type { Ink } from "./plot.ts";
import { onAxis, scaleOf, share, short, ticks, valueAt } from "./scales.ts";

export const LEVELS = 9; // quantiles of a step
export const GRID = 80; // cells of a ridge

/** Names of the quantiles, from the least value to the greatest. */
export const LEVEL_NAMES = ["minimum", "7 %", "16 %", "31 %", "median", "69 %", "84 %", "93 %", "maximum"];

/** The distributions of one tag of one run. */
export interface Spread {
  readonly run: number;
  readonly tag: number;
  /** Steps that were logged, of which some may be left out. */
  readonly total: number;
  readonly steps: Float64Array;
  readonly times: Float64Array;
  /** Row by row, `LEVELS` a step. */
  readonly bands: Float64Array;
  readonly finite: Float64Array;
  readonly ridgeSteps: Float64Array;
  /** Row by row, `GRID` a ridge. */
  readonly ridges: Float64Array;
  readonly low: number;
  readonly high: number;
}

export function spreadsOf(box: Container): Spread[] {
  const lines = JSON.parse(box.text("lines")) as readonly (readonly [number, number, number, number, number, number, number])[];
  const [step, time, bands, finite] = [box.f64("step"), box.f64("time"), box.f64("bands"), box.f64("finite")];
  const [ridgeStep, ridges] = [box.f64("ridge_step"), box.f64("ridges")];
  let [at, ridge] = [0, 0];
  return lines.map(([run, tag, count, total, several, low, high]) => {
    const [end, last] = [at + count, ridge + several];
    const made = {
      run, tag, total, low, high,
      steps: step.subarray(at, end), times: time.subarray(at, end), bands: bands.subarray(at * LEVELS, end * LEVELS),
      finite: finite.subarray(at, end), ridgeSteps: ridgeStep.subarray(ridge, last), ridges: ridges.subarray(ridge * GRID, last * GRID),
    };
    [at, ridge] = [end, last];
    return made;
  });
}

const FONT = '400 11px "Cutaway Inter", Inter, system-ui, sans-serif';
export const MARGIN = { left: 52, right: 12, top: 6, bottom: 20 } as const;
const ALPHAS = [0.13, 0.16, 0.2, 0.26];

/** Where steps lie across a canvas of bands. */
export interface Across {
  /** The step at a px. */
  stepAt(px: number): number;
  /** The px of a step; undefined where it lies beyond the canvas. */
  pxOf(step: number): number | undefined;
}

/** Paint bands on a clean canvas, with or without the ends of the distributions. */
export function paintBands(
  context: CanvasRenderingContext2D, width: number, height: number, spread: Spread, ink: Ink, colour: string, tails: boolean,
): Across {
  const { steps, bands } = spread;
  const outer = tails ? 0 : 1;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let at = 0; at < steps.length; at++) {
    const [first, last] = [bands[at * LEVELS + outer] as number, bands[at * LEVELS + LEVELS - 1 - outer] as number];
    if (first < low) low = first;
    if (last > high) high = last;
  }
  const x = scaleOf(steps[0] ?? 0, steps[steps.length - 1] ?? 1, false, 0.01);
  const y = scaleOf(Number.isFinite(low) ? low : 0, Number.isFinite(high) ? high : 1, false, 0.05);
  const [w, h] = [Math.max(10, width - MARGIN.left - MARGIN.right), Math.max(10, height - MARGIN.top - MARGIN.bottom)];
  const px = (step: number): number => MARGIN.left + share(x, step) * w;
  const py = (value: number): number => MARGIN.top + (1 - share(y, value)) * h;
  axes(context, ink, { x: ticks(x, w / 70), y: ticks(y, h / 34), px, py, left: MARGIN.left, right: MARGIN.left + w, bottom: MARGIN.top + h, top: MARGIN.top });
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top, w, h);
  context.clip();
  context.fillStyle = context.strokeStyle = colour;
  for (let level = outer; level < LEVELS >> 1; level++) {
    context.globalAlpha = ALPHAS[level] as number;
    context.beginPath();
    for (let at = 0; at < steps.length; at++) context.lineTo(px(steps[at] as number), py(bands[at * LEVELS + level] as number));
    for (let at = steps.length - 1; at >= 0; at--) context.lineTo(px(steps[at] as number), py(bands[at * LEVELS + LEVELS - 1 - level] as number));
    if (steps.length === 1) context.rect(px(steps[0] as number) - 3, py(bands[LEVELS - 1 - level] as number), 6, py(bands[level] as number) - py(bands[LEVELS - 1 - level] as number));
    context.fill();
  }
  context.globalAlpha = 1;
  context.lineWidth = 1.4;
  context.beginPath();
  for (let at = 0; at < steps.length; at++) context.lineTo(px(steps[at] as number), py(bands[at * LEVELS + (LEVELS >> 1)] as number));
  context.stroke();
  context.restore();
  return {
    stepAt: (at) => valueAt(x, (at - MARGIN.left) / w),
    pxOf: (step) => (step >= x.low && step <= x.high ? px(step) : undefined),
  };
}

interface Axes {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly px: (value: number) => number;
  readonly py: (value: number) => number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function axes(context: CanvasRenderingContext2D, ink: Ink, { x, y, px, py, left, right, top, bottom }: Axes): void {
  context.font = FONT;
  context.strokeStyle = ink.line;
  context.fillStyle = ink.muted;
  context.lineWidth = 1;
  context.globalAlpha = 0.35;
  context.beginPath();
  for (const value of y) {
    context.moveTo(left, Math.round(py(value)) + 0.5);
    context.lineTo(right, Math.round(py(value)) + 0.5);
  }
  for (const value of x) {
    context.moveTo(Math.round(px(value)) + 0.5, top);
    context.lineTo(Math.round(px(value)) + 0.5, bottom);
  }
  context.stroke();
  context.globalAlpha = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const value of y) context.fillText(short(value), left - 6, py(value));
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of x) context.fillText(short(value), Math.min(px(value), right - context.measureText(short(value)).width / 2 + MARGIN.right), bottom + 5);
}

/** Paint ridges on a clean canvas, the first step at the back. */
export function paintRidges(
  context: CanvasRenderingContext2D, width: number, height: number, spread: Spread, ink: Ink, colour: string,
): void {
  context.font = FONT;
  const { ridges, ridgeSteps, low, high } = spread;
  const count = ridgeSteps.length;
  const [left, right, bottom] = [12, width - 52, height - 20];
  let most = 0;
  for (const value of ridges) most = Math.max(most, value);
  const tall = Math.min(height * 0.42, height - 40);
  const row = count > 1 ? (bottom - tall - 6) / (count - 1) : 0;
  const x = { low, high, log: false };
  context.strokeStyle = ink.line;
  context.fillStyle = ink.muted;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const value of ticks(x, (right - left) / 70)) context.fillText(short(value), left + share(x, value) * (right - left), bottom + 5);
  for (let at = 0; at < count; at++) {
    const base = count > 1 ? 6 + tall + at * row : bottom;
    context.beginPath();
    context.moveTo(left, base);
    for (let cell = 0; cell < GRID; cell++) {
      const value = (ridges[at * GRID + cell] as number) / (most || 1);
      context.lineTo(left + ((cell + 0.5) / GRID) * (right - left), base - Math.sqrt(value) * tall);
    }
    context.lineTo(right, base);
    context.closePath();
    context.globalAlpha = 0.9;
    context.fillStyle = ink.paper;
    context.fill();
    context.globalAlpha = 0.12 + 0.38 * (count > 1 ? at / (count - 1) : 1);
    context.fillStyle = colour;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.stroke();
  }
  context.fillStyle = ink.muted;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const every = Math.max(1, Math.ceil(count / Math.max(1, (bottom - tall) / 16)));
  for (let at = count - 1; at >= 0; at -= every) {
    context.fillText(onAxis("step", ridgeSteps[at] as number, false), right + 6, count > 1 ? 6 + tall + at * row : bottom);
  }
}
