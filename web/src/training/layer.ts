/** What was recorded of one layer: the findings at it, its distributions and statistics at a step, and both over time. */
import { clear, make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import type { App } from "./app.ts";
import type { TrainingFinding } from "./checking.ts";
import { findingArticles, leadTo } from "./findings.ts";
import { KINDS, LayerParts } from "./layerparts.ts";
import type { Of } from "./layerparts.ts";
import type { Run, Tag } from "./logs.ts";
import type { Looked } from "./model.ts";
import { recorded } from "./naming.ts";
import type { Recorded } from "./naming.ts";
import { onAxis } from "./scales.ts";
import { SpreadCard } from "./spreadcard.ts";
import type { Tip } from "./tip.ts";

export class LayerSide {
  readonly element = make("aside", { class: "layer-side", set: { "aria-label": "What was recorded of the layer" } });
  private readonly findings = make("div", { class: "layer-findings" });
  private readonly when = make("p", { class: "what" });
  private looked: Looked | undefined;
  private parts: LayerParts | undefined;
  private cards: readonly SpreadCard[] = [];
  private step: number | undefined;

  constructor(private readonly app: App, private readonly tip: Tip) {
    this.element.hidden = true;
  }

  /** Show what a run recorded of a layer; undefined hides it. */
  show(run: Run, tags: readonly Tag[], looked: Looked | undefined): void {
    this.looked = looked;
    this.element.hidden = looked === undefined;
    clear(this.element);
    [this.cards, this.parts] = [[], undefined];
    if (looked === undefined) return;
    const of = tags.flatMap((tag): Of[] => {
      const known = recorded(tag.tag);
      return known !== undefined && looked.ids.has(known.id) ? [{ tag, known }] : [];
    });
    const order = [...looked.ids]; // itself, then its weights as the model has them
    of.sort((one, two) => order.indexOf(one.known.id) - order.indexOf(two.known.id));
    const close = iconButton("close", "Close", () => this.app.set({ layer: "" }));
    this.element.append(make("header", {}, [make("h2", { text: looked.name }), close]), this.findings);
    if (of.length === 0) {
      this.element.append(make("p", { class: "what", text: "Nothing was recorded of it." }));
      return;
    }
    this.parts = new LayerParts(this.app, run, of);
    const spreads = of.filter(({ tag }) => tag.kind === "histograms");
    spreads.sort((one, two) => KINDS.indexOf(one.known.kind) - KINDS.indexOf(two.known.kind));
    this.cards = spreads.map(({ tag, known }) => new SpreadCard(this.app, run, tag, this.tip, cardTitle(known)));
    this.element.append(this.when, this.parts.element);
    if (this.cards.length > 0) this.element.append(make("h3", { text: "Over time" }), ...this.cards.map(({ element }) => element));
    requestAnimationFrame(() => this.cards.forEach((card) => card.sight(true)));
    this.place(this.step);
  }

  /** Show it at a step; undefined for the last one. */
  place(step: number | undefined): void {
    this.step = step;
    this.when.textContent = step === undefined ? "at the last step" : `at step ${onAxis("step", step, true)}`;
    void this.parts?.place(step);
    for (const card of this.cards) card.mark(step);
  }

  /** Tell what the checks found so far in the model; what they found in this layer, or in it, is shown. */
  tell(found: readonly TrainingFinding[]): void {
    const here = found.filter(({ where }) => where.some((id) => this.looked?.holds(id)));
    this.findings.replaceChildren(...findingArticles(here, (finding, id) => leadTo(this.app, finding, id)));
  }

  /** More was recorded. */
  news(): void {
    void this.parts?.news();
    for (const card of this.cards) card.news();
  }
}

/** What a layer has of a kind: `activations`, `gradients of kernel`. */
function cardTitle({ kind, id }: Recorded): string {
  return kind === "activations" ? kind : `${kind} of ${id.split("/").pop() ?? ""}`;
}
