/** The findings of the checks: their number at the top, and a list that flies to them. */
import type { Finding } from "../contract.ts";
import type { Desk } from "../desk.ts";
import { clear, make } from "../dom.ts";
import { badgesOf, countWords, countsOf, NOTHING_FOUND, SEVERITIES } from "../findings.ts";
import { badgeIcon, iconButton } from "../icons.ts";
import { card, toggle } from "./card.ts";
import { VirtualList } from "./virtual.ts";

const ROW = 56; // px
const MOST_UNASKED = 50_000; // nodes of a model at which the checks look before anybody asks: a second of work
const NARROW = "(max-width: 720px)"; // as in the styles
const PATIENCE = 2500; // ms after which the checks begin although the page has not been idle

export function findingsPanel(desk: Desk): void {
  new FindingsPanel(desk);
}

class FindingsPanel {
  readonly #button: HTMLButtonElement;
  readonly #card: HTMLElement;
  readonly #count = make("span", { class: "findings-count" });
  readonly #filters: readonly HTMLButtonElement[];
  readonly #status = make("p", { class: "findings-status", set: { role: "status", "aria-live": "polite" } });
  readonly #list: VirtualList;
  readonly #details = make("div", { class: "findings-details" });
  /** Severities that are listed, and marked in the drawing. */
  readonly #wanted = new Set<number>([0, 1]);
  #rows: readonly Finding[] = [];
  #chosen = -1;
  #asked = false;

