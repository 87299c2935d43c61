/** The table beside the pointer: the values of all runs at one place of a chart. */
import { clear, make } from "../dom.ts";

export interface TipRow {
  readonly colour: string;
  readonly name: string;
  readonly value: string;
  readonly smooth: string;
  readonly step: string;
  readonly time: string;
}

export const MOST_ROWS = 24; // those of the lines that are nearest

/** The elements of a table that change while the pointer moves. */
interface Table {
  /** How many rows and columns it has; one that has other ones is another table. */
  readonly shape: string;
  readonly rows: readonly { readonly dot: HTMLElement; readonly cells: readonly Text[] }[];
  readonly more: Text;
}

export class Tip {
  private readonly element = make("div", { class: "values", set: { "aria-hidden": "true" } });
  private table: Table | undefined;
  private wide = 0;

  constructor(host: HTMLElement) {
    this.element.hidden = true;
    host.append(this.element);
  }

  hide(): void {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.widen(0);
  }

  /** Show rows beside the pointer, and how many more there would be. The elements stay those that they were: only words and places change. */
  show(event: PointerEvent, rows: readonly TipRow[], more = 0): void {
    const smooth = rows.some((row) => row.smooth !== "");
    const shape = `${rows.length} ${smooth} ${more > 0}`;
    if (this.table?.shape !== shape) this.table = this.make(shape, rows.length, smooth, more > 0);
    const table = this.table;
    rows.forEach((row, at) => {
      const { dot, cells } = table.rows[at] as Table["rows"][number];
      dot.style.background = row.colour;
      [row.name, ...(smooth ? [row.smooth] : []), row.value, row.step, row.time].forEach((text, column) => write(cells[column] as Text, text));
    });
    write(table.more, `and ${more} more`);
    this.element.hidden = false;
    this.place(event);
  }

  private make(shape: string, count: number, smooth: boolean, more: boolean): Table {
    const heads = ["", "Run", ...(smooth ? ["Smoothed"] : []), "Value", "Step", "Time"];
    const rows = Array.from({ length: count }, () => ({ dot: make("i", { class: "dot" }), cells: heads.slice(1).map(() => new Text()) }));
    const lines = rows.map(({ dot, cells }) => make("tr", {}, [make("td", {}, [dot]), ...cells.map((text) => make("td", {}, [text]))]));
    lines[0]?.classList.add("nearest");
    const rest = new Text();
    clear(this.element);
    this.element.append(make("table", {}, [make("tr", {}, heads.map((text) => make("th", { text }))), ...lines]));
    if (more) this.element.append(make("p", {}, [rest]));
    this.widen(0);
    return { shape, rows, more: rest };
  }

  private widen(width: number): void {
    this.wide = width;
    this.element.style.minWidth = `${width}px`;
  }

  /** It only grows while the pointer moves, as numbers of changing length would make it tremble. */
  private place(event: PointerEvent): void {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    if (width > this.wide) this.widen(width);
    const left = event.clientX + 16 + width > window.innerWidth ? event.clientX - 16 - width : event.clientX + 16;
    const top = Math.min(event.clientY + 12, window.innerHeight - height - 8);
    this.element.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(Math.max(4, top))}px)`;
  }
}

function write(to: Text, words: string): void {
  if (to.data !== words) to.data = words;
}
