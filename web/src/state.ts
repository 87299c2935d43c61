/** The one state of the page besides the camera, and the one way to change it: `update`, a pure function. */
import type { Findings } from "./contract.ts";
import type { Badges } from "./paint/badge.ts";
import type { Changes } from "./paint/change.ts";
import type { Colouring, Marks } from "./paint/dressing.ts";

/** A node or group and where it lies: the group around it, and its position among the children of that. */
export interface Place {
  /** A node's index, or ~index of a group. */
  readonly item: number;
  readonly group: number;
  readonly position: number;
}

export type ThemeChoice = "auto" | "light" | "dark";

/** Panels that can be shown and hidden. */
export type PanelName = "outline" | "inspector" | "help" | "search" | "colour" | "table" | "weights" | "export" | "findings" | "figures"
  | "changes" | "inside";

export interface State {
  readonly theme: ThemeChoice;
  /** What the system prefers. */
  readonly systemDark: boolean;
  readonly selection: Place | undefined;
  readonly hover: Place | undefined;
  /** The group that fills the screen. */
  readonly current: number;
  readonly shown: ReadonlySet<PanelName>;
  readonly hits: Marks | undefined;
  readonly trace: Marks | undefined;
  readonly colouring: Colouring | undefined;
  /** What the colouring is called, for permalinks; empty for that of the families. */
  readonly colouredBy: string;
  /** The weight that is looked at: a position in `Columns.weights`. */
  readonly weight: number | undefined;
  /** Whether wires are as wide as their tensors are large. */
  readonly wide: boolean;
  /** What the checks found, once they have looked. */
  readonly findings: Findings | undefined;
  readonly badges: Badges | undefined;
  /** What became of everything, where two models are compared. */
  readonly changes: Changes | undefined;
  /** Whether two models that are compared stand side by side. */
  readonly beside: boolean;
  /** A short sentence for the user, such as what went wrong. */
  readonly notice: string;
}

export type Action =
  | { readonly kind: "theme"; readonly theme: ThemeChoice }
  | { readonly kind: "system"; readonly dark: boolean }
  | { readonly kind: "select"; readonly place: Place | undefined }
  | { readonly kind: "hover"; readonly place: Place | undefined }
  | { readonly kind: "current"; readonly group: number }
  | { readonly kind: "show"; readonly panel: PanelName; readonly shown: boolean }
  | { readonly kind: "hits"; readonly hits: Marks | undefined }
  | { readonly kind: "trace"; readonly trace: Marks | undefined }
  | { readonly kind: "colour"; readonly colouring: Colouring | undefined; readonly by: string }
  | { readonly kind: "weight"; readonly code: number | undefined }
  | { readonly kind: "wide"; readonly wide: boolean }
  | { readonly kind: "findings"; readonly findings: Findings }
  | { readonly kind: "badges"; readonly badges: Badges | undefined }
  | { readonly kind: "changes"; readonly changes: Changes | undefined }
  | { readonly kind: "beside"; readonly beside: boolean }
  | { readonly kind: "notice"; readonly text: string };

export const INITIAL: State = {
  theme: "auto",
  systemDark: false,
  selection: undefined,
  hover: undefined,
  current: 0,
  shown: new Set(),
  hits: undefined,
  trace: undefined,
  colouring: undefined,
  colouredBy: "",
  weight: undefined,
  wide: false,
  findings: undefined,
  badges: undefined,
  changes: undefined,
  beside: false,
  notice: "",
};

/** The state after an action; the very same object where nothing changes. */
export function update(state: State, action: Action): State {
  switch (action.kind) {
    case "theme":
      return action.theme === state.theme ? state : { ...state, theme: action.theme };
    case "system":
      return action.dark === state.systemDark ? state : { ...state, systemDark: action.dark };
    case "select":
      return same(state.selection, action.place) ? state : { ...state, selection: action.place };
    case "hover":
      return same(state.hover, action.place) ? state : { ...state, hover: action.place };
    case "current":
      return action.group === state.current ? state : { ...state, current: action.group };
    case "show":
      return state.shown.has(action.panel) === action.shown ? state : { ...state, shown: toggled(state, action) };
    case "hits":
      return { ...state, hits: action.hits };
    case "trace":
      return { ...state, trace: action.trace };
    case "colour":
      return { ...state, colouring: action.colouring, colouredBy: action.by };
    case "weight":
      return action.code === state.weight ? state : { ...state, weight: action.code };
    case "wide":
      return action.wide === state.wide ? state : { ...state, wide: action.wide };
    case "findings":
      return { ...state, findings: action.findings };
    case "badges":
      return { ...state, badges: action.badges };
    case "changes":
      return { ...state, changes: action.changes };
    case "beside":
      return state.beside === action.beside ? state : { ...state, beside: action.beside };
    case "notice":
      return action.text === state.notice ? state : { ...state, notice: action.text };
  }
}

function toggled(state: State, action: { readonly panel: PanelName; readonly shown: boolean }): Set<PanelName> {
  const shown = new Set(state.shown);
  if (action.shown) {
    shown.add(action.panel);
  } else {
    shown.delete(action.panel);
  }
  return shown;
}

function same(a: Place | undefined, b: Place | undefined): boolean {
  return a?.item === b?.item && a?.group === b?.group;
}

/** The theme that is drawn; `chosen` is what the chart was made with. */
export function themeOf(state: State, chosen = ""): string {
  if (state.theme !== "auto") {
    return state.theme;
  }
  return chosen || (state.systemDark ? "dark" : "light");
}

export type Listener = (state: State, before: State) => void;

/** Holds the state, and tells everybody when it changes. */
export class StateHolder {
  private readonly listeners = new Set<Listener>();

  constructor(private state: State = INITIAL) {}

  get now(): State {
    return this.state;
  }

  send(action: Action): void {
    const before = this.state;
    this.state = update(before, action);
    if (this.state !== before) {
      for (const listener of this.listeners) {
        listener(this.state, before);
      }
    }
  }

  /** Be told of every change; returns what ends it. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
