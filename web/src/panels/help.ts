/** The list of keys and gestures. */
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";
import { keysOf } from "../input/keys.ts";

const GESTURES: readonly (readonly [string, string])[] = [
  ["wheel, pinch", "closer or further away, at the pointer"],
  ["drag", "move"],
  ["click", "select, and show what is known about it"],
  ["double click", "fly there"],
];

const SHOWN: Readonly<Record<string, string>> = {
  ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", " ": "Space", Escape: "Esc",
};

export function help(desk: Desk): void {
  const close = (): void => desk.state.send({ kind: "show", panel: "help", shown: false });
  const table = make("dl", { class: "keys" });
  const dialog = make("dialog", { class: "help", set: { "aria-label": "Keys and help" } }, [
    make("h2", { text: "Finding your way", set: { tabindex: "-1", autofocus: "" } }),
    table,
    make("button", { class: "button wide", text: "Close", set: { type: "button" }, on: { click: close } }),
  ]);
  dialog.addEventListener("close", close);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) {
      close();
    }
  });
  desk.slots.over.append(dialog);
  const fill = (): void => {
    clear(table);
    const keys = desk.keys.all.map((shortcut) => [keysOf(shortcut).map((key) => SHOWN[key] ?? key), shortcut.says] as const);
    for (const [names, says] of [...GESTURES.map(([name, says]) => [[name], says] as const), ...keys]) {
      table.append(
        make("dt", {}, names.map((name) => make("kbd", { text: name }))),
        make("dd", { text: says }),
      );
    }
  };
  desk.state.listen((now, before) => {
    if (now.shown === before.shown) {
      return;
    }
    const shown = now.shown.has("help");
    if (shown && !dialog.open) {
      fill();
      dialog.showModal();
    } else if (!shown && dialog.open) {
      dialog.close();
    }
  });
}
