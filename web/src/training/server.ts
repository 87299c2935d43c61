/** What the page asks its server: one function a question. */
import { openContainer } from "../columns.ts";
import type { Container } from "../columns.ts";

const HEADER = "X-Cutaway-Token";

export type Setting = number | string | boolean | null;

export interface RunFacts {
  readonly index: number;
  readonly name: string;
  readonly state: "waiting" | "read" | "gone";
  /** Seconds since 1970. */
  readonly modified: number;
  readonly values: number;
  readonly tags: readonly number[];
  readonly settings: Readonly<Record<string, Setting>>;
  readonly warnings: readonly string[];
  readonly waiting: number;
  /** Whether graphs of operations were logged. */
  readonly graphs: boolean;
}

export interface Overview {
  readonly version: number;
  readonly name: string;
  readonly complete: boolean;
  /** Why nothing new can be seen; empty where all is well. */
  readonly trouble: string;
  readonly count: number;
  readonly runs: readonly RunFacts[];
  readonly tags: readonly (readonly [tag: string, kind: string])[];
}

export type Axis = "step" | "relative" | "wall" | "epoch";

export interface Wanted {
  readonly runs: readonly number[];
  readonly tags: readonly number[];
  readonly axis: Axis;
  readonly view: readonly [number, number] | null;
  readonly pixels: number;
  readonly log: boolean;
  readonly smoothing: number;
}

/** Points `begin` up to `end` of the columns are one line. */
export interface Line {
  readonly run: number;
  readonly tag: number;
  /** Number of the stretch of its series; more than 0 where steps went back. */
  readonly part: number;
  readonly begin: number;
  readonly end: number;
  /** Points in view, of which some may be left out. */
  readonly total: number;
}

export interface About {
  readonly x: readonly [number, number] | null;
  readonly view: readonly [number, number];
  readonly left_out: number;
  readonly y: readonly [number, number] | null;
  readonly inner: readonly [number, number] | null;
  readonly positive: number | null;
  readonly points: number;
}

export interface Curves {
  readonly lines: readonly Line[];
  readonly about: About;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly smooth: Float64Array;
  readonly step: Float64Array;
  readonly time: Float64Array;
}

/** Last step, last value, least and greatest finite value; a value that is no number is a text. */
export type Summary = readonly [step: number, last: number | string, least: number | null, greatest: number | null] | null;

export class Server {
  private readonly token: string | null;
  private readonly base: URL;

  constructor(address: string) {
    this.token = new URL(address).searchParams.get("token");
    this.base = new URL(".", address);
  }

  /** What an address needs so that its holder is answered. */
  tokenQuery(): Query {
    return this.token === null ? {} : { token: this.token };
  }

  overview(since: number): Promise<Overview> {
    return this.json("overview", { since });
  }

  summaries(runs: readonly number[], tags: readonly number[]): Promise<readonly (readonly Summary[])[]> {
    return this.json("summaries", {}, { runs, tags });
  }

  async series(wanted: Wanted): Promise<Curves> {
    return curvesOf(await this.columns("series", {}, wanted), wanted);
  }

  async columns(path: string, query: Query, body?: unknown): Promise<Container> {
    return openContainer(await (await this.ask(path, query, body)).arrayBuffer());
  }

  async json<T>(path: string, query: Query, body?: unknown): Promise<T> {
    return (await (await this.ask(path, query, body)).json()) as T;
  }

  /** Called whenever something was logged; returns what ends it. */
  listen(since: number, heard: () => void, lost: (gone: boolean) => void): () => void {
    const events = new EventSource(this.addressOf("news", { since }));
    events.addEventListener("news", heard);
    events.addEventListener("open", () => lost(false));
    events.addEventListener("error", () => lost(true));
    return () => events.close();
  }

  addressOf(path: string, query: Query): URL {
    const found = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) found.searchParams.set(name, String(value));
    return found;
  }

  private async ask(path: string, query: Query, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = this.token === null ? {} : { [HEADER]: this.token };
    const options: RequestInit = { headers, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      headers["Content-Type"] = "application/json";
    }
    let answer: Response;
    try {
      answer = await fetch(this.addressOf(path, query), options);
    } catch {
      throw new Error("The server of this page does not answer. Was cutaway ended in its terminal?");
    }
    if (!answer.ok) {
      const told = (await answer.json().catch(() => ({}))) as { readonly error?: string };
      throw new Error(told.error ?? `The server answered ${answer.status}.`);
    }
    return answer;
  }
}

export type Query = Readonly<Record<string, string | number>>;

/** What is the same for all points as another column is not sent. */
function curvesOf(container: Container, { axis, smoothing }: Wanted): Curves {
  let at = 0;
  const told = JSON.parse(container.text("lines")) as readonly (readonly [number, number, number, number, number])[];
  const lines = told.map(([run, tag, part, count, total]) => ({ run, tag, part, begin: at, end: (at += count), total }));
  const about = JSON.parse(container.text("about")) as About;
  const column = (name: string): Float64Array => container.f64(name);
  const [y, step, time] = [column("y"), column("step"), column("time")];
  const x = axis === "step" ? step : axis === "wall" ? time : column("x");
  return { lines, about, x, y, smooth: smoothing > 0 ? column("smooth") : y, step, time };
}
