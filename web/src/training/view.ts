/** What the user chose to see, as one value; its text is the address of the page, to be sent to others. */
import type { Axis } from "./server.ts";

export type Tab = "metrics" | "distributions" | "model" | "images" | "sounds" | "text" | "runs" | "findings";
export const TABS: readonly Tab[] = ["metrics", "distributions", "model", "images", "sounds", "text", "runs", "findings"];

export interface View {
  readonly tab: Tab;
  readonly axis: Axis;
  /** Weight of the smoothing, from 0 to below 1. */
  readonly smoothing: number;
  readonly logX: boolean;
  readonly logY: boolean;
  /** Whether charts leave out of sight what is not between the 5th and the 95th percentile. */
  readonly outliers: boolean;
  readonly runFilter: string;
  readonly tagFilter: string;
  /** Names of runs that the user hid, and of those shown that would not be shown otherwise. */
  readonly hidden: ReadonlySet<string>;
  readonly added: ReadonlySet<string>;
  /** Zoomed charts, by metric: the range of x, and that of y where it is fixed too. */
  readonly zooms: ReadonlyMap<string, readonly number[]>;
  /** Groups of charts that are folded, or open where they are folded unasked. */
  readonly folded: ReadonlySet<string>;
  /** Charts that are shown large. */
  readonly large: ReadonlySet<string>;
  readonly theme: "auto" | "light" | "dark";
  /** How distributions are shown. */
  readonly ridges: boolean;
  /** The run whose model is drawn, the quantity and step that it is coloured by, and the layer that is looked at. */
  readonly modelRun: string;
  readonly quantity: string;
  readonly step: number | undefined;
  readonly layer: string;
}

export const PLAIN: View = {
  tab: "metrics", axis: "step", smoothing: 0.6, logX: false, logY: false, outliers: true, runFilter: "", tagFilter: "",
  hidden: new Set(), added: new Set(), zooms: new Map(), folded: new Set(), large: new Set(), theme: "auto", ridges: false,
  modelRun: "", quantity: "", step: undefined, layer: "",
}; // prettier-ignore

const AXES: readonly string[] = ["step", "relative", "wall", "epoch"] satisfies Axis[];

/** The text of a view; only what is not plain is said. */
export function writeView(view: View): string {
  const said = new URLSearchParams();
  const say = (name: string, value: string, plain: string): void => {
    if (value !== plain) said.append(name, value);
  };
  say("tab", view.tab, PLAIN.tab);
  say("x", view.axis, PLAIN.axis);
  say("smooth", String(view.smoothing), String(PLAIN.smoothing));
  say("log", `${view.logX ? "x" : ""}${view.logY ? "y" : ""}`, "");
  say("outliers", view.outliers ? "" : "shown", "");
  say("runs", view.runFilter, "");
  say("tags", view.tagFilter, "");
  say("theme", view.theme, "auto");
  say("shape", view.ridges ? "ridges" : "", "");
  say("run", view.modelRun, "");
  say("by", view.quantity, "");
  say("at", view.step === undefined ? "" : String(view.step), "");
  say("layer", view.layer, "");
  for (const name of view.hidden) said.append("hide", name);
  for (const name of view.added) said.append("show", name);
  for (const name of view.folded) said.append("fold", name);
  for (const name of view.large) said.append("large", name);
  for (const [name, range] of view.zooms) said.append("zoom", `${range.join("..")}:${name}`);
  return said.toString();
}

/** The view of a text; what cannot be read is plain. */
export function readView(text: string): View {
  const said = new URLSearchParams(text);
  const one = (name: string): string => said.get(name) ?? "";
  const smoothing = Number(said.get("smooth") ?? PLAIN.smoothing);
  const zooms = new Map<string, readonly number[]>();
  for (const zoom of said.getAll("zoom")) {
    const colon = zoom.indexOf(":");
    const range = zoom.slice(0, colon).split("..").map(Number);
    const ordered = range.every(Number.isFinite) && (range.length === 2 || range.length === 4);
    if (colon > 0 && ordered && (range[0] as number) < (range[1] as number)) zooms.set(zoom.slice(colon + 1), range);
  }
  const theme = one("theme");
  const step = Number.parseInt(one("at"), 10);
  return {
    tab: (TABS as readonly string[]).includes(one("tab")) ? (one("tab") as Tab) : PLAIN.tab,
    axis: AXES.includes(one("x")) ? (one("x") as Axis) : PLAIN.axis,
    smoothing: smoothing >= 0 && smoothing < 1 ? smoothing : PLAIN.smoothing,
    logX: one("log").includes("x"),
    logY: one("log").includes("y"),
    outliers: one("outliers") !== "shown",
    runFilter: one("runs"),
    tagFilter: one("tags"),
    hidden: new Set(said.getAll("hide")),
    added: new Set(said.getAll("show")),
    zooms,
    folded: new Set(said.getAll("fold")),
    large: new Set(said.getAll("large")),
    theme: theme === "light" || theme === "dark" ? theme : "auto",
    ridges: one("shape") === "ridges",
    modelRun: one("run"),
    quantity: one("by"),
    step: Number.isSafeInteger(step) ? step : undefined,
    layer: one("layer"),
  };
}

/** A set with one member more or less. */
export function toggled<T>(set: ReadonlySet<T>, member: T, there: boolean): ReadonlySet<T> {
  const made = new Set(set);
  if (there) made.add(member);
  else made.delete(member);
  return made;
}
