/** Scales of a chart: where a value lies, which values get a line, and how numbers and times are written. */
import type { Axis } from "./server.ts";

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
}

/** Where a value lies between the ends of a scale, 0 to 1 and beyond. */
export function share(scale: Scale, value: number): number {
  const { low, high, log } = scale;
  if (log) return value > 0 ? Math.log(value / low) / Math.log(high / low) : -1;
  return (value - low) / (high - low);
}

/** The value at a share of a scale. */
export function valueAt({ low, high, log }: Scale, at: number): number {
  return log ? low * (high / low) ** at : low + (high - low) * at;
}

/** A scale that is not empty, with some room at its ends. */
export function scaleOf(low: number, high: number, log: boolean, room: number): Scale {
  if (log) {
    const ends = low < high ? [low, high] as const : [low / 2, low * 2] as const;
    const grown = (ends[1] / ends[0]) ** room;
    return { low: ends[0] / grown, high: ends[1] * grown, log };
  }
  const wide = high > low ? high - low : Math.abs(low) * 0.1 || 1;
  const middle = high > low ? low : low - wide / 2;
  return { low: middle - wide * room, high: middle + wide * (1 + room), log };
}

/** Round values on a scale, about so many. */
export function ticks(scale: Scale, count: number, units: readonly number[] = []): number[] {
  if (scale.log && scale.high / scale.low > 20) return decades(scale, count);
  const { low, high } = scale;
  const step = stepOf((high - low) / Math.max(1, count), units);
  const found: number[] = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9 && found.length < 100; at++) {
    found.push(at === 0 ? 0 : at * step);
  }
  return found;
}

function decades({ low, high }: Scale, count: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.max(1, Math.ceil((last - first + 1) / Math.max(1, count)));
  const found: number[] = [];
  for (let power = first; power <= last; power += every) found.push(10 ** power);
  return found;
}

function stepOf(rough: number, units: readonly number[]): number {
  const fitting = units.find((unit) => unit >= rough);
  if (fitting !== undefined && rough > 1) return fitting;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((times) => times * power >= rough * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Seconds between lines on an axis of time. */
export const TIME_UNITS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

/** A number in few letters. */
export function short(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 1e15 || size < 1e-4) return sign + size.toExponential(1).replace("e+", "e").replace(".0e", "e").replace("e-", "e−");
  for (const [unit, letter] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]] as const) {
    if (size >= unit) {
      const of = unit === 1e4 ? 1e3 : unit;
      return sign + trimmed((size / of).toPrecision(4)) + letter;
    }
  }
  return sign + trimmed(size.toPrecision(4));
}

/** A number with all digits that a float32 has. */
export function exact(value: number): string {
  if (!Number.isFinite(value)) return short(value);
  const digits = Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9 ? trimmed(value.toPrecision(7)) : value.toExponential(6);
  return digits.replace(/^-/, "−");
}

function trimmed(digits: string): string {
  return digits.includes(".") && !digits.includes("e") ? digits.replace(/\.?0+$/, "") : String(Number(digits));
}

const NO_TIME = "–";

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return NO_TIME;
  const sign = seconds < 0 ? "−" : "";
  const all = Math.abs(seconds);
  if (all < 60) return `${sign}${trimmed(all.toPrecision(3))} s`;
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, Math.round(all % 60)];
  if (hours === 0) return rest === 0 ? `${sign}${minutes} min` : `${sign}${minutes}:${two(rest)} min`;
  return hours < 48 ? `${sign}${hours}:${two(minutes)} h` : `${sign}${trimmed((all / 86400).toPrecision(3))} d`;
}

const two = (value: number): string => String(value).padStart(2, "0");

/** A moment; the day only where it says more than the time does. A time that is none is a dash. */
export function moment(seconds: number, withDay: boolean): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return NO_TIME;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return withDay ? `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time}` : time;
}

/** How a value of x is written. */
export function onAxis(axis: Axis, value: number, wide = false): string {
  if (axis === "relative") return duration(value);
  if (axis === "wall") return moment(value, wide);
  if (!wide) return short(value);
  return axis === "step" ? Math.round(value).toLocaleString("en") : trimmed(value.toPrecision(5));
}
