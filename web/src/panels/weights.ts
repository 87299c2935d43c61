/** The weights of what is selected, or of the whole model: a list, and of one weight its numbers and pictures. */
import { openContainer } from "../columns.ts";
import type { Columns, WeightRow } from "../columns.ts";
import { shortNumber } from "../colour/scale.ts";
import type { WeightHistogram, WeightStats } from "../weights_contract.ts";
import { insideOf } from "../data/details.ts";
import type { LiveSource } from "../data/source.ts";
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import type { Item } from "../find/order.ts";
import { nodesOf } from "../trace/trace.ts";
import { card, toggle } from "./card.ts";
import { channelChart, heatMap, histogramChart } from "./charts.ts";
import { VirtualList } from "./virtual.ts";

const ROW = 36; // px
const BINS = 64;
const MOST_OWNERS = 8;
const ABSENT =
  "Values are not in this page: it holds the model's structure only. Open the model itself (cutaway MODEL) to see them.";

export function weightsPanel(desk: Desk): void {
  desk.slots.tools.prepend(iconButton("weights", "Weights", () => toggle(desk, "weights"), "w"));
  desk.keys.add({ key: "w", says: "weights of the selection, or of the whole model", run: () => toggle(desk, "weights") });
  new Weights(desk);
}

/** "3 × 3 × 64"; a scalar has no dimensions. */
function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : shape.join(" × ");
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

class Weights {
  readonly #title: HTMLElement;
  readonly #list: VirtualList;
  readonly #details: HTMLElement;
  #columns: Columns | undefined;
  #codes: readonly number[] = [];
  /** What the answers that arrive belong to: later questions make earlier answers void. */
  #turn = 0;

  constructor(readonly desk: Desk) {
    const made = card(desk, desk.slots.right, "weights", "Weights");
    this.#title = make("p", { class: "weights-of", set: { role: "status" } });
    const rows = {
      rowHeight: ROW,
      count: () => this.#codes.length,
      makeRow: () => this.#makeRow(),
      fill: (row: HTMLElement, index: number) => this.#fill(row, index),
    };
    this.#list = new VirtualList(rows, { class: "weight-rows", set: { role: "listbox", tabindex: "0", "aria-label": "Weights" } });
    this.#list.element.addEventListener("keydown", (event) => this.#key(event));
    this.#details = make("div", { class: "weight-details" });
    made.body.append(this.#title, this.#list.element, this.#details);
    made.onShow(() => void this.#refresh());
    desk.state.listen((now, before) => {
      const shown = now.shown.has("weights");
      if (shown && now.selection?.item !== before.selection?.item) {
        void this.#refresh();
      } else if (shown && now.weight !== before.weight) {
        void this.#open(now.weight);
      }
    });
  }

  async #refresh(): Promise<void> {
    this.#columns ??= await this.desk.columns();
    const columns = this.#columns;
    const selected = this.desk.state.now.selection?.item;
    this.#codes = weightsOf(columns, selected);
    const of = selected === undefined ? "the whole model" : this.desk.nameOf(selected);
    const count = this.#codes.length;
    const sizes = columns.weights.sizes();
    const parameters = this.#codes.reduce((sum, code) => sum + (sizes[code] as number), 0);
    const own = selected !== undefined && selected < 0 ? columns.weightsOfGroup(~selected).length : 0;
    const first = own > 0 && own < count ? `; the first ${own.toLocaleString("en")} are the group's own` : "";
    this.#title.textContent =
      count === 0
        ? `There are no weights in ${of}.`
        : `${count.toLocaleString("en")} ${count === 1 ? "weight" : "weights"} of ${of}; ${shortNumber(parameters)} parameters${first}`;
    this.#list.element.hidden = count === 0;
    this.#list.element.style.height = `${Math.min(5, count) * ROW}px`;
    this.#list.refresh();
    const { weight } = this.desk.state.now;
    const wanted = weight !== undefined && this.#codes.includes(weight) ? weight : count === 1 ? this.#codes[0] : undefined;
    await this.#open(wanted);
  }

  #makeRow(): HTMLElement {
    const row = make("div", { class: "weight-row", set: { role: "option" } }, [
      make("span", { class: "weight-name" }), make("span", { class: "weight-shape" }),
    ]);
    row.addEventListener("click", () => {
      const index = this.#list.indexOf(row);
      this.#choose(index === undefined ? undefined : this.#codes[index]);
    });
    return row;
  }

