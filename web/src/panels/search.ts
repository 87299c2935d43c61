/** The search: a line to write in, the hits below it. Enter flies from hit to hit; all hits are marked in the drawing. */
import workerSource from "worker:../find/worker.ts";
import type { Columns } from "../columns.ts";
import type { Desk } from "../desk.ts";
import { button, make } from "../dom.ts";
import { SearchClient } from "../find/client.ts";
import type { Answer, SearchWorker } from "../find/client.ts";
import { iconButton } from "../icons.ts";
import { inOrder, marksOf } from "../find/order.ts";
import { card, toggle } from "./card.ts";
import { VirtualList } from "./virtual.ts";

const ROW = 40; // px
const MOST_FOR_ATTRIBUTES = 100_000; // nodes up to which attributes are fetched before somebody asks for them

const EXAMPLES: readonly (readonly [string, string])[] = [
  ["block2 conv", "words, in names, groups, operations, shapes, types, weights and attributes"],
  ["Conv2D[filters>256]", "an operation with conditions on its attributes"],
  ["op:Dense params>1M", "fields: name id op in shape dtype weight params bytes size inputs depth …"],
  ["shape:7x7 -relu", "an output shape (? unknown, * any); without a word"],
  ["Conv2D -> BatchNormalization", "what feeds what"],
  ["/block\\d+_add$/i", "a regular expression"],
];

export function searchPanel(desk: Desk): void {
  desk.slots.tools.prepend(iconButton("search", "Search", () => toggle(desk, "search"), "/"));
  new Search(desk);
}

/** Text of the worker as a worker. */
function startWorker(): SearchWorker {
  const address = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  return new Worker(address) as unknown as SearchWorker;
}

class Search {
  readonly #input: HTMLInputElement;
  readonly #status: HTMLElement;
  readonly #list: VirtualList;
  readonly #help: HTMLElement;
  #client: SearchClient | undefined;
  #columns: Columns | undefined;
  #items: Int32Array = new Int32Array(0);
  #answer: Answer | undefined;
  #at = -1;
  /** Steps to fly once the answer to what was typed is there. */
  #due = 0;

