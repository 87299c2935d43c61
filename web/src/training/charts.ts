/** The tab of charts: one card a metric, in groups that can be folded, and the controls that all of them share. */
import { clear, make } from "../dom.ts";
import type { App } from "./app.ts";
import { Chart, LOOKS } from "./chart.ts";
import type { Pointing } from "./chart.ts";
import { controls } from "./controls.ts";
import { inkOf } from "./ink.ts";
import type { Metric } from "./logs.ts";
import { isFoldedUnasked, matcher } from "./naming.ts";
import { Crosshair, Dragged } from "./pointed.ts";
import { Tip } from "./tip.ts";
import { toggled } from "./view.ts";

const NEAR = "300px"; // beyond the screen within which charts are kept painted

export class Charts {
  readonly element: HTMLElement;
  private readonly groups = make("div", { class: "groups" });
  private readonly empty = make("p", { class: "empty", set: { role: "status" } });
  private readonly charts = new Map<string, Chart>();
  private readonly byElement = new WeakMap<Element, Chart>();
  private readonly pointing: Pointing;
  private built = "";
  private readonly seeing: IntersectionObserver;
  private readonly sizing: ResizeObserver;

  constructor(private readonly app: App, host: HTMLElement) {
    this.pointing = { tip: new Tip(host), crosshair: new Crosshair(), dragged: new Dragged() };
    this.element = make("section", { class: "tab charts", set: { "aria-label": "Charts" } }, [
      controls(app), make("div", { class: "scroll" }, [this.empty, this.groups]),
    ]);
    this.seeing = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.byElement.get(target)?.sight(isIntersecting);
    }, { root: this.element.lastElementChild, rootMargin: NEAR });
    this.sizing = new ResizeObserver((entries) => {
      for (const { target } of entries) this.byElement.get(target)?.resized();
    });
    (this.element.lastElementChild as HTMLElement).addEventListener("scroll", () => this.pointing.tip.hide(), { passive: true });
    app.onView(() => this.build(), "tagFilter", "folded");
    app.onView(() => this.refresh(), ...LOOKS);
    let complete = app.logs.complete;
    app.onNews((changed) => {
      this.build();
      for (const chart of this.charts.values()) chart.news(changed, complete !== app.logs.complete);
      complete = app.logs.complete;
    });
    this.build();
  }

  private refresh(): void {
    for (const chart of this.charts.values()) chart.refresh();
  }

  /** Make the cards of the metrics that there are now; those that stay are left as they are. */
  private build(): void {
    const { folded, tagFilter } = this.app.view;
    const metrics = this.app.logs.metrics("scalars", matcher(tagFilter));
    const key = JSON.stringify([metrics.map(({ name, tags }) => [name, tags.length]), [...folded]]);
    if (key === this.built) {
      this.tell(metrics.length);
      return;
    }
    this.built = key;
    const byGroup = new Map<string, typeof metrics>();
    for (const metric of metrics) byGroup.set(metric.group, [...(byGroup.get(metric.group) ?? []), metric]);
    const used = new Set<string>();
    const isClosed = (of: readonly Metric[]): boolean => tagFilter === "" && of.every(({ tags }) => tags.every(({ tag }) => isFoldedUnasked(tag)));
    const ordered = [...byGroup].sort((one, two) => Number(isClosed(one[1])) - Number(isClosed(two[1]))); // what is folded comes last
    const sections = ordered.map(([group, of]) => {
      const closed = isClosed(of);
      const open = folded.has(group) === closed;
      const toggle = make("button", {
        class: "group-title", set: { type: "button", "aria-expanded": String(open) },
        on: { click: () => this.app.set({ folded: toggled(this.app.view.folded, group, open !== closed) }) },
      }, [make("span", { class: "twist", text: open ? "▾" : "▸" }), make("span", { text: group }), make("small", { text: String(of.length) })]);
      const cards = open ? of.map((metric) => {
        used.add(metric.name);
        return this.chartOf(metric).element;
      }) : [];
      return make("section", { class: "group", set: { "aria-label": group } }, [toggle, make("div", { class: "cards" }, cards)]);
    });
    for (const [name, chart] of this.charts) {
      if (!used.has(name)) {
        this.seeing.unobserve(chart.element);
        this.sizing.unobserve(chart.element);
        chart.sight(false);
      }
    }
    clear(this.groups);
    this.groups.append(...sections);
    for (const name of used) {
      const chart = this.charts.get(name) as Chart;
      this.seeing.observe(chart.element);
      this.sizing.observe(chart.element);
    }
    this.tell(metrics.length);
  }

  private tell(count: number): void {
    this.empty.hidden = count > 0;
    const { complete, tags } = this.app.logs;
    const none = tags.some(({ kind }) => kind === "scalars") ? "No chart has a name like that." : "No scalars were logged here yet.";
    this.empty.textContent = complete ? none : "Reading the logs …";
  }

  private chartOf(metric: Chart["metric"]): Chart {
    let chart = this.charts.get(metric.name);
    if (chart === undefined) {
      chart = new Chart(this.app, metric, this.pointing, () => inkOf(this.element));
      this.charts.set(metric.name, chart);
      this.byElement.set(chart.element, chart);
    }
    chart.metric = metric;
    return chart;
  }
}
