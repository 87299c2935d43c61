/** Data from the server that `cutaway view` runs on this machine. */
import type { Progress } from "../contract.ts";
import { askedSource } from "./asked.ts";
import type { Asker, Query } from "./asked.ts";
import { DataError } from "./source.ts";
import type { DataSource, LiveSource, ServerEvent } from "./source.ts";

const HEADER = "X-Cutaway-Token";
const BREATH = 600; // ms after a stream broke until the server is asked whether it is there
const OK = 200;

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
    const options = this.options();
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
    }
    return this.carry(path, query, options, (answer) => answer.arrayBuffer());
  }

  askShared(path: string, query: Query): Promise<{ status: number; bytes: ArrayBufferLike }> {
    return this.carry(path, query, this.options(), sharedBody);
  }

  private options(): RequestInit & { readonly headers: Record<string, string> } {
    const headers: Record<string, string> = this.token === null ? {} : { [HEADER]: this.token };
    return { headers, credentials: "same-origin", cache: "no-store" };
  }

  private async carry<T>(
    path: string, query: Query, options: RequestInit, body: (answer: Response) => Promise<T>,
  ): Promise<{ status: number; bytes: T }> {
    try {
      const answer = await fetch(this.addressOf(path, query), options);
      return { status: answer.status, bytes: await body(answer) };
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
    events.addEventListener("error", () => {
      void this.answers().then((answers) => {
        if (!answers && events.readyState !== EventSource.CLOSED) {
          events.close(); // or the browser would ask for ever
          heard({ kind: "ended" });
        }
      });
    });
    return () => events.close();
  }

  /** Whether the server still answers; a stream may break for other reasons, and is begun again by the browser. */
  private async answers(): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, BREATH));
    return this.ask("icon.svg", {}).then(({ status }) => status === OK, () => false);
  }

  private addressOf(path: string, query: Query): URL {
    const found = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) {
      found.searchParams.set(name, String(value));
    }
    return found;
  }
}

/**
 * The body of an answer, piece by piece, in memory that the search worker can read too: so there is one copy of it, and
 * never a second that waits to be collected. Without a known length, or where the page is not isolated, it comes whole.
 */
async function sharedBody(answer: Response): Promise<ArrayBufferLike> {
  const length = Number(answer.headers.get("content-length") ?? 0);
  const plain = answer.headers.get("content-encoding") === null;
  if (!answer.ok || !plain || length === 0 || answer.body === null || !globalThis.crossOriginIsolated) {
    return answer.arrayBuffer();
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  const reader = answer.body.getReader();
  let at = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    bytes.set(piece.value, at);
    at += piece.value.length;
  }
  if (at !== length) {
    throw new Error("the answer was cut short");
  }
  return bytes.buffer;
}
