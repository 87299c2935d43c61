/** The list of runs at the left: their colours, which of them are shown, and a filter. */
import { make } from "../dom.ts";
import type { App } from "./app.ts";
import type { Run } from "./logs.ts";
import { isHeldOut, isPattern, matcher } from "./naming.ts";
import { moment } from "./scales.ts";
import { toggled } from "./view.ts";

const ROW = 26; // px
const SPARE = 6; // rows beyond what is seen

export class RunList {
  readonly element: HTMLElement;
  private readonly filter: HTMLInputElement;
  private readonly rows = make("div", { class: "run-rows" });
  private readonly scroll = make("div", { class: "run-scroll", set: { role: "group", "aria-label": "Runs that are shown" } }, [this.rows]);
  private readonly count = make("p", { class: "run-count", set: { role: "status" } });
  private listed: Run[] = [];

  constructor(private readonly app: App) {
    this.filter = make("input", { class: "field", set: { type: "search", placeholder: "Filter runs (regex)", "aria-label": "Filter runs by name, a regular expression" } });
    this.filter.addEventListener("input", () => app.set({ runFilter: this.filter.value }));
    const all = make("button", { class: "link", text: "all", set: { type: "button", "aria-label": "Show all listed runs" }, on: { click: () => this.setAll(true) } });
    const none = make("button", { class: "link", text: "none", set: { type: "button", "aria-label": "Hide all listed runs" }, on: { click: () => this.setAll(false) } });
    this.element = make("div", { class: "panel runs", set: { role: "region", "aria-label": "Runs" } }, [
      make("div", { class: "run-head" }, [this.filter, make("div", { class: "run-tools" }, [this.count, all, none])]), this.scroll,
    ]);
    this.scroll.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.scroll);
    app.onNews(() => this.renew());
    app.onView(() => this.renew(), "runFilter", "hidden", "added", "theme");
    this.renew();
  }

  private renew(): void {
    const { view, logs } = this.app;
    if (document.activeElement !== this.filter) this.filter.value = view.runFilter;
    this.filter.classList.toggle("wrong", !isPattern(view.runFilter));
    const passes = matcher(view.runFilter);
    this.listed = logs.listed().filter((run) => passes(run.name));
    const shown = this.listed.filter((run) => this.app.isShown(run, passes)).length;
    const reading = logs.complete ? "" : " · reading";
    this.count.textContent = `${shown} of ${logs.runs.length} runs${reading}${this.app.lost ? " · server gone" : ""}`;
    this.draw();
  }

  /** Only the rows that can be seen are elements. */
  private draw(): void {
    this.rows.style.height = `${this.listed.length * ROW}px`;
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - SPARE);
    const last = Math.min(this.listed.length, Math.ceil((this.scroll.scrollTop + this.scroll.clientHeight) / ROW) + SPARE);
    const focused = (document.activeElement as HTMLElement | null)?.dataset["run"];
    this.rows.replaceChildren(...this.listed.slice(first, last).map((run, at) => this.row(run, first + at)));
    if (focused !== undefined) this.rows.querySelector<HTMLElement>(`input[data-run="${Number(focused)}"]`)?.focus({ preventScroll: true });
  }

  private row(run: Run, at: number): HTMLElement {
    const box = make("input", { set: { type: "checkbox", "data-run": String(run.index), "aria-label": run.name } });
    box.checked = this.app.isShown(run);
    box.addEventListener("change", () => this.setShown([run], box.checked));
    const dot = make("i", { class: isHeldOut(run.part) ? "dot held-out" : "dot" });
    dot.style.color = this.app.colourOf(run);
    const facts = [
      run.name, run.modified > 0 ? `written ${moment(run.modified, true)}` : "", `${run.values.toLocaleString("en")} values`,
      run.state === "gone" ? "its folder is gone" : run.state === "waiting" ? "not read yet" : "", ...run.warnings,
    ];
    const name = make("span", { class: "run-name", text: run.name });
    const state = run.state === "gone" ? "gone" : run.state === "waiting" ? "…" : run.warnings.length > 0 ? "⚠" : "";
    const row = make("label", { class: `run-row ${run.state}`, title: facts.filter(Boolean).join("\n") }, [
      box, dot, name, make("small", { text: state }),
    ]);
    row.style.top = `${at * ROW}px`;
    row.addEventListener("dblclick", (event) => {
      event.preventDefault();
      this.only(run);
    });
    return row;
  }

  private only(run: Run): void {
    this.setShown(this.listed.filter((other) => other.training !== run.training), false);
    this.setShown(this.listed.filter((other) => other.training === run.training), true);
  }

  private setAll(shown: boolean): void {
    this.setShown(this.listed, shown);
  }

  private setShown(runs: readonly Run[], shown: boolean): void {
    let { hidden, added } = this.app.view;
    for (const run of runs) {
      if (this.app.logs.shownUnasked(run)) hidden = toggled(hidden, run.name, !shown);
      else {
        added = toggled(added, run.name, shown);
        hidden = toggled(hidden, run.name, !shown && this.app.view.runFilter !== "");
      }
    }
    this.app.set({ hidden, added });
  }
}
