/** What the page knows of the runs: kept up to date by the server's news. */
import { runName, tagName } from "./naming.ts";
import type { TagName } from "./naming.ts";
import type { Overview, RunFacts, Server } from "./server.ts";

export interface Run extends RunFacts {
  readonly training: string;
  readonly part: string;
  /** Number of its training, for its colour. */
  readonly hue: number;
}

export interface Tag extends TagName {
  readonly index: number;
  readonly tag: string;
  readonly kind: string;
}

/** Tags that are one chart. */
export interface Metric {
  readonly name: string;
  readonly group: string;
  readonly tags: readonly Tag[];
}

const STRUCTURES: readonly string[] = ["cutaway_graph", "graph_keras_model"];
const SHOWN_UNASKED = 100; // trainings that are shown before the user chooses; the newest ones

export class Logs {
  name = "";
  version = 0;
  complete = false;
  /** Why nothing new can be seen; empty where all is well. */
  trouble = "";
  readonly runs: Run[] = [];
  readonly tags: Tag[] = [];
  private readonly hues = new Map<string, number>();
  private newest: ReadonlySet<string> = new Set();

  constructor(private readonly server: Server) {}

  /** Ask for what has changed; the numbers of the runs that did. */
  async renew(): Promise<ReadonlySet<number>> {
    return this.take(await this.server.overview(this.version));
  }

  take(told: Overview): ReadonlySet<number> {
    this.name = told.name;
    this.version = told.version;
    this.complete = told.complete;
    this.trouble = told.trouble;
    const changed = new Set<number>();
    const fresh = [...told.runs].filter(({ index }) => this.runs[index] === undefined).map(({ name }) => runName(name).training);
    for (const training of fresh.sort(natural)) {
      if (!this.hues.has(training)) this.hues.set(training, this.hues.size);
    }
    for (const facts of told.runs) {
      const { training, part } = runName(facts.name);
      this.runs[facts.index] = { ...facts, training, part, hue: this.hues.get(training) as number };
      changed.add(facts.index);
    }
    for (let at = this.tags.length; at < told.tags.length; at++) {
      const [tag, kind] = told.tags[at] as (typeof told.tags)[number];
      this.tags.push({ index: at, tag, kind, ...tagName(tag) });
    }
    if (fresh.length > 0) this.newest = newestOf(this.runs);
    return changed;
  }

  /** Whether a run is shown unless the user says otherwise. */
  shownUnasked(run: Run): boolean {
    return this.newest.has(run.training);
  }

  /** Whether a run recorded what its model is made of. */
  hasStructure(run: Run): boolean {
    return run.graphs || run.tags.some((tag) => STRUCTURES.includes(this.tags[tag]?.kind ?? ""));
  }

  /** Runs in the order in which they are listed. */
  listed(): Run[] {
    return this.runs.filter((run) => run !== undefined).sort((one, two) => natural(one.name, two.name));
  }

  /** Charts of the tags of a kind that pass a test, in the order of their names. */
  metrics(kind: string, passes: (tag: string) => boolean): Metric[] {
    const found = new Map<string, { name: string; group: string; tags: Tag[] }>();
    for (const tag of this.tags) {
      if (tag.kind !== kind || !passes(tag.tag)) continue;
      const made = found.get(tag.metric);
      if (made === undefined) found.set(tag.metric, { name: tag.metric, group: tag.group, tags: [tag] });
      else made.tags.push(tag);
    }
    return [...found.values()].sort((one, two) => natural(one.name, two.name));
  }
}

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** Names in the order of people: run 2 before run 10. */
export function natural(one: string, two: string): number {
  return COLLATOR.compare(one, two) || (one < two ? -1 : one > two ? 1 : 0);
}

function newestOf(runs: readonly Run[]): ReadonlySet<string> {
  const when = new Map<string, number>();
  for (const run of runs) {
    if (run !== undefined) when.set(run.training, Math.max(when.get(run.training) ?? 0, run.modified));
  }
  const order = [...when].sort((one, two) => two[1] - one[1]).slice(0, SHOWN_UNASKED);
  return new Set(order.map(([training]) => training));
}
