/** Joins gestures, keys and the system's preferences to the explorer. */
import type { Head } from "./contract.ts";
import type { Explorer } from "./explorer.ts";
import { listenToGestures } from "./input/gestures.ts";
import { neighbour, placeAt, placeOfGroup, sibling } from "./input/steps.ts";
import type { Direction } from "./input/steps.ts";
import { themeOf } from "./state.ts";
import type { Place } from "./state.ts";
import type { Seen } from "./pick/pick.ts";

const STEP = 1.5; // of the zoom per key press

export function connect(explorer: Explorer): void {
  connectTheme(explorer);
  connectGestures(explorer);
  connectKeys(explorer);
  connectSteps(explorer);
}

/** Give what lies around a drawing the colours of its theme. */
export function applyTheme(root: HTMLElement, head: Head, name: string): void {
  const theme = head.themes[name];
  if (theme === undefined) {
    return;
  }
  const colours: Record<string, string> = {
    paper: theme.background ?? "#ffffff", panel: theme.group_fill, line: theme.group_stroke, text: theme.text,
    muted: theme.name_text, title: theme.title, accent: theme.highlight, wire: theme.wire,
  };
  for (const [key, value] of Object.entries(colours)) {
    root.style.setProperty(`--${key}`, value);
  }
  document.documentElement.dataset["theme"] = name;
}

function connectTheme({ state, head, stage, ended }: Explorer): void {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = (): void => applyTheme(stage.root, head, themeOf(state.now, head.theme));
  state.listen((now, before) => {
    if (now.theme !== before.theme || now.systemDark !== before.systemDark) {
      apply();
    }
  });
  const turned = (event: MediaQueryListEvent): void => state.send({ kind: "system", dark: event.matches });
  dark.addEventListener("change", turned, { signal: ended });
  state.send({ kind: "system", dark: dark.matches });
  apply();
}

function placeOf(seen: Seen | undefined): Place | undefined {
  return seen && { item: seen.item, group: seen.group, position: seen.position };
}

function connectGestures(explorer: Explorer): void {
  const { eye, state, stage } = explorer;
  let hovered: { x: number; y: number } | undefined;
  let due = false;
  listenToGestures(stage.drawing, {
    pan: (dx, dy) => eye.pan(dx, dy),
    zoom: (factor, x, y) => eye.zoom(factor, x, y),
    click(x, y) {
      stage.drawing.focus({ preventScroll: true });
      void explorer.captioner.farEnd(x, y).then((node) => {
        if (node !== undefined) {
          return explorer.flyTo(node);
        }
        const place = placeOf(explorer.at(x, y));
        state.send({ kind: "select", place });
        explorer.resized(); // a panel may have opened where the click was
        if (place !== undefined) {
          explorer.keepInView(place);
        }
        return true;
      });
    },
    doubleClick(x, y) {
      const found = placeOf(explorer.at(x, y));
      state.send({ kind: "select", place: found });
      void eye.fly(found === undefined ? explorer.home() : explorer.viewOf(found));
    },
    hover(point) {
      hovered = point;
      if (due) {
        return;
      }
      due = true;
      requestAnimationFrame(() => {
        due = false;
        const found = hovered && eye.still ? explorer.at(hovered.x, hovered.y) : undefined;
        state.send({ kind: "hover", place: placeOf(found) });
      });
    },
  });
}

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right",
};

function connectSteps(explorer: Explorer): void {
  const { state, store, keys, eye } = explorer;
  const select = (place: Place | undefined): void => {
    if (place !== undefined) {
      state.send({ kind: "select", place });
      explorer.reveal(place);
    }
  };
  /** What is selected; where nothing is, the first thing in the group that fills the screen. */
  const from = (step: (place: Place) => Place | undefined): void => {
    const { selection } = state.now;
    select(selection === undefined ? placeAt(store, eye.camera.anchor, 0) : step(selection));
  };
  const into = async (): Promise<void> => {
    const { selection } = state.now;
    if (selection === undefined) {
      return;
    }
    const arrived = await eye.fly(explorer.viewOf(selection));
    if (arrived && selection.item < 0) {
      await explorer.fetcher.need([~selection.item]);
      const first = placeAt(store, ~selection.item, 0);
      state.send({ kind: "select", place: first ?? selection });
    }
  };
  const out = (): void => {
    const { selection } = state.now;
    const group = selection?.group ?? store.parts.get(eye.camera.anchor)?.parent ?? 0;
    const place = placeOfGroup(store, group);
    state.send({ kind: "select", place: selection === undefined ? undefined : place });
    void eye.fly(place === undefined ? explorer.home() : explorer.viewOf(place));
  };
  keys.add(
    {
      key: "ArrowUp ArrowDown ArrowLeft ArrowRight", says: "along the wires, from box to box", onDrawing: true,
      run: (event) => from((place) => neighbour(store, place, ARROWS[event.key] ?? "down")),
    },
    { key: "Tab", says: "next in the group (with Shift: previous); Esc first to leave the drawing",
      onDrawing: true, applies: () => state.now.selection !== undefined,
      run: (event) => from((place) => sibling(store, place, event.shiftKey ? -1 : 1)) },
    { key: "Enter", says: "into the group", onDrawing: true, run: () => void into() },
    { key: "Backspace", says: "out of the group", run: out },
    { key: "f", says: "fly to what is selected",
      run: () => state.now.selection && void eye.fly(explorer.viewOf(state.now.selection)) },
    { key: "Escape", says: "select nothing", run: () => state.send({ kind: "select", place: undefined }) },
  );
}

function connectKeys(explorer: Explorer): void {
  const { eye, keys } = explorer;
  const middle = (factor: number) => (): void => {
    eye.zoom(factor, eye.viewport.width / 2, eye.viewport.height / 2);
  };
  keys.add(
    { key: "0", says: "show the whole model", run: () => void eye.fly(explorer.home()) },
    { key: "+ =", says: "closer", run: middle(STEP) },
    { key: "- _", says: "further away", run: middle(1 / STEP) },
  );
  const handle = (event: KeyboardEvent): void => {
    if (explorer.attends && !explorer.stage.root.inert) { // another layer lies over this one
      keys.handle(event);
    }
  };
  document.addEventListener("keydown", handle, { signal: explorer.ended });
}
