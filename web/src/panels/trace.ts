/** The trace bar: what feeds the selection, what it feeds, and the ways between two. All else is dimmed. */
import type { Desk } from "../desk.ts";
import { button, make } from "../dom.ts";
import type { Item } from "../find/order.ts";
import { trace } from "../trace/trace.ts";
import type { TraceKind, TraceRequest } from "../trace/trace.ts";

const WORDS: Readonly<Record<Exclude<TraceKind, "between">, readonly [string, string]>> = {
  feeds: ["What feeds it", "What feeds the selection"],
  fed: ["What it feeds", "What the selection feeds"],
  around: ["Both", "What feeds the selection and what it feeds"],
};
const TURN: readonly (TraceKind | undefined)[] = ["feeds", "fed", "around", undefined];

export function tracePanel(desk: Desk): void {
  new TraceBar(desk);
}

class TraceBar {
  readonly #bar: HTMLElement;
  readonly #status: HTMLElement;
  readonly #buttons = new Map<TraceKind, HTMLButtonElement>();
  readonly #clear: HTMLButtonElement;
  #kind: TraceKind | undefined;
  /** One end of the ways that are wanted. */
  #end: Item | undefined;

  constructor(readonly desk: Desk) {
    this.#status = make("span", { class: "trace-status", set: { role: "status", "aria-live": "polite" } });
    for (const [kind, [text, label]] of Object.entries(WORDS) as [TraceKind, readonly [string, string]][]) {
      this.#buttons.set(kind, button(text, `${label} (t)`, () => this.#choose(kind === this.#kind ? undefined : kind)));
    }
    this.#buttons.set("between", button("Ways from here", "Mark one end; then the ways to another (p)", () => this.#between()));
    this.#clear = button("×", "End the trace", () => this.#choose(undefined));
    this.#bar = make("div", { class: "card trace", set: { role: "toolbar", "aria-label": "Trace" } }, [
      make("span", { class: "trace-title", text: "Trace" }), ...this.#buttons.values(), this.#status, this.#clear,
    ]);
    desk.slots.bottom.append(this.#bar);
    desk.keys.add(
      { key: "t", says: "trace what feeds the selection, what it feeds, both, nothing", run: () => this.#turn() },
      { key: "p", says: "mark one end of a way; at another node, show the ways between", run: () => this.#between() },
    );
    desk.state.listen((now, before) => {
      if (now.selection !== before.selection || now.trace !== before.trace) {
        this.#refresh();
      }
    });
    this.#refresh();
  }

  #turn(): void {
    if (this.desk.state.now.selection === undefined) {
      this.#say("Select a layer or group first.");
      return;
    }
    this.#choose(TURN[(TURN.indexOf(this.#kind) + 1) % TURN.length]);
  }

  #choose(kind: TraceKind | undefined): void {
    const selected = this.desk.state.now.selection?.item;
    this.#end = undefined;
    if (kind === undefined || selected === undefined) {
      this.#kind = undefined;
      this.#say("");
      this.desk.state.send({ kind: "trace", trace: undefined });
      this.#refresh();
      return;
    }
    void this.#run({ kind, from: [selected] });
  }

  #between(): void {
    const selected = this.desk.state.now.selection?.item;
    if (selected === undefined) {
      this.#say("Select a layer or group first.");
    } else if (this.#end === undefined || this.#end === selected) {
      this.#end = selected;
      this.#say(`From ${this.desk.nameOf(selected)}: select the other end, then press p again.`);
      this.#refresh();
    } else {
      const from = this.#end;
      this.#end = undefined;
      void this.#run({ kind: "between", from: [from], to: [selected] });
    }
  }

  async #run(request: TraceRequest): Promise<void> {
    const columns = await this.desk.columns();
    const found = trace(columns, request);
    this.#kind = request.kind;
    const name = this.desk.nameOf(request.from[0] as Item);
    const layers = (count: number): string => `${count.toLocaleString("en")} ${count === 1 ? "layer" : "layers"}`;
    if (request.kind === "between") {
      const other = this.desk.nameOf(request.to?.[0] as Item);
      const [from, to] = found.turned ? [other, name] : [name, other];
      this.#say(found.count === 0 ? `No way joins ${from} and ${to}.` : `${layers(found.count)} from ${from} to ${to}`);
    } else {
      const others = layers(found.count - found.ends);
      const words = { feeds: `${others} feed ${name}`, fed: `${name} feeds ${others}`, around: `${others} around ${name}` };
      this.#say(words[request.kind]);
    }
    const nothing = request.kind === "between" && found.count === 0;
    this.desk.state.send({ kind: "trace", trace: nothing ? undefined : found });
    this.#refresh();
  }

  #say(text: string): void {
    this.#status.textContent = text;
    this.#bar.hidden = text === "" && this.desk.state.now.selection === undefined;
  }

  #refresh(): void {
    const { selection, trace: traced } = this.desk.state.now;
    if (traced === undefined) {
      this.#kind = undefined;
    }
    this.#bar.hidden = selection === undefined && traced === undefined && this.#status.textContent === "";
    for (const [kind, element] of this.#buttons) {
      element.setAttribute("aria-pressed", String(kind === this.#kind));
      element.disabled = selection === undefined;
    }
    const between = this.#buttons.get("between") as HTMLButtonElement;
    between.textContent = this.#end === undefined ? "Ways from here" : "Ways to here";
    this.#clear.hidden = traced === undefined;
  }
}
