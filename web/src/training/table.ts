/** The table of runs: their hyper-parameters and the values of their metrics, to be sorted, filtered and compared. */
import { clear, make } from "../dom.ts";
import type { App } from "./app.ts";
import { natural } from "./logs.ts";
import type { Run, Tag } from "./logs.ts";
import { matcher } from "./naming.ts";
import { isFoldedUnasked } from "./naming.ts";
import { duration, short } from "./scales.ts";
import type { Setting, Summary } from "./server.ts";

const MOST_METRICS = 24; // columns of metrics; a filter chooses others
const MOST_ROWS = 2_000;

type Cell = number | string | null;
interface Column {
  readonly key: string;
  readonly title: string;
  readonly kind: "setting" | "metric";
  readonly value: (run: Run) => Cell;
}

const HOW = { last: "Last value", least: "Least value", greatest: "Greatest value" } as const;
type How = keyof typeof HOW;

export class Table {
  readonly element: HTMLElement;
  private readonly table = make("table", { class: "run-table" });
  private how: How = "last";
  private sorted: { readonly key: string; readonly down: boolean } = { key: "name", down: false };
  private found = new Map<string, Summary>();
  private asking = false;
  private again = false;

  constructor(private readonly app: App) {
    const filter = make("input", { class: "field", set: { type: "search", placeholder: "Filter metrics (regex)", "aria-label": "Filter columns of metrics, a regular expression" } });
    filter.value = app.view.tagFilter;
    filter.addEventListener("input", () => app.set({ tagFilter: filter.value }));
    const how = make("select", { class: "field", set: { "aria-label": "Value of a metric" } }, Object.entries(HOW).map(([value, text]) => make("option", { text, set: { value } })));
    how.addEventListener("change", () => {
      this.how = how.value as How;
      this.draw();
    });
    this.element = make("section", { class: "tab", set: { "aria-label": "Runs and their values" } }, [
      make("div", { class: "controls" }, [filter, how]), make("div", { class: "scroll wide" }, [this.table]),
    ]);
    app.onView(() => void this.renew());
    app.onNews(() => void this.renew());
    void this.renew();
  }

  private metrics(): Tag[] {
    const passes = matcher(this.app.view.tagFilter);
    const plain = this.app.view.tagFilter === "";
    const tags = this.app.logs.tags.filter(({ kind, tag }) => kind === "scalars" && passes(tag) && !(plain && isFoldedUnasked(tag)));
    const rank = (tag: Tag): number => (tag.tag.startsWith("epoch_") ? 0 : 1);
    return tags.sort((one, two) => rank(one) - rank(two) || natural(one.tag, two.tag)).slice(0, MOST_METRICS);
  }

  private async renew(): Promise<void> {
    if (this.asking || this.element.clientWidth === 0) {
      this.again = this.asking;
      if (!this.asking) requestAnimationFrame(() => this.element.clientWidth > 0 && this.renew());
      return;
    }
    this.asking = true;
    const [runs, tags] = [this.app.shown().slice(0, MOST_ROWS), this.metrics()];
    try {
      const told = await this.app.server.summaries(runs.map(({ index }) => index), tags.map(({ index }) => index));
      this.found = new Map(runs.flatMap((run, row) => tags.map((tag, column) => [`${run.index} ${tag.index}`, told[row]?.[column] ?? null] as const)));
    } catch {
      // the list of runs says that the server is gone
    }
    this.asking = false;
    this.draw();
    if (this.again) {
      this.again = false;
      void this.renew();
    }
  }

  private columns(runs: readonly Run[]): Column[] {
    const settings = [...new Set(runs.flatMap((run) => Object.keys(run.settings)))].sort(natural);
    const ofSetting = (name: string): Column => ({
      key: `s ${name}`, title: name, kind: "setting", value: (run) => told(run.settings[name]),
    });
    const ofTag = (tag: Tag): Column => ({
      key: `m ${tag.index}`, title: tag.tag, kind: "metric", value: (run) => this.value(this.found.get(`${run.index} ${tag.index}`) ?? null),
    });
    return [...settings.map(ofSetting), ...this.metrics().map(ofTag)];
  }

  private value(summary: Summary): Cell {
    if (summary === null) return null;
    const [, last, least, greatest] = summary;
    return { last, least, greatest }[this.how];
  }

  private draw(): void {
    const shown = this.app.shown();
    const columns = this.columns(shown).filter(({ kind, value }) => kind === "setting" || shown.some((run) => value(run) !== null));
    const by = columns.find(({ key }) => key === this.sorted.key);
    const way = this.sorted.down ? -1 : 1;
    const rows = [...shown].sort((one, two) => (by === undefined ? 0 : compare(by.value(one), by.value(two), way)) || way * natural(one.name, two.name)).slice(0, MOST_ROWS);
    const heads = [
      this.head("name", "Run"), this.head("steps", "Written"),
      ...columns.map(({ key, title, kind }) => this.head(key, title, kind)),
    ];
    const best = new Map(columns.map((column) => [column.key, differing(rows.map(column.value))]));
    clear(this.table);
    this.table.append(
      make("thead", {}, [make("tr", {}, heads)]),
      make("tbody", {}, rows.map((run) => {
        const dot = make("i", { class: "dot" });
        dot.style.color = this.app.colourOf(run);
        const ago = run.modified > 0 ? `${duration(Math.max(0, Date.now() / 1000 - run.modified))} ago` : "";
        const cells = columns.map((column) => {
          const value = column.value(run);
          const differs = column.kind === "setting" && best.get(column.key) === true;
          return make("td", { class: `${typeof value === "number" ? "number" : ""} ${differs ? "differs" : ""}`, text: said(value), title: value === null ? "" : String(value) });
        });
        return make("tr", {}, [make("th", { set: { scope: "row" } }, [dot, ` ${run.name}`]), make("td", { class: "number", text: ago }), ...cells]);
      })),
    );
  }

  private head(key: string, title: string, kind = ""): HTMLElement {
    const chosen = this.sorted.key === key;
    const sort = make("button", {
      class: "sort", text: `${title}${chosen ? (this.sorted.down ? " ↓" : " ↑") : ""}`, title: `Sort by ${title}`, set: { type: "button" },
      on: { click: () => {
        this.sorted = { key, down: chosen ? !this.sorted.down : kind === "metric" };
        this.draw();
      } },
    });
    const order = chosen ? (this.sorted.down ? "descending" : "ascending") : "none";
    return make("th", { class: kind, set: { scope: "col", "aria-sort": order } }, [sort]);
  }
}

function told(value: Setting | undefined): Cell {
  return value === undefined || value === null ? null : typeof value === "boolean" ? String(value) : value;
}

function said(value: Cell): string {
  return value === null ? "" : typeof value === "number" ? short(value) : value;
}

/** Numbers by size, then texts; what is not there comes last whichever way. */
function compare(one: Cell, two: Cell, way: number): number {
  if (one === null || two === null) return one === two ? 0 : one === null ? 1 : -1;
  if (typeof one === "number" && typeof two === "number") return way * (one - two);
  if (typeof one !== typeof two) return typeof one === "number" ? -1 : 1;
  return way * natural(String(one), String(two));
}

/** Whether runs differ in a setting. */
function differing(values: readonly Cell[]): boolean {
  return new Set(values.map(String)).size > 1;
}
