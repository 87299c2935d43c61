/** Charts of what the model, or the group that fills the screen, costs: a click on a mark flies to what it stands for. */
import type { Figure, FigureBox, FigureMark } from "../contract.ts";
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import { themeOf } from "../state.ts";
import { card, toggle } from "./card.ts";

const SPACE = "http://www.w3.org/2000/svg";
const NAMES: readonly (readonly [string, string])[] = [
  ["parameters", "Parameters"], ["macs", "MACs"], ["memory", "Memory over time"], ["roofline", "Roofline"], ["stages", "Cost by stage"],
];
const CODES = ["M", "L", "C"];
const LENGTHS = [2, 2, 6];
const NARROWEST = 300; // px

export function figuresPanel(desk: Desk): void {
  desk.slots.tools.prepend(iconButton("figures", "Charts", () => toggle(desk, "figures"), "g"));
  desk.keys.add({ key: "g", says: "charts of what the model, or the group on the screen, costs", run: () => toggle(desk, "figures") });
  new Figures(desk);
}

class Figures {
  readonly #what: HTMLSelectElement;
  readonly #where: HTMLSelectElement;
  readonly #status: HTMLElement;
  readonly #picture: HTMLElement;
  #figure: Figure | undefined;
  /** What answers that arrive belong to: later questions make earlier answers void. */
  #turn = 0;