  constructor(readonly desk: Desk) {
    const made = card(desk, desk.slots.find, "search", "Search");
    this.#input = make("input", {
      class: "search-line",
      set: {
        type: "search", placeholder: "Words, /regex/, Conv2D[filters>256], A -> B", spellcheck: "false",
        autocomplete: "off", "aria-label": "Search the model", role: "combobox", "aria-expanded": "false",
        "aria-controls": "cutaway-hits", "aria-autocomplete": "list",
      },
      on: { input: () => this.#typed(), keydown: (event) => this.#key(event as KeyboardEvent) },
    });
    this.#status = make("p", { class: "search-status", set: { role: "status", "aria-live": "polite" } });
    const rows = {
      rowHeight: ROW,
      count: () => this.#items.length,
      makeRow: () => this.#makeRow(),
      fill: (row: HTMLElement, index: number) => this.#fill(row, index),
    };
    this.#list = new VirtualList(rows, {
      class: "hits", set: { id: "cutaway-hits", role: "listbox", "aria-label": "Hits" },
    });
    this.#help = this.#makeHelp();
    const step = (by: number): (() => void) => () => void this.#fly(by);
    const line = make("div", { class: "search-row" }, [
      this.#input,
      button("↑", "Previous hit (Shift+Enter)", step(-1)),
      button("↓", "Next hit (Enter)", step(1)),
    ]);
    made.body.append(line, this.#status, this.#list.element, this.#help);
    made.onShow(() => this.#shown());
    made.onHide(() => this.#show(undefined));
    this.#show(undefined);
    desk.keys.add(
      { key: "/", says: "search", run: () => this.#open() },
      { key: "n", says: "fly to the next hit", shift: false, run: step(1) },
      { key: "N", says: "fly to the previous hit", shift: true, run: step(-1) },
    );
  }

  #open(): void {
    this.desk.state.send({ kind: "show", panel: "search", shown: true });
    this.#input.focus();
    this.#input.select();
  }

  #shown(): void {
    this.#input.focus();
    this.#input.select();
    void this.#ready().then(() => this.#typed());
  }

  async #ready(): Promise<SearchClient> {
    if (this.#columns === undefined) {
      this.#say("Fetching the names of all layers …");
      this.#columns = await this.desk.columns();
      this.#tell();
    }
    const columns = this.#columns;
    if (this.#client === undefined) {
      const { source } = this.desk;
      this.desk.ended.addEventListener("abort", () => this.#client?.close());
      this.#client = new SearchClient({
        start: startWorker,
        columns: columns.buffer,
        attributes: () => source.attributes(),
        answered: (answer) => this.#answered(answer),
      });
      if (columns.nodes <= MOST_FOR_ATTRIBUTES) {
        void this.#client.loadAttributes().catch(() => undefined); // words are then found in all but attributes
      }
    }
    return this.#client;
  }

  #typed(): void {
    const query = this.#input.value.trim();
    if (query === "") {
      this.#show(undefined);
      return;
    }
    void this.#ready().then(
      (client) => client.ask(query),
      (error: Error) => this.#say(error.message, true),
    );
  }

  #answered(answer: Answer): void {
    if (this.#input.value.trim() !== "" && this.desk.state.now.shown.has("search")) {
      this.#show(answer);
    }
    const due = this.#due;
    this.#due = 0;
    if (due !== 0) {
      void this.#fly(due);
    }
  }

  /** Shows an answer, in the list and in the drawing; undefined: nothing was asked. */
  #show(answer: Answer | undefined): void {
    const columns = this.#columns;
    const found = answer?.found ?? null;
    this.#answer = answer;
    this.#at = -1;
    const broken = answer !== undefined && answer.problem !== "";
    if (!broken) {
      this.#items = found === null ? new Int32Array(0) : inOrder(found);
      const hits = found === null || columns === undefined || this.#items.length === 0 ? undefined : marksOf(columns, found);
      if (hits !== this.desk.state.now.hits) {
        this.desk.state.send({ kind: "hits", hits });
      }
      this.#list.element.scrollTop = 0;
      this.#list.element.style.setProperty("--rows", String(this.#items.length));
      this.#list.element.classList.remove("flown");
      this.#list.refresh();
    }
    this.#list.element.hidden = this.#items.length === 0;
    this.#help.hidden = answer !== undefined && !broken && this.#items.length > 0;
    this.#input.setAttribute("aria-expanded", String(this.#items.length > 0));
    this.#input.setAttribute("aria-invalid", String(broken));
    this.#input.removeAttribute("aria-activedescendant");
    this.#tell();
  }

  #tell(): void {
    const answer = this.#answer;
    if (answer === undefined || answer.found === null) {
      this.#say(answer?.problem ?? "", answer !== undefined);
      return;
    }
    const { similar, note } = answer.found;
    const count = this.#items.length.toLocaleString("en");
    const hits = `${count} ${this.#items.length === 1 ? "hit" : "hits"}`;
    if (this.#items.length === 0) {
      this.#say(note === "" ? "Nothing fits." : `Nothing fits. ${note}`);
    } else if (this.#at >= 0) {
      this.#say(`${(this.#at + 1).toLocaleString("en")} of ${hits}`);
    } else {
      const time = `${Math.max(1, Math.round(answer.milliseconds))} ms`;
      this.#say(similar ? `Nothing fits exactly; ${count} similar` : `${hits} in ${time}`);
    }
  }

  #say(text: string, problem = false): void {
    this.#status.textContent = text;
    this.#status.classList.toggle("problem", problem);
  }

  #key(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number>> = { Enter: event.shiftKey ? -1 : 1 };
    const moves: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in steps) {
      event.preventDefault();
      const asked = this.#input.value.trim();
      if (this.#answer?.query === asked || asked === "") {
        void this.#fly(steps[event.key] as number);
      } else {
        this.#due = steps[event.key] as number; // as soon as the answer is there
      }
    } else if (event.key in moves && this.#items.length > 0) {
      event.preventDefault();
      const to = this.#at + (moves[event.key] as number);
      this.#point(Math.min(this.#items.length - 1, Math.max(0, to)));
    }
  }

  /** Points at a hit in the list, without flying. */
  #point(index: number): void {
    const before = this.#list.rowOf(this.#at);
    before?.removeAttribute("id");
    before?.setAttribute("aria-selected", "false");
    this.#at = index;
    this.#list.reveal(index);
    const row = this.#list.rowOf(index);
    row?.setAttribute("id", "cutaway-hit");
    row?.setAttribute("aria-selected", "true");
    this.#input.setAttribute("aria-activedescendant", "cutaway-hit");
    this.#tell();
  }

  async #fly(step: number): Promise<void> {
    const count = this.#items.length;
    if (count === 0) {
      return;
    }
    this.#list.element.classList.add("flown"); // where there is little room, what is flown to is not covered
    this.#point(this.#at < 0 ? (step > 0 ? 0 : count - 1) : (this.#at + step + count) % count);
    await this.desk.flyTo(this.#items[this.#at] as number);
  }

  #makeRow(): HTMLElement {
    const row = make("div", { class: "hit", set: { role: "option", "aria-selected": "false" } }, [
      make("span", { class: "hit-name" }), make("span", { class: "hit-op" }), make("span", { class: "hit-path" }),
    ]);
    row.addEventListener("click", () => {
      const index = this.#list.indexOf(row);
      if (index !== undefined) {
        this.#point(index);
        void this.desk.flyTo(this.#items[index] as number);
      }
    });
    return row;
  }

  #fill(row: HTMLElement, index: number): void {
    const columns = this.#columns as Columns;
    const item = this.#items[index] as number;
    const [name, op, path] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
    const around = item < 0 ? (columns.groupParents[~item] as number) : (columns.nodeGroup[item] as number);
    name.textContent = item < 0 ? columns.groupName(~item) : columns.name(item);
    op.textContent = item < 0 ? columns.groupOpName(~item) || columns.groupKind(~item) : columns.op(item);
    path.textContent = columns.groupId(around) || columns.groupName(0);
    row.classList.toggle("group", item < 0);
    row.title = item < 0 ? columns.groupId(~item) : columns.id(item);
    const pointed = index === this.#at;
    row.setAttribute("aria-selected", String(pointed));
    if (pointed) {
      row.id = "cutaway-hit";
    } else {
      row.removeAttribute("id");
    }
  }

  #makeHelp(): HTMLElement {
    const rows = EXAMPLES.map(([query, about]) => {
      const example = make("button", { class: "example", text: query, set: { type: "button" } });
      example.addEventListener("click", () => {
        this.#input.value = query;
        this.#input.focus();
        this.#typed();
      });
      return make("li", {}, [example, make("span", { text: about })]);
    });
    return make("ul", { class: "search-help", set: { "aria-label": "What can be asked" } }, rows);
  }
}
