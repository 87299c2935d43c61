/** The tab of findings: what the checks of trainings say of the shown runs, pinned to layer and step. */
import { clear, make } from "../dom.ts";
import type { App } from "./app.ts";
import { hasStructure } from "./model.ts";
import { onAxis } from "./scales.ts";

interface Finding {
  readonly training: string;
  readonly check: string;
  readonly severity: "error" | "warning" | "info";
  readonly where: readonly string[];
  readonly step: number | null;
  readonly what: string;
  readonly why: string;
  readonly do: string;
}

const PAUSE = 3_000; // ms between two looks while values keep coming
const SAID = { error: "Error", warning: "Warning", info: "Info" } as const;

export class Findings {
  readonly element: HTMLElement;
  private readonly list = make("div", { class: "findings-list" });
  private readonly note = make("p", { class: "run-count", text: "Looking …", set: { role: "status" } });
  private busy = false;
  private again = false;

  constructor(private readonly app: App) {
    this.element = make("section", { class: "tab", set: { "aria-label": "Findings" } }, [
      make("div", { class: "controls" }, [this.note]), make("div", { class: "scroll" }, [this.list]),
    ]);
    app.onNews(() => void this.renew());
    app.onView((now, before) => {
      if (now.tab !== before.tab || now.hidden !== before.hidden || now.added !== before.added || now.runFilter !== before.runFilter) void this.renew();
    });
    void this.renew();
  }

  private async renew(): Promise<void> {
    if (this.busy) {
      this.again = true;
      return;
    }
    if (this.app.view.tab !== "findings") return;
    this.busy = true;
    this.again = false;
    const runs = this.app.shown().map(({ index }) => index);
    try {
      const told = await this.app.server.json<{ findings: readonly Finding[]; left_out: number }>("findings", {}, { runs });
      this.draw(told.findings, told.left_out);
    } catch (error) {
      this.note.textContent = (error as Error).message;
    }
    window.setTimeout(() => {
      this.busy = false;
      if (this.again) void this.renew();
    }, PAUSE);
  }

  private draw(findings: readonly Finding[], leftOut: number): void {
    const more = leftOut > 0 ? `, and ${leftOut} more` : "";
    this.note.textContent = findings.length === 0 ? "The checks found nothing in the shown runs." : `${findings.length} findings${more}`;
    this.element.dataset["count"] = String(findings.length);
    clear(this.list);
    let training = "";
    for (const finding of findings) {
      if (finding.training !== training) {
        training = finding.training;
        this.list.append(make("h2", { text: training }));
      }
      this.list.append(this.row(finding));
    }
  }

  private row(finding: Finding): HTMLElement {
    const at = finding.step === null ? "" : ` · step ${onAxis("step", finding.step, true)}`;
    const places = finding.where.map((id) => make("button", {
      class: "link", text: id, title: `Show ${id} in the model`, set: { type: "button" }, on: { click: () => this.show(finding, id) },
    }));
    return make("article", { class: `training-finding ${finding.severity}` }, [
      make("p", { class: "said" }, [make("strong", { text: `${SAID[finding.severity]} ${finding.check}` }), `${at} · ${finding.what}`]),
      ...(places.length > 0 ? [make("p", { class: "places" }, places)] : []),
      make("p", { class: "what", text: `${finding.why} ${finding.do}` }),
    ]);
  }

  /** The layer in the model of that training, at that step. */
  private show(finding: Finding, id: string): void {
    const run = this.app.logs.listed().find((one) => one.training === finding.training && hasStructure(this.app, one));
    this.app.set({ tab: "model", modelRun: run?.name ?? "", layer: id, step: finding.step ?? undefined });
  }
}
