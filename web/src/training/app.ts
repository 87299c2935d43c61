/** `App`: what all parts of the page share: the runs, the view, and who wants to be told of changes of either. */
import { Logs } from "./logs.ts";
import type { Run } from "./logs.ts";
import { matcher } from "./naming.ts";
import { hue } from "./palette.ts";
import { Server } from "./server.ts";
import { readView, writeView } from "./view.ts";
import type { View } from "./view.ts";

const ADDRESS_PAUSE = 200; // ms: a change of it takes a browser as long as a frame, and from 200 in 30 s on it refuses more

export type Changed = (now: View, before: View) => void;

export class App {
  readonly server: Server;
  readonly logs: Logs;
  private seen: View;
  private readonly ofView: { readonly run: Changed; readonly parts: readonly (keyof View)[] }[] = [];
  private readonly ofNews = new Set<(runs: ReadonlySet<number>) => void>();
  private readonly system = window.matchMedia("(prefers-color-scheme: dark)");
  private asking: Promise<void> | undefined;
  private again = false;
  /** Whether the address has just been changed. */
  private resting = false;
  /** Whether the server is out of reach. */
  lost = false;

  constructor(address: string) {
    this.server = new Server(address);
    this.logs = new Logs(this.server);
    this.seen = readView(location.hash.slice(1));
    this.system.addEventListener("change", () => this.tell(this.seen));
    window.addEventListener("hashchange", () => {
      if (location.hash.slice(1) !== writeView(this.seen)) this.set(readView(location.hash.slice(1)));
    });
  }

  get view(): View {
    return this.seen;
  }

  get dark(): boolean {
    return this.seen.theme === "auto" ? this.system.matches : this.seen.theme === "dark";
  }

  /** Change what is seen. */
  set(change: Partial<View>): void {
    const before = this.seen;
    this.seen = { ...before, ...change };
    this.address();
    this.tell(before);
  }

  /** Be told of changes of some parts of the view, of all where none are named; and when the system turns dark or light. */
  onView(run: Changed, ...parts: readonly (keyof View)[]): void {
    this.ofView.push({ run, parts });
  }

  /** Be told which runs have changed; returns what ends it. */
  onNews(run: (runs: ReadonlySet<number>) => void): () => void {
    this.ofNews.add(run);
    return () => this.ofNews.delete(run);
  }

  colourOf(run: Run): string {
    return hue(run.hue, this.dark);
  }

  isShown(run: Run, passes = matcher(this.seen.runFilter)): boolean {
    if (this.seen.hidden.has(run.name) || !passes(run.name)) return false;
    return this.logs.shownUnasked(run) || this.seen.added.has(run.name) || this.seen.runFilter !== "";
  }

  /** Runs that are shown, in the order of the list. */
  shown(): Run[] {
    const passes = matcher(this.seen.runFilter);
    return this.logs.listed().filter((run) => this.isShown(run, passes));
  }

  /** Ask for the runs, and then for every change of them. */
  async begin(): Promise<void> {
    await this.renew();
    this.server.listen(this.logs.version, () => void this.renew(), (lost) => {
      if (lost !== this.lost) {
        this.lost = lost;
        this.tellNews(new Set());
      }
    });
  }

  /** Make the address that of the view: at once, but while it keeps changing only now and then. */
  private address(): void {
    const text = writeView(this.seen);
    if (this.resting || location.hash.slice(1) === text) return;
    history.replaceState(history.state, "", text === "" ? location.pathname + location.search : `#${text}`);
    this.resting = true;
    window.setTimeout(() => {
      this.resting = false;
      this.address();
    }, ADDRESS_PAUSE);
  }

  private renew(): Promise<void> {
    if (this.asking !== undefined) {
      this.again = true;
      return this.asking;
    }
    this.asking = this.logs.renew().then(
      (changed) => this.tellNews(changed),
      () => {
        this.lost = true;
        this.tellNews(new Set());
      },
    ).finally(() => {
      this.asking = undefined;
      if (this.again) {
        this.again = false;
        void this.renew();
      }
    });
    return this.asking;
  }

  private tell(before: View): void {
    const now = this.seen;
    for (const { run, parts } of this.ofView) {
      if (now === before || parts.length === 0 || parts.some((part) => now[part] !== before[part])) run(now, before);
    }
  }

  private tellNews(changed: ReadonlySet<number>): void {
    for (const run of this.ofNews) run(changed);
  }
}
