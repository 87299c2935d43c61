/** A card with the distribution of one tag of one run over time. */
import { make } from "../dom.ts";
import type { App } from "./app.ts";
import { LEVELS, LEVEL_NAMES, MARGIN, paintBands, paintRidges, spreadsOf } from "./bands.ts";
import type { Across, Spread } from "./bands.ts";
import { wiped } from "./canvas.ts";
import { nearest } from "./hover.ts";
import { inkOf } from "./ink.ts";
import type { Run, Tag } from "./logs.ts";
import { Moves } from "./moves.ts";
import { exact, onAxis } from "./scales.ts";
import type { Tip } from "./tip.ts";

const MOST_RIDGES = 20;
const PAUSE = 500; // ms between two questions while values keep coming

export class SpreadCard {
  readonly element: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly plot: HTMLElement;
  private spread: Spread | undefined;
  /** The line at the step that is marked: an element of its own, so that nothing is painted when it moves. */
  private readonly line = make("div", { class: "step-line" });
  /** Where steps lie; ridges have no place for that. */
  private across: Across | undefined;
  private seen = false;
  private stale = true;
  private busy = false;
  private marked: number | undefined;

  constructor(private readonly app: App, readonly run: Run, readonly tag: Tag, private readonly tip: Tip, title = tag.tag) {
    this.canvas = make("canvas", { set: { role: "img", "aria-label": `${tag.tag} of ${run.name}` } });
    this.plot = make("div", { class: "plot" }, [this.canvas, this.line]);
    Object.assign(this.line.style, { top: `${MARGIN.top}px`, bottom: `${MARGIN.bottom}px` });
    this.line.hidden = true;
    const dot = make("i", { class: "dot" });
    dot.style.color = app.colourOf(run);
    this.element = make("article", { class: "curves spread", set: { "aria-label": `${tag.tag} of ${run.name}` } }, [
      make("header", {}, [dot, make("h3", { class: "chart-title", text: title, title: `${tag.tag}\n${run.name}` }), make("small", { text: run.name, title: run.name })]),
      this.plot,
    ]);
    const moves = new Moves(this.canvas, (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => {
      moves.forget();
      tip.hide();
    });
  }

  sight(seen: boolean): void {
    this.seen = seen;
    if (seen) this.refresh();
  }

  /** Mark a step; undefined marks none. */
  mark(step: number | undefined): void {
    this.marked = step;
    this.place();
  }

  /** More was logged. */
  news(): void {
    this.stale = true;
    this.refresh();
  }

  refresh(): void {
    if (!this.seen || this.plot.clientWidth === 0) return;
    if (this.stale && !this.busy) void this.ask();
    else this.paint();
  }

  private async ask(): Promise<void> {
    this.busy = true;
    this.stale = false;
    const body = { runs: [this.run.index], tags: [this.tag.index], steps: Math.max(50, this.plot.clientWidth), ridges: MOST_RIDGES };
    try {
      this.spread = spreadsOf(await this.app.server.columns("distributions", {}, body))[0];
      this.paint();
    } catch (error) {
      this.canvas.setAttribute("aria-label", (error as Error).message);
    }
    window.setTimeout(() => {
      this.busy = false;
      if (this.stale) this.refresh();
    }, PAUSE);
  }

  private paint(): void {
    const spread = this.spread;
    if (spread === undefined) return;
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    const context = wiped(this.canvas, width, height);
    const [ink, colour] = [inkOf(this.element), this.app.colourOf(this.run)];
    const { ridges, outliers } = this.app.view;
    if (ridges) paintRidges(context, width, height, spread, ink, colour);
    this.across = ridges ? undefined : paintBands(context, width, height, spread, ink, colour, !outliers);
    this.place();
    const last = spread.steps.length - 1;
    const median = spread.bands[last * LEVELS + (LEVELS >> 1)];
    this.canvas.setAttribute("aria-label", `${this.tag.tag} of ${this.run.name}, ${spread.total} steps, last median ${median === undefined ? "unknown" : exact(median)}`);
    this.element.dataset["painted"] = String(spread.steps.length);
  }

  private place(): void {
    const at = this.marked === undefined ? undefined : this.across?.pxOf(this.marked);
    this.line.hidden = at === undefined;
    if (at !== undefined) this.line.style.transform = `translateX(${Math.round(at - 0.5)}px)`;
  }

  private hover(event: PointerEvent): void {
    const spread = this.spread;
    if (spread === undefined || this.across === undefined) return;
    const at = nearest(spread.steps, { begin: 0, end: spread.steps.length }, this.across.stepAt(event.offsetX));
    if (at < 0) return;
    const rows = LEVEL_NAMES.map((name, level) => ({
      colour: "transparent", name, value: exact(spread.bands[at * LEVELS + level] as number), smooth: "",
      step: onAxis("step", spread.steps[at] as number, true), time: onAxis("wall", spread.times[at] as number, true),
    })).reverse();
    this.tip.show(event, rows);
  }
}
