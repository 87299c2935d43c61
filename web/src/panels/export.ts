/** Export: the screen as it is, and the view or the whole model as files from the drawing code of `plot`. */
import type { Camera, Nest, Viewport } from "../camera/camera.ts";
import { outward } from "../camera/camera.ts";
import { make } from "../dom.ts";
import type { Explorer } from "../explorer.ts";
import { iconButton } from "../icons.ts";
import { themeOf } from "../state.ts";
import { card, toggle } from "./card.ts";

const FORMATS = ["svg", "pdf", "png"] as const;
const DENSITY = 2; // px of a picture of the screen per px of the screen
const WIDEST = 8000; // px of a file that the server draws

/** A rectangle of the inside of a group. */
export interface View {
  readonly group: number;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** What the camera shows, in the innermost group that holds all of it; at most the whole root. */
export function viewOf(nest: Nest, camera: Camera, viewport: Viewport): View {
  for (let here = camera; ; ) {
    const rect = { x: here.x - viewport.width / 2 / here.k, y: here.y - viewport.height / 2 / here.k, w: viewport.width / here.k, h: viewport.height / here.k };
    const sheet = nest.sheetOf(here.anchor);
    const outer = outward(nest, here);
    const holds = sheet !== undefined && rect.x >= 0 && rect.y >= 0 && rect.x + rect.w <= sheet.w && rect.y + rect.h <= sheet.h;
    if (holds || outer === undefined) {
      return { group: here.anchor, ...(holds || sheet === undefined ? rect : cut(rect, sheet.w, sheet.h)) };
    }
    here = outer;
  }
}

/** The part of a rectangle that lies on a sheet; all of the sheet where that is nothing. */
function cut(rect: Omit<View, "group">, w: number, h: number): Omit<View, "group"> {
  const x = Math.max(0, rect.x);
  const y = Math.max(0, rect.y);
  const right = Math.min(w, rect.x + rect.w);
  const bottom = Math.min(h, rect.y + rect.h);
  return right > x && bottom > y ? { x, y, w: right - x, h: bottom - y } : { x: 0, y: 0, w, h };
}

export function exportPanel(explorer: Explorer): void {
  const { keys, slots } = explorer;
  slots.tools.lastElementChild?.before(iconButton("save", "Save as a picture", () => toggle(explorer, "export"), "e"));
  keys.add({ key: "e", says: "save the view or the whole model as a picture", run: () => toggle(explorer, "export") });
  new ExportPanel(explorer);
}

class ExportPanel {
  readonly #links: { readonly link: HTMLAnchorElement; readonly form: string; readonly whole: boolean }[] = [];
  readonly #status: HTMLElement;

  constructor(readonly explorer: Explorer) {
    const made = card(explorer, explorer.slots.find, "export", "Save as a picture");
    this.#status = make("p", { class: "export-status", set: { role: "status" } });
    const screen = make("button", {
      class: "button wide", text: "PNG", title: "The screen with its colours and marks, twice as sharp", set: { type: "button" },
      on: { click: () => void this.#saveScreen() },
    });
    const row = (title: string, children: readonly HTMLElement[]): HTMLElement =>
      make("div", { class: "export-row" }, [make("span", { text: title }), ...children]);
    made.body.append(row("The screen, as it is", [screen]));
    if (explorer.source.live !== undefined && explorer.head.live.export) {
      made.body.append(row("This view", this.#makeLinks(false)), row("The whole model", this.#makeLinks(true)));
      made.body.append(make("p", { class: "export-note", text: "Views and whole models are drawn as by cutaway plot: sharp at any size, without colours and marks of this page." }));
    } else {
      made.body.append(make("p", { class: "export-note", text: "SVG and PDF are drawn by cutaway itself: open the model with cutaway, or use cutaway plot MODEL -o FILE.svg." }));
    }
    made.body.append(this.#status);
    const refresh = (): void => {
      if (explorer.state.now.shown.has("export")) {
        this.#refresh();
      }
    };
    made.onShow(() => {
      this.#refresh();
      screen.focus();
    });
    explorer.onRest(refresh);
    explorer.state.listen(refresh);
  }

  #makeLinks(whole: boolean): HTMLAnchorElement[] {
    return FORMATS.map((form) => {
      const link = make("a", { class: "button wide", text: form.toUpperCase() });
      this.#links.push({ link, form, whole });
      return link;
    });
  }

  /** Links follow the camera and the theme. */
  #refresh(): void {
    const { eye, store, head, source, state } = this.explorer;
    const view = viewOf(store, eye.camera, eye.viewport);
    const theme = themeOf(state.now, head.theme);
    const round = (value: number): string => String(Number(value.toPrecision(8)));
    const width = Math.min(WIDEST, Math.round(eye.viewport.width * DENSITY));
    const part = { view: [view.x, view.y, view.w, view.h].map(round).join(","), group: view.group, width };
    const name = (head.model.name || "model").replace(/[^A-Za-z0-9]/g, "_").slice(0, 80);
    for (const { link, form, whole } of this.#links) {
      source.live?.offer(link, "export", { chart: head.chart, format: form, theme, ...(whole ? {} : part) }, `${name}.${form}`);
    }
  }

  async #saveScreen(): Promise<void> {
    try {
      const picture = this.explorer.surface.picture(this.explorer.eye.camera, DENSITY);
      const address = URL.createObjectURL(await picture.convertToBlob({ type: "image/png" }));
      const link = make("a", { set: { href: address, download: `${this.explorer.head.model.name || "model"}.png` } });
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
      this.#status.textContent = "";
    } catch (error) {
      this.#status.textContent = `The picture could not be made: ${(error as Error).message}`;
    }
  }
}
