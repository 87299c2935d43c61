/** The tab of the model: its drawing coloured by what was recorded at a step, and what a layer did over time. */
import { clear, make } from "../dom.ts";
import { badgeIcon, iconButton } from "../icons.ts";
import type { App } from "./app.ts";
import { Checking, firedBy, rankOf } from "./checking.ts";
import type { TrainingFinding } from "./checking.ts";
import { LayerSide } from "./layer.ts";
import type { Run, Tag } from "./logs.ts";
import { quantitiesIn, quantityOf, titleOf } from "./quantity.ts";
import type { Quantity } from "./quantity.ts";
import { moment, onAxis } from "./scales.ts";
import { Tip } from "./tip.ts";

/** The drawing, which a script of its own makes. */
export interface Stage {
  theme(dark: boolean): void;
  /** Fly to a node or group by its id; an empty one selects nothing. */
  select(id: string): void;
  selectedId(): string;
  /** Colour by a quantity at one of its steps. */
  show(quantity: Quantity | undefined, at: number): void;
  /** Whether keys are meant for it; not while another tab is shown. */
  attend(on: boolean): void;
  /** Badges for findings at the layers that they name. */
  mark(findings: readonly TrainingFinding[]): void;
  close(): void;
}

/** A node or group that is looked at. */
export interface Looked {
  readonly name: string;
  /** Ids under which something may have been recorded of it. */
  readonly ids: ReadonlySet<string>;
  /** Whether an id means it, or something in it. */
  holds(id: string): boolean;
}

export type StageMaker = (
  host: HTMLElement, address: string, dark: boolean, selected: (looked: Looked | undefined) => void,
) => Promise<Stage>;

const SCRIPT = "training_model.js";
const TICK = 120; // ms that a step is shown while it plays
const PAUSE = 600; // ms between two questions for news

export class ModelTab {
  readonly element: HTMLElement;
  private readonly host = make("div", { class: "stage-host" });
  private readonly side: LayerSide;
  private readonly checking: Checking;
  private readonly runs = make("select", { class: "field", set: { "aria-label": "Run" } });
  private readonly names = make("select", { class: "field", set: { "aria-label": "Coloured by" } });
  private readonly slider = make("input", { set: { type: "range", min: "0", max: "0", value: "0", "aria-label": "Step", list: "finding-steps" } });
  /** Marks on the slider where something was found. */
  private readonly starts = make("datalist", { set: { id: "finding-steps" } });
  private readonly when = make("output", { class: "when" });
  private readonly play = iconButton("play", "Play", () => this.toggle());
  private readonly note = make("p", { class: "empty", set: { role: "status" } });
  private readonly count = make("button", { class: "button wide findings-now", set: { type: "button" }, on: { click: () => this.app.set({ tab: "findings" }) } });
  private run: Run | undefined;
  private stage: Stage | undefined;
  private opening = -1;
  private quantity: Quantity | undefined;
  private playing = 0;
  private busy = false;
  /** Whether more came while it was busy, or out of sight. */
  private late = false;
  /** The layer that the drawing was last told to fly to, or told us itself. */
  private flownTo = "";
  /** The findings that are marked: how many of which, on which drawing. */
  private pinned: { readonly of: unknown; readonly on: unknown; readonly count: number } = { of: undefined, on: undefined, count: 0 };
  /** The step that is shown; undefined for the last one. */
  private shownStep: number | undefined;

  constructor(private readonly app: App, host: HTMLElement) {
    this.side = new LayerSide(app, new Tip(host));
    this.count.hidden = true;
    this.element = make("section", { class: "tab model", set: { "aria-label": "Model" } }, [
      make("div", { class: "controls", set: { role: "toolbar", "aria-label": "Model" } }, [
        this.runs, this.names, this.play, make("label", { class: "steps" }, [this.slider, this.starts]), this.when, this.count,
      ]),
      make("div", { class: "model-row" }, [this.host, this.side.element]), this.note,
    ]);
    this.runs.addEventListener("change", () => this.app.set({ modelRun: this.runs.value }));
    this.names.addEventListener("change", () => this.app.set({ quantity: this.names.value }));
    this.slider.addEventListener("input", () => this.app.set({ step: this.atEnd() ? undefined : this.quantity?.steps[Number(this.slider.value)] }));
    app.onView((now, before) => {
      if (now.theme !== before.theme || now === before) this.stage?.theme(app.dark);
      if (now.quantity !== before.quantity || now.modelRun !== before.modelRun || now.runFilter !== before.runFilter) void this.renew();
      else if (now.step !== before.step) this.place();
      if (now.layer !== before.layer && now.layer !== this.flownTo) this.fly(now.layer);
      this.stage?.attend(now.tab === "model");
      if (now.tab !== before.tab && now.tab === "model") {
        void this.checking.renew();
        if (this.late) void this.news();
      }
    });
    app.onNews((changed) => {
      if (this.run === undefined || changed.has(this.run.index)) void this.news();
    });
    this.checking = new Checking(app, () => this.checked(), () => this.pin());
    void this.renew();
  }

  private atEnd(): boolean {
    return this.slider.value === this.slider.max;
  }

  private fly(id: string): void {
    this.flownTo = id;
    this.stage?.select(id);
  }

