/** The legend: what is coloured by what, its scale or labels, the range that is shown, and the user's own tables. */
import { shortNumber, valueAt } from "../colour/scale.ts";
import type { Coloured, ColourChoice, LegendEntry } from "../colour/colouring.ts";
import type { Desk } from "../desk.ts";
import { button, clear, make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import { card, toggle } from "./card.ts";
import type { Colourer } from "./colouring.ts";
import { wireLegend } from "./wires.ts";

const STEPS = 1000; // of a range slider
const MOST_LABELS = 60; // rows of labels; the rest is counted
const ROLLUPS = { sum: "sum", max: "greatest", mean: "mean" } as const;

export function legendPanel(desk: Desk, colourer: Colourer): void {
  desk.slots.tools.prepend(iconButton("colours", "Colours", () => toggle(desk, "colour"), "c"));
  desk.keys.add({ key: "c", says: "colours and their legend", run: () => toggle(desk, "colour") });
  new Legend(desk, colourer);
}

class Legend {
  readonly #source: HTMLSelectElement;
  readonly #scale: HTMLElement;
  readonly #status: HTMLElement;
  /** What became of the user's own table. */
  readonly #note: HTMLElement;
  readonly #file: HTMLInputElement;
  #shownFor = "";

  constructor(readonly desk: Desk, readonly colourer: Colourer) {
    const made = card(desk, desk.slots.bottom, "colour", "Colours");
    this.#source = make("select", { set: { "aria-label": "Colour by" } });
    this.#source.addEventListener("change", () => colourer.choose({ source: this.#source.value }));
    this.#scale = make("div", { class: "legend-scale" });
    this.#status = make("p", { class: "legend-status", set: { role: "status", "aria-live": "polite" } });
    this.#note = make("p", { class: "legend-note", set: { role: "status", "aria-live": "polite" } });
    this.#note.hidden = true;
    this.#file = make("input", { set: { type: "file", accept: ".csv,.tsv,.txt,.json", tabindex: "-1", "aria-hidden": "true" } });
    this.#file.hidden = true;
    this.#file.addEventListener("change", () => void this.#read(this.#file.files));
    const tools = make("div", { class: "legend-tools" }, [
      button("Table", "The same numbers as a table (b)", () => toggle(desk, "table"), "wide"),
      button("Own table …", "Colour by a CSV or JSON file with a value per layer; or drop one on the page", () => this.#file.click(), "wide"),
      this.#file,
    ]);
    made.body.append(make("label", { class: "legend-by" }, ["Colour by ", this.#source]), this.#scale, this.#status, this.#note, wireLegend(desk), tools);
    made.onShow(() => {
      colourer.choose(colourer.choice);
      this.#source.focus();
    });
    colourer.listen(() => this.#refresh());
    this.#listenToDrops();
  }

  #refresh(): void {
    const { sources, coloured } = this.colourer;
    clear(this.#source);
    const option = (id: string, text: string): HTMLOptionElement => make("option", { text, set: { value: id } });
    const own = sources.filter((source) => source.own === true);
    this.#source.append(...sources.filter((source) => source.own !== true).map(({ id, title }) => option(id, title)));
    if (own.length > 0) {
      const group = make("optgroup", { set: { label: "Own tables" } }, own.map(({ id, title }) => option(id, title)));
      this.#source.append(group);
    }
    if (coloured === undefined) {
      return;
    }
    this.#source.value = coloured.source.id;
    if (this.#shownFor !== coloured.source.id || this.#scale.childElementCount === 0 || coloured.scale === null) {
      this.#build(coloured);
    }
    this.#update(coloured);
  }

  /** Makes the controls of a source; while it stays, they are only updated, so that a slider keeps its hand. */
  #build(coloured: Coloured): void {
    this.#shownFor = coloured.source.id;
    const focused = (document.activeElement as HTMLElement | null)?.dataset["label"];
    clear(this.#scale);
    if (coloured.scale === null) {
      this.#scale.append(this.#labels(coloured));
      const again = [...this.#scale.querySelectorAll<HTMLElement>("input")].find((box) => box.dataset["label"] === focused);
      if (focused !== undefined) {
        again?.focus();
      }
    } else {
      this.#scale.append(...this.#numbers(coloured));
    }
  }

  #numbers(coloured: Coloured): HTMLElement[] {
    const bar = make("div", { class: "legend-bar", set: { role: "img" } });
    const axis = (kind: string): HTMLElement => make("div", { class: `legend-axis ${kind}`, set: { "aria-hidden": "true" } });
    const low = this.#slider("Least value that is coloured", 0);
    const high = this.#slider("Greatest value that is coloured", STEPS);
    const rollup = make("select", { class: "legend-rollup", set: { "aria-label": "Groups show" } },
      Object.entries(ROLLUPS).map(([value, text]) => make("option", { text, set: { value } })));
    rollup.value = coloured.rollup;
    rollup.addEventListener("change", () => this.#change({ rollup: rollup.value as keyof typeof ROLLUPS }));
    const spread = make("select", { class: "legend-spread", set: { "aria-label": "Scale" } },
      ["linear", "log"].map((value) => make("option", { text: value === "log" ? "logarithmic" : value, set: { value } })));
    spread.addEventListener("change", () => this.#change({ spread: spread.value as "linear" | "log" }));
    return [
      axis("of-groups"), bar, axis("of-layers"), make("div", { class: "legend-range" }, [low, high]),
      make("div", { class: "legend-options" }, [make("label", {}, ["Groups: ", rollup]), make("label", {}, ["Scale: ", spread])]),
    ];
  }

  #slider(label: string, value: number): HTMLInputElement {
    const slider = make("input", { set: { type: "range", min: "0", max: String(STEPS), value: String(value), "aria-label": label } });
    slider.addEventListener("input", () => this.#slide());
    return slider;
  }

  #slide(): void {
    const scale = this.colourer.coloured?.scale;
    const [low, high] = this.#scale.querySelectorAll<HTMLInputElement>("input[type=range]");
    if (scale === null || scale === undefined || low === undefined || high === undefined) {
      return;
    }
    const from = Math.min(low.valueAsNumber, high.valueAsNumber);
    const to = Math.max(low.valueAsNumber, high.valueAsNumber);
    const ends = [from === 0 ? -Infinity : valueAt(scale, from / STEPS), to === STEPS ? Infinity : valueAt(scale, to / STEPS)] as const;
    const { range: _, ...others } = this.colourer.choice;
    this.colourer.choose(from === 0 && to === STEPS ? others : { ...others, range: ends });
  }

  #change(choice: Partial<ColourChoice>): void {
    this.colourer.choose({ ...this.colourer.choice, ...choice });
  }

  #update(coloured: Coloured): void {
    const { scale, colours, source, choice, legend, known, shown } = coloured;
    const nodes = this.colourer.columns?.nodes ?? 0;
    const count = (value: number): string => value.toLocaleString("en");
    const parts = [`${count(known)} of ${count(nodes)} layers have a value`];
    if (scale !== null) {
      const bar = this.#scale.querySelector(".legend-bar") as HTMLElement;
      bar.style.background = `linear-gradient(to right, ${colours.join(", ")}) border-box`;
      bar.setAttribute("aria-label", `From ${shortNumber(scale.low, source.unit)} to ${shortNumber(scale.high, source.unit)}`);
      this.#ticks(".of-layers", coloured.groupScale === null ? "" : "layers", legend);
      this.#ticks(".of-groups", "groups", coloured.groupLegend);
      (this.#scale.querySelector(".legend-spread") as HTMLSelectElement).value = scale.spread;
      const sliders = this.#scale.querySelectorAll<HTMLInputElement>("input[type=range]");
      for (const slider of sliders) {
        slider.setAttribute("aria-valuetext", shortNumber(valueAt(scale, slider.valueAsNumber / STEPS), source.unit));
      }
      if (choice.range !== undefined) {
        const [from, to] = choice.range;
        const low = shortNumber(Math.max(from, scale.low), source.unit);
        const high = shortNumber(Math.min(to, scale.high), source.unit);
        parts.splice(0, 1, `${count(shown)} of ${count(known)} layers from ${low} to ${high}`);
      }
    } else if ((choice.hidden ?? []).length > 0) {
      parts.splice(0, 1, `${count(shown)} of ${count(known)} layers`);
    } else {
      parts.splice(0, 1, `${count(legend.length)} ${legend.length === 1 ? "label" : "labels"}, ${count(known)} layers`);
    }
    this.#status.textContent = parts.join("; ");
  }

  /** Words along the bar: below it the values of layers, above it those of groups. */
  #ticks(selector: string, what: string, legend: readonly LegendEntry[]): void {
    const axis = this.#scale.querySelector(selector) as HTMLElement;
    clear(axis);
    axis.hidden = legend.length === 0;
    if (what !== "") {
      axis.append(make("span", { class: "axis-name", text: what }));
    }
    let taken = -1;
    for (const { label, at } of legend) {
      if (at - taken < 0.14) {
        continue; // no room for its words
      }
      taken = at;
      const tick = make("span", { class: at < 0.05 ? "tick first" : at > 0.93 ? "tick last" : "tick", text: label });
      tick.style.left = `${at * 100}%`;
      axis.append(tick);
    }
  }

  #labels({ legend, choice }: Coloured): HTMLElement {
    const hidden = new Set(choice.hidden ?? []);
    const rows = legend.slice(0, MOST_LABELS).map(({ label, fill, count }) => {
      const box = make("input", { set: { type: "checkbox" } });
      box.checked = !hidden.has(label);
      box.dataset["label"] = label;
      box.addEventListener("change", () => {
        const now = new Set(this.colourer.choice.hidden ?? []);
        if (box.checked) {
          now.delete(label);
        } else {
          now.add(label);
        }
        const { hidden: _, ...others } = this.colourer.choice;
        this.colourer.choose(now.size === 0 ? others : { ...others, hidden: [...now] });
      });
      const swatch = make("span", { class: "swatch", set: { "aria-hidden": "true" } });
      swatch.style.background = fill;
      const words = make("span", { class: "legend-label", text: label, title: label });
      return make("label", { class: "legend-row" }, [box, swatch, words, make("span", { class: "legend-count", text: count.toLocaleString("en") })]);
    });
    const more = legend.length - rows.length;
    if (more > 0) {
      rows.push(make("label", { class: "legend-row", text: `and ${more.toLocaleString("en")} more` }));
    }
    return make("div", { class: "legend-labels", set: { role: "group", "aria-label": "Labels" } }, rows);
  }

  async #read(files: FileList | null | undefined): Promise<void> {
    const file = files?.[0];
    if (file === undefined) {
      return;
    }
    this.desk.state.send({ kind: "show", panel: "colour", shown: true });
    try {
      const { matched, unmatched } = await this.colourer.add(file.name, await file.text());
      const names = `${unmatched.slice(0, 5).join(", ")}${unmatched.length > 5 ? " …" : ""}`;
      const lost = unmatched.length === 0 ? "" : `; ${unmatched.length.toLocaleString("en")} not found: ${names}`;
      const rows = `${matched.toLocaleString("en")} ${matched === 1 ? "row" : "rows"} matched`;
      this.#tell(`${file.name}: ${rows}${lost}`, false);
    } catch (error) {
      this.#tell((error as Error).message, true);
    }
    this.#file.value = "";
  }

  #tell(text: string, problem: boolean): void {
    this.#note.textContent = text;
    this.#note.hidden = text === "";
    this.#note.classList.toggle("problem", problem);
  }

  /** A table can be dropped anywhere on the page. */
  #listenToDrops(): void {
    const { over } = this.desk.slots;
    const page = over.parentElement ?? over;
    page.addEventListener("dragover", (event) => {
      if (event.dataTransfer?.types.includes("Files")) {
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
      }
    });
    page.addEventListener("drop", (event) => {
      if ((event.dataTransfer?.files.length ?? 0) > 0) {
        event.preventDefault();
        void this.#read(event.dataTransfer?.files);
      }
    });
  }
}

