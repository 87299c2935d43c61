/** The dialog that offers what was logged as files. */
import { clear, make } from "../dom.ts";
import type { App } from "./app.ts";
import type { Metric } from "./logs.ts";

const WHOLE = 300; // runs or tags up to which an address names each

export class Save {
  private readonly dialog = make("dialog", { class: "help save", set: { "aria-label": "Download" } });

  constructor(private readonly app: App, host: HTMLElement) {
    host.append(this.dialog);
    host.addEventListener("download", (event) => this.offer((event as CustomEvent<Metric>).detail));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
  }

  /** Offer one metric of the shown runs, or everything. */
  offer(metric: Metric | undefined): void {
    const shown = this.app.shown().map(({ index }) => index);
    const runs = shown.length > WHOLE || metric === undefined ? "" : shown.join();
    const tags = metric === undefined ? "" : metric.tags.map(({ index }) => index).join();
    const link = (format: string, words: string): HTMLElement => {
      const made = make("a", { class: "button wide", text: words, set: { href: this.app.server.addressOf("download", { format, runs, tags }).href, download: "" } });
      made.addEventListener("click", () => this.dialog.close());
      return made;
    };
    const what = metric === undefined ? "all values, texts and distributions of all runs" : `${metric.name} of ${runs === "" ? "all" : shown.length} runs`;
    const close = make("button", { class: "button wide", text: "Cancel", set: { type: "button" }, on: { click: () => this.dialog.close() } });
    clear(this.dialog);
    this.dialog.append(
      make("h2", { text: "Download" }), make("p", { class: "what", text: `All points of ${what}, as they were logged.` }),
      make("div", { class: "choices" }, [link("csv", "CSV"), link("json", "JSON"), close]),
    );
    this.dialog.showModal();
  }
}
