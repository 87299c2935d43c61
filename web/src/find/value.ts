/** Values as people write them in a query: numbers with units, dimensions, plain words, regular expressions. */

/** What stands on the right of a comparison, read in every way that it can be. */
export interface Value {
  readonly text: string;
  /** As a number, or NaN. */
  readonly number: number;
  /** As dimensions: a number, null for `?` (unknown), "*" for any. Undefined where it is no list of dimensions. */
  readonly dims: readonly Dimension[] | undefined;
  /** Whether the dimensions stood in parentheses, so that they are the whole shape. */
  readonly whole: boolean;
  readonly regex: RegExp | undefined;
}

export type Dimension = number | null | "*";

const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const BINARY: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };
const NUMBER = /^([-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?:([kmgt])(i?)b?|b)?$/i;

/** Reads a number with an optional unit: `256`, `1.5M`, `4kB`, `2MiB`, `1e-3`; NaN where it is none. */
export function readNumber(text: string): number {
  const found = NUMBER.exec(text);
  if (found === null) return Number.NaN;
  const [, digits, unit, binary] = found;
  const number = Number((digits as string).replaceAll("_", ""));
  if (unit === undefined) return number;
  return number * ((binary ? BINARY : UNITS)[unit.toLowerCase()] as number);
}

/** Reads dimensions: `3x3`, `?x224x224x3`, `(None, 10)`; undefined where the text is something else. */
export function readDimensions(text: string): readonly Dimension[] | undefined {
  const inner = /^[([](.*)[)\]]$/.exec(text)?.[1] ?? text;
  const parts = inner.split(/[x×,]/).map((part) => part.trim());
  if (parts.length > 1 && parts[parts.length - 1] === "" && inner !== text) parts.pop();
  const dims = parts.map((part): Dimension | undefined => {
    if (part === "?" || part.toLowerCase() === "none") return null;
    if (part === "*") return "*";
    return /^\d+$/.test(part) ? Number(part) : undefined;
  });
  return dims.includes(undefined) ? undefined : (dims as Dimension[]);
}

/** A value from its text. */
export function readValue(text: string, regex?: RegExp): Value {
  return {
    text,
    number: regex === undefined ? readNumber(text) : Number.NaN,
    dims: regex === undefined ? readDimensions(text) : undefined,
    whole: /^[([]/.test(text),
    regex,
  };
}

/** Whether a shape holds some dimensions side by side; all of them and nothing else where `whole`. */
export function shapeHolds(
  shape: readonly (number | null)[] | null,
  dims: readonly Dimension[],
  whole: boolean,
): boolean {
  if (shape === null) return false;
  const last = whole ? (shape.length === dims.length ? 0 : -1) : shape.length - dims.length;
  for (let from = 0; from <= last; from++) {
    if (dims.every((dim, at) => dim === "*" || dim === shape[from + at])) return true;
  }
  return false;
}
