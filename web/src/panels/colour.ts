/** Colouring: the legend and the table, which share one choice. */
import type { Desk } from "../desk.ts";
import { Colourer } from "./colouring.ts";
import { legendPanel } from "./legend.ts";
import { tablePanel } from "./table.ts";

export function colourPanel(desk: Desk): void {
  const colourer = new Colourer(desk);
  tablePanel(desk, colourer);
  legendPanel(desk, colourer);
}
