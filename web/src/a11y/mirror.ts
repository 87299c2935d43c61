/** The drawing for those who do not see it: a tree of what is on the screen, and a voice that says what is selected. */
import type { Explorer } from "../explorer.ts";
import { make } from "../dom.ts";
import { about, countWords } from "../findings.ts";
import type { Place } from "../state.ts";

const MOST = 150;
const SMALLEST = 6; // px of height: smaller things are not told

export function mirror(explorer: Explorer): void {
  const { state, store, names, slots } = explorer;
  const tree = make("ul", { class: "unseen", set: { role: "tree", "aria-label": "What is drawn" } });
  const voice = make("p", { class: "unseen", set: { role: "status", "aria-live": "polite" } });
  slots.over.append(tree, voice);

  const wordsOf = (group: number, position: number): string =>
    (store.lookOf(group)?.lines[position] ?? []).filter(Boolean).join(", ");
  const foundAt = (item: number): string => {
    const { own, inside } = state.now.findings === undefined ? { own: [], inside: "" } : about(state.now.findings, item);
    const here = countWords([0, 1, 2].map((severity) => own.filter((one) => one.severity === severity).length));
    return `${here && `, ${here}`}${inside && `, inside: ${inside}`}`;
  };
  /** What each row stands for; rows are used again, as new ones with every rest of the camera would pile up. */
  const shown: Place[] = [];
  const row = (at: number): Element => tree.children[at] ?? tree.appendChild(make("li", {
    set: { role: "treeitem" }, on: { click: () => state.send({ kind: "select", place: shown[at] }) },
  }));
  const draw = (): void => {
    const things = explorer.visible().filter((thing) => thing.box.h >= SMALLEST).slice(0, MOST);
    const top = Math.min(...things.map((thing) => store.part(thing.group).depth));
    const open = new Set(things.map((thing) => ~thing.group));
    shown.length = 0;
    for (const { item, group, position } of things) {
      const element = row(shown.length);
      shown.push({ item, group, position });
      const words = wordsOf(group, position);
      if (element.textContent !== words) {
        element.textContent = words;
      }
      attributes(element, {
        "aria-level": String(store.part(group).depth - top + 1),
        "aria-selected": String(state.now.selection?.item === item),
        "aria-expanded": item < 0 ? String(open.has(item)) : undefined,
        "data-item": String(item),
      });
    }
    while (tree.children.length > shown.length) {
      tree.lastElementChild?.remove();
    }
  };
  explorer.onRest(draw);
  state.listen((now, before) => {
    if (now.selection === before.selection) {
      return;
    }
    for (const element of tree.children) {
      const mine = element.getAttribute("data-item") === String(now.selection?.item);
      element.setAttribute("aria-selected", String(mine));
    }
    if (now.selection === undefined) {
      voice.textContent = "";
      return;
    }
    const { group, position, item } = now.selection;
    const around = group === 0 ? explorer.head.model.name : names.nameOf(~group);
    const kind = item < 0 ? "group " : "";
    voice.textContent = `${kind}${wordsOf(group, position) || names.nameOf(item)}, in ${around}${foundAt(item)}`;
  });
  draw();
}

function attributes(element: Element, wanted: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(wanted)) {
    if (value === undefined) {
      element.removeAttribute(name);
    } else if (element.getAttribute(name) !== value) {
      element.setAttribute(name, value);
    }
  }
}
