/** The drawing of a model in the training view: the explorer's, coloured from outside. A script of its own, as it is large. */
import { publish } from "../api.ts";
import type { Rect } from "../camera/camera.ts";
import { rollUp } from "../colour/rollup.ts";
import { colourAt, domainOf, shareOf, shortNumber, spreadFor, ticks } from "../colour/scale.ts";
import type { Scale } from "../colour/scale.ts";
import type { Columns } from "../columns.ts";
import { servedSource } from "../data/served.ts";
import { make } from "../dom.ts";
import type { Explorer } from "../explorer.ts";
import { badgesOf, marksOf } from "../findings.ts";
import { Layers } from "../layers.ts";
import { mix } from "../paint/palette.ts";
import { minimap } from "../panels/minimap.ts";
import { tip } from "../panels/tip.ts";
import { wiped } from "./canvas.ts";
import { rankOf } from "./checking.ts";
import type { TrainingFinding } from "./checking.ts";
import { inkOf } from "./ink.ts";
import type { Looked, Stage, StageMaker } from "./model.ts";
import type { Ink } from "./plot.ts";
import { isTime, Parts } from "./quantity.ts";
import type { Quantity } from "./quantity.ts";
import { paintSpark } from "./spark.ts";

const STEPS = 64; // colours of a scale
const FIRST = 2; // the first code of a value; 1 is "not known"
const TICK_ROOM = 0.08; // of the scale that a number below it takes
const FADED = 0.12; // of the border's colour in a fill that means "no value"
const SPARK = { width: 90, height: 54 } as const; // px of a box from which on it has room for a curve

class ModelStage implements Stage {
  private readonly parts: Parts;
  private quantity: Quantity | undefined;
  private rows: (readonly number[])[] = [];
  private scale: Scale | undefined;
  private at = 0;
  private curves = new Map<number, number>();
  private readonly overlay = make("canvas", { class: "sparks", set: { "aria-hidden": "true" } });
  private readonly legend = make("div", { class: "stage-legend" });
  /** What the legend says now. */
  private explained: { readonly scale: Scale; readonly colours: readonly string[] } | undefined;

  constructor(private readonly explorer: Explorer, private readonly columns: Columns, selected: (looked: Looked | undefined) => void) {
    this.parts = new Parts(columns);
    explorer.stage.drawing.append(this.overlay);
    explorer.slots.bottom.append(this.legend);
    explorer.onMove(() => this.sparks());
    explorer.onRest(() => this.sparks());
    new ResizeObserver(() => this.sparks()).observe(explorer.stage.drawing);
    explorer.state.listen((now, before) => {
      if (now.selection === before.selection) return;
      const item = now.selection?.item;
      const { parts } = this;
      selected(item === undefined ? undefined : { name: explorer.nameOf(item), ids: parts.idsOf(item), holds: (id) => parts.holds(item, id) });
    });
  }

  theme(dark: boolean): void {
    this.explorer.state.send({ kind: "theme", theme: dark ? "dark" : "light" });
    this.paint();
  }

  select(id: string): void {
    if (id === "") {
      this.explorer.state.send({ kind: "select", place: undefined });
      return;
    }
    const node = this.columns.nodeById(id);
    const item = node >= 0 ? node : ~this.columns.groupById(id);
    if (node >= 0 || item < -1) void this.explorer.flyTo(item);
  }

  selectedId(): string {
    const item = this.explorer.state.now.selection?.item;
    return item === undefined ? "" : this.explorer.idOf(item);
  }

  show(quantity: Quantity | undefined, at: number): void {
    if (quantity !== this.quantity) this.take(quantity);
    this.at = at;
    this.paint();
    this.sparks();
  }

  attend(on: boolean): void {
    this.explorer.attends = on;
  }

  /** Badges at the layers that some findings name; of an id that the model does not have nothing is shown. */
  mark(findings: readonly TrainingFinding[]): void {
    const placed = findings.flatMap((finding) => finding.where
      .flatMap((id) => this.parts.of(id, "activations"))
      .map((item) => ({ check: finding.check, severity: rankOf(finding) as 0 | 1 | 2, what: finding.what, at: [item] })));
    const marks = marksOf(this.columns, placed);
    this.explorer.state.send({ kind: "badges", badges: badgesOf({ findings: placed, marks }, new Set([0, 1, 2])) });
  }

  close(): void {
    this.explorer.closed();
  }

  /** The value of each node and of some groups at a step. */
  private valuesAt(at: number): { nodes: Float64Array; given: Float64Array } {
    const nodes = new Float64Array(this.columns.nodes).fill(Number.NaN);
    const given = new Float64Array(this.columns.groups).fill(Number.NaN);
    const { values, steps } = this.quantity as Quantity;
    this.rows.forEach((items, row) => {
      const value = values[row * steps.length + at] as number;
      for (const item of items) {
        const [to, place] = item >= 0 ? [nodes, item] : [given, ~item];
        const before = to[place] as number;
        to[place] = Number.isNaN(before) ? value : Math.max(before, Number.isNaN(value) ? before : value);
      }
    });
    return { nodes, given };
  }

