/** The buttons at the top right. */
import type { Desk } from "../desk.ts";
import { iconButton } from "../icons.ts";
import type { PanelName, ThemeChoice } from "../state.ts";
import { themeOf } from "../state.ts";

const STEP = 1.6;

export function toolbar(desk: Desk): void {
  const { eye, state, slots } = desk;
  const zoom = (factor: number) => (): void => {
    eye.zoom(factor, eye.viewport.width / 2, eye.viewport.height / 2);
  };
  const toggle = (panel: PanelName) => (): void => {
    state.send({ kind: "show", panel, shown: !state.now.shown.has(panel) });
  };
  const turn = (): void => {
    const next: ThemeChoice = themeOf(state.now, desk.head.theme) === "dark" ? "light" : "dark";
    state.send({ kind: "theme", theme: next });
  };
  const outline = iconButton("outline", "Outline", toggle("outline"), "o");
  slots.path.before(outline);
  const further = iconButton("further", "Further away", zoom(1 / STEP), "-");
  const closer = iconButton("closer", "Closer", zoom(STEP), "+");
  further.classList.add("by-pinch");
  closer.classList.add("by-pinch");
  slots.tools.append(
    iconButton("fit", "Show the whole model", () => void desk.flyTo(~0, { select: false }), "0"),
    further,
    closer,
    iconButton("theme", "Light or dark", turn, "d"),
    iconButton("help", "Keys and help", toggle("help"), "?"),
  );
  desk.keys.add(
    { key: "o", says: "outline", run: toggle("outline") },
    { key: "d", says: "light or dark", run: turn },
    { key: "?", says: "this help", run: toggle("help") },
  );
  const mark = (): void => outline.setAttribute("aria-pressed", String(state.now.shown.has("outline")));
  state.listen(mark);
  mark();
}