  constructor(readonly desk: Desk) {
    const made = card(desk, desk.slots.bottom, "figures", "Charts");
    this.#what = this.#choice("Chart", NAMES);
    this.#where = this.#choice("Of what", [["screen", "of what is on the screen"], ["model", "of the whole model"]]);
    this.#status = make("span", { class: "table-status", set: { role: "status" } });
    this.#picture = make("div", { class: "figure" });
    this.#picture.addEventListener("pointerover", (event) => this.#tell(event.target as Element));
    this.#picture.addEventListener("focusin", (event) => this.#tell(event.target as Element));
    this.#picture.addEventListener("pointerleave", () => this.#tell(undefined));
    this.#picture.addEventListener("click", (event) => this.#fly(event.target as Element));
    this.#picture.addEventListener("keydown", (event) => this.#key(event));
    made.body.append(make("div", { class: "table-tools" }, [this.#what, this.#where, this.#status]), this.#picture);
    made.onShow(() => void this.#ask());
    desk.state.listen((now, before) => {
      if (!now.shown.has("figures")) {
        return;
      }
      if (this.#group() !== this.#figure?.group && (now.current !== before.current || now.selection !== before.selection)) {
        void this.#ask();
      }
      if (themeOf(now, desk.head.theme) !== themeOf(before, desk.head.theme)) {
        this.#draw();
      } else if (now.selection?.item !== before.selection?.item) {
        this.#mark();
      }
    });
  }

  #choice(label: string, choices: readonly (readonly [string, string])[]): HTMLSelectElement {
    const made = make("select", { set: { "aria-label": label } }, choices.map(([value, text]) => make("option", { text, set: { value } })));
    made.addEventListener("change", () => void this.#ask());
    return made;
  }

  /** The group that is selected, or else the one that fills the screen. */
  #group(): number {
    const { selection, current } = this.desk.state.now;
    const item = selection?.item ?? current;
    return this.#where.value === "model" ? 0 : item < 0 ? ~item : current;
  }

  async #ask(): Promise<void> {
    const turn = ++this.#turn;
    const width = Math.max(NARROWEST, this.#picture.clientWidth);
    try {
      const figure = await this.desk.source.figure(this.#what.value, this.#group(), width);
      if (turn === this.#turn) {
        this.#figure = figure;
        this.#draw();
      }
    } catch (error) {
      if (turn === this.#turn) {
        this.#figure = undefined;
        clear(this.#picture);
        this.#status.textContent = (error as Error).message;
      }
    }
  }

  #draw(): void {
    const figure = this.#figure;
    if (figure === undefined) {
      return;
    }
    const theme = themeOf(this.desk.state.now, this.desk.head.theme);
    clear(this.#picture);
    this.#picture.append(drawing(figure, theme));
    this.#picture.querySelector("[data-item]")?.setAttribute("tabindex", "0");
    this.#tell(undefined);
    this.#mark();
  }

  #mark(): void {
    const chosen = this.desk.state.now.selection?.item;
    for (const mark of this.#picture.querySelectorAll("[data-item]")) {
      mark.classList.toggle("chosen", chosen !== undefined && mark.getAttribute("data-item") === String(chosen));
    }
  }

  #tell(over: Element | undefined): void {
    const mark = over?.closest("[data-item]");
    this.#status.textContent = mark?.getAttribute("aria-label") ?? this.#figure?.note ?? "";
  }

  /** Arrows go from mark to mark, and Enter flies to what one stands for. */
  #key(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined ? event.key !== "Enter" || !this.#fly(event.target as Element) : false) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const marks = [...this.#picture.querySelectorAll<SVGElement>("[data-item]")];
    const at = marks.indexOf(event.target as SVGElement);
    marks[Math.min(marks.length - 1, Math.max(0, at + (step ?? 0)))]?.focus();
  }

  #fly(over: Element): boolean {
    const item = over.closest("[data-item]")?.getAttribute("data-item");
    if (item !== null && item !== undefined) {
      void this.desk.flyTo(Number(item));
      return true;
    }
    return false;
  }
}

/** A chart as elements of SVG: what stands in it is set as text and attributes, and never markup. */
function drawing(figure: Figure, theme: string): SVGElement {
  const svg = element("svg", {
    viewBox: `0 0 ${figure.width} ${figure.height}`, width: figure.width, height: figure.height, role: "group", "aria-label": figure.title,
  });
  const paints = figure.paints[theme] ?? Object.values(figure.paints)[0] ?? [];
  const fonts = figure.fonts[theme] ?? Object.values(figure.fonts)[0] ?? [];
  const paint = (at: number): Record<string, string | number> => {
    const [fill, stroke, width, dash] = paints[at] ?? ["none", "none", 1, ""];
    return { fill, stroke, "stroke-width": width, "stroke-dasharray": dash || "none" };
  };
  for (const mark of figure.marks) {
    if (mark[0] === "box") {
      svg.append(box(mark, paint(mark[1])));
    } else if (mark[0] === "line") {
      svg.append(element("path", { ...paint(mark[1]), d: pathText(mark[2]) }));
    } else {
      const [size, weight, fill, anchor] = fonts[mark[1]] ?? [10, 400, "currentColor", "start"];
      const text = element("text", { x: mark[2], y: mark[3], fill, "font-size": size, "font-weight": weight, "text-anchor": anchor });
      text.textContent = mark[4];
      svg.append(text);
    }
  }
  return svg;
}

function box(mark: FigureBox, paint: Record<string, string | number>): SVGElement {
  const [, , x, y, width, height, rx, item, tip] = mark;
  const rect = element("rect", { ...paint, x, y, width, height, rx });
  if (item !== null) {
    const words = tip.replaceAll("\n", " · ");
    rect.setAttribute("data-item", String(item));
    rect.setAttribute("tabindex", "-1");
    rect.setAttribute("role", "button");
    rect.setAttribute("aria-label", words);
  }
  return rect;
}

/** A path in the words of SVG. */
export function pathText(path: Extract<FigureMark, readonly ["line", ...unknown[]]>[2]): string {
  let text = "";
  for (let at = 0; at < path.length;) {
    const code = path[at] as number;
    const count = LENGTHS[code] as number;
    text += `${CODES[code]}${path.slice(at + 1, at + 1 + count).join(" ")}`;
    at += 1 + count;
  }
  return text;
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const made = document.createElementNS(SPACE, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, String(value));
  }
  return made;
}
