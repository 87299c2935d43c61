/** A source that asks somebody else: what is asked for is the same, whoever carries the question. */
import type { Figure, Findings, GroupDetails, Head, NodeDetails, Problem, Slice } from "../contract.ts";
import type { ComparedWeights, WeightHistogram, WeightStats } from "../weights_contract.ts";
import type { InsideNode } from "../inside_contract.ts";
import { DataError } from "./source.ts";
import type { DataSource, HeadAnswer, LiveSource, ServerEvent } from "./source.ts";

const WAIT = 120; // ms before asking again for what is still being read
const READING = 503;

export type Query = Readonly<Record<string, string | number>>;

/** Carries questions, and answers that are failures too. */
export interface Asker {
  ask(path: string, query: Query, body?: unknown): Promise<{ readonly status: number; readonly bytes: ArrayBuffer }>;
  /** The same in memory that workers can read too, where there is such a thing. */
  askShared?(path: string, query: Query): Promise<{ readonly status: number; readonly bytes: ArrayBufferLike }>;
  /** Make a link save the answer as a file of that name. */
  offer(link: HTMLAnchorElement, path: string, query: Query, name: string): void;
  listen(heard: (event: ServerEvent) => void): () => void;
}

/** The source behind somebody who can be asked; every question names the chart that it is about, if there is one. */
export function askedSource(asker: Asker, chart?: number): DataSource & { readonly live: LiveSource } {
  const about = (query: Query): Query => (chart === undefined ? query : { chart, ...query });

  async function bytes(path: string, query: Query = {}, body?: unknown): Promise<ArrayBuffer> {
    return sound(path, await asker.ask(path, about(query), body));
  }

  async function large(path: string): Promise<ArrayBufferLike> {
    const query = about({});
    return sound(path, await (asker.askShared?.(path, query) ?? asker.ask(path, query)));
  }

  async function text(path: string, query: Query = {}, body?: unknown): Promise<string> {
    return new TextDecoder().decode(await bytes(path, query, body));
  }

  async function json<T>(path: string, query: Query = {}): Promise<T> {
    return JSON.parse(await text(path, query)) as T;
  }

  /** The head comes when the model has been read: until then the answer says so, and is asked for again. */
  async function head(): Promise<HeadAnswer> {
    for (;;) {
      try {
        const found = await text("chart");
        return { head: JSON.parse(found) as Head, text: found };
      } catch (error) {
        if (!(error instanceof DataError) || error.kind !== "reading") {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, WAIT));
      }
    }
  }

  const live: LiveSource = {
    node: (index) => json<NodeDetails>("node", { index }),
    group: (index) => json<GroupDetails>("group", { index }),
    weightStats: (code) => json<WeightStats>("weight/stats", { code }),
    weightHistogram: (code, bins) => json<WeightHistogram>("weight/histogram", { code, bins }),
    weightSlice: (query) => bytes("weight/slice", Object.fromEntries(new URLSearchParams(query))),
    comparedWeights: (item) => json<ComparedWeights>("comparison/weights", { item }),
    inside: {
      node: (index) => json<InsideNode>("inside/node", { index }),
      stats: (code) => json<WeightStats>("inside/stats", { code }),
      histogram: (code, bins) => json<WeightHistogram>("inside/histogram", { code, bins }),
      slice: (code, rows, columns, at) => bytes("inside/slice", { code, rows, columns, at: at.join(",") }),
      maps: (code, axes, at, first, count) => bytes("inside/maps", { code, axes: axes.join(","), at: at.join(","), first, count }),
    },
    offer: (link, path, query, name) => asker.offer(link, path, about(query), name),
    picture: (query, marks) => bytes("export", query, marks),
    async focus(part) {
      const found = await text("focus", {}, part);
      return { head: JSON.parse(found) as Head, text: found };
    },
    listen: (heard) => asker.listen(heard),
  };
  return {
    head,
    async parts(number, groups) {
      const found = await text("parts", { chart: number, groups: groups.join(",") });
      return { slice: JSON.parse(found) as Slice, text: found };
    },
    columns: () => large("columns"),
    comparison: () => bytes("comparison"),
    attributes: () => large("attributes"),
    findings: () => json<Findings>("findings"),
    figure: (name, group, width) => json<Figure>("figure", { name, group, width: Math.round(width) }),
    of: (number) => askedSource(asker, number),
    live,
  };
}

/** The bytes of an answer, unless it is a failure. */
function sound<T extends ArrayBufferLike>(path: string, { status, bytes }: { status: number; bytes: T }): T {
  if (status < 200 || status > 299) {
    throw failure(path, status, bytes);
  }
  return bytes;
}

function failure(path: string, status: number, body: ArrayBufferLike): DataError {
  let problem: Partial<Problem> = {};
  try {
    problem = JSON.parse(new TextDecoder().decode(new Uint8Array(body).slice())) as Partial<Problem>;
  } catch {
    // no words came with it
  }
  const kind = problem.kind ?? (status === READING ? "reading" : "");
  return new DataError(problem.error ?? `The answer to ${path} was ${status}.`, kind);
}
