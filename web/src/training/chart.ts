/** One chart: a card with the curves of a metric over the shown runs. It asks and paints only while it can be seen. */
import { button, make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import type { App } from "./app.ts";
import { wiped } from "./canvas.ts";
import { under } from "./hover.ts";
import type { Under } from "./hover.ts";
import type { Metric, Run } from "./logs.ts";
import { Moves } from "./moves.ts";
import { isHeldOut } from "./naming.ts";
import { frameOf, paint, pixelsFor } from "./plot.ts";
import type { Frame, Ink, LineLook, Look } from "./plot.ts";
import type { Crosshair, Dragged, Spot } from "./pointed.ts";
import { exact, onAxis, valueAt } from "./scales.ts";
import type { Curves, Wanted } from "./server.ts";
import { MOST_ROWS } from "./tip.ts";
import type { Tip, TipRow } from "./tip.ts";
import { toggled } from "./view.ts";
import type { View } from "./view.ts";

const PAUSE = 250; // ms between two questions of one chart while values keep coming
const PAUSE_AT_FIRST = 3_000; // ms while the logs are still read, which takes longer the more is asked
const SHARE_AT_FIRST = 0.5; // of the time that it has taken so far is waited at least: who waits long is told less often
const TIMES = 3; // as long as the last answer and painting took is waited at least
const DRAG = 5; // px from which on a drag is meant
const TALL = 4 * DRAG; // px of height from which on a drag chooses values too

/** Parts of the view that charts show. */
export const LOOKS = ["axis", "smoothing", "logX", "logY", "outliers", "runFilter", "hidden", "added", "zooms", "large", "theme"] as const satisfies readonly (keyof View)[];

/** What shows what lies under the pointer: one of each for all charts, as there is one pointer. */
export interface Pointing {
  readonly tip: Tip;
  readonly crosshair: Crosshair;
  readonly dragged: Dragged;
}

export class Chart {
  readonly element: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly plot: HTMLElement;
  private readonly note: HTMLElement;
  private readonly back: HTMLButtonElement;
  private readonly enlarge: HTMLButtonElement;
  private curves: Curves | undefined;
  private frame: Frame | undefined;
  private asked = "";
  private planned = "";
  private busy = false;
  private last = -Infinity;
  private took = 0;
  private timer = 0;
  private dirty = true;
  private seen = false;
  private paints = 0;
  private readonly moves: Moves;
  private dragFrom: readonly [number, number] | undefined;
  private dragTo: readonly [number, number] | undefined;

  constructor(private readonly app: App, public metric: Metric, private readonly pointing: Pointing, private readonly ink: () => Ink) {
    this.canvas = make("canvas", { set: { tabindex: "0", role: "img", "aria-label": metric.name } });
    this.note = make("p", { class: "chart-note", text: "" });
    this.plot = make("div", { class: "plot" }, [this.canvas, this.note]);
    this.back = button("1:1", `Show all of ${metric.name}`, () => this.zoom(undefined), "zoomed-out");
    this.back.title = "Show all of it (double click)";
    this.enlarge = iconButton("fit", `Enlarge ${metric.name}`, () => this.setLarge());
    const save = iconButton("save", `Download all points of ${metric.name}`, () => this.download());
    const title = make("h3", { class: "chart-title", text: metric.name, title: metric.tags.map(({ tag }) => tag).join("\n") });
    this.element = make("article", { class: "curves", set: { "aria-label": metric.name } }, [
      make("header", {}, [title, this.back, save, this.enlarge]), this.plot,
    ]);
    this.moves = new Moves(this.canvas, (event) => this.moved(event));
    this.listen();
    this.viewed();
  }

  /** Called when the card comes into sight or leaves it. */
  sight(seen: boolean): void {
    this.seen = seen;
    if (seen && this.dirty) this.refresh();
  }

  /** Some runs have more values. */
  news(changed: ReadonlySet<number>, done: boolean): void {
    const waited = this.timer !== 0;
    if (waited && !done) return; // it will ask for all that is there by then
    if (done) { // what was waited for is all there
      this.last = -Infinity;
      window.clearTimeout(this.timer);
      this.timer = 0;
    }
    const tags = new Set(this.metric.tags.map(({ index }) => index));
    if (waited || this.app.shown().some((run) => changed.has(run.index) && run.tags.some((tag) => tags.has(tag)))) {
      this.asked = "";
      this.refresh();
    }
  }

  /** The view has changed: ask again if other points are needed, else only paint. */
  refresh(): void {
    if (!this.seen || this.element.clientWidth === 0) {
      this.dirty = true;
      return;
    }
    this.dirty = false;
    this.viewed();
    const wanted = this.wanted();
    const key = JSON.stringify(wanted);
    if (key === this.asked) {
      this.paint();
      return;
    }
    const waits = this.timer !== 0;
    if (this.busy || (waits && key === this.planned)) {
      this.dirty = true;
      return;
    }
    window.clearTimeout(this.timer);
    this.timer = 0;
    const now = performance.now();
    const pause = this.app.logs.complete ? PAUSE : Math.max(PAUSE_AT_FIRST, SHARE_AT_FIRST * now);
    const wait = this.last + Math.max(pause, TIMES * this.took) - now;
    if (this.asked === "" && wait > 0 && !waits) { // news, which may come often; who has changed the view does not wait
      this.planned = key;
      this.timer = window.setTimeout(() => {
        this.timer = 0;
        this.refresh();
      }, wait);
      return;
    }
    void this.ask(wanted, key);
  }

  /** Fit the canvas to its card. */
  resized(): void {
    this.refresh();
  }

  private async ask(wanted: Wanted, key: string): Promise<void> {
    this.busy = true;
    this.asked = key;
    const begun = performance.now();
    this.last = begun;
    try {
      this.curves = await this.app.server.series(wanted);
      this.say();
      this.paint();
      this.took = performance.now() - begun;
    } catch (error) {
      this.note.textContent = (error as Error).message;
    } finally {
      this.busy = false;
    }
    if (this.dirty) this.refresh();
  }

  private wanted(): Wanted {
    const { axis, smoothing, logX } = this.app.view;
    const tags = this.metric.tags.map(({ index }) => index);
    const runs = this.app.shown().filter((run) => run.tags.some((tag) => tags.includes(tag)) || run.state === "waiting");
    const zoom = this.app.view.zooms.get(this.metric.name);
    const view = zoom === undefined ? null : [zoom[0] as number, zoom[1] as number] as const;
    return { runs: runs.map(({ index }) => index), tags, axis, view, pixels: pixelsFor(this.plot.clientWidth), log: logX, smoothing };
  }

  private look(): Look {
    const { axis, logX, logY, outliers, smoothing } = this.app.view;
    const zoom = this.app.view.zooms.get(this.metric.name);
    const fixedY = zoom !== undefined && zoom.length === 4 ? [zoom[2] as number, zoom[3] as number] as const : undefined;
    return { axis, logX, logY, ignoreOutliers: outliers, smoothing: smoothing > 0, fixedY, ink: this.ink() };
  }

  private lineLook = (at: number): LineLook | undefined => {
    const line = this.curves?.lines[at];
    const run = line === undefined ? undefined : this.app.logs.runs[line.run];
    if (line === undefined || run === undefined) return undefined;
    const part = run.part || (this.app.logs.tags[line.tag]?.part ?? "");
    return { colour: this.app.colourOf(run), dashed: isHeldOut(part) };
  };

  private paint(): void {
    const curves = this.curves;
    if (curves === undefined) return;
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    const look = this.look();
    this.frame = frameOf(width, height, curves.about, look, this.app.view.zooms.has(this.metric.name));
    paint(wiped(this.canvas, width, height), this.frame, curves, look, this.lineLook);
    this.element.dataset["painted"] = String(++this.paints);
  }

  /** What a screen reader says of the curves. */
  private say(): void {
    const { lines, about } = this.curves as Curves;
    this.note.textContent = lines.length === 0 ? "No values of the shown runs." : about.left_out > 0 ? `${about.left_out} lines left out` : "";
    const said = lines.slice(0, 8).map((line) => {
      const value = (this.curves as Curves).y[line.end - 1];
      return `${this.app.logs.runs[line.run]?.name ?? ""} ${value === undefined ? "" : exact(value)}`;
    });
    const more = lines.length > said.length ? `, and ${lines.length - said.length} more` : "";
    const range = about.x === null ? "" : `, ${this.app.view.axis} ${about.x.map((x) => onAxis(this.app.view.axis, x, true)).join(" to ")}`;
    this.canvas.setAttribute("aria-label", `${this.metric.name}${range}; last values: ${said.join(", ")}${more}`);
    this.element.dataset["points"] = String(about.points);
    this.element.dataset["drawn"] = String((this.curves as Curves).x.length);
  }

  private viewed(): void {
    const { zooms, large } = this.app.view;
    this.back.hidden = !zooms.has(this.metric.name);
    const isLarge = large.has(this.metric.name);
    this.element.classList.toggle("large", isLarge);
    this.enlarge.setAttribute("aria-pressed", String(isLarge));
  }

  private setLarge(): void {
    const { large } = this.app.view;
    this.app.set({ large: toggled(large, this.metric.name, !large.has(this.metric.name)) });
  }

  private zoom(range: readonly number[] | undefined): void {
    const zooms = new Map(this.app.view.zooms);
    if (range === undefined) zooms.delete(this.metric.name);
    else zooms.set(this.metric.name, range);
    this.app.set({ zooms });
  }

  private download(): void {
    this.pointing.tip.hide();
    this.element.dispatchEvent(new CustomEvent("download", { bubbles: true, detail: this.metric }));
  }

  private listen(): void {
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      this.canvas.setPointerCapture(event.pointerId);
      this.dragFrom = [event.offsetX, event.offsetY];
      this.dragTo = undefined;
    });
    this.canvas.addEventListener("pointerup", () => this.drop());
    this.canvas.addEventListener("pointercancel", () => this.stop());
    this.canvas.addEventListener("pointerleave", () => this.leave());
    this.canvas.addEventListener("dblclick", () => this.zoom(undefined));
    this.canvas.addEventListener("blur", () => this.leave());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  private moved(event: PointerEvent): void {
    if (this.dragFrom !== undefined) this.drag(event.offsetX, event.offsetY);
    else this.hover(event);
  }

  private key(event: KeyboardEvent): void {
    const frame = this.frame;
    if (frame === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const span = (from: number, to: number): void => this.zoom([valueAt(frame.x, from), valueAt(frame.x, to)]);
    const runs: Readonly<Record<string, () => void>> = {
      "+": () => span(0.25, 0.75), "=": () => span(0.25, 0.75), "-": () => span(-0.5, 1.5), "0": () => this.zoom(undefined),
      ArrowLeft: () => span(-0.25, 0.75), ArrowRight: () => span(0.25, 1.25), Enter: () => this.setLarge(),
      Escape: () => this.stop(),
    }; // prettier-ignore
    const run = runs[event.key];
    if (run === undefined) return;
    event.preventDefault();
    run();
  }

  private drag(x: number, y: number): void {
    const [fromX, fromY] = this.dragFrom as readonly [number, number];
    this.dragTo = Math.hypot(x - fromX, y - fromY) > DRAG ? [x, y] : undefined;
    this.pointing.tip.hide();
    this.pointing.crosshair.hide();
    const frame = this.frame;
    if (this.dragTo === undefined || frame === undefined) {
      this.pointing.dragged.hide();
      return;
    }
    const [left, width] = [Math.min(fromX, x), Math.abs(x - fromX)];
    const height = Math.abs(y - fromY);
    const part = height > TALL ? { left, width, top: Math.min(fromY, y), height } : { left, width, top: frame.top, height: frame.height };
    this.pointing.dragged.show(this.plot, part);
  }

  private drop(): void {
    this.moves.tell();
    const [from, to, frame] = [this.dragFrom, this.dragTo, this.frame];
    this.stop();
    if (from === undefined || to === undefined || frame === undefined) return;
    const shares = [from[0], to[0]].map((x) => Math.min(1, Math.max(0, (x - frame.left) / frame.width))).sort((a, b) => a - b);
    const range = shares.map((at) => valueAt(frame.x, at));
    if (!((range[0] as number) < (range[1] as number))) return;
    if (Math.abs(to[1] - from[1]) > TALL) {
      const rows = [from[1], to[1]].map((y) => 1 - (y - frame.top) / frame.height).sort((a, b) => a - b);
      range.push(...rows.map((at) => valueAt(frame.y, at)));
    }
    this.zoom(range);
  }

  private stop(): void {
    this.dragFrom = this.dragTo = undefined;
    this.leave();
  }

  private leave(): void {
    this.moves.forget();
    this.pointing.tip.hide();
    this.pointing.crosshair.hide();
    this.pointing.dragged.hide();
  }

  private hover(event: PointerEvent): void {
    const [curves, frame] = [this.curves, this.frame];
    if (curves === undefined || frame === undefined) return;
    const found = under(curves, frame, event.offsetX, event.offsetY, this.app.view.smoothing > 0);
    const [first, ...others] = found.map(({ line, x, y }): Spot => ({ x, y, colour: this.lineLook(line)?.colour ?? "" }));
    if (first === undefined) {
      this.leave();
      return;
    }
    this.pointing.crosshair.show(this.plot, frame, [first, ...others], this.ink().muted);
    const rows = found.slice(0, MOST_ROWS).map((one) => this.row(curves, one));
    this.pointing.tip.show(event, rows, found.length - rows.length);
  }

  private row(curves: Curves, { line, point }: Under): TipRow {
    const of = curves.lines[line] as Curves["lines"][number];
    const run = this.app.logs.runs[of.run] as Run;
    const tag = this.metric.tags.length > 1 ? ` ${this.app.logs.tags[of.tag]?.tag ?? ""}` : "";
    return {
      colour: this.app.colourOf(run),
      name: `${run.name}${tag}${of.part > 0 ? ` (part ${of.part + 1})` : ""}`,
      value: exact(curves.y[point] as number),
      smooth: this.app.view.smoothing > 0 ? exact(curves.smooth[point] as number) : "",
      step: onAxis("step", curves.step[point] as number, true),
      time: onAxis("wall", curves.time[point] as number, true),
    };
  }
}
