/** What the selected layer made of the input on which the model was run; of two inputs, beside one another. */
import { openContainer } from "../columns.ts";
import type { InsideNode, InsideOutput } from "../inside_contract.ts";
import type { InsideSource, LiveSource } from "../data/source.ts";
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import { card, toggle } from "./card.ts";
import { barChart, heatMap, histogramChart } from "./charts.ts";
import { mapGrid } from "./maps.ts";
import type { Scaling, Strand } from "./maps.ts";
import { statsTable } from "./weights.ts";

const BINS = 64;
const PAGE = 64; // maps of one input
const PAGE_OF_TWO = 16;
const SOURCES = ["first", "second", "first − second"];

export function insidePanel(desk: Desk): void {
  const { live } = desk.source;
  if (live === undefined || desk.head.live.inside === 0) {
    return; // the model was not run
  }
  desk.slots.tools.prepend(iconButton("inside", "What layers make of the input", () => toggle(desk, "inside"), "v"));
  desk.keys.add({ key: "v", says: "what the selected layer makes of the input", run: () => toggle(desk, "inside") });
  new InsidePanel(desk, live);
  desk.state.send({ kind: "show", panel: "inside", shown: true });
}

/** What is looked at, as far as it stays the same from layer to layer. */
interface Look {
  scaling: Scaling;
  example: number;
}

class InsidePanel {
  readonly #status: HTMLElement;
  readonly #details: HTMLElement;
  readonly #look: Look = { scaling: "each", example: 0 };
  /** What the answers that arrive belong to: later questions make earlier answers void. */
  #turn = 0;

