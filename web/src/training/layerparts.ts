/** The parts of a layer at a step: its output and its weights, each with a histogram and statistics side by side. */
import { make } from "../dom.ts";
import type { App } from "./app.ts";
import { wiped } from "./canvas.ts";
import { paintHistogram } from "./histogram.ts";
import type { Histogram } from "./histogram.ts";
import { inkOf } from "./ink.ts";
import type { Run, Tag } from "./logs.ts";
import type { Recorded } from "./naming.ts";
import { isTime, kindName, shownValue, statisticName, statisticRank } from "./quantity.ts";
import { short } from "./scales.ts";
import { paintSpark } from "./spark.ts";
import type { Points } from "./spark.ts";

export const KINDS = ["activations", "weights", "gradients", "updates", "step", "forward", "backward", "update"];
const SPARK_PX = 120; // pixels for which curves are asked
const PAUSE = 60; // ms between two questions while the step keeps changing: one a frame would leave the frames no time
const MARGIN = 3; // px around a curve, for its mark

/** A tag of the layer that is looked at. */
export interface Of {
  readonly tag: Tag;
  readonly known: Recorded;
}

/** What was recorded at a step, or last before it. */
interface AtStep extends Partial<Histogram> {
  readonly step: number;
  readonly value?: number | string;
}

interface Cell {
  readonly of: Of;
  readonly canvas: HTMLCanvasElement;
  readonly value: HTMLElement;
}

export class LayerParts {
  readonly element = make("div", { class: "layer-parts" });
  private readonly cells: readonly Cell[];
  private curves = new Map<number, Points>();
  private told: readonly (AtStep | null)[] = [];
  private step: number | undefined;
  private busy = false;
  private again = false;

  constructor(private readonly app: App, private readonly run: Run, of: readonly Of[]) {
    this.cells = of.map((one) => ({
      of: one, canvas: make("canvas", { set: { role: "img", "aria-label": one.tag.tag } }), value: make("output", { class: "number" }),
    }));
    const parts = new Map<string, Cell[]>();
    for (const cell of this.cells) {
      const part = partName(cell.of.known, of);
      parts.set(part, [...(parts.get(part) ?? []), cell]);
    }
    this.element.append(...[...parts].map(([part, cells]) => table(part, cells)));
    new ResizeObserver(() => this.paint()).observe(this.element);
    void this.news();
  }

  /** Show the values at a step; undefined for the last one. */
  async place(step: number | undefined): Promise<void> {
    this.step = step;
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.again = false;
        const body = { runs: [this.run.index], tags: this.cells.map(({ of }) => of.tag.index), step: this.step ?? null };
        this.told = await this.app.server.json<readonly (AtStep | null)[]>("at-step", {}, body);
        this.paint();
        await new Promise((rested) => window.setTimeout(rested, PAUSE));
      } while (this.again);
    } catch (error) {
      this.element.title = (error as Error).message;
    } finally {
      this.busy = false;
    }
  }

  /** Ask for the curves again, and for the values. */
  async news(): Promise<void> {
    const tags = this.cells.filter(({ of }) => of.tag.kind === "scalars").map(({ of }) => of.tag.index);
    void this.place(this.step);
    const wanted = { runs: [this.run.index], tags, axis: "step", view: null, pixels: SPARK_PX, log: false, smoothing: 0 } as const;
    const told = await this.app.server.series(wanted).catch(() => undefined); // the list of runs says that the server is gone
    if (told === undefined) return;
    const { lines, x, y } = told;
    const found = new Map<number, { x: number[]; y: number[] }>();
    for (const { tag, begin, end } of lines) {
      const points = found.get(tag) ?? { x: [], y: [] };
      points.x.push(...x.subarray(begin, end), Number.NaN); // where steps went back the line is broken
      points.y.push(...y.subarray(begin, end), Number.NaN);
      found.set(tag, points);
    }
    this.curves = found;
    this.paint();
  }

  private paint(): void {
    const sizes = this.cells.map(({ canvas }) => [canvas.clientWidth, canvas.clientHeight] as const); // before words change, or each would be laid out anew
    this.cells.forEach(({ of, canvas, value }, at) => {
      const told = this.told[at] ?? null;
      const [width, height] = sizes[at] as readonly [number, number];
      if (width === 0) return;
      const context = wiped(canvas, width, height);
      const ink = inkOf(this.element);
      if (of.tag.kind === "histograms") {
        const histogram = told as Histogram | null;
        canvas.dataset["step"] = String(told?.step ?? "");
        if (histogram !== null) paintHistogram(context, width, height, histogram, ink, this.app.colourOf(this.run));
        return;
      }
      value.textContent = told === null ? "–" : typeof told.value === "number" ? short(shownValue(of.known.statistic, told.value)) : String(told.value);
      const points = this.curves.get(of.tag.index);
      if (points === undefined) return;
      context.strokeStyle = ink.muted;
      context.fillStyle = this.app.colourOf(this.run);
      const room = { left: MARGIN, top: MARGIN, wide: width - 2 * MARGIN, tall: height - 2 * MARGIN };
      paintSpark(context, points, room, told === null ? undefined : { x: told.step, y: Number(told.value) });
    });
    this.element.dataset["step"] = String(this.step ?? "");
  }
}

/** What a cell stands with: the output of the layer, its time, or one of its weights. */
function partName({ id, kind, statistic }: Recorded, of: readonly Of[]): string {
  if (isTime(statistic)) return "time";
  return kind === "activations" ? "output" : weightName(id, of);
}

/** A weight's name in its layer: `kernel` of `dense/kernel`, `query/kernel` of an attention; what all of them begin with is left out. */
function weightName(id: string, of: readonly Of[]): string {
  const ids = of.filter(({ known }) => known.kind !== "activations" && !isTime(known.statistic)).map(({ known }) => known.id);
  let common = id.lastIndexOf("/") + 1;
  while (common > 0 && !ids.every((one) => one.startsWith(id.slice(0, common)))) common = id.lastIndexOf("/", common - 2) + 1;
  return id.slice(common);
}

/** Kinds beside one another, statistics below each other. */
function table(part: string, cells: readonly Cell[]): HTMLElement {
  const kinds = KINDS.filter((kind) => cells.some(({ of }) => of.known.kind === kind));
  const names = [...new Set(cells.map(({ of }) => of.known.statistic))].sort((one, two) => statisticRank(one) - statisticRank(two));
  const rows = names.map((name) => make("tr", {}, [
    make("th", { text: name === "" ? "" : statisticName(name), set: { scope: "row" } }),
    ...kinds.map((kind) => {
      const cell = cells.find(({ of }) => of.known.kind === kind && of.known.statistic === name);
      const inside = cell === undefined ? [] : name === "" ? [cell.canvas] : [cell.canvas, cell.value];
      return make("td", { class: name === "" ? "shape" : "trace" }, inside);
    }),
  ]));
  const heads = kinds.map((kind) => make("th", { text: kindName(kind), set: { scope: "col" } }));
  return make("table", { class: "layer-part" }, [make("caption", { text: part }), make("tr", {}, [make("th", {}), ...heads]), ...rows]);
}
