/** Export: the screen as it is, and the view or the whole model as files from the drawing code of `plot`. */
import type { Camera, Nest, Viewport } from "../camera/camera.ts";
import { outward } from "../camera/camera.ts";
import type { Drawn } from "../contract.ts";
import { make } from "../dom.ts";
import type { Explorer } from "../explorer.ts";
import { iconButton } from "../icons.ts";
import { HELD } from "../paint/badge.ts";
import { themeOf } from "../state.ts";
import type { State } from "../state.ts";
import { card, toggle } from "./card.ts";

const FORMATS = ["svg", "pdf", "png"] as const;
const DENSITY = 2; // px of a picture of the screen per px of the screen
const WIDEST = 8000; // px of a file that the server draws
const KEPT = 30_000; // ms until a browser has surely begun to save a file

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
  readonly #buttons: HTMLButtonElement[] = [];
  readonly #status: HTMLElement;
  #busy = false;
  readonly #marked = make("input", { set: { type: "checkbox" } });

  constructor(readonly explorer: Explorer) {
    const made = card(explorer, explorer.slots.find, "export", "Save as a picture");
    this.#status = make("p", { class: "export-status", set: { role: "status" } });
    this.#marked.checked = true;
    const screen = this.#button("PNG", "The screen with its colours and marks, twice as sharp", () => this.#screen());
    const row = (title: string, children: readonly HTMLElement[]): HTMLElement =>
      make("div", { class: "export-row" }, [make("span", { text: title }), ...children]);
    made.body.append(row("The screen, as it is", [screen]));
    if (explorer.source.live !== undefined && explorer.head.live.export) {
      made.body.append(
        row("This view", this.#makeButtons(false)), row("The whole model", this.#makeButtons(true)),
        make("label", { class: "legend-row" }, [this.#marked, "with the colours, hits and badges of this page"]),
        make("p", { class: "export-note", text: "Views and whole models are drawn as by cutaway plot: sharp at any size." }),
      );
    } else {
      made.body.append(make("p", { class: "export-note", text: "SVG and PDF are drawn by cutaway itself: open the model with cutaway, or use cutaway plot MODEL -o FILE.svg." }));
    }
    made.body.append(this.#status);
    made.onShow(() => screen.focus());
  }

  #button(text: string, title: string, run: () => Promise<void>): HTMLButtonElement {
    const made = make("button", { class: "button wide", text, title, set: { type: "button" }, on: { click: () => void this.#save(run) } });
    this.#buttons.push(made);
    return made;
  }

  #makeButtons(whole: boolean): HTMLButtonElement[] {
    return FORMATS.map((form) => this.#button(form.toUpperCase(), `${whole ? "The whole model" : "This view"} as ${form.toUpperCase()}`, async () => {
      const { live } = this.explorer.source;
      if (live !== undefined) {
        const marks = this.#marked.checked ? marksOf(this.explorer.state.now) : {};
        save(new Blob([await live.picture(this.#query(form, whole), marks)]), `${this.#name}.${form}`);
      }
    }));
  }

  get #name(): string {
    return (this.explorer.head.model.name || "model").replace(/[^A-Za-z0-9]/g, "_").slice(0, 80);
  }

  /** What is drawn: the view as the camera and the theme are now. */
  #query(form: string, whole: boolean): Record<string, string | number> {
    const { eye, store, head, state } = this.explorer;
    const theme = themeOf(state.now, head.theme);
    if (whole) {
      return { format: form, theme };
    }
    const view = viewOf(store, eye.camera, eye.viewport);
    const round = (value: number): string => String(Number(value.toPrecision(8)));
    const width = Math.min(WIDEST, Math.round(eye.viewport.width * DENSITY));
    return { format: form, theme, view: [view.x, view.y, view.w, view.h].map(round).join(","), group: view.group, width };
  }

  async #save(run: () => Promise<void>): Promise<void> {
    if (this.#busy) {
      return;
    }
    this.#wait(true);
    try {
      await run();
      this.#status.textContent = "";
    } catch (error) {
      this.#status.textContent = `The picture could not be made: ${(error as Error).message}`;
    }
    this.#wait(false);
  }

  #wait(busy: boolean): void {
    this.#busy = busy;
    this.#status.textContent = busy ? "Drawing …" : this.#status.textContent;
    for (const one of this.#buttons) {
      one.setAttribute("aria-disabled", String(busy)); // not disabled, which would take the focus away
    }
  }

  async #screen(): Promise<void> {
    const picture = this.explorer.surface.picture(this.explorer.eye.camera, DENSITY);
    save(await picture.convertToBlob({ type: "image/png" }), `${this.#name}.png`);
  }
}

/** Let the browser save a file. */
function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  make("a", { set: { href: address, download: name } }).click();
  setTimeout(() => URL.revokeObjectURL(address), KEPT);
}

/** What is marked on the page, as the drawing code takes it. */
export function marksOf({ colouring, hits, badges }: Pick<State, "colouring" | "hits" | "badges">): Drawn {
  return {
    ...(colouring === undefined ? {} : {
      palette: [...colouring.palette], nodes: base64(colouring.nodes), groups: base64(colouring.groups),
      legend: colouring.legend.map(([fill, words]): [string, string] => [fill, words]),
    }),
    ...(hits === undefined ? {} : { node_hits: base64(hits.nodes), group_hits: base64(hits.groups) }),
    ...(badges === undefined ? {} : { badges: [...badges].flatMap(([item, code]) => [item, code % HELD]) }),
  };
}

const CHUNK = 0x8000; // arguments that a function takes

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}
