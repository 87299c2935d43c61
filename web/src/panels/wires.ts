/** The switch that makes wires as wide as their tensors, and what the widths mean. */
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";
import { levelsFrom, WEIGHTS } from "../paint/widths.ts";
import { shortNumber } from "../colour/scale.ts";
import { wireScale } from "../wires.ts";

const THIN = 1.3; // px of an ordinary wire

/** A row for the card of colours. */
export function wireLegend(desk: Desk): HTMLElement {
  const box = make("input", { set: { type: "checkbox" } });
  box.addEventListener("change", () => desk.state.send({ kind: "wide", wide: box.checked }));
  const scale = make("div", { class: "wire-scale" });
  const refresh = (): void => {
    const { wide } = desk.state.now;
    box.checked = wide;
    scale.hidden = !wide;
    if (wide && scale.childElementCount === 0) {
      void desk.columns().then((columns) => {
        clear(scale);
        const range = wireScale(columns);
        if (range === undefined) {
          scale.append("No shapes are known.");
          return;
        }
        scale.append(...levelsFrom(range).map((least, level) => sample(level, level === 0 ? `${shortNumber(least, "")} …` : shortNumber(least, ""))));
        scale.setAttribute("aria-label", `Elements of a tensor at batch size 1, from ${shortNumber(range.low, "")} to ${shortNumber(range.high, "")}`);
      }, () => undefined);
    }
  };
  desk.state.listen((now, before) => {
    if (now.wide !== before.wide) {
      refresh();
    }
  });
  refresh();
  const title = "On a logarithmic scale of the elements of a tensor, at batch size 1";
  return make("div", { class: "wire-legend" }, [
    make("label", { class: "legend-row", title }, [box, "Wires as wide as their tensors are large"]), scale,
  ]);
}

function sample(level: number, words: string): HTMLElement {
  const line = make("span", { class: "wire-line", set: { "aria-hidden": "true" } });
  line.style.height = `${(WEIGHTS[level] as number) * THIN}px`;
  return make("span", { class: "wire-sample" }, [line, words]);
}
