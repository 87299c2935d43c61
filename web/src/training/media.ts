/** The tabs of images, sounds and texts, plainly: what was logged, step by step. */
import type { Container } from "../columns.ts";
import { clear, make } from "../dom.ts";
import type { App } from "./app.ts";
import type { Run, Tag } from "./logs.ts";
import { matcher } from "./naming.ts";
import { moment, onAxis } from "./scales.ts";

const MOST = 200; // cards of a tab; a filter finds the others

interface Card {
  readonly element: HTMLElement;
  renew(): void;
}

abstract class Plain {
  readonly element: HTMLElement;
  private readonly body = make("div", { class: "cards media" });
  private readonly made = new Map<string, Card>();
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
    app.onView(() => this.build(), "tab", "runFilter", "tagFilter", "hidden", "added");
    app.onNews((changed) => {
      this.build();
      for (const [key, card] of this.made) if (changed.has(Number(key.split(" ")[0]))) card.renew();
    });
  }

  protected abstract card(run: Run, tag: Tag): Card;

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
        card.element.addEventListener("seen", () => card?.renew(), { once: true });
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
  readonly times: readonly (number | string)[];
}

/** A picture or sound of a step; its address is empty where it is of a kind that is not shown. */
interface Item {
  readonly url: string;
  readonly label: string;
}

/** Shows one step of a tag, which a slider chooses. */
class SteppedCard implements Card {
  readonly element: HTMLElement;
  private readonly slider: HTMLInputElement;
  private readonly when = make("span", { class: "when" });
  private readonly frame = make("div", { class: "frame-of-media" });
  private known: Steps = { steps: [], times: [] };
  private items: readonly Item[] = [];
  private shown = -1;

  constructor(
    private readonly app: App, private readonly run: Run, private readonly tag: Tag, head: HTMLElement, private readonly types: readonly string[],
    private readonly show: (item: Item, words: string) => HTMLElement,
  ) {
    this.slider = make("input", { set: { type: "range", min: "0", max: "0", "aria-label": `Step of ${tag.tag}` } });
    this.element = make("article", { class: "curves stepped", set: { "aria-label": `${tag.tag} of ${run.name}` } }, [
      head, this.frame, make("footer", {}, [this.slider, this.when]),
    ]);
    this.slider.addEventListener("input", () => void this.place());
  }

  renew(): void {
    const last = this.slider.value === this.slider.max;
    void this.app.server.json<Steps>("steps", { run: this.run.index, tag: this.tag.index }).then((told) => {
      this.known = told;
      this.slider.max = String(Math.max(0, told.steps.length - 1));
      this.slider.disabled = told.steps.length < 2;
      if (last) this.slider.value = this.slider.max;
      return this.place();
    }).catch((error: Error) => {
      this.when.textContent = error.message;
    });
  }

  private async place(): Promise<void> {
    const at = Number(this.slider.value);
    const step = this.known.steps[at];
    if (step === undefined || at === this.shown) return;
    this.shown = at;
    this.when.textContent = `${onAxis("step", step, true)} · ${moment(Number(this.known.times[at]), true)}`;
    this.slider.setAttribute("aria-valuetext", `step ${step}`);
    try {
      const box = await this.app.server.columns("media", { run: this.run.index, tag: this.tag.index, at });
      if (this.shown === at) this.fill(box, step);
    } catch (error) {
      this.shown = -1;
      this.when.textContent = (error as Error).message;
    }
  }

  /** Only what is of a type that is asked for becomes an address. */
  private fill(box: Container, step: number): void {
    for (const { url } of this.items) URL.revokeObjectURL(url);
    const about = JSON.parse(box.text("about")) as readonly { readonly type: string; readonly label: string }[];
    this.items = about.map(({ type, label }, at) => {
      const url = this.types.includes(type) ? URL.createObjectURL(new Blob([box.u8(String(at)).slice()], { type })) : "";
      return { url, label };
    });
    const words = (at: number): string => `${this.tag.tag} at step ${step}${about.length > 1 ? `, ${at + 1} of ${about.length}` : ""}`;
    this.frame.replaceChildren(...this.items.map((item, at) => item.url === ""
      ? make("p", { class: "what", text: "It is of a kind that is not shown here." }) : this.show(item, words(at))));
    this.element.dataset["step"] = String(step);
  }
}

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp"];

export class Images extends Plain {
  constructor(app: App) {
    super(app, "images", "Images");
    this.build();
  }

  protected override card(run: Run, tag: Tag): Card {
    const show = ({ url }: Item, words: string): HTMLElement => make("img", { set: { alt: words, src: url } });
    return new SteppedCard(this.app, run, tag, this.head(run, tag), PICTURES, show);
  }
}

export class Sounds extends Plain {
  constructor(app: App) {
    super(app, "audio", "Sounds");
    this.build();
  }

  protected override card(run: Run, tag: Tag): Card {
    const show = ({ url, label }: Item, words: string): HTMLElement => make("figure", {}, [
      make("audio", { set: { controls: "", preload: "metadata", "aria-label": words, src: url } }), make("figcaption", { class: "what", text: label }),
    ]);
    return new SteppedCard(this.app, run, tag, this.head(run, tag), ["audio/wav"], show);
  }
}

export class Texts extends Plain {
  constructor(app: App) {
    super(app, "text", "Texts");
    this.build();
  }

  protected override card(run: Run, tag: Tag): Card {
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
    return { element, renew };
  }
}
