/** From numbers to colours: domain, linear or logarithmic steps, and the ticks of a legend. */

import { mix } from "../paint/palette.ts";

/** How values spread over the colours. */
export type Spread = "linear" | "log";

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly spread: Spread;
}

/** Colour on a row of colours, for a share from 0 (low) to 1 (high); the same as in pictures. */
export function colourAt(colours: readonly string[], share: number): string {
  const last = colours.length - 1;
  const place = Math.min(Math.max(share, 0), 1) * last;
  const index = Math.min(Math.floor(place), Math.max(0, last - 1));
  return mix(colours[index] as string, colours[Math.min(index + 1, last)] as string, place - index);
}

/** Least and greatest of the numbers that are known and finite; undefined where there are none. */
export function domainOf(values: Float64Array): { low: number; high: number } | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : undefined;
}

/** Logarithmic where values span more than a factor of 100 and none is negative; parameters and bytes mostly do. */
export function spreadFor(values: Float64Array): Spread {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (value < 0) return "linear";
    if (value > 0 && value < low) low = value;
    if (value > high && value !== Number.POSITIVE_INFINITY) high = value;
  }
  return high > 100 * low ? "log" : "linear";
}

/**
 * Where a value stands on a scale, from 0 to 1. On a logarithmic scale 0 stands at the low end, and so does all
 * below it; the scale begins at 1 where the domain begins at 0.
 */
export function shareOf({ low, high, spread }: Scale, value: number): number {
  if (high <= low) return value >= high ? 1 : 0;
  if (spread === "linear") return Math.min(1, Math.max(0, (value - low) / (high - low)));
  const from = Math.log10(startOfLog(low, high));
  const to = Math.log10(high);
  if (!(value > 0) || to <= from) return value >= high ? 1 : 0;
  return Math.min(1, Math.max(0, (Math.log10(value) - from) / (to - from)));
}

/** The value that stands at a share of a scale: `shareOf` turned round. */
export function valueAt({ low, high, spread }: Scale, share: number): number {
  if (spread === "linear") return low + (high - low) * share;
  if (share <= 0) return low;
  const from = Math.log10(startOfLog(low, high));
  return 10 ** (from + (Math.log10(high) - from) * share);
}

function startOfLog(low: number, high: number): number {
  if (low > 0) return low;
  return high > 10 ? 1 : high / 1000;
}

/** About five round numbers on a scale, its ends included. */
export function ticks(scale: Scale): number[] {
  const { low, high, spread } = scale;
  if (high <= low) return [low];
  if (spread === "linear") return linearTicks(low, high);
  const from = startOfLog(low, high);
  const decades = Math.log10(high) - Math.log10(from);
  if (decades < 2) return linearTicks(low, high);
  const step = Math.max(1, Math.ceil(decades / 5));
  const found = low < from ? [low] : [];
  for (let power = Math.ceil(Math.log10(from) - 1e-9); 10 ** power <= high * (1 + 1e-9); power += step) {
    found.push(10 ** power);
  }
  return found;
}

function linearTicks(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) as number);
  const found: number[] = [];
  for (let count = Math.ceil(low / step - 1e-9) + 0; count * step <= high + step * 1e-9; count++) found.push(count * step);
  return found;
}

/** A number for people: 1,234 · 12.3k · 4.56M · 0.0012. Bytes have powers of 1,000 too. */
export function shortNumber(value: number, unit = ""): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const [factor, letter] =
    size >= 1e12 ? [1e12, "T"] : size >= 1e9 ? [1e9, "G"] : size >= 1e6 ? [1e6, "M"] : size >= 1e4 ? [1e3, "k"] : [1, ""];
  const scaled = value / factor;
  const text =
    scaled === 0 || (size < 1e4 && Number.isInteger(scaled))
      ? Math.round(scaled).toLocaleString("en")
      : size < 1e-3
        ? scaled.toExponential(2)
        : String(Number(scaled.toPrecision(3)));
  const joined = `${letter}${unit}`;
  return joined === "" ? text : unit === "" ? `${text}${joined}` : `${text} ${joined}`;
}
