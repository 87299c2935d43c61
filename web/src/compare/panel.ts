/** The comparison of two models in the page: marks in the drawing, the list of changes, and the way to both drawings. */
import { make } from "../dom.ts";
import type { Explorer } from "../explorer.ts";
import { iconButton } from "../icons.ts";
import { card, toggle } from "../panels/card.ts";
import type { Compare } from "../contract.ts";
import type { Compared } from "./compared.ts";
import { ChangeList } from "./list.ts";
import { changesOf } from "./looks.ts";
import { Sides } from "./sides.ts";

const NARROW = 720; // px of a page that has no room for a list beside its drawing

export function comparePanel(explorer: Explorer): void {
  const { compare } = explorer.head;
  if (compare !== undefined) {
    void explorer.compared()?.then((compared) => new ComparePanel(explorer, compare, compared));
  }
}

class ComparePanel {
  private readonly list: ChangeList;
  private sides: Sides | undefined;
  private opening = false;

  constructor(
    private readonly explorer: Explorer, private readonly compare: Compare, private readonly compared: Compared,
  ) {
    const { state, keys, slots } = explorer;
    state.send({ kind: "changes", changes: changesOf(compare, compared.states("both")) });
    colour(explorer.stage.root, compare);
    const made = card(explorer, slots.left, "changes", "Changes");
    this.list = new ChangeList(compared, compare, (row) => void explorer.flyTo(compared.row(row).both), false);
    made.body.append(this.list.element);
    slots.tools.prepend(
      modes(false, () => undefined, () => this.choose(true)),
      iconButton("changes", "Changes", () => toggle(explorer, "changes"), "m"),
    );
    keys.add(
      { key: "m", says: "the list of changes", run: () => toggle(explorer, "changes") },
      { key: "]", says: "next change", run: () => this.list.step(1) },
      { key: "[", says: "previous change", run: () => this.list.step(-1) },
      { key: "s", says: "both models side by side, and back", run: () => this.choose(true) },
    );
    state.listen((now, before) => {
      if (now.selection !== before.selection) {
        this.list.choose(now.selection && compared.rowOf("both", now.selection.item));
      }
      if (now.theme !== before.theme || now.systemDark !== before.systemDark) {
        colour(explorer.stage.root, compare);
      }
      if (now.beside !== before.beside) {
        void this.follow();
      }
    });
    void this.follow(); // a permalink may have been read before
    if (window.innerWidth > NARROW) {
      state.send({ kind: "show", panel: "changes", shown: true });
      explorer.resized();
      if (explorer.state.now.selection === undefined && location.hash === "") {
        explorer.eye.jump(explorer.home());
      }
    }
  }

  private choose(beside: boolean): void {
    this.explorer.state.send({ kind: "beside", beside });
  }

  /** Show the models as the state says: side by side, or as one drawing. */
  private async follow(): Promise<void> {
    if (this.opening || this.explorer.ended.aborted) {
      return; // what is being opened looks at the state again
    }
    if (!this.explorer.state.now.beside) {
      this.sides?.close();
    } else if (!this.sides?.root.isConnected) {
      await this.open();
    }
  }

  /** Open both drawings side by side, at the change that is selected. */
  private async open(): Promise<void> {
    this.opening = true;
    try {
      const sides = await Sides.open(this.explorer, this.compared, this.compare);
      this.sides = sides;
      this.furnish(sides);
      const { selection } = this.explorer.state.now;
      const row = selection && this.compared.rowOf("both", selection.item);
      if (row !== undefined) {
        await sides.flyTo(this.compared.row(row));
      }
    } catch (error) {
      this.explorer.state.send({ kind: "notice", text: (error as Error).message });
      this.choose(false);
    } finally {
      this.opening = false;
    }
    await this.follow();
  }

  /** Select a change in the drawing of both too: the address names it, and the way back leads to it. */
  private async select(row: number | undefined): Promise<void> {
    const place = row === undefined ? undefined : await this.explorer.locate(this.compared.row(row).both);
    this.explorer.state.send({ kind: "select", place });
  }

  /** What stands above and beside the two drawings. */
  private furnish(sides: Sides): void {
    const { compare, compared } = this;
    colour(sides.root, compare);
    const list = new ChangeList(compared, compare, (row) => void sides.flyTo(compared.row(row)), true);
    const panel = make("section", { class: "card changes", set: { "aria-label": "Changes" } }, [
      make("div", { class: "card-body" }, [list.element]),
    ]);
    panel.hidden = window.innerWidth <= NARROW;
    sides.aside.append(panel);
    sides.fit(); // the list has taken some of the room
    sides.onChosen((row) => {
      list.choose(row);
      void this.select(row);
    });
    const show = (): void => {
      panel.hidden = !panel.hidden;
    };
    const turn = (): void => {
      sides.turnTheme();
      colour(sides.root, compare);
    };
    const [old, fresh] = compare.names;
    sides.head.append(
      make("h1", { class: "pair-title", text: old === fresh ? `${old}: old and new` : `${old} → ${fresh}` }),
      make("div", { class: "tools", set: { role: "toolbar", "aria-label": "Tools" } }, [
        modes(true, () => this.choose(false), () => undefined),
        iconButton("changes", "Changes", show, "m"),
        iconButton("fit", "Show both models whole", () => sides.home(), "0"),
        iconButton("theme", "Light or dark", turn, "d"),
      ]),
    );
    for (const side of sides.explorers) {
      side.keys.add(
        { key: "m", says: "the list of changes", run: show },
        { key: "]", says: "next change", run: () => list.step(1) },
        { key: "[", says: "previous change", run: () => list.step(-1) },
        { key: "s", says: "back to one drawing", run: () => this.choose(false) },
        { key: "d", says: "light or dark", run: turn },
      );
    }
  }
}

/** The switch between one drawing and two. */
function modes(beside: boolean, one: () => void, two: () => void): HTMLElement {
  const option = (text: string, on: boolean, run: () => void): HTMLElement => make("button", {
    class: "button wide mode", text, title: `${text} (s)`,
    set: { type: "button", "aria-pressed": String(on), "aria-keyshortcuts": "s" }, on: { click: run },
  });
  return make("div", { class: "modes", set: { role: "group", "aria-label": "How the models are shown" } }, [
    option("One drawing", !beside, one), option("Side by side", beside, two),
  ]);
}

/** Give a part of the page the colours of changes in its theme. */
function colour(root: HTMLElement, compare: Compare): void {
  const theme = document.documentElement.dataset["theme"] ?? "light";
  for (const [state, look] of Object.entries(compare.looks)) {
    root.style.setProperty(`--${state}`, look.fills[theme] ?? Object.values(look.fills)[0] ?? "");
    root.style.setProperty(`--${state}-line`, look.strokes[theme] ?? Object.values(look.strokes)[0] ?? "");
  }
}
