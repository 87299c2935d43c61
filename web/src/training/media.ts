/** The tabs of images and of texts, plainly: what was logged, step by step. */
import { clear, make } from "../dom.ts";
import type { App } from "./app.ts";
import type { Run, Tag } from "./logs.ts";
import { matcher } from "./naming.ts";
import { moment, onAxis } from "./scales.ts";

const MOST = 200; // cards of a tab; a filter finds the others

abstract class Plain {
  readonly element: HTMLElement;
  private readonly body = make("div", { class: "cards media" });
  private readonly made = new Map<string, { element: HTMLElement; renew: () => void }>();
  private readonly seeing: IntersectionObserver;

  constructor(protected readonly app: App, private readonly kind: string, title: string) {
    const filter = make("input", { class: "field", set: { type: "search", placeholder: "Filter (regex)", "aria-label": `Filter ${title} by name, a regular expression` } });
    filter.value = app.view.tagFilter;
    filter.addEventListener("input", () => app.set({ tagFilter: filter.value }));
    const scroll = make("div", { class: "scroll" }, [this.body]);
    this.element = make("section", { class: "tab", set: { "aria-label": title } }, [make("div", { class: "controls" }, [filter]), scroll]);
    this.seeing = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) if (isIntersecting) (target as HTMLElement).dispatchEvent(new Event("seen"));
    }, { root: scroll, rootMargin: "200px" });
    app.onView(() => this.build());
    app.onNews((changed) => {
      this.build();
      for (const [key, { renew }] of this.made) if (changed.has(Number(key.split(" ")[0]))) renew();
    });
  }

  protected abstract card(run: Run, tag: Tag): { element: HTMLElement; renew: () => void };

  build(): void {
    const passes = matcher(this.app.view.tagFilter);
    const runs = this.app.shown();
    const pairs = this.app.logs.tags.filter(({ kind, tag }) => kind === this.kind && passes(tag))
      .flatMap((tag) => runs.filter((run) => run.tags.includes(tag.index)).map((run) => ({ run, tag }))).slice(0, MOST);
    const cards = pairs.map(({ run, tag }) => {
      const key = `${run.index} ${tag.index}`;
      let card = this.made.get(key);
      if (card === undefined) {
        card = this.card(run, tag);
        this.made.set(key, card);
        this.seeing.observe(card.element);
      }
      return card.element;
    });
    if (cards.length !== this.body.children.length || cards.some((card, at) => this.body.children[at] !== card)) {
      clear(this.body);
      this.body.append(...cards);
    }
  }

  protected head(run: Run, tag: Tag): HTMLElement {
    const dot = make("i", { class: "dot" });
    dot.style.color = this.app.colourOf(run);
    return make("header", {}, [dot, make("h3", { class: "chart-title", text: tag.tag, title: tag.tag }), make("small", { text: run.name, title: run.name })]);
  }
}

interface Steps {
  readonly steps: readonly number[];
  readonly times: readonly number[];
}

export class Images extends Plain {
  constructor(app: App) {
    super(app, "images", "Images");
    this.build();
  }

  protected override card(run: Run, tag: Tag): { element: HTMLElement; renew: () => void } {
    const picture = make("img", { set: { alt: "" } });
    const slider = make("input", { set: { type: "range", min: "0", max: "0", "aria-label": `Step of ${tag.tag}` } });
    const when = make("span", { class: "when" });
    const element = make("article", { class: "curves picture", set: { "aria-label": `${tag.tag} of ${run.name}` } }, [
      this.head(run, tag), make("div", { class: "frame-of-picture" }, [picture]), make("footer", {}, [slider, when]),
    ]);
    let known: Steps = { steps: [], times: [] };
    const show = (): void => {
      const at = Number(slider.value);
      const step = known.steps[at];
      if (step === undefined) return;
      when.textContent = `${onAxis("step", step, true)} · ${moment(known.times[at] as number, true)}`;
      picture.alt = `${tag.tag} at step ${step}`;
      picture.src = this.app.server.addressOf("picture", { run: run.index, tag: tag.index, at }).href;
    };
    const renew = (): void => {
      const last = slider.value === slider.max;
      void this.app.server.json<Steps>("steps", { run: run.index, tag: tag.index }).then((told) => {
        known = told;
        slider.max = String(Math.max(0, told.steps.length - 1));
        if (last) slider.value = slider.max;
        show();
      }, (error: Error) => {
        when.textContent = error.message;
      });
    };
    slider.addEventListener("input", show);
    element.addEventListener("seen", renew, { once: true });
    return { element, renew };
  }
}

export class Texts extends Plain {
  constructor(app: App) {
    super(app, "text", "Texts");
    this.build();
  }

  protected override card(run: Run, tag: Tag): { element: HTMLElement; renew: () => void } {
    const list = make("div", { class: "texts" });
    const element = make("article", { class: "curves", set: { "aria-label": `${tag.tag} of ${run.name}` } }, [this.head(run, tag), list]);
    const renew = (): void => {
      void this.app.server.json<readonly (readonly [number, number, string])[]>("texts", { run: run.index, tag: tag.index }).then((told) => {
        clear(list);
        for (const [step, time, text] of [...told].reverse()) {
          list.append(make("p", { class: "when", text: `${onAxis("step", step, true)} · ${moment(time, true)}` }), make("pre", { text }));
        }
      }, (error: Error) => {
        list.textContent = error.message;
      });
    };
    element.addEventListener("seen", renew, { once: true });
    return { element, renew };
  }
}
