/** Small charts of the values of a weight, each a canvas with its words. */
import type { Container } from "../columns.ts";
import { colourAt, shortNumber } from "../colour/scale.ts";
import type { WeightChannels, WeightHistogram } from "../weights_contract.ts";
import { make } from "../dom.ts";

const WIDTH = 258;
const HEIGHT = 84;

/** Blue below zero, white at it, orange above: told apart by all kinds of colour blindness. */
const DIVERGING = ["#08306b", "#2171b5", "#6baed6", "#c6dbef", "#f7f7f7", "#fdd0a2", "#fd8d3c", "#d94801", "#7f2704"];
const SEQUENTIAL = ["#fde725", "#7ad151", "#22a884", "#2a788e", "#414487", "#440154"];
const STEPS = 256;
const MISSING: readonly [number, number, number] = [220, 38, 38]; // NaN and infinite values

/** A canvas that is sharp on any screen, in px of the page. */
function surface(width: number, height: number, label: string): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const density = Math.max(1, window.devicePixelRatio);
  const canvas = make("canvas", { set: { role: "img", "aria-label": label, width: String(width * density), height: String(height * density) } });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.scale(density, density);
  return [canvas, context];
}

function axis(...words: readonly string[]): HTMLElement {
  return make("div", { class: "chart-axis", set: { "aria-hidden": "true" } }, words.map((text) => make("span", { text })));
}

/** Counts as bars; heights are those of the square root, so that rare values can be seen beside frequent ones. */
export function histogramChart({ edges, counts }: WeightHistogram): HTMLElement {
  const most = Math.max(1, ...counts);
  const low = edges[0] ?? 0;
  const high = edges[edges.length - 1] ?? 0;
  const label = `Histogram from ${shortNumber(low)} to ${shortNumber(high)}; at most ${most.toLocaleString("en")} values in one bar`;
  const [canvas, context] = surface(WIDTH, HEIGHT, label);
  const width = WIDTH / Math.max(1, counts.length);
  context.fillStyle = "#3b8ed0";
  counts.forEach((count, at) => {
    const height = Math.sqrt(count / most) * (HEIGHT - 2);
    context.fillRect(at * width, HEIGHT - height, Math.max(1, width - 0.6), height);
  });
  if (low < 0 && high > 0) {
    context.fillStyle = "#888888";
    context.fillRect((-low / (high - low)) * WIDTH, 0, 1, HEIGHT);
  }
  canvas.title = "Heights are square roots of the counts";
  return make("figure", { class: "chart" }, [canvas, axis(shortNumber(low), shortNumber(high))]);
}

/** From least to greatest value of each channel, with its mean; undefined where there are none. */
export function channelChart(channels: WeightChannels | null): HTMLElement | undefined {
  const known = [...(channels?.min ?? []), ...(channels?.max ?? [])].filter((value) => value !== null);
  if (channels === null || channels.min.length < 2 || known.length === 0) {
    return undefined;
  }
  const size = channels.min.length;
  const low = Math.min(...known);
  const high = Math.max(...known);
  const [canvas, context] = surface(WIDTH, HEIGHT, `Ranges of ${size} channels, from ${shortNumber(low)} to ${shortNumber(high)}`);
  const y = (value: number): number => (HEIGHT - 4) * (1 - (value - low) / (high - low || 1)) + 2;
  const width = WIDTH / size;
  context.fillStyle = "#16976d";
  for (let channel = 0; channel < size; channel++) {
    const from = channels.min[channel];
    const to = channels.max[channel];
    if (typeof from === "number" && typeof to === "number") {
      context.fillRect(channel * width, y(to), Math.max(0.5, width - (width > 3 ? 1 : 0)), Math.max(1, y(from) - y(to)));
    }
  }
  context.fillStyle = "#0b4d3b";
  channels.mean.forEach((mean, channel) => {
    if (mean !== null) {
      context.fillRect(channel * width, y(mean) - 0.5, Math.max(0.5, width - (width > 3 ? 1 : 0)), 1);
    }
  });
  if (low < 0 && high > 0) {
    context.fillStyle = "#888888";
    context.fillRect(0, y(0), WIDTH, 1);
  }
  return make("figure", { class: "chart" }, [canvas, axis(`${shortNumber(low)} … ${shortNumber(high)}`, `channel 0 … ${size - 1}`)]);
}

/**
 * Values of a slice by colour. Where several values share a px, the one furthest from zero is shown: what sticks
 * out is not averaged away.
 */