  private take(quantity: Quantity | undefined): void {
    this.quantity = quantity;
    this.curves = new Map();
    if (quantity === undefined) return;
    const kind = quantity.name.split("/")[1] ?? "";
    this.rows = quantity.ids.map((id) => this.parts.of(id, kind));
    this.rows.forEach((items, row) => {
      for (const item of items) if (!this.curves.has(item)) this.curves.set(item, row);
    });
    const all = Float64Array.from(quantity.values);
    const domain = domainOf(all);
    this.scale = domain === undefined ? undefined : { ...domain, spread: spreadFor(all) };
  }

  private paint(): void {
    const { explorer, quantity, scale } = this;
    const theme = explorer.head.themes[explorer.state.now.theme] ?? Object.values(explorer.head.themes)[0];
    if (quantity === undefined || scale === undefined || theme === undefined || quantity.steps.length === 0) {
      this.legend.replaceChildren();
      this.explained = undefined;
      explorer.state.send({ kind: "colour", colouring: undefined, by: "" });
      return;
    }
    const { nodes, given } = this.valuesAt(this.at);
    const groups = rollUp(this.columns, nodes, isTime(quantity.name) ? "sum" : "max", given);
    const code = (value: number): number => (Number.isNaN(value) ? 1 : FIRST + Math.round(shareOf(scale, value) * (STEPS - 1)));
    const faded = mix(theme.group_fill, theme.group_stroke, FADED);
    const palette = ["", faded, ...Array.from({ length: STEPS }, (_, step) => colourAt(theme.scale, step / (STEPS - 1)))];
    const codes = (values: Float64Array): Uint8Array => Uint8Array.from(values, code);
    explorer.state.send({ kind: "colour", colouring: { palette, nodes: codes(nodes), groups: codes(groups), legend: [] }, by: "" });
    this.explain(scale, theme.scale, isTime(quantity.name) ? " ms" : "");
  }

  private explain(scale: Scale, colours: readonly string[], unit: string): void {
    if (this.explained?.scale === scale && this.explained.colours === colours) return; // as it was at the last step
    this.explained = { scale, colours };
    const bar = make("div", { class: "bar" });
    bar.style.background = `linear-gradient(to right, ${Array.from({ length: 9 }, (_, at) => colourAt(colours, at / 8)).join(", ")})`;
    let last = -TICK_ROOM;
    const marks = ticks(scale).flatMap((value) => {
      const share = shareOf(scale, value);
      if (share - last < TICK_ROOM) return [];
      last = share;
      const mark = make("span", { text: `${shortNumber(value)}${unit}` });
      mark.style.left = `${share * 100}%`;
      return [mark];
    });
    this.legend.replaceChildren(bar, make("div", { class: "marks" }, marks));
  }

  /** Small curves of the quantity in the boxes that are near enough, with a mark at the step that is shown. */
  private sparks(): void {
    const { explorer, overlay, quantity } = this;
    const near = quantity === undefined || quantity.steps.length < 2 ? [] : explorer.visible().flatMap(({ item, box, open }) => {
      const row = this.curves.get(item);
      return row === undefined || open > 0.5 || box.w < SPARK.width || box.h < SPARK.height ? [] : [{ row, box }];
    });
    if (quantity === undefined || near.length === 0) {
      overlay.width = 0; // nothing to be put over the drawing
      return;
    }
    const { width, height } = explorer.eye.viewport;
    const context = wiped(overlay, width, height);
    const count = quantity.steps.length;
    for (const { row, box } of near) this.spark(context, quantity.values.subarray(row * count, (row + 1) * count), box, inkOf(explorer.stage.root));
  }

  /** Below the left half of the box: the words in it and the wire from its middle stay free. */
  private spark(context: CanvasRenderingContext2D, values: Float32Array, box: Rect, ink: Ink): void {
    const room = { left: box.x + box.w * 0.03, wide: box.w * 0.42, top: box.y + box.h + 6, tall: Math.min(34, box.h * 0.26) };
    const { steps } = this.quantity as Quantity;
    context.globalAlpha = 0.8;
    context.fillStyle = ink.paper;
    context.fillRect(room.left - 3, room.top - 3, room.wide + 6, room.tall + 6);
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = ink.title;
    context.lineWidth = 1.3;
    paintSpark(context, { x: steps, y: values }, room, { x: steps[this.at] as number, y: values[this.at] as number });
  }
}

const open: StageMaker = async (host, address, dark, selected) => {
  const source = servedSource(address);
  const layers = new Layers(host, source);
  const explorer = layers.aside(await source.head(), host, dark ? "dark" : "light");
  minimap(explorer);
  tip(explorer);
  publish(explorer);
  return new ModelStage(explorer, await explorer.columns(), selected);
};

Object.defineProperty(window, "cutawayStage", { value: open });
