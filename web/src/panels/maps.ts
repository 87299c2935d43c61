/** Feature maps of one page: a grid of small pictures; of two inputs, three beside one another for each map. */
import type { Container } from "../columns.ts";
import { shortNumber } from "../colour/scale.ts";
import { make } from "../dom.ts";
import { paint, scaleOf } from "./charts.ts";

export const WIDTH = 340; // px of a grid
const GAP = 3;

/** How values become colours: each map for itself, or all maps of the page alike. */
export type Scaling = "each" | "all";

/** One of the pictures that stand beside one another for a map. */
export interface Strand {
  readonly title: string;
  readonly box: Container;
}

/** Maps of a page in a grid; `choose` is told which map was clicked. */
export function mapGrid(strands: readonly Strand[], scaling: Scaling, chosen: number, choose: (map: number) => void): HTMLElement {
  const head = (strands[0] as Strand).box.header;
  const [first, count, rows, columns] = [head.first, head.count, head.rows, head.columns].map(Number) as [number, number, number, number];
  const across = strands.length > 1 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8;
  const side = Math.floor((WIDTH - GAP * (across * strands.length - 1)) / (across * strands.length));
  const shape = columns >= rows ? { width: side, height: Math.max(2, (side * rows) / columns) } : { width: Math.max(2, (side * columns) / rows), height: side };
  const cells: HTMLElement[] = [];
  for (let map = 0; map < count; map++) {
    const pictures = strands.map((strand) => picture(strand, map, scaling, rows, columns, shape));
    const number = first + map;
    const words = strands.map(({ title, box }) => `${title === "" ? "" : `${title}: `}${shortNumber(box.f32("low")[map] as number)} … ${shortNumber(box.f32("high")[map] as number)}`).join("; ");
    const cell = make("button", {
      class: "map-cell", title: `Map ${number}: ${words}`,
      set: { type: "button", "aria-label": `Map ${number}: ${words}`, "aria-pressed": String(number === chosen) },
      on: { click: () => choose(number) },
    }, pictures);
    cells.push(cell);
  }
  const grid = make("div", { class: "map-grid" }, cells);
  grid.style.gridTemplateColumns = `repeat(${across}, max-content)`;
  const titles = strands.length > 1 ? make("div", { class: "map-titles" }, strands.map(({ title }) => make("span", { text: title }))) : undefined;
  return make("div", { class: "maps" }, titles === undefined ? [grid] : [titles, grid]);
}

function picture(strand: Strand, map: number, scaling: Scaling, rows: number, columns: number, shape: { width: number; height: number }): HTMLElement {
  const values = strand.box.f32("values").subarray(map * rows * columns, (map + 1) * rows * columns);
  const low = strand.box.f32("low");
  const high = strand.box.f32("high");
  const known = (numbers: Float32Array): number[] => [...numbers].filter(Number.isFinite);
  const all = [Math.min(...known(low)), Math.max(...known(high))] as const;
  const own = [low[map] as number, high[map] as number] as const;
  const signed = all[0] < 0 && all[1] > 0; // one kind of colours for all maps of a layer
  const most = Math.max(Math.abs(own[0]), Math.abs(own[1]));
  const [least, greatest] = scaling === "all" ? all : signed ? [-most, most] : own;
  const { from, to, colours } = scaleOf(least, greatest);
  const canvas = make("canvas", { set: { width: String(columns), height: String(rows), "aria-hidden": "true" } });
  canvas.style.width = `${shape.width}px`;
  canvas.style.height = `${shape.height}px`;
  paint(canvas, values, from, to, colours);
  return canvas;
}