export function heatMap(box: Container, shape: readonly number[], rowAxis: number, columnAxis: number): HTMLElement {
  const rows = Number(box.header.rows);
  const columns = Number(box.header.columns);
  const low = box.f32("low");
  const high = box.f32("high");
  if (!(rows > 0 && columns > 0) || low.length !== rows * columns || high.length !== low.length) {
    throw new Error("The values that arrived are no slice; load the page again.");
  }
  const values = Float32Array.from(low, (value, at) => furthest(value, high[at] as number));
  const { least, greatest } = range(values);
  const { from, to, diverging, colours } = scaleOf(least, greatest);
  const scale = Math.max(1, Math.min(Math.floor(WIDTH / columns), Math.floor(WIDTH / rows), 24));
  const label = `Heat map of ${rows} by ${columns} values from ${shortNumber(least)} to ${shortNumber(greatest)}`;
  const canvas = make("canvas", { set: { role: "img", "aria-label": label, width: String(columns), height: String(rows) } });
  canvas.style.width = `${columns * scale}px`;
  canvas.style.height = `${rows * scale}px`;
  paint(canvas, values, from, to, colours);
  const full = (axisNumber: number): number => shape[axisNumber] ?? 1;
  canvas.addEventListener("mousemove", (event) => {
    const column = Math.min(columns - 1, Math.floor((event.offsetX / canvas.clientWidth) * columns));
    const row = Math.min(rows - 1, Math.floor((event.offsetY / canvas.clientHeight) * rows));
    const at = row * columns + column;
    const place = (position: number, size: number, whole: number): string =>
      size === whole ? String(position) : `${Math.floor((position * whole) / size)} …`;
    const where = `[${place(row, rows, full(rowAxis))}, ${place(column, columns, full(columnAxis))}]`;
    const same = low[at] === high[at];
    canvas.title = same ? `${where} ${low[at] as number}` : `${where} from ${low[at] as number} to ${high[at] as number}`;
  });
  const bar = make("div", { class: "heat-bar", set: { "aria-hidden": "true" } });
  bar.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
  const words = diverging ? [shortNumber(from), "0", shortNumber(to)] : [shortNumber(from), shortNumber(to)];
  return make("figure", { class: "chart" }, [canvas, bar, axis(...words)]);
}

/** Colours from the least to the greatest value; where both signs occur, with white at zero. */
export function scaleOf(least: number, greatest: number): { from: number; to: number; diverging: boolean; colours: readonly string[] } {
  const diverging = least < 0 && greatest > 0;
  const most = Math.max(-least, greatest);
  return diverging ? { from: -most, to: most, diverging, colours: DIVERGING } : { from: least, to: greatest, diverging, colours: SEQUENTIAL };
}

/** One row of values as bars from zero. Where several values share a bar, it reaches from the least to the greatest. */
export function barChart(box: Container): HTMLElement {
  const low = box.f32("low");
  const high = box.f32("high");
  const least = Math.min(0, ...low.filter(Number.isFinite));
  const greatest = Math.max(0, ...high.filter(Number.isFinite));
  const [canvas, context] = surface(WIDTH, HEIGHT, `${low.length} values from ${shortNumber(least)} to ${shortNumber(greatest)}`);
  const y = (value: number): number => (HEIGHT - 4) * (1 - (value - least) / (greatest - least || 1)) + 2;
  const width = WIDTH / Math.max(1, low.length);
  low.forEach((from, at) => {
    const to = high[at] as number;
    if (!Number.isFinite(from) || !Number.isFinite(to)) {
      context.fillStyle = "#dc2626";
      context.fillRect(at * width, 0, Math.max(1, width - 0.6), HEIGHT);
      return;
    }
    context.fillStyle = "#3b8ed0";
    const [bottom, top] = [Math.min(0, from), Math.max(0, to)];
    context.fillRect(at * width, y(top), Math.max(0.7, width - (width > 3 ? 1 : 0)), Math.max(0.7, y(bottom) - y(top)));
  });
  context.fillStyle = "#888888";
  context.fillRect(0, y(0), WIDTH, 1);
  return make("figure", { class: "chart" }, [canvas, axis(`${shortNumber(least)} … ${shortNumber(greatest)}`, `0 … ${Number(box.header.size instanceof Array ? (box.header.size[1] as number) - 1 : low.length - 1)}`)]);
}

function furthest(one: number, two: number): number {
  if (!Number.isFinite(one) || !Number.isFinite(two)) {
    return Number.NaN;
  }
  return Math.abs(one) > Math.abs(two) ? one : two;
}

function range(values: Float32Array): { least: number; greatest: number } {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (Number.isNaN(value)) {
      continue;
    }
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return least <= greatest ? { least, greatest } : { least: 0, greatest: 0 };
}

/** Fill a canvas of as many px as there are values. */
export function paint(canvas: HTMLCanvasElement, values: Float32Array, from: number, to: number, colours: readonly string[]): void {
  const table = Array.from({ length: STEPS }, (_, step) => {
    const colour = Number.parseInt(colourAt(colours, step / (STEPS - 1)).slice(1), 16);
    return [colour >> 16, (colour >> 8) & 255, colour & 255] as const;
  });
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const image = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, at) => {
    const share = to > from ? (value - from) / (to - from) : 0.5;
    const [red, green, blue] = Number.isNaN(value) ? MISSING : (table[Math.round(share * (STEPS - 1))] ?? MISSING);
    image.data.set([red, green, blue, 255], at * 4);
  });
  context.putImageData(image, 0, 0);
}
