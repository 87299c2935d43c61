/** `ChangeList`: all changes, the sums of both models, and what one change is; the same beside one drawing and beside two. */
import type { Compare } from "../contract.ts";
import { clear, make } from "../dom.ts";
import { VirtualList } from "../panels/virtual.ts";
import { whole } from "../words.ts";
import type { Compared } from "./compared.ts";
import { KINDS, kindsOf, linesOf, mainKind, opsOf, sumLines, summary, titleOf, totalLines } from "./words.ts";
import type { Kind, Line } from "./words.ts";

const ROW = 44; // px

const NAMES: Readonly<Record<Kind, string>> = {
  added: "added", removed: "removed", changed: "changed", fused: "fused", moved: "renamed or moved",
};

export class ChangeList {
  readonly element: HTMLElement;
  private readonly list: VirtualList;
  private readonly details = make("div", { class: "change-details" });
  private readonly status = make("p", { class: "change-status", set: { role: "status", "aria-live": "polite" } });
  private readonly hidden = new Set<Kind>();
  private rows: number[] = [];
  private chosen: number | undefined;

  /** `fly` is called with the change that somebody clicks; `detailed` shows below the list what it is. */
  constructor(
    private readonly compared: Compared, private readonly compare: Compare,
    private readonly fly: (row: number) => void, private readonly detailed: boolean,
  ) {
    this.list = new VirtualList({
      rowHeight: ROW,
      count: () => this.rows.length,
      makeRow: () => this.makeRow(),
      fill: (row, index) => this.fill(row, index),
    }, { class: "change-rows", set: { role: "listbox", tabindex: "0", "aria-label": "Changes" } });
    this.list.element.addEventListener("keydown", (event) => this.key(event));
    const totals = make("details", { class: "change-totals" }, [
      make("summary", { text: "Both models in numbers" }), tableOf(totalLines(compare), "change-table"),
      ...compare.notCounted.flatMap((notes, at) => notes.map((note) => make("p", { class: "more", text: `${at === 0 ? "Old" : "New"}: ${note}` }))),
    ]);
    this.element = make("div", { class: "changes-body" }, [
      totals, make("div", { class: "change-filters", set: { role: "group", "aria-label": "Kinds of changes" } }, this.filters()),
      this.status, this.list.element, this.details,
    ]);
    this.refresh();
  }

  /** Show which change is selected in the drawing. */
  choose(row: number | undefined): void {
    if (row === this.chosen) {
      return;
    }
    this.chosen = row;
    this.list.refresh();
    const at = row === undefined ? -1 : this.rows.indexOf(row);
    if (at >= 0) {
      this.list.reveal(at);
    }
    clear(this.details);
    if (row !== undefined && this.detailed) {
      this.details.append(...changeNodes(this.compared, row));
    }
  }

  /** Fly to the change behind or before the one that is selected. */
  step(by: number): void {
    if (this.rows.length === 0) {
      return;
    }
    const at = this.chosen === undefined ? -1 : this.rows.indexOf(this.chosen);
    const next = at < 0 ? (by > 0 ? 0 : this.rows.length - 1) : (at + by + this.rows.length) % this.rows.length;
    this.go(this.rows[next] as number);
  }

  private go(row: number): void {
    this.choose(row);
    this.fly(row);
  }

  private filters(): HTMLElement[] {
    const { counts, states } = this.compare;
    const many = new Map<Kind, number>();
    for (let at = 0; at < this.compared.count; at++) {
      for (const kind of kindsOf(this.compared.row(at).kinds, states)) {
        many.set(kind, (many.get(kind) ?? 0) + 1);
      }
    }
    const shown = KINDS.filter((kind) => many.has(kind)).map((kind) => {
      const made = make("button", {
        class: "button wide change-filter", title: `Show or hide what is ${NAMES[kind]}`,
        set: { type: "button", "aria-pressed": "true", "data-kind": kind },
      }, [this.letter(kind), make("span", { text: `${NAMES[kind]} ${whole(many.get(kind) ?? 0)}` })]);
      made.addEventListener("click", () => {
        const off = !this.hidden.delete(kind);
        if (off) {
          this.hidden.add(kind);
        }
        made.setAttribute("aria-pressed", String(!off));
        this.refresh();
      });
      return made;
    });
    const same = make("span", { class: "change-same", text: `${whole(counts["same"] ?? 0)} are the same` });
    return [...shown, same];
  }

