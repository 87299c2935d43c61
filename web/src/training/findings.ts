/** The tab of findings: what the checks of trainings say of the shown runs, pinned to layer and step. */
import { clear, make } from "../dom.ts";
import { SEVERITIES } from "../findings.ts";
import { badgeIcon } from "../icons.ts";
import type { App } from "./app.ts";
import { Checking, rankOf } from "./checking.ts";
import type { TrainingFinding } from "./checking.ts";
import { onAxis } from "./scales.ts";

export class Findings {
  readonly element: HTMLElement;
  private readonly list = make("div", { class: "findings-list" });
  private readonly note = make("p", { class: "run-count", text: "Looking …", set: { role: "status" } });
  private readonly checking: Checking;

  constructor(private readonly app: App) {
    this.element = make("section", { class: "tab", set: { "aria-label": "Findings" } }, [
      make("div", { class: "controls" }, [this.note]), make("div", { class: "scroll" }, [this.list]),
    ]);
    this.checking = new Checking(app, () => (app.view.tab === "findings" ? app.shown().map(({ index }) => index) : []), () => this.draw());
    app.onView(() => void this.checking.renew(), "tab", "hidden", "added", "runFilter");
    void this.checking.renew();
  }

  private draw(): void {
    const { found, leftOut, failure } = this.checking;
    const more = leftOut > 0 ? `, and ${leftOut} more` : "";
    const words = found.length === 0 ? "The checks found nothing in the shown runs." : `${found.length} findings${more}`;
    this.note.textContent = failure || words;
    this.element.dataset["count"] = String(found.length);
    clear(this.list);
    for (const training of new Set(found.map((finding) => finding.training))) {
      const of = found.filter((finding) => finding.training === training);
      this.list.append(make("h2", { text: training }), ...findingArticles(of, (finding, id) => leadTo(this.app, finding, id)));
    }
  }

}

/** Fly to a layer in the model of the training that a finding is about, at its step. */
export function leadTo(app: App, finding: TrainingFinding, id: string): void {
  const run = app.logs.listed().find((one) => one.training === finding.training && app.logs.hasStructure(one));
  app.set({ layer: "" }); // also where it is selected already, but far away
  app.set({ tab: "model", modelRun: run?.name ?? "", layer: id, step: finding.step ?? undefined });
}

/** Findings check by check, the gravest first: each says its words once, and leads to the layers that it is about. */
export function findingArticles(found: readonly TrainingFinding[], go: (finding: TrainingFinding, id: string) => void): HTMLElement[] {
  const checks = new Map<string, TrainingFinding[]>();
  for (const finding of found) {
    const key = `${finding.check} ${finding.severity}`;
    checks.set(key, [...(checks.get(key) ?? []), finding]);
  }
  return [...checks.values()].map((of) => {
    const [first] = of as [TrainingFinding];
    const rank = rankOf(first);
    return make("article", { class: `finding training-finding severity-${rank}` }, [
      make("p", { class: "finding-head" }, [badgeIcon(rank), make("strong", { text: first.name.replaceAll("-", " ") }), make("span", {
        class: "what", text: `${SEVERITIES[rank]?.one ?? ""} ${first.check}`,
      })]),
      make("ul", { class: "finding-hits" }, of.map((finding) => make("li", {}, hit(finding, (id) => go(finding, id))))),
      make("p", { class: "what", text: first.why }),
      make("p", { class: "finding-do", text: first.do }),
    ]);
  });
}

/** What a check found in one place, or in several. */
function hit({ what, where, step }: TrainingFinding, go: (id: string) => void): (Node | string)[] {
  const place = (id: string, text: string): HTMLElement => make("button", {
    class: "link", text, title: `Show ${id} in the model`, set: { type: "button" }, on: { click: () => go(id) },
  });
  const [first, ...others] = where;
  const at = step === null || new RegExp(`(step|epoch) ${step}\\b`).test(what) ? "" : `step ${onAxis("step", step, true)}`;
  const more = others.length === 0 ? [] : [make("span", { class: "places" }, others.map((id) => place(id, id)))];
  return [first === undefined ? what : place(first, what), make("span", { class: "what", text: at }), ...more];
}
