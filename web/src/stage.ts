/** One empty layer of the page: the drawing, and around it the places for panels. */
import { make } from "./dom.ts";
import type { Stage } from "./explorer.ts";

export interface EmptyStage extends Stage {
  /** Tell the user something instead of a drawing. */
  say(text: string): void;
}

export function makeStage(host: HTMLElement): EmptyStage {
  const drawing = make("div", {
    class: "drawing",
    set: { tabindex: "0", role: "application", "aria-label": "Drawing of the model", "aria-roledescription": "drawing" },
  });
  const note = make("p", { class: "note", text: "Reading the model …", set: { role: "status" } });
  const path = make("nav", { class: "path", set: { "aria-label": "Where you are" } });
  const tools = make("div", { class: "tools", set: { role: "toolbar", "aria-label": "Tools" } });
  const left = make("aside", { class: "side left" });
  const right = make("aside", { class: "side right" });
  const corner = make("div", { class: "corner" });
  const bottom = make("div", { class: "bottom" });
  const find = make("div", { class: "find" });
  const over = make("div", { class: "over" });
  const middle = make("main", { class: "middle" }, [drawing, note, corner, bottom, find]);
  const top = make("header", { class: "top" }, [path, tools]);
  const root = make("div", { class: "layer" }, [top, make("div", { class: "row" }, [left, middle, right]), over]);
  host.append(root);
  return {
    root,
    drawing,
    slots: { left, right, path, tools, corner, bottom, find, over },
    say(text) {
      note.textContent = text;
      note.hidden = text === "";
    },
  };
}