  private refresh(): void {
    const { states } = this.compare;
    this.rows = [];
    for (let at = 0; at < this.compared.count; at++) {
      if (kindsOf(this.compared.row(at).kinds, states).some((kind) => !this.hidden.has(kind))) {
        this.rows.push(at);
      }
    }
    const all = this.compared.count;
    this.status.textContent = all === 0 ? "Nothing changed but, it may be, the values of weights: choose a layer."
      : this.rows.length === all ? "" : `${whole(this.rows.length)} of ${whole(all)} changes`;
    this.status.hidden = this.status.textContent === "";
    this.list.refresh();
  }

  private letter(kind: Kind): HTMLElement {
    return make("span", { class: `change-letter ${kind}`, text: this.compare.looks[kind]?.letter ?? "", set: { "aria-hidden": "true" } });
  }

  private makeRow(): HTMLElement {
    const row = make("div", { class: "change-row", set: { role: "option" } });
    row.addEventListener("click", () => {
      const at = this.rows[this.list.indexOf(row) ?? -1];
      if (at !== undefined) {
        this.go(at);
      }
    });
    return row;
  }

  private fill(element: HTMLElement, index: number): void {
    const row = this.rows[index] as number;
    const change = this.compared.told(row);
    const unit = change.new ?? change.old;
    const kind = mainKind(this.compared.row(row).kinds, this.compare.states);
    const words = summary(change);
    clear(element);
    element.setAttribute("aria-selected", String(row === this.chosen));
    element.setAttribute("aria-label", `${NAMES[kind]}: ${titleOf(change)}, ${words}`);
    element.title = `${unit?.id ?? ""}\n${words}`;
    element.append(
      this.letter(kind),
      make("span", { class: "change-name", text: titleOf(change) }),
      make("span", { class: "change-op", text: unit?.op ?? "" }),
      make("span", { class: "change-words", text: words }),
    );
  }

  private key(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
    const by = steps[event.key];
    if (by !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      this.step(by);
    }
  }
}

/** What a change is, old beside new. */
export function changeNodes(compared: Compared, row: number): Node[] {
  const change = compared.told(row);
  const unit = change.new ?? change.old;
  const title = change.old === undefined ? "Added" : change.new === undefined ? "Removed" : "What changed";
  const made: Node[] = [make("h3", { text: title })];
  if (unit !== undefined) {
    made.push(make("p", { class: "change-title" }, [make("strong", { text: titleOf(change) }), ` ${opsOf(change)}`]));
  }
  const lines = linesOf(change);
  if (lines.length > 0) {
    made.push(tableOf(lines, "change-table", change.old !== undefined && change.new !== undefined));
  }
  if (change.fused && change.fused.length > 0) {
    made.push(make("p", { class: "change-fused", text: "The new model computes in it what the old one computed in" }));
    made.push(make("ul", { class: "change-fused" }, change.fused.map((each) => make("li", { text: `${each.name} (${each.op})` }))));
  }
  return made;
}

/** What a group of the chart of both holds of either model; nothing where that is not known. */
export function sumNodes(compared: Compared, group: number): Node[] {
  const lines = sumLines((compared.sums(group) ?? []).filter(([, here, there]) => here > 0 || there > 0));
  return lines.length === 0 ? [] : [make("h3", { text: "Old and new" }), tableOf(lines, "change-table")];
}

function tableOf(lines: readonly Line[], name: string, heads = true): HTMLElement {
  const rows = lines.map(([what, old, fresh, difference]) => make("tr", {}, [
    make("th", { text: what, set: { scope: "row" } }), make("td", { text: old }), make("td", { text: fresh }),
    make("td", { class: "change-share", text: difference }),
  ]));
  const head = make("thead", {}, [make("tr", {}, ["", "old", "new", ""].map((text) => make("th", { text, set: { scope: "col" } })))]);
  return make("table", { class: name }, [...(heads ? [head] : []), make("tbody", {}, rows)]);
}
