/** The tab of the model: its drawing coloured by what was recorded at a step, and what a layer did over time. */
import { clear, make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import type { App } from "./app.ts";
import type { Run, Tag } from "./logs.ts";
import { recorded } from "./naming.ts";
import type { Recorded } from "./naming.ts";
import { quantitiesIn, quantityOf, statisticName, titleOf } from "./quantity.ts";
import type { Quantity } from "./quantity.ts";
import { moment, onAxis, short } from "./scales.ts";
import type { Summary } from "./server.ts";
import { SpreadCard } from "./spreadcard.ts";
import { Tip } from "./tip.ts";

/** The drawing, which a script of its own makes. */
export interface Stage {
  theme(dark: boolean): void;
  /** Fly to a node or group by its id. */
  select(id: string): void;
  selectedId(): string;
  /** Colour by a quantity at one of its steps. */
  show(quantity: Quantity | undefined, at: number): void;
  close(): void;
}

export type StageMaker = (
  host: HTMLElement, address: string, dark: boolean, selected: (ids: ReadonlySet<string>, name: string) => void,
) => Promise<Stage>;

const SCRIPT = "training_model.js";
const STRUCTURES: readonly string[] = ["cutaway_graph", "graph_keras_model"];
const TICK = 120; // ms that a step is shown while it plays
const PAUSE = 600; // ms between two questions for news
const ORDER = ["activations", "weights", "gradients", "updates"];

/** Whether a run recorded what its model is made of. */
export function hasStructure(app: App, run: Run): boolean {
  return run.graphs || run.tags.some((tag) => STRUCTURES.includes(app.logs.tags[tag]?.kind ?? ""));
}

export class ModelTab {
  readonly element: HTMLElement;
  private readonly host = make("div", { class: "stage-host" });
  private readonly side = make("aside", { class: "layer-side", set: { "aria-label": "What was recorded of the layer" } });
  private readonly runs = make("select", { class: "field", set: { "aria-label": "Run" } });
  private readonly names = make("select", { class: "field", set: { "aria-label": "Coloured by" } });
  private readonly slider = make("input", { set: { type: "range", min: "0", max: "0", value: "0", "aria-label": "Step" } });
  private readonly when = make("output", { class: "when" });
  private readonly play = iconButton("play", "Play", () => this.toggle());
  private readonly note = make("p", { class: "empty", set: { role: "status" } });
  private readonly tip: Tip;
  private run: Run | undefined;
  private stage: Stage | undefined;
  private opening = -1;
  private quantity: Quantity | undefined;
  private playing = 0;
  private busy = false;
  private cards: SpreadCard[] = [];

  constructor(private readonly app: App, host: HTMLElement) {
    this.tip = new Tip(host);
    this.side.hidden = true;
    this.element = make("section", { class: "tab model", set: { "aria-label": "Model" } }, [
      make("div", { class: "controls", set: { role: "toolbar", "aria-label": "Model" } }, [
        this.runs, this.names, this.play, make("label", { class: "steps" }, [this.slider]), this.when,
      ]),
      make("div", { class: "model-row" }, [this.host, this.side]), this.note,
    ]);
    this.runs.addEventListener("change", () => this.app.set({ modelRun: this.runs.value }));
    this.names.addEventListener("change", () => this.app.set({ quantity: this.names.value }));
    this.slider.addEventListener("input", () => this.app.set({ step: this.atEnd() ? undefined : this.quantity?.steps[Number(this.slider.value)] }));
    app.onView((now, before) => {
      if (now.theme !== before.theme || now === before) this.stage?.theme(app.dark);
      if (now.quantity !== before.quantity || now.modelRun !== before.modelRun || now.runFilter !== before.runFilter) void this.renew();
      else if (now.step !== before.step) this.place();
      if (now.layer !== before.layer && now.layer !== this.stage?.selectedId()) this.stage?.select(now.layer);
    });
    app.onNews((changed) => {
      if (this.run === undefined || changed.has(this.run.index)) void this.news();
    });
    void this.renew();
  }

  private atEnd(): boolean {
    return this.slider.value === this.slider.max;
  }

  private tags(): Tag[] {
    return (this.run?.tags ?? []).map((tag) => this.app.logs.tags[tag] as Tag);
  }

  private async news(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    await this.renew();
    for (const card of this.cards) card.news();
    window.setTimeout(() => {
      this.busy = false;
    }, PAUSE);
  }

  /** Show the run and quantity that are chosen, as they are now. */
  private async renew(): Promise<void> {
    const { app } = this;
    const runs = app.logs.listed().filter((run) => hasStructure(app, run));
    const chosen = runs.find(({ name }) => name === app.view.modelRun) ?? runs.find((run) => app.isShown(run)) ?? runs[0];
    this.note.hidden = chosen !== undefined;
    this.note.textContent = "No run recorded what its model is made of: cutaway.Recorder does, and TensorBoard's callback for Keras models.";
    if (chosen === undefined) return;
    options(this.runs, runs.map(({ name }) => [name, name]), chosen.name);
    this.run = chosen;
    const names = quantitiesIn(this.tags());
    const name = names.includes(app.view.quantity) ? app.view.quantity : (names[0] ?? "");
    options(this.names, names.length > 0 ? names.map((one) => [one, titleOf(one)]) : [["", "nothing was recorded of its layers"]], name);
    try {
      await this.open(chosen);
      this.quantity = name === "" ? undefined : quantityOf(name, await app.server.columns("quantity", {}, { runs: [chosen.index], prefix: `${name}/` }));
    } catch (error) {
      this.note.textContent = (error as Error).message;
      this.note.hidden = false;
      return;
    }
    const steps = this.quantity?.steps ?? new Float64Array();
    this.slider.max = String(Math.max(0, steps.length - 1));
    this.slider.disabled = this.play.disabled = steps.length < 2;
    this.place();
  }

  /** Go to the step that is chosen: the last one unless the user chose another. */
  private place(): void {
    const steps = this.quantity?.steps ?? new Float64Array();
    const wanted = this.app.view.step;
    let at = steps.length - 1;
    if (wanted !== undefined) while (at > 0 && (steps[at] as number) > wanted) at--;
    this.slider.value = String(Math.max(0, at));
    const step = steps[at];
    this.when.textContent = step === undefined ? "" : `step ${onAxis("step", step, true)} · ${moment(this.quantity?.times[at] ?? 0, true)}`;
    this.slider.setAttribute("aria-valuetext", this.when.textContent);
    this.stage?.show(this.quantity, Math.max(0, at));
    this.element.dataset["step"] = step === undefined ? "" : String(step);
  }

  private toggle(): void {
    if (this.playing !== 0) {
      window.clearInterval(this.playing);
      this.playing = 0;
    } else {
      if (this.atEnd()) this.app.set({ step: this.quantity?.steps[0] });
      this.playing = window.setInterval(() => this.tick(), TICK);
    }
    this.play.setAttribute("aria-pressed", String(this.playing !== 0));
  }

  private tick(): void {
    const steps = this.quantity?.steps;
    const next = Number(this.slider.value) + Math.max(1, Math.round((steps?.length ?? 0) / 400));
    if (steps === undefined || this.element.hidden || next >= steps.length - 1) {
      this.toggle();
      this.app.set({ step: undefined });
      return;
    }
    this.app.set({ step: steps[next] });
  }

  private async open(run: Run): Promise<void> {
    if (this.opening === run.index) return;
    this.opening = run.index;
    this.stage?.close();
    this.stage = undefined;
    clear(this.host);
    const maker = await stageMaker(this.app);
    const address = this.app.server.addressOf(`model/${run.index}/`, this.app.server.tokenQuery());
    const stage = await maker(this.host, address.href, this.app.dark, (ids, name) => this.selected(ids, name));
    if (this.opening !== run.index) return stage.close();
    this.stage = stage;
    stage.select(this.app.view.layer);
  }

  /** Show what was recorded of a layer. */
  private selected(ids: ReadonlySet<string>, name: string): void {
    this.app.set({ layer: this.stage?.selectedId() ?? this.app.view.layer });
    this.side.hidden = ids.size === 0;
    clear(this.side);
    this.cards = [];
    const run = this.run;
    if (ids.size === 0 || run === undefined) return;
    const of = this.tags().map((tag) => ({ tag, known: recorded(tag.tag) })).filter(({ known }) => known !== undefined && ids.has(known.id));
    const rank = (kind: string | undefined): number => ORDER.indexOf(kind ?? "");
    const spreads = of.filter(({ tag }) => tag.kind === "histograms").sort((one, two) => rank(one.known?.kind) - rank(two.known?.kind));
    const numbers = of.filter(({ tag }) => tag.kind === "scalars").map(({ tag }) => tag);
    const table = make("div", { class: "layer-numbers" });
    this.side.append(make("h2", { text: name }));
    if (of.length === 0) this.side.append(make("p", { class: "what", text: "Nothing was recorded of it." }));
    for (const { tag, known } of spreads) {
      const card = new SpreadCard(this.app, run, tag, this.tip, known === undefined ? tag.tag : partName(known));
      this.side.append(card.element);
      this.cards.push(card);
      requestAnimationFrame(() => card.sight(true));
    }
    this.side.append(table);
    void this.numbers(table, run, numbers);
  }

  /** The last values of all statistics, part by part. */
  private async numbers(table: HTMLElement, run: Run, tags: readonly Tag[]): Promise<void> {
    const [told] = await this.app.server.summaries([run.index], tags.map(({ index }) => index));
    const parts = new Map<string, Node[]>();
    tags.forEach((tag, at) => {
      const summary: Summary = told?.[at] ?? null;
      const known = recorded(tag.tag);
      if (summary === null || known === undefined) return;
      const last = typeof summary[1] === "number" ? short(summary[1]) : summary[1];
      const pairs = parts.get(partName(known)) ?? [];
      pairs.push(make("dt", { text: statisticName(known.statistic) }), make("dd", { text: last }));
      parts.set(partName(known), pairs);
    });
    for (const [part, pairs] of [...parts].sort()) table.append(make("h3", { text: part }), make("dl", { class: "pairs" }, pairs));
  }
}

/** What a layer has of a kind: `activations`, `gradients of kernel`. */
function partName({ kind, id }: Recorded): string {
  return kind === "activations" ? kind : `${kind} of ${id.split("/").pop() ?? ""}`;
}

function options(select: HTMLSelectElement, choices: readonly (readonly [string, string])[], chosen: string): void {
  const key = JSON.stringify(choices);
  if (select.dataset["of"] !== key) {
    select.dataset["of"] = key;
    select.replaceChildren(...choices.map(([value, text]) => make("option", { text, set: { value } })));
  }
  select.value = chosen;
}

let making: Promise<StageMaker> | undefined;

function stageMaker(app: App): Promise<StageMaker> {
  making ??= new Promise((resolve, reject) => {
    const script = make("script", { set: { src: app.server.addressOf(SCRIPT, {}).href } });
    script.addEventListener("load", () => resolve((window as unknown as { cutawayStage: StageMaker }).cutawayStage));
    script.addEventListener("error", () => reject(new Error("The drawing of the model could not be loaded.")));
    document.head.append(script);
  });
  return making;
}
