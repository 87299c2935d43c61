/** `window.cutaway`: what is on the screen, for tests and other programs. It can look and fly, and change nothing. */
import type { Explorer } from "./explorer.ts";
import { ask } from "./find/ask.ts";
import type { FindAnswer } from "./find/ask.ts";

/** A box that is drawn; lengths are px of the page. */
interface VisibleThing {
  readonly id: string;
  readonly kind: "node" | "group";
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What a page answers about one drawing. */
function answersOf(explorer: Explorer) {
  return {
    visible(): VisibleThing[] {
      const { left, top } = explorer.stage.drawing.getBoundingClientRect();
      return explorer.visible().map(({ item, group, position, box }) => ({
        id: explorer.names.idAt({ item, group, position }) ?? "",
        kind: item < 0 ? "group" : "node",
        index: item < 0 ? ~item : item,
        x: left + box.x,
        y: top + box.y,
        width: box.w,
        height: box.h,
      }));
    },
    camera() {
      const { anchor, x, y, k } = explorer.eye.camera;
      return { group: explorer.names.idOf(~anchor) ?? "", groupIndex: anchor, x, y, scale: k };
    },
    async flyTo(id: string): Promise<boolean> {
      const item = explorer.names.loadedById(id) ?? explorer.names.byId(id, await explorer.columns());
      if (item === undefined) {
        return false;
      }
      await explorer.flyTo(item);
      return true;
    },
    async find(query: string): Promise<FindAnswer> {
      return ask(await explorer.columns(), query, () => explorer.source.attributes());
    },
  };
}

/** Let programs ask about a drawing, and about both where two stand side by side. */
export function publish(explorer: Explorer, sides?: { readonly old: Explorer; readonly new: Explorer }): void {
  const both = sides && { sides: Object.freeze({ old: answersOf(sides.old), new: answersOf(sides.new) }) };
  const api = Object.freeze({ ...answersOf(explorer), ...both });
  Object.defineProperty(window, "cutaway", { value: api, configurable: true });
}
