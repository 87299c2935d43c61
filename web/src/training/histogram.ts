/** Paints the distribution of a layer's values at one step, as small as a word in a table. */
import type { Ink } from "./plot.ts";
import { short } from "./scales.ts";

export interface Histogram {
  readonly step: number;
  /** Number of finite values. */
  readonly finite: number;
  readonly low: number;
  readonly high: number;
  /** Shares of the values in equal cells from low to high. */
  readonly shares: readonly number[];
}

const FONT = '400 10px "Cutaway Inter", Inter, system-ui, sans-serif';
const FOOT = 13; // px below the bars for the ends of the scale

/** Paint bars over the range that all steps of the layer share, so that steps can be compared. */
export function paintHistogram(
  context: CanvasRenderingContext2D, width: number, height: number, { low, high, shares, finite }: Histogram, ink: Ink, colour: string,
): void {
  const tall = height - FOOT;
  const most = Math.max(...shares, 0);
  const wide = width / Math.max(1, shares.length);
  context.fillStyle = colour;
  context.globalAlpha = 0.75;
  context.beginPath();
  shares.forEach((share, at) => {
    const up = most > 0 ? (share / most) * (tall - 2) : 0;
    context.rect(at * wide, tall - up, wide, up);
  });
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = ink.line;
  context.beginPath();
  context.moveTo(0, tall + 0.5);
  context.lineTo(width, tall + 0.5);
  if (low < 0 && high > 0) {
    const zero = Math.round((-low / (high - low)) * width) + 0.5;
    context.moveTo(zero, tall);
    context.lineTo(zero, tall + 3);
  }
  context.stroke();
  context.font = FONT;
  context.fillStyle = ink.muted;
  context.textBaseline = "top";
  context.textAlign = "left";
  if (finite === 0) {
    context.fillText("nothing finite", 0, tall + 3);
    return;
  }
  context.fillText(rough(low, high - low), 0, tall + 3);
  context.textAlign = "right";
  context.fillText(rough(high, high - low), width, tall + 3);
}

/** An end of a scale in two digits; next to nothing of the scale is 0. */
function rough(value: number, span: number): string {
  return Math.abs(value) < span * 1e-4 ? "0" : short(Number(value.toPrecision(2)));
}
