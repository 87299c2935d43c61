/** Data from the server that `cutaway view` runs on this machine. */
import type { GroupDetails, Head, NodeDetails, Problem, Progress, Slice, WeightHistogram, WeightStats } from "../contract.ts";
import { DataError } from "./source.ts";
import type { DataSource, HeadAnswer, LiveSource, ServerEvent, SliceAnswer } from "./source.ts";

const HEADER = "X-Cutaway-Token";
const WAIT = 120; // ms before asking again for what the server is still reading
const READING = 503;

type Query = Readonly<Record<string, string | number>>;

/** The source behind the address of the page. */
export function servedSource(address: string): DataSource & { readonly live: LiveSource } {
  const token = new URL(address).searchParams.get("token");
  const base = new URL(".", address);

  function addressOf(path: string, query: Query = {}): URL {
    const found = new URL(path, base);
    for (const [name, value] of Object.entries(query)) {
      found.searchParams.set(name, String(value));
    }
    return found;
  }

  async function ask(path: string, query: Query = {}, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = token === null ? {} : { [HEADER]: token };
    const options: RequestInit = { headers, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      headers["Content-Type"] = "application/json";
    }
    let answer: Response;
    try {
      answer = await fetch(addressOf(path, query), options);
    } catch {
      throw new DataError("The server of this page does not answer. Was cutaway ended in its terminal?", "gone");
    }
    if (!answer.ok) {
      const problem = (await answer.json().catch(() => ({}))) as Partial<Problem>;
      const kind = problem.kind ?? (answer.status === READING ? "reading" : "");
      throw new DataError(problem.error ?? `The server answered ${answer.status} to ${path}.`, kind);
    }
    return answer;
  }

  async function json<T>(path: string, query: Query = {}): Promise<T> {
    return (await (await ask(path, query)).json()) as T;
  }

  async function bytes(path: string, query: Query = {}): Promise<ArrayBuffer> {
    return (await ask(path, query)).arrayBuffer();
  }

  /** The head comes when the model has been read: until then the server says so, and is asked again. */
  async function head(chart = 0): Promise<HeadAnswer> {
    for (;;) {
      try {
        const text = await (await ask("chart", chart ? { chart } : {})).text();
        return { head: JSON.parse(text) as Head, text };
      } catch (error) {
        if (!(error instanceof DataError) || error.kind !== "reading") {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, WAIT));
      }
    }
  }

  async function parts(chart: number, groups: readonly number[]): Promise<SliceAnswer> {
    const text = await (await ask("parts", { chart, groups: groups.join(",") })).text();
    return { slice: JSON.parse(text) as Slice, text };
  }

  const live: LiveSource = {
    node: (index) => json<NodeDetails>("node", { index }),
    group: (index) => json<GroupDetails>("group", { index }),
    weightStats: (code) => json<WeightStats>("weight/stats", { code }),
    weightHistogram: (code, bins) => json<WeightHistogram>("weight/histogram", { code, bins }),
    weightSlice: (query) => bytes(`weight/slice?${query}`),
    address: (path, query) => addressOf(path, query).href,
    async focus(nodes) {
      const text = await (await ask("focus", {}, { nodes })).text();
      return { head: JSON.parse(text) as Head, text };
    },
    listen(heard) {
      const events = new EventSource(addressOf("events"));
      const hear = (make: (data: string) => ServerEvent) => (event: MessageEvent<string>) => heard(make(event.data));
      const onProgress = hear((data) => ({ kind: "progress", progress: JSON.parse(data) as Progress }));
      events.addEventListener("progress", onProgress as EventListener);
      events.addEventListener("changed", hear(() => ({ kind: "changed" })) as EventListener);
      return () => events.close();
    },
  };
  return { head, parts, columns: () => bytes("columns"), attributes: () => bytes("attributes"), live };
}
