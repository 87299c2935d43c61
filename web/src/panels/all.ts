/** The panels of the page: one line each. */
import { mirror } from "../a11y/mirror.ts";
import { keepAddress } from "../address.ts";
import type { Explorer } from "../explorer.ts";
import { comparePanel } from "../compare/panel.ts";
import { breadcrumb } from "./breadcrumb.ts";
import { colourPanel } from "./colour.ts";
import { exportPanel } from "./export.ts";
import { figuresPanel } from "./figures.ts";
import { findingsPanel } from "./findings.ts";
import { focusPanel } from "./focus.ts";
import { help } from "./help.ts";
import { insidePanel } from "./inside.ts";
import { inspector } from "./inspector.ts";
import { minimap } from "./minimap.ts";
import { model } from "./model.ts";
import { noticePanel } from "./notice.ts";
import { outline } from "./outline.ts";
import { searchPanel } from "./search.ts";
import { tip } from "./tip.ts";
import { toolbar } from "./toolbar.ts";
import { tracePanel } from "./trace.ts";
import { weightsPanel } from "./weights.ts";
import { wireWidths } from "../wires.ts";

export const PANELS: readonly ((explorer: Explorer) => unknown)[] = [
  breadcrumb,
  model,
  toolbar,
  minimap,
  tip,
  outline,
  inspector,
  weightsPanel,
  insidePanel,
  colourPanel,
  searchPanel,
  tracePanel,
  focusPanel,
  exportPanel,
  findingsPanel,
  figuresPanel,
  comparePanel,
  noticePanel,
  help,
  wireWidths,
  mirror,
  keepAddress,
];

/** What a drawing has that stands beside another. */
export const SIDE_PANELS: readonly ((explorer: Explorer) => unknown)[] = [breadcrumb, tip, mirror];
