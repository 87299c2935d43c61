/** Data from the kernel of a notebook: the page lies in a frame, and the page around it carries its questions. */
import { askedSource } from "./asked.ts";
import type { Asker, Query } from "./asked.ts";
import { DataError } from "./source.ts";
import type { DataSource } from "./source.ts";

const PATIENCE = 20_000; // ms; a kernel that computes answers nobody

/** What the frame asks of the page around it. */
export interface BridgeQuestion {
  readonly cutaway: "ask";
  readonly id: number;
  readonly path: string;
  readonly query: string;
  readonly body: string | null;
}

/** What it gets. */
export interface BridgeAnswer {
  readonly cutaway: "answer";
  readonly id: number;
  readonly status: number;
  readonly bytes: ArrayBuffer;
}

/** The source behind the page around this one; undefined where this page was not made for a notebook. */
export function bridgedSource(page: Document): DataSource | undefined {
  return page.querySelector('meta[name="cutaway-bridge"]') === null ? undefined : askedSource(new Bridge());
}

class Bridge implements Asker {
  private readonly waiting = new Map<number, (answer: BridgeAnswer) => void>();
  private asked = 0;

  constructor() {
    window.addEventListener("message", (event: MessageEvent<Partial<BridgeAnswer> | null>) => {
      const answer = event.data;
      if (event.source === window.parent && answer?.cutaway === "answer" && answer.id !== undefined) {
        this.waiting.get(answer.id)?.(answer as BridgeAnswer);
      }
    });
  }

  ask(path: string, query: Query, body?: unknown): Promise<{ status: number; bytes: ArrayBuffer }> {
    const id = ++this.asked;
    const words = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    const question: BridgeQuestion = {
      cutaway: "ask", id, path, query: words.toString(), body: body === undefined ? null : JSON.stringify(body),
    };
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.waiting.delete(id);
        reject(new DataError("The kernel of this notebook does not answer: is it computing, or ended?", "gone"));
      }, PATIENCE);
      this.waiting.set(id, (answer) => {
        clearTimeout(late);
        this.waiting.delete(id);
        resolve(answer);
      });
      // the page around has an address that is not known here; it gets nothing but the question
      window.parent.postMessage(question, "*");
    });
  }

  offer(link: HTMLAnchorElement, path: string, query: Query, name: string): void {
    link.href = "#";
    link.addEventListener("click", (event) => {
      event.preventDefault();
      void this.ask(path, query).then(({ bytes }) => {
        const file = document.createElement("a");
        file.href = URL.createObjectURL(new Blob([bytes]));
        file.download = name;
        file.click();
        setTimeout(() => URL.revokeObjectURL(file.href), PATIENCE);
      });
    });
  }

  listen(): () => void {
    return () => undefined; // a notebook reads its model once
  }
}
