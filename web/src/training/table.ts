/** The table of trainings, a row each: their hyper-parameters and the values of their metrics, to be sorted, filtered and compared. */
import { clear, make } from "../dom.ts";
import type { App } from "./app.ts";
import { natural } from "./logs.ts";
import type { Run, Tag } from "./logs.ts";
import { isFoldedUnasked, isHeldOut, matcher } from "./naming.ts";
import { duration, moment, short } from "./scales.ts";
import type { Setting, Summary } from "./server.ts";

const MOST_METRICS = 24; // columns of metrics; a filter chooses others
const MOST_ROWS = 2_000;

type Cell = number | string | null;

/** A training: what its runs logged together, of the data that it was trained on and of others. */
interface Row {
  readonly training: string;
  readonly runs: readonly Run[];
}

interface Column {
  readonly key: string;
  readonly title: string;
  readonly kind: "written" | "setting" | "metric";
  readonly value: (row: Row) => Cell;
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
    app.onView(() => void this.renew(), "tab", "runFilter", "tagFilter", "hidden", "added", "theme");
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

  private rows(): Row[] {
    const found = new Map<string, Run[]>();
    for (const run of this.app.shown()) found.set(run.training, [...(found.get(run.training) ?? []), run]);
    return [...found].map(([training, runs]) => ({ training, runs }));
  }

  private columns(rows: readonly Row[]): Column[] {
    const runs = rows.flatMap((row) => row.runs);
    const settings = [...new Set(runs.flatMap((run) => Object.keys(run.settings)))].sort(natural);
    const parts = [...new Set(runs.map(({ part }) => (isHeldOut(part) ? part : "")))].sort(natural); // "" first
    const written: Column = { key: "written", title: "Written", kind: "written", value: (row) => Math.max(...row.runs.map(({ modified }) => modified)) || null };
    const ofSetting = (name: string): Column => ({
      key: `s ${name}`, title: name, kind: "setting", value: (row) => firstOf(row.runs, (run) => told(run.settings[name])),
    });
    const ofTag = (tag: Tag, part: string): Column => ({
      key: `m ${tag.index} ${part}`, title: part === "" ? tag.tag : `${tag.tag} · ${part}`, kind: "metric",
      value: (row) => firstOf(row.runs.filter((run) => (isHeldOut(run.part) ? run.part : "") === part), (run) => this.value(this.found.get(`${run.index} ${tag.index}`) ?? null)),
    });
    const all = [written, ...settings.map(ofSetting), ...this.metrics().flatMap((tag) => parts.map((part) => ofTag(tag, part)))];
    return all.filter(({ value }) => rows.some((row) => value(row) !== null));
  }

  private value(summary: Summary): Cell {
    if (summary === null) return null;
    const [, last, least, greatest] = summary;
    return { last, least, greatest }[this.how];
  }

  private draw(): void {
    const all = this.rows();
    const columns = this.columns(all);
    const by = columns.find(({ key }) => key === this.sorted.key);
    const way = this.sorted.down ? -1 : 1;
    const ordered = (one: Row, two: Row): number => (by === undefined ? 0 : compare(by.value(one), by.value(two), way)) || way * natural(one.training, two.training);
    const rows = all.sort(ordered).slice(0, MOST_ROWS);
    const differs = new Set(columns.filter(({ kind, value }) => kind === "setting" && differing(rows.map(value))).map(({ key }) => key));
    const heads = [this.head("name", "Training"), ...columns.map(({ key, title, kind }) => this.head(key, title, kind))];
    clear(this.table);
    this.table.append(
      make("thead", {}, [make("tr", {}, heads)]),
      make("tbody", {}, rows.map((row) => make("tr", {}, [this.name(row), ...columns.map((column) => cell(column, row, differs.has(column.key)))]))),
    );
  }

  private name({ training, runs }: Row): HTMLElement {
    const dot = make("i", { class: "dot" });
    dot.style.color = this.app.colourOf(runs[0] as Run);
    const name = training === "." ? this.app.logs.name : training;
    return make("th", { title: runs.map((run) => run.name).join("\n"), set: { scope: "row" } }, [dot, ` ${name}`]);
  }

  private head(key: string, title: string, kind = ""): HTMLElement {
    const chosen = this.sorted.key === key;
    const sort = make("button", {
      class: "sort", text: `${title}${chosen ? (this.sorted.down ? " ↓" : " ↑") : ""}`, title: `Sort by ${title}`, set: { type: "button" },
      on: { click: () => {
        this.sorted = { key, down: chosen ? !this.sorted.down : kind === "metric" || kind === "written" };
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

/** What the first run that has something says. */
function firstOf(runs: readonly Run[], value: (run: Run) => Cell): Cell {
  for (const run of runs) {
    const found = value(run);
    if (found !== null) return found;
  }
  return null;
}

function cell({ kind, value }: Column, row: Row, differs: boolean): HTMLElement {
  const found = value(row);
  const text = found === null ? "" : typeof found !== "number" ? found : kind === "written" ? `${duration(Math.max(0, Date.now() / 1000 - found))} ago` : short(found);
  const title = found === null ? "" : kind === "written" ? moment(Number(found), true) : String(found);
  return make("td", { class: `${typeof found === "number" ? "number" : ""} ${differs ? "differs" : ""}`, text, title });
}

/** Numbers by size, then texts; what is not there comes last whichever way. */
function compare(one: Cell, two: Cell, way: number): number {
  if (one === null || two === null) return one === two ? 0 : one === null ? 1 : -1;
  if (typeof one === "number" && typeof two === "number") return way * (one - two);
  if (typeof one !== typeof two) return typeof one === "number" ? -1 : 1;
  return way * natural(String(one), String(two));
}

/** Whether trainings differ in a setting. */
function differing(values: readonly Cell[]): boolean {
  return new Set(values.map(String)).size > 1;
}
