/** The model as a tree. Only the rows on the screen are elements, however many there are. */
import type { Columns } from "../columns.ts";
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";
import { Tree } from "./tree.ts";
import type { Row } from "./tree.ts";

const ROW = 24; // px
const SPARE = 6; // rows above and below the screen

export function outline(desk: Desk): void {
  const rows = make("div", { class: "tree-rows" });
  const scroller = make("div", {
    class: "tree", set: { role: "tree", tabindex: "0", "aria-label": "Outline of the model" },
  }, [rows]);
  const panel = make("section", { class: "panel outline", set: { "aria-label": "Outline" } }, [scroller]);
  panel.hidden = true;
  desk.slots.left.append(panel);
  let tree: Tree | undefined;
  let columns: Columns | undefined;
  let active = 0;

  const open = async (): Promise<void> => {
    panel.hidden = false;
    if (tree === undefined) {
      columns = await desk.columns();
      tree = new Tree(columns);
    }
    follow();
  };
  const wordsOf = (row: Row): { name: string; op: string } => {
    if (columns === undefined) {
      return { name: "", op: "" };
    }
    if (row.item >= 0) {
      return { name: columns.name(row.item), op: columns.op(row.item) };
    }
    return { name: columns.groupName(~row.item) || desk.head.model.name, op: columns.groupOpName(~row.item) };
  };
  const rowElement = (row: Row, at: number): HTMLElement => {
    const { name, op } = wordsOf(row);
    const selected = desk.state.now.selection?.item === row.item;
    const opened = row.item < 0 ? String(tree?.isOpen(row.item) ?? false) : undefined;
    const element = make("div", {
      class: `tree-row${selected ? " selected" : ""}${at === active ? " active" : ""}${row.item === ~desk.state.now.current ? " current" : ""}`,
      title: op === "" ? name : `${name} · ${op}`,
      set: {
        role: "treeitem", id: `row-${at}`, "aria-level": String(row.depth + 1), "aria-selected": String(selected),
        "aria-expanded": opened, "aria-setsize": String(row.siblings), "aria-posinset": String(row.place + 1),
      },
    }, [
      make("span", { class: "twist", text: opened === undefined ? "" : opened === "true" ? "▾" : "▸" }),
      make("span", { class: "tree-name", text: name }),
      make("span", { class: "tree-op", text: op }),
    ]);
    element.style.top = `${at * ROW}px`;
    element.style.paddingLeft = `${6 + Math.min(row.depth, 12) * 14}px`;
    return element;
  };
  const draw = (): void => {
    if (tree === undefined || panel.hidden) {
      return;
    }
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - SPARE);
    const last = Math.min(tree.rows.length, Math.ceil((scroller.scrollTop + scroller.clientHeight) / ROW) + SPARE);
    clear(rows);
    rows.style.height = `${tree.rows.length * ROW}px`;
    for (let at = first; at < last; at++) {
      rows.append(rowElement(tree.rows[at] as Row, at));
    }
    scroller.setAttribute("aria-activedescendant", `row-${active}`);
  };
  const bring = (at: number): void => {
    const top = at * ROW;
    if (top < scroller.scrollTop || top + ROW > scroller.scrollTop + scroller.clientHeight) {
      scroller.scrollTop = Math.max(0, top - scroller.clientHeight / 3);
    }
  };
  /** Show what is selected, or else the group that fills the screen. */
  const follow = (): void => {
    if (tree === undefined || panel.hidden) {
      return;
    }
    const { selection, current } = desk.state.now;
    const at = tree.reveal(selection?.item ?? ~current);
    if (at >= 0) {
      active = at;
      bring(at);
    }
    draw();
  };
  const activate = (at: number, fly: boolean): void => {
    const row = tree?.rows[at];
    if (row === undefined) {
      return;
    }
    active = at;
    if (fly) {
      void desk.flyTo(row.item);
    }
    bring(at);
    draw();
  };
  const toggle = (at: number): void => {
    tree?.toggle(at);
    active = at;
    draw();
  };

  scroller.addEventListener("scroll", draw, { passive: true });
  scroller.addEventListener("click", (event) => {
    const at = Math.floor((event.clientY - scroller.getBoundingClientRect().top + scroller.scrollTop) / ROW);
    const twist = event.target instanceof HTMLElement && event.target.classList.contains("twist");
    if (twist && (tree?.rows[at]?.item ?? 0) < 0) {
      toggle(at);
    } else {
      activate(at, true);
    }
  });
  scroller.addEventListener("keydown", (event) => {
    const row = tree?.rows[active];
    if (tree === undefined || row === undefined) {
      return;
    }
    const opened = row.item < 0 && tree.isOpen(row.item);
    const moves: Record<string, () => void> = {
      ArrowDown: () => activate(Math.min(tree!.rows.length - 1, active + 1), false),
      ArrowUp: () => activate(Math.max(0, active - 1), false),
      Home: () => activate(0, false),
      End: () => activate(tree!.rows.length - 1, false),
      ArrowRight: () => (row.item < 0 && !opened ? toggle(active) : activate(active + 1, false)),
      ArrowLeft: () => (opened ? toggle(active) : activate(tree!.parentOf(active), false)),
      Enter: () => activate(active, true),
    };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      move();
    }
  });
  desk.state.listen((now, before) => {
    const shown = now.shown.has("outline");
    if (shown !== before.shown.has("outline")) {
      if (shown) {
        void open();
      } else {
        panel.hidden = true;
      }
    } else if (now.selection !== before.selection) {
      follow();
    }
  });
  desk.onRest(() => {
    if (desk.state.now.selection === undefined) {
      follow();
    }
  });
}
