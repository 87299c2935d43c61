/** The frame of the page: name and tabs at the top, runs at the left, the chosen tab beside them. */
import { make } from "../dom.ts";
import { iconButton } from "../icons.ts";
import type { App } from "./app.ts";
import { Charts } from "./charts.ts";
import { Findings } from "./findings.ts";
import { Images, Sounds, Texts } from "./media.ts";
import { ModelTab } from "./model.ts";
import { Save } from "./save.ts";
import { Spreads } from "./spreads.ts";
import { Table } from "./table.ts";
import { RunList } from "./runs.ts";
import type { Tab, View } from "./view.ts";

/** A tab that can be shown: made when it is first chosen. */
interface Entry {
  readonly tab: Tab;
  readonly title: string;
  /** Whether there is anything to show in it. */
  filled(app: App): boolean;
  make(app: App, host: HTMLElement): HTMLElement;
}

const has = (...kinds: readonly string[]) => (app: App): boolean => app.logs.tags.some(({ kind }) => kinds.includes(kind));

const ENTRIES: readonly Entry[] = [
  { tab: "metrics", title: "Metrics", filled: () => true, make: (app, host) => new Charts(app, host).element },
  { tab: "distributions", title: "Distributions", filled: has("histograms"), make: (app, host) => new Spreads(app, host).element },
  {
    tab: "model", title: "Model", filled: (app) => app.logs.runs.some((run) => run !== undefined && app.logs.hasStructure(run)),
    make: (app, host) => new ModelTab(app, host).element,
  },
  { tab: "findings", title: "Findings", filled: has("scalars"), make: (app) => new Findings(app).element },
  { tab: "images", title: "Images", filled: has("images"), make: (app) => new Images(app).element },
  { tab: "sounds", title: "Sounds", filled: has("audio"), make: (app) => new Sounds(app).element },
  { tab: "text", title: "Text", filled: has("text"), make: (app) => new Texts(app).element },
  { tab: "runs", title: "Compare", filled: () => true, make: (app) => new Table(app).element },
];

export interface Page {
  say(words: string): void;
}

export function layOut(app: App, host: HTMLElement): Page {
  const name = make("h1", { class: "log-name" });
  const tabs = make("nav", { class: "tabs", set: { role: "tablist", "aria-label": "What is shown" } });
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = [...tabs.children] as HTMLElement[];
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (step === undefined || at < 0) return;
    event.preventDefault();
    const next = all[(at + step + all.length) % all.length] as HTMLElement;
    next.focus();
    next.click();
  });
  const note = make("p", { class: "note", text: "Reading the logs …", set: { role: "status" } });
  const middle = make("main", { class: "middle" }, [note]);
  const trouble = make("p", { class: "trouble", set: { role: "alert" } });
  trouble.hidden = true;
  const list = make("aside", { class: "side left runs-side" }, [new RunList(app).element]);
  const showRuns = iconButton("outline", "Runs", () => list.classList.toggle("closed"));
  const files = new Save(app, host);
  const save = iconButton("save", "Download everything that was logged", () => files.offer(undefined));
  const theme = iconButton("theme", "Light or dark", () => app.set({ theme: app.dark ? "light" : "dark" }));
  const top = make("header", { class: "top" }, [showRuns, name, tabs, make("div", { class: "tools" }, [save, theme])]);
  host.append(make("div", { class: "layer training" }, [top, trouble, make("div", { class: "row" }, [list, middle])]));
  if (window.innerWidth <= 720) list.classList.add("closed");
  const made = new Map<Tab, HTMLElement>();
  const show = (view: View): void => {
    host.dataset["theme"] = app.dark ? "dark" : "light";
    const entries = ENTRIES.filter((entry) => entry.filled(app) || entry.tab === view.tab);
    const entry = entries.find(({ tab }) => tab === view.tab) ?? (ENTRIES[0] as Entry);
    const wanted = entries.map(({ tab }) => tab).join();
    if (tabs.dataset["tabs"] !== wanted) {
      tabs.dataset["tabs"] = wanted;
      tabs.replaceChildren(...entries.map(({ tab, title }) => make("button", {
        class: "tab-name", text: title, set: { type: "button", role: "tab", "data-tab": tab }, on: { click: () => app.set({ tab }) },
      })));
    }
    for (const element of tabs.children) {
      const chosen = element.getAttribute("data-tab") === entry.tab;
      element.setAttribute("aria-selected", String(chosen));
      element.setAttribute("tabindex", chosen ? "0" : "-1");
    }
    if (app.logs.version > 0 && !made.has(entry.tab)) {
      const element = entry.make(app, host);
      made.set(entry.tab, element);
      middle.append(element);
    }
    const left = document.activeElement?.closest<HTMLElement>(".tab");
    for (const [tab, element] of made) element.hidden = tab !== entry.tab;
    if (left?.hidden === true) tabs.querySelector<HTMLElement>("[aria-selected=true]")?.focus(); // or keys would go nowhere
  };
  app.onView(show, "tab", "theme");
  app.onNews(() => {
    note.hidden = true;
    trouble.hidden = app.logs.trouble === "";
    trouble.textContent = `Nothing new can be seen: ${app.logs.trouble}`;
    name.textContent = app.logs.name;
    document.title = `${app.logs.name} · cutaway`;
    show(app.view);
  });
  show(app.view);
  return {
    say(words) {
      note.textContent = words;
      note.hidden = false;
    },
  };
}