  constructor(readonly desk: Desk, readonly live: LiveSource) {
    const made = card(desk, desk.slots.right, "inside", "What it made");
    this.#status = make("p", { class: "weights-of", set: { role: "status" } });
    this.#details = make("div", { class: "weight-details" });
    made.body.append(this.#status, this.#details);
    made.onShow(() => void this.#show());
    desk.state.listen((now, before) => {
      if (now.shown.has("inside") && now.selection?.item !== before.selection?.item) {
        void this.#show();
      }
    });
  }

  async #show(): Promise<void> {
    const turn = ++this.#turn;
    const item = this.desk.state.now.selection?.item;
    if (item === undefined) {
      clear(this.#details);
      this.#status.textContent = "Choose a layer to see what it made. The arrow keys walk from layer to layer.";
      return;
    }
    try {
      const node = await this.#nodeOf(item);
      const found = node === undefined ? undefined : await this.live.inside.node(node);
      if (turn === this.#turn) {
        this.#fill(item, found);
      }
    } catch (error) {
      if (turn === this.#turn) {
        this.#fail((error as Error).message);
      }
    }
  }

  /** A layer itself; of a group, the layer whose output leaves it last. */
  async #nodeOf(item: number): Promise<number | undefined> {
    if (item >= 0) {
      return item;
    }
    const { outputs } = await this.live.group(~item);
    return outputs[outputs.length - 1]?.node;
  }

  #fail(words: string): void {
    clear(this.#details);
    this.#status.textContent = words;
  }

  #fill(item: number, found: InsideNode | undefined): void {
    const name = this.desk.nameOf(item);
    clear(this.#details);
    if (found === undefined || found.outputs.length === 0) {
      this.#status.textContent = `${name}: ${found === undefined ? "nothing leaves this group" : found.missing}`;
      return;
    }
    const inputs = found.inputs.length > 1 ? found.inputs.map((words, at) => `${SOURCES[at]}: ${words}`).join(" · ") : (found.inputs[0] ?? "");
    this.#status.textContent = `${name}, of ${inputs}`;
    const place = make("div", { class: "weight-details" });
    const open = (output: InsideOutput): void => {
      new OutputView(this.desk, this.live, place, output, this.#look, () => this.#turn);
    };
    if (found.outputs.length > 1) {
      this.#details.append(choice("Output", found.outputs.map(titleOf), 0, (at) => open(found.outputs[at] as InsideOutput)));
    }
    this.#details.append(place);
    open(found.outputs[0] as InsideOutput);
  }
}

/** "output 1" or "attention weights". */
function titleOf(output: InsideOutput): string {
  return output.role === "scores" ? "attention weights" : `output ${output.port}`;
}

/** Buttons of which one is pressed. */
function choice(label: string, words: readonly string[], chosen: number, choose: (at: number) => void): HTMLElement {
  const buttons = words.map((text, at) => {
    const made = make("button", { class: "button", text, set: { type: "button", "aria-pressed": String(at === chosen) } });
    made.addEventListener("click", () => {
      buttons.forEach((one, other) => one.setAttribute("aria-pressed", String(other === at)));
      choose(at);
    });
    return made;
  });
  return make("div", { class: "choices", set: { role: "group", "aria-label": label } }, buttons);
}

/** One output: pictures of its values, numbers, histogram. */
class OutputView {
  readonly #inside: InsideSource;
  readonly #codes: readonly number[];
  readonly #pictures = make("div", { class: "inside-pictures" });
  readonly #note = make("p", { class: "weights-note", set: { role: "status" } });
  readonly #one = make("div", { class: "inside-one" });
  readonly #at: number[];
  #first = 0;
  #chosen = -1;

  constructor(
    readonly desk: Desk, readonly live: LiveSource, readonly place: HTMLElement, readonly output: InsideOutput,
    readonly look: Look, readonly turn: () => number,
  ) {
    this.#inside = live.inside;
    this.#codes = [0, 1, 2].filter((source) => output.there[source]).map((source) => output.code + source);
    const { shape } = output;
    this.#at = shape.map((size, axis) => (axis === 0 && shape.length > 1 ? Math.min(look.example, size - 1) : 0));
    const title = `${shape.length === 0 ? "one number" : shape.join(" × ")} · ${output.dtype}${output.role === "scores" ? " · weights of the attention, one map a head" : ""}`;
    clear(place);
    place.append(make("p", { class: "weight-facts", text: title }));
    if (output.values && shape.length > 0 && !shape.includes(0)) {
      place.append(this.#controls(), this.#note, this.#pictures, this.#one);
      void this.#draw();
    } else if (!output.values) {
      place.append(make("p", { class: "weights-absent", text: "It is too large to be kept: there are numbers about it, and no values." }));
    }
    void this.#numbers();
  }

  get #page(): number {
    return this.#codes.length > 1 ? PAGE_OF_TWO : PAGE;
  }

  #strandTitle(code: number): string {
    return this.#codes.length > 1 ? (SOURCES[code - this.output.code] as string) : "";
  }

  /** Example, places in dimensions that no picture shows, page and colours. */
  #controls(): HTMLElement {
    const { shape, axes } = this.output;
    const shown = axes.length > 0 ? axes : shape.length > 1 ? [shape.length - 1, shape.length > 2 ? shape.length - 2 : -1] : [0];
    const made: HTMLElement[] = [];
    shape.forEach((size, axis) => {
      if (size > 1 && !shown.includes(axis)) {
        made.push(this.#stepper(axis === 0 ? "example" : `axis ${axis}`, size, axis));
      }
    });
    if (axes.length > 0) {
      const scales: Scaling[] = ["each", "all"];
      made.push(choice("Colours", ["each map", "all alike"], scales.indexOf(this.look.scaling), (at) => {
        this.look.scaling = scales[at] as Scaling;
        void this.#draw();
      }));
      const count = shape[axes[0] as number] as number;
      if (count > this.#page) {
        made.push(this.#pager(count));
      }
    }
    return make("div", { class: "slice-controls" }, made);
  }

  #stepper(words: string, size: number, axis: number): HTMLElement {
    const input = make("input", { set: { type: "number", min: "0", max: String(size - 1), value: String(this.#at[axis]) } });
    input.addEventListener("input", () => {
      this.#at[axis] = Math.min(size - 1, Math.max(0, Math.floor(input.valueAsNumber) || 0));
      if (axis === 0) {
        this.look.example = this.#at[axis] as number;
      }
      void this.#draw();
    });
    return make("label", {}, [`${words} `, input, ` of ${size}`]);
  }

  #pager(count: number): HTMLElement {
    const words = make("span", { class: "pager-words" });
    const tell = (): void => {
      words.textContent = `maps ${this.#first}–${Math.min(count, this.#first + this.#page) - 1} of ${count}`;
    };
    const turn = (step: number): void => {
      const pages = Math.ceil(count / this.#page);
      this.#first = ((this.#first / this.#page + step + pages) % pages) * this.#page;
      tell();
      void this.#draw();
    };
    const button = (text: string, label: string, step: number): HTMLElement =>
      make("button", { class: "button", text, title: label, set: { type: "button", "aria-label": label }, on: { click: () => turn(step) } });
    tell();
    return make("div", { class: "pager" }, [button("‹", "Maps before", -1), words, button("›", "Next maps", 1)]);
  }

  async #draw(): Promise<void> {
    const turn = this.turn();
    try {
      const found = this.output.axes.length > 0 ? await this.#maps() : await this.#slices();
      if (turn === this.turn()) {
        this.#note.textContent = "";
        this.#pictures.replaceChildren(...found);
      }
    } catch (error) {
      this.#note.textContent = (error as Error).message;
    }
  }

  async #maps(): Promise<HTMLElement[]> {
    const { axes } = this.output;
    const answers = await Promise.all(this.#codes.map((code) => this.#inside.maps(code, axes, this.#at, this.#first, this.#page)));
    const strands: Strand[] = answers.map((answer, at) => ({ title: this.#strandTitle(this.#codes[at] as number), box: openContainer(answer) }));
    const choose = (map: number): void => {
      this.#chosen = this.#chosen === map ? -1 : map;
      for (const [at, cell] of [...this.#pictures.querySelectorAll(".map-cell")].entries()) {
        cell.setAttribute("aria-pressed", String(this.#first + at === this.#chosen));
      }
      void this.#enlarge();
    };
    void this.#enlarge();
    return [mapGrid(strands, this.look.scaling, this.#chosen, choose)];
  }

  /** The map that was clicked, large and with its values. */
  async #enlarge(): Promise<void> {
    const turn = this.turn();
    if (this.#chosen < 0) {
      clear(this.#one);
      return;
    }
    const [channel, rows, columns] = this.output.axes as [number, number, number];
    const at = this.#at.map((place, axis) => (axis === channel ? this.#chosen : place));
    const found = await this.#figures(rows, columns, at);
    if (turn === this.turn()) {
      this.#one.replaceChildren(make("h4", { text: `Map ${this.#chosen}` }), ...found);
    }
  }

  /** Rows of an embedding or a sequence as a matrix, a vector as bars. */
  #slices(): Promise<HTMLElement[]> {
    const rank = this.output.shape.length;
    return rank > 2 ? this.#figures(rank - 2, rank - 1, this.#at) : this.#figures(-1, rank - 1, this.#at);
  }

  async #figures(rows: number, columns: number, at: readonly number[]): Promise<HTMLElement[]> {
    const answers = await Promise.all(this.#codes.map((code) => this.#inside.slice(code, rows, columns, at)));
    return answers.flatMap((answer, number) => {
      const box = openContainer(answer);
      const figure = rows < 0 ? barChart(box) : heatMap(box, this.output.shape, rows, columns);
      const title = this.#strandTitle(this.#codes[number] as number);
      return title === "" ? [figure] : [make("h4", { text: title }), figure];
    });
  }

  async #numbers(): Promise<void> {
    const turn = this.turn();
    try {
      const found = await Promise.all(this.#codes.map(async (code) => ({
        code, stats: await this.#inside.stats(code), histogram: await this.#inside.histogram(code, BINS),
      })));
      if (turn !== this.turn()) {
        return;
      }
      for (const { code, stats, histogram } of found) {
        const title = this.#strandTitle(code);
        this.place.append(make("h4", { text: title === "" ? "Values" : `Values, ${title}` }), statsTable(stats), histogramChart(histogram));
      }
      this.#offer();
    } catch (error) {
      this.place.append(make("p", { class: "problem", text: (error as Error).message }));
    }
  }

  #offer(): void {
    if (!this.output.values) {
      return;
    }
    const link = make("a", { class: "button wide", text: "Save as .npy", title: "Save this output as a NumPy file" });
    this.live.offer(link, "inside/npy", { code: this.output.code }, "output.npy");
    this.place.append(link);
  }
}
