/** `window.cutaway`: what is on the screen, for tests and other programs. It can look and fly, and change nothing. */
import type { Explorer } from "./explorer.ts";

interface VisibleThing {
  readonly id: string;
  readonly kind: "node" | "group";
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function publish(explorer: Explorer): void {
  const api = {
    visible(): VisibleThing[] {
      return explorer.visible().map(({ item, box }) => ({
        id: explorer.names.idOf(item) ?? "",
        kind: item < 0 ? "group" : "node",
        index: item < 0 ? ~item : item,
        x: box.x,
        y: box.y,
        width: box.w,
        height: box.h,
      }));
    },
    camera() {
      const { anchor, x, y, k } = explorer.eye.camera;
      return { group: explorer.names.idOf(~anchor) ?? "", groupIndex: anchor, x, y, scale: k };
    },
    async flyTo(id: string): Promise<boolean> {
      const columns = await explorer.columns();
      const node = columns.nodeById(id);
      const group = node < 0 ? columns.groupById(id) : -1;
      return node < 0 && group < 0 ? false : explorer.flyTo(node >= 0 ? node : ~group);
    },
  };
  Object.defineProperty(window, "cutaway", { value: Object.freeze(api), configurable: true });
}