  /** The runs of the training that is drawn, while it is. */
  private checked(): number[] {
    const training = this.run?.training;
    if (training === undefined || this.app.view.tab !== "model") return [];
    return this.app.logs.listed().filter((run) => run.training === training).map(({ index }) => index);
  }

  private tags(): Tag[] {
    return (this.run?.tags ?? []).map((tag) => this.app.logs.tags[tag] as Tag);
  }

  private async news(): Promise<void> {
    if (this.busy || this.element.hidden) {
      this.late = true;
      return;
    }
    this.busy = true;
    this.late = false;
    await this.renew();
    this.side.news();
    window.setTimeout(() => {
      this.busy = false;
      if (this.late) void this.news();
    }, PAUSE);
  }

  /** Show the run and quantity that are chosen, as they are now. */
  private async renew(): Promise<void> {
    const { app } = this;
    const runs = app.logs.listed().filter((run) => app.logs.hasStructure(run));
    const chosen = runs.find(({ name }) => name === app.view.modelRun) ?? runs.find((run) => app.isShown(run)) ?? runs[0];
    this.note.hidden = chosen !== undefined;
    this.note.textContent = "No run recorded what its model is made of: cutaway.Recorder does, and TensorBoard's callback for Keras models.";
    if (chosen === undefined) return;
    options(this.runs, runs.map(({ name }) => [name, name]), chosen.name);
    this.run = chosen;
    const names = quantitiesIn(this.tags());
    const name = names.includes(app.view.quantity) ? app.view.quantity : (names[0] ?? "");
    options(this.names, names.length > 0 ? names.map((one) => [one, titleOf(one)]) : [["", "no number was logged by layer"]], name);
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
    this.markSlider();
    this.place();
  }

  /** Go to the step that is chosen: the last one unless the user chose another. */
  private place(): void {
    const steps = this.quantity?.steps ?? new Float64Array();
    const wanted = this.app.view.step;
    const at = wanted === undefined ? steps.length - 1 : lastUpTo(steps, wanted);
    this.slider.value = String(Math.max(0, at));
    const step = steps[at];
    this.when.textContent = step === undefined ? "" : `step ${onAxis("step", step, true)} · ${moment(this.quantity?.times[at] ?? Number.NaN, true)}`;
    this.slider.setAttribute("aria-valuetext", this.when.textContent);
    this.stage?.show(this.quantity, Math.max(0, at));
    this.element.dataset["step"] = step === undefined ? "" : String(step);
    this.shownStep = wanted === undefined || step === undefined ? undefined : Math.max(wanted, step);
    this.side.place(this.shownStep);
    this.pin();
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
    this.checking.found = [];
    this.stage?.close();
    this.stage = undefined;
    clear(this.host);
    const maker = await stageMaker(this.app);
    const address = this.app.server.addressOf(`model/${run.index}/`, this.app.server.tokenQuery());
    const stage = await maker(this.host, address.href, this.app.dark, (looked) => this.selected(looked));
    if (this.opening !== run.index) return stage.close();
    this.stage = stage;
    stage.attend(this.app.view.tab === "model");
    this.fly(this.app.view.layer);
    void this.checking.renew();
  }

  /** Show what was recorded of a layer. */
  private selected(looked: Looked | undefined): void {
    this.flownTo = this.stage?.selectedId() ?? this.app.view.layer;
    this.app.set({ layer: this.flownTo });
    if (this.run === undefined) return;
    this.side.show(this.run, this.tags(), looked);
    this.side.tell(this.fired());
  }

  /** What the checks found in layers up to the step that is shown. */
  private fired(): TrainingFinding[] {
    return firedBy(this.checking.found.filter(({ where }) => where.length > 0), this.shownStep ?? Number.POSITIVE_INFINITY);
  }

  private markSlider(): void {
    const { steps = new Float64Array() } = this.quantity ?? {};
    const places = this.checking.found.flatMap(({ where, step }) => (where.length > 0 && step !== null && steps.length > 0 ? [lastUpTo(steps, step)] : []));
    this.starts.replaceChildren(...[...new Set(places)].map((at) => make("option", { set: { value: String(at) } })));
  }

  /** Show the findings up to the step at their layers. */
  private pin(): void {
    const fired = this.fired();
    if (this.pinned.of === this.checking.found && this.pinned.on === this.stage && this.pinned.count === fired.length) return;
    if (this.pinned.of !== this.checking.found) this.markSlider();
    this.pinned = { of: this.checking.found, on: this.stage, count: fired.length };
    this.stage?.mark(fired);
    this.side.tell(fired);
    this.element.dataset["findings"] = String(fired.length);
    const worst = Math.min(...fired.map(rankOf));
    this.count.hidden = fired.length === 0;
    this.count.title = `${fired.length} ${fired.length === 1 ? "finding" : "findings"} in layers up to this step: list them`;
    this.count.setAttribute("aria-label", this.count.title);
    this.count.replaceChildren(badgeIcon(worst), String(fired.length));
  }
}

/** Where the last step up to another stands, the first one where none is; -1 where there are none. */
function lastUpTo(steps: Float64Array, step: number): number {
  let at = steps.length - 1;
  while (at > 0 && (steps[at] as number) > step) at--;
  return at;
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