  #fill(row: HTMLElement, index: number): void {
    const code = this.#codes[index] as number;
    const weight = (this.#columns as Columns).weights.at(code) as WeightRow;
    const [name, shape] = row.children as unknown as [HTMLElement, HTMLElement];
    name.textContent = weight.id || weight.name;
    row.title = weight.id;
    shape.textContent = `${shapeText(weight.shape)} · ${weight.dtype}${weight.trainable ? "" : " · fixed"}`;
    row.setAttribute("aria-selected", String(code === this.desk.state.now.weight));
  }

  #key(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };
    const step = moves[event.key];
    if (step === undefined || this.#codes.length === 0) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const at = this.#codes.indexOf(this.desk.state.now.weight ?? -1);
    const to = Math.min(this.#codes.length - 1, Math.max(0, at + step));
    this.#choose(this.#codes[to]);
    this.#list.reveal(to);
  }

  #choose(code: number | undefined): void {
    this.desk.state.send({ kind: "weight", code });
  }

  /** Shows one weight: what is known at once, then what the server reads of its values. */
  async #open(code: number | undefined): Promise<void> {
    this.#list.refresh();
    const turn = ++this.#turn;
    clear(this.#details);
    const weight = code === undefined ? undefined : this.#columns?.weights.at(code);
    if (code === undefined || weight === undefined) {
      return;
    }
    this.#details.append(make("h3", { text: weight.id || weight.name }), this.#facts(weight), this.#owners(code));
    const { live } = this.desk.source;
    if (live === undefined || !this.desk.head.live.weights) {
      this.#details.append(make("p", { class: "weights-absent", text: ABSENT }));
      return;
    }
    const note = make("p", { class: "weights-note", text: "Reading the values …", set: { role: "status" } });
    this.#details.append(note);
    try {
      const [stats, histogram] = await Promise.all([live.weightStats(code), live.weightHistogram(code, BINS)]);
      if (turn === this.#turn) {
        note.remove();
        this.#values(live, code, weight, stats, histogram);
      }
    } catch (error) {
      note.textContent = (error as Error).message;
      note.classList.add("problem");
    }
  }

  #facts(weight: WeightRow): HTMLElement {
    const count = elements(weight.shape).toLocaleString("en");
    return make("p", { class: "weight-facts", text: `${shapeText(weight.shape)} · ${weight.dtype} · ${count} values · ${weight.trainable ? "trainable" : "fixed"}` });
  }

  /** The layers that use it; each is a link. */
  #owners(code: number): HTMLElement {
    const columns = this.#columns as Columns;
    const owners = ownersOf(columns, code);
    const links = owners.slice(0, MOST_OWNERS).map((item) => {
      const [name, id] = item < 0 ? [columns.groupName(~item), columns.groupId(~item)] : [columns.name(item), columns.id(item)];
      return make("button", { class: "link", text: name || this.desk.head.model.name, title: id, set: { type: "button" }, on: { click: () => void this.desk.flyTo(item) } });
    });
    const more = owners.length - links.length;
    const words = owners.length === 0 ? "used by no layer" : owners.length === 1 ? "used by " : `shared by ${owners.length} layers: `;
    const parts = links.flatMap((link, at) => (at === 0 ? [link] : [", ", link]));
    return make("p", { class: "weight-facts" }, [words, ...parts, more > 0 ? ` and ${more} more` : ""]);
  }

  #values(live: LiveSource, code: number, weight: WeightRow, stats: WeightStats, histogram: WeightHistogram): void {
    const download = make("a", {
      class: "button wide", text: "Save as .npy", title: "Save the values as a NumPy file",
    });
    live.offer(download, "weight/npy", { code }, `${weight.id.replace(/[^A-Za-z0-9]/g, "_").slice(0, 100)}.npy`);
    this.#details.append(
      statsTable(stats),
      make("h4", { text: "Histogram" }), histogramChart(histogram),
    );
    const channels = channelChart(stats.channels);
    if (channels !== undefined && stats.channels !== null) {
      const words = `Range by channel: axis ${stats.channels.axis}, ${stats.channels.min.length} long`;
      this.#details.append(make("h4", { text: words }), channels);
    }
    if (weight.shape.length > 0 && elements(weight.shape) > 1) {
      this.#details.append(make("h4", { text: "Values" }), this.#slices(live, code, weight));
    }
    this.#details.append(download);
  }

  /** The heat map with what chooses its slice. */
  #slices(live: LiveSource, code: number, weight: WeightRow): HTMLElement {
    const rank = weight.shape.length;
    const picture = make("div", { class: "heat" });
    const note = make("p", { class: "weights-note", set: { role: "status" } });
    const at = weight.shape.map(() => 0);
    let rows = rank - 2;
    let columns = rank - 1;
    const controls = make("div", { class: "slice-controls" });
    const draw = async (): Promise<void> => {
      const turn = this.#turn;
      const query = new URLSearchParams({ code: String(code), rows: String(rows), columns: String(columns), at: at.join(",") });
      try {
        const box = openContainer(await live.weightSlice(query.toString()));
        if (turn === this.#turn) {
          clear(picture);
          picture.append(heatMap(box, weight.shape, rows, columns));
          note.textContent = "";
        }
      } catch (error) {
        note.textContent = (error as Error).message;
      }
    };
    const build = (): void => {
      clear(controls);
      if (rank < 2) {
        return;
      }
      const axis = (label: string, value: number, choose: (axis: number) => void): HTMLElement => {
        const options = weight.shape.map((size, number) => make("option", { text: `${number} (${size})`, set: { value: String(number) } }));
        const select = make("select", {}, options);
        select.value = String(value);
        select.addEventListener("change", () => {
          choose(Number(select.value));
          build();
          void draw();
        });
        return make("label", {}, [`${label} `, select]);
      };
      controls.append(
        axis("down: axis", rows, (number) => {
          [rows, columns] = [number, number === columns ? rows : columns];
        }),
        axis("right: axis", columns, (number) => {
          [rows, columns] = [number === rows ? columns : rows, number];
        }),
      );
      weight.shape.forEach((size, number) => {
        if (number === rows || number === columns || size === 1) {
          return;
        }
        const input = make("input", { set: { type: "number", min: "0", max: String(size - 1), value: String(at[number]) } });
        input.addEventListener("input", () => {
          at[number] = Math.min(size - 1, Math.max(0, Math.floor(input.valueAsNumber) || 0));
          void draw();
        });
        controls.append(make("label", {}, [`axis ${number}: `, input, ` of ${size}`]));
      });
    };
    build();
    void draw();
    return make("div", {}, [controls, picture, note]);
  }
}

