/** Data from the server that `cutaway view` runs on this machine. */
import type { Progress } from "../contract.ts";
import { askedSource } from "./asked.ts";
import type { Asker, Query } from "./asked.ts";
import { DataError } from "./source.ts";
import type { DataSource, LiveSource, ServerEvent } from "./source.ts";

const HEADER = "X-Cutaway-Token";

/** The source behind the address of the page. */
export function servedSource(address: string): DataSource & { readonly live: LiveSource } {
  return askedSource(new Server(address));
}

class Server implements Asker {
  private readonly token: string | null;
  private readonly base: URL;

  constructor(address: string) {
    this.token = new URL(address).searchParams.get("token");
    this.base = new URL(".", address);
  }

  async ask(path: string, query: Query, body?: unknown): Promise<{ status: number; bytes: ArrayBuffer }> {
    const headers: Record<string, string> = this.token === null ? {} : { [HEADER]: this.token };
    const options: RequestInit = { headers, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      headers["Content-Type"] = "application/json";
    }
    try {
      const answer = await fetch(this.addressOf(path, query), options);
      return { status: answer.status, bytes: await answer.arrayBuffer() };
    } catch {
      throw new DataError("The server of this page does not answer. Was cutaway ended in its terminal?", "gone");
    }
  }

  offer(link: HTMLAnchorElement, path: string, query: Query): void {
    link.href = this.addressOf(path, query).href;
    link.download = ""; // the server names the file
  }

  listen(heard: (event: ServerEvent) => void): () => void {
    const events = new EventSource(this.addressOf("events", {}));
    const hear = (make: (data: string) => ServerEvent) => (event: MessageEvent<string>) => heard(make(event.data));
    const onProgress = hear((data) => ({ kind: "progress", progress: JSON.parse(data) as Progress }));
    events.addEventListener("progress", onProgress as EventListener);
    events.addEventListener("changed", hear(() => ({ kind: "changed" })) as EventListener);
    return () => events.close();
  }

  private addressOf(path: string, query: Query): URL {
    const found = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) {
      found.searchParams.set(name, String(value));
    }
    return found;
  }
}
