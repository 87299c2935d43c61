/** Words beside the pointer for what is too small to be read. */
import type { Explorer } from "../explorer.ts";
import { make } from "../dom.ts";

const READABLE = 15; // px of height of a box whose words can be read
const AWAY = 14; // px from the pointer

export function tip(explorer: Explorer): void {
  const { state, stage, store } = explorer;
  const words = make("div", { class: "tip", set: { "aria-hidden": "true" } });
  words.hidden = true;
  stage.drawing.after(words);
  let pointer = { x: 0, y: 0 };
  stage.drawing.addEventListener("pointermove", (event) => {
    const box = stage.drawing.getBoundingClientRect();
    pointer = { x: event.clientX - box.left, y: event.clientY - box.top };
  });
  const show = (): void => {
    const { hover } = state.now;
    const box = hover && explorer.boxOf(hover);
    const lines = hover && store.lookOf(hover.group)?.lines[hover.position];
    words.hidden = box === undefined || lines === undefined || (box.h >= READABLE && hover!.item >= 0) || box.h > 4 * READABLE;
    if (words.hidden) {
      return;
    }
    words.textContent = (lines ?? []).filter(Boolean).join(" · ");
    const { width, height } = explorer.eye.viewport;
    const right = pointer.x + AWAY + words.offsetWidth > width;
    words.style.transform = `translate(${pointer.x + (right ? -AWAY : AWAY)}px, ${Math.min(pointer.y + AWAY, height - 30)}px)` +
      (right ? " translateX(-100%)" : "");
  };
  state.listen((now, before) => {
    if (now.hover !== before.hover) {
      show();
    }
  });
  explorer.onMove(() => {
    words.hidden = true;
  });
}
