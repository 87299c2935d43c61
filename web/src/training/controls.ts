/** What all charts share: x, smoothing, logarithms, outliers, and a filter for their names. */
import { make } from "../dom.ts";
import type { App } from "./app.ts";
import type { Axis } from "./server.ts";
import type { View } from "./view.ts";

const AXES: readonly (readonly [Axis, string])[] = [
  ["step", "Step"], ["relative", "Time since start"], ["wall", "Clock time"], ["epoch", "Epoch"],
];
const MOST_SMOOTHING = 0.999;

export function controls(app: App): HTMLElement {
  const filter = make("input", { class: "field", set: { type: "search", placeholder: "Filter charts (regex)", "aria-label": "Filter charts by name, a regular expression" } });
  filter.addEventListener("input", () => app.set({ tagFilter: filter.value }));
  const axis = make("select", { class: "field", set: { "aria-label": "Horizontal axis" } }, AXES.map(([value, text]) => make("option", { text, set: { value } })));
  axis.addEventListener("change", () => app.set({ axis: axis.value as Axis, zooms: new Map() }));
  const slider = make("input", { set: { type: "range", min: "0", max: "0.99", step: "0.01", "aria-label": "Smoothing" } });
  const number = make("input", { class: "field small", set: { type: "number", min: "0", max: String(MOST_SMOOTHING), step: "0.01", "aria-label": "Smoothing, as a number" } });
  for (const input of [slider, number]) {
    input.addEventListener("input", () => {
      const value = Number(input.value);
      if (input.value !== "" && value >= 0 && value < 1) app.set({ smoothing: Math.min(MOST_SMOOTHING, value) });
    });
  }
  const boxes = [
    check("log x", "Logarithmic horizontal axis", (on) => app.set({ logX: on }), (view) => view.logX),
    check("log y", "Logarithmic vertical axis", (on) => app.set({ logY: on }), (view) => view.logY),
    check("ignore outliers", "Scale to the values between the 5th and the 95th percentile", (on) => app.set({ outliers: on }), (view) => view.outliers),
  ];
  const show = (view: View): void => {
    if (document.activeElement !== filter) filter.value = view.tagFilter;
    axis.value = view.axis;
    slider.value = String(view.smoothing);
    if (document.activeElement !== number) number.value = String(view.smoothing);
    for (const box of boxes) box.show(view);
  };
  app.onView(show, "tagFilter", "axis", "smoothing", "logX", "logY", "outliers");
  show(app.view);
  return make("div", { class: "controls", set: { role: "toolbar", "aria-label": "Charts" } }, [
    filter, axis, make("label", { class: "smooth" }, ["Smoothing", slider, number]), ...boxes.map(({ element }) => element),
  ]);
}

interface Box {
  readonly element: HTMLElement;
  show(view: View): void;
}

function check(text: string, title: string, run: (on: boolean) => void, read: (view: View) => boolean): Box {
  const input = make("input", { set: { type: "checkbox" } });
  input.addEventListener("change", () => run(input.checked));
  return {
    element: make("label", { class: "check", title }, [input, text]),
    show: (view) => {
      input.checked = read(view);
    },
  };
}
