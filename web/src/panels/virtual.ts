/** A list of any length of which only the rows in sight exist. */
import { make } from "../dom.ts";

/** Browsers draw nothing beyond some 33 million px; a longer list scrolls in proportion. */
const TALLEST = 8_000_000;
const SPARE = 4; // rows above and below those in sight

export interface VirtualRows {
  readonly rowHeight: number;
  count(): number;
  /** Fills a row that was used for another index before. */
  fill(row: HTMLElement, index: number): void;
  /** Makes an empty row. */
  makeRow(): HTMLElement;
}

export class VirtualList {
  readonly element: HTMLElement;
  readonly #inner: HTMLElement;
  readonly #rows: HTMLElement[] = [];
  readonly #setup: VirtualRows;
  #shown = new Map<HTMLElement, number>();

  constructor(setup: VirtualRows, attributes: Parameters<typeof make>[1] = {}) {
    this.#setup = setup;
    this.#inner = make("div", { class: "virtual-inner", set: { role: "presentation" } });
    this.element = make("div", { ...attributes, class: `virtual ${attributes.class ?? ""}` }, [this.#inner]);
    this.element.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** To be called when the count or the contents have changed. */
  refresh(): void {
    this.#shown.clear();
    this.#inner.style.height = `${this.#height()}px`;
    this.#draw();
  }

  /** Scrolls so that a row is in sight. */
  reveal(index: number): void {
    const { rowHeight } = this.#setup;
    const { scrollTop, clientHeight } = this.element;
    const ratio = this.#ratio();
    const first = scrollTop / ratio;
    const top = index * rowHeight;
    if (top < first) {
      this.element.scrollTop = top * ratio;
    } else if (top + rowHeight > first + clientHeight) {
      this.element.scrollTop = (top + rowHeight - clientHeight) * ratio;
    }
    this.#draw();
  }

  /** The row of an index, where it is in sight. */
  rowOf(index: number): HTMLElement | undefined {
    for (const [row, at] of this.#shown) {
      if (at === index) {
        return row;
      }
    }
    return undefined;
  }

  indexOf(row: HTMLElement): number | undefined {
    return this.#shown.get(row);
  }

  #height(): number {
    return Math.min(TALLEST, this.#setup.count() * this.#setup.rowHeight);
  }

  /** Px of the list per px of the rows: 1 unless the list is too long. */
  #ratio(): number {
    const full = this.#setup.count() * this.#setup.rowHeight;
    return full <= TALLEST ? 1 : (TALLEST - this.element.clientHeight) / (full - this.element.clientHeight);
  }

  #draw(): void {
    const { rowHeight, fill, makeRow } = this.#setup;
    const count = this.#setup.count();
    const { scrollTop, clientHeight } = this.element;
    const virtualTop = scrollTop / this.#ratio();
    const first = Math.max(0, Math.floor(virtualTop / rowHeight) - SPARE);
    const last = Math.min(count, Math.ceil((virtualTop + clientHeight) / rowHeight) + SPARE);
    while (this.#rows.length < last - first) {
      const row = makeRow();
      row.style.height = `${rowHeight}px`;
      this.#rows.push(row);
      this.#inner.append(row);
    }
    const shown = new Map<HTMLElement, number>();
    this.#rows.forEach((row, at) => {
      const index = first + ((at - (first % this.#rows.length) + this.#rows.length) % this.#rows.length);
      row.hidden = index >= last;
      if (index >= last) {
        return;
      }
      if (this.#shown.get(row) !== index) {
        fill(row, index);
      }
      row.style.transform = `translateY(${index * rowHeight - virtualTop + scrollTop}px)`;
      shown.set(row, index);
    });
    this.#shown = shown;
  }
}
