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

const MOST = 24; // rows; those of the lines that are nearest

export class Tip {
  private readonly element = make("div", { class: "values", set: { "aria-hidden": "true" } });

  constructor(host: HTMLElement) {
    this.element.hidden = true;
    host.append(this.element);
  }

  hide(): void {
    this.element.hidden = true;
  }

  show(event: PointerEvent, rows: readonly TipRow[]): void {
    const smooth = rows.some((row) => row.smooth !== "");
    const heads = ["", "Run", ...(smooth ? ["Smoothed"] : []), "Value", "Step", "Time"];
    const body = rows.slice(0, MOST).map((row, at) => {
      const dot = make("i", { class: "dot" });
      dot.style.background = row.colour;
      const cells = [row.name, ...(smooth ? [row.smooth] : []), row.value, row.step, row.time].map((text) => make("td", { text }));
      return make("tr", at === 0 ? { class: "nearest" } : {}, [make("td", {}, [dot]), ...cells]);
    });
    clear(this.element);
    this.element.append(make("table", {}, [make("tr", {}, heads.map((text) => make("th", { text }))), ...body]));
    if (rows.length > MOST) this.element.append(make("p", { text: `and ${rows.length - MOST} more` }));
    this.element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = event.clientX + 16 + width > window.innerWidth ? event.clientX - 16 - width : event.clientX + 16;
    const top = Math.min(event.clientY + 12, window.innerHeight - height - 8);
    this.element.style.left = `${Math.max(4, left)}px`;
    this.element.style.top = `${Math.max(4, top)}px`;
  }
}