  constructor(readonly desk: Desk) {
    this.#button = iconButton("findings", "Findings", () => toggle(desk, "findings"), "!");
    this.#button.append(this.#count);
    desk.slots.tools.prepend(this.#button);
    desk.keys.add({ key: "!", says: "what the checks found", run: () => toggle(desk, "findings") });
    const made = card(desk, desk.slots.left, "findings", "Findings");
    this.#card = made.element;
    this.#filters = SEVERITIES.map(({ many }, severity) => make("button", {
      class: "button wide", set: { type: "button", "aria-label": `Show ${many}` }, on: { click: () => this.#filter(severity) },
    }));
    this.#list = new VirtualList({
      rowHeight: ROW,
      count: () => this.#rows.length,
      makeRow: () => this.#makeRow(),
      fill: (row, index) => this.#fill(row, index),
    }, { class: "finding-rows", set: { role: "listbox", tabindex: "0", "aria-label": "Findings" } });
    this.#list.element.addEventListener("keydown", (event) => this.#key(event));
    made.body.append(make("div", { class: "findings-filters" }, this.#filters), this.#status, this.#list.element, this.#details);
    made.onShow(() => void this.#ask().then(() => this.#shown()));
    desk.state.listen((now, before) => {
      if (now.findings !== before.findings) {
        this.#refresh();
      }
    });
    this.#refresh();
    if (desk.head.model.nodes <= MOST_UNASKED && desk.head.compare === undefined) {
      this.#whenIdle(() => void this.#ask());
    }
  }

  #whenIdle(run: () => void): void {
    const unlessEnded = (): void => {
      if (!this.desk.ended.aborted) {
        run();
      }
    };
    if (typeof requestIdleCallback === "function") {
      requestIdleCallback(unlessEnded, { timeout: PATIENCE });
    } else {
      setTimeout(unlessEnded, PATIENCE / 2);
    }
  }

  async #ask(): Promise<void> {
    if (this.#asked) {
      return;
    }
    this.#asked = true;
    this.#status.textContent = "Looking for flaws …";
    try {
      this.desk.state.send({ kind: "findings", findings: await this.desk.source.findings() });
    } catch (error) {
      this.#asked = false;
      this.desk.state.send({ kind: "findings", findings: { ...NOTHING_FOUND, unchecked: (error as Error).message } });
    }
  }

  /** Where there is nothing graver than what is hidden, that is shown. */
  #shown(): void {
    const counts = countsOf(this.desk.state.now.findings ?? NOTHING_FOUND);
    if (![...this.#wanted].some((severity) => (counts[severity] ?? 0) > 0)) {
      this.#wanted.add(2);
    }
    this.#refresh();
    const first = this.#rows.length > 0 ? this.#list.element : this.#card.querySelector<HTMLElement>("button:not(:disabled)");
    first?.focus({ preventScroll: true });
  }

  #filter(severity: number): void {
    if (!this.#wanted.delete(severity)) {
      this.#wanted.add(severity);
    }
    this.#refresh();
  }

  #refresh(): void {
    const { findings } = this.desk.state.now;
    const found = findings ?? NOTHING_FOUND;
    const counts = countsOf(found);
    const words = countWords(counts);
    const all = counts.reduce((sum, count) => sum + count, 0);
    const worst = counts.findIndex((count) => count > 0);
    this.#count.textContent = all === 0 ? "" : all.toLocaleString("en");
    this.#button.title = findings === undefined ? "Findings (!)" : `Findings: ${words || "none"} (!)`;
    this.#button.setAttribute("aria-label", findings === undefined ? "Findings" : `Findings: ${words || "none"}`);
    this.#button.dataset["severity"] = String(worst);
    this.#filters.forEach((button, severity) => {
      clear(button);
      button.append(badgeIcon(severity), (counts[severity] ?? 0).toLocaleString("en"));
      button.disabled = counts[severity] === 0;
      button.setAttribute("aria-pressed", String(this.#wanted.has(severity) && counts[severity] !== 0));
    });
    const chosen = this.#rows[this.#chosen];
    this.#rows = found.findings.filter(({ severity }) => this.#wanted.has(severity));
    this.#chosen = chosen === undefined ? -1 : this.#rows.indexOf(chosen);
    if (findings !== undefined) {
      this.#status.textContent = this.#statusOf(all);
      this.desk.state.send({ kind: "badges", badges: badgesOf(findings, this.#wanted) });
    }
    this.#list.element.hidden = this.#rows.length === 0;
    this.#list.refresh();
    this.#show();
  }

  #statusOf(all: number): string {
    const { findings } = this.desk.state.now;
    if (findings === undefined || findings.unchecked !== "") {
      return findings?.unchecked ?? "";
    }
    if (all === 0) {
      return "The checks found nothing.";
    }
    const hidden = findings.hidden > 0 ? ` The first ${findings.findings.length.toLocaleString("en")} of ${all.toLocaleString("en")} are listed; cutaway check MODEL says all.` : "";
    return `${this.#rows.length.toLocaleString("en")} of ${all.toLocaleString("en")} shown.${hidden}`;
  }

  #makeRow(): HTMLElement {
    const row = make("div", { class: "finding-row", set: { role: "option" } }, [
      make("span", { class: "finding-badge" }), make("span", { class: "finding-what" }), make("span", { class: "finding-where" }),
    ]);
    row.addEventListener("click", () => {
      this.#choose(this.#list.indexOf(row) ?? -1);
      if (window.matchMedia(NARROW).matches) { // the list would cover the place that it leads to
        this.desk.state.send({ kind: "show", panel: "findings", shown: false });
      }
    });
    return row;
  }

  #fill(row: HTMLElement, index: number): void {
    const finding = this.#rows[index] as Finding;
    const [badge, what, where] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
    clear(badge);
    badge.append(badgeIcon(finding.severity));
    row.setAttribute("aria-selected", String(index === this.#chosen));
    what.textContent = finding.what;
    row.title = finding.what;
    where.textContent = `${SEVERITIES[finding.severity].one} ${finding.check} · ${this.desk.state.now.findings?.checks[finding.check]?.name ?? ""}`;
  }

  #key(event: KeyboardEvent): void {
    const moves: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 5, PageUp: -5 };
    const step = event.key === "Enter" || event.key === " " ? 0 : moves[event.key];
    if (step === undefined || this.#rows.length === 0) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.#choose(Math.min(this.#rows.length - 1, Math.max(0, this.#chosen + step)));
    this.#list.reveal(this.#chosen);
  }

  #choose(index: number): void {
    this.#chosen = index;
    this.#list.refresh();
    this.#show();
    const item = this.#rows[index]?.at[0];
    if (item !== undefined) {
      void this.desk.flyTo(item);
    }
  }

  /** Why what is chosen matters, and what to do about it. */
  #show(): void {
    clear(this.#details);
    const finding = this.#rows[this.#chosen];
    this.#details.hidden = finding === undefined;
    if (finding !== undefined) {
      this.#details.append(...explained(this.desk, finding));
    }
  }
}

/** A finding in full: what, why, what to do. */
export function explained(desk: Desk, finding: Finding): HTMLElement[] {
  const words = desk.state.now.findings?.checks[finding.check];
  return [
    make("p", { class: "finding-head" }, [badgeIcon(finding.severity), make("strong", { text: finding.what })]),
    make("p", { text: words?.why ?? "" }),
    make("p", { class: "finding-do", text: words?.do ?? "" }),
    make("p", { class: "more", text: `${SEVERITIES[finding.severity].one} ${finding.check} ${words?.name ?? ""}` }),
  ];
}
