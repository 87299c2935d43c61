/** The table: the numbers of the colouring and of the model, a row a layer or group, sorted by a click on a title. */
import { shortNumber } from "../colour/scale.ts";
import { groupNumbers } from "../colour/sources.ts";
import type { Numbers, Source, Values } from "../colour/sources.ts";
import type { Columns } from "../columns.ts";
import type { Desk } from "../desk.ts";
import { button, clear, make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import type { Item } from "../find/order.ts";
import { card, toggle } from "./card.ts";
import type { Colourer } from "./colouring.ts";
import { VirtualList } from "./virtual.ts";

const ROW = 26; // px
const ALWAYS = ["parameters", "bytes", "fact:macs", "output"]; // sources with a column of their own

interface Column {
  readonly title: string;
  readonly numeric: boolean;
  text(item: Item): string;
  /** What it is sorted by. */
  key(item: Item): number | string;
}

export function tablePanel(desk: Desk, colourer: Colourer): void {
  desk.slots.tools.prepend(iconButton("table", "Table of all layers", () => toggle(desk, "table"), "b"));
  desk.keys.add({ key: "b", says: "table of all layers with their numbers", run: () => toggle(desk, "table") });
  new Table(desk, colourer);
}

class Table {
  readonly #list: VirtualList;
  readonly #head: HTMLElement;
  readonly #status: HTMLElement;
  readonly #what: HTMLSelectElement;
  #columns: readonly Column[] = [];
  #items: Int32Array = new Int32Array(0);
  #sorted = { title: "", down: true };
  #focused = 0;
  #stale = true;

  constructor(readonly desk: Desk, readonly colourer: Colourer) {
    const made = card(desk, desk.slots.bottom, "table", "Table");
    this.#what = make("select", { set: { "aria-label": "Rows" } }, [
      make("option", { text: "Layers", set: { value: "nodes" } }),
      make("option", { text: "Groups", set: { value: "groups" } }),
      make("option", { text: "Hits of the search", set: { value: "hits" } }),
    ]);
    this.#what.addEventListener("change", () => this.#refresh());
    this.#status = make("span", { class: "table-status", set: { role: "status" } });
    this.#head = make("div", { class: "table-head", set: { role: "row" } });
    const rows = {
      rowHeight: ROW,
      count: () => this.#items.length,
      makeRow: () => this.#makeRow(),
      fill: (row: HTMLElement, index: number) => this.#fill(row, index),
    };
    this.#list = new VirtualList(rows, { class: "table-rows", set: { role: "rowgroup", tabindex: "0", "aria-label": "Rows; Enter flies to one" } });
    this.#list.element.addEventListener("keydown", (event) => this.#key(event));
    const grid = make("div", { class: "table-grid", set: { role: "grid", "aria-label": "Layers and groups" } }, [
      make("div", { set: { role: "rowgroup" } }, [this.#head]), this.#list.element,
    ]);
    const save = button("CSV", "Save this table as CSV", () => this.#save(), "wide");
    made.body.append(make("div", { class: "table-tools" }, [this.#what, this.#status, save]), grid);
    made.onShow(() => {
      void colourer.load().then(() => this.#refresh());
      this.#list.element.focus();
    });
    colourer.listen(() => {
      this.#stale = true;
      if (desk.state.now.shown.has("table")) {
        this.#refresh();
      }
    });
    desk.state.listen((now, before) => {
      if (now.hits !== before.hits && now.shown.has("table") && this.#what.value === "hits") {
        this.#refresh();
      } else if (now.selection?.item !== before.selection?.item && now.shown.has("table") && !this.#stale) {
        this.#list.refresh();
      }
    });
  }

  #refresh(): void {
    const { columns } = this.colourer;
    if (columns === undefined) {
      return;
    }
    this.#stale = false;
    this.#columns = this.#makeColumns(columns);
    this.#items = this.#rows(columns);
    this.#focused = 0;
    this.#sort();
    this.#makeHead();
    const { coloured } = this.colourer;
    const count = this.#items.length.toLocaleString("en");
    const all = columns.nodes;
    const limited = this.#what.value === "nodes" && this.#items.length < all;
    this.#status.textContent = limited
      ? `${count} of ${all.toLocaleString("en")} are in the range of ${coloured?.source.title ?? ""}`
      : `${count} ${this.#items.length === 1 ? "row" : "rows"}`;
    this.#list.element.parentElement?.setAttribute("aria-rowcount", String(this.#items.length + 1));
    this.#list.element.scrollTop = 0;
    this.#list.refresh();
  }

  /** Rows: those in the chosen range, where there is one. */
  #rows(columns: Columns): Int32Array {
    if (this.#what.value === "groups") {
      return Int32Array.from({ length: columns.groups - 1 }, (_, at) => ~(at + 1));
    }
    if (this.#what.value === "hits") {
      return this.#hits();
    }
    const { coloured } = this.colourer;
    const all = Int32Array.from({ length: columns.nodes }, (_, at) => at);
    const narrowed = coloured?.choice.range !== undefined || coloured?.choice.hidden !== undefined;
    return narrowed ? all.filter((node) => coloured?.nodes[node] !== 1) : all;
  }

  #hits(): Int32Array {
    const { hits } = this.desk.state.now;
    const found: Item[] = [];
    hits?.groups.forEach((mark, group) => mark === 1 && found.push(~group));
    hits?.nodes.forEach((mark, node) => mark === 1 && found.push(node));
    return Int32Array.from(found);
  }

  #makeColumns(columns: Columns): Column[] {
    const { sources, coloured } = this.colourer;
    const text = (title: string, ofNode: (node: number) => string, ofGroup: (group: number) => string): Column => {
      const value = (item: Item): string => (item < 0 ? ofGroup(~item) : ofNode(item));
      return { title, numeric: false, text: value, key: value };
    };
    const found = [
      text("Name", (node) => columns.name(node), (group) => columns.groupName(group)),
      text("Operation", (node) => columns.op(node), (group) => columns.groupOpName(group) || columns.groupKind(group)),
    ];
    const chosen = coloured?.source;
    const listed = sources.filter(({ id }) => id === chosen?.id || ALWAYS.includes(id));
    const order = (source: Source): number => (source.id === chosen?.id ? 0 : 1);
    for (const source of [...listed].sort((one, two) => order(one) - order(two))) {
      if (source.id !== "family") {
        found.push(this.#valueColumn(columns, source, source.values()));
      }
    }
    return found;
  }

  #valueColumn(columns: Columns, source: Source, values: Values): Column {
    if (values.kind === "labels") {
      const label = (item: Item): string => values.labels[(item < 0 ? values.groups[~item] : values.nodes[item]) as number] ?? "";
      return { title: source.title, numeric: false, text: label, key: label };
    }
    const numbers: Numbers = values;
    const { coloured } = this.colourer;
    const same = coloured?.source.id === source.id;
    let groups: Float64Array | null = same ? (coloured?.groupValues ?? null) : null;
    const value = (item: Item): number => {
      if (item >= 0) {
        return numbers.nodes[item] ?? Number.NaN;
      }
      groups ??= groupNumbers(columns, numbers, source.rollup);
      return groups[~item] as number;
    };
    return { title: source.title, numeric: true, text: (item) => shortNumber(value(item), source.unit), key: value };
  }

  #makeHead(): void {
    clear(this.#head);
    this.#head.parentElement?.parentElement?.style.setProperty("--values", String(this.#columns.length - 2));
    for (const column of this.#columns) {
      const sorted = this.#sorted.title === column.title;
      const press = make("button", { class: "table-title", text: column.title, title: `Sort by ${column.title}`, set: { type: "button" } });
      const direction = sorted ? (this.#sorted.down ? "descending" : "ascending") : "none";
      press.addEventListener("click", () => {
        const down = sorted ? !this.#sorted.down : column.numeric;
        this.#sorted = { title: column.title, down };
        this.#sort();
        this.#makeHead();
        this.#list.element.scrollTop = 0;
        this.#list.refresh();
        (this.#head.querySelector("[aria-sort]:not([aria-sort=none]) button") as HTMLElement | null)?.focus();
      });
      this.#head.append(make("div", { class: column.numeric ? "cell number" : "cell", set: { role: "columnheader", "aria-sort": direction } }, [press]));
    }
  }

  /** Sorts rows by the chosen column; unknown numbers last, equal ones as in the model. */
  #sort(): void {
    const column = this.#columns.find(({ title }) => title === this.#sorted.title);
    if (column === undefined) {
      return;
    }
    const sign = this.#sorted.down ? -1 : 1;
    const place = (item: Item): number => (item < 0 ? ~item : item);
    const keys = new Map<Item, number | string>();
    this.#items.forEach((item) => keys.set(item, column.key(item)));
    this.#items.sort((one, two) => {
      const left = keys.get(one) as number | string;
      const right = keys.get(two) as number | string;
      if (left === right || (left !== left && right !== right)) {
        return place(one) - place(two);
      }
      if (left !== left || right !== right) {
        return left !== left ? 1 : -1;
      }
      return left < right ? -sign : sign;
    });
  }

  #makeRow(): HTMLElement {
    const row = make("div", { class: "table-row", set: { role: "row" } });
    row.addEventListener("click", () => {
      const index = this.#list.indexOf(row);
      if (index !== undefined) {
        this.#focus(index);
        this.#flyTo(index);
      }
    });
    return row;
  }

  #fill(row: HTMLElement, index: number): void {
    const item = this.#items[index] as Item;
    while (row.children.length > this.#columns.length) {
      row.lastElementChild?.remove();
    }
    while (row.children.length < this.#columns.length) {
      row.append(make("div", { set: { role: "gridcell" } }));
    }
    this.#columns.forEach((column, at) => {
      const cell = row.children[at] as HTMLElement;
      cell.className = column.numeric ? "cell number" : "cell";
      cell.textContent = column.text(item);
    });
    const columns = this.colourer.columns as Columns;
    const around = item < 0 ? (columns.groupParents[~item] as number) : (columns.nodeGroup[item] as number);
    row.firstElementChild?.append(make("span", { class: "table-path", text: columns.groupId(around) }));
    row.title = item < 0 ? columns.groupId(~item) : columns.id(item);
    row.setAttribute("aria-rowindex", String(index + 2));
    row.setAttribute("aria-selected", String(this.desk.state.now.selection?.item === item));
    row.classList.toggle("pointed", index === this.#focused);
    const { coloured } = this.colourer;
    const code = (item < 0 ? coloured?.groups[~item] : coloured?.nodes[item]) ?? 0;
    row.style.setProperty("--fill", code === 0 ? "transparent" : (coloured?.palette[code] ?? "transparent"));
  }

  #key(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.#list.element.clientHeight / ROW) - 1);
    const last = this.#items.length - 1;
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.#focused + 1, ArrowUp: this.#focused - 1, PageDown: this.#focused + page,
      PageUp: this.#focused - page, Home: 0, End: last,
    };
    if (event.key === "Enter") {
      event.preventDefault();
      this.#flyTo(this.#focused);
    } else if (event.key in moves) {
      event.preventDefault();
      this.#focus(Math.min(last, Math.max(0, moves[event.key] as number)));
    } else {
      return;
    }
    event.stopPropagation();
  }

  #focus(index: number): void {
    this.#list.rowOf(this.#focused)?.classList.remove("pointed");
    this.#focused = index;
    this.#list.reveal(index);
    this.#list.rowOf(index)?.classList.add("pointed");
  }

  #flyTo(index: number): void {
    const item = this.#items[index];
    if (item !== undefined) {
      void this.desk.flyTo(item);
    }
  }

  #save(): void {
    const columns = this.colourer.columns;
    if (columns === undefined) {
      return;
    }
    const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const cell = (column: Column, item: Item): string => {
      const key = column.key(item);
      return typeof key === "number" ? (Number.isNaN(key) ? "" : String(key)) : quoted(key);
    };
    const lines = [["id", ...this.#columns.map(({ title }) => quoted(title))].join(",")];
    for (const item of this.#items) {
      const id = item < 0 ? columns.groupId(~item) : columns.id(item);
      lines.push([quoted(id), ...this.#columns.map((column) => cell(column, item))].join(","));
    }
    const address = URL.createObjectURL(new Blob([`${lines.join("\n")}\n`], { type: "text/csv" }));
    const link = make("a", { set: { href: address, download: `${this.desk.head.model.name || "model"}.csv` } });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}
