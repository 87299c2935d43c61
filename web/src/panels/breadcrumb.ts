/** The path from the model down to the group that fills the screen; each step flies there. */
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";

export function breadcrumb(desk: Desk): void {
  const list = make("ol", { class: "crumbs" });
  desk.slots.path.append(list);
  const draw = (): void => {
    const path = desk.store.path(desk.state.now.current);
    clear(list);
    path.forEach((group, at) => {
      const last = at === path.length - 1;
      const name = group === 0 ? desk.head.model.name || "model" : desk.nameOf(~group);
      const step = make("button", {
        class: "crumb", text: name, title: name,
        set: { type: "button", "aria-current": last ? "location" : undefined },
        on: { click: () => void desk.flyTo(~group, { select: false }) },
      });
      list.append(make("li", {}, [step]));
    });
    list.scrollLeft = list.scrollWidth;
  };
  desk.state.listen((now, before) => {
    if (now.current !== before.current) {
      draw();
    }
  });
  draw();
}
