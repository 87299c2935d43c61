/** Numbers and shapes as people read them. */

const UNITS = ["", " k", " M", " G", " T"];

/** 1234567 → "1.23 M"; whole below a thousand. */
export function short(value: number): string {
  if (!Number.isFinite(value)) {
    return "?";
  }
  let unit = 0;
  let left = value;
  while (Math.abs(left) >= 999.5 && unit < UNITS.length - 1) {
    left /= 1000;
    unit++;
  }
  const text = Number.isInteger(left) ? String(left) : left.toPrecision(3);
  return text + (UNITS[unit] ?? "");
}

/** 1234567 → "1,234,567". */
export function whole(value: number): string {
  return value.toLocaleString("en");
}

/** Bytes with a unit of 1,024. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let left = value;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit++;
  }
  return `${unit === 0 || left >= 100 ? Math.round(left) : left.toPrecision(3)} ${units[unit] ?? ""}`;
}

/** [null, 56, 56, 64] → "None × 56 × 56 × 64"; an unknown rank is "?". */
export function shapeText(shape: readonly (number | null)[] | null): string {
  if (shape === null) {
    return "?";
  }
  return shape.length === 0 ? "scalar" : shape.map((size) => (size === null ? "None" : String(size))).join(" × ");
}

/** The same without the batch, as short as words on a wire must be. */
export function shortShape(shape: readonly (number | null)[] | null): string {
  if (shape === null || shape.length === 0) {
    return "";
  }
  const sizes = shape[0] === null ? shape.slice(1) : shape;
  return sizes.map((size) => (size === null ? "?" : String(size))).join("×");
}