/** Nodes, and ~groups, that own or share a weight. */
export function ownersOf({ weightCode, weightStart, nodes, groupWeightCode, groupWeightGroup }: Columns, code: number): Item[] {
  const owners: Item[] = [];
  let node = 0;
  for (let at = weightCode.indexOf(code); at >= 0; at = weightCode.indexOf(code, at + 1)) {
    while (node < nodes - 1 && (weightStart[node + 1] as number) <= at) {
      node++;
    }
    if (owners[owners.length - 1] !== node) {
      owners.push(node);
    }
  }
  groupWeightCode.forEach((own, at) => {
    if (own === code) {
      owners.push(~(groupWeightGroup[at] as number));
    }
  });
  return owners;
}

/** Positions of the weights of an item, a group's own ones first; all weights, the largest first, of no item. */
export function weightsOf(columns: Columns, item: Item | undefined): number[] {
  if (item !== undefined && item >= 0) {
    return [...new Set(columns.weightsOf(item))];
  }
  if (item === undefined) {
    const size = columns.weights.sizes();
    return Array.from(size.keys()).sort((one, two) => (size[two] as number) - (size[one] as number) || one - two);
  }
  const found = new Set<number>(columns.weightsOfGroup(~item));
  const inside = insideOf(columns, ~item);
  columns.groupWeightCode.forEach((code, at) => {
    if (inside[columns.groupWeightGroup[at] as number] === 1) {
      found.add(code);
    }
  });
  nodesOf(columns, [item]).forEach((mark, node) => {
    if (mark === 1) {
      columns.weightsOf(node).forEach((code) => found.add(code));
    }
  });
  return [...found];
}

/** Numbers about values, as a list. */
export function statsTable(stats: WeightStats): HTMLElement {
  const count = (value: number): string => value.toLocaleString("en");
  const share = stats.read > 0 ? ` (${((100 * stats.zeros) / stats.read).toFixed(1)} %)` : "";
  const number = (value: number | null): string => (value === null ? "–" : String(Number(value.toPrecision(5))));
  const rows: [string, string][] = [
    ["least", number(stats.min)], ["greatest", number(stats.max)], ["mean", number(stats.mean)],
    ["deviation", number(stats.std)], ["norm", number(stats.norm)], ["zeros", `${count(stats.zeros)}${share}`],
  ];
  const odd: [string, number][] = [["NaN", stats.nan], ["+infinite", stats.posinf], ["−infinite", stats.neginf]];
  rows.push(...odd.filter(([, value]) => value > 0).map(([name, value]): [string, string] => [name, count(value)]));
  if (stats.read < stats.count) {
    rows.push(["read", `the first ${count(stats.read)} of ${count(stats.count)}`]);
  }
  return make("dl", { class: "stats" }, rows.flatMap(([name, value]) => [make("dt", { text: name }), make("dd", { text: value })]));
}

