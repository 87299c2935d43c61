/** The tab of distributions: for each layer what was logged of it, over time. */
import { clear, make } from "../dom.ts";
import type { App } from "./app.ts";
import { natural } from "./logs.ts";
import type { Run, Tag } from "./logs.ts";
import { layerTag, matcher } from "./naming.ts";
import { SpreadCard } from "./spreadcard.ts";
import { Tip } from "./tip.ts";
import { toggled } from "./view.ts";

const MOST_CARDS = 600; // cards that are made; a filter finds the others
const ORDER = ["activations", "weights", "gradients", "updates"];

export class Spreads {
  readonly element: HTMLElement;
  private readonly groups = make("div", { class: "groups" });
  private readonly note = make("p", { class: "run-count", set: { role: "status" } });
  private readonly cards = new Map<string, SpreadCard>();
  private readonly byElement = new WeakMap<Element, SpreadCard>();
  private readonly seeing: IntersectionObserver;
  private readonly tip: Tip;
  private built = "";

  constructor(private readonly app: App, host: HTMLElement) {
    this.tip = new Tip(host);
    const filter = make("input", { class: "field", set: { type: "search", placeholder: "Filter layers (regex)", "aria-label": "Filter distributions by name, a regular expression" } });
    filter.value = app.view.tagFilter;
    filter.addEventListener("input", () => app.set({ tagFilter: filter.value }));
    const shape = make("select", { class: "field", set: { "aria-label": "Shape" } }, [
      make("option", { text: "Bands", set: { value: "bands" } }), make("option", { text: "Ridges", set: { value: "ridges" } }),
    ]);
    shape.value = app.view.ridges ? "ridges" : "bands";
    shape.addEventListener("change", () => app.set({ ridges: shape.value === "ridges" }));
    const scroll = make("div", { class: "scroll" }, [this.groups]);
    this.element = make("section", { class: "tab", set: { "aria-label": "Distributions" } }, [
      make("div", { class: "controls", set: { role: "toolbar", "aria-label": "Distributions" } }, [filter, shape, this.note]), scroll,
    ]);
    this.seeing = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.byElement.get(target)?.sight(isIntersecting);
    }, { root: scroll, rootMargin: "200px" });
    app.onView(() => this.build(), "tagFilter", "runFilter", "hidden", "added", "folded", "theme");
    app.onView((now) => {
      shape.value = now.ridges ? "ridges" : "bands";
      for (const card of this.cards.values()) card.refresh();
    }, "ridges", "outliers", "theme");
    app.onNews((changed) => {
      this.build();
      for (const card of this.cards.values()) if (changed.has(card.run.index)) card.news();
    });
    new ResizeObserver(() => {
      for (const card of this.cards.values()) card.refresh();
    }).observe(scroll);
    this.build();
  }

  private build(): void {
    const passes = matcher(this.app.view.tagFilter);
    const { folded } = this.app.view;
    const runs = this.app.shown();
    const groups = new Map<string, { tag: Tag; run: Run; kind: string }[]>();
    let count = 0;
    for (const tag of this.app.logs.tags) {
      if (tag.kind !== "histograms" || !passes(tag.tag)) continue;
      const { kind, layer } = layerTag(tag.tag);
      for (const run of runs) {
        if (!run.tags.includes(tag.index)) continue;
        count++;
        if (count > MOST_CARDS) continue;
        const of = groups.get(layer) ?? [];
        of.push({ tag, run, kind });
        groups.set(layer, of);
      }
    }
    const ordered = [...groups].sort((one, two) => natural(one[0], two[0]));
    this.note.textContent = count > MOST_CARDS ? `${MOST_CARDS} of ${count}: filter to see the others` : `${count}`;
    const key = JSON.stringify([ordered.map(([name, of]) => [name, of.map(({ tag, run }) => [tag.index, run.index])]), [...folded], this.app.dark]);
    if (key === this.built) return;
    this.built = key;
    this.seeing.disconnect();
    clear(this.groups);
    for (const [layer, of] of ordered) {
      const open = !folded.has(`layer ${layer}`);
      const rank = (kind: string): number => (ORDER.indexOf(kind) + ORDER.length + 1) % (ORDER.length + 1);
      of.sort((one, two) => rank(one.kind) - rank(two.kind) || natural(one.tag.tag, two.tag.tag) || natural(one.run.name, two.run.name));
      const cards = open ? of.map(({ tag, run }) => this.card(run, tag)) : [];
      const toggle = make("button", {
        class: "group-title", set: { type: "button", "aria-expanded": String(open) },
        on: { click: () => this.app.set({ folded: toggled(this.app.view.folded, `layer ${layer}`, open) }) },
      }, [make("span", { class: "twist", text: open ? "▾" : "▸" }), make("span", { text: layer }), make("small", { text: String(of.length) })]);
      this.groups.append(make("section", { class: "group", set: { "aria-label": layer } }, [toggle, make("div", { class: "cards" }, cards.map(({ element }) => element))]));
      for (const card of cards) this.seeing.observe(card.element);
    }
  }

  private card(run: Run, tag: Tag): SpreadCard {
    const key = `${run.index} ${tag.index} ${this.app.dark}`;
    let card = this.cards.get(key);
    if (card === undefined) {
      card = new SpreadCard(this.app, run, tag, this.tip);
      this.cards.set(key, card);
      this.byElement.set(card.element, card);
    }
    return card;
  }
}
