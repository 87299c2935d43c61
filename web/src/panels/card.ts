/** A card: a panel with a title and a way to close it, shown while the state says so. */
import type { Desk } from "../desk.ts";
import { make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import type { PanelName } from "../state.ts";

export interface Card {
  readonly element: HTMLElement;
  readonly body: HTMLElement;
  /** Called whenever the card is shown, first after its elements are there. */
  onShow(run: () => void): void;
  onHide(run: () => void): void;
}

/** Makes a card in a slot. Escape closes it and gives the focus back to the drawing. */
export function card(desk: Desk, slot: HTMLElement, panel: PanelName, title: string): Card {
  const body = make("div", { class: "card-body" });
  const close = iconButton("close", `Close ${title.toLowerCase()}`, () => hide());
  const head = make("header", { class: "card-head" }, [make("h2", { text: title }), close]);
  const element = make("section", { class: `card ${panel}`, set: { "aria-label": title } }, [head, body]);
  const shows: (() => void)[] = [];
  const hides: (() => void)[] = [];
  const hide = (): void => desk.state.send({ kind: "show", panel, shown: false });
  element.hidden = !desk.state.now.shown.has(panel);
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      hide();
    }
  });
  desk.state.listen((now, before) => {
    const shown = now.shown.has(panel);
    if (shown === before.shown.has(panel)) {
      return;
    }
    const focused = element.contains(document.activeElement);
    element.hidden = !shown;
    for (const run of shown ? shows : hides) {
      run();
    }
    if (!shown && focused) {
      drawingOf(element)?.focus({ preventScroll: true });
    }
  });
  slot.append(element);
  return {
    element,
    body,
    onShow: (run) => void shows.push(run),
    onHide: (run) => void hides.push(run),
  };
}

/** Shows a panel, or hides it where it is shown. */
export function toggle(desk: Desk, panel: PanelName): void {
  desk.state.send({ kind: "show", panel, shown: !desk.state.now.shown.has(panel) });
}

function drawingOf(element: HTMLElement): HTMLElement | null {
  return element.closest(".layer")?.querySelector<HTMLElement>(".drawing") ?? null;
}
